"""ABD: a register that one writes and several read, kept by servers of which a minority may crash.

Every server keeps a value with a tag. To write, the writer gives the value the next tag and waits until a majority of
the servers has stored it. To read, a reader asks a majority for what they have and takes the value with the highest
tag; before it returns that, it stores it at a majority itself, so that no later reader can find an older one.

Attiya, Bar-Noy & Dolev, "Sharing memory robustly in message-passing systems" (1995), section 3; several writers as in
Lynch & Shvartsman, "Robust emulation of shared memory using dynamic quorum-acknowledged broadcasts" (1997). Tags are
not bounded here, as in the first of the protocols of 1995.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, broken, every_step, possible, recoverable
from everyway.invariants.consistency import (
    Call,
    Gone,
    Invoked,
    Linearizability,
    Register,
    Returned,
    is_linearizable,
)
from everyway.models.language import (
    REMOVED,
    Action,
    Event,
    Kind,
    Message,
    Node,
    NodeId,
    Observer,
    Protocol,
    Step,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    volatile,
)


@frozen
class Version:
    """A value with its tag: a number, and the name of who wrote it, which decides between equal numbers."""

    number: int
    writer: NodeId
    value: str

    @property
    def tag(self) -> tuple[int, NodeId]:
        """What versions are compared by."""
        return self.number, self.writer

    def __str__(self) -> str:
        return f"{self.value} (tag {self.number})"


FIRST = Version(0, "", "0")
"""What the register holds at the start."""


@frozen
class Ask(Message):
    """Which version do you have?"""

    round: int
    """Which of the sender's rounds this belongs to, so that a late answer is not taken for one to a later question."""

    def __str__(self) -> str:
        return "ask"


@frozen
class Have(Message):
    """This is the version that I have."""

    round: int
    version: Version

    def __str__(self) -> str:
        return f"have {self.version}"


@frozen
class Store(Message):
    """Store this version, unless you have a newer one."""

    round: int
    version: Version

    def __str__(self) -> str:
        return f"store {self.version}"


@frozen
class Stored(Message):
    """I have that version, or a newer one."""

    round: int

    def __str__(self) -> str:
        return "stored"


@frozen
class Server(Node):
    """Keeps the newest version that it has heard of."""

    version: Version = durable(FIRST)

    @on(Ask)
    def tell(self, ask: Ask, client: NodeId) -> Steps:
        return self.send(client, Have(ask.round, self.version))

    @on(Store)
    def store(self, store: Store, client: NodeId) -> Steps:
        """Store a version and acknowledge it; a version that comes too late is acknowledged too."""
        kept = store.version if self.is_newer(store.version) else self.version
        return self.become(version=kept).send(client, Stored(store.round))

    def is_newer(self, version: Version) -> bool:
        """Return whether a version takes the place of the one that is kept."""
        return version.tag > self.version.tag

    def __str__(self) -> str:
        return str(self.version)


class Phase(Enum):
    """How far a client's operation has come."""

    IDLE = "idle"
    ASKING = "asking"
    STORING = "storing"


@frozen
class Client(Node):
    """Runs operations one by one, each in one or two rounds; a round lasts until a quorum has answered."""

    servers: frozenset[NodeId]
    quorum: int
    store_quorum: int
    """How many servers must have stored a version."""
    operations: int
    """How many operations it runs in all."""
    begun: int = durable(0)
    """How many of them it has begun."""
    round: int = durable(0)
    phase: Phase = volatile(Phase.IDLE)
    answered: frozenset[NodeId] = volatile(frozenset())
    newest: Version = volatile(FIRST)
    """While it asks, the newest version that it has heard of; while it stores, the version that it stores."""

    @property
    def can_begin(self) -> bool:
        """Whether it can begin an operation."""
        return self.phase is Phase.IDLE and self.begun < self.operations

    def store(self, version: Version, **changes: Any) -> Step:
        """Begin the round in which a version is stored."""
        storing = self.become(
            phase=Phase.STORING,
            round=self.round + 1,
            answered=frozenset(),
            newest=version,
            **changes,
        )
        return storing.send(self.servers, Store(self.round + 1, version))

    @on(Stored)
    def count_stored(self, stored: Stored, server: NodeId) -> Steps:
        if self.phase is not Phase.STORING or stored.round != self.round:
            return None
        answered = self.answered | {server}
        if len(answered) < self.store_quorum:
            return self.become(answered=answered)
        return self.finish(self.newest)

    def finish(self, version: Version) -> Step:
        """End the operation."""
        raise NotImplementedError

    def end(self, **changes: Any) -> Step:
        """Return the step to where the next operation can begin."""
        return self.become(phase=Phase.IDLE, answered=frozenset(), newest=FIRST, **changes)


