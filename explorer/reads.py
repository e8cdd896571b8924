"""Reads: what a question looks at in a world, so that its answer can be kept for all worlds that look alike to it.

A question is plain Python. It is asked of copies of the worlds, of exactly the same classes, and while it runs the
classes of what is watched report each attribute that is fetched from a copy. So a node's field counts as read when it
is fetched, by whatever means: a predicate, a method of the node, ``==``, ``hash``, ``repr``, a pattern. Whoever holds
a node without looking into it has read nothing.

What cannot be seen, and must not decide an answer: the identity of objects, the order of a set, and fields fetched
past the class's ``__getattribute__`` (``object.__getattribute__``, a slot's descriptor, ``super().field``). What is
taken as given, because no step changes it: the roster, each node's ``id``, and its class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FunctionType, MemberDescriptorType
from typing import Any, Literal, NamedTuple, TypeVar

import attrs
from attrs import define, field, frozen

from everyway.models.language.action import Action
from everyway.models.language.message import NodeId
from everyway.models.language.network import Mailbox
from everyway.models.language.node import Node
from everyway.models.language.observer import Observer
from everyway.models.language.world import Roster, World

T = TypeVar("T")

Part = Literal["node", "up", "messages", "cut_off", "left", "start", "observer", "action"]
"""A part of a world: a node's state, whether it is up, what is in flight to it, the side of the partition, the faults
left, which start it was, an observer's state. Beside the worlds: the action that led from one to the other."""


class Read(NamedTuple):
    """One thing that a question looked at."""

    world: int
    """Which of the worlds that the question was asked about."""
    part: Part
    position: int = 0
    """Which node (of ``up`` and ``messages`` too) or observer, in the order of the roster; 0 for other parts."""
    field: str = ""
    """The attribute of a node, an observer or the action, or the kind of fault left; empty for the whole part."""


class Parts(NamedTuple):
    """What a world is made of, in the order in which it is made of it; quicker to have than the world."""

    roster: Roster
    states: tuple[Node, ...]
    up: tuple[bool, ...]
    mailboxes: tuple[Mailbox, ...]
    cut_off: frozenset[NodeId] | None
    left: tuple[int, ...]
    memory: tuple[Observer, ...]
    start: int

    @classmethod
    def of(cls, world: World) -> Parts:
        """Return the parts of a world."""
        return cls(
            world.roster,
            world.states,
            world.up,
            world.mailboxes,
            world.cut_off,
            world.left,
            world.memory,
            world.start,
        )


InFlight = Callable[[int], tuple[Mailbox, ...]]
"""Returns what is in flight in one of the worlds that a question is about."""


def recorded(worlds: Sequence[World], question: Callable[..., T]) -> tuple[T, tuple[Read, ...]]:
    """Return the answer to a question about some worlds, and what it looked at, in the order in which it first did.

    Whenever other worlds of the same system show the same to all these reads (``value_of``), the question has the
    same answer there, and makes the same reads in the same order. Equal values count as the same, as they do for
    worlds. A question that was asked while another was being recorded is recorded for both.

    Args:
        worlds: what the question is about, e.g. the states before and after a step.
        question: is called with the worlds; what it raises is raised.

    >>> from everyway.models.gray_lamport import TwoPhase, states
    >>> from everyway.models.language import System
    >>> world = next(System(TwoPhase(managers=2)).initial())
    >>> _, reads = recorded([world], lambda world: len(states(world)) <= 1 or world.is_up("TM"))
    >>> [(world.roster.names[read.position], read.field) for read in reads]
    [('R1', 'state'), ('R2', 'state')]
    """
    return Recorder().recorded([Parts.of(world) for world in worlds], question)


def value_of(read: Read, worlds: Sequence[World]) -> Hashable:
    """Return what a read sees of some worlds: the value of the field, or the whole part."""
    world = worlds[read.world]
    seen: Any
    match read.part:
        case "node":
            seen = world.states[read.position]
        case "up":
            return world.up[read.position]
        case "messages":
            return world.mailboxes[read.position]
        case "cut_off":
            return world.cut_off
        case "left":
            return world.faults_left(read.field) if read.field else world.left
        case "start":
            return world.start
        case "observer":
            seen = world.memory[read.position]
        case "action":
            raise ValueError("an action is not part of a world")
    found: Hashable = getattr(seen, read.field) if read.field else seen
    return found


# Watching.


_watched: dict[int, _PartWatch | _WorldWatch] = {}
"""The watch on each copy that a question is being asked of, by the copy's identity."""


MOST_TWINS = 50_000
"""So many copies of nodes a recorder keeps for the next question."""


