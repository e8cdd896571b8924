"""Depth first, in the kernel: expand the state on top of the stack, and put what is new on top of it."""

from __future__ import annotations

from typing import Any

from .codes import AT, DONE, ENDS, MOST, REASON, SUCCESSORS, T_STATE, TALLY_STRIDE
from .generate import generate
from .judge import raw

# Why a descent came back.
ENOUGH, LACKS, FILLED = 0, 1, 2

# What it counts.
D_STATES, D_TOP, D_EXPANDED, D_ENDS, D_DEEPEST, D_PARTIAL = 0, 1, 2, 3, 4, 5
DESCENT_SIZE = 8


def descend(
    head: Any,
    pool: Any,
    memo: Any,
    rows: Any,
    table: Any,
    size: int,
    words: int,
    stack_: Any,
    parents_: Any,
    links_: Any,
    depths_: Any,
    at_end_: Any,
    found_: Any,
    out: Any,
    room: int,
    ordinals: Any,
    made: Any,
    origins: Any,
    begins: Any,
    ends: Any,
    counts: Any,
    bundled: Any,
    scratch: Any,
    misses: Any,
    tallies: Any,
    work: Any,
    descent_: Any,
    capacity: int,
    most_states: int,
    budget: int,
    steps: int,
) -> int:
    """Go on with a depth-first search for some states; say why it came back.

    ``LACKS``: a table or a buffer lacks something for the state on top (``work[REASON]``); ``FILLED``: the limit on
    states; else ``ENOUGH``. There must be room for so many states, and as many more as one can have successors.

    Args:
        head: where the tables are; with the other arguments of this kind as for ``generate``.
        rows: the rows of all states, by their numbers.
        table: the set of states: rows by open addressing, as in ``storage.py``.
        size: how many rows the table has room for.
        words: how many words a row has.
        stack_: the numbers of the states that wait.
        parents_: for each state the number of the one it was first reached from.
        links_: for each state the position of the step by which it was.
        depths_: for each state how many steps it was from the start.
        at_end_: takes the numbers of the states in which nothing can happen any more.
        found_: takes for each property of steps the number of the state at which it was first broken.
        descent_: how many states there are, wait, were expanded, are at an end; the greatest depth; and the state whose
            successors found no room any more.
        capacity: how many states there is room for.
        most_states: the limit on states.
        budget: how many states to expand at most.
        steps: how many properties of steps there are.
    """
    stack, parents, links, depths = raw(stack_), raw(parents_), raw(links_), raw(depths_)
    at_end, found, descent = raw(at_end_), raw(found_), raw(descent_)
    while budget > 0 and descent[D_TOP] > 0 and descent[D_STATES] + MOST <= capacity:
        state = stack[descent[D_TOP] - 1]
        work[AT] = 0
        work[SUCCESSORS] = 0
        work[ENDS] = 0
        generate(
            head,
            pool,
            memo,
            rows[state * words : (state + 1) * words],
            1,
            out,
            room,
            ordinals,
            made,
            origins,
            begins,
            ends,
            counts,
            origins,
            bundled,
            scratch,
            misses,
            tallies,
            work,
            0,
        )
        if work[REASON] != DONE:
            return LACKS
        descent[D_TOP] -= 1
        budget -= 1
        if work[ENDS]:
            at_end[descent[D_ENDS]] = state
            descent[D_ENDS] += 1
        for p in range(steps):
            if tallies[p * TALLY_STRIDE + T_STATE] == 0 and found[p] < 0:
                found[p] = state
                tallies[p * TALLY_STRIDE + T_STATE] = (
                    1  # so that no other row 0 that is put off takes it back
                )
        first = descent[D_STATES]
        is_full = False
        for j in range(work[SUCCESSORS]):
            slot = home(mixed(out, j * words, words), size, words)
            is_known = False
            while table[slot * words] != 0:
                is_known = True
                for w in range(words):
                    if table[slot * words + w] != out[j * words + w]:
                        is_known = False
                if is_known:
                    break
                slot += 1
                if slot == size:
                    slot = 0
            if is_known:
                continue
            number = descent[D_STATES]
            if number >= most_states:
                is_full = True
                break
            for w in range(words):
                table[slot * words + w] = out[j * words + w]
                rows[number * words + w] = out[j * words + w]
            parents[number] = state
            links[number] = ordinals[j]
            depths[number] = depths[state] + 1
            if depths[number] > descent[D_DEEPEST]:
                descent[D_DEEPEST] = depths[number]
            descent[D_STATES] += 1
        # The first step is taken first.
        for number in range(descent[D_STATES] - 1, first - 1, -1):
            stack[descent[D_TOP]] = number
            descent[D_TOP] += 1
        if is_full:
            descent[D_PARTIAL] = state
            return FILLED
        descent[D_EXPANDED] += 1
    return ENOUGH


def home(hash: int, size: int, words: int) -> int:
    """Return the slot of a row; see ``storage.py``, which takes its place when this is compiled."""
    raise NotImplementedError


def mixed(rows: Any, at: int, words: int) -> int:
    """Return the hash of a row; likewise."""
    raise NotImplementedError
