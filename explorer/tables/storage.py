"""The kernel's set of states: packed rows in open addressing, whole rows compared. Needs Numba.

The table is divided into partitions, one for each thread, and each thread adds only what belongs to its own; so
threads never wait for each other, and which of several equal rows counts as the first does not depend on them.
"""

# Not `from __future__ import annotations`: the intrinsic's signature is read by Numba.

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from .packing import convert

DISTANCE = 32
"""So many rows ahead a line of the table is asked for; about what the memory needs to answer. """
BLOCK = 1_024
"""So many rows are hashed at once."""

LINE = 8
"""So many numbers lie in a line of the cache. The rows of one or two words in it are looked at together; the size of a
table is a multiple of it."""
EVEN = 0x55
"""Where rows of two words begin in a line."""

SHUFFLE = -7046029254386353131
SHUFFLE_TOO = -4658895280553007687


def _raw(typing_context: Any, array: Any) -> Any:
    """Return a pointer to an array's first item, which does not keep the array: whoever calls the kernel must."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    pointer: Any = types.CPointer
    return pointer(array.dtype)(array), generated


def _prefetch(typing_context: Any, pointer: Any, index: Any) -> Any:
    """Ask for the line of an item; nothing waits for it."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        called = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [place.type],
            ir.FunctionType(ir.VoidType(), [place.type, number, number, number]),
        )
        # For writing, into all caches, as data.
        builder.call(called, [place, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(pointer, index), generated


def _alike(typing_context: Any, pointer: Any, index: Any, value: Any) -> Any:
    """Return a bit for each of ``LINE`` items from an index on that is equal to a value, the first one lowest."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line, number = ir.VectorType(ir.IntType(64), LINE), ir.IntType(32)
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), line.as_pointer())
        items = builder.load(place, align=8)
        one = builder.insert_element(ir.Constant(line, ir.Undefined), arguments[2], number(0))
        every = ir.Constant(ir.VectorType(number, LINE), [number(0)] * LINE)
        equal = builder.icmp_signed("==", items, builder.shuffle_vector(one, one, every))
        return builder.zext(builder.bitcast(equal, ir.IntType(LINE)), ir.IntType(64))

    return types.int64(pointer, index, types.int64), generated


def _first_of(typing_context: Any, bits: Any) -> Any:
    """Return the number of the lowest bit that is set; of none anything."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(0))

    return types.int64(types.int64), generated


def _compressed(typing_context: Any, word: Any, mask: Any) -> Any:
    """Return the bits of a word that a mask has, moved together."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = ir.IntType(64)
        called = builder.module.declare_intrinsic(
            "llvm.x86.bmi.pext.64", [], ir.FunctionType(number, [number, number])
        )
        return builder.call(called, arguments)

    return types.int64(types.int64, types.int64), generated


def can_compress() -> bool:
    """Return whether this machine moves bits together quickly: x86 with BMI2, but for AMD's before Zen 3."""
    from llvmlite import binding

    features: Any = binding.get_host_cpu_features()
    name: Any = binding.get_host_cpu_name()
    return bool(features.get("bmi2")) and name not in ("znver1", "znver2", "bdver4")


# For a type checker: they are not called as they are written.
raw: Any = intrinsic(_raw)
prefetch: Any = intrinsic(_prefetch)
compressed: Any = intrinsic(_compressed)
alike: Any = intrinsic(_alike)
first_of: Any = intrinsic(_first_of)


def mixed(rows: Any, at: int, words: int) -> int:
    """Return the hash of a row, 63 bits."""
    hash = rows[at] * SHUFFLE
    for w in range(1, words):
        hash = (hash ^ ((hash >> 32) & 0xFFFFFFFF) ^ rows[at + w]) * SHUFFLE
    hash = (hash ^ ((hash >> 29) & 0x7FFFFFFFF)) * SHUFFLE_TOO
    return hash ^ ((hash >> 32) & 0xFFFFFFFF)  # type: ignore[no-any-return]


def home(hash: int, size: int, words: int) -> int:
    """Return the slot at which to begin looking for a row; larger for larger hashes, so that a table grows in order.

    For rows of one or two words it is the first of a line, all of which is looked at together.
    """
    slot = (((hash >> 32) & 0x7FFFFFFF) * size) >> 31
    # Not by a division, which takes longer than all the rest.
    if words == 1:
        return slot & -LINE
    return slot & -(LINE // 2) if words == 2 else slot


def vacant(table: Any, slot: int, size: int, words: int) -> int:
    """Return the first slot without a row, from a row's home on; the size of the table if there is none."""
    if words == 1:
        while slot < size:
            free = alike(table, slot, 0)
            if free != 0:
                return slot + first_of(free)  # type: ignore[no-any-return]
            slot += LINE
        return size
    if words == 2:
        while slot < size:
            free = alike(table, slot * 2, 0) & EVEN
            if free != 0:
                return slot + (first_of(free) >> 1)  # type: ignore[no-any-return]
            slot += LINE // 2
        return size
    while slot < size and table[slot * words] != 0:
        slot += 1
    return slot


def part_of(hash: int, parts: int) -> int:
    """Return the partition that a row belongs to."""
    return ((hash & 0xFFFF) * parts) >> 16


def add_ones(
    table: Any, size: int, rows: Any, fresh: Any, found: int, mine: Any, slots: Any, held: int
) -> int:
    """Add some rows of one word, whose homes are known; return how many rows of all were new so far.

    There is no branch on whether a row is new, which nobody could predict: one that is there is written again.
    """
    for k in range(held):
        prefetch(table, slots[k + DISTANCE])
        slot = slots[k]
        row = rows[mine[k]]
        same = alike(table, slot, row)
        free = alike(table, slot, 0)
        while same | free == 0:
            slot += LINE
            if slot == size:
                slot = 0
            same = alike(table, slot, row)
            free = alike(table, slot, 0)
        table[slot + first_of(same if same != 0 else free)] = row
        fresh[found] = mine[k]
        found += same == 0
    return found


def add_twos(
    table: Any, size: int, rows: Any, fresh: Any, found: int, mine: Any, slots: Any, held: int
) -> int:
    """Do the same for rows of two words."""
    for k in range(held):
        prefetch(table, slots[k + DISTANCE] * 2)
        at = slots[k] * 2
        first = rows[mine[k] * 2]
        second = rows[mine[k] * 2 + 1]
        same = alike(table, at, first) & (alike(table, at, second) >> 1) & EVEN
        free = alike(table, at, 0) & EVEN
        while same | free == 0:
            at += LINE
            if at == size * 2:
                at = 0
            same = alike(table, at, first) & (alike(table, at, second) >> 1) & EVEN
            free = alike(table, at, 0) & EVEN
        at += first_of(same if same != 0 else free)
        table[at] = first
        table[at + 1] = second
        fresh[found] = mine[k]
        found += same == 0
    return found


def add_longer(
    table: Any, size: int, words: int, rows: Any, fresh: Any, found: int, mine: Any, slots: Any, held: int
) -> int:
    """Do the same for longer rows, word by word."""
    for k in range(held):
        prefetch(table, slots[k + DISTANCE] * words)
        j = mine[k]
        slot = slots[k]
        first = rows[j * words]
        while True:
            there = table[slot * words]
            if there == 0:
                for w in range(words):
                    table[slot * words + w] = rows[j * words + w]
                fresh[found] = j
                found += 1
                break
            if there == first:
                is_same = True
                for w in range(1, words):
                    if table[slot * words + w] != rows[j * words + w]:
                        is_same = False
                if is_same:
                    break
            slot += 1
            if slot == size:
                slot = 0
    return found


def insert(
    table_: Any,
    size: int,
    words: int,
    rows_: Any,
    count: int,
    part: int,
    parts: int,
    fresh_: Any,
    mine_: Any,
    slots_: Any,
) -> int:
    """Add those rows that belong to a partition; note the numbers of the new ones, and return how many there are.

    Args:
        table_: the partition.
        size: how many rows it has room for.
        words: how many words a row has.
        rows_: the rows.
        count: how many there are.
        part: the partition's number.
        parts: how many partitions there are.
        fresh_: takes the numbers of the new rows, in ascending order.
        mine_: room for ``BLOCK`` numbers of rows and one more. It comes from outside, as does ``slots_``: an array that
            is made here is let go after the last use of its name, which is before the last use of its items.
        slots_: room for as many slots, and ``DISTANCE`` more.
    """
    table, rows, fresh = raw(table_), raw(rows_), raw(fresh_)
    mine, slots = raw(mine_), raw(slots_)
    found = 0
    start = 0
    while start < count:
        # Which rows are ours, without a branch that nobody could predict.
        stop = min(start + BLOCK, count)
        held = 0
        for j in range(start, stop):
            hash = mixed(rows, j * words, words)
            mine[held] = j
            slots[held] = home(hash, size, words)
            held += part_of(hash, parts) == part
        start = stop
        for k in range(DISTANCE):
            slots[held + k] = 0
            prefetch(table, slots[k] * words)
        if words == 1:
            found = add_ones(table, size, rows, fresh, found, mine, slots, held)
        elif words == 2:
            found = add_twos(table, size, rows, fresh, found, mine, slots, held)
        else:
            found = add_longer(table, size, words, rows, fresh, found, mine, slots, held)
    return found


def locate(
    table_: Any,
    size: int,
    words: int,
    rows_: Any,
    count: int,
    part: int,
    parts: int,
    slots_: Any,
    offset: int,
) -> None:
    """Note the slot of each row that belongs to a partition, counted from an offset; -1 if it is not there."""
    table, rows, slots = raw(table_), raw(rows_), raw(slots_)
    for j in range(min(DISTANCE, count)):
        prefetch(table, home(mixed(rows, j * words, words), size, words) * words)
    for j in range(count):
        if j + DISTANCE < count:
            prefetch(table, home(mixed(rows, (j + DISTANCE) * words, words), size, words) * words)
        row = j * words
        hash = mixed(rows, row, words)
        if parts != 1 and part_of(hash, parts) != part:
            continue
        slot = home(hash, size, words)
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
    old_: Any,
    old_size: int,
    old_words: int,
    ways_: Any,
    ways_count: int,
    table_: Any,
    size: int,
    words: int,
    block_: Any,
    part: int,
    parts: int,
) -> int:
    """Move the rows that belong to a partition from another table; with ways given, from one layout to another.

    Returns how many there were. The ways are those of ``packing.shifts``, none to keep rows as they are; ``block`` is
    room for ``DISTANCE`` rows, for which memory is asked together.
    """
    old, table, block = raw(old_), raw(table_), raw(block_)
    ways = raw(ways_)
    moved = 0
    k = 0
    while k < old_size:
        held = 0
        while k < old_size and held < DISTANCE:
            if old[k * old_words] != 0:
                to = held * words
                if ways_count:
                    convert(old, k * old_words, ways, ways_count, words, block, to)
                else:
                    for w in range(words):
                        block[to + w] = old[k * old_words + w]
                hash = mixed(block, to, words)
                if parts == 1 or part_of(hash, parts) == part:
                    prefetch(table, home(hash, size, words) * words)
                    held += 1
            k += 1
        for j in range(held):
            slot = vacant(table, home(mixed(block, j * words, words), size, words), size, words)
            if slot == size:
                slot = vacant(table, 0, size, words)
            for w in range(words):
                table[slot * words + w] = block[j * words + w]
        moved += held
    return moved


def spread(table_: Any, old_size: int, words: int, size: int, spilled_: Any, most: int) -> int:
    """Make a table larger where it lies: put its rows where they belong among more slots.

    A row's home moves up as the table grows, and further up the higher it is. So rows are moved from the last to the
    first, each into slots that are clear of rows that still wait. The few that would not be, at the beginning and
    at the end, are set aside, and put in at last.

    Returns how many were set aside; -1 if there were too many at the beginning, and the table is as it was; -2 if there
    were too many later on, which no hash that is any good lets happen, and the table is lost.

    Args:
        table_: the table; the slots behind the old ones are empty.
        old_size: how many rows it had room for.
        words: how many words a row has.
        size: how many it has room for now.
        spilled_: room for rows that are set aside.
        most: for how many.
    """
    table, spilled = raw(table_), raw(spilled_)
    # Rows in front of the first free slot may have come round from the end.
    begin = 0
    while table[begin * words] != 0:
        begin += 1
        if begin > most // 2:
            return -1
    aside = 0
    for slot in range(begin):
        for w in range(words):
            spilled[aside * words + w] = table[slot * words + w]
            table[slot * words + w] = 0
        aside += 1
    for slot in range(old_size - 1, begin, -1):
        at = slot * words
        if table[at] == 0:
            continue
        to = home(mixed(table, at, words), size, words)
        if to > slot:
            to = vacant(table, to, size, words)
        if to == slot:
            continue
        if to < slot or to == size:
            if aside == most:
                return -2
            for w in range(words):
                spilled[aside * words + w] = table[at + w]
            aside += 1
        else:
            for w in range(words):
                table[to * words + w] = table[at + w]
        table[at] = 0
        for w in range(1, words):
            table[at + w] = 0
    for k in range(aside):
        to = vacant(table, home(mixed(spilled, k * words, words), size, words), size, words)
        if to == size:
            to = vacant(table, 0, size, words)
        for w in range(words):
            table[to * words + w] = spilled[k * words + w]
    return aside
