"""On several threads batches are taken in while the next are generated; nothing that is found or told depends on it."""

import pytest
from markets import CRASHING, market

from everyway import Faults, Limits, ModelError, System, always, possible
from everyway.explorer.tables import expander
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import RM, TwoPhase, consistency, states
from everyway.models.two_phase_commit import TwoPhaseCommit

THREADS = [2, 3, 4]


@pytest.fixture(params=[1, 1 << 60], ids=["sharing", "alone"], autouse=True)
def _worth_sharing(request, monkeypatch):
    """Have a thread that takes in batches generate some as well when it has time, or not."""
    monkeypatch.setattr(expander, "WORTH_SHARING", request.param)


def told(searching: TableSearch):
    """Return all that a search tells, without the time."""
    searching.run()
    searching.statistics.seconds = 0.0
    searching.statistics.memory = 0  # each thread has buffers of its own
    verdicts = [(verdict.outcome, verdict.path, verdict.broken) for verdict in searching.verdicts()]
    numbers = range(0, searching.statistics.states, 41)
    return (
        searching.stopped_by,
        searching.statistics,
        searching.growth(),
        verdicts,
        [searching.path_to(number) for number in numbers],
    )


def searched(threads: int, *, protocol=None, faults=None, properties=(), batch=7, **how):
    system = System(protocol or TwoPhase(4), faults or Faults())
    return told(TableSearch(system, properties, engine="tables", threads=threads, batch=batch, **how))


@always
def never_all_done(world):
    return states(world) != {RM.COMMITTED}


@always
def nothing_is_aborted(world):
    return RM.ABORTED not in states(world)


@possible
def can_commit(world):
    return states(world) == {RM.COMMITTED}


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("batch", [1, 5, 64])
def test_a_whole_search_is_the_same(threads, batch):
    properties = [consistency, never_all_done, can_commit]
    assert searched(threads, properties=properties, batch=batch) == searched(
        1, properties=properties, batch=batch
    )


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize(
    ("protocol", "faults"), [(market(network="bag")().protocol, CRASHING), (TwoPhaseCommit(), CRASHING)]
)
def test_so_it_is_where_channels_come_up_on_the_way(threads, protocol, faults):
    properties = [possible(lambda world: bool(world.in_flight()), name="something is under way")]
    assert searched(threads, protocol=protocol, faults=faults, properties=properties) == searched(
        1, protocol=protocol, faults=faults, properties=properties
    )


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("max_states", [2, 50, 51, 333, 900, 1_567, 1_568])
def test_a_limit_on_states_ends_it_at_the_same_state(threads, max_states):
    limits = Limits(max_states=max_states)
    assert searched(threads, limits=limits) == searched(1, limits=limits)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("properties", [[nothing_is_aborted], [never_all_done, nothing_is_aborted]])
def test_it_ends_with_the_same_batch_when_all_is_decided(threads, properties):
    stop, statistics, *others = searched(threads, properties=properties, stop_when_decided=True)
    expected_stop, expected, *expected_others = searched(1, properties=properties, stop_when_decided=True)
    assert (stop, others[1:]) == (expected_stop, expected_others[1:])
    assert (statistics.states, statistics.transitions, statistics.deeds) == (
        expected.states,
        expected.transitions,
        expected.deeds,
    )


@always
def minds_the_end(world):
    if states(world) == {RM.COMMITTED}:
        raise ValueError("no end in sight")
    return True


@pytest.mark.parametrize("threads", THREADS)
def test_what_a_predicate_raises_is_raised(threads):
    with pytest.raises(ModelError, match="property 'minds the end' raised ValueError: no end in sight"):
        searched(threads, properties=[minds_the_end])


def test_of_several_things_that_are_raised_the_same_is_told():
    @always
    def minds_preparing(world):
        assert states(world) != {RM.PREPARED}
        return True

    messages = set()
    for threads in [1, *THREADS]:
        with pytest.raises(ModelError) as raised:
            searched(threads, properties=[minds_preparing], batch=2)
        messages.add(str(raised.value))
    assert len(messages) == 1
