"""Canonical rows, in the kernel: of all rows that differ only in the names of interchangeable nodes, one is chosen.

Each node of a group gets a signature: the sum of what every component shows of it when the names of the others are
hidden. The nodes are sorted by it, by swapping neighbours. Where two have the same, swapping them must leave the row
as it is; then it does not matter which comes first. Where it does not, the row is handed to ``symmetry.py``.
"""

from __future__ import annotations

from typing import Any

from .codes import (
    ASK_SWAP,
    ASK_VIEW,
    COMPONENTS,
    LAYOUT,
    MISS,
    MISSED,
    MISSES,
    PENDING,
    S_SWAPS,
    S_VIEWS,
    SYMMETRY_COLUMNS,
    SYMMETRY_COMPONENTS,
    SYMMETRY_GROUPS,
    SYMMETRY_MAPS,
    SYMMETRY_STRIDE,
    WORDS,
)
from .judge import list_miss, raw
from .packing import MARK, extract

SIGNATURES = (1 << 61) - 1


def canonicalise(
    head_: Any,
    pool_: Any,
    out_: Any,
    todo_: Any,
    count: int,
    room_: Any,
    misses_: Any,
    work_: Any,
    unresolved_: Any,
) -> int:
    """Replace rows by the canonical ones; return how many are not done, and note which.

    Those that lack an entry of the tables are noted as a negative number, -1 less than their own; they wait for
    the misses that were listed. The others were sorted, but have ties that matter.

    Args:
        head_: where the tables are.
        pool_: the tables.
        out_: the rows.
        todo_: the numbers of the rows to do.
        count: how many those are.
        room_: room for twice as many values as there are components, and the signatures.
        misses_: takes what is to be filled in.
        work_: how many misses there are.
        unresolved_: takes the numbers of the rows that are not done.
    """
    head, pool, out, room, todo = raw(head_), raw(pool_), raw(out_), raw(room_), raw(todo_)
    misses, work, unresolved = raw(misses_), raw(work_), raw(unresolved_)
    words = head[WORDS]
    components = head[COMPONENTS]
    columns = head[SYMMETRY_COLUMNS]
    records = head[SYMMETRY_COMPONENTS]
    maps = head[SYMMETRY_MAPS]
    groups = head[SYMMETRY_GROUPS]
    layout = head[LAYOUT]
    signatures = 2 * components
    work[MISSES] = 0
    left = 0
    for number in range(count):
        k = todo[number]
        row = k * words
        values, others = 0, components
        work[MISSED] = 0
        for column in range(columns):
            room[signatures + column] = 0
        for c in range(components):
            value = extract(pool[layout + c], out, row)
            room[values + c] = value
            views = pool[records + c * SYMMETRY_STRIDE + S_VIEWS] + value * columns
            for column in range(columns):
                shown = pool[views + column]
                if shown < 0:
                    work[MISSED] = 1
                    if shown == MISS and list_miss(head, misses, work, ASK_VIEW, c, value, column):
                        pool[views + column] = PENDING
                room[signatures + column] = (room[signatures + column] + shown) & SIGNATURES
        is_sorted = False
        while not is_sorted and not work[MISSED]:
            is_sorted = True
            for column in range(columns - 1):
                # Neighbours of the same group, in the wrong order.
                if pool[groups + column] != pool[groups + column + 1]:
                    continue
                if room[signatures + column] <= room[signatures + column + 1]:
                    continue
                for c in range(components):
                    swapped = pool[
                        pool[records + c * SYMMETRY_STRIDE + S_SWAPS] + room[values + c] * columns + column
                    ]
                    if swapped < 0:
                        work[MISSED] = 1
                        if swapped == MISS and list_miss(
                            head, misses, work, ASK_SWAP, c, room[values + c], column
                        ):
                            pool[
                                pool[records + c * SYMMETRY_STRIDE + S_SWAPS]
                                + room[values + c] * columns
                                + column
                            ] = PENDING
                    room[others + pool[maps + column * components + c]] = swapped
                values, others = others, values
                kept = room[signatures + column]
                room[signatures + column] = room[signatures + column + 1]
                room[signatures + column + 1] = kept
                is_sorted = False
                if work[MISSED]:
                    break
        is_resolved = True
        for column in range(columns - 1):
            if work[MISSED] or pool[groups + column] != pool[groups + column + 1]:
                continue
            if room[signatures + column] != room[signatures + column + 1]:
                continue
            for c in range(components):
                cell = pool[records + c * SYMMETRY_STRIDE + S_SWAPS] + room[values + c] * columns + column
                swapped = pool[cell]
                if swapped < 0:
                    work[MISSED] = 1
                    if swapped == MISS and list_miss(
                        head, misses, work, ASK_SWAP, c, room[values + c], column
                    ):
                        pool[cell] = PENDING
                elif swapped != room[values + pool[maps + column * components + c]]:
                    is_resolved = False
        if work[MISSED]:
            unresolved[left] = -1 - k
            left += 1
            continue
        for w in range(words):
            out[row + w] = 0
        out[row] = MARK
        for c in range(components):
            place = pool[layout + c]
            out[row + ((place >> 6) & 0xFFF)] += room[values + c] << (place & 63)
        if not is_resolved:
            unresolved[left] = k
            left += 1
    return left
