"""Replicated data types that converge by themselves: a counter, a set and a map.

Each replica takes updates without asking anybody, and tells the others its state now and then; they merge it into
theirs. A state only grows in a partial order, and merging gives the least upper bound: so it matters neither in which
order states arrive, nor how often, nor how many are lost, as long as some later one arrives. Replicas that have seen
the same updates show the same value.

Shapiro, Preguica, Baquero & Zawirski, "Conflict-free replicated data types" (2011), and "A comprehensive study of
convergent and commutative replicated data types" (2011): the PN-counter is its specification 7, the observed-remove set
its specification 15; the map keeps a last-writer-wins register (specification 8) for each key.

The network is a set: whatever was sent may arrive late, again, or never. Promises over time need no more than that what
stays in flight arrives at last.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import Any, ClassVar
from typing import Protocol as Interface

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, eventually_always, possible
from everyway.invariants.consistency import converged
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
from everyway.models.language.naming import shown


@frozen
class Update:
    """One update, as the promises speak of it: who made it, what it does, and what its replica had seen by then."""

    replica: NodeId
    number: int
    words: str
    after: frozenset[Update] = frozenset()

    @property
    def name(self) -> str:
        """A name that no other update has."""
        return f"{self.replica}.{self.number}"

    def __str__(self) -> str:
        return f"{self.words} ({self.name})"


Seen = frozenset[Update]
"""The updates that a replica has seen: its own, and what others had seen when they told it their states."""


class Payload(Interface):
    """What a replica keeps. Every method returns something; none changes anything."""

    def updates(self, replica: NodeId, number: int) -> Iterable[tuple[str, Any]]:
        """Return the updates that a replica may make next, in words, each with the state after it."""
        ...

    def merge(self, other: Any) -> Any:
        """Return the least upper bound of this state and another."""
        ...

    @property
    def value(self) -> Hashable:
        """What a reader sees."""
        ...

    def flaw(self, seen: Seen) -> str:
        """Return what is wrong with the value, given the updates that were seen; nothing if it is what they make."""
        ...


@frozen
class State(Message):
    """This is my state; merge it into yours."""

    payload: Payload
    seen: Seen
    """What the state comes from. Only the promises look at it."""

    def __str__(self) -> str:
        return f"state {shown(self.payload.value)}"


@frozen
class Replica(Node):
    """Updates its state of its own accord, tells it to the others after every change, and merges what they tell."""

    peers: frozenset[NodeId]
    updates: int
    """How many updates it makes."""
    payload: Payload = durable()
    seen: Seen = durable(frozenset())
    """What the state comes from. Only the promises look at it."""
    has_news: bool = durable(False)
    """Whether its state has changed since it last told it."""

    @choice
    def update(self) -> Steps:
        """Change the own state without asking anybody."""
        number = sum(one.replica == self.id for one in self.seen) + 1
        if number <= self.updates:
            for words, payload in self.payload.updates(self.id, number):
                seen = self.seen | {Update(self.id, number, words, self.seen)}
                yield self.become(payload=payload, seen=seen, has_news=True).named(words).because(words)

    @choice
    def tell(self) -> Steps:
        """Send the own state to all others."""
        if self.has_news:
            return self.become(has_news=False).send(self.peers, State(self.payload, self.seen))

    @on(State)
    def merge(self, state: State) -> Steps:
        payload, seen = self.payload.merge(state.payload), self.seen | state.seen
        if (payload, seen) != (self.payload, self.seen):
            return self.become(payload=payload, seen=seen, has_news=True)

    def __str__(self) -> str:
        return shown(self.payload.value)


# What is promised.


@always
def strong_convergence(world: World) -> Any:
    """Two replicas that have seen the same updates show the same value."""
    for one, other in combinations(world.nodes(Replica), 2):
        if one.seen == other.seen and one.payload.value != other.payload.value:
            told = (
                f"{one.id} shows {one} and {other.id} shows {other}, though both have seen the same updates"
            )
            return broken(told, [one, other])
    return True


@always
def nothing_is_made_up(world: World) -> Any:
    """What a replica shows is what the updates that it has seen make."""
    for replica in world.nodes(Replica):
        flaw = replica.payload.flaw(replica.seen)
        if flaw:
            return broken(f"{replica.id} shows {replica}, but {flaw}", replica)
    return True


def value_of(node: Node) -> Hashable:
    """Return what a node shows."""
    return shown(node.payload.value) if isinstance(node, Replica) else None


convergence = eventually_always(converged(value_of), name="convergence")
"""In the end all replicas show the same value."""


@possible
def everything_is_seen(world: World) -> bool:
    """All replicas can have seen all updates."""
    every = frozenset[Update]().union(*(replica.seen for replica in world.nodes(Replica)))
    total = sum(replica.updates for replica in world.nodes(Replica))
    return len(every) == total and all(replica.seen == every for replica in world.nodes(Replica))


@frozen
class Replicated(Protocol):
    """A data type on several replicas, each of which takes updates and tells the others its state."""

    network: ClassVar[Network] = Network.SET

    replicas: int = parameter(2, help="how many replicas there are", at_least=1)
    updates: int = parameter(2, help="how many updates each replica makes", at_least=1)

    def payload(self) -> Payload:
        """Return the state at the start."""
        raise NotImplementedError

    def nodes(self) -> dict[NodeId, Node]:
        names = frozenset(self.names)
        return {name: Replica(names - {name}, self.updates, self.payload()) for name in self.names}

    @property
    def names(self) -> list[NodeId]:
        """The replicas' names."""
        return [f"R{k}" for k in range(1, self.replicas + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]

    def promises(self) -> Iterable[Property]:
        return [strong_convergence, nothing_is_made_up, convergence, everything_is_seen]


# The counter.


@frozen
class Counts:
    """How often each replica has counted up, and how often down; every replica changes only its own two numbers."""

    up: frozenset[tuple[NodeId, int]] = frozenset()
    down: frozenset[tuple[NodeId, int]] = frozenset()

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Counts]]:
        yield "increment", evolve(self, up=added(self.up, replica, 1))
        yield "decrement", evolve(self, down=added(self.down, replica, 1))

    def merge(self, other: Counts) -> Counts:
        return type(self)(highest(self.up, other.up), highest(self.down, other.down))

    @property
    def value(self) -> int:
        return total(self.up) - total(self.down)

    def flaw(self, seen: Seen) -> str:
        return flaw_of_count(self.value, seen)


