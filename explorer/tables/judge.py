"""Looking up what properties say: tries over packed rows, in the kernel."""

from __future__ import annotations

from typing import Any

from .codes import (
    ASK_STATE,
    AT,
    DONE,
    ENDS,
    LAYOUT,
    LEAF,
    MISS,
    MISS_ROOM,
    MISSES,
    NODE_COUNT,
    PENDING,
    PROJECTIONS,
    REASON,
    SAYS_FOUND,
    SAYS_PREMISE,
    SHORTCUT_STRIDE,
    SHORTCUTS,
    STATE_PROPERTIES,
    STATE_ROOTS,
    T_PREMISES,
    T_STATE,
    TALLY_STRIDE,
    TRIE_CAPACITY,
    TRIE_CHILDREN,
    TRIE_COMPONENT,
    TRIE_PROJECTION,
    TRIE_SIDE,
    TRIE_STRIDE,
    TRIES,
    WORDS,
    WORK_SIZE,
)
from .packing import extract, gathered


def raw(array: Any) -> Any:
    """Return an array to index; compiled it is a bare pointer, which is quicker and has no negative indices."""
    return array


def list_miss(head: Any, misses: Any, work: Any, kind: int, x: int, y: int, z: int) -> bool:
    """Note a miss; return whether there was room for it."""
    if work[MISSES] >= work[MISS_ROOM]:
        return False
    base = work[MISSES] * (4 + 2 * head[WORDS])
    misses[base] = kind
    misses[base + 1] = x
    misses[base + 2] = y
    misses[base + 3] = z
    work[MISSES] += 1
    return True


def walk(head: Any, pool: Any, slot: Any, one: Any, at: int, other: Any, there: int) -> Any:
    """Return where in the pool a property's verdict on a row (or on a step between two) is to be found.

    ``slot`` is where its trie is rooted. What is found there is a leaf, or a miss.
    """
    layout = head[LAYOUT]
    node = pool[slot]
    while node >= 0:
        entry = head[TRIES] + node * TRIE_STRIDE
        place = pool[layout + pool[entry + TRIE_COMPONENT]]
        value = extract(place, one, at) if pool[entry + TRIE_SIDE] == 0 else extract(place, other, there)
        projection = pool[entry + TRIE_PROJECTION]
        if projection >= 0:
            cell = head[PROJECTIONS] + projection * 2
            if value >= pool[cell + 1]:
                return -1 - node  # a value that the projection was not told of
            value = pool[pool[cell] + value]
            if value < 0:
                return -1 - node
        if value >= pool[entry + TRIE_CAPACITY]:
            return -1 - node
        slot = pool[entry + TRIE_CHILDREN] + value
        node = pool[slot]
    return slot


def judge(
    head_: Any,
    pool_: Any,
    rows_: Any,
    first: int,
    last: int,
    tallies_: Any,
    wanted_: Any,
    environments_: Any,
    marks_: Any,
    waiting_: Any,
    misses_: Any,
    work_: Any,
) -> None:
    """Look up what the state properties say of rows; list those whose verdict is not known yet.

    Args:
        head: where the tables are.
        pool: the tables.
        rows: the packed states.
        first: the number of the first row to judge.
        last: the number of the row behind the last.
        tallies: of the state properties.
        wanted: for each property whether it is asked here at all, 2 if it only marks its goals.
        environments: how many rows have each environment.
        marks: takes for each row a bit for every goal that it is.
        waiting: the numbers of the rows that must be judged again, all of whose properties are then undecided.
        misses: takes what is to be filled in.
        work: how many are waiting, and how many misses there are.
    """
    head, pool, rows, tallies, wanted = raw(head_), raw(pool_), raw(rows_), raw(tallies_), raw(wanted_)
    environments, marks, waiting = raw(environments_), raw(marks_), raw(waiting_)
    misses, work = raw(misses_), raw(work_)
    words = head[WORDS]
    properties = head[STATE_PROPERTIES]
    roots = head[STATE_ROOTS]
    stride = 4 + 2 * words
    place = pool[head[LAYOUT] + head[NODE_COUNT]]
    work[MISSES] = 0
    work[REASON] = DONE
    count = 0
    again = work[ENDS]
    for k in range(first, last):
        at = waiting[k] if again else k
        row = at * words
        is_complete = True
        for p in range(properties):
            if not wanted[p]:
                continue
            shortcut = head[SHORTCUTS] + p * SHORTCUT_STRIDE
            answer = 0
            slot = -1
            if pool[shortcut] > 0:
                answer = pool[shortcut] + gathered(pool, shortcut + 2, rows, row)
                if pool[answer] <= LEAF:
                    work[WORK_SIZE + p] = pool[answer]
                    continue
                if pool[shortcut + 1]:
                    slot = answer
            if slot < 0:
                slot = walk(head, pool, roots + p, rows, row, rows, row)
            says = MISS if slot < 0 else pool[slot]
            work[WORK_SIZE + p] = says
            if says <= LEAF and answer > 0:
                pool[answer] = says
            if says > LEAF:
                is_complete = False
                if (says == MISS or slot < 0) and list_miss(head, misses, work, ASK_STATE, p, at, 0):
                    where = (work[MISSES] - 1) * stride + 4
                    for w in range(words):
                        misses[where + w] = rows[row + w]
                    if slot >= 0:
                        pool[slot] = PENDING
        if not is_complete:
            waiting[count] = at
            count += 1
            continue
        environments[extract(place, rows, row)] += 1
        for p in range(properties):
            if not wanted[p]:
                continue
            bits = LEAF - work[WORK_SIZE + p]
            if bits & SAYS_PREMISE:
                tallies[p * TALLY_STRIDE + T_PREMISES] += 1
            if bits & SAYS_FOUND:
                if wanted[p] == 2:
                    marks[at] |= 1 << p
                elif tallies[p * TALLY_STRIDE + T_STATE] < 0 or at < tallies[p * TALLY_STRIDE + T_STATE]:
                    tallies[p * TALLY_STRIDE + T_STATE] = at
    work[AT] = count
