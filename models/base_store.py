"""A replicated store that is basically available, of soft state, and eventually consistent (BASE).

Every replica takes writes on its own, answers at once, and tells the others later. What a replica shows when it has
heard of several writes is a matter of how they are merged: here the one with the latest time stamp wins, where stamps
are Lamport clocks with the replica's name to break ties.

Pritchett, "BASE: an ACID alternative" (ACM Queue 2008); Vogels, "Eventually consistent" (CACM 2009); Shapiro, Preguiça,
Baquero & Zawirski, "Conflict-free replicated data types" (SSS 2011), sections 2 and 3, for strong eventual consistency;
Terry, Demers, Petersen, Spreitzer, Theimer & Welch, "Session guarantees for weakly consistent replicated data" (PDIS
1994), for what a session may rely on, in ``SessionStore``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import (
    Property,
    always,
    broken,
    eventually_always,
    leads_to,
    possible,
    recoverable,
)
from everyway.invariants.consistency import (
    Call,
    Invoked,
    Recording,
    Returned,
    keeps_guarantee,
    monotonic_reads,
    read_your_writes,
)
from everyway.models.language import (
    LATER,
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
    on,
    parameter,
    volatile,
)


@frozen(order=True)
class Write:
    """A write: when it was done by the clock of its replica, and which writes that replica had seen."""

    time: int
    replica: NodeId
    number: int
    past: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The write's name."""
        return f"{self.replica}.{self.number}"

    def __str__(self) -> str:
        return f"{self.name} at {self.time}"


Shown = frozenset[Write]
"""What a replica shows: no write, one, or where nothing is overwritten, all."""


def latest(old: Shown, new: Shown) -> Shown:
    """Return the write with the latest stamp."""
    return frozenset([max(old | new)]) if old | new else old


def last_to_arrive(old: Shown, new: Shown) -> Shown:
    """Return what came last."""
    return new or old


def union(old: Shown, new: Shown) -> Shown:
    """Return all writes."""
    return old | new


@frozen
class Update(Message):
    """A write that a replica has taken."""

    write: Write

    def __str__(self) -> str:
        return f"update {self.write}"


@frozen
class Replica(Node):
    """Takes writes, and tells the others."""

    others: frozenset[NodeId]
    writes_left: int = volatile(1)
    clock: int = volatile(0)
    seen: frozenset[Write] = volatile(frozenset())
    shown: Shown = volatile(frozenset())

    @choice
    def write(self) -> Steps:
        if self.writes_left:
            number = sum(one.replica == self.id for one in self.seen) + 1
            write = Write(self.clock + 1, self.id, number, tuple(sorted(one.name for one in self.seen)))
            written = self.become(
                writes_left=self.writes_left - 1,
                clock=self.clock + 1,
                seen=self.seen | {write},
                shown=self.merge(self.shown, frozenset([write])),
            )
            return written.send(self.others, Update(write)).named(f"write {write}")

    @on(Update)
    def apply(self, message: Update) -> Steps:
        write = message.write
        if write not in self.seen:
            return self.become(
                clock=self.clock_after(write),
                seen=self.seen | {write},
                shown=self.merge(self.shown, frozenset([write])),
            )

    def clock_after(self, write: Write) -> int:
        """Return the clock once a write was heard of: never behind it (Lamport 1978)."""
        return max(self.clock, write.time)

    def merge(self, old: Shown, new: Shown) -> Shown:
        """Return what is shown once ``new`` has come."""
        return latest(old, new)

    def __str__(self) -> str:
        return " ".join(sorted(write.name for write in self.shown)) or "EMPTY"


# What is promised.


def all_equal(world: World) -> bool:
    """All replicas show the same."""
    return len({replica.shown for replica in world.nodes(Replica)}) == 1


def writing_is_over(world: World) -> bool:
    """No more writes will come."""
    return not any(replica.writes_left for replica in world.nodes(Replica))


@possible
def soft_state(world: World) -> bool:
    """Two replicas can show different things, for a while."""
    return not all_equal(world)


eventual: Property = leads_to(writing_is_over, eventually_always(all_equal), name="eventual")
"""Once no more writes come, all replicas show the same at last, and for ever."""