@define(eq=False)
class Recorder:
    """Asks one question after another, each as ``recorded`` does; quicker, for it keeps its copies of nodes.

    Kept are only copies in which no method can keep anything: those with slots for their fields and for nothing else.
    """

    _twins: dict[tuple[int, Part, int], dict[int, tuple[Any, Any]]] = field(factory=dict)
    """Copies that are kept, by world, part and position, and the identity of the original; and the original."""
    _kept: int = 0
    """How many there are."""
    _reads: dict[Read, None] = field(factory=dict)
    """What the question that is being asked looked at so far."""
    _kinds: dict[type, None] = field(factory=dict)
    _listens_to: int = -1
    """How many of these are hooked already; -1 while none is for longer than a question."""

    def recorded(
        self,
        worlds: Sequence[Parts],
        question: Callable[..., T],
        action: Action | None = None,
        in_flight: InFlight | None = None,
        known: frozenset[int] = frozenset(),
    ) -> tuple[T, tuple[Read, ...]]:
        """Return the answer to a question about some worlds, and what it looked at; see the function ``recorded``.

        With an action the question is called with it too, after the worlds, and what it looks at there is noted. With
        ``in_flight`` the worlds lack what is in flight; it is asked for that as soon as the question looks there.
        Nodes at ``known`` positions are taken to be read: they are not watched, which is quicker.
        """
        with _turn:
            if _asked:
                # The worlds may be watched copies themselves, of which looking at a kept copy would tell nothing.
                return Recorder._ask(Recorder(), worlds, question, action, in_flight, known)
            return self._ask(worlds, question, action, in_flight, known)

    def _ask(
        self,
        worlds: Sequence[Parts],
        question: Callable[..., T],
        action: Action | None,
        in_flight: InFlight | None,
        known: frozenset[int],
    ) -> tuple[T, tuple[Read, ...]]:
        fresh: list[Any] = []
        self._reads.clear()
        if self._kept > MOST_TWINS:
            self._forget()
        try:
            twins: list[Any] = [
                self._twin(number, world, fresh, in_flight, known) for number, world in enumerate(worlds)
            ]
            if action is not None:
                twins.append(self._part(0, "action", 0, action, fresh))
            if self._listens_to == len(self._kinds):
                answer = self._answer(question, twins)
            else:
                with _hooked(self._kinds):
                    answer = self._answer(question, twins)
        finally:
            for one in fresh:
                del _watched[id(one)]
        return answer, tuple(self._reads)

    def _answer(self, question: Callable[..., T], twins: Sequence[Any]) -> T:
        _asked.append(self)
        try:
            return question(*twins)
        finally:
            _asked.pop()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep the classes hooked from one question to the next, for many questions in a row."""
        with _turn, _hooked(self._kinds):
            self._listens_to = len(self._kinds)
            try:
                yield
            finally:
                self._listens_to = -1

    def _twin(
        self,
        number: int,
        parts: Parts,
        fresh: list[Any],
        in_flight: InFlight | None,
        known: frozenset[int],
    ) -> World:
        """Return a watched copy of the world of some parts; ``fresh`` takes what is watched for this question alone."""
        twin: World = object.__new__(World)
        put = object.__setattr__
        watched = list(parts.states)
        for i in range(len(watched)):
            if i not in known:
                watched[i] = self._part(number, "node", i, watched[i], fresh)
        states = tuple(watched)
        memory: tuple[Any, ...] = ()
        if parts.memory:
            memory = tuple(
                [self._part(number, "observer", i, seen, fresh) for i, seen in enumerate(parts.memory)]
            )
        # Not by the class's own constructor, which takes as long as everything else here.
        put(twin, "roster", parts.roster)
        put(twin, "states", states)
        put(twin, "up", parts.up)
        put(twin, "mailboxes", parts.mailboxes)
        put(twin, "cut_off", parts.cut_off)
        put(twin, "left", parts.left)
        put(twin, "memory", memory)
        put(twin, "start", parts.start)
        put(twin, _HASH_CACHE, None)
        watch = _WorldWatch(self._reads, number, parts, states, memory)
        if in_flight is not None:
            find = in_flight
            watch.put_mailboxes = lambda: put(twin, "mailboxes", find(number))
        self._watch(twin, watch)
        fresh.append(twin)
        return twin

    def _part(self, number: int, part: Part, position: int, original: Any, fresh: list[Any]) -> Any:
        place = (number, part, position)
        twins = self._twins.get(place)
        if twins is None:
            twins = self._twins[place] = {}
        kept = twins.get(id(original))
        if kept is not None:
            return kept[0]
        anatomy = _anatomy(original)
        twin = anatomy.copied(original)
        self._watch(twin, _PartWatch(self._reads, number, part, position, anatomy))
        if anatomy.keeps_nothing:
            twins[id(original)] = twin, original
            self._kept += 1
        else:
            fresh.append(twin)
        return twin

    def _watch(self, twin: Any, watch: _PartWatch | _WorldWatch) -> None:
        self._kinds[type(twin)] = None
        _watched[id(twin)] = watch

    def _forget(self) -> None:
        for twins in self._twins.values():
            for twin, _ in twins.values():
                del _watched[id(twin)]
        self._twins.clear()
        self._kept = 0

    def __del__(self) -> None:
        self._forget()


_TELLS_ALL = frozenset({"__dict__", "__getstate__", "__reduce__", "__reduce_ex__"})
"""Attributes through which any other can be had."""
_HASH_CACHE = "_attrs_cached_hash"


@frozen(eq=False)
class _Anatomy:
    """What there is to know about a class whose instances are watched."""

    kind: type
    fields: tuple[str, ...]
    caches_hash: bool
    is_open: bool
    """Whether a new instance may have more attributes than its fields, because the class has a say in making it."""
    keeps_nothing: bool
    """Whether an instance has room for its fields and for nothing else."""

    def copied(self, original: Any) -> Any:
        """Return an equal object, without anything that methods kept in it since it was made."""
        twin: Any = object.__new__(self.kind)
        put = object.__setattr__
        for name in self.fields:
            put(twin, name, getattr(original, name))
        for name, value in self._more(original) if self.is_open else ():
            put(twin, name, value)
        if self.caches_hash:
            put(twin, _HASH_CACHE, None)
        return twin

    def _more(self, original: Any) -> Iterator[tuple[str, Any]]:
        yield from getattr(original, "__dict__", {}).items()
        for base in self.kind.__mro__:
            for name, slot in vars(base).items():
                if isinstance(slot, MemberDescriptorType):
                    with suppress(AttributeError):
                        yield name, slot.__get__(original)

    def tells_all(self, name: str) -> bool:
        """Return whether an attribute that is no field may tell something for which no field was read."""
        if name in _TELLS_ALL or not self.is_open or name.startswith("__") or name == _HASH_CACHE:
            return name in _TELLS_ALL
        return not isinstance(getattr(self.kind, name, None), (FunctionType, property))


def keeps_nothing(value: Any) -> bool:
    """Return whether an object has room for its fields and nothing else, so that no method can keep anything in it."""
    return _anatomy(value).keeps_nothing


def copied(value: T) -> T:
    """Return an equal object of the same class, in which no method kept anything yet."""
    twin: T = _anatomy(value).copied(value)
    return twin


_anatomies: dict[type, _Anatomy] = {}


def _anatomy(instance: Any) -> _Anatomy:
    kind = type(instance)
    if kind not in _anatomies:
        maker = next(vars(base) for base in kind.__mro__ if "__init__" in vars(base))
        is_generated = "__attrs_attrs__" in maker and "__attrs_init__" not in maker
        is_open = not is_generated or any(
            hasattr(kind, name) for name in ("__attrs_pre_init__", "__attrs_post_init__")
        )
        fields = tuple(declared.name for declared in attrs.fields(kind))
        slots = {
            name
            for base in kind.__mro__
            for name, slot in vars(base).items()
            if isinstance(slot, MemberDescriptorType)
        }
        keeps_nothing = not is_open and slots <= set(fields) and not hasattr(instance, "__dict__")
        _anatomies[kind] = _Anatomy(kind, fields, hasattr(instance, _HASH_CACHE), is_open, keeps_nothing)
    return _anatomies[kind]


@define(eq=False)
class _PartWatch:
    """Notes what is fetched from a node or an observer."""

    reads: dict[Read, None]
    world: int
    part: Part
    position: int
    anatomy: _Anatomy
    keys: dict[str, Read | None] = field(factory=dict)
    """For each attribute that was looked at what is noted of it, if anything."""
    whole: Read = field(init=False)
    """What is noted when all of it is looked at."""

    @whole.default
    def _whole(self) -> Read:
        return Read(self.world, self.part, self.position)

    def look(self, name: str) -> Any:
        """Note that an attribute is fetched."""
        try:
            key = self.keys[name]
        except KeyError:
            key = self.keys[name] = self._key(name)
        if key is not None and self.whole not in self.reads:
            self.reads[key] = None

    def _key(self, name: str) -> Read | None:
        if name in self.anatomy.fields:
            return (
                None
                if name == "id" and self.part == "node"
                else Read(self.world, self.part, self.position, name)
            )
        return self.whole if self.anatomy.tells_all(name) else None


@define(eq=False)
class _WorldWatch:
    """Notes what is fetched from a world, and answers with care where the world's own method would read too much."""

    reads: dict[Read, None]
    number: int
    parts: Parts
    states: tuple[Node, ...]
    memory: tuple[Any, ...]
    put_mailboxes: Callable[[], None] | None = None
    """Puts what is in flight into the copy, if it does not have it yet."""

    def look(self, name: str) -> Any:
        """Note that an attribute is fetched; return what to hand out in its place, or None for the attribute."""
        match name:
            case "is_up" | "live" | "faults_left" | "observer":
                return getattr(self, name)
            case "up":
                for position in range(len(self.parts.up)):
                    self._note("up", position)
            case "mailboxes":
                if self.put_mailboxes is not None:
                    self.put_mailboxes()
                    self.put_mailboxes = None
                for position in range(len(self.parts.up)):
                    self._note("messages", position)
            case "memory":
                for position in range(len(self.memory)):
                    self._note("observer", position, "__class__")
            case "cut_off" | "left" | "start":
                self._note(name)

    def _note(self, part: Part, position: int = 0, field: str = "") -> None:
        if (self.number, part, position, "") not in self.reads:
            self.reads[Read(self.number, part, position, field)] = None

    def _world(self) -> World:
        """Return the world itself, whose methods say what is wrong with what they are called with."""
        return World(*self.parts)

    def is_up(self, node: Node | NodeId) -> bool:
        position = self._world()._position(node if isinstance(node, str) else node.id)
        self._note("up", position)
        return self.parts.up[position]

    def live(self, kind: type[Any] = Node) -> tuple[Any, ...]:
        found = []
        for position, node in enumerate(self.states):
            if isinstance(node, kind):
                self._note("up", position)
                if self.parts.up[position]:
                    found.append(node)
        return tuple(found)

    def faults_left(self, kind: str) -> int:
        left = self._world().faults_left(kind)
        self._note("left", field=kind)
        return left

    def observer(self, name: str) -> Any:
        self._world().observer(name)  # raises if there is none
        position = self.parts.roster.observers.index(name)
        self._note("observer", position, "__class__")
        return self.memory[position]


