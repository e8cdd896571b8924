"""Paths: the runs that links from state to state stand for, taken again by the plain semantics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from everyway.explorer.verdict import Path, Visit
from everyway.invariants.property import Property
from everyway.models.language.system import System

from .model_tables import ModelTables
from .symmetry import NotSymmetricError


def path_along(system: System, world: Any, ordinals: Iterable[int]) -> Path:
    """Return the run from a world by the steps that have these positions among all that can be taken."""
    path = [Visit(None, world)]
    for ordinal in ordinals:
        action, world = next(islice(system.steps(world), ordinal, None))
        path.append(Visit(action, world))
    return tuple(path)


def path_of_names(
    tables: ModelTables, world: Any, ordinals: Sequence[int], broken: Property | None = None
) -> Path:
    """Return a run in which nodes keep their names, for one through canonical states, where they swap them.

    Each of its states is another name for the canonical one, so a step leads to another name for the next.
    """
    symmetry, system = tables.symmetry, tables.system
    assert symmetry is not None
    path = [Visit(None, world)]
    real: Any = world
    canonical = symmetry.canonical(tables.intern(world))
    for number, ordinal in enumerate(ordinals):
        steps = system.steps(real)
        if broken is not None and number == len(ordinals) - 1:
            path.append(_broken_step(broken, real, steps))
            break
        _, after = next(islice(system.steps(tables.worlds.of(canonical)), ordinal, None))
        canonical = symmetry.canonical(tables.intern(after))
        for action, real in steps:
            if symmetry.canonical(tables.intern(real)) == canonical:
                path.append(Visit(action, real))
                break
        else:
            raise NotSymmetricError("what can happen in a state depends on what nodes are called")
    return tuple(path)


def _broken_step(prop: Property, before: Any, steps: Iterable[tuple[Any, Any]]) -> Visit:
    for action, after in steps:
        if prop.is_premise_met(before, action, after) and prop.judge(before, action, after) is not None:
            return Visit(action, after)
    raise NotSymmetricError(f"'{prop.name}' depends on what nodes are called")
