"""The layout of the space-time diagram: where everything goes, as plain data that any painter can draw.

Columns are nodes, rows are Lamport clocks, so that steps that happen beside each other stand beside each
other. Sizes are in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from .geometry import Box, Line
from .metrics import text_width
from .trace import Tone, Trace, TraceMessage, TraceStep

TOP = 96.0
"""Where the cards with the nodes' names are."""
PAD = 28.0
CARD_HEIGHT = 42.0
CHIP_SIZE, NOTE_SIZE, LABEL_SIZE, SMALL_SIZE = 12.0, 10.5, 11.5, 11.0
SENTENCE_SIZE, PROMISE_SIZE = 14.0, 12.0

Icon = Literal["", "clock", "again", "cross", "eye"]
Style = Literal["delivered", "copy", "lost", "cut off", "in flight"]


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
    is_dropped: bool = False
    """It arrived at a node that was down: its end text stands back on the sender's side, below the line."""

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
    """The time during which the network is partitioned."""

    top: float
    bottom: float
    walls: tuple[float, ...]
    """Where walls stand between columns."""
    opened: str
    healed: str
    """Empty if it lasts."""


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
    end: float
    """Where the lifelines end."""
    sentence: tuple[str, ...]
    promise: tuple[str, ...]
    summary: tuple[str, ...]

    @property
    def foot(self) -> Box:
        """The box of the sentence under the picture."""
        top = self.end + 14
        return Box(14, top, self.width - 14, top + 18 + 18 * len(self.sentence) + 16 * len(self.promise))