def added(counts: frozenset[tuple[NodeId, int]], replica: NodeId, more: int) -> frozenset[tuple[NodeId, int]]:
    """Return the numbers with one of them changed."""
    now = dict(counts)
    return frozenset((now | {replica: now.get(replica, 0) + more}).items())


def highest(
    one: frozenset[tuple[NodeId, int]], other: frozenset[tuple[NodeId, int]]
) -> frozenset[tuple[NodeId, int]]:
    """Return the higher of two numbers for each replica."""
    ours, theirs = dict(one), dict(other)
    return frozenset(
        (who, max(held.get(who, 0) for held in (ours, theirs) if who in held)) for who in ours | theirs
    )


def total(counts: frozenset[tuple[NodeId, int]]) -> int:
    """Return the sum of all replicas' numbers."""
    return sum(count for _, count in counts)


def flaw_of_count(value: int, seen: Seen) -> str:
    """Return what is wrong with a counter's value."""
    words = [update.words for update in seen]
    up, down = words.count("increment"), words.count("decrement")
    return "" if value == up - down else f"it has seen {up} up and {down} down"


class PnCounter(Replicated):
    """A counter that goes up and down: one number for each replica and direction, merged by taking the higher."""

    name = "pn-counter"

    def payload(self) -> Payload:
        return Counts()


# The set.