@always
def strong_eventual_consistency(world: World) -> Any:
    """Replicas that have seen the same writes show the same, whatever the order in which they came."""
    for one, other in itertools.combinations(world.nodes(Replica), 2):
        if one.seen == other.seen and one.shown != other.shown:
            return broken(
                f"{one.id} and {other.id} have seen the same, and show different things", [one, other]
            )
    return True


@always
def no_lost_update(world: World) -> Any:
    """A write is not overwritten by one that its writer had seen."""
    for replica in world.nodes(Replica):
        for write in sorted(replica.seen - replica.shown):
            if {one.name for one in replica.shown} <= set(write.past):
                return broken(f"{replica.id} has {write.name}, which came after what it shows", replica)
    return True


@possible
def a_concurrent_write_is_lost(world: World) -> bool:
    """All replicas have seen all writes, and a write that was done is shown by none."""
    replicas = world.nodes(Replica)
    written = replicas[0].seen
    shown = {write for replica in replicas for write in replica.shown}
    return all(replica.seen == written for replica in replicas) and bool(written - shown)


@possible
def every_write_has_arrived(world: World) -> bool:
    """All writes can reach all replicas."""
    return writing_is_over(world) and not world.in_flight(Update)


@frozen
class BaseStore(Protocol):
    """Replicas that take writes on their own; of those they hear of, the latest wins."""

    name: ClassVar[str] = "base-store"
    tones: ClassVar[dict[str, str]] = {"EMPTY": "idle"}
    replica_class: ClassVar[type[Replica]] = Replica

    replicas: int = parameter(3, help="how many replicas there are", at_least=2)
    writes: int = parameter(1, help="how many writes each replica takes", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = frozenset(self.names)
        return {name: self.replica(name, names - {name}) for name in self.names}

    def replica(self, name: NodeId, others: frozenset[NodeId]) -> Replica:
        """Return a replica at the start."""
        return self.replica_class(others, self.writes)

    @property
    def names(self) -> list[NodeId]:
        """The replicas' names."""
        return [f"R{k}" for k in range(1, self.replicas + 1)]

    def promises(self) -> Iterable[Property]:
        return [
            strong_eventual_consistency,
            no_lost_update,
            soft_state,
            every_write_has_arrived,
            eventual,
        ]


# Variants. Each is the protocol above with one deviation.


class ArrivalReplica(Replica):
    """Shows what came last."""

    def merge(self, old: Shown, new: Shown) -> Shown:
        return last_to_arrive(old, new)


class Arrival(BaseStore):
    """Wrong: what comes last wins, which is another write at each replica."""

    variant = "arrival"
    replica_class = ArrivalReplica


class AsNoted(Arrival):
    """The study notes' telling: updates spread until all are alike, and of how they are merged nothing is said."""

    variant = "as-noted"


class UnionReplica(Replica):
    """Shows all writes."""

    def merge(self, old: Shown, new: Shown) -> Shown:
        return union(old, new)


class Crdt(BaseStore):
    """Nothing is overwritten: a replica shows the set of all writes that it has heard of."""

    variant = "crdt"
    replica_class = UnionReplica


class SkewedReplica(Replica):
    """Goes by a clock of its own, whatever others have."""

    def clock_after(self, write: Write) -> int:
        return self.clock


class LwwSkewed(BaseStore):
    """Wrong: stamps are from clocks that run apart, and what was seen wins over the write that was to replace it."""

    variant = "lww-skewed"
    replica_class = SkewedReplica

    def replica(self, name: NodeId, others: frozenset[NodeId]) -> Replica:
        ahead = 10 if name == "R1" else 0
        return self.replica_class(others, self.writes, clock=ahead)


class Tick(Message):
    """One more write, of endlessly many."""


class Ticked(Message):
    """The write has arrived."""


@frozen
class Source(Node):
    """Writes for ever, and is at most two writes ahead of its copy."""

    copy: NodeId
    shown: int = volatile(0)
    """The last write, of numbers that start again after 2."""
    ahead: int = volatile(0)

    @choice
    def write(self) -> Steps:
        if self.ahead < 2:
            return self.become(shown=(self.shown + 1) % 3, ahead=self.ahead + 1).send(self.copy, Tick())

    @on(Ticked)
    def note_arrival(self) -> Steps:
        return self.become(ahead=self.ahead - 1)

    def __str__(self) -> str:
        return f"SHOWS {self.shown}"


@frozen
class Copy(Node):
    """Follows the source."""

    shown: int = volatile(0)

    @on(Tick)
    def apply(self, _: Tick, source: NodeId) -> Steps:
        return self.become(shown=(self.shown + 1) % 3).send(source, Ticked())

    def __str__(self) -> str:
        return f"SHOWS {self.shown}"


def copies_differ(world: World) -> bool:
    """The copy does not show what the source shows."""
    return not copies_agree(world)


def copies_agree(world: World) -> bool:
    """The copy shows what the source shows."""
    (source,), (copy,) = world.nodes(Source), world.nodes(Copy)
    return source.shown == copy.shown


no_quiescence: Property = leads_to(copies_differ, copies_agree, name="no quiescence")
"""Where the copy differs from the source, it agrees at last: not true while writes go on."""


class Endless(BaseStore):
    """Writes never stop, and a copy may never show what its source shows: nothing was promised but for an end."""

    variant = "endless"
    network = Network.FIFO

    def nodes(self) -> dict[NodeId, Node]:
        return {"R1": Source("R2"), "R2": Copy()}

    def promises(self) -> Iterable[Property]:
        return [no_quiescence, recoverable(copies_agree), possible(copies_differ)]


# The laws of merging.


Merge = Callable[[Shown, Shown], Shown]


def broken_laws(merge: Merge, shown: Sequence[Shown]) -> set[str]:
    """Return which laws of a join a way to merge breaks, of what replicas may show: none, and they agree at last."""
    found: set[str] = set()
    for a, b in itertools.product(shown, repeat=2):
        if merge(a, b) != merge(b, a):
            found.add("commutative")
        if merge(a, merge(a, b)) != merge(a, b):
            found.add("inflationary")
        if merge(a, a) != a:
            found.add("idempotent")
        for c in shown:
            if merge(merge(a, b), c) != merge(a, merge(b, c)):
                found.add("associative")
    return found


# What a session may rely on.


@frozen
class Put(Message):
    """Write this version."""

    version: int

    def __str__(self) -> str:
        return f"write {self.version}"


class Stored(Message):
    """It is written."""


@frozen
class Get(Message):
    """What do you have? Not older than this version, please."""

    at_least: int

    def __str__(self) -> str:
        return f"read, at least {self.at_least}" if self.at_least else "read"


@frozen
class Got(Message):
    """This is what I have."""

    version: int

    def __str__(self) -> str:
        return f"has {self.version}"


@frozen
class Spread(Message):
    """There is a newer version."""

    version: int

    def __str__(self) -> str:
        return f"there is {self.version}"


@frozen
class Keeper(Node):
    """A replica of one value, of which there are versions by one writer."""

    others: frozenset[NodeId]
    version: int = volatile(0)

    @on(Put)
    def store(self, message: Put, client: NodeId) -> Steps:
        newest = max(self.version, message.version)
        return self.become(version=newest).send(client, Stored()).send(self.others, Spread(message.version))

    @on(Get)
    def answer(self, message: Get, client: NodeId) -> Steps:
        """Answer if what is here is new enough; otherwise the read waits."""
        return LATER if self.version < message.at_least else self.send(client, Got(self.version))

    @on(Spread)
    def apply(self, message: Spread) -> Steps:
        if message.version > self.version:
            return self.become(version=message.version)

    def __str__(self) -> str:
        return f"HAS {self.version}"


@frozen
class Client(Node):
    """A session: writes and reads at any replica, one after the other, and carries the newest version it has met."""

    replicas: tuple[NodeId, ...]
    writes_left: int = volatile(1)
    reads_left: int = volatile(2)
    written: int = volatile(0)
    met: int = volatile(0)
    waits: bool = volatile(False)

    @choice
    def write(self) -> Steps:
        if self.writes_left and not self.waits:
            version = self.written + 1
            for replica in self.replicas:
                asked = self.become(waits=True, writes_left=self.writes_left - 1, written=version)
                yield asked.send(replica, Put(version)).named(f"write at {replica}")

    @choice
    def read(self) -> Steps:
        if self.reads_left and not self.waits:
            for replica in self.replicas:
                asked = self.become(waits=True, reads_left=self.reads_left - 1)
                yield asked.send(replica, Get(self.at_least())).named(f"read at {replica}")

    def at_least(self) -> int:
        """Return the version that must not be missed."""
        return self.met

    @on(Stored)
    def note_written(self) -> Steps:
        return self.become(waits=False, met=max(self.met, self.written))

    @on(Got)
    def note_read(self, message: Got) -> Steps:
        return self.become(waits=False, met=max(self.met, message.version))

    def __str__(self) -> str:
        return f"{'WAITS' if self.waits else 'KNOWS'} {self.met}"


def calls(event: Event) -> Iterator[Invoked | Returned]:
    """Yield which operations a step begins and ends."""
    if event.node is None or not isinstance(event.after, Client):
        return
    if event.action.handler == "write":
        yield Invoked(Call(event.node, "write", event.after.written))
    elif event.action.handler == "read":
        yield Invoked(Call(event.node, "read"))
    elif isinstance(event.message, Stored):
        yield Returned(event.node)
    elif isinstance(event.message, Got):
        yield Returned(event.node, event.message.version)


reads_own_writes: Property = keeps_guarantee(read_your_writes, name="read your writes")
reads_never_go_back: Property = keeps_guarantee(monotonic_reads, name="monotonic reads")


@possible
def sessions_end(world: World) -> bool:
    """Every session can do all it wants to, and be answered."""
    return all(not one.writes_left and not one.reads_left and not one.waits for one in world.nodes(Client))


@recoverable
def every_read_is_answered(world: World) -> bool:
    """No session waits for ever: what it has seen elsewhere will come."""
    return not any(client.waits for client in world.nodes(Client))


@frozen
class SessionStore(Protocol):
    """Sessions that roam between replicas, and carry the newest version they have met, so as not to go back."""

    name: ClassVar[str] = "session-store"
    client_class: ClassVar[type[Client]] = Client

    replicas: int = parameter(2, help="how many replicas there are", at_least=1)
    writes: int = parameter(1, help="how often the first session writes", at_least=0)
    reads: int = parameter(2, help="how often each session reads", at_least=0)
    readers: int = parameter(1, help="how many sessions only read", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        names = tuple(f"R{k}" for k in range(1, self.replicas + 1))
        keepers: dict[NodeId, Node] = {name: Keeper(frozenset(names) - {name}) for name in names}
        clients: dict[NodeId, Node] = {"C": self.client(names, self.writes)}
        return {**clients, **{f"D{k}": self.client(names, 0) for k in range(1, self.readers + 1)}, **keepers}

    def client(self, replicas: tuple[NodeId, ...], writes: int) -> Client:
        """Return a session at the start."""
        return self.client_class(replicas, writes, self.reads)

    def observers(self) -> dict[str, Observer]:
        return {"history": Recording(calls, keeps_time=True)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [[f"D{k}" for k in range(1, self.readers + 1)]] if self.readers > 1 else []

    def promises(self) -> Iterable[Property]:
        return [reads_own_writes, reads_never_go_back, sessions_end, every_read_is_answered]


class RoamingClient(Client):
    """Takes what it gets."""

    def at_least(self) -> int:
        return 0


class Roaming(SessionStore):
    """Wrong: sessions roam between replicas and carry nothing; the next one may not have what the last one had."""

    variant = "roaming"
    client_class = RoamingClient


class Sticky(SessionStore):
    """Sessions carry nothing, but each stays with one replica."""

    variant = "sticky"
    client_class = RoamingClient

    def client(self, replicas: tuple[NodeId, ...], writes: int) -> Client:
        home = replicas[0] if writes else replicas[-1]
        return self.client_class((home,), writes, self.reads)
