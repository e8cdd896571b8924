"""Evaluation: what a first-order formula says of finite structures, of many at once and exactly.

A formula is walked once and compiled to closures over columns: a column is an integer whose bit k says whether
something is true in the k-th structure. So "and" is ``&``, a quantifier ``&`` or ``|`` over the elements of its sort,
and a hundred thousand structures are asked in the time of a few thousand operations on long integers (Knuth, "The art
of computer programming", volume 4A, section 7.1.3, on working on all bits of a word at once).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import product
from typing import Any

from attrs import field, frozen

from everyway.models.language.errors import UsageError

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
    Truth,
)
from .language.sort import Sort

Element = Hashable
"""An element of a finite sort: whatever names it, such as a node's id or a number."""
Elements = Mapping[type[Sort], Sequence[Element]]
"""The elements of each sort; those of an ordered one in ascending order."""
Column = int
"""A truth value for each structure: bit k is that of the k-th."""
Spread = Mapping[Element, Column]
"""An element for each structure: in which structures it is which. Each structure is in one of the columns."""


@frozen
class Structures:
    """Finite structures of one signature over the same elements, side by side."""

    size: int
    """How many structures there are."""
    relations: Mapping[str, Mapping[tuple[Element, ...], Column]]
    """For each relation, by its arguments, in which structures it holds of them; in none if they are missing."""
    functions: Mapping[str, Mapping[tuple[Element, ...], Spread]] = field(factory=dict)
    """For each function, by its arguments, in which structures it has which value."""
    everywhere: Column = field(init=False)
    """The column of all structures."""

    @everywhere.default
    def _everywhere(self) -> Column:
        return (1 << self.size) - 1


Places = list[Any]
"""The elements that the variables in scope stand for."""
Asked = Callable[[Structures, Places], Column]


@frozen(eq=False)
class Term:
    """A compiled term: a variable, which is the same element in every structure, or the value of a function."""

    place: int = -1
    """Where a variable's element stands."""
    value: Callable[[Structures, Places], Spread] | None = None

    def spread(self, structures: Structures, places: Places) -> Spread:
        """Return in which structures the term is which element."""
        if self.value is None:
            return {places[self.place]: structures.everywhere}
        return self.value(structures, places)


@frozen(eq=False)
class Compiled:
    """A formula that was compiled; call it for a column."""

    asked: Asked
    parameters: int
    """How many of its variables are free."""
    bound: int
    """How many are bound."""

    def __call__(self, structures: Structures, *elements: Element) -> Column:
        """Return in which structures the formula holds of these elements, one for each of its parameters."""
        if len(elements) != self.parameters:
            raise UsageError(
                f"the formula is about {self.parameters} elements, and {len(elements)} were given."
            )
        return self.asked(structures, [*elements, *[None] * self.bound])


def compiled(formula: Formula, elements: Elements, parameters: Sequence[Sort] = ()) -> Compiled:
    """Compile a formula.

    Args:
        formula: what is asked; closed but for the parameters.
        elements: the elements of each sort that it quantifies over or compares.
        parameters: variables whose elements are given when it is asked.

    Raises:
        UsageError: if a sort has no elements, or a variable is neither bound nor a parameter.

    >>> from everyway.proofs.language.formula import exists
    >>> from everyway.proofs.language.symbol import Relation
    >>> class Server(Sort): ...
    >>> votes, s = Relation(Server, Server), Server("s")
    >>> votes.name = "votes"
    >>> somebody = compiled(exists(Server, lambda other: votes(s, other)), {Server: ["a", "b"]}, [s])
    >>> two = Structures(2, {"votes": {("a", "b"): 0b10}})
    >>> somebody(two, "a"), somebody(two, "b")
    (2, 0)
    """
    compiler = _Compiler(elements, parameters)
    asked = compiler.formula(formula)
    return Compiled(asked, len(parameters), compiler.places - len(parameters))


