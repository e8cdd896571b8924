"""Packing: how the components of a row share words of 62 bits, and how rows move from one layout to another."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

BITS = 62
"""Bits of a word that are used. The next one marks the first word of every row, so that none is zero; the last is
the sign, which stays clear of it all."""
MARK = 1 << BITS
MANY = 8
"""A component with more values than these is one that grows."""


@frozen
class Layout:
    """Where each component lies: its word, its shift and its width in bits."""

    words: int
    places: tuple[tuple[int, int, int], ...]
    _shifts: tuple[tuple[int, int], ...] = field(init=False, eq=False, repr=False)

    @_shifts.default
    def _its_shifts(self) -> tuple[tuple[int, int], ...]:
        return tuple((shift, (1 << bits) - 1) for _, shift, bits in self.places)

    def holds(self, sizes: Sequence[int]) -> bool:
        """Return whether every component's number of values still fits."""
        return len(sizes) == len(self.places) and all(
            size <= 1 << bits for size, (_, _, bits) in zip(sizes, self.places, strict=True)
        )

    def flat(self) -> list[int]:
        """Return word, shift and mask of each component in one number, as the kernel reads them."""
        return [((1 << bits) - 1) << 18 | word << 6 | shift for word, shift, bits in self.places]

    def packed(self, values: Sequence[int]) -> list[int]:
        """Return the row of these values."""
        row = [MARK] + [0] * (self.words - 1)
        for value, (word, shift, _) in zip(values, self.places, strict=True):
            row[word] += value << shift
        return row

    def unpacked(self, row: Sequence[int]) -> list[int]:
        """Return the value of each component."""
        if self.words == 1:
            first = int(row[0])
            return [(first >> shift) & mask for shift, mask in self._shifts]
        return [(int(row[word]) >> shift) & ((1 << bits) - 1) for word, shift, bits in self.places]

    def columns(self, rows: Any, count: int) -> list[list[int]]:
        """Return for each of the first so many components its values in some rows, an array with a line for each."""
        return [
            ((rows[:, word] >> shift) & ((1 << bits) - 1)).tolist()
            for word, shift, bits in self.places[:count]
        ]


def layout_for(sizes: Sequence[int], busy: Sequence[int] | None = None) -> Layout:
    """Return a layout for components with so many values each.

    As few words as they need; what is then left over gives room to grow: first to those with many values, then to those
    that have no value to spare, then to all others. Rows are written anew when a component outgrows its room, which
    is dear when it happens late; so the room goes to those that are likely to need it.

    Args:
        sizes: how many values each component has.
        busy: for each component how many values whatever changes it has; of components that are alike the busiest come
            first. By default their own.
    """
    needed = [max(0, (size - 1).bit_length()) for size in sizes]
    words = len(_bins(needed))
    roomy = list(needed)
    by_size = sorted((k for k in range(len(sizes)) if sizes[k] > 1), key=lambda k: (-sizes[k], k))
    by_business = sorted(by_size, key=lambda k: -(busy or sizes)[k])
    many = [k for k in by_size if sizes[k] > MANY]
    full = [k for k in by_business if sizes[k] == 1 << needed[k]]
    for k in [*many, *full, *many, *(k for k in by_business if k not in full)]:
        roomy[k] += 1
        if len(_bins(roomy)) > words:
            roomy[k] -= 1
    places: list[tuple[int, int, int]] = [(0, 0, 0)] * len(sizes)
    for word, members in enumerate(_bins(roomy)):
        shift = 0
        # In their order, so that those that are looked up together tend to be neighbours.
        for k in sorted(members):
            places[k] = (word, shift, roomy[k])
            shift += roomy[k]
    return Layout(max(1, words), tuple(places))


def _bins(widths: Sequence[int]) -> list[list[int]]:
    """Return which components share a word: first fit, widest first."""
    bins: list[list[int]] = []
    free: list[int] = []
    for k in sorted(range(len(widths)), key=lambda k: (-widths[k], k)):
        if not widths[k]:
            continue
        for number, room in enumerate(free):
            if widths[k] <= room:
                bins[number].append(k)
                free[number] -= widths[k]
                break
        else:
            bins.append([k])
            free.append(BITS - widths[k])
    return bins


