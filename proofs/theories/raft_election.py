"""Raft's election of a leader.

Ongaro & Ousterhout, In search of an understandable consensus algorithm (2014), section 5.2. Only elections: logs, and
the check that a candidate's log is up to date, come on top and only make servers refuse more votes. Messages are never
removed. A server's current term is kept as the set of terms that it has left behind.
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


class Server(Sort):
    """A member of the cluster."""


class Majority(Quorum):
    """A set of more than half of the servers."""

    plural = "majorities"
    letter = "q"


class Term(Ordered):
    """A term, which begins with an election."""


class RaftElection(Theory):
    """Election safety: at most one leader is elected in a term."""

    note = "About elections alone; that logs agree is not part of it."

    member = Relation(Server, Majority, fixed=True)

    past = Relation(Server, Term)
    """The server's current term is a later one."""
    voted = Relation(Server, Term, Server)
    """votedFor: the server gave its vote in the term to that candidate; kept on disk."""
    requested = Relation(Server, Term)
    """RequestVote: the candidate asked for votes in the term."""
    granted = Relation(Server, Term, Server)
    """The server answered the candidate of the term with its vote."""
    refused = Relation(Server, Term, Server)
    """The server answered the candidate of the term that it does not vote for it."""
    leader = Relation(Server, Term)
    """The server became leader of the term."""

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """Any two majorities have a server in common."""
        return exists(Server, lambda s: self.member(s, p) & self.member(s, q))

    @initially
    def nothing_has_happened(self) -> Formula:
        return empty(self.past, self.voted, self.requested, self.granted, self.refused, self.leader)

    @derived
    def may_vote(self, s: Server, t: Term) -> Formula:
        """The term is not over for the server, and it has not voted in it yet."""
        return ~self.past(s, t) & for_all(Server, lambda c: ~self.voted(s, t, c))

    @action
    def stand_for_election(self, c: Server, t: Term) -> Step:
        """A server increments its term, votes for itself and asks the others for their votes."""
        return (
            when(self.may_vote(c, t))
            .add(self.requested(c, t), self.voted(c, t, c), self.granted(c, t, c))
            .add_all(self.past, lambda s, u: (s == c) & (u < t))
        )

    @action
    def grant_vote(self, s: Server, t: Term, c: Server) -> Step:
        """A server votes for at most one candidate in a given term, first come, first served; for that one again."""
        return (
            when(self.requested(c, t), self.may_vote(s, t) | (~self.past(s, t) & self.voted(s, t, c)))
            .add(self.voted(s, t, c), self.granted(s, t, c))
            .add_all(self.past, lambda x, u: (x == s) & (u < t))
        )

    @action
    def refuse_vote(self, s: Server, t: Term, c: Server) -> Step:
        """A server answers that it does not vote for the candidate."""
        return when(self.requested(c, t)).add(self.refused(s, t, c))

    @action
    def become_leader(self, c: Server, t: Term, q: Majority) -> Step:
        """A candidate wins if it receives votes from a majority of the servers."""
        return when(self.elects(q, t, c)).add(self.leader(c, t))

    @derived
    def elects(self, q: Majority, t: Term, c: Server) -> Formula:
        return for_all(Server, lambda s: given(self.member(s, q)).then(self.granted(s, t, c)))

    @action
    def hear_of_term(self, s: Server, t: Term) -> Step:
        """A server that sees a larger term goes over to it."""
        return when().add_all(self.past, lambda x, u: (x == s) & (u < t))

    @action
    def restart(self, s: Server) -> Step:
        """A server restarts; its term and its vote are on disk."""
        return when()

    @lemma
    def granted_was_voted(self, s: Server, t: Term, c: Server) -> Formula:
        """Who granted its vote has it written down."""
        return given(self.granted(s, t, c)).then(self.voted(s, t, c))

    @lemma
    def one_vote_a_term(self, s: Server, t: Term, c: Server, d: Server) -> Formula:
        """A server votes for one candidate in a term."""
        return given(self.voted(s, t, c), self.voted(s, t, d)).then(c == d)

    @lemma
    def elected_by_a_majority(self, c: Server, t: Term) -> Formula:
        """A leader has the votes of a majority."""
        return given(self.leader(c, t)).then(exists(Majority, lambda q: self.elects(q, t, c)))

    @goal
    def election_safety(self, c: Server, d: Server, t: Term) -> Formula:
        """At most one leader can be elected in a given term."""
        return given(self.leader(c, t), self.leader(d, t)).then(c == d)


class RaisesTermOnRestart(RaftElection):
    """A right alternative: votes are kept in memory only, but a server that restarts goes on to a new term."""

    variant = "raises-term-on-restart"

    @action
    def restart(self, s: Server, t: Term) -> Step:
        """A server restarts: its votes are lost, and it takes no part in any term that it has voted in."""
        return (
            when(for_all(Term, Server, lambda u, c: given(self.voted(s, u, c)).then(u < t)))
            .remove_all(self.voted, lambda x, u, c: x == s)
            .add_all(self.past, lambda x, u: (x == s) & (u < t))
        )

    @lemma
    def granted_was_voted(self, s: Server, t: Term, c: Server) -> Formula:
        """Who granted its vote remembers it, or is past that term."""
        return given(self.granted(s, t, c)).then(self.voted(s, t, c) | self.past(s, t))

    @lemma
    def one_grant_a_term(self, s: Server, t: Term, c: Server, d: Server) -> Formula:
        """A server grants its vote to one candidate in a term."""
        return given(self.granted(s, t, c), self.granted(s, t, d)).then(c == d)


# What goes wrong.


class AnyReplyCounts(RaftElection):
    """A candidate counts every reply, also a refusal: "more than half replied"."""

    variant = "any-reply-counts"

    @derived
    def elects(self, q: Majority, t: Term, c: Server) -> Formula:
        return for_all(
            Server, lambda s: given(self.member(s, q)).then(self.granted(s, t, c) | self.refused(s, t, c))
        )


class VolatileVote(RaftElection):
    """A server's vote is not on disk: after a restart it may vote again in the same term."""

    variant = "volatile-vote"

    @action
    def restart(self, s: Server) -> Step:
        """A server restarts, and its votes are lost."""
        return when().remove_all(self.voted, lambda x, t, c: x == s)


class VotesTwice(RaftElection):
    """A server votes for every candidate that asks."""

    variant = "votes-twice"

    @derived
    def may_vote(self, s: Server, t: Term) -> Formula:
        return ~self.past(s, t)


class HalfQuorum(RaftElection):
    """Half of the servers are taken for a majority, so that two "majorities" need not meet."""

    variant = "half-quorum"

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """A "majority" has a server; nothing is said of two of them."""
        return exists(Server, lambda s: self.member(s, p))