@frozen
class Tagged:
    """What was added, each time under a tag of its own, and which of these tags were removed."""

    added: frozenset[tuple[str, str]] = frozenset()
    removed: frozenset[tuple[str, str]] = frozenset()

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Tagged]]:
        for element in ELEMENTS:
            yield f"add {element}", self.add(element, f"{replica}.{number}")
            if element in self.value:
                yield f"remove {element}", self.remove(element)

    def add(self, element: str, tag: str) -> Tagged:
        """Return the set with an element under a new tag."""
        return evolve(self, added=self.added | {(element, tag)})

    def remove(self, element: str) -> Tagged:
        """Return the set without an element: all its tags that this replica has observed are removed."""
        return evolve(self, removed=self.removed | {one for one in self.added if one[0] == element})

    def merge(self, other: Tagged) -> Tagged:
        return type(self)(self.added | other.added, self.removed | other.removed)

    @property
    def value(self) -> frozenset[str]:
        return frozenset(element for element, _ in self.added - self.removed)

    def flaw(self, seen: Seen) -> str:
        return flaw_of_set(self.value, seen)


ELEMENTS = ("x",)
"""What may be added: elements do not touch each other, so one is enough."""


def flaw_of_set(value: frozenset[str], seen: Seen) -> str:
    """Return what is wrong with a set: an element is in it if it was added, and no remove has seen that add."""
    for element in ELEMENTS:
        removes = [update for update in seen if update.words == f"remove {element}"]
        standing = sorted(
            str(update)
            for update in seen
            if update.words == f"add {element}" and not any(update in remove.after for remove in removes)
        )
        if standing and element not in value:
            return f"no remove that it has seen was after {standing[0]}"
        if element in value and not standing:
            return f"every add of {element} that it has seen was removed"
    return ""


class OrSet(Replicated):
    """An observed-remove set: a remove takes away what its replica has seen, so an add at the same time wins."""

    name = "or-set"

    def payload(self) -> Payload:
        return Tagged()


# The map.


@frozen
class Entry:
    """What was last written to a key: when, by which replica, and the value; None if the key was deleted."""

    key: str
    clock: int
    replica: NodeId
    value: str | None


@frozen
class Entries:
    """One entry for each key; of two, the one with the later clock stays, or the greater name if clocks are equal."""

    entries: frozenset[Entry] = frozenset()

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Entries]]:
        for key in KEYS:
            clock = self.clock(number)
            yield f"put {key}", self.merge(self.single(Entry(key, clock, replica, f"{replica}.{number}")))
            if key in dict(self.value):
                yield f"delete {key}", self.merge(self.single(Entry(key, clock, replica, None)))

    def single(self, entry: Entry) -> Entries:
        """Return the map with nothing but an entry."""
        return type(self)(frozenset([entry]))

    def clock(self, number: int) -> int:
        """Return the time of the next update: later than all that was seen (a Lamport clock)."""
        return max((entry.clock for entry in self.entries), default=0) + 1

    def merge(self, other: Entries) -> Entries:
        kept = {entry.key: entry for entry in self.entries}
        for entry in other.entries:
            if entry.key not in kept or self.wins(entry, kept[entry.key]):
                kept[entry.key] = entry
        return type(self)(frozenset(kept.values()))

    def wins(self, entry: Entry, kept: Entry) -> bool:
        """Return whether an entry takes the place of the one that is kept."""
        return (entry.clock, entry.replica) > (kept.clock, kept.replica)

    @property
    def value(self) -> frozenset[tuple[str, str]]:
        return frozenset((entry.key, entry.value) for entry in self.entries if entry.value is not None)

    def flaw(self, seen: Seen) -> str:
        """A key has what some update wrote that no other had seen when it wrote the same key."""
        for key in KEYS:
            writes = [update for update in seen if update.words in (f"put {key}", f"delete {key}")]
            last = [one for one in writes if not any(one in other.after for other in writes)]
            allowed = {one.name if one.words == f"put {key}" else None for one in last} or {None}
            if dict(self.value).get(key) not in allowed:
                return f"the last it has seen of {key} is {' or '.join(sorted(str(one) for one in last))}"
        return ""


