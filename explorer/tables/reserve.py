"""Arrays that have room to grow where they lie: addresses are reserved, and memory is taken only as it is used."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

HUGE = 1 << 22
"""From so many bytes on, memory is asked for in large pages; a small table would only be slowed down by them."""
NO_RESERVE = 0x4000
"""``MAP_NORESERVE``, which Python does not name: what is reserved does not count as used."""


def reserved(count: int, dtype: Any = np.int64, *, is_large: bool = False) -> Any:
    """Return an array of so many zeros, at least; behind them there are as many more as the machine could ever hold.

    If it is known to become large, all of it is in large pages.

    None of them takes memory before it is written to. Where addresses cannot be reserved (there is a limit on them, or
    the system knows nothing of the kind) there are just as many as were asked for.
    """
    if sys.platform != "linux":
        return np.zeros(count, dtype)
    try:
        memory = mmap.mmap(
            -1,
            max(count * np.dtype(dtype).itemsize, _most()),
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE,
        )
    except (OSError, ValueError, OverflowError):
        return np.zeros(count, dtype)
    with suppress(AttributeError, OSError, ValueError):  # then in pages of the usual size
        memory.madvise(mmap.MADV_HUGEPAGE, 0 if is_large else HUGE)
    return np.frombuffer(memory, dtype)


@cache
def _most() -> int:
    import psutil

    return int(psutil.virtual_memory().total) // HUGE * HUGE