# Hooks: the ``__getattribute__`` of a watched class, for as long as a question runs.

_turn = threading.RLock()
"""Held while a question runs, as hooks are seen by all threads; one inside another runs in the same thread."""

Getter = Callable[[Any, str], Any]

_asked: list[Recorder] = []
"""Whose questions are being asked, one inside another."""
_hooks: dict[type, Getter] = {}
_own: dict[type, Getter | None] = {}
"""The ``__getattribute__`` that each class hooked now defines itself, or None."""


@contextmanager
def _hooked(kinds: Iterable[type]) -> Iterator[None]:
    """Hook those of some classes that are not hooked already."""
    fresh = [kind for kind in kinds if kind not in _own]
    for kind in fresh:
        if kind not in _hooks:
            _hooks[kind] = _hook(_original(kind))
    try:
        for kind in fresh:
            _own[kind] = vars(kind).get("__getattribute__")
            type.__setattr__(kind, "__getattribute__", _hooks[kind])
        yield
    finally:
        for kind in fresh:
            own = _own.pop(kind)
            if own is None:
                type.__delattr__(kind, "__getattribute__")
            else:
                type.__setattr__(kind, "__getattribute__", own)


@contextmanager
def unwatched() -> Iterator[None]:
    """Have no class hooked for a while, as if nothing was being recorded."""
    with _turn:
        hooked = dict(_own)
        for kind, own in hooked.items():
            if own is None:
                type.__delattr__(kind, "__getattribute__")
            else:
                type.__setattr__(kind, "__getattribute__", own)
        try:
            yield
        finally:
            for kind in hooked:
                type.__setattr__(kind, "__getattribute__", _hooks[kind])


def _original(kind: type) -> Getter:
    """Return the ``__getattribute__`` that a class has when no class is hooked."""
    owners = (_own[base] if base in _own else vars(base).get("__getattribute__") for base in kind.__mro__)
    return next(own for own in owners if own is not None)


def _hook(original: Getter) -> Getter:
    def __getattribute__(self: Any, name: str) -> Any:  # noqa: N807
        watch = _watched.get(id(self))
        instead = None if watch is None else watch.look(name)
        return original(self, name) if instead is None else instead

    return __getattribute__
