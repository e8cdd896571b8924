"""What a search counts, how it tells steps apart, and that it is the same every time."""

import json
import os
import subprocess
import sys

import pytest
from attrs import frozen
from plain_systems import Graph, Move, fault, repair

from everyway import (
    Faults,
    Message,
    Network,
    Node,
    NodeId,
    Outcome,
    Protocol,
    System,
    Timeouts,
    always,
    check,
    choice,
    every_step,
    never,
    on,
    possible,
    volatile,
)
from everyway.explorer import Exploration
from everyway.models.two_phase_commit import TwoPhaseCommit

DIAMOND = Graph({0: [1, 2], 1: [3], 2: [3], 3: [3]})


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_states_are_counted_once_and_steps_each(search):
    counts = Exploration(DIAMOND, search=search).run().statistics
    assert (counts.states, counts.transitions, counts.starts, counts.depth) == (4, 5, 1, 2)


def test_equal_starts_are_one():
    counts = Exploration(Graph({0: [1]}, starts=(0, 1, 0))).run().statistics
    assert (counts.starts, counts.states, counts.transitions, counts.depth) == (2, 2, 1, 0)


def test_two_actions_with_one_successor_are_two_steps():
    graph = Graph({0: [(Move("left"), 1), (Move("right"), 1)]})
    exploration = Exploration(graph).run()
    assert exploration.statistics.transitions == 2
    assert {deed.label for deed in exploration.statistics.deeds} == {"left", "right"}


def test_a_step_property_sees_each_of_two_actions_with_one_successor():
    graph = Graph({0: [(Move("left"), 1), (Move("right"), 1)]})
    report = check(
        graph, [every_step(lambda before, action, after: action.name != "right", name="never right")]
    )
    assert report.outcome is Outcome.VIOLATED
    assert [str(visit.action) for visit in report.verdicts[0].path] == ["None", "right"]


def test_breadth_first_search_finds_the_shortest_way():
    graph = Graph({0: [1, 4], 1: [2], 2: [3], 3: [5], 4: [5], 5: []})
    reaches = possible(lambda state: state == 5, name="reaches five")
    assert [visit.state for visit in check(graph, [reaches]).verdicts[0].path] == [0, 4, 5]
    deep = check(graph, [reaches], search="dfs").verdicts[0]
    assert [visit.state for visit in deep.path] == [0, 1, 2, 3, 5]
    assert (check(graph, [reaches]).verdicts[0].is_shortest, deep.is_shortest) == (True, False)


def test_the_first_of_several_shortest_ways_is_taken():
    path = check(DIAMOND, [never(lambda state: state == 3, name="never three")]).verdicts[0].path
    assert [visit.state for visit in path] == [0, 1, 3]


def test_a_violated_step_is_the_last_of_its_path():
    shrinks = every_step(lambda before, _, after: after >= before, name="never shrinks")
    path = check(Graph({0: [1, 2], 1: [2], 2: [0]}), [shrinks]).verdicts[0].path
    assert [visit.state for visit in path] == [0, 2, 0]


# Ends and deadlocks.


def test_a_deadlock_is_an_end_that_is_not_final():
    graph = Graph({0: [1, 2], 1: [], 2: []}, final={1})
    report = check(graph)
    assert report["no deadlock"].outcome is Outcome.VIOLATED
    assert [visit.state for visit in report["no deadlock"].path] == [0, 2]
    assert report.statistics.ends == 2
    assert check(Graph({0: [1, 2]}, final={1, 2})).outcome is Outcome.HOLDS


def test_without_a_word_about_proper_ends_none_is_a_deadlock():
    report = check(Graph({0: [1]}), [])
    assert report.verdicts == ()
    assert report.statistics.ends == 1


def test_a_final_state_that_goes_on_is_no_end():
    assert check(Graph({0: [1], 1: [0]}, final=set())).outcome is Outcome.HOLDS


def test_faults_are_nothing_to_wait_for():
    # Without the fault nothing can happen in 1, and no promise may rely on a fault.
    graph = Graph({0: [1], 1: [(fault(), 2)], 2: []}, final={2})
    report = check(graph)
    assert report["no deadlock"].outcome is Outcome.VIOLATED
    assert report["no deadlock"].length == 1


