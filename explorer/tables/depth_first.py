"""Depth-first search on the tables: the same states and steps, and deep counterexamples first.

As in the reference explorer the states that wait are on a stack, and a state counts as visited as soon as a step leads
to it. One thread does it: what comes next depends on what came last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from everyway.explorer.verdict import Path
from everyway.invariants.property import Property

from . import codes, search
from .descend import (
    D_DEEPEST,
    D_ENDS,
    D_EXPANDED,
    D_PARTIAL,
    D_STATES,
    D_TOP,
    DESCENT_SIZE,
    FILLED,
    LACKS,
)
from .expander import Repack
from .judging import judged_kinds
from .lanes import Growing
from .paths import path_along
from .search import TableSearch
from .store import CompiledStore

AT_ONCE = 20_000
"""So many states are expanded between two looks at the clock."""
SPARE = codes.MOST
"""Room for the successors of one more state."""


class DepthFirst(TableSearch):
    """One depth-first search of one system on tables; the arguments are those of ``TableSearch``."""

    is_shortest = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "threads": 1, "symmetry": False})
        self._rows = Growing(np.int64)
        self._parents = Growing(np.int64)
        self._depths = Growing(np.int64)
        self._stack = Growing(np.int64)
        self._descent = np.zeros(DESCENT_SIZE, np.int64)
        self._descent[D_PARTIAL] = -1
        self._judged = 0

    def _search(self) -> None:
        self._seed()
        count, words = self.levels.next_count, self.expander.words
        self._judged = count
        self._make_room(count)
        self._rows.items[: count * words] = self.levels.next.items[: count * words]
        self.levels.next_count = 0
        self._parents.items[:count] = -1
        self._stack.items[:count] = np.arange(count)[::-1]
        self._descent[D_STATES] = self._descent[D_TOP] = count
        while self._descent[D_TOP] and not self._must_stop(int(self._descent[D_TOP])):
            if isinstance(self.expander.store, CompiledStore):
                self._descend()
            else:
                self._descend_plainly()
                if self._may_grow and self.statistics.transitions > search.worth_compiling():
                    self._compile()

    def _make_room(self, states: int) -> None:
        """See that there is room for so many states."""
        self._rows.need(states * self.expander.words)
        for growing in (self._parents, self._depths, self._stack, self.links.ordinals):
            growing.need(states)

    def _relaid(self, repacked: Repack) -> None:
        super()._relaid(repacked)
        count = int(self._descent[D_STATES])
        if count:
            self._rows.items = repacked(self._rows.items, count)

    def _descend(self) -> None:
        """Go on in the compiled kernel for a while."""
        expander, descent = self.expander, self._descent
        store = expander.store
        assert isinstance(store, CompiledStore)
        lane, tables = expander.lanes[0], expander.tables
        words = expander.words
        states = int(descent[D_STATES])
        budget = AT_ONCE if self._fixed_batch is None else self._fixed_batch
        capacity = states + max(2 * SPARE, states // 2)
        self._make_room(capacity)
        table, size = store.table_for(capacity - states, words)
        lane.begin(0, 1, words, tables.moves, len(tables.components))
        expander.bundles.keep_up()
        expander.lists[0].use(expander.bundles)
        at_end = np.zeros(budget, np.int64)
        found = np.full(max(1, len(expander.tries.of_steps)), -1, np.int64)
        descent[D_ENDS] = 0
        why = store.descend(
            tables.pool.head,
            tables.pool.items,
            tables.memo.items,
            self._rows.items,
            table,
            size,
            words,
            self._stack.items,
            self._parents.items,
            self.links.ordinals.items,
            self._depths.items,
            at_end,
            found,
            lane.out,
            len(lane.out) // words,
            lane.ordinals,
            lane.made,
            lane.origins,
            lane.begins,
            lane.ends,
            lane.counts,
            expander.lists[0].items,
            lane.scratch,
            lane.misses,
            lane.step_tallies,
            lane.work,
            descent,
            capacity,
            1 << 62 if self.limits.max_states is None else int(self.limits.max_states),
            budget,
            len(expander.tries.of_steps),
        )
        store.took(int(descent[D_STATES]) - states)
        expander.count([lane])
        for prop, _, ordinal in expander.steps_found(lane):
            self.found.setdefault(prop, (int(found[expander.tries.of_steps.index(prop)]), ordinal))
        if why == LACKS:
            # Before anything is judged, which lists misses in the same place.
            if lane.work[codes.REASON] == codes.FULL:
                lane.make_room()
            expander.settle()
        elif why == FILLED:
            self.stopped_by = "max_states"
        self._note(at_end[: int(descent[D_ENDS])])

    def _descend_plainly(self) -> None:
        """Expand the state on top of the stack, in plain Python."""
        expander, descent = self.expander, self._descent
        state = int(self._stack.items[descent[D_TOP] - 1])
        expander.generate(self._all_rows, state, state + 1)
        descent[D_TOP] -= 1
        words, lane = expander.words, expander.lanes[0]
        for prop, _, ordinal in expander.steps_found(lane):
            self.found.setdefault(prop, (state, ordinal))
        at_end = np.full(int(lane.work[codes.ENDS]), state)
        fresh, _, stops = expander.store.insert([(lane.out, int(lane.work[codes.SUCCESSORS]))], words)[0]
        number = int(descent[D_STATES])
        self._make_room(number + stops[-1] + SPARE)
        limit = self.limits.max_states
        for j in fresh[: stops[-1]].tolist():
            if limit is not None and number >= limit:
                self.stopped_by = "max_states"
                descent[D_PARTIAL] = state
                break
            self._rows.items[number * words : (number + 1) * words] = lane.out[j * words : (j + 1) * words]
            self._parents.items[number] = state
            self.links.ordinals.items[number] = lane.ordinals[j]
            self._depths.items[number] = self._depths.items[state] + 1
            number += 1
        first = int(descent[D_STATES])
        if number > first:
            descent[D_DEEPEST] = max(descent[D_DEEPEST], self._depths.items[first])
        self._stack.items[descent[D_TOP] : descent[D_TOP] + number - first] = np.arange(first, number)[::-1]
        descent[D_TOP] += number - first
        descent[D_STATES] = number
        descent[D_EXPANDED] += not self.stopped_by
        self._note(at_end)

    def _all_rows(self) -> Any:
        return self._rows.items

    def _note(self, at_end: Any) -> None:
        """Note what came of a descent: the states that are new, and those in which nothing can happen any more."""
        statistics, expander = self.statistics, self.expander
        states, words = int(self._descent[D_STATES]), expander.words
        statistics.states = expander.states = states
        statistics.transitions = expander.transitions
        statistics.depth = int(self._descent[D_DEEPEST])
        statistics.ends += len(at_end)
        ends_wanted = judged_kinds(expander.tries.of_states, self.found, at_ends=True)
        if len(at_end) and any(ends_wanted):
            picked = self._rows.items[: states * words].reshape(-1, words)[at_end].reshape(-1)
            for prop, at in expander.judging.judge(picked, 0, len(at_end), ends_wanted, is_counted=False):
                self.found.setdefault(prop, (int(at_end[at]), -1))
        if states > self._judged:
            wanted = self._wanted(states - self._judged)
            marks = self.marks.need(states) if self.levels.keeps_rows else None
            for prop, at in expander.judging.judge(self._rows.items, self._judged, states, wanted, marks):
                self.found.setdefault(prop, (at, -1))
            self._judged = states

    # What deciding needs.

    def all_rows(self) -> Any:
        """Return the rows of all states, by their numbers."""
        return self._rows.items[: self.statistics.states * self.expander.words]

    def expanded_numbers(self) -> Any:
        """Return the numbers of the states that were expanded, in ascending order."""
        is_expanded = np.ones(self.statistics.states, np.bool_)
        is_expanded[self._stack.items[: int(self._descent[D_TOP])]] = False
        if self._descent[D_PARTIAL] >= 0:
            is_expanded[int(self._descent[D_PARTIAL])] = False
        return np.flatnonzero(is_expanded)

    def nearest(self, numbers: Any) -> int:
        """Return the state that is the fewest steps away from a start, on the paths that were taken."""
        return int(numbers[np.argmin(self._depths.items[numbers])])

    def path_to(self, number: int, ordinal: int = -1, broken: Property | None = None) -> Path:
        """Return the way by which a state was first reached; with an ordinal, one step more."""
        ordinals = [] if ordinal < 0 else [ordinal]
        while self._parents.items[number] >= 0:
            ordinals.append(int(self.links.ordinals.items[number]))
            number = int(self._parents.items[number])
        world = self.starts[number]
        return path_along(self.system, world, reversed(ordinals))

    @property
    def memory(self) -> int:
        """What is held for the states, in bytes."""
        held = (self._rows, self._parents, self._depths, self._stack, self.links.ordinals)
        return int(self.expander.store.nbytes + sum(growing.items.nbytes for growing in held))
