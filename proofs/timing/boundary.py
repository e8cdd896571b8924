"""The border between where a promise holds and where it does not, looked at on both sides.

At points with round numbers right on the border and right beside it the promise is decided once more: by the whole
search, which knows nothing of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from attrs import frozen

from everyway.explorer import Limits, Outcome
from everyway.explorer.timed.search import TimedSearch
from everyway.invariants.property import Property
from everyway.models.language.system import System
from everyway.models.language.timing import Timing

from .inequality import Cell, Inequality
from .region import Region

LARGEST = 500
"""The largest number that is tried for a parameter."""


@frozen
class Sides:
    """One piece of the border: where the promise is just broken, and where it just holds."""

    inequality: Inequality
    """What is true on the side where it holds."""
    broken_at: Timing
    kept_at: Timing
    found: tuple[Outcome, Outcome]
    """What the search says there."""

    @property
    def is_confirmed(self) -> bool:
        """Whether the search says what the region does."""
        return self.found == (Outcome.VIOLATED, Outcome.HOLDS)


def borders(
    system: System, prop: Property, region: Region, *, limits: Limits | None = None
) -> Iterator[Sides]:
    """Yield both sides of each piece of the border."""
    for one in dict.fromkeys(one for cell in region.kept for one in sorted(cell, key=lambda each: each.row)):
        # Bounds are closed, so the border itself belongs to where a run exists: one that breaks the promise, or, for
        # "possible", one that keeps it.
        on, beside = (region.broken, region.kept) if one.is_strict else (region.kept, region.broken)
        points = _beside(one, on, beside, region)
        if points is None:
            continue
        timings = [region.parameters.timing([number / Fraction(1000) for number in at]) for at in points]
        if not one.is_strict:
            timings.reverse()
        outcomes = [_decided(system, prop, timing, limits) for timing in timings]
        yield Sides(one, timings[0], timings[1], (outcomes[0], outcomes[1]))


def _decided(system: System, prop: Property, timing: Timing, limits: Limits | None) -> Outcome:
    search = TimedSearch(system, timing, [prop], limits=limits, stop_when_decided=True).run()
    return search.verdicts()[0].outcome


def _beside(
    one: Inequality, on: Sequence[Cell], beside: Sequence[Cell], region: Region
) -> tuple[list[Fraction], list[Fraction]] | None:
    """Return a point on the border and a neighbour on the other side of it, if there are any."""
    import z3

    names = region.parameters.names
    context = z3.Context()
    at = [z3.Int(name, context) for name in names]
    solver = z3.Optimize(ctx=context)
    for variable in at:
        solver.add(variable >= 1, variable <= LARGEST)
    solver.add(sum(c * v for c, v in zip(one.row, at, strict=True)) == 0, _within(on, at))
    solver.minimize(z3.Sum(*at))
    for position in reversed(range(len(names))):
        if region.parameters.unit is not None and position == len(names) - 1:
            continue  # the unit of what is given
        if not one.row[position]:
            continue
        step = -1 if (one.row[position] > 0) is one.is_strict else 1
        neighbours = [v + step if k == position else v for k, v in enumerate(at)]
        solver.push()
        solver.add(_within(beside, neighbours), neighbours[position] >= 0)
        if solver.check() == z3.sat:
            model = solver.model()
            point = [Fraction(model.eval(v, model_completion=True).as_long()) for v in at]
            neighbour = [x + step if k == position else x for k, x in enumerate(point)]
            return point, neighbour
        solver.pop()
    return None


def _within(cells: Sequence[Cell], variables: Sequence[Any]) -> Any:
    import z3

    true, false = (z3.BoolVal(value, variables[0].ctx) for value in (True, False))
    return z3.Or(*(z3.And(*(one.formula(variables) for one in cell), true) for cell in cells), false)
