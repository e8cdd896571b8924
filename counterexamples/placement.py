"""Placement: computes the layout of a space-time diagram from a trace."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from attrs import evolve

from everyway.models.language.duration import fitting_unit, told_time

from .causality import column_order, rows
from .geometry import Line
from .labels import placed_labels, steered
from .layout import (
    AXIS_WIDTH,
    CARD_HEIGHT,
    CHIP_SIZE,
    LABEL_SIZE,
    LONGEST_CHIP,
    NOTE_SIZE,
    PAD,
    PROMISE_SIZE,
    SENTENCE_SIZE,
    SHADOW_LINE,
    SHADOW_WIDTH,
    SMALL_SIZE,
    TOP,
    Arrow,
    Band,
    Icon,
    Layout,
    Mark,
    Moment,
    Shadow,
    Stretch,
    Style,
)
from .metrics import shortened, text_width, wrapped
from .narration import told_steps
from .trace import Fate, Kind, Tone, Trace, TraceMessage, TraceStep

_CHIP_HEIGHT, _NOTED_HEIGHT, _DOT_HEIGHT = 23.0, 37.0, 18.0
_GAP_BELOW_CHIP, _DOT_ROW, _GLOBAL_ROW = 37.0, 42.0, 30.0
_LOOP_HEADING = 26.0
"""Room above what repeats for ever, to say so."""
_LONGEST_GAP = 70.0
"""Room above the row before which nothing happened for longest; others have as much as they are long."""
_LONGEST_NOTE, _LONGEST_LABEL = 210.0, 170.0
_ICON_WIDTH = 17.0
_ICONS: Mapping[Kind, Icon] = {Kind.TIMEOUT: "clock", Kind.RESTART: "again", Kind.SUSPICION: "eye"}


def lay_out(trace: Trace) -> Layout:
    """Return where everything of a trace's space-time diagram goes."""
    order = column_order(trace)
    row = rows(trace.steps, trace.messages)
    marks = _sized_marks(trace)
    columns, width = _columns(trace, order, marks)
    if _is_timed(trace):
        columns, width = {node: x + AXIS_WIDTH for node, x in columns.items()}, width + AXIS_WIDTH
    if trace.shadow:
        width += SHADOW_WIDTH + PAD
    summary = wrapped(trace.summary, 12.5, width - 2 * PAD)
    top = TOP + 16 * (len(summary) - 1)
    heights, end = _row_heights(row, trace, marks, top)
    placed = tuple(_at(mark, columns, heights[row[mark.step.number]], marks) for mark in marks)
    bands = _bands(trace, order, columns, heights, row, end)
    arrows = tuple(_arrows(trace, placed, columns, order, bands))
    layout = Layout(
        trace,
        width,
        0.0,
        columns,
        placed,
        arrows,
        tuple(_stretches(trace, order, columns, placed, top, end)),
        bands,
        tuple(_shadows(trace, heights, row, width - PAD - SHADOW_WIDTH, top)),
        end,
        tuple(wrapped(trace.sentence, SENTENCE_SIZE, width - 2 * PAD - 36, bold=True)),
        tuple(wrapped(trace.promise, PROMISE_SIZE, width - 2 * PAD - 36)),
        tuple(summary),
        tuple(_moments(trace, heights, row)),
    )
    layout = evolve(layout, height=layout.foot.bottom + 14)
    return placed_labels(steered(layout))


def _sized_marks(trace: Trace) -> list[Mark]:
    """Return the marks in the order of the steps, without places; a crash in mid-step has a mark of its own."""
    guilty = {guilt.node for guilt in trace.guilty}
    last_chip = {step.node: step.number for step in trace.steps if step.chip and step.node}
    word = dict(trace.initial)
    marks = []
    for step in trace.steps:
        if step.node is None:
            continue
        is_guilty = step.node in guilty and last_chip.get(step.node) == step.number
        if step.chip:
            word[step.node] = step.chip
        # A time-out is worth a chip, with the reason in it, even if the state's word stays the same.
        text = step.chip or (word[step.node] if step.kind in (Kind.TIMEOUT, Kind.SUSPICION) else "")
        tone = trace.tones.get(text, "idle")
        if step.kind is Kind.CRASH:
            marks.append(_mark(step, "crashed", "", "cross", "idle", is_crash=True))
            continue
        icon = _ICONS.get(step.kind, "")
        marks.append(_mark(step, text, step.note, icon, tone, is_guilty=is_guilty))
        if step.crashed:
            unsent = step.crashed_before_sending
            note = (
                f"before {unsent[0]}"
                if len(unsent) == 1
                else f"before {len(unsent)} of {len(unsent) + len(step.sent)} sends"
            )
            crash = _mark(step, "crashed", note if unsent else "", "cross", "idle", is_crash=True)
            if marks[-1].is_chip:
                # As wide as each other: arrows start at the edge of the first and must not cross the second.
                wider = max(marks[-1].width, crash.width)
                marks[-1], crash = evolve(marks[-1], width=wider), evolve(crash, width=wider)
            marks.append(crash)
    return marks


