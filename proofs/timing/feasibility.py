"""For which times can a schedule happen at all?

Its steps' times differ by at least, or at most, what the bounds say. There are such times iff the bounds along every
cycle of differences sum to 0 or more (Bellman & Ford). Steps are taken out one after the other, as Fourier and Motzkin
take out variables; what is left are inequalities between the parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from everyway.explorer.timed.location import Stay
from everyway.explorer.timed.schedule import Leg, differences

from .inequality import Cell, Inequality, Row, shrunk


def feasible(
    start: Stay, legs: Sequence[Leg], expression: Callable[[Any, str], Iterable[int]], parameters: int
) -> Cell:
    """Return what is true of the parameters iff a run can happen.

    Args:
        start: what bounds the stay at its start.
        legs: its steps.
        expression: the coefficients of what a rule says at least ("low") or at most ("high").
        parameters: how many there are; each is 0 or more.
    """
    zero = (0,) * parameters
    most: dict[
        tuple[int, int], set[Row]
    ] = {}  # the time of the one is ahead of that of the other by no more than this
    for one in differences(start, legs):
        row = zero if one.limit is None else tuple(map(int, expression(one.limit.rule, one.limit.side)))
        if one.kind == "at least":
            _note(most, (one.earlier, one.later), tuple(-c for c in row))
        else:
            _note(most, (one.later, one.earlier), row)
    cycles: set[Row] = set()
    left = set(range(len(legs) + 1))
    while left:
        step = min(left, key=lambda number: _work(most, number))
        left.discard(step)
        entering = [(ends[0], row) for ends, rows in most.items() if ends[1] == step for row in rows]
        leaving = [(ends[1], row) for ends, rows in most.items() if ends[0] == step for row in rows]
        most = {ends: rows for ends, rows in most.items() if step not in ends}
        for before, first in entering:
            for after, second in leaving:
                row = tuple(a + b for a, b in zip(first, second, strict=True))
                if before != after:
                    _note(most, (before, after), row)
                elif any(coefficient < 0 for coefficient in row):
                    cycles.add(shrunk(row))
    least = {row for row in cycles if not any(_is_below(other, row) for other in cycles if other != row)}
    return frozenset(Inequality(tuple(-c for c in row), is_strict=False) for row in least)


def _work(most: dict[tuple[int, int], set[Row]], step: int) -> int:
    entering = sum(len(rows) for ends, rows in most.items() if ends[1] == step)
    leaving = sum(len(rows) for ends, rows in most.items() if ends[0] == step)
    return entering * leaving


def _note(most: dict[tuple[int, int], set[Row]], ends: tuple[int, int], row: Row) -> None:
    """Keep a bound unless it follows from another one, as no parameter is below zero."""
    known = most.setdefault(ends, set())
    if any(_is_below(other, row) for other in known):
        return
    most[ends] = {other for other in known if not _is_below(row, other)} | {row}


def _is_below(row: Row, other: Row) -> bool:
    return all(a <= b for a, b in zip(row, other, strict=True))
