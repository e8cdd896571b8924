"""What observers make of moves: a memo by open addressing, which the kernel reads.

A key is an observer's number and value, and a move; most pairs never meet, so that a table of all would be far larger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import codes
from .regions import Pool

FIRST_SLOTS = 1 << 10


class Memo:
    """The memo of all observers of a system.

    Args:
        pool: whose head says how large it is.
        observers: how many observers there are.
    """

    def __init__(self, pool: Pool, observers: int) -> None:
        self._head, self._observers = pool.head, observers
        self._used = 0
        self.items: Any = np.zeros(0, np.int64)
        """Pairs of a key and a value; key 0 is none."""
        self._begin(FIRST_SLOTS)

    def _begin(self, slots: int) -> None:
        self.items = np.zeros(2 * slots, np.int64)
        self._head[codes.MEMO_MASK] = slots - 1
        self._used = 0

    def _slot(self, key: int) -> int:
        """Return where a key is, or would be; as the kernel looks for it."""
        mask = len(self.items) // 2 - 1
        value = (key >> 32) // self._observers
        slot = (key ^ (key >> 29) ^ (value * 40503)) & mask
        while self.items[2 * slot] not in (0, key):
            slot = (slot + 1) & mask
        return slot

    def find(self, observer: int, value: int, move: int) -> int | None:
        """Return the value that an observer takes when it sees a move; None if that is not known."""
        slot = self._slot(((value * self._observers + observer) << 32) + move)
        return int(self.items[2 * slot + 1]) if self.items[2 * slot] else None

    def put(self, observer: int, value: int, move: int, after: int) -> None:
        """Note the value that it takes."""
        if 4 * self._used >= len(self.items) // 2:
            old = self.items
            self._begin(len(old))
            for slot in np.flatnonzero(old[::2]).tolist():
                self._write(int(old[2 * slot]), int(old[2 * slot + 1]))
        self._write(((value * self._observers + observer) << 32) + move, after)

    def _write(self, key: int, after: int) -> None:
        slot = self._slot(key)
        self.items[2 * slot : 2 * slot + 2] = key, after
        self._used += 1
