"""A move: an action of a theory with elements for its parameters."""

from __future__ import annotations

from collections.abc import Hashable

from attrs import frozen


def named(element: Hashable) -> str:
    """Return an element in words; a set of nodes as "A1+A2"."""
    return "+".join(sorted(map(str, element))) if isinstance(element, frozenset) else str(element)


@frozen
class Move:
    """An action with elements for its parameters."""

    action: str
    """The action's name."""
    values: tuple[Hashable, ...] = ()

    def __str__(self) -> str:
        return f"{self.action}({', '.join(map(named, self.values))})" if self.values else self.action
