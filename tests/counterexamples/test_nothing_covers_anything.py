"""In a layout no chip, word or end of an arrow covers another."""

from __future__ import annotations

import itertools

import pytest
from sample_traces import SAMPLES, broken_at_the_start, crash_while_sending, crowd, lone_node
from script import Script

from everyway.counterexamples.geometry import Box
from everyway.counterexamples.layout import LABEL_SIZE, Arrow, Layout, with_initial_states
from everyway.counterexamples.metrics import text_width
from everyway.counterexamples.placement import lay_out
from everyway.counterexamples.trace import Kind

DRAWN = [name for name in SAMPLES if name != "jugs"]
FEW = [name for name in DRAWN if not name.startswith("crowd")]


def layout_of(name: str) -> Layout:
    return with_initial_states(lay_out(SAMPLES[name]()))


def words(arrow: Arrow) -> Box:
    return Box.around(*arrow.label_at, text_width(arrow.label, LABEL_SIZE), 12)


@pytest.mark.parametrize("name", DRAWN)
def test_no_chip_covers_another(name: str) -> None:
    for one, other in itertools.combinations(layout_of(name).marks, 2):
        assert not one.box.meets(other.box), (one.step, other.step)


@pytest.mark.parametrize("name", DRAWN)
def test_no_label_covers_a_chip(name: str) -> None:
    layout = layout_of(name)
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        # By a hair at most: where a hundred steps leave no room, an edge may be touched.
        assert words(arrow).shared_area(mark.box) < 0.02 * words(arrow).area, (arrow.label, mark.step)


@pytest.mark.parametrize("name", DRAWN)
def test_no_label_covers_another(name: str) -> None:
    for one, other in itertools.combinations(layout_of(name).arrows, 2):
        assert not words(one).meets(words(other)), (one.message, other.message)


@pytest.mark.parametrize("name", FEW)
def test_no_end_of_a_lost_message_covers_a_chip(name: str) -> None:
    layout = layout_of(name)
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        assert not (arrow.end_text and arrow.end_box.meets(mark.box)), (arrow.end_text, mark.step)


@pytest.mark.parametrize("name", DRAWN)
def test_everything_lies_within_the_picture(name: str) -> None:
    layout = layout_of(name)
    boxes = [mark.box for mark in layout.marks]
    boxes += [mark.note_box for mark in layout.marks if mark.note and not mark.is_chip]
    boxes += [words(arrow) for arrow in layout.arrows]
    boxes += [arrow.end_box for arrow in layout.arrows if arrow.end_text]
    for box in boxes:
        assert box.left >= 0, box
        assert box.right <= layout.width, box
        assert box.bottom <= layout.foot.top, box


@pytest.mark.parametrize("seed", range(8))
def test_nothing_covers_a_chip_in_a_small_crowd(seed: int) -> None:
    layout = lay_out(crowd(nodes=4, steps=25, seed=seed))
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        assert words(arrow).shared_area(mark.box) < 0.02 * words(arrow).area, (arrow.label, mark.step)


@pytest.mark.parametrize("name", [*FEW, "crowd", "crowd_of_8"])
def test_a_message_to_a_node_that_is_down_ends_between_crash_and_restart(name: str) -> None:
    layout = layout_of(name)
    for arrow in layout.arrows:
        lost_by = arrow.message.lost_by
        if lost_by is None or layout.trace.steps[lost_by - 1].kind is not Kind.DROP:
            continue
        down = [stretch for stretch in layout.stretches if not stretch.is_up]
        at = [stretch for stretch in down if stretch.node == arrow.message.to]
        assert any(stretch.top < arrow.line.y1 < stretch.bottom for stretch in at), arrow.end_text


def test_a_crash_while_sending_is_a_chip_right_below() -> None:
    layout = lay_out(crash_while_sending())
    wrote, crashed = (mark for mark in layout.marks if mark.step.number == 5)
    assert (wrote.text, wrote.is_crash, crashed.text, crashed.is_crash) == (
        "PRECOMMIT",
        False,
        "crashed",
        True,
    )
    assert crashed.note == "before pre-commit to P2"
    assert 0 < crashed.box.top - wrote.box.bottom < 12
    assert not any(
        mark.box.top < crashed.box.bottom and mark.y > wrote.y
        for mark in layout.marks
        if mark.step.node == "C" and mark is not crashed
    )


def test_a_lifeline_is_dotted_from_crash_to_restart() -> None:
    layout = lay_out(crash_while_sending())
    crash = next(mark for mark in layout.marks if mark.is_crash)
    restart = next(mark for mark in layout.marks if mark.step.kind is Kind.RESTART)
    assert [(s.node, s.top, s.bottom) for s in layout.stretches if not s.is_up] == [("C", crash.y, restart.y)]


def test_a_loop_bows_out_past_the_chips_between_its_ends() -> None:
    script = Script({"S": "server"}, {"S": "IDLE"})
    script.choose("S", None, ("later", "S", "later"), ("now", "S", "now"))
    script.deliver("now", "A LONG WORD FOR A STATE")
    script.deliver("later")
    layout = lay_out(script.trace("Order kept", "a server", "Out of order.", "In order."))
    loop = next(arrow for arrow in layout.arrows if arrow.label == "later")
    chip = next(mark for mark in layout.marks if mark.is_chip)
    assert loop.is_loop
    assert not any(line.crosses(chip.box) for line in loop.course)


