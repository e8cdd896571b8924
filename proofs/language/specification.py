"""A specification: a first-order transition system as one plain value, with what is claimed of it."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from .formula import ForAll, Formula
from .sort import Sort
from .step import Step
from .symbol import Function, Relation


@frozen(eq=False)
class Conjunct:
    """A named closed formula: an axiom, a part of the initial condition, a lemma or a goal."""

    name: str
    """As on the command line, e.g. "one-value-per-ballot"."""
    formula: Formula
    about: str = ""
    """What it says, in a sentence."""

    @property
    def variables(self) -> tuple[Sort, ...]:
        """The variables that stand for all elements at the front of the formula."""
        return self.formula.variables if isinstance(self.formula, ForAll) else ()

    @property
    def body(self) -> Formula:
        """The formula behind these variables."""
        return self.formula.body if isinstance(self.formula, ForAll) else self.formula


@frozen(eq=False)
class Action:
    """What may happen: for any elements that its parameters stand for, a step."""

    name: str
    """As on the command line, e.g. "decide-to-commit"."""
    parameters: tuple[Sort, ...]
    step: Step
    about: str = ""


@frozen(eq=False)
class Derived:
    """A relation that is defined by a formula."""

    name: str
    variables: tuple[Sort, ...]
    formula: Formula


@frozen(eq=False)
class Specification:
    """A first-order transition system, its lemmas, which are to be inductive, and its goals, which are to follow."""

    name: str
    sorts: tuple[type[Sort], ...]
    relations: tuple[Relation, ...]
    functions: tuple[Function[Any], ...]
    derived: tuple[Derived, ...]
    axioms: tuple[Conjunct, ...]
    initial: tuple[Conjunct, ...]
    actions: tuple[Action, ...]
    lemmas: tuple[Conjunct, ...]
    goals: tuple[Conjunct, ...]

    @property
    def counted(self) -> tuple[type[Sort], ...]:
        """The sorts that a reader would count: not quorums."""
        return tuple(kind for kind in self.sorts if not kind.is_auxiliary)
