"""The region of all parameters for which a promise is broken, found piece by piece.

As long as there are parameters about which nothing is known, zones decide at one such point, and what they say there
is widened to all points for which the same reasons hold:

- If the promise is broken, the schedule that was found happens wherever its bounds allow (``feasibility.py``).
- If it holds, the search relied on finitely many inequalities between parameters: that something was too early, too
  late, or reached at other times already. Wherever these are true nothing else can be reached than here (compare the
  inverse method: André, Chatain, Encrenaz & Fribourg, "An inverse method for parametric timed automata", 2009).

Both are convex. When z3 finds no point outside of them all, the region is known exactly; if a limit comes first, what
is left is reported as unknown.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from attrs import define, evolve, field, frozen

from everyway.explorer import Limits, Outcome
from everyway.explorer.timed.search import Reasons, TimedSearch
from everyway.invariants.property import Property
from everyway.models.language.errors import EverywayError
from everyway.models.language.system import System

from .danger import dangerous
from .feasibility import feasible
from .inequality import Cell, Inequality, Row, shrunk, value
from .parameters import Parameters

Point = tuple[Fraction, ...]
_ROUNDINGS = (12, 60, 600, 10_000, 1_000_000)
Watcher = Callable[[int, int], None]
"""Called after each decision with the number of pieces where the promise is broken, and where it holds."""


@frozen
class Region:
    """Where a promise is broken, and where it holds."""

    parameters: Parameters
    broken: tuple[Cell, ...]
    kept: tuple[Cell, ...]
    decisions: int
    """At how many points zones decided."""
    zones: int
    """How many zones they visited for that, all together."""
    unknown: Point | None = None
    """A point about which nothing is known; None if the two make up the whole space."""
    stopped: str = ""
    """What stopped the search, if it did."""
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether everything is known."""
        return self.unknown is None


def decide(
    system: System,
    prop: Property,
    parameters: Parameters,
    point: Sequence[Fraction],
    limits: Limits,
    matters: Callable[[Any], bool],
) -> tuple[Outcome, Cell, int]:
    """Decide at one point; return the outcome, for which points the same reasons hold, and how many zones it took.

    Raises ``EverywayError`` if the point is not in its own cell, which would be a bug.
    """
    size = len(parameters.names)
    reasons = Reasons(parameters.expression, size, matters)
    search = TimedSearch(
        system,
        parameters.timing(point),
        [prop],
        limits=limits,
        stop_when_decided=True,
        reasons=reasons,
    ).run()
    outcome = search.verdicts()[0].outcome
    cell: Cell = frozenset()
    run = search.run_of(0)
    if outcome is Outcome.UNKNOWN:
        return outcome, cell, search.statistics.states
    if run is not None:
        start, legs = run
        cell = feasible(search.first_stay(start), legs, parameters.expression, size)
    else:
        rows = [Inequality(shrunk(row), is_strict=True) for row in reasons.negative]
        rows += [Inequality(shrunk(row), is_strict=False) for row in reasons.not_positive]
        cell = frozenset(one for one in rows if not one.is_always)
    if not all(one.holds(point) for one in cell):
        raise EverywayError(
            "a decision does not hold where it was taken: a bug in everyway, please report it"
        )
    return outcome, cell, search.statistics.states


