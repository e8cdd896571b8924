"""The picture of a counterexample to induction: the state before, the step, and the state after, side by side.

What the step changes stands on a ground of its own; what takes part in the breach has a red ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from everyway.counterexamples.canvas import Canvas
from everyway.counterexamples.engines import svg_to_png
from everyway.counterexamples.layout import PAD
from everyway.counterexamples.metrics import text_width, wrapped
from everyway.counterexamples.render import UnknownFormat
from everyway.counterexamples.theme import THEMES, ThemeName

from .counterexample import CounterexampleToInduction
from .induction import Obligation, Part, Proof
from .language import Theory
from .portrait import NOTHING, YES, Mark, Portrait, Table, portrait
from .wording import may_be_reached, says_broken, title

FORMATS = (".svg", ".png")
_SIZE = 13.0
_SMALL = 11.5
_ROW = 25.0
_GAP = 22.0
"""Between the columns of a table."""
_INSIDE = 16.0
"""From the edge of a panel to what is in it."""
_BETWEEN_TABLES = 14.0
_HEAD = 46.0
"""The height of a panel's own heading."""
_NARROWEST = 560.0
_NARROWEST_STEP = 150.0


def checked_suffix(path: Path) -> str:
    """Return the format that a file's name asks for, or explain which there are.

    Raises ``UnknownFormat``, a ``UsageError``.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        asked = f"'{path.suffix}'" if path.suffix else "a name without an ending"
        raise UnknownFormat(
            f"cannot draw {path.name}: {asked} is no format for counterexamples to induction. Use .svg or .png."
        )
    return suffix


def save(theory: type[Theory], proof: Proof, obligation: Obligation, path: Path, theme: ThemeName) -> Path:
    """Save the picture of a refuted obligation's counterexample; the folder is made if it is not there.

    Raises:
        UnknownFormat: for another format than SVG and PNG.
        ValueError: if the obligation has no counterexample.
        OSError: if the file cannot be written.
    """
    suffix = checked_suffix(path)
    fixed: ThemeName = "light" if theme == "auto" and suffix == ".png" else theme
    svg = to_svg(theory, proof, obligation, fixed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(svg.encode() if suffix == ".svg" else svg_to_png(svg))
    return path


def to_svg(theory: type[Theory], proof: Proof, obligation: Obligation, theme: ThemeName = "light") -> str:
    """Return the picture of a refuted obligation's counterexample as an SVG document."""
    if obligation.counterexample is None:
        raise ValueError(f"{obligation.name} has no counterexample to draw")
    return _Painter(theory, proof, obligation, obligation.counterexample, theme).paint()


@frozen
class _Columns:
    """The widths of a table's columns, the same before and after."""

    widths: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.widths) + _GAP * (len(self.widths) - 1)


