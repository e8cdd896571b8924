"""Specifications: what a protocol is for, without a network, messages or failures.

Plain transition systems, to be implemented by protocols (``everyway.invariants.refinement``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import field, frozen

from everyway.models.language.message import NodeId

WORKING, PREPARED, COMMITTED, ABORTED = "working", "prepared", "committed", "aborted"
Transaction = tuple[str, ...]


def _all(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@frozen
class TransactionCommit:
    """All resource managers commit, or all abort (Gray & Lamport, "Consensus on transaction commit", 2006, section 2).

    A state is what each resource manager is: working, prepared, committed or aborted.
    """

    managers: tuple[NodeId, ...] = field(converter=_all)

    def initial(self) -> Iterator[Transaction]:
        """Yield the one start: all are working."""
        yield (WORKING,) * len(self.managers)

    def steps(self, state: Transaction) -> Iterator[tuple[str, Transaction]]:
        """Yield what one manager may do: prepare, commit once all are prepared, abort unless one has committed."""
        can_commit = all(one in (PREPARED, COMMITTED) for one in state)
        can_abort = COMMITTED not in state
        for i, name in enumerate(self.managers):
            if state[i] == WORKING:
                yield f"prepare {name}", _with(state, i, PREPARED)
            if state[i] == PREPARED and can_commit:
                yield f"commit {name}", _with(state, i, COMMITTED)
            if state[i] in (WORKING, PREPARED) and can_abort:
                yield f"abort {name}", _with(state, i, ABORTED)

    def told(self, state: Transaction) -> str:
        """Return a state in words."""
        return ", ".join(f"{name} {one}" for name, one in zip(self.managers, state, strict=True))


def _with(state: Transaction, position: int, value: str) -> Transaction:
    return (*state[:position], value, *state[position + 1 :])


@frozen
class Consensus:
    """At most one of the proposed values is chosen, and once it is, for ever (Lamport, "Paxos made simple", 2001).

    A state is the set of values that are chosen.
    """

    values: tuple[str, ...] = field(converter=_all)

    def initial(self) -> Iterator[frozenset[str]]:
        """Yield the one start: nothing is chosen."""
        yield frozenset()

    def steps(self, state: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield that a value is chosen, if none is yet."""
        if not state:
            for value in self.values:
                yield f"choose {value}", frozenset([value])

    def told(self, state: frozenset[str]) -> str:
        """Return a state in words."""
        return f"{' and '.join(sorted(state))} chosen" if state else "nothing chosen"
