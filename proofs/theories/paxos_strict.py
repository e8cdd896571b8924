"""Paxos as some study notes tell it: an acceptor accepts only a number *greater* than the one that it promised.

The proposer asks to accept number n only after a majority has promised n, and each of those refuses n for ever after.
So at most a minority can accept, and nothing is ever chosen: a protocol that is safe because it does nothing.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Step,
    action,
    exists,
    for_all,
    given,
    goal,
    lemma,
    never,
    when,
)

from .paxos import Acceptor, Ballot, Majority, SingleDecree, Value


class PaxosStrict(SingleDecree):
    """If acceptors accept only numbers greater than what they promised, no value is ever chosen."""

    note = "That nobody can ever learn a value is the point. Real Paxos accepts what is not lower than the promise."

    @action
    def vote(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """Phase 2b: an acceptor accepts a proposal if its number is greater than any that it promised."""
        return when(self.proposed(b, v), ~self.left(a, b), ~self.promised(a, b)).add(self.voted(a, b, v))

    @lemma
    def votes_are_for_proposals(self, a: Acceptor, b: Ballot, v: Value) -> Formula:
        """Only what was proposed is accepted."""
        return given(self.voted(a, b, v)).then(self.proposed(b, v))

    @lemma
    def promisers_do_not_vote(self, b: Ballot, v: Value) -> Formula:
        """What is proposed was promised by all of some majority, none of whom ever accepts it."""
        return given(self.proposed(b, v)).then(
            exists(
                Majority,
                lambda q: self.promised_by_all(q, b) & self.without_votes(q, b),
            )
        )

    def without_votes(self, q: Majority, b: Ballot) -> Formula:
        """Return: nobody in the majority accepted anything in the ballot."""
        return for_all(Acceptor, Value, lambda a, v: never(self.member(a, q), self.voted(a, b, v)))

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
        return when(self.proposed(b, v), ~self.left(a, b)).add(self.voted(a, b, v))


class PromisedByAny(PaxosStrict):
    """A proposer that does not wait for promises leaves acceptors that may accept."""

    variant = "no-promise-needed"

    @action
    def propose(self, b: Ballot, v: Value) -> Step:
        """Phase 2a, without waiting for answers."""
        return when(self.started(b)).add(self.proposed(b, v))
