"""Substitution: a formula about particular elements, for a reader who wants to see what it says of them."""

from __future__ import annotations

from collections.abc import Mapping

from .formula import And, Atom, Defined, Equal, Exists, ForAll, Formula, Iff, Implies, Less, Not, Or, Truth
from .sort import Sort


def substituted(formula: Formula, terms: Mapping[Sort, Sort]) -> Formula:
    """Return a formula with terms in place of its free variables.

    A quantifier must not bind a variable of the same name as one in the new terms.
    """

    def of(term: Sort) -> Sort:
        if term.function is None:
            return terms.get(term, term)
        return type(term)(term.name, term.function, tuple(map(of, term.arguments)))

    def inside(part: Formula) -> Formula:
        return substituted(part, terms)

    match formula:
        case Truth():
            return formula
        case Atom():
            return Atom(formula.relation, tuple(map(of, formula.arguments)))
        case Defined():
            return Defined(formula.name, tuple(map(of, formula.arguments)), inside(formula.body))
        case Equal():
            return Equal(of(formula.left), of(formula.right))
        case Less():
            return Less(of(formula.left), of(formula.right))
        case Not():
            return Not(inside(formula.body))
        case And():
            return And(tuple(map(inside, formula.parts)))
        case Or():
            return Or(tuple(map(inside, formula.parts)))
        case Implies():
            return Implies(inside(formula.premise), inside(formula.conclusion))
        case Iff():
            return Iff(inside(formula.left), inside(formula.right))
        case ForAll():
            return ForAll(formula.variables, inside(formula.body))
        case Exists():
            return Exists(formula.variables, inside(formula.body))
    raise TypeError(f"no formula: {formula!r}")


def named(variables: Mapping[Sort, str]) -> dict[Sort, Sort]:
    """Return terms that are called what the variables stand for, for ``substituted``."""
    return {variable: type(variable)(element) for variable, element in variables.items()}
