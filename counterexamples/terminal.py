"""The counterexample as terminal text: one row a step, each arrow on the row of its delivery.

More nodes than columns that can be read become a list of steps instead; so does a run without nodes.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from everyway.models.language.duration import fitting_unit, told_time
from everyway.models.language.naming import enumerated, shown

from .narration import told_steps
from .parts import parts_of
from .story import sentence
from .trace import Fate, Kind, Tone, Trace, TraceMessage, TraceStep

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

NARROWEST = 12
"""Columns closer than this are no diagram any more."""
_MARGIN = 5
"""Room for the step's number."""
_MOST_IN_FLIGHT = 12
"""More messages still in flight than this are counted, not listed."""
_STYLES: dict[Tone, str] = {
    "idle": "",
    "wait": "bright_blue",
    "near": "yellow",
    "good": "green",
    "stop": "magenta",
}


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
    deed: str
    good: str
    ellipsis: str
    arrow: str
    is_ascii: bool

    def written(self, words: str) -> str:
        """Return words in characters that the terminal has, on one line, and without control codes."""
        if self.is_ascii:
            # Decomposed, so that of an accented letter at least the letter is left.
            decomposed = unicodedata.normalize("NFKD", words.translate(_ASCII))
            bare = "".join(c for c in decomposed if not unicodedata.combining(c))
            words = bare.encode("ascii", "replace").decode()
        # Rich measures a character before a variation selector otherwise than alone.
        return "".join(c if c.isprintable() else " " for c in words if c != "\N{VARIATION SELECTOR-16}")

    def cut(self, words: str, room: int) -> str:
        """Return words as ``written``, the end left out if they are wider than the room."""
        words = self.written(words)
        if cell_len(words) <= room:
            return words
        return set_cell_size(words, room - 1).rstrip() + self.ellipsis if room > 0 else ""

    def wrapped(self, words: str, width: int, indent: str = "", hanging: str = "") -> Iterator[str]:
        """Yield words as ``written``, in lines of a width; no word is parted but one that is wider than a line."""
        line = indent
        is_empty = True
        for word in filter(None, words.split(" ")):
            word = self.cut(word, width - max(cell_len(indent), cell_len(hanging)))
            if not is_empty and cell_len(line) + 1 + cell_len(word) > width:
                yield line
                line, is_empty = hanging, True
            line += word if is_empty else f" {word}"
            is_empty = False
        if not is_empty:
            yield line


FINE = Glyphs("│", "┊", "─", "▶", "◀", "✗", "╌", "═", "◷ ", "↻ ", "●", "✓", "…", "→", is_ascii=False)
PLAIN = Glyphs(
    "|", ":", "-", ">", "<", "x", ".", "=", "time-out ", "restart ", "*", "ok", "~", "->", is_ascii=True
)
_ASCII = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "·": "-",
        "→": "->",
        "…": "~",
        "–": "-",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)


