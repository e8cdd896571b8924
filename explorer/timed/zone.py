"""A zone: all the values that clocks may have together, as a matrix of differences between them.

``bound[i, j]`` is the most by which clock i may be ahead of clock j; clock 0 always shows zero. All bounds are closed
and whole, and the matrix is canonical: no bound follows from others that is not there (Dill, "Timing assumptions and
verification of finite-state concurrent systems", 1989; Bengtsson & Yi, "Timed automata: semantics, algorithms and
tools", 2004).

A zone may carry along where its bounds come from: for each the linear expression in the parameters of the timing whose
value it is. Such an expression is a valid bound for other values of the parameters too, if not always the tightest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen

NONE = np.int64(1) << np.int64(60)
"""No bound."""
_HALF = np.int64(1) << np.int64(59)


@frozen
class Bound:
    """A bound on a clock: its value in ticks and, if bounds are traced, its expression in the parameters."""

    ticks: int
    expression: Any = None
    """An array of coefficients; None if bounds are not traced."""

    def __neg__(self) -> Bound:
        return Bound(-self.ticks, None if self.expression is None else -self.expression)


@frozen(eq=False)
class Zone:
    """A set of clock values that is not empty."""

    bounds: Any
    origins: Any = None
    """The expressions of the bounds, along a third axis; None if they are not traced."""

    @classmethod
    def zero(cls, clocks: int, parameters: int | None = None) -> Zone:
        """Return the zone in which all clocks show zero."""
        size = clocks + 1
        origins = None if parameters is None else np.zeros((size, size, parameters), dtype=np.int64)
        return cls(np.zeros((size, size), dtype=np.int64), origins)

    def bounded(self, i: int, j: int, bound: Bound) -> Zone | Emptiness:
        """Return the part in which clock i is ahead of clock j by no more than this; why there is none if so."""
        bounds, ticks = self.bounds, bound.ticks
        if ticks >= bounds[i, j]:
            return self
        if bounds[j, i] + ticks < 0:
            return Emptiness(None if self.origins is None else self.origins[j, i] + bound.expression)
        through = np.minimum(bounds[:, i, None] + (bounds[None, j, :] + ticks), NONE)
        through[through > _HALF] = NONE
        if self.origins is None:
            return Zone(np.minimum(bounds, through))
        is_less = through < bounds
        paths = self.origins[:, i, None, :] + (self.origins[None, j, :, :] + bound.expression)
        return Zone(np.where(is_less, through, bounds), np.where(is_less[:, :, None], paths, self.origins))

    def later(self) -> Zone:
        """Return what the clocks may show after any time."""
        bounds = self.bounds.copy()
        bounds[1:, 0] = NONE
        return Zone(bounds, self.origins)

    def passed_on(self, sources: Sequence[int]) -> Zone:
        """Return the zone of new clocks, each with the value of an old one; of clock 0 for one that starts."""
        order = np.array((0, *sources))
        take = np.ix_(order, order)
        return Zone(self.bounds[take], None if self.origins is None else self.origins[take])

    def is_within(self, other: Zone) -> bool:
        """Return whether all values of this zone are in the other one."""
        return bool((self.bounds <= other.bounds).all())

    def most(self, clock: int) -> int | None:
        """Return the most that a clock may show; None if there is no bound."""
        found = int(self.bounds[clock, 0])
        return None if found >= _HALF else found


@frozen(eq=False)
class Emptiness:
    """Why a zone is empty: a cycle of bounds that sum to less than nothing."""

    cycle: Any = None
    """The expression of the sum, if bounds are traced."""