def _mark(
    step: TraceStep,
    text: str,
    note: str,
    icon: Icon,
    tone: Tone,
    *,
    is_crash: bool = False,
    is_guilty: bool = False,
) -> Mark:
    if not text:
        return Mark(
            step, 0, 0, _DOT_HEIGHT, _DOT_HEIGHT, "", shortened(note, NOTE_SIZE, _LONGEST_NOTE), icon, tone
        )
    text = shortened(text, CHIP_SIZE, LONGEST_CHIP, bold=True)
    note = shortened(note, NOTE_SIZE, _LONGEST_NOTE)
    tab = 20.0 if step.number < 100 else 26.0
    inner = max(
        text_width(text, CHIP_SIZE, bold=True) + (_ICON_WIDTH if icon else 0), text_width(note, NOTE_SIZE)
    )
    height = _NOTED_HEIGHT if note else _CHIP_HEIGHT
    return Mark(step, 0, 0, tab + inner + 18, height, text, note, icon, tone, is_crash, is_guilty)


def _columns(trace: Trace, order: Sequence[str], marks: Sequence[Mark]) -> tuple[dict[str, float], float]:
    """Return each node's x, and the picture's width: gaps fit the widest chip and the labels between them."""
    roles = {lifeline.node: lifeline.role for lifeline in trace.lifelines}
    guilty = {guilt.node for guilt in trace.guilty}
    half = {}
    for node in order:
        own = [mark for mark in marks if mark.step.node == node]
        name = max(text_width(node, 15, bold=True), text_width(roles[node], NOTE_SIZE)) / 2 + 12
        start = 0.0
        if not trace.steps or (node in guilty and not any(mark.step.chip for mark in own)):
            # Its initial state will be shown as a chip, in a ring if it is guilty.
            chip = shortened(trace.initial[node], CHIP_SIZE, LONGEST_CHIP, bold=True)
            start = 24 + text_width(chip, CHIP_SIZE, bold=True) / 2
        half[node] = max([44.0, name, start, *(mark.reach for mark in own)])
    columns = {order[0]: PAD + half[order[0]]} if order else {}
    for left, right in itertools.pairwise(order):
        passing = [m for m in trace.messages if _passes(m, order, left, right)]
        word = max([40.0, *(text_width(_label(m), LABEL_SIZE) for m in passing)])
        beside = max([0.0, *(_note_beside(mark) for mark in marks if mark.step.node == left)])
        if any(m.fate is Fate.CUT_OFF for m in passing):  # the label has only the way to the wall
            word = 2 * word + 30
        columns[right] = columns[left] + max(
            150.0, half[left] + half[right] + word + 40, half[right] + beside + 24
        )
    last = order[-1] if order else None
    edge = columns[last] + half[last] + PAD if last else 0.0
    if last:
        edge = max(
            edge, columns[last] + max([0.0, *(_note_beside(m) for m in marks if m.step.node == last)]) + PAD
        )
        loops = [m for m in trace.messages if m.sender == m.to == last]
        edge += 70 if loops else 0
    head = text_width(trace.headline, 18, bold=True) + text_width(trace.subject, 14) + 2 * PAD + 50
    return columns, max(edge, head, 460.0)


def _passes(message: TraceMessage, order: Sequence[str], left: str, right: str) -> bool:
    ends = sorted((order.index(message.sender), order.index(message.to)))
    return ends[0] <= order.index(left) and order.index(right) <= ends[1]


def _note_beside(mark: Mark) -> float:
    """Return how far the note beside a circle reaches to the right."""
    return 16 + text_width(mark.note, NOTE_SIZE) if mark.note and not mark.is_chip else 0.0


def _label(message: TraceMessage) -> str:
    if message.copy_of is not None:
        return f"{message.copied_by} copy" if message.copied_by else "copy"
    return shortened(message.label, LABEL_SIZE, _LONGEST_LABEL)


