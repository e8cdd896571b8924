"""The explorer finds exactly the states that are published for Gray and Lamport's two-phase commit."""

import pytest

from everyway import Limits, Outcome, System, check
from everyway.explorer import Exploration
from everyway.models.gray_lamport import RM, TwoPhase

COUNTS = [
    (1, 12, 19),
    (2, 56, 153),
    (3, 288, 1_145),
    (4, 1_568, 8_257),
    pytest.param(5, 8_832, 58_145, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("search", ["bfs", "dfs"])
@pytest.mark.parametrize(("managers", "states", "transitions"), COUNTS)
def test_two_phase_commit_has_the_published_number_of_states(managers, states, transitions, search):
    exploration = Exploration(System(TwoPhase(managers)), search=search).run()
    assert exploration.statistics.states == states
    assert exploration.statistics.transitions == transitions
    assert exploration.is_complete


def test_two_phase_commit_keeps_its_promises():
    report = check(TwoPhase())
    assert report.outcome is Outcome.HOLDS
    assert [verdict.property.name for verdict in report.verdicts] == [
        "consistency",
        "all committed",
        "all aborted",
    ]
    assert report.findings == ()


@pytest.mark.parametrize("managers", [1, 2, 3, 4])
def test_committing_takes_three_steps_for_each_manager_and_one_decision(managers):
    report = check(TwoPhase(managers))
    assert report["all committed"].length == 3 * managers + 1
    assert report["all aborted"].length == managers


def test_the_witness_of_a_possibility_ends_where_it_is_true():
    path = check(TwoPhase(2))["all committed"].path
    assert [path[-1].state[name].state for name in ("R1", "R2")] == [RM.COMMITTED, RM.COMMITTED]
    assert path[0].action is None


def test_handlers_are_asked_far_less_often_than_steps_are_taken():
    system = System(TwoPhase(3))
    exploration = Exploration(system, limits=Limits(max_states=None)).run()
    assert exploration.statistics.transitions == 1_145
    # Each local state meets each choice and each message at most once: 17 states of the transaction manager, with
    # two choices and three messages, and 4 of each resource manager, with two choices and two messages.
    assert system.handler_calls <= 17 * (2 + 3) + 3 * 4 * (2 + 2)
