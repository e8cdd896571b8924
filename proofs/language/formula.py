"""First-order formulas as plain values; they are printed, evaluated on finite structures, and handed to z3.

They are built with ``&``, ``|``, ``~``, ``given(...).then(...)``, ``for_all`` and ``exists``. In Python ``&`` and ``|``
bind tighter than ``==`` and ``<``, so comparisons inside them need parentheses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from attrs import field, frozen

from everyway.models.language.errors import ModelError

from .sort import Sort
from .symbol import Relation


class Formula:
    """Base of all formulas."""

    __slots__ = ()

    def __and__(self, other: Formula) -> Formula:
        return And((*_parts(self, And), *_parts(_checked(other), And)))

    def __or__(self, other: Formula) -> Formula:
        return Or((*_parts(self, Or), *_parts(_checked(other), Or)))

    def __invert__(self) -> Formula:
        return self.body if isinstance(self, Not) else Not(self)

    def implies(self, conclusion: Formula) -> Formula:
        """Return: if this holds, so does the conclusion."""
        return Implies(self, _checked(conclusion))

    def iff(self, other: Formula) -> Formula:
        """Return: this holds exactly if the other one does."""
        return Iff(self, _checked(other))

    def __bool__(self) -> NoReturn:
        raise ModelError(
            f"the formula '{self}' is neither true nor false until it is evaluated: write &, | and ~ instead of and, "
            f"or and not; a < b < c as (a < b) & (b < c); and no Python if."
        )

    def __str__(self) -> str:
        return told(self)


@frozen(eq=False, str=False)
class Truth(Formula):
    """What always holds, or never."""

    value: bool


@frozen(eq=False, str=False)
class Atom(Formula):
    """A relation holds of some elements."""

    relation: Relation
    arguments: tuple[Sort, ...]


@frozen(eq=False, str=False)
class Defined(Formula):
    """A derived relation: a name for a formula."""

    name: str
    arguments: tuple[Sort, ...]
    body: Formula


@frozen(eq=False, str=False)
class Equal(Formula):
    """Two terms are the same element."""

    left: Sort
    right: Sort


@frozen(eq=False, str=False)
class Less(Formula):
    """One term comes before another in the order of their sort."""

    left: Sort
    right: Sort


@frozen(eq=False, str=False)
class Not(Formula):
    """The body does not hold."""

    body: Formula


@frozen(eq=False, str=False)
class And(Formula):
    """All parts hold."""

    parts: tuple[Formula, ...]


@frozen(eq=False, str=False)
class Or(Formula):
    """At least one part holds."""

    parts: tuple[Formula, ...]


@frozen(eq=False, str=False)
class Implies(Formula):
    """If the premise holds, so does the conclusion."""

    premise: Formula
    conclusion: Formula


@frozen(eq=False, str=False)
class Iff(Formula):
    """Both sides hold, or none."""

    left: Formula
    right: Formula


@frozen(eq=False, str=False)
class ForAll(Formula):
    """The body holds whatever elements the variables stand for."""

    variables: tuple[Sort, ...] = field()
    body: Formula = field()


@frozen(eq=False, str=False)
class Exists(Formula):
    """The body holds for some elements."""

    variables: tuple[Sort, ...] = field()
    body: Formula = field()


TRUE = Truth(True)
FALSE = Truth(False)


def all_of(*parts: Formula) -> Formula:
    """Return: all of these hold; with none of them, what always holds."""
    flat = [part for whole in parts for part in _parts(_checked(whole), And)]
    return flat[0] if len(flat) == 1 else And(tuple(flat)) if flat else TRUE


def any_of(*parts: Formula) -> Formula:
    """Return: at least one of these holds; with none of them, what never holds."""
    flat = [part for whole in parts for part in _parts(_checked(whole), Or)]
    return flat[0] if len(flat) == 1 else Or(tuple(flat)) if flat else FALSE


def never(*parts: Formula) -> Formula:
    """Return: these do not hold all at once."""
    return ~all_of(*parts)


@frozen(eq=False)
class Premise:
    """What is given; ``then`` says what follows from it."""

    formula: Formula

    def then(self, *conclusions: Formula) -> Formula:
        """Return: if the premise holds, so do all the conclusions."""
        return Implies(self.formula, all_of(*conclusions))


def given(*premises: Formula) -> Premise:
    """Begin an implication: ``given(a, b).then(c)`` holds unless a and b hold and c does not."""
    return Premise(all_of(*premises))


def for_all(*sorts_and_body: Any) -> Formula:
    """Return: the body holds for all elements, as in ``for_all(Ballot, Value, lambda b, v: ...)``."""
    return ForAll(*_bound(sorts_and_body))


def exists(*sorts_and_body: Any) -> Formula:
    """Return: the body holds for some elements, as in ``exists(Acceptor, lambda a: ...)``."""
    return Exists(*_bound(sorts_and_body))


def empty(*relations: Relation) -> Formula:
    """Return: these relations hold of nothing, as relations do at the start of most systems."""
    found = []
    for relation in relations:
        variables = variables_for(relation.sorts)
        body: Formula = ~Atom(relation, variables)
        found.append(ForAll(variables, body) if variables else body)
    return all_of(*found)


def variables_for(sorts: tuple[type[Sort], ...]) -> tuple[Sort, ...]:
    """Return a new variable for each sort, named after it."""
    return tuple(
        kind(kind.initial() + (str(place) if sorts.count(kind) > 1 else ""))
        for place, kind in enumerate(sorts, 1)
    )


def _bound(sorts_and_body: tuple[Any, ...]) -> tuple[tuple[Sort, ...], Formula]:
    *sorts, body = sorts_and_body
    if not callable(body) or isinstance(body, type) or not sorts:
        raise ModelError("a quantifier needs sorts and then a function of as many variables, as in "
                         "exists(Acceptor, lambda a: self.member(a, q)).")  # fmt: skip
    return bound(tuple(sorts), body)


def bound(sorts: tuple[type[Sort], ...], body: Callable[..., Formula]) -> tuple[tuple[Sort, ...], Formula]:
    """Return new variables of these sorts, named as the function names them, and what the function makes of them.

    Raises ``ModelError`` if the function takes another number of variables, or does not return a formula.
    """
    names = list(inspect.signature(body).parameters)
    if len(names) != len(sorts):
        listed = ", ".join(kind.word() for kind in sorts)
        raise ModelError(f"a function of {len(names)} variables was given for {len(sorts)} sorts ({listed}).")
    variables = tuple(kind(name) for kind, name in zip(sorts, names, strict=True))
    return variables, _checked(body(*variables))


def _checked(formula: Any) -> Formula:
    if not isinstance(formula, Formula):
        raise ModelError(
            f"a formula is needed, not {formula!r}. Relations are called, as in self.voted(a, b, v), and what always "
            f"or never holds is TRUE or FALSE of the language, not Python's True or False."
        )
    return formula


def _parts(formula: Formula, kind: type[And] | type[Or]) -> tuple[Formula, ...]:
    return formula.parts if isinstance(formula, kind) else (formula,)


PLAIN_SIGNS: Mapping[str, str] = {
    "∀": "forall",
    "∃": "exists",
    "∧": "and",
    "∨": "or",
    "¬": "not ",
    "⇒": "=>",
    "⇔": "<=>",
    "≠": "!=",
    "≤": "<=",
}
"""What stands for a formula's signs where only ASCII can be shown."""


