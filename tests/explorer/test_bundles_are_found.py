"""The kernel finds a bundle's list on every machine: by an instruction that moves bits together, or piece by piece."""

import pytest

from everyway import Limits, System
from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.raft import Raft

LIMITS = Limits(max_states=3_000)


@pytest.mark.parametrize(
    ("protocol", "words"), [(TwoPhase(5), 1), (Raft(), 2)], ids=["one word", "two words"]
)
def test_with_and_without_the_instruction_states_are_those_of_the_reference(protocol, words):
    def told(searching):
        searching.run()
        return searching.statistics.states, [searching.path_to(number) for number in range(0, 3_000, 97)]

    expected = told(Exploration(System(protocol), limits=LIMITS))
    for compresses in {False, TableSearch(System(protocol), engine="tables").expander.store.can_compress}:
        searching = TableSearch(System(protocol), engine="tables", limits=LIMITS)
        searching.expander.bundles.use(compresses=compresses)
        assert told(searching) == expected
        assert searching.expander.words == words
