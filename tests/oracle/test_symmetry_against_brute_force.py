"""With symmetry there are as many states as orbits, and verdicts and lengths are those without, on random protocols."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from symmetric_systems import SymmetricCase, orbits, symmetric_cases

from everyway import Limits, Outcome, always, every_step, never, possible, recoverable
from everyway.counterexamples.replay import replayed
from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch
from everyway.invariants import no_deadlock

pytestmark = pytest.mark.slow

FEW = Limits(max_states=1_500)

WAYS = {
    "in plain Python": {"engine": "plain"},
    "two at a time": {"engine": "plain", "batch": 2},
    "compiled": {"engine": "tables"},
    "on two threads": {"engine": "tables", "threads": 2, "batch": 3},
}


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
    return sum(node.memory + node.disk for node in world)


def befriended(world, node) -> bool:
    return any(other.friend == node.id for other in world)


def promises(case: SymmetricCase, goal: int):
    """Properties of every kind, that read every part of a state and no name."""
    found = [
        always(lambda world: total(world) != goal, name="avoids the goal"),
        always(
            lambda world: len({node.friend for node in world}) < 3,
            name="few friends",
            when=lambda world: any(node.seen for node in world),
        ),
        never(
            lambda world: any(befriended(world, node) and not world.is_up(node) for node in world),
            name="no friend is down",
        ),
        always(
            lambda world: all(letter.message.about != letter.to for letter in world.in_flight()),
            name="no flattery",
        ),
        always(
            lambda world: len(world.in_flight()) < 3,
            name="few in flight",
            when=lambda world: not world.is_partitioned,
        ),
        possible(lambda world: total(world) == goal, name="the goal"),
        possible(
            lambda world: any(
                one.friend == other.id and other.friend == one.id for one in world for other in world
            ),
            name="mutual friends",
        ),
        recoverable(lambda world: total(world) == goal, name="recovers"),
        recoverable(lambda world: all(world.is_up(node) for node in world), name="rises again"),
        every_step(
            lambda before, action, after: action.node is None or after[action.node].friend != action.node,
            name="no vanity",
        ),
        every_step(
            lambda before, action, after: total(before) <= total(after),
            name="progress",
            when=lambda before, action, after: not action.is_fault,
        ),
        no_deadlock(lambda world: total(world) >= goal),
    ]
    if case.protocol.is_observed:
        found += [
            always(
                lambda world: world.observer("chronicle").writer not in world.observer("chronicle").struck,
                name="the struck never write",
            ),
            possible(
                lambda world: any(
                    world.observer("chronicle").writer == node.friend for node in world if node.friend
                ),
                name="a friend writes",
            ),
        ]
    return found


def reference(case: SymmetricCase, goal: int) -> Exploration:
    return Exploration(case.system(), promises(case, goal), limits=FEW).run()


def reduced(case: SymmetricCase, goal: int, **how) -> TableSearch:
    search = TableSearch(case.system(), promises(case, goal), limits=FEW, symmetry=True, **how).run()
    search.verdicts()
    return search


@pytest.mark.parametrize("way", WAYS)
@steady(40)
@given(case=symmetric_cases(), goal=st.integers(1, 5))
def test_states_are_the_orbits_and_verdicts_those_without_symmetry(way, case, goal):
    plain = reference(case, goal)
    if not plain.is_complete:
        return
    found = reduced(case, goal, **WAYS[way])
    event(f"{found.statistics.states // 50 * 50} states or more")
    assert found.is_complete
    assert found.statistics.states == orbits(plain.states, case.protocol.peers)
    assert found.statistics.depth == plain.statistics.depth
    assert found.symmetry.told
    for ours, theirs in zip(found.verdicts(), plain.verdicts(), strict=True):
        assert (ours.property.name, ours.outcome, ours.length, ours.is_shortest) == (
            theirs.property.name,
            theirs.outcome,
            theirs.length,
            theirs.is_shortest,
        )
        if theirs.trapped:
            assert len(ours.trapped) == orbits(theirs.trapped, case.protocol.peers)


@steady(30)
@given(case=symmetric_cases(), goal=st.integers(1, 5))
def test_paths_are_runs_of_the_system_in_real_names(case, goal):
    plain = reference(case, goal)
    if not plain.is_complete:
        return
    system = case.system()
    for verdict in reduced(case, goal, engine="plain").verdicts():
        if verdict.path is None:
            continue
        assert verdict.path[0].state in set(system.initial())
        for before, after in pairwise(verdict.path):
            assert (after.action, after.state) in list(system.steps(before.state))
        trace = replayed(
            system,
            verdict.property,
            [(visit.action, visit.state) for visit in verdict.path],
            is_violation=verdict.outcome is Outcome.VIOLATED,
            is_shortest=verdict.is_shortest,
            remark=verdict.why,
        )
        assert len(trace.steps) == verdict.length
