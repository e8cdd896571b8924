"""A node: one participant's local state, and which of its fields survive a crash."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar, TypeVar, cast

import attrs
from attrs import field, frozen

from .declaration import constructor_fields
from .errors import ModelError, did_you_mean
from .message import NodeId
from .naming import shown, spaced
from .step import Step

T = TypeVar("T")

_SURVIVES = "everyway_survives_a_crash"
_REQUIRED: Any = object()


def durable(default: T = _REQUIRED) -> T:
    """Declare a field that survives a crash: it is on disk before the step's messages leave."""
    return _declare(default, survives=True)


def volatile(default: T = _REQUIRED) -> T:
    """Declare a field that a crash wipes: it goes back to the value it had in the initial state."""
    return _declare(default, survives=False)


def _declare(default: T, survives: bool) -> T:
    metadata = {_SURVIVES: survives}
    made = field(metadata=metadata) if default is _REQUIRED else field(default=default, metadata=metadata)
    # A type checker is to see the default's type, as it does for a plain default value.
    return cast(T, made)


@frozen
class Node:
    """Base of all nodes: a frozen attrs class that holds one node's local state.

    Its behaviour is pure methods under the decorators ``on``, ``timeout``, ``choice``, ``restart`` and
    ``suspect``: each returns what the node may do next as zero or more ``Step``. A method never changes
    ``self``; it makes the next state with ``self.become``.

    Fields say what a crash does to them: ``durable(default)`` survives, ``volatile(default)`` is wiped. A
    plain field is for what never changes, such as the names of the node's peers.

    ``str(node)`` is what its chip in a diagram shows: the first field that is an enum, or else the fields
    that can change and differ from their defaults. Override ``__str__`` for other words.
    """

    id: NodeId = field(default="", kw_only=True, repr=False)
    """The node's own name; filled in from the protocol's ``nodes()``."""

    role: ClassVar[str] = ""
    """What kind of node it is; by default the name of the first class below ``Node``."""

    def become(self, **changes: Any) -> Step:
        """Return the step to the state in which these fields have these values."""
        kind: Any = type(self)
        aliases = constructor_fields(kind)
        for name in changes:
            if name not in aliases:
                raise ModelError(
                    f"{kind.__name__} has no field '{name}'.{did_you_mean(name, aliases)} "
                    f"Its fields are {', '.join(aliases)}."
                )
        # What attrs.evolve does, which looks the fields up anew each time; this is where models spend theirs.
        values = {
            alias: changes[name] if name in changes else getattr(self, name)
            for name, alias in aliases.items()
        }
        return Step(kind(**values))

    def send(self, to: NodeId | Iterable[NodeId], message: Any) -> Step:
        """Return the step that changes nothing here and sends ``message`` to a node, or to each of several."""
        return Step(self).send(to, message)

    def stay(self) -> Step:
        """Return the step that changes nothing and sends nothing; a delivered message is taken."""
        return Step(self)

    def __str__(self) -> str:
        fields = _as_declared(type(self))
        varying = [declared for declared in fields if _SURVIVES in declared.metadata]
        plain = [declared for declared in fields if declared.name != "id"]
        for declared in varying or plain:
            value = getattr(self, declared.name)
            if isinstance(value, Enum):
                return value.name.replace("_", " ")
        told = [
            name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {shown(value)}"
            for name, value, default in ((d.name, getattr(self, d.name), d.default) for d in varying)
            if value != default
        ]
        return ", ".join(told) or "-"


def _as_declared(kind: type[Node]) -> list[attrs.Attribute[Any]]:
    """Return the fields in the order in which they were first declared.

    attrs moves a field to the end when a subclass declares it again, as a variant may.
    """
    order = [name for base in reversed(kind.__mro__) for name in vars(base).get("__annotations__", {})]
    return sorted(attrs.fields(kind), key=lambda declared: order.index(declared.name))


def survives(field: attrs.Attribute[Any]) -> bool | None:
    """Return whether a field survives a crash; None if it was declared neither durable nor volatile."""
    found: bool | None = field.metadata.get(_SURVIVES)
    return found


def role_of(kind: type[Node]) -> str:
    """Return the role of a class of nodes, e.g. ``"coordinator"``.

    A variant's subclass has the role of the class that it varies.
    """
    if isinstance(kind.role, str) and kind.role:  # a model's own field may be called so
        return kind.role
    below = [base for base in kind.__mro__ if issubclass(base, Node) and base is not Node]
    return spaced(below[-1].__name__)


def after_crash(node: Node, initial: Node) -> Node:
    """Return what is left of a node when it crashes: its durable fields; volatile ones start afresh.

    Raises ``ModelError`` if a field changed that is declared neither durable nor volatile.
    """
    fresh = {}
    for declared in attrs.fields(type(node)):
        lasts = survives(declared)
        before, now = getattr(initial, declared.name), getattr(node, declared.name)
        if lasts is None and now != before:
            raise ModelError(
                f"{type(node).__name__}.{declared.name} changed at node {node.id} before it crashed "
                f"(from {shown(before)} to {shown(now)}), but the field does not say whether it survives.\n"
                f"Declare it with durable(...) or volatile(...)."
            )
        if lasts is False and now != before:
            fresh[declared.name] = before
    return attrs.evolve(node, **fresh) if fresh else node