@define
class _Space:
    """What is known of the space of parameters, for z3."""

    parameters: Parameters
    broken: list[Cell] = field(factory=list)
    kept: list[Cell] = field(factory=list)
    variables: list[Any] = field(init=False)
    _context: Any = field(init=False)
    _solver: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        import z3

        self._context = z3.Context()  # of its own, or answers would depend on what z3 was asked before
        self.variables = [z3.Real(name, self._context) for name in self.parameters.names]
        self._solver = self._about(self.base())

    def _about(self, *facts: Any) -> Any:
        """Return a solver that takes these for granted."""
        import z3

        solver = z3.Solver(ctx=self._context)
        solver.set("random_seed", 1)
        solver.add(*facts)
        return solver

    def _any_of(self, cells: Sequence[Cell]) -> Any:
        import z3

        return z3.Or(*(self.formula(cell) for cell in cells), z3.BoolVal(False, self._context))

    def base(self) -> Any:
        """Return what is true of all points: no time is below zero; of all multiples of a point one will do."""
        import z3

        parts = [one >= 0 for one in self.variables]
        if self.parameters.unit is not None:
            parts.append(self.variables[-1] > 0)
        return z3.And(*parts, sum(self.variables) == 1)

    def formula(self, cell: Cell) -> Any:
        import z3

        parts = [one.formula(self.variables) for one in sorted(cell, key=_order)]
        return z3.And(*parts, z3.BoolVal(True, self._context))

    def add(self, cell: Cell, outcome: Outcome) -> None:
        import z3

        (self.broken if outcome is Outcome.VIOLATED else self.kept).append(cell)
        self._solver.add(z3.Not(self.formula(cell)))

    def unknown(self) -> Point | None:
        """Return a point outside of all cells, in the middle of what is left around it; None if there is none."""
        import z3

        answer = self._solver.check()
        if answer == z3.unsat:
            return None
        if answer != z3.sat:
            raise EverywayError("z3 could not tell whether anything is left")
        model = self._solver.model()
        point = tuple(_exact(model.eval(one, model_completion=True)) for one in self.variables)
        middle = self._middle(point)
        return middle if middle is not None else point

    def _middle(self, point: Point) -> Point | None:
        """Return the middle of the convex piece around a point that no inequality of a cell cuts through.

        There reasons are seldom ties, so that the next cells are large.
        """
        from scipy.optimize import linprog  # type: ignore[import-untyped]

        size = len(point)
        rows: list[list[float]] = [[-1.0 if k == n else 0.0 for k in range(size)] for n in range(size)]
        for cell in (*self.broken, *self.kept):
            wrong = [one for one in sorted(cell, key=_order) if not one.holds(point)]
            if not wrong:
                return None
            # One that is false at the point is enough to be outside: the one that is so most clearly.
            worst = max(wrong, key=lambda one: _slack(one.row, point))
            rows.append([-float(c) for c in worst.row])
        lengths = [sum(c * c for c in row) ** 0.5 for row in rows]
        found = linprog(
            [*([0.0] * size), -1.0],
            A_ub=[[*row, length] for row, length in zip(rows, lengths, strict=True)],
            b_ub=[0.0] * len(rows),
            A_eq=[[*([1.0] * size), 0.0]],
            b_eq=[1.0],
            bounds=[(0, None)] * (size + 1),
        )
        if found.status != 0 or found.x[-1] <= 1e-9:
            return None
        # With few digits, so that ticks are not too fine; that the sum is no longer one does not matter.
        rounded = (tuple(Fraction(round(x * n), n) for x in found.x[:-1]) for n in _ROUNDINGS)
        return next((one for one in rounded if self._is_outside(one)), None)

    def _is_outside(self, point: Point) -> bool:
        return all(one > 0 for one in point) and not any(
            all(one.holds(point) for one in cell) for cell in (*self.broken, *self.kept)
        )

    def simplified(self) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        """Return larger cells that say the same, none of which can be left out; only when nothing is unknown."""
        if not self._are_disjoint():
            raise EverywayError("a promise is both broken and kept: a bug in everyway, please report it")
        kept = self._generalised(self.kept, self.broken)
        broken = self._generalised(self._bordering(self.broken, kept), kept)
        return broken, self._generalised(self._bordering(kept, broken), broken)

    def _are_disjoint(self) -> bool:
        return _contradicts(self._about(self.base(), self._any_of(self.kept)), self._any_of(self.broken))

    def _bordering(self, cells: Sequence[Cell], others: Sequence[Cell]) -> list[Cell]:
        """Return each cell as large as the borders of the others allow, if those are borders enough."""

        borders = {one.opposite for other in others for one in other}
        found = []
        for cell in cells:
            solver = self._about(self.base(), self.formula(cell))
            around = frozenset(
                one
                for one in sorted(borders, key=_order)
                if _contradicts(solver, one.opposite.formula(self.variables))
            )
            is_apart = all(self._are_apart(around, other) for other in others)
            found.append(around if is_apart else cell)
        return found

    def _are_apart(self, one: Cell, other: Cell) -> bool:

        return _contradicts(self._about(self.base(), self.formula(one)), self.formula(other))

    def _generalised(self, cells: Sequence[Cell], others: Sequence[Cell]) -> tuple[Cell, ...]:
        """Leave out of each cell what keeps it off no cell of the other kind, and then each cell within the others."""
        import z3

        apart = self._about(self.base(), self._any_of(others))
        wide: list[Cell] = []
        for cell in cells:
            for one in sorted(cell, key=_simplicity, reverse=True):
                smaller = cell - {one}
                if _contradicts(apart, self.formula(smaller)):
                    cell = smaller
            wide.append(cell)
        kept = list(dict.fromkeys(sorted(wide, key=lambda cell: (len(cell), sorted(map(_order, cell))))))
        for cell in reversed(list(kept)):
            rest = [other for other in kept if other is not cell]
            inside = self._about(self.base(), self.formula(cell), z3.Not(self._any_of(rest)))
            if inside.check() == z3.unsat:
                kept = rest
        return tuple(kept)


