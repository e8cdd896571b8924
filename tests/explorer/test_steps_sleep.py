"""A step that leads to a state that was found before, because of the order of steps, is counted and not looked up."""

import pytest

from everyway import Faults
from everyway.explorer.reference import Exploration
from everyway.explorer.tables.search import TableSearch
from everyway.invariants.property import every_step
from everyway.models.gray_lamport import TwoPhase
from everyway.models.language import System
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.models.two_phase_commit import TwoPhaseCommit


def looked_up(system, *, properties=(), engine="plain", symmetry=False):
    """Return the statistics of a search, and how many successors it looked up."""
    search = TableSearch(system, properties, engine=engine, symmetry=symmetry)
    total, insert = 0, search.expander.store.insert

    def counting(buffers, words):
        nonlocal total
        total += sum(count for _, count in buffers)
        return insert(buffers, words)

    search.expander.store.insert = counting
    statistics = search.run().statistics
    return statistics, total - statistics.starts


@pytest.mark.parametrize("engine", ["plain", "tables"])
def test_most_steps_of_independent_nodes_sleep(engine):
    statistics, found = looked_up(System(TwoPhase(managers=5)), engine=engine)
    assert (statistics.states, statistics.transitions) == (8_832, 58_145)
    # The count of an implementation of the rule on worlds, without tables; 37,345 steps change something.
    assert found == 14_456


@every_step
def anything_goes(before, action, after):
    """Nothing is forbidden."""
    return True


@pytest.mark.slow
def test_nothing_sleeps_where_every_step_must_be_seen():
    system = System(TwoPhase(managers=5))
    statistics, found = looked_up(system, properties=[anything_goes])
    assert (statistics.transitions, found) == (58_145, 37_345)


@pytest.mark.parametrize(
    "system",
    [
        System(TwoPhaseCommit(participants=2), Faults(crashes=1), timeouts="early"),
        System(ThreePhaseCommit(participants=2), Faults(crashes=1, restarts=1)),
        System(TwoPhaseCommit(participants=2), Faults(losses=1, partitions=1)),
        System(TwoPhaseCommit(participants=3), Faults(losses=1), network="fifo"),
    ],
    ids=["crash, early", "restart, late", "partition", "queues"],
)
def test_nothing_is_missed_under_faults(system):
    statistics, found = looked_up(system, engine="tables")
    reference = Exploration(system).run().statistics
    assert statistics.states == reference.states
    assert statistics.transitions == reference.transitions
    assert statistics.depth == reference.depth
    assert statistics.deeds == reference.deeds
    assert found < statistics.transitions
