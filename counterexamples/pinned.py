"""The Graphviz painter: the same space-time diagram as a ``graphviz.Digraph`` whose nodes have fixed places.

One node an event and one edge a message, so that the source still means something to who reads it. What has no
meaning there, lifelines and walls, goes into the background as xdot drawing operations. Labels are plain, for
Graphviz in WebAssembly draws no HTML-like ones. Render it with ``neato -n2``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .canvas import Anchor
from .layout import CARD_HEIGHT, NOTE_SIZE, PAD, SMALL_SIZE, TOP, Arrow, Layout, Mark, with_initial_states
from .metrics import text_width
from .placement import lay_out
from .theme import THEMES, ThemeName
from .trace import Trace

if TYPE_CHECKING:
    import graphviz

# Only what every font has; a clock is told by the chip's second line.
_ICONS = {"": "", "clock": "", "again": "restart: ", "cross": "× ", "eye": ""}
_FACES = {"plain": "Helvetica", "bold": "Helvetica-Bold", "italic": "Helvetica-Oblique"}


def to_graphviz(trace: Trace, theme: ThemeName = "light") -> graphviz.Digraph:
    """Return a trace's space-time diagram as a graph with fixed places; the engine is neato with ``-n2``.

    A trace without nodes becomes a chain of its steps, laid out by dot.
    """
    import graphviz

    if not trace.lifelines:
        return _chain(graphviz.Digraph(name="counterexample"), trace)
    graph = graphviz.Digraph(name="counterexample", engine="neato")
    return _Painter(graph, with_initial_states(lay_out(trace)), theme).paint()


def _chain(graph: graphviz.Digraph, trace: Trace) -> graphviz.Digraph:
    graph.attr(label=_escaped(f"{trace.headline}: {trace.sentence}"), labelloc="t", fontname="Helvetica")
    graph.attr("node", shape="box", style="rounded", fontname="Helvetica")
    graph.attr("edge", fontname="Helvetica")
    for number, state in enumerate(trace.states):
        graph.node(f"s{number}", _escaped(str(state)))
    for step in trace.steps:
        graph.edge(f"s{step.number - 1}", f"s{step.number}", label=_escaped(f"{step.number}. {step.text}"))
    return graph


def _escaped(text: str, side: str = "") -> str:
    """Return text that Graphviz shows as it is: no HTML-like label, no escapes, no entities."""
    import graphviz

    # The value's own class keeps "<idle>" from being taken for a label in HTML; str() would lose it.
    escaped: str = graphviz.escape(text.replace("&", "&amp;"))
    return escaped + side if side else escaped


class _Painter:
    def __init__(self, graph: Any, layout: Layout, theme: ThemeName) -> None:
        self.graph = graph
        self.layout = layout
        self.theme = THEMES["light" if theme == "auto" else theme]
        self.background = ""

    def paint(self) -> graphviz.Digraph:
        layout, trace, theme = self.layout, self.layout.trace, self.theme
        self.graph.attr(
            bgcolor=theme.background, splines="line", outputorder="edgesfirst", notranslate="true", pad="0.1"
        )
        self.graph.attr(tooltip=_escaped(trace.sentence))
        self.graph.attr("node", fontname="Helvetica", fontsize="12", fixedsize="true", margin="0")
        self.graph.attr("edge", fontname="Helvetica", color=theme.arrow, arrowsize="0.75", penwidth="1.5")
        colour = theme.fault if trace.is_violation else theme.success
        self._words("head", PAD, 29, trace.headline, 18, colour, "bold", "start")
        after = PAD + text_width(trace.headline, 18, bold=True) + 24
        self._words("subject", after, 30, trace.subject, 14, theme.soft, "plain", "start")
        for number, line in enumerate(layout.summary):
            self._words(f"summary{number}", PAD, 53 + 16 * number, line, 12.5, theme.soft, "plain", "start")
        self._ground()
        for number, moment in enumerate(layout.moments):
            colour, x = theme.soft, layout.axis - 9
            self._words(f"time{number}", x, moment.y, moment.text, SMALL_SIZE, colour, "bold", "end")
        self._cards()
        for number, mark in enumerate(layout.marks):
            self._mark(number, mark)
        for number, arrow in enumerate(layout.arrows):
            self._arrow(number, arrow)
        self._verdict()
        return self.graph

    # Coordinates: Graphviz counts y upwards, sizes in inches.

    def _at(self, x: float, y: float) -> str:
        return f"{x:.1f},{self.layout.height - y:.1f}"

    def _place(self, x: float, y: float, width: float, height: float) -> dict[str, str]:
        return {"pos": self._at(x, y) + "!", "width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}"}

    def _words(
        self,
        name: str,
        x: float,
        y: float,
        words: str,
        size: float,
        colour: str,
        face: str = "plain",
        anchor: Anchor = "middle",
        plate: str = "",
    ) -> None:
        # Fonts differ in width from machine to machine. Words begin or end at the side that must line up, in a
        # node with room to spare: Graphviz lets those that do not fit hang over on both sides.
        spare = 1.03 if anchor == "middle" else 1.12 if plate else 1.3
        width = text_width(words, size, bold=face == "bold") * spare + 6
        x += {"middle": 0.0, "start": width / 2, "end": -width / 2}[anchor]
        side = {"middle": "", "start": "\\l", "end": "\\r"}[anchor]
        ground = (
            {"shape": "box", "style": "filled", "color": plate, "fillcolor": plate}
            if plate
            else {"shape": "plaintext"}
        )
        self.graph.node(
            name,
            _escaped(words, side),
            fontsize=str(size),
            fontcolor=colour,
            fontname=_FACES[face],
            penwidth="0",
            **ground,
            **self._place(x, y, width, size + 3),
        )

    def _draw(self, operation: str, points: Iterable[tuple[float, float]]) -> None:
        listed = [f"{x:.1f} {self.layout.height - y:.1f}" for x, y in points]
        self.background += f"{operation} {len(listed)} {' '.join(listed)} "

    def _pen(self, colour: str, style: str = "solid", width: float = 1.6, fill: str = "") -> None:
        width_operation = f"setlinewidth({width})"
        self.background += f"S {len(width_operation)} -{width_operation} S {len(style)} -{style} "
        self.background += f"c {len(colour)} -{colour} " + (f"C {len(fill)} -{fill} " if fill else "")

    def _ground(self) -> None:
        layout, theme = self.layout, self.theme
        for number, band in enumerate(layout.bands):
            left, right = 10.0, layout.width - 10
            self._pen(theme.band, fill=theme.band)
            self._draw("P", [(left, band.top), (right, band.top), (right, band.bottom), (left, band.bottom)])
            for x in band.walls:
                teeth = max(2, int((band.bottom - band.top) / 9))
                self._pen(theme.wall)
                height = (band.bottom - band.top) / teeth
                self._draw(
                    "L", [(x + (3.5 if t % 2 else -3.5), band.top + t * height) for t in range(teeth + 1)]
                )
            x = (band.walls[0] if band.walls else PAD) + 10
            self._words(
                f"opened{number}",
                x,
                band.top + 12,
                band.opened,
                SMALL_SIZE,
                theme.wall,
                "bold",
                "start",
                theme.band,
            )
            if band.healed:
                y = band.bottom - 11
                self._words(
                    f"healed{number}", x, y, band.healed, SMALL_SIZE, theme.wall, "bold", "start", theme.band
                )
        for moment in layout.moments:
            self._pen(theme.line, "dotted", 1.0)
            self._draw("L", [(layout.axis, moment.y), (layout.width - 14, moment.y)])
        if layout.moments:
            self._pen(theme.soft, width=1.2)
            top = min(stretch.top for stretch in layout.stretches)
            self._draw("L", [(layout.axis, top), (layout.axis, layout.end)])
        for stretch in layout.stretches:
            if stretch.is_up:
                self._pen(theme.tones[stretch.tone].edge + "80", width=4)
            else:
                self._pen(theme.soft, "dotted", 1.3)
            self._draw("L", [(stretch.x, stretch.top), (stretch.x, stretch.bottom)])
        self.graph.attr(_background=self.background)

    def _cards(self) -> None:
        theme = self.theme
        top = TOP + 16 * (len(self.layout.summary) - 1)
        for lifeline in self.layout.trace.lifelines:
            x = self.layout.columns[lifeline.node]
            wide = max(text_width(lifeline.node, 15, bold=True), text_width(lifeline.role, NOTE_SIZE))
            self.graph.node(
                f"node {lifeline.node}",
                "",
                shape="box",
                style="rounded,filled",
                fillcolor=theme.card,
                color=theme.line,
                **self._place(x, top - 3, max(88.0, wide + 20), CARD_HEIGHT),
            )
            self._words(f"name {lifeline.node}", x, top - 10, lifeline.node, 15, theme.ink, "bold")
            self._words(f"role {lifeline.node}", x, top + 7, lifeline.role, NOTE_SIZE, theme.soft)

    def _name(self, step: int) -> str:
        return f"step {step}"

    def _mark(self, number: int, mark: Mark) -> None:
        theme = self.theme
        is_second = mark.is_crash and mark.step.chip is not None
        name = f"crash {mark.step.number}" if is_second else self._name(mark.step.number)
        if not mark.step.number:
            name = f"start {mark.step.node}"
        if not mark.is_chip:
            self.graph.node(
                name,
                str(mark.step.number),
                shape="circle",
                style="filled",
                fontsize="9.5",
                fillcolor=theme.background,
                color=theme.soft,
                fontcolor=theme.soft,
                tooltip=_escaped(mark.step.text),
                **self._place(mark.x, mark.y, 18, 18),
            )
            if mark.note:
                x, anchor = mark.note_at
                self._words(f"note {number}", x, mark.y, mark.note, NOTE_SIZE, theme.soft, "italic", anchor)
            return
        shade = theme.tones[mark.tone]
        fill, edge, ink = (
            (theme.glow, theme.fault, theme.fault) if mark.is_crash else (shade.fill, shade.edge, shade.ink)
        )
        if mark.is_guilty:
            self.graph.node(
                f"guilty {number}",
                "",
                shape="box",
                style="rounded,filled",
                fillcolor=theme.glow,
                color=theme.fault,
                penwidth="2.4",
                **self._place(mark.x, mark.y, mark.width + 10, mark.height + 10),
            )
        words = f"{mark.step.number} | {_ICONS[mark.icon]}{mark.text}"
        width = max(mark.width, text_width(words, 12, bold=True) + 16)  # words take more room than an icon
        self.graph.node(
            name,
            "",
            shape="box",
            style="rounded,filled",
            fillcolor=fill,
            color=edge,
            penwidth="1.3",
            tooltip=_escaped(mark.step.text),
            **self._place(mark.x, mark.y, width, mark.height),
        )
        self._words(f"chip {number}", mark.x, mark.y - (7 if mark.note else 0), words, 12, ink, "bold")
        if mark.note:
            self._words(f"note {number}", mark.x, mark.y + 9, mark.note, NOTE_SIZE, ink, "italic")

    def _arrow(self, number: int, arrow: Arrow) -> None:
        theme, message, line = self.theme, arrow.message, arrow.line
        colour, style = {
            "delivered": (theme.arrow, "solid"),
            "copy": (theme.soft, "dashed"),
            "lost": (theme.fault, "dashed"),
            "cut off": (theme.fault, "dashed"),
            "in flight": (theme.soft, "dotted"),
        }[arrow.style]
        tail = self._name(message.sent_by)
        if message.delivered_by:
            head = self._name(message.delivered_by)
        else:
            head = f"end {number}"
            symbol = "○" if arrow.style == "in flight" else "×"
            self.graph.node(
                head,
                symbol,
                shape="plaintext",
                fontsize="15",
                fontcolor=colour,
                **self._place(line.x1, line.y1, 11, 11),
            )
            side = 1 if arrow.heads_right else -1
            anchor: Anchor = "start" if arrow.heads_right else "end"
            face = "italic" if arrow.style == "in flight" else "bold"
            below = 0.0
            if arrow.is_dropped:
                side, anchor, below = -side, "end" if arrow.heads_right else "start", 15.0
            self._words(
                f"fate {number}",
                line.x1 + side * 10,
                line.y1 + below,
                arrow.end_text,
                SMALL_SIZE,
                colour,
                face,
                anchor,
            )
        self.graph.edge(
            tail, head, **self._spline(arrow), style=style, color=colour, tooltip=_escaped(message.label)
        )
        x, y = arrow.label_at
        ground = theme.band if any(b.top <= y <= b.bottom for b in self.layout.bands) else theme.background
        ink = {"delivered": theme.ink, "lost": theme.fault, "cut off": theme.fault}.get(
            arrow.style, theme.soft
        )
        self._words(f"label {number}", x, y, arrow.label, 11.5, ink, plate=ground)

    def _spline(self, arrow: Arrow) -> dict[str, str]:
        """Return an edge's course: a straight line, or a bow to oneself or around a chip."""
        line = arrow.line
        x0, y0, x1, y1 = line.x0, line.y0, line.x1, line.y1
        if arrow.is_loop:
            points = [(x0, y0), (x0 + arrow.bulge, y0), (x1 + arrow.bulge, y1), (x1 + 8, y1)]
            return {"pos": f"e,{self._at(x1, y1)} " + " ".join(self._at(*point) for point in points)}
        if arrow.message.delivered_by is None:
            points = [line.at(share) for share in (0, 1 / 3, 2 / 3, 1)]
            return {"pos": " ".join(self._at(*point) for point in points), "dir": "none"}
        if arrow.bend:
            *_, (x, y) = controls = arrow.controls
            length = math.hypot(x1 - x, y1 - y) or 1.0
            tip = (x1 + (x - x1) * 8 / length, y1 + (y - y1) * 8 / length)
            points = [(x0, y0), *controls, tip]
            return {"pos": f"e,{self._at(x1, y1)} " + " ".join(self._at(*point) for point in points)}
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        until = 1 - 8 / length  # the arrow's head takes the rest
        points = [line.at(share * until) for share in (0, 1 / 3, 2 / 3, 1)]
        return {"pos": f"e,{self._at(x1, y1)} " + " ".join(self._at(*point) for point in points)}

    def _verdict(self) -> None:
        layout, trace, theme, foot = self.layout, self.layout.trace, self.theme, self.layout.foot
        colour, ground = (
            (theme.fault, theme.glow) if trace.is_violation else (theme.success, theme.success_glow)
        )
        middle = ((foot.left + foot.right) / 2, (foot.top + foot.bottom) / 2)
        self.graph.node(
            "verdict",
            "",
            shape="box",
            style="rounded,filled",
            fillcolor=ground,
            color=colour,
            **self._place(*middle, foot.right - foot.left, foot.bottom - foot.top),
        )
        y = foot.top + 18
        for number, line in enumerate(layout.sentence):
            self._words(f"sentence{number}", PAD, y, line, 14, theme.ink, "bold", "start")
            y += 18
        for number, line in enumerate(layout.promise):
            self._words(f"promise{number}", PAD, y, line, 12, theme.soft, "plain", "start")
            y += 16
