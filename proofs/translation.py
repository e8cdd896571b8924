"""The translation: a specification's formulas as z3's, about the state before a step or after it.

The state after a step has no symbols of its own. What a formula says of it is rewritten to what it says of the state
before (the weakest precondition, Dijkstra 1975): ``voted(x, c, w)`` after a vote is ``voted(x, c, w)`` before it, or
x, c, w are what was voted. So what a step does not change stays the same without an axiom for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

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
from .language.specification import Specification
from .language.step import Step
from .language.symbol import Relation
from .solver import load_z3

Terms = Mapping[Sort, Any]
"""z3's terms for variables."""


class Translation:
    """A specification in a z3 context of its own, so that one proof cannot disturb another."""

    def __init__(self, specification: Specification) -> None:
        self.z3 = load_z3()
        self.specification = specification
        self.context = self.z3.Context()
        self._count = itertools.count()
        self.sorts = {kind: self.z3.DeclareSort(kind.__name__, self.context) for kind in specification.sorts}
        boolean = self.z3.BoolSort(self.context)
        self.symbols: dict[str, Any] = {
            relation.name: self._declare(relation.name, relation.sorts, boolean)
            for relation in specification.relations
        }
        for function in specification.functions:
            self.symbols[function.name] = self._declare(
                function.name, function.sorts, self.sorts[function.to]
            )
        self.less = {
            kind: self.z3.Function(f"less_{kind.__name__}", sort, sort, boolean)
            for kind, sort in self.sorts.items()
            if kind.is_ordered
        }
        self.background: list[Any] = [axiom for kind in self.less for axiom in self._total_order(kind)]
        self.background += [self.formula(axiom.formula) for axiom in specification.axioms]

    def _declare(self, name: str, sorts: tuple[type[Sort], ...], result: Any) -> Any:
        return self.z3.Function(name, *(self.sorts[kind] for kind in sorts), result)

    def _total_order(self, kind: type[Sort]) -> list[Any]:
        z3, less = self.z3, self.less[kind]
        x, y, z = (self.new(kind, name) for name in "xyz")
        return [
            z3.ForAll([x], z3.Not(less(x, x))),
            z3.ForAll([x, y, z], z3.Implies(z3.And(less(x, y), less(y, z)), less(x, z))),
            z3.ForAll([x, y], z3.Or(less(x, y), x == y, less(y, x))),
        ]

    def new(self, kind: type[Sort], name: str) -> Any:
        """Return a new constant; no two have the same name, so that no quantifier captures what is not its own."""
        return self.z3.Const(f"{name}!{next(self._count)}", self.sorts[kind])

    def parameters(self, variables: tuple[Sort, ...]) -> dict[Sort, Any]:
        """Return a new constant for each of these variables."""
        return {variable: self.new(type(variable), variable.name) for variable in variables}

    def formula(self, formula: Formula, terms: Terms | None = None, after: Step | None = None) -> Any:
        """Return a formula as z3's.

        Args:
            formula: what to translate.
            terms: z3's terms for its free variables, and for the parameters of the step.
            after: the step after which it is to hold; None for the state before.
        """
        return self._formula(formula, dict(terms or {}), after)

    def term(self, term: Sort, terms: Terms, after: Step | None = None) -> Any:
        """Return a term as z3's."""
        if term.function is None:
            return terms[term]
        arguments = [self.term(argument, terms, after) for argument in term.arguments]
        value = self.symbols[term.name](*arguments)
        for setting in after.settings if after else ():
            if setting.function is term.function:
                same = [
                    given == self.term(argument, terms)
                    for given, argument in zip(arguments, setting.arguments, strict=True)
                ]
                value = self.z3.If(self._all(same), self.term(setting.value, terms), value)
        return value

    def _formula(self, formula: Formula, terms: dict[Sort, Any], after: Step | None) -> Any:
        z3 = self.z3
        match formula:
            case Truth():
                return z3.BoolVal(formula.value, self.context)
            case Atom():
                arguments = [self.term(argument, terms, after) for argument in formula.arguments]
                return self._atom(formula.relation, arguments, terms, after)
            case Defined():
                return self._formula(formula.body, terms, after)
            case Equal():
                return self.term(formula.left, terms, after) == self.term(formula.right, terms, after)
            case Less():
                less = self.less[type(formula.left)]
                return less(self.term(formula.left, terms, after), self.term(formula.right, terms, after))
            case Not():
                return z3.Not(self._formula(formula.body, terms, after))
            case And():
                return self._all([self._formula(part, terms, after) for part in formula.parts])
            case Or():
                return z3.Or([self._formula(part, terms, after) for part in formula.parts])
            case Implies():
                return z3.Implies(
                    self._formula(formula.premise, terms, after),
                    self._formula(formula.conclusion, terms, after),
                )
            case Iff():
                return self._formula(formula.left, terms, after) == self._formula(formula.right, terms, after)
            case ForAll() | Exists():
                bound = self.parameters(formula.variables)
                body = self._formula(formula.body, terms | bound, after)
                quantified = z3.ForAll if isinstance(formula, ForAll) else z3.Exists
                return quantified(list(bound.values()), body)
        raise TypeError(f"no formula: {formula!r}")

    def _atom(
        self, relation: Relation, arguments: list[Any], terms: dict[Sort, Any], after: Step | None
    ) -> Any:
        z3 = self.z3
        holds = self.symbols[relation.name](*arguments)
        for edit in after.edits if after else ():
            if edit.relation is relation:
                # The edit's condition speaks of the state before the step, whatever is asked about the one after.
                here = terms | dict(zip(edit.variables, arguments, strict=True))
                touched = self._formula(edit.formula, here, None)
                holds = z3.Or(holds, touched) if edit.adds else z3.And(holds, z3.Not(touched))
        return holds

    def _all(self, parts: list[Any]) -> Any:
        return self.z3.And(parts) if parts else self.z3.BoolVal(True, self.context)
