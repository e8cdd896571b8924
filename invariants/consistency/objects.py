"""Sequential objects: what one copy answers to operations that come one by one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar, Protocol

from attrs import frozen

from everyway.models.language.errors import UsageError
from everyway.models.language.naming import enumerated

from .history import Call, Operation


class SequentialObject(Protocol):
    """What is to be imitated. States are hashable values.

    An object may say more of itself, which makes long histories quicker to judge:

    - ``part(call)``: what an operation is about, where parts do not touch each other;
    - ``is_reading(call, result)``: whether an operation with this answer changed nothing, whatever the state was;
    - ``knows_clients = False``: answers do not depend on who asks;
    - ``foreseen(state, reading, others)``: a state that is as good as this one, when a reading must still get its
      answer and only some other operations may take effect before; ``HOPELESS`` if it cannot.
    """

    def begin(self) -> Hashable:
        """Return the state at the start."""
        ...

    def apply(self, state: Any, call: Call) -> Iterable[tuple[Any, Hashable]]:
        """Return every answer that may be given in a state, each with the state after it; none if it must wait."""
        ...


class _Mark:
    """A value of its own."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return self._words


HOPELESS = _Mark("hopeless")
"""Instead of a state: an answer that was given cannot be given any more."""
OVERWRITTEN = _Mark("overwritten")
"""Instead of a value: nobody reads it before it is overwritten."""


def _unknown(kind: object, call: Call, *known: str) -> UsageError:
    return UsageError(
        f"{type(kind).__name__} has no operation '{call.name}'; it has {enumerated(list(known))}."
    )


@frozen
class Register:
    """A register: ``read`` gives the value, ``write(v)`` sets it, ``cas((old, new))`` sets it if it is old."""

    value: Hashable = None
    """The value at the start."""

    knows_clients: ClassVar[bool] = False

    def begin(self) -> Hashable:
        """Return the value at the start."""
        return self.value

    def is_reading(self, call: Call, result: Any) -> bool:
        """Return whether an operation with this result has changed nothing."""
        if call.name == "cas":
            old, new = call.argument
            return result is False or old == new
        return call.name == "read"

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

    knows_clients: ClassVar[bool] = False

    def begin(self) -> Hashable:
        """Return the state without any key."""
        return frozenset()

    def is_reading(self, call: Call, result: Any) -> bool:
        """Return whether an operation with this result has changed nothing."""
        return call.name == "get"

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
                if old is not OVERWRITTEN:
                    now[call.key] = call.argument if old is None else old + call.argument
            case "delete":
                now.pop(call.key, None)
            case _:
                raise _unknown(self, call, "get", "put", "append", "delete")
        return [(None, frozenset(now.items()))]

    def foreseen(self, state: Any, reading: Operation, others: Sequence[Operation]) -> Any:
        """Return what is as good as a state: if a value must be overwritten before it is read, it does not matter."""
        if reading.call.name != "get":
            return state
        value = dict(state).get(reading.call.key)
        grows = any(one.call.name == "append" for one in others)
        if _leads_to(value, reading.result, grows):
            return state
        puts = [one.call.argument for one in others if one.call.name == "put"]
        is_deleted = any(one.call.name == "delete" for one in others)
        if not is_deleted and not any(_leads_to(one, reading.result, grows) for one in puts):
            return HOPELESS
        reads = [one for one in others if one.call.name == "get" and one.is_complete]
        if any(_leads_to(value, one.result, grows) for one in reads):
            return state
        return frozenset({**dict(state), reading.call.key: OVERWRITTEN}.items())

    def part(self, call: Call) -> Hashable:
        """Return the key, whose operations can be judged by themselves."""
        return call.key


def _leads_to(value: Any, result: Any, grows: bool) -> bool:
    """Return whether a value is a result or may become it by growing; of what is neither text nor tuple it may."""
    if value is OVERWRITTEN:
        return False
    if value is None:
        return True
    if not grows:
        return bool(value == result)
    if isinstance(value, (str, tuple)) and isinstance(result, (str, tuple)):
        return result[: len(value)] == value
    return True


@frozen
class Queue:
    """A queue: ``enqueue(v)`` at one end, ``dequeue`` from the other; None if it is empty."""

    knows_clients: ClassVar[bool] = False

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

    def is_reading(self, call: Call, result: Any) -> bool:
        """Return whether an operation with this result has changed nothing."""
        return call.name == "try" and result is False

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
