"""The kernel's set of states: packed rows in open addressing, whole rows compared. Needs Numba.

The table is divided into partitions, one for each thread, and each thread adds only what belongs to its own; so
threads never wait for each other, and which of several equal rows counts as the first does not depend on them.
"""

# Not `from __future__ import annotations`: the intrinsic's signature is read by Numba.

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .packing import MARK

DISTANCE = 24
"""So many rows ahead a line of the table is asked for; about what the memory needs to answer."""

SHUFFLE = -7046029254386353131
SHUFFLE_TOO = -4658895280553007687


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the line of an array's item; nothing waits for it."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(made.data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        called = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [pointer.type],
            ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number]),
        )
        builder.call(called, [pointer, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, index), generated


def mixed(rows: Any, at: int, words: int) -> int:
    """Return the hash of a row, 63 bits."""
    hash = rows[at] * SHUFFLE
    for w in range(1, words):
        hash = (hash ^ ((hash >> 32) & 0xFFFFFFFF) ^ rows[at + w]) * SHUFFLE
    hash = (hash ^ ((hash >> 29) & 0x7FFFFFFFF)) * SHUFFLE_TOO
    return hash ^ ((hash >> 32) & 0xFFFFFFFF)


def insert(
    table: Any, size: int, words: int, rows: Any, count: int, part: int, parts: int, fresh: Any, ahead: int
) -> int:
    """Add those rows that belong to a partition; note the numbers of the new ones, and return how many there are.

    Args:
        table: the partition.
        size: how many rows it has room for.
        words: how many words a row has.
        rows: the rows.
        count: how many there are.
        part: the partition's number.
        parts: how many partitions there are.
        fresh: takes the numbers of the new rows, in ascending order.
        ahead: how far ahead to ask for memory.
    """
    found = 0
    for j in range(min(ahead, count)):
        hash = mixed(rows, j * words, words)
        if parts == 1 or ((hash & 0xFFFF) * parts) >> 16 == part:
            prefetch(table, ((((hash >> 32) & 0x7FFFFFFF) * size) >> 31) * words)
    for j in range(count):
        if j + ahead < count:
            hash = mixed(rows, (j + ahead) * words, words)
            if parts == 1 or ((hash & 0xFFFF) * parts) >> 16 == part:
                prefetch(table, ((((hash >> 32) & 0x7FFFFFFF) * size) >> 31) * words)
        row = j * words
        hash = mixed(rows, row, words)
        if parts != 1 and ((hash & 0xFFFF) * parts) >> 16 != part:
            continue
        slot = (((hash >> 32) & 0x7FFFFFFF) * size) >> 31
        while True:
            held = table[slot * words]
            if held == 0:
                for w in range(words):
                    table[slot * words + w] = rows[row + w]
                fresh[found] = j
                found += 1
                break
            if held == rows[row]:
                is_same = True
                for w in range(1, words):
                    if table[slot * words + w] != rows[row + w]:
                        is_same = False
                if is_same:
                    break
            slot += 1
            if slot == size:
                slot = 0
    return found


def locate(
    table: Any,
    size: int,
    words: int,
    rows: Any,
    count: int,
    part: int,
    parts: int,
    slots: Any,
    offset: int,
) -> None:
    """Note the slot of each row that belongs to a partition, counted from an offset; -1 if it is not there."""
    for j in range(min(DISTANCE, count)):
        hash = mixed(rows, j * words, words)
        prefetch(table, ((((hash >> 32) & 0x7FFFFFFF) * size) >> 31) * words)
    for j in range(count):
        if j + DISTANCE < count:
            hash = mixed(rows, (j + DISTANCE) * words, words)
            prefetch(table, ((((hash >> 32) & 0x7FFFFFFF) * size) >> 31) * words)
        row = j * words
        hash = mixed(rows, row, words)
        if parts != 1 and ((hash & 0xFFFF) * parts) >> 16 != part:
            continue
        slot = (((hash >> 32) & 0x7FFFFFFF) * size) >> 31
        slots[j] = -1
        while table[slot * words] != 0:
            if table[slot * words] == rows[row]:
                is_same = True
                for w in range(1, words):
                    if table[slot * words + w] != rows[row + w]:
                        is_same = False
                if is_same:
                    slots[j] = offset + slot
                    break
            slot += 1
            if slot == size:
                slot = 0


def move_in(
    old: Any,
    old_size: int,
    old_words: int,
    old_layout: Any,
    table: Any,
    size: int,
    words: int,
    layout: Any,
    row: Any,
    part: int,
    parts: int,
) -> int:
    """Move the rows that belong to a partition from another table; with layouts given, from one to the other.

    Returns how many there were. ``row`` is room for one.
    """
    known = len(old_layout) // 3
    moved = 0
    for k in range(old_size):
        if old[k * old_words] == 0:
            continue
        if known:
            for w in range(words):
                row[w] = 0
            row[0] = MARK
            for c in range(known):
                value = (old[k * old_words + old_layout[3 * c]] >> old_layout[3 * c + 1]) & old_layout[
                    3 * c + 2
                ]
                row[layout[3 * c]] += value << layout[3 * c + 1]
        else:
            for w in range(words):
                row[w] = old[k * old_words + w]
        hash = mixed(row, 0, words)
        if parts != 1 and ((hash & 0xFFFF) * parts) >> 16 != part:
            continue
        slot = (((hash >> 32) & 0x7FFFFFFF) * size) >> 31
        while table[slot * words] != 0:
            slot += 1
            if slot == size:
                slot = 0
        for w in range(words):
            table[slot * words + w] = row[w]
        moved += 1
    return moved


@intrinsic
def raw(typing_context: Any, array: Any) -> Any:
    """Return a pointer to an array's first item."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generated
