"""Breadth-first search on the tables: batches of rows through the kernel, in the order of the reference.

A batch goes through three phases. Its successors are generated; what the tables lack is asked of the model, until
nothing is lacking. They are added to the set of states; those that were new are gathered, in the order in which
they were generated. And what the properties say of the new ones is looked up, likewise until nothing is lacking.
While a batch is added and judged, others are generated (``overlap.py``). No phase depends on how many threads there
are, so neither do numbers, verdicts and traces.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np

from everyway.explorer.growth import Growth
from everyway.explorer.limits import Limits
from everyway.explorer.liveness.graph import StateGraph
from everyway.explorer.memory import budget, in_use
from everyway.explorer.statistics import Statistics, told_limit
from everyway.explorer.verdict import Path, Verdict
from everyway.invariants.fair_runs import asked_of
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.system import System

from . import codes
from .expander import Expander, Repack
from .judging import judged_kinds
from .lanes import Growing, Lane
from .levels import Levels
from .links import Links
from .overlap import Batch, Pace, Pipeline, brief_turns
from .paths import path_along, path_of_names
from .store import CompiledStore, PlainStore
from .symmetry import symmetry_of
from .telling import growth, tell_counts

Watcher = Callable[[Statistics, int], None]

WORTH_COMPILING = 20_000
"""After so many transitions the kernel is compiled."""
WORTH_FETCHING = 4_000
"""After so many it is fetched from where it was kept, if it was compiled before."""
WORTH_USING = 300
"""After so many it is used if this process has it already."""
FIRST_BATCH = 64
FEW_ROWS = 2_048
"""Batches of so many rows are large enough."""
BATCHES = 16
"""Levels that are larger have so many batches at least."""
_SWEPT = (PropertyKind.RECOVERABLE, PropertyKind.TEMPORAL)
"""Kinds of properties that are decided when all is explored, by looking at the states again."""
RESUMABLE = ("interrupt", "max_seconds", "max_memory")
"""What stops a search that may well go on another time."""


class Keeper(Protocol):
    """Keeps a search on disk; see ``checkpoint.py``."""

    @property
    def is_due(self) -> bool:
        """Whether it has gone on long enough since the last time."""
        ...

    def save(self, search: TableSearch) -> None:
        """Save it."""
        ...


def worth_compiling() -> int:
    """Return after how many transitions the compiled kernel pays, as it must be got here."""
    from .compiled import is_kept, is_loaded

    if is_loaded():
        return min(WORTH_USING, WORTH_COMPILING)
    return min(WORTH_FETCHING, WORTH_COMPILING) if is_kept() else WORTH_COMPILING


class TableSearch:
    """One search of one system on tables.

    Args:
        system: the protocol under its faults.
        properties: what to decide on the way.
        limits: when to stop although states are left.
        watcher: is called several times a second, for progress.
        stop_when_decided: stop as soon as every property is decided.
        engine: "tables" for the compiled kernel, "plain" for the same in plain Python, "auto" for plain Python until
            the search has grown.
        threads: how many threads the compiled kernel works on.
        batch: how many rows are expanded at once; by default as many as is quick.
        symmetry: count states that differ only in the names of interchangeable nodes as one.
        checkpoints: keeps the search on disk now and then.
        keeps_rows: keep the rows of all states, for looking at them again when the search is done.

    Raises:
        NotSymmetricError: as soon as it turns out that nodes are not as interchangeable as the protocol says.
        ImportError: if the kernel was asked for and Numba does not work on this machine.
    """

    is_shortest = True
    """Whether no shorter path shows the same as one that is found."""

    def __init__(
        self,
        system: System,
        properties: Sequence[Property] = (),
        *,
        limits: Limits | None = None,
        watcher: Watcher | None = None,
        stop_when_decided: bool = False,
        engine: str = "auto",
        threads: int = 1,
        batch: int | None = None,
        symmetry: bool = False,
        checkpoints: Keeper | None = None,
        keeps_rows: bool = False,
    ) -> None:
        self.system = system
        self.properties = tuple(properties)
        self.limits = limits or Limits()
        self.statistics = Statistics()
        self.stopped_by = ""
        """What stopped the search before it was done, as a word; empty if nothing did."""
        self._threads = threads
        self._is_automatic = self._may_grow = engine == "auto"
        self.expander = Expander(system, asked_of(self.properties), PlainStore(), self._relaid)
        self.symmetry = symmetry_of(self.expander.tables) if symmetry else None
        self.expander.tables.symmetry = self.symmetry
        # With symmetry the tables are asked on the way from a batch to the states, and with properties of steps the
        # tries are while it is generated; then the one cannot be done beside the other.
        self._can_overlap = threads > 1 and self.symmetry is None and not self.expander.tries.of_steps
        if engine == "tables":
            self.expander.use(self._compiled_store())
        self._fixed_batch = batch
        self._batch = batch or FIRST_BATCH
        self._checkpoints = checkpoints
        self._watcher = watcher
        self._stop_when_decided = stop_when_decided
        self._started = self._told = self._begun = time.monotonic()
        self.found: dict[Property, tuple[int, int]] = {}
        """For each property that is decided, the number of the state; and for a step its ordinal, else -1."""
        self.levels = Levels(keeps_rows=keeps_rows or any(prop.kind in _SWEPT for prop in self.properties))
        self._verdicts: tuple[Verdict, ...] | None = None
        self.graph: StateGraph | None = None
        """For promises over time: the graph of the states; built when the first is decided."""
        self.starts: list[Any] = []
        self.links = Links()
        self.marks = Growing(np.int64)
        """For each state a bit for every goal of a recoverable property that it is."""
        self.closed: list[int] = []
        """Those at the depth limit that turned out to lead nowhere new."""
        self._pipeline = Pipeline(self._insert, self._settle)
        self._pace = Pace(0)
        self._depth = 0
        self._at = 0
        """How many states of the current level have been expanded."""
        self._is_restored = False
        self._memory = budget(self.limits.max_memory)

    # The search.

    def run(self) -> TableSearch:
        """Search. Ctrl-C ends the search early; what was found so far remains."""
        try:
            with brief_turns() if self._can_overlap else nullcontext():
                self._search()
        except KeyboardInterrupt:
            self.stopped_by = "interrupt"
        except MemoryError:
            self.stopped_by = "max_memory"
        finally:
            self._pipeline.close()
        self.expander.tables.pool.budget = math.inf  # what is left to do is to tell what was found
        self._finish()
        return self

    def _search(self) -> None:
        if self._is_restored:
            self._expand_level()
        else:
            self._seed()
        self.expander.tables.pool.budget = self._memory
        while self.levels.next_count and not self.stopped_by:
            self.levels.turn(self.expander.words)
            self._at = 0
            if self.limits.max_depth is not None and self._depth >= self.limits.max_depth:
                self._close()
                return
            self._expand_level()

    def _seed(self) -> None:
        """Visit the states at the start."""
        self.starts = list(dict.fromkeys(self.system.initial()))
        if self.limits.max_states is not None and len(self.starts) > self.limits.max_states:
            self.stopped_by = "max_states"
            del self.starts[int(self.limits.max_states) :]
        tables, expander = self.expander.tables, self.expander
        numbers = [tables.intern(world) for world in self.starts]
        tables.lay_out()
        expander.tries.keep_up()
        while numbers:
            width = len(tables.components)
            rows = [tables.layout.packed(row + [0] * (width - len(row))) for row in numbers]
            flat = np.array(rows, np.int64).reshape(-1)
            if self.symmetry is None or expander.canonicalised(flat, len(rows)):
                break
        if not numbers:
            return
        first, _, stops = expander.store.insert([(flat, len(rows))], expander.words)[0]
        # Starts that differ only in names are one.
        distinct = np.sort(first[: stops[-1]])
        self.starts = [self.starts[k] for k in distinct.tolist()]
        count, words = len(self.starts), expander.words
        flat = flat.reshape(-1, words)[distinct].reshape(-1)
        self.levels.begin(flat, count)
        self.links.begin(count)
        self.statistics.starts = self.statistics.states = count
        self._judge(0, count)
        for prop in self.expander.tries.of_steps:
            for number, start in enumerate(self.starts):
                if prop not in self.found and prop.judge_start(start) is not None:
                    self.found[prop] = (number, -1)

    def _expand_level(self) -> None:
        """Expand what is left of the current level."""
        try:
            self._expand_batches()
        finally:
            self._pipeline.let_finish()  # what that raises comes first
        if self._checkpoints is not None and self.stopped_by in RESUMABLE:
            self._checkpoints.save(self)
        self._depth += 1

    def _expand_batches(self) -> None:
        generated, count = self._at, self.levels.count
        self._pace = Pace(self.statistics.states)
        while generated < count:
            # Between two batches everything that is known is consistent; so this is where a search may end.
            try:
                reason = self._reason_to_stop(count - generated + self.levels.next_count)
            except KeyboardInterrupt:
                reason = "interrupt"
            if reason:
                self._pipeline.let_finish()
                self.stopped_by = self.stopped_by or reason
                return
            batch = self._generate(generated, count)
            generated = batch.last
            if self._may_overlap():
                self._pipeline.add(batch)
            else:
                self._pipeline.let_finish()
                self._insert(batch)
                self._settle(batch)
            if self._may_grow and self.statistics.transitions > worth_compiling():
                self._compile()
            if self._checkpoints is not None and self._checkpoints.is_due:
                self._pipeline.let_finish()
                self._checkpoints.save(self)

    def _largest_batch(self) -> int:
        """Return how many states may be expanded at once: as many wherever the kernel comes from, so that a search that
        ends as soon as it has decided has visited as many."""
        if self._is_automatic and self.statistics.transitions <= WORTH_COMPILING:
            return PlainStore.batch
        return self.expander.store.batch

    def _compiled_store(self) -> CompiledStore:
        return CompiledStore(self._threads, self._threads // 2 if self._can_overlap else None)

    def _compile(self) -> None:
        """Go on with the compiled kernel, if this machine can."""
        self._may_grow = False
        try:
            store = self._compiled_store()
        except ImportError:
            return
        plain = self.expander.store
        assert isinstance(plain, PlainStore)
        store.insert([plain.rows()], self.expander.words)
        self.expander.use(store)

    def _level_rows(self) -> Any:
        return self.levels.rows

    def _level_numbers(self) -> range:
        """Return the numbers of the states of the level that is being expanded."""
        end = self.statistics.states - self.levels.next_count
        return range(end - self.levels.count, end)

    def _generate(self, first: int, count: int) -> Batch:
        """Generate the successors of the next rows of the current level, which has so many."""
        # Not all of a level at once: nothing can be done beside the first batch's generation, and the last's taking in.
        size = min(self._batch, max(FEW_ROWS, count // BATCHES))
        last, expander = min(first + size, count), self.expander
        self._batch = self._fixed_batch or min(2 * self._batch, self._largest_batch())
        expander.states = self._pace.visited
        with expander.overlapping(self._pipeline) if self._overlaps else nullcontext():
            lanes = expander.generate_ahead(self._level_rows, first, last, self.levels.origins)
        self._pace.generated(sum(int(lane.work[codes.SUCCESSORS]) for lane in lanes))
        return Batch(first, last, lanes)

    @property
    def _overlaps(self) -> bool:
        """Whether batches may be taken in while others are generated."""
        # As long as the kernel may change, how large a batch is depends on what those before it hold.
        is_settled = not self._is_automatic or self.statistics.transitions > WORTH_COMPILING
        return self._can_overlap and self.expander.store.threads > 1 and is_settled

    def _may_overlap(self) -> bool:
        """Return whether the batch that was generated last may be taken in while the next one is generated."""
        # Nothing is to be generated behind the batch that reaches the limit on states.
        most = self.limits.max_states
        return self._overlaps and (most is None or self._pace.most_visited < most)

    def _insert(self, batch: Batch) -> None:
        """Add the successors of a batch to the set."""
        if not self.stopped_by:
            buffers = [(lane.out, int(lane.work[codes.SUCCESSORS])) for lane in batch.lanes]
            batch.fresh = self.expander.store.insert(buffers, self.expander.words)

    def _settle(self, batch: Batch) -> None:
        """Take over the successors of a batch that were new, unless the search has ended before it."""
        if self.stopped_by or self._is_decided:
            self.stopped_by = self.stopped_by or "decided"
        else:
            self._take_over(batch)
            self._at = batch.last
        self._pace.taken(self.statistics.states)

    def _take_over(self, batch: Batch) -> None:
        """Note what was found on a batch, and judge the states that are new."""
        expander, first, last = self.expander, batch.first, batch.last
        expander.count(batch.lanes)
        self._note_batch(batch.lanes, self.levels.rows, self._level_numbers())
        total = sum(stops[-1] for _, _, stops in batch.fresh)
        self.levels.need(total, expander.words)
        self.links.need(self.statistics.states + total, last - first)
        before = self.levels.next_count
        for lane, numbers in zip(batch.lanes, batch.fresh, strict=True):
            if not self._gather(lane, *numbers):
                break
        if self.levels.next_count > before:
            self.statistics.depth = self._depth + 1
        self._judge(before, self.levels.next_count)

    def _gather(self, lane: Lane, numbers: Any, starts: list[int], stops: list[int]) -> bool:
        """Take over the successors of a lane that are new; return whether the limit on states allowed that."""
        view, count = self.expander.store.view, self.levels.next_count
        room = 1 << 62
        if self.limits.max_states is not None:
            room = int(self.limits.max_states) - self.statistics.states
        found = self.expander.store.gather(
            view(lane.out),
            view(lane.ordinals),
            view(lane.origins),
            view(lane.begins),
            lane.states,
            self.expander.words,
            view(numbers),
            view(np.array(starts, np.int64)),
            view(np.array(stops, np.int64)),
            len(starts),
            room,
            view(self.levels.next.items),
            count,
            view(self.links.children.items[self.links.expanded : self.links.expanded + lane.states]),
            view(self.links.ordinals.items[self.statistics.states - count :]),
            view(self.levels.next_origins.items),
        )
        self.levels.next_count += found
        self.statistics.states += found
        self.links.expanded += lane.states
        if found == stops[-1]:
            return True
        self.stopped_by = "max_states"
        # Those behind the state whose successors found no room any more count as not expanded.
        refused = int(np.sort(numbers[: stops[-1]])[found])
        full = int(np.searchsorted(lane.begins[: lane.states + 1], refused, side="right")) - 1
        self.links.expanded += full - lane.states
        return False

    def _note_batch(self, lanes: Sequence[Lane], rows: Any, numbers: Sequence[int]) -> None:
        """Note what some lanes say of steps, and of states in which nothing can happen."""
        expander = self.expander
        self.statistics.transitions = expander.transitions
        words = expander.words
        wanted = judged_kinds(expander.tries.of_states, self.found, at_ends=True)
        for lane in lanes:
            for prop, at, ordinal in expander.steps_found(lane):
                self.found.setdefault(prop, (numbers[at], ordinal))
            ends = lane.first + lane.ends[: lane.work[codes.ENDS]]
            self.statistics.ends += len(ends)
            if len(ends) and any(wanted):
                picked = rows[: len(rows) // words * words].reshape(-1, words)[ends].reshape(-1)
                for prop, at in expander.judging.judge(picked, 0, len(ends), wanted, is_counted=False):
                    self.found.setdefault(prop, (numbers[int(ends[at])], -1))

    def _judge(self, first: int, last: int) -> None:
        """Look up what the state properties say of rows that were just gathered."""
        expander = self.expander
        base = self.statistics.states - self.levels.next_count
        wanted = self._wanted(last - first)
        marks = self.marks.need(self.statistics.states)[base:] if self.levels.keeps_rows else None
        for prop, at in expander.judging.judge(self.levels.next.items, first, last, wanted, marks):
            self.found.setdefault(prop, (base + at, -1))

    def _wanted(self, count: int) -> list[int]:
        """Return how each property is to be asked of so many new states; those that need not be are counted here."""
        wanted = judged_kinds(self.expander.tries.of_states, self.found, at_ends=False)
        for prop, how in zip(self.expander.tries.of_states, wanted, strict=True):
            if not how and prop.kind in (PropertyKind.ALWAYS, PropertyKind.NEVER):
                self.expander.judging.premises[prop] += count
        return wanted

    # The depth limit.

    def _close(self) -> None:
        """Expand those states at the depth limit that lead to nothing new; count the others as cut."""
        count, at = self.levels.count, 0
        while at < count and not self._must_stop(count - at):
            last = min(at + self._batch, count)
            self.expander.generate_quietly(self._level_rows, at, last)
            places, begins = self.expander.locate()
            unknown = np.concatenate([[0], np.cumsum(places < 0)])
            keep = at + np.flatnonzero(unknown[begins[1:]] == unknown[begins[:-1]])
            self.statistics.cut += last - at - len(keep)
            if len(keep):
                rows = self._level_rows()[: count * self.expander.words].reshape(-1, self.expander.words)
                kept = rows[keep].reshape(-1)
                numbers = (self.statistics.states - count + keep).tolist()
                self.expander.generate(lambda: kept, 0, len(keep))  # noqa: B023  done before kept changes
                self._note_batch(self.expander.lanes, kept, numbers)
                self.closed += numbers
            at = last

    # What deciding needs.

    def all_rows(self) -> Any:
        """Return the rows of all states, by their numbers. Kept only if a property needs it."""
        return self.levels.joined(self.expander.words)

    def expanded_numbers(self) -> Any:
        """Return the numbers of the states that were expanded, in ascending order."""
        return np.concatenate([np.arange(self.links.expanded), np.array(self.closed, np.int64)])

    def row_of(self, world: Any) -> list[int] | None:
        """Return the row of a world, or of the one that stands for it; None if it was never seen."""
        tables = self.expander.tables
        if self.symmetry is None:
            return tables.worlds.row(world)
        numbers = self.symmetry.canonical(tables.intern(world))
        if len(numbers) != len(tables.layout.places) or not tables.fits():
            return None
        return tables.layout.packed(numbers)

    def marked(self, prop: Property) -> Any:
        """Return for each state whether it is marked with a property."""
        bit = 1 << self.expander.tries.of_states.index(prop)
        return self.marks.items[: self.statistics.states] & bit != 0

    def nearest(self, numbers: Any) -> int:
        """Return the state that is the fewest steps away from a start."""
        return int(numbers[0])

    def path_to(self, number: int, ordinal: int = -1, broken: Property | None = None) -> Path:
        """Return the way by which a state was first reached; with an ordinal one step more, that breaks a property."""
        start, ordinals = self.links.from_start(number, self.statistics.starts)
        world = self.starts[start]
        if ordinal >= 0:
            ordinals.append(ordinal)
        if self.symmetry is not None:
            return path_of_names(self.expander.tables, world, ordinals, broken if ordinal >= 0 else None)
        return path_along(self.system, world, ordinals)

    # Limits, progress, results.

    @property
    def _is_decided(self) -> bool:
        """Whether the search may end because every property is decided."""
        return self._stop_when_decided and bool(self.properties) and len(self.found) == len(self.properties)

    def _must_stop(self, frontier: int) -> bool:
        """Return whether the search must end here; it is noted why."""
        self.stopped_by = self._reason_to_stop(frontier)
        return bool(self.stopped_by)

    def _reason_to_stop(self, frontier: int) -> str:
        """Return why the search must end here, as a word; empty if it need not."""
        if self.stopped_by:
            return self.stopped_by
        if self._is_decided:
            return "decided"
        now = time.monotonic()
        # A search that goes on from a checkpoint has its time anew.
        if self.limits.max_seconds is not None and now - self._begun > self.limits.max_seconds:
            return "max_seconds"
        if self.expander.store.next_growth() + in_use() > self._memory:
            return "max_memory"
        if self._watcher and now - self._told > 0.1:
            self._told = now
            self.statistics.seconds = now - self._started
            self.statistics.memory = self.memory
            self._watcher(self.statistics, frontier)
        return ""

    def _relaid(self, repacked: Repack) -> None:
        """Write the rows that are kept in a new layout."""
        self.levels.relay(repacked)

    def _finish(self) -> None:
        """Turn what was counted in numbers into statistics."""
        statistics, expander = self.statistics, self.expander
        tell_counts(statistics, expander, expander.judging.environments)
        # The order of the moves depends on the threads; that of a report must not.
        statistics.deeds = Counter(dict(sorted(statistics.deeds.items(), key=lambda item: str(item[0]))))
        statistics.memory = self.memory
        statistics.alike = self.symmetry.told if self.symmetry is not None else ""
        statistics.seconds = time.monotonic() - self._started

    @property
    def memory(self) -> int:
        """What is held for the states, in bytes: the set, the rows still to expand, and the links for traces."""
        links = self.links.nbytes
        if self.levels.keeps_rows:
            links += self.marks.items.nbytes
        return int(self.expander.store.nbytes + links + self.levels.nbytes)

    @property
    def is_complete(self) -> bool:
        """Whether every state under the bounds was visited and every step taken."""
        return not self.stopped_by and not self.statistics.cut

    @property
    def told_limit(self) -> str:
        """What stopped the search, in words; empty if nothing did."""
        return told_limit(self.stopped_by, self.limits, self.statistics)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property."""
        from .deciding import verdicts

        if self._verdicts is None:
            self._verdicts = verdicts(self)
        return self._verdicts

    def growth(self) -> Growth | None:
        """Return the part of the state that kept growing, if any did."""
        return growth(self.expander.tables, self.statistics.states)
