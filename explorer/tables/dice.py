"""Dice: what random walks draw, the same on every machine, engine and number of threads.

A walk is a function of its *key* and nothing else. Drawn are, for each of its steps: whether it is to be a fault, where
one could happen; of which kind; and which of all steps of that kind. Were all steps alike likely, the many ways in
which a node may crash or a message get lost would outweigh what the protocol does, and budgets be spent at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from everyway.models.language.action import Action, Kind

_WHOLE = 1 << 16
"""Rates are drawn in parts of this, the greatest count that can be drawn below."""
_DRAWS = 3
"""So many numbers are drawn for each step."""
ORDINARY = 0
_FAULTS: dict[Kind | None, int] = {
    Kind.CRASH: 1,
    Kind.LOSS: 2,
    Kind.DUPLICATION: 3,
    Kind.PARTITION: 4,
    Kind.SUSPICION: 5,
    None: 6,
}
"""The kinds that are told apart; None is for faults of plain transition systems."""
KINDS = len(_FAULTS) + 1
_STRIDE, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BITS = (1 << 64) - 1


def keys(seed: int) -> Callable[[int], Any]:
    """Return what gives the keys of the next so many walks, in the order of their numbers.

    They are the raw output of a bit generator, whose stream NumPy keeps from release to release; what
    ``Generator`` makes of it may change.
    """
    stream = np.random.PCG64(seed)
    return lambda count: stream.random_raw(count)


def chosen(key: int, at: int, count: int) -> int:
    """Return a number below a count, all of them alike likely, from a walk's key and which of its draws it is.

    The key is the state of a SplitMix64 generator (Steele, Lea & Flood, "Fast splittable pseudorandom number
    generators", 2014), of which any output can be had without those before it. Of an output the upper 48 bits are
    used, which leaves room for a count of 16 in 64.
    """
    mixed = key + (at + 1) * _STRIDE & _BITS
    mixed = (mixed ^ mixed >> 30) * _FIRST & _BITS
    mixed = (mixed ^ mixed >> 27) * _SECOND & _BITS
    mixed ^= mixed >> 31
    return (mixed >> 16) * count >> 48


def all_chosen(walks: Any, at: Any, counts: Any) -> Any:
    """Return the same for arrays of keys, of draws and of counts."""
    first, second, stride = np.uint64(_FIRST), np.uint64(_SECOND), np.uint64(_STRIDE)
    mixed = walks + (at.astype(np.uint64) + np.uint64(1)) * stride
    mixed = (mixed ^ (mixed >> np.uint64(30))) * first
    mixed = (mixed ^ (mixed >> np.uint64(27))) * second
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(16)) * counts.astype(np.uint64) >> np.uint64(48)).astype(np.int64)


def kind_of(action: Any) -> int:
    """Return the number of a step's kind: all that are no fault are of one kind."""
    if not getattr(action, "is_fault", False):
        return ORDINARY
    if not isinstance(action, Action):
        return _FAULTS[None]
    return _FAULTS[Kind.CRASH if action.crashed else action.kind]


def step_taken(key: int, step: int, kinds: Sequence[int], fault_rate: float) -> int:
    """Return which step a walk takes, by its position.

    Args:
        key: the walk's.
        step: which of its steps it is, counted from 1.
        kinds: the kinds of all steps that may be taken, of which at least one is no fault.
        fault_rate: how likely it is a fault, where there is one.
    """
    faults = sorted({kind for kind in kinds if kind != ORDINARY})
    kind = ORDINARY
    if faults and chosen(key, _DRAWS * step, _WHOLE) < round(fault_rate * _WHOLE):
        kind = faults[chosen(key, _DRAWS * step + 1, len(faults))]
    places = [place for place, one in enumerate(kinds) if one == kind]
    return places[chosen(key, _DRAWS * step + 2, len(places))]


def steps_taken(walks: Any, steps: Any, kinds: Any, begins: Any, ends: Any, fault_rate: float) -> Any:
    """Return the same for many walks at once.

    Args:
        walks: the walks' keys.
        steps: which step of each it is.
        kinds: the kinds of the steps that may be taken, those of each walk behind each other.
        begins: where those of each walk begin.
        ends: where they end.
        fault_rate: how likely it is a fault, where there is one.
    """
    if not kinds.any():
        return begins + all_chosen(walks, _DRAWS * steps + 2, ends - begins)
    owners = np.full(len(kinds), -1)
    sizes = ends - begins
    inside = np.repeat(begins - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    owners[inside] = np.repeat(np.arange(len(walks)), sizes)
    groups = owners[inside] * KINDS + kinds[inside]
    counts = np.bincount(groups, minlength=len(walks) * KINDS)
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    in_groups = inside[np.argsort(groups, kind="stable")]
    is_there = counts.reshape(-1, KINDS)[:, 1:] > 0
    there = is_there.sum(axis=1)
    draws = np.full(len(walks), _WHOLE)
    is_fault = (there > 0) & (all_chosen(walks, _DRAWS * steps, draws) < round(fault_rate * _WHOLE))
    which = all_chosen(walks, _DRAWS * steps + 1, np.maximum(there, 1))
    kind = np.argmax(np.cumsum(is_there, axis=1) == which[:, None] + 1, axis=1) + 1
    group = np.arange(len(walks)) * KINDS + np.where(is_fault, kind, ORDINARY)
    return in_groups[firsts[group] + all_chosen(walks, _DRAWS * steps + 2, counts[group])]
