"""Synthesis by counterexamples: z3 proposes tables, the explorer looks for a run that breaks them, and so on.

Solar-Lezama, Tancau, Bodik, Seshia & Saraswat, "Combinatorial sketching for finite programs" (ASPLOS 2006): every
violation rules out all strategies that make the same choices as those on which it rests. When z3 finds no tables that
are left, there is no strategy in the family; when the explorer finds no violation, one is found.
"""

from __future__ import annotations

import time
from enum import Enum
from itertools import combinations
from typing import Any

from attrs import frozen

from everyway.models.language import UsageError

from .demands import Demand, violations
from .relevance import relevant
from .strategy import Cell, Family, Move, Part, Strategy, part_of

MOST_ROUNDS = 5_000
_NO_STRATEGY: tuple[Any, Any] = (None, frozenset())


class Result(Enum):
    """How a search for a strategy ended."""

    FOUND = "found"
    NONE = "none"
    """There is no strategy in the whole family."""
    UNKNOWN = "unknown"
    """It was given up."""


@frozen
class Synthesis:
    """The answer to: is there a strategy of this family that meets these demands?"""

    family: Family
    demands: tuple[Demand, ...]
    result: Result
    strategy: Strategy | None
    """The one that was found; cells that are never used do nothing."""
    used: frozenset[Cell]
    """The cells that are used on some run of it."""
    rounds: int
    """How many strategies were proposed."""
    seconds: float
    why: str = ""
    """For unknown: what ended the search."""


def synthesise(
    family: Family,
    demands: tuple[Demand, ...],
    *,
    max_rounds: int = MOST_ROUNDS,
    max_seconds: float | None = None,
    seed: int = 0,
) -> Synthesis:
    """Look for a strategy of a family that meets all demands; or find that there is none.

    Args:
        family: the strategies that are looked through.
        demands: what is demanded, each with whether the network may be cut in two.
        max_rounds: after so many strategies the search is given up.
        max_seconds: likewise after so long.
        seed: of the solver, which may prefer other strategies.

    Raises:
        UsageError: if nothing is demanded.
    """
    if not demands:
        raise UsageError("nothing is demanded of the strategy.")
    started = time.monotonic()
    proposals = _Proposals(family, seed)

    def ended(
        result: Result, rounds: int, *, why: str = "", found: tuple[Any, Any] = _NO_STRATEGY
    ) -> Synthesis:
        return Synthesis(family, demands, result, *found, rounds, time.monotonic() - started, why)

    for rounds in range(max_rounds + 1):
        strategy = proposals.next()
        if strategy is None:
            if proposals.gave_up:
                return ended(Result.UNKNOWN, rounds, why="the solver gave up")
            return ended(Result.NONE, rounds)
        if rounds == max_rounds:
            break
        if max_seconds is not None and time.monotonic() - started > max_seconds:
            return ended(Result.UNKNOWN, rounds, why=f"not decided in {max_seconds:g} s")
        found, cells = violations(strategy, demands)
        if not found:
            return ended(Result.FOUND, rounds + 1, found=(strategy.restricted(cells), cells))
        for violation in found:
            proposals.rule_out(strategy, relevant(strategy, violation))
    return ended(Result.UNKNOWN, max_rounds, why=f"not decided in {max_rounds:,} rounds")


class _Proposals:
    """The strategies that no violation has ruled out, in z3: a Boolean for each value of each choice."""

    def __init__(self, family: Family, seed: int) -> None:
        import z3

        self.family = family
        self.gave_up = False
        context = z3.Context()  # of its own: what was asked before must not change what is proposed
        self._solver: Any = z3.SolverFor("QF_FD", context)
        self._solver.set("random_seed", seed)
        self._z3: Any = z3
        self._is: dict[tuple[Part, int], Any] = {}
        self._values: dict[Part, tuple[int, ...]] = {}
        self._renamings = list(family.renamings())
        self._ruled_out: set[frozenset[tuple[Part, int]]] = set()
        for cell in family.cells():
            for part, values in family.parts(cell):
                literals = [z3.Bool(f"{part}={value}", context) for value in values]
                self._is |= {(part, value): one for value, one in zip(values, literals, strict=True)}
                self._solver.add(
                    z3.Or(literals), *(z3.Or(z3.Not(x), z3.Not(y)) for x, y in combinations(literals, 2))
                )
                self._values[part] = values

    def next(self) -> Strategy | None:
        """Return a strategy that is left; None if there is none, or if z3 gave up."""
        answer = self._solver.check()
        if answer != self._z3.sat:
            self.gave_up = answer == self._z3.unknown
            return None
        model = self._solver.model()
        chosen = {
            part: next(value for value in values if self._z3.is_true(model.eval(self._is[part, value], True)))
            for part, values in self._values.items()
        }
        moves = {}
        for cell in self.family.cells():
            sends = tuple(chosen[Part(cell, "send", other)] for other in self.family.others(cell.replica))
            moves[cell] = Move(chosen[Part(cell, "next")], sends, chosen[Part(cell, "reply")])
        return Strategy(self.family, moves)

    def rule_out(self, strategy: Strategy, parts: frozenset[Part]) -> None:
        """Rule out all strategies that make these choices as one does, under any names."""
        made = [(part, part_of(strategy.moves[part.cell], part)) for part in parts]
        for renaming in self._renamings:
            alike = frozenset(renaming.part(part, value) for part, value in made)
            if alike not in self._ruled_out:
                self._ruled_out.add(alike)
                self._solver.add(self._z3.Or([self._z3.Not(self._is[choice]) for choice in sorted(alike)]))
