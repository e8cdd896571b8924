"""Sequential objects: what one copy answers to operations that come one by one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Protocol

from attrs import frozen

from everyway.models.language.errors import UsageError
from everyway.models.language.naming import enumerated

from .history import Call


class SequentialObject(Protocol):
    """What is to be imitated. States are hashable values."""

    def begin(self) -> Hashable:
        """Return the state at the start."""
        ...

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return every answer that may be given in a state, each with the state after it; none if it must wait."""
        ...


def _unknown(kind: object, call: Call, *known: str) -> UsageError:
    return UsageError(
        f"{type(kind).__name__} has no operation '{call.name}'; it has {enumerated(list(known))}."
    )


@frozen
class Register:
    """A register: ``read`` gives the value, ``write(v)`` sets it, ``cas((old, new))`` sets it if it is old."""

    value: Hashable = None
    """The value at the start."""

    def begin(self) -> Hashable:
        """Return the value at the start."""
        return self.value

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return the one answer and the value after it."""
        match call.name:
            case "read":
                return [(state, state)]
            case "write":
                return [(None, call.argument)]
            case "cas":
                old, new = call.argument
                return [(True, new)] if state == old else [(False, state)]
        raise _unknown(self, call, "read", "write", "cas")


@frozen
class KeyValue:
    """Registers by key: ``get``, ``put(v)``, ``append(v)`` to a string or tuple, ``delete``; absent keys are None.

    Keys do not touch each other, so a history is linearizable exactly if that of each key is (Herlihy & Wing 1990,
    section 3.2).
    """

    def begin(self) -> Hashable:
        """Return the state without any key."""
        return frozenset()

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return the one answer and the state after it."""
        now = dict(state)
        old = now.get(call.key)
        match call.name:
            case "get":
                return [(old, state)]
            case "put":
                now[call.key] = call.argument
            case "append":
                now[call.key] = call.argument if old is None else old + call.argument
            case "delete":
                now.pop(call.key, None)
            case _:
                raise _unknown(self, call, "get", "put", "append", "delete")
        return [(None, frozenset(now.items()))]

    def part(self, call: Call) -> Hashable:
        """Return the key, whose operations can be judged by themselves."""
        return call.key


@frozen
class Queue:
    """A queue: ``enqueue(v)`` at one end, ``dequeue`` from the other; None if it is empty."""

    def begin(self) -> Hashable:
        """Return the empty queue."""
        return ()

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return the one answer and the queue after it."""
        match call.name:
            case "enqueue":
                return [(None, (*state, call.argument))]
            case "dequeue":
                return [(state[0], state[1:])] if state else [(None, state)]
        raise _unknown(self, call, "enqueue", "dequeue")


@frozen
class Lock:
    """A lock: ``acquire`` waits until it is free, ``try`` says whether it got it, ``release`` is for its holder."""

    def begin(self) -> Hashable:
        """Return that nobody holds it."""
        return None

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return the answers and who holds the lock then."""
        match call.name:
            case "acquire":
                return [(None, call.client)] if state is None else []
            case "try":
                return [(True, call.client)] if state is None else [(False, state)]
            case "release":
                return [(None, None)] if state == call.client else []
        raise _unknown(self, call, "acquire", "try", "release")
