"""The picture of a run of a plain transition system, which has no nodes: a list of steps and what they changed."""

from __future__ import annotations

import html

from everyway.models.language.naming import shown

from .canvas import Canvas
from .layout import PAD
from .metrics import shortened, text_width, wrapped
from .parts import parts_of
from .theme import THEMES, ThemeName
from .trace import Change, Trace

_WIDTH, _ROW, _TOP = 760.0, 46.0, 92.0
_LONGEST = 420.0


def listing_svg(trace: Trace, theme: ThemeName = "light") -> str:
    """Return the steps of a trace as an SVG document: one below the other, each with the state it led to."""
    colours = THEMES[theme]
    canvas = Canvas(colours)
    summary = tuple(wrapped(trace.summary, 12.5, _WIDTH - 2 * PAD))
    canvas.heading(trace, summary)
    y = _TOP + 16 * (len(summary) - 1)
    spine = PAD + 12
    bottom = y + _ROW * len(trace.steps)
    canvas.line(spine, y, spine, bottom, colours.line, 3)
    parts = parts_of(trace.states[0]) if trace.states else ()
    start = ", ".join(f"{name}: {value}" if name else value for name, value in parts)
    _state(canvas, 0, spine, y, "start", start)
    for step in trace.steps:
        y += _ROW
        canvas.add(f'<g class="ev" data-n="{step.number}"><title>{html.escape(step.text)}</title>')
        after = ", ".join(told_change(change) for change in step.changes) or "nothing changes"
        _state(canvas, step.number, spine, y, step.text, after)
        canvas.add("</g>")
    sentence = tuple(wrapped(trace.sentence, 14, _WIDTH - 2 * PAD - 36, bold=True))
    promise = tuple(wrapped(trace.promise, 12, _WIDTH - 2 * PAD - 36))
    top = bottom + 36
    end = top + 18 + 18 * len(sentence) + 16 * len(promise)
    canvas.verdict(trace, 14, top, _WIDTH - 14, end, sentence, promise)
    return canvas.document(trace, _WIDTH, end + 14, theme)


def told_change(change: Change) -> str:
    """Return a change in words, e.g. "big: 3 → 5"."""
    return f"{change.field}: {shown(change.before)} → {shown(change.after)}"


def _state(canvas: Canvas, number: int, x: float, y: float, text: str, after: str) -> None:
    colours = canvas.theme
    canvas.add(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{colours.background}" stroke="{colours.soft}" '
        f'stroke-width="1.4"/>'
    )
    canvas.text(x, y + 3.6, str(number), 10, colours.soft)
    words = shortened(text, 13, _LONGEST, bold=True)
    canvas.text(x + 24, y + 4.4, words, 13, colours.ink, "start", bold=True)
    left = x + 24 + text_width(words, 13, bold=True) + 16
    canvas.text(left, y + 4.2, shortened(after, 12, _WIDTH - left - PAD), 12, colours.soft, "start")
