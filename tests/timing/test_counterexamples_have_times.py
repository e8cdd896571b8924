"""Each step of a counterexample has a time, and all of them together keep to the bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from everyway import Faults, System, check, possible
from everyway.counterexamples.replay import ReplayError, replayed
from everyway.explorer.timed.search import TimedSearch
from everyway.invariants.atomic_commit import agreement
from everyway.models.catalogue import model
from everyway.models.language.timed_system import TimedSystem
from everyway.models.language.timing import Timing
from everyway.models.three_phase_commit import ThreePhaseCommit

AS_NOTED = ThreePhaseCommit.variants()["as-noted"]
LATE_NO = Timing("1..10ms", timeouts={"participant": "29ms"})


def milliseconds(times: Any) -> list[int]:
    return [int(time * 1000) for time in times]


def test_the_late_no_happens_at_the_latest_moments_that_are_possible() -> None:
    verdict = check(AS_NOTED(), agreement, timing=LATE_NO)["agreement"]
    assert verdict.length == 10
    # PreCommit is on its way from 4 to 5 and to 13 ms, the "no" until 23; the time-out fires with the abort due at 33.
    assert milliseconds(verdict.times) == [0, 0, 1, 2, 2, 3, 4, 5, 13, 23, 33]


def test_the_trace_tells_the_times() -> None:
    report = check(AS_NOTED(), agreement, timing=LATE_NO)
    trace = report.trace(report["agreement"])
    assert [step.time for step in trace.steps] == list(report["agreement"].times[1:])
    assert trace.summary.endswith(
        "early time-outs, bag network; delay 1..10 ms, time-out of participant 29 ms"
    )


def test_a_schedule_at_other_times_is_refused() -> None:
    report = check(AS_NOTED(), agreement, timing=LATE_NO)
    verdict = report["agreement"]
    schedule = [(visit.action, visit.state) for visit in verdict.path]
    hurried = [min(time, Fraction(22, 1000)) for time in verdict.times]
    with pytest.raises(ReplayError, match="too early for step 10"):
        replayed(report.system, agreement, schedule, timing=LATE_NO, times=hurried)
    late = [*verdict.times[:-1], Fraction(34, 1000)]
    with pytest.raises(ReplayError, match="something is due before step 10"):
        replayed(report.system, agreement, schedule, timing=LATE_NO, times=late)


CASES = [
    (
        "2pc",
        Faults(crashes=1, restarts=1),
        Timing("1..2ms", timeouts={"participant": "9ms", "coordinator": "5ms"}),
    ),
    ("alternating-bit", Faults(losses=1, duplicates=1), Timing("1..3ms", timeouts={"sender": "4ms"})),
    ("lease-lock", Faults(), Timing("1..2ms", delays={"write": "1..9ms"}, timeouts={"L": "5ms"})),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "faults", "timing"), CASES, ids=[case[0] for case in CASES])
def test_every_state_has_a_schedule_that_the_reference_semantics_accepts(
    name: str, faults: Faults, timing: Timing
) -> None:
    # Every 25th world as a witness of its own.
    parameters = {"clients": 2} if name == "lease-lock" else {}
    system = System(model(name)(**parameters), faults, timeouts="early")
    worlds = list(TimedSearch(system, timing, limits=None).run().worlds)[::25]
    goals = [
        possible(lambda world, goal=goal: world == goal, name=f"world {n}") for n, goal in enumerate(worlds)
    ]
    timed = TimedSystem(system.again(), timing)
    for verdict in check(system, goals, timing=timing).verdicts:
        run = [(visit.action, visit.state) for visit in verdict.path]
        ticks = [time / timed.bounds.tick for time in verdict.times]
        assert timed.rejects(run, [int(tick) for tick in ticks]) == ""


def test_a_promise_about_steps_and_a_witness_have_times_too() -> None:
    timing = Timing("2ms", timeouts={"participant": "50ms", "coordinator": "50ms"})
    report = check(AS_NOTED(), timing=timing)
    assert milliseconds(report["commit is possible"].times) == [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10]
