"""The counterexample as terminal text: one row a step, each arrow on the row of its delivery.

More nodes than columns that can be read become a list of steps instead; so does a run without nodes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from everyway.models.language.naming import shown

from .story import sentence
from .trace import Fate, Kind, Tone, Trace, TraceMessage, TraceStep

if TYPE_CHECKING:
    from rich.console import Console, RenderResult
    from rich.text import Text

NARROWEST = 15
"""Columns closer than this are no diagram any more."""
_MARGIN = 5
"""Room for the step's number."""
_STYLES: dict[Tone, str] = {"idle": "", "wait": "blue", "near": "yellow", "good": "green", "stop": "magenta"}


@frozen
class Glyphs:
    """The characters of the drawing."""

    lifeline: str
    dead: str
    dash: str
    right: str
    left: str
    cross: str
    lost: str
    rule: str
    clock: str
    again: str
    good: str
    ellipsis: str
    arrow: str


FINE = Glyphs("│", "┊", "─", "▶", "◀", "✗", "╌", "═", "◷ ", "↻ ", "✓", "…", "→")
PLAIN = Glyphs("|", ":", "-", ">", "<", "x", ".", "=", "time-out ", "restart ", "ok", "~", "->")
_ASCII = str.maketrans({"≤": "<=", "·": "-", "→": ">", "…": "~", "–": "-", "’": "'"})


@frozen
class TerminalDiagram:
    """A trace, drawn when it is printed by rich, in the width of the console or a smaller one."""

    trace: Trace
    width: int | None = None
    ascii_only: bool = False

    def __rich_console__(self, console: Console, options: object) -> RenderResult:
        width = min(self.width or console.width, console.width)
        yield from _Drawing(self.trace, width, PLAIN if self.ascii_only else FINE).lines()


def to_terminal(trace: Trace, width: int | None = None, ascii_only: bool = False) -> TerminalDiagram:
    """Return a trace as something that rich prints.

    Args:
        trace: what to draw.
        width: in columns; by default that of the terminal.
        ascii_only: use no character above 127.
    """
    return TerminalDiagram(trace, width, ascii_only)


