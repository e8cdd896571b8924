"""The graph that a search on tables has visited, as arrays: what each state is made of, and every step between two.

For whoever looks at all steps at once rather than at one after the other, as the bridge to a first-order theory does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from attrs import frozen

from . import codes
from .search import TableSearch

BLOCK = 1 << 15
"""So many states are expanded again at once."""


@frozen(eq=False)
class Edges:
    """Steps that change something, by the number of the state before, in the order in which they are taken."""

    sources: Any
    """For each step the number of the state before it."""
    targets: Any
    """The number of the state after it; -1 if that was not visited."""
    ordinals: Any
    """Its position among all steps of the state before it."""


def parts(search: TableSearch) -> Any:
    """Return for each state the number of each component's value, in the order of ``ModelTables.components``.

    The search must have been asked to keep its rows.
    """
    layout = search.expander.tables.layout
    rows = search.all_rows().reshape(-1, search.expander.words)
    found = np.zeros((len(rows), len(layout.places)), np.int32)
    for component, (word, shift, bits) in enumerate(layout.places):
        found[:, component] = (rows[:, word] >> shift) & ((1 << bits) - 1)
    return found


def edges(search: TableSearch) -> Iterator[Edges]:
    """Yield the steps of all states that were expanded, by expanding them again.

    The search must have been asked to keep its rows.
    """
    states, expander = search.statistics.states, search.expander
    rows = search.all_rows().reshape(-1, expander.words)
    number_at = np.full(expander.store.extent + 1, -1, np.int64)  # the last for what was not found
    number_at[expander.store.locate(rows.reshape(-1), states, expander.words)] = np.arange(states)
    numbers = search.expanded_numbers()
    for first in range(0, len(numbers), BLOCK):
        block = numbers[first : first + BLOCK]
        some = rows[block].reshape(-1)
        expander.generate_quietly(lambda: some, 0, len(block))  # noqa: B023  done before some changes
        places, begins = expander.locate()
        ordinals = [lane.ordinals[: lane.work[codes.SUCCESSORS]] for lane in expander.lanes]
        yield Edges(
            np.repeat(block, np.diff(begins)),
            number_at[places],
            np.concatenate(ordinals).astype(np.int64),
        )
