"""The table engine decides promises over time as the reference explorer does, on small random protocols."""

import pytest
from generated_systems import cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway import Limits, System
from everyway.explorer import Exploration, Outcome
from everyway.explorer.tables.depth_first import DepthFirst
from everyway.explorer.tables.search import TableSearch
from everyway.invariants.fair_runs import keeps, unfairness
from everyway.invariants.temporal import (
    always_eventually,
    eventually,
    eventually_always,
    leads_to,
    until,
)
from everyway.models.language.fairness import fairness_classes

pytestmark = pytest.mark.slow

FAIRNESS = ["weak", "strong", "none", "weak,restarts=strong", "weak,heals=weak,timeouts=none"]


def promises(goal: int):
    def total(world):
        return sum(actor.memory + actor.disk for actor in world) == goal

    def quiet(world):
        return not world.in_flight()

    def grown(world):
        return world["A"].memory > 0

    return [
        eventually(total),
        always_eventually(quiet),
        eventually_always(quiet),
        leads_to(grown, total),
        until(quiet, grown),
        eventually(grown) & eventually_always(quiet),
        ~always_eventually(total),
    ]


def told(search):
    return [(verdict.property.name, verdict.outcome, verdict.why) for verdict in search.verdicts()]


@settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    cases(),
    st.integers(0, 4),
    st.sampled_from(FAIRNESS),
    st.sampled_from([Limits(max_states=900), Limits(max_depth=4), Limits(max_states=40)]),
    st.sampled_from(
        [{"engine": "plain"}, {"engine": "tables", "threads": 2}, {"engine": "plain", "batch": 1}, None]
    ),
)
def test_both_engines_give_the_same_verdicts(case, goal, fairness, limits, how):
    drawn = case.system()
    system = System(
        drawn.protocol, drawn.faults, timeouts=drawn.timeouts, network=drawn.network, fairness=fairness
    )
    if how is None and limits.max_depth is not None:
        return
    expected = Exploration(system, promises(goal), limits=limits, search="bfs" if how else "dfs").run()
    searching = TableSearch if how else DepthFirst
    found = searching(system.again(), promises(goal), limits=limits, **(how or {})).run()
    # Where a limit on states strikes, the engines may have seen different ones depth-first.
    if how or not expected.stopped_by:
        assert told(found) == told(expected)
    for verdict in [*expected.verdicts(), *found.verdicts()]:
        if verdict.outcome is Outcome.VIOLATED:
            run = [(visit.action, visit.state) for visit in verdict.path]
            assert not unfairness(system, run, verdict.loop, fairness_classes(system))
            assert not keeps(verdict.property.formula, run, verdict.loop)
