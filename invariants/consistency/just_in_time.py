"""Linearizability: operations take effect just in time, when the end of one of them demands it.

Lowe, "Testing for linearizability" (CCPE 2017), section 4, after Wing & Gong (JPDC 1993). The ends of operations are
gone through in order; whose operation has not taken effect yet must do so now, perhaps after others under way. Beyond
that: what cannot change anything takes effect as soon as its answer fits, of operations alike the first to end comes
first, what never ended takes effect only if it changes something, and the next reading must still be explainable.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush

from attrs import frozen

from .depth_first import Taken
from .history import Operation
from .possibilities import NOTHING, Possibilities

Configuration = tuple[int, int, int]
"""How many ends lie behind, which of the operations under way have taken effect (a bit for each), and what the object
may be in."""

LOOKAHEAD = 8
"""Of so many readings the first one that has not taken effect is looked at."""


@frozen
class Waiting:
    """An operation under way, when another one ends."""

    operation: int
    bit: int
    after: int
    """The bit of its client's last operation if that is under way still: times are closed intervals, so where one
    ends and the next begins at the same moment both are."""
    sort: int
    """Negative if no other is alike."""


@frozen
class End:
    """The end of an operation, and those under way then: itself first, then those that end the soonest."""

    bit: int
    waiting: tuple[Waiting, ...]


class JustInTime:
    """The configurations that a history may lead to.

    Args:
        possibilities: the operations, in the order in which they began, and what they make of the object.
    """

    def __init__(self, possibilities: Possibilities) -> None:
        self.possibilities = possibilities
        self.ends = _ends(possibilities.operations, possibilities.sorts)
        reads = possibilities.reads
        self._reading_places = [k for k, end in enumerate(self.ends) if reads[end.waiting[0].operation]]
        self._readings = [self.ends[k].waiting[0].operation for k in self._reading_places]
        self._begins = [one.invoked for one in possibilities.operations]
        self._known: dict[tuple[int, int, int], int] = {}
        self._others: dict[tuple[int, int], Sequence[int]] = {}

    def begin(self) -> Configuration:
        """Return the configuration at the start."""
        return self._passed(0, 0, self.possibilities.begin)

    def _passed(self, place: int, done: int, number: int) -> Configuration:
        """Go past the ends of operations that have taken effect."""
        while place < len(self.ends) and done & self.ends[place].bit:
            done ^= self.ends[place].bit
            place += 1
        return place, done, number

    @staticmethod
    def progress(configuration: Configuration) -> int:
        """Return how many ends lie behind."""
        return configuration[0]

    def ahead(self, configuration: Configuration) -> list[tuple[Taken, Configuration]]:
        """Return the configurations to which one operation more leads; several if they lose nothing."""
        place, done, number = configuration
        after, is_idle, is_vain = (
            self.possibilities.after,
            self.possibilities.is_idle,
            self.possibilities.is_vain,
        )
        open_ = [one for one in self.ends[place].waiting if not done & one.bit and not one.after & ~done]
        idle = [one for one in open_ if is_idle(number, one.operation)]
        if idle:
            for one in idle:
                done |= one.bit
            return [(tuple(one.operation for one in idle), self._passed(place, done, number))]
        found: list[tuple[Taken, Configuration]] = []
        met: set[int] = set()
        for one in open_:
            if one.sort in met:
                continue
            if one.sort >= 0:
                met.add(one.sort)
            then = after(number, one.operation)
            if then == NOTHING or is_vain(number, one.operation):
                continue
            then = self._foreseen(place, done | one.bit, then)
            if then != NOTHING:
                found.append(((one.operation,), self._passed(place, done | one.bit, then)))
        return found

    def _foreseen(self, place: int, done: int, number: int) -> int:
        """Return what the object may be in, or is as good, for the next reading to end; ``NOTHING`` if it is too late.

        What is wrong with an order often shows only when somebody reads; without looking ahead all orders of the
        operations under way would be gone through until then.
        """
        bits = {one.operation: one.bit for one in self.ends[place].waiting}
        first = bisect_left(self._reading_places, place)
        for at in range(first, min(first + LOOKAHEAD, len(self._readings))):
            reading = self._readings[at]
            if done & bits.get(reading, 0):
                continue
            key = (place, reading, number)
            found = self._known.get(key)
            if found is None:
                found = self.possibilities.foreseen(number, reading, self._between(place, reading))
                self._known[key] = found
            return found
        return number

    def _between(self, place: int, reading: int) -> Sequence[int]:
        """Return the operations that may yet take effect before a reading does."""
        found = self._others.get((place, reading))
        if found is None:
            waiting = [one.operation for one in self.ends[place].waiting]
            last = self.possibilities.operations[reading].returned
            assert last is not None
            later = range(max(waiting) + 1, bisect_right(self._begins, last))
            found = self._others[place, reading] = [k for k in (*waiting, *later) if k != reading]
        return found


def _ends(operations: Sequence[Operation], sorts: Sequence[int]) -> list[End]:
    """Return the ends of the operations, in order."""
    begins = [(one.invoked, 0, k) for k, one in enumerate(operations)]
    returns = [(one.returned, 1, k) for k, one in enumerate(operations) if one.returned is not None]
    order = {k: position for position, (_, _, k) in enumerate(sorted(returns))}
    last: dict[str, int] = {}
    before: dict[int, int] = {}
    """For each operation that began at the very moment at which its client's last one ended, that one."""
    for k, one in enumerate(operations):
        own = last.get(one.call.client)
        if own is not None and operations[own].returned == one.invoked:
            before[k] = own
        last[one.call.client] = k
    touching = set(before) | set(before.values())
    bits: dict[int, int] = {}
    """Those under way."""
    free: list[int] = []
    made = 0
    ends = []
    for _, is_end, k in sorted([*begins, *returns]):
        if not is_end:
            if free:
                bits[k] = heappop(free)
            else:
                bits[k] = 1 << made
                made += 1
            continue
        waiting = sorted(bits, key=lambda one: (order.get(one, len(order)), one))
        ends.append(
            End(
                bits[k],
                tuple(
                    Waiting(
                        one,
                        bits[one],
                        bits.get(before.get(one, -1), 0),
                        -1 if one in touching else sorts[one],
                    )
                    for one in waiting
                ),
            )
        )
        heappush(free, bits.pop(k))
    return ends
