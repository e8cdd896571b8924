"""On models that come with everyway the table engine gives what the reference gives."""

import pytest
from agreement import assert_agree

from everyway import Faults, Limits, System
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.models.two_phase_commit import Cooperative, TwoPhaseCommit


@pytest.mark.parametrize(
    ("protocol", "faults", "options"),
    [
        (TwoPhaseCommit(), Faults(crashes=1, losses=1), {}),
        (TwoPhaseCommit(), Faults(crashes=1, restarts=1), {"network": "fifo", "timeouts": "early"}),
        (TwoPhaseCommit(), Faults(partitions=1), {"network": "set"}),
        (Cooperative(), Faults(crashes=1, duplicates=1), {}),
        (ThreePhaseCommit(), Faults(crashes=1), {}),
        (ThreePhaseCommit(), Faults(losses=1, suspicions=1), {}),
    ],
    ids=["2pc", "2pc fifo", "2pc set", "2pc cooperative", "3pc", "3pc suspicious"],
)
def test_shipped_models_under_faults(protocol, faults, options):
    properties = list(protocol.promises())
    reference = assert_agree(lambda: System(protocol, faults, **options), properties, Limits(max_depth=7))
    assert reference.statistics.states > 100


@pytest.mark.parametrize(
    ("managers", "states", "transitions"), [(1, 12, 19), (2, 56, 153), (3, 288, 1_145), (4, 1_568, 8_257)]
)
def test_two_phase_commit_has_the_published_number_of_states(managers, states, transitions):
    protocol = TwoPhase(managers)
    reference = assert_agree(lambda: System(protocol), list(protocol.promises()))
    assert (reference.statistics.states, reference.statistics.transitions) == (states, transitions)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_seven_managers_are_counted_too(threads):
    tables = TableSearch(System(TwoPhase(7)), engine="tables", threads=threads).run()
    assert tables.statistics.states == 296_448
    assert tables.is_complete
