"""``everyway check`` with time bounds, and ``everyway timing``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LATE_NO = ("check", "3pc", "--variant", "as-noted", "--property", "agreement", "--delay", "1..10ms")


def test_a_counterexample_has_a_time_axis(everyway, tmp_path: Path) -> None:
    picture = tmp_path / "late.svg"
    result = everyway(*LATE_NO, "--timeout-of", "participant=20ms", "--diagram", picture)
    assert result.exit_code == 1
    assert "delay 1..10 ms, time-out of participant 20 ms; time-outs of coordinator at any" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["5", "ms", "7"] in [row[:3] for row in rows]
    assert ["14", "ms", "9"] in [row[:3] for row in rows]
    assert ["24", "ms", "10"] in [row[:3] for row in rows]
    drawn = picture.read_text()
    for time in ("0 ms", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms", "14 ms", "24 ms"):
        assert drawn.count(f">{time}</text>") == 1


def test_where_it_holds_the_report_says_that_zones_decided_it(everyway) -> None:
    result = everyway(*LATE_NO, "--timeout-of", "participant=30ms")
    assert result.exit_code == 0
    assert "agreement  holds in all 820 zones" in result.stdout
    assert "820 zones of 231 worlds" in result.stdout
    assert "at all real times: zones decide it" in result.stdout


def test_promises_that_zones_do_not_decide_stay_unknown(everyway) -> None:
    result = everyway(
        "check", "3pc", "--variant", "as-noted", "--delay", "1..10ms", "--timeout-of", "participant=30ms"
    )
    assert result.exit_code == 3
    assert "non-blocking        unknown: time bounds decide promises about states and" in result.stdout


def test_times_are_in_the_json(everyway) -> None:
    report = json.loads(everyway(*LATE_NO, "--timeout-of", "participant=20ms", "--json").stdout)
    assert report["bounds"]["timing"] == "delay 1..10 ms, time-out of participant 20 ms"
    steps = report["verdicts"][0]["trace"]["steps"]
    assert [step["time"] for step in steps] == [
        0,
        0.001,
        0.002,
        0.002,
        0.003,
        0.004,
        0.005,
        0.005,
        0.014,
        0.024,
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--delay", "10..1ms"], "--delay ends before it begins: 10..1ms."),
        (["--delay", "1..10"], "--delay needs a unit, s, ms or us, as in 1..10ms."),
        (["--delay", "soon"], "--delay needs a time such as 10ms, or two such as 1..10ms, not 'soon'."),
        (["--delay", "3weeks"], "--delay has an unknown unit 'weeks'."),
        (["--delay", "1ms", "--delay", "2ms"], "--delay is given twice for all messages: 1 ms and 2 ms."),
        (["--delay", "yess=1ms"], "has nothing called 'yess'. Did you mean 'yes'?"),
        (["--delay", "C:Q=1ms"], "has nothing called 'Q'."),
        (
            ["--timeout-of", "50ms"],
            "--timeout-of needs a name and a time, as in participant=50ms, not '50ms'.",
        ),
        (["--timeout-of", "partcipant=50ms"], "Did you mean 'participant'?"),
        (["--timeout-of", "participant.vote=50ms"], "participant has no time-out called 'vote'."),
        (["--timeout-of", "participant=50"], "--timeout-of participant needs a unit"),
        (["--timeout-of", "C=1s", "--timeout-of", "C=2s"], "--timeout-of C is given twice."),
        (["--timeout-of", "C=1s", "--drift", "200%"], "drift must be from 0% to below 100%, not 200%."),
        (["--timeout-of", "C=1s", "--drift", "much"], "drift needs a share such as 1% or 0.01, not 'much'."),
        (["--drift", "1%"], "no --timeout-of is given."),
        (["--delay", "1ms", "--timeouts", "late"], "late time-outs fire when nothing else can happen"),
        (["--delay", "1ms", "--network", "set"], "time bounds are for bag and fifo networks"),
        (["--delay", "1ms", "--search", "dfs"], "under time bounds the search is breadth-first"),
        (["--delay", "1ms", "--engine", "tables"], "time bounds are decided by zones"),
        (["--delay", "1ms", "--checkpoint", "kept"], "checkpoints are for checks without time bounds"),
        (["--delay", "1ns..999999999s", "--timeout-of", "C=0.5ns"], "these times are too far apart"),
    ],
)
def test_what_makes_no_sense_is_explained(everyway, options: list[str], expected: str) -> None:
    assert expected in " ".join(everyway.complaint("check", "3pc", *options).split())


def test_a_role_without_timeouts_is_told(everyway) -> None:
    complaint = everyway.complaint("check", "lease-lock", "--timeout-of", "client=1s")
    assert "client never times out in this model. Who does: lock service." in complaint


@pytest.mark.slow
def test_a_plain_system_has_no_times(everyway, jugs: Path) -> None:
    assert "time bounds are for protocols" in everyway.complaint("check", jugs, "--delay", "1ms")


@pytest.mark.slow
def test_a_region_is_told_with_both_sides_of_its_border(everyway) -> None:
    pytest.importorskip("z3")
    words = ("timing", "3pc", "--variant", "as-noted", "--property", "agreement")
    result = everyway(*words, "--timeout-of", "coordinator=any")
    assert result.exit_code == 0
    told = " ".join(result.stdout.split())
    assert (
        "agreement holds iff participant > 3·dmax - dmin and is violated iff participant ≤ 3·dmax - dmin"
        in told
    )
    assert "violated delay 1..2 ms, participant 5 ms, coordinator any time" in told
    assert "holds delay 1..2 ms, participant 6 ms, coordinator any time" in told
    assert "together the regions are everything (z3)" in told
    report = json.loads(everyway(*words, "--delay", "1..10ms", "--json").stdout)
    assert report["is_complete"]
    assert report["violated"] == [
        "coordinator ≥ 2 ms and participant ≤ coordinator + 9 ms and participant ≤ 29 ms"
    ]
    assert all(side["is_confirmed"] for side in report["border"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--property", "non-blocking"], "'non-blocking' is a promise of the kind 'recoverable'"),
        (["--property", "agrement"], "Did you mean 'agreement'?"),
        (
            [
                "--property",
                "agreement",
                "--delay",
                "1ms",
                *(f"--timeout-of={r}=1s" for r in ("C", "participant")),
            ],
            "nothing is unknown",
        ),
        (["--property", "agreement", "--network", "set"], "time bounds are for bag and fifo networks"),
    ],
)
def test_a_question_without_answer_is_explained(everyway, options: list[str], expected: str) -> None:
    pytest.importorskip("z3")
    complaint = everyway.complaint("timing", "3pc", "--variant", "as-noted", *options)
    assert expected in " ".join(complaint.split())


def test_a_region_that_is_not_known_wholly_is_unknown(everyway) -> None:
    pytest.importorskip("z3")
    words = ("timing", "3pc", "--variant", "as-noted", "--property", "agreement", "--max-decisions", "2")
    result = everyway(*words)
    assert result.exit_code == 3
    assert "unknown: part of the region (stopped after 2 decisions), e.g. delay" in " ".join(
        result.stdout.split()
    )