def pieces(layout: Layout, components: Sequence[int], bits: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Return how the values of some components, of so many bits each, make one number; see ``gathered``.

    For each piece of a row that moves as a whole its word, its shift, its mask and the shift back.
    """
    found: list[list[int]] = []
    left = 0
    for word, shift, width in sorted((*layout.places[k][:2], bits[k]) for k in components):
        if not width:
            continue
        last = found[-1] if found else None
        # Neighbours move together if the first has no bits to spare.
        if last is not None and last[0] == word and last[4] == shift:
            last[2] |= ((1 << width) - 1) << (left - last[3])
            last[4] = shift + width
        else:
            found.append([word, shift, (1 << width) - 1, left, shift + width])
        left += width
    return [(word, shift, mask, to) for word, shift, mask, to, _ in found]


def offsets(layout: Layout, bits: Mapping[int, int]) -> dict[int, int]:
    """Return where the value of each of some components lies in the number that ``pieces`` makes of them."""
    found: dict[int, int] = {}
    left = 0
    for k in sorted(bits, key=lambda k: layout.places[k][:2] if bits[k] else (0, 0)):
        found[k] = left if bits[k] else 0
        left += bits[k]
    return found


def gathered(pool: Any, piece: int, rows: Any, row: int) -> int:
    """Return the number that some components of a row make; ``piece`` is where their count and ``pieces`` are."""
    number = 0
    for _ in range(pool[piece]):
        part = (rows[row + pool[piece + 1]] >> pool[piece + 2]) & pool[piece + 3]
        number |= part << pool[piece + 4]
        piece += 4
    return number


def compressed(word: int, mask: int) -> int:
    """Return the bits of a word that a mask has, moved together; compiled it is one instruction where there is one."""
    found = at = 0
    while mask:
        lowest = mask & -mask
        if word & lowest:
            found |= 1 << at
        at += 1
        mask &= mask - 1
    return found


def masks(layout: Layout, components: Sequence[int], bits: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return how the values of some components make the number that ``pieces`` makes, by ``compressed`` words.

    For each word of a row that has any of them the word, the mask and the shift.
    """
    found: dict[int, int] = {}
    for word, shift, width in sorted((*layout.places[k][:2], bits[k]) for k in components):
        if width:
            found[word] = found.get(word, 0) | ((1 << width) - 1) << shift
    shifts = [0, *itertools.accumulate(mask.bit_count() for mask in found.values())]
    return [(word, mask, shift) for (word, mask), shift in zip(found.items(), shifts, strict=False)]


def extract(place: int, rows: Any, at: int) -> Any:
    """Return the value of a component in the row that begins at an index; ``place`` is where it lies in a row."""
    return (rows[at + ((place >> 6) & 0xFFF)] >> (place & 63)) & (place >> 18)


def shifts(old: Layout, new: Layout) -> list[int]:
    """Return how a row goes from one layout to another that has all its components and perhaps more.

    Four numbers for all components that move together: their bits in the old word, the bits' way to the right, and to
    the left, and both words in one number, as ``convert`` reads them.
    """
    together: dict[tuple[int, int, int], int] = {}
    for (word, shift, bits), (to, there, _) in zip(old.places, new.places, strict=False):
        key = (word, to, there - shift)
        together[key] = together.get(key, 0) | ((1 << bits) - 1) << shift
    return [
        number
        for (word, to, way), mask in together.items()
        if mask
        for number in (mask, max(0, -way), max(0, way), word << 12 | to)
    ]


def repack(rows: Any, count: int, old_words: int, ways: Any, words: int, out: Any) -> None:
    """Write rows of one layout in another, as ``shifts`` says; a component that the old one lacks has its value 0."""
    for k in range(count):
        convert(rows, k * old_words, ways, len(ways), words, out, k * words)


def convert(rows: Any, at: int, ways: Any, count: int, words: int, out: Any, to: int) -> None:
    """Write one row of one layout in another; ``count`` is how long ``ways`` is."""
    for w in range(words):
        out[to + w] = 0
    out[to] = MARK
    for g in range(0, count, 4):
        both = ways[g + 3]
        out[to + (both & 0xFFF)] += ((rows[at + (both >> 12)] & ways[g]) >> ways[g + 1]) << ways[g + 2]
