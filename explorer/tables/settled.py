"""Settled properties: those whose predicate has always looked at the same few components, and at nothing else.

Recording every read makes a predicate several times slower. Of a settled property the components that it looks at are
taken to be read as a whole, and need not be watched; all else still is. As soon as its predicate looks at anything
else, or the components take many values that do not differ in what it looks at, the property is settled no longer. So
what is assumed to be read is only ever more than what is read, and an answer is never kept for a state that may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from attrs import define, field

from everyway.explorer.reads import InFlight, Parts, Read, Recorder, copied, keeps_nothing
from everyway.models.language.errors import ModelError
from everyway.models.language.node import Node
from everyway.models.language.world import World

from .model_tables import ModelTables
from .packing import Layout, offsets
from .projections import Projections, component_of

ENOUGH = 64
"""After so many answers for which the same was looked at, a property is settled."""
MOST_ALIKE = 4
"""So many combinations of values, at most, may look the same to a settled property."""

Values = tuple[int, ...]


@define(eq=False)
class Settled:
    """The answers of a property that is settled, or may be soon, by the values of the components that it looks at.

    Args:
        components: what it looks at, in ascending order; no channels.
        reads: what it reads of them.
    """

    _tables: ModelTables
    _projections: Projections
    components: Values
    reads: frozenset[Read]
    answers: dict[Values, int] = field(factory=dict)
    """What the property says, as the bits of a leaf."""
    _recorder: Recorder = field(factory=Recorder)
    """One of its own, so that classes which only unwatched nodes have are not hooked."""
    _nodes: frozenset[int] = field(init=False)
    _keeps_nothing: bool = field(init=False)
    """Whether the predicate may be handed the tables' own nodes, as no method can keep anything in them."""
    _copies: dict[int, tuple[Node, Node]] = field(factory=dict)
    """What it is handed otherwise, by the identity of the originals, which come first."""
    _moving: Sequence[tuple[int, int, int, int]] = ()
    """The pieces of a row that make the number of an answer."""

    @_nodes.default
    def _its_nodes(self) -> frozenset[int]:
        return frozenset(k for k in self.components if k < len(self._tables.nodes))

    @_keeps_nothing.default
    def _if_it_keeps_nothing(self) -> bool:
        return all(keeps_nothing(self._tables.nodes[k].items[0].state) for k in self._nodes)

    @classmethod
    def candidate(
        cls, tables: ModelTables, projections: Projections, reads: Sequence[Read]
    ) -> Settled | None:
        """Return what may become settled if all answers need the same reads; None if it may not."""
        components = sorted({component_of(tables, read) for read in reads})
        if not components or components[0] < 0:
            return None
        return cls(tables, projections, tuple(components), frozenset(reads))

    @property
    def is_worthwhile(self) -> bool:
        """Whether the values of the components hardly differ in anything but what is looked at."""
        alike = 1.0
        for k in self.components:
            tests = [
                self._projections.test_of(read)
                for read in self.reads
                if component_of(self._tables, read) == k
            ]
            values = range(len(self._tables.components[k]))
            shown = {tuple([self._projections.shown_of(test, value) for test in tests]) for value in values}
            alike *= len(values) / len(shown)
        return alike <= MOST_ALIKE

    def lay(
        self, layout: Layout, bits: Mapping[int, int], moving: Sequence[tuple[int, int, int, int]]
    ) -> tuple[Any, Any]:
        """Take up a layout, in which answers are found by the number that some pieces of a row make.

        Returns the numbers under which those go that are known, and these answers.
        """
        self._moving = moving
        at = offsets(layout, bits)
        values = np.array(list(self.answers), np.int64).reshape(-1, len(self.components))
        numbers = (values << np.array([at[k] for k in self.components])).sum(axis=1)
        return numbers, np.array(list(self.answers.values()), np.int64)

    def number_of(self, row: Sequence[int]) -> int:
        """Return the number under which the answer for a row goes."""
        number = 0
        for word, shift, mask, to in self._moving:
            number |= ((row[word] >> shift) & mask) << to
        return number

    def listening(self) -> AbstractContextManager[None]:
        """Return a context in which many questions in a row are asked faster."""
        return self._recorder.listening()

    def ask(
        self,
        parts: Parts,
        question: Callable[[World], int],
        in_flight: InFlight,
    ) -> int | None:
        """Return the answer about the world of some parts; None if that looks at anything else."""
        if not self._keeps_nothing:
            parts = parts._replace(states=tuple(map(self._copy, parts.states)))
        try:
            bits, reads = self._recorder.recorded([parts], question, in_flight=in_flight, known=self._nodes)
        except ModelError:
            return None  # asked again in the usual way it raises the same from the user's own line
        if any(component_of(self._tables, read) not in self.components for read in reads):
            return None
        return bits

    def _copy(self, node: Node) -> Node:
        kept = self._copies.get(id(node))
        if kept is None:
            kept = self._copies[id(node)] = (node, copied(node))
        return kept[1]
