"""The layout of the space-time diagram: where everything goes, as plain data that any painter can draw.

Columns are nodes, rows are Lamport clocks, so that steps that happen beside each other stand beside each
other. Sizes are in pixels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Literal

from attrs import evolve, frozen

from .geometry import Box, Line
from .metrics import shortened, text_width
from .trace import Kind, Tone, Trace, TraceMessage, TraceStep

TOP = 96.0
"""Where the cards with the nodes' names are."""
PAD = 28.0
CARD_HEIGHT = 42.0
CHIP_SIZE, NOTE_SIZE, LABEL_SIZE, SMALL_SIZE = 12.0, 10.5, 11.5, 11.0
SENTENCE_SIZE, PROMISE_SIZE = 14.0, 12.0
AXIS_WIDTH = 66.0
"""Room on the left for the times, where steps have times."""
SHADOW_WIDTH, SHADOW_LINE = 190.0, 14.0
"""The width of the specification's column, and the height of a line in it."""
LONGEST_CHIP = 190.0
"""Most room for the word on a chip."""

Icon = Literal["", "clock", "again", "cross", "eye"]
Style = Literal["delivered", "copy", "lost", "cut off", "in flight"]
_ROOM_FOR_INITIAL = 46.0


@frozen
class Mark:
    """An event on a lifeline: a chip with the node's new state, or a small numbered circle."""

    step: TraceStep
    x: float
    y: float
    width: float
    height: float
    text: str
    """Empty for a circle."""
    note: str
    icon: Icon
    tone: Tone
    is_crash: bool = False
    is_guilty: bool = False
    note_is_left: bool = False
    """The note of a circle stands on its left, since arrows take the right."""

    @property
    def is_chip(self) -> bool:
        """Whether it is a chip rather than a circle."""
        return bool(self.text)

    @property
    def tab(self) -> float:
        """Width of the part that shows the step's number."""
        return 20.0 if self.step.number < 100 else 26.0

    @property
    def reach(self) -> float:
        """How far it extends to either side of the lifeline."""
        return (self.width / 2 + (5 if self.is_guilty else 0)) if self.is_chip else 9.5

    @property
    def box(self) -> Box:
        """The space it takes, the ring around a guilty one included."""
        ring = 5.0 if self.is_guilty else 0.0
        return Box.around(self.x, self.y, self.width, self.height).grown(ring)

    @property
    def note_at(self) -> tuple[float, Literal["start", "end"]]:
        """Where the note beside a circle begins or ends."""
        return (self.x - 14, "end") if self.note_is_left else (self.x + 14, "start")

    @property
    def note_box(self) -> Box:
        """The space of the note beside a circle."""
        near, far = 10.0, 18 + text_width(self.note, NOTE_SIZE)
        left, right = (self.x - far, self.x - near) if self.note_is_left else (self.x + near, self.x + far)
        return Box(left, self.y - 8, right, self.y + 8)


