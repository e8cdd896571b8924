"""A replicated log from Paxos: one round of Paxos for each slot, with the first phase done once for all of them.

A leader prepares its ballot for every slot at once, and from then on needs one round trip for each command. What the
acceptors tell it of, it proposes again, slot by slot, the proposal of the highest ballot; a slot below these of which
nobody tells it anything gets a no-op, so that the log has no gap. A command is applied once all slots before it are.

Lamport, "Paxos made simple" (2001), section 3; "The part-time parliament" (1998), section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, possible
from everyway.invariants.consistency import EverSeen
from everyway.models.language import (
    Event,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
)

NO_OP = "no-op"
Slots = tuple[tuple[int, str] | None, ...]
"""For each slot the ballot and the command that was accepted last; None for nothing."""
Plan = tuple[str | None, ...]
"""For each slot the command that a leader proposes; None for nothing yet."""


@frozen
class Prepare(Message):
    """Phase 1, for all slots: promise not to take part in a lower ballot, and tell what you have accepted."""

    ballot: int


@frozen
class Promise(Message):
    """I do, and this is what I have accepted."""

    ballot: int
    accepted: Slots

    def __str__(self) -> str:
        told = ", ".join(f"{one[1]} {one[0]}" if one else "-" for one in self.accepted)
        return f"promise {self.ballot}: {told}"


@frozen
class Accept(Message):
    """Phase 2, for one slot: accept this command."""

    ballot: int
    slot: int
    command: str


@frozen
class Accepted(Message):
    """I have accepted what you proposed for this slot."""

    ballot: int
    slot: int


@frozen
class Acceptor(Node):
    """Remembers the ballot that it has promised, and for each slot what it has accepted last."""

    accepted: Slots = durable()
    promised: int = durable(0)

    @on(Prepare)
    def promise(self, prepare: Prepare, leader: NodeId) -> Steps:
        if prepare.ballot > self.promised:
            return self.become(promised=prepare.ballot).send(leader, Promise(prepare.ballot, self.accepted))

    @on(Accept)
    def accept(self, accept: Accept, leader: NodeId) -> Steps:
        taken = (accept.ballot, accept.command)
        if accept.ballot >= self.promised and self.accepted[accept.slot] != taken:
            accepted = (*self.accepted[: accept.slot], taken, *self.accepted[accept.slot + 1 :])
            now = self.become(promised=accept.ballot, accepted=accepted)
            return now.send(leader, Accepted(accept.ballot, accept.slot))

    def __str__(self) -> str:
        told = ", ".join(f"{one[1]} {one[0]}" if one else "-" for one in self.accepted)
        return f"PROMISED {self.promised}: {told}"


class Phase(Enum):
    """How far a leader is."""

    IDLE = "idle"
    PREPARING = "preparing"
    LEADING = "leading"


@frozen
class Leader(Node):
    """Has one ballot; proposes what it must, then its own commands, and applies what is chosen."""

    ballot: int
    acceptors: frozenset[NodeId]
    quorum: int
    plan: Plan = durable()
    applied: tuple[str, ...] = durable(())
    """The commands that were carried out, in this order."""
    phase: Phase = durable(Phase.IDLE)
    promises: frozenset[tuple[NodeId, Slots]] = durable(frozenset())
    votes: frozenset[tuple[int, NodeId]] = durable(frozenset())
    """Which acceptor has accepted what this leader proposed for which slot."""

    @choice
    def begin(self) -> Steps:
        """Begin the ballot, in the belief that nobody else leads."""
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.PREPARING).send(self.acceptors, Prepare(self.ballot))

    @on(Promise)
    def take_promise(self, promise: Promise, acceptor: NodeId) -> Steps:
        if self.phase is not Phase.PREPARING:
            return None
        promises = self.promises | {(acceptor, promise.accepted)}
        if len(promises) < self.quorum:
            return self.become(promises=promises)
        plan = self.recovered([accepted for _, accepted in promises])
        leading = self.become(phase=Phase.LEADING, promises=frozenset(), plan=plan).named("lead")
        for slot, command in enumerate(plan):
            if command:
                leading = leading.send(self.acceptors, Accept(self.ballot, slot, command))
        return leading

    def recovered(self, told: list[Slots]) -> Plan:
        """Return what must be proposed again, and no-ops where there would be a gap."""
        plan = [self.highest([accepted[slot] for accepted in told]) for slot in range(len(self.plan))]
        last = max((slot for slot, command in enumerate(plan) if command), default=-1)
        return tuple(
            self.gap(slot) if slot < last and not command else command for slot, command in enumerate(plan)
        )

    def highest(self, accepted: list[tuple[int, str] | None]) -> str | None:
        """Return the command of the highest ballot; None if there is none."""
        known = [one for one in accepted if one]
        return max(known)[1] if known else None

    def gap(self, slot: int) -> str | None:
        """Return what to propose for a slot of which nobody tells anything, below one of which somebody does."""
        return NO_OP

    @choice
    def propose(self) -> Steps:
        """Propose an own command for the next free slot, without waiting for those before it."""
        if self.phase is Phase.LEADING and None in self.plan:
            slot = self.plan.index(None)
            command = f"{self.id}.{slot + 1}"
            plan = (*self.plan[:slot], command, *self.plan[slot + 1 :])
            return self.become(plan=plan).send(self.acceptors, Accept(self.ballot, slot, command))

    @on(Accepted)
    def count(self, accepted: Accepted, acceptor: NodeId) -> Steps:
        """Count the votes, and apply what is chosen as far as there is no gap before it."""
        votes = self.votes | {(accepted.slot, acceptor)}
        if votes != self.votes:
            return self.become(votes=votes, applied=self.applicable(votes))

    def applicable(self, votes: frozenset[tuple[int, NodeId]]) -> tuple[str, ...]:
        """Return the commands that can be applied: those that are chosen, up to the first that is not."""
        log = []
        for slot, command in enumerate(self.plan):
            if command is None or not self.is_chosen(slot, votes):
                break
            log.append(command)
        return tuple(log)

    def is_chosen(self, slot: int, votes: frozenset[tuple[int, NodeId]]) -> bool:
        """Return whether a majority has accepted what this leader proposed for a slot."""
        return sum(voted == slot for voted, _ in votes) >= self.quorum

    def __str__(self) -> str:
        return f"{self.phase.name}: {' '.join(self.applied)}" if self.applied else self.phase.name


# What is promised.


def acceptances(event: Event) -> Iterator[tuple[NodeId, int, int, str]]:
    """Yield which acceptor took which command for which slot in which ballot, to be remembered."""
    message = event.message
    if event.node is not None and event.action.handler and isinstance(message, Accept):
        yield event.node, message.slot, message.ballot, message.command


def chosen(world: World) -> dict[int, set[str]]:
    """Return for each slot the commands that a majority has ever accepted in one ballot."""
    quorum = min(leader.quorum for leader in world.nodes(Leader))
    taken = [one[1:] for one in world.observer("accepted").values]
    found: dict[int, set[str]] = {}
    for slot, ballot, command in set(taken):
        if taken.count((slot, ballot, command)) >= quorum:
            found.setdefault(slot, set()).add(command)
    return found


@always
def one_command_for_each_slot(world: World) -> Any:
    """In each slot at most one command is chosen."""
    for slot, commands in sorted(chosen(world).items()):
        if len(commands) > 1:
            return f"{' and '.join(sorted(commands))} are both chosen for slot {slot + 1}"
    return True


@always
def logs_agree(world: World) -> Any:
    """What one leader has applied is the beginning of what the other has, or the other way round."""
    for one in world.nodes(Leader):
        for other in world.nodes(Leader):
            both = min(len(one.applied), len(other.applied))
            if one.applied[:both] != other.applied[:both]:
                return broken(f"{one.id} has applied {one.applied}, {other.id} {other.applied}", [one, other])
    return True


@possible
def the_log_is_full(world: World) -> bool:
    """All slots can be applied."""
    return any(len(leader.applied) == len(leader.plan) for leader in world.nodes(Leader))


@possible
def a_later_slot_first(world: World) -> bool:
    """A later slot can be chosen before an earlier one."""
    slots = chosen(world)
    return 1 in slots and 0 not in slots


@possible
def a_gap_is_filled(world: World) -> bool:
    """A no-op can be applied, where a leader has left a gap."""
    return any(NO_OP in leader.applied for leader in world.nodes(Leader))


@frozen
class MultiPaxos(Protocol):
    """A log from Paxos: one leader, one first phase for all slots, and no-ops for the gaps that others left."""

    name: ClassVar[str] = "multi-paxos"
    network: ClassVar[Network] = Network.SET
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "PREPARING": "wait",
        "LEADING": "good",
        "PROMISED": "near",
    }
    leader_class: ClassVar[type[Leader]] = Leader
    acceptor_class: ClassVar[type[Acceptor]] = Acceptor

    leaders: int = parameter(2, help="how many leaders there are, each with one ballot", at_least=1)
    acceptors: int = parameter(3, help="how many acceptors there are", at_least=1)
    slots: int = parameter(2, help="how many slots the log has", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        acceptors = self.acceptor_names
        nothing: Plan = (None,) * self.slots
        return {
            **{
                f"L{k}": self.leader_class(k, frozenset(acceptors), self.quorum, plan=nothing)
                for k in range(1, self.leaders + 1)
            },
            **{name: self.acceptor_class(accepted=(None,) * self.slots) for name in acceptors},
        }

    @property
    def quorum(self) -> int:
        """How many acceptors it takes."""
        return self.acceptors // 2 + 1

    @property
    def acceptor_names(self) -> list[NodeId]:
        """The acceptors' names."""
        return [f"A{k}" for k in range(1, self.acceptors + 1)]

    def observers(self) -> dict[str, Observer]:
        return {"accepted": EverSeen(acceptances)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.acceptor_names]

    def promises(self) -> Iterable[Property]:
        return [one_command_for_each_slot, logs_agree, the_log_is_full, a_later_slot_first, a_gap_is_filled]


