"""Depth-first search on the tables under a limit on depth: the same states as breadth-first search to that depth.

A state that was first seen deep blocks nothing: found nearer to the start it is put on the stack again, and so is
whatever gets nearer by it. Otherwise states within the limit would be missed behind it. One state is expanded at a
time, with the kernel or without: what comes next depends on what became of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import codes, search
from .depth_first import SPARE, DepthFirst
from .descend import D_DEEPEST, D_STATES, D_TOP
from .expander import Repack
from .lanes import Growing

EACH = 150
"""About so many bytes does CPython take for a short key and a number in a dictionary."""


class DepthLimited(DepthFirst):
    """One depth-first search under a limit on depth; the arguments are those of ``TableSearch``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        assert self.limits.max_depth is not None
        self._most = self.limits.max_depth
        self._number_of: dict[bytes, int] = {}
        """The number of each state, by its row."""
        self._is_relaid = False
        self._is_expanded = Growing(np.bool_)

    def _search(self) -> None:
        self._seed()
        count, words = self.levels.next_count, self.expander.words
        self._judged = count
        self._make_room(count)
        self._rows.items[: count * words] = self.levels.next.items[: count * words]
        self.levels.next_count = 0
        self._parents.items[:count] = -1
        self._descent[D_STATES] = count
        self._is_relaid = True
        # A state's number waits once for each depth at which it must be expanded.
        waiting = list(range(count))[::-1]
        while waiting and not self._must_stop(len(waiting)):
            waiting += reversed(self._expanded(waiting.pop()))
            self._descent[D_TOP] = len(waiting)
            if self._may_grow and self.statistics.transitions > search.worth_compiling():
                self._compile()
        if not self.stopped_by:
            self._close()

    def _close(self) -> None:
        """Look once more at the states at the limit; those count as cut that lead to a state not visited elsewhere."""
        states = int(self._descent[D_STATES])
        for number in np.flatnonzero(~self._is_expanded.items[:states]).tolist():
            self._expanded(number)
        self.statistics.cut = int(states - self._is_expanded.items[:states].sum())

    def _make_room(self, states: int) -> None:
        super()._make_room(states)
        self._is_expanded.need(states)

    def _relaid(self, repacked: Repack) -> None:
        super()._relaid(repacked)
        self._is_relaid = True

    def _numbers(self, rows: Any, count: int) -> list[int | None]:
        """Return the numbers of states, given as rows; None for those that are not known."""
        size, held = 8 * self.expander.words, rows[: count * self.expander.words].tobytes()
        if self._is_relaid:
            self._is_relaid = False
            states = int(self._descent[D_STATES])
            known = self._rows.items[: states * self.expander.words].tobytes()
            self._number_of = {known[at * size : (at + 1) * size]: at for at in range(states)}
        return [self._number_of.get(held[at * size : (at + 1) * size]) for at in range(count)]

    def _expanded(self, state: int) -> list[int]:
        """Take every step of a state; return the numbers of the states that must be expanded because of it."""
        expander, depth = self.expander, int(self._depths.items[state])
        is_again = bool(self._is_expanded.items[state])
        is_last = depth >= self._most
        if is_last or is_again:
            expander.generate_quietly(self._all_rows, state, state + 1)
        lane = expander.lanes[0]
        if is_last and None in self._numbers(lane.out, int(lane.work[codes.SUCCESSORS])):
            return []
        if not is_again:
            expander.generate(self._all_rows, state, state + 1)
            for prop, _, ordinal in expander.steps_found(lane):
                self.found.setdefault(prop, (state, ordinal))
        reached = self._arrived(state, depth + 1, int(lane.work[codes.SUCCESSORS]))
        if not is_again:
            self._is_expanded.items[state] = not self.stopped_by
            self._note(np.full(int(lane.work[codes.ENDS]), state))
        return reached

    def _arrived(self, state: int, depth: int, count: int) -> list[int]:
        """Note the successors of a state that are new, or nearer than before; return their numbers."""
        expander, descent = self.expander, self._descent
        words, lane = expander.words, expander.lanes[0]
        numbers = self._numbers(lane.out, count)
        states = int(descent[D_STATES])
        if None in numbers:
            expander.store.insert([(lane.out, count)], words)
            self._make_room(states + count + SPARE)
        reached = []
        for j, known in enumerate(numbers):
            row = lane.out[j * words : (j + 1) * words]
            number = self._number_of.get(row.tobytes()) if known is None else known
            if number is None:
                if self.limits.max_states is not None and states >= self.limits.max_states:
                    self.stopped_by = "max_states"
                    break
                number = states
                states += 1
                self._number_of[row.tobytes()] = number
                self._rows.items[number * words : (number + 1) * words] = row
                descent[D_DEEPEST] = max(descent[D_DEEPEST], depth)
            elif depth >= self._depths.items[number]:
                continue
            self._depths.items[number], self._parents.items[number] = depth, state
            self.links.ordinals.items[number] = lane.ordinals[j]
            reached.append(number)
        descent[D_STATES] = states
        return reached

    def expanded_numbers(self) -> Any:
        """Return the numbers of the states that were expanded, in ascending order."""
        return np.flatnonzero(self._is_expanded.items[: self.statistics.states])

    @property
    def memory(self) -> int:
        """What is held for the states, in bytes; of the numbers by row about what they take."""
        return super().memory + len(self._number_of) * (8 * self.expander.words + EACH)
