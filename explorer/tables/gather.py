"""Gathering what a batch found: the rows that are new, in the order in which they were found."""

from __future__ import annotations

from typing import Any


def gather(
    out: Any,
    ordinals: Any,
    origins: Any,
    begins: Any,
    states: int,
    words: int,
    fresh: Any,
    starts: Any,
    stops: Any,
    parts: int,
    most: int,
    rows: Any,
    at: int,
    children: Any,
    kept_ordinals: Any,
    kept_origins: Any,
) -> int:
    """Copy new rows behind each other; return how many there were.

    Args:
        out: the successors of a batch of states, state by state.
        ordinals: for each its step's position among all steps of its predecessor.
        origins: for each the source of that step.
        begins: for each state the number of its first successor, and that behind the last one.
        states: how many states there are.
        words: how many words a row has.
        fresh: the numbers of the new rows: for each partition an ascending list.
        starts: where in ``fresh`` each partition's list begins.
        stops: and ends.
        parts: how many partitions there are.
        most: take no more than so many.
        rows: takes the new rows.
        at: how many rows it has.
        children: takes for each state how many of its successors were new.
        kept_ordinals: takes the new rows' ordinals.
        kept_origins: takes their origins.
    """
    found = 0
    for state in range(states):
        end = begins[state + 1]
        before = found
        while found < most:
            nearest = end
            chosen = -1
            for part in range(parts):
                if starts[part] < stops[part] and fresh[starts[part]] < nearest:
                    nearest = fresh[starts[part]]
                    chosen = part
            if chosen < 0:
                break
            starts[chosen] += 1
            for w in range(words):
                rows[(at + found) * words + w] = out[nearest * words + w]
            kept_ordinals[at + found] = ordinals[nearest]
            kept_origins[at + found] = origins[nearest]
            found += 1
        children[state] = found - before
    return found
