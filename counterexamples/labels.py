"""Labels: where the words on arrows go, and how steeply messages that never arrived fall.

Both are chosen greedily: of a row of candidates the one that runs into least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import evolve

from .geometry import Box, Line
from .layout import LABEL_SIZE, SMALL_SIZE, TOP, Arrow, Layout, Mark
from .metrics import text_width

_UNFINISHED = ("lost", "cut off", "in flight")


def steered(layout: Layout) -> Layout:
    """Return the layout with a good slope for every message that did not arrive: it is free to choose."""
    arrows = list(layout.arrows)
    for number, arrow in enumerate(arrows):
        if arrow.style in _UNFINISHED and not arrow.is_loop and arrow.message.sender != arrow.message.to:
            others = [other for other in arrows if other is not arrow]
            arrows[number] = min(_slopes(layout, arrow), key=lambda one: _slope_cost(layout, one, others))
    return evolve(layout, arrows=tuple(arrows))


def _slopes(layout: Layout, arrow: Arrow) -> Iterator[Arrow]:
    column = layout.columns[arrow.message.to]
    across = abs(arrow.line.x1 - arrow.line.x0) / max(abs(column - arrow.line.x0), 1)
    for drop in range(24, 222, 6):
        yield evolve(arrow, line=evolve(arrow.line, y1=arrow.line.y0 + drop * max(across, 0.5)))


def _slope_cost(layout: Layout, arrow: Arrow, others: Sequence[Arrow]) -> float:
    line, end = arrow.line, arrow.end_box
    cost = abs(line.y1 - line.y0 - 45) / 25
    bounds = line.bounds.grown(6)
    for mark in layout.marks:
        if mark.step.number == arrow.message.sent_by and not mark.is_crash:
            continue
        box = mark.box.grown(3)
        if box.meets(bounds) and line.crosses(box):
            cost += 10
        if box.meets(end):
            cost += 8
    for other in others:
        if other.line.bounds.grown(4).meets(bounds) and line.runs_along(other.line):
            cost += 2
        if other.line.crosses(end):
            cost += 8
        if other.style in _UNFINISHED and other.end_box.meets(end):
            cost += 40
    if line.y1 > layout.end - 8:
        cost += 20
    if arrow.style == "cut off" and not any(b.top + 30 < line.y1 < b.bottom - 22 for b in layout.bands):
        cost += 30
    return cost


def placed_labels(layout: Layout) -> Layout:
    """Return the layout with a place on its arrow for every label, away from everything else."""
    obstacles = _obstacles(layout)
    degree = Counter[int]()
    for arrow in layout.arrows:
        degree.update({arrow.message.sent_by, arrow.end_step})
    arrows = list(layout.arrows)
    # Short arrows have the least choice, so they choose first.
    for number in sorted(range(len(arrows)), key=lambda n: arrows[n].line.length_across):
        arrow = arrows[number]
        width = text_width(arrow.label, LABEL_SIZE) + 8
        lines = [other.line for other in arrows if other is not arrow]
        at_tail = arrow.style in _UNFINISHED or degree[arrow.message.sent_by] <= degree[arrow.end_step]
        wanted = _wanted(layout, arrow, at_tail)
        reach = arrow.line.bounds.grown(width / 2 + 10)
        near = [box for box in obstacles if box.meets(reach)]
        crossing = [line for line in lines if line.bounds.grown(1).meets(reach)]
        best = min(
            _candidates(arrow),
            key=lambda at: _label_cost(at, width, wanted, near, crossing),
        )
        arrows[number] = evolve(arrow, label_at=best)
        obstacles.append(Box.around(*best, width, 16))
    return evolve(layout, arrows=tuple(arrows))


def _candidates(arrow: Arrow) -> list[tuple[float, float]]:
    if arrow.is_loop:
        line = arrow.line
        return [(max(line.x0, line.x1) + 34, (line.y0 + line.y1) / 2 + shift) for shift in (0, -14, 14)]
    return [arrow.line.at(share / 100) for share in range(4, 97, 2)]


def _wanted(layout: Layout, arrow: Arrow, at_tail: bool) -> float:
    """Return the x where the label would be unmistakable: in the gap beside the end shared with fewest arrows."""
    order = sorted(layout.columns, key=lambda node: layout.columns[node])
    own, other = order.index(arrow.message.sender), order.index(arrow.message.to)
    if own == other:
        return arrow.line.x0
    side = 1 if other > own else -1
    ends = (order[own], order[own + side]) if at_tail else (order[other - side], order[other])
    gap = abs(layout.columns[ends[0]] - layout.columns[ends[1]]) - 60
    inward = min(gap, arrow.line.length_across) / 2
    return arrow.line.x0 + side * inward if at_tail else arrow.line.x1 - side * inward


def _label_cost(
    at: tuple[float, float], width: float, wanted: float, near: Sequence[Box], crossing: Sequence[Line]
) -> float:
    box = Box.around(*at, width, 16)
    cost = abs(at[0] - wanted) / 60
    for other in near:
        cost += 60 * box.shared_area(other) / box.area
    inner = Box(box.left + 2, box.top + 3, box.right - 2, box.bottom - 3)
    for line in crossing:
        if line.crosses(inner):
            cost += 2.5
    return cost


def _obstacles(layout: Layout) -> list[Box]:
    boxes = [mark.box.grown(3) for mark in layout.marks]
    boxes += [_note_box(mark) for mark in layout.marks if mark.note and not mark.is_chip]
    boxes += [Box(x - 6, TOP, x + 6, layout.end) for x in layout.columns.values()]
    for band in layout.bands:
        wide = text_width(band.opened, SMALL_SIZE, bold=True) + 14
        for wall in band.walls[:1]:
            boxes.append(Box(wall - 6, band.top + 2, wall + wide, band.top + 22))
            if band.healed:
                boxes.append(Box(wall - 6, band.bottom - 20, wall + 70, band.bottom - 2))
    boxes += [arrow.end_box for arrow in layout.arrows if arrow.style in _UNFINISHED]
    return boxes


def _note_box(mark: Mark) -> Box:
    return Box(mark.x + 10, mark.y - 8, mark.x + 18 + text_width(mark.note, 10.5), mark.y + 8)
