"""Is a recorded history linearizable, or at least sequentially consistent?"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from attrs import evolve, frozen

from everyway.models.language.naming import shown

from . import just_in_time
from .depth_first import Found, depth_first
from .history import History, Operation
from .just_in_time import JustInTime
from .objects import OVERWRITTEN, SequentialObject
from .possibilities import Possibilities
from .program_order import ProgramOrder

TOLD = 4
"""So many of the operations before one that nothing explains are told."""


@frozen
class Judgement:
    """Whether a history satisfies a consistency model, and why."""

    ok: bool
    order: tuple[Operation, ...] = ()
    """An order of the operations in which one copy gives the same answers; if there is none, that of as many as can
    be explained."""
    stuck: tuple[Operation, ...] = ()
    """If there is none: what nothing explains after that. Of linearizability this is one operation: the history
    up to its end, without it, is linearizable, and with it is not."""
    explanation: str = ""

    def __bool__(self) -> bool:
        return self.ok


def linearizable(history: History, kind: SequentialObject) -> Judgement:
    """Decide whether each operation can have taken effect at one moment between its begin and its end.

    (Herlihy & Wing, "Linearizability", TOPLAS 1990.) Operations that never ended may take effect at any time after
    they began, or never.

    >>> from everyway.invariants.consistency import Call, Invoked, Register, Returned
    >>> stale = [Invoked(Call("A", "write", 1)), Returned("A"), Invoked(Call("B", "read")), Returned("B", 0)]
    >>> linearizable(History.of(stale), Register(0)).explanation
    'after A: write(1) → none nothing explains B: read() → 0; one copy could have answered 1'
    """
    part: Callable[[Any], Hashable] = getattr(kind, "part", lambda call: None)
    parts: dict[Hashable, list[Operation]] = {}
    for one in history:
        parts.setdefault(part(one.call), []).append(one)
    order: list[Operation] = []
    for operations in parts.values():
        search, found = _linearized(operations, kind)
        if not found.is_done:
            enders = [end.waiting[0].operation for end in search.ends]
            return _blamed(operations, kind, enders, found.last[0])
        order += [operations[k] for k in found.way]
    # The orders of the parts go together; told is the one part's if there is but one.
    return Judgement(True, tuple(order) if len(parts) <= 1 else ())


def _linearized(
    operations: Sequence[Operation], kind: SequentialObject
) -> tuple[JustInTime, Found[just_in_time.Configuration]]:
    search = JustInTime(Possibilities(kind, operations))
    return search, depth_first(search.begin(), search.ahead, search.progress, len(search.ends))


def _blamed(
    operations: Sequence[Operation], kind: SequentialObject, enders: Sequence[int], passed: int
) -> Judgement:
    """Return the judgement that the first operation is to blame up to whose end there is no order.

    Args:
        operations: the operations.
        kind: the object.
        enders: those that ended, in order.
        passed: past how many ends a search for an order has come. It looked ahead, so it may have given up too early.
    """
    first, last, step = passed, len(enders) - 1, 1
    while first < last:
        middle = min(first + step, last) - 1
        if _linearized(_until(operations, enders, middle + 1), kind)[1].is_done:
            first, step = middle + 1, 2 * step
        else:
            last, step = middle, 1
    # The same without that operation's answer. Perhaps others are explained only by its having taken effect.
    stuck = operations[enders[first]]
    rest = _until(operations, enders, first, also=stuck.returned)
    place = sum(one.invoked <= stuck.returned for one in operations[: enders[first]])  # type: ignore[operator]
    possible, found = _linearized(rest, kind)
    is_taken = place in found.way
    answers = () if is_taken else possible.possibilities.answers(found.last[2], place)
    told = {shown(one) for one in answers if one is not OVERWRITTEN and one != stuck.result}
    return _unexplained(tuple(rest[k] for k in found.way), [stuck], told)


def _until(
    operations: Sequence[Operation], enders: Sequence[int], ends: int, also: float | None = None
) -> list[Operation]:
    """Return the operations that began before the last of so many ends, or by a time; those that end later have not."""
    ended = set(enders[:ends])
    time = also if also is not None else operations[enders[ends - 1]].returned
    assert time is not None
    return [
        one if k in ended else evolve(one, result=None, returned=None)
        for k, one in enumerate(operations)
        if one.invoked <= time
    ]


def sequentially_consistent(history: History, kind: SequentialObject) -> Judgement:
    """Decide whether there is one order of all operations that keeps each client's own (Lamport, IEEE ToC 1979)."""
    operations = list(history)
    own: dict[str, list[int]] = {}
    for k, one in enumerate(operations):
        own.setdefault(one.call.client, []).append(k)
    search = ProgramOrder(Possibilities(kind, operations), own.values())
    found = depth_first(search.begin(), search.ahead, search.progress, search.end)
    order = tuple(operations[k] for k in found.way)
    if found.is_done:
        return Judgement(True, order)
    left = [operations[k] for _, k in search.next_ones(found.last)]
    return _unexplained(order, [one for one in left if one.is_complete])


def _unexplained(
    order: tuple[Operation, ...], stuck: Sequence[Operation], answers: Iterable[str] = ()
) -> Judgement:
    """Return that nothing explains some operations, after all those that can be explained."""
    told = ", ".join(map(str, order[-TOLD:]))
    if len(order) > TOLD:
        told = f"{len(order):,} operations, the last of them {told},"
    lead = f"after {told} " if order else ""
    could = f"; one copy could have answered {' or '.join(sorted(answers))}" if answers else ""
    which = " or ".join(map(str, stuck))
    return Judgement(False, order, tuple(stuck), f"{lead}nothing explains {which}{could}")
