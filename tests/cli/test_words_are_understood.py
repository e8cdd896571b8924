"""Options, parameters and models: what is meant is found, and what is wrong is named, with what to do."""

from __future__ import annotations

import json

import pytest

BROKEN_MODELS = {
    "syntax.py": ("def nodes(self:\n", ["syntax.py has a syntax error in line 1"]),
    "raises.py": ("x = 1\nx = 1 / 0\n", ["raises.py cannot be imported", "ZeroDivisionError", "line 2"]),
    "needy.py": ("import no_such_thing_at_all\n", ["no_such_thing_at_all", "not installed", "line 1"]),
    "empty.py": ("x = 1\n", ["empty.py has no class that can be checked"]),
    "exits.py": ("import sys\nsys.exit(7)\n", ["exits.py", "SystemExit"]),
}


def checked(everyway, *words):
    """Return the report of a check, as JSON."""
    result = everyway("check", *words, "--json")
    assert result.exit_code in (0, 1, 3), result.output
    return json.loads(result.stdout)


# Misspelt names.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["2pcc"], ["unknown model '2pcc'", "Did you mean '2pc'?", "everyway list"]),
        (["2pc", "--variant", "presumed-abrt"], ["presumed-abrt", "Did you mean 'presumed-abort'?"]),
        (["gray-lamport", "--variant", "x"], ["has no variant 'x'"]),
        (["2pc", "--property", "agrement"], ["unknown property 'agrement'", "Did you mean 'agreement'?"]),
        (["2pc", "--crash", "1"], ["no such option '--crash'", "Did you mean '--crashes'?"]),
        (["2pc", "--participant", "3"], ["'--participant'", "Did you mean '--participants'?"]),
        (["2pc", "--participant=3"], ["'--participant'", "Did you mean '--participants'?"]),
        (["2pc", "--param", "participant=3"], ["participant", "Did you mean 'participants'?"]),
        (["2pc", "--param", "participants"], ["--param needs name=value, not 'participants'"]),
        (["2pc", "--timeouts", "erly"], ["--timeouts", "Did you mean 'early'?"]),
        (["2pc", "--network", "sack"], ["--network is one of bag, set, fifo", "not 'sack'"]),
        (["2pc", "--search", "bsf"], ["--search", "Did you mean 'bfs'?"]),
        (["2pc", "--theme", "drak"], ["--theme", "Did you mean 'dark'?"]),
        (["2pc", "extra"], ["unexpected 'extra'"]),
        (["2pc", "-x"], ["unexpected '-x'"]),
    ],
)
def test_a_misspelt_word_is_named_with_what_was_meant(everyway, words, told):
    error = everyway.complaint("check", *words)
    for part in told:
        assert part in error


def test_show_explains_the_same_mistakes(everyway):
    assert "Did you mean '3pc'?" in everyway.complaint("show", "3pcs")
    assert "Did you mean 'no-retry'?" in everyway.complaint("show", "2pc", "--variant", "noretry")


# Fault budgets.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--losses", "many"], ["--losses needs a number", "'many'"]),
        (["--losses", "1:abrot"], ["abrot", "Did you mean 'Abort'?"]),
        (["--crashes", "1:P9"], ["P9"]),
        (["--crashes", "1:abort"], ["abort"]),
        (["--crashes", "-1"], ["--crashes must be 0 or more, not -1"]),
        (["--crashes", "1:"], ["--crashes", "1:"]),
        (["--losses", ""], ["--losses"]),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(everyway, words, told):
    error = everyway.complaint("check", "2pc", *words)
    for part in told:
        assert part in error


def test_budgets_are_restricted_to_nodes_roles_and_messages(everyway):
    report = checked(everyway, "2pc", "--crashes", "1:P1,coordinator", "--losses=2:abort")
    assert report["bounds"]["faults"]["crashes"] == {"count": 1, "only": ["P1", "coordinator"]}
    assert report["bounds"]["faults"]["losses"] == {"count": 2, "only": ["abort"]}


def test_time_outs_and_network_are_chosen(everyway):
    report = checked(everyway, "2pc", "--timeouts", "never", "--network", "fifo")
    assert report["bounds"]["timeouts"] == "never"
    assert report["bounds"]["network"] == "fifo"


# A model's own parameters.


@pytest.mark.parametrize(
    "words", [["--participants", "3"], ["--participants=3"], ["--param", "participants=3"]]
)
def test_a_parameter_can_be_given_in_three_ways(everyway, words):
    report = checked(everyway, "2pc", "--property", "agreement", *words)
    assert report["model"]["parameters"]["participants"] == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--participants", "0"], ["participants", "0"]),
        (["--participants", "-1"], ["participants", "-1"]),
        (["--participants", "two"], ["participants", "two"]),
        (["--participants", "2.5"], ["participants", "2.5"]),
        (["--participants", ""], ["participants"]),
        (["--participants"], ["'--participants' needs a value"]),
        (["--participants", "--crashes", "1"], ["participants"]),
        (["--param", "participants=two"], ["participants", "two"]),
        (["--participants", "2", "--participants", "3"], ["participants", "twice"]),
        (["--participants", "2", "--param", "participants=3"], ["participants", "twice"]),
    ],
)
def test_a_value_that_is_wrong_is_refused(everyway, words, told):
    error = everyway.complaint("check", "2pc", *words)
    for part in told:
        assert part in error


