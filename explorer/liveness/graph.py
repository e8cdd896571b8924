"""The graph of the states that were explored: for each step where it leads, and which fairness class it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from attrs import define, field

from everyway.models.language.fairness import FairnessClass, Strength

NO_CLASS = -1
AT_ONCE = 1 << 16
"""So many states or places are looked at together."""
FEW = 1 << 15
"""So many fairness classes are told apart by two bytes."""


@define(eq=False)
class StateGraph:
    """States by their numbers, and the steps between them that change something.

    The steps of a state lie behind each other. A state that was not expanded has none, and nothing is concluded
    from that.
    """

    begins: Any
    """For each state the number of its first step, and one more entry for the end (int64)."""
    targets: Any
    """For each step the state that it leads to (int32)."""
    classes: Any
    """For each step the number of its fairness class, or ``NO_CLASS`` (int16 if that is enough, else int32)."""
    kinds: list[FairnessClass]
    """The fairness classes."""
    is_expanded: Any
    """For each state whether its steps are known."""
    starts: Any
    """The numbers of the states at the start."""

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.is_expanded)

    def strengths(self, strength: Strength) -> Any:
        """Return for each class whether it has this strength."""
        return np.array([kind.strength is strength for kind in self.kinds], np.bool_)

    def may_rest(self) -> Any:
        """Return for each state whether a run may end there: nothing can be done that must not be put off for ever."""
        urges = np.array(
            [kind.must_go_on or kind.strength is not Strength.NONE for kind in self.kinds] + [False], np.bool_
        )
        rests: Any = self.is_expanded.copy()
        for first in range(0, self.states, AT_ONCE):
            begins = self.begins[first : first + AT_ONCE + 1]
            # The last entry is that of NO_CLASS, -1.
            urging = urges[self.classes[begins[0] : begins[-1]]]
            sums = np.concatenate([[0], np.cumsum(urging)])[begins - begins[0]]
            rests[first : first + AT_ONCE] &= sums[1:] == sums[:-1]
        return rests

    def steps_of(self, states: Any) -> tuple[Any, Any]:
        """Return the numbers of all steps of some states, and for each step the position of its state among them."""
        counts = self.begins[states + 1] - self.begins[states]
        ends = np.cumsum(counts)
        positions = np.repeat(np.arange(len(states)), counts)
        steps = (
            np.arange(int(ends[-1]) if len(ends) else 0)
            - (ends - counts)[positions]
            + self.begins[states][positions]
        )
        return steps, positions


@define(eq=False)
class GraphBuilder:
    """Builds a graph from the steps of one batch of states after the other, in the order of the states' numbers."""

    class_of: Callable[[Any], FairnessClass | None]
    """Tells the fairness class of an action."""
    _numbers: dict[Hashable, int] = field(factory=dict)
    _kinds: list[FairnessClass] = field(factory=list)
    _counts: list[Any] = field(factory=list)
    _targets: list[Any] = field(factory=list)
    _classes: list[Any] = field(factory=list)

    def number_of(self, action: Any) -> int:
        """Return the number of an action's fairness class, or ``NO_CLASS``."""
        kind = self.class_of(action)
        if kind is None:
            return NO_CLASS
        number = self._numbers.setdefault(kind.key, len(self._numbers))
        if number == len(self._kinds):
            self._kinds.append(kind)
        return number

    def add(self, counts: Any, targets: Any, classes: Any) -> None:
        """Add the steps of the next states: how many each has, and all their targets and classes."""
        self._counts.append(np.asarray(counts, np.int64))
        self._targets.append(np.asarray(targets, np.int32))
        self._classes.append(np.asarray(classes, np.int16 if len(self._kinds) < FEW else np.int32))

    def graph(self, is_expanded: Any, starts: Any) -> StateGraph:
        """Return the graph; the builder is empty afterwards."""
        counts = np.concatenate([np.zeros(1, np.int64), *self._counts])
        targets = np.concatenate([np.zeros(0, np.int32), *self._targets])
        self._targets.clear()
        classes = np.concatenate([np.zeros(0, np.int16), *self._classes])
        self._classes.clear()
        return StateGraph(
            np.cumsum(counts),
            targets,
            classes,
            self._kinds,
            np.asarray(is_expanded, np.bool_),
            np.asarray(starts),
        )
