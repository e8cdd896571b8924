"""Causality: which steps came before which (Lamport 1978), and the rows and columns that follow from it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from .trace import Kind, Trace, TraceMessage, TraceStep

_WITHOUT_ROW = frozenset({Kind.LOSS, Kind.DROP, Kind.DUPLICATION})
_GLOBAL = frozenset({Kind.PARTITION, Kind.HEAL})
MOST_PERMUTED = 6
"""Up to this many columns the best order is found by trying all; 720 orders take some milliseconds."""


def rows(steps: Sequence[TraceStep], messages: Sequence[TraceMessage]) -> dict[int, int]:
    """Return the row of each step, by its number: its Lamport clock.

    A step is one row below the last step of its node and below the send of the message that it received.
    Barriers are below everything before them, and partitions and heals above everything after them too.
    Where steps have times, those of one time are below all of earlier ones.
    Steps of the network on a single message have no row: they are drawn on the message. A message that
    reached a node that was down keeps that node's restart far enough below for its end to lie between.
    """
    row: dict[int, int] = {}
    last: dict[str, int] = {}
    lowest = floor = 0
    now = None
    for step in steps:
        if step.time != now:
            floor, now = lowest, step.time
        if step.kind in _WITHOUT_ROW:
            if step.kind is Kind.DROP and step.message is not None:
                message = messages[step.message]
                last[message.to] = max(last.get(message.to, 0), row.get(message.sent_by, 0), floor) + 1
            continue
        above = [floor, last.get(step.node or "", 0)]
        if step.is_barrier or step.kind in _GLOBAL:
            above.append(lowest)
        if step.message is not None:
            above.append(row.get(messages[step.message].sent_by, 0))
        row[step.number] = max(above) + 1
        lowest = max(lowest, row[step.number])
        if step.kind in _GLOBAL:
            floor = lowest
        elif step.node:
            last[step.node] = row[step.number]
    return row


def happened_before(trace: Trace, number: int) -> frozenset[int]:
    """Return the causal past of a step, itself included."""
    past: set[int] = set()
    waiting = [number]
    while waiting:
        step = waiting.pop()
        if step not in past:
            past.add(step)
            waiting.extend(cause for cause in trace.steps[step - 1].causes if cause)
    return frozenset(past)


def column_order(trace: Trace) -> tuple[str, ...]:
    """Return the nodes from left to right: few walls of partitions, then short arrows, else as given."""
    given = tuple(lifeline.node for lifeline in trace.lifelines)
    splits = [step.sides for step in trace.steps if step.kind is Kind.PARTITION]
    if not splits:
        return given
    rank = {node: position for position, node in enumerate(given)}
    between = Counter((message.sender, message.to) for message in trace.messages)

    def cost(order: Sequence[str]) -> tuple[int, int, list[int]]:
        place = {node: position for position, node in enumerate(order)}
        arrows = sum(count * abs(place[a] - place[b]) for (a, b), count in between.items())
        return walls(order, splits), arrows, [rank[node] for node in order]

    if len(given) <= MOST_PERMUTED:
        return min(itertools.permutations(given), key=cost)
    best = min((_grouped(given, sides) for sides in splits), key=cost)
    while True:  # ends, as each round finds an order that costs less
        better = min(_neighbours(best), key=cost)
        if cost(better) >= cost(best):
            return best
        best = better


def walls(order: Sequence[str], splits: Sequence[Sequence[Sequence[str]]]) -> int:
    """Return between how many neighbouring columns a partition must draw a wall."""
    count = 0
    for sides in splits:
        side = {node: number for number, group in enumerate(sides) for node in group}
        count += sum(side.get(a) != side.get(b) for a, b in itertools.pairwise(order))
    return count


def _grouped(given: Sequence[str], sides: Sequence[Sequence[str]]) -> tuple[str, ...]:
    side = {node: number for number, group in enumerate(sides) for node in group}
    return tuple(sorted(given, key=lambda node: side.get(node, len(sides))))


def _neighbours(order: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the orders in which one column stands elsewhere."""
    for place, node in enumerate(order):
        rest = order[:place] + order[place + 1 :]
        for other in range(len(order)):
            if other != place:
                yield (*rest[:other], node, *rest[other:])
