"""Reading from a Raft leader under a lease: as long as the lease runs it answers at once, asking nobody.

The leader asks the others for a lease. Who agrees promises to elect nobody else until so much of its own time has
passed; once a majority has agreed, the lease runs for a while from the moment at which the leader *asked*. So nobody
else can be elected, and commit anything, while it runs, if a promise outlasts it: by L(1 + r) <= W(1 - r) + dmin for
a lease of L, a promise of W, clocks that are wrong by a factor of at most r, and messages that take at least dmin.

Ongaro, "Consensus: bridging theory and practice" (2014), section 6.4.1; Gray & Cheriton, "Leases" (1989).

There is no time here, but for a node that stands for it and says when a lease is over, and then when promises are: in
this order, as the inequality has it, and otherwise at any moment. A promise is kept through a crash, which stands for
waiting that long after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property
from everyway.models.language import (
    REMOVED,
    Message,
    Node,
    NodeId,
    Steps,
    choice,
    durable,
    on,
    parameter,
    volatile,
)
from everyway.models.raft import election_safety
from everyway.models.raft_reads import RaftReads, ReadingServer, a_read_is_answered, reads_are_fresh
from everyway.models.raft_server import RequestVote, Server, State


@frozen
class Renew(Message):
    """The leader of this term asks for a promise to elect nobody else for a while."""

    term: int

    def __str__(self) -> str:
        return f"lease for term {self.term}?"


@frozen
class Renewed(Message):
    """I promise."""

    term: int

    def __str__(self) -> str:
        return f"promised, term {self.term}"


class Started(Message):
    """A lease has begun to run."""


class LeaseIsOver(Message):
    """The leader's clock: the lease has run out."""


class Noticed(Message):
    """The leader has seen it."""


class PromiseIsOver(Message):
    """A follower's clock: it is free again."""


@frozen
class Time(Node):
    """Lets a lease run out, and promises once it has."""

    servers: frozenset[NodeId]
    leader: NodeId | None = durable(None)
    """Whose lease is running, or has run out."""
    has_ended: bool = durable(False)
    is_noticed: bool = durable(False)
    freed: frozenset[NodeId] = durable(frozenset())

    @on(Started)
    def start(self, _: Started, leader: NodeId) -> Steps:
        if self.leader is None:
            return self.become(leader=leader)

    @choice
    def end_lease(self) -> Steps:
        if self.leader and not self.has_ended:
            return self.become(has_ended=True).send(self.leader, LeaseIsOver())

    @on(Noticed)
    def go_on(self) -> Steps:
        if not self.is_noticed:
            return self.become(is_noticed=True)

    @choice
    def end_promise(self) -> Steps:
        if self.leader and self.may_end_promises:
            for server in sorted(self.servers - self.freed - {self.leader}):
                freed = self.become(freed=self.freed | {server})
                yield freed.send(server, PromiseIsOver()).named(f"end {server}'s promise")

    @property
    def may_end_promises(self) -> bool:
        """Whether promises may run out: after the lease has."""
        return self.is_noticed

    def __str__(self) -> str:
        return "LEASE RUNS" if self.leader and not self.is_noticed else "NO LEASE"