def _row_heights(
    row: Mapping[int, int], trace: Trace, marks: Sequence[Mark], top: float
) -> tuple[dict[int, float], float]:
    """Return the y of each row, and where the lifelines end."""
    above: dict[int, float] = {}
    below: dict[int, float] = {}
    for mark in marks:
        number = row[mark.step.number]
        space = (mark.height + _GAP_BELOW_CHIP if mark.is_chip else _DOT_ROW) / 2
        if mark.is_crash and mark.step.kind is not Kind.CRASH:  # stands below the chip of the same step
            below[number] = max(below.get(number, 0.0), mark.height + 8 + space)
            continue
        above[number] = max(above.get(number, 0.0), space)
        below[number] = max(below.get(number, 0.0), space)
    for step in trace.steps:
        if step.kind in (Kind.PARTITION, Kind.HEAL):
            above[row[step.number]] = below[row[step.number]] = _GLOBAL_ROW / 2
    for number in range(1, len(trace.shadow)):
        space = (SHADOW_LINE * len(_shadow_lines(trace, number)) + 16) / 2
        above[row[number]] = max(above.get(row[number], 0.0), space)
        below[row[number]] = max(below.get(row[number], 0.0), space)
    for number, share in _gaps(trace, row).items():
        above[number] = above.get(number, 12.0) + _LONGEST_GAP * share
    if trace.repeated:
        first = row[trace.repeated[0]]
        above[first] = above.get(first, 12.0) + _LOOP_HEADING
    places: dict[int, float] = {}
    y = top + CARD_HEIGHT / 2 + 8
    if trace.shadow:
        y += SHADOW_LINE * len(_shadow_lines(trace, 0)) + 4
    for number in range(1, max(row.values(), default=0) + 1):
        y += above.get(number, 12.0)
        places[number] = y
        y += below.get(number, 12.0)
    pending = any(m.fate in (Fate.IN_FLIGHT, Fate.LOST, Fate.CUT_OFF) for m in trace.messages)
    return places, y + (34 if pending else 14)


def _is_timed(trace: Trace) -> bool:
    return any(step.time is not None for step in trace.steps)


def _first_rows(trace: Trace, row: Mapping[int, int]) -> dict[int, Fraction]:
    """Return the first row of each time, with the time."""
    found: dict[Fraction, int] = {}
    for step in trace.steps:
        if step.time is not None and step.number in row:
            found[step.time] = min(found.get(step.time, row[step.number]), row[step.number])
    return {number: time for time, number in found.items()}


def _gaps(trace: Trace, row: Mapping[int, int]) -> dict[int, float]:
    """Return for the first row of each time how long nothing happened before it, as a share of the longest."""
    times = _first_rows(trace, row)
    passed = [
        (number, time - before)
        for (number, time), before in zip(times.items(), [Fraction(0), *times.values()], strict=False)
    ]
    longest = max((time for _, time in passed), default=Fraction(0))
    return {number: float(time / longest) for number, time in passed if longest}


def _moments(trace: Trace, heights: Mapping[int, float], row: Mapping[int, int]) -> Iterator[Moment]:
    times = _first_rows(trace, row)
    unit = fitting_unit(times.values())
    for number, time in times.items():
        yield Moment(heights[number], told_time(time, unit))


def _at(mark: Mark, columns: Mapping[str, float], y: float, marks: Sequence[Mark]) -> Mark:
    """Return a mark at its place; a crash in mid-step stands right below the step's own mark."""
    if mark.is_crash and mark.step.kind is not Kind.CRASH:
        first = next(other for other in marks if other.step is mark.step)
        y += first.height / 2 + 8 + mark.height / 2
    return evolve(mark, x=columns[mark.step.node or ""], y=y)


def _bands(
    trace: Trace,
    order: Sequence[str],
    columns: Mapping[str, float],
    heights: Mapping[int, float],
    row: Mapping[int, int],
    end: float,
) -> tuple[Band, ...]:
    bands: list[Band] = []
    if trace.repeated:
        first, last = trace.repeated[0], trace.repeated[-1]
        marks_above = max(_CHIP_HEIGHT, _NOTED_HEIGHT) / 2 + 4
        top = heights[row[first]] - marks_above - _LOOP_HEADING
        bands.append(Band(top, end, (), f"for ever: {told_steps(first, last)}", ""))
    opened: TraceStep | None = None
    for step in [*trace.steps, None]:
        if step is not None and step.kind is Kind.PARTITION:
            opened = step
        elif opened is not None and (step is None or step.kind is Kind.HEAL):
            side = {node: number for number, group in enumerate(opened.sides) for node in group}
            walls = tuple(
                (columns[a] + columns[b]) / 2 for a, b in itertools.pairwise(order) if side[a] != side[b]
            )
            groups = " | ".join(" ".join(n for n in order if n in group) for group in opened.sides)
            bottom = end if step is None else heights[row[step.number]] + 12
            healed = "" if step is None else f"{step.number} healed"
            top = heights[row[opened.number]] - 12
            bands.append(Band(top, bottom, walls, f"{opened.number} partition: {groups}", healed))
            opened = None
    return tuple(bands)


