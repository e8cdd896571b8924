"""Verdicts of a search on tables, and recoverability: going backwards from the goals over rows that are expanded again.

A state is safe if a goal can be reached from it. Edges are not kept; they are many times more than states. Instead the
states that are not known to be safe are expanded again, last ones first, and are safe if a successor is. Most
models only go forward, so a sweep or two decide nearly all; what is then left is decided on its own few edges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Set
from typing import Any

import numpy as np

from everyway.explorer.liveness.deciding import decide
from everyway.explorer.liveness.distinct import distinct
from everyway.explorer.liveness.graph import NO_CLASS, GraphBuilder, StateGraph
from everyway.explorer.memory import budget, in_use, told
from everyway.explorer.verdict import Outcome, Path, Verdict
from everyway.invariants.fair_runs import ClassOf, premises_of
from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.errors import EverywayError
from everyway.models.language.fairness import fairness_classes

from . import codes
from .search import TableSearch
from .symmetry import NotSymmetricError

FORWARD_LIMIT = 20_000
"""Most states to look at beyond a trapped one for the nodes that are stuck for good."""
SWEEP = 1 << 15
BYTES_A_STEP, BYTES_A_STATE = 28, 80
"""What a promise over time takes at most where everything goes round for ever; measured at two million states."""
WORTHWHILE = 50
"""A sweep that decides less than one in so many of those that are left is the last."""


def verdicts(search: TableSearch) -> tuple[Verdict, ...]:
    """Return what a search found out about each of its properties."""
    return tuple(_verdict(search, prop) for prop in search.properties)


def _verdict(search: TableSearch, prop: Property) -> Verdict:
    if prop.kind is PropertyKind.RECOVERABLE:
        return _recoverability(search, prop)
    if prop.kind is PropertyKind.TEMPORAL:
        return _over_time(search, prop)
    if prop in search.found:
        path = search.path_to(*search.found[prop], prop)
        if prop.kind is PropertyKind.POSSIBLE:
            return Verdict(prop, Outcome.HOLDS, path, None, search.is_shortest)
        last = path[-1]
        flaw = _flaw(prop, path, is_at_start=search.found[prop][1] < 0)
        if flaw is None and search.symmetry is not None:
            raise NotSymmetricError(f"'{prop.name}' depends on what nodes are called")
        if flaw is None:
            raise EverywayError(
                f"internal error: the tables say that '{prop.name}' is violated in {last.state}, the plain semantics "
                f"says that it is not. Is its predicate a function of the state alone?"
            )
        return Verdict(prop, Outcome.VIOLATED, path, flaw, search.is_shortest)
    if not search.is_complete:
        return Verdict(prop, Outcome.UNKNOWN, why=search.told_limit)
    if prop.kind is PropertyKind.POSSIBLE:
        return Verdict(prop, Outcome.VIOLATED, broken=Broken("no reachable state satisfies it"))
    return Verdict(prop, Outcome.HOLDS)


def _flaw(prop: Property, path: Path, *, is_at_start: bool) -> Broken | None:
    """Return why the end of a path breaks a property."""
    last = path[-1]
    if prop.kind is not PropertyKind.EVERY_STEP:
        return prop.judge(last.state)
    return (
        prop.judge_start(last.state) if is_at_start else prop.judge(path[-2].state, last.action, last.state)
    )


class Trapped(Set[Hashable]):
    """The states from which a goal cannot be reached any more: a set that decodes them only when asked."""

    def __init__(self, search: TableSearch, numbers: Any) -> None:
        self._search, self._numbers = search, numbers
        self._places: set[int] = set()

    @classmethod
    def _from_iterable(cls, states: Iterable[Hashable]) -> frozenset[Hashable]:  # type: ignore[override]
        return frozenset(states)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Hashable]:
        rows, words = self._search.all_rows(), self._search.expander.words
        for number in self._numbers:
            yield self._search.expander.tables.worlds.at(rows[number * words : (number + 1) * words].tolist())

    def __contains__(self, state: object) -> bool:
        row = self._search.row_of(state)
        if row is None:
            return False
        words = self._search.expander.words
        if not self._places:
            self._places |= set(_places_of(self._search, self._numbers).tolist())
        place = int(self._search.expander.store.locate(np.array(row, np.int64), 1, words)[0])
        return place in self._places


def _places_of(search: TableSearch, numbers: Any) -> Any:
    words = search.expander.words
    rows = search.all_rows().reshape(-1, words)[numbers].reshape(-1)
    return search.expander.store.locate(rows, len(numbers), words)


def _recoverability(search: TableSearch, prop: Property) -> Verdict:
    numbers = _trapped(search, prop)
    for premise in premises_of(prop):
        concerned = search.marked(premise)
        search.statistics.premises[prop.name] = int(concerned.sum())
        numbers = numbers[concerned[numbers]]
    if not len(numbers):
        if search.is_complete:
            return Verdict(prop, Outcome.HOLDS)
        return Verdict(prop, Outcome.UNKNOWN, why=search.told_limit)
    path = search.path_to(search.nearest(numbers))
    trapped = Trapped(search, numbers)
    return Verdict(
        prop,
        Outcome.VIOLATED,
        path,
        _lasting_flaw(search, prop, path[-1].state),
        search.is_shortest,
        why=f"{len(numbers):,} of {search.statistics.states:,} states are trapped",
        trapped=trapped,
    )


def _trapped(search: TableSearch, prop: Property) -> Any:
    """Return the numbers of the states from which no goal can be reached, in ascending order."""
    words = search.expander.words
    rows = search.all_rows().reshape(-1, words)
    states = search.statistics.states
    # A state that was not expanded might lead anywhere: to be sure, it counts as one that recovers.
    pending = search.expanded_numbers()
    pending = pending[~search.marked(prop)[pending]]
    places = _places_of(search, np.arange(states))
    is_safe = np.ones(search.expander.store.extent, np.bool_)
    is_safe[places[pending]] = False
    skipped = codes.FLAG_FAULT | (0 if prop.repairs else codes.FLAG_REPAIR)
    settled = 0
    while len(pending):
        left = _sweep(search, rows, pending, places, is_safe, skipped)
        settled = len(pending) - len(left)
        pending = left
        if settled * WORTHWHILE <= len(pending):
            break
    if len(pending) and settled:
        _settle(search, rows, pending, places, is_safe, skipped)
    return pending[~is_safe[places[pending]]]


def _blocks(pending: Any) -> Iterator[Any]:
    """Yield blocks of the states, the last ones first."""
    for stop in range(len(pending), 0, -SWEEP):
        yield pending[max(0, stop - SWEEP) : stop]


def _successors(search: TableSearch, rows: Any, count: int, skipped: int) -> tuple[Any, Any]:
    """Return where the successors of rows are in the store, and where in that list each row's begin."""
    search.expander.generate_quietly(lambda: rows, 0, count, skipped)
    return search.expander.locate()


