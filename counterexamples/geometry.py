"""Boxes and lines of a picture, and where they meet. Points are (x, y) in pixels, y downwards."""

from __future__ import annotations

from attrs import frozen


@frozen
class Box:
    """An axis-parallel rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def around(x: float, y: float, width: float, height: float) -> Box:
        """Return the box of this size whose middle is at a point."""
        return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def grown(self, by: float) -> Box:
        """Return the box with this much more on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def shared_area(self, other: Box) -> float:
        """Return the area that two boxes share."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0 and high > 0 else 0.0

    def meets(self, other: Box) -> bool:
        """Return whether two boxes overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    @property
    def area(self) -> float:
        """Width times height."""
        return (self.right - self.left) * (self.bottom - self.top)


@frozen
class Line:
    """A straight line from one point to another."""

    x0: float
    y0: float
    x1: float
    y1: float

    def at(self, share: float) -> tuple[float, float]:
        """Return the point this share of the way along."""
        return self.x0 + (self.x1 - self.x0) * share, self.y0 + (self.y1 - self.y0) * share

    @property
    def length_across(self) -> float:
        """How far it goes horizontally."""
        return abs(self.x1 - self.x0)

    @property
    def bounds(self) -> Box:
        """The smallest box around it."""
        return Box(min(self.x0, self.x1), min(self.y0, self.y1), max(self.x0, self.x1), max(self.y0, self.y1))

    def crosses(self, box: Box) -> bool:
        """Return whether a part of it lies inside a box (Liang & Barsky 1984)."""
        entered, left = 0.0, 1.0
        across, down = self.x1 - self.x0, self.y1 - self.y0
        for slope, distance in (
            (-across, self.x0 - box.left),
            (across, box.right - self.x0),
            (-down, self.y0 - box.top),
            (down, box.bottom - self.y0),
        ):
            if slope == 0:
                if distance <= 0:
                    return False
            elif slope < 0:
                entered = max(entered, distance / slope)
            else:
                left = min(left, distance / slope)
        return entered < left

    def runs_along(self, other: Line, closer_than: float = 7.0) -> bool:
        """Return whether it comes so close to another, in some column, that the two would be taken for one."""
        low, high = max(self.bounds.left, other.bounds.left), min(self.bounds.right, other.bounds.right)
        if high - low < 1 or not self.length_across or not other.length_across:
            return False
        gaps = []
        for x in (low, (low + high) / 2, high):
            here = self.y0 + (self.y1 - self.y0) * (x - self.x0) / (self.x1 - self.x0)
            there = other.y0 + (other.y1 - other.y0) * (x - other.x0) / (other.x1 - other.x0)
            gaps.append(here - there)
        return min(abs(gap) for gap in gaps) < closer_than or gaps[0] * gaps[-1] < 0
