"""The table engine gives the reference's counts, verdicts and paths on small random protocols, however it is run."""

from unittest import mock

import pytest
from attrs import frozen
from generated_systems import Case, cases
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from everyway import Limits, Outcome, always, every_step, never, possible, recoverable
from everyway.explorer import Exploration
from everyway.explorer.tables import expander, tries
from everyway.explorer.tables import search as table_search
from everyway.explorer.tables.search import TableSearch
from everyway.explorer.tables.store import CompiledStore
from everyway.invariants import PropertyKind, no_deadlock

pytestmark = pytest.mark.slow

WAYS = {
    "in plain Python": {"engine": "plain"},
    "state by state": {"engine": "plain", "batch": 1},
    "two at a time": {"engine": "plain", "batch": 2},
    "compiled": {"engine": "tables"},
    "on two threads": {"engine": "tables", "threads": 2, "batch": 3},
    "on three threads": {"engine": "tables", "threads": 3, "batch": 7},
}
"""How the table engine may be run."""

FEW = Limits(max_states=400)
"""Few cases have more states; what is wrong with large ones shows in small ones."""


@pytest.fixture(scope="module", autouse=True)
def _properties_settle_soon():
    """Have properties settled after so few answers that small cases have settled ones, and such as settle no more."""
    with mock.patch.object(tries, "ENOUGH", 2):
        yield


@pytest.fixture(scope="module", autouse=True)
def _threads_share_however_few_rows():
    with mock.patch.object(expander, "WORTH_SHARING", 1):
        yield


every_way = pytest.mark.parametrize("way", WAYS)


def steady(max_examples: int) -> settings:
    """Return settings under which the same cases are tried every time."""
    return settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# What is asked: properties of every kind, which read every part of a world.


def total(world) -> int:
    return sum(actor.memory + actor.disk for actor in world)


@frozen
class Question:
    """What is asked about a case."""

    goal: int
    sees_steps: bool
    """Whether any property is one of steps; if none is, and nothing is observed, steps may sleep."""


questions = st.builds(Question, goal=st.integers(1, 5), sees_steps=st.booleans())


def properties_for(case: Case, question: Question):
    goal = question.goal
    first, last = case.protocol.names[0], case.protocol.names[-1]

    def is_goal(world):
        return total(world) == goal

    def is_steady(before, action, after):
        return before[first].memory <= after[first].memory or action.is_fault

    def hears_gladly(before, action, after):
        return not (action.node == last and after[last].memory == 1)

    def stays_apart(before, action, after):
        return before.sides == after.sides or not after.in_flight()

    properties = [
        always(lambda world: not is_goal(world), name="avoids the goal"),
        always(
            lambda world: world[last].disk == 0, name="writes nothing", when=lambda world: world.is_up(first)
        ),
        always(
            lambda world: len(world.live()) == len(world), name="all up", when=lambda world: world.start == 0
        ),
        always(
            lambda world: len(world.in_flight()) < 3,
            name="few in flight",
            when=lambda world: world[first].memory == 1,
        ),
        always(
            lambda world: world.can_reach(first, last) or not world.in_flight(),
            name="silent while apart",
            when=lambda world: world.is_partitioned,
        ),
        never(
            lambda world: any(actor.disk and world.is_up(actor) for actor in world), name="no disk is written"
        ),
        never(
            lambda world: world.is_partitioned,
            name="is whole",
            when=lambda world: world.faults_left("partitions") == 0,
        ),
        possible(is_goal, name="can reach the goal"),
        possible(
            lambda world: world.is_partitioned or world.faults_left("crashes") == 1, name="can be struck"
        ),
        recoverable(is_goal, name="recovers"),
        recoverable(lambda world: all(world.is_up(actor) for actor in world), name="rises again"),
        recoverable(lambda world: world[first].memory == 2, name="recovers alone", repairs=False),
        every_step(is_steady, name="steady"),
        every_step(
            hears_gladly, name="hears", when=lambda before, action, after: action.kind.value == "delivery"
        ),
        every_step(stays_apart, name="stays apart"),
        every_step(
            lambda before, action, after: before.left == after.left,
            name="no fault at the goal",
            when=lambda before, action, after: is_goal(before),
        ),
        no_deadlock(lambda world: total(world) >= goal),
    ]
    if case.protocol.is_observed:
        properties += [
            always(lambda world: world.observer("ledger").vanished < 2, name="few vanish"),
            never(
                lambda world: world.observer("ledger").writer == last,
                name="the last never writes",
                when=lambda world: world.observer("ledger").struck,
            ),
            every_step(
                lambda before, action, after: before.observer("ledger") == after.observer("ledger"),
                name="nothing to note",
                when=lambda before, action, after: not action.is_fault,
            ),
        ]
    return [prop for prop in properties if question.sees_steps or prop.kind is not PropertyKind.EVERY_STEP]


# What must be the same.


def searched(case: Case, question: Question, limits: Limits) -> Exploration:
    """Search a case by the reference explorer."""
    return Exploration(case.system(), properties_for(case, question), limits=limits).run()


def tabled(case: Case, question: Question, limits: Limits, **options) -> TableSearch:
    """Search it by the table engine, on a system of its own, which remembers nothing of the reference's."""
    return TableSearch(case.system(), properties_for(case, question), limits=limits, **options).run()


