"""Depth-first search on tables gives what the reference explorer's gives, on small random protocols."""

from itertools import pairwise
from unittest import mock

import pytest
from generated_systems import Case, cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway import Limits, System, always, every_step, never, possible, recoverable
from everyway.explorer import Exploration, explore
from everyway.explorer.tables import search as table_search
from everyway.explorer.tables.depth_first import DepthFirst
from everyway.explorer.tables.depth_limited import DepthLimited
from everyway.invariants import no_deadlock
from everyway.models.gray_lamport import TwoPhase

pytestmark = pytest.mark.slow


def steady(max_examples: int) -> settings:
    """Return settings under which the same cases are tried every time."""
    return settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def total(world) -> int:
    return sum(actor.memory + actor.disk for actor in world)


def promises(goal: int):
    return [
        always(lambda world: total(world) != goal, name="never the goal"),
        never(lambda world: any(actor.disk and world.is_up(actor) for actor in world), name="no disk"),
        always(
            lambda world: len(world.in_flight()) < 3,
            name="few in flight",
            when=lambda world: world["A"].memory == 1,
        ),
        possible(lambda world: total(world) == goal, name="the goal"),
        recoverable(lambda world: total(world) == goal, name="back to the goal"),
        recoverable(lambda world: world["A"].memory == 2, name="back alone", repairs=False),
        every_step(lambda before, action, after: before["A"].memory <= after["A"].memory, name="grows"),
        every_step(
            lambda before, action, after: after["A"].memory != 1,
            name="not one",
            when=lambda before, action, after: action.kind.value == "delivery",
        ),
        no_deadlock(lambda world: total(world) >= goal),
    ]


def assert_same(case: Case, goal: int, limits: Limits, **how) -> None:
    expected = Exploration(case.system(), promises(goal), search="dfs", limits=limits).run()
    found = DepthFirst(case.system(), promises(goal), limits=limits, **how).run()
    assert found.stopped_by == expected.stopped_by
    if expected.stopped_by:
        assert found.statistics.states == expected.statistics.states
        return
    found.statistics.seconds = expected.statistics.seconds
    assert found.statistics == expected.statistics
    for ours, theirs in zip(found.verdicts(), expected.verdicts(), strict=True):
        assert (ours.outcome, ours.path, ours.broken, ours.why, ours.is_shortest) == (
            theirs.outcome,
            theirs.path,
            theirs.broken,
            theirs.why,
            theirs.is_shortest,
        )
        assert set(ours.trapped) == set(theirs.trapped)
    for number in range(0, expected.statistics.states, 7):
        assert found.path_to(number) == expected.path_to(number)


limits = st.sampled_from([Limits(max_states=600), Limits(max_states=25)])


@steady(80)
@given(cases(), st.integers(1, 5), limits)
def test_in_plain_python(case, goal, limits):
    assert_same(case, goal, limits, engine="plain")


@steady(80)
@given(cases(), st.integers(1, 5), limits)
def test_compiled(case, goal, limits):
    assert_same(case, goal, limits, engine="tables")


@steady(40)
@given(cases(), st.integers(1, 5), limits, st.integers(1, 3))
def test_compiled_and_coming_back_often(case, goal, limits, batch):
    assert_same(case, goal, limits, engine="tables", batch=batch)


@steady(40)
@given(cases(), st.integers(1, 5))
def test_switching_over_in_the_middle(case, goal):
    before = table_search.WORTH_COMPILING
    table_search.WORTH_COMPILING = 20
    try:
        assert_same(case, goal, Limits(max_states=600), engine="auto")
    finally:
        table_search.WORTH_COMPILING = before


def assert_same_within(case: Case, goal: int, limits: Limits, **how) -> None:
    """See that a search under a limit on depth gives the same; paths may be shorter: states are found nearer later."""
    expected = Exploration(case.system(), promises(goal), search="dfs", limits=limits).run()
    found = DepthLimited(case.system(), promises(goal), limits=limits, **how).run()
    assert found.stopped_by == expected.stopped_by
    if expected.stopped_by:
        assert found.statistics.states == expected.statistics.states
        return
    found.statistics.seconds = expected.statistics.seconds
    assert found.statistics == expected.statistics
    system = case.system()
    for ours, theirs in zip(found.verdicts(), expected.verdicts(), strict=True):
        assert (ours.property.name, ours.outcome, ours.why) == (
            theirs.property.name,
            theirs.outcome,
            theirs.why,
        )
        assert set(ours.trapped) == set(theirs.trapped)
        assert (ours.path is None) == (theirs.path is None)
        if ours.path is not None:
            assert ours.length <= theirs.length
            assert ours.path[0].state in set(system.initial())
            for before, after in pairwise(ours.path):
                assert (after.action, after.state) in list(system.steps(before.state))
    for number in range(0, expected.statistics.states, 7):
        assert found.path_to(number) == expected.path_to(number)
    broad = Exploration(case.system(), limits=limits).run()
    assert found.statistics.states == broad.statistics.states


shallow = st.builds(Limits, max_depth=st.integers(0, 9), max_states=st.sampled_from([600, 600, 25]))


@pytest.mark.parametrize("engine", ["plain", "tables"])
@steady(60)
@given(cases(), st.integers(1, 5), shallow)
def test_under_a_limit_on_depth(engine, case, goal, limits):
    assert_same_within(case, goal, limits, engine=engine)


@steady(30)
@given(cases(), st.integers(1, 5), shallow)
def test_switching_over_in_the_middle_under_a_limit_on_depth(case, goal, limits):
    with mock.patch.object(table_search, "WORTH_COMPILING", 20):
        assert_same_within(case, goal, limits, engine="auto")


def test_a_published_count():
    found = explore(System(TwoPhase(managers=5)), search="dfs", engine="tables")
    assert (found.statistics.states, found.statistics.transitions) == (8_832, 58_145)
