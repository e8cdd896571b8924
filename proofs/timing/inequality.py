"""Linear inequalities over the parameters of a timing, with whole coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd
from typing import Any

from attrs import frozen

Row = tuple[int, ...]
"""A linear expression: a coefficient for each parameter."""


def value(row: Row, point: Sequence[Fraction]) -> Fraction:
    """Return the value of an expression at a point."""
    return sum((coefficient * one for coefficient, one in zip(row, point, strict=True)), Fraction(0))


def shrunk(row: Row) -> Row:
    """Return the expression divided by what all its coefficients have in common."""
    common = gcd(*row) or 1
    return tuple(coefficient // common for coefficient in row)


@frozen
class Inequality:
    """That an expression is below zero, or not above it."""

    row: Row
    is_strict: bool

    def holds(self, point: Sequence[Fraction]) -> bool:
        """Return whether it is true at a point."""
        found = value(self.row, point)
        return found < 0 if self.is_strict else found <= 0

    @property
    def is_always(self) -> bool:
        """Whether it is true at every point, as no parameter is below zero."""
        return not self.is_strict and all(coefficient <= 0 for coefficient in self.row)

    @property
    def opposite(self) -> Inequality:
        """What is true wherever this is not."""
        return Inequality(tuple(-coefficient for coefficient in self.row), not self.is_strict)

    def formula(self, variables: Sequence[Any]) -> Any:
        """Return it for z3."""
        total = sum(c * v for c, v in zip(self.row, variables, strict=True))
        return total < 0 if self.is_strict else total <= 0


Cell = frozenset[Inequality]
"""Where all of these are true: a convex piece of the space of parameters."""


def told(one: Inequality, terms: Mapping[str, Row], solved_for: Sequence[str]) -> str:
    """Return an inequality in words, e.g. "participant > 3·dmax - dmin".

    Args:
        one: the inequality.
        terms: what to write, each with its coefficients; expressions are sums of these.
        solved_for: the terms that stand alone on the left, if they occur; the first that does.
    """
    weights = _in_terms(one.row, terms)
    alone = next((name for name in solved_for if weights.get(name)), None)
    if alone is None:
        alone = next((name for name, weight in weights.items() if weight), None)
    if alone is None:
        return "never" if one.is_strict else "always"
    weight = weights.pop(alone)
    # weight * alone + rest <= 0: dividing by a negative weight turns the sign around.
    rest = {name: -other if weight > 0 else other for name, other in weights.items() if other}
    common = gcd(*rest.values())
    if common % weight == 0:
        common = abs(weight)
    sign = ("<" if weight > 0 else ">") + ("" if one.is_strict else "=")
    left = _sum({alone: Fraction(abs(weight), common)})
    right = _sum({name: Fraction(other, common) for name, other in rest.items()})
    return f"{left} {sign.replace('<=', '≤').replace('>=', '≥')} {right}"


def _in_terms(row: Row, terms: Mapping[str, Row]) -> dict[str, int]:
    """Return the weights of terms of which an expression is the sum; each has a parameter that no later one has."""
    left = list(row)
    weights: dict[str, int] = {}
    for name, term in terms.items():
        place = next(k for k, coefficient in enumerate(term) if coefficient)
        weights[name] = left[place] // term[place]
        left = [a - weights[name] * b for a, b in zip(left, term, strict=True)]
    return weights


def _sum(weights: Mapping[str, Fraction]) -> str:
    if not weights:
        return "0"
    words = ""
    for name, weight in sorted(weights.items(), key=lambda item: item[1] < 0):
        size = abs(weight)
        unit = name.partition(" ")
        if unit[1] and unit[0] == "1":  # a constant: so many of its unit
            told_term = f"{_number(size)} {unit[2]}"
        else:
            told_term = name if size == 1 else f"{_number(size)}·{name}"
        if not words:
            words = f"-{told_term}" if weight < 0 else told_term
        else:
            words += f" - {told_term}" if weight < 0 else f" + {told_term}"
    return words


def _number(number: Fraction) -> str:
    """Return a number as a decimal if that is short and exact, or else as a fraction."""
    decimal = f"{float(number):.3f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == number else f"{number.numerator}/{number.denominator}"
