"""From every reachable state a goal can still be reached: without counting on faults, or even on repairs."""

import pytest
from plain_systems import Graph, fault, repair

from everyway import Faults, Outcome, check, recoverable
from everyway.explorer import Edge, trapped_states
from everyway.models.two_phase_commit import TwoPhaseCommit

reaches_goal = recoverable(lambda state: state == "goal", name="reaches the goal")
reaches_goal_alone = recoverable(lambda state: state == "goal", name="reaches it alone", repairs=False)


def verdict(edges, prop=reaches_goal, **options):
    return check(Graph(edges), [prop], **options).verdicts[0]


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_a_goal_that_can_always_be_reached_is_recoverable(search):
    assert verdict({0: [1, "goal"], 1: [0], "goal": [1]}, search=search).outcome is Outcome.HOLDS


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_a_loop_without_a_way_out_is_a_trap(search):
    found = verdict({0: ["goal", 1], 1: [2], 2: [1]}, search=search)
    assert found.outcome is Outcome.VIOLATED
    assert found.trapped == {1, 2}
    assert found.path[-1].state in (1, 2)
    assert found.why == "2 of 4 states are trapped"


def test_an_end_without_the_goal_is_a_trap():
    found = verdict({0: ["goal", 1], 1: []})
    assert (found.outcome, found.length, found.trapped) == (Outcome.VIOLATED, 1, {1})


def test_the_nearest_trap_is_shown():
    found = verdict({0: [1, 5, "goal"], 1: [2], 2: [3, "goal"], 3: [], 5: [6, "goal"], 6: []})
    assert [visit.state for visit in found.path] == [0, 5, 6]


def test_having_been_at_the_goal_does_not_help():
    found = verdict({0: ["goal"], "goal": [1], 1: []})
    assert [visit.state for visit in found.path] == [0, "goal", 1]


def test_a_goal_itself_is_no_trap():
    assert verdict({0: ["goal"], "goal": []}).outcome is Outcome.HOLDS


def test_the_way_back_never_counts_on_a_fault():
    found = verdict({0: [(fault(), "goal")]})
    assert (found.outcome, found.length) == (Outcome.VIOLATED, 0)


def test_a_fault_may_lead_into_the_trap():
    found = verdict({0: ["goal", (fault(), 1)], 1: []})
    assert (found.outcome, found.trapped) == (Outcome.VIOLATED, {1})


def test_the_way_back_may_count_on_repairs_unless_told_not_to():
    edges = {0: ["goal", (fault(), 1)], 1: [(repair(), 0)]}
    assert verdict(edges).outcome is Outcome.HOLDS
    found = verdict(edges, reaches_goal_alone)
    assert (found.outcome, found.trapped) == (Outcome.VIOLATED, {1})


def test_a_repair_that_a_fault_strikes_is_a_fault():
    # A node that restarts and crashes at once has not come back.
    class Both:
        is_fault = True
        is_repair = True

    assert verdict({0: [(Both(), "goal")]}).outcome is Outcome.VIOLATED


def test_trapped_states_of_a_bare_graph():
    edges = [[Edge(1), Edge(2)], [Edge(1)], [Edge(3, is_repair=True)], []]
    assert trapped_states(edges, {3}, repairs=True) == {1}
    assert trapped_states(edges, {3}, repairs=False) == {0, 1, 2}
    assert trapped_states(edges, set(), repairs=True) == {0, 1, 2, 3}
    assert trapped_states([], set(), repairs=True) == set()


def test_two_phase_commit_blocks_without_its_coordinator_and_goes_on_with_it():
    def all_decided(world):
        return all(node.decision for node in world.live())

    decides = recoverable(all_decided, name="decides")
    alone = recoverable(all_decided, name="decides alone", repairs=False)
    bounds = Faults(crashes=1, restarts=1)
    report = check(TwoPhaseCommit(), [decides, alone], faults=bounds)
    assert report["decides alone"].outcome is Outcome.VIOLATED
    crashed = report["decides alone"].path[-1].state
    assert not crashed.is_up("C")
