"""Settled properties: those whose predicate has always looked at the same few components, and at nothing else.

Recording every read makes a predicate several times slower. Of a settled property the components that it looks at are
taken to be read as a whole, and need not be watched; all else still is. As soon as its predicate looks at anything
else, or the components take many values that do not differ in what it looks at, the property is settled no longer. So
what is assumed to be read is only ever more than what is read, and an answer is never kept for a state that may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from everyway.explorer.reads import Parts, Read
from everyway.explorer.recording import Recorder
from everyway.explorer.watching import copied, keeps_nothing
from everyway.models.language.errors import ModelError
from everyway.models.language.network import Mailbox
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
    _casts: dict[int, list[Node]] = field(factory=dict)
    """For each node and each of its values what it is handed: the tables' own or a copy."""
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

    def learn(
        self, rows: Sequence[Sequence[int]], question: Callable[[World], int]
    ) -> tuple[list[int], list[int]] | None:
        """Ask about the rows for which there is no answer yet; None if that looks at anything else.

        Returns the numbers under which these answers go, and the answers.
        """
        tables, layout = self._tables, self._tables.layout
        count, roster = len(tables.nodes), tables.system.roster
        table = np.array(rows, np.int64)
        columns = layout.columns(table, count + 1 + len(tables.observers))
        keys = list(zip(*[columns[k] for k in self.components], strict=True))
        casts = [map(self._cast(i).__getitem__, columns[i]) for i in range(count)]
        learned: list[int] = []

        def parts(n: int) -> Parts:
            return tables.worlds.parts_of([column[n] for column in columns])

        def in_flight(n: int) -> tuple[Mailbox, ...]:
            return tables.worlds.in_flight(layout.unpacked(rows[n]))

        watched = [i for i in range(count) if i not in self._nodes]
        with self._recorder.stage(watched, parts, in_flight) as stage:
            for n, (key, states) in enumerate(zip(keys, zip(*casts, strict=True), strict=True)):
                if key in self.answers:
                    continue
                try:
                    bits, reads = stage.ask(n, roster, states, question)
                except ModelError:
                    return None  # asked again in the usual way it raises the same from the user's own line
                if reads and any(component_of(tables, read) not in self.components for read in reads):
                    return None
                self.answers[key] = bits
                learned.append(n)
        numbers = np.zeros(len(table), np.int64)
        for word, shift, mask, to in self._moving:
            numbers |= ((table[:, word] >> shift) & mask) << to
        return numbers[learned].tolist(), [self.answers[keys[n]] for n in learned]

    def _cast(self, i: int) -> list[Node]:
        """Return for each value of a node what the predicate is handed."""
        values, cast = self._tables.nodes[i].items, self._casts.setdefault(i, [])
        is_copied = i in self._nodes and not self._keeps_nothing
        for value in values[len(cast) :]:
            cast.append(copied(value.state) if is_copied else value.state)
        return cast
