"""Expanding rows on all threads, asking the model for whatever the tables lack on the way.

The expander owns the tables, the tries, the store and the lanes; a search tells it which rows to expand and to judge,
and keeps count of the states. Nothing that it gives depends on how many threads there are.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from everyway.invariants.property import Property
from everyway.models.language.errors import ModelError
from everyway.models.language.system import System

from . import codes
from .bundling import Bundles
from .judging import Judging
from .lanes import Lane, Lists
from .model_tables import ModelTables
from .overlap import AHEAD, Pipeline
from .packing import Layout, shifts
from .store import Store
from .tries import Tries

Repack = Callable[[Any, int], Any]
"""Writes so many rows in the layout of now."""

_NOTHING = np.zeros(1, np.uint16)
WORTH_SHARING = 4_096
"""Fewer rows are generated without asking whether another thread has time."""
LOOKAHEAD = 256
"""The rows behind one that must wait are looked through for what else is lacking, until so many lack nothing new."""


class Expander:
    """Expands and judges rows of one system.

    Args:
        system: the protocol under its faults.
        properties: what is to be looked up on the way.
        store: the set of states, with the kernel.
        relaid: is called when the layout has changed, with what writes rows in the new one.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        store: Store,
        relaid: Callable[[Repack], None],
    ) -> None:
        self.tables = ModelTables(system)
        self.tries = Tries(self.tables, properties)
        self._relaid = relaid
        self.states = 0
        """How many states the search has visited; told by it, for telling what grows."""
        self.counts = np.zeros(1, np.int64)
        """How often each move was made."""
        self.bundles = Bundles(self.tables)
        self._turn = threading.Lock()
        """Held while the model is asked: elsewhere rows may be judged."""
        self.judging = Judging(self.tables, self.tries, self._turn)
        self._pipeline: Pipeline | None = None
        """Where the batch before is being taken in, as long as that may be."""
        self._found_by: Any = None
        self.use(store)

    def use(self, store: Store) -> None:
        """Work with this store, and its kernel, from now on."""
        self.store = store
        self.bundles.use(compresses=store.can_compress)
        self.judging.use(store)
        # As many sets as there may be batches in the works, which all use the same lists.
        self.lists = [Lists() for _ in range(store.threads)]
        self._sets = deque(
            [Lane(len(self.tries.of_steps)) for _ in range(store.threads)] for _ in range(AHEAD)
        )
        self.lanes = self._sets[0]

    @property
    def words(self) -> int:
        """How many words a row has."""
        return self.tables.layout.words

    # Generating.

    def generate(self, source: Callable[[], Any], first: int, last: int, found_by: Any = None) -> None:
        """Generate the successors of some rows into the lanes, and count the steps; see ``generate_ahead``."""
        self.count(self.generate_ahead(source, first, last, found_by))

    def generate_ahead(
        self, source: Callable[[], Any], first: int, last: int, found_by: Any = None
    ) -> list[Lane]:
        """Generate the successors of some rows into the lanes; return these.

        Args:
            source: returns the rows; asked again when their layout has changed.
            first: the number of the first row to expand.
            last: the number of the row behind the last.
            found_by: for each row the source of the step by which it was first found. Then steps that lead to states
                that were found before, because of that, are counted only (``bundles.py``).
        """
        self._found_by = found_by
        while True:
            self._share(first, last)
            if self._generate_all(source):
                return self.lanes

    def count(self, lanes: Sequence[Lane]) -> None:
        """Add to the totals how often each move was made on some lanes."""
        for lane in lanes:
            counts = lane.counts
            if len(self.counts) < len(counts):
                self.counts = np.concatenate([self.counts, np.zeros(2 * len(counts), np.int64)])
            self.counts[: len(counts)] += counts

    @contextmanager
    def overlapping(self, pipeline: Pipeline) -> Iterator[None]:
        """Generate into other lanes for a while, as what was generated last is still being taken in elsewhere.

        That is done with before rows are written in another layout, and before there is another channel, which what is
        being taken in knows nothing of.
        """
        self._sets.rotate()
        self.lanes = self._sets[0]

        def without_turn() -> None:
            self._turn.release()
            try:
                pipeline.let_finish()
            finally:
                self._turn.acquire()

        self._pipeline, self.tables.before_another_channel = pipeline, without_turn
        try:
            yield
        finally:
            self._pipeline = self.tables.before_another_channel = None

    @property
    def transitions(self) -> int:
        """How many steps were counted."""
        return int(self.counts.sum())

    def generate_quietly(
        self,
        source: Callable[[], Any],
        first: int,
        last: int,
        skipped: int = 0,
        *,
        keeps_moves: bool = False,
    ) -> None:
        """Do the same without counting or judging anything; leave out moves that have any of some flags.

        With ``keeps_moves`` it is noted which move led to each successor; see ``moves_made``.
        """
        head = self.tables.pool.head
        self._found_by = None
        properties = int(head[codes.STEP_PROPERTIES])
        head[codes.STEP_PROPERTIES], head[codes.SKIPPED], head[codes.KEEPS_MOVES] = 0, skipped, keeps_moves
        try:
            while True:
                self._share(first, last)
                if self._generate_all(source):
                    break
        finally:
            head[codes.STEP_PROPERTIES], head[codes.SKIPPED], head[codes.KEEPS_MOVES] = properties, 0, 0

    def moves_made(self) -> Any:
        """Return the moves that led to the successors that were generated last."""
        return np.concatenate([lane.made[: lane.work[codes.SUCCESSORS]] for lane in self.lanes])

    def locate(self) -> tuple[Any, Any]:
        """Return where in the store the successors are that were generated last, and where each row's begin."""
        places, begins, total = [np.zeros(0, np.int64)], [np.zeros(1, np.int64)], 0
        for lane in self.lanes:
            made = int(lane.work[codes.SUCCESSORS])
            if lane.states:
                places.append(self.store.locate(lane.out, made, self.words))
                begins.append(lane.begins[1 : lane.states + 1] + total)
            total += made
        return np.concatenate(places), np.concatenate(begins)

    def _share(self, first: int, last: int) -> None:
        # While batches are being taken in there may be nobody for the last lanes; a few rows are not worth the asking.
        is_alone = self._pipeline is not None and last - first < WORTH_SHARING
        size = -(-(last - first) // (self.store.threads - (self.store.parts if is_alone else 0)))
        layout = self.tables.layout
        for number, lane in enumerate(self.lanes):
            start = min(first + number * size, last)
            lane.begin(start, min(start + size, last), layout.words, self.tables.moves, len(layout.places))

    def _generate_all(self, source: Callable[[], Any]) -> bool:
        """Generate on all lanes, filling in what is missing; False if all must begin again."""
        while True:
            rows = source()
            self.bundles.keep_up()
            self._generate_lanes(rows)
            reasons = {int(lane.work[codes.REASON]) for lane in self.lanes}
            if codes.TOO_MANY in reasons:
                raise ModelError(f"more than {codes.MOST_STEPS:,} steps can be taken in one state.")
            if reasons == {codes.DONE}:
                return self._canonicalise_all()
            full = [lane for lane in self.lanes if lane.work[codes.REASON] == codes.FULL]
            for lane in full:
                lane.make_room()
            if self._fill() or full:
                return False

    def _generate_lanes(self, rows: Any) -> None:
        lanes, lists = self.lanes, self.lists
        here = len(lanes) if self._pipeline is None else len(lanes) - self.store.parts
        this = threading.get_ident()

        def first_lanes() -> None:
            self.store.each(lambda n: self._generate_lane(lanes[n], lists[n], rows), here)

        def last_lanes() -> None:
            # Whichever thread does it uses lists of its own, which its cache holds.
            first = 0 if threading.get_ident() == this else here
            self.store.each(
                lambda n: self._generate_lane(lanes[here + n], lists[first + n], rows), len(lanes) - here
            )

        left = sum(lane.states - int(lane.work[codes.AT]) for lane in lanes[here:])
        if self._pipeline is not None and left >= WORTH_SHARING // 4:
            self._pipeline.share(first_lanes, last_lanes)
            return
        first_lanes()
        if left:
            last_lanes()

    def _generate_lane(self, lane: Lane, lists: Lists, rows: Any) -> None:
        view, words = self.store.view, self.words
        if len(lane.counts) < self.tables.moves:
            lane.counts = np.concatenate([lane.counts, np.zeros(2 * self.tables.moves, np.int64)])
        lists.use(self.bundles)
        found_by = _NOTHING if self._found_by is None else self._found_by[lane.first : lane.last]
        lane.work[codes.HAS_ORIGINS] = self._found_by is not None and self.tables.symmetry is None
        self.store.generate(
            view(self.tables.pool.head),
            view(self.tables.pool.items),
            view(self.tables.memo.items),
            view(rows[lane.first * words : lane.last * words]),
            lane.states,
            view(lane.out),
            len(lane.out) // words,
            view(lane.ordinals),
            view(lane.made),
            view(lane.origins),
            view(lane.begins),
            view(lane.ends),
            view(lane.counts),
            view(found_by),
            view(lists.items),
            view(lane.scratch),
            view(lane.misses),
            view(lane.step_tallies),
            view(lane.work),
            LOOKAHEAD,
        )

    def settle(self) -> None:
        """Fill in what a lane that was worked on from outside found missing.

        Raises ``ModelError`` if more steps can be taken in one state than can be counted.
        """
        if any(lane.work[codes.REASON] == codes.TOO_MANY for lane in self.lanes):
            raise ModelError(f"more than {codes.MOST_STEPS:,} steps can be taken in one state.")
        self._fill()

    # Symmetry.

    def _canonicalise_all(self) -> bool:
        """Make all successors canonical, if nodes are interchangeable; False if all must begin again."""
        if self.tables.symmetry is None:
            return True
        for lane in self.lanes:
            lane.todo = np.arange(int(lane.work[codes.SUCCESSORS]))
        return self._canonicalise([lane.out for lane in self.lanes])

    def canonicalised(self, rows: Any, count: int) -> bool:
        """Make some rows canonical; False if they are in another layout now, and nothing was done."""
        for lane in self.lanes:
            lane.todo = np.arange(count if lane is self.lanes[0] else 0)
            lane.prepare(self.words, len(self.tables.components))
        return self._canonicalise([rows for _ in self.lanes])

    def _canonicalise(self, buffers: Sequence[Any]) -> bool:
        symmetry = self.tables.symmetry
        assert symmetry is not None
        symmetry.keep_up()
        while any(len(lane.todo) for lane in self.lanes):
            if not self.tables.fits():
                self._relayout(self.tables.layout)
                return False
            self._each(lambda lane: self._canonicalise_lane(lane, buffers[self.lanes.index(lane)]))
            layout, words = self.tables.layout, self.words
            for lane, rows in zip(self.lanes, buffers, strict=True):
                for k in lane.todo[lane.todo >= 0].tolist():
                    row = rows[k * words : (k + 1) * words].tolist()
                    values = symmetry.resolve(layout.unpacked(row))
                    if not self.tables.fits():
                        break
                    rows[k * words : (k + 1) * words] = layout.packed(values)
                lane.todo = -1 - lane.todo[lane.todo < 0]
            if self._fill():
                return False
        return True

    def _canonicalise_lane(self, lane: Lane, rows: Any) -> None:
        if not len(lane.todo):
            return
        view = self.store.view
        components = len(self.tables.layout.places)
        width = int(self.tables.pool.head[codes.SYMMETRY_COLUMNS])
        if len(lane.room) < 2 * components + width:
            lane.room = np.zeros(2 * (2 * components + width), np.int64)
        unresolved = np.zeros(len(lane.todo), np.int64)
        left = self.store.canonicalise(
            view(self.tables.pool.head),
            view(self.tables.pool.items),
            view(rows),
            view(lane.todo),
            len(lane.todo),
            view(lane.room),
            view(lane.misses),
            view(lane.work),
            view(unresolved),
        )
        lane.todo = unresolved[:left]

    # Filling in.

    def _fill(self) -> bool:
        """Fill in what the kernel missed; return whether rows are in another layout now."""
        words = self.words
        stride = 4 + 2 * words
        asked: dict[tuple[int, int, int, int], None] = {}
        said: list[tuple[int, int, int, list[int]]] = []
        for lane in self.lanes:
            listed = lane.misses[: lane.work[codes.MISSES] * stride].tolist()
            lane.work[codes.MISSES] = 0
            for at in range(0, len(listed), stride):
                kind, x, y, z = listed[at : at + 4]
                if kind in (codes.ASK_STEP, codes.ASK_STATE):
                    said.append((kind, x, y, listed[at + 4 : at + stride]))
                else:
                    asked[kind, x, y, z] = None
        with self._turn:
            self.tables.now = self.states
            # Properties first: their rows are in the layout of before.
            self.tries.learn(said)
            for question in asked:
                self.tables.fill(*question)
            self.tries.keep_up()
            if self.tables.symmetry is not None:
                self.tables.symmetry.keep_up()
        if self.tables.fits():
            return False
        self._relayout(self.tables.layout)
        return True

    def _relayout(self, old: Layout) -> None:
        """Choose a layout in which every value has room, and have all rows written in it."""
        if self._pipeline is not None:
            self._pipeline.let_finish()
        self.tables.lay_out()
        new = self.tables.layout
        ways = np.array(shifts(old, new), np.int64)
        view = self.store.view

        def repacked(rows: Any, count: int) -> Any:
            out = np.zeros(count * new.words, np.int64)
            self.store.repack(view(rows), count, old.words, view(ways), new.words, view(out))
            return out

        self._relaid(repacked)
        self.store.relayout(old, new)

    def _each(self, work: Callable[[Lane], None]) -> None:
        """Do something for each lane, on all threads."""
        self.store.each(lambda number: work(self.lanes[number]), len(self.lanes))

    # Judging.

    def steps_found(self, lane: Lane) -> list[tuple[Property, int, int]]:
        """Return which properties of steps a lane found broken, with the row's number and the step's ordinal."""
        found = []
        for p, prop in enumerate(self.tries.of_steps):
            premises, state, ordinal = lane.step_tallies[p * codes.TALLY_STRIDE :][: codes.TALLY_STRIDE]
            self.judging.premises[prop] += int(premises)
            if state >= 0:
                found.append((prop, lane.first + int(state), int(ordinal)))
        return found
