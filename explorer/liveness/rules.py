"""The rules of fairness for one run, in plain Python: what every lasso is held to before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from everyway.explorer.verdict import Visit
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.fairness import FairnessClass, Strength

ClassOf = Callable[[Any], FairnessClass | None]


def asked_of(properties: Iterable[Property]) -> list[Property]:
    """Return what must be asked of states and steps to decide some properties: of promises over time, their atoms."""
    asked: dict[Property, None] = {}
    for prop in properties:
        asked |= dict.fromkeys(prop.formula.atoms() if prop.kind is PropertyKind.TEMPORAL else [prop])
    return list(asked)


def enabled_classes(system: Any, state: Any, class_of: ClassOf) -> dict[Hashable, FairnessClass]:
    """Return the fairness classes of which a step that changes something can be taken in a state, by their keys."""
    found = {}
    for action, after in system.steps(state):
        kind = class_of(action)
        if kind is not None and after != state:
            found[kind.key] = kind
    return found


def breaks_fairness(system: Any, path: Sequence[Visit], loop: int, class_of: ClassOf) -> str:
    """Return why a run that goes round a loop for ever is not fair, in words; empty if it is.

    Args:
        system: the transition system.
        path: the run; its last state is the one at which the loop begins.
        loop: the position of that state; that of the last one for a run that ends there.
        class_of: tells the fairness class of an action.
    """
    around = path[loop:]
    if len(around) == 1:
        for kind in enabled_classes(system, around[0].state, class_of).values():
            if kind.must_go_on or kind.strength is not Strength.NONE:
                return f"it ends although {kind.key} can still be done"
        return ""
    taken = {kind.key for visit in around[1:] if (kind := class_of(visit.action)) is not None}
    enabled = [enabled_classes(system, visit.state, class_of) for visit in around[1:]]
    for key, kind in {key: kind for here in enabled for key, kind in here.items()}.items():
        times = sum(key in here for here in enabled)
        if key in taken or kind.strength is Strength.NONE:
            continue
        if kind.strength is Strength.STRONG or times == len(enabled):
            return f"{key} can be done in {times} of the {len(enabled)} states of the loop, but never is"
    return ""
