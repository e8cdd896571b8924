"""The set of states that were seen, compiled or in plain Python, and the functions of the kernel that go with it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np

from . import canonical, gather, generate, judge, packing
from .overlap import AHEAD
from .packing import Layout, shifts
from .reserve import reserved

TOGETHER = 32
"""Rows that move together; as ``storage.DISTANCE``, which cannot be imported without Numba."""
NEARLY_FULL = 0.68
MAX_LOAD = 0.75
"""So full a table may get; beyond it, chains of taken slots become long."""


BLOCK = 1_024
"""Rows that are hashed at once; as ``storage.BLOCK``, likewise."""
SPILLED = 1 << 14
"""So many rows may be set aside while a table grows; a handful is usual."""


class Store(Protocol):
    """A set of packed rows, and the kernel that works on them."""

    threads: int
    """How many threads work at once."""
    parts: int
    """How many of them add rows at once."""
    batch: int
    """How many rows to expand at once."""
    can_compress: bool
    """Whether the kernel moves the bits of a word together in one instruction."""
    generate: Callable[..., None]
    judge: Callable[..., None]
    gather: Callable[..., int]
    repack: Callable[..., None]
    canonicalise: Callable[..., int]

    def view(self, array: Any) -> Any:
        """Return an array in the form in which the kernel takes it."""
        ...

    def each(self, work: Callable[[int], Any], count: int) -> list[Any]:
        """Do something so many times at once, of which each is told its number; there must be as many threads."""
        ...

    def insert(
        self, buffers: Sequence[tuple[Any, int]], words: int
    ) -> list[tuple[Any, list[int], list[int]]]:
        """Add rows from several buffers, one after the other.

        Returns for each buffer the numbers of the new ones: an array, and where in it the ascending list of each
        partition begins and ends. The arrays stay as they are until there were as many calls as may be ahead.
        """
        ...

    def rows(self) -> tuple[Any, int]:
        """Return all rows behind each other, and how many there are."""
        ...

    def locate(self, rows: Any, count: int, words: int) -> Any:
        """Return where each of so many rows is, a number below ``extent``; -1 if it is not there."""
        ...

    @property
    def extent(self) -> int:
        """One more than the largest number that ``locate`` returns."""
        ...

    def relayout(self, old: Layout, new: Layout) -> None:
        """Write all rows in another layout."""
        ...

    @property
    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        ...

    def next_growth(self) -> int:
        """Return how many bytes more it would take if it grew; 0 unless it is about to."""
        ...


class PlainStore:
    """The set in plain Python: a dictionary."""

    batch = 1 << 8

    def __init__(self) -> None:
        self.threads = self.parts = 1
        self.can_compress = False
        self._numbers: dict[tuple[int, ...], int] = {}
        self.generate: Callable[..., None] = generate.generate
        self.judge: Callable[..., None] = judge.judge
        self.gather: Callable[..., int] = gather.gather
        self.repack: Callable[..., None] = packing.repack
        self.canonicalise: Callable[..., int] = canonical.canonicalise

    def view(self, array: Any) -> Any:
        """Return the array as plain Python reads and writes it fastest."""
        return memoryview(array)

    def each(self, work: Callable[[int], Any], count: int) -> list[Any]:
        """Do something so many times, which is once; see ``Store``."""
        return [work(number) for number in range(count)]

    def insert(
        self, buffers: Sequence[tuple[Any, int]], words: int
    ) -> list[tuple[Any, list[int], list[int]]]:
        """Add rows; see ``Store``."""
        found = []
        for rows, count in buffers:
            fresh = []
            items = rows[: count * words].tolist()
            for j in range(count):
                row = tuple(items[j * words : (j + 1) * words])
                if row not in self._numbers:
                    self._numbers[row] = len(self._numbers)
                    fresh.append(j)
            found.append((np.array(fresh, np.int64), [0], [len(fresh)]))
        return found

    def rows(self) -> tuple[Any, int]:
        """Return all rows behind each other, and how many there are."""
        return np.array(list(self._numbers), np.int64).reshape(-1), len(self._numbers)

    def locate(self, rows: Any, count: int, words: int) -> Any:
        """Return where rows are; see ``Store``."""
        items = rows[: count * words].tolist()
        return np.array(
            [self._numbers.get(tuple(items[j * words : (j + 1) * words]), -1) for j in range(count)], np.int64
        )

    @property
    def extent(self) -> int:
        """How many rows there are."""
        return len(self._numbers)

    def relayout(self, old: Layout, new: Layout) -> None:
        """Write all rows in another layout; a component that the old one lacks is 0."""
        more = [0] * (len(new.places) - len(old.places))
        self._numbers = {
            tuple(new.packed(old.unpacked(row) + more)): number for row, number in self._numbers.items()
        }

    @property
    def nbytes(self) -> int:
        """Roughly how much memory it takes, in bytes."""
        return len(self._numbers) * 200

    def next_growth(self) -> int:
        """Return 0: it grows little by little."""
        return 0


class CompiledStore:
    """The set as one table for each thread that adds to it, and the kernel compiled by Numba.

    Args:
        threads: how many threads work at once.
        parts: how many of them add rows; by default all.

    Raises ``ImportError`` where Numba does not work.
    """

    def __init__(self, threads: int = 1, parts: int | None = None) -> None:
        from .compiled import compiled

        self.threads = threads
        self.parts = parts or threads
        self.batch = 1 << 15
        self._kernel = compiled()
        self.generate: Callable[..., None] = self._kernel.generate
        self.judge: Callable[..., None] = self._kernel.judge
        self.gather: Callable[..., int] = self._kernel.gather
        self.repack: Callable[..., None] = self._kernel.repack
        self.canonicalise: Callable[..., int] = self._kernel.canonicalise
        self.descend: Callable[..., int] = self._kernel.descend
        self.can_compress: bool = self._kernel.can_compress
        self._words = 1
        self._sizes = [1 << 12] * self.parts
        self._tables = [reserved(size) for size in self._sizes]
        self._held = [0] * self.parts
        self._fresh: deque[list[Any]] = deque(
            [np.zeros(0, np.int64) for _ in range(self.parts)] for _ in range(AHEAD)
        )
        """For each of the last calls of ``insert``, and each partition, which rows were new."""
        self._blocks = [blocks() for _ in range(self.parts)]
        self._pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def view(self, array: Any) -> Any:
        """Return the array as it is."""
        return array

    def each(self, work: Callable[[int], Any], count: int) -> list[Any]:
        """Do something so many times at once; see ``Store``."""
        if self._pool is None or count == 1:
            return [work(number) for number in range(count)]
        others = [self._pool.submit(work, number) for number in range(1, count)]
        try:
            first = work(0)  # here, rather than to wait for another thread to begin
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def insert(
        self, buffers: Sequence[tuple[Any, int]], words: int
    ) -> list[tuple[Any, list[int], list[int]]]:
        """Add rows; see ``Store``."""
        total = sum(count for _, count in buffers)
        self._widen(words)
        self._fresh.rotate()
        found_by = self._fresh[0]

        def add(part: int) -> list[int]:
            # Most rows are known already, but in the worst case all are new.
            if len(found_by[part]) < total:
                found_by[part] = np.empty(total, np.int64)
            fresh, at, stops = found_by[part], 0, [0]
            for rows, count in buffers:
                if self._held[part] + count > MAX_LOAD * self._sizes[part]:
                    self._make_room(part, count, words)
                found = self._kernel.insert(
                    self._tables[part],
                    self._sizes[part],
                    words,
                    rows,
                    count,
                    part,
                    self.parts,
                    fresh[at:],
                    *self._blocks[part],
                )
                at += found
                self._held[part] += found
                stops.append(at)
            return stops

        stops = self.each(add, self.parts)
        if self.parts == 1:
            return [
                (found_by[0][begin:end], [0], [end - begin]) for begin, end in itertools.pairwise(stops[0])
            ]
        merged = []
        for k in range(len(buffers)):
            lists = [found_by[part][stops[part][k] : stops[part][k + 1]] for part in range(self.parts)]
            ends = np.cumsum([len(one) for one in lists]).tolist()
            merged.append((np.concatenate(lists), [0, *ends[:-1]], ends))
        return merged

    def _widen(self, words: int) -> None:
        """See that tables nothing was added to yet have room for rows of so many words."""
        if words == self._words:
            return
        assert not any(self._held), "rows of two layouts in one table"
        self._words = words
        self._tables = [reserved(size * words) for size in self._sizes]

    def _make_room(self, part: int, count: int, words: int) -> None:
        """Make a partition larger before so many rows, of which few are new, come in."""
        size = self._sizes[part]
        if self._held[part] > 0.5 * size or self._held[part] + count > 0.97 * size:
            larger = size
            while self._held[part] + count > MAX_LOAD * larger:
                larger = _larger(larger)
            self._grow(part, larger, words)

    def _grow(self, part: int, size: int, words: int) -> None:
        """Make a partition larger: where it lies, if there is room behind it.

        Raises ``MemoryError`` if there is none anywhere.
        """
        if size * words <= len(self._tables[part]):
            spilled = np.empty(SPILLED * words, np.int64)
            aside = self._kernel.spread(self._tables[part], self._sizes[part], words, size, spilled, SPILLED)
            if aside < -1:
                raise MemoryError
            if aside >= 0:
                self._sizes[part] = size
                return
        nothing = np.zeros(0, np.int64)
        table = reserved(size * words)
        self._kernel.move_in(
            self._tables[part],
            self._sizes[part],
            words,
            nothing,
            0,
            table,
            size,
            words,
            np.zeros(TOGETHER * words, np.int64),
            part,
            self.parts,
        )
        self._tables[part], self._sizes[part] = table, size

    def rows(self) -> tuple[Any, int]:
        """Return all rows behind each other, and how many there are."""
        parts = []
        for table, size in zip(self._tables, self._sizes, strict=True):
            slots = table[: size * self._words].reshape(size, -1)
            parts.append(slots[slots[:, 0] != 0].reshape(-1))
        return np.concatenate(parts), sum(self._held)

    def locate(self, rows: Any, count: int, words: int) -> Any:
        """Return where rows are; see ``Store``."""
        slots = np.full(count, -1, np.int64)

        def find(part: int) -> None:
            self._kernel.locate(
                self._tables[part],
                self._sizes[part],
                words,
                rows,
                count,
                part,
                self.parts,
                slots,
                sum(self._sizes[:part]),
            )

        self.each(find, self.parts)
        return slots

    @property
    def extent(self) -> int:
        """How many slots there are."""
        return sum(self._sizes)

    def relayout(self, old: Layout, new: Layout) -> None:
        """Write all rows in another layout; a component that the old one lacks is 0."""
        ways = np.array(shifts(old, new), np.int64)
        self._widen(old.words)
        self._sizes, sizes = [max(self._sizes)] * self.parts, self._sizes
        tables = [reserved(size * new.words) for size in self._sizes]

        def move(part: int) -> None:
            self._held[part] = 0
            for other in range(self.parts):
                self._held[part] += self._kernel.move_in(
                    self._tables[other],
                    sizes[other],
                    old.words,
                    ways,
                    len(ways),
                    tables[part],
                    self._sizes[part],
                    new.words,
                    np.zeros(TOGETHER * new.words, np.int64),
                    part,
                    self.parts,
                )

        self.each(move, self.parts)
        self._tables, self._words = tables, new.words

    @property
    def nbytes(self) -> int:
        """How much memory it takes, in bytes."""
        return sum(self._sizes) * self._words * 8

    def table_for(self, more: int, words: int) -> tuple[Any, int]:
        """Return the table of the only partition, with room for so many more rows, and how many it has room for.

        Whoever adds rows to it says afterwards how many, to ``took``.
        """
        self._widen(words)
        if self._held[0] + more > MAX_LOAD * self._sizes[0]:
            size = self._sizes[0]
            while self._held[0] + more > MAX_LOAD * size:
                size *= 2
            self._grow(0, size, words)
        return self._tables[0], self._sizes[0]

    def took(self, count: int) -> None:
        """Note that so many rows were added to the table."""
        self._held[0] += count

    def next_growth(self) -> int:
        """Return how many bytes more it would take if it grew; 0 unless it is about to."""
        return sum(
            (_larger(size) - size) * self._words * 8
            for size, held in zip(self._sizes, self._held, strict=True)
            if held > NEARLY_FULL * size
        )


def blocks() -> tuple[Any, Any]:
    """Return what the kernel's ``insert`` needs besides the rows: room for a block of them, and for their slots."""
    return np.empty(BLOCK + 1, np.int64), np.empty(BLOCK + TOGETHER + 1, np.int64)


def _larger(size: int) -> int:
    """Return to how many slots a table of so many grows."""
    return size * 4 if size < 1 << 21 else size * 2 if size < 1 << 24 else size * 3 // 2
