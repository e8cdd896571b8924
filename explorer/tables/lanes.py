"""Lanes: what each thread works on in a batch, and the buffers for what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import codes
from .bundling import LISTS_AT_FIRST, MOST_LISTS, Bundles
from .reserve import HUGE, reserved

MISSES_AT_ONCE = 2_048
APART = 64
"""So many items lie between what two threads write all the time, lest they compete for a line of the cache."""
LARGE = 1 << 17
"""From so many items on, an array grows where it lies."""


class Growing:
    """An array that grows as it is filled.

    Args:
        dtype: of its items.
        likely: so many it may well have in the end.
    """

    def __init__(self, dtype: Any, likely: int = 0) -> None:
        if likely * np.dtype(dtype).itemsize >= HUGE:
            self._room = reserved(0, dtype, is_large=True)
            self.items = self._room[: 1 << 10]
        else:
            self.items = self._room = np.zeros(1 << 10, dtype)
        self._given = self.items

    def need(self, count: int) -> Any:
        """See that there is room for so many items; return the array."""
        kept = len(self.items)
        if count <= kept:
            return self.items
        wanted = max(count, kept * 3 // 2)
        # Large ones grow where they lie, unless something else was put in their place.
        if self.items is not self._given or wanted > len(self._room):
            grown = (
                reserved(wanted, self.items.dtype) if wanted >= LARGE else np.zeros(wanted, self.items.dtype)
            )
            grown[:kept] = self.items
            self._room = grown
        self.items = self._given = self._room[:wanted]
        return self.items


class Lists:
    """The lists of bundles that one thread keeps, and which plan they are of; see ``bundling.py``."""

    def __init__(self) -> None:
        self.items = np.zeros(codes.U_SIZE, np.int64)
        self._plan = -1
        self._room = LISTS_AT_FIRST

    def use(self, bundles: Bundles) -> None:
        """Begin anew if the plan of bundles is another; have more room if it ran out."""
        has_room = not self.items[codes.U_FORGOTTEN] or self._room >= MOST_LISTS
        if self._plan == bundles.version and has_room:
            return
        if not has_room:
            self._room *= 4
        self._plan = bundles.version
        self.items = bundles.room(self._room)


class Lane:
    """What one thread works on: its share of a batch, and the buffers for what comes out."""

    def __init__(self, step_properties: int) -> None:
        self.first = self.last = 0
        self.out = np.zeros(1 << 12, np.int64)
        self.ordinals = np.zeros(1 << 12, np.uint16)
        self.made = np.zeros(1 << 12, np.int32)
        self.origins = np.zeros(1 << 12, np.uint16)
        self.begins = np.zeros(2, np.int64)
        self.ends = np.zeros(2, np.int64)
        self.counts = np.zeros(1, np.int64)
        self.scratch = np.zeros(codes.VALUES + 64, np.int64)
        self.misses = np.zeros(0, np.int64)
        self.work = np.zeros(codes.WORK_SIZE + APART, np.int64)
        self.step_tallies = np.zeros(codes.TALLY_STRIDE * step_properties, np.int64)
        self.todo = np.zeros(0, np.int64)
        """The rows that must still be made canonical."""
        self.room = np.zeros(0, np.int64)

    @property
    def states(self) -> int:
        """How many rows it expands."""
        return self.last - self.first

    def begin(self, first: int, last: int, words: int, moves: int, components: int) -> None:
        """Take a share of a batch."""
        self.first, self.last = first, last
        self.work[:] = 0
        if len(self.begins) < self.states + 1:
            self.begins = np.zeros(self.states + 1, np.int64)
            self.ends = np.zeros(self.states + 1, np.int64)
        self.prepare(words, components)
        self.counts = np.zeros(moves + 64, np.int64)
        self.step_tallies[:] = 0
        self.step_tallies[codes.T_STATE :: codes.TALLY_STRIDE] = -1

    def prepare(self, words: int, components: int) -> None:
        """See that there is room for what is missing, and for a row's components."""
        if len(self.misses) != MISSES_AT_ONCE * (4 + 2 * words):
            self.misses = np.zeros(MISSES_AT_ONCE * (4 + 2 * words), np.int64)
        if len(self.scratch) < codes.VALUES + components:
            self.scratch = np.zeros(codes.VALUES + 2 * components, np.int64)
        self.work[codes.MISS_ROOM] = MISSES_AT_ONCE

    def make_room(self) -> None:
        """Double the room for successors."""
        self.out = np.concatenate([self.out, np.zeros_like(self.out)])
        self.ordinals = np.zeros(len(self.out), np.uint16)
        self.made = np.zeros(len(self.out), np.int32)
        self.origins = np.zeros(len(self.out), np.uint16)
        self.work[codes.AT] = self.work[codes.SUCCESSORS] = 0


class Bench:
    """What one thread works on when rows are judged.

    Args:
        properties: how many properties of states there are.
    """

    def __init__(self, properties: int) -> None:
        self.work = np.zeros(codes.WORK_SIZE + properties + APART, np.int64)
        self.tallies = np.zeros(codes.TALLY_STRIDE * properties, np.int64)
        self.environments = np.zeros(1, np.int64)
        self.waiting = np.zeros(1, np.int64)
        """The numbers of the rows that must be judged again."""
        self.misses = np.zeros(0, np.int64)

    def begin(self, rows: int, environments: int, words: int) -> None:
        """Take so many rows to judge."""
        self.tallies[:] = 0
        self.tallies[codes.T_STATE :: codes.TALLY_STRIDE] = -1
        self.environments = np.zeros(environments, np.int64)
        if len(self.waiting) < rows:
            self.waiting = np.zeros(rows, np.int64)
        if len(self.misses) != MISSES_AT_ONCE * (4 + 2 * words):
            self.misses = np.zeros(MISSES_AT_ONCE * (4 + 2 * words), np.int64)
        self.work[codes.MISS_ROOM] = MISSES_AT_ONCE
