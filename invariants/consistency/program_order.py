"""Sequential consistency: the operations of each client in its own order, and otherwise in any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .depth_first import Taken
from .possibilities import NOTHING, Possibilities

Configuration = tuple[int, tuple[int, ...], int]
"""How many operations that ended have taken effect, how many of each client, and what the object may be in."""


class ProgramOrder:
    """The configurations that the operations of some clients may lead to.

    Args:
        possibilities: the operations, and what they make of the object.
        own: each client's operations, by their positions.
    """

    def __init__(self, possibilities: Possibilities, own: Iterable[Sequence[int]]) -> None:
        self.possibilities = possibilities
        self._own = [tuple(some) for some in own]
        self.end = sum(one.is_complete for one in possibilities.operations)

    def begin(self) -> Configuration:
        """Return the configuration at the start."""
        return 0, (0,) * len(self._own), self.possibilities.begin

    @staticmethod
    def progress(configuration: Configuration) -> int:
        """Return how many operations that ended have taken effect."""
        return configuration[0]

    def next_ones(self, configuration: Configuration) -> list[tuple[int, int]]:
        """Return which clients have something left to do, and what comes next."""
        places = configuration[1]
        return [(c, some[places[c]]) for c, some in enumerate(self._own) if places[c] < len(some)]

    def ahead(self, configuration: Configuration) -> list[tuple[Taken, Configuration]]:
        """Return the configurations to which one operation more leads."""
        found: list[tuple[Taken, Configuration]] = []
        _, _, number = configuration
        for client, operation in self.next_ones(configuration):
            then = self.possibilities.after(number, operation)
            if then == NOTHING or self.possibilities.is_vain(number, operation):
                continue
            step = ((operation,), self._after(configuration, client, operation, then))
            if self.possibilities.is_idle(number, operation):
                return [step]
            found.append(step)
        return found

    def _after(self, before: Configuration, client: int, operation: int, then: int) -> Configuration:
        count, places, _ = before
        ended = self.possibilities.operations[operation].is_complete
        return count + ended, (*places[:client], places[client] + 1, *places[client + 1 :]), then