def to_text(trace: Trace, width: int = 80, ascii_only: bool = False) -> str:
    """Return a trace as plain text without colours."""
    from rich.console import Console

    console = Console(
        width=width, file=io.StringIO(), no_color=True, force_terminal=False, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(to_terminal(trace, width, ascii_only))
    return capture.get()


@define
class _Row:
    """One line of characters, each with its style."""

    width: int
    cells: list[tuple[str, str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.cells = [(" ", "")] * self.width

    def put(self, at: int, words: str, style: str = "") -> None:
        """Write words so that they start at a column, or as near as they fit."""
        at = max(_MARGIN, min(self.width - len(words), at))
        for offset, character in enumerate(words[: self.width - _MARGIN]):
            self.cells[at + offset] = (character, style)

    def is_free(self, start: int, end: int) -> bool:
        return all(character == " " for character, _ in self.cells[start:end])

    def as_text(self, number: str = "") -> Text:
        from rich.text import Text

        text = Text(f"{number:>3}  ", style="dim", no_wrap=True, end="")
        cells = self.cells[_MARGIN:]
        while cells and cells[-1] == (" ", ""):
            cells = cells[:-1]
        for character, style in cells:
            text.append(character, style=style)
        text.append("\n")
        return text


class _Drawing:
    """Draws one trace in one width."""

    def __init__(self, trace: Trace, width: int, glyphs: Glyphs) -> None:
        self.trace = trace
        self.width = max(width, 40)
        self.glyphs = glyphs
        self.nodes = [lifeline.node for lifeline in trace.lifelines]
        self.state = dict(trace.initial)
        self.is_up = dict.fromkeys(self.nodes, True)
        last = {step.node: step.number for step in trace.steps if step.chip}
        self.guilty = {(guilt.node, last.get(guilt.node, 0)) for guilt in trace.guilty}
        gaps = max(len(self.nodes), 1)
        self.gap = (self.width - _MARGIN) // gaps
        self.x = {node: _MARGIN + self.gap * i + self.gap // 2 for i, node in enumerate(self.nodes)}

    def lines(self) -> Iterator[Text]:
        yield from self._head()
        if self.nodes and self.gap >= NARROWEST:
            yield from self._diagram()
            yield from self._still_in_flight()
        else:
            yield from self._list()
        yield from self._foot()

    # Around the picture.

    def _line(self, words: str, style: str = "") -> Text:
        from rich.text import Text

        if self.glyphs is PLAIN:
            words = words.translate(_ASCII).encode("ascii", "replace").decode()
        return Text(words + "\n", style=style, end="")

    def _wrapped(self, words: str, indent: str, style: str) -> Iterator[Text]:
        import textwrap

        for line in textwrap.wrap(
            words, self.width, initial_indent=indent, subsequent_indent=indent or "  ", break_on_hyphens=False
        ):
            yield self._line(line, style)

    @property
    def _verdict_style(self) -> str:
        return "bold red" if self.trace.is_violation else "bold green"

    def _head(self) -> Iterator[Text]:
        from rich.text import Text

        mark = self.glyphs.cross if self.trace.is_violation else self.glyphs.good
        headline = f"{mark} {self.trace.headline}"
        subject = self.trace.subject
        if self.glyphs is PLAIN:
            subject = subject.translate(_ASCII).encode("ascii", "replace").decode()
        line = Text(end="")
        line.append(headline, self._verdict_style)
        if len(headline) + 2 + len(subject) <= self.width:
            line.append(f"  {subject}\n")
            yield line
        else:
            line.append("\n")
            yield line
            yield from self._wrapped(self.trace.subject, "  ", "")
        yield from self._wrapped(self.trace.summary, "", "dim")
        yield self._line("")

    def _foot(self) -> Iterator[Text]:
        yield self._line("")
        mark = self.glyphs.cross if self.trace.is_violation else self.glyphs.good
        first = True
        for line in self._wrapped(self.trace.sentence, "  ", "bold"):
            if first:
                line.plain = mark + line.plain[1:]
                first = False
            yield line
        yield from self._wrapped(self.trace.promise, "  ", "dim")

    # The diagram.

    def _diagram(self) -> Iterator[Text]:
        names, roles = _Row(self.width), _Row(self.width)
        for lifeline in self.trace.lifelines:
            x = self.x[lifeline.node]
            name = self._cut(lifeline.node, self.gap - 1)
            role = self._cut(lifeline.role, self.gap - 1)
            names.put(x - len(name) // 2, name, "bold")
            roles.put(x - len(role) // 2, role, "dim")
        yield names.as_text()
        yield roles.as_text()
        yield self._start().as_text()
        for step in self.trace.steps:
            yield from self._step(step)

    def _start(self) -> _Row:
        row = _Row(self.width)
        for node in self.nodes:
            self._chip(row, node, self.state[node], (node, 0) in self.guilty, "")
        return row

    def _blank(self) -> _Row:
        row = _Row(self.width)
        for node in self.nodes:
            glyph = self.glyphs.lifeline if self.is_up[node] else self.glyphs.dead
            row.put(self.x[node], glyph, self._style(self.state[node]) if self.is_up[node] else "dim")
        return row

    def _style(self, state: str) -> str:
        return _STYLES[self.trace.tones.get(state, "idle")]

    def _step(self, step: TraceStep) -> Iterator[Text]:
        number = str(step.number)
        if step.kind in (Kind.PARTITION, Kind.HEAL):
            yield self._rule(step)
            return
        row = self._blank()
        if step.message is not None and step.kind is not Kind.DUPLICATION:
            self._message(row, step, self.trace.messages[step.message])
        elif step.kind is Kind.DUPLICATION and step.message is not None:
            copy = self.trace.messages[step.message]
            row.put(_MARGIN + 1, f"the network copies {copy.label} from {copy.sender} to {copy.to}", "red")
        elif step.node is not None:
            self._own_deed(row, step)
        yield row.as_text(number)
        if step.crashed and step.kind is not Kind.CRASH and step.node is not None:
            self.is_up[step.node] = False
            row = self._blank()
            unsent = ", ".join(step.crashed_before_sending)
            words = f"before sending {unsent}" if unsent else ""
            self._marked(row, step.node, f"[{self.glyphs.cross} crashed]", "bold red", words, "italic red")
            yield row.as_text(number)

    def _rule(self, step: TraceStep) -> Text:
        groups = " | ".join(" ".join(side) for side in step.sides)
        words = f" partition: {groups} " if step.kind is Kind.PARTITION else " the partition heals "
        row = _Row(self.width)
        row.put(_MARGIN, words.center(self.width - _MARGIN, self.glyphs.rule), "magenta")
        return row.as_text(str(step.number))

    def _own_deed(self, row: _Row, step: TraceStep) -> None:
        """Draw a step that no message caused: a choice, a time-out, a crash, a restart, a suspicion."""
        node = step.node or ""
        if step.kind is Kind.CRASH:
            self.is_up[node] = False
            self._marked(row, node, f"[{self.glyphs.cross} crashed]", "bold red", "", "")
            return
        if step.kind is Kind.RESTART:
            self.is_up[node] = True
        icon = {Kind.TIMEOUT: self.glyphs.clock, Kind.RESTART: self.glyphs.again}.get(step.kind, "")
        if step.chip:
            self.state[node] = step.chip
        words = f"[{icon}{step.chip}]" if step.chip else f"({icon.strip()})" if icon else "(*)"
        style = self._chip_style(node, step) if step.chip else ""
        self._marked(row, node, words, style, step.note, "italic")

    def _marked(self, row: _Row, node: str, chip: str, style: str, note: str, note_style: str) -> None:
        """Draw a chip, with a note beside it where there is more room."""
        chip = self._cut(chip, self.width - _MARGIN)
        start = max(_MARGIN, min(self.width - len(chip), self.x[node] - len(chip) // 2))
        if note:
            room_right = self.width - (start + len(chip)) - 2
            room_left = start - _MARGIN - 2
            # The right is where a reader looks first; the left is taken if only there the note fits.
            if len(note) <= room_right or room_right >= room_left:
                row.put(start + len(chip) + 1, f" {self._cut(note, room_right)} ", note_style)
            else:
                note = self._cut(note, room_left)
                row.put(start - len(note) - 2, f" {note} ", note_style)
        row.put(start, chip, style)

    def _chip(self, row: _Row, node: str, state: str, is_guilty: bool, icon: str) -> tuple[int, int]:
        """Draw a node's state in brackets; return where it starts and ends."""
        words = self._cut(f"[{icon}{state}]", self.gap - 1)
        start = max(_MARGIN, min(self.width - len(words), self.x[node] - len(words) // 2))
        style = self._style(state)
        row.put(start, words, f"bold reverse {style or 'red'}" if is_guilty else f"bold {style}".strip())
        return start, start + len(words)

    def _chip_style(self, node: str, step: TraceStep) -> str:
        style = self._style(step.chip or "")
        return (
            f"bold reverse {style or 'red'}"
            if (node, step.number) in self.guilty
            else f"bold {style}".strip()
        )

    def _message(self, row: _Row, step: TraceStep, message: TraceMessage) -> None:
        start, end = self.x[message.sender], self.x[message.to]
        is_lost = step.kind in (Kind.LOSS, Kind.DROP)
        label = message.label
        if step.kind is Kind.LOSS:
            label += " lost"
        elif step.kind is Kind.DROP:
            label += f" lost: {message.to} is down"
        elif message.copy_of is not None:
            label += " (copy)"
        if step.kind is Kind.DELIVERY and step.note:
            label += f" ({step.note})"
        low, high = start, end
        if step.chip and step.node:
            self.state[step.node] = step.chip
            is_guilty = (step.node, step.number) in self.guilty
            low, high = self._chip(row, step.node, step.chip, is_guilty, "")
            high -= 1
        if start == end:
            row.put(high + 2, self._cut(f"{label} (to itself)", self.width - high - 3))
            return
        self._shaft(row, start, (low if end > start else high) if step.chip else end, label, is_lost)

    def _shaft(self, row: _Row, start: int, end: int, label: str, is_lost: bool) -> None:
        """Draw an arrow from beside one column to beside another, with its label in the middle."""
        rightwards = end > start
        style = "red" if is_lost else ""
        first, last = (start + 1, end - 1) if rightwards else (end + 1, start - 1)
        if is_lost and last - first > self.gap // 2:  # it ends before it arrives
            first, last = (first, last - self.gap // 4) if rightwards else (first + self.gap // 4, last)
        dash = self.glyphs.lost if is_lost else self.glyphs.dash
        head = self.glyphs.cross if is_lost else self.glyphs.right if rightwards else self.glyphs.left
        for x in range(first, last + 1):
            row.put(x, dash, style)
        row.put(last if rightwards else first, head, style)
        body = (first, last - 1) if rightwards else (first + 1, last)
        room = body[1] - body[0] + 1
        words = f" {label} " if len(label) + 2 <= room else self._cut(label, room)
        row.put(body[0] + (room - len(words)) // 2, words, style)

    def _cut(self, words: str, room: int) -> str:
        if self.glyphs is PLAIN:
            words = words.translate(_ASCII).encode("ascii", "replace").decode()
        if len(words) <= room:
            return words
        return words[: max(room - 1, 0)] + self.glyphs.ellipsis if room > 0 else ""

    def _still_in_flight(self) -> Iterator[Text]:
        for fate, words in ((Fate.IN_FLIGHT, "in flight"), (Fate.CUT_OFF, "cut off by the partition")):
            left = [m for m in self.trace.messages if m.fate is fate]
            if left:
                told = ", ".join(f"{m.label} {m.sender}{self.glyphs.arrow}{m.to}" for m in left)
                yield self._line("")
                yield from self._wrapped(f"{words}: {told}", " " * _MARGIN, "dim")

    # Instead of a diagram.

    def _list(self) -> Iterator[Text]:
        from rich.text import Text

        if not self.nodes:
            yield self._line(f"  0  {self._cut(shown(self.trace.states[0]), self.width - 5)}")
        for step in self.trace.steps:
            is_guilty = (step.node, step.number) in self.guilty
            style = "red" if step.is_fault else "bold" if is_guilty else ""
            if self.nodes:
                words = sentence(self.trace, step)
            else:
                changes = ", ".join(
                    f"{c.field} {shown(c.before)} {self.glyphs.arrow} {shown(c.after)}" for c in step.changes
                )
                words = f"{step.text}: {changes}" if changes else f"{step.text}: nothing changes"
            text = Text(f"{step.number:>3}  ", style="dim", end="", no_wrap=True)
            text.append(self._cut(words, self.width - _MARGIN) + "\n", style=style)
            yield text
