"""``everyway simulate``: random walks, told as a check is."""

from __future__ import annotations

import json
import re
import signal
import sys
import time

import pytest

BROKEN = ("simulate", "3pc", "--timeouts", "early", "--walks", "1000")


def test_what_is_told_of_walks(everyway):
    result = everyway("simulate", "2pc", "--crashes", "1", "--walks", "500")
    assert result.stderr == ""
    assert re.sub(r"in \d+\.\d\d s.*", "in 0.05 s", result.stdout) == (
        "2pc, 2 participants, 1 inquiry\n"
        "crashes ≤ 1, late time-outs, bag network\n"
        "\n"
        " ? agreement           unknown: not violated in 500 random walks of at most 200\n"
        "                       steps\n"
        " ? commit validity     unknown: not violated in 500 random walks of at most 200\n"
        "                       steps\n"
        " ? decision stability  unknown: not violated in 500 random walks of at most 200\n"
        "                       steps\n"
        " ? non-blocking        unknown: random walks cannot tell what can always be\n"
        "                       reached; a check can\n"
        " ✓ commit is possible  possible: reached in 7 steps\n"
        "\n"
        "walked    500 walks, 3,175 steps, the longest 8\n"
        "          500 reached an end\n"
        "          287 distinct states from 1 start, in 0.05 s\n"
        "covered   not the whole space: 500 random walks of at most 200 steps, seed 0,\n"
        "          fault rate 0.1\n"
        "          of these walks the shortest is shown; a shorter schedule may exist:\n"
        "          `everyway check` finds it\n"
        "          crashes ≤ 1: used up in 215 of 287 states\n"
        "so far    message inquire was sent, but never received\n"
        "          coordinator: handler answer never did anything\n"
    )


@pytest.mark.parametrize(
    "words", [BROKEN, ("simulate", "2pc", "--crashes", "1"), ("simulate", "3pc", "--help")]
)
def test_it_fits_80_columns(everyway, words):
    result = everyway(*words)
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert result.stderr == ""


def test_one_when_a_promise_is_violated(everyway):
    result = everyway(*BROKEN)
    assert result.exit_code == 1
    assert "agreement           violated in 8 steps: C committed although P1 aborted" in result.stdout
    assert "Agreement violated" in result.stdout
    assert "a shorter schedule may exist" in result.stdout
    assert "───" not in everyway(*BROKEN, "--quiet").stdout


@pytest.mark.slow
def test_three_when_nothing_was_seen(everyway, jugs):
    assert everyway("simulate", "2pc", "--walks", "10").exit_code == 3
    result = everyway("simulate", jugs, "--property", "four-litres", "--walks", "500")
    assert result.exit_code == 3  # never 0: what was not looked at may be broken
    assert "reached in 6 steps" in result.stdout


def test_the_same_seed_tells_the_same(everyway):
    def told(*words):
        report = json.loads(everyway(*BROKEN, "--json", *words).stdout)
        for name in ("seconds", "memory", "peak_memory"):
            del report["statistics"][name]
        return report

    assert told("--seed", "5") == told("--seed", "5", "--threads", "1", "--engine", "plain")
    assert told("--seed", "5") != told("--seed", "6")


def test_json_is_that_of_a_check_and_of_its_walks(everyway):
    result = everyway(*BROKEN, "--json")
    report = json.loads(result.stdout)
    checked = json.loads(everyway("check", "3pc", "--timeouts", "early", "--json").stdout)
    assert [*checked, "simulation"] == list(report)
    assert (report["exit_code"], result.exit_code) == (1, 1)
    assert (report["search"], report["stopped_by"], report["is_complete"]) == ("walks", "walks", False)
    assert report["simulation"] == {
        "walks": 1000,
        "unfinished": 0,
        "seed": 0,
        "fault_rate": 0.1,
        "steps_taken": 8807,
        "distinct_states": 869,
    }
    assert report["verdicts"][0]["is_shortest"] is False
    assert len(report["verdicts"][0]["trace"]["steps"]) == 8


def test_a_rate_of_faults_that_makes_no_sense_is_refused(everyway):
    result = everyway("simulate", "2pc", "--fault-rate", "1.5")
    assert result.exit_code == 2
    assert "--fault-rate must be from 0 to 1, not 1.5" in result.stderr


def test_pictures_are_saved(everyway, tmp_path):
    result = everyway(*BROKEN, "--diagram", tmp_path / "walk.svg", "--graph", tmp_path / "around.svg")
    assert result.stderr == ""
    assert (tmp_path / "walk.svg").read_text().startswith("<")
    assert (tmp_path / "around.svg").exists()


def test_other_options_are_those_of_a_check(everyway, counting):
    result = everyway(
        "simulate", "--participants", "3", "2pc", "--variant", "commit-on-majority", "-p", "agreement"
    )
    assert result.exit_code == 1
    assert "commit validity" not in result.stdout
    told = everyway("simulate", counting, "--steps", "30", "--walks", "5", "--verbose", "--ascii").stdout
    assert "0 reached an end, 5 given up at 30 steps" in told
    assert "how often each kind of step was taken" in told
    assert told.isascii()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["2pcc"], "Did you mean '2pc'"),
        (["2pc", "--walks", "0"], "--walks must be 1 or more, not 0"),
        (["2pc", "--steps", "-3"], "--steps must be 1 or more, not -3"),
        (["2pc", "--seed", "-1"], "--seed must be 0 or more, not -1"),
        (["2pc", "--max-seconds", "-1"], "--max-seconds must be 0 or more"),
        (["2pc", "--crashes", "x"], "--crashes needs a number"),
        (["2pc", "--timeouts", "soon"], "--timeouts is one of late, early, never"),
        (["2pc", "--property", "agrement"], "Did you mean 'agreement'"),
        (["2pc", "--walk", "5"], "Did you mean '--walks'"),
        (["2pc", "--diagram", "x.doc"], ".svg"),
        (["2pc", "--diagram", "x.svg", "--graph", "x.svg"], "two pictures"),
        (["2pc", "--deadlock"], "is_final"),
        (["--participants", "3"], "no model is named"),
    ],
)
def test_two_for_misuse(everyway, words, complaint):
    assert complaint in everyway.complaint("simulate", *words)


def test_help_tells_a_models_parameters_and_the_exit_codes(everyway):
    told = everyway("simulate", "2pc", "--help").stdout
    assert "--participants  how many participants vote (whole number; default 2)" in told
    assert "Never 0" in told
    for option in ("--walks", "--steps", "--seed", "--max-seconds", "--crashes", "--diagram"):
        assert option in told
    assert "--max-states" not in told


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child on Windows")
def test_ctrl_c_tells_what_was_seen(start, counting, tmp_path):
    started = tmp_path / "started"
    counting.write_text(
        counting.read_text().replace(
            "        return self.become(count=self.count + 1)",
            "        if self.count == 1000:\n"
            f"            open({str(started)!r}, 'w').close()\n"
            "        return self.become(count=self.count + 1)",
        )
    )
    process = start("simulate", counting, "--walks", "10", "--steps", "100000000")
    while not started.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "interrupted after" in stdout
    assert "0 walks and 10 unfinished" in stdout
    assert "Traceback" not in stderr
