"""Lassos: from a fair component to a run, a stem that leads into it and a loop through it that is fair by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from attrs import define

from everyway.models.language.fairness import Strength

from .cycles import Component, Product
from .graph import NO_CLASS

STAYS = -2
"""Instead of a class: no step at all, for a run that rests."""


@define
class Lasso:
    """A run by the numbers of its states: the stem, and then the loop, which ends where it began."""

    stem: list[int]
    """The states up to the one at which the loop begins."""
    loop: list[tuple[int, int]]
    """For each step round the loop its fairness class and the state that it leads to; none if the run ends."""


def lasso_of(product: Product, component: Component) -> Lasso:
    """Return a short lasso through a component."""
    distances = product.distance[component.places]
    entry = int(component.places[np.argmin(distances)])
    stem = _stem(product, entry)
    loop = _Round(product, component).walk(entry)
    states = product.graph.states
    steps = [(cls, place % states) for cls, place in loop if cls != STAYS]
    return Lasso(_without_repeats([place % states for place in stem]), steps)


def _stem(product: Product, place: int) -> list[int]:
    way = [place]
    while product.parents[way[-1]] >= 0:
        way.append(int(product.parents[way[-1]]))
    return way[::-1]


def _without_repeats(states: list[int]) -> list[int]:
    """Return the states with those left out in which the run only rested."""
    return [state for k, state in enumerate(states) if k == 0 or state != states[k - 1]]


class _Round:
    """The way round a component."""

    def __init__(self, product: Product, component: Component) -> None:
        self.product = product
        order = np.argsort(component.sources, kind="stable")
        self._sources = component.sources[order]
        self._targets = component.targets[order]
        self._classes = component.classes[order]
        self._ahead: dict[int, list[tuple[int, int]]] = {}
        self._enabled: dict[int, frozenset[int]] = {}

    def walk(self, entry: int) -> list[tuple[int, int]]:
        """Return the steps of a way from a place back to it that is fair and accepted; each a class and a place."""
        way: list[tuple[int, int]] = []
        here = entry
        while True:
            lacking = self._lacking(entry, way)
            if lacking is None:
                if way and here == entry:
                    return way
                more = self._shortest(here, lambda cls, place: place == entry)
            else:
                more = self._shortest(here, lacking)
            way += more
            here = way[-1][1]

    def steps(self, place: int) -> list[tuple[int, int]]:
        """Return the steps that lead from a place to others of the component."""
        if place not in self._ahead:
            first, last = np.searchsorted(self._sources, [place, place + 1])
            self._ahead[place] = [
                (
                    STAYS if target % self.product.graph.states == place % self.product.graph.states else cls,
                    target,
                )
                for cls, target in zip(
                    self._classes[first:last].tolist(), self._targets[first:last].tolist(), strict=True
                )
            ]
        return self._ahead[place]

    def enabled(self, place: int) -> frozenset[int]:
        """Return the fairness classes of which a step can be taken."""
        if place not in self._enabled:
            graph = self.product.graph
            state = place % graph.states
            classes = graph.classes[graph.begins[state] : graph.begins[state + 1]]
            self._enabled[place] = frozenset(classes.tolist()) - {NO_CLASS}
        return self._enabled[place]

    def _lacking(self, entry: int, way: list[tuple[int, int]]) -> Callable[[int, int], bool] | None:
        """Return what the next stretch of a round must lead to for it to become fair and accepted; None if it is."""
        automaton, states = self.product.automaton, self.product.graph.states
        places = list(dict.fromkeys([entry, *(place for _, place in way)]))
        for one in range(automaton.acceptance_sets):
            if not any(one in automaton.states[place // states].accepting for place in places):
                return lambda _, place: one in automaton.states[place // states].accepting
        taken = {cls for cls, _ in way}
        for cls in sorted(frozenset().union(*map(self.enabled, places)) - taken):
            strength = self.product.graph.kinds[cls].strength
            always = all(cls in self.enabled(place) for place in places)
            if strength is Strength.STRONG or (strength is Strength.WEAK and always):
                if strength is Strength.STRONG:
                    return lambda taking, _: taking == cls
                return lambda taking, place: taking == cls or cls not in self.enabled(place)
        return None

    def _shortest(self, start: int, is_goal: Callable[[int, int], bool]) -> list[tuple[int, int]]:
        """Return the fewest steps, at least one, that lead to a goal."""
        arrivals: dict[int, tuple[int, int]] = {}
        waiting = deque([start])
        while waiting:
            place = waiting.popleft()
            for cls, after in self.steps(place):
                if is_goal(cls, after):
                    return [*self._way(start, place, arrivals), (cls, after)]
                if after not in arrivals and after != start:
                    arrivals[after] = (place, cls)
                    waiting.append(after)
        raise AssertionError("a strongly connected component leads everywhere")

    def _way(self, start: int, place: int, arrivals: dict[int, tuple[int, int]]) -> list[tuple[int, int]]:
        def backwards() -> Iterator[tuple[int, int]]:
            here = place
            while here != start:
                before, cls = arrivals[here]
                yield cls, here
                here = before

        return list(backwards())[::-1]
