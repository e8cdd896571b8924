"""Help and doctor: in 80 columns, and with what the model at hand adds."""

from __future__ import annotations

import pytest


def test_the_help_of_check_tells_a_models_own_parameters(everyway):
    told = everyway("check", "2pc", "--help").stdout
    assert "Parameters  of 2pc" in told
    assert "--participants  how many participants vote (whole number; default 2)" in told
    assert max(map(len, told.splitlines())) <= 80


def test_also_of_a_model_in_a_file(everyway, counting):
    told = everyway("check", counting, "--help").stdout
    assert "--start  where it starts (whole number; default 0)" in told


@pytest.mark.parametrize("words", [[], ["nothing-of-that-name"], ["no_such_file.py"], ["no.such:Model"]])
def test_without_a_model_it_tells_those_of_every_model(everyway, words):
    result = everyway("check", *words, "--help")
    assert result.exit_code == 0
    assert "--crashes" in result.stdout
    assert "Parameters  of" not in result.stdout


def test_a_parameter_may_stand_before_the_model(everyway):
    usual = everyway("check", "2pc", "--participants", "1", "--quiet")
    early = everyway("check", "--participants", "1", "2pc", "--quiet")
    assert early.exit_code == usual.exit_code == 0
    assert "2pc, 1 participant" in early.stdout


def test_an_option_without_a_model_is_explained(everyway):
    assert "no model is named" in everyway.complaint("check", "--participants", "3")


CLASH = '''
from attrs import frozen

from everyway import Node, Protocol, parameter


@frozen
class Idle(Node):
    """Does nothing."""


@frozen
class Clash(Protocol):
    """Has a parameter that is called like an option."""

    losses: int = parameter(4, help="how much is lost")

    def nodes(self):
        return {"N": Idle()}

    def is_final(self, world):
        return self.losses == 5
'''


@pytest.fixture
def clash(tmp_path):
    path = tmp_path / "clash.py"
    path.write_text(CLASH)
    return path


def test_a_parameter_called_like_an_option_is_given_by_param(everyway, clash):
    told = everyway("show", clash).stdout
    assert "  --param losses=...  how much is lost (whole number; default 4)\n" in told
    assert "4 losses" in everyway("check", clash).stdout
    assert "5 losses" in everyway("check", clash, "--param", "losses=5").stdout


def test_no_deadlock_is_a_promise_that_can_be_asked_for(everyway, clash):
    asked = everyway("check", clash, "--property", "no-deadlock")
    assert asked.exit_code == 1
    assert "no deadlock" in asked.stdout
    assert everyway("check", clash, "--no-deadlock").exit_code == 0
    assert everyway("check", clash, "--property", "no deadlock", "--param", "losses=5").exit_code == 0
    assert "is_final" in everyway.complaint("check", "2pc", "--property", "no-deadlock")
