"""A search that a limit stopped never claims more than it saw."""

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_systems import Counting, Graph, fault

from everyway import (
    Faults,
    Limits,
    Message,
    Node,
    NodeId,
    Outcome,
    Protocol,
    System,
    always,
    check,
    choice,
    on,
    possible,
    recoverable,
    volatile,
)
from everyway.explorer import Exploration
from everyway.invariants import no_deadlock

never_seven = always(lambda state: state != 7, name="never seven")
can_be_seven = possible(lambda state: state == 7, name="can be seven")
can_be_minus_one = possible(lambda state: state == -1, name="can be minus one")
comes_to_seven = recoverable(lambda state: state == 7, name="comes to seven")
LINE = Graph({number: [number + 1] for number in range(9)})
"""Ten states in a row."""


def outcomes(report):
    return [verdict.outcome for verdict in report.verdicts]


# The depth limit.


@pytest.mark.parametrize("search", ["bfs", "dfs"])
@pytest.mark.parametrize(
    ("max_depth", "states", "cut"), [(0, 1, 1), (3, 4, 1), (8, 9, 1), (9, 10, 0), (50, 10, 0)]
)
def test_a_depth_limit_visits_exactly_what_lies_within(search, max_depth, states, cut):
    report = check(LINE, [], search=search, limits=Limits(max_depth=max_depth))
    assert (report.statistics.states, report.statistics.cut) == (states, cut)
    assert report.is_complete == (not cut)


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_nothing_is_cut_where_all_that_follows_is_known(search):
    # Two states at the limit, each of which leads only to states that are known.
    ring = Graph({0: [1, 2], 1: [0], 2: [1]})
    report = check(ring, [never_seven], search=search, limits=Limits(max_depth=1))
    assert (report.statistics.states, report.statistics.transitions, report.statistics.cut) == (3, 4, 0)
    assert report.is_complete
    assert outcomes(report) == [Outcome.HOLDS]


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_a_cut_is_told_with_its_depth_and_how_many_states_have_more_to_come(search):
    report = check(LINE, [never_seven], search=search, limits=Limits(max_depth=5))
    assert outcomes(report) == [Outcome.UNKNOWN]
    assert report.verdicts[0].why == "cut at depth 5: 1 states have more to come"
    assert report.stopped == report.verdicts[0].why


def test_depth_first_search_finds_what_it_first_met_too_deep():
    # By way of 1 and 2, 3 is met three steps from the start, where a limit of 3 leaves no room for 5; by way of 4,
    # which is tried later, it is two steps away.
    graph = Graph({0: [1, 4], 1: [2], 2: [3], 4: [3], 3: [5], 5: [6]})
    exploration = Exploration(graph, search="dfs", limits=Limits(max_depth=3)).run()
    assert set(exploration.states) == {0, 1, 2, 3, 4, 5}
    assert (exploration.statistics.transitions, exploration.statistics.cut) == (6, 1)


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_what_was_expanded_too_deep_is_expanded_again_with_all_that_follows(search):
    # 3, 4 and 5 are all first met a step too deep; a violation lies exactly at the limit.
    graph = Graph({0: [1, 8], 1: [2], 2: [3], 8: [3], 3: [4], 4: [5], 5: [7]})
    report = check(graph, [never_seven], search=search, limits=Limits(max_depth=5))
    assert outcomes(report) == [Outcome.VIOLATED]
    assert report.verdicts[0].length == 5
    assert report.statistics.transitions == 8  # what is expanded again is not counted again


states = st.integers(0, 9)


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(st.dictionaries(states, st.lists(states, max_size=3), min_size=4), st.integers(0, 6))
def test_any_graph_is_searched_to_the_same_depth_either_way(edges, max_depth):
    within = {0}
    for _ in range(max_depth):
        within |= {after for state in within for after in edges.get(state, ())}
    known = [state for state in within if set(edges.get(state, ())) <= within]
    for search in ("bfs", "dfs"):
        exploration = Exploration(Graph(edges), search=search, limits=Limits(max_depth=max_depth)).run()
        assert set(exploration.states) == within
        assert exploration.statistics.cut == len(within) - len(known)
        assert exploration.statistics.transitions == sum(len(edges.get(state, ())) for state in known)


