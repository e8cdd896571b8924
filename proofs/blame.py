"""Blame: which tuples of a state, there or missing, make a formula fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from .language.formula import And, Atom, Defined, Exists, ForAll, Formula, Iff, Implies, Not, Or
from .language.sort import Sort
from .language.structure import Structure


@frozen
class Guilty:
    """A tuple that a formula's value hangs on."""

    relation: str
    arguments: tuple[Any, ...]
    is_there: bool
    """Whether the relation holds of it; otherwise it is missing."""


def blame(formula: Formula, state: Structure, values: Mapping[Sort, Any]) -> frozenset[Guilty]:
    """Return the tuples because of which a formula has the value that it has in a state.

    Of what exists a first witness is blamed, of what fails for some element the first such element; that nothing
    exists, or that something holds of all, is nobody's fault.
    """
    return frozenset(_blame(formula, state, dict(values)))


def _blame(formula: Formula, state: Structure, values: dict[Sort, Any]) -> Iterator[Guilty]:
    holds = state.holds(formula, values)
    inner: list[Formula] = []
    match formula:
        case Atom():
            arguments = tuple(state.value(term, values) for term in formula.arguments)
            yield Guilty(formula.relation.name, arguments, holds)
        case Not() | Defined():
            inner = [formula.body]
        case And():
            inner = [part for part in formula.parts if holds or not state.holds(part, values)]
        case Or():
            inner = [part for part in formula.parts if not holds or state.holds(part, values)]
        case Implies():
            # A conclusion that holds needs no premise.
            is_needed = not holds or not state.holds(formula.conclusion, values)
            inner = [formula.premise] if is_needed else []
            inner += [] if holds and is_needed else [formula.conclusion]
        case Iff():
            inner = [formula.left, formula.right]
        case Exists() | ForAll():
            if isinstance(formula, Exists) is holds:
                chosen = next(
                    one
                    for one in state.choices(formula.variables)
                    if state.holds(formula.body, values | one) is holds
                )
                yield from _blame(formula.body, state, values | chosen)
    for part in inner:
        yield from _blame(part, state, values)