@frozen
class LeasingServer(ReadingServer):
    """Answers a client's read at once while its lease runs."""

    time: NodeId = "T"
    terms: frozenset[int] = frozenset()
    """All terms that there are."""
    is_loyal: bool = durable(False)
    """Whether a promise keeps it from electing anybody else."""
    has_promised: bool = durable(False)
    """Each server promises once."""
    has_asked: bool = volatile(False)
    agreed: frozenset[NodeId] = volatile(frozenset())
    has_lease: bool = volatile(False)
    is_too_late: bool = volatile(False)
    """Whether the lease has run out, be it before enough had agreed."""

    def stand_for_election(self) -> Steps:
        return None if self.is_loyal else super().stand_for_election()

    def vote(self, request: RequestVote, candidate: NodeId) -> Steps:
        return None if self.is_loyal else super().vote(request, candidate)

    @choice
    def ask_for_lease(self) -> Steps:
        # Nobody can unseat the leader of the last term that there is.
        is_last = not any(term > self.term for term in self.terms)
        if self.state is State.LEADER and not self.has_asked and not is_last:
            asking = self.become(has_asked=True, agreed=frozenset([self.id]))
            return asking.send(self.time, Started()).send(self.others, Renew(self.term))

    @on(Renew)
    def promise(self, renew: Renew, leader: NodeId) -> Steps:
        if renew.term == self.term and not self.has_promised:
            return self.become(is_loyal=True, has_promised=True).send(leader, Renewed(renew.term))

    @on(PromiseIsOver)
    def be_free(self) -> Steps:
        if self.is_loyal:
            return self.become(is_loyal=False)

    @on(Renewed)
    def count_promise(self, renewed: Renewed, follower: NodeId) -> Steps:
        is_open = self.has_asked and not self.has_lease and not self.is_too_late
        if (
            self.state is State.LEADER
            and renewed.term == self.term
            and is_open
            and follower not in self.agreed
        ):
            agreed = self.agreed | {follower}
            if self.is_majority(agreed):
                return self.become(agreed=frozenset(), has_lease=True).named("take lease")
            return self.become(agreed=agreed)

    @on(LeaseIsOver)
    def lose_lease(self, _: LeaseIsOver, time: NodeId) -> Steps:
        if not self.is_too_late:
            over = self.become(has_lease=False, is_too_late=True, agreed=frozenset())
            return over.send(time, Noticed())

    @choice
    def read(self) -> Steps:
        is_sure = self.has_lease and self.knows_what_is_committed()
        if self.state is State.LEADER and is_sure and not self.asked:
            return self.become(asked=True, answered=True).named(f"answer as of entry {self.commit}")

    confirm = answer = REMOVED

    def follow(self, term: int) -> LeasingServer:
        follower = super().follow(term)
        assert isinstance(follower, LeasingServer)
        return evolve(follower, has_asked=False, agreed=frozenset(), has_lease=False)


@frozen
class RaftLeases(RaftReads):
    """Raft, and a client that reads from a leader, which answers at once as long as its lease runs."""

    name: ClassVar[str] = "raft-leases"
    server_class: ClassVar[type[Server]] = LeasingServer
    time_class: ClassVar[type[Time]] = Time

    turns: bool = parameter(True, help="whether only one server stands in each term, each in its turn")

    def nodes(self) -> dict[NodeId, Node]:
        return {**super().nodes(), "T": self.time_class(frozenset(self.names))}

    def server(self, name: NodeId) -> Server:
        made = super().server(name)
        assert isinstance(made, LeasingServer)
        return evolve(made, terms=frozenset(range(1, self.terms + 1)))

    def promises(self) -> Iterable[Property]:
        return [election_safety, reads_are_fresh, a_read_is_answered]


# Variants. Each is the protocol above with one deviation.


class HastyTime(Time):
    """Lets promises run out at any moment."""

    @property
    def may_end_promises(self) -> bool:
        return True


class NoMargin(RaftLeases):
    """Wrong: a promise may end before the lease does, as clocks differ, or the leader was paused."""

    variant = "no-margin"
    time_class = HastyTime


class LateServer(LeasingServer):
    """Lets its lease run from when enough have agreed, however long ago that was."""

    @on(LeaseIsOver)
    def lose_lease(self, over: LeaseIsOver, time: NodeId) -> Steps:
        return super().lose_lease(over, time) if self.has_lease else self.send(time, Noticed())


class FromTheAnswer(RaftLeases):
    """Wrong: a lease runs from when the answers arrive, when the promises may be over already."""

    variant = "from-the-answer"
    server_class = LateServer


class DisloyalServer(LeasingServer):
    """Promises, and elects others all the same."""

    @on(Renew)
    def promise(self, renew: Renew, leader: NodeId) -> Steps:
        if renew.term == self.term:
            return self.send(leader, Renewed(renew.term))


class NoPromise(RaftLeases):
    """Wrong: those who agree to a lease elect others all the same, so that it is of no use."""

    variant = "no-promise"
    server_class = DisloyalServer