# The limit on states.


@pytest.mark.parametrize("search", ["bfs", "dfs"])
@pytest.mark.parametrize("max_states", [0, 1, 5, 9])
def test_a_limit_on_states_stops_the_search(search, max_states):
    report = check(LINE, [can_be_minus_one], search=search, limits=Limits(max_states=max_states))
    assert report.statistics.states == max_states
    assert not report.is_complete
    assert outcomes(report) == [Outcome.UNKNOWN]
    assert report.verdicts[0].why == f"stopped at the limit of {max_states} states"


def test_a_limit_of_exactly_the_number_of_states_stops_nothing():
    report = check(LINE, [can_be_minus_one], limits=Limits(max_states=10))
    assert report.is_complete
    assert outcomes(report) == [Outcome.VIOLATED]
    assert report.verdicts[0].broken.reason == "no reachable state satisfies it"


# Time and interrupts.


def test_a_limit_on_time_stops_the_search():
    report = check(Counting(), [never_seven], limits=Limits(max_seconds=0, max_states=None))
    assert not report.is_complete
    assert report.verdicts[0].why.startswith("stopped after 0 s, at ")


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_an_interrupt_ends_the_search_and_keeps_what_was_found(search):
    report = check(Counting(interrupt_at=20), [never_seven, can_be_minus_one, comes_to_seven], search=search)
    assert report.statistics.states == 21
    assert not report.is_complete
    assert outcomes(report) == [Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert report["can be minus one"].why.startswith("interrupted after ")
    assert report["never seven"].length == 7


def test_an_interrupt_in_the_last_look_at_the_edge_is_an_interrupt_too():
    class Late(Graph):
        looks = 0

        def steps(self, state):
            if state == 3:
                self.looks += 1
                if self.looks > 1:
                    raise KeyboardInterrupt
            return super().steps(state)

    report = check(Late(LINE.edges), [never_seven], limits=Limits(max_depth=3))
    assert not report.is_complete
    assert outcomes(report) == [Outcome.UNKNOWN]


# What each kind of property says.


def test_a_possibility_is_certain_once_it_was_seen_and_otherwise_unknown():
    report = check(Counting(), [can_be_seven, can_be_minus_one], limits=Limits(max_states=100))
    assert outcomes(report) == [Outcome.HOLDS, Outcome.UNKNOWN]
    assert report["can be seven"].length == 7


def test_a_deadlock_is_certain_once_it_was_seen_and_otherwise_unknown():
    ends_badly = Graph({0: [1, 2], 2: [3], 3: [4]})
    fine = no_deadlock(lambda state: state != 1)
    assert outcomes(check(ends_badly, [fine], limits=Limits(max_depth=2))) == [Outcome.VIOLATED]
    fine = no_deadlock(lambda state: state != 4)
    # 3 lies at the edge, but nobody knows that it is none.
    assert outcomes(check(ends_badly, [fine], limits=Limits(max_depth=2))) == [Outcome.UNKNOWN]


@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_recoverability_across_a_cut_is_unknown_unless_a_state_is_certainly_trapped(search):
    # 1 and 2 are a trap; beyond 3 lies something unknown.
    graph = Graph({0: [1, 3], 1: [2], 2: [1], 3: [4], 4: [7], 7: []})
    cut = check(graph, [comes_to_seven], search=search, limits=Limits(max_depth=2))
    assert outcomes(cut) == [Outcome.VIOLATED]
    assert cut.verdicts[0].trapped == {1, 2}
    hopeful = Graph({0: [1, 3], 1: [2], 2: [1, 0], 3: [4], 4: [5], 5: [6], 6: [6]})
    cut = check(hopeful, [comes_to_seven], search=search, limits=Limits(max_depth=2))
    assert outcomes(cut) == [Outcome.UNKNOWN]
    assert outcomes(check(hopeful, [comes_to_seven], search=search)) == [Outcome.VIOLATED]


def test_a_state_that_was_only_half_expanded_is_no_trap():
    graph = Graph({0: [1, 2, 7]})
    report = check(graph, [comes_to_seven], limits=Limits(max_states=3))
    assert outcomes(report) == [Outcome.UNKNOWN]


def test_stopping_when_all_is_decided_says_so():
    report = check(Counting(), [never_seven, can_be_seven], stop_when_decided=True)
    assert outcomes(report) == [Outcome.VIOLATED, Outcome.HOLDS]
    assert report.statistics.states == 8
    assert report.stopped == "stopped at 8 states, as soon as every property was decided"


def test_without_properties_a_truncated_search_is_unknown():
    assert check(Counting(), [], limits=Limits(max_states=5)).outcome is Outcome.UNKNOWN
    assert check(LINE, []).outcome is Outcome.HOLDS


def test_a_watcher_sees_the_counts_grow():
    seen = []

    class Slow(Counting):
        def steps(self, state):
            if state < 3:
                import time

                time.sleep(0.11)
                yield "count", state + 1

    check(Slow(), [], watcher=lambda statistics, frontier: seen.append((statistics.states, frontier)))
    assert seen[0] == (2, 1)


# Which part of the state kept growing.


class Note(Message):
    pass


@frozen
class Counter(Node):
    peer: NodeId = "B"
    tally: int = volatile(0)
    mood: bool = volatile(False)

    @choice
    def count(self):
        return self.become(tally=self.tally + 1, mood=not self.mood)


@frozen
class Flooding(Counter):
    @choice
    def count(self):
        return self.send(self.peer, Note())

    @on(Note)
    def hear(self):
        return self.stay()


@frozen
class Pair(Protocol):
    kind: type = Counter

    def nodes(self):
        return {"A": self.kind("B"), "B": self.kind("A")}


def test_the_field_that_kept_growing_is_named():
    growth = check(Pair(), [], limits=Limits(max_states=200)).growth
    assert growth.component in ("node A, field tally", "node B, field tally")
    assert "kept growing" in str(growth)


def test_the_mailbox_that_kept_growing_is_named():
    growth = check(Pair(Flooding), [], limits=Limits(max_states=200)).growth
    assert growth.component in ("messages from B to A", "messages from A to B")
    assert growth.latest.endswith("messages")


def test_the_growing_part_of_a_plain_system_is_named():
    class Pairs:
        def initial(self):
            return [(0, "x")]

        def steps(self, state):
            yield "count", (state[0] + 1, state[1])

    growth = check(Pairs(), [], limits=Limits(max_states=100)).growth
    assert (growth.component, growth.values) == ("position 0", 100)


def test_a_search_that_came_to_its_end_names_no_growth():
    assert check(LINE, []).growth is None
    assert check(LINE, [], limits=Limits(max_depth=3)).growth is None


def test_limits_read_as_a_sentence():
    assert str(Limits()) == "states ≤ 20,000,000"
    assert str(Limits(max_depth=12, max_states=None, max_seconds=2.5)) == "depth ≤ 12, time ≤ 2.5 s"
    assert str(Limits(max_states=None)) == "no limits"


def test_the_report_says_everything_that_bounds_it():
    report = check(System(Pair(), Faults(crashes=1)), [], limits=Limits(max_states=10))
    assert report.bounds == "crashes ≤ 1, late time-outs, bag network; states ≤ 10"
    assert check(Graph({0: [(fault(), 1)]}), []).bounds == "states ≤ 20,000,000"
