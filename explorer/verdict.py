"""Verdicts: what was found out about one property, and how much of the space it covers."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Hashable
from enum import Enum
from fractions import Fraction
from typing import Any

from attrs import frozen

from everyway.invariants.property import Broken, Property


class Outcome(Enum):
    """Whether a property holds."""

    HOLDS = "holds"
    """In the whole space under the stated bounds."""
    VIOLATED = "violated"
    """There is a counterexample."""
    UNKNOWN = "unknown"
    """A limit stopped the search before it was decided."""


@frozen
class Visit:
    """One point of a path: a state, and the action that led there; None at the start."""

    action: Any
    state: Hashable


Path = tuple[Visit, ...]


@frozen
class Verdict:
    """The answer for one property."""

    property: Property
    outcome: Outcome
    path: Path | None = None
    """The schedule to a violation, or to the witness of ``possible``."""
    broken: Broken | None = None
    """Why the last state or step of the path violates the property."""
    is_shortest: bool = True
    """Whether no shorter path shows the same; false for depth-first search."""
    why: str = ""
    """For ``unknown``: what stopped the search. For ``recoverable``: how many states are trapped."""
    loop: int | None = None
    """For a promise over time: the position in the path from which the run goes round for ever, its last state being
    the one at that position; that of the last state if the run ends there."""
    times: tuple[Fraction, ...] | None = None
    """Under time bounds: when each state of the path can be reached at the earliest, in seconds from the start."""
    trapped: Collection[Any] = frozenset()
    """For a violated ``recoverable``: the states from which the goal cannot be reached any more."""

    @builtins.property
    def length(self) -> int | None:
        """The number of steps of the counterexample or witness; None if there is none."""
        return None if self.path is None else len(self.path) - 1

    def __repr__(self) -> str:
        steps = "" if self.length is None else f" in {self.length} steps"
        if self.loop is not None and self.length is not None:
            steps = (
                f" in a loop of {self.length - self.loop} after {self.loop} steps"
                if self.loop < self.length
                else steps
            )
        because = f": {self.broken.reason}" if self.broken is not None and self.broken.reason else ""
        return f"<{self.property.name} {self.outcome.value}{steps}{because}>"
