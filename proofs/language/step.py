"""A step: when an action may happen, and what it changes. What it does not mention stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from everyway.models.language.errors import ModelError

from .formula import TRUE, Atom, Equal, Formula, all_of, bound
from .sort import Sort
from .symbol import Function, Relation


@frozen(eq=False)
class Edit:
    """One change of a relation: the tuples of which ``formula`` holds, in the state before, come in or go out."""

    relation: Relation
    adds: bool
    """Whether tuples come in; otherwise they go out."""
    variables: tuple[Sort, ...]
    formula: Formula


@frozen(eq=False)
class Setting:
    """One change of a function: its value at these arguments becomes another; all in terms of the state before."""

    function: Function[Any]
    arguments: tuple[Sort, ...]
    value: Sort


@frozen(eq=False)
class Step:
    """A guard and changes. All conditions speak of the state before; later changes of a tuple win over earlier ones."""

    guard: Formula = TRUE
    edits: tuple[Edit, ...] = ()
    settings: tuple[Setting, ...] = ()

    def when(self, *guards: Formula) -> Step:
        """Return the step with a stronger guard."""
        return evolve(self, guard=all_of(self.guard, *guards) if self.guard is not TRUE else all_of(*guards))

    def add(self, *atoms: Formula) -> Step:
        """Return the step that also makes these hold, as in ``.add(self.voted(a, b, v))``."""
        return self._pointwise(atoms, adds=True)

    def remove(self, *atoms: Formula) -> Step:
        """Return the step that also makes these not hold."""
        return self._pointwise(atoms, adds=False)

    def add_all(self, relation: Relation, condition: Callable[..., Formula]) -> Step:
        """Return the step that also adds every tuple of which the condition holds.

        For example ``.add_all(self.left, lambda x, c: (x == a) & (c < b))``.
        """
        return self._bulk(relation, condition, adds=True)

    def remove_all(self, relation: Relation, condition: Callable[..., Formula] | None = None) -> Step:
        """Return the step that also removes every tuple of which the condition holds; by default all."""
        if condition is None:
            from .formula import variables_for

            return evolve(
                self,
                edits=(*self.edits, Edit(_mutable(relation), False, variables_for(relation.sorts), TRUE)),
            )
        return self._bulk(relation, condition, adds=False)

    def set(self, term: Sort, value: Sort) -> Step:
        """Return the step that also gives a function another value, as in ``.set(self.term(s), t)``."""
        if not isinstance(term, Sort) or term.function is None:
            raise ModelError(
                f"set() needs the value of a function, as in .set(self.term(s), t), not {term!r}."
            )
        return evolve(
            self,
            settings=(*self.settings, Setting(_mutable(term.function), term.arguments, term._alike(value))),
        )

    def _pointwise(self, atoms: tuple[Formula, ...], *, adds: bool) -> Step:
        from .formula import variables_for

        edits = list(self.edits)
        for atom in atoms:
            if not isinstance(atom, Atom):
                raise ModelError(
                    f"a step adds and removes what a relation says, as in self.voted(a, b, v), not '{atom}'."
                )
            variables = variables_for(atom.relation.sorts)
            same = [
                Equal(variable, argument)
                for variable, argument in zip(variables, atom.arguments, strict=True)
            ]
            edits.append(Edit(_mutable(atom.relation), adds, variables, all_of(*same)))
        return evolve(self, edits=tuple(edits))

    def _bulk(self, relation: Relation, condition: Callable[..., Formula], *, adds: bool) -> Step:
        variables, formula = bound(_mutable(relation).sorts, condition)
        return evolve(self, edits=(*self.edits, Edit(relation, adds, variables, formula)))


def when(*guards: Formula) -> Step:
    """Begin a step that may be taken when all guards hold; ``when()`` always may."""
    return Step().when(*guards)


def _mutable(symbol: Any) -> Any:
    if not isinstance(symbol, (Relation, Function)):
        raise ModelError(f"a step changes relations and functions, not {symbol!r}.")
    if symbol.is_fixed:
        raise ModelError(f"{symbol!r} is fixed: no action can change it.")
    return symbol
