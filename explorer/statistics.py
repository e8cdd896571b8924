"""Statistics: what a search saw, counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field, frozen

from everyway.models.language.action import Action, Kind

from .limits import Limits


@frozen
class Deed:
    """What kind of step was taken: the unit in which steps are counted."""

    kind: Kind
    node: str | None = None
    handler: str = ""
    message: type | None = None
    crashed: bool = False
    is_false: bool = False
    label: str = ""
    """For steps of plain transition systems: the action as text."""


@define
class Statistics:
    """Counts of one search."""

    states: int = 0
    """Distinct states visited."""
    worlds: int = 0
    """Under time bounds, where a state is a world with a zone of clock values: the distinct worlds."""
    transitions: int = 0
    """Steps between them, those that change nothing included. Where a limit on states stopped a search on tables, those
    of all states that were expanded together with the one at which it was reached."""
    depth: int = 0
    """Breadth-first: the most steps that a state is away from the start. Depth-first: the longest path tried."""
    starts: int = 0
    """Distinct initial states."""
    ends: int = 0
    """States in which nothing can happen any more, faults aside."""
    deeds: Counter[Deed] = field(factory=Counter)
    """How often each kind of step was taken."""
    sent: Counter[type] = field(factory=Counter)
    """How often a message of each class was sent."""
    spent: Counter[str] = field(factory=Counter)
    """In how many states each fault budget was used up."""
    premises: Counter[str] = field(factory=Counter)
    """How often the premise of each property that has one was true."""
    cut: int = 0
    """States at the depth limit that have successors which were not visited."""
    seconds: float = 0.0
    values: dict[str, int] = field(factory=dict, eq=False)
    """How many distinct values each component of the state took, as far as the engine knows."""
    memory: int = field(default=0, eq=False)
    """What was held in memory for the states, in bytes, as far as the engine knows."""
    peak: int = field(default=0, eq=False)
    """The most memory that the program had up to then, in bytes, whatever for."""
    alike: str = field(default="", eq=False)
    """The nodes that are interchangeable, in words, if states that differ only in their names counted as one."""
    sample: str = field(default="", eq=False)
    """What was tried on some orders of these nodes' names only, in words; empty if everything was on all."""
    unkept: str = field(default="", eq=False)
    """Why the last checkpoint could not be written; empty if it could, or none was asked for."""
    told_apart: str = field(default="", eq=False)
    """Why nodes that the protocol says are interchangeable were told apart; empty if they were not."""

    def count(self, action: Any, times: int = 1) -> None:
        """Count a step that was taken so many times."""
        if isinstance(action, Action):
            message = type(action.envelope.message) if action.envelope else None
            deed = Deed(action.kind, action.node, action.handler, message, action.crashed, action.is_false)
            for envelope in action.sent:
                self.sent[type(envelope.message)] += times
        else:
            deed = Deed(Kind.OTHER, label=str(action))
        self.deeds[deed] += times

    def taken(self, *kinds: Kind) -> int:
        """Return how many steps of these kinds were taken."""
        return sum(times for deed, times in self.deeds.items() if deed.kind in kinds)


def told_limit(stopped_by: str, limits: Limits, statistics: Statistics) -> str:
    """Return what stopped a search, in words; empty if nothing did."""
    seen = f"{statistics.states:,} states"
    match stopped_by:
        case "max_states":
            return f"stopped at the limit of {limits.max_states:,} states"
        case "max_seconds":
            return f"stopped after {limits.max_seconds:g} s, at {seen}"
        case "max_memory":
            return f"stopped as the memory for it was used up, at {seen}"
        case "interrupt":
            return f"interrupted after {statistics.seconds:.1f} s, at {seen}"
        case "decided":
            return f"stopped at {seen}, as soon as every property was decided"
    if statistics.cut:
        return f"cut at depth {limits.max_depth}: {statistics.cut:,} states have more to come"
    return ""