@frozen
class Asking(Client):
    """A client that asks the servers before it stores."""

    def ask(self) -> Step:
        """Begin an operation by asking the servers for what they have."""
        asking = self.become(
            phase=Phase.ASKING,
            begun=self.begun + 1,
            round=self.round + 1,
        )
        return asking.send(self.servers, Ask(self.round + 1))

    @on(Have)
    def count_answer(self, have: Have, server: NodeId) -> Steps:
        if self.phase is not Phase.ASKING or have.round != self.round:
            return None
        answered = self.answered | {server}
        newest = max(self.newest, have.version, key=lambda version: version.tag)
        if len(answered) < self.quorum:
            return self.become(answered=answered, newest=newest)
        return self.go_on(newest)

    def go_on(self, newest: Version) -> Step:
        """Go on once a quorum has told what it has."""
        raise NotImplementedError


@frozen
class Reader(Asking):
    """Reads."""

    role: ClassVar[str] = "reader"

    has_read: str = volatile("")
    """What its last read returned."""

    @choice
    def read(self) -> Steps:
        """Ask the servers for what they have."""
        if self.can_begin:
            return self.ask()

    def go_on(self, newest: Version) -> Step:
        """Write back: store the version at a quorum before it is returned."""
        return self.store(newest).named(f"write {newest.value} back")

    def finish(self, version: Version) -> Step:
        return self.end(has_read=version.value).named(f"return {version.value}")

    def __str__(self) -> str:
        return f"READ {self.has_read}" if self.phase is Phase.IDLE and self.has_read else self.phase.name


@frozen
class Writer(Client):
    """Writes one value after the other. As it is the only one, it knows the highest tag: that of its last value."""

    role: ClassVar[str] = "writer"

    values: tuple[str, ...] = ()

    @choice
    def write(self) -> Steps:
        """Store the next value under the next tag."""
        if self.can_begin:
            return self.begin().named(f"write {self.values[self.begun]}")

    def begin(self) -> Step:
        """Begin to write the next value."""
        version = Version(self.begun + 1, self.id, self.values[self.begun])
        return self.store(version, begun=self.begun + 1)

    def finish(self, version: Version) -> Step:
        return self.end().named(f"{version.value} is written")


# What is promised.


def calls(event: Event) -> Iterator[Invoked | Returned | Gone]:
    """Yield which operations begin and end in a step."""
    before, after = event.before, event.after
    if not isinstance(before, Client) or not isinstance(after, Client):
        return
    if event.action.handler == "read":
        yield Invoked(Call(after.id, "read"))
    elif event.action.handler == "write" and isinstance(after, Writer):
        yield Invoked(Call(after.id, "write", after.values[before.begun]))
    if event.kind is Kind.CRASH or event.action.crashed:
        yield Gone(after.id)
    elif before.phase is not Phase.IDLE and after.phase is Phase.IDLE:
        yield Returned(after.id, after.has_read if isinstance(after, Reader) else None)


@every_step
def versions_only_grow(before: World, action: Action, after: World) -> Any:
    """No server goes back to an older version."""
    for was, now in zip(before.nodes(Server), after.nodes(Server), strict=True):
        if now.version.tag < was.version.tag:
            return broken(f"{now.id} had {was.version}, and now {now.version}", now)
    return True


@possible
def a_value_is_read(world: World) -> bool:
    """A reader can return a value that was written."""
    return any(reader.has_read not in ("", FIRST.value) for reader in world.nodes(Reader))


@recoverable
def operations_can_end(world: World) -> Any:
    """Whatever happens, every client that is up can still end all its operations."""
    for client in world.live(Client):
        if client.phase is not Phase.IDLE or client.can_begin:
            return broken(f"{client.id}, which is {client.phase.value}, can never end its operations", client)
    return True


@frozen
class Abd(Protocol):
    """A register kept by servers of which a minority may crash; one client writes, several read."""

    name: ClassVar[str] = "abd"
    tones: ClassVar[dict[str, str]] = {"IDLE": "idle", "ASKING": "wait", "STORING": "near"} | {
        f"READ {value}": "good" for value in (FIRST.value, "a1", "a2", "b1", "b2")
    }
    server_class: ClassVar[type[Server]] = Server
    writer_class: ClassVar[type[Writer]] = Writer
    reader_class: ClassVar[type[Reader]] = Reader

    servers: int = parameter(3, help="how many servers keep the register", at_least=1)
    readers: int = parameter(1, help="how many readers there are", at_least=0)
    reads: int = parameter(2, help="how often each reader reads", at_least=1)
    writes: int = parameter(1, help="how often each writer writes", at_least=1)

    @property
    def quorum(self) -> int:
        """How many servers are asked."""
        return self.servers // 2 + 1

    @property
    def store_quorum(self) -> int:
        """How many servers must have stored a version."""
        return self.quorum

    @property
    def writer_count(self) -> int:
        """How many writers there are."""
        return 1

    def nodes(self) -> dict[NodeId, Node]:
        servers = frozenset(self.server_names)
        readers = {
            name: self.reader_class(servers, self.quorum, self.store_quorum, self.reads)
            for name in self.reader_names
        }
        return (
            {f"W{k}": self.writer(k, servers) for k in range(1, self.writer_count + 1)}
            | readers
            | {name: self.server_class() for name in self.server_names}
        )

    def writer(self, number: int, servers: frozenset[NodeId]) -> Writer:
        """Return a writer, whose values are a1, a2, ... for the first, b1, b2, ... for the second."""
        values = tuple(f"{chr(ord('a') + number - 1)}{k}" for k in range(1, self.writes + 1))
        return self.writer_class(servers, self.quorum, self.store_quorum, self.writes, values=values)

    @property
    def server_names(self) -> list[NodeId]:
        """The servers' names."""
        return [f"S{k}" for k in range(1, self.servers + 1)]

    @property
    def reader_names(self) -> list[NodeId]:
        """The readers' names."""
        return [f"R{k}" for k in range(1, self.readers + 1)]

    def observers(self) -> dict[str, Observer]:
        return {"history": Linearizability(Register(FIRST.value), calls)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.server_names, self.reader_names]

    def promises(self) -> Iterable[Property]:
        shared = [is_linearizable(), versions_only_grow, operations_can_end]
        return [*shared, a_value_is_read] if self.readers else shared


