"""Growth: which part of the state keeps taking new values when a search does not end by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen

from everyway.models.language.naming import shown
from everyway.models.language.network import Bag, Fifo, MessageSet
from everyway.models.language.node import Node
from everyway.models.language.world import World

MANY = 3
"""So many new values in the later half of the search count as growth."""


@frozen
class Growth:
    """One part of the state that kept growing."""

    component: str
    values: int
    """How many distinct values it took."""
    latest: str
    """One of the values that it took last."""

    def __str__(self) -> str:
        return f"{self.component} kept growing: {self.values:,} distinct values, lately {self.latest}"


def fastest_growing(states: Sequence[Any]) -> Growth | None:
    """Return the part of the state with the most values that were new in the later half of the states visited.

    None if no part took more than a few new values then, as in a space that is merely large.
    """
    late = len(states) // 2
    return growing_part(
        (name, value, number >= late) for number, state in enumerate(states) for name, value in _parts(state)
    )


def growing_part(values: Iterable[tuple[str, Any, bool]]) -> Growth | None:
    """Do the same for the values of the parts, in the order in which they were met: each with whether that was late."""
    seen: dict[str, set[Any]] = {}
    new: dict[str, int] = {}
    latest: dict[str, Any] = {}
    for name, value, is_late in values:
        known = seen.setdefault(name, set())
        if value not in known:
            known.add(value)
            if is_late:
                new[name] = new.get(name, 0) + 1
                latest[name] = value
    if max(new.values(), default=0) < MANY:
        return None
    # Of two that grow alike, the one that is a single field says more.
    component = max(new, key=lambda name: (new[name], -len(seen[name])))
    return Growth(component, len(seen[component]), _short(latest[component]))


def _parts(state: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(state, World):
        for name, value in state.components():
            yield from component_parts(name, value)
    elif attrs.has(type(state)):
        for field in attrs.fields(type(state)):
            yield field.name, getattr(state, field.name)
    elif isinstance(state, Mapping):
        yield from ((str(key), value) for key, value in state.items())
    elif isinstance(state, tuple):
        yield from ((f"position {number}", value) for number, value in enumerate(state))
    else:
        yield "the state", state


def component_parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a world's component whose growth is told apart: a node's fields, a mailbox's size."""
    if isinstance(value, Node):
        for field, part in _parts(value):
            if field != "id":
                yield f"{name}, field {field}", part
    elif isinstance(value, (Bag, Fifo, MessageSet)):
        yield name, f"{len(value.content())} messages"
    else:
        yield name, value


def _short(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= 60 else text[:57] + "..."
