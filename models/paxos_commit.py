"""Paxos Commit: two-phase commit in which no single node can block the others.

Each resource manager's vote is decided by a round of Paxos of its own, all among the same acceptors. In ballot 0 the
resource manager proposes its vote itself, without asking. An acceptor that has the votes of all tells the leaders, and
if a majority of the acceptors has told the same, that is the outcome: commit if all are prepared. If that takes too
long, another leader begins a greater ballot for all votes at once: it takes over what a majority of the acceptors tells
it of, and proposes "aborted" for whoever has not voted. With one acceptor and one leader this is two-phase commit.

Gray & Lamport, "Consensus on transaction commit" (2006), sections 4.1 and 4.2 (acceptors bundle their messages for all
instances); their TLA+ module PaxosCommit.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, implements, possible, recoverable
from everyway.models.language import (
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
)
from everyway.models.specifications import TransactionCommit


class RM(Enum):
    """What a resource manager is."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


Ballots = tuple[tuple[int, RM] | None, ...]
"""For each resource manager the ballot and the vote that was accepted last; None for nothing."""


@frozen
class Vote(Message):
    """Ballot 0: a resource manager proposes its own vote (a phase 2a message)."""

    manager: int
    vote: RM

    def __str__(self) -> str:
        return f"{self.vote.value}"


@frozen
class Prepare(Message):
    """Phase 1a: promise not to take part in a lower ballot, and tell what you have accepted."""

    ballot: int


@frozen
class Promise(Message):
    """Phase 1b."""

    ballot: int
    accepted: Ballots


@frozen
class Accept(Message):
    """Phase 2a: accept these votes."""

    ballot: int
    votes: tuple[RM, ...]


@frozen
class Accepted(Message):
    """Phase 2b: I have accepted these votes."""

    ballot: int
    votes: tuple[RM, ...]


class Commit(Message):
    """The outcome."""


class Abort(Message):
    """The outcome."""


@frozen
class ResourceManager(Node):
    """Votes, and does what is decided."""

    number: int
    acceptors: frozenset[NodeId]
    state: RM = durable(RM.WORKING)

    @choice
    def prepare(self) -> Steps:
        if self.state is RM.WORKING:
            return self.become(state=RM.PREPARED).send(self.acceptors, Vote(self.number, RM.PREPARED))

    @choice
    def choose_to_abort(self) -> Steps:
        if self.state is RM.WORKING:
            return self.become(state=RM.ABORTED).send(self.acceptors, Vote(self.number, RM.ABORTED))

    @on(Commit)
    def commit(self) -> Steps:
        if self.state is not RM.COMMITTED:
            return self.become(state=RM.COMMITTED)

    @on(Abort)
    def abort(self) -> Steps:
        if self.state is not RM.ABORTED:
            return self.become(state=RM.ABORTED)


@frozen
class Acceptor(Node):
    """Remembers for each vote what it has accepted, and up to which ballot it has promised; both are on disk."""

    leaders: frozenset[NodeId]
    accepted: Ballots = durable()
    promised: int = durable(0)

    @on(Vote)
    def note(self, vote: Vote) -> Steps:
        """Accept a vote in ballot 0, and tell once all have voted."""
        if self.promised > 0 or self.accepted[vote.manager]:
            return None
        accepted = (*self.accepted[: vote.manager], (0, vote.vote), *self.accepted[vote.manager + 1 :])
        noted = self.become(accepted=accepted)
        votes = tuple(one[1] for one in accepted if one)
        return noted.send(self.leaders, Accepted(0, votes)) if len(votes) == len(accepted) else noted

    @on(Prepare)
    def promise(self, prepare: Prepare, leader: NodeId) -> Steps:
        if prepare.ballot > self.promised:
            return self.become(promised=prepare.ballot).send(leader, Promise(prepare.ballot, self.accepted))

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        if accept.ballot >= self.promised and self.accepted != self.of(accept):
            taken = self.become(promised=accept.ballot, accepted=self.of(accept))
            return taken.send(self.leaders, Accepted(accept.ballot, accept.votes))

    def of(self, accept: Accept) -> Ballots:
        """Return what is accepted after a message."""
        return tuple((accept.ballot, vote) for vote in accept.votes)

    def __str__(self) -> str:
        told = ", ".join(f"{one[1].value} {one[0]}" if one else "-" for one in self.accepted)
        return f"PROMISED {self.promised}: {told}"


