"""Grounding: the steps of a theory over finitely many elements, taken in many structures at once.

Every action is looked at once for each choice of elements for its parameters. What it makes of a structure is
determined, so whether it leads from one structure to another is a matter of comparing columns (``evaluation.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from attrs import field, frozen

from .evaluation import Column, Compiled, Element, Elements, Spread, Structures, compiled
from .language.formula import all_of
from .language.sort import Sort
from .language.specification import Action, Specification
from .move import Move

Values = tuple[Element, ...]
Same = Mapping[str, Column]
"""For each relation and function in which structures it is the same before and after."""


@frozen(eq=False)
class Edited:
    """A compiled edit of a relation."""

    relation: str
    adds: bool
    tuples: Sequence[Values]
    touched: Compiled
    """Of the action's parameters and the tuple."""


@frozen(eq=False)
class Set:
    """A compiled setting of a function: for all arguments and values in range, whether it is these."""

    function: str
    tuples: Sequence[Values]
    values: Sequence[Element]
    is_argument: Compiled
    """Of the action's parameters and the arguments."""
    is_value: Compiled
    """Of the action's parameters and the value."""


@frozen(eq=False)
class GroundAction:
    """An action, compiled."""

    action: Action
    choices: Sequence[Values]
    """All choices of elements for its parameters."""
    guard: Compiled
    edits: Sequence[Edited]
    settings: Sequence[Set]
    touches: frozenset[str] = field(init=False)
    """The relations and functions that it may change."""

    @touches.default
    def _touches(self) -> frozenset[str]:
        return frozenset([edit.relation for edit in self.edits] + [one.function for one in self.settings])

    def changed(
        self, before: Structures, values: Values
    ) -> tuple[dict[str, Mapping[Values, Column]], dict[str, Mapping[Values, Spread]]]:
        """Return what relations and functions are after the action, as far as it touches them."""
        relations: dict[str, Mapping[Values, Column]] = {}
        for edit in self.edits:
            now = dict(relations.get(edit.relation, before.relations[edit.relation]))
            for key in edit.tuples:
                touched = edit.touched(before, *values, *key)
                if touched:
                    held = now.get(key, 0)
                    now[key] = held | touched if edit.adds else held & ~touched
            relations[edit.relation] = now
        functions: dict[str, Mapping[Values, Spread]] = {}
        for one in self.settings:
            new = dict(functions.get(one.function, before.functions[one.function]))
            for key in one.tuples:
                where = one.is_argument(before, *values, *key)
                if where:
                    kept = {element: column & ~where for element, column in new[key].items()}
                    for element in one.values:
                        kept[element] = kept.get(element, 0) | where & one.is_value(before, *values, element)
                    new[key] = {element: column for element, column in kept.items() if column}
            functions[one.function] = new
        return relations, functions


