"""Gathering what a batch found: the rows that are new, in the order in which they were found."""

from __future__ import annotations

from typing import Any

from .judge import raw


def gather(
    out_: Any,
    ordinals_: Any,
    origins_: Any,
    begins_: Any,
    states: int,
    words: int,
    fresh_: Any,
    starts_: Any,
    stops_: Any,
    parts: int,
    most: int,
    rows_: Any,
    at: int,
    children_: Any,
    kept_ordinals_: Any,
    kept_origins_: Any,
) -> int:
    """Copy new rows behind each other; return how many there were.

    Args:
        out_: the successors of a batch of states, state by state.
        ordinals_: for each its step's position among all steps of its predecessor.
        origins_: for each the source of that step.
        begins_: for each state the number of its first successor, and that behind the last one.
        states: how many states there are.
        words: how many words a row has.
        fresh_: the numbers of the new rows: for each partition an ascending list.
        starts_: where in ``fresh_`` each partition's list begins.
        stops_: and ends.
        parts: how many partitions there are.
        most: take no more than so many.
        rows_: takes the new rows.
        at: how many rows it has.
        children_: takes for each state how many of its successors were new.
        kept_ordinals_: takes the new rows' ordinals.
        kept_origins_: takes their origins.
    """
    out, ordinals, origins, begins, fresh = (
        raw(out_),
        raw(ordinals_),
        raw(origins_),
        raw(begins_),
        raw(fresh_),
    )
    starts, stops, rows, children = raw(starts_), raw(stops_), raw(rows_), raw(children_)
    kept_ordinals, kept_origins = raw(kept_ordinals_), raw(kept_origins_)
    found = 0
    if parts == 1:
        # Most often so, and much quicker without a choice to make.
        k = starts[0]
        stop = stops[0]
        if stop - k > most:
            stop = k + most
        for state in range(states):
            end = begins[state + 1]
            before = found
            while k < stop and fresh[k] < end:
                place = fresh[k] * words
                for w in range(words):
                    rows[(at + found) * words + w] = out[place + w]
                kept_ordinals[at + found] = ordinals[fresh[k]]
                kept_origins[at + found] = origins[fresh[k]]
                found += 1
                k += 1
            children[state] = found - before
        return found
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
