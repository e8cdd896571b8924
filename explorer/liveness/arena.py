"""Where a cycle may lie: places that may go on for ever within some states of the automaton, and the steps between."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define

from .graph import AT_ONCE, NO_CLASS
from .product import Product

WORTHWHILE = 20
"""A sweep that drops less than one in so many of the places that are left is the last."""


@define(eq=False)
class Arena:
    """Some places, by their positions in a list, and the steps between them; those of a place lie behind each other.

    Ten million places may have a hundred million steps, so nothing else is kept of a step, and whatever goes through
    all of them goes through so many places at a time.
    """

    product: Product
    places: Any
    begins: Any
    """For each place the number of its first step, and one more entry for the end."""
    targets: Any
    """For each step the position of the place that it leads to (int32)."""
    classes: Any
    """And its fairness class; ``NO_CLASS`` for staying where a run may end."""

    def __len__(self) -> int:
        return len(self.places)

    def states(self, positions: Any) -> Any:
        """Return the states of the graph at some positions."""
        return self.places[positions] % self.product.graph.states

    def blocks(self) -> Any:
        """Yield for so many places at a time: the first, the one behind the last, and for each step its source."""
        for first in range(0, len(self), AT_ONCE):
            last = min(first + AT_ONCE, len(self))
            counts = np.diff(self.begins[first : last + 1])
            yield first, last, np.repeat(np.arange(first, last), counts)

    def steps(self, first: int, last: int) -> slice:
        """Return where the steps of some places lie."""
        return slice(int(self.begins[first]), int(self.begins[last]))

    def components(self) -> Any:
        """Return for each place the number of its strongly connected component."""
        counts, targets = [np.zeros(1, np.int64)], []
        for first, last, sources in self.blocks():
            keys = np.sort((sources - first) * len(self) + self.targets[self.steps(first, last)])
            keys = keys[np.diff(keys, prepend=-1) > 0]
            targets.append((keys % len(self)).astype(np.int32))
            counts.append(np.bincount(keys // len(self), minlength=last - first))
        return connected(np.cumsum(np.concatenate(counts)), _joined(targets))

    def only(self, keep: Any, labels: Any) -> Arena:
        """Return the part with the places that are kept, and the steps between those with the same label."""
        position = np.cumsum(keep, dtype=np.int32) - 1
        counts, targets, classes = [np.zeros(1, np.int64)], [], []
        for first, last, sources in self.blocks():
            steps = self.steps(first, last)
            ends = self.targets[steps]
            stays = keep[sources] & keep[ends] & (labels[sources] == labels[ends])
            targets.append(position[ends[stays]])
            classes.append(self.classes[steps][stays])
            left = np.bincount(sources[stays] - first, minlength=last - first)
            counts.append(left[keep[first:last]])
        return Arena(
            self.product,
            self.places[keep],
            np.cumsum(np.concatenate(counts)),
            _joined(targets),
            _joined(classes),
        )


def connected(begins: Any, targets: Any) -> Any:
    """Return for each vertex the number of its strongly connected component.

    Args:
        begins: for each vertex the number of its first step, and one more entry for the end.
        targets: for each step the vertex that it leads to. No two steps of a vertex may lead to the same one: SciPy
            then never ends.
    """
    from scipy.sparse import csr_array  # type: ignore[import-untyped]
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

    count = len(begins) - 1
    index = np.int32 if len(targets) < 1 << 31 else np.int64
    # One number stands for the weights of all steps, and the rest is not copied either.
    weights = np.broadcast_to(np.float64(1), len(targets))
    matrix = csr_array((weights, targets, begins.astype(index)), shape=(count, count), copy=False)
    return connected_components(matrix, directed=True, connection="strong")[1]


def arena_of(product: Product, group: list[int]) -> Arena:
    """Return the places of a group of the automaton's states that may lie on a cycle, and the steps between them."""
    graph, states = product.graph, product.graph.states
    is_left = _going_on(product, group)
    members = [q * states + np.flatnonzero(is_left[q * states : (q + 1) * states]) for q in group]
    places = np.concatenate(members)
    position = np.full(states * len(product.automaton.states), -1, np.int32)
    position[places] = np.arange(len(places), dtype=np.int32)
    del is_left
    counts, targets, classes = [np.zeros(1, np.int64)], [], []
    for q, mine in zip(group, members, strict=True):
        ahead = sorted(product.automaton.states[q].successors & frozenset(group))
        for first in range(0, len(mine), AT_ONCE):
            state = mine[first : first + AT_ONCE] - q * states
            steps, origins = graph.steps_of(state)
            resting = np.flatnonzero(product.rests[state])
            found = []
            for after in ahead:
                to = position[after * states + graph.targets[steps]]
                fits = to >= 0
                found.append((origins[fits], to[fits], graph.classes[steps[fits]]))
                to = position[after * states + state[resting]]
                fits = to >= 0
                none = np.full(int(fits.sum()), NO_CLASS, graph.classes.dtype)
                found.append((resting[fits], to[fits], none))
            source, target, cls = map(np.concatenate, zip(*found, strict=True))
            order = np.argsort(source, kind="stable")
            targets.append(target[order])
            classes.append(cls[order])
            counts.append(np.bincount(source, minlength=len(state)))
    return Arena(product, places, np.cumsum(np.concatenate(counts)), _joined(targets), _joined(classes))


def _joined(parts: list[Any]) -> Any:
    """Return parts as one array, and let them go."""
    whole = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    parts.clear()
    return whole


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
