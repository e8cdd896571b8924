"""What the explored states of a model show of a theory: each different structure once, side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from everyway.explorer import Limits, Watcher
from everyway.explorer.tables.edges import parts
from everyway.explorer.tables.search import TableSearch
from everyway.models.language import Faults, Network, System, Timeouts

from .bridge import Abstraction, Bridge
from .evaluation import Column, Structures


class SeenStates:
    """The structures that the reachable states of a model stand for, side by side.

    Args: see ``cross``.
    """

    def __init__(
        self,
        bridge: Bridge,
        *,
        faults: Faults | None = None,
        timeouts: Timeouts | str | None = None,
        network: Network | str | None = None,
        limits: Limits | None = None,
        threads: int | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.bridge = bridge
        self.system = System(bridge.model, faults or Faults(), timeouts=timeouts, network=network)
        self.abstraction = Abstraction(bridge)
        self.search = TableSearch(
            self.system,
            limits=limits,
            watcher=watcher,
            threads=threads or min(os.cpu_count() or 1, 16),
            keeps_rows=True,
        ).run()
        self.shown, self.first, self.stands_for = self._distinct(self._facts())
        """For each structure its atoms; the first state that stands for it; and for each state its structure."""
        self.structures = self.side_by_side(np.arange(len(self.shown)))

    def side_by_side(self, numbers: Any) -> Structures:
        """Return some of the structures, by their numbers, side by side.

        Raises ``ModelError`` if a function has no value in one, or two.
        """
        relations: dict[str, dict[tuple[Any, ...], Column]] = {}
        functions: dict[str, dict[tuple[Any, ...], dict[Any, Column]]] = {}
        for relation in self.abstraction.specification.relations:
            relations[relation.name] = {}
        for function in self.abstraction.specification.functions:
            functions[function.name] = {}
        everywhere = (1 << len(numbers)) - 1
        for name, tuples in self.abstraction.fixed_relations.items():
            relations[name] = dict.fromkeys(tuples, everywhere)
        for name, values in self.abstraction.fixed_functions.items():
            functions[name] = {key: {value: everywhere} for key, value in values.items()}
        for bit, (name, elements) in enumerate(self.abstraction.atoms):
            column = self._column(bit, numbers)
            if column and name in relations:
                relations[name][elements] = column
            elif column:
                *arguments, value = elements
                functions[name].setdefault(tuple(arguments), {})[value] = column
        self._see_that_functions_are_total(functions, everywhere, numbers)
        return Structures(len(numbers), relations, functions)

    def bits(self, structure: int) -> int:
        """Return the atoms of a structure, as a number."""
        return int.from_bytes(self.shown[structure].astype("<u8").tobytes(), "little")

    def where(self, column: Column) -> Any:
        """Return the numbers of the structures that a column says are so, of as many as it has bits."""
        size = max(1, (column.bit_length() + 7) // 8)
        bits = np.frombuffer(column.to_bytes(size, "little"), np.uint8)
        return np.flatnonzero(np.unpackbits(bits, bitorder="little"))

    def _column(self, bit: int, numbers: Any) -> Column:
        word, shift = divmod(bit, 64)
        held = (self.shown[numbers, word] >> np.uint64(shift)) & np.uint64(1)
        return int.from_bytes(np.packbits(held.astype(np.uint8), bitorder="little").tobytes(), "little")

    def _see_that_functions_are_total(
        self,
        functions: Mapping[str, Mapping[tuple[Any, ...], Mapping[Any, Column]]],
        everywhere: Column,
        numbers: Any,
    ) -> None:
        for function in self.abstraction.specification.functions:
            if function.is_fixed:
                continue
            for arguments in self.abstraction.tuples(function.sorts):
                once = twice = 0
                for column in functions[function.name].get(arguments, {}).values():
                    twice |= once & column
                    once |= column
                wrong = twice | everywhere ^ once
                if wrong:
                    self.abstraction.structure(self.bits(int(numbers[self.where(wrong)[0]])))  # raises

    def _facts(self) -> Any:
        """Return for each state the atoms that it shows, as words of 64 bits."""
        tables, abstraction = self.search.expander.tables, self.abstraction
        words = max(1, -(-len(abstraction.atoms) // 64))
        numbers = parts(self.search)
        found = np.zeros((len(numbers), words), np.uint64)

        def add(component: int, shown: Sequence[int]) -> None:
            if any(shown):
                table = np.array(
                    [[bits >> 64 * word & (1 << 64) - 1 for word in range(words)] for bits in shown],
                    np.uint64,
                )
                np.bitwise_or(found, table[numbers[:, component]], out=found)

        component = 0
        for values in tables.nodes:
            add(component, [abstraction.node(value.state) for value in values.items])
            component += 1
        component += 1  # the environment
        for name, values in zip(self.system.roster.observers, tables.observers, strict=True):
            add(component, [abstraction.observer(name, memory) for memory in values.items])
            component += 1
        of_message: dict[Any, int] = {}
        for values in tables.channels:
            shown = []
            for mailbox in values.items:
                bits = 0
                for envelope in mailbox.content():
                    if envelope not in of_message:
                        of_message[envelope] = abstraction.message(envelope)
                    bits |= of_message[envelope]
                shown.append(bits)
            add(component, shown)
            component += 1
        return found

    @staticmethod
    def _distinct(facts: Any) -> tuple[Any, Any, Any]:
        whole = np.ascontiguousarray(facts).view(np.dtype((np.void, facts.itemsize * facts.shape[1]))).ravel()
        _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
        return facts[first], first, inverse.ravel()
