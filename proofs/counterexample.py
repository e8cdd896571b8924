"""A counterexample to induction: a state with all lemmas, a step, and the conjunct that the state after it breaks.

Such a state may be unreachable; then a lemma is missing. Only the explorer can tell.
"""

from __future__ import annotations

from attrs import frozen

from everyway.models.language.errors import EverywayError

from .language.sort import Sort
from .language.specification import Action, Conjunct, Specification
from .language.structure import Structure, Values, after


class Disagreement(EverywayError):
    """z3's counterexample is none by the plain semantics: a bug in everyway or in z3."""


@frozen(eq=False)
class CounterexampleToInduction:
    """The smallest that was found; its sorts cannot be smaller, one after the other."""

    conjunct: Conjunct
    """What is broken."""
    before: Structure
    """The state before the step, or the only one, if the start breaks a lemma or the lemmas do not imply a goal."""
    action: Action | None = None
    values: tuple[tuple[str, str], ...] = ()
    """The action's parameters and the elements that they stand for."""
    after: Structure | None = None
    instance: tuple[tuple[str, str], ...] = ()
    """The elements for which the conjunct fails, by its variables."""

    @property
    def broken(self) -> Structure:
        """The state in which the conjunct is broken."""
        return self.before if self.after is None else self.after

    @property
    def step(self) -> str:
        """The step in words, e.g. "vote(a = a1, b = b2)"; empty if there is none."""
        if self.action is None:
            return ""
        given = ", ".join(f"{name} = {element}" for name, element in self.values)
        return f"{self.action.name}({given})" if given else self.action.name


def confirmed(
    specification: Specification,
    conjunct: Conjunct,
    before: Structure,
    action: Action | None,
    values: Values,
    assumed: tuple[Conjunct, ...],
) -> CounterexampleToInduction:
    """Return the counterexample after going through it by the plain semantics, without z3.

    Raises ``Disagreement`` if an axiom or an assumption fails in the state before, the action cannot be taken, or the
    conjunct holds after all.
    """
    for known in (*specification.axioms, *assumed):
        if not before.holds(known.formula):
            raise Disagreement(f"{specification.name}: z3's state does not satisfy {known.name}: {before}")
    following = None
    if action is not None:
        if not before.holds(action.step.guard, values):
            raise Disagreement(f"{specification.name}: {action.name} cannot be taken in z3's state: {before}")
        following = after(before, action, values)
    instance = (following or before).broken(conjunct.formula)
    if instance is None:
        raise Disagreement(
            f"{specification.name}: {conjunct.name} holds in z3's state: {following or before}"
        )
    return CounterexampleToInduction(conjunct, before, action, _named(values), following, _named(instance))


def _named(values: Values) -> tuple[tuple[str, str], ...]:
    def key(pair: tuple[Sort, object]) -> tuple[str, str]:
        return pair[0].name, str(pair[1])

    return tuple(key(pair) for pair in values.items())
