"""``--json``: nothing else on stdout, and every field as docs/json.md has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "json.md"
BLOCKING = ("check", "2pc", "--crashes", "1", "--losses", "1:abort", "--max-depth", "9", "--json")


def sections() -> dict[str, str]:
    """Return the text below each heading of the document."""
    parts = re.split(r"^#+ (.+)\n", DOCUMENT.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented(heading: str) -> list[str]:
    """Return the fields in the table below a heading."""
    return re.findall(r"^\| `(\w+)` \|", sections()[heading], flags=re.M)


def objects(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a report with the heading that documents it."""
    yield "The report", report
    yield "The model", report["model"]
    if report["bounds"]:
        yield "The bounds", report["bounds"]
    yield "The limits", report["limits"]
    yield "The statistics", report["statistics"]
    yield from (("A deed", deed) for deed in report["statistics"]["taken"])
    yield from (("A finding", finding) for finding in report["findings"])
    if report["growth"]:
        yield "The growth", report["growth"]
    for verdict in report["verdicts"]:
        yield "A verdict", verdict
        if trace := verdict["trace"]:
            yield "A trace", trace
            yield from (("A step", step) for step in trace["steps"])
            yield from (("A message", message) for message in trace["messages"])


@pytest.fixture
def reports(everyway, counting, jugs):
    words = [
        BLOCKING,
        ("check", "2pc", "--json"),
        ("check", jugs, "--json"),
        ("check", counting, "--max-states", "50", "--json"),
        ("check", "2pc", "--timeouts", "early", "--partitions", "1", "--max-states", "500", "--json"),
    ]
    return [json.loads(everyway(*each).stdout) for each in words]


def test_every_field_is_documented_and_every_documented_field_is_there(reports):
    seen = set()
    for report in reports:
        for heading, values in objects(report):
            assert list(values) == documented(heading), heading
            seen.add(heading)
    assert seen == {heading for heading in sections() if documented(heading)}


def test_the_examples_are_json_with_documented_fields():
    for heading, text in sections().items():
        for example in re.findall(r"```json\n(.*?)```", text, flags=re.S):
            assert set(json.loads(example)) <= set(documented(heading))


def test_the_documented_words_are_those_that_occur(reports):
    text = DOCUMENT.read_text(encoding="utf-8")
    for report in reports:
        words = {report["outcome"], report["search"], report["schema"], report["stopped_by"]}
        for _, values in objects(report):
            words |= {values.get("kind"), values.get("outcome"), values.get("fate"), values.get("code")}
        for word in words - {None}:
            assert f'"{word}"' in text


def test_every_code_of_a_finding_is_documented():
    source = (DOCUMENT.parent.parent / "explorer" / "vacuity.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source))
    assert codes
    assert codes == set(re.findall(r'`"([a-z]+-[a-z-]+)"`', sections()["A finding"]))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["2pc"], 0),
        (["2pc", "--crashes", "1"], 1),
        (["2pc", "--max-states", "5"], 3),
        (["2pc", "-p", "agreement", "-q", "-v"], 0),
    ],
)
def test_the_exit_code_is_told(everyway, words, code):
    result = everyway("check", *words, "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["exit_code"]) == (code, code)
    assert result.stderr == ""
    assert report["schema"] == "everyway-check/1"


def test_a_trace_refers_to_its_own_steps_and_messages(everyway):
    report = json.loads(everyway("check", "2pc", "--crashes", "1", "--json").stdout)
    (trace,) = [v["trace"] for v in report["verdicts"] if v["outcome"] == "violated"]
    assert [step["number"] for step in trace["steps"]] == [1, 2]
    assert trace["steps"][0]["never_sent"] == ["prepare to P2"]
    assert trace["guilty"] == ["P1"]
    numbers = {message["number"] for message in trace["messages"]}
    for step in trace["steps"]:
        assert set(step["sent"]) <= numbers
        assert all(cause < step["number"] for cause in step["causes"])


def test_the_same_check_gives_the_same_report(everyway):
    first, second = (json.loads(everyway(*BLOCKING).stdout) for _ in range(2))
    for report in (first, second):
        # How long it took, and what the machine gave it, is another each time.
        del report["statistics"]["seconds"], report["statistics"]["peak_memory"]
    assert first == second


def test_ascii_is_asked_for_and_given(everyway):
    result = everyway(*BLOCKING, "--ascii")
    assert result.stdout.isascii()
    assert not everyway(*BLOCKING).stdout.isascii()


def test_there_is_no_json_for_a_mistake(everyway):
    everyway.complaint("check", "2pcc", "--json")
    everyway.complaint("check", "2pc", "--crashes", "x", "--json")


def test_one_promise_needs_no_more_than_its_decision(everyway):
    report = json.loads(everyway("check", "2pc", "-p", "commit-is-possible", "--json").stdout)
    assert report["stopped_by"] == "decided"
    assert report["outcome"] == "holds"
    assert report["is_complete"] is False
    assert report["findings"] == []


def test_what_is_not_decided_early_covers_everything(everyway):
    report = json.loads(
        everyway("check", "2pc", "-p", "commit-is-possible", "-p", "agreement", "--json").stdout
    )
    assert report["is_complete"] is True
    assert report["stopped_by"] is None
    assert report["findings"]


def test_no_limit_is_null_and_never_a_word_that_json_does_not_have(everyway):
    text = everyway("check", "2pc", "--max-seconds", "inf", "--json").stdout
    assert "Infinity" not in text
    assert json.loads(text)["limits"]["max_seconds"] is None
