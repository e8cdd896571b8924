"""Fair cycles: is there a fair run that an automaton accepts?

A place is a state of the graph together with a state of the automaton. There is an accepted fair run exactly if some
strongly connected set of places, reachable from a start, visits every acceptance set and is fair: for each class with
weak fairness a step of it is taken inside or it is disabled somewhere inside, for each with strong fairness a step of
it is taken inside or it is disabled everywhere inside (Emerson & Lei 1987; for strong fairness the places that enable
such a class are removed and the rest is looked at again, as for Streett conditions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define

from everyway.invariants.automaton import Automaton
from everyway.models.language.fairness import Strength

from .arena import Arena, arena_of, connected
from .distinct import counted, distinct
from .graph import AT_ONCE
from .product import Product


@define(eq=False)
class Component:
    """A strongly connected set of places that is fair and accepted."""

    arena: Arena
    is_member: Any
    """For each place of the arena whether it belongs to it."""
    entry: int
    """The position of the place that is nearest to a start."""

    @property
    def distance(self) -> int:
        """How many steps that one is away from a start."""
        return int(self.arena.product.distance[self.arena.places[self.entry]])


def fair_component(product: Product) -> Component | None:
    """Return the fair and accepted component that is nearest to a start, of those found first; None if there is none.

    Of strongly fair classes several rounds may be needed; the first that finds anything ends it.
    """
    best: Component | None = None
    for group in _accepting_groups(product.automaton):
        found = _fair_component(product, group)
        if found is not None and (best is None or found.distance < best.distance):
            best = found
    return best


def _accepting_groups(automaton: Automaton) -> list[list[int]]:
    """Return the strongly connected sets of the automaton's states that visit every acceptance set."""
    count = len(automaton.states)
    edges = [(q, after) for q, state in enumerate(automaton.states) for after in state.successors]
    edges.sort()
    begins = np.searchsorted([a for a, _ in edges], np.arange(count + 1))
    labels = connected(begins, np.array([b for _, b in edges], np.int32))
    groups = []
    for label in range(int(labels.max()) + 1 if count else 0):
        group = [q for q in range(count) if labels[q] == label]
        goes_on = any(a in group and b in group for a, b in edges)
        visited = frozenset().union(*(automaton.states[q].accepting for q in group))
        if goes_on and len(visited) == automaton.acceptance_sets:
            groups.append(group)
    return groups


def _fair_component(product: Product, group: list[int]) -> Component | None:
    graph = product.graph
    is_weak, is_strong = graph.strengths(Strength.WEAK), graph.strengths(Strength.STRONG)
    kinds = max(1, len(graph.kinds))
    arena = arena_of(product, group)
    while len(arena):
        labels, cyclic, taken = _cyclic(arena, kinds)
        if not cyclic:
            return None
        rejected = _unaccepted(product, arena.places, labels, cyclic)
        pairs, times = _enabled_pairs(arena, labels, kinds)
        is_put_off = ~np.isin(pairs, taken)
        size = np.bincount(labels[labels >= 0], minlength=cyclic)
        where, which = pairs // kinds, pairs % kinds
        never_breaks = is_put_off & (times == size[where])
        rejected[where[never_breaks & is_weak[which]]] = True
        unfair = pairs[is_put_off & is_strong[which]]
        must_shrink = np.zeros(cyclic, np.bool_)
        must_shrink[unfair // kinds] = True
        good = ~rejected & ~must_shrink
        if good.any():
            return _nearest(arena, labels, good)
        keep = labels >= 0
        keep[keep] = (must_shrink & ~rejected)[labels[keep]]
        for positions, classes in _enabled(arena, np.flatnonzero(keep)):
            keep[positions[np.isin(labels[positions] * kinds + classes, unfair)]] = False
        arena = arena.only(keep, labels)
    return None


def _cyclic(arena: Arena, kinds: int) -> tuple[Any, int, Any]:
    """Return the components with a step inside.

    That is for each place the number of its own, -1 if it lies in none; how many there are; and the pairs of a
    component and a fairness class of which a step is taken inside, as one number each.
    """
    labels = arena.components()
    is_cyclic = np.zeros(int(labels.max()) + 1, np.bool_)
    taken = [np.zeros(0, np.int64)]
    for first, last, sources in arena.blocks():
        steps = arena.steps(first, last)
        of_source = labels[sources]
        inside = of_source == labels[arena.targets[steps]]
        classes, of_source = arena.classes[steps][inside], of_source[inside].astype(np.int64)
        is_cyclic[of_source] = True
        has_class = classes >= 0
        taken.append(distinct(of_source[has_class] * kinds + classes[has_class], len(is_cyclic) * kinds))
    numbers = np.where(is_cyclic, np.cumsum(is_cyclic) - 1, -1)
    pairs = distinct(np.concatenate(taken), len(is_cyclic) * kinds)
    return numbers[labels], int(is_cyclic.sum()), numbers[pairs // kinds] * kinds + pairs % kinds


def _enabled_pairs(arena: Arena, labels: Any, kinds: int) -> tuple[Any, Any]:
    """Return the pairs of a component and a fairness class that is enabled in it, as one number each.

    And for each in how many of its places.
    """
    bound = (int(labels.max()) + 1) * kinds
    found, times = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for positions, classes in _enabled(arena, np.flatnonzero(labels >= 0)):
        for parts, more in zip(
            (found, times), counted(labels[positions] * kinds + classes, bound), strict=True
        ):
            parts.append(more)
    return counted(np.concatenate(found), bound, np.concatenate(times))


def _enabled(arena: Arena, positions: Any) -> Any:
    """Yield the fair classes that some places enable, so many places at a time: a position and a class for each."""
    graph = arena.product.graph
    is_fair = np.array([kind.strength is not Strength.NONE for kind in graph.kinds] + [False], np.bool_)
    kinds = max(1, len(graph.kinds))
    for first in range(0, len(positions), AT_ONCE):
        some = positions[first : first + AT_ONCE]
        steps, origins = graph.steps_of(arena.states(some))
        classes = graph.classes[steps]
        counts = is_fair[classes]
        # Each class counts once for a place.
        keys = distinct(origins[counts] * kinds + classes[counts], len(some) * kinds)
        yield some[keys // kinds], keys % kinds


def _nearest(arena: Arena, labels: Any, good: Any) -> Component:
    """Return the one of the good components that is nearest to a start."""
    members = np.flatnonzero(labels >= 0)
    members = members[good[labels[members]]]
    entry = int(members[np.argmin(arena.product.distance[arena.places[members]])])
    return Component(arena, labels == labels[entry], entry)


def _unaccepted(product: Product, places: Any, labels: Any, count: int) -> Any:
    """Return for each component whether it misses an acceptance set."""
    misses = np.zeros(count, np.bool_)
    members = np.flatnonzero(labels >= 0)
    q = product.split(places[members])[0]
    for one in range(product.automaton.acceptance_sets):
        accepts = np.array([one in state.accepting for state in product.automaton.states], np.bool_)
        visits = np.zeros(count, np.bool_)
        visits[labels[members][accepts[q]]] = True
        misses |= ~visits
    return misses