def region(
    system: System,
    prop: Property,
    parameters: Parameters,
    *,
    limits: Limits | None = None,
    max_decisions: int = 400,
    max_seconds: float | None = None,
    watcher: Watcher | None = None,
) -> Region:
    """Find for which parameters a promise holds.

    Args:
        system: the system; its time-outs must not be late.
        prop: the promise, of a kind that zones decide.
        parameters: what is unknown.
        limits: of each decision.
        max_decisions: after so many it stops, and some parameters stay unknown.
        max_seconds: likewise.
        watcher: is called after each decision.

    Raises ``UsageError`` if the system cannot be timed.
    """
    started = time.monotonic()
    space = _Space(parameters)
    limits = limits or Limits()
    decisions = zones = 0
    matters = dangerous(system, prop, None if max_seconds is None else max_seconds / 4)
    stopped = ""
    unknown = space.unknown()
    while unknown is not None:
        if decisions >= max_decisions:
            stopped = f"stopped after {decisions} decisions"
        elif max_seconds is not None and time.monotonic() - started > max_seconds:
            stopped = f"stopped after {max_seconds:g} s"
        if stopped:
            break
        if max_seconds is not None:
            left = max(max_seconds - (time.monotonic() - started), 0.1)
            limits = evolve(limits, max_seconds=left)
        outcome, cell, visited = decide(system, prop, parameters, unknown, limits, matters)
        decisions += 1
        zones += visited
        if outcome is Outcome.UNKNOWN:
            stopped = f"at {parameters.told(unknown)} the search was stopped by its limits"
            break
        space.add(cell, outcome)
        if watcher is not None:
            watcher(len(space.broken), len(space.kept))
        unknown = space.unknown()
    broken, kept = (tuple(space.broken), tuple(space.kept)) if unknown else space.simplified()
    return Region(parameters, broken, kept, decisions, zones, unknown, stopped, time.monotonic() - started)


def _contradicts(solver: Any, formula: Any) -> bool:
    """Return whether a formula cannot be true together with what a solver takes for granted."""
    import z3

    # As an assumption of the check itself it would have to be a literal.
    solver.push()
    solver.add(formula)
    answer = solver.check()
    solver.pop()
    return bool(answer == z3.unsat)


def _exact(number: Any) -> Fraction:
    return Fraction(number.numerator_as_long(), number.denominator_as_long())


def _slack(row: Row, point: Point) -> float:
    length = math.sqrt(sum(c * c for c in row))
    return float(value(row, point)) / length


def _order(one: Inequality) -> tuple[Row, bool]:
    return one.row, one.is_strict


def _simplicity(one: Inequality) -> tuple[int, int, Row]:
    """Return a key by which the simplest inequality comes first."""
    return sum(map(bool, one.row)), sum(map(abs, one.row)), one.row
