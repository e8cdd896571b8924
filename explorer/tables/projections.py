"""What predicates see of the values of components: a field of a node, whether it is up, what faults are left.

A *projection* is one such thing of one component; values that show the same are one class of it. A *test* is what a
node of a trie looks at: a component, or a projection of it, before a step or after it. See ``tries.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from attrs import define

from everyway.explorer.reads import Read
from everyway.models.language.faults import FAULT_KINDS

from . import codes
from .model_tables import ModelTables
from .regions import Region
from .values import NodeValue, Surroundings

Projection = tuple[int, str, str]
"""A component, what of it is read ("node", "up", ...), and the field; no field is the whole."""
WHOLE = -1
"""The projection that shows all of a component."""


@define(eq=False)
class Test:
    """One test: a component of the state before a step (side 0) or after it (side 1), and its projection."""

    side: int
    component: int
    projection: int
    seen: dict[int, int] | None
    """For each value the number of what the projection shows of it; None if it shows all."""


class Projections:
    """The projections that are in use, as the pool has them for the kernel.

    Args:
        tables: the model's tables.
    """

    def __init__(self, tables: ModelTables) -> None:
        self._tables = tables
        self._cells = Region(tables.pool, 2, 0, codes.PROJECTIONS)
        self._numbers: dict[Projection, int] = {}
        self._classes: list[dict[Hashable, int]] = []
        self._regions: list[Region] = []
        self._readers: list[tuple[int, Callable[[Any], Hashable]]] = []
        self._seen: list[dict[int, int]] = []
        """For each projection the number of what it shows of each value; the pool has the same."""
        self._tests: dict[tuple[int, int, int], Test] = {}

    def test(self, side: int, component: int, projection: int = WHOLE) -> Test:
        """Return a test, always the same object for the same test."""
        key = (side, component, projection)
        if key not in self._tests:
            self._tests[key] = Test(*key, None if projection < 0 else self._seen[projection])
        return self._tests[key]

    def test_of(self, read: Read) -> Test:
        """Return the test that covers a read of anything but messages."""
        component = component_of(self._tables, read)
        return self.test(read.world, component, self._projection((component, read.part, read.field)))

    def shown(self, test: Test, values: Sequence[Sequence[int]]) -> int:
        """Return the number of what a test sees of a row, or of the rows before and after a step, given as values."""
        return self.shown_of(test, values[test.side][test.component])

    def shown_of(self, test: Test, value: int) -> int:
        """Return the number of what a test sees of its component's value."""
        if test.seen is None:
            return value
        number = test.seen.get(value)
        return self._class_of(test.projection, value) if number is None else number

    def _class_of(self, projection: int, value: int) -> int:
        """Return the number of what a projection shows of a component's value."""
        region = self._regions[projection]
        if value >= region.capacity:
            region.need(value + 1)
            self._cells.put(projection, region.capacity, 1)
        component, reader = self._readers[projection]
        seen = reader(self._tables.components[component].items[value])
        classes = self._classes[projection]
        number = classes.setdefault((type(seen), seen), len(classes))
        region.put(value, number)
        self._seen[projection][value] = number
        return number

    def _projection(self, key: Projection) -> int:
        if key not in self._numbers:
            number = len(self._numbers)
            self._numbers[key] = number
            self._cells.need(number + 1)
            self._regions.append(Region(self._tables.pool, 1, codes.MISS, self._told_cell(number)))
            self._cells.put(number, self._regions[number].capacity, 1)
            self._classes.append({})
            self._seen.append({})
            self._readers.append((key[0], _reader(key[1], key[2])))
        return self._numbers[key]

    def _told_cell(self, number: int) -> Callable[[int], None]:
        return lambda base: self._cells.put(number, base)


def component_of(tables: ModelTables, read: Read) -> int:
    """Return the component that covers a read; -1 for messages, which several do."""
    count = len(tables.nodes)
    if read.part == "messages":
        return -1
    if read.part in ("node", "up"):
        return read.position
    return count + 1 + read.position if read.part == "observer" else count


def _reader(part: str, field: str) -> Callable[[Any], Hashable]:
    """Return what a read sees of a component's value."""

    def node(value: NodeValue) -> Hashable:
        return getattr(value.state, field) if field else value.state

    def up(value: NodeValue) -> Hashable:
        return value.is_up

    def cut_off(value: Surroundings) -> Hashable:
        return value.cut_off

    def left(value: Surroundings) -> Hashable:
        return value.left[FAULT_KINDS.index(field)] if field else value.left

    def start(value: Surroundings) -> Hashable:
        return value.start

    def observer(value: Any) -> Hashable:
        seen: Hashable = getattr(value, field) if field else value
        return seen

    readers: dict[str, Callable[[Any], Hashable]] = {
        "node": node,
        "up": up,
        "cut_off": cut_off,
        "left": left,
        "start": start,
        "observer": observer,
    }
    return readers[part]
