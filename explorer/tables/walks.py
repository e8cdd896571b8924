"""Random walks: for spaces too big to cover, many runs through the system, one enabled step after the other.

A walk is a function of its *key* and nothing else (``dice.py``): the key chooses the start, and at the n-th state which
of the steps that change something is taken. So nothing of a walk needs to be kept while it runs, and one that ends
badly is walked again under the plain semantics; and walks are the same on every machine, on any number of threads,
with any engine, and however many of them there are.

On tables many walkers go in lock-step, as a batch of rows. The batch is always in the order of how long the walks
are, and then of their numbers, so that the first row in it that breaks a promise is the one to keep.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from everyway.explorer.reference import Exploration, Watcher, _check_hashable
from everyway.explorer.statistics import Statistics
from everyway.explorer.verdict import Outcome, Path, Verdict, Visit
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.errors import EverywayError, UsageError
from everyway.models.language.faults import Faults
from everyway.models.language.system import System

from . import codes
from .dice import all_chosen, chosen, keys, kind_of, step_taken, steps_taken
from .expander import Expander, Repack
from .lanes import Lane
from .search import worth_compiling
from .store import CompiledStore, PlainStore
from .telling import tell_counts

FIRST_WIDTH = 64
"""So many walkers set out at first; twice as many go together after every step, so that small runs are not held up."""
MOST_WIDTH = 1 << 15
"""Most walkers that go together: with more the rows of a batch no longer fit the caches."""
MOST_DISTINCT = 4_000_000
"""States are told from each other up to about so many; beyond that the set costs more memory than it tells."""


@frozen(order=True)
class Sighting:
    """Where a property was seen violated, or witnessed; the least one is kept."""

    length: int
    """How many steps led there."""
    walk: int
    """The number of the walk."""
    key: int
    """The walk's key."""
    ordinal: int = -1
    """For a step, which of all steps of the state before; it need not be the one that the walk took."""


