"""What comes nearest to a step that a theory cannot take: which action, and what of it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from .language.formula import And, told
from .language.specification import Specification
from .language.structure import Structure, after
from .language.substitution import substituted
from .move import Move, named

MOST_TOLD = 4
"""So many changes, or conditions, are told."""


@frozen(eq=False)
class Near:
    """An action that could have been taken, or nearly."""

    move: Move
    unmet: tuple[str, ...]
    """The parts of its guard that do not hold, with elements for its parameters."""
    differences: tuple[str, ...]
    """What else it changes, or does not change, than the step."""


def changes(was: Structure, now: Structure) -> tuple[str, ...]:
    """Return what holds now and did not before, and the other way round."""
    found = []
    for name, tuples in now.relations.items():
        found += [f"+{_fact(name, one)}" for one in _sorted(tuples - was.relations[name])]
        found += [f"−{_fact(name, one)}" for one in _sorted(was.relations[name] - tuples)]
    for name, values in now.functions.items():
        found += [
            f"{_fact(name, key)} := {named(value)}"
            for key, value in values.items()
            if was.functions[name][key] != value
        ]
    return tuple(found)


def several(words: tuple[str, ...], joint: str = ", ") -> str:
    """Return some of many words."""
    more = f" and {len(words) - MOST_TOLD} more" if len(words) > MOST_TOLD else ""
    return joint.join(words[:MOST_TOLD]) + more


def nearest(specification: Specification, was: Structure, now: Structure) -> Near | None:
    """Return the action that makes the fewest other changes, and of those one whose guard fails in the fewest parts.

    None if no action changes anything.
    """
    return min(
        _candidates(specification, was, now),
        key=lambda near: (len(near.differences), len(near.unmet)),
        default=None,
    )


def why_not(specification: Specification, was: Structure, now: Structure) -> str:
    """Return what a step that no action makes changes, which action comes nearest, and why it is not that one."""
    near = nearest(specification, was, now)
    what = f"{several(changes(was, now))}: no action of the theory does that"
    if near is None:
        return what
    reasons = []
    if near.unmet:
        reasons.append(f"needs {several(near.unmet, ' and ')}")
    if near.differences:
        reasons.append(f"would give another state ({several(near.differences)})")
    return f"{what}; the nearest, {near.move}, {', and '.join(reasons)}"


def _candidates(specification: Specification, was: Structure, now: Structure) -> Iterator[Near]:
    for action in specification.actions:
        guard = action.step.guard
        parts = guard.parts if isinstance(guard, And) else (guard,)
        for values in was.choices(action.parameters):
            then = after(was, action, values)
            if then != was:
                terms = {variable: type(variable)(named(element)) for variable, element in values.items()}
                unmet = tuple(told(substituted(part, terms)) for part in parts if not was.holds(part, values))
                yield Near(Move(action.name, tuple(values.values())), unmet, changes(now, then))


def _fact(name: str, elements: tuple[Any, ...]) -> str:
    return f"{name}({', '.join(map(named, elements))})" if elements else name


def _sorted(tuples: frozenset[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(tuples, key=lambda one: [named(element) for element in one])
