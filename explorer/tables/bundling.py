"""Which sources of steps go together in a bundle, and the room that their lists take; see ``bundles.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from everyway.models.language.faults import Timeouts
from everyway.models.language.handler import Occasion, handlers_for

from . import codes
from .model_tables import ModelTables
from .packing import masks, pieces
from .regions import Region

MOST_BITS = 15
"""So many bits of a row a bundle may depend on: more would need tables that no longer fit the caches."""
MOST_BITS_ALONE = 17
"""So many may what one source depends on have; beyond them its list is made anew for each row."""
MOST_SPARE = 4
"""So many more bits may be taken along, if a row then falls into fewer pieces."""
_NO_PIECE = (0, 0, 0, 0)
LISTS_AT_FIRST = 1 << 14
MOST_LISTS = 1 << 20
"""So much room lists get, in items, at first and at most."""
PASSING_ROOM = 1 << 14
"""So much room there is for lists that are not kept."""


class Bundles:
    """The plan of a model's bundles, which is made anew whenever values have outgrown it.

    Args:
        tables: the model's tables.
    """

    def __init__(self, tables: ModelTables) -> None:
        self._tables = tables
        self.version = 0
        """Counts the plans; lists of another plan are worthless."""
        self.cells = 0
        """How many combinations of values there is room for, of all bundles together."""
        self._made_for: tuple[Any, ...] = ()
        self._plan = Region(tables.pool, 1, 0, codes.PLAN)
        self._ranks = Region(tables.pool, 1, 0, codes.RANKS)
        self._compresses = False
        self._is_early = tables.system.timeouts is Timeouts.EARLY

    def use(self, *, compresses: bool) -> None:
        """Say whether the kernel moves the bits of a word together in one instruction."""
        self._compresses = compresses

    def keep_up(self) -> None:
        """Make another plan if the one of now is outgrown."""
        tables = self._tables
        bits = [(len(values) - 1).bit_length() for values in tables.components]
        made_for = (tables.layout, bits, self._compresses)
        if made_for == self._made_for or len(tables.layout.places) != len(bits):
            return
        self._made_for = made_for
        self.version += 1
        self._number_channels()
        self._lay_out(self._grouped(bits), bits)

    def _number_channels(self) -> None:
        """Tell the kernel the position of each channel in the order of steps."""
        order = self._tables.channels_in_order()
        self._ranks.need(len(order) + 1)
        for rank, channel in enumerate(order):
            self._ranks.put(channel, rank)

    def _sources(self) -> list[int]:
        """Return all sources, in the order of their steps."""
        tables, count = self._tables, len(self._tables.names)
        choices = [i for i in range(count) if self._has(i, Occasion.CHOICE)]
        deliveries = [count + channel for channel in tables.channels_in_order()]
        timeouts = [codes.TIMEOUT_ORIGIN + i for i in range(count) if self._has(i, Occasion.TIMEOUT)]
        return [*choices, *deliveries, *(timeouts if self._is_early else [])]

    def _has(self, i: int, occasion: Occasion) -> bool:
        """Return whether a node has handlers for an occasion; a node stays of its class."""
        return bool(handlers_for(type(self._tables.nodes[i].items[0].state), occasion))

    def _parts(self, source: int) -> tuple[list[int], list[int]]:
        """Return the components that a source depends on, and the nodes that it has to do with."""
        tables, count = self._tables, len(self._tables.names)
        if source < count:
            return [source], [source]
        if source >= codes.TIMEOUT_ORIGIN:
            return [source - codes.TIMEOUT_ORIGIN], [source - codes.TIMEOUT_ORIGIN]
        channel = source - count
        sender, to = tables.ends[channel]
        return [to, count + 1 + len(tables.observers) + channel], [to, sender]

    def _grouped(self, bits: Sequence[int]) -> list[tuple[list[int], list[int]]]:
        """Return which sources go together, and the components that they depend on."""
        bundles: list[tuple[list[int], list[int]]] = []
        for source in self._sources():
            parts, _ = self._parts(source)
            if bundles:
                sources, components = bundles[-1]
                more = [part for part in parts if part not in components]
                if sum(bits[part] for part in components + more) <= MOST_BITS:
                    sources.append(source)
                    components += more
                    continue
            bundles.append(([source], list(parts)))
        return bundles

    def _lay_out(self, bundles: Sequence[tuple[list[int], list[int]]], bits: Sequence[int]) -> None:
        """Write the plan for the kernel."""
        count, head = len(self._tables.names), self._tables.pool.head
        is_small = (
            len(bundles) <= codes.MOST_BUNDLES and count + len(self._tables.channels) < codes.TIMEOUT_ORIGIN
        )
        head[codes.BUNDLES] = len(bundles) if is_small else 0
        records: list[int] = []
        lists: list[int] = []
        beyond = len(bundles) * codes.BUNDLE_STRIDE
        self.cells = 0
        for sources, components in bundles:
            width = sum(bits[part] for part in components)
            is_kept = width <= MOST_BITS or (len(sources) == 1 and width <= MOST_BITS_ALONE)
            moving, width, beyond_two = self._moving(components, bits)
            nodes = {node for source in sources for node in self._parts(source)[1]}
            records += [
                self.cells if is_kept else -1,
                max(map(self._position, sources)),
                sum(1 << node for node in nodes) if count <= 62 else -1,
                beyond + len(lists),
                beyond + len(lists) + 1 + len(sources) if beyond_two > 0 else beyond_two,
                *(number for piece in [*moving, _NO_PIECE, _NO_PIECE][:2] for number in piece),
            ]
            lists += [len(sources), *sources]
            if beyond_two > 0:
                lists += [len(moving) - 2, *(number for piece in moving[2:] for number in piece)]
            if is_kept:
                self.cells += 1 << width
        plan = [*records, *lists]
        self._plan.need(len(plan) + 1)
        if plan:
            self._plan.put(0, plan)

    def _moving(
        self, components: Sequence[int], bits: Sequence[int]
    ) -> tuple[list[tuple[int, int, int, int]], int, int]:
        """Return the pieces of a row that make the number of a list, and how many bits that has.

        And how many pieces there are beyond the first two; or that they are words whose bits are moved together.
        """
        layout = self._tables.layout
        if self._compresses:
            words = masks(layout, components, bits)
            if len(words) <= 2:
                way = codes.COMPRESSED_ONE if len(words) < 2 else codes.COMPRESSED_TWO
                return (
                    [(word, 0, mask, at) for word, mask, at in words],
                    sum(bits[k] for k in components),
                    way,
                )
        moving, width = pieces(layout, components, bits), sum(bits[part] for part in components)
        # With the bits that components have to spare there may be fewer pieces; the cells between are never touched.
        spare = [layout.places[part][2] if bits[part] else 0 for part in range(len(bits))]
        with_spare = sum(spare[part] for part in components)
        if len(moving) > 2 and with_spare <= width + MOST_SPARE:
            fewer = pieces(layout, components, spare)
            if len(fewer) < len(moving):
                moving, width = fewer, with_spare
        return moving, width, max(0, len(moving) - 2)

    def _position(self, source: int) -> int:
        count = len(self._tables.names)
        if source < count or source >= codes.TIMEOUT_ORIGIN:
            return source
        return count + self._ranks.get(source - count)

    def room(self, lists: int) -> Any:
        """Return an array for a lane to keep lists in, with room for so many items of them."""
        cells_at = codes.U_SIZE
        lists_at = cells_at + self.cells
        passing_at = lists_at + lists
        stop = passing_at + PASSING_ROOM
        # A list that was met has three items at least, and one step.
        array = np.zeros(stop + lists // codes.E_STRIDE + 1, np.int64)
        array[[codes.U_TOP, codes.U_CELLS, codes.U_LISTS, codes.U_PASSING, codes.U_STOP]] = (
            lists_at,
            cells_at,
            lists_at,
            passing_at,
            stop,
        )
        return array
