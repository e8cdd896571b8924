"""The decidable fragment: whether z3 is bound to answer a query, given time.

A query is stratified if the sorts can be put in an order in which whatever is asked to exist depends on elements of
earlier sorts only. Then only finitely many terms can be built, and instantiating the quantifiers with them decides the
query (effectively propositional logic with several sorts; Padon, Losa, Sagiv & Shoham, Paxos made EPR, OOPSLA 2017,
section 3). An edge from one sort to another says that for each element of the one some element of the other is asked
for, or that a function leads from there to here. A cycle of edges leaves the fragment; z3 may still answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from attrs import frozen

from .language.formula import (
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
)
from .language.sort import Sort
from .language.specification import Specification
from .language.step import Step

Edge = tuple[type[Sort], type[Sort]]


@frozen
class Cycle:
    """Why a query is outside of the fragment."""

    query: str
    """For example "consecution of agreement under learn"."""
    sorts: tuple[type[Sort], ...]
    """Each asks for an element of the next, and the last is the first again."""

    def __str__(self) -> str:
        return f"{' -> '.join(kind.word() for kind in self.sorts)}, in the {self.query}"


def leaves_fragment(specification: Specification) -> Cycle | None:
    """Return a cycle of the first query that is not stratified; None if z3 decides every query, given time."""
    background = {edge for axiom in specification.axioms for edge in _edges(axiom.formula, True)}
    lemmas = {edge for lemma in specification.lemmas for edge in _edges(lemma.formula, True)}
    initial = {edge for conjunct in specification.initial for edge in _edges(conjunct.formula, True)}
    for lemma in specification.lemmas:
        denied = set(_edges(lemma.formula, False))
        if cycle := _cycle(background | initial | denied):
            return Cycle(f"initiation of {lemma.name}", cycle)
    for action in specification.actions:
        guard = set(_edges(action.step.guard, True))
        for lemma in specification.lemmas:
            denied = set(_edges(lemma.formula, False, action.step))
            if cycle := _cycle(background | lemmas | guard | denied):
                return Cycle(f"consecution of {lemma.name} under {action.name}", cycle)
    for goal in specification.goals:
        denied = set(_edges(goal.formula, False))
        if cycle := _cycle(background | lemmas | denied):
            return Cycle(f"safety of {goal.name}", cycle)
    return None


def _cycle(edges: set[Edge]) -> tuple[type[Sort], ...] | None:
    graph: dict[type[Sort], set[type[Sort]]] = {}
    # In an order of their own, so that the same cycle is told every time.
    for start, end in sorted(edges, key=lambda edge: [kind.__name__ for kind in edge]):
        graph.setdefault(end, set()).add(start)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[type[Sort]] = error.args[1]
        # Begun with the sort that comes first by name.
        ring = found[:-1]
        first = ring.index(min(ring, key=lambda kind: kind.__name__))
        turned = ring[first:] + ring[:first]
        return (*turned, turned[0])
    return None


def _edges(
    formula: Formula, asserted: bool, after: Step | None = None, scope: tuple[type[Sort], ...] = ()
) -> Iterator[Edge]:
    """Yield the edges of a formula that is asserted or denied, about the state after a step if one is given.

    ``scope`` holds the sorts of the variables that stand for all elements around it.
    """
    match formula:
        case Atom():
            for term in formula.arguments:
                yield from _of_term(term)
            for edit in after.edits if after else ():
                if edit.relation is formula.relation:
                    yield from _edges(edit.formula, asserted is edit.adds, None, scope)
        case Equal() | Less():
            yield from _of_term(formula.left)
            yield from _of_term(formula.right)
        case Defined():
            yield from _edges(formula.body, asserted, after, scope)
        case Not():
            yield from _edges(formula.body, not asserted, after, scope)
        case And() | Or():
            for part in formula.parts:
                yield from _edges(part, asserted, after, scope)
        case Implies():
            yield from _edges(formula.premise, not asserted, after, scope)
            yield from _edges(formula.conclusion, asserted, after, scope)
        case Iff():
            for side in (formula.left, formula.right):
                yield from _edges(side, True, after, scope)
                yield from _edges(side, False, after, scope)
        case ForAll() | Exists():
            own = tuple(type(variable) for variable in formula.variables)
            if isinstance(formula, ForAll) is asserted:
                yield from _edges(formula.body, asserted, after, (*scope, *own))
            else:
                yield from ((kind, wanted) for kind in scope for wanted in own)
                yield from _edges(formula.body, asserted, after, scope)


def _of_term(term: Sort) -> Iterator[Edge]:
    for argument in term.arguments:
        yield type(argument), type(term)
        yield from _of_term(argument)
