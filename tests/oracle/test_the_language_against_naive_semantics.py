"""The language and the reference explorer agree with the naive semantics on small random protocols."""

from collections import Counter
from itertools import pairwise

import pytest
from generated_systems import SMALL, Case, cases
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from naive import Actor, Letter, Model, Move, Space, State

from everyway import (
    Faults,
    Limits,
    Outcome,
    Timeouts,
    World,
    always,
    every_step,
    never,
    possible,
    recoverable,
)
from everyway.explorer import Exploration
from everyway.invariants import no_deadlock

pytestmark = pytest.mark.slow


def steady(max_examples: int) -> settings:
    """Return settings under which the same cases are tried every time."""
    return settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def seen(case: Case, world: World) -> State:
    """Return a world as the naive semantics writes it."""
    letters = [Letter(letter.sender, letter.to, letter.message) for letter in world.in_flight()]
    letters.sort(key=(lambda letter: letter[:2]) if case.network.value == "fifo" else repr)
    ledger = None
    if case.protocol.is_observed:
        kept = world.observer("ledger")
        ledger = (kept.writer, kept.vanished, kept.struck)
    actors = [Actor(actor.memory, actor.disk, world.is_up(actor)) for actor in world]
    return State(tuple(actors), tuple(letters), world.cut_off or frozenset(), world.left, ledger, world.start)


def told(case: Case, action, after: World) -> Move:
    """Return a step as the naive semantics writes it."""
    what = action.kind.value + (" and crash" if action.crashed else "")
    return Move(what, action.node or "", action.is_fault, action.is_repair, seen(case, after))


def explored(case: Case, search: str = "bfs", properties=(), limits: Limits = SMALL) -> Exploration:
    return Exploration(case.system(), properties, search=search, limits=limits).run()


def assert_same_steps(case: Case, max_states: int) -> None:
    model, system = Model(case), case.system()
    starts = list(dict.fromkeys(seen(case, world) for world in system.initial()))
    assert starts == model.initial()
    for world in explored(case, limits=Limits(max_states=max_states)).states:
        steps = list(system.steps(world))
        assert Counter(told(case, *step) for step in steps) == Counter(model.moves(seen(case, world)))
        assert len({action for action, _ in steps}) == len(steps), "two steps with equal actions"


@steady(120)
@given(cases())
def test_every_state_has_the_same_steps(case):
    event(f"{case.network.value}, {case.timeouts.value}")
    assert_same_steps(case, max_states=100)


splits_and_crashes = [Faults(), Faults(partitions=1), Faults(crashes=1), Faults(crashes=1, partitions=1)]


@steady(120)
@given(cases(timeouts=st.just(Timeouts.LATE), faults=st.sampled_from(splits_and_crashes)))
def test_late_timeouts_fire_in_the_same_states(case):
    assert_same_steps(case, max_states=50)


@steady(100)
@given(cases(), st.sampled_from(["bfs", "dfs"]))
def test_the_same_states_transitions_depths_and_ends_are_found(case, search):
    exploration = explored(case, search)
    if not exploration.is_complete:
        assert exploration.statistics.states == SMALL.max_states
        return
    space = Space(Model(case))
    counts = exploration.statistics
    assert {seen(case, world) for world in exploration.states} == set(space.depths)
    assert counts.states == len(space.depths)
    assert counts.transitions == space.transitions
    assert counts.starts == len(space.starts)
    assert counts.ends == sum(space.is_end(state) for state in space.depths)
    assert counts.cut == 0
    if search == "bfs":
        assert counts.depth == space.depth
        for number, world in enumerate(exploration.states):
            assert len(exploration.path_to(number)) - 1 == space.depths[seen(case, world)]


# The properties, each with its definition on the naive states.


def is_goal(total: int):
    """Return whether memories and disks add up to a number, on a world or a naive state."""

    def predicate(state) -> bool:
        actors = state.actors if isinstance(state, State) else state
        return sum(actor.memory + actor.disk for actor in actors) == total

    return predicate


def is_premise(state) -> bool:
    """Return whether somebody is down."""
    return not all(actor.up for actor in state.actors) if isinstance(state, State) else not all(state.up)


def properties_for(goal):
    def disks_only_grow(before, _, after):
        return all(one.disk <= other.disk for one, other in zip(before, after, strict=True))

    return [
        always(lambda world: not goal(world), name="avoids the goal"),
        always(lambda world: not goal(world), name="avoids the goal when down", when=is_premise),
        never(goal, name="never the goal"),
        possible(goal, name="can reach the goal"),
        recoverable(goal, name="recovers"),
        recoverable(goal, name="recovers alone", repairs=False),
        every_step(disks_only_grow, name="disks only grow"),
        no_deadlock(goal),
    ]