class Phase(Enum):
    """How far a leader is."""

    LISTENING = "listening"
    ASKING = "asking"
    PROPOSING = "proposing"
    COMMITTED = "committed"
    ABORTED = "aborted"

    @property
    def is_over(self) -> bool:
        """Whether the outcome is known."""
        return self in (Phase.COMMITTED, Phase.ABORTED)


@frozen
class Leader(Node):
    """Learns the outcome from the acceptors and tells it; all but the first may begin a ballot of their own."""

    ballot: int
    managers: tuple[NodeId, ...]
    acceptors: frozenset[NodeId]
    quorum: int
    phase: Phase = durable(Phase.LISTENING)
    promises: frozenset[tuple[NodeId, Ballots]] = durable(frozenset())
    told: frozenset[tuple[NodeId, int, tuple[RM, ...]]] = durable(frozenset())
    """Which acceptor has accepted what, in which ballot."""

    @choice
    def begin(self) -> Steps:
        """Begin a ballot, in the belief that the others have failed; a leader may believe so at any time."""
        if self.ballot and self.phase is Phase.LISTENING:
            return self.become(phase=Phase.ASKING).send(self.acceptors, Prepare(self.ballot))

    @on(Promise)
    def take_promise(self, promise: Promise, acceptor: NodeId) -> Steps:
        if self.phase is not Phase.ASKING:
            return None
        promises = self.promises | {(acceptor, promise.accepted)}
        if len(promises) < self.quorum:
            return self.become(promises=promises)
        votes = tuple(
            self.choose([accepted[k] for _, accepted in promises]) for k in range(len(self.managers))
        )
        proposing = self.become(phase=Phase.PROPOSING, promises=frozenset())
        return proposing.send(self.acceptors, Accept(self.ballot, votes)).named("propose")

    def choose(self, accepted: list[tuple[int, RM] | None]) -> RM:
        """Return the vote to propose: that of the highest ballot; aborted if there is none."""
        known = [one for one in accepted if one]
        return max(known, key=lambda one: one[0])[1] if known else RM.ABORTED

    @on(Accepted)
    def learn(self, message: Accepted, acceptor: NodeId) -> Steps:
        """Learn what a majority has accepted, and tell the outcome."""
        if self.phase.is_over:
            return None
        told = self.told | {(acceptor, message.ballot, message.votes)}
        if sum(one[1:] == (message.ballot, message.votes) for one in told) < self.quorum:
            return self.become(told=told) if told != self.told else None
        commits = all(vote is RM.PREPARED for vote in message.votes)
        phase = Phase.COMMITTED if commits else Phase.ABORTED
        over = self.become(phase=phase, told=frozenset(), promises=frozenset())
        return over.send(frozenset(self.managers), Commit() if commits else Abort()).named(
            f"decide: {phase.value}"
        )


# What is promised.


def as_transaction_commit(world: World) -> tuple[str, ...]:
    """Return the state of ``specifications.TransactionCommit`` that a state stands for."""
    return tuple(manager.state.value for manager in world.nodes(ResourceManager))


@always
def consistency(world: World) -> Any:
    """No resource manager has committed while another has aborted."""
    managers = world.nodes(ResourceManager)
    committed = [one for one in managers if one.state is RM.COMMITTED]
    aborted = [one for one in managers if one.state is RM.ABORTED]
    if committed and aborted:
        return broken(f"{committed[0].id} has committed, {aborted[0].id} has aborted", [*committed, *aborted])
    return True


@possible
def all_commit(world: World) -> bool:
    """All resource managers can commit."""
    return all(manager.state is RM.COMMITTED for manager in world.nodes(ResourceManager))


@possible
def all_abort(world: World) -> bool:
    """All resource managers can abort."""
    return all(manager.state is RM.ABORTED for manager in world.nodes(ResourceManager))


@recoverable
def non_blocking(world: World) -> Any:
    """As long as a leader is left to begin a ballot, all resource managers that are up can still learn the outcome."""
    for manager in world.live(ResourceManager):
        if manager.state not in (RM.COMMITTED, RM.ABORTED):
            return broken(f"{manager.id} waits for ever", manager)
    return True


