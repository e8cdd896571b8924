"""The set of states keeps every row while it grows, with room reserved behind it or without."""

import mmap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyway import check
from everyway.explorer.tables import reserve
from everyway.explorer.tables.compiled import compiled
from everyway.explorer.tables.lanes import LARGE, Growing
from everyway.explorer.tables.packing import MARK
from everyway.explorer.tables.reserve import reserved
from everyway.explorer.tables.store import SPILLED, CompiledStore, blocks
from everyway.models.gray_lamport import TwoPhase

steady = settings(max_examples=60, derandomize=True, database=None, deadline=None)


def rows_of(count, words, seed):
    """Return so many different rows, one after the other."""
    rows = np.random.default_rng(seed).integers(0, MARK, (2 * count, words))
    rows[:, 0] |= MARK
    different = np.unique(rows, axis=0)[:count]
    return np.random.default_rng(seed).permutation(different).reshape(-1)


def held(table, size, words):
    slots = table[: size * words].reshape(size, words)
    return {tuple(row) for row in slots[slots[:, 0] != 0].tolist()}


@steady
@given(
    words=st.integers(1, 3),
    size=st.sampled_from([64, 96, 1_000]),
    load=st.sampled_from([0.1, 0.5, 0.75, 0.95]),
    factor=st.sampled_from([1.25, 1.5, 2, 4]),
    seed=st.integers(0, 1_000),
)
def test_a_table_that_grows_where_it_lies_has_the_same_rows(words, size, load, factor, seed):
    kernel, count, larger = compiled(), int(size * load), int(size * factor) // 8 * 8
    rows = rows_of(count, words, seed)
    table, fresh = np.zeros(larger * words, np.int64), np.zeros(count, np.int64)
    assert kernel.insert(table, size, words, rows, count, 0, 1, fresh, *blocks()) == count
    before = held(table, size, words)
    assert kernel.spread(table, size, words, larger, np.zeros(SPILLED * words, np.int64), SPILLED) >= 0
    assert held(table, larger, words) == before
    # Every row is found where one looks for it.
    assert kernel.insert(table, larger, words, rows, count, 0, 1, fresh, *blocks()) == 0


@steady
@given(
    words=st.integers(1, 3),
    size=st.sampled_from([64, 96, 1_000]),
    load=st.sampled_from([0.3, 0.75, 0.97]),
    seed=st.integers(0, 1_000),
)
def test_rows_are_new_the_first_time_they_come(words, size, load, seed):
    kernel, different = compiled(), rows_of(int(size * load), words, seed).reshape(-1, words)
    # Rows that are alike in one word but not in the other.
    different[:, -1] = np.where(different[:, -1] % 2, different[:, -1], different[0, -1])
    different = np.unique(different, axis=0)
    picked = np.random.default_rng(seed).integers(0, len(different), 3 * len(different))
    table, seen = np.zeros(size * words, np.int64), set()
    for part in np.array_split(picked, 3):
        expected = []
        for number, which in enumerate(part.tolist()):
            if which not in seen:
                expected.append(number)
            seen.add(which)
        rows, fresh = different[part].reshape(-1).copy(), np.zeros(len(part), np.int64)
        found = kernel.insert(table, size, words, rows, len(part), 0, 1, fresh, *blocks())
        assert fresh[:found].tolist() == expected


def test_a_table_with_too_many_rows_at_its_beginning_is_left_as_it_is():
    kernel, count = compiled(), 60
    rows, table = rows_of(count, 1, 1), np.zeros(256, np.int64)
    kernel.insert(table, 64, 1, rows, count, 0, 1, np.zeros(count, np.int64), *blocks())
    # Full up to a late slot.
    table[:64][table[:64] == 0] = rows_of(4, 1, 2)
    table[63] = 0
    before = table.copy()
    assert kernel.spread(table, 64, 1, 256, np.zeros(8, np.int64), 8) == -1
    assert (table == before).all()


@pytest.mark.parametrize("has_addresses", [True, False])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_search_does_not_depend_on_room_to_grow(monkeypatch, has_addresses, threads):
    if not has_addresses:

        def refuse(*_, **__):
            raise OSError("no addresses left")

        monkeypatch.setattr(mmap, "mmap", refuse)
    report = check(TwoPhase(managers=7), engine="tables", threads=threads, symmetry=False)
    statistics = report.statistics
    assert (statistics.states, statistics.depth) == (296_448, 22)
    assert statistics.transitions == 2_744_705


def test_what_is_reserved_is_zero_and_can_be_written():
    array = reserved(1_000)
    assert len(array) >= 1_000
    assert not array[:1_000].any()
    array[999] = 7
    assert array[999] == 7


def test_other_systems_get_arrays_as_large_as_they_asked_for(monkeypatch):
    monkeypatch.setattr(reserve.sys, "platform", "win32")
    assert len(reserved(1_000)) == 1_000


def test_an_array_keeps_its_items_while_it_grows_and_when_it_was_replaced():
    growing = Growing(np.uint16)
    for count in (10, 2 * LARGE, 3 * LARGE, 9 * LARGE):
        growing.need(count)[count - 1] = 7
        assert growing.items.nbytes < 4 * count + 4_096
    assert [growing.items[count - 1] for count in (10, 2 * LARGE, 3 * LARGE, 9 * LARGE)] == [7] * 4
    growing.items = np.full(5, 3, np.uint16)
    assert growing.need(9 * LARGE)[:6].tolist() == [3] * 5 + [0]


def test_a_store_says_how_much_memory_its_next_growth_takes():
    store = CompiledStore(1)
    assert store.next_growth() == 0
    rows = rows_of(3_000, 1, 5)
    store.insert([(rows, 3_000)], 1)
    assert store.nbytes == 4_096 * 8
    assert store.next_growth() == 3 * 4_096 * 8
