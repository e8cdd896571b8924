"""The product of a graph and an automaton: which places can be reached, and the nearest way there."""

from __future__ import annotations

from typing import Any

import numpy as np

from everyway.invariants.automaton import Automaton

from .graph import AT_ONCE, StateGraph


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
