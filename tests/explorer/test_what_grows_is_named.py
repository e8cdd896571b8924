"""The part of the state that kept growing is named, whichever engine stopped."""

import pytest
from agreement import WAYS
from counters import Counter, Flooding, Pair

from everyway import Limits, System
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("kind", "growing"),
    [
        (Counter, {"node A, field count", "node B, field count"}),
        (Flooding, {"messages from B to A", "messages from A to A"}),
    ],
)
def test_what_kept_growing_is_named(way, kind, growing):
    tables = TableSearch(System(Pair(kind)), limits=Limits(max_states=200), **way).run()
    growth = tables.growth()
    assert growth.component in growing
    assert growth.values > 8
    assert "kept growing" in str(growth)


@pytest.mark.parametrize("way", WAYS)
def test_what_does_not_grow_is_not_named(way):
    assert TableSearch(System(TwoPhase(3)), **way).run().growth() is None
