"""A transaction over items on different nodes, beside one that reads them: atomic is not isolated.

Each server keeps one item. A writing transaction changes all items and is committed by two-phase commit, so all
servers write or none does. But they do not write at the same moment: who reads item after item may see one before and
another after. With strict two-phase locking nobody does: a reader locks each item until it has read all, a server may
vote yes only once no reader has its item, and from then on nobody may read it until the decision has come.

Bernstein, Hadzilacos & Goodman, "Concurrency Control and Recovery in Database Systems" (1987), chapter 3 (two-phase
locking; 3.11 for distributed deadlocks) and section 7.4. Bailis, Fekete, Ghodsi, Hellerstein & Stoica, "Scalable atomic
visibility with RAMP transactions" (2014), section 3, on fractured reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, every_step, leads_to, possible
from everyway.invariants.atomic_commit import agreement
from everyway.models.language import (
    LATER,
    REMOVED,
    Action,
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
    restart,
    volatile,
)
from everyway.models.two_phase_commit import (
    Coordinator,
    ForgetfulParticipant,
    Participant,
    Phase,
    Prepare,
)


class Read(Message):
    """What is the value of your item?"""


@frozen
class Value(Message):
    """The value of my item: written by the transaction, or not."""

    is_new: bool

    def __str__(self) -> str:
        return "new value" if self.is_new else "old value"


class Unlock(Message):
    """I have read everything."""


@frozen
class Server(Participant):
    """A participant that keeps an item; readers lock it against the writer, and the writer against them."""

    readers: frozenset[NodeId] = durable(frozenset())
    """Who has a lock to read."""

    @on(Prepare)
    def cast_vote(self) -> Steps:
        return LATER if self.readers else super().cast_vote()

    @on(Read)
    def read(self, _: Read, reader: NodeId) -> Steps:
        if self.phase is Phase.PREPARED:
            return LATER
        locked = self.become(readers=self.readers | {reader})
        return locked.send(reader, Value(self.is_new)).named("lock and read")

    @on(Unlock)
    def unlock(self, _: Unlock, reader: NodeId) -> Steps:
        return self.become(readers=self.readers - {reader})

    @property
    def is_new(self) -> bool:
        """Whether the item has what the transaction wrote."""
        return self.phase is Phase.COMMITTED

    def __str__(self) -> str:
        return f"{self.phase.name}, read-locked" if self.readers else self.phase.name


@frozen
class Reader(Node):
    """Reads all items in one transaction, and then gives up its locks; after a crash it gives them up at once."""

    servers: frozenset[NodeId]
    has_asked: bool = durable(False)
    has_given_up: bool = durable(False)
    values: frozenset[tuple[NodeId, bool]] = volatile(frozenset())

    @choice
    def ask(self) -> Steps:
        if not self.has_asked:
            return self.become(has_asked=True).send(self.servers, Read())

    @on(Value)
    def note(self, value: Value, server: NodeId) -> Steps:
        if not self.has_given_up:
            values = self.values | {(server, value.is_new)}
            noted = self.become(values=values)
            return noted.send(self.servers, Unlock()) if len(values) == len(self.servers) else noted

    @restart
    def give_up(self) -> Steps:
        if self.has_asked:
            return self.become(has_given_up=True).send(self.servers, Unlock())

    @property
    def has_read_all(self) -> bool:
        """Whether the transaction is complete."""
        return len(self.values) == len(self.servers)

    def __str__(self) -> str:
        if self.has_given_up or not self.has_asked:
            return "GAVE UP" if self.has_given_up else "IDLE"
        told = ", ".join(f"{server} {'new' if is_new else 'old'}" for server, is_new in sorted(self.values))
        return f"READ {told}" if told else "READING"


# What is promised.


@always
def no_fractured_read(world: World) -> Any:
    """Who has read all items has seen the transaction everywhere or nowhere."""
    for reader in world.nodes(Reader):
        seen = {is_new for _, is_new in reader.values}
        if reader.has_read_all and len(seen) > 1:
            return broken(f"{reader.id} has read new and old", reader)
    return True


@every_step
def durability(before: World, action: Action, after: World) -> Any:
    """What was written stays written, also through a crash."""
    for was, now in zip(before.nodes(Server), after.nodes(Server), strict=True):
        if was.is_new and not now.is_new:
            return broken(f"{was.id} has lost what it had written", now)
    return True


@possible
def the_new_is_read(world: World) -> bool:
    """A reader can see what the transaction has written."""
    return any(
        reader.has_read_all and all(is_new for _, is_new in reader.values) for reader in world.nodes(Reader)
    )


@possible
def a_distributed_deadlock(world: World) -> bool:
    """A reader and the writer can each have one item locked, and wait for the other's."""
    prepared = {server.id for server in world.nodes(Server) if server.phase is Phase.PREPARED}
    asked = {envelope.to for envelope in world.in_flight(Prepare)}
    for reader in world.nodes(Reader):
        waiting = {envelope.to for envelope in world.in_flight(Read) if envelope.sender == reader.id}
        held = {server.id for server in world.nodes(Server) if reader.id in server.readers}
        if waiting & prepared and held & asked:
            return True
    return False


