"""What a person reads: calm, complete, and never wider than the terminal."""

from __future__ import annotations

import re

import pytest

CHECKS = [
    ["2pc", "--crashes", "1"],
    ["2pc", "--variant", "commit-on-majority", "--participants", "3", "--losses", "1:abort"],
    ["3pc", "--timeouts", "early", "--max-states", "300", "--verbose"],
    ["3pc", "--search", "dfs", "--verbose"],
    ["gray-lamport", "--managers", "2"],
]


@pytest.mark.parametrize("words", CHECKS, ids=" ".join)
@pytest.mark.parametrize("how", [[], ["--quiet"], ["--ascii"]], ids=["drawn", "quiet", "ascii"])
def test_no_line_is_wider_than_the_terminal(everyway, words, how):
    told = everyway("check", *words, *how).stdout
    assert max(map(len, told.splitlines())) <= 80
    if how == ["--ascii"]:
        assert told.isascii()


def test_a_whole_report(everyway):
    told = everyway("check", "2pc", "--crashes", "1", "--quiet").stdout
    assert re.sub(r"in \d+\.\d\d s(,\s+[\d,]+\s+(transitions|states)/s)?", "in 0.05 s", told) == (
        "2pc, 2 participants, 1 inquiry\n"
        "crashes ≤ 1, late time-outs, bag network\n"
        "\n"
        " ✓ agreement           holds in all 190 states (crashes ≤ 1, late time-outs)\n"
        " ✓ commit validity     holds in all 190 states (crashes ≤ 1, late time-outs)\n"
        " ✓ decision stability  holds in all 190 states (crashes ≤ 1, late time-outs)\n"
        " ✗ non-blocking        violated in 2 steps: P1 waits for ever while C is down\n"
        " ✓ commit is possible  possible: reached in 7 steps\n"
        "\n"
        "visited   190 states, 377 transitions, depth 8\n"
        "          1 start, 45 ends, in 0.05 s\n"
        "          states that differ only in the names of P1 and P2 count as one\n"
        "covered   the whole space under these bounds\n"
        "          crashes ≤ 1: used up in 151 of 190 states\n"
        "notice    message inquire was sent, but never received\n"
        "          coordinator: handler answer never did anything\n"
    )


def test_violations_are_drawn_shortest_first(everyway):
    told = everyway("check", "2pc", "--variant", "commit-on-majority", "--participants", "3").stdout
    drawn = re.findall(r"^✗ (.*) violated ", told, re.MULTILINE)
    assert drawn == ["Commit validity", "Agreement"]


TWINS = '''
class Walk:
    """Counts to five."""

    def initial(self):
        return [0]

    def steps(self, state):
        return [("walk", state + 1)] if state < 5 else []

    def promises(self):
        from everyway import always, possible

        return [
            always(lambda state: state < 3, name="below three"),
            always(lambda state: not state == 3, name="never three"),
            always(lambda state: state >= 0, name="[bold]a name that is far too long for anybody's terminal, really"),
            always(lambda state: state < 9, name="n"),
            possible(lambda state: state == 9, name="nine"),
            possible(lambda state: state == 0, name="zero"),
        ]
'''


@pytest.fixture
def twins(tmp_path):
    path = tmp_path / "walk.py"
    path.write_text(TWINS)
    return path


def test_one_schedule_that_breaks_two_promises_is_drawn_once(everyway, twins):
    told = everyway("check", twins).stdout
    assert told.count("─" * 80) == 1
    assert "The same schedule breaks: below three, never three." in told


def test_what_was_never_reached_violates_a_possibility(everyway, twins):
    told = everyway("check", twins).stdout
    assert re.search(r"✗ nine +never reached in all 6 states$", told, re.MULTILINE)
    assert re.search(r"✓ zero +possible: true from the start$", told, re.MULTILINE)


def test_names_of_any_length_and_kind_fit(everyway, twins):
    told = everyway("check", twins).stdout
    assert "[bold]a name that is far too long" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_name_of_one_letter_fits_too(everyway, twins):
    told = everyway("check", twins, "--property", "n").stdout
    assert told.splitlines()[2] == " ✓ n  holds in all 6 states"


def test_a_plain_system_is_called_by_its_class(everyway, twins):
    told = everyway("check", twins).stdout
    assert told.startswith("Walk\n")
    assert "object at 0x" not in told


def test_depth_first_says_that_a_shorter_schedule_may_exist(everyway):
    words = " ".join(everyway("check", "2pc", "--crashes", "1", "--search", "dfs", "-q").stdout.split())
    assert "a shorter schedule may exist; --search bfs finds the shortest" in words
    assert "longest path" in words


def test_nothing_is_called_shorter_where_no_schedule_is_shown(everyway):
    told = everyway("check", "2pc", "--property", "agreement", "--search", "dfs").stdout
    assert "shorter" not in told


def test_what_never_happened_is_no_judgement_while_states_are_left(everyway):
    whole = everyway("check", "2pc").stdout
    assert "\nnotice    " in whole
    part = everyway("check", "2pc", "--max-states", "5").stdout
    assert "\nso far    " in part
    assert "\nnotice    " not in part


def test_a_model_without_promises_says_so(everyway, switches_without_promises):
    result = everyway("check", switches_without_promises)
    assert result.exit_code == 0
    assert "It promises nothing" in result.stdout


@pytest.fixture
def switches_without_promises(tmp_path):
    path = tmp_path / "still.py"
    path.write_text(
        "class Still:\n"
        "    def initial(self):\n        return [0]\n"
        "    def steps(self, state):\n        return [('stay', 0)]\n"
    )
    return path


def test_verbose_tells_each_kind_of_step(everyway):
    told = everyway("check", "2pc", "--crashes", "1", "--losses", "1:abort", "-q", "-v").stdout
    lines = {" ".join(line.split()[1:]) for line in told.splitlines()}
    assert {
        "loss: abort",
        "C crash",
        "P1 on abort: ignored",
        "P1 time-out: stop waiting",
        "C on no: give up (crashes on the way)",
        "C choice: ask for votes",
    } <= lines
    assert "handlers were asked" in told


def test_a_terminal_that_knows_only_ascii_gets_ascii(start, environment):
    environment["PYTHONIOENCODING"] = "ascii"
    process = start("check", "2pc", "--crashes", "1")
    stdout, stderr = process.communicate(timeout=50)
    assert (process.returncode, stderr) == (1, "")
    assert stdout.isascii()
    assert "crashes <= 1" in stdout