@frozen
class TerminalDiagram:
    """A trace, drawn when it is printed by rich, in the width of the console or a smaller one."""

    trace: Trace
    width: int | None = None
    ascii_only: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(self.width or options.max_width, options.max_width)
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
    """Return a trace as plain text without colours; the arguments are those of ``to_terminal``."""
    from rich.console import Console

    # A console looks round for terminals, notebooks and colours unless it is told that there are none.
    console = Console(
        width=width,
        file=io.StringIO(),
        no_color=True,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(to_terminal(trace, width, ascii_only))
    return capture.get()


@define
class _Row:
    """One line of the diagram: a character and a style for each column of the terminal.

    A wide character has the column after its own too, which then holds no character.
    """

    width: int
    cells: list[tuple[str, str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.cells = [(" ", "")] * self.width

    def put(self, at: int, words: str, style: str = "") -> None:
        """Write words so that they start at a column, or as near as they fit."""
        at = max(_MARGIN, min(self.width - cell_len(words), at))
        end = at
        for character in words:
            size = cell_len(character)
            if end + size > self.width:
                break
            if not size and end > at:  # an accent of the character before
                self._add_to(end - 1, character)
                continue
            self.cells[end : end + size] = [(character, style), ("", style)][:size]
            end += size
        # No half of a wide character is left at either end.
        if self.cells[at][0] == "":
            self.cells[at] = (" ", "")
        if at > 0 and cell_len(self.cells[at - 1][0]) == 2:
            self.cells[at - 1] = (" ", "")
        if end < self.width and self.cells[end][0] == "":
            self.cells[end] = (" ", "")

    def _add_to(self, column: int, accent: str) -> None:
        while self.cells[column][0] == "":
            column -= 1
        character, style = self.cells[column]
        self.cells[column] = (character + accent, style)

    def is_free(self, start: int, end: int) -> bool:
        """Return whether nothing is written yet from a column to before another one."""
        is_inside = start >= _MARGIN and end <= self.width
        return is_inside and all(character == " " for character, _ in self.cells[start:end])

    def as_text(self, number: str = "") -> Text:
        """Return the line with a step's number before it."""
        text = Text(no_wrap=True, end="")
        text.append(f"{number:>3}  ", "dim")
        for style, run in groupby(self.cells[_MARGIN:], key=lambda cell: cell[1]):
            text.append("".join(character for character, _ in run), style)
        text.rstrip()
        return text.append("\n")


class _Drawing:
    """Draws one trace in one width; what it remembers are the nodes' states at the step that it has come to."""

    def __init__(self, trace: Trace, width: int, glyphs: Glyphs) -> None:
        self.trace = trace
        self.page = max(width, 20)
        self.unit = fitting_unit(step.time for step in trace.steps if step.time is not None)
        stamps = [told_time(step.time, self.unit) for step in trace.steps if step.time is not None]
        self.stamp = max((len(stamp) + 2 for stamp in stamps), default=0)
        """How wide the times before the rows are; nothing where steps have none."""
        self.width = max(self.page - self.stamp, 20)
        self.glyphs = glyphs
        self.nodes = [lifeline.node for lifeline in trace.lifelines]
        self.state = dict(trace.initial)
        self.is_up = dict.fromkeys(self.nodes, True)
        last = {step.node: step.number for step in trace.steps if step.chip}
        self.guilty = {(guilt.node, last.get(guilt.node, 0)) for guilt in trace.guilty}
        self.gap = (self.width - _MARGIN) // max(len(self.nodes), 1)
        self.x = {node: _MARGIN + self.gap * i + self.gap // 2 for i, node in enumerate(self.nodes)}

    def lines(self) -> Iterator[Text]:
        yield from self._head()
        if not self.nodes:
            yield from self._list_of_changes()
        elif self.gap < NARROWEST:
            yield from self._list_of_steps()
        else:
            yield from self._diagram()
        yield from self._still_in_flight()
        yield from self._foot()

    # Around the picture.

    def _lines_of(self, words: str, style: str, indent: str = "", hanging: str = "  ") -> Iterator[Text]:
        for line in self.glyphs.wrapped(words, self.page, indent, hanging):
            yield Text(f"{line}\n", style, end="")

    @property
    def _mark(self) -> str:
        return self.glyphs.cross if self.trace.is_violation else self.glyphs.good

    def _head(self) -> Iterator[Text]:
        style = "bold red" if self.trace.is_violation else "bold green"
        headline = self.glyphs.written(f"{self._mark} {self.trace.headline}")
        subject = self.glyphs.written(self.trace.subject)
        if cell_len(headline) + 2 + cell_len(subject) <= self.width:
            yield Text.assemble((headline, style), f"  {subject}\n", end="")
        else:
            yield from self._lines_of(headline, style)
            yield from self._lines_of(subject, "", "  ")
        yield from self._lines_of(self.trace.summary, "dim")
        yield Text("\n", end="")

    def _foot(self) -> Iterator[Text]:
        yield Text("\n", end="")
        yield from self._lines_of(f"{self._mark} {self.trace.sentence}", "bold")
        yield from self._lines_of(self.trace.promise, "dim", "  ")

    def _still_in_flight(self) -> Iterator[Text]:
        told = []
        for fate, words in ((Fate.IN_FLIGHT, "in flight"), (Fate.CUT_OFF, "cut off by the partition")):
            left = [message for message in self.trace.messages if message.fate is fate]
            if left:
                names = [f"{m.label} {m.sender}{self.glyphs.arrow}{m.to}" for m in left[:_MOST_IN_FLIGHT]]
                if len(left) > len(names):
                    names.append(f"{len(left) - len(names)} more")
                unbroken = [name.replace(" ", "\N{NO-BREAK SPACE}") for name in names]
                told.append(f"{words}: {', '.join(unbroken)}")
        if told:
            indent = " " * _MARGIN
            yield Text("\n", end="")
            yield from self._lines_of("; ".join(told), "dim", indent, indent)

    # The diagram.

    def _diagram(self) -> Iterator[Text]:
        names, roles, start = _Row(self.width), _Row(self.width), _Row(self.width)
        for lifeline in self.trace.lifelines:
            self._centred(names, lifeline.node, lifeline.node, "bold")
            self._centred(roles, lifeline.node, lifeline.role, "dim")
            self._chip(start, lifeline.node, self.state[lifeline.node], 0)
        for row in (names, roles, start):
            yield self._stamped(row.as_text())
        yield from self._specification(0)
        for step in self.trace.steps:
            yield from self._loop_begins(step)
            yield from self._timed(step, self._step(step))
            yield from self._specification(step.number)
        yield from self._loop_ends()

    def _timed(self, step: TraceStep, lines: Iterator[Text]) -> Iterator[Text]:
        """Yield the lines of a step, the first with its time if that is a later one than the step's before it."""
        before = self.trace.steps[step.number - 2].time if step.number > 1 else None
        time = step.time if step.time != before else None
        for line in lines:
            yield self._stamped(line, time)
            time = None

    def _stamped(self, line: Text, time: Fraction | None = None) -> Text:
        """Return a line with a time before it; with as much room where steps have times, but not this one."""
        if not self.stamp:
            return line
        words = "" if time is None else told_time(time, self.unit)
        return Text.assemble((f"{self.glyphs.written(words):>{self.stamp - 1}} ", "cyan"), line, end="")

    def _specification(self, number: int) -> Iterator[Text]:
        """Yield a line with the specification's state, where a step changed it; it has none if it broke it."""
        told = self.trace.shadow_after(number)
        if not told:
            return
        is_wrong = self.trace.is_violation and number == len(self.trace.steps)
        mark = self.glyphs.cross if is_wrong else "="
        indent = " " * _MARGIN
        words = f"{mark} specification: {told}"
        yield from self._lines_of(words, "bold red" if is_wrong else "cyan", indent, f"{indent}    ")

    def _loop_begins(self, step: TraceStep) -> Iterator[Text]:
        """Yield a line that says that from here on all repeats for ever, if it does."""
        if self.trace.repeated and step.number == self.trace.repeated[0]:
            yield self._ruled(f"for ever: {told_steps(step.number, self.trace.repeated[-1])}")

    def _loop_ends(self) -> Iterator[Text]:
        if self.trace.repeated:
            yield self._ruled(f"and again from step {self.trace.repeated[0]}")

    def _ruled(self, words: str) -> Text:
        """Return a line across the picture with words in it."""
        row = _Row(self.width)
        row.put(_MARGIN, self.glyphs.dash * (self.width - _MARGIN), "dim")
        mark = "" if self.glyphs.is_ascii else self.glyphs.again
        words = self.glyphs.cut(f" {mark}{words} ", self.width - _MARGIN - 4)
        row.put(_MARGIN + 2, words, "bold")
        return row.as_text()

    def _step(self, step: TraceStep) -> Iterator[Text]:
        number = str(step.number)
        row = self._lifelines()
        if step.kind in (Kind.PARTITION, Kind.HEAL):
            self._rule(row, step)
        elif step.kind is Kind.DUPLICATION and step.message is not None:
            copied = self.trace.messages[step.message]
            words = f"the network copies {copied.label} from {copied.sender} to {copied.to}"
            row.put(_MARGIN + 1, self.glyphs.cut(words, self.width - _MARGIN - 1), "red")
        elif step.message is not None:
            self._message(row, step, self.trace.messages[step.message])
        elif step.node in self.x:
            self._own_deed(row, step, step.node)
        else:
            row.put(_MARGIN + 1, self.glyphs.cut(step.text, self.width - _MARGIN - 1))
        yield row.as_text(number)
        if step.crashed and step.kind is not Kind.CRASH and step.node in self.x:
            self.is_up[step.node] = False
            row = self._lifelines()
            unsent = enumerated(step.crashed_before_sending)
            self._crash(row, step.node, f"before sending {unsent}" if unsent else "")
            yield row.as_text(number)

    def _lifelines(self) -> _Row:
        row = _Row(self.width)
        for node in self.nodes:
            if self.is_up[node]:
                row.put(self.x[node], self.glyphs.lifeline, self._style(self.state[node]))
            else:
                row.put(self.x[node], self.glyphs.dead, "dim")
        return row

    def _rule(self, row: _Row, step: TraceStep) -> None:
        groups = " | ".join(" ".join(side) for side in step.sides)
        words = f"partition: {groups}" if step.kind is Kind.PARTITION else "the partition heals"
        room = self.width - _MARGIN
        words = f" {self.glyphs.cut(words, room - 4)} "
        row.put(_MARGIN, self.glyphs.rule * room, "magenta")
        row.put(_MARGIN + (room - cell_len(words)) // 2, words, "magenta")

    def _own_deed(self, row: _Row, step: TraceStep, node: str) -> None:
        """Draw a step that no message caused: a choice, a time-out, a crash, a restart, a suspicion."""
        if step.kind is Kind.CRASH:
            self.is_up[node] = False
            self._crash(row, node, step.note)
            return
        if step.kind is Kind.RESTART:
            self.is_up[node] = True
        icon = {Kind.TIMEOUT: self.glyphs.clock, Kind.RESTART: self.glyphs.again}.get(step.kind, "")
        if step.chip:
            self.state[node] = step.chip
            # Unlike the chip of a receiver it may reach over its neighbours' columns, but not over its note.
            noted = min(cell_len(step.note) + 3, self.gap) if step.note else 0
            room = min(2 * self.gap - 2, self.width - _MARGIN - noted)
            start, end = self._chip(row, node, step.chip, step.number, icon, room)
        else:
            start, end = self._centred(row, node, icon.strip() or self.glyphs.deed, "bold")
        self._note(row, start, end, step.note, "italic red" if step.is_fault else "italic")

    def _crash(self, row: _Row, node: str, note: str) -> None:
        words = f"[{self.glyphs.cross} crashed]"
        start, end = self._centred(row, node, words, "bold red")
        self._note(row, start, end, note, "italic red")

    def _message(self, row: _Row, step: TraceStep, message: TraceMessage) -> None:
        """Draw a message's arrival, or that it never arrived."""
        label = f"{message.label} (copy)" if message.copy_of is not None else message.label
        if step.kind is Kind.LOSS:
            label += " lost"
        elif step.kind is Kind.DROP:
            label += f" ({message.to} is down)"
        is_lost = step.kind in (Kind.LOSS, Kind.DROP)
        low = high = self.x[message.to]
        if step.chip:
            self.state[message.to] = step.chip
            low, high = self._chip(row, message.to, step.chip, step.number)
            high -= 1
        if message.sender == message.to:
            mark = f"{self.glyphs.cross} " if is_lost else ""
            note = f", {step.note}" if step.note else ""
            words, style = f"{mark}{label} (to itself{note})", "red" if is_lost else ""
            self._beside(row, low, high + 1, words, style, space=1)
            return
        start, end = self.x[message.sender], self.x[message.to]
        first, last = (start + 1, low - 1) if end > start else (high + 1, start - 1)
        if step.note and not self._is_noted_behind(row, step.note, low, high, rightwards=end > start):
            label = f"{label} ({step.note})"
        self._shaft(row, first, last, label, rightwards=end > start, is_lost=is_lost)

    def _is_noted_behind(self, row: _Row, note: str, low: int, high: int, rightwards: bool) -> bool:
        """Write a receiver's note on the far side of its chip, if there it covers nothing."""
        words = self.glyphs.written(note)
        start = high + 2 if rightwards else low - 1 - cell_len(words)
        if not row.is_free(start, start + cell_len(words)):
            return False
        row.put(start, words, "italic")
        return True

    def _shaft(
        self, row: _Row, first: int, last: int, label: str, *, rightwards: bool, is_lost: bool
    ) -> None:
        """Draw an arrow from a column to another, with its label in the middle."""
        style = "red" if is_lost else ""
        if is_lost and last - first > self.gap // 2:  # it ends before it arrives
            # ... but not so early that there would be no room to say so.
            spare = max(0, min(self.gap // 4, last - first - cell_len(self.glyphs.written(label)) - 2))
            first, last = (first, last - spare) if rightwards else (first + spare, last)
        head = self.glyphs.right if rightwards else self.glyphs.left
        dash = self.glyphs.lost if is_lost else self.glyphs.dash
        row.put(first, dash * (last - first + 1), style)
        row.put(last if rightwards else first, self.glyphs.cross if is_lost else head, style)
        body, room = first if rightwards else first + 1, last - first
        words = self.glyphs.cut(label, room)
        if cell_len(words) + 2 <= room:
            words = f" {words} "
        row.put(body + (room - cell_len(words)) // 2, words, style)

    # Parts of rows; each returns where it starts and ends.

    def _style(self, state: str) -> str:
        return _STYLES[self.trace.tones.get(state, "idle")]

    def _chip_style(self, node: str, state: str, step: int) -> str:
        style = self._style(state)
        return f"bold reverse {style or 'red'}" if (node, step) in self.guilty else f"bold {style}".strip()

    def _chip(
        self, row: _Row, node: str, state: str, step: int, icon: str = "", room: int | None = None
    ) -> tuple[int, int]:
        """Draw a node's state in brackets, those of a guilty one reversed."""
        words = f"[{icon}{self.glyphs.cut(state, (room or self.gap - 1) - 2 - cell_len(icon))}]"
        return self._centred(row, node, words, self._chip_style(node, state, step), room)

    def _centred(
        self, row: _Row, node: str, words: str, style: str, room: int | None = None
    ) -> tuple[int, int]:
        """Write words on a node's column."""
        words = self.glyphs.cut(words, room or self.gap - 1)
        size = cell_len(words)
        start = max(_MARGIN, min(self.width - size, self.x[node] - size // 2))
        row.put(start, words, style)
        return start, start + size

    def _note(self, row: _Row, start: int, end: int, note: str, style: str) -> None:
        if note:
            self._beside(row, start, end, note, style, space=2)

    def _beside(self, row: _Row, start: int, end: int, words: str, style: str, space: int) -> None:
        """Write words after what stands on a column; before it, if only there is room for them."""
        right, left = self.width - end - space, start - _MARGIN - 1
        # The right is where a reader looks first.
        if cell_len(self.glyphs.written(words)) <= right or right >= left:
            words = self.glyphs.cut(words, right)
            # A lifeline that begins right after the words would read like one of their letters.
            row.put(end + space - 1, f" {words} " if cell_len(words) < right else f" {words}", style)
            return
        words = self.glyphs.cut(words, left)
        row.put(start - cell_len(words) - 1, f"{words} ", style)

    # Instead of a diagram.

    def _list_of_steps(self) -> Iterator[Text]:
        """Yield a line a step: its number, the node, what happened, and the node's new state."""
        size = max(cell_len(self.glyphs.written(node)) for node in self.nodes)
        chips = [cell_len(self.glyphs.written(step.chip)) + 2 for step in self.trace.steps if step.chip]
        state = min(max(chips, default=0), self.width // 4)
        size = min(size, self.width // 4)
        for step in self.trace.steps:
            yield from self._loop_begins(step)
            told = sentence(self.trace, evolve(step, chip=None))
            node = step.node if step.node is not None and told.startswith(step.node) else ""
            row = _Row(self.width)
            style = "red" if step.is_fault or step.kind is Kind.DROP else ""
            row.put(_MARGIN, self.glyphs.cut(node, size), f"bold {style}".strip())
            told = told.removeprefix(node).removeprefix("'s").removeprefix(":").strip()
            at = _MARGIN + size + 1
            row.put(at, self.glyphs.cut(told, self.width - at - state - 1), style)
            if step.chip:
                chip = f"[{self.glyphs.cut(step.chip, state - 2)}]"
                row.put(self.width - state, chip, self._chip_style(step.node or "", step.chip, step.number))
            yield from self._timed(step, iter([row.as_text(str(step.number))]))
            yield from self._specification(step.number)
        yield from self._loop_ends()

    def _list_of_changes(self) -> Iterator[Text]:
        """Yield a line a step: its number, what happened, and the fields that it changed."""
        texts = [cell_len(self.glyphs.written(step.text)) for step in self.trace.steps]
        size = min(max(texts, default=0), (self.width - _MARGIN) // 2)
        start = ", ".join(f"{name} {value}".strip() for name, value in parts_of(self.trace.states[0]))
        rows = [(0, "start", start, "")]
        begins = {step.number: list(self._loop_begins(step)) for step in self.trace.steps}
        for step in self.trace.steps:
            changes = (
                f"{c.field} {shown(c.before)} {self.glyphs.arrow} {shown(c.after)}" for c in step.changes
            )
            told = ", ".join(changes) or "nothing changes"
            rows.append((step.number, step.text, told, "red" if step.is_fault else ""))
        for number, text, told, style in rows:
            yield from begins.get(number, [])
            row = _Row(self.width)
            at = _MARGIN + max(size, cell_len("start")) + 2
            row.put(_MARGIN, self.glyphs.cut(text, at - _MARGIN - 2), style)
            row.put(at, self.glyphs.cut(told, self.width - at), style or "bold")
            yield row.as_text(str(number))
            yield from self._specification(number)
        yield from self._loop_ends()