def all_ask(world: World) -> bool:
    """All readers have begun."""
    return all(reader.has_asked for reader in world.nodes(Reader))


@leads_to(all_ask)
def reads_end(world: World) -> Any:
    """Who reads has read everything in the end, or crashes: a deadlock is broken by the coordinator's time-out."""
    for reader in world.live(Reader):
        if not reader.has_read_all and not reader.has_given_up:
            return broken(f"{reader.id} reads for ever", reader)
    return True


@frozen
class Acid(Protocol):
    """A transaction over several servers beside readers of all: two-phase commit with strict two-phase locking."""

    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {
        "COMMITTED": "good",
        "ABORTED": "stop",
        "WAITING": "wait",
        "PREPARED": "near",
        "READING": "wait",
        "READ": "near",
        "GAVE": "stop",
        "IDLE": "idle",
    }
    server_class: ClassVar[type[Server]] = Server

    servers: int = parameter(2, help="how many servers keep an item each", at_least=1)
    readers: int = parameter(1, help="how many transactions read all items", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        servers, readers = self.names
        return {
            "C": Coordinator(participants=frozenset(servers)),
            **{name: self.server_class(coordinator="C") for name in servers},
            **{name: Reader(frozenset(servers)) for name in readers},
        }

    @property
    def names(self) -> tuple[list[NodeId], list[NodeId]]:
        """The names of the servers and the readers."""
        return [f"S{k}" for k in range(1, self.servers + 1)], [f"R{k}" for k in range(1, self.readers + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return self.names

    def promises(self) -> Iterable[Property]:
        return [agreement, no_fractured_read, durability, the_new_is_read, reads_end]


# Variants. Each is the protocol above with one deviation.


class Unlocked(Server):
    """Answers at once with what is committed."""

    @on(Prepare)
    def cast_vote(self) -> Steps:
        return Participant.cast_vote(self)

    @on(Read)
    def read(self, _: Read, reader: NodeId) -> Steps:
        return self.send(reader, Value(self.is_new))

    @on(Unlock)
    def unlock(self, _: Unlock, reader: NodeId) -> Steps:
        return self.stay()


class AsNoted(Acid):
    """The notes' reading: two-phase commit makes a transaction ACID. Nothing is locked: a reader sees half of it."""

    variant = "as-noted"
    server_class = Unlocked


class Guarded(Unlocked):
    """Lets nobody read between its vote and the decision."""

    @on(Read)
    def read(self, _: Read, reader: NodeId) -> Steps:
        return LATER if self.phase is Phase.PREPARED else self.send(reader, Value(self.is_new))


class OnlyPreparedLocked(Acid):
    """Wrong: items are locked from vote to decision, but readers lock nothing: one may read before and after it."""

    variant = "only-prepared-locked"
    server_class = Guarded


@frozen
class Forgetting(Server, ForgetfulParticipant):
    """Keeps its vote and what it wrote in memory only."""

    phase: Phase = volatile(Phase.INITIAL)


class VolatileLog(Acid):
    """Wrong: votes and writes are not on disk, so that a crash takes back what was committed."""

    variant = "volatile-log"
    server_class = Forgetting


class Patient(Coordinator):
    """Waits for every vote, however long that takes."""

    stop_waiting = REMOVED


class NoTimeOut(Acid):
    """Wrong: locks, but no time-out: a reader and the writer that wait for each other wait for ever."""

    variant = "no-time-out"

    def nodes(self) -> dict[NodeId, Node]:
        servers, _ = self.names
        return {**super().nodes(), "C": Patient(participants=frozenset(servers))}
