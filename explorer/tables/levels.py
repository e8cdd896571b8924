"""Levels: the rows that a breadth-first search holds, depth by depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import codes
from .lanes import Growing


class Levels:
    """The rows of the depth that is being expanded, and those found so far of the next one.

    Args:
        keeps_rows: keep the rows of all depths, for looking at them again.
    """

    def __init__(self, *, keeps_rows: bool) -> None:
        self.keeps_rows = keeps_rows
        self.all: list[tuple[Any, int]] = []
        """The rows of each depth, and how many; of those that are done with only if they are kept."""
        self.origins: Any = np.zeros(0, np.uint16)
        """For each row that is being expanded the source of the step by which it was first found."""
        self.next = Growing(np.int64)
        self.next_origins = Growing(np.uint16)
        self.next_count = 0

    @property
    def rows(self) -> Any:
        """The rows that are being expanded."""
        return self.all[-1][0]

    @property
    def count(self) -> int:
        """How many these are."""
        return self.all[-1][1]

    def begin(self, rows: Any, count: int) -> None:
        """Put the rows of so many states at the start in the next level."""
        self.next.need(len(rows))[: len(rows)] = rows
        self.next_origins.need(count)[:count] = codes.NOWHERE
        self.next_count = count

    def need(self, more: int, words: int) -> None:
        """See that there is room for so many more rows in the next level."""
        self.next.need((self.next_count + more) * words)
        self.next_origins.need(self.next_count + more)

    def turn(self, words: int) -> None:
        """Make the rows that were gathered the ones to expand."""
        if self.all and not self.keeps_rows:
            self.all[-1] = (np.zeros(0, np.int64), 0)
        rows = self.next.items
        if self.keeps_rows:
            rows = rows[: self.next_count * words].copy()
        self.all.append((rows, self.next_count))
        # The next level will be about as large.
        self.next = Growing(np.int64, self.next_count * words)
        self.origins, self.next_origins = self.next_origins.items, Growing(np.uint16, self.next_count)
        self.next_count = 0

    def relay(self, repacked: Callable[[Any, int], Any]) -> None:
        """Write the rows in a new layout."""
        self.all = [(repacked(rows, count), count) for rows, count in self.all]
        self.next.items = repacked(self.next.items, self.next_count)

    def joined(self, words: int) -> Any:
        """Return all rows behind each other; from now on they are one level."""
        if len(self.all) != 1 or self.next_count:
            parts = [rows[: count * words] for rows, count in self.all]
            parts.append(self.next.items[: self.next_count * words])
            count = sum(count for _, count in self.all) + self.next_count
            # Joined once, and the parts let go.
            self.all = [(np.concatenate(parts), count)]
            self.next, self.next_count = Growing(np.int64), 0
        rows, count = self.all[0]
        return rows[: count * words]

    @property
    def nbytes(self) -> int:
        """How much memory they take, in bytes."""
        rows = sum(level.nbytes for level, _ in self.all) + self.next.items.nbytes
        return int(rows + self.origins.nbytes + self.next_origins.items.nbytes)