class _Painter:
    """Paints one counterexample."""

    def __init__(
        self,
        theory: type[Theory],
        proof: Proof,
        obligation: Obligation,
        counterexample: CounterexampleToInduction,
        theme: ThemeName,
    ) -> None:
        self.theory = theory
        self.proof = proof
        self.obligation = obligation
        self.counterexample = counterexample
        self.theme_name = theme
        self.theme = THEMES[theme]
        self.canvas = Canvas(self.theme)
        self.portrait: Portrait = portrait(proof.specification, counterexample)
        after = self.portrait.after or self.portrait.before
        self.columns = [_columns(pair) for pair in zip(self.portrait.before, after, strict=True)]

    def paint(self) -> str:
        canvas, theme = self.canvas, self.theme
        is_step = self.counterexample.action is not None
        inner = max((columns.total for columns in self.columns), default=0.0)
        step_width = self._step_width() if is_step else 0.0
        panel = max(inner + 2 * _INSIDE, 220.0)
        width = 2 * PAD + (2 * panel + step_width if is_step else panel)
        if width < _NARROWEST:
            panel += (_NARROWEST - width) / (2 if is_step else 1)
            width = _NARROWEST
        room = width - 2 * PAD
        summary = (
            *wrapped(self.theory.about(), 12.5, room),
            *wrapped("; ".join(self.portrait.elements), 12.5, room),
        )
        headline = "not inductive" if self.obligation.part is Part.CONSECUTION else "not proved"
        canvas.title(headline, title(self.theory), summary, is_violation=True)
        top = 57 + 16 * len(summary) + 4
        bottom = top + _HEAD + self._height() + 10
        broken = says_broken(self.counterexample, ascii_only=True)  # fonts lack the signs of logic
        kind = "goal" if self.counterexample.conjunct in self.proof.specification.goals else "lemma"
        last = f"a {kind} is broken"
        first = "at the start" if self.obligation.part is Part.INITIATION else "all lemmas hold"
        if is_step:
            right = width - PAD - panel
            self._panel(PAD, top, panel, bottom, "before", first, self.portrait.before, is_broken=False)
            self._panel(right, top, panel, bottom, "after", last, self.portrait.after, is_broken=True)
            self._step(PAD + panel, right, (top + bottom) / 2)
        else:
            words = f"{first}, and {last}"
            self._panel(PAD, top, panel, bottom, "a state", words, self.portrait.before, is_broken=True)
        y = bottom + 20
        if self.portrait.empty:
            where = "both states" if is_step else "it"
            for line in wrapped(f"In {where} nothing is {', '.join(self.portrait.empty)}.", 12, room):
                canvas.text(PAD, y, line, 12, theme.soft, "start", italic=True)
                y += 16
        sentence = tuple(wrapped(broken.sentence, 14, room - 34, bold=True))
        below = (
            *wrapped(broken.formula, 12, room - 34),
            *wrapped(may_be_reached(self.obligation), 12, room - 34),
        )
        end = y + 20 + 18 * len(sentence) + 16 * len(below)
        canvas.box(14, y, width - 14, end, sentence, below, is_violation=True)
        told = f"{title(self.theory)}: {self.obligation.name}"
        return canvas.page(told, broken.sentence, broken.formula, width, end + 14, self.theme_name)

    def _height(self) -> float:
        """Return the height of all tables together."""
        rows = sum(len(table.rows) + _has_heads(table) for table in self.portrait.before)
        return rows * _ROW + _BETWEEN_TABLES * max(len(self.portrait.before) - 1, 0)

    def _panel(
        self,
        left: float,
        top: float,
        width: float,
        bottom: float,
        name: str,
        words: str,
        tables: Sequence[Table],
        *,
        is_broken: bool,
    ) -> None:
        canvas, theme = self.canvas, self.theme
        edge = theme.fault if is_broken else theme.line
        canvas.add(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" rx="8" '
            f'fill="{theme.card}" stroke="{edge}" stroke-width="1.5"/>'
        )
        canvas.text(left + _INSIDE, top + 22, name, 15, theme.ink, "start", bold=True)
        after = left + _INSIDE + text_width(name, 15, bold=True) + 10
        room = left + width - after - 8
        colour = theme.fault if is_broken else theme.soft
        for number, line in enumerate(wrapped(words, _SMALL, room)[:2]):
            canvas.text(after, top + (22 if number == 0 else 36), line, _SMALL, colour, "start")
        y = top + _HEAD
        for table, columns in zip(tables, self.columns, strict=True):
            y = self._table(table, columns, left + _INSIDE, y) + _BETWEEN_TABLES

    def _table(self, table: Table, columns: _Columns, left: float, top: float) -> float:
        """Paint a table; return where it ends."""
        canvas, theme = self.canvas, self.theme
        y = top
        if _has_heads(table):
            x = left
            for head, width in zip((table.title, *table.columns), columns.widths, strict=True):
                canvas.text(x, y + 16, head, _SMALL, theme.soft, "start")
                x += width + _GAP
            y += _ROW
            canvas.line(left, y - 2, left + columns.total, y - 2, theme.line, 1.2)
        for row in table.rows:
            x = left
            canvas.text(x, y + 17, row.element, _SIZE, theme.ink, "start", bold=True)
            for cell, width in zip(
                row.cells, columns.widths, strict=False
            ):  # the width of the column before it
                x += width + _GAP
                self._cell(cell, x, y)
            y += _ROW
        return y

    def _cell(self, cell: tuple[Mark, ...], x: float, y: float) -> None:
        canvas, theme = self.canvas, self.theme
        if not cell:
            canvas.text(x, y + 17, NOTHING, _SIZE, theme.soft, "start")
        for mark in cell:
            width = _mark_width(mark)
            is_chip = bool(mark.change) or mark.is_blamed
            if is_chip:
                shade = theme.tones["near"]
                fill = shade.fill if mark.change else theme.card
                edge, line = (theme.fault, 2.2) if mark.is_blamed else (shade.edge, 1.2)
                dashes = ' stroke-dasharray="3 2"' if mark.change == "removed" else ""
                canvas.add(
                    f'<rect x="{x - 5:.1f}" y="{y + 2.5:.1f}" width="{width:.1f}" height="{_ROW - 5:.1f}" rx="5" '
                    f'fill="{fill}" stroke="{edge}" stroke-width="{line}"{dashes}/>'
                )
            ink = theme.tones["near"].ink if mark.change else theme.ink
            sign = {"added": "+ ", "removed": "− "}.get(mark.change, "")
            at = x
            if sign:
                canvas.text(at, y + 17, sign, _SIZE, ink, "start", bold=True)
                at += text_width(sign, _SIZE, bold=True)
            if mark.text == YES:  # a path: fonts lack the character
                canvas.tick(at + 6, y + 12.5, 4, ink, 2)
            else:
                canvas.text(at, y + 17, mark.text, _SIZE, ink, "start", bold=is_chip)
            x += width + 4

    def _step_words(self) -> list[str]:
        return [f"{name} = {element}" for name, element in self.counterexample.values]

    def _step_width(self) -> float:
        name = self.counterexample.action.name if self.counterexample.action else ""
        widest = max(
            [text_width(name, 14, bold=True), *(text_width(words, _SIZE) for words in self._step_words())]
        )
        return max(widest + 40, _NARROWEST_STEP)

    def _step(self, left: float, right: float, y: float) -> None:
        """Paint the arrow between the states, with the action above it and its parameters below."""
        canvas, theme = self.canvas, self.theme
        middle = (left + right) / 2
        canvas.line(left + 10, y, right - 10, y, theme.arrow, 2.2, ' marker-end="url(#head)"')
        name = self.counterexample.action.name if self.counterexample.action else ""
        canvas.text(middle, y - 12, name, 14, theme.ink, bold=True)
        for number, words in enumerate(self._step_words()):
            canvas.text(middle, y + 22 + 17 * number, words, _SIZE, theme.soft)


def _has_heads(table: Table) -> bool:
    return bool(table.title)


def _mark_width(mark: Mark) -> float:
    sign = text_width("+ ", _SIZE, bold=True) if mark.change else 0.0
    return (12.0 if mark.text == YES else text_width(mark.text, _SIZE, bold=True)) + sign + 10


def _columns(pair: tuple[Table, Table]) -> _Columns:
    """Return widths in which both states of a table have room."""
    first = pair[0]
    widths = [
        max(
            text_width(first.title, _SMALL),
            *(text_width(row.element, _SIZE, bold=True) for row in first.rows),
        )
    ]
    for place, head in enumerate(first.columns):
        cells = [row.cells[place] for table in pair for row in table.rows]
        widest = max((sum(_mark_width(mark) + 4 for mark in cell) for cell in cells), default=0.0)
        widths.append(max(text_width(head, _SMALL), widest))
    return _Columns(tuple(widths))
