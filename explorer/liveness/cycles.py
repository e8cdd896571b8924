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

from .graph import NO_CLASS, StateGraph

AT_ONCE = 1 << 18
"""So many places are looked at together."""
MOST_COUNTERS = 1 << 26
"""For so many kinds of things each has a counter of its own."""
WORTHWHILE = 20
"""A sweep that drops less than one in so many of the places that are left is the last."""


class Product:
    """The places of a graph and an automaton that can be reached.

    A place is a number: that of the automaton's state times the number of states, plus that of the state.

    Args:
        graph: the graph.
        automaton: the automaton.
        letters: for each of its atoms, for each state, whether it is true there.
    """

    def __init__(self, graph: StateGraph, automaton: Automaton, letters: list[Any]) -> None:
        self.graph, self.automaton = graph, automaton
        self.rests = graph.may_rest()
        self.allowed = []
        """For each state of the automaton, for each state, whether they go together."""
        for state in automaton.states:
            mask = np.ones(graph.states, np.bool_)
            for k, letter in enumerate(map(np.asarray, letters)):
                if k in state.required:
                    mask &= letter
                if k in state.forbidden:
                    mask &= ~letter
            self.allowed.append(mask)
        count = graph.states * len(automaton.states)
        self.distance = np.full(count, -1, np.int32)
        """For each place how many steps it is away from a start; -1 if it cannot be reached."""
        self.parents = np.full(count, -1, np.int32 if count < 1 << 31 else np.int64)
        """For each place the one before it on a shortest way; -1 at a start."""
        self._reach()

    def split(self, places: Any) -> tuple[Any, Any]:
        """Return the automaton's and the graph's state of places."""
        return places // self.graph.states, places % self.graph.states

    def _reach(self) -> None:
        states = self.graph.states
        begin = [q * states + self.graph.starts for q in sorted(self.automaton.starts)]
        frontier = np.unique(np.concatenate([np.zeros(0, np.int64), *begin]))
        q, s = self.split(frontier)
        frontier = frontier[self._are_allowed(q, s)]
        self.distance[frontier] = 0
        stamp = np.zeros(len(self.distance), np.int32)
        depth = 0
        while len(frontier):
            depth += 1
            found = []
            for first in range(0, len(frontier), AT_ONCE):
                for source, place in self._ahead(frontier[first : first + AT_ONCE]):
                    is_new = self.distance[place] < 0
                    place, source = place[is_new], source[is_new]
                    # Of several steps to one place the first counts: the last one that is written here.
                    number = np.arange(len(place), dtype=np.int32)
                    stamp[place[::-1]] = number[::-1]
                    is_first = stamp[place] == number
                    place, source = place[is_first], source[is_first]
                    self.distance[place] = depth
                    self.parents[place] = source
                    found.append(place)
            frontier = np.concatenate(found) if found else np.zeros(0, np.int64)

    def _are_allowed(self, q: Any, s: Any) -> Any:
        is_allowed = np.zeros(len(q), np.bool_)
        for number, mask in enumerate(self.allowed):
            here = q == number
            is_allowed[here] = mask[s[here]]
        return is_allowed

    def _ahead(self, places: Any) -> Any:
        """Yield the places that come next, each with the one that it comes from."""
        q, s = self.split(places)
        for number, state in enumerate(self.automaton.states):
            here = np.flatnonzero(q == number)
            if not len(here):
                continue
            steps, positions = self.graph.steps_of(s[here])
            target, source = self.graph.targets[steps].astype(np.int64), places[here][positions]
            resting = here[self.rests[s[here]]]
            for after in sorted(state.successors):
                mask = self.allowed[after]
                fits = mask[target]
                yield source[fits], after * self.graph.states + target[fits]
                stays = resting[mask[s[resting]]]
                yield places[stays], after * self.graph.states + s[stays]


@define(eq=False)
class Component:
    """A strongly connected set of places that is fair and accepted, and the steps inside it."""

    places: Any
    sources: Any
    targets: Any
    """For each step inside the place it leads from and to."""
    classes: Any
    """And its fairness class; ``NO_CLASS`` for staying where a run may end."""


