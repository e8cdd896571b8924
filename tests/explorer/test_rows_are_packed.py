"""Rows keep every value of every component, in any layout, and on the way from one layout to another."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from everyway.explorer.tables import packing
from everyway.explorer.tables.compiled import compiled
from everyway.explorer.tables.packing import BITS, MARK, Layout, layout_for
from everyway.explorer.tables.store import CompiledStore

steady = settings(max_examples=120, derandomize=True, database=None, deadline=None)

WIDEST = 40
"""Bits of the largest component in these tests; a table with more values fits no machine."""

sizes_of_one = st.integers(0, WIDEST).flatmap(
    lambda bits: st.sampled_from([1 << bits, max(1, (1 << bits) - 1), (1 << bits) + (bits < WIDEST), 0])
)
all_sizes = st.lists(sizes_of_one, max_size=40)


@st.composite
def filled(draw, size_lists=all_sizes):
    """Draw the sizes of some components, and rows of values that they may have."""
    sizes = draw(size_lists)
    highest = st.booleans()
    row = st.tuples(
        *[st.integers(0, max(0, size - 1)) | highest.map(lambda _, s=size: max(0, s - 1)) for size in sizes]
    )
    return sizes, [list(values) for values in draw(st.lists(row, min_size=1, max_size=5))]


def widths(sizes):
    return [max(0, (size - 1).bit_length()) for size in sizes]


# Layouts.


@steady
@given(all_sizes)
def test_a_layout_has_room_for_every_value(sizes):
    layout = layout_for(sizes)
    assert len(layout.places) == len(sizes)
    assert layout.holds(sizes)
    for width, (_, _, bits) in zip(widths(sizes), layout.places, strict=True):
        assert bits >= width


@steady
@given(all_sizes)
def test_no_two_components_share_a_bit_and_none_has_the_mark(sizes):
    layout = layout_for(sizes)
    taken = [set() for _ in range(layout.words)]
    for word, shift, bits in layout.places:
        assert 0 <= word < layout.words
        lies = set(range(shift, shift + bits))
        assert not lies & taken[word]
        assert max(lies, default=0) < BITS
        taken[word] |= lies


@steady
@given(all_sizes)
def test_room_to_grow_costs_no_word(sizes):
    # Of first fit, widest first, any two words together are more than one word full.
    words = layout_for(sizes).words
    assert words >= max(1, -(-sum(widths(sizes)) // BITS))
    assert words == 1 or sum(widths(sizes)) * 2 > BITS * (words - 1)


@steady
@given(all_sizes)
def test_a_layout_is_a_function_of_the_sizes(sizes):
    assert layout_for(sizes) == layout_for(list(sizes))
    assert layout_for(sizes).flat() == layout_for(list(sizes)).flat()


@steady
@given(all_sizes, st.data())
def test_a_layout_holds_exactly_what_fits(sizes, data):
    layout = layout_for(sizes)
    most = [1 << bits for _, _, bits in layout.places]
    assert layout.holds(most)
    assert not layout.holds([*sizes, 1])
    if sizes:
        which = data.draw(st.integers(0, len(sizes) - 1))
        most[which] += 1
        assert not layout.holds(most)
        assert not layout.holds(sizes[1:])


def test_what_grows_gets_the_room_that_is_left():
    (_, _, few), (_, _, none), (_, _, many) = layout_for([2, 1, 100]).places
    assert none == 0
    assert many > 7 + 2
    assert few <= 2


def test_nothing_at_all_is_a_row_of_one_word():
    layout = layout_for([])
    assert (layout.words, layout.places, layout.flat()) == (1, (), [])
    assert layout.packed([]) == [MARK]
    assert layout.unpacked([MARK]) == []


def test_a_full_word_is_one_word():
    assert layout_for([1 << 31, 1 << 31]) == Layout(1, ((0, 0, 31), (0, 31, 31)))
    assert layout_for([1 << 31, 1 << 31, 2]).words == 2


# Rows.


@steady
@given(filled())
def test_what_was_packed_is_unpacked(case):
    sizes, rows = case
    layout = layout_for(sizes)
    for values in rows:
        row = layout.packed(values)
        assert len(row) == layout.words
        assert layout.unpacked(row) == values


@steady
@given(filled())
def test_every_row_is_marked_and_none_is_negative(case):
    sizes, rows = case
    layout = layout_for(sizes)
    for values in rows:
        first, *others = layout.packed(values)
        assert first & MARK
        assert first < 1 << 63
        assert all(0 <= word < MARK for word in others)


@steady
@given(filled())
def test_different_values_are_different_rows(case):
    sizes, rows = case
    layout = layout_for(sizes)
    different = {tuple(values) for values in rows}
    assert len({tuple(layout.packed(values)) for values in rows}) == len(different)


@steady
@given(filled())
def test_the_kernel_reads_what_was_packed(case):
    sizes, rows = case
    layout = layout_for(sizes)
    flat = np.array([word for values in rows for word in layout.packed(values)], np.int64)
    for number, values in enumerate(rows):
        for extract in (packing.extract, compiled().extract):
            read = [extract(place, flat, number * layout.words) for place in layout.flat()]
            assert read == values


# Several components as one number.


@cache
def compressed_here():
    """Return what the kernel has on this machine: one instruction, if there is one."""
    kernel = compiled()
    if not kernel.can_compress:
        return kernel.compressed
    instruction = kernel.compressed
    return njit(lambda word, mask: instruction(word, mask))


@steady
@given(filled(), st.data())
def test_some_values_make_the_same_number_in_every_way(case, data):
    sizes, rows = case
    layout, bits = layout_for(sizes), widths(sizes)
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1), unique=True)) if sizes else []
    while sum(bits[k] for k in chosen) > 60:
        chosen.pop()
    offsets = packing.offsets(layout, {k: bits[k] for k in chosen})
    pieces = packing.pieces(layout, chosen, bits)
    pool = np.array([len(pieces), *(number for piece in pieces for number in piece)], np.int64)
    masks = packing.masks(layout, chosen, bits)
    for values in rows:
        row = np.array(layout.packed(values), np.int64)
        number = sum(values[k] << offsets[k] for k in chosen)
        for gathered in (packing.gathered, compiled().gathered):
            assert gathered(pool, 0, row, 0) == number
        for compressed in (packing.compressed, compressed_here()):
            assert sum(compressed(int(row[w]), mask) << at for w, mask, at in masks) == number


# From one layout to another.


def ways(old, new):
    return np.array(packing.shifts(old, new), np.int64)


@st.composite
def grown(draw):
    """Draw sizes and rows as of before, and the sizes of after: some larger, some new."""
    sizes, rows = draw(filled(st.lists(sizes_of_one, max_size=25)))
    larger = [max(size, draw(sizes_of_one)) if draw(st.booleans()) else size for size in sizes]
    return sizes, rows, larger + draw(st.lists(sizes_of_one, max_size=15))


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
@steady
@given(grown())
def test_a_row_in_another_layout_has_the_same_values_and_0_for_what_is_new(kernel, case):
    sizes, rows, later = case
    old, new = layout_for(sizes), layout_for(later)
    before = np.array([word for values in rows for word in old.packed(values)], np.int64)
    # What lies there already is of no account.
    after = np.full(len(rows) * new.words, -1, np.int64)
    repack = packing.repack if kernel == "plain" else compiled().repack
    repack(before, len(rows), old.words, ways(old, new), new.words, after)
    missing = [0] * (len(later) - len(sizes))
    expected = [word for values in rows for word in new.packed(values + missing)]
    assert after.tolist() == expected
    for number, values in enumerate(rows):
        row = after[number * new.words : (number + 1) * new.words].tolist()
        assert new.unpacked(row) == values + missing
        assert row[0] & MARK


@steady
@given(grown())
def test_there_and_back_is_the_same_row(case):
    sizes, rows, later = case
    layouts = [layout_for(sizes), layout_for(later[: len(sizes)])]
    words = [layout.words for layout in layouts]
    row = np.array([word for values in rows for word in layouts[0].packed(values)], np.int64)
    other, back = np.zeros(len(rows) * words[1], np.int64), np.zeros(len(row), np.int64)
    compiled().repack(row, len(rows), words[0], ways(*layouts), words[1], other)
    compiled().repack(other, len(rows), words[1], ways(*reversed(layouts)), words[0], back)
    assert back.tolist() == row.tolist()


def test_only_as_many_rows_are_written_as_were_asked_for():
    old, new = layout_for([4]), layout_for([4, 4])
    rows = np.array(old.packed([1]) + old.packed([2]), np.int64)
    for repack in (packing.repack, compiled().repack):
        out = np.zeros(2, np.int64)
        repack(rows, 1, 1, ways(old, new), 1, out)
        assert out.tolist() == [*new.packed([1, 0]), 0]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("words", [1, 2, 5])
def test_a_new_table_has_room_for_rows_of_any_width(words, threads):
    store = CompiledStore(threads)
    generator = np.random.default_rng(words)
    rows = generator.integers(1, 1 << 40, 3_000 * words)
    rows[::words] |= MARK
    store.insert([(rows, 3_000)], words)
    found, count = store.rows()
    assert count == 3_000
    assert sorted(map(tuple, found.reshape(-1, words).tolist())) == sorted(
        map(tuple, rows.reshape(-1, words).tolist())
    )
    assert (store.locate(rows, 3_000, words) >= 0).all()
    assert store.nbytes == store.extent * words * 8
