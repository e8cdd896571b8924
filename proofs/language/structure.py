"""A structure: one state of a first-order system over finitely many elements, as a plain value."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from everyway.models.language.errors import ModelError

from .formula import (
    And,
    Atom,
    Defined,
    Equal,
    Exists,
    ForAll,
    Formula,
    Iff,
    Implies,
    Less,
    Not,
    Or,
    Truth,
)
from .sort import Sort
from .specification import Action, Specification
from .step import Edit

Values = Mapping[Sort, Any]
"""What variables stand for: elements by the variable itself."""


@frozen
class Structure:
    """The elements of each sort, the tuples of each relation, and the values of each function.

    Elements may be any hashable values. Those of an ordered sort stand in their order.
    """

    elements: Mapping[type[Sort], tuple[Any, ...]]
    relations: Mapping[str, frozenset[tuple[Any, ...]]]
    """By the relation's name; a flag holds if its set contains the empty tuple."""
    functions: Mapping[str, Mapping[tuple[Any, ...], Any]] = field(factory=dict)

    def holds(self, formula: Formula, values: Values | None = None) -> bool:
        """Return whether a formula holds here; ``values`` are what its free variables stand for.

        Raises ``ModelError`` for a variable that stands for nothing, or a relation that has no value here.
        """
        return self._holds(formula, dict(values or {}))

    def value(self, term: Sort, values: Values) -> Any:
        """Return the element that a term stands for."""
        if term.function is None:
            if term not in values:
                raise ModelError(f"variable {term} stands for nothing here.")
            return values[term]
        arguments = tuple(self.value(argument, values) for argument in term.arguments)
        return self.functions[term.name][arguments]

    def choices(self, variables: tuple[Sort, ...]) -> Iterator[dict[Sort, Any]]:
        """Yield every way in which variables can stand for elements, in the order of the elements."""
        domains = [self.elements[type(variable)] for variable in variables]
        for chosen in itertools.product(*domains):
            yield dict(zip(variables, chosen, strict=True))

    def broken(self, formula: Formula) -> dict[Sort, Any] | None:
        """Return the first elements for which a closed formula fails, by its outermost variables; None if it holds."""
        variables, body = (formula.variables, formula.body) if isinstance(formula, ForAll) else ((), formula)
        return next((chosen for chosen in self.choices(variables) if not self._holds(body, chosen)), None)

    def tuples(self, relation: str) -> frozenset[tuple[Any, ...]]:
        """Return the tuples of a relation."""
        try:
            return self.relations[relation]
        except KeyError:
            raise ModelError(f"the structure says nothing of the relation '{relation}'.") from None

    def _holds(self, formula: Formula, values: dict[Sort, Any]) -> bool:
        match formula:
            case Truth():
                return formula.value
            case Atom():
                return tuple(self.value(term, values) for term in formula.arguments) in self.tuples(
                    formula.relation.name
                )
            case Not():
                return not self._holds(formula.body, values)
            case And():
                return all(self._holds(part, values) for part in formula.parts)
            case Or():
                return any(self._holds(part, values) for part in formula.parts)
            case Implies():
                return not self._holds(formula.premise, values) or self._holds(formula.conclusion, values)
            case Equal():
                return bool(self.value(formula.left, values) == self.value(formula.right, values))
            case Less():
                order = self.elements[type(formula.left)]
                left, right = self.value(formula.left, values), self.value(formula.right, values)
                return order.index(left) < order.index(right)
            case ForAll():
                return all(
                    self._holds(formula.body, values | chosen) for chosen in self.choices(formula.variables)
                )
            case Exists():
                return any(
                    self._holds(formula.body, values | chosen) for chosen in self.choices(formula.variables)
                )
            case Iff():
                return self._holds(formula.left, values) == self._holds(formula.right, values)
            case Defined():
                return self._holds(formula.body, values)
        raise TypeError(f"no formula: {formula!r}")


def after(structure: Structure, action: Action, values: Values) -> Structure:
    """Return the state after an action whose guard holds; ``values`` are its parameters' elements.

    What the action does not change is the same.
    """
    relations = dict(structure.relations)
    for edit in action.step.edits:
        touched = _touched(structure, edit, values)
        now = relations[edit.relation.name]
        relations[edit.relation.name] = now | touched if edit.adds else now - touched
    functions = dict(structure.functions)
    for setting in action.step.settings:
        arguments = tuple(structure.value(term, values) for term in setting.arguments)
        functions[setting.function.name] = {
            **functions[setting.function.name],
            arguments: structure.value(setting.value, values),
        }
    return Structure(structure.elements, relations, functions)


def _touched(structure: Structure, edit: Edit, values: Values) -> frozenset[tuple[Any, ...]]:
    return frozenset(
        tuple(chosen.values())
        for chosen in structure.choices(edit.variables)
        if structure.holds(edit.formula, {**values, **chosen})
    )


def steps(
    specification: Specification, structure: Structure
) -> Iterator[tuple[Action, dict[Sort, Any], Structure]]:
    """Yield every step that can be taken in a state: the action, what its parameters stand for, the state after."""
    for action in specification.actions:
        for chosen in structure.choices(action.parameters):
            if structure.holds(action.step.guard, chosen):
                yield action, chosen, after(structure, action, chosen)