def fair_component(product: Product) -> Component | None:
    """Return the fair and accepted component that is nearest to a start, of those found first; None if there is none.

    Of strongly fair classes several rounds may be needed; the first that finds anything ends it.
    """
    best: Component | None = None
    for group in _accepting_groups(product.automaton):
        found = _fair_component(product, group)
        if found is not None and (best is None or _nearness(product, found) < _nearness(product, best)):
            best = found
    return best


def _nearness(product: Product, component: Component) -> int:
    return int(product.distance[component.places].min())


def _accepting_groups(automaton: Automaton) -> list[list[int]]:
    """Return the strongly connected sets of the automaton's states that visit every acceptance set."""
    count = len(automaton.states)
    edges = [(q, after) for q, state in enumerate(automaton.states) for after in state.successors]
    labels = _connected(count, np.array([a for a, _ in edges]), np.array([b for _, b in edges]))
    groups = []
    for label in range(int(labels.max()) + 1 if count else 0):
        group = [q for q in range(count) if labels[q] == label]
        goes_on = any(a in group and b in group for a, b in edges)
        visited = frozenset().union(*(automaton.states[q].accepting for q in group))
        if goes_on and len(visited) == automaton.acceptance_sets:
            groups.append(group)
    return groups


def _connected(count: int, sources: Any, targets: Any) -> Any:
    """Return for each of so many vertices the number of its strongly connected component."""
    from scipy.sparse import csr_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    weights = np.ones(len(sources), np.int8)
    matrix = csr_array((weights, (sources, targets)), shape=(count, count))
    return connected_components(matrix, directed=True, connection="strong")[1]


