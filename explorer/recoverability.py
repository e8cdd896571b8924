"""Recoverability, AG EF in computation tree logic: from where can a goal still be reached?

Decided on the explored graph by going backwards from the goals (Clarke, Emerson & Sistla 1986, section 3).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import frozen


@frozen
class Edge:
    """One step of the explored graph."""

    target: int
    is_fault: bool = False
    is_repair: bool = False


def trapped_states(edges: Sequence[Sequence[Edge]], goals: Collection[int], *, repairs: bool) -> set[int]:
    """Return the states from which no goal can be reached.

    Args:
        edges: the steps that leave each state.
        goals: the states to be reached.
        repairs: whether the way may use steps that repair: restarts and heals. It never uses faults.
    """
    sources: list[list[int]] = [[] for _ in edges]
    for number, leaving in enumerate(edges):
        for edge in leaving:
            if not edge.is_fault and (repairs or not edge.is_repair):
                sources[edge.target].append(number)
    safe = set(goals)
    waiting = list(safe)
    while waiting:
        for source in sources[waiting.pop()]:
            if source not in safe:
                safe.add(source)
                waiting.append(source)
    return set(range(len(edges))) - safe
