"""Lassos: from a fair component to a run, a stem that leads into it and a loop through it that is fair by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define, frozen

from everyway.models.language.fairness import Strength

from .cycles import AT_ONCE, Component, Product
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
    """The way round a component; places are numbered anew, by their position in ``places``."""

    def __init__(self, product: Product, component: Component) -> None:
        self.product = product
        self.places = np.sort(component.places)
        sources = np.searchsorted(self.places, component.sources)
        order = np.argsort(sources, kind="stable")
        self._sources = sources[order]
        self._targets = np.searchsorted(self.places, component.targets[order])
        self._begins = np.searchsorted(self._sources, np.arange(len(self.places) + 1))
        states = self.places % product.graph.states
        stays = states[self._sources] == states[self._targets]
        self._classes = np.where(stays, STAYS, component.classes[order])
        self._enabled: dict[int, frozenset[int]] = {}

    def walk(self, place: int) -> list[tuple[int, int]]:
        """Return the steps of a way from a place back to it that is fair and accepted; each a class and a place."""
        entry = here = int(np.searchsorted(self.places, place))
        way: list[tuple[int, int]] = []
        while not way or here != entry or self._lacking(entry, way) is not None:
            goal = self._lacking(entry, way)
            if goal is None:
                goal = Goal(places=np.arange(len(self.places)) == entry)
            way += self._shortest(here, goal)
            here = way[-1][1]
        return [(cls, int(self.places[k])) for cls, k in way]

    def _lacking(self, entry: int, way: list[tuple[int, int]]) -> Goal | None:
        """Return what the next stretch of a round must lead to for it to become fair and accepted; None if it is."""
        automaton, states = self.product.automaton, self.product.graph.states
        places = list(dict.fromkeys([entry, *(place for _, place in way)]))
        for one in range(automaton.acceptance_sets):
            accepts = np.array([one in state.accepting for state in automaton.states], np.bool_)
            if not accepts[self.places[places] // states].any():
                return Goal(places=accepts[self.places // states])
        taken = {cls for cls, _ in way}
        for cls in sorted(frozenset().union(*map(self._enabled_at, places)) - taken):
            strength = self.product.graph.kinds[cls].strength
            if strength is Strength.STRONG:
                return Goal(taking=cls)
            if strength is Strength.WEAK and all(cls in self._enabled_at(place) for place in places):
                return Goal(places=~self._enabling(cls), taking=cls)
        return None

    def _enabled_at(self, place: int) -> frozenset[int]:
        """Return the fairness classes of which a step can be taken at a place."""
        if place not in self._enabled:
            graph = self.product.graph
            state = int(self.places[place]) % graph.states
            classes = graph.classes[graph.begins[state] : graph.begins[state + 1]]
            self._enabled[place] = frozenset(classes.tolist()) - {NO_CLASS}
        return self._enabled[place]

    def _enabling(self, cls: int) -> Any:
        """Return for each place whether a step of a class can be taken there."""
        graph = self.product.graph
        is_enabling = np.zeros(len(self.places), np.bool_)
        for first in range(0, len(self.places), AT_ONCE):
            steps, positions = graph.steps_of(self.places[first : first + AT_ONCE] % graph.states)
            is_enabling[first + positions[graph.classes[steps] == cls]] = True
        return is_enabling

    def _shortest(self, start: int, goal: Goal) -> list[tuple[int, int]]:
        """Return the fewest steps, at least one, that lead to a goal."""
        arrivals = np.full(len(self.places), -1, np.int64)
        stamp = np.zeros(len(self.places), np.int64)
        frontier = np.array([start])
        while len(frontier):
            counts = self._begins[frontier + 1] - self._begins[frontier]
            ends = np.cumsum(counts)
            steps = np.arange(int(ends[-1])) + np.repeat(self._begins[frontier] - (ends - counts), counts)
            hits = self._classes[steps] == goal.taking
            if goal.places is not None:
                hits |= goal.places[self._targets[steps]]
            if hits.any():
                return self._way(start, int(steps[np.argmax(hits)]), arrivals)
            targets = self._targets[steps]
            is_new = (arrivals[targets] < 0) & (targets != start)
            steps, targets = steps[is_new], targets[is_new]
            # Of several steps to one place the first counts.
            number = np.arange(len(steps))
            stamp[targets[::-1]] = number[::-1]
            is_first = stamp[targets] == number
            frontier = targets[is_first]
            arrivals[frontier] = steps[is_first]
        raise AssertionError("a strongly connected component leads everywhere")

    def _way(self, start: int, step: int, arrivals: Any) -> list[tuple[int, int]]:
        """Return the steps of a way that ends with a step, as classes and places."""
        way = [step]
        while self._sources[way[-1]] != start:
            way.append(int(arrivals[self._sources[way[-1]]]))
        return [(int(self._classes[one]), int(self._targets[one])) for one in reversed(way)]


@frozen(eq=False)
class Goal:
    """What a stretch of a round is to lead to: one of some places, or a step of a class."""

    places: Any = None
    """For each place whether it is one; None if none is."""
    taking: int = STAYS - 1
    """The class; by default one that there is not."""
