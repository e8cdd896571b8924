"""Histories: which operations clients began and ended, and in which order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from attrs import evolve, field, frozen

from everyway.models.language.errors import UsageError
from everyway.models.language.naming import shown


@frozen
class Call:
    """What a client asks of an object, e.g. ``Call("A", "write", 3)``, or of one of its keys."""

    client: str
    name: str
    argument: Any = None
    key: Hashable = None

    def __str__(self) -> str:
        arguments = [shown(part) for part in (self.key, self.argument) if part is not None]
        return f"{self.client}: {self.name}({', '.join(arguments)})"


@frozen
class Invoked:
    """An event: a client begins an operation."""

    call: Call


@frozen
class Returned:
    """An event: a client's operation ends, with a result."""

    client: str
    result: Any = None


@frozen
class Gone:
    """An event: a client will never learn the result of its operation, which may yet take effect, or never."""

    client: str


Happening = Invoked | Returned | Gone


@frozen
class Operation:
    """One operation, with the times at which it began and ended."""

    call: Call
    result: Any = None
    invoked: float = 0
    returned: float | None = None
    """None if it never ended; it may or may not have taken effect, and its result says nothing."""

    @property
    def is_complete(self) -> bool:
        """Whether it ended."""
        return self.returned is not None

    def __str__(self) -> str:
        return f"{self.call} → {shown(self.result)}" if self.is_complete else f"{self.call} → ?"


def _sorted(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    return tuple(sorted(operations, key=lambda one: one.invoked))


@frozen
class History:
    """The operations of one run, in the order in which they began.

    Times are only compared. Intervals are closed: an operation that ends at the very moment at which another one begins
    overlaps with it, as clocks are only so fine; but each client's operations come in its own order.

    Raises ``UsageError`` if an operation ends before it begins, or two of one client overlap.
    """

    operations: tuple[Operation, ...] = field(converter=_sorted)

    @operations.validator
    def _check(self, _: Any, operations: tuple[Operation, ...]) -> None:
        last: dict[str, Operation] = {}
        for one in operations:
            if one.returned is not None and one.returned < one.invoked:
                raise UsageError(f"{one} ended at {one.returned}, before it began at {one.invoked}.")
            before = last.get(one.call.client)
            if before is not None and (before.returned is None or before.returned > one.invoked):
                raise UsageError(
                    f"two operations of client {one.call.client} overlap: {before} and {one}. "
                    f"A client does one thing at a time; who never got an answer goes on under another name."
                )
            last[one.call.client] = one

    @classmethod
    def of(cls, happenings: Iterable[Happening]) -> History:
        """Return the history of some events, in the order in which they happened.

        Raises ``UsageError`` for an answer to nothing, and for a second call before the answer to the first.
        """
        pending: dict[str, Operation] = {}
        ended: list[Operation] = []
        for time, happening in enumerate(happenings):
            match happening:
                case Invoked(call):
                    if call.client in pending:
                        raise UsageError(
                            f"client {call.client} begins {call} before {pending[call.client].call} has ended."
                        )
                    pending[call.client] = Operation(call, invoked=time)
                case Returned(client, result):
                    if client not in pending:
                        raise UsageError(
                            f"client {client} got the answer {shown(result)} to nothing it had asked."
                        )
                    ended.append(evolve(pending.pop(client), result=result, returned=time))
                case Gone(client):
                    if client in pending:
                        lost = pending.pop(client)
                        name = f"{client} (gone at {time})"
                        ended.append(evolve(lost, call=evolve(lost.call, client=name)))
        return cls([*ended, *pending.values()])

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __len__(self) -> int:
        return len(self.operations)

    def by_client(self) -> dict[str, list[Operation]]:
        """Return each client's operations, in its own order."""
        found: dict[str, list[Operation]] = {}
        for one in self.operations:
            found.setdefault(one.call.client, []).append(one)
        return found
