"""Runs that break a promise over time: replayed, told, and drawn with what repeats for ever marked."""

import re

import pytest
from attrs import evolve

from everyway import Fairness, Faults, check
from everyway.counterexamples.pinned import to_graphviz
from everyway.counterexamples.replay import ReplayError, replayed
from everyway.counterexamples.svg import to_svg
from everyway.counterexamples.terminal import to_text
from everyway.json_report import as_json
from everyway.models.duel import Duel, something_is_accepted


@pytest.fixture(scope="module")
def report():
    return check(Duel(), something_is_accepted)


@pytest.fixture(scope="module")
def trace(report):
    return report.trace(report.verdicts[0])


def test_the_trace_knows_what_repeats(report, trace):
    assert trace.loop == report.verdicts[0].loop == 3
    assert list(trace.repeated) == list(range(4, 12))
    assert trace.states[3] == trace.states[-1]
    assert trace.sentence == "From step 4 on, steps 4 to 11 repeat for ever: no value was ever taken."
    assert "weak fairness of deliveries" in trace.summary
    assert "shortest" not in trace.summary


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [80, 30])
def test_the_terminal_marks_where_the_loop_begins_and_ends(trace, width, ascii_only):
    lines = to_text(trace, width, ascii_only).splitlines()
    marked = [
        number for number, line in enumerate(lines) if "for ever: steps 4" in line or "and again from" in line
    ]
    first, last = marked[0], marked[-1]
    assert lines[first + 1].split()[0] == "4"
    assert [line.split()[0] for line in lines[first + 1 : last] if re.match(r"\s+\d+ ", line)][-1] == "11"
    assert all(len(line) <= width for line in lines)
    if ascii_only:
        assert "".join(lines).isascii()
        assert "restart" not in "".join(lines)


def test_pictures_mark_the_loop(trace):
    assert "for ever: steps 4 to 11 repeat" in to_svg(trace)
    assert "for ever: steps 4 to 11 repeat" in to_graphviz(trace).source


def test_all_that_repeats_is_drawn_below_all_that_does_not(trace):
    from everyway.counterexamples.placement import lay_out

    layout = lay_out(trace)
    height = {mark.step.number: mark.y for mark in layout.marks}
    (band,) = layout.bands
    assert max(height[k] for k in (1, 2, 3)) < band.top < min(height[k] for k in range(4, 12))


def test_a_run_that_ends_is_told_as_one():
    report = check(Duel(proposers=1), something_is_accepted, faults=Faults(losses=1))
    (verdict,) = report.verdicts
    trace = report.trace(verdict)
    assert verdict.loop == verdict.length == 2
    assert trace.sentence == "After step 2 nothing more need happen: no value was ever taken."
    assert not trace.repeated
    assert "repeat" not in to_svg(trace)


def test_the_report_for_scripts_has_the_loop(report):
    verdict = as_json(report)["verdicts"][0]
    assert (verdict["loop"], verdict["length"]) == (3, 11)
    assert as_json(report)["bounds"]["fairness"] == report.fairness


def test_a_lasso_that_is_none_is_not_shown(report):
    (verdict,) = report.verdicts
    schedule = [(visit.action, visit.state) for visit in verdict.path]

    def replay(system, loop):
        return replayed(system, verdict.property, schedule, loop=loop)

    with pytest.raises(ReplayError, match="does not come back"):
        replay(report.system, 2)
    with pytest.raises(ReplayError, match="is not fair"):
        replay(report.system, len(schedule) - 1)
    kept = evolve(verdict.property, formula=(~verdict.property).formula)
    with pytest.raises(ReplayError, match=r"was to violate .* does not"):
        replayed(report.system, kept, schedule, loop=3)


def test_fairness_reads_well():
    assert str(Fairness()) == "weak fairness of deliveries, choices, time-outs and suspicions"
    assert str(Fairness.parsed("none")) == "no fairness"
    assert str(Fairness.parsed("none,exempt=begin")) == "no fairness; begin need never happen"
