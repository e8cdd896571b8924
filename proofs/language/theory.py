"""A theory: a class that reads like the protocol's description, from which a specification is made.

    class Vote(Theory):
        voted = Relation(Node, Value)

        @initially
        def nobody_has_voted(self) -> Formula:
            return empty(self.voted)

        @action
        def vote(self, n: Node, v: Value) -> Step:
            return when(for_all(Value, lambda w: ~self.voted(n, w))).add(self.voted(n, v))

        @lemma
        @goal
        def one_vote(self, n: Node, v: Value, w: Value) -> Formula:
            return given(self.voted(n, v), self.voted(n, w)).then(v == w)

The parameters of a method are variables; those of a formula stand for all elements. A variant is a subclass that
overrides methods and has a ``variant`` name, like the variants of protocols.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TypeVar, get_type_hints

from everyway.models.language.errors import ModelError
from everyway.models.language.naming import spaced

from .formula import And, Atom, Defined, Equal, Exists, ForAll, Formula, Iff, Implies, Less, Not, Or
from .sort import Sort
from .specification import Action, Conjunct, Derived, Specification
from .step import Step
from .symbol import Function, Relation

Method = TypeVar("Method", bound=Callable[..., Any])

_ROLES = "everyway_roles"


def _as(role: str, method: Method) -> Method:
    setattr(method, _ROLES, {*getattr(method, _ROLES, ()), role})
    return method


def axiom(method: Method) -> Method:
    """Declare what is known of fixed relations, e.g. that any two quorums share a node."""
    return _as("axiom", method)


def initially(method: Method) -> Method:
    """Declare what holds at the start; several such methods all hold."""
    return _as("initially", method)


def action(method: Method) -> Method:
    """Declare what may happen: a method that returns a step, begun with ``when``."""
    return _as("action", method)


def lemma(method: Method) -> Method:
    """Declare a part of the inductive invariant."""
    return _as("lemma", method)


def goal(method: Method) -> Method:
    """Declare what is to be proved; it must follow from the lemmas. Under ``@lemma`` it is a lemma, too."""
    return _as("goal", method)


class derived:  # noqa: N801  a decorator
    """Declare a relation that is defined by a formula; it has no state of its own."""

    def __init__(self, method: Callable[..., Formula]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, theory: Theory | None, owner: type) -> Any:
        """Return what applies the relation to terms."""
        if theory is None:
            return self

        def applied(*arguments: Sort) -> Formula:
            variables = _parameters(type(theory), self.method)
            if [type(term) for term in arguments] != [type(variable) for variable in variables]:
                wanted = ", ".join(type(variable).word() for variable in variables)
                raise ModelError(f"{self.method.__name__}({wanted}) was applied to {arguments!r}.")
            return Defined(self.method.__name__, arguments, self.method(theory, *arguments))

        return applied


class Theory:
    """Base of all theories: relations and functions as class attributes, and decorated methods.

    The docstring's first paragraph is the theorem in words.
    """

    variant: ClassVar[str] = ""
    """For a theory that deviates from its base class: the variant's name."""
    note: ClassVar[str] = ""
    """What a proof of it does not say, in a sentence or two; told with the verdict."""

    @classmethod
    def specification(cls) -> Specification:
        """Return the theory as one plain value.

        Raises ``ModelError`` if a method's parameters have no sorts, or it returns something else than it should.
        """
        return _specification(cls)

    @classmethod
    def textbook(cls) -> type[Theory]:
        """Return the theory that this one is a variant of; itself if it is none."""
        return next(kind for kind in cls.__mro__ if issubclass(kind, Theory) and not kind.variant)

    @classmethod
    def variants(cls) -> dict[str, type[Theory]]:
        """Return the theories that deviate from this one, by variant name."""
        return {
            kind.variant: kind
            for kind in _below(cls)
            if "variant" in vars(kind) and kind.variant and kind.textbook() is cls
        }

    @classmethod
    def about(cls) -> str:
        """Return the docstring's first paragraph in one line."""
        return _first_paragraph(cls)


def _below(cls: type[Theory]) -> Iterator[type[Theory]]:
    for kind in cls.__subclasses__():
        yield kind
        yield from _below(kind)


def _first_paragraph(of: Any) -> str:
    return " ".join(inspect.cleandoc(of.__doc__ or "").split("\n\n")[0].split())


def _specification(cls: type[Theory]) -> Specification:
    theory = cls()
    members = _members(cls)
    methods: dict[str, list[Callable[..., Any]]] = {}
    for _, member in members:
        for role in getattr(member, _ROLES, ()):
            methods.setdefault(role, []).append(member)

    def conjuncts(role: str) -> tuple[Conjunct, ...]:
        return tuple(_conjunct(theory, method) for method in methods.get(role, ()))

    lemmas = conjuncts("lemma")
    known = {conjunct.name: conjunct for conjunct in lemmas}
    goals = tuple(known.get(conjunct.name, conjunct) for conjunct in conjuncts("goal"))
    actions = tuple(_action(theory, method) for method in methods.get("action", ()))
    relations = tuple(member for _, member in members if isinstance(member, Relation))
    functions = tuple(member for _, member in members if isinstance(member, Function))
    made = Specification(
        name=cls.__name__,
        sorts=_sorts(relations, functions, actions, [*lemmas, *goals]),
        relations=relations,
        functions=functions,
        derived=tuple(_derived(theory, member) for _, member in members if isinstance(member, derived)),
        axioms=conjuncts("axiom"),
        initial=conjuncts("initially"),
        actions=actions,
        lemmas=lemmas,
        goals=goals,
    )
    _check(made)
    return made


