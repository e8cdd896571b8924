"""The guarantees of sessions, on a recorded history (Terry et al., "Session guarantees for weakly consistent
replicated data", PDIS 1994, section 3).

A history is one of reads (``read``, ``get``) and writes (``write``, ``put``) of keys. Every value is written only once
for a key, so that a read tells which write it saw. A client is a session. Which of two writes of a key is the later one
is told by ``order``; by default it is the one that began later, where writes of a key did not overlap.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from everyway.models.language.errors import UsageError
from everyway.models.language.naming import shown

from .checker import Judgement
from .history import History, Operation

Order = Mapping[Hashable, Sequence[Any]]
"""For each key its values, oldest first."""
_READS, _WRITES = ("read", "get"), ("write", "put")


class _Versions:
    """Which version of its key each operation wrote or saw: 0 is the value at the start."""

    def __init__(self, history: History, order: Order | None) -> None:
        self.history = history
        self._age: dict[tuple[Hashable, Any], int] = {}
        writes: dict[Hashable, list[Operation]] = {}
        for one in history:
            if one.call.name in _WRITES:
                writes.setdefault(one.call.key, []).append(one)
            elif one.call.name not in _READS:
                raise UsageError(f"guarantees of sessions are about reads and writes, not {one}.")
        for key, own in writes.items():
            values = self._ordered(key, own) if order is None else list(order.get(key, ()))
            for age, value in enumerate(values, 1):
                self._age[key, value] = age
            for one in own:
                if (key, one.call.argument) not in self._age:
                    raise UsageError(
                        f"the order of the writes of {shown(key)} lacks {shown(one.call.argument)}."
                    )

    @staticmethod
    def _ordered(key: Hashable, writes: Sequence[Operation]) -> list[Any]:
        values = [one.call.argument for one in writes]
        if len(set(values)) < len(values):
            raise UsageError(
                f"a value of {shown(key)} is written twice, so that reads do not tell what they saw."
            )
        for one, later in itertools.pairwise(writes):
            touch = one.returned == later.invoked and one.call.client != later.call.client
            if one.returned is None or one.returned > later.invoked or touch:
                raise UsageError(
                    f"{one} and {later} overlap: say which is the later one, by order={{key: [values]}}."
                )
        return values

    def version(self, one: Operation) -> int:
        value = one.call.argument if one.call.name in _WRITES else one.result
        return self._age.get((one.call.key, value), 0)

    def pairs(self, earlier: Sequence[str], later: Sequence[str]) -> Iterator[tuple[Operation, Operation]]:
        """Yield pairs of operations of these kinds, in the order in which one client did them."""
        for own in self.history.by_client().values():
            done = [one for one in own if one.is_complete or one.call.name in _WRITES]
            for k, second in enumerate(done):
                if second.call.name in later:
                    for first in done[:k]:
                        if first.call.name in earlier:
                            yield first, second


def _judged(versions: _Versions, earlier: Sequence[str], later: Sequence[str]) -> Judgement:
    for first, second in versions.pairs(earlier, later):
        if first.call.key == second.call.key and versions.version(second) < versions.version(first):
            return Judgement(False, (), (first, second), f"{second} comes after {first}, but is older")
    return Judgement(True)


def read_your_writes(history: History, order: Order | None = None) -> Judgement:
    """Decide whether no client reads an older value than it has written before."""
    return _judged(_Versions(history, order), _WRITES, _READS)


def monotonic_reads(history: History, order: Order | None = None) -> Judgement:
    """Decide whether no client reads an older value than it has read before."""
    return _judged(_Versions(history, order), _READS, _READS)


def monotonic_writes(history: History, order: Order | None = None) -> Judgement:
    """Decide whether each client's writes took effect in the order in which it did them.

    Those of one key by ``order``. Of several keys: who has read the later write does not read an older value of the
    other key than the earlier write afterwards.
    """
    versions = _Versions(history, order)
    judgement = _judged(versions, _WRITES, _WRITES)
    return judgement if not judgement else _seen_in_order(versions, _WRITES)


def writes_follow_reads(history: History, order: Order | None = None) -> Judgement:
    """Decide whether each write took effect after the writes that its client had read before.

    Of one key by ``order``. Of several keys: who has read the write does not read an older value afterwards than its
    writer had read before.
    """
    versions = _Versions(history, order)
    judgement = _judged(versions, _READS, _WRITES)
    return judgement if not judgement else _seen_in_order(versions, _READS)


def _seen_in_order(versions: _Versions, earlier: Sequence[str]) -> Judgement:
    for cause, write in versions.pairs(earlier, _WRITES):
        if cause.call.key == write.call.key:
            continue
        for seen, later in versions.pairs(_READS, _READS):
            saw_it = seen.call.key == write.call.key and versions.version(seen) == versions.version(write)
            if (
                saw_it
                and later.call.key == cause.call.key
                and versions.version(later) < versions.version(cause)
            ):
                reason = f"{later} comes after {seen}, but is older than {cause}, which came before {write}"
                return Judgement(False, (), (seen, later), reason)
    return Judgement(True)
