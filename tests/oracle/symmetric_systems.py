"""Small random protocols whose peers are interchangeable, and a naive count of their states up to renaming.

All peers have one script, which speaks of nodes only by what they are to a peer: itself, the sender of the message,
the node that the message mentions, the one that it remembers, all others. So states and messages are full of names,
and yet none of them matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import permutations
from typing import Any, ClassVar

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from everyway import (
    LATER,
    Event,
    Faults,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Steps,
    System,
    Timeouts,
    at_most,
    choice,
    durable,
    on,
    restart,
    suspect,
    timeout,
    volatile,
)

PEERS = ("A", "B", "C")
HUB = "H"
"""A node that is not interchangeable with the others."""

WHO = ("self", "sender", "mentioned", "friend", "hub", "nobody")
"""By what a script speaks of one node."""


@frozen
class Word(Message):
    """What all messages are; it may mention a node."""

    about: NodeId = ""


@frozen
class Hello(Word):
    """One class of messages."""


@frozen
class Bye(Word):
    """Another."""


@frozen
class Telling:
    """A message to one of ``WHO``, or to "others", and whom it mentions."""

    to: str
    kind: type[Word]
    about: str = "nobody"


@frozen
class Deed:
    """One step that a rule offers."""

    memory: int | None = None
    disk: int | None = None
    friend: str = ""
    """The node to be remembered, one of ``WHO``; "any" offers a step for each of the others; nothing: no change."""
    joins: str = ""
    """The node that is added to those that were seen."""
    tells: tuple[Telling, ...] = ()
    sends_first: bool = False


@frozen
class Rule:
    """What a handler answers in some states; the first rule that fits counts."""

    handler: str
    memory: int | None = None
    is_friend: bool | None = None
    """Fits only if the sender is the node that is remembered, or is not."""
    deeds: tuple[Deed, ...] | None = ()
    """None leaves a message for later."""


@frozen
class Peer(Node):
    """Does what its script says."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    awaited_by_memory: ClassVar[tuple[str, ...]] = ()

    others: frozenset[NodeId]
    memory: int = volatile(0)
    disk: int = durable(0)
    friend: NodeId = volatile("")
    seen: frozenset[NodeId] = durable(frozenset())

    @on(Hello)
    def greet(self, word: Hello, sender: NodeId) -> Steps:
        return self._answer("greet", sender, word.about)

    @on(Bye)
    def part(self, word: Bye, sender: NodeId) -> Steps:
        return self._answer("part", sender, word.about)

    @choice
    def act(self) -> Steps:
        return self._answer("act")

    @timeout(awaiting="awaited")
    def tire(self) -> Steps:
        return self._answer("tire")

    @restart
    def rise(self) -> Steps:
        return self._answer("rise")

    @suspect
    def doubt(self, node: NodeId) -> Steps:
        return self._answer("doubt", node, node)

    @property
    def awaited(self) -> tuple[NodeId, ...]:
        who = self.awaited_by_memory[self.memory] if self.memory < len(self.awaited_by_memory) else ""
        if who == "others":
            return tuple(sorted(self.others))
        return (self.friend,) if who == "friend" and self.friend else ()

    def _answer(self, handler: str, sender: NodeId = "", mentioned: NodeId = "") -> Any:
        for rule in self.rules:
            is_friend = bool(self.friend) and self.friend == sender
            if rule.handler == handler and rule.memory in (None, self.memory):
                if rule.is_friend not in (None, is_friend):
                    continue
                if rule.deeds is None:
                    return LATER
                return [step for deed in rule.deeds for step in self._steps(deed, sender, mentioned)]
        return None

    def _steps(self, deed: Deed, sender: NodeId, mentioned: NodeId) -> Any:
        for friend in sorted(self.others) if deed.friend == "any" else [None]:
            who = {"self": self.id, "sender": sender, "mentioned": mentioned, "hub": self._hub, "nobody": ""}
            who["friend"] = self.friend
            changes: dict[str, Any] = {}
            if deed.memory is not None:
                changes["memory"] = deed.memory
            if deed.disk is not None:
                changes["disk"] = deed.disk
            if deed.friend:
                changes["friend"] = who["friend"] = who[deed.friend] if friend is None else friend
            if deed.joins and who[deed.joins]:
                changes["seen"] = self.seen | {who[deed.joins]}
            step = self.become(**changes)
            for telling in deed.tells:
                to = self.others if telling.to == "others" else who[telling.to]
                if to:
                    step = step.send(to, telling.kind(who[telling.about]))
            yield step.sending_first() if deed.sends_first else step

    @property
    def _hub(self) -> NodeId:
        return HUB if HUB in self.others else ""