def expected(space: Space, goal) -> dict[str, tuple[Outcome, int | None]]:
    """Return each property's verdict and the length of its shortest path, from the definitions."""

    def judged(violation: int | None) -> tuple[Outcome, int | None]:
        if violation is not None:
            return Outcome.VIOLATED, violation
        return (Outcome.HOLDS if space.is_complete else Outcome.UNKNOWN), None

    def shrinks(state: State, move: Move) -> bool:
        return any(one.disk > other.disk for one, other in zip(state.actors, move.after.actors, strict=True))

    nearest = space.nearest(goal)
    trapped, alone = space.trapped(goal, True), space.trapped(goal, False)
    return {
        "avoids the goal": judged(nearest),
        "avoids the goal when down": judged(space.nearest(lambda state: is_premise(state) and goal(state))),
        "never the goal": judged(nearest),
        "can reach the goal": (
            (Outcome.HOLDS, nearest)
            if nearest is not None
            else (Outcome.VIOLATED if space.is_complete else Outcome.UNKNOWN, None)
        ),
        "recovers": judged(space.nearest(lambda state: state in trapped)),
        "recovers alone": judged(space.nearest(lambda state: state in alone)),
        "disks only grow": judged(space.nearest_step(shrinks)),
        "no deadlock": judged(space.nearest(lambda state: space.is_end(state) and not goal(state))),
    }


def assert_replays(case: Case, model: Model, path) -> None:
    """See that each step of a path is one that the naive semantics knows."""
    assert seen(case, path[0].state) in model.initial()
    for before, now in pairwise(path):
        assert told(case, now.action, now.state) in model.moves(seen(case, before.state))


def assert_agree(case: Case, exploration: Exploration, space: Space, goal) -> None:
    for verdict in exploration.verdicts():
        outcome, length = expected(space, goal)[verdict.property.name]
        assert (verdict.property.name, verdict.outcome) == (verdict.property.name, outcome)
        if verdict.path is not None:
            assert_replays(case, space.model, verdict.path)
        if exploration.search == "bfs":
            assert (verdict.property.name, verdict.length) == (verdict.property.name, length)
            assert verdict.is_shortest
        if verdict.trapped:
            repairs = verdict.property.repairs
            assert {seen(case, world) for world in verdict.trapped} == space.trapped(goal, repairs)


@steady(80)
@given(cases(), st.sampled_from(["bfs", "dfs"]), st.integers(0, 6))
def test_verdicts_and_shortest_paths_follow_the_definitions(case, search, total):
    goal = is_goal(total)
    limits = Limits(max_states=500)
    exploration = explored(case, search, properties_for(goal), limits)
    if exploration.is_complete:
        event("complete")
        assert_agree(case, exploration, Space(Model(case)), goal)


@steady(80)
@given(cases(), st.sampled_from(["bfs", "dfs"]), st.integers(0, 6), st.integers(0, 6))
def test_a_depth_limit_cuts_exactly_what_lies_beyond_it(case, search, total, max_depth):
    goal = is_goal(total)
    limits = Limits(max_depth=max_depth, max_states=500)
    exploration = explored(case, search, properties_for(goal), limits)
    if exploration.stopped_by:
        return
    space = Space(Model(case), max_depth)
    counts = exploration.statistics
    event("cut" if space.cut else "complete")
    assert {seen(case, world) for world in exploration.states} == set(space.depths)
    assert (counts.states, counts.transitions, counts.cut) == (
        len(space.depths),
        space.transitions,
        space.cut,
    )
    assert exploration.is_complete == space.is_complete
    assert_agree(case, exploration, space, goal)


@steady(60)
@given(cases(), st.sampled_from(["bfs", "dfs"]), st.integers(0, 6), st.integers(0, 60))
def test_a_search_that_ran_out_of_states_claims_nothing_that_is_not_so(case, search, total, max_states):
    goal = is_goal(total)
    space = Space(Model(case), max_states=400)
    if not space.is_complete:
        return
    exploration = explored(case, search, properties_for(goal), Limits(max_states=max_states))
    assert exploration.is_complete == (max_states >= len(space.depths))
    assert exploration.statistics.states == min(max_states, len(space.depths))
    truth = expected(space, goal)
    for verdict in exploration.verdicts():
        if verdict.outcome is Outcome.UNKNOWN:
            assert str(max_states) in verdict.why
        else:
            assert (verdict.property.name, verdict.outcome) == (
                verdict.property.name,
                truth[verdict.property.name][0],
            )