def test_a_repair_is_something_to_wait_for():
    graph = Graph({0: [1], 1: [(repair(), 2)], 2: []}, final={2})
    assert check(graph).outcome is Outcome.HOLDS


def test_steps_that_change_nothing_do_not_hide_a_deadlock():
    assert check(Graph({0: [1], 1: [1]}, final=set())).outcome is Outcome.VIOLATED


class Note(Message):
    pass


@frozen
class Baton(Node):
    to: NodeId = "B"
    has_it: bool = volatile(False)

    @choice
    def pass_on(self):
        if self.has_it:
            return self.become(has_it=False).send(self.to, Note())

    @on(Note)
    def catch(self):
        if not self.has_it:
            return self.become(has_it=True)


@frozen
class Relay(Protocol):
    """A baton goes from A to B, and no further."""

    def nodes(self):
        return {"A": Baton("B", has_it=True), "B": Baton("C"), "C": Baton("C")}

    def is_final(self, world):
        return world["C"].has_it


def test_a_protocol_that_is_done_is_told_from_one_that_is_stuck():
    assert check(Relay(), []).outcome is Outcome.HOLDS
    assert check(Relay(), [], faults=Faults(duplicates=1)).outcome is Outcome.HOLDS
    stuck = check(Relay(), [], faults=Faults(losses=1))
    assert stuck.outcome is Outcome.VIOLATED
    assert [str(visit.action) for visit in stuck["no deadlock"].path[1:]] == [
        "A: pass on",
        "the network loses note from A to B",
    ]


def test_looking_for_deadlocks_may_be_switched_off():
    assert check(Relay(), [], faults=Faults(losses=1), deadlock=False).verdicts == ()


# The same every time.

COUNTED = """
import json
from everyway import *
from everyway.models.two_phase_commit import TwoPhaseCommit
from everyway.models.gray_lamport import TwoPhase

found = []
for protocol, options in [
    (TwoPhaseCommit(), dict(faults=Faults(crashes=1, losses=1))),
    (TwoPhaseCommit(), dict(faults=Faults(crashes=1, restarts=1, partitions=1), network="fifo", timeouts="early")),
    (TwoPhase(3), dict()),
]:
    for search in ("bfs", "dfs"):
        report = check(protocol, search=search, limits=Limits(max_states=3_000), **options)
        counts = report.statistics
        found.append([counts.states, counts.transitions, counts.depth, counts.ends])
        for verdict in report.verdicts:
            path = [str(visit.action) for visit in verdict.path or ()]
            states = [str(visit.state) for visit in verdict.path or ()]
            found.append([verdict.property.name, verdict.outcome.value, path, states])
print(json.dumps(found))
"""


@pytest.mark.slow
def test_counts_verdicts_and_traces_do_not_depend_on_the_hash_seed():
    runs = [
        subprocess.run(
            [sys.executable, "-P", "-c", COUNTED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2024")
    ]
    assert len(json.loads(runs[0])) > 30
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.slow
@pytest.mark.parametrize("network", list(Network))
@pytest.mark.parametrize("timeouts", list(Timeouts))
def test_breadth_first_and_depth_first_count_the_same(network, timeouts):
    system = System(TwoPhaseCommit(), Faults(crashes=1), network=network, timeouts=timeouts)
    both = [Exploration(system, search=search).run() for search in ("bfs", "dfs")]
    assert set(both[0].states) == set(both[1].states)
    assert both[0].statistics.transitions == both[1].statistics.transitions
    assert both[0].statistics.ends == both[1].statistics.ends
    assert both[0].statistics.deeds == both[1].statistics.deeds
    assert both[0].statistics.sent == both[1].statistics.sent


def test_what_was_asked_before_changes_no_answer():
    system = System(TwoPhaseCommit(), Faults(crashes=1))
    first = Exploration(system).run()
    calls = system.handler_calls
    again = Exploration(system).run()
    assert first.states == again.states
    assert system.handler_calls == calls  # everything is remembered
    assert Exploration(system.again()).run().states == first.states


def test_a_premise_is_counted_where_it_is_true():
    prop = always(lambda state: state < 5, name="small", when=lambda state: state > 1)
    exploration = Exploration(DIAMOND, [prop]).run()
    assert exploration.statistics.premises["small"] == 2