@cache
def peer_class(rules: tuple[Rule, ...], awaited: tuple[str, ...], name: str) -> type[Peer]:
    """Return the class of the peers, or of the hub."""
    return type(name, (Peer,), {"__module__": __name__, "rules": rules, "awaited_by_memory": awaited})


@frozen
class Chronicle(Observer):
    """Remembers who wrote to its disk last, who was struck down, and how often messages vanished."""

    writer: NodeId = ""
    struck: frozenset[NodeId] = frozenset()
    vanished: int = 0

    def observe(self, event: Event) -> Chronicle:
        seen = self
        if event.before and event.after and event.before.disk != event.after.disk:
            seen = evolve(seen, writer=event.node)
        if event.kind.value == "crash" or event.action.crashed:
            seen = evolve(seen, struck=seen.struck | {event.node})
        if event.kind.value in ("loss", "drop"):
            seen = evolve(seen, vanished=min(seen.vanished + 1, 2))
        return seen


@frozen
class Company(Protocol):
    """Peers, and perhaps a hub."""

    count: int
    rules: tuple[Rule, ...]
    awaited: tuple[str, ...] = ()
    hub_rules: tuple[Rule, ...] | None = None
    is_observed: bool = False

    @property
    def peers(self) -> tuple[NodeId, ...]:
        return PEERS[: self.count]

    def nodes(self):
        names = self.peers if self.hub_rules is None else (*self.peers, HUB)
        kinds = {name: peer_class(self.rules, self.awaited, "OnePeer") for name in self.peers}
        if self.hub_rules is not None:
            kinds[HUB] = peer_class(self.hub_rules, (), "Hub")
        return {name: kinds[name](frozenset(names) - {name}) for name in names}

    def interchangeable(self):
        return [self.peers]

    def observers(self):
        return {"chronicle": Chronicle()} if self.is_observed else {}


@frozen
class SymmetricCase:
    """A generated protocol and everything that bounds it."""

    protocol: Company
    faults: Faults = field(factory=Faults)
    timeouts: Timeouts = Timeouts.LATE
    network: Network = Network.BAG

    def system(self) -> System:
        return System(self.protocol, self.faults, timeouts=self.timeouts, network=self.network)


# The strategies.


@st.composite
def symmetric_cases(draw: Any) -> SymmetricCase:
    """Draw a case; nearly all are finite and small, the others must be stopped by a limit."""
    count = draw(st.sampled_from([2, 2, 3, 3]))
    has_hub = draw(st.booleans())
    first = Rule("act", 0, None, tuple(draw(st.lists(_deeds(0, False), min_size=1, max_size=2))))
    rules = (first, *draw(st.lists(_rules(), min_size=1, max_size=4)))
    awaited = tuple(draw(st.lists(st.sampled_from(["", "others", "friend"]), max_size=3)))
    hub_rules = tuple(draw(st.lists(_rules(), max_size=3))) if has_hub else None
    protocol = Company(count, rules, awaited, hub_rules, draw(st.booleans()))
    return SymmetricCase(
        protocol,
        draw(_faults(has_hub)),
        draw(st.sampled_from(Timeouts)),
        draw(st.sampled_from(Network)),
    )


