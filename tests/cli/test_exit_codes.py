"""What a shell script sees: exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import everyway as package


def test_zero_when_everything_holds(everyway):
    result = everyway("check", "2pc")
    assert result.exit_code == 0
    assert "holds in all" in result.stdout
    assert "the whole space under these bounds" in result.stdout
    assert result.stderr == ""


def test_one_when_a_promise_is_violated(everyway):
    result = everyway("check", "2pc", "--crashes", "1")
    assert result.exit_code == 1
    assert "violated in 2 steps" in result.stdout
    assert result.stderr == ""


def test_two_for_misuse(everyway):
    assert everyway("check").exit_code == 2
    assert everyway("check", "nothing-of-that-name").exit_code == 2
    assert everyway("no-such-command").exit_code == 2


def test_three_when_a_limit_leaves_it_unknown(everyway):
    result = everyway("check", "2pc", "--max-states", "10")
    assert result.exit_code == 3
    assert "unknown" in result.stdout
    assert "raise --max-states to see more" in result.stdout


def test_a_violation_outweighs_a_limit(everyway):
    result = everyway("check", "2pc", "--variant", "commit-on-majority", "--max-depth", "12")
    assert result.exit_code == 1


def test_only_possible_promises_count_too(everyway, jugs):
    result = everyway("check", jugs)
    assert result.exit_code == 0
    assert "reached in 6 steps" in result.stdout
    assert "holds in all 16 states" in result.stdout


def test_an_infinite_space_stops_and_names_what_grows(everyway, counting):
    result = everyway("check", counting, "--max-states", "50")
    assert result.exit_code == 3
    assert "node N, field count kept growing" in result.stdout
    assert "stopped" in result.stdout


def test_a_depth_limit_is_told(everyway, counting):
    result = everyway("check", counting, "--max-depth", "5")
    assert result.exit_code == 3
    assert "raise --max-depth to see more" in result.stdout


def test_a_time_limit_is_told(everyway, counting):
    result = everyway("check", counting, "--max-seconds", "0.05")
    assert result.exit_code == 3
    assert "raise --max-seconds to see more" in result.stdout


@pytest.mark.parametrize("option", ["--max-depth", "--max-states", "--max-seconds"])
def test_negative_limits_are_refused(everyway, option):
    assert option in everyway.complaint("check", "2pc", option, "-1")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child on Windows")
@pytest.mark.parametrize("options", [[], ["--json"], ["--property", "counts-from-zero", "--search", "dfs"]])
def test_ctrl_c_tells_what_is_known_so_far(start, counting, tmp_path, options):
    started = tmp_path / "started"
    counting.write_text(
        counting.read_text().replace(
            "        return self.become(count=self.count + 1)",
            "        if self.count == 1000:\n"
            f"            open({str(started)!r}, 'w').close()\n"
            "        return self.become(count=self.count + 1)",
        )
    )
    process = start("check", counting, "--max-states", "100000000", *options)
    while not started.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "unknown" in stdout
    assert "interrupt" in stdout
    if "--json" in options:
        report = json.loads(stdout)
        assert (report["exit_code"], report["stopped_by"], report["outcome"]) == (130, "interrupt", "unknown")
    assert "Traceback" not in stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
@pytest.mark.parametrize(
    "words", [["list"], ["show", "3pc"], ["check", "2pc"], ["doctor"], ["check", "2pc", "--json"]]
)
def test_a_reader_that_leaves_is_no_error(start, words):
    process = start(*words)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=50) == 141


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(("faults", "code"), [("", 0), (" --crashes 1", 1)])
def test_without_an_output_the_exit_code_still_tells(faults, code):
    program = f'"{sys.executable}" -P -m everyway check 2pc{faults}'
    told = subprocess.run(["sh", "-c", f"{program} >&-"], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (code, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_an_output_that_is_full_is_told():
    program = [sys.executable, "-P", "-m", "everyway", "list"]
    with open("/dev/full", "w") as full:
        told = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, text=True)
    assert told.returncode == 2
    assert "the output: No space left" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_version(everyway, start):
    result = everyway("--version")
    assert (result.exit_code, result.stdout) == (0, f"everyway {package.__version__}\n")


def test_as_a_module():
    told = subprocess.run(
        [sys.executable, "-P", "-m", "everyway", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("everyway ")


def test_without_a_command_the_help(everyway):
    result = everyway()
    assert "check" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["check", "--help"], ["show", "-h"], ["list", "-h"]])
def test_help(everyway, words):
    result = everyway(*words)
    assert result.exit_code == 0
    assert "Usage: everyway" in result.stdout.replace("root", "everyway")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_doctor(everyway):
    result = everyway("doctor")
    assert result.exit_code == 0
    assert "resvg-py" in result.stdout
    assert package.__version__ in result.stdout