def _sweep(search: TableSearch, rows: Any, pending: Any, places: Any, is_safe: Any, skipped: int) -> Any:
    """Expand states again, and note those that have a safe successor; return the others."""
    for block in _blocks(pending):
        targets, begins = _successors(search, rows[block].reshape(-1), len(block), skipped)
        sums = np.concatenate([[0], np.cumsum(is_safe[targets])])
        saved = sums[begins[1:]] > sums[begins[:-1]]
        is_safe[places[block[saved]]] = True
    return pending[~is_safe[places[pending]]]


def _settle(search: TableSearch, rows: Any, pending: Any, places: Any, is_safe: Any, skipped: int) -> None:
    """Decide the rest on the edges among them, going backwards from those with a safe successor."""
    sources, ends = [], []
    safe_places = []
    for block in _blocks(pending):
        targets, begins = _successors(search, rows[block].reshape(-1), len(block), skipped)
        origin = np.repeat(places[block], np.diff(begins))
        leads_to_safety = is_safe[targets]
        safe_places.append(distinct(origin[leads_to_safety], len(is_safe)))
        sources.append(origin[~leads_to_safety])
        ends.append(targets[~leads_to_safety])
    source, end = np.concatenate(sources), np.concatenate(ends)
    order = np.argsort(end, kind="stable")
    source, end = source[order], end[order]
    frontier = np.concatenate(safe_places)
    while len(frontier):
        frontier = distinct(frontier[~is_safe[frontier]], len(is_safe))
        is_safe[frontier] = True
        starts, stops = np.searchsorted(end, frontier), np.searchsorted(end, frontier, side="right")
        parts = [source[start:stop] for start, stop in zip(starts, stops, strict=True) if stop > start]
        frontier = np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _over_time(search: TableSearch, prop: Property) -> Verdict:
    class_of = fairness_classes(search.system)
    if (lacking := _lacking_memory(search)) and search.graph is None:
        return Verdict(prop, Outcome.UNKNOWN, why=lacking if search.is_complete else search.told_limit)
    if search.graph is None:
        search.graph = _graph(search, class_of)
    words, tables = search.expander.words, search.expander.tables
    rows = search.all_rows()
    for premise in premises_of(prop):
        search.statistics.premises[prop.name] = int(search.marked(premise).sum())
    return decide(
        prop,
        search.graph,
        search.marked,
        lambda number: tables.worlds.at(rows[number * words : (number + 1) * words].tolist()),
        search.system,
        class_of,
        limit="" if search.is_complete else search.told_limit,
    )


