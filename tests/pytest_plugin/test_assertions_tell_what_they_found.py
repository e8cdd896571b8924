"""assert_holds and assert_violated: what they accept, and what they say when they fail."""

from __future__ import annotations

import pytest

from everyway import Faults, Limits, System, UsageError, always, at_most
from everyway.models.two_phase_commit import Abort, TwoPhaseCommit
from everyway.testing import CounterexampleFound, assert_holds, assert_violated

never_initial = always(lambda world: world["C"].phase.name != "INITIAL", name="never initial")


def test_what_holds_returns_the_report():
    report = assert_holds(TwoPhaseCommit(), "agreement", crashes=1)
    assert report.statistics.states == 190
    assert [verdict.property.name for verdict in report.verdicts] == ["agreement"]


def test_all_promises_by_default():
    assert len(assert_holds(TwoPhaseCommit()).verdicts) == 5


def test_several_properties_by_name_and_by_themselves():
    with pytest.raises(CounterexampleFound, match=r"^never initial violated"):
        assert_holds(TwoPhaseCommit(), ["agreement", never_initial])


def test_what_is_violated_is_told_in_one_line():
    with pytest.raises(CounterexampleFound) as found:
        assert_holds(TwoPhaseCommit(), crashes=1)
    assert str(found.value) == (
        "non-blocking violated in 2 steps: P1 waits for ever while C is down "
        "(2pc, 2 participants, 1 inquiry; crashes ≤ 1, late time-outs, bag network; states ≤ 20,000,000)"
    )
    assert found.value.trace is not None
    assert len(found.value.trace.steps) == 2


def test_what_is_not_decided_does_not_hold():
    with pytest.raises(CounterexampleFound, match=r"agreement is unknown: .*10 states") as found:
        assert_holds(TwoPhaseCommit(), "agreement", limits=Limits(max_states=10))
    assert found.value.trace is None


def test_a_violation_comes_before_what_is_not_decided():
    with pytest.raises(CounterexampleFound, match="never initial violated"):
        assert_holds(TwoPhaseCommit(), ["agreement", never_initial], limits=Limits(max_states=10))


def test_what_is_not_decided_is_not_violated_either():
    with pytest.raises(AssertionError, match="agreement was to be violated, but it is unknown"):
        assert_violated(TwoPhaseCommit(), "agreement", limits=Limits(max_states=10))


def test_a_violation_is_pinned_by_its_length():
    report = assert_violated(TwoPhaseCommit(), "non-blocking", crashes=1, length=2)
    assert report["non-blocking"].length == 2
    with pytest.raises(CounterexampleFound, match="violated in 2 steps, not in 3") as found:
        assert_violated(TwoPhaseCommit(), "non-blocking", crashes=1, length=3)
    assert found.value.trace is not None


def test_what_holds_is_not_violated():
    with pytest.raises(AssertionError, match="agreement was to be violated, but it holds in all 190 states"):
        assert_violated(TwoPhaseCommit(), "agreement", crashes=1)


def test_every_one_must_be_violated():
    with pytest.raises(AssertionError, match="agreement was to be violated"):
        assert_violated(TwoPhaseCommit(), ["non-blocking", "agreement"], crashes=1)


def test_a_length_is_only_pinned_breadth_first():
    with pytest.raises(UsageError, match="search='bfs'"):
        assert_violated(TwoPhaseCommit(), "non-blocking", crashes=1, length=2, search="dfs")


def test_a_name_is_understood_with_any_hyphens():
    for name in ("commit validity", "commit-validity", "commit_validity", "Commit Validity"):
        assert_holds(TwoPhaseCommit(), name)


def test_a_misspelt_promise():
    with pytest.raises(UsageError, match=r"unknown property 'agrement'. Did you mean 'agreement'"):
        assert_holds(TwoPhaseCommit(), "agrement")


def test_a_misspelt_fault():
    with pytest.raises(UsageError, match=r"unknown fault 'crash'. Did you mean 'crashes'"):
        assert_holds(TwoPhaseCommit(), crash=1)


def test_budgets_are_given_one_way():
    with pytest.raises(UsageError, match="not both"):
        assert_holds(TwoPhaseCommit(), faults=Faults(crashes=1), losses=1)
    with pytest.raises(UsageError, match="not both"):
        assert_holds(TwoPhaseCommit(), faults=Faults(), losses=1)


def test_budgets_together_or_one_by_one():
    together = assert_holds(TwoPhaseCommit(), "agreement", faults=Faults(losses=at_most(1, Abort)))
    one_by_one = assert_holds(TwoPhaseCommit(), "agreement", losses=at_most(1, Abort))
    assert together.statistics.states == one_by_one.statistics.states
    assert "losses ≤ 1" in one_by_one.bounds


def test_a_negative_budget():
    with pytest.raises(UsageError, match="-1"):
        assert_holds(TwoPhaseCommit(), crashes=-1)


def test_a_system_has_its_own_faults():
    system = System(TwoPhaseCommit(), Faults(crashes=1))
    assert_violated(system, "non-blocking", length=2)
    with pytest.raises(UsageError, match="a System has its own"):
        assert_holds(system, crashes=1)


def test_a_class_stands_for_its_defaults():
    assert_holds(TwoPhaseCommit, "agreement")


def test_misspelt_words_of_the_semantics():
    with pytest.raises(UsageError, match="late"):
        assert_holds(TwoPhaseCommit(), timeouts="erly")
    with pytest.raises(UsageError, match="bag"):
        assert_holds(TwoPhaseCommit(), network="bagg")
    with pytest.raises(UsageError, match="bfs"):
        assert_holds(TwoPhaseCommit(), search="bsf")


class Line:
    """Counts to three."""

    def initial(self):
        return [0]

    def steps(self, state):
        return [("count", state + 1)] if state < 3 else []


def test_a_plain_system():
    assert_holds(Line(), always(lambda state: state < 4, name="below four"))
    assert_violated(Line(), always(lambda state: state < 3, name="below three"), length=3)
    with pytest.raises(UsageError, match="nothing to assert"):
        assert_holds(Line())
    with pytest.raises(UsageError, match="nothing to assert"):
        assert_holds(Line(), [])
    with pytest.raises(UsageError, match="promises: nothing"):
        assert_holds(Line(), "below four")


def test_what_is_no_model():
    with pytest.raises(UsageError, match="int cannot be explored"):
        assert_holds(7)


def test_what_is_no_property():
    with pytest.raises(UsageError, match="not a property"):
        assert_holds(TwoPhaseCommit(), [lambda world: True])
    with pytest.raises(UsageError, match="property"):
        assert_holds(TwoPhaseCommit(), lambda world: True)
