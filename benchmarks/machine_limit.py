"""The machine's own limit: as fast as its memory lets any explorer be that looks every successor up in a table.

An explorer that keeps all states must at the least look at one cache line, anywhere in a table that does not fit into
any cache, for each transition, and write one row for each state. This kernel does that and nothing else: it evaluates
no guard, computes no successor, compares nothing. What it takes is a floor under the time of a checker with a
table of that size; the distance to it is what the checker's own work costs.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic
from rivals import Measurement

LOAD = 0.6
"""How full the table is in the end: beyond, a checker's chains of taken slots become long."""

READS_AHEAD = 32
"""So many transitions ahead is a line asked for: more than a core can have under way at once."""

WRITES_AHEAD = 8
"""So many states ahead; there are several transitions to a state."""

_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)


def _prefetching(typing_context: Any, table: Any, index: Any, is_write: Any) -> Any:
    """Ask for the cache line that holds ``table[index]``, and go on without waiting for it.

    ``is_write`` is 0 or 1, and a literal, for it becomes part of the instruction.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, _, kind = signature.args
        array = context.make_array(array_type)(context, builder, arguments[0])
        byte_pointer = ir.IntType(8).as_pointer()
        place = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte_pointer)
        number = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [byte_pointer],
            ir.FunctionType(ir.VoidType(), [byte_pointer, number, number, number]),
        )
        # Locality 3: into all caches. The last argument says data, not instructions.
        builder.call(function, [place, number(kind.literal_value), number(3), number(1)])
        return context.get_dummy_value()

    if isinstance(is_write, types.IntegerLiteral):
        return types.void(table, types.uint64, is_write), generate
    return None  # numba asks again with the literal


_prefetch: Any = intrinsic(_prefetching)  # for a type checker: not called as it is written


@numba.njit(nogil=True, inline="always")
def _place(number: Any, slots: Any, words: Any) -> Any:
    """Return where a random row begins, the same for the same number; two multiplications mix, the third scales.

    No division, which would cost as much as what is measured; and no sign, or every index would be tested for one.
    """
    mixed = number * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _SECOND
    return ((mixed >> np.uint64(32)) * slots >> np.uint64(32)) * words


@numba.njit(nogil=True)
def _touch(table: Any, row_words: int, states: int, transitions: int, seed: int) -> int:
    """Read a random row's first word for each transition, write a whole random row for each state.

    Returns the sum of what was read, so that no compiler finds the reading superfluous.
    """
    words = np.uint64(row_words)
    slots = np.uint64(len(table)) // words
    reading = np.uint64(seed) << np.uint64(40)
    writing = reading + np.uint64(1 << 39)
    asked = np.empty(READS_AHEAD, dtype=np.uint64)  # a ring, so that each place is computed once
    for ahead in range(READS_AHEAD):
        asked[ahead] = _place(reading + np.uint64(ahead), slots, words)
        _prefetch(table, asked[ahead], 0)
    reading += np.uint64(READS_AHEAD)
    for ahead in range(WRITES_AHEAD):
        _prefetch(table, _place(writing + np.uint64(ahead), slots, words), 1)
    total = 0
    due = 0
    for number in range(transitions):
        turn = np.uint64(number) & np.uint64(READS_AHEAD - 1)
        total += table[asked[turn]]
        asked[turn] = _place(reading + np.uint64(number), slots, words)
        _prefetch(table, asked[turn], 0)
        due += states
        if due >= transitions:  # the states are spread evenly over the transitions
            due -= transitions
            _prefetch(table, _place(writing + np.uint64(WRITES_AHEAD), slots, words), 1)
            place = _place(writing, slots, words)
            for word in range(words):
                table[place + np.uint64(word)] = number
            writing += np.uint64(1)
    return total


def run(states: int, transitions: int, row_bytes: int, threads: int = 1) -> Measurement:
    """Measure how fast this machine touches memory as often as an explorer must.

    Args:
        states: how many rows are written; the table is made for so many, at a load of 0.6. At most 2.5e9.
        transitions: how many rows are looked at, at least as many.
        row_bytes: how long a row is, a multiple of eight.
        threads: how many threads share the work and the table.
    """
    if row_bytes <= 0 or row_bytes % 8:
        raise ValueError(f"row_bytes must be a positive multiple of 8, not {row_bytes}.")
    if not 0 < states <= transitions:
        raise ValueError(f"there must be at least as many transitions ({transitions}) as states ({states}).")
    words = row_bytes // 8
    slots = int(states / LOAD) + 1
    if slots >= 2**32:
        raise ValueError(f"{states} states need {slots} slots, but slots are numbered with 32 bits.")
    _touch(np.zeros(words, dtype=np.int64), words, 1, 1, 0)  # compiles
    # NumPy asks the kernel for huge pages; filling the table is what gets them, and is not measured.
    table = np.empty(slots * words, dtype=np.int64)
    table[:] = 0
    with ThreadPoolExecutor(threads) as pool:
        begin = time.perf_counter()
        shares = [
            pool.submit(
                _touch, table, words, _share(states, threads, i), _share(transitions, threads, i), i + 1
            )
            for i in range(threads)
        ]
        for share in shares:
            share.result()
        seconds = time.perf_counter() - begin
    return Measurement(
        name="machine limit",
        states=states,
        transitions=transitions,
        seconds=seconds,
        bytes_per_state=table.nbytes / states,
        note=f"a random cache line per transition, a row of {row_bytes} bytes per state, "
        f"{threads} thread{'s' if threads > 1 else ''}",
    )


def _share(amount: int, threads: int, number: int) -> int:
    """Return how much of an amount one of several threads does."""
    return amount * (number + 1) // threads - amount * number // threads
