"""Which states an object may be in, by numbers: what follows on an operation is asked of the object once.

What an object can do is little beside the search that goes through it again and again (Knossos remembers it likewise).
An object may have several answers to choose from, so sets of states are followed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from .history import Operation
from .objects import HOPELESS, SequentialObject

States = frozenset[Hashable]
NOTHING = -1
"""What follows on an answer that the object cannot give."""


class Possibilities:
    """The sets of states that an object may be in after some operations.

    Args:
        kind: the object.
        operations: what is done with it; they are spoken of by their positions.
    """

    def __init__(self, kind: SequentialObject, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self._kind = kind
        knows_clients: bool = getattr(kind, "knows_clients", True)
        is_reading = getattr(kind, "is_reading", lambda call, result: False)
        numbers: dict[Hashable, int] = {}
        self.sorts: list[int] = []
        """For each operation its sort: those of one sort do the same and got the same answer."""
        self.reads: list[bool] = []
        """For each operation whether it ended, and with that answer cannot have changed anything."""
        for one in operations:
            call, client = one.call, one.call.client if knows_clients else None
            # 1 and True are equal in Python; an object of one's own may tell them apart.
            answer = (one.is_complete, type(one.result), one.result) if one.is_complete else False
            sort = (client, call.name, call.key, type(call.argument), call.argument, answer)
            self.sorts.append(numbers.setdefault(_hashable(sort), len(numbers)))
            self.reads.append(one.is_complete and is_reading(call, one.result))
        self._sets: list[States] = []
        self._numbers: dict[States, int] = {}
        self._after: dict[tuple[int, int], int] = {}
        self._foreseen = getattr(kind, "foreseen", None)
        self.begin = self._number(frozenset([kind.begin()]))

    def _number(self, states: States) -> int:
        number = self._numbers.setdefault(states, len(self._sets))
        if number == len(self._sets):
            self._sets.append(states)
        return number

    def after(self, number: int, operation: int) -> int:
        """Return what the object may be in once an operation has given its answer; ``NOTHING`` if it cannot."""
        key = (number, self.sorts[operation])
        found = self._after.get(key)
        if found is None:
            found = self._after[key] = self._asked(self._sets[number], self.operations[operation])
        return found

    def _asked(self, states: States, operation: Operation) -> int:
        reached = frozenset(
            after
            for state in states
            for answer, after in self._kind.apply(state, operation.call)
            if not operation.is_complete or answer == operation.result
        )
        return self._number(reached) if reached else NOTHING

    def is_idle(self, number: int, operation: int) -> bool:
        """Return whether an operation can take effect at once without anything being lost.

        It changes nothing wherever it takes effect, and every state that the object may be in gives its answer. So if
        it can take effect later, it can do so now (and leave all the rest as it is).
        """
        return self.reads[operation] and self.after(number, operation) == number

    def is_vain(self, number: int, operation: int) -> bool:
        """Return whether an operation that never ended would change nothing: then it may as well never take effect."""
        return not self.operations[operation].is_complete and self.after(number, operation) == number

    def foreseen(self, number: int, operation: int, others: Sequence[int]) -> int:
        """Return what is as good as some states until an operation has got its answer; ``NOTHING`` if it never can.

        Args:
            number: what the object may be in.
            operation: one that must still get its answer.
            others: those that may take effect before.
        """
        if self._foreseen is None:
            return number
        one, more = self.operations[operation], [self.operations[k] for k in others]
        left = (self._foreseen(state, one, more) for state in self._sets[number])
        good = frozenset(state for state in left if state is not HOPELESS)
        return self._number(good) if good else NOTHING

    def answers(self, number: int, operation: int) -> list[object]:
        """Return the answers that an operation could get."""
        call = self.operations[operation].call
        return [answer for state in self._sets[number] for answer, _ in self._kind.apply(state, call)]


def _hashable(sort: Hashable) -> Hashable:
    """Return what tells a sort from others; one that cannot be compared is alike to none."""
    try:
        hash(sort)
    except TypeError:
        return object()
    return sort