def assert_same(reference: Exploration, tables: TableSearch) -> None:
    """See that a search that no limit on states stopped gives the same in every respect."""
    reference.statistics.seconds = tables.statistics.seconds = 0
    assert tables.stopped_by == reference.stopped_by == ""
    assert tables.statistics == reference.statistics
    assert tables.is_complete == reference.is_complete
    assert tables.told_limit == reference.told_limit
    assert_same_paths(reference, tables)
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        assert_same_verdict(expected, verdict, reference.states)


def assert_same_paths(reference: Exploration, tables: TableSearch) -> None:
    """See that states have the same numbers, and are first reached in the same way."""
    last = len(reference.states) - 1
    for number in sorted({0, 1, last // 3, last // 2, last - 1, last}):
        if 0 <= number <= last:
            assert tables.path_to(number) == reference.path_to(number)


def assert_same_verdict(expected, verdict, states) -> None:
    name = expected.property.name
    assert verdict.property.name == name
    assert (name, verdict.outcome, verdict.why) == (name, expected.outcome, expected.why)
    assert (name, verdict.path, verdict.broken) == (name, expected.path, expected.broken)
    assert verdict.is_shortest == expected.is_shortest
    assert len(verdict.trapped) == len(expected.trapped)
    assert set(verdict.trapped) == set(expected.trapped)
    assert [state in verdict.trapped for state in states] == [state in expected.trapped for state in states]


@every_way
@steady(60)
@given(cases(), questions)
def test_a_search_is_the_same_in_every_respect(way, case, question):
    reference = searched(case, question, FEW)
    if reference.is_complete:
        event("trapped" if any(verdict.trapped for verdict in reference.verdicts()) else "free")
        assert_same(reference, tabled(case, question, FEW, **WAYS[way]))


@pytest.mark.parametrize("way", ["in plain Python", "state by state", "compiled", "on two threads"])
@steady(32)
@given(cases(), questions, st.integers(0, 6))
def test_a_depth_limit_cuts_the_same(way, case, question, max_depth):
    limits = Limits(max_depth=max_depth, max_states=FEW.max_states)
    reference = searched(case, question, limits)
    if not reference.stopped_by:
        event("cut" if reference.statistics.cut else "complete")
        assert_same(reference, tabled(case, question, limits, **WAYS[way]))


SEEN_BEFORE_THE_STOP = (
    PropertyKind.ALWAYS,
    PropertyKind.NEVER,
    PropertyKind.POSSIBLE,
    PropertyKind.RECOVERABLE,
)
"""What is decided by the states that were visited and by those that were expanded to the last step. What single steps
and ends say depends on how many states are expanded at once."""


@pytest.mark.parametrize("way", ["in plain Python", "state by state", "compiled", "on three threads"])
@steady(36)
@given(cases(), questions, st.integers(0, 60))
def test_a_limit_on_states_stops_at_the_same_state(way, case, question, max_states):
    limits = Limits(max_states=max_states)
    reference, tables = searched(case, question, limits), tabled(case, question, limits, **WAYS[way])
    assert tables.stopped_by == reference.stopped_by
    if not reference.stopped_by:
        assert_same(reference, tables)
        return
    event("stopped")
    assert tables.statistics.states == reference.statistics.states == max_states
    assert tables.statistics.starts == reference.statistics.starts
    assert tables.statistics.depth == reference.statistics.depth
    assert tables.statistics.spent == reference.statistics.spent
    assert tables.told_limit == reference.told_limit
    assert_same_paths(reference, tables)
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        if expected.property.kind in SEEN_BEFORE_THE_STOP or expected.path is not None:
            assert_same_verdict(expected, verdict, reference.states)
        else:
            assert verdict.outcome in (Outcome.UNKNOWN, Outcome.VIOLATED)


@pytest.mark.parametrize("threads", [1, 2])
@steady(25)
@given(cases(), questions, st.integers(0, 60))
def test_a_search_that_is_compiled_half_way_is_the_same(threads, case, question, worth):
    reference = searched(case, question, FEW)
    if not reference.is_complete:
        return
    with mock.patch.object(table_search, "WORTH_COMPILING", worth):
        tables = tabled(case, question, FEW, engine="auto", threads=threads, batch=4)
    has_switched = isinstance(tables.expander.store, CompiledStore)
    assert has_switched == (tables.statistics.transitions > worth)
    event("compiled" if has_switched else "too small")
    assert_same(reference, tables)


@steady(25)
@given(cases(), questions)
def test_stopping_as_soon_as_all_is_decided_is_right_in_what_it_decides(case, question):
    properties = [
        prop for prop in properties_for(case, question) if prop.kind is not PropertyKind.RECOVERABLE
    ]
    reference = Exploration(case.system(), properties, limits=FEW, stop_when_decided=True).run()
    tables = TableSearch(
        case.system(), properties, limits=FEW, stop_when_decided=True, engine="plain", batch=1
    ).run()
    assert tables.stopped_by == reference.stopped_by
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        if expected.path is not None or tables.stopped_by == "decided":
            assert_same_verdict(expected, verdict, reference.states)