# Variants. Each is the protocol above with one deviation.


class Forgetful(Leader):
    """Does not look at what the acceptors tell."""

    def highest(self, accepted: list[tuple[int, str] | None]) -> str | None:
        return None


class ReuseOwn(MultiPaxos):
    """Wrong: a new leader ignores what was accepted before it, and proposes its own commands for the same slots."""

    variant = "reuse-own"
    leader_class = Forgetful

    def promises(self) -> Iterable[Property]:
        return [one_command_for_each_slot, logs_agree, the_log_is_full]


class Hasty(Leader):
    """Applies what is chosen, whether or not there is a gap before it."""

    def applicable(self, votes: frozenset[tuple[int, NodeId]]) -> tuple[str, ...]:
        known = enumerate(self.plan)
        return tuple(command for slot, command in known if command and self.is_chosen(slot, votes))


class SkipGap(MultiPaxos):
    """Wrong: commands are applied as they are chosen, past a gap; others apply them in another order."""

    variant = "skip-gap"
    leader_class = Hasty


class Filler(Leader):
    """Fills gaps with commands of its own, without asking what was accepted there."""

    def recovered(self, told: list[Slots]) -> Plan:
        full = super().recovered(told)
        return tuple(NO_OP if slot == 0 and any(full[1:]) else command for slot, command in enumerate(full))


class OverwritesWithNoOp(MultiPaxos):
    """Wrong: a new leader takes the first slot for a gap whenever a later one is taken, and writes a no-op over it."""

    variant = "overwrites-with-no-op"
    leader_class = Filler


@frozen
class HalfQuorum(MultiPaxos):
    """Wrong: half of the acceptors are enough; two halves need not meet."""

    variant = "half-quorum"

    leaders: int = parameter(2, help="how many leaders there are, each with one ballot", at_least=1)
    acceptors: int = parameter(2, help="how many acceptors there are", at_least=1)
    slots: int = parameter(1, help="how many slots the log has", at_least=1)

    @property
    def quorum(self) -> int:
        return (self.acceptors + 1) // 2

    def promises(self) -> Iterable[Property]:
        return [one_command_for_each_slot, logs_agree, the_log_is_full]