SWITCHES = '''
from enum import Enum

from attrs import frozen

from everyway import Node, Protocol, parameter


class Mood(Enum):
    GOOD_ENOUGH = 1
    BAD = 2


@frozen
class Idle(Node):
    """Does nothing."""


@frozen
class Switches(Protocol):
    """A protocol with switches."""

    is_fast: bool = parameter(False, help="whether it is fast")
    mood: Mood = parameter(Mood.BAD, help="how it feels")

    def nodes(self):
        return {"N": Idle()}
'''


@pytest.fixture
def switches(tmp_path):
    path = tmp_path / "switches.py"
    path.write_text(SWITCHES)
    return path


@pytest.mark.parametrize(
    ("words", "is_fast"),
    [
        ([], False),
        (["--is-fast"], True),
        (["--is-fast", "yes"], True),
        (["--is-fast", "--timeouts", "late"], True),
        (["--no-is-fast"], False),
        (["--is-fast=no"], False),
        (["--param", "is_fast=true"], True),
    ],
)
def test_switches_need_no_value(everyway, switches, words, is_fast):
    assert checked(everyway, switches, *words)["model"]["parameters"]["is_fast"] is is_fast


def test_a_choice_is_given_by_name(everyway, switches):
    assert (
        "good enough"
        in checked(everyway, switches, "--mood", "good-enough")["model"]["parameters"]["mood"]
        .replace("-", " ")
        .replace("_", " ")
        .lower()
    )
    error = everyway.complaint("check", switches, "--mood", "baad")
    assert "baad" in error
    assert "bad" in error.replace("baad", "")


# Where a model is.


def test_a_file_with_one_class_needs_no_name(everyway, counting):
    assert checked(everyway, counting, "--max-states", "9")["model"]["title"] == "counting"


def test_a_class_in_a_file(everyway, counting):
    assert checked(everyway, f"{counting}:Counting", "--max-states", "9")["model"]["title"] == "counting"


def test_a_class_in_a_module(everyway):
    report = checked(everyway, "everyway.models.two_phase_commit:TwoPhaseCommit")
    assert report["model"]["title"] == "2pc"


def test_a_module_with_one_model(everyway):
    assert checked(everyway, "everyway.models.gray_lamport")["model"]["parameters"]


def test_a_file_imports_its_neighbours(everyway, counting):
    user = counting.with_name("uses_neighbour.py")
    user.write_text("from counting import Counting\n\nclass Later(Counting):\n    '''Also.'''\n")
    assert checked(everyway, user, "--max-states", "9")["statistics"]["states"] == 9


def test_a_file_called_like_a_module_of_python(everyway, counting):
    taken = counting.rename(counting.with_name("json.py"))
    assert checked(everyway, taken, "--max-states", "9")["statistics"]["states"] == 9


def test_a_class_that_is_not_there(everyway, counting):
    error = everyway.complaint("check", f"{counting}:Countng")
    assert "has no class 'Countng'. Did you mean 'Counting'?" in error


def test_a_class_that_is_no_model(everyway, counting):
    assert "Counter cannot be checked" in everyway.complaint("check", f"{counting}:Counter")
    assert "frozen cannot be checked" in everyway.complaint("check", f"{counting}:frozen")


def test_several_classes_need_a_name(everyway, counting):
    counting.write_text(counting.read_text() + "\n\nclass Another(Counting):\n    pass\n")
    error = everyway.complaint("check", counting)
    assert "several classes" in error
    assert f"{counting}:Counting" in error
    assert "Counting, Another" in error


def test_a_file_that_is_not_there(everyway, counting):
    error = everyway.complaint("check", counting.with_name("countin.py"))
    assert "there is no file" in error
    assert "Did you mean 'counting.py'?" in error
    assert "there is no file" in everyway.complaint("check", "no/such/folder/model.py:Model")


def test_a_folder_is_no_file(everyway, tmp_path):
    (tmp_path / "folder.py").mkdir()
    assert "folder.py" in everyway.complaint("check", tmp_path / "folder.py")
    assert ".py" in everyway.complaint("check", tmp_path)


def test_a_file_without_its_suffix(everyway, counting):
    error = everyway.complaint("check", counting.with_suffix(""))
    assert f"Did you mean '{counting}'?" in error


@pytest.mark.parametrize("name", BROKEN_MODELS)
def test_a_file_that_cannot_be_imported(everyway, tmp_path, name):
    source, told = BROKEN_MODELS[name]
    path = tmp_path / name
    path.write_text(source)
    error = everyway.complaint("check", path)
    for part in told:
        assert part in error
    assert error.count("\n") == 1


def test_a_module_that_is_not_there(everyway):
    assert "there is no module 'no_such'" in everyway.complaint("check", "no_such.module:Model")
    assert "nothing" in everyway.complaint("check", "everyway.nothing:Model")


@pytest.mark.parametrize("word", [".:X", "..:X", "a b:c", "my-model:X", "model.", ".hidden"])
def test_what_can_be_no_module(everyway, word):
    assert f"'{word}' is neither a model" in everyway.complaint("check", word)


def test_a_plain_system_takes_no_faults_and_no_parameters(everyway, jugs):
    assert "plain transition system" in everyway.complaint("check", jugs, "--crashes", "1")
    assert "no such option '--size'" in everyway.complaint("check", jugs, "--size", "1")
    assert "no parameters" in everyway.complaint("check", jugs, "--param", "size=1")
    assert "no variant" in everyway.complaint("check", jugs, "--variant", "x")
    assert "plain transition system" in everyway.complaint("show", jugs)


def test_deadlocks_need_to_know_a_proper_end(everyway, jugs):
    assert "is_final" in everyway.complaint("check", jugs, "--deadlock")