KEYS = ("k",)
"""What may be written to: keys do not touch each other, so one is enough."""


class LwwMap(Replicated):
    """A map in which the last writer of a key wins; replicas count time as Lamport clocks do."""

    name = "lww-map"

    def payload(self) -> Payload:
        return Entries()

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return []  # their names decide between equal clocks


# Variants of the counter. Each is the protocol above with one deviation.


@frozen
class Sum:
    """A bare number; two are merged by adding them."""

    value: int = 0

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Sum]]:
        yield "increment", evolve(self, value=self.value + 1)
        yield "decrement", evolve(self, value=self.value - 1)

    def merge(self, other: Sum) -> Sum:
        return type(self)(self.value + other.value)

    def flaw(self, seen: Seen) -> str:
        return flaw_of_count(self.value, seen)


class SumMerge(PnCounter):
    """Wrong: states are merged by adding them, so what comes back, or comes twice, is counted twice."""

    variant = "sum-merge"
    network = Network.BAG

    def payload(self) -> Payload:
        return Sum()


class Greatest(Sum):
    """A bare number; of two, the greater stays."""

    def merge(self, other: Sum) -> Sum:
        return type(self)(max(self.value, other.value))


class MaxMerge(PnCounter):
    """Wrong: one number for all, merged by taking the higher: of updates at the same time one is lost."""

    variant = "max-merge"

    def payload(self) -> Payload:
        return Greatest()


class OneVector(Counts):
    """One number for each replica, for both directions."""

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Counts]]:
        yield "increment", evolve(self, up=added(self.up, replica, 1))
        yield "decrement", evolve(self, up=added(self.up, replica, -1))


class OneNumberEach(PnCounter):
    """Wrong: one number for each replica, which goes up and down: a merge takes the decrement for the older state."""

    variant = "one-vector"

    def payload(self) -> Payload:
        return OneVector()


# Variants of the set.


@frozen
class Plain:
    """The elements themselves; two sets are merged by uniting them."""

    value: frozenset[str] = frozenset()

    def updates(self, replica: NodeId, number: int) -> Iterator[tuple[str, Plain]]:
        for element in ELEMENTS:
            yield f"add {element}", evolve(self, value=self.value | {element})
            if element in self.value:
                yield f"remove {element}", evolve(self, value=self.value - {element})

    def merge(self, other: Plain) -> Plain:
        return type(self)(self.value | other.value)

    def flaw(self, seen: Seen) -> str:
        return flaw_of_set(self.value, seen)


class PlainRemove(OrSet):
    """Wrong: a remove leaves no trace; merged with a replica that has not heard of it, the element comes back."""

    variant = "plain-remove"

    def payload(self) -> Payload:
        return Plain()


class Tombstones(Tagged):
    """Has no tags: what was removed once stays removed."""

    def add(self, element: str, tag: str) -> Tagged:
        return super().add(element, "")


class TwoPhase(OrSet):
    """The 2P-set (specification 12): it converges, but what was removed cannot be added again."""

    variant = "two-phase"

    def payload(self) -> Payload:
        return Tombstones()


# Variants of the map.


class Stubborn(Entries):
    """Keeps what it has if clocks are equal."""

    def wins(self, entry: Entry, kept: Entry) -> bool:
        return entry.clock > kept.clock


class NoTieBreak(LwwMap):
    """Wrong: nothing decides between equal clocks; each replica keeps its own value for ever."""

    variant = "no-tie-break"

    def payload(self) -> Payload:
        return Stubborn()


class OwnClock(Entries):
    """Counts its own updates only."""

    def clock(self, number: int) -> int:
        return number


class SkewedClocks(LwwMap):
    """Wrong: a replica's clock does not follow the others': replicas agree, but a later write may lose to an older."""

    variant = "skewed-clocks"

    def payload(self) -> Payload:
        return OwnClock()
