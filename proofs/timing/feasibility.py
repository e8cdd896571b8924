"""For which times can a schedule happen at all?

Its steps' times differ by at least, or at most, what the bounds say. There are such times iff the bounds along every
cycle of differences sum to 0 or more (Bellman & Ford). Steps are taken out one after the other, as Fourier and Motzkin
take out variables; what is left are inequalities between the parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from everyway.explorer.timed.location import Stay
from everyway.explorer.timed.schedule import Leg, differences

from .inequality import Cell, Inequality, Row, shrunk

Rows = Any
"""An array of expressions, one below the other, each of which is an upper bound."""


def feasible(
    start: Stay, legs: Sequence[Leg], expression: Callable[[Any, str], Any], parameters: int
) -> Cell:
    """Return what is true of the parameters iff a run can happen.

    Args:
        start: what bounds the stay at its start.
        legs: its steps.
        expression: the coefficients of what a rule says at least ("low") or at most ("high").
        parameters: how many there are; each is 0 or more.
    """
    zero = np.zeros(parameters, dtype=np.int64)
    most: dict[
        tuple[int, int], Rows
    ] = {}  # the time of the one is ahead of that of the other by no more than these
    for one in differences(start, legs):
        row = zero if one.limit is None else expression(one.limit.rule, one.limit.side)
        if one.kind == "at least":
            _note(most, (one.earlier, one.later), -row[None, :])
        else:
            _note(most, (one.later, one.earlier), row[None, :])
    cycles: set[Row] = set()
    left = set(range(len(legs) + 1))
    while left:
        step = min(left, key=lambda number: _work(most, number))
        left.discard(step)
        entering = [(ends[0], rows) for ends, rows in most.items() if ends[1] == step and ends[0] != step]
        leaving = [(ends[1], rows) for ends, rows in most.items() if ends[0] == step and ends[1] != step]
        most = {ends: rows for ends, rows in most.items() if step not in ends}
        for before, first in entering:
            for after, second in leaving:
                rows = (first[:, None, :] + second[None, :, :]).reshape(-1, parameters)
                if before != after:
                    _note(most, (before, after), rows)
                else:  # of no parameter below zero such a sum is one only if a coefficient is
                    cycles |= {shrunk(tuple(row)) for row in rows[(rows < 0).any(axis=1)].tolist()}
    if not cycles:
        return frozenset()
    least = _least(np.array(sorted(cycles), dtype=np.int64))
    return frozenset(Inequality(tuple(-c for c in row), is_strict=False) for row in least.tolist())


def _work(most: dict[tuple[int, int], Rows], step: int) -> int:
    entering = sum(len(rows) for ends, rows in most.items() if ends[1] == step)
    leaving = sum(len(rows) for ends, rows in most.items() if ends[0] == step)
    return entering * leaving


def _note(most: dict[tuple[int, int], Rows], ends: tuple[int, int], rows: Rows) -> None:
    known = most.get(ends)
    most[ends] = _least(rows if known is None else np.concatenate([known, rows]))


def _least(rows: Rows) -> Rows:
    """Return the bounds from which the others follow, as no parameter is below zero."""
    rows = np.unique(rows, axis=0)
    is_below = (rows[:, None, :] <= rows[None, :, :]).all(axis=2)
    np.fill_diagonal(is_below, False)
    return rows[~is_below.any(axis=0)]