@frozen
class Arrow:
    """A message on its way."""

    message: TraceMessage
    line: Line
    style: Style
    label: str
    end_text: str
    """What stands at the end of a message that did not arrive, e.g. "11 lost"."""
    label_at: tuple[float, float] = (0.0, 0.0)
    is_loop: bool = False
    """A message from a node to itself; its line is the chord of a bow to the right."""
    bulge: float = 44.0
    """How far to the right the bow's control points stand; it goes three quarters as far itself."""
    bend: float = 0.0
    """How far beside the straight line the control points of an arrow stand that goes around a chip; downwards
    if it goes to the right."""
    is_dropped: bool = False
    """It arrived at a node that was down: its end text stands back on the sender's side, below the line."""

    def at(self, share: float) -> tuple[float, float]:
        """Return the point this share of the way along, on the bow if it is no straight line."""
        out = 3 * share * (1 - share)  # the weight of a cubic Bézier curve's two control points
        if self.is_loop:
            x, y = self.line.at(share**2 * (3 - 2 * share))  # and that of its second half
            return x + out * self.bulge, y
        x, y = self.line.at(share)
        across, down = self._beside
        return x + out * across, y + out * down

    @property
    def controls(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The control points of its course as a cubic Bézier curve."""
        line = self.line
        if self.is_loop:
            return (line.x0 + self.bulge, line.y0), (line.x1 + self.bulge, line.y1)
        (x0, y0), (x1, y1) = line.at(1 / 3), line.at(2 / 3)
        across, down = self._beside
        return (x0 + across, y0 + down), (x1 + across, y1 + down)

    @property
    def _beside(self) -> tuple[float, float]:
        across, down = self.line.x1 - self.line.x0, self.line.y1 - self.line.y0
        length = math.hypot(across, down) or 1.0
        return -down / length * self.bend, across / length * self.bend

    @property
    def is_straight(self) -> bool:
        """Whether its course is a straight line."""
        return not self.is_loop and not self.bend

    @property
    def course(self) -> tuple[Line, ...]:
        """The line, or the bow as a chain of short ones."""
        if self.is_straight:
            return (self.line,)
        points = [self.at(piece / 12) for piece in range(13)]
        return tuple(Line(*a, *b) for a, b in itertools.pairwise(points))

    @property
    def end_step(self) -> int:
        """The step that ended the message's way; the one that sent it if none did."""
        return self.message.delivered_by or self.message.lost_by or self.message.sent_by

    @property
    def heads_right(self) -> bool:
        """Whether it goes from left to right."""
        return self.line.x1 >= self.line.x0

    @property
    def end_box(self) -> Box:
        """The space of its end text."""
        width = text_width(self.end_text, SMALL_SIZE, bold=True) + 16
        x, y = self.line.x1, self.line.y1
        if self.is_dropped:
            left, right = (x - width, x + 8) if self.heads_right else (x - 8, x + width)
            return Box(left, y - 9, right, y + 24)
        return (
            Box(x - 8, y - 9, x + width, y + 9) if self.heads_right else Box(x - width, y - 9, x + 8, y + 9)
        )


@frozen
class Stretch:
    """A piece of a lifeline between two changes of state."""

    node: str
    x: float
    top: float
    bottom: float
    tone: Tone
    is_up: bool


@frozen
class Band:
    """A time that stands out: the network is partitioned, or what happens repeats for ever."""

    top: float
    bottom: float
    walls: tuple[float, ...]
    """Where walls stand between columns."""
    opened: str
    """What is written at its top."""
    healed: str
    """Empty if it lasts."""


@frozen
class Shadow:
    """A state of the specification that the protocol is to implement."""

    left: float
    y: float
    lines: tuple[str, ...]
    is_wrong: bool
    """Whether the specification could not have got there."""

    @property
    def box(self) -> Box:
        """The space it takes."""
        half = SHADOW_LINE * len(self.lines) / 2 + 5
        return Box(self.left, self.y - half, self.left + SHADOW_WIDTH, self.y + half)


@frozen
class Moment:
    """A time on the axis at the left."""

    y: float
    text: str


@frozen
class Layout:
    """Everything that a painter draws."""

    trace: Trace
    width: float
    height: float
    columns: Mapping[str, float]
    marks: tuple[Mark, ...]
    arrows: tuple[Arrow, ...]
    stretches: tuple[Stretch, ...]
    bands: tuple[Band, ...]
    shadows: tuple[Shadow, ...]
    """The specification's states, in a column of their own on the right."""
    end: float
    """Where the lifelines end."""
    sentence: tuple[str, ...]
    promise: tuple[str, ...]
    summary: tuple[str, ...]
    moments: tuple[Moment, ...] = ()
    """The times of the rows, if steps have times, from the top down."""

    @property
    def axis(self) -> float:
        """Where the time axis stands, if steps have times."""
        return PAD + AXIS_WIDTH - 14

    @property
    def foot(self) -> Box:
        """The box of the sentence under the picture."""
        top = self.end + 14
        return Box(14, top, self.width - 14, top + 18 + 18 * len(self.sentence) + 16 * len(self.promise))


def with_initial_states(layout: Layout) -> Layout:
    """Return the layout with chips for initial states that matter: of the guilty who never changed, or of all
    nodes if the initial state is itself what is shown.
    """
    trace = layout.trace
    told = {mark.step.node for mark in layout.marks if mark.step.chip}
    guilty = {guilt.node for guilt in trace.guilty}
    nodes = [node for node in layout.columns if not trace.steps or node in guilty - told]
    if not nodes:
        return layout
    top = min(stretch.top for stretch in layout.stretches)
    lower = _lowered(layout, _ROOM_FOR_INITIAL)
    chips = []
    for node in nodes:
        word = trace.initial[node]
        step = TraceStep(0, Kind.OTHER, f"{node} starts as {word}", None, node=node, chip=word)
        text = shortened(word, CHIP_SIZE, LONGEST_CHIP, bold=True)
        width = 38 + text_width(text, CHIP_SIZE, bold=True)
        chip = Mark(
            step, layout.columns[node], top + 30, width, 23.0, text, "", "", trace.tones.get(word, "idle")
        )
        chips.append(evolve(chip, is_guilty=node in guilty))
    return evolve(lower, marks=(*chips, *lower.marks))


def _lowered(layout: Layout, by: float) -> Layout:
    """Return the layout with everything below the nodes' names moved down."""
    top = min(stretch.top for stretch in layout.stretches)

    def arrow(one: Arrow) -> Arrow:
        line = one.line
        x, y = one.label_at
        return evolve(one, line=Line(line.x0, line.y0 + by, line.x1, line.y1 + by), label_at=(x, y + by))

    return evolve(
        layout,
        height=layout.height + by,
        end=layout.end + by,
        marks=tuple(evolve(mark, y=mark.y + by) for mark in layout.marks),
        arrows=tuple(arrow(one) for one in layout.arrows),
        stretches=tuple(
            evolve(one, top=one.top + (by if one.top > top else 0), bottom=one.bottom + by)
            for one in layout.stretches
        ),
        shadows=tuple(evolve(one, y=one.y + by) for one in layout.shadows),
        bands=tuple(evolve(band, top=band.top + by, bottom=band.bottom + by) for band in layout.bands),
        moments=tuple(evolve(one, y=one.y + by) for one in layout.moments),
    )
