"""Single-decree Paxos, in a form that z3 decides.

Lamport, Paxos made simple (2001). The form is that of Padon, Losa, Sagiv & Shoham, Paxos made EPR (OOPSLA 2017):
messages are never removed, and instead of an acceptor's highest promise the relation ``left`` keeps which ballots it
has left behind.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Ordered,
    Quorum,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    all_of,
    any_of,
    axiom,
    derived,
    empty,
    exists,
    for_all,
    given,
    goal,
    initially,
    lemma,
    when,
)


class Acceptor(Sort):
    """A node that promises and accepts."""


class Majority(Quorum):
    """A set of acceptors that is large enough to decide."""

    plural = "majorities"
    letter = "q"


class Ballot(Ordered):
    """A proposal number; each belongs to one proposer."""


class Value(Sort):
    """What may be chosen."""


class SingleDecree(Theory):
    """What the nodes of Paxos do."""

    member = Relation(Acceptor, Majority, fixed=True)

    started = Relation(Ballot)
    """1a: the ballot's proposer sent its prepare request."""
    promised = Relation(Acceptor, Ballot)
    """1b: the acceptor answered that request."""
    left = Relation(Acceptor, Ballot)
    """The acceptor takes no more part in the ballot, as it promised a higher one."""
    proposed = Relation(Ballot, Value)
    """2a: the ballot's proposer asked to accept the value."""
    voted = Relation(Acceptor, Ballot, Value)
    """2b: the acceptor accepted it."""
    chosen = Relation(Ballot, Value)
    """A learner saw that a majority accepted it."""

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """Any two majorities have an acceptor in common."""
        return exists(Acceptor, lambda a: self.member(a, p) & self.member(a, q))

    @initially
    def nothing_has_happened(self) -> Formula:
        return empty(self.started, self.promised, self.left, self.proposed, self.voted, self.chosen)

    @derived
    def promised_by_all(self, q: Majority, b: Ballot) -> Formula:
        return for_all(Acceptor, lambda a: given(self.member(a, q)).then(self.promised(a, b)))

    @derived
    def accepted_by_all(self, q: Majority, b: Ballot, v: Value) -> Formula:
        return for_all(Acceptor, lambda a: given(self.member(a, q)).then(self.voted(a, b, v)))

    @action
    def prepare(self, b: Ballot) -> Step:
        """Phase 1a: a proposer selects a number and sends a prepare request to the acceptors."""
        return when().add(self.started(b))

    @action
    def promise(self, a: Acceptor, b: Ballot) -> Step:
        """Phase 1b: an acceptor answers a request whose number is higher than any that it answered before."""
        return (
            when(self.started(b), ~self.left(a, b))
            .add(self.promised(a, b))
            .add_all(self.left, lambda x, c: (x == a) & (c < b))
        )

    @action
    def propose(self, b: Ballot, q: Majority, m: Ballot, v: Value) -> Step:
        """Phase 2a: with a majority's answers, propose the value of their highest vote, or any if there is none."""
        return when(
            self.promised_by_all(q, b),
            for_all(Value, lambda w: ~self.proposed(b, w)),
            any_of(self.nobody_voted_below(b, q), self.highest_vote_below(b, q, m, v)),
        ).add(self.proposed(b, v))

    @derived
    def nobody_voted_below(self, b: Ballot, q: Majority) -> Formula:
        return for_all(
            Acceptor,
            Ballot,
            Value,
            lambda a, c, w: given(self.member(a, q), c < b).then(~self.voted(a, c, w)),
        )

    @derived
    def highest_vote_below(self, b: Ballot, q: Majority, m: Ballot, v: Value) -> Formula:
        return all_of(
            m < b,
            exists(Acceptor, lambda a: self.member(a, q) & self.voted(a, m, v)),
            for_all(
                Acceptor,
                Ballot,
                Value,
                lambda a, c, w: given(self.member(a, q), c < b, self.voted(a, c, w)).then(c <= m),
            ),
        )

    @action
    def vote(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """Phase 2b: an acceptor accepts a proposal unless it has promised a higher number; that counts as a promise."""
        return (
            when(self.proposed(b, v), ~self.left(a, b))
            .add(self.voted(a, b, v))
            .add_all(self.left, lambda x, c: (x == a) & (c < b))
        )

    @action
    def learn(self, q: Majority, b: Ballot, v: Value) -> Step:
        """A learner finds out that a majority accepted a proposal."""
        return when(self.accepted_by_all(q, b, v)).add(self.chosen(b, v))


class Paxos(SingleDecree):
    """No two different values are ever chosen."""

    @lemma
    def one_value_per_ballot(self, b: Ballot, v: Value, w: Value) -> Formula:
        """A ballot has at most one proposal."""
        return given(self.proposed(b, v), self.proposed(b, w)).then(v == w)

    @lemma
    def votes_are_for_proposals(self, a: Acceptor, b: Ballot, v: Value) -> Formula:
        """Only what was proposed is accepted."""
        return given(self.voted(a, b, v)).then(self.proposed(b, v))

    @lemma
    def chosen_by_a_majority(self, b: Ballot, v: Value) -> Formula:
        """What is chosen was accepted by a majority."""
        return given(self.chosen(b, v)).then(exists(Majority, lambda q: self.accepted_by_all(q, b, v)))

    @lemma
    def promises_are_kept(self, a: Acceptor, b: Ballot, c: Ballot) -> Formula:
        """Who answered a request has left all lower ballots."""
        return given(self.promised(a, b), c < b).then(self.left(a, c))

    @lemma
    def nothing_else_can_be_chosen_below(
        self, b: Ballot, v: Value, c: Ballot, w: Value, q: Majority
    ) -> Formula:
        """Below a proposal no other value can be chosen any more: of every majority someone left without that vote."""
        return given(self.proposed(b, v), c < b, v != w).then(
            exists(Acceptor, lambda a: self.member(a, q) & self.left(a, c) & ~self.voted(a, c, w))
        )

    @goal
    def agreement(self, b: Ballot, v: Value, c: Ballot, w: Value) -> Formula:
        """No two different values are chosen."""
        return given(self.chosen(b, v), self.chosen(c, w)).then(v == w)


# What goes wrong.


class IgnoreHighest(Paxos):
    """A proposer proposes its own value whatever the acceptors have accepted."""

    variant = "ignore-highest"

    @action
    def propose(self, b: Ballot, q: Majority, v: Value) -> Step:
        """Phase 2a, without a look at the votes that the answers carry."""
        return when(self.promised_by_all(q, b), for_all(Value, lambda w: ~self.proposed(b, w))).add(
            self.proposed(b, v)
        )


class AdoptAny(Paxos):
    """A proposer takes over the value of some vote that it hears of, not of the highest one."""

    variant = "adopt-any"

    @derived
    def highest_vote_below(self, b: Ballot, q: Majority, m: Ballot, v: Value) -> Formula:
        return (m < b) & exists(Acceptor, lambda a: self.member(a, q) & self.voted(a, m, v))


class PromiseNotStored(Paxos):
    """An acceptor forgets its promise as soon as it has given it."""

    variant = "promise-not-stored"

    @action
    def promise(self, a: Acceptor, b: Ballot) -> Step:
        """Phase 1b: an acceptor answers a request, and does not remember that it did."""
        return when(self.started(b), ~self.left(a, b)).add(self.promised(a, b))


class AcceptUnchecked(Paxos):
    """An acceptor accepts whatever is proposed, also if it has promised a higher number."""

    variant = "accept-unchecked"

    @action
    def vote(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """Phase 2b: an acceptor accepts a proposal."""
        return when(self.proposed(b, v)).add(self.voted(a, b, v))


class SharedNumber(Paxos):
    """Two proposers use the same number, so that a ballot may have two proposals."""

    variant = "shared-number"

    @action
    def propose(self, b: Ballot, q: Majority, m: Ballot, v: Value) -> Step:
        """Phase 2a, also if another proposer has proposed under the number already."""
        return when(
            self.promised_by_all(q, b),
            any_of(self.nobody_voted_below(b, q), self.highest_vote_below(b, q, m, v)),
        ).add(self.proposed(b, v))


class HalfQuorum(Paxos):
    """Half of the acceptors are taken for a majority, so that two "majorities" need not meet."""

    variant = "half-quorum"

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """A "majority" has an acceptor; nothing is said of two of them."""
        return exists(Acceptor, lambda a: self.member(a, p))


class LearnFromOne(Paxos):
    """A learner takes a value for chosen once one acceptor has accepted it."""

    variant = "learn-from-one"

    @action
    def learn(self, a: Acceptor, b: Ballot, v: Value) -> Step:
        """A learner hears that an acceptor accepted a proposal."""
        return when(self.voted(a, b, v)).add(self.chosen(b, v))
