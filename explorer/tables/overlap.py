"""Taking in batches on a thread of its own, while the next ones are generated: when one waits for the model, the other
goes on.

Batches are taken in one after the other, in their order, and how far the one may be ahead of the other does not depend
on how quick they are; so neither does anything that is found.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from attrs import frozen

from .lanes import Lane

AHEAD = 4
"""So many batches may be in the works at once: one that is generated, one that is taken in, and some between."""
BRIEF = 1e-3
"""For so many seconds at most one thread runs Python while another waits to; by default it is 5 times as long."""


@frozen
class Batch:
    """Rows of a level that are expanded together."""

    first: int
    last: int
    """The number of the row behind the last."""
    lanes: list[Lane]
    """What came out."""


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


class Taker:
    """Takes in batches on a thread of its own.

    Args:
        take_in: takes in one.
    """

    def __init__(self, take_in: Callable[[Batch], None]) -> None:
        self._take_in = take_in
        self._helper: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()
        self._has_failed = False

    def add(self, batch: Batch) -> None:
        """Have a batch taken in after those before it; wait until there is room for one more."""
        if self._helper is None:
            self._helper = ThreadPoolExecutor(1)
        self._waiting.append(self._helper.submit(self._take_in_next, batch))
        self._let_finish(AHEAD - 1)

    def let_finish(self) -> None:
        """Wait until all are taken in. What taking one in raises is raised here, and those behind it are left out."""
        self._let_finish(0)

    def _let_finish(self, left: int) -> None:
        while len(self._waiting) > left:
            self._waiting.popleft().result()

    def _take_in_next(self, batch: Batch) -> None:
        if self._has_failed:
            return
        try:
            self._take_in(batch)
        except BaseException:
            self._has_failed = True
            raise

    def close(self) -> None:
        """End the thread."""
        if self._helper is not None:
            self._helper.shutdown()
            self._helper = None


@contextmanager
def brief_turns() -> Iterator[None]:
    """Have Python change between threads more often for a while, so that the kernel need not wait long for its turn."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, BRIEF))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
