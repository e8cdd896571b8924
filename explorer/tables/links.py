"""Links: how the states of a breadth-first search were first reached, in four bytes a state.

States have numbers in the order in which they were found, and are expanded in that order. So how many were first
reached from each says which state a state was first reached from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .lanes import Growing


class Links:
    """The links of a search."""

    def __init__(self) -> None:
        self.children = Growing(np.uint16)
        """For each state that was expanded, how many states were first reached from it."""
        self.ordinals = Growing(np.uint16)
        """For each state the position of the step that first led to it, among the steps of the state before."""
        self.expanded = 0
        """How many states were expanded, counting from the first."""

    def begin(self, starts: int) -> None:
        """Note so many states at the start."""
        self.ordinals.need(starts)[:starts] = np.arange(starts)

    def need(self, states: int, more: int) -> None:
        """See that there is room for so many states, and for so many more that are expanded."""
        self.ordinals.need(states)
        self.children.need(self.expanded + more)

    def from_start(self, number: int, starts: int) -> tuple[int, list[int]]:
        """Return which of so many starts a state was first reached from, and the ordinals of the steps on the way."""
        ordinals = []
        behind: Any = np.cumsum(self.children.items[: self.expanded], dtype=np.int64)
        while number >= starts:
            ordinals.append(int(self.ordinals.items[number]))
            number = int(np.searchsorted(behind, number - starts, side="right"))
        return int(self.ordinals.items[number]), ordinals[::-1]

    @property
    def nbytes(self) -> int:
        """How much memory they take, in bytes."""
        return int(self.children.items.nbytes + self.ordinals.items.nbytes)