def _lacking_memory(search: TableSearch) -> str:
    """Return, in words, that a promise over time cannot be decided in the memory that there may be; empty if it can."""
    statistics, limit = search.statistics, budget(search.limits.max_memory)
    needed = in_use() + statistics.transitions * BYTES_A_STEP + statistics.states * BYTES_A_STATE
    if needed <= limit:
        return ""
    return (
        f"to decide it, up to {told(needed)} of memory would be needed for {statistics.transitions:,} transitions; "
        f"there are {told(limit)}"
    )


def _graph(search: TableSearch, class_of: ClassOf) -> StateGraph:
    """Return the graph of the states, by expanding them again."""
    states, expander = search.statistics.states, search.expander
    rows = search.all_rows().reshape(-1, expander.words)
    number_at = np.full(expander.store.extent, -1, np.int32)
    number_at[_places_of(search, np.arange(states))] = np.arange(states)
    is_expanded = np.zeros(states, np.bool_)
    is_expanded[search.expanded_numbers()] = True
    builder = GraphBuilder(class_of)
    classes = np.zeros(0, np.int32)
    for first in range(0, states, SWEEP):
        block = np.flatnonzero(is_expanded[first : first + SWEEP])
        some = rows[first + block].reshape(-1)
        expander.generate_quietly(lambda: some, 0, len(block), keeps_moves=True)  # noqa: B023  done before some changes
        places, begins = expander.locate()
        actions = expander.tables.actions
        more = [
            NO_CLASS if action is None else builder.number_of(action) for action in actions[len(classes) :]
        ]
        classes = np.concatenate([classes, np.array(more, np.int32)])
        counts = np.zeros(min(SWEEP, states - first), np.int64)
        counts[block] = np.diff(begins)
        builder.add(counts, number_at[places], classes[expander.moves_made()])
    return builder.graph(is_expanded, np.arange(search.statistics.starts))


def _lasting_flaw(search: TableSearch, prop: Property, trapped: Any) -> Broken | None:
    """Return, of what can come after a trapped state, the flaw that names the fewest nodes.

    Those are stuck whatever happens; others may still come to an end.
    """
    least = prop.judge(trapped)
    seen, waiting = {trapped}, deque([trapped])
    while waiting and least is not None and len(seen) < FORWARD_LIMIT:
        for action, after in search.system.steps(waiting.popleft()):
            if after in seen or action.is_fault or (action.is_repair and not prop.repairs):
                continue
            seen.add(after)
            waiting.append(after)
            flaw = prop.judge(after)
            if flaw is not None and len(flaw.nodes) < len(least.nodes):
                least = flaw
    return least