def _fair_component(product: Product, group: list[int]) -> Component | None:
    places, sources, targets, classes = _steps_within(product, group)
    is_weak = product.graph.strengths(Strength.WEAK)
    is_strong = product.graph.strengths(Strength.STRONG)
    # From here on places are positions in that list.
    is_alive = np.ones(len(places), np.bool_)
    while is_alive.any():
        inside = is_alive[sources] & is_alive[targets]
        sources, targets, classes = sources[inside], targets[inside], classes[inside]
        labels = _connected(len(places), sources, targets)
        inside = labels[sources] == labels[targets]
        sources, targets, classes = sources[inside], targets[inside], classes[inside]
        # Only components with a step inside are of interest; they get numbers of their own, the others -1.
        cyclic, _ = _distinct(labels[sources], len(places))
        if not len(cyclic):
            return None
        renumbered = np.full(len(places), -1, np.int64)
        renumbered[cyclic] = np.arange(len(cyclic))
        labels = np.where(is_alive, renumbered[labels], -1)
        rejected = _unaccepted(product, places, labels, len(cyclic))
        members = np.flatnonzero(labels >= 0)
        kinds = len(product.graph.kinds)
        enabled_at, enabled = _enabled(product, places[members])
        enabled_at = members[enabled_at]
        has_class = classes >= 0
        many = len(cyclic) * kinds
        taken, _ = _distinct(labels[sources[has_class]] * kinds + classes[has_class], many)
        pairs, times = _distinct(labels[enabled_at] * kinds + enabled, many)
        is_put_off = ~np.isin(pairs, taken)
        size = np.bincount(labels[members], minlength=len(cyclic))
        where, which = pairs // max(1, kinds), pairs % max(1, kinds)
        never_breaks = is_put_off & (times == size[where])
        rejected[where[never_breaks & is_weak[which]]] = True
        unfair = pairs[is_put_off & is_strong[which]]
        must_shrink = np.zeros(len(cyclic), np.bool_)
        must_shrink[unfair // max(1, kinds)] = True
        good = ~rejected & ~must_shrink
        if good.any():
            nearest = np.full(len(cyclic), np.iinfo(np.int64).max)
            np.minimum.at(nearest, labels[members], product.distance[places[members]].astype(np.int64))
            best = int(np.argmin(np.where(good, nearest, np.iinfo(np.int64).max)))
            inside = labels[sources] == best
            return Component(
                places[labels == best], places[sources[inside]], places[targets[inside]], classes[inside]
            )
        removed = enabled_at[np.isin(labels[enabled_at] * kinds + enabled, unfair)]
        is_alive = np.zeros(len(places), np.bool_)
        is_alive[members[(must_shrink & ~rejected)[labels[members]]]] = True
        is_alive[removed] = False
    return None


def _going_on(product: Product, group: list[int]) -> Any:
    """Return for each place whether it may lie on a cycle of a group: most lead nowhere, and are soon found out.

    Places without a step to another one that is left are dropped, last ones first, as often as that is worth it. Of
    protocols that only go forward none is left, and no step has to be kept for what follows.
    """
    graph, states = product.graph, product.graph.states
    is_left = np.zeros(len(product.distance), np.bool_)
    for q in group:
        is_left[q * states : (q + 1) * states] = product.distance[q * states : (q + 1) * states] >= 0
    left = int(is_left.sum())
    while left:
        for last in range(states, 0, -AT_ONCE):
            first = max(0, last - AT_ONCE)
            for q in group:
                state = first + np.flatnonzero(is_left[q * states + first : q * states + last])
                if not len(state):
                    continue
                steps, positions = graph.steps_of(state)
                targets, rests = graph.targets[steps], product.rests[state]
                goes_on = np.zeros(len(state), np.bool_)
                for after in product.automaton.states[q].successors & frozenset(group):
                    goes_on[positions[is_left[after * states + targets]]] = True
                    goes_on |= rests & is_left[after * states + state]
                is_left[q * states + state[~goes_on]] = False
        before, left = left, int(is_left.sum())
        if (before - left) * WORTHWHILE <= before:
            break
    return is_left


def _steps_within(product: Product, group: list[int]) -> tuple[Any, Any, Any, Any]:
    """Return the places of a group that may lie on a cycle, and the steps between them by their positions."""
    graph, states = product.graph, product.graph.states
    is_left = _going_on(product, group)
    members = [q * states + np.flatnonzero(is_left[q * states : (q + 1) * states]) for q in group]
    places = np.concatenate(members)
    position = np.full(states * len(product.automaton.states), -1, np.int32)
    position[places] = np.arange(len(places))
    sources, targets, classes = [], [], []
    for q, mine in zip(group, members, strict=True):
        for first in range(0, len(mine), AT_ONCE):
            some = mine[first : first + AT_ONCE]
            state = some - q * states
            steps, origins = graph.steps_of(state)
            stays = product.rests[state]
            for after in sorted(product.automaton.states[q].successors & frozenset(group)):
                to = position[after * states + graph.targets[steps]]
                fits = to >= 0
                sources.append(position[some[origins[fits]]])
                targets.append(to[fits])
                classes.append(graph.classes[steps[fits]])
                resting = position[after * states + state[stays]]
                fits = resting >= 0
                sources.append(position[some[stays][fits]])
                targets.append(resting[fits])
                classes.append(np.full(int(fits.sum()), NO_CLASS, np.int32))
    nothing = np.zeros(0, np.int32)
    return (
        places,
        np.concatenate([nothing, *sources]),
        np.concatenate([nothing, *targets]),
        np.concatenate([nothing, *classes]),
    )


def _distinct(keys: Any, many: int) -> tuple[Any, Any]:
    """Return the distinct numbers of some below a bound, in ascending order, and how often each occurs."""
    if many > MOST_COUNTERS:
        found: tuple[Any, Any] = np.unique(keys, return_counts=True)
        return found
    counts = np.bincount(keys, minlength=many)
    distinct = np.flatnonzero(counts)
    return distinct, counts[distinct]


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


def _enabled(product: Product, places: Any) -> tuple[Any, Any]:
    """Return the classes that places enable, as pairs of a position and a class, each once."""
    graph = product.graph
    is_fair = np.array([kind.strength is not Strength.NONE for kind in graph.kinds] + [False], np.bool_)
    kinds = max(1, len(graph.kinds))
    found = [np.zeros(0, np.int64)]
    for first in range(0, len(places), AT_ONCE):
        _, state = product.split(places[first : first + AT_ONCE])
        steps, positions = graph.steps_of(state)
        classes = graph.classes[steps]
        counts = is_fair[classes]
        keys = np.sort((positions[counts] + first) * kinds + classes[counts])
        found.append(keys[np.diff(keys, prepend=-1) > 0])
    pairs = np.concatenate(found)
    return pairs // kinds, pairs % kinds
