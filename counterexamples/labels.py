"""Labels: where the words on arrows go, and what else a picture is free to choose about its arrows.

How steeply a message falls that never arrived, how far a message of a node to itself bows out or another bends
around a chip, on which side of a circle its note stands: all are chosen greedily, of a row of candidates the
one that runs into least.
Only what lies near an arrow is tried against its candidates, so that long traces stay quick to draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import evolve

from .geometry import Box, Line
from .layout import LABEL_SIZE, PAD, SMALL_SIZE, TOP, Arrow, Layout, Mark
from .metrics import text_width
from .trace import Kind

_UNFINISHED = ("lost", "cut off", "in flight")
_LABEL_HEIGHT = 16.0
_EDGE = 12.0
"""How close to the edge of the picture something may come."""
_WIDEST_BEND = 96
_Obstacle = tuple[Line, Box]


def steered(layout: Layout) -> Layout:
    """Return the layout with a good course for every arrow that is free to choose one."""
    arrows = list(layout.arrows)
    for number, arrow in enumerate(arrows):
        if arrow.is_loop:
            arrows[number] = _bowed(layout, arrow)
        elif arrow.style not in _UNFINISHED:
            arrows[number] = _bent(layout, arrow)
    for number, arrow in enumerate(arrows):
        if arrow.style in _UNFINISHED:
            arrows[number] = _sloped(layout, arrow, [*arrows[:number], *arrows[number + 1 :]])
    return _with_turned_notes(evolve(layout, arrows=tuple(arrows)))


def _bowed(layout: Layout, arrow: Arrow) -> Arrow:
    """Return a loop that bows out as far as it must to pass the chips between its ends."""
    ends = (arrow.message.sent_by, arrow.message.delivered_by)
    reach = Box(arrow.line.x0, arrow.line.y0, arrow.line.x0 + 160, arrow.line.y1)
    boxes = [
        mark.box.grown(4) for mark in layout.marks if mark.step.number not in ends and mark.box.meets(reach)
    ]

    def cost(candidate: Arrow) -> float:
        hits = sum(line.crosses(box) for line in candidate.course for box in boxes)
        is_outside = candidate.at(0.5)[0] + text_width(arrow.label, LABEL_SIZE) / 2 + _EDGE > layout.width
        return candidate.bulge / 20 + 10 * hits + 50 * is_outside

    return min((evolve(arrow, bulge=float(bulge)) for bulge in range(44, 165, 12)), key=cost)


def _bent(layout: Layout, arrow: Arrow) -> Arrow:
    """Return an arrow that goes around the chips that would hide a part of it."""
    ends = (arrow.message.sent_by, arrow.end_step)
    reach = arrow.line.bounds.grown(_WIDEST_BEND)
    own: list[Box] = []
    others: list[Box] = []
    for mark in layout.marks:
        if mark.box.meets(reach):
            is_end = mark.step.number in ends and not (mark.is_crash and mark.step.chip)
            # It starts and ends at the edges of its own chips, and must not go through them either.
            (own if is_end else others).append(mark.box.grown(-2) if is_end else mark.box.grown(3))
    if not any(arrow.line.crosses(box.grown(-2)) for box in others):
        return arrow
    boxes = own + others

    def cost(candidate: Arrow) -> float:
        course = candidate.course
        hits = sum(any(line.crosses(box) for line in course) for box in boxes)
        space = _around([line.bounds for line in course])
        is_outside = space.left < _EDGE or space.right > layout.width - _EDGE or space.bottom > layout.end
        # Time goes down: an arrow that rises above its sender, or falls below its receiver, would mislead.
        strays = arrow.line.y0 - space.top + max(space.bottom - arrow.line.y1, 0)
        return 10 * hits + 8 * is_outside + abs(candidate.bend) / 12 + strays / 2

    bends = sorted(range(-_WIDEST_BEND, _WIDEST_BEND + 1, 8), key=abs)
    return min((evolve(arrow, bend=float(bend)) for bend in bends), key=cost)


def _sloped(layout: Layout, arrow: Arrow, others: Sequence[Arrow]) -> Arrow:
    """Return an arrow that did not arrive, falling as steeply as is best."""
    candidates = _falls(layout, arrow)
    bounds = [one.end_box for one in candidates] + [one.line.bounds for one in candidates]
    reach = _around(bounds).grown(8)
    marks = [
        mark.box.grown(3)
        for mark in layout.marks
        if mark.box.meets(reach) and (mark.step.number != arrow.message.sent_by or mark.is_crash)
    ]
    lines = _near(others, reach)
    ends = [other.end_box for other in others if other.style in _UNFINISHED and other.end_box.meets(reach)]
    roomy = text_width(arrow.label, LABEL_SIZE) + 16
    if arrow.message.sender == arrow.message.to:  # it must get past the loops that begin where it does
        loops = [
            other for other in others if other.is_loop and other.message.sent_by == arrow.message.sent_by
        ]
        roomy += max([0.0, *(loop.at(0.5)[0] - arrow.line.x0 for loop in loops)])
    middle = arrow.line.y0 + 45
    if _is_drop(layout, arrow):
        ends_at = _down_ends(layout, arrow)
        middle = (ends_at[0] + ends_at[-1]) / 2

    def cost(candidate: Arrow) -> float:
        line, end = candidate.line, candidate.end_box
        course = line.bounds.grown(6)
        total = abs(line.y1 - middle) / 25
        if line.length_across < roomy:  # its label would cover its own beginning, or a loop's
            total += 12
        for box in marks:
            if box.meets(course) and line.crosses(box):
                total += 10
            if box.meets(end):
                total += 8
        for other, span in lines:
            if span.meets(course) and line.runs_along(other):
                total += 2
            if other.crosses(end):
                total += 8
        total += 40 * sum(other.meets(end) for other in ends)
        if end.bottom > layout.end or end.left < _EDGE or end.right > layout.width - _EDGE:
            total += 20
        if arrow.style == "cut off" and not any(b.top + 30 < line.y1 < b.bottom - 22 for b in layout.bands):
            total += 30
        return total

    return min(candidates, key=cost)


def _falls(layout: Layout, arrow: Arrow) -> list[Arrow]:
    """Return the courses that a message which did not arrive may take."""
    line = arrow.line
    if arrow.message.sender == arrow.message.to:
        # There is no gap to cross, so it is free to choose its width too.
        width = text_width(arrow.label, LABEL_SIZE)
        ends = (
            _down_ends(layout, arrow) if _is_drop(layout, arrow) else [line.y0 + y for y in range(12, 73, 6)]
        )
        points = [(width + across, y) for across in (24, 44, 70, 4) for y in ends]
        right = [Line(line.x0, line.y0, line.x0 + x, y) for x, y in points]
        edge = 2 * layout.columns[arrow.message.sender] - line.x0
        left = [Line(edge, line.y0, edge - x, y) for x, y in points]
        return [evolve(arrow, line=candidate) for candidate in [*right, *left]]
    if arrow.is_dropped:
        ends = _down_ends(layout, arrow)
    else:
        column = layout.columns[arrow.message.to]
        steepness = max(line.length_across / max(abs(column - line.x0), 1), 0.5)
        ends = [line.y0 + drop * steepness for drop in range(24, 222, 6)]
    return [evolve(arrow, line=Line(line.x0, line.y0, line.x1, y)) for y in ends]


def _is_drop(layout: Layout, arrow: Arrow) -> bool:
    """Return whether a message reached a node that was down, which may have been its sender."""
    lost_by = arrow.message.lost_by
    return lost_by is not None and layout.trace.steps[lost_by - 1].kind is Kind.DROP


def _down_ends(layout: Layout, arrow: Arrow) -> list[float]:
    """Return the heights at which a message may reach a node that is down: after its crash, before its restart."""
    top, bottom = arrow.line.y0 + 14, layout.end - 26
    for mark in layout.marks:  # in the order of the steps
        if mark.step.node == arrow.message.to:
            if mark.step.number > arrow.end_step:
                bottom = mark.box.top - 12
                break
            if mark.is_crash:
                top = max(arrow.line.y0 + 14, mark.box.bottom + 12)
    top = min(top, bottom)
    return [top + (bottom - top) * piece / 10 for piece in range(11)]


def _with_turned_notes(layout: Layout) -> Layout:
    """Return the layout with the notes of circles on the side where fewer arrows pass."""

    def turned(mark: Mark) -> Mark:
        if not mark.note or mark.is_chip:
            return mark
        left = evolve(mark, note_is_left=True)
        if left.note_box.left < _EDGE:
            return mark
        return min((mark, left), key=lambda one: _note_cost(layout, one))

    return evolve(layout, marks=tuple(turned(mark) for mark in layout.marks))


def _note_cost(layout: Layout, mark: Mark) -> int:
    box = mark.note_box
    lines = [line for arrow in layout.arrows for line in arrow.course]
    crossed = sum(line.bounds.grown(1).meets(box) and line.crosses(box) for line in lines)
    walls = [wall for band in layout.bands if band.top < mark.y < band.bottom for wall in band.walls]
    covered = sum(other.box.meets(box) for other in layout.marks if other is not mark and other.x != mark.x)
    passed = sum(box.left < x < box.right for x in [*layout.columns.values(), *walls])
    return crossed + 4 * (covered + passed) + 4 * (box.right > layout.width - _EDGE)


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
        candidates = _candidates(arrow)
        reach = _around([line.bounds for line in arrow.course]).grown(width / 2 + 10)
        near = [box for box in obstacles if box.meets(reach)]
        near.append(Box.around(arrow.line.x1, arrow.line.y1, 28, 28))  # its own head stays to be seen
        lines = _near([*arrows[:number], *arrows[number + 1 :]], reach)
        at_tail = arrow.style in _UNFINISHED or degree[arrow.message.sent_by] <= degree[arrow.end_step]
        wanted = _wanted(layout, arrow, at_tail)
        best = min(candidates, key=lambda at: _label_cost(layout, at, width, wanted, near, lines))
        arrows[number] = evolve(arrow, label_at=best)
        obstacles.append(Box.around(*best, width, _LABEL_HEIGHT))
    return evolve(layout, arrows=tuple(arrows))


def _candidates(arrow: Arrow) -> list[tuple[float, float]]:
    shares = range(14, 87, 4) if arrow.is_loop else range(4, 97, 2)
    return [arrow.at(share / 100) for share in shares]


def _wanted(layout: Layout, arrow: Arrow, at_tail: bool) -> tuple[float, float]:
    """Return where the label would be unmistakable: in the gap beside the end shared with fewest arrows."""
    line = arrow.line
    order = sorted(layout.columns, key=lambda node: layout.columns[node])
    own, other = order.index(arrow.message.sender), order.index(arrow.message.to)
    if own == other:
        return arrow.at(0.75 if arrow.style in _UNFINISHED else 0.5)  # past the loops, if there are any
    side = 1 if other > own else -1
    ends = (order[own], order[own + side]) if at_tail else (order[other - side], order[other])
    gap = abs(layout.columns[ends[0]] - layout.columns[ends[1]]) - 60
    inward = min(gap, line.length_across) / 2
    share = inward / max(line.length_across, 1)
    return arrow.at(share if at_tail else 1 - share)


def _label_cost(
    layout: Layout,
    at: tuple[float, float],
    width: float,
    wanted: tuple[float, float],
    near: Sequence[Box],
    lines: Sequence[_Obstacle],
) -> float:
    box = Box.around(*at, width, _LABEL_HEIGHT)
    inner = Box(box.left + 2, box.top + 3, box.right - 2, box.bottom - 3)
    cost = max(abs(at[0] - wanted[0]), abs(at[1] - wanted[1]) / 2) / 60
    for other in near:
        # Pruned before the area is worked out: most boxes are elsewhere along the arrow.
        if other.meets(box):
            cost += 60 * box.shared_area(other) / box.area
    for line, span in lines:
        if span.meets(inner) and line.crosses(inner):
            cost += 2.5
    if box.left < _EDGE or box.right > layout.width - _EDGE:
        cost += 20
    return cost


def _obstacles(layout: Layout) -> list[Box]:
    boxes = [mark.box.grown(3) for mark in layout.marks]
    boxes += [mark.note_box for mark in layout.marks if mark.note and not mark.is_chip]
    boxes += [Box(x - 6, TOP, x + 6, layout.end) for x in layout.columns.values()]
    for band in layout.bands:
        wide = text_width(band.opened, SMALL_SIZE, bold=True) + 14
        for wall in band.walls[:1] or (PAD,):
            boxes.append(Box(wall - 6, band.top + 2, wall + wide, band.top + 22))
            if band.healed:
                boxes.append(Box(wall - 6, band.bottom - 20, wall + 70, band.bottom - 2))
    boxes += [arrow.end_box for arrow in layout.arrows if arrow.style in _UNFINISHED]
    return boxes


def _near(arrows: Sequence[Arrow], reach: Box) -> list[_Obstacle]:
    """Return the lines of arrows that come into a box, each with its bounds."""
    spans = ((line, line.bounds.grown(4)) for arrow in arrows for line in arrow.course)
    return [(line, span) for line, span in spans if span.meets(reach)]


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
