"""When the participants of three-phase commit can disagree: the inequalities, exactly on both sides.

Nothing is lost, nobody crashes unless that is said, and a participant's timer starts when PreCommit arrives. The worst
case of a late "no": PreCommit reaches one participant after the shortest delay and the other after the longest, whose
"no" and then the abort take the longest too.
"""

from __future__ import annotations

from typing import Any

import pytest

from everyway import Faults, Outcome, Report, at_most, check
from everyway.invariants.atomic_commit import agreement
from everyway.models.language.timing import Timing
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.testing import CounterexampleFound, assert_holds, assert_violated

VARIANTS = ThreePhaseCommit.variants()


def agreeing(variant: str, timing: Timing, faults: Faults | None = None, **parameters: Any) -> Report:
    return check(
        VARIANTS[variant](**parameters), agreement, timing=timing, faults=faults, stop_when_decided=True
    )


def is_kept(report: Report) -> bool:
    outcome = report["agreement"].outcome
    assert outcome is not Outcome.UNKNOWN
    return outcome is Outcome.HOLDS


@pytest.mark.parametrize(("shortest", "longest"), [(0, 1), (1, 1), (1, 2), (0, 2), (1, 10)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_late_no_is_harmless_iff_the_timeout_is_above_three_delays(
    shortest: int, longest: int, more: int
) -> None:
    boundary = 3 * longest - shortest
    timing = Timing(f"{shortest}..{longest}ms", timeouts={"participant": f"{boundary + more}ms"})
    assert is_kept(agreeing("as-noted", timing)) is (more > 0)


@pytest.mark.parametrize(("shortest", "longest", "patience"), [(0, 1, 2), (1, 2, 3), (1, 3, 8)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_silent_participant_is_harmless_iff_the_others_wait_longer_than_the_coordinator(
    shortest: int, longest: int, patience: int, more: int
) -> None:
    boundary = patience + longest - shortest
    timing = Timing(
        f"{shortest}..{longest}ms",
        timeouts={"participant": f"{boundary + more}ms", "coordinator": f"{patience}ms"},
    )
    report = agreeing("policy", timing, Faults(crashes=at_most(1, "P2")), initial="wait", waiting="wait")
    assert is_kept(report) is (more > 0)


@pytest.mark.parametrize(("timeout", "is_harmless"), [("100ms", False), ("117ms", False), ("118ms", True)])
def test_with_drift_the_timeout_must_be_longer_by_it(timeout: str, is_harmless: bool) -> None:
    # 3 * 36 - 2 = 106 = 0.9 * 117.78: clocks that are fast by a tenth.
    timing = Timing("2..36ms", timeouts={"participant": timeout}, drift="10%")
    assert is_kept(agreeing("as-noted", timing)) is is_harmless


@pytest.mark.parametrize("timeout", ["14ms", "1000s"])
def test_one_lost_message_is_harmful_whatever_the_timeout(timeout: str) -> None:
    timing = Timing("1..3ms", timeouts={"participant": timeout, "coordinator": "8ms"})
    assert not is_kept(agreeing("as-noted", timing, Faults(losses=1)))


@pytest.mark.parametrize("timeout", ["14ms", "1000s"])
def test_a_crash_between_two_precommits_is_harmful_whatever_the_timeout(timeout: str) -> None:
    timing = Timing("1..3ms", timeouts={"participant": timeout, "coordinator": "8ms"})
    assert not is_kept(agreeing("binding", timing, Faults(crashes=at_most(1, "C"))))


def test_the_report_says_what_was_bounded_and_how_much_was_seen() -> None:
    report = agreeing("as-noted", Timing("1..10ms", timeouts={"participant": "30ms"}))
    assert report.bounds == (
        "no faults, early time-outs, bag network; delay 1..10 ms, time-out of participant 30 ms; "
        "states ≤ 20,000,000"
    )
    assert report.is_complete
    assert (report.statistics.states, report.statistics.worlds) == (820, 231)


def test_assertions_take_time_bounds() -> None:
    bounds = {"participant": "29ms"}
    timing = Timing("1..10ms", timeouts=bounds)
    assert_violated(VARIANTS["as-noted"](), "agreement", timing=timing, length=10)
    assert_holds(
        VARIANTS["as-noted"](), "agreement", timing=Timing("1..10ms", timeouts={"participant": "30ms"})
    )
    with pytest.raises(CounterexampleFound, match=r"delay 1\.\.10 ms, time-out of participant 29 ms"):
        assert_holds(VARIANTS["as-noted"](), "agreement", timing=timing)
