"""Judging: looking up what the properties of states say of rows, on all threads.

Predicates are run for whatever their tries do not know yet. Nothing here touches the tables of a model's behaviour, so
rows may be judged while others are expanded.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from everyway.invariants.property import Property, PropertyKind

from . import codes
from .lanes import Bench
from .model_tables import ModelTables
from .store import Store
from .tries import Tries

_MARKED = (PropertyKind.RECOVERABLE, PropertyKind.ATOM)
"""Kinds of properties that states are marked with."""


def judged_kinds(properties: Sequence[Property], decided: Container[Property], *, at_ends: bool) -> list[int]:
    """Return for each property of states how it is asked: 0 not at all, 1 whether it is broken, 2 for its goals.

    ``at_ends``: of states in which nothing can happen any more; else of all that are new.
    """
    wanted = []
    for prop in properties:
        is_open = prop not in decided or (prop.when is not None and not at_ends)
        if (prop.kind is PropertyKind.NO_DEADLOCK) != at_ends:
            wanted.append(0)
        else:
            wanted.append(2 if prop.kind in _MARKED else int(is_open))
    return wanted


class Judging:
    """Looks up what properties say of rows, and counts what was said.

    Args:
        tables: the model's tables.
        tries: what is known of the properties.
        turn: held while the model is asked.
    """

    def __init__(self, tables: ModelTables, tries: Tries, turn: threading.Lock) -> None:
        self._tables, self._tries, self._turn = tables, tries, turn
        self.environments = np.zeros(1, np.int64)
        """In how many states the environment had each of its values."""
        self.premises: dict[Property, int] = dict.fromkeys(tries.of_states + tries.of_steps, 0)
        """In how many states, or on how many steps, each property's premise was true."""

    def use(self, store: Store) -> None:
        """Work with this store's kernel from now on."""
        self._store = store
        self._benches = [Bench(len(self._tries.of_states)) for _ in range(store.parts)]

    def judge(
        self,
        rows: Any,
        first: int,
        last: int,
        wanted: Sequence[int],
        marks: Any = None,
        *,
        is_counted: bool = True,
    ) -> list[tuple[Property, int]]:
        """Look up what the properties of states say of rows; return which were found broken or witnessed, and where.

        Args:
            rows: the rows; they are in the store already.
            first: the number of the first row to judge.
            last: the number of the row behind the last.
            wanted: for each property 0 if it is not asked, 1 if it is, and 2 if it only marks its goals.
            marks: takes for each row a bit for every goal that it is.
            is_counted: whether the rows count in the statistics.
        """
        size = -(-(last - first) // len(self._benches))
        shares = [
            (min(first + n * size, last), min(first + (n + 1) * size, last))
            for n in range(len(self._benches))
        ]
        self._look_up(
            rows, shares, np.array([*wanted, 0], np.int64), np.zeros(1, np.int64) if marks is None else marks
        )
        found: dict[Property, int] = {}
        for bench in self._benches:
            for p, prop in enumerate(self._tries.of_states):
                premises, state, _ = bench.tallies[p * codes.TALLY_STRIDE :][: codes.TALLY_STRIDE]
                if is_counted:
                    self.premises[prop] += int(premises)
                if state >= 0:
                    found.setdefault(prop, int(state))
            if is_counted:
                missing = len(bench.environments) - len(self.environments)
                if missing > 0:
                    self.environments = np.concatenate([self.environments, np.zeros(missing, np.int64)])
                self.environments[: len(bench.environments)] += bench.environments
        return list(found.items())

    def _look_up(self, rows: Any, shares: Sequence[tuple[int, int]], wanted: Any, marks: Any) -> None:
        view = self._store.view
        todo: dict[int, tuple[int, int, int]] = {}
        for number, (first, last) in enumerate(shares):
            self._benches[number].begin(
                last - first, len(self._tables.environment), self._tables.layout.words
            )
            if last > first:
                todo[number] = (first, last, 0)

        def work(number: int) -> None:
            if number not in todo:
                return
            bench = self._benches[number]
            first, last, again = todo[number]
            bench.work[codes.ENDS] = again
            self._store.judge(
                view(self._tables.pool.head),
                view(self._tables.pool.items),
                view(rows),
                first,
                last,
                view(bench.tallies),
                view(wanted),
                view(bench.environments),
                view(marks),
                view(bench.waiting),
                view(bench.misses),
                view(bench.work),
            )
            waiting = int(bench.work[codes.AT])
            if waiting:
                todo[number] = (0, waiting, 1)
            else:
                del todo[number]

        while todo:
            with self._turn:
                self._tries.lay_shortcuts()
            self._store.each(work, len(self._benches))
            self._learn()

    def _learn(self) -> None:
        """Run the predicates that the kernel missed."""
        stride = 4 + 2 * self._tables.layout.words
        misses: list[tuple[int, int, int, list[int]]] = []
        for bench in self._benches:
            listed = bench.misses[: bench.work[codes.MISSES] * stride].tolist()
            bench.work[codes.MISSES] = 0
            for at in range(0, len(listed), stride):
                kind, x, y = listed[at : at + 3]
                misses.append((kind, x, y, listed[at + 4 : at + stride]))
        if misses:
            with self._turn:
                self._tries.learn(misses)