class Walks:
    """Some random walks through one system: run them once, then read their verdicts and statistics.

    Args:
        system: what is walked through.
        properties: what to look for on the way.
        walks: how many walks, 1 or more.
        steps: the most steps of a walk, 1 or more.
        seed: what the walks are drawn from, 0 or more.
        fault_rate: how likely a step is a fault where one could happen, from 0 to 1.
        max_seconds: when to stop although walks are left.
        watcher: is called several times a second, for progress, with the number of walks still to be done.
    """

    def __init__(
        self,
        system: Any,
        properties: Sequence[Property] = (),
        *,
        walks: int,
        steps: int,
        seed: int = 0,
        fault_rate: float,
        max_seconds: float | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.system = system
        self.properties = tuple(properties)
        self.walks, self.steps, self.seed, self.fault_rate = walks, steps, seed, fault_rate
        self.statistics = Statistics()
        """Steps, and how often premises were true, are counted in every state that a walk visits, as often as it is
        visited: each step that could be taken there. ``ends`` and ``cut`` are walks: those after which nothing but
        faults could happen, and those of ``steps`` steps. ``states`` and ``spent`` are of distinct states."""
        self.stopped_by = ""
        """What stopped the walks before they were done: "max_seconds", "interrupt", or nothing."""
        self.begun = 0
        """How many walks have set out."""
        self.done = 0
        """How many have ended, or are as long as a walk may be."""
        self.taken = 0
        """How many steps all walks took together."""
        self.found: dict[Property, Sighting] = {}
        self.starts: list[Any] = []
        self._keys = keys(seed)
        self._counts_distinct = True
        self._max_seconds = max_seconds
        self._watcher = watcher
        self._started = self._told = time.monotonic()

    def run(self) -> Walks:
        """Walk. Ctrl-C ends the walks early; what was found so far remains."""
        try:
            self._walk()
        except KeyboardInterrupt:
            self.stopped_by = "interrupt"
        self._finish()
        return self

    def _walk(self) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        # Tables number steps in the order in which batches came across them, which says nothing.
        deeds = sorted(self.statistics.deeds.items(), key=lambda item: str(item[0]))
        self.statistics.deeds = Counter(dict(deeds))
        self.statistics.spent = Counter(dict(sorted(self.statistics.spent.items())))
        self.statistics.seconds = time.monotonic() - self._started

    @property
    def distinct(self) -> int | None:
        """How many distinct states were visited; None if they were too many to tell."""
        return self.statistics.states if self._counts_distinct else None

    def _note(self, prop: Property, sighting: Sighting) -> None:
        if prop not in self.found or sighting < self.found[prop]:
            self.found[prop] = sighting

    def _must_stop(self) -> bool:
        now = time.monotonic()
        if self._max_seconds is not None and now - self._started > self._max_seconds:
            self.stopped_by = "max_seconds"
            return True
        if self._watcher and now - self._told > 0.1:
            self._told = now
            self.statistics.seconds = now - self._started
            self._watcher(self.statistics, self.walks - self.done)
        return False

    # What is told.

    @property
    def told_extent(self) -> str:
        """How much was walked, e.g. "10,000 random walks of at most 200 steps"."""
        walks = "1 random walk" if self.done == 1 else f"{self.done:,} random walks"
        under_way = f" and {self.begun - self.done:,} unfinished ones" if self.begun > self.done else ""
        return f"{walks} of at most {self.steps:,} step{'' if self.steps == 1 else 's'}{under_way}"

    @property
    def told_limit(self) -> str:
        """What kept the walks from saying more, in words."""
        early = {
            "max_seconds": f"stopped after {self._max_seconds or 0:g} s, at ",
            "interrupt": f"interrupted after {self.statistics.seconds:.1f} s, at ",
        }
        rate = f", fault rate {self.fault_rate:g}" if self._has_faults else ""
        return f"{early.get(self.stopped_by, '')}{self.told_extent}, seed {self.seed}{rate}"

    @property
    def _has_faults(self) -> bool:
        """Whether the rate of faults may matter."""
        faults = getattr(self.system, "faults", None)
        return isinstance(faults, Faults) and any(budget for _, budget in faults)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property: that it is violated, that it is possible, or nothing."""
        return tuple(self._verdict(prop) for prop in self.properties)

    def _verdict(self, prop: Property) -> Verdict:
        if prop.kind is PropertyKind.RECOVERABLE:
            why = "random walks cannot tell what can always be reached; a check can"
            return Verdict(prop, Outcome.UNKNOWN, why=why)
        if prop.kind is PropertyKind.TEMPORAL:
            return Verdict(
                prop, Outcome.UNKNOWN, why="random walks cannot tell what never happens; a check can"
            )
        is_possible = prop.kind is PropertyKind.POSSIBLE
        if prop not in self.found:
            return Verdict(
                prop,
                Outcome.UNKNOWN,
                why=f"not {'seen' if is_possible else 'violated'} in {self.told_extent}",
            )
        path = self.path_to(self.found[prop])
        last = path[-1]
        is_step = prop.kind is PropertyKind.EVERY_STEP
        flaw = prop.judge(path[-2].state, last.action, last.state) if is_step else prop.judge(last.state)
        if (flaw is None) is not is_possible:
            raise EverywayError(
                f"internal error: the tables and the plain semantics do not agree on '{prop.name}' in {last.state}. "
                f"Is its predicate a function of the state alone?"
            )
        outcome = Outcome.HOLDS if is_possible else Outcome.VIOLATED
        return Verdict(prop, outcome, path, flaw, is_shortest=False)

    def _taken(self, key: int, step: int, actions: Sequence[Any]) -> int:
        """Return which of the steps that change something a walk takes."""
        return step_taken(key, step, [kind_of(action) for action in actions], self.fault_rate)

    def path_to(self, sighting: Sighting) -> Path:
        """Return the way that a walk took, walked again under the plain semantics."""
        key = sighting.key
        state = self.starts[chosen(key, 0, len(self.starts))]
        path = [Visit(None, state)]
        for at in range(1, sighting.length + 1):
            steps = list(self.system.steps(state))
            if sighting.ordinal >= 0 and at == sighting.length:
                action, state = steps[sighting.ordinal]
            else:
                moving = [step for step in steps if step[1] != state]
                action, state = moving[self._taken(key, at, [action for action, _ in moving])]
            path.append(Visit(action, state))
        return tuple(path)


class TableWalks(Walks):
    """Random walks on tables, many at a time.

    Args:
        engine: "tables" for the compiled kernel, "plain" for the same in plain Python, "auto" for plain Python until
            enough was walked.
        threads: how many threads the compiled kernel works on.

    Raises:
        ImportError: if the kernel was asked for and Numba does not work on this machine.
    """

    def __init__(
        self,
        system: System,
        properties: Sequence[Property] = (),
        *,
        engine: str = "auto",
        threads: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(system, properties, **options)
        self._threads = threads
        self._may_grow = engine == "auto"
        store = CompiledStore(threads) if engine == "tables" else PlainStore()
        # Of promises over time a walk that ends somewhere tells nothing.
        asked = [prop for prop in self.properties if prop.kind is not PropertyKind.TEMPORAL]
        self.expander = Expander(system, asked, store, self._relaid)
        self._wanted_at_ends = [
            int(prop.kind is PropertyKind.NO_DEADLOCK) for prop in self.expander.tries.of_states
        ]
        self.expander.tables.pool.head[codes.KEEPS_MOVES] = 1
        self._kinds: list[int] = []
        """What kind of step each move is."""
        self._spent = np.zeros(1, np.int64)
        """In how many distinct states the environment had each of its values."""
        self._start_rows: Any = np.zeros(0, np.int64)
        # The walkers: the row where each is, its number, its key, and how many steps it took.
        self._rows: Any = np.zeros(0, np.int64)
        self._numbers: Any = np.zeros(0, np.int64)
        self._walkers: Any = np.zeros(0, np.uint64)
        self._lengths: Any = np.zeros(0, np.int64)
        self._picked: list[tuple[Any, int]] = []
        """The rows to which the walkers of this step go, and how many, as far as they are known."""

    def _walk(self) -> None:
        self._seed()
        width = FIRST_WIDTH
        while self.starts:
            self._set_out(min(width - len(self._numbers), self.walks - self.begun))
            if not len(self._numbers) or not self._step():
                return
            width = min(2 * width, MOST_WIDTH)

    def _seed(self) -> None:
        self.starts = list(dict.fromkeys(self.system.initial()))
        self.statistics.starts = len(self.starts)
        tables = self.expander.tables
        numbers = [tables.intern(world) for world in self.starts]
        tables.lay_out()
        self.expander.tries.keep_up()
        width = len(tables.components)
        rows = [tables.layout.packed(row + [0] * (width - len(row))) for row in numbers]
        self._start_rows = np.array(rows, np.int64).reshape(-1)

    def _set_out(self, count: int) -> None:
        """Let so many new walkers stand at a start, before all others: their walks are the shortest."""
        if count <= 0:
            return
        walkers = self._keys(count)
        places = all_chosen(walkers, np.zeros(count), np.full(count, len(self.starts)))
        rows = self._start_rows.reshape(-1, self.expander.words)[places].reshape(-1)
        numbers = np.arange(self.begun, self.begun + count)
        self._rows = np.concatenate([rows, self._rows])
        self._numbers = np.concatenate([numbers, self._numbers])
        self._walkers = np.concatenate([walkers, self._walkers])
        self._lengths = np.concatenate([np.zeros(count, np.int64), self._lengths])
        self.begun += count

    def _step(self) -> bool:
        """Look at where the walkers are, and let each take a step, or go home; False if there is no time for it."""
        count = len(self._numbers)
        going = int(np.searchsorted(self._lengths, self.steps))
        # Decided here, where it depends on nothing but the walks.
        room = MOST_DISTINCT - self.statistics.states
        self._counts_distinct = self._counts_distinct and count <= room
        self._picked, movers, first = [], [np.zeros(0, np.int64)], 0
        while first < count:
            if self._must_stop():
                return False
            last = min(first + self.expander.store.batch, count)
            self._visit(first, last)
            if first < going:
                movers += self._expand(first, min(last, going))
            first = last
            if self._may_grow and self.statistics.transitions > worth_compiling():
                self._compile()
        moved = np.concatenate(movers)
        self.statistics.cut += count - going
        self.statistics.depth = max(self.statistics.depth, int(self._lengths[-1]))
        self.done += count - len(moved)
        self.taken += len(moved)
        self._rows = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in self._picked)])
        self._numbers, self._walkers = self._numbers[moved], self._walkers[moved]
        self._lengths = self._lengths[moved] + 1
        return True

    def _visit(self, first: int, last: int) -> None:
        """Look up what the properties say of states where walkers are, and count those that are new."""
        expander, words = self.expander, self.expander.words
        wanted = [int(self._may_matter(prop, first, last)) for prop in expander.tries.of_states]
        for prop, at in expander.judging.judge(self._rows, first, last, wanted):
            self._note(prop, self._sighting(at))
        if not self._counts_distinct:
            return
        rows = self._rows[first * words : last * words]
        ((fresh, _, stops),) = expander.store.insert([(rows, last - first)], words)
        new = rows.reshape(-1, words)[fresh[: stops[-1]]]
        self.statistics.states += len(new)
        expander.states = self.statistics.states
        word, shift, bits = expander.tables.layout.places[len(expander.tables.nodes)]
        around = np.bincount((new[:, word] >> shift) & ((1 << bits) - 1), minlength=len(self._spent))
        around[: len(self._spent)] += self._spent
        self._spent = around

    def _may_matter(self, prop: Property, first: int, last: int) -> bool:
        """Return whether a property of states is to be looked up: not if a shorter walk has shown it already."""
        if prop.kind in (PropertyKind.NO_DEADLOCK, PropertyKind.RECOVERABLE):
            return False
        if prop.when is not None or prop not in self.found:
            return True
        if self.found[prop].length >= self._lengths[first]:
            return True
        if prop.kind is not PropertyKind.POSSIBLE:
            self.expander.judging.premises[prop] += last - first
        return False

    def _expand(self, first: int, last: int) -> list[Any]:
        """Let walkers take a step; return which did, and add the rows where they are now to those that are picked."""
        expander = self.expander
        expander.generate(lambda: self._rows, first, last)
        self.statistics.transitions = expander.transitions
        words, movers = expander.words, []
        for lane in expander.lanes:
            for prop, at, ordinal in expander.steps_found(lane):
                self._note(prop, self._sighting(at, ordinal))
            ends = lane.first + lane.ends[: lane.work[codes.ENDS]]
            if len(ends):
                self._end(ends)
            moved = np.setdiff1d(np.arange(lane.first, lane.last), ends, assume_unique=True)
            movers.append(moved)
            self._pick(lane, moved, words)
        return movers

    def _pick(self, lane: Lane, moved: Any, words: int) -> None:
        """Choose one of its successors for each walker that goes on."""
        begins = lane.begins[: lane.states + 1]
        here = moved - lane.first
        made = int(lane.work[codes.SUCCESSORS])
        actions = self.expander.tables.actions
        self._kinds += [kind_of(action) for action in actions[len(self._kinds) :]]
        kinds = np.array(self._kinds, np.int64)[lane.made[:made]]
        places = steps_taken(
            self._walkers[moved],
            self._lengths[moved] + 1,
            kinds,
            begins[here],
            begins[here + 1],
            self.fault_rate,
        )
        self._picked.append((lane.out[: made * words].reshape(-1, words)[places].reshape(-1), len(moved)))

    def _end(self, ends: Any) -> None:
        """Note that walks came to where nothing but faults can happen."""
        self.statistics.ends += len(ends)
        if any(self._wanted_at_ends):
            expander = self.expander
            rows = self._rows.reshape(-1, expander.words)[ends].reshape(-1)
            for prop, at in expander.judging.judge(
                rows, 0, len(ends), self._wanted_at_ends, is_counted=False
            ):
                self._note(prop, self._sighting(int(ends[at])))

    def _sighting(self, at: int, ordinal: int = -1) -> Sighting:
        length = int(self._lengths[at]) + (ordinal >= 0)
        return Sighting(length, int(self._numbers[at]), int(self._walkers[at]), ordinal)

    def _compile(self) -> None:
        """Go on with the compiled kernel, if this machine can."""
        self._may_grow = False
        try:
            store = CompiledStore(self._threads)
        except ImportError:
            return
        plain = self.expander.store
        assert isinstance(plain, PlainStore)
        store.insert([plain.rows()], self.expander.words)
        self.expander.use(store)

    def _relaid(self, repacked: Repack) -> None:
        """Write the rows that are kept in a new layout."""
        self._start_rows = repacked(self._start_rows, len(self.starts))
        self._rows = repacked(self._rows, len(self._numbers))
        self._picked = [(repacked(rows, count), count) for rows, count in self._picked]

    def _finish(self) -> None:
        """Turn what was counted in numbers into statistics."""
        statistics, expander = self.statistics, self.expander
        tell_counts(statistics, expander, self._spent)
        statistics.memory = int(expander.store.nbytes)
        super()._finish()


class ReferenceWalks(Walks):
    """The same walks under the plain semantics, one after the other; also through plain transition systems."""

    def __init__(self, system: Any, properties: Sequence[Property] = (), **options: Any) -> None:
        super().__init__(system, properties, **options)
        self._seen: set[Any] = set()
        self._spent: Callable[[Any], Iterable[str]] = getattr(system, "spent", lambda _: ())
        self._by_kind = {kind: [p for p in self.properties if p.kind is kind] for kind in PropertyKind}
        self._steps = Exploration(system)._steps
        """The steps of a state, and complaints if they are none."""

    def _walk(self) -> None:
        starts = list(self.system.initial())
        for start in starts:
            _check_hashable(start)
        self.starts = list(dict.fromkeys(starts))
        self.statistics.starts = len(self.starts)
        while self.starts and self.begun < self.walks:
            key = int(self._keys(1)[0])
            self.begun += 1
            state, length = self.starts[chosen(key, 0, len(self.starts))], 0
            while True:
                if self._must_stop():
                    return
                moving = self._visit(state, Sighting(length, self.begun - 1, key))
                if not moving:
                    break
                length += 1
                self.taken += 1
                _, state = moving[self._taken(key, length, [action for action, _ in moving])]
            self.done += 1
            self.statistics.depth = max(self.statistics.depth, length)

    def _visit(self, state: Any, here: Sighting) -> list[tuple[Any, Any]]:
        """Look at where a walk is; return the steps by which it may go on."""
        self._judge(state, here)
        if here.length >= self.steps:
            self.statistics.cut += 1
            return []
        moving, is_end = [], True
        for ordinal, (action, after) in enumerate(self._steps(state)):
            self.statistics.transitions += 1
            self.statistics.count(action)
            for prop in self._by_kind[PropertyKind.EVERY_STEP]:
                if prop.is_premise_met(state, action, after):
                    self.statistics.premises[prop.name] += 1
                    if prop.judge(state, action, after) is not None:
                        self._note(prop, Sighting(here.length + 1, here.walk, here.key, ordinal))
            if after != state:
                moving.append((action, after))
                is_end = is_end and getattr(action, "is_fault", False)
        if not is_end:
            return moving
        self.statistics.ends += 1
        for prop in self._by_kind[PropertyKind.NO_DEADLOCK]:
            if prop.judge(state) is not None:
                self._note(prop, here)
        return []

    def _judge(self, state: Any, here: Sighting) -> None:
        if self._counts_distinct and state not in self._seen:
            self._counts_distinct = len(self._seen) < MOST_DISTINCT
            self._seen.add(state)
            self.statistics.states = len(self._seen)
            self.statistics.spent.update(self._spent(state))
        for prop in [*self._by_kind[PropertyKind.ALWAYS], *self._by_kind[PropertyKind.NEVER]]:
            if prop.is_premise_met(state):
                self.statistics.premises[prop.name] += 1
                if prop.judge(state) is not None:
                    self._note(prop, here)
        for prop in self._by_kind[PropertyKind.POSSIBLE]:
            if prop.judge(state) is None:
                self._note(prop, here)


def walk(
    system: Any,
    properties: Sequence[Property] = (),
    *,
    engine: str = "auto",
    threads: int = 1,
    **options: Any,
) -> Walks:
    """Walk through a system on an engine, as ``explore`` searches it; the options are those of ``Walks``.

    Raises:
        UsageError: for a number of walks or of steps, or a rate of faults, that makes no sense.
        ModelError: if the model breaks a rule of the language.
    """
    for name, least in (("walks", 1), ("steps", 1), ("seed", 0)):
        number = options.get(name, least)
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise UsageError(f"{name} must be a whole number, {least} or more, not {number}.")
    rate = options["fault_rate"]
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 <= rate <= 1:
        raise UsageError(f"fault_rate must be a number from 0 to 1, not {rate}.")
    if not isinstance(system, System) or engine == "reference":
        return ReferenceWalks(system, properties, **options).run()
    return TableWalks(system, properties, engine=engine, threads=threads, **options).run()
