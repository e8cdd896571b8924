"""The distinct numbers of some, in ascending order: NumPy's own ``unique`` is many times slower on these."""

from __future__ import annotations

from typing import Any

import numpy as np

DENSE = 8
"""Numbers below a bound are ticked off one by one if there are no fewer than one in so many of those below it."""


def distinct(numbers: Any, bound: int) -> Any:
    """Return the distinct numbers; all are at least 0 and below the bound."""
    if bound <= DENSE * len(numbers):
        is_met = np.zeros(bound, np.bool_)
        is_met[numbers] = True
        return np.flatnonzero(is_met)
    ordered = np.sort(numbers)
    return ordered[np.diff(ordered, prepend=-1) > 0]


def counted(numbers: Any, bound: int, times: Any = None) -> tuple[Any, Any]:
    """Return the distinct numbers, and how often each occurs; each counts as many ``times``, by default once."""
    if bound <= DENSE * len(numbers):
        sums = np.bincount(numbers, times, minlength=bound)
        met = np.flatnonzero(sums)
        return met, sums[met].astype(np.int64)
    order = np.argsort(numbers)
    ordered = numbers[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1) > 0)
    each = np.ones(len(numbers), np.int64) if times is None else np.asarray(times)[order]
    return ordered[first], np.add.reduceat(each, first) if len(first) else np.zeros(0, np.int64)
