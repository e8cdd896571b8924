"""Propositional clauses, and z3 as the solver that decides them.

Clauses are lists of whole numbers as in the DIMACS format, and are handed over as text: z3 reads hundreds of thousands
of them a second, while terms that are built one by one in Python take ten times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from everyway.models.language import EverywayError, UsageError

_TRUE = re.compile(r"\(define-fun k!(\d+) \(\) Bool\s+true\)")


class SolverGaveUpError(EverywayError):
    """The solver could not decide a question in the time that it was given."""


class Solver:
    """Clauses that only ever grow, and the question whether they can be satisfied.

    Args:
        seconds: how long the solver may take for one question; without a limit if None.

    Raises ``UsageError`` if z3 is not installed.
    """

    def __init__(self, seconds: float | None = None) -> None:
        try:
            import z3
        except ImportError:
            raise UsageError("this needs the solver z3: pip install 'everyway[proofs]'.") from None
        self._z3: Any = z3
        self._context: Any = z3.Context()
        self._solver: Any = z3.SolverFor("QF_FD", self._context)
        self._solver.set("random_seed", 0)
        self.limit(seconds)
        self.variables = 0
        self.clauses = 0
        self.questions = 0
        self._waiting: list[str] = []
        self._terms: dict[int, Any] = {}

    def limit(self, seconds: float | None) -> None:
        """Say how long the solver may take for one question from now on."""
        milliseconds = 2**32 - 1 if seconds is None else max(1, int(seconds * 1000))
        self._solver.set("timeout", milliseconds)

    def variable(self) -> int:
        """Return a variable that is not yet used."""
        self.variables += 1
        return self.variables

    def several(self, count: int) -> list[int]:
        """Return so many of them."""
        first = self.variables + 1
        self.variables += count
        return list(range(first, self.variables + 1))

    def add(self, *literals: int) -> None:
        """Claim that one of the literals is true; a negative number is the negation of a variable."""
        self.clauses += 1
        self._waiting.append(" ".join(map(str, literals)) + " 0\n")

    def any_of(self, literals: Sequence[int]) -> int:
        """Return a literal that is true exactly if one of these is."""
        if len(literals) == 1:
            return literals[0]
        made = self.variable()
        self.add(-made, *literals)
        for one in literals:
            self.add(-one, made)
        return made

    def at_most_one(self, literals: Sequence[int]) -> None:
        """Claim that no two of the literals are true (sequential counter, Sinz 2005)."""
        if len(literals) <= 5:
            for k, one in enumerate(literals):
                for other in literals[k + 1 :]:
                    self.add(-one, -other)
            return
        before = 0
        for one in literals[:-1]:
            so_far = self.variable()
            self.add(-one, so_far)
            if before:
                self.add(-before, so_far)
                self.add(-before, -one)
            before = so_far
        self.add(-before, -literals[-1])

    def exactly_one(self, literals: Sequence[int]) -> None:
        """Claim that one of the literals is true, and no other."""
        self.add(*literals)
        self.at_most_one(literals)

    def solve(self, assumptions: Iterable[int] = ()) -> frozenset[int] | None:
        """Return the variables that are true in some solution in which the assumptions hold; None if there is none.

        Raises ``SolverGaveUpError`` if that was not decided in time.
        """
        if self._waiting:
            head = f"p cnf {self.variables} {len(self._waiting)}\n"
            self._solver.from_string(head + "".join(self._waiting))
            self._waiting.clear()
        self.questions += 1
        answer = self._solver.check([self._literal(one) for one in assumptions])
        if answer == self._z3.unsat:
            return None
        if answer != self._z3.sat:
            raise SolverGaveUpError(f"z3 gave up ({self._solver.reason_unknown()})")
        # As text, for the same reason as the clauses.
        return frozenset(map(int, _TRUE.findall(self._solver.model().sexpr())))

    def _literal(self, literal: int) -> Any:
        if literal not in self._terms:
            if literal > 0:
                self._terms[literal] = self._z3.Bool(literal, self._context)
            else:
                self._terms[literal] = self._z3.Not(self._literal(-literal))
        return self._terms[literal]
