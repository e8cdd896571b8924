"""Lassos: from a fair component to a run, a stem that leads into it and a loop through it that is fair by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from attrs import define, frozen

from everyway.models.language.fairness import Strength

from .cycles import Component
from .graph import NO_CLASS
from .product import Product

STAYS = -2
"""Instead of a class: no step at all, for a run that rests."""


@define
class Lasso:
    """A run by the numbers of its states: the stem, and then the loop, which ends where it began."""

    stem: list[int]
    """The states up to the one at which the loop begins."""
    loop: list[tuple[int, int]]
    """For each step round the loop its fairness class and the state that it leads to; none if the run ends."""


def lasso_of(component: Component) -> Lasso:
    """Return a short lasso through a component."""
    product = component.arena.product
    stem = _stem(product, int(component.arena.places[component.entry]))
    states = product.graph.states
    steps = [(cls, state) for cls, state in _Round(component).walk() if cls != STAYS]
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
    """The way round a component; places are spoken of by their positions in the arena."""

    def __init__(self, component: Component) -> None:
        self.arena, self._is_member, self.entry = component.arena, component.is_member, component.entry
        self.product = self.arena.product
        self._arrivals = np.full(len(self.arena), -1, np.int64)
        """For the places that a search has met, the step that led there; all -1 between two searches."""
        self._enabled: dict[int, frozenset[int]] = {}

    def walk(self) -> list[tuple[int, int]]:
        """Return the steps of a way from the entry back to it that is fair and accepted; each a class and a state."""
        here = self.entry
        way: list[tuple[int, int]] = []
        while not way or here != self.entry or self._lacking(way) is not None:
            goal = self._lacking(way) or Goal(is_met=lambda positions: positions == self.entry)
            way += self._shortest(here, goal)
            here = way[-1][1]
        return [(cls, int(self.arena.states(position))) for cls, position in way]

    def _lacking(self, way: list[tuple[int, int]]) -> Goal | None:
        """Return what the next stretch of a round must lead to for it to become fair and accepted; None if it is."""
        automaton, states, places = self.product.automaton, self.product.graph.states, self.arena.places
        met = list(dict.fromkeys([self.entry, *(position for _, position in way)]))
        for one in range(automaton.acceptance_sets):
            accepts = np.array([one in state.accepting for state in automaton.states], np.bool_)
            if not accepts[places[met] // states].any():
                return Goal(is_met=lambda positions: accepts[places[positions] // states])  # noqa: B023  met at once
        taken = {cls for cls, _ in way}
        for cls in sorted(frozenset().union(*map(self._enabled_at, met)) - taken):
            strength = self.product.graph.kinds[cls].strength
            if strength is Strength.STRONG:
                return Goal(taking=cls)
            if strength is Strength.WEAK and all(cls in self._enabled_at(position) for position in met):
                return Goal(is_met=lambda positions: ~self._enable(positions, cls), taking=cls)  # noqa: B023
        return None

    def _enabled_at(self, position: int) -> frozenset[int]:
        """Return the fairness classes of which a step can be taken at a place."""
        if position not in self._enabled:
            graph = self.product.graph
            state = int(self.arena.states(position))
            classes = graph.classes[graph.begins[state] : graph.begins[state + 1]]
            self._enabled[position] = frozenset(classes.tolist()) - {NO_CLASS}
        return self._enabled[position]

    def _enable(self, positions: Any, cls: int) -> Any:
        """Return for some places whether a step of a class can be taken there."""
        graph = self.product.graph
        steps, origins = graph.steps_of(self.arena.states(positions))
        is_enabling = np.zeros(len(positions), np.bool_)
        is_enabling[origins[graph.classes[steps] == cls]] = True
        return is_enabling

    def _shortest(self, start: int, goal: Goal) -> list[tuple[int, int]]:
        """Return the fewest steps, at least one, that lead to a goal."""
        begins, targets, arrivals = self.arena.begins, self.arena.targets, self._arrivals
        frontier = np.array([start])
        met: list[Any] = []
        while len(frontier):
            counts = begins[frontier + 1] - begins[frontier]
            ends = np.cumsum(counts)
            steps = np.arange(int(ends[-1])) + np.repeat(begins[frontier] - (ends - counts), counts)
            steps = steps[self._is_member[targets[steps]]]
            reached = targets[steps]
            hits = self.arena.classes[steps] == goal.taking
            if goal.is_met is not None:
                hits |= goal.is_met(reached)
            if hits.any():
                way = self._way(start, int(steps[np.argmax(hits)]))
                arrivals[np.concatenate([frontier, *met])] = -1
                return way
            is_new = (arrivals[reached] < 0) & (reached != start)
            steps, reached = steps[is_new], reached[is_new]
            # Of several steps to one place the first counts.
            arrivals[reached[::-1]] = steps[::-1]
            met.append(reached)
            frontier = reached[arrivals[reached] == steps]
        raise AssertionError("a strongly connected component leads everywhere")

    def _way(self, start: int, step: int) -> list[tuple[int, int]]:
        """Return the steps of a way that ends with a step, as classes and positions."""
        way: list[tuple[int, int]] = []
        while True:
            source = int(np.searchsorted(self.arena.begins, step, side="right")) - 1
            target = int(self.arena.targets[step])
            stays = self.arena.states(source) == self.arena.states(target)
            way.append((STAYS if stays else int(self.arena.classes[step]), target))
            if source == start:
                return way[::-1]
            step = int(self._arrivals[source])


@frozen(eq=False)
class Goal:
    """What a stretch of a round is to lead to: one of some places, or a step of a class."""

    is_met: Callable[[Any], Any] | None = None
    """Tells for some positions whether the goal is there; None if only a step is one."""
    taking: int = STAYS - 1
    """The class; by default one that there is not."""