class Grounding:
    """A specification over finitely many elements.

    Args:
        specification: the theory.
        elements: the elements of each of its sorts.

    Raises ``UsageError`` if a sort has no elements.
    """

    def __init__(self, specification: Specification, elements: Elements) -> None:
        self.specification = specification
        self.elements = elements
        self.actions = {action.name: self._grounded(action) for action in specification.actions}
        self.varying = [symbol.name for symbol in specification.relations if not symbol.is_fixed]
        self.functions = [symbol.name for symbol in specification.functions if not symbol.is_fixed]

    def tuples(self, sorts: Sequence[type[Sort]]) -> list[Values]:
        """Return all tuples of elements of some sorts."""
        return list(product(*(self.elements[kind] for kind in sorts)))

    def _grounded(self, action: Action) -> GroundAction:
        given = action.parameters
        edits = [
            Edited(
                edit.relation.name,
                edit.adds,
                self.tuples(edit.relation.sorts),
                compiled(edit.formula, self.elements, [*given, *edit.variables]),
            )
            for edit in action.step.edits
        ]
        settings = []
        for setting in action.step.settings:
            variables = [kind(f"argument {k}") for k, kind in enumerate(setting.function.sorts)]
            value = setting.function.to("value")
            same = [one == other for one, other in zip(variables, setting.arguments, strict=True)]
            settings.append(
                Set(
                    setting.function.name,
                    self.tuples(setting.function.sorts),
                    list(self.elements[setting.function.to]),
                    compiled(all_of(*same), self.elements, [*given, *variables]),
                    compiled(value == setting.value, self.elements, [*given, value]),
                )
            )
        return GroundAction(
            action,
            self.tuples([type(parameter) for parameter in given]),
            compiled(action.step.guard, self.elements, given),
            edits,
            settings,
        )

    def same(self, before: Structures, after: Structures) -> Same:
        """Return for each relation and function that can change in which structures it is the same after as before."""
        found = {name: _alike(before, after, name) for name in self.varying}
        return found | {name: _alike_function(before, after, name) for name in self.functions}

    def taken(
        self,
        before: Structures,
        after: Structures,
        names: Sequence[str],
        same: Same | None = None,
        alive: Column | None = None,
    ) -> Iterator[tuple[tuple[Move, ...], Column]]:
        """Yield which actions of these names, one after the other, lead from which structures to which.

        Args:
            before: the structures before the step.
            after: those after it.
            names: the actions, usually one.
            same: what ``same`` returned of them.
            alive: which structures to look at; by default all.
        """
        known = self.same(before, after) if same is None else same
        everywhere = before.everywhere if alive is None else alive
        first, rest = self.actions[names[0]], names[1:]
        for values in first.choices:
            where = everywhere & first.guard(before, *values)
            if not where:
                continue
            if not rest:
                where = self._leads(first, values, before, after, known, where)
                if where:
                    yield (Move(first.action.name, values),), where
                continue
            touched = frozenset().union(*(self.actions[name].touches for name in names))
            for name, column in known.items():
                if name not in touched:
                    where &= column
            if not where:
                continue
            middle, between = self.after(first, values, before, after, known)
            for moves, column in self.taken(middle, after, rest, between, where):
                yield (Move(first.action.name, values), *moves), column

    def after(
        self, action: GroundAction, values: Values, before: Structures, after: Structures, same: Same
    ) -> tuple[Structures, Same]:
        """Return the structures after an action, and what in them is the same as in others."""
        relations, functions = action.changed(before, values)
        middle = Structures(before.size, {**before.relations, **relations}, {**before.functions, **functions})
        between = dict(same)
        between |= {name: _alike(middle, after, name) for name in relations}
        between |= {name: _alike_function(middle, after, name) for name in functions}
        return middle, between

    def _leads(
        self,
        action: GroundAction,
        values: Values,
        before: Structures,
        after: Structures,
        same: Same,
        where: Column,
    ) -> Column:
        """Return where an action, taken where its guard holds, gives just what is after."""
        for name, column in same.items():
            if name not in action.touches:
                where &= column
                if not where:
                    return 0
        relations, functions = action.changed(before, values)
        for name, now in relations.items():
            then = after.relations[name]
            for key in {*now, *then}:
                where &= ~(now.get(key, 0) ^ then.get(key, 0))
                if not where:
                    return 0
        for name, of in functions.items():
            for key, spread in of.items():
                where &= _agree(spread, after.functions[name][key])
        return where


def _alike(before: Structures, after: Structures, name: str) -> Column:
    was, now, found = before.relations[name], after.relations[name], before.everywhere
    for key in {*was, *now}:
        found &= ~(was.get(key, 0) ^ now.get(key, 0))
    return found


def _alike_function(before: Structures, after: Structures, name: str) -> Column:
    was, now, found = before.functions[name], after.functions[name], before.everywhere
    for key, spread in was.items():
        found &= _agree(spread, now[key])
    return found


def _agree(one: Spread, other: Spread) -> Column:
    found = 0
    for element, column in one.items():
        found |= column & other.get(element, 0)
    return found
