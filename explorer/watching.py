"""Watching: copies of worlds, nodes and observers whose classes report what is fetched from them, for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FunctionType, MemberDescriptorType
from typing import Any, TypeVar

import attrs
from attrs import define, field, frozen

from everyway.models.language.message import NodeId
from everyway.models.language.node import Node
from everyway.models.language.world import Roster, World

from .reads import Part, Parts, Read

T = TypeVar("T")

_watched: dict[int, PartWatch | WorldWatch] = {}
"""The watch on each copy that a question is being asked of, by the copy's identity."""

put = object.__setattr__
"""Puts a field into a copy, which is frozen."""


def start_watching(copy: Any, watch: PartWatch | WorldWatch) -> None:
    """Have whatever is fetched from a copy reported; the copy must be kept until that ends."""
    _watched[id(copy)] = watch


def stop_watching(copy: Any) -> None:
    """End that."""
    del _watched[id(copy)]


_TELLS_ALL = frozenset({"__dict__", "__getstate__", "__reduce__", "__reduce_ex__"})
"""Attributes through which any other can be had."""
HASH_CACHE = "_attrs_cached_hash"


@frozen(eq=False)
class Anatomy:
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
        for name in self.fields:
            put(twin, name, getattr(original, name))
        for name, value in self._more(original) if self.is_open else ():
            put(twin, name, value)
        if self.caches_hash:
            put(twin, HASH_CACHE, None)
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
        if name in _TELLS_ALL or not self.is_open or name.startswith("__") or name == HASH_CACHE:
            return name in _TELLS_ALL
        return not isinstance(getattr(self.kind, name, None), (FunctionType, property))


def keeps_nothing(value: Any) -> bool:
    """Return whether an object has room for its fields and nothing else, so that no method can keep anything in it."""
    return anatomy_of(value).keeps_nothing


def copied(value: T) -> T:
    """Return an equal object of the same class, in which no method kept anything yet."""
    twin: T = anatomy_of(value).copied(value)
    return twin


_anatomies: dict[type, Anatomy] = {}


def anatomy_of(instance: Any) -> Anatomy:
    """Return what there is to know about the class of an instance."""
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
        _anatomies[kind] = Anatomy(kind, fields, hasattr(instance, HASH_CACHE), is_open, keeps_nothing)
    return _anatomies[kind]


@define(eq=False)
class PartWatch:
    """Notes what is fetched from a node or an observer."""

    reads: dict[Read, None]
    world: int
    part: Part
    position: int
    anatomy: Anatomy
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


_TOLD_BY_WORLDS = frozenset({"is_up", "live", "faults_left", "observer"})
"""Methods of worlds that would read too much, and are answered here with care."""
_PARTS = frozenset({"up", "mailboxes", "memory", "cut_off", "left", "start"})


@define(eq=False)
class WorldWatch:
    """Notes what is fetched from a world, and answers with care where the world's own method would read too much."""

    reads: dict[Read, None]
    number: int
    parts: Parts = field(init=False)
    """What the world is made of; not there yet while ``put_rest`` is."""
    memory: tuple[Any, ...] = field(init=False)
    """The observers' copies; likewise."""
    _roster: Roster = field(init=False)
    _states: tuple[Node, ...] = field(init=False)
    put_rest: Callable[[], None] | None = None
    """Puts into the copy what it lacks besides what is in flight, if it does not have it yet."""
    put_mailboxes: Callable[[], None] | None = None
    """Puts what is in flight into the copy, if it does not have it yet."""

    def begin(self, roster: Roster, states: tuple[Node, ...]) -> None:
        """Watch a world of these names, whose nodes have these copies."""
        self._roster, self._states = roster, states

    def look(self, name: str) -> Any:
        """Note that an attribute is fetched; return what to hand out in its place, or None for the attribute."""
        is_told = name in _TOLD_BY_WORLDS
        if not is_told and name not in _PARTS:
            return None
        if self.put_rest is not None:
            self.put_rest()
            self.put_rest = None
        if is_told:
            return getattr(self, name)
        match name:
            case "up":
                for position in range(len(self._states)):
                    self._note("up", position)
            case "mailboxes":
                if self.put_mailboxes is not None:
                    self.put_mailboxes()
                    self.put_mailboxes = None
                for position in range(len(self._states)):
                    self._note("messages", position)
            case "memory":
                for position in range(len(self.memory)):
                    self._note("observer", position, "__class__")
            case "cut_off" | "left" | "start":
                self._note(name)
        return None

    def _note(self, part: Part, position: int = 0, field: str = "") -> None:
        if (self.number, part, position, "") not in self.reads:
            self.reads[Read(self.number, part, position, field)] = None

    def _world(self) -> World:
        """Return the world itself, whose methods say what is wrong with what they are called with."""
        return World(*self.parts)

    def is_up(self, node: Node | NodeId) -> bool:
        """Answer in the world's place, having read this node alone."""
        position = self._world()._position(node if isinstance(node, str) else node.id)
        self._note("up", position)
        return self.parts.up[position]

    def live(self, kind: type[Any] = Node) -> tuple[Any, ...]:
        """Answer in the world's place, having read whether nodes of this class are up."""
        found = []
        for position, node in enumerate(self._states):
            if isinstance(node, kind):
                self._note("up", position)
                if self.parts.up[position]:
                    found.append(node)
        return tuple(found)

    def faults_left(self, kind: str) -> int:
        """Answer in the world's place, having read faults of this kind alone."""
        left = self._world().faults_left(kind)
        self._note("left", field=kind)
        return left

    def observer(self, name: str) -> Any:
        """Answer in the world's place, having read this observer's class alone."""
        self._world().observer(name)  # raises if there is none
        position = self._roster.observers.index(name)
        self._note("observer", position, "__class__")
        return self.memory[position]


# Hooks: the ``__getattribute__`` of a watched class, for as long as a question runs.

turn = threading.RLock()
"""Held while a question runs, as hooks are seen by all threads; one inside another runs in the same thread."""

Getter = Callable[[Any, str], Any]

being_asked: list[object] = []
"""Whose questions are being asked, one inside another."""
_hooks: dict[type, Getter] = {}
_own: dict[type, Getter | None] = {}
"""The ``__getattribute__`` that each class hooked now defines itself, or None."""


@contextmanager
def hooked(kinds: Iterable[type]) -> Iterator[None]:
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
    with turn:
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