def _shadow_lines(trace: Trace, number: int) -> list[str]:
    """Return the specification's state after a step as the lines of its box; none if the step did not change it."""
    told = trace.shadow_after(number)
    return wrapped(told, SMALL_SIZE, SHADOW_WIDTH - 20) if told else []


def _shadows(
    trace: Trace, heights: Mapping[int, float], row: Mapping[int, int], left: float, top: float
) -> Iterator[Shadow]:
    for number in range(len(trace.shadow)):
        lines = _shadow_lines(trace, number)
        if lines:
            y = heights[row[number]] if number else top + CARD_HEIGHT / 2 + 12 + SHADOW_LINE * len(lines) / 2
            is_wrong = trace.is_violation and number == len(trace.steps)
            yield Shadow(left, y, tuple(lines), is_wrong)


def _arrows(
    trace: Trace,
    marks: Sequence[Mark],
    columns: Mapping[str, float],
    order: Sequence[str],
    bands: Sequence[Band],
) -> list[Arrow]:
    first = {mark.step.number: mark for mark in reversed(marks)}
    arrows = []
    for message in trace.messages:
        start = first.get(message.sent_by)
        if start is None:
            continue
        label = _label(message)
        if message.delivered_by is not None:
            end = first[message.delivered_by]
            style: Style = "copy" if message.copy_of is not None else "delivered"
            arrows.append(Arrow(message, _between(start, end), style, label, "", is_loop=start.x == end.x))
            continue
        arrows.append(_unfinished(trace, message, start, columns, order, bands, label))
    return arrows


def _between(start: Mark, end: Mark) -> Line:
    if start.x == end.x:
        return Line(start.x + start.reach, start.y, end.x + end.reach + 1.5, end.y)
    side = 1 if end.x > start.x else -1
    return Line(start.x + side * start.reach, start.y, end.x - side * (end.reach + 1.5), end.y)


def _unfinished(
    trace: Trace,
    message: TraceMessage,
    start: Mark,
    columns: Mapping[str, float],
    order: Sequence[str],
    bands: Sequence[Band],
    label: str,
) -> Arrow:
    """Return the arrow of a message that did not arrive; it ends in the last gap before its receiver."""
    own, other = order.index(message.sender), order.index(message.to)
    lost_by = trace.steps[message.lost_by - 1] if message.lost_by else None
    style: Style
    if lost_by is not None:
        style = "lost"
        end_text = f"{lost_by.number} lost"
        if lost_by.kind is Kind.DROP:
            end_text = f"{lost_by.number} lost: {message.to} is down"
    elif message.fate is Fate.CUT_OFF:
        style, end_text = "cut off", "cut off"
    else:
        style, end_text = "in flight", "in flight"
    if own == other:
        line = Line(start.x + start.reach, start.y, start.x + start.reach + 30, start.y + 30)
        return Arrow(message, line, style, label, end_text)
    side = 1 if other > own else -1
    neighbour = columns[order[other - side]]
    share = 0.66
    x = neighbour + (columns[message.to] - neighbour) * share
    if style == "cut off" and bands:
        between = sorted((start.x, columns[message.to]))
        walls = [wall for wall in bands[-1].walls if between[0] < wall < between[1]]
        if walls:
            x = walls[0] if side > 0 else walls[-1]
            beyond = [node for node in order if (columns[node] - x) * side > 0]
            if len(beyond) > 1:  # the wall is not in the last gap before the receiver, or may not be
                end_text = f"cut off from {message.to}"
    is_dropped = lost_by is not None and lost_by.kind is Kind.DROP
    if is_dropped:
        x = columns[message.to] - side * 8
    line = Line(start.x + side * start.reach, start.y, x, start.y + 40)
    return Arrow(message, line, style, label, end_text, is_dropped=is_dropped)


def _stretches(
    trace: Trace,
    order: Sequence[str],
    columns: Mapping[str, float],
    marks: Sequence[Mark],
    top: float,
    end: float,
) -> list[Stretch]:
    found = []
    for node in order:
        y, tone, is_up = top + CARD_HEIGHT / 2, trace.tones.get(trace.initial[node], "idle"), True
        for mark in marks:
            if mark.step.node != node or not mark.is_chip:
                continue
            found.append(Stretch(node, columns[node], y, mark.y, tone, is_up))
            y = mark.y
            if mark.is_crash:
                is_up = False
            else:
                tone, is_up = mark.tone, True
        found.append(Stretch(node, columns[node], y, end, tone, is_up))
    return found
