"""The values that the components of a row stand for, and their numbers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from attrs import frozen

from everyway.models.language.node import Node


@frozen
class NodeValue:
    """One value of a node's component: its state, whether it is up, and what a crash would wipe it back to."""

    state: Node
    is_up: bool
    initial: Node | None


@frozen
class Surroundings:
    """One value of the environment's component: the partition, the faults left, and the start."""

    cut_off: frozenset[str] | None
    left: tuple[int, ...]
    start: int


class Values:
    """The values that a component took, numbered in the order in which they were first seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: list[Any] = []
        self.met: list[int] = []
        """How many states had been visited when each was first seen."""
        self._numbers: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self.items)

    def number(self, value: Hashable, now: int = 0) -> tuple[int, bool]:
        """Return a value's number, and whether it is new; ``now`` is how many states were visited."""
        count = len(self.items)
        number = self._numbers.setdefault(value, count)
        if number < count:
            return number, False
        self.items.append(value)
        self.met.append(now)
        return count, True

    def find(self, value: Hashable) -> int | None:
        """Return a value's number if it has one."""
        return self._numbers.get(value)
