"""Taking in batches beside their generation: while one thread waits for the model, the other goes on.

Batches go through the same stages in the same order, and how far the one may be ahead of the other does not depend on
how quick they are; so neither does anything that is found.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define

from .lanes import Lane

AHEAD = 4
"""So many batches may be in the works at once: one that is generated, one that is taken in, and some between."""
BRIEF = 1e-3
"""For so many seconds at most one thread runs Python while another waits to; by default it is 5 times as long."""


@define(eq=False)
class Batch:
    """Rows of a level that are expanded together."""

    first: int
    last: int
    """The number of the row behind the last."""
    lanes: list[Lane]
    """What came out."""
    fresh: Any = None
    """Which of that was new, as ``Store.insert`` tells it."""


class Pace:
    """What is known of the batches of a level however quick either side is.

    Args:
        visited: how many states had been visited when the level began.
    """

    def __init__(self, visited: int) -> None:
        self._visited = [visited]
        """How many had been when so many batches had been taken in."""
        self._successors: list[int] = []
        """How many successors each batch has that was generated."""

    def generated(self, successors: int) -> None:
        """Note that another batch was generated, which has so many."""
        self._successors.append(successors)

    def taken(self, visited: int) -> None:
        """Note that another was taken in, and how many states had been visited then."""
        self._visited.append(visited)

    @property
    def visited(self) -> int:
        """How many states have been visited for certain when the next batch is generated."""
        return self._visited[max(0, len(self._successors) - AHEAD + 1)]

    @property
    def most_visited(self) -> int:
        """How many will have been at most, when all that were generated are taken in."""
        first = max(0, len(self._successors) - AHEAD)
        return self._visited[first] + sum(self._successors[first:])


class Pipeline:
    """Takes batches through stages, on a thread of its own and on the one that waits for them.

    A stage takes one batch after the other, in their order; different stages may work at once.

    Args:
        stages: what each does with a batch.
    """

    def __init__(self, *stages: Callable[[Batch], None]) -> None:
        self._stages = stages
        self._changed = threading.Condition()
        """Held for a look at what follows, never while anything is done; told of every change."""
        self._queues: list[deque[tuple[int, Batch]]] = [deque() for _ in stages]
        self._busy: list[int | None] = [None for _ in stages]
        """The thread that is at work on each stage."""
        self._added = self._left = 0
        """How many batches were added, and how many of them are not through."""
        self._failure: tuple[int, BaseException] | None = None
        """The number of the first batch with which something went wrong, and what that was."""
        self._has_failed = self._is_closed = False
        self._offer: Callable[[], None] | None = None
        self._helper: threading.Thread | None = None

    def add(self, batch: Batch) -> None:
        """Have a batch taken through the stages; wait until there is room for one more."""
        if self._helper is None:
            self._helper = threading.Thread(target=self._help, daemon=True)
            self._helper.start()
        with self._changed:
            if not self._has_failed:
                self._queues[0].append((self._added, batch))
                self._added += 1
                self._left += 1
                self._changed.notify_all()
        self._let_finish(AHEAD - 1)

    def let_finish(self) -> None:
        """Wait until all are through. What went wrong with one is raised here, and those behind it are left out."""
        self._let_finish(0)

    def share(self, mine: Callable[[], None], others: Callable[[], None]) -> None:
        """Do two things, the second at the same time if the helper has nothing else to do meanwhile."""
        if self._helper is None:
            mine()
            others()
            return
        done = threading.Event()
        failures: list[BaseException] = []

        def offer() -> None:
            try:
                others()
            except BaseException as error:
                failures.append(error)
            finally:
                done.set()

        with self._changed:
            self._offer = offer
            self._changed.notify_all()
        try:
            mine()
        finally:
            with self._changed:
                is_left, self._offer = self._offer is offer, None
            if not is_left:
                done.wait()
        if is_left:
            others()
        if failures:
            raise failures[0]

    def close(self) -> None:
        """End the thread."""
        if self._helper is not None:
            with self._changed:
                self._is_closed = True
                self._changed.notify_all()
            self._helper.join()
            self._helper = None

    def _let_finish(self, left: int) -> None:
        try:
            while (work := self._work_until(left)) is not None:
                work()
        except KeyboardInterrupt:
            self._leave_out_all()
            raise

    def _work_until(self, left: int) -> Callable[[], None] | None:
        """Return what the thread that waits is to do meanwhile; None when no more than so many batches are left."""
        with self._changed:
            while self._left > (left if self._failure is None else 0):
                work = self._next_work()
                if work is not None:
                    return work
                self._changed.wait()
            if self._failure is not None:
                (_, failure), self._failure = self._failure, None
                raise failure
        return None

    def _leave_out_all(self) -> None:
        """Leave out whatever is not being done elsewhere: an interrupt may have come anywhere."""
        with self._changed:
            self._has_failed = True
            for queue in self._queues:
                queue.clear()
            here = threading.get_ident()
            self._busy = [None if thread == here else thread for thread in self._busy]
            self._left = sum(thread is not None for thread in self._busy)

    def _next_work(self) -> Callable[[], None] | None:
        """Return what is to be done next, if anything can be; what is for the oldest batch comes first."""
        for stage in reversed(range(len(self._stages))):
            queue = self._queues[stage]
            if queue and self._busy[stage] is None:
                self._busy[stage] = threading.get_ident()
                number, batch = queue.popleft()
                return lambda: self._take(stage, number, batch)
        return None

    def _take(self, stage: int, number: int, batch: Batch) -> None:
        failure = None
        try:
            self._stages[stage](batch)
        except BaseException as error:
            failure = error
        with self._changed:
            self._busy[stage] = None
            if failure is not None:
                self._has_failed = True
                if self._failure is None or number < self._failure[0]:
                    self._failure = number, failure
                for queue in self._queues:
                    while queue and queue[-1][0] > self._failure[0]:
                        queue.pop()
                        self._left -= 1
            is_left_out = self._failure is not None and number > self._failure[0]
            if failure is None and stage + 1 < len(self._stages) and not is_left_out:
                self._queues[stage + 1].append((number, batch))
            else:
                self._left -= 1
            self._changed.notify_all()

    def _help(self) -> None:
        while True:
            with self._changed:
                while (work := self._next_work()) is None and self._offer is None:
                    if self._is_closed:
                        return
                    self._changed.wait()
                if work is None:
                    work, self._offer = self._offer, None
            assert work is not None
            work()


@contextmanager
def brief_turns() -> Iterator[None]:
    """Have Python change between threads more often for a while, so that the kernel need not wait long for its turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, BRIEF))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
