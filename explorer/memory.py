"""Memory: how much the machine has free, and how much of it this process has taken."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.8
"""Of what is free when a search begins, it takes so much unless it is told otherwise."""
YOUNG = 100_000
"""A search lets so many new objects come together before Python looks for garbage among them."""


def free() -> int:
    """Return how much memory this process may still take before the system must swap or kill, in bytes."""
    import psutil

    return int(psutil.virtual_memory().available)


def in_use() -> int:
    """Return how much memory this process has, in bytes."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10


def budget(wanted: int | None) -> int:
    """Return how much memory a search may make this process take: what was asked for, or most of what is free."""
    return wanted if wanted is not None else in_use() + int(SHARE * free())


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Have Python look for garbage in cycles more seldom for a while.

    Nearly all that a search makes stays, and to look through it again and again takes a sixth of the time in which the
    model is asked. Whatever is in no cycle is let go at once, as ever.
    """
    before = gc.get_threshold()
    if before[0]:  # else it never looks
        gc.set_threshold(max(before[0], YOUNG), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parsed(words: str) -> int | None:
    """Return how many bytes words such as "4G", "512 MiB" or "1.5g" stand for; None if they stand for none."""
    text = words.strip().lower().removesuffix("b").removesuffix("i")
    unit = text[-1:] if text[-1:].isalpha() else ""
    try:
        amount = float(text.removesuffix(unit).strip())
    except ValueError:
        return None
    if unit not in _UNITS or not 0 < amount < float("inf"):
        return None
    return int(amount * _UNITS[unit])


def told(amount: float) -> str:
    """Return a number of bytes as a person reads it, e.g. "1.5 GiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if amount >= 100 or unit == "bytes" else f"{amount:,.1f} {unit}"