def _members(cls: type[Theory]) -> list[tuple[str, Any]]:
    """Return the attributes in the order in which they were first declared; an override keeps the place."""
    names = dict.fromkeys(
        name for kind in reversed(cls.__mro__) if issubclass(kind, Theory) for name in vars(kind)
    )
    return [(name, inspect.getattr_static(cls, name)) for name in names]


def _parameters(cls: type[Theory], method: Callable[..., Any]) -> tuple[Sort, ...]:
    where = f"{cls.__name__}.{method.__name__}"
    try:
        hints = get_type_hints(method)
    except NameError as error:
        raise ModelError(f"{where}: {error}. Sorts are declared at the top of the module.") from error
    variables = []
    for name in list(inspect.signature(method).parameters)[1:]:
        kind = hints.get(name)
        if not (isinstance(kind, type) and issubclass(kind, Sort)):
            raise ModelError(f"{where}: parameter {name} needs a sort, as in {name}: Acceptor.")
        variables.append(kind(name))
    return tuple(variables)


def _name(method: Callable[..., Any]) -> str:
    return spaced(method.__name__).replace(" ", "-")


def _conjunct(theory: Theory, method: Callable[..., Any]) -> Conjunct:
    variables = _parameters(type(theory), method)
    formula = method(theory, *variables)
    if not isinstance(formula, Formula):
        raise ModelError(
            f"{type(theory).__name__}.{method.__name__} returned {formula!r}, but must return a formula."
        )
    closed = ForAll(variables, formula) if variables else formula
    return Conjunct(_name(method), closed, _first_paragraph(method))


def _action(theory: Theory, method: Callable[..., Any]) -> Action:
    parameters = _parameters(type(theory), method)
    step = method(theory, *parameters)
    if not isinstance(step, Step):
        raise ModelError(
            f"{type(theory).__name__}.{method.__name__} returned {step!r}, but an action must return a step, begun "
            f"with when(...)."
        )
    return Action(_name(method), parameters, step, _first_paragraph(method))


def _derived(theory: Theory, member: derived) -> Derived:
    variables = _parameters(type(theory), member.method)
    return Derived(member.method.__name__, variables, member.method(theory, *variables))


def _sorts(
    relations: Iterable[Relation],
    functions: Iterable[Function[Any]],
    actions: Iterable[Action],
    conjuncts: Iterable[Conjunct],
) -> tuple[type[Sort], ...]:
    found: dict[type[Sort], None] = {}
    for relation in relations:
        found |= dict.fromkeys(relation.sorts)
    for function in functions:
        found |= dict.fromkeys((*function.sorts, function.to))
    for action in actions:
        found |= dict.fromkeys(type(variable) for variable in action.parameters)
    for conjunct in conjuncts:
        found |= dict.fromkeys(type(variable) for variable in conjunct.variables)
    return tuple(found)


def _check(made: Specification) -> None:
    """Raise ``ModelError`` for what would make a proof say something else than it seems to."""
    for what, found in (("an action", made.actions), ("an @initially", made.initial), ("a goal", made.goals)):
        if not found:
            raise ModelError(f"{made.name} has no method declared as {what}.")
    own = {id(symbol) for symbol in (*made.relations, *made.functions)}
    for axiom in made.axioms:
        for symbol in symbols(axiom.formula):
            if not symbol.is_fixed:
                raise ModelError(
                    f"{made.name}: axiom {axiom.name} speaks of {symbol!r}, which can change; make that fixed, or "
                    f"the axiom a lemma."
                )
    formulas = [c.formula for c in (*made.axioms, *made.initial, *made.lemmas, *made.goals)]
    formulas += [action.step.guard for action in made.actions]
    formulas += [edit.formula for action in made.actions for edit in action.step.edits]
    for formula in formulas:
        for symbol in symbols(formula):
            if id(symbol) not in own:
                raise ModelError(f"{made.name}: {symbol!r} is used but is none of its attributes.")


def symbols(formula: Formula) -> Iterator[Relation | Function[Any]]:
    """Yield the relations and functions that a formula speaks of, derived relations by what defines them."""

    def of_term(term: Sort) -> Iterator[Function[Any]]:
        if term.function is not None:
            yield term.function
        for argument in term.arguments:
            yield from of_term(argument)

    match formula:
        case Atom():
            yield formula.relation
            for argument in formula.arguments:
                yield from of_term(argument)
        case Defined() | Not() | ForAll() | Exists():
            yield from symbols(formula.body)
        case Equal() | Less():
            yield from of_term(formula.left)
            yield from of_term(formula.right)
        case And() | Or():
            for part in formula.parts:
                yield from symbols(part)
        case Implies():
            yield from symbols(formula.premise)
            yield from symbols(formula.conclusion)
        case Iff():
            yield from symbols(formula.left)
            yield from symbols(formula.right)
