"""``everyway list`` and ``everyway show``: whatever a docstring says is told as it stands, in 80 columns."""

from __future__ import annotations

import pytest

from everyway.models.catalogue import PLACES, model

ODD = '''
from attrs import frozen

from everyway import Message, Network, Node, Protocol, always, choice, on, parameter, volatile


class Go(Message):
    """Go on [FLP85]; [/bold] is no markup."""


class Bare(Message):
    pass


@frozen
class Walker(Node):
    step: int = volatile(0)

    @choice
    def walk(self):
        if self.step < 1:
            return self.become(step=1)

    @on(Go, Bare)
    def stop(self):
        return self.become(step=2)


@frozen
class Odd(Protocol):
    """A protocol [red]with[/red] brackets :smile:

    And a second paragraph that is so long that it has to be wrapped, as it reaches beyond the edge of any terminal.
    """

    losses: int = parameter(0, help="clashes with an option")
    a_very_long_name_of_a_parameter: int = parameter(1, help="is long")

    def nodes(self):
        return {"N": Walker()}

    def is_final(self, world):
        return True


@frozen
class Silent(Protocol):
    def nodes(self):
        return {"N": Walker()}
'''


@pytest.fixture
def odd(tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(ODD)
    return path


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_every_model_of_the_library_is_listed_with_its_variants(everyway):
    told = everyway("list").stdout
    assert widest(told) <= 80
    for name in PLACES:
        assert any(line.startswith(name) for line in told.splitlines())
        if variants := model(name).variants():
            count = f"({len(variants)} variant{'' if len(variants) == 1 else 's'})"
            assert count in " ".join(told.split())


@pytest.mark.parametrize("name", PLACES)
def test_every_model_and_variant_is_shown_in_80_columns(everyway, name):
    for variant in ["", *model(name).variants()]:
        result = everyway("show", name, *(["--variant", variant] if variant else []))
        assert result.exit_code == 0
        assert widest(result.stdout) <= 80
        assert not any(line != line.rstrip() for line in result.stdout.splitlines())


def test_a_model_is_shown_with_everything_that_can_be_asked_of_it(everyway):
    told = everyway("show", "2pc").stdout
    for part in [
        "Coordinator  C\n",
        "Participant  P1, P2\n",
        "    vote            durable, at first none\n",
        "    on prepare      cast vote\n",
        "    time-out        stop waiting\n",
        "  inquire  A prepared participant asks what was decided.\n",
        "  --participants  how many participants vote (whole number; default 2)\n",
        "  agreement           No two nodes decide differently (AC1). (always)\n",
        "Variants  --variant NAME\n",
        "  no-retry              The decision is sent once",
        "Check it: everyway check 2pc --crashes 1\n",
    ]:
        assert part in told


def test_it_is_told_up_to_which_bound_is_asked_whether_something_can_still_be_reached(everyway):
    told = " ".join(everyway("show", "paxos").stdout.split())
    assert "only as long as the bounds leave room: the highest number was not used yet." in told
    assert "bounds leave room" not in everyway("show", "2pc").stdout


def test_a_variant_is_checked_as_a_variant(everyway):
    told = everyway("show", "2pc", "--variant", "no-retry").stdout
    assert told.startswith("2pc (no-retry)\n")
    assert "everyway check 2pc --variant no-retry" in told


def test_brackets_are_not_taken_for_markup(everyway, odd):
    told = everyway("show", f"{odd}:Odd").stdout
    assert "A protocol [red]with[/red] brackets :smile:" in told
    assert "Go on [FLP85]; [/bold] is no markup." in told


def test_a_long_docstring_is_wrapped(everyway, odd):
    assert widest(everyway("show", f"{odd}:Odd").stdout.replace(str(odd), "odd.py")) <= 80


def test_a_class_without_a_docstring_does_not_borrow_one_of_the_language(everyway, odd):
    told = everyway("show", f"{odd}:Silent").stdout
    assert "Base of all" not in told
    assert told.splitlines()[:2] == ["silent", ""]
    assert "  bare\n" in told


def test_a_protocol_that_says_what_its_end_is_promises_no_deadlock(everyway, odd):
    assert "no deadlock" in everyway("show", f"{odd}:Odd").stdout
    assert "no deadlock" not in everyway("show", f"{odd}:Silent").stdout
