"""Completion in the shell: models, and the variants and promises of the model that was typed already."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from everyway.cli.app import app
from everyway.models.catalogue import PLACES


def completed(line: str) -> list[str]:
    """Return what bash is offered for the last word of a line."""
    words = line.split(" ")
    environment = {
        "_EVERYWAY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    result = CliRunner().invoke(app, [], env=environment, prog_name="everyway")
    assert "Traceback" not in result.output
    assert result.stderr == ""
    return [word.removeprefix("plain,") for word in result.stdout.split("\n") if word]


def test_the_commands():
    assert set(completed("everyway ")) >= {"list", "show", "check", "doctor"}


@pytest.mark.parametrize("command", ["show", "check"])
def test_models(command):
    assert completed(f"everyway {command} ") == list(PLACES)
    assert completed(f"everyway {command} 2") == ["2pc"]


@pytest.mark.parametrize("command", ["show", "check"])
def test_variants(command):
    assert "no-retry" in completed(f"everyway {command} 2pc --variant ")
    assert completed(f"everyway {command} 2pc --variant no-r") == ["no-retry"]


def test_promises():
    assert completed("everyway check 2pc --property commit") == ["commit-validity", "commit-is-possible"]
    assert "agreement" in completed("everyway check 2pc --crashes 1 -p ")


def test_options():
    assert "--crashes" in completed("everyway check 2pc --cr")


def test_a_model_in_a_file(counting):
    assert completed(f"everyway check {counting} -p ") == ["counts-from-zero"]


@pytest.mark.parametrize("source", ["1 / 0", "def (", "import sys; sys.exit(1)", "print('hello')"])
def test_a_model_that_is_wrong_disturbs_nobody(tmp_path, source):
    path = tmp_path / "wrong_model.py"
    path.write_text(source)
    assert completed(f"everyway check {path} -p ") == []
    assert completed("everyway check no-such-model -p ") == []
    assert completed("everyway check -p ") == []


def test_a_model_that_prints_is_not_offered_as_a_word(counting):
    counting.write_text("print('loud')\n" + counting.read_text())
    assert completed(f"everyway check {counting} -p ") == ["counts-from-zero"]


def test_a_plain_system_has_promises_but_no_variants(jugs):
    assert completed(f"everyway check {jugs} -p ") == ["no-overflow", "four-litres"]
    assert completed(f"everyway check {jugs} --variant ") == []