@st.composite
def _rules(draw: Any) -> Rule:
    handler = draw(st.sampled_from(["greet", "greet", "part", "act", "tire", "rise", "doubt"]))
    is_answer = handler in ("greet", "part")
    memory = draw(st.sampled_from([None, 0, 1, 2] if is_answer or handler == "rise" else [0, 0, 1]))
    is_friend = draw(st.sampled_from([None, None, True, False])) if is_answer else None
    if is_answer and draw(st.integers(0, 7)) == 0:
        return Rule(handler, memory, is_friend, None)
    deeds = draw(st.lists(_deeds(memory, is_answer or handler in ("rise", "doubt")), min_size=1, max_size=2))
    return Rule(handler, memory, is_friend, tuple(deeds))


@st.composite
def _deeds(draw: Any, memory: int | None, is_reaction: bool) -> Deed:
    """Draw a step. One that makes no progress sends nothing, so that most cases are finite."""
    makes_progress = memory is not None and memory < 2
    after = draw(st.integers(memory + 1, 2)) if makes_progress else draw(st.sampled_from([None, 2]))
    who = st.sampled_from(WHO) if is_reaction else st.sampled_from(["self", "friend", "hub", "nobody"])
    friend = draw(st.sampled_from(["", "", "any", "sender", "mentioned", "self"]))
    if not is_reaction and friend in ("sender", "mentioned"):
        friend = "any"
    joins = draw(st.sampled_from(["", "", "sender", "mentioned", "friend"])) if is_reaction else ""
    to = st.sampled_from(["others", "others", "sender", "mentioned", "friend", "hub"])
    telling = st.builds(Telling, to, st.sampled_from([Hello, Bye]), who)
    tells = tuple(draw(st.lists(telling, min_size=1 - is_reaction, max_size=1))) if makes_progress else ()
    disk = draw(st.sampled_from([None, None, 1]))
    return Deed(after, disk, friend, joins, tells, bool(tells) and draw(st.integers(0, 3)) == 0)


@st.composite
def _faults(draw: Any, has_hub: bool) -> Faults:
    kinds = draw(
        st.sets(
            st.sampled_from(["crashes", "losses", "duplicates", "restarts", "partitions", "suspicions"]),
            max_size=2,
        )
    )
    if "restarts" in kinds:
        kinds.add("crashes")
    budgets: dict[str, Any] = {}
    for kind in sorted(kinds):
        only = [HUB] if has_hub and draw(st.integers(0, 4)) == 0 else []
        budgets[kind] = at_most(1, *only)
    return Faults(**budgets)


# States up to renaming, by brute force; nothing here is shared with the engine.


def plainly(world: Any, names: Mapping[NodeId, NodeId]) -> Any:
    """Return a state as plain values, in which nodes have other names."""

    def one(name: NodeId) -> NodeId:
        return names.get(name, name)

    def some(several: Iterable[NodeId]) -> frozenset[NodeId]:
        return frozenset(one(name) for name in several)

    nodes = frozenset(
        (one(node.id), world.is_up(node), node.memory, node.disk, one(node.friend), some(node.seen))
        for node in world
    )
    letters = [
        (one(letter.sender), one(letter.to), type(letter.message).__name__, one(letter.message.about))
        for letter in world.in_flight()
    ]
    queues: dict[Any, list[Any]] = {}
    for letter in letters:
        queues.setdefault(letter[:2], []).append(letter[2:])
    in_order = frozenset((ends, tuple(queue)) for ends, queue in queues.items())
    is_fifo = type(world.mailboxes[0]).__name__ == "Fifo"
    flight = in_order if is_fifo else frozenset(Counter(letters).items())
    sides = frozenset(some(side) for side in world.sides)
    watching = [(one(seen.writer), some(seen.struck), seen.vanished) for seen in world.memory]
    return nodes, flight, sides, world.left, world.start, tuple(watching)


def orbits(worlds: Iterable[Any], peers: tuple[NodeId, ...]) -> int:
    """Return how many states there are if those that differ only in the names of peers count as one."""
    orders = [dict(zip(peers, order, strict=True)) for order in permutations(peers)]
    return len({frozenset(plainly(world, names) for names in orders) for world in worlds})
