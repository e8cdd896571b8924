"""The pool that all tables of the kernel lie in, and the regions of it that grow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from everyway.explorer.memory import in_use

from .codes import HEAD_SIZE


class Pool:
    """One array of integers that regions are cut from."""

    def __init__(self) -> None:
        self.head = np.zeros(HEAD_SIZE, np.int64)
        self.items = np.zeros(1 << 12, np.int64)
        self.used = 1  # nothing lies at 0, so that 0 can mean: nowhere
        self.budget: float = math.inf
        """How much memory this process may take in all, in bytes."""

    def room(self, count: int, fill: int = 0) -> int:
        """Return where so many new items begin.

        Raises ``MemoryError`` if that would take more memory than there may be; nothing is changed then.
        """
        base = self.used
        if base + count > len(self.items):
            size = max(2 * len(self.items), base + count)
            if self.budget < math.inf and in_use() + size * self.items.itemsize > self.budget:
                raise MemoryError
            grown = np.zeros(size, np.int64)
            grown[:base] = self.items[:base]
            self.items = grown
        self.used += count
        self.items[base : self.used] = fill
        return base

    @property
    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        return int(self.items.nbytes)


class Region:
    """Records of equal size that lie behind each other.

    Args:
        pool: where it lies.
        stride: how many items a record has.
        fill: what new items hold.
        tell: is told where it begins, whenever it moves; or the head's entry that says so.
    """

    def __init__(self, pool: Pool, stride: int, fill: int, tell: Callable[[int], None] | int) -> None:
        self._pool, self.stride, self._fill = pool, stride, fill
        self._tell = tell
        self.capacity = 0
        self.base = 0
        self.need(4)

    def need(self, count: int) -> None:
        """See that there is room for so many records."""
        if count <= self.capacity:
            return
        capacity = max(count, 2 * self.capacity)
        base = self._pool.room(capacity * self.stride, self._fill)
        kept = self.capacity * self.stride
        items = self._pool.items
        items[base : base + kept] = items[self.base : self.base + kept]
        self.base, self.capacity = base, capacity
        if isinstance(self._tell, int):
            self._pool.head[self._tell] = base
        else:
            self._tell(base)

    def put(self, record: int, values: Sequence[int] | int, offset: int = 0) -> None:
        """Write items of a record."""
        at = self.base + record * self.stride + offset
        if isinstance(values, int):
            self._pool.items[at] = values
        else:
            self._pool.items[at : at + len(values)] = values

    def get(self, record: int, offset: int = 0) -> int:
        """Return an item of a record."""
        return int(self._pool.items[self.base + record * self.stride + offset])


class Grid:
    """A table with rows and columns that both grow; its owner's record says where it is and how long its rows are."""

    def __init__(self, pool: Pool, owner: Region, record: int, offset: int) -> None:
        self._pool, self._owner, self._record, self._offset = pool, owner, record, offset
        self.rows = self.columns = self.base = 0
        self.need(2, 4)

    def need(self, rows: int, columns: int) -> None:
        """See that there is room for so many rows and columns; new entries are misses."""
        if rows <= self.rows and columns <= self.columns:
            return
        wider = self.columns if columns <= self.columns else max(columns, 2 * self.columns)
        longer = self.rows if rows <= self.rows else max(rows, 2 * self.rows)
        base = self._pool.room(longer * wider, -1)
        items: Any = self._pool.items
        new = items[base : base + longer * wider].reshape(longer, wider)
        new[: self.rows, : self.columns] = items[self.base : self.base + self.rows * self.columns].reshape(
            self.rows, self.columns
        )
        self.rows, self.columns, self.base = longer, wider, base
        self._owner.put(self._record, [base, wider], self._offset)

    def put(self, row: int, column: int, value: int) -> None:
        """Write an entry."""
        self._pool.items[self.base + row * self.columns + column] = value