@frozen
class PaxosCommit(Protocol):
    """Paxos Commit: the votes of a transaction are decided by Paxos, so that no single node can block it."""

    name: ClassVar[str] = "paxos-commit"
    network: ClassVar[Network] = Network.SET
    tones: ClassVar[dict[str, str]] = {
        "WORKING": "idle",
        "LISTENING": "idle",
        "PREPARED": "near",
        "PROMISED": "near",
        "ASKING": "wait",
        "PROPOSING": "wait",
        "COMMITTED": "good",
        "ABORTED": "stop",
    }
    leader_class: ClassVar[type[Leader]] = Leader
    acceptor_class: ClassVar[type[Acceptor]] = Acceptor

    managers: int = parameter(2, help="how many resource managers take part", at_least=1)
    acceptors: int = parameter(3, help="how many acceptors there are", at_least=1)
    leaders: int = parameter(
        2, help="how many leaders there are; all but the first have a ballot", at_least=1
    )

    def nodes(self) -> dict[NodeId, Node]:
        managers, acceptors = self.names
        leaders = [f"L{k}" for k in range(self.leaders)]
        nothing: Ballots = (None,) * self.managers
        return {
            **{name: ResourceManager(k, frozenset(acceptors)) for k, name in enumerate(managers)},
            **{name: self.acceptor_class(frozenset(leaders), accepted=nothing) for name in acceptors},
            **{
                name: self.leader_class(k, tuple(managers), frozenset(acceptors), self.quorum)
                for k, name in enumerate(leaders)
            },
        }

    @property
    def quorum(self) -> int:
        """How many acceptors it takes."""
        return self.acceptors // 2 + 1

    @property
    def names(self) -> tuple[list[NodeId], list[NodeId]]:
        """The names of the resource managers and of the acceptors."""
        return (
            [f"R{k}" for k in range(1, self.managers + 1)],
            [f"A{k}" for k in range(1, self.acceptors + 1)],
        )

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names[1]]

    def has_room(self, world: World) -> bool:
        """A leader is up that has not begun its ballot, and nobody has promised a greater one."""
        greatest = max((acceptor.promised for acceptor in world.nodes(Acceptor)), default=0)
        leaders = world.live(Leader)
        return any(leader.ballot > greatest and leader.phase is Phase.LISTENING for leader in leaders)

    def promises(self) -> Iterable[Property]:
        refines = implements(TransactionCommit(self.names[0]), as_transaction_commit)
        return [consistency, refines, non_blocking, all_commit, all_abort]


# Variants. Each is the protocol above with one deviation.


class Forgetful(Leader):
    """Proposes to abort, whatever the acceptors tell."""

    def choose(self, accepted: list[tuple[int, RM] | None]) -> RM:
        return RM.ABORTED


class AlwaysAbort(PaxosCommit):
    """Wrong: a new leader aborts without regard to what was accepted; it may have been decided to commit."""

    variant = "always-abort"
    leader_class = Forgetful


class Optimist(Leader):
    """Takes who has not voted for prepared."""

    def choose(self, accepted: list[tuple[int, RM] | None]) -> RM:
        known = [one for one in accepted if one]
        return super().choose(accepted) if known else RM.PREPARED


class FreeMeansPrepared(PaxosCommit):
    """Wrong: a new leader proposes "prepared" for whoever has not voted; it may be about to abort."""

    variant = "free-means-prepared"
    leader_class = Optimist


class Lax(Acceptor):
    """Does not keep its promise."""

    @on(Vote)
    def note(self, vote: Vote) -> Steps:
        if self.accepted[vote.manager]:
            return None
        accepted = (*self.accepted[: vote.manager], (0, vote.vote), *self.accepted[vote.manager + 1 :])
        noted = self.become(accepted=accepted)
        votes = tuple(one[1] for one in accepted if one)
        return noted.send(self.leaders, Accepted(0, votes)) if len(votes) == len(accepted) else noted


class PromiseBroken(PaxosCommit):
    """Wrong: an acceptor takes a vote of ballot 0 after it has promised a greater ballot."""

    variant = "promise-broken"
    acceptor_class = Lax


@frozen
class HalfQuorum(PaxosCommit):
    """Wrong: half of the acceptors are enough; two halves need not meet."""

    variant = "half-quorum"

    managers: int = parameter(1, help="how many resource managers take part", at_least=1)
    acceptors: int = parameter(2, help="how many acceptors there are", at_least=1)
    leaders: int = parameter(
        2, help="how many leaders there are; all but the first have a ballot", at_least=1
    )

    @property
    def quorum(self) -> int:
        return (self.acceptors + 1) // 2