class _Compiler:
    def __init__(self, elements: Elements, parameters: Sequence[Sort]) -> None:
        self._elements = elements
        self._ranks: dict[type[Sort], dict[Element, int]] = {}
        # By identity: two terms that are compared with == make a formula.
        self._place_of = {id(variable): place for place, variable in enumerate(parameters)}
        self.places = len(parameters)

    def formula(self, formula: Formula) -> Asked:
        """Return what answers a formula."""
        match formula:
            case Truth(value=value):
                return lambda structures, _: structures.everywhere if value else 0
            case Atom():
                return self._atom(formula)
            case Defined():
                return self.formula(formula.body)
            case Equal():
                return self._compared(formula.left, formula.right, lambda one, other: one == other)
            case Less():
                rank = self._rank(type(formula.left))
                return self._compared(formula.left, formula.right, lambda one, other: rank[one] < rank[other])
            case Not():
                return _negation(self.formula(formula.body))
            case And():
                return _conjunction([self.formula(part) for part in formula.parts])
            case Or():
                return _disjunction([self.formula(part) for part in formula.parts])
            case Implies():
                return _implication(self.formula(formula.premise), self.formula(formula.conclusion))
            case Iff():
                return _equivalence(self.formula(formula.left), self.formula(formula.right))
            case ForAll() | Exists():
                return self._quantified(formula)
        raise TypeError(f"no formula: {formula!r}")

    def _quantified(self, formula: ForAll | Exists) -> Asked:
        outside = dict(self._place_of)
        first = self.places
        for variable in formula.variables:
            self._place_of[id(variable)] = self.places
            self.places += 1
        after = self.places
        tuples = list(product(*(self._range(type(variable)) for variable in formula.variables)))
        body = self.formula(formula.body)
        self._place_of = outside
        if isinstance(formula, ForAll):

            def of_all(structures: Structures, places: Places) -> Column:
                found = structures.everywhere
                for elements in tuples:
                    places[first:after] = elements
                    found &= body(structures, places)
                    if not found:
                        break
                return found

            return of_all

        def of_some(structures: Structures, places: Places) -> Column:
            found = 0
            for elements in tuples:
                places[first:after] = elements
                found |= body(structures, places)
                if found == structures.everywhere:
                    break
            return found

        return of_some

    def _range(self, sort: type[Sort]) -> Sequence[Element]:
        if sort not in self._elements:
            known = ", ".join(kind.word() for kind in self._elements) or "none"
            raise UsageError(f"no elements are given for the sort {sort.word()}; they are for: {known}.")
        return self._elements[sort]

    def _rank(self, sort: type[Sort]) -> Mapping[Element, int]:
        if sort not in self._ranks:
            self._ranks[sort] = {element: rank for rank, element in enumerate(self._range(sort))}
        return self._ranks[sort]

    def _atom(self, formula: Atom) -> Asked:
        name = formula.relation.name
        terms = [self.term(argument) for argument in formula.arguments]
        of = [term.place for term in terms]
        if not terms:
            return lambda structures, _: structures.relations[name].get((), 0)
        if all(term.value is None for term in terms):
            if len(of) == 1:
                (only,) = of
                return lambda structures, places: structures.relations[name].get((places[only],), 0)
            if len(of) == 2:
                one, other = of
                return lambda structures, places: structures.relations[name].get(
                    (places[one], places[other]), 0
                )
            return lambda structures, places: structures.relations[name].get(
                tuple([places[place] for place in of]), 0
            )

        def of_values(structures: Structures, places: Places) -> Column:
            table, found = structures.relations[name], 0
            for key, where in _together(terms, structures, places):
                found |= where & table.get(key, 0)
            return found

        return of_values

    def _compared(self, left: Sort, right: Sort, compare: Callable[[Any, Any], bool]) -> Asked:
        one, other = self.term(left), self.term(right)
        if one.value is None and other.value is None:
            return lambda structures, places: (
                structures.everywhere if compare(places[one.place], places[other.place]) else 0
            )

        def of_values(structures: Structures, places: Places) -> Column:
            found = 0
            for (a, b), where in _together([one, other], structures, places):
                if compare(a, b):
                    found |= where
            return found

        return of_values

    def term(self, term: Sort) -> Term:
        """Return what gives a term's element."""
        if term.function is None:
            if id(term) not in self._place_of:
                raise UsageError(f"the variable {term} ({type(term).word()}) is neither bound nor given.")
            return Term(self._place_of[id(term)])
        name = term.function.name
        arguments = [self.term(argument) for argument in term.arguments]

        def value(structures: Structures, places: Places) -> Spread:
            table = structures.functions[name]
            if not arguments:
                return table[()]
            found: dict[Element, Column] = {}
            for key, where in _together(arguments, structures, places):
                for element, column in table[key].items():
                    if where & column:
                        found[element] = found.get(element, 0) | where & column
            return found

        return Term(value=value)


def _together(
    terms: Sequence[Term], structures: Structures, places: Places
) -> list[tuple[tuple[Element, ...], Column]]:
    """Return which elements some terms are together, and in which structures."""
    found: list[tuple[tuple[Element, ...], Column]] = [((), structures.everywhere)]
    for term in terms:
        spread = term.spread(structures, places)
        found = [
            ((*key, element), both)
            for key, where in found
            for element, column in spread.items()
            if (both := where & column)
        ]
    return found


def _conjunction(parts: Sequence[Asked]) -> Asked:
    def asked(structures: Structures, places: Places) -> Column:
        found = structures.everywhere
        for part in parts:
            found &= part(structures, places)
            if not found:
                break
        return found

    return asked


def _disjunction(parts: Sequence[Asked]) -> Asked:
    def asked(structures: Structures, places: Places) -> Column:
        found = 0
        for part in parts:
            found |= part(structures, places)
            if found == structures.everywhere:
                break
        return found

    return asked


def _negation(part: Asked) -> Asked:
    return lambda structures, places: structures.everywhere ^ part(structures, places)


def _implication(premise: Asked, conclusion: Asked) -> Asked:
    def asked(structures: Structures, places: Places) -> Column:
        where = premise(structures, places)
        if not where:
            return structures.everywhere
        return structures.everywhere ^ where | where & conclusion(structures, places)

    return asked


def _equivalence(left: Asked, right: Asked) -> Asked:
    return lambda structures, places: (
        structures.everywhere ^ left(structures, places) ^ right(structures, places)
    )
