"""The kernel finds a bundle's list on every machine: by an instruction that moves bits together, or piece by piece."""

import pytest

from everyway import Limits, System
from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.raft import Raft

SEEN = 3_000
"""So many states the reference visits; they have the same numbers there."""


@pytest.mark.parametrize(
    ("protocol", "words"), [(TwoPhase(5), 1), (Raft(), 2)], ids=["one word", "two words"]
)
def test_with_and_without_the_instruction_states_are_those_of_the_reference(protocol, words):
    def paths(searching):
        return [searching.path_to(number) for number in range(0, SEEN, 97)]

    def told(compresses):
        searching = TableSearch(System(protocol), engine="tables")
        searching.expander.bundles.use(compresses=compresses)
        searching.run()
        assert searching.expander.words == words
        statistics = searching.statistics
        return statistics.states, statistics.transitions, statistics.deeds, paths(searching)

    can_compress = TableSearch(System(protocol), engine="tables").expander.store.can_compress
    assert told(can_compress) == told(False)
    assert told(False)[-1] == paths(Exploration(System(protocol), limits=Limits(max_states=SEEN)).run())
