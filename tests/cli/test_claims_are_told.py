"""``everyway claims``: the table, the page and JSON."""

from __future__ import annotations

import json

import attrs
import pytest

from everyway import always
from everyway.claims import judge
from everyway.models.claims import claims_of
from everyway.models.claims.claim import holds
from everyway.models.two_phase_commit import TwoPhaseCommit


@always
def nothing(world):
    """Nobody exists."""
    return False


def test_a_system_is_told_case_by_case(everyway):
    result = everyway("claims", "2pc.blocking", "--processes", "1")
    assert result.exit_code == 0
    assert "✓ 2pc.blocking" in result.stdout
    assert "If the coordinator crashes, participants are blocked." in result.stdout
    assert "P1 waits for ever while C is down." in result.stdout
    assert "all as expected" in result.stdout


def test_a_page_is_saved(everyway, tmp_path):
    page = tmp_path / "claims.html"
    result = everyway("claims", "2pc.blocking", "--processes", "1", "--report", str(page))
    assert result.exit_code == 0
    assert "P1 waits for ever while C is down." in page.read_text(encoding="utf-8")


def test_json_is_all_there_is(everyway):
    result = everyway("claims", "2pc.blocking", "--processes", "1", "--json")
    values = json.loads(result.stdout)
    assert values["is_as_expected"] is True
    (claim,) = values["claims"]
    assert [case["found"] for case in claim["cases"]] == ["violated", "violated", "violated", "holds"]


def test_ascii_is_ascii(everyway):
    assert everyway("claims", "2pc.blocking", "--processes", "1", "--ascii").stdout.isascii()


def test_a_missed_expectation_is_told_and_leaves_with_1(everyway, monkeypatch):
    claim = claims_of("2pc.blocking")[0]
    wrong = attrs.evolve(claim, cases=(holds(TwoPhaseCommit(2), nothing),))
    monkeypatch.setattr("everyway.models.claims.CLAIMS", (wrong,))
    result = everyway("claims", "2pc.blocking", "--processes", "1")
    assert result.exit_code == 1
    assert "✗ nothing" in result.stdout
    assert "expected: holds" in result.stdout
    assert "not as expected: 2pc.blocking" in result.stdout


def test_ctrl_c_keeps_what_was_decided(everyway, monkeypatch):
    def interrupted(claims, **options):
        yield from judge(claims[:1], processes=1)
        raise KeyboardInterrupt

    monkeypatch.setattr("everyway.claims.judge", interrupted)
    result = everyway("claims", "2pc.blocking", "2pc.stable")
    assert result.exit_code == 130
    assert "✓ 2pc.blocking" in result.stdout
    assert "1 claim is left" in result.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["paxo"], "no claims of 'paxo'. Did you mean 'paxos'?"),
        (["2pc", "--processes", "0"], "--processes must be 1 or more, not 0."),
        (
            ["2pc", "--report", "claims.pdf"],
            "the report is an HTML page: name it like claims.html, not claims.pdf.",
        ),
        (["2pc", "--report", "nowhere/claims.html"], "there is no folder nowhere to save the report in."),
    ],
)
def test_bad_input_is_explained(everyway, words, complaint):
    assert complaint in everyway.complaint("claims", *words)
