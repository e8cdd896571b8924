"""The canvas: elements of an SVG document, and the parts that all pictures of a trace share.

Icons are paths, for fonts lack the characters.
"""

from __future__ import annotations

import html
from typing import Literal

from .layout import CHIP_SIZE, PAD
from .metrics import text_width
from .theme import Theme, ThemeName, style_sheet
from .trace import Trace

FONTS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
Anchor = Literal["start", "middle", "end"]


class Canvas:
    """The elements of an SVG document, in the order in which they are painted."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.elements: list[str] = []

    def add(self, element: str) -> None:
        """Paint an element over what is there."""
        self.elements.append(element)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = CHIP_SIZE,
        colour: str | None = None,
        anchor: Anchor = "middle",
        *,
        bold: bool = False,
        italic: bool = False,
        plate: str | None = None,
    ) -> None:
        """Write a line of text on its baseline; ``plate`` is the colour of a small ground behind it."""
        if plate:
            width = text_width(words, size, bold=bold) + 4
            left = {"middle": x - width / 2, "start": x - 2, "end": x - width + 2}[anchor]
            self.add(
                f'<rect x="{left:.1f}" y="{y - size * 0.82:.1f}" width="{width:.1f}" height="{size * 1.12:.1f}" '
                f'rx="3" fill="{plate}" opacity=".92"/>'
            )
        style = (' font-weight="bold"' if bold else "") + (' font-style="italic"' if italic else "")
        self.add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour or self.theme.ink}" '
            f'text-anchor="{anchor}"{style}>{html.escape(words)}</text>'
        )

    def line(
        self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1.6, more: str = ""
    ) -> None:
        """Draw a straight line."""
        self.add(
            f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"{more}/>'
        )

    def cross(self, x: float, y: float, radius: float, colour: str, width: float = 2.6) -> None:
        """Draw a cross: a fault, a crash, a violation."""
        r = radius
        self.add(
            f'<path d="M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}M{x + r:.1f} {y - r:.1f}l{-2 * r} {2 * r}" '
            f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round" fill="none"/>'
        )

    def tick(self, x: float, y: float, radius: float, colour: str, width: float = 3) -> None:
        """Draw a check mark: something good was reached."""
        r = radius
        self.add(
            f'<path d="M{x - r:.1f} {y:.1f}l{r * 0.7:.1f} {r * 0.8:.1f}l{r * 1.3:.1f} {-r * 1.7:.1f}" '
            f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round" fill="none"/>'
        )

    def icon(self, name: str, x: float, y: float, colour: str) -> None:
        """Draw the small icon of a chip."""
        open_group = f'<g stroke="{colour}" stroke-width="1.5" fill="none" stroke-linecap="round">'
        if name == "clock":
            self.add(
                f'{open_group}<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>'
                f'<path d="M{x:.1f} {y - 3.3:.1f}V{y:.1f}h2.9"/></g>'
            )
        elif name == "again":
            self.add(
                f'{open_group}<path d="M{x + 4:.1f} {y - 2.3:.1f}A4.6 4.6 0 1 0 {x + 4.6:.1f} {y + 0.8:.1f}"/>'
                f'<path d="M{x + 5.4:.1f} {y - 5.5:.1f}v4h-4" stroke-linejoin="round"/></g>'
            )
        elif name == "eye":
            self.add(
                f'{open_group}<path d="M{x - 6:.1f} {y:.1f}q6 -7 12 0q-6 7 -12 0z"/>'
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{colour}"/></g>'
            )
        elif name == "cross":
            self.cross(x, y, 4, colour, 2.4)

    def heading(self, trace: Trace, summary: tuple[str, ...]) -> None:
        """Write what the picture shows, of what, and under which bounds."""
        self.title(trace.headline, trace.subject, summary, is_violation=trace.is_violation)

    def title(self, headline: str, subject: str, summary: tuple[str, ...], *, is_violation: bool) -> None:
        """Write a headline with its mark, what it is about, and lines below."""
        colour = self.theme.fault if is_violation else self.theme.success
        if is_violation:
            self.cross(PAD + 6, 29, 5, colour, 3)
        else:
            self.tick(PAD + 6, 29, 6, colour)
        self.text(PAD + 22, 35, headline, 18, colour, "start", bold=True)
        after = PAD + 22 + text_width(headline, 18, bold=True) + 14
        self.text(after, 35, subject, 14, self.theme.soft, "start")
        for number, line in enumerate(summary):
            self.text(PAD, 57 + 16 * number, line, 12.5, self.theme.soft, "start")

    def verdict(
        self,
        trace: Trace,
        left: float,
        top: float,
        right: float,
        bottom: float,
        sentence: tuple[str, ...],
        promise: tuple[str, ...],
    ) -> None:
        """Write the sentence that says what went wrong, and the promise below it, in a box."""
        self.box(left, top, right, bottom, sentence, promise, is_violation=trace.is_violation)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        sentence: tuple[str, ...],
        below: tuple[str, ...],
        *,
        is_violation: bool,
    ) -> None:
        """Write lines in bold, and others below them, in a box with a mark."""
        colour, ground = (
            (self.theme.fault, self.theme.glow)
            if is_violation
            else (self.theme.success, self.theme.success_glow)
        )
        self.add(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="8" '
            f'fill="{ground}" stroke="{colour}" stroke-width="1.4"/>'
        )
        middle = (top + bottom) / 2
        if is_violation:
            self.cross(PAD + 8, middle, 6, colour, 3)
        else:
            self.tick(PAD + 8, middle, 7, colour)
        y = top + 23
        for line in sentence:
            self.text(PAD + 28, y, line, 14, self.theme.ink, "start", bold=True)
            y += 18
        for line in below:
            self.text(PAD + 28, y, line, 12, self.theme.soft, "start")
            y += 16

    def document(self, trace: Trace, width: float, height: float, theme: ThemeName) -> str:
        """Return the whole document."""
        return self.page(
            f"{trace.headline}: {trace.subject}", trace.sentence, trace.summary, width, height, theme
        )

    def page(
        self, title: str, sentence: str, summary: str, width: float, height: float, theme: ThemeName
    ) -> str:
        """Return the whole document; title, sentence and summary are for who cannot see it."""
        sheet = f"<style>{style_sheet()}</style>" if theme == "auto" else ""
        heads = "".join(
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 .8L10 5L0 9.2z" fill="{colour}"/></marker>'
            for name, colour in (("head", self.theme.arrow), ("soft-head", self.theme.soft))
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
                f'width="{width:.0f}" height="{height:.0f}" font-family="{FONTS}" role="img" '
                f'aria-label="{html.escape(sentence)}">',
                f"<title>{html.escape(title)}</title>",
                f"<desc>{html.escape(f'{sentence} {summary}')}</desc>",
                sheet,
                f"<defs>{heads}</defs>",
                f'<rect width="{width:.0f}" height="{height:.0f}" fill="{self.theme.background}"/>',
                *self.elements,
                "</svg>\n",
            ]
        )
