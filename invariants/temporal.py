"""Promises over time: what must happen at last, on every fair run.

A formula of linear temporal logic without "next" (Pnueli 1977; Manna & Pnueli 1992), so that a step that changes
nothing changes no truth. Its atoms are plain Python predicates over a state, as those of ``always``. A run that ends
stays in its last state for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

from attrs import evolve, frozen

from everyway.models.language.errors import ModelError

from .property import Predicate, Property, PropertyKind


@frozen
class Formula:
    """A formula of linear temporal logic; see the classes below."""

    def atoms(self) -> Iterator[Property]:
        """Yield the atoms that occur."""
        for part in self.parts():
            yield from part.atoms()

    def parts(self) -> Sequence[Formula]:
        """Return the formulas that this one is made of."""
        return ()


@frozen
class Atom(Formula):
    """True of a run whose first state satisfies a predicate."""

    property: Property
    is_negated: bool = False

    def atoms(self) -> Iterator[Property]:
        """Yield the one atom."""
        yield self.property


@frozen
class Constant(Formula):
    """True or false of every run."""

    value: bool


@frozen
class Both(Formula):
    """Conjunction."""

    left: Formula
    right: Formula

    def parts(self) -> Sequence[Formula]:
        """Return both sides."""
        return self.left, self.right


@frozen
class Either(Formula):
    """Disjunction."""

    left: Formula
    right: Formula

    def parts(self) -> Sequence[Formula]:
        """Return both sides."""
        return self.left, self.right


@frozen
class Until(Formula):
    """``right`` is true at last, and until then ``left`` is."""

    left: Formula
    right: Formula

    def parts(self) -> Sequence[Formula]:
        """Return both sides."""
        return self.left, self.right


@frozen
class Release(Formula):
    """``right`` is true up to and including the first state in which ``left`` is; for ever if there is none."""

    left: Formula
    right: Formula

    def parts(self) -> Sequence[Formula]:
        """Return both sides."""
        return self.left, self.right


TRUE, FALSE = Constant(True), Constant(False)


def finally_(formula: Formula) -> Formula:
    """Return that a formula is true at some time."""
    return Until(TRUE, formula)


def globally(formula: Formula) -> Formula:
    """Return that a formula is true at all times."""
    return Release(FALSE, formula)


def negated(formula: Formula) -> Formula:
    """Return the negation, with all negations at the atoms."""
    match formula:
        case Atom(prop, is_negated):
            return Atom(prop, not is_negated)
        case Constant(value):
            return Constant(not value)
        case Both(left, right):
            return Either(negated(left), negated(right))
        case Either(left, right):
            return Both(negated(left), negated(right))
        case Until(left, right):
            return Release(negated(left), negated(right))
        case Release(left, right):
            return Until(negated(left), negated(right))
    raise TypeError(f"no formula: {formula!r}")


def truth(formula: Formula, letters: Sequence[frozenset[Property]], loop: int) -> list[bool]:
    """Return at which positions of an endless run a formula is true.

    Args:
        formula: the formula.
        letters: for each position of the run the atoms that are true there.
        loop: the position that comes after the last one; the run goes round from there for ever.
    """
    count = len(letters)

    def fixpoint(now: Callable[[int, bool], bool], start: bool) -> list[bool]:
        found = [start] * count
        # What is true at a position depends on the next; twice round the loop nothing changes any more.
        for _ in range(2):
            for k in range(count - 1, -1, -1):
                found[k] = now(k, found[k + 1 if k + 1 < count else loop])
        return found

    match formula:
        case Atom(prop, is_negated):
            return [(prop in letter) is not is_negated for letter in letters]
        case Constant(value):
            return [value] * count
        case Both(left, right):
            a, b = truth(left, letters, loop), truth(right, letters, loop)
            return [x and y for x, y in zip(a, b, strict=True)]
        case Either(left, right):
            a, b = truth(left, letters, loop), truth(right, letters, loop)
            return [x or y for x, y in zip(a, b, strict=True)]
        case Until(left, right):
            a, b = truth(left, letters, loop), truth(right, letters, loop)
            return fixpoint(lambda k, after: b[k] or (a[k] and after), start=False)
        case Release(left, right):
            a, b = truth(left, letters, loop), truth(right, letters, loop)
            return fixpoint(lambda k, after: b[k] and (a[k] or after), start=True)
    raise TypeError(f"no formula: {formula!r}")


# The promises.


Subject = Predicate | Property
"""A predicate over a state, or a promise over time to nest."""


def _formula(subject: Subject, role: str, name: str = "") -> Formula:
    if isinstance(subject, Property):
        if subject.kind is PropertyKind.TEMPORAL and subject.formula is not None:
            formula: Formula = subject.formula
            return formula
        if subject.kind in (PropertyKind.ALWAYS, PropertyKind.NEVER) and subject.when is None:
            return globally(Atom(_atom(subject.predicate), subject.kind is PropertyKind.NEVER))
        raise ModelError(
            f"{role} must be a predicate or a promise over time, not '{subject.name}' ({subject.kind.value})."
        )
    if not callable(subject):
        raise ModelError(f"{role} must be a function of a state, not {subject!r}.")
    return Atom(_atom(subject, name))


def _atom(predicate: Predicate, name: str = "") -> Property:
    words = _words(predicate)
    return Property(name if name and words == "it" else words, PropertyKind.ATOM, predicate)


def _words(subject: Any) -> str:
    if isinstance(subject, Property):
        return subject.name
    name = getattr(subject, "__name__", "").strip("_").replace("_", " ")
    return name if name and name != "<lambda>" else "it"


def _promise(
    formula: Formula, name: str, predicate: Any, when: Predicate | None = None, lead: str = ""
) -> Property:
    words = name or _words(predicate)
    if words == "it":
        raise ModelError(
            "a promise made from a lambda needs a name: eventually(lambda world: ..., name='...')."
        )
    doc = getattr(predicate, "__doc__", None) if not isinstance(predicate, Property) else predicate.promise
    lines = (doc or "").strip().split("\n\n")[0]
    told = " ".join(lines.split()) or lead
    goal = predicate if callable(predicate) and not isinstance(predicate, Property) else _nothing
    return Property(words, PropertyKind.TEMPORAL, goal, told, when, formula=formula)


def _told_by(predicate: Predicate, promise: Property) -> Property:
    """Return the promise with the docstring of the predicate that it decorates, if it has one."""
    lines = (predicate.__doc__ or "").strip().split("\n\n")[0]
    return evolve(promise, promise=" ".join(lines.split()) or promise.promise)


def _nothing(_: Any) -> bool:
    return False


def _unary(make: Callable[[Formula], Formula], verb: str) -> Callable[..., Any]:
    def promise(goal: Any = None, *, name: str = "") -> Any:
        if goal is None:
            return lambda later: promise(later, name=name)
        formula = make(_formula(goal, f"what {verb} true", name))
        return _promise(formula, name, goal, lead=f"On every fair run '{_words(goal)}' {verb} true.")

    return promise


_eventually = _unary(finally_, "is at last")
_always_eventually = _unary(lambda formula: globally(finally_(formula)), "is again and again")
_eventually_always = _unary(lambda formula: finally_(globally(formula)), "is at last, for ever,")


@overload
def eventually(goal: Subject, *, name: str = "") -> Property: ...
@overload
def eventually(*, name: str = "") -> Callable[[Predicate], Property]: ...
def eventually(goal: Any = None, *, name: str = "") -> Any:
    """Claim that on every fair run the predicate is true at last, at least once. A decorator, or a function.

    >>> @eventually
    ... def decided(world):
    ...     '''At last everybody has decided.'''
    ...     return all(node.decision for node in world)
    >>> decided.name, decided.promise
    ('decided', 'At last everybody has decided.')
    """
    return _eventually(goal, name=name)


@overload
def always_eventually(goal: Subject, *, name: str = "") -> Property: ...
@overload
def always_eventually(*, name: str = "") -> Callable[[Predicate], Property]: ...
def always_eventually(goal: Any = None, *, name: str = "") -> Any:
    """Claim that on every fair run the predicate is true again and again, for ever. A decorator, or a function."""
    return _always_eventually(goal, name=name)


@overload
def eventually_always(goal: Subject, *, name: str = "") -> Property: ...
@overload
def eventually_always(*, name: str = "") -> Callable[[Predicate], Property]: ...
def eventually_always(goal: Any = None, *, name: str = "") -> Any:
    """Claim that on every fair run the predicate is true from some point on: it stabilises."""
    return _eventually_always(goal, name=name)


stabilises = eventually_always


@overload
def leads_to(premise: Subject, goal: Subject, *, name: str = "") -> Property: ...
@overload
def leads_to(premise: Subject, goal: None = None, *, name: str = "") -> Callable[[Predicate], Property]: ...
def leads_to(premise: Subject, goal: Any = None, *, name: str = "") -> Any:
    """Claim that on every fair run each state that satisfies ``premise`` is followed, at last, by one with ``goal``.

    A state that satisfies both is its own answer. With one predicate it is a decorator of the other:
    ``@leads_to(asked)``.
    """
    if goal is None:
        return lambda later: _told_by(later, leads_to(premise, later, name=name or _words(later)))
    asked, answered = _formula(premise, "the premise", name), _formula(goal, "the goal", name)
    formula = globally(Either(negated(asked), finally_(answered)))
    words = name or f"{_words(premise)} leads to {_words(goal)}"
    lead = f"On every fair run, whenever '{_words(premise)}' is true, '{_words(goal)}' is true then or later."
    when = premise if not isinstance(premise, Property) else None
    return evolve(_promise(formula, words, goal, when), promise=lead)


@overload
def until(before: Subject, goal: Subject, *, name: str = "") -> Property: ...
@overload
def until(before: Subject, goal: None = None, *, name: str = "") -> Callable[[Predicate], Property]: ...
def until(before: Subject, goal: Any = None, *, name: str = "") -> Any:
    """Claim that on every fair run ``goal`` is true at last, and until then ``before`` is true all the time.

    With one predicate it is a decorator of the other: ``@until(waiting)``.
    """
    if goal is None:
        return lambda later: _told_by(later, until(before, later, name=name or _words(later)))
    formula = Until(_formula(before, "what is true before", name), _formula(goal, "the goal", name))
    words = name or f"{_words(before)} until {_words(goal)}"
    lead = f"On every fair run '{_words(goal)}' is true at last, and until then '{_words(before)}' is."
    return evolve(_promise(formula, words, goal), promise=lead)


@overload
def never_again(predicate: Predicate, *, name: str = "") -> Property: ...
@overload
def never_again(*, name: str = "") -> Callable[[Predicate], Property]: ...
def never_again(predicate: Predicate | None = None, *, name: str = "") -> Any:
    """Claim that once the predicate is true it stays true, on every run: no step makes it false again.

    A property of steps, which needs no fairness. A decorator, or a function.
    """
    from .property import every_step

    if predicate is None:
        return lambda later: never_again(later, name=name)
    held = _atom(predicate, name)

    def stays(before: Any, action: Any, after: Any) -> Any:
        if held.judge(before) is not None:
            return True
        flaw = held.judge(after)
        return True if flaw is None else flaw if flaw.reason or flaw.nodes else False

    stays.__name__ = getattr(predicate, "__name__", "stays")
    stays.__doc__ = predicate.__doc__
    made: Property = every_step(stays, name=name)
    return made


# Combinations.


def both(one: Property, other: Property, *, name: str = "") -> Property:
    """Claim two promises over time as one; also written ``one & other``."""
    formula = Both(_formula(one, "a promise"), _formula(other, "a promise"))
    words = name or f"{one.name} and {other.name}"
    return _promise(formula, words, _nothing, lead=f"On every fair run: {one.name}, and {other.name}.")


def either(one: Property, other: Property, *, name: str = "") -> Property:
    """Claim that every fair run keeps one promise over time or another; also written ``one | other``."""
    formula = Either(_formula(one, "a promise"), _formula(other, "a promise"))
    words = name or f"{one.name} or {other.name}"
    return _promise(formula, words, _nothing, lead=f"On every fair run: {one.name}, or {other.name}.")


def opposite(promise: Property, *, name: str = "") -> Property:
    """Claim that no fair run keeps a promise over time; also written ``~promise``."""
    formula = negated(_formula(promise, "a promise"))
    return _promise(formula, name or f"not {promise.name}", _nothing, lead=f"On no fair run: {promise.name}.")
