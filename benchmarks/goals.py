"""Goals: the figures that are aimed at, and whether they are reached."""

from __future__ import annotations

from statistics import median

from attrs import define, field, frozen
from measured import Run


@frozen
class Goal:
    """A figure, and what it should be."""

    of: str
    """The part, or the model."""
    what: str
    told: str
    target: str = ""
    is_reached: bool | None = None
    """None if this run cannot tell."""

    @property
    def verdict(self) -> str:
        """Whether it is reached, in words."""
        if not self.target:
            return ""
        return {True: "reached", False: "not reached", None: "not judged"}[self.is_reached]


@define
class Goals:
    """The ratios of a race: of medians, and in brackets the least and the greatest within one round.

    What has not run is left out.
    """

    title: str
    runs: dict[str, list[Run]]
    is_judged: bool
    """Whether the models are as large as the targets mean."""
    told: list[Goal] = field(factory=list)

    def faster(self, one: str, other: str, at_least: float | None = None) -> None:
        """Tell how many times as fast one contestant is as another."""
        self._ratio(f"{one}: times as fast as {_unlike(other, one)}", other, one, at_least, is_floor=True)

    def slower(self, one: str, other: str, at_most: float | None = None) -> None:
        """Tell how many times the time of another one contestant takes."""
        self._ratio(
            f"{one}: times the time of the {_unlike(other, one)}", one, other, at_most, is_floor=False
        )

    def small(self, name: str, at_most: float | None = None) -> None:
        """Tell how many bytes a contestant holds for a state."""
        if name not in self.runs:
            return
        value = median(run.bytes_per_state or 0 for run in self.runs[name])
        target = f"≤ {at_most:g}" if at_most else ""
        reached = value <= at_most if at_most and self.is_judged else None
        self.told.append(Goal(self.title, f"{name}: bytes a state", f"{value:.1f}", target, reached))

    def _ratio(self, what: str, over: str, under: str, target: float | None, *, is_floor: bool) -> None:
        if over not in self.runs or under not in self.runs:
            return
        numerators, denominators = ([run.seconds for run in self.runs[name]] for name in (over, under))
        value = median(numerators) / median(denominators)
        each = [one / other for one, other in zip(numerators, denominators, strict=True)]
        reached = None
        if target and self.is_judged:
            reached = value >= target if is_floor else value <= target
        told = f"{value:.2f} ({min(each):.2f}–{max(each):.2f})"
        sign = "≥" if is_floor else "≤"
        self.told.append(Goal(self.title, what, told, f"{sign} {target:g}" if target else "", reached))


def _unlike(name: str, other: str) -> str:
    """Return how to call one contestant beside another: what both have in common once only."""
    kind, _, threads = name.partition(", ")
    other_kind, _, other_threads = other.partition(", ")
    if kind == other_kind:
        return threads
    return kind if threads == other_threads else name
