"""The SVG says everything that the trace says, in every theme."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from sample_traces import (
    SAMPLES,
    broken_at_the_start,
    crash_while_sending,
    election,
    jugs,
    long_words,
    three_phase_commit,
    witness,
)

from everyway.counterexamples.svg import to_svg
from everyway.counterexamples.theme import DARK, LIGHT, ThemeName

SVG = "{http://www.w3.org/2000/svg}"
THEMES: tuple[ThemeName, ...] = ("light", "dark", "auto")


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in parsed(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_well_formed_and_knows_its_size(name: str, theme: ThemeName) -> None:
    root = parsed(to_svg(SAMPLES[name](), theme))
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_has_its_number_in_it(name: str) -> None:
    trace = SAMPLES[name]()
    numbers = {int(number) for text in words(to_svg(trace)) for number in re.findall(r"^\d+(?= |$)", text)}
    assert {step.number for step in trace.steps} <= numbers


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "jugs"])
def test_a_page_can_step_through_it(name: str) -> None:
    trace = SAMPLES[name]()
    groups = [group.attrib for group in parsed(to_svg(trace)).iter(f"{SVG}g")]
    events = {group["data-n"] for group in groups if group.get("class") == "ev"}
    assert {str(step.number) for step in trace.steps if step.node} <= events
    sent = [group["data-from"] for group in groups if group.get("class") == "msg"]
    assert sent == [str(message.sent_by) for message in trace.messages]
    assert {group["data-from"] for group in groups if group.get("class") == "lab"} >= set(sent)


def test_it_is_the_same_each_time() -> None:
    assert to_svg(election()) == to_svg(election())


def test_losses_copies_and_walls_are_told() -> None:
    assert {"11 lost", "15 lost"} <= set(words(to_svg(three_phase_commit())))
    told = words(to_svg(election()))
    assert {"5 partition: A | B C", "10 healed", "copy", "in flight", "crashed", "already voted"} <= set(told)
    assert {"cut off", "cut off from C"} <= set(told)
    told = words(to_svg(crash_while_sending()))
    assert {"7 lost: C is down", "9 copy", "before pre-commit to P2", "suspects C"} <= set(told)


def test_the_verdict_and_the_promise_are_told() -> None:
    trace = three_phase_commit()
    assert {trace.headline, trace.subject, trace.summary, trace.sentence, trace.promise} <= set(
        words(to_svg(trace))
    )


def test_a_violation_is_red_and_a_witness_green() -> None:
    assert LIGHT.fault in to_svg(three_phase_commit())
    assert LIGHT.success_glow not in to_svg(three_phase_commit())
    good = to_svg(witness())
    assert LIGHT.fault not in good
    assert LIGHT.glow not in good
    assert LIGHT.success_glow in good


def test_states_of_a_trace_without_steps_are_told() -> None:
    assert {"COMMITTED", "ABORTED", "INIT"} <= set(words(to_svg(broken_at_the_start())))


def test_a_system_without_nodes_is_a_list_of_steps() -> None:
    told = words(to_svg(jugs()))
    assert "pour big into small" in told
    assert "big: 0, small: 0" in told
    assert "big: 5 → 4, small: 2 → 3" in told


def test_words_of_the_model_are_never_markup() -> None:
    svg = to_svg(long_words())
    assert "<script" not in svg
    assert "<b>" not in svg
    assert {"N<1>", 'N"2"', "<PROMISED>", "CHOSEN & DONE"} <= set(words(svg))


def test_long_words_are_cut_and_told_in_full_on_hovering() -> None:
    trace = long_words()
    svg = to_svg(trace)
    assert trace.messages[0].label not in words(svg)
    assert any(word.startswith("<b>having") and word.endswith("…") for word in words(svg))
    titles = " ".join("".join(title.itertext()) for title in parsed(svg).iter(f"{SVG}title"))
    assert trace.messages[0].label in titles
    assert trace.steps[0].chip in titles
    assert trace.steps[0].note in titles


def test_colours_are_resolved_but_for_the_theme_that_follows_the_browser() -> None:
    light, dark, auto = (to_svg(election(), theme) for theme in THEMES)
    assert LIGHT.background in light
    assert DARK.background in dark
    assert LIGHT.background not in dark
    assert "var(--" not in light + dark
    assert "prefers-color-scheme:dark" in auto
    used = set(re.findall(r"var\((--[\w-]+)\)", auto))
    assert used <= set(re.findall(r"(--[\w-]+):", auto))


def test_themes_differ_in_nothing_but_colours() -> None:
    assert re.sub(r"#[0-9a-f]{6}", "", to_svg(election(), "light")) == re.sub(
        r"#[0-9a-f]{6}", "", to_svg(election(), "dark")
    )