def told(formula: Formula, *, ascii_only: bool = False) -> str:
    """Return a formula as a reader of logic would write it."""
    text = _text(formula, 0)
    if ascii_only:
        for sign, word in PLAIN_SIGNS.items():
            text = text.replace(sign, word)
    return text


# How tight each form binds: what stands inside a tighter one needs brackets.
_QUANTIFIED, _IFF, _IMPLIES, _OR, _AND, _NOT = range(6)


def _text(formula: Formula, outside: int) -> str:
    match formula:
        case Truth():
            return "true" if formula.value else "false"
        case Atom():
            return _applied(formula.relation.name, formula.arguments)
        case Defined():
            return _applied(formula.name, formula.arguments)
        case Equal():
            return f"{formula.left} = {formula.right}"
        case Less():
            return f"{formula.left} < {formula.right}"
        case Not(body=Equal() as same):
            return f"{same.left} ≠ {same.right}"
        case Not(body=Less() as less):
            return f"{less.right} ≤ {less.left}"
        case Not():
            return f"¬{_text(formula.body, _NOT)}"
        case And():
            return _bracketed(" ∧ ".join(_text(part, _AND) for part in formula.parts), _AND, outside)
        case Or():
            return _bracketed(" ∨ ".join(_text(part, _OR + 1) for part in formula.parts), _OR, outside)
        case Implies():
            words = f"{_text(formula.premise, _OR)} ⇒ {_text(formula.conclusion, _IMPLIES)}"
            return _bracketed(words, _IMPLIES, outside)
        case Iff():
            words = f"{_text(formula.left, _IMPLIES)} ⇔ {_text(formula.right, _IMPLIES)}"
            return _bracketed(words, _IFF, outside)
        case ForAll() | Exists():
            sign = "∀" if isinstance(formula, ForAll) else "∃"
            words = f"{sign} {declared(formula.variables)}: {_text(formula.body, _QUANTIFIED)}"
            return _bracketed(words, _QUANTIFIED, outside)
    raise TypeError(f"no formula: {formula!r}")


def declared(variables: tuple[Sort, ...]) -> str:
    """Return variables with their sorts, e.g. "ballot b, value v, w"."""
    words = []
    for before, variable in zip((None, *variables), variables, strict=False):
        words.append(
            variable.name if type(before) is type(variable) else f"{type(variable).word()} {variable.name}"
        )
    return ", ".join(words)


def _applied(name: str, arguments: tuple[Sort, ...]) -> str:
    return f"{name}({', '.join(map(str, arguments))})" if arguments else name


def _bracketed(words: str, inside: int, outside: int) -> str:
    return f"({words})" if inside < outside else words
