"""A portrait: the states of a counterexample to induction as tables, which the terminal and the picture show alike.

There is a table for each sort: a row for each of its elements, and a column for each relation that begins with it. A
cell holds what else stands in the tuples. Relations that are empty in both states are named, not shown.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

from .blame import Guilty, blame
from .counterexample import CounterexampleToInduction
from .language.sort import Sort
from .language.specification import Specification
from .language.structure import Structure

Change = Literal["", "added", "removed"]

Tuple = tuple[Any, ...]
YES = "✓"
NOTHING = "·"


@frozen
class Mark:
    """What one tuple puts into a cell."""

    text: str
    change: Change = ""
    """Whether the step adds it, or removes it."""
    is_blamed: bool = False
    """Whether it takes part in what is broken."""


@frozen
class Row:
    """An element, and a cell for each column."""

    element: str
    cells: tuple[tuple[Mark, ...], ...]


@frozen
class Table:
    """What a state says of the elements of one sort."""

    title: str
    """The sort; empty for what belongs to no element."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@frozen
class Portrait:
    """A state, or two states and the step between them, as tables."""

    elements: tuple[str, ...]
    """What there is, in words: "acceptor a1", "majority q1 = {a1}", "ballots b1 < b2"."""
    before: tuple[Table, ...]
    after: tuple[Table, ...]
    """The same tables with the marks of the state after; empty if there is no step."""
    empty: tuple[str, ...]
    """Relations that hold of nothing."""


def portrait(specification: Specification, counterexample: CounterexampleToInduction) -> Portrait:
    """Return a counterexample as tables."""
    before, after = counterexample.before, counterexample.after
    blamed = _blamed(counterexample)
    sets = _set_relations(specification)
    shown = {
        relation.name
        for relation in specification.relations
        if before.relations[relation.name] or (after is not None and after.relations[relation.name])
    } - sets.keys()
    empty = [
        relation.name
        for relation in specification.relations
        if relation.name not in shown and relation.name not in sets
    ]
    if after is None:
        return Portrait(
            _elements(specification, before, sets),
            _tables(specification, before, None, shown, blamed),
            (),
            tuple(empty),
        )
    return Portrait(
        _elements(specification, before, sets),
        # What is broken is broken in the state after: nothing before it is to blame.
        _tables(specification, before, after, shown, frozenset()),
        _tables(specification, after, before, shown, blamed, is_after=True),
        tuple(empty),
    )


def has_changes(table: Table) -> bool:
    """Return whether the step adds or removes something that stands in a table."""
    return any(mark.change for row in table.rows for cell in row.cells for mark in cell)


def _set_relations(specification: Specification) -> dict[str, type[Sort]]:
    """Return the fixed relations that only say which elements a quorum has, by name, with the sort of the quorum."""
    return {
        relation.name: relation.sorts[1]
        for relation in specification.relations
        if relation.is_fixed and len(relation.sorts) == 2 and relation.sorts[1].is_auxiliary
    }


def _elements(specification: Specification, state: Structure, sets: dict[str, type[Sort]]) -> tuple[str, ...]:
    found = []
    for kind in specification.sorts:
        elements = state.elements[kind]
        word = kind.word() if len(elements) == 1 else kind.words()
        names = [name for name, of in sets.items() if of is kind]
        if names:
            members = _in_order(state, specification, names[0])
            sets_of = [
                f"{element} = {{{', '.join(first for first, of in members if of == element)}}}"
                for element in elements
            ]
            found.append(f"{word} {', '.join(sets_of)}")
        else:
            found.append(f"{word} {(' < ' if kind.is_ordered else ', ').join(elements)}")
    return tuple(found)


def _tables(
    specification: Specification,
    state: Structure,
    other: Structure | None,
    shown: set[str],
    blamed: frozenset[Guilty],
    *,
    is_after: bool = False,
) -> tuple[Table, ...]:
    change: Change = "added" if is_after else "removed"

    def mark(name: str, chosen: Tuple, text: str) -> Mark:
        is_new = other is not None and chosen not in other.relations[name]
        return Mark(text or YES, change if is_new else "", Guilty(name, chosen, True) in blamed)

    def cell(name: str, element: Any, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        """Return the marks; in an empty cell, what is blamed for missing there."""
        start = () if element is None else (element,)
        is_missed = any(
            one.relation == name and not one.is_there and one.arguments[:1] == start for one in blamed
        )
        return (Mark(NOTHING, is_blamed=True),) if is_missed and not marks else marks

    def setting(name: str, arguments: Tuple) -> Mark:
        value = state.functions[name][arguments]
        is_new = other is not None and other.functions[name][arguments] != value
        return Mark(value, change if is_new else "")

    found = []
    flags = [
        relation.name for relation in specification.relations if not relation.sorts and relation.name in shown
    ]
    constants = [function.name for function in specification.functions if not function.sorts]
    if flags or constants:
        rows = [
            Row(name, (cell(name, None, tuple(mark(name, (), "") for _ in state.relations[name])),))
            for name in flags
        ]
        rows += [Row(name, ((setting(name, ()),),)) for name in constants]
        found.append(Table("", ("",), tuple(rows)))
    for kind in specification.sorts:
        relations = [
            relation.name
            for relation in specification.relations
            if relation.sorts and relation.sorts[0] is kind and relation.name in shown
        ]
        functions = [function.name for function in specification.functions if function.sorts[:1] == (kind,)]
        if not relations and not functions:
            continue
        rows = []
        for element in state.elements[kind]:
            cells = [
                cell(
                    name,
                    element,
                    tuple(
                        mark(name, chosen, " ".join(chosen[1:]))
                        for chosen in _in_order(state, specification, name)
                        if chosen[0] == element
                    ),
                )
                for name in relations
            ]
            cells += [
                tuple(
                    setting(name, arguments)
                    for arguments in sorted(state.functions[name])
                    if arguments[0] == element
                )
                for name in functions
            ]
            rows.append(Row(element, tuple(cells)))
        found.append(Table(kind.word(), (*relations, *functions), tuple(rows)))
    return tuple(found)


def _in_order(state: Structure, specification: Specification, name: str) -> list[Tuple]:
    """Return a relation's tuples in the order of the elements."""
    relation = next(relation for relation in specification.relations if relation.name == name)
    place = [state.elements[kind].index for kind in relation.sorts]
    return sorted(
        state.relations[name],
        key=lambda chosen: [find(element) for find, element in zip(place, chosen, strict=True)],
    )


def _blamed(counterexample: CounterexampleToInduction) -> frozenset[Guilty]:
    """Return the tuples because of which the conjunct is broken."""
    return blame(counterexample.conjunct.body, counterexample.broken, instance_values(counterexample))


def instance_values(counterexample: CounterexampleToInduction) -> dict[Sort, str]:
    """Return what the conjunct's variables stand for where it is broken."""
    elements = [element for _, element in counterexample.instance]
    return dict(zip(counterexample.conjunct.variables, elements, strict=True))
