"""Danger: the worlds from which a promise can still be broken, time aside.

Time bounds only take runs away. So where no run at all breaks the promise, none within the bounds does, and a search
that asks whether it can be broken need not go there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from everyway.explorer import Exploration, Limits
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.system import System

MOST = 50_000
"""Of systems with more worlds all count as dangerous."""


def dangerous(system: System, prop: Property, max_seconds: float | None = None) -> Callable[[Any], bool]:
    """Return what tells whether a promise can still be broken after a world, or a witness found for ``possible``.

    If it cannot be told in time, all worlds count as dangerous.
    """
    if prop.kind not in (PropertyKind.ALWAYS, PropertyKind.NEVER, PropertyKind.POSSIBLE):
        return lambda world: True
    explored = Exploration(system.again(), [], limits=Limits(max_states=MOST, max_seconds=max_seconds)).run()
    if not explored.is_complete:
        return lambda world: True
    before: dict[Any, list[Any]] = {}
    for world in explored.states:
        for _, after in system.steps(world):
            before.setdefault(after, []).append(world)
    wanted = prop.kind is PropertyKind.POSSIBLE
    found = {
        world
        for world in explored.states
        if prop.is_premise_met(world) and (prop.judge(world) is None) is wanted
    }
    waiting = list(found)
    while waiting:
        for world in before.get(waiting.pop(), ()):
            if world not in found:
                found.add(world)
                waiting.append(world)
    return found.__contains__
