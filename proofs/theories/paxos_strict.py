"""Paxos as some study notes tell it: an acceptor accepts only a number *greater* than the one that it promised.

The proposer asks to accept number n only after a majority has promised n, and each of those refuses n for ever after.
So at most a minority can accept, and nothing is ever chosen: a protocol that is safe because it does nothing.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Relation,
    Step,
    action,
    derived,
    empty,
    exists,
    for_all,
    given,
    goal,
    initially,
    lemma,
    never,
    when,
)

from .paxos import Acceptor, Ballot, Majority, SingleDecree, Value


class PaxosStrict(SingleDecree):
    """If acceptors accept only numbers greater than what they promised, no value is ever chosen."""

    note = "That nobody can ever learn a value is the point. Real Paxos accepts what is not lower than the promise."

    took_part = Relation(Acceptor, Ballot)
    """The acceptor accepted something in the ballot."""

    @initially
    def nobody_took_part(self) -> Formula:
        return empty(self.took_part)

    @action
    def vote(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """Phase 2b: an acceptor accepts a proposal if its number is greater than any that it promised."""
        return self.accepted(a, b, v, when(self.proposed(b, v), ~self.left(a, b), ~self.promised(a, b)))

    def accepted(self, a: Acceptor, b: Ballot, v: Value, step: Step) -> Step:
        """Return the step with which an acceptor accepts."""
        return step.add(self.voted(a, b, v), self.took_part(a, b))

    @lemma
    def votes_are_for_proposals(self, a: Acceptor, b: Ballot, v: Value) -> Formula:
        """Only what was proposed is accepted, and who accepts takes part."""
        return given(self.voted(a, b, v)).then(self.proposed(b, v), self.took_part(a, b))

    @lemma
    def who_takes_part_takes_a_proposal(self, b: Ballot) -> Formula:
        """Nobody accepts in a ballot that has no proposal."""
        return given(exists(Acceptor, lambda a: self.took_part(a, b))).then(
            exists(Value, lambda v: self.proposed(b, v))
        )

    @lemma
    def promisers_do_not_vote(self, b: Ballot, v: Value) -> Formula:
        """What is proposed was promised by all of some majority, none of whom ever accepts it."""
        return given(self.proposed(b, v)).then(
            exists(Majority, lambda q: self.promised_by_all(q, b) & self.without_votes(q, b))
        )

    @derived
    def without_votes(self, q: Majority, b: Ballot) -> Formula:
        """Nobody in the majority accepted anything in the ballot."""
        return for_all(Acceptor, lambda a: never(self.member(a, q), self.took_part(a, b)))

    @goal
    @lemma
    def nothing_is_chosen(self, b: Ballot, v: Value) -> Formula:
        """No value is chosen."""
        return ~self.chosen(b, v)


class NotLower(PaxosStrict):
    """Accepting what is not lower than the promise, as real Paxos does, lets values be chosen."""

    variant = "not-lower"

    @action
    def vote(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """Phase 2b: an acceptor accepts a proposal unless it has promised a higher number."""
        return self.accepted(a, b, v, when(self.proposed(b, v), ~self.left(a, b)))


class PromisedByAny(PaxosStrict):
    """A proposer that does not wait for promises leaves acceptors that may accept."""

    variant = "no-promise-needed"

    @action
    def propose(self, b: Ballot, v: Value) -> Step:
        """Phase 2a, without waiting for answers."""
        return when(self.started(b)).add(self.proposed(b, v))
