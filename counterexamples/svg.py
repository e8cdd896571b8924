"""The SVG painter: a space-time diagram drawn directly, without any layout engine.

Events, messages and labels carry classes and the numbers of their steps, so that a page can step through them.
"""

from __future__ import annotations

import html
import itertools

from .canvas import Anchor, Canvas
from .layout import (
    CARD_HEIGHT,
    CHIP_SIZE,
    LABEL_SIZE,
    NOTE_SIZE,
    PAD,
    SHADOW_LINE,
    SHADOW_WIDTH,
    SMALL_SIZE,
    TOP,
    Arrow,
    Band,
    Layout,
    Mark,
    with_initial_states,
)
from .listing import listing_svg
from .metrics import text_width
from .placement import lay_out
from .theme import THEMES, ThemeName
from .trace import Trace


def to_svg(trace: Trace, theme: ThemeName = "light") -> str:
    """Return a trace's space-time diagram as an SVG document.

    Args:
        trace: what to draw; without nodes it becomes a list of steps.
        theme: ``"light"``, ``"dark"``, or ``"auto"`` to follow the reader's browser.
    """
    if not trace.lifelines:
        return listing_svg(trace, theme)
    return _Painter(with_initial_states(lay_out(trace)), theme).paint()


class _Painter:
    """Paints one layout."""

    def __init__(self, layout: Layout, theme: ThemeName) -> None:
        self.layout = layout
        self.theme_name: ThemeName = theme
        self.theme = THEMES[theme]
        self.canvas = Canvas(self.theme)

    def paint(self) -> str:
        layout, canvas = self.layout, self.canvas
        canvas.heading(layout.trace, layout.summary)
        for band in layout.bands:
            self._band_ground(band)
        self._axis()
        for stretch in layout.stretches:
            edge = self.theme.tones[stretch.tone].edge
            colour, width, more = (
                (edge, 4.0, ' opacity=".5"')
                if stretch.is_up
                else (self.theme.soft, 1.5, ' stroke-dasharray="1.5 5"')
            )
            canvas.line(stretch.x, stretch.top, stretch.x, stretch.bottom, colour, width, more)
        for band in layout.bands:
            self._band_words(band)
        for arrow in layout.arrows:
            self._arrow(arrow)
        for arrow in layout.arrows:
            self._label(arrow)
        for arrow in layout.arrows:
            self._arrow_end(arrow)
        for mark in layout.marks:
            canvas.add(
                f'<g class="ev" data-n="{mark.step.number}" data-node="{html.escape(mark.step.node or "")}">'
            )
            canvas.add(f"<title>{html.escape(_told(mark))}</title>")
            if mark.is_chip:
                self._chip(mark)
            else:
                self._circle(mark)
            canvas.add("</g>")
        self._cards()
        self._shadows()
        foot = layout.foot
        canvas.verdict(
            layout.trace, foot.left, foot.top, foot.right, foot.bottom, layout.sentence, layout.promise
        )
        return canvas.document(layout.trace, layout.width, layout.height, self.theme_name)

    def _axis(self) -> None:
        """Paint the time axis on the left, and across the picture a faint line at each time at which something is."""
        moments, theme = self.layout.moments, self.theme
        if not moments:
            return
        x = self.layout.axis
        top = min(stretch.top for stretch in self.layout.stretches)
        self.canvas.line(x, top, x, self.layout.end, theme.soft, 1.2)
        for moment in moments:
            self.canvas.line(
                x, moment.y, self.layout.width - 14, moment.y, theme.line, 1, ' stroke-dasharray="1 5"'
            )
            self.canvas.line(x - 4, moment.y, x + 4, moment.y, theme.soft, 1.4)
            self.canvas.text(x - 9, moment.y + 3.8, moment.text, SMALL_SIZE, theme.soft, "end", bold=True)

    def _ground(self, y: float) -> str:
        """Return the colour behind a point: the band's where the network is partitioned."""
        in_band = any(band.top <= y <= band.bottom for band in self.layout.bands)
        return self.theme.band if in_band else self.theme.background

    def _band_ground(self, band: Band) -> None:
        self.canvas.add(
            f'<rect x="10" y="{band.top:.1f}" width="{self.layout.width - 20:.1f}" '
            f'height="{band.bottom - band.top:.1f}" rx="8" fill="{self.theme.band}"/>'
        )
        for x in band.walls:
            teeth = max(2, int((band.bottom - band.top) / 9))
            path = f"M{x - 3.5:.1f} {band.top:.1f}" + "".join(
                f"L{x + (3.5 if tooth % 2 else -3.5):.1f} {band.top + tooth * (band.bottom - band.top) / teeth:.1f}"
                for tooth in range(1, teeth + 1)
            )
            self.canvas.add(
                f'<path d="{path}" fill="none" stroke="{self.theme.wall}" stroke-width="1.6" '
                f'stroke-linejoin="round" opacity=".8"/>'
            )

    def _band_words(self, band: Band) -> None:
        x = (band.walls[0] if band.walls else PAD) + 10
        colour, ground = self.theme.wall, self.theme.band
        self.canvas.text(x, band.top + 16, band.opened, SMALL_SIZE, colour, "start", bold=True, plate=ground)
        if band.healed:
            self.canvas.text(
                x, band.bottom - 7, band.healed, SMALL_SIZE, colour, "start", bold=True, plate=ground
            )

    def _arrow(self, arrow: Arrow) -> None:
        line, message, theme = arrow.line, arrow.message, self.theme
        fate = f"delivered in step {message.delivered_by}" if message.delivered_by else message.fate.value
        told = f"{message.label}: {message.sender} to {message.to}, sent in step {message.sent_by}, {fate}"
        colour, more = {
            "delivered": (theme.arrow, ' marker-end="url(#head)"'),
            "copy": (theme.soft, ' stroke-dasharray="5 4" marker-end="url(#soft-head)"'),
            "lost": (theme.fault, ' stroke-dasharray="6 4"'),
            "cut off": (theme.fault, ' stroke-dasharray="6 4"'),
            "in flight": (theme.soft, ' stroke-dasharray="1.5 4"'),
        }[arrow.style]
        self.canvas.add(
            f'<g class="msg" data-from="{message.sent_by}" data-to="{arrow.end_step}">'
            f"<title>{html.escape(told)}</title>"
        )
        if arrow.is_straight:
            self.canvas.line(line.x0, line.y0, line.x1, line.y1, "transparent", 14)
            self.canvas.line(line.x0, line.y0, line.x1, line.y1, colour, 1.6, more)
        else:
            points = (*arrow.controls, (line.x1, line.y1))
            bow = f"M{line.x0:.1f} {line.y0:.1f}C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points)
            self.canvas.add(f'<path d="{bow}" fill="none" stroke="transparent" stroke-width="14"/>')
            self.canvas.add(f'<path d="{bow}" fill="none" stroke="{colour}" stroke-width="1.6"{more}/>')
        self.canvas.add("</g>")

    def _label(self, arrow: Arrow) -> None:
        x, y = arrow.label_at
        colour = {"delivered": self.theme.ink, "lost": self.theme.fault, "cut off": self.theme.fault}.get(
            arrow.style, self.theme.soft
        )
        self.canvas.add(f'<g class="lab" data-from="{arrow.message.sent_by}">')
        self.canvas.text(x, y + 3.8, arrow.label, LABEL_SIZE, colour, plate=self._ground(y))
        self.canvas.add("</g>")

    def _arrow_end(self, arrow: Arrow) -> None:
        if not arrow.end_text:
            return
        x, y = arrow.line.x1, arrow.line.y1
        side = 1 if arrow.heads_right else -1
        anchor: Anchor = "start" if arrow.heads_right else "end"
        ground = self._ground(y)
        self.canvas.add(f'<g class="lab" data-from="{arrow.end_step}">')
        if arrow.style == "in flight":
            self.canvas.add(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{self.theme.background}" '
                f'stroke="{self.theme.soft}" stroke-width="1.5"/>'
            )
            self.canvas.text(
                x + side * 9,
                y + 4,
                arrow.end_text,
                SMALL_SIZE,
                self.theme.soft,
                anchor,
                italic=True,
                plate=ground,
            )
        elif arrow.is_dropped:
            anchor = "end" if arrow.heads_right else "start"
            self.canvas.cross(x, y, 5, self.theme.fault)
            self.canvas.text(
                x - side * 4,
                y + 19,
                arrow.end_text,
                SMALL_SIZE,
                self.theme.fault,
                anchor,
                bold=True,
                plate=ground,
            )
        else:
            self.canvas.cross(x, y, 5, self.theme.fault)
            self.canvas.text(
                x + side * 11,
                y + 4,
                arrow.end_text,
                SMALL_SIZE,
                self.theme.fault,
                anchor,
                bold=True,
                plate=ground,
            )
        self.canvas.add("</g>")

    def _circle(self, mark: Mark) -> None:
        soft = self.theme.soft
        self.canvas.add(
            f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="9" fill="{self.theme.background}" stroke="{soft}" '
            f'stroke-width="1.4"/>'
        )
        self.canvas.text(mark.x, mark.y + 3.4, str(mark.step.number), 9.5, soft)
        if mark.note:
            ground = self._ground(mark.y)
            x, anchor = mark.note_at
            self.canvas.text(x, mark.y + 3.6, mark.note, NOTE_SIZE, soft, anchor, italic=True, plate=ground)

    def _chip(self, mark: Mark) -> None:
        canvas, theme = self.canvas, self.theme
        shade = theme.tones[mark.tone]
        fill, edge, ink = (
            (theme.glow, theme.fault, theme.fault) if mark.is_crash else (shade.fill, shade.edge, shade.ink)
        )
        if mark.is_guilty:
            self._rounded(mark, 5, 10, theme.glow, theme.fault, 2.4)
        self._rounded(mark, 0, 6, fill, edge, 1.4)
        top, bottom = mark.y - mark.height / 2, mark.y + mark.height / 2
        left = mark.x - mark.width / 2
        canvas.add(
            f'<path d="M{left + mark.tab:.1f} {top + 4:.1f}V{bottom - 4:.1f}" stroke="{edge}" '
            f'stroke-width="1" opacity=".55"/>'
        )
        canvas.text(left + mark.tab / 2, mark.y + 3.4, str(mark.step.number), 9.5, ink)
        middle = left + mark.tab + (mark.width - mark.tab) / 2
        y = mark.y + 4.2 - (7 if mark.note else 0)
        if mark.icon:
            wide = text_width(mark.text, CHIP_SIZE, bold=True) + 17
            canvas.icon(mark.icon, middle - wide / 2 + 5.5, y - 4.2, ink)
            canvas.text(middle + 8.5, y, mark.text, CHIP_SIZE, ink, bold=True)
        else:
            canvas.text(middle, y, mark.text, CHIP_SIZE, ink, bold=True)
        if mark.note:
            canvas.text(middle, mark.y + 12, mark.note, NOTE_SIZE, ink, italic=True)

    def _rounded(self, mark: Mark, more: float, radius: float, fill: str, edge: str, width: float) -> None:
        self.canvas.add(
            f'<rect x="{mark.x - mark.width / 2 - more:.1f}" y="{mark.y - mark.height / 2 - more:.1f}" '
            f'width="{mark.width + 2 * more:.1f}" height="{mark.height + 2 * more:.1f}" rx="{radius}" '
            f'fill="{fill}" stroke="{edge}" stroke-width="{width}"/>'
        )

    def _shadows(self) -> None:
        """Paint the states of the specification, in a column of their own."""
        canvas, theme = self.canvas, self.theme
        if not self.layout.shadows:
            return
        top = TOP + 16 * (len(self.layout.summary) - 1)
        first = self.layout.shadows[0]
        middle = first.left + SHADOW_WIDTH / 2
        canvas.text(middle, top - 6, "specification", 13, theme.soft, bold=True)
        canvas.text(middle, top + 9, "what it must look like", NOTE_SIZE, theme.soft)
        for above, below in itertools.pairwise(self.layout.shadows):
            canvas.line(
                middle, above.box.bottom, middle, below.box.top, theme.line, 1.4, ' stroke-dasharray="3 3"'
            )
        for shadow in self.layout.shadows:
            box = shadow.box
            fill, edge, ink = (
                (theme.glow, theme.fault, theme.fault)
                if shadow.is_wrong
                else (theme.card, theme.line, theme.ink)
            )
            canvas.add(
                f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{SHADOW_WIDTH:.1f}" '
                f'height="{box.bottom - box.top:.1f}" rx="6" fill="{fill}" stroke="{edge}" stroke-width="1.4"/>'
            )
            y = box.top + 5 + SHADOW_LINE / 2 + 3.8
            for line in shadow.lines:
                canvas.text(middle, y, line, SMALL_SIZE, ink)
                y += SHADOW_LINE

    def _cards(self) -> None:
        top = TOP + 16 * (len(self.layout.summary) - 1)
        for lifeline in self.layout.trace.lifelines:
            x = self.layout.columns[lifeline.node]
            half = max(
                44.0,
                max(text_width(lifeline.node, 15, bold=True), text_width(lifeline.role, NOTE_SIZE)) / 2 + 10,
            )
            self.canvas.add(
                f'<rect x="{x - half:.1f}" y="{top - 24:.1f}" width="{2 * half:.1f}" height="{CARD_HEIGHT}" rx="8" '
                f'fill="{self.theme.card}" stroke="{self.theme.line}" stroke-width="1.5"/>'
            )
            self.canvas.text(x, top - 6, lifeline.node, 15, bold=True)
            self.canvas.text(x, top + 9, lifeline.role, NOTE_SIZE, self.theme.soft)


def _told(mark: Mark) -> str:
    """Return what a step was, with the words that its chip may have cut short."""
    step = mark.step
    more = [f"becomes {step.chip}"] if step.chip and step.number else []
    return "; ".join([f"{step.number}. {step.text}", *more, *([step.note] if step.note else [])])
