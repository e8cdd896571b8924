"""Is a recorded history linearizable, or at least sequentially consistent?

Wing & Gong, "Testing and verifying concurrent objects" (JPDC 1993), with Lowe's memory of what was tried: the set of
operations done and the object's state ("Testing for linearizability", CCPE 2017). Objects may have several answers to
choose from, so sets of states are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from attrs import frozen

from .history import History, Operation
from .objects import SequentialObject

States = frozenset[Hashable]


@frozen
class Judgement:
    """Whether a history satisfies a consistency model, and why."""

    ok: bool
    order: tuple[Operation, ...] = ()
    """An order of the operations in which one copy gives the same answers; if there is none, the longest begin of one
    that was found."""
    stuck: tuple[Operation, ...] = ()
    """If there is none: the operations none of which can come next after that."""
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
    'after A: write(1) → none nothing explains B: read() → 0'
    """
    part: Callable[[Any], Hashable] = getattr(kind, "part", lambda call: None)
    parts: dict[Hashable, list[Operation]] = {}
    for one in history:
        parts.setdefault(part(one.call), []).append(one)
    order: list[Operation] = []
    for operations in parts.values():
        judgement = _searched(operations, kind, _in_time(operations))
        if not judgement.ok:
            return judgement
        order += judgement.order
    # The orders of the parts go together; told is the one part's if there is but one.
    return Judgement(True, tuple(order) if len(parts) <= 1 else ())


def sequentially_consistent(history: History, kind: SequentialObject) -> Judgement:
    """Decide whether there is one order of all operations that keeps each client's own (Lamport, IEEE ToC 1979)."""
    operations = list(history)
    number = {id(one): k for k, one in enumerate(operations)}
    first: list[int] = [0] * len(operations)
    """For each operation those that must come before it: all its client's earlier ones."""
    for own in history.by_client().values():
        before = 0
        for one in own:
            first[number[id(one)]] = before
            before |= 1 << number[id(one)]

    def ready(done: int) -> Iterator[int]:
        for k in range(len(operations)):
            if not done >> k & 1 and first[k] & ~done == 0:
                yield k

    return _searched(operations, kind, ready)


def _in_time(operations: Sequence[Operation]) -> Callable[[int], Iterator[int]]:
    """Return what tells which operations may come next: those that began before any other one left has ended."""
    infinity = float("inf")

    def ready(done: int) -> Iterator[int]:
        # Operations are sorted by their begin; those before the first one left are done.
        first = (~done & (done + 1)).bit_length() - 1
        deadline = infinity
        for k in range(first, len(operations)):
            if done >> k & 1:
                continue
            one = operations[k]
            if one.invoked >= deadline:
                return
            yield k
            deadline = min(deadline, infinity if one.returned is None else one.returned)

    return ready


def _searched(
    operations: Sequence[Operation], kind: SequentialObject, ready: Callable[[int], Iterator[int]]
) -> Judgement:
    """Look for an order, depth first; ``ready`` tells which may come next when some are done, as bits of a number."""
    must = sum(1 << k for k, one in enumerate(operations) if one.is_complete)
    begin: States = frozenset([kind.begin()])
    tried: set[tuple[int, States]] = {(0, begin)}
    way: list[int] = []
    best: list[int] = []
    stack: list[tuple[int, States, Iterator[int]]] = [(0, begin, ready(0))]
    if must == 0:
        return Judgement(True)
    while stack:
        done, states, candidates = stack[-1]
        for k in candidates:
            after = _after(kind, states, operations[k])
            place = (done | 1 << k, after)
            if not after or place in tried:
                continue
            tried.add(place)
            way.append(k)
            if len(way) > len(best):
                best = list(way)
            if must & ~place[0] == 0:
                return Judgement(True, tuple(operations[j] for j in way))
            stack.append((*place, ready(place[0])))
            break
        else:
            stack.pop()
            if way:
                way.pop()
    done = sum(1 << k for k in best)
    order = tuple(operations[k] for k in best)
    stuck = tuple(operations[k] for k in ready(done) if operations[k].is_complete)
    lead = f"after {', '.join(map(str, order))} " if order else ""
    return Judgement(False, order, stuck, f"{lead}nothing explains {' or '.join(map(str, stuck))}")


def _after(kind: SequentialObject, states: States, operation: Operation) -> States:
    """Return the states that an object may be in when it has given the answer that was given."""
    return frozenset(
        after
        for state in states
        for result, after in kind.apply(state, operation.call)
        if not operation.is_complete or result == operation.result
    )