# Variants. Each is the protocol above with one deviation.


class HastyReader(Reader):
    """Returns what it has found, and stores nothing."""

    count_stored = REMOVED

    def go_on(self, newest: Version) -> Step:
        return self.finish(newest)


class NoWriteBack(Abd):
    """Wrong: a reader returns what it finds without storing it; a later read may find the older value again."""

    variant = "no-write-back"
    reader_class = HastyReader


@frozen
class HalfQuorum(Abd):
    """Wrong: half of the servers are enough; two halves need not meet, so a read misses a write that has ended."""

    variant: ClassVar[str] = "half-quorum"

    servers: int = parameter(2, help="how many servers keep the register", at_least=2)
    readers: int = parameter(1, help="how many readers there are", at_least=0)
    reads: int = parameter(1, help="how often each reader reads", at_least=1)
    writes: int = parameter(1, help="how often each writer writes", at_least=1)

    @property
    def quorum(self) -> int:
        return (self.servers + 1) // 2


class ObedientServer(Server):
    """Stores what comes, in the order in which it comes."""

    def is_newer(self, version: Version) -> bool:
        return True


class NoTagCheck(Abd):
    """Wrong: a server stores whatever comes last, so a late message brings back an old value."""

    variant = "no-tag-check"
    server_class = ObedientServer


@frozen
class ForgetfulServer(Server):
    """Keeps its version in memory only."""

    version: Version = volatile(FIRST)


@frozen
class ForgetOnCrash(Abd):
    """Wrong: servers keep the value in memory; it takes a crash and a restart of a server to lose a write."""

    variant: ClassVar[str] = "forget-on-crash"
    server_class: ClassVar[type[Server]] = ForgetfulServer

    servers: int = parameter(3, help="how many servers keep the register", at_least=1)
    readers: int = parameter(1, help="how many readers there are", at_least=0)
    reads: int = parameter(1, help="how often each reader reads", at_least=1)
    writes: int = parameter(1, help="how often each writer writes", at_least=1)


@frozen
class WriteAll(Abd):
    """Read one, write all: as safe, with one answer to a question; but one crash of a server blocks everybody."""

    variant: ClassVar[str] = "write-all"

    servers: int = parameter(3, help="how many servers keep the register", at_least=1)
    readers: int = parameter(1, help="how many readers there are", at_least=0)
    reads: int = parameter(1, help="how often each reader reads", at_least=1)
    writes: int = parameter(1, help="how often each writer writes", at_least=1)

    @property
    def quorum(self) -> int:
        return 1

    @property
    def store_quorum(self) -> int:
        return self.servers


@frozen
class AskingWriter(Asking, Writer):
    """Asks the servers for the highest tag before it takes the next one."""

    def begin(self) -> Step:
        return self.ask()

    def go_on(self, newest: Version) -> Step:
        value = self.values[self.begun - 1]
        return self.store(Version(newest.number + 1, self.id, value)).named(f"store {value}")


@frozen
class MultiWriter(Abd):
    """Several writers (Lynch & Shvartsman 1997): each first asks a quorum for the highest tag."""

    variant: ClassVar[str] = "multi-writer"
    writer_class: ClassVar[type[Writer]] = AskingWriter

    servers: int = parameter(2, help="how many servers keep the register", at_least=1)
    readers: int = parameter(1, help="how many readers there are", at_least=0)
    reads: int = parameter(1, help="how often each reader reads", at_least=1)
    writes: int = parameter(1, help="how often each writer writes", at_least=1)
    writers: int = parameter(2, help="how many writers there are", at_least=1)

    @property
    def writer_count(self) -> int:
        return self.writers


class OwnCount(MultiWriter):
    """Wrong: with several writers, each counts only its own writes; a new value may come under an older tag."""

    variant = "own-count"
    writer_class = Writer


class NamelessWriter(AskingWriter):
    """Leaves its name out of the tag."""

    def store(self, version: Version, **changes: Any) -> Step:
        return super().store(Version(version.number, "", version.value), **changes)


class NoTieBreak(MultiWriter):
    """Wrong: with several writers, tags are bare numbers, so two values are the newest; it takes two reads to tell."""

    variant = "no-tie-break"
    writer_class = NamelessWriter