def test_messages_to_oneself_are_loops_on_the_right() -> None:
    layout = lay_out(lone_node())
    assert [(arrow.label, arrow.is_loop) for arrow in layout.arrows] == [
        ("tick", True),
        ("tock", True),
        ("never", False),
    ]


def test_the_states_of_a_trace_without_steps_are_shown() -> None:
    layout = with_initial_states(lay_out(broken_at_the_start()))
    assert [(mark.step.node, mark.text, mark.is_guilty) for mark in layout.marks] == [
        ("C", "COMMITTED", True),
        ("P1", "INIT", False),
        ("P2", "ABORTED", True),
        ("P3", "INIT", False),
    ]


def test_initial_states_of_any_length_keep_apart() -> None:
    words = {"A": "HAVING CONSIDERED IT ALL", "B": "HAVING CONSIDERED IT TOO"}
    script = Script(dict.fromkeys(words, "server"), words)
    trace = script.trace("Rest violated", "a pair", "Both rest.", "None rests.", guilty=("A", "B"))
    layout = with_initial_states(lay_out(trace))
    left, right = (mark.box for mark in layout.marks)
    assert 12 <= left.left < left.right < right.left < right.right <= layout.width - 12
    assert [mark.text for mark in layout.marks] == list(words.values())


def test_the_initial_state_of_a_guilty_node_that_never_changed_is_shown() -> None:
    script = Script({"A": "server", "B": "server"}, {"A": "ON", "B": "OFF"})
    script.choose("B", "ON", ("word", "A", "word"))
    script.deliver("word")
    trace = script.trace("One on violated", "a pair", "Both are ON.", "One is ON.", guilty=("A", "B"))
    layout = with_initial_states(lay_out(trace))
    assert [(mark.step.number, mark.step.node, mark.is_guilty) for mark in layout.marks] == [
        (0, "A", True),
        (1, "B", True),
        (2, "A", False),
    ]
    heights = {mark.step.number: mark.y for mark in layout.marks}
    assert heights[0] < heights[1] < heights[2]


def test_only_the_last_state_of_the_guilty_has_a_ring() -> None:
    layout = layout_of("three_phase_commit")
    assert {mark.step.number for mark in layout.marks if mark.is_guilty} == {14, 16, 17, 18}
    assert not any(mark.is_guilty for mark in layout_of("witness").marks)


@pytest.mark.parametrize("name", [*FEW, "crowd"])
def test_no_chip_hides_a_part_of_an_arrow(name: str) -> None:
    layout = layout_of(name)
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        if mark.step.number not in (arrow.message.sent_by, arrow.end_step):
            assert not any(line.crosses(mark.box) for line in arrow.course), (arrow.message, mark.step)


@pytest.mark.parametrize("name", DRAWN)
def test_an_arrow_around_a_chip_begins_and_ends_as_a_straight_one(name: str) -> None:
    for arrow in layout_of(name).arrows:
        assert arrow.at(0) == pytest.approx((arrow.line.x0, arrow.line.y0))
        assert arrow.at(1) == pytest.approx((arrow.line.x1, arrow.line.y1))
        assert arrow.course[0].x0 == pytest.approx(arrow.line.x0)


def test_only_arrows_that_a_chip_would_hide_are_bent() -> None:
    assert [arrow.label for arrow in layout_of("crash_while_sending").arrows if arrow.bend] == ["9 copy"]
    assert not any(arrow.bend for arrow in layout_of("three_phase_commit").arrows)


@pytest.mark.parametrize("name", DRAWN)
def test_no_arrow_runs_through_a_note(name: str) -> None:
    layout = layout_of(name)
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        if mark.note and not mark.is_chip:
            assert not any(line.crosses(mark.note_box) for line in arrow.course), (arrow.message, mark.step)


@pytest.mark.parametrize("receivers", [3, 4, 5])
def test_no_arrow_of_a_broadcast_is_hidden(receivers: int) -> None:
    names = ["C", *(f"P{number}" for number in range(1, receivers + 1))]
    script = Script(dict.fromkeys(names, "node"), dict.fromkeys(names, "INIT"))
    script.choose("C", "WAITING", *((name, name, "prepare") for name in names[1:]))
    for name in names[1:]:
        script.deliver(name, "PREPARED")
    layout = lay_out(script.trace("Told", "a broadcast", "All know.", "All can know."))
    for arrow, mark in itertools.product(layout.arrows, layout.marks):
        if mark.step.number not in (arrow.message.sent_by, arrow.end_step):
            assert not any(line.crosses(mark.box) for line in arrow.course), (arrow.message, mark.step)
        assert min(line.bounds.top for line in arrow.course) > arrow.line.y0 - 12


def test_a_message_that_a_wall_stopped_says_for_whom_it_was_if_that_is_not_plain() -> None:
    ends = {arrow.message.to: arrow.end_text for arrow in layout_of("election").arrows if arrow.end_text}
    assert ends == {"C": "cut off from C", "A": "cut off"}


def test_a_lost_message_to_oneself_is_labelled_past_the_loops() -> None:
    *loops, lost = lay_out(lone_node()).arrows
    assert not lost.is_loop
    assert words(lost).left > max(line.bounds.right for loop in loops for line in loop.course)
