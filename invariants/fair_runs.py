"""Fair runs, in plain Python: what every counterexample to a promise over time is held to before it is shown.

A run is a list of pairs of an action and the state that it led to, as a schedule; it goes round for ever from some
position, whose state is also its last.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from everyway.models.language.fairness import FairnessClass, Strength

from .property import Property, PropertyKind
from .temporal import Formula, truth

ClassOf = Callable[[Any], FairnessClass | None]
"""Tells the fairness class of an action; see ``fairness_classes``."""
Run = Sequence[tuple[Any, Any]]


def asked_of(properties: Iterable[Property]) -> list[Property]:
    """Return what must be asked of states and steps to decide some properties: of promises over time, their atoms.

    Of what must be recoverable the premise, too, which is asked apart.
    """
    asked: dict[Property, None] = {}
    for prop in properties:
        if prop.kind is PropertyKind.TEMPORAL:
            asked |= dict.fromkeys(prop.formula.atoms())
        else:
            asked[prop] = None
        if prop.kind is PropertyKind.RECOVERABLE:
            asked |= dict.fromkeys(premises_of(prop))
    return list(asked)


def premises_of(promise: Property) -> list[Property]:
    """Return the atom that is the premise of a promise over time, or of one that something is recoverable.

    None if it says something of every state.
    """
    if promise.when is None:
        return []
    if promise.kind is PropertyKind.RECOVERABLE:
        return [Property(promise.name, PropertyKind.ATOM, promise.when)]
    return [atom for atom in dict.fromkeys(promise.formula.atoms()) if atom.predicate is promise.when]


def keeps(formula: Formula, run: Run, loop: int) -> bool:
    """Return whether an endless run keeps a promise.

    Args:
        formula: the promise.
        run: the run.
        loop: the position from which it goes round for ever; that of the last state if it ends there.
    """
    atoms = list(dict.fromkeys(formula.atoms()))
    # The last state is the one at which the loop begins again; a run that ends stays in it.
    states = [state for _, state in (run[:-1] if loop < len(run) - 1 else run)]
    letters = [frozenset(atom for atom in atoms if atom.judge(state) is None) for state in states]
    return truth(formula, letters, loop)[0]


def unfairness(system: Any, run: Run, loop: int, class_of: ClassOf) -> str:
    """Return why an endless run is not fair, in words; empty if it is.

    Args:
        system: the transition system.
        run: the run.
        loop: the position from which it goes round for ever; that of the last state if it ends there.
        class_of: tells the fairness class of an action.
    """
    around = run[loop:]
    if len(around) == 1:
        for one in _enabled(system, around[0][1], class_of).values():
            if one.must_go_on or one.strength is not Strength.NONE:
                return f"it ends although {one.key} can still be done"
        return ""
    taken = {kind.key for action, _ in around[1:] if (kind := class_of(action)) is not None}
    enabled = [_enabled(system, state, class_of) for _, state in around[1:]]
    kinds = {key: kind for here in enabled for key, kind in here.items()}
    for key, fair in kinds.items():
        times = sum(key in here for here in enabled)
        if key in taken or fair.strength is Strength.NONE:
            continue
        if fair.strength is Strength.STRONG or times == len(enabled):
            return f"{key} can be done in {times} of the {len(enabled)} states of the loop, but never is"
    return ""


def _enabled(system: Any, state: Any, class_of: ClassOf) -> dict[Hashable, FairnessClass]:
    """Return the fairness classes of which a step that changes something can be taken in a state, by their keys."""
    found = {}
    for action, after in system.steps(state):
        kind = class_of(action)
        if kind is not None and after != state:
            found[kind.key] = kind
    return found
