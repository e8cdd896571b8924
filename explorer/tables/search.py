"""Breadth-first search on the tables: batches of rows through the kernel, in the order of the reference.

A batch goes through three phases. Its successors are generated; what the tables lack is asked of the model, until
nothing is lacking. They are added to the set of states; those that were new are gathered, in the order in which
they were generated. And what the properties say of the new ones is looked up, likewise until nothing is lacking.
Each phase runs on all threads; none depends on how many there are, so neither do numbers, verdicts and traces.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from everyway.explorer.growth import Growth, growing_part
from everyway.explorer.limits import Limits
from everyway.explorer.statistics import Statistics, told_limit
from everyway.explorer.verdict import Path, Verdict, Visit
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.errors import ModelError
from everyway.models.language.system import System

from . import codes
from .model_tables import ModelTables
from .packing import Layout
from .store import CompiledStore, PlainStore, Store
from .tries import Tries

Watcher = Callable[[Statistics, int], None]

MISSES_AT_ONCE = 2_048
WORTH_COMPILING = 20_000
"""After so many transitions the kernel is compiled, or fetched from where it was kept."""


class Growing:
    """An array that grows as it is filled."""

    def __init__(self, dtype: Any, capacity: int = 1 << 10) -> None:
        self.items = np.zeros(capacity, dtype)

    def need(self, count: int) -> Any:
        """See that there is room for so many items; return the array."""
        if count > len(self.items):
            grown = np.zeros(max(count, len(self.items) * 3 // 2), self.items.dtype)
            grown[: len(self.items)] = self.items
            self.items = grown
        return self.items


class Lane:
    """What one thread works on: its share of a batch, and the buffers for what comes out."""

    def __init__(self, properties: int, step_properties: int) -> None:
        self.first = self.last = 0
        self.out = np.zeros(1 << 12, np.int64)
        self.ordinals = np.zeros(1 << 12, np.uint16)
        self.begins = np.zeros(2, np.int64)
        self.ends = np.zeros(2, np.int64)
        self.counts = np.zeros(1, np.int64)
        self.scratch = np.zeros(codes.VALUES + 64, np.int64)
        self.misses = np.zeros(0, np.int64)
        self.work = np.zeros(codes.WORK_SIZE + properties, np.int64)
        self.step_tallies = np.zeros(codes.TALLY_STRIDE * step_properties, np.int64)
        self.state_tallies = np.zeros(codes.TALLY_STRIDE * properties, np.int64)
        self.environments = np.zeros(1, np.int64)
        self.waiting = np.zeros(1, np.int64)
        self.slots: Any = None

    @property
    def states(self) -> int:
        """How many rows it expands."""
        return self.last - self.first

    def begin(self, first: int, last: int, words: int, moves: int, components: int) -> None:
        """Take a share of a batch."""
        self.first, self.last = first, last
        self.work[: codes.WORK_SIZE] = 0
        if len(self.begins) < self.states + 1:
            self.begins = np.zeros(self.states + 1, np.int64)
            self.ends = np.zeros(self.states + 1, np.int64)
        if len(self.misses) != MISSES_AT_ONCE * (4 + 2 * words):
            self.misses = np.zeros(MISSES_AT_ONCE * (4 + 2 * words), np.int64)
        if len(self.scratch) < codes.VALUES + components:
            self.scratch = np.zeros(codes.VALUES + 2 * components, np.int64)
        self.work[codes.MISS_ROOM] = MISSES_AT_ONCE
        self.counts = np.zeros(moves + 64, np.int64)
        self.step_tallies[:] = 0
        self.step_tallies[codes.T_STATE :: codes.TALLY_STRIDE] = -1

    def make_room(self) -> None:
        """Double the room for successors."""
        self.out = np.concatenate([self.out, np.zeros_like(self.out)])
        self.ordinals = np.zeros(len(self.out), np.uint16)
        self.work[codes.AT] = self.work[codes.SUCCESSORS] = 0


class TableSearch:
    """One search of one system on tables.

    Args:
        system: the protocol under its faults.
        properties: what to decide on the way.
        limits: when to stop although states are left.
        watcher: is called several times a second, for progress.
        stop_when_decided: stop as soon as every property is decided.
        threads: how many threads work on it.
        engine: "tables" for the compiled kernel, "plain" for the same in plain Python, "auto" for plain Python until
            the search has grown.
        batch: how many rows are expanded at once; by default as many as is quick.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property] = (),
        *,
        limits: Limits | None = None,
        watcher: Watcher | None = None,
        stop_when_decided: bool = False,
        threads: int = 1,
        engine: str = "auto",
        batch: int | None = None,
    ) -> None:
        self.system = system
        self.properties = tuple(properties)
        self.limits = limits or Limits()
        self.statistics = Statistics()
        self.stopped_by = ""
        self.tables = ModelTables(system)
        self.tries = Tries(self.tables, self.properties)
        self._threads = threads
        self._may_grow = engine == "auto"
        self._asked_batch = batch
        self.store: Store = CompiledStore(threads) if engine == "tables" else PlainStore()
        self._batch = 64
        self._watcher = watcher
        self._stop_when_decided = stop_when_decided
        self._started = self._told = time.monotonic()
        self._lanes = self._new_lanes()
        self.found: dict[Property, tuple[int, int]] = {}
        """For each property that is decided, the number of the state; and for a step its ordinal, else -1."""
        self._keeps_rows = any(prop.kind is PropertyKind.RECOVERABLE for prop in self.properties)
        self.starts: list[Any] = []
        self.levels: list[tuple[Any, int]] = []
        """The rows of each depth, and how many; those done with only as far as they are needed again."""
        self.children = Growing(np.uint16)
        self.ordinals = Growing(np.uint16)
        self.marks = Growing(np.int64)
        """For each state a bit for every goal of a recoverable property that it is."""
        self.expanded = 0
        """How many states were expanded, counting from the first."""
        self.closed: list[int] = []
        """Those at the depth limit that turned out to lead nowhere new."""
        self._counts = np.zeros(1, np.int64)
        self._premises = dict.fromkeys(self.tries.of_states + self.tries.of_steps, 0)
        self._environments = np.zeros(1, np.int64)
        self._next = Growing(np.int64)
        self._next_count = 0
        self._source: Any = None
        self._numbers: list[int] | None = None
        """The rows that are being expanded; those of the last level unless it says otherwise."""

    def _new_lanes(self) -> list[Lane]:
        return [Lane(len(self.tries.of_states), len(self.tries.of_steps)) for _ in range(self.store.threads)]

    # The search.

    def run(self) -> TableSearch:
        """Search. Ctrl-C ends the search early; what was found so far remains."""
        try:
            self._search()
        except KeyboardInterrupt:
            self.stopped_by = "interrupt"
        self.finish()
        return self

    def _search(self) -> None:
        self._seed()
        self.tries.keep_up()
        depth = 0
        while self._next_count and not self.stopped_by:
            self._turn_level()
            if self.limits.max_depth is not None and depth >= self.limits.max_depth:
                self._close()
                return
            self._expand_level(depth)
            depth += 1

    def _turn_level(self) -> None:
        """Make the rows that were gathered the ones to expand."""
        if self.levels and not self._keeps_rows:
            self.levels[-1] = (np.zeros(0, np.int64), 0)
        count = self._next_count
        rows = self._next.items
        if self._keeps_rows:
            rows = rows[: count * self.tables.layout.words].copy()
        self.levels.append((rows, count))
        self._next = Growing(np.int64)
        self._next_count = 0

    def _seed(self) -> None:
        numbers = []
        for world in self.system.initial():
            if world not in self.starts:
                self.starts.append(world)
        if self.limits.max_states is not None and len(self.starts) > self.limits.max_states:
            self.stopped_by = "max_states"
            del self.starts[int(self.limits.max_states) :]
        numbers = [self.tables.intern(world) for world in self.starts]
        self.tables.lay_out()
        width = len(self.tables.components)
        rows = [self.tables.layout.packed(row + [0] * (width - len(row))) for row in numbers]
        count = len(rows)
        if not count:
            return
        flat = np.array(rows, np.int64).reshape(-1)
        self.store.insert([(flat, count)], self.tables.layout.words)
        self._next.need(len(flat))[: len(flat)] = flat
        self._next_count = count
        self.ordinals.need(count)[:count] = np.arange(count)
        self.statistics.starts = self.statistics.states = count
        self._judge(0, count)

    def _expand_level(self, depth: int) -> None:
        at = 0
        while at < self.levels[-1][1] and not self._must_stop(self.levels[-1][1] - at + self._next_count):
            last = min(at + (self._asked_batch or self._batch), self.levels[-1][1])
            self._expand(at, last, depth)
            at = last
            if self._may_grow and self.statistics.transitions > WORTH_COMPILING:
                self._compile()
            self._batch = self._asked_batch or min(2 * self._batch, self.store.batch)

    def _compile(self) -> None:
        """Go on with the compiled kernel, if this machine can."""
        self._may_grow = False
        try:
            store = CompiledStore(self._threads)
        except ImportError:
            return
        assert isinstance(self.store, PlainStore)
        rows, count = self.store.rows()
        store.insert([(rows, count)], self.tables.layout.words)
        self.store = store
        self._lanes = self._new_lanes()

    def _expand(self, first: int, last: int, depth: int) -> None:
        """Expand rows of the current level."""
        self._generate(first, last)
        self._add_up()
        self._note_steps()
        words = self.tables.layout.words
        fresh = self.store.insert(
            [(lane.out, int(lane.work[codes.SUCCESSORS])) for lane in self._lanes], words
        )
        room = -1
        if self.limits.max_states is not None:
            room = int(self.limits.max_states) - self.statistics.states
        total = sum(stops[-1] for _, _, stops in fresh)
        rows = self._next.need((self._next_count + total) * words)
        ordinals = self.ordinals.need(self.statistics.states + total)
        self.children.need(self.expanded + last - first)
        before = self._next_count
        for lane, (numbers, starts, stops) in zip(self._lanes, fresh, strict=True):
            children = self.children.items[self.expanded : self.expanded + lane.states]
            view = self.store.view
            found = self.store.gather(
                view(lane.out),
                view(lane.ordinals),
                view(lane.begins),
                lane.states,
                words,
                view(numbers),
                view(np.array(starts, np.int64)),
                view(np.array(stops, np.int64)),
                len(starts),
                room if room >= 0 else 1 << 62,
                view(rows),
                self._next_count,
                view(children),
                view(ordinals[self.statistics.states - self._next_count :]),
            )
            self._next_count += found
            self.statistics.states += found
            room -= found if room >= 0 else 0
            if found < stops[-1]:
                self.stopped_by = "max_states"
                full = int(np.flatnonzero(lane.begins[: lane.states + 1] <= numbers.max())[-1])
                self.expanded += min(full, lane.states)
                break
            self.expanded += lane.states
        if self._next_count > before:
            self.statistics.depth = depth + 1
        self._judge(before, self._next_count)

    # Generating.

    def _generate(self, first: int, last: int) -> None:
        """Generate the successors of rows of the current level."""
        while True:
            self._share(first, last)
            if self._generate_all():
                break
        for lane in self._lanes:
            ends = lane.ends[: lane.work[codes.ENDS]]
            self.statistics.ends += len(ends)
            self._judge_ends(lane, ends)

    def _share(self, first: int, last: int) -> None:
        size = -(-(last - first) // len(self._lanes))
        for number, lane in enumerate(self._lanes):
            start = min(first + number * size, last)
            layout = self.tables.layout
            lane.begin(start, min(start + size, last), layout.words, self.tables.moves, len(layout.places))

    def _generate_all(self) -> bool:
        """Generate on all lanes, filling in what is missing; False if all must begin again in another layout."""
        while True:
            self._each(self._generate_lane)
            reasons = {int(lane.work[codes.REASON]) for lane in self._lanes}
            if codes.TOO_MANY in reasons:
                raise ModelError(f"more than {codes.MOST_STEPS:,} steps can be taken in one state.")
            if reasons == {codes.DONE}:
                return True
            is_full = False
            for lane in self._lanes:
                if lane.work[codes.REASON] == codes.FULL:
                    lane.make_room()
                    is_full = True
            old = self.tables.layout
            self._fill()
            if not self.tables.fits():
                self._relayout(old)
                return False
            if is_full:
                return False

    def _generate_lane(self, lane: Lane) -> None:
        view, words = self.store.view, self.tables.layout.words
        rows = self.levels[-1][0] if self._source is None else self._source
        if len(lane.counts) < self.tables.moves:
            lane.counts = np.concatenate([lane.counts, np.zeros(2 * self.tables.moves, np.int64)])
        self.store.generate(
            view(self.tables.pool.head),
            view(self.tables.pool.items),
            view(self.tables.memo),
            view(rows[lane.first * words : lane.last * words]),
            lane.states,
            view(lane.out),
            len(lane.out) // words,
            view(lane.ordinals),
            view(lane.begins),
            view(lane.ends),
            view(lane.counts),
            view(lane.scratch),
            view(lane.misses),
            view(lane.step_tallies),
            view(lane.work),
            4_096,
        )

    def _fill(self) -> None:
        """Fill in what the kernel missed."""
        words = self.tables.layout.words
        stride = 4 + 2 * words
        self.tables.now = self.statistics.states
        asked: dict[tuple[int, int, int, int], None] = {}
        for lane in self._lanes:
            listed = lane.misses[: lane.work[codes.MISSES] * stride].tolist()
            lane.work[codes.MISSES] = 0
            for at in range(0, len(listed), stride):
                kind, x, y, z = listed[at : at + 4]
                rows = listed[at + 4 : at + stride]
                # Properties first: their rows are in the layout of before.
                if kind == codes.ASK_STEP:
                    self.tries.learn_step(x, y, rows[:words], rows[words:])
                elif kind == codes.ASK_STATE:
                    self.tries.learn_state(x, rows[:words])
                else:
                    asked[kind, x, y, z] = None
        for question in asked:
            self.tables.fill(*question)
        self.tries.keep_up()

    def _relayout(self, old: Layout) -> None:
        """Choose a layout in which every value has room, and write all rows in it."""
        self.tables.lay_out()
        new = self.tables.layout
        flat = [np.array(layout.flat(), np.int64) for layout in (old, new)]
        view = self.store.view

        def moved(rows: Any, count: int) -> Any:
            out = np.zeros(count * new.words, np.int64)
            self.store.repack(
                view(rows), count, view(flat[0]), old.words, view(flat[1]), new.words, view(out)
            )
            return out

        self.levels = [(moved(rows, count), count) for rows, count in self.levels]
        self._next.items = moved(self._next.items, self._next_count)
        self.store.relayout(old, new)

    def _each(self, work: Callable[[Lane], None]) -> None:
        """Do something for each lane, on all threads."""
        if isinstance(self.store, CompiledStore):
            self.store.each(lambda number: work(self._lanes[number]))
        else:
            work(self._lanes[0])

    def _add_up(self) -> None:
        """Add what the lanes counted to the totals."""
        for lane in self._lanes:
            counts = lane.counts[: self.tables.moves]
            if len(self._counts) < len(counts):
                self._counts = np.concatenate([self._counts, np.zeros(2 * len(counts), np.int64)])
            self._counts[: len(counts)] += counts
            self.statistics.transitions += int(counts.sum())

    def _note_steps(self) -> None:
        for p, prop in enumerate(self.tries.of_steps):
            for lane in self._lanes:
                premises, state, ordinal = lane.step_tallies[p * codes.TALLY_STRIDE :][: codes.TALLY_STRIDE]
                self._premises[prop] += int(premises)
                if state >= 0 and prop not in self.found:
                    self.found[prop] = (self._number_of(lane.first + int(state)), int(ordinal))

    def _number_of(self, at: int) -> int:
        """Return the number of one of the states that are being expanded."""
        if self._numbers is not None:
            return self._numbers[at]
        return self.statistics.states - self._next_count - self.levels[-1][1] + at

    # Judging.

    def _judge(self, first: int, last: int) -> None:
        """Look up what the state properties say of rows that were just gathered."""
        base = self.statistics.states - self._next_count
        wanted = [0] * len(self.tries.of_states)
        for p, prop in enumerate(self.tries.of_states):
            if prop.kind is PropertyKind.RECOVERABLE:
                wanted[p] = 2
            elif prop.kind is not PropertyKind.NO_DEADLOCK:
                wanted[p] = int(prop not in self.found or prop.when is not None)
                if prop.kind is not PropertyKind.POSSIBLE and not wanted[p]:
                    self._premises[prop] += last - first
        marks = self.marks.need(self.statistics.states) if self._keeps_rows else self.marks.items
        marks = marks[base:] if self._keeps_rows else marks
        size = -(-(last - first) // len(self._lanes))
        shares = [
            (min(first + number * size, last), min(first + (number + 1) * size, last))
            for number in range(len(self._lanes))
        ]
        self._look_up(self._next.items, shares, wanted, marks)
        for lane in self._lanes:
            count = len(self._environments)
            if count < len(lane.environments):
                self._environments = np.concatenate(
                    [self._environments, np.zeros(len(lane.environments) - count, np.int64)]
                )
            self._environments[: len(lane.environments)] += lane.environments
            for p, prop in enumerate(self.tries.of_states):
                premises, state, _ = lane.state_tallies[p * codes.TALLY_STRIDE :][: codes.TALLY_STRIDE]
                self._premises[prop] += int(premises)
                if state >= 0 and prop not in self.found:
                    self.found[prop] = (base + int(state), -1)

    def _judge_ends(self, lane: Lane, ends: Any) -> None:
        """Judge those of a lane's rows in which nothing can happen any more."""
        wanted = [
            int(prop.kind is PropertyKind.NO_DEADLOCK and prop not in self.found)
            for prop in self.tries.of_states
        ]
        if not len(ends) or not any(wanted):
            return
        words = self.tables.layout.words
        rows = self.levels[-1][0] if self._source is None else self._source
        picked = np.concatenate([rows[int(at) * words : int(at + 1) * words] for at in lane.first + ends])
        shares = [(0, len(ends))] + [(0, 0)] * (len(self._lanes) - 1)
        self._look_up(picked, shares, wanted, self.marks.items)
        for p, prop in enumerate(self.tries.of_states):
            state = int(self._lanes[0].state_tallies[p * codes.TALLY_STRIDE + codes.T_STATE])
            if state >= 0 and prop not in self.found:
                self.found[prop] = (self._number_of(lane.first + int(ends[state])), -1)

    def _look_up(
        self, rows: Any, shares: Sequence[tuple[int, int]], wanted: Sequence[int], marks: Any
    ) -> None:
        asked = np.array(wanted or [0], np.int64)
        view = self.store.view
        todo: dict[int, tuple[int, int, int]] = {}
        for lane, (first, last) in zip(self._lanes, shares, strict=True):
            lane.state_tallies[:] = 0
            lane.state_tallies[codes.T_STATE :: codes.TALLY_STRIDE] = -1
            lane.environments = np.zeros(len(self.tables.environment), np.int64)
            lane.waiting = np.zeros(max(1, last - first), np.int64)
            if last > first:
                todo[id(lane)] = (first, last, 0)
            if len(lane.misses) != MISSES_AT_ONCE * (4 + 2 * self.tables.layout.words):
                lane.misses = np.zeros(MISSES_AT_ONCE * (4 + 2 * self.tables.layout.words), np.int64)

        def work(lane: Lane) -> None:
            if id(lane) not in todo:
                return
            first, last, again = todo[id(lane)]
            saved = lane.work[: codes.WORK_SIZE].copy()
            lane.work[codes.ENDS] = again
            lane.work[codes.MISS_ROOM] = MISSES_AT_ONCE
            self.store.judge(
                view(self.tables.pool.head),
                view(self.tables.pool.items),
                view(rows),
                first,
                last,
                view(lane.state_tallies),
                view(asked),
                view(lane.environments),
                view(marks),
                view(lane.waiting),
                view(lane.misses),
                view(lane.work),
            )
            waiting, missed = int(lane.work[codes.AT]), int(lane.work[codes.MISSES])
            lane.work[: codes.WORK_SIZE] = saved
            lane.work[codes.MISSES] = missed
            if waiting:
                todo[id(lane)] = (0, waiting, 1)
            else:
                del todo[id(lane)]

        while todo:
            for lane in self._lanes:
                lane.work[codes.MISSES] = 0
            self._each(work)
            self._fill()

    # The depth limit.

    def _close(self) -> None:
        """Expand those states at the depth limit that lead to nothing new; count the others as cut."""
        rows, count = self.levels[-1]
        at = 0
        while at < count:
            last = min(at + self._batch, count)
            self._generate_quietly(at, last)
            keep = []
            for lane in self._lanes:
                made = int(lane.work[codes.SUCCESSORS])
                known = self.store.locate(lane.out, made, self.tables.layout.words) >= 0
                begins = lane.begins[: lane.states + 1]
                sums = np.concatenate([[0], np.cumsum(~known)])
                unknown = sums[begins[1:]] - sums[begins[:-1]]
                keep += [lane.first + int(k) for k in np.flatnonzero(unknown == 0)]
            self.statistics.cut += last - at - len(keep)
            self._count_closed(keep)
            at = last

    def _count_closed(self, keep: Sequence[int]) -> None:
        """Take the steps of some states of the last level, which lead to nothing new."""
        if not keep:
            return
        rows, count = self.levels[-1]
        words = self.tables.layout.words
        base = self.statistics.states - count
        self._source = rows[: count * words].reshape(-1, words)[np.array(keep)].reshape(-1)
        self._numbers = [base + state for state in keep]
        self._generate(0, len(keep))
        self._add_up()
        self._note_steps()
        self.closed += self._numbers
        self._source = self._numbers = None

    def _generate_quietly(self, first: int, last: int) -> None:
        """Generate successors without counting or judging anything."""
        head = self.tables.pool.head
        properties = int(head[codes.STEP_PROPERTIES])
        head[codes.STEP_PROPERTIES] = 0
        while True:
            self._share(first, last)
            if self._generate_all():
                break
        head[codes.STEP_PROPERTIES] = properties

    # What deciding needs.

    is_shortest = True

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property."""
        from .deciding import verdicts

        return verdicts(self)

    def all_rows(self) -> Any:
        """Return the rows of all states, by their numbers. Kept only if a property needs it."""
        words = self.tables.layout.words
        parts = [rows[: count * words] for rows, count in self.levels]
        parts.append(self._next.items[: self._next_count * words])
        if len(parts) > 2 or self._next_count:
            # Joined once, and the parts let go.
            self.levels = [(np.concatenate(parts), self.statistics.states)]
            self._next, self._next_count = Growing(np.int64), 0
        return self.levels[0][0][: self.statistics.states * words]

    def expanded_numbers(self) -> Any:
        """Return the numbers of the states that were expanded, in ascending order."""
        return np.concatenate([np.arange(self.expanded), np.array(self.closed, np.int64)])

    def nearest(self, numbers: Any) -> int:
        """Return the state that is the fewest steps away from a start."""
        return int(numbers[0])

    def successors(self, rows: Any, count: int) -> tuple[Any, Any]:
        """Return where the successors of rows are in the store, and where each row's begin in that list."""
        self._source = rows
        self._generate_quietly(0, count)
        self._source = None
        words = self.tables.layout.words
        places, begins, total = [], [np.zeros(1, np.int64)], 0
        for lane in self._lanes:
            made = int(lane.work[codes.SUCCESSORS])
            if lane.states:
                places.append(self.store.locate(lane.out, made, words))
                begins.append(lane.begins[1 : lane.states + 1] + total)
            total += made
        return np.concatenate(places), np.concatenate(begins)

    # Limits, progress, results.

    def _must_stop(self, frontier: int) -> bool:
        if self.stopped_by:
            return True
        if self._stop_when_decided and self.properties and len(self.found) == len(self.properties):
            self.stopped_by = "decided"
            return True
        now = time.monotonic()
        if self.limits.max_seconds is not None and now - self._started > self.limits.max_seconds:
            self.stopped_by = "max_seconds"
            return True
        if self._watcher and now - self._told > 0.1:
            self._told = now
            self.statistics.seconds = now - self._started
            self._watcher(self.statistics, frontier)
        return False

    def finish(self) -> None:
        """Turn what was counted in numbers into statistics."""
        statistics = self.statistics
        statistics.deeds.clear()
        statistics.sent.clear()
        for move in np.flatnonzero(self._counts[: self.tables.moves]):
            statistics.count(self.tables.actions[move], int(self._counts[move]))
        statistics.spent.clear()
        for number in np.flatnonzero(self._environments):
            world = self.tables.environment.items[number]
            for kind in self.system.spent(world):
                statistics.spent[kind] += int(self._environments[number])
        statistics.premises.clear()
        for prop, count in self._premises.items():
            if count:
                statistics.premises[prop.name] += count
        statistics.values = {values.name: len(values) for values in self.tables.components}
        statistics.memory = self.memory
        statistics.seconds = time.monotonic() - self._started

    @property
    def memory(self) -> int:
        """What is held for the states, in bytes: the set, the rows still to expand, and the links for traces."""
        links = self.children.items.nbytes + self.ordinals.items.nbytes + self.marks.items.nbytes
        rows = sum(level.nbytes for level, _ in self.levels) + self._next.items.nbytes
        return self.store.nbytes + links + rows

    @property
    def is_complete(self) -> bool:
        """Whether every state under the bounds was visited and every step taken."""
        return not self.stopped_by and not self.statistics.cut

    @property
    def told_limit(self) -> str:
        """What stopped the search, in words; empty if nothing did."""
        return told_limit(self.stopped_by, self.limits, self.statistics)

    def growth(self) -> Growth | None:
        """Return the part of the state that kept growing."""
        late = self.statistics.states // 2
        met = sorted(
            (when, k, number)
            for k, values in enumerate(self.tables.components)
            for number, when in enumerate(values.met)
        )
        return growing_part(
            (name, part, when >= late)
            for when, k, number in met
            for name, part in self.tables.parts(k, number)
        )

    def path_to(self, number: int, ordinal: int = -1) -> Path:
        """Return the way by which a state was first reached; with an ordinal, one step further."""
        ordinals = [] if ordinal < 0 else [ordinal]
        starts = self.statistics.starts
        sums = np.cumsum(self.children.items[: self.expanded], dtype=np.int64)
        while number >= starts:
            ordinals.append(int(self.ordinals.items[number]))
            number = int(np.searchsorted(sums, number - starts, side="right"))
        world = self.starts[int(self.ordinals.items[number])]
        path = [Visit(None, world)]
        for ordinal in reversed(ordinals):
            action, world = next(islice(self.system.steps(world), ordinal, None))
            path.append(Visit(action, world))
        return tuple(path)
