"""The search through zones: breadth-first, exact, and with an end.

A state is a location with a zone: all times at which a run may be there, as long as it stays. A zone that lies within
another one of the same location, found before, adds nothing and is left out; as that was found in no more steps, the
first schedule that breaks a promise is still a shortest one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.clockwork import Clockwork
from everyway.models.language.system import System
from everyway.models.language.timing import Rule, Timing

from ..growth import Growth, fastest_growing
from ..limits import Limits
from ..memory import budget, in_use
from ..statistics import Statistics, told_limit
from ..verdict import Outcome, Path, Verdict, Visit
from .location import Edge, Limit, Location, Map
from .schedule import Leg, earliest
from .zone import Bound, Emptiness, Zone

Watcher = Callable[[Statistics, int], None]

DECIDED = frozenset(
    {
        PropertyKind.ALWAYS,
        PropertyKind.NEVER,
        PropertyKind.EVERY_STEP,
        PropertyKind.POSSIBLE,
        PropertyKind.NO_DEADLOCK,
    }
)
"""The kinds of promises that zones decide: those about states and steps that can be reached."""


@frozen(eq=False)
class Reasons:
    """What a search relied on, as expressions in the parameters of the timing.

    As long as each of ``negative`` is below zero and none of ``not_positive`` above, whatever can be reached for other
    values of the parameters lies in what this search visited.
    """

    expression: Callable[[Rule, str], Any]
    """The coefficients of what a rule says at least ("low") or at most ("high"). Every parameter is 0 or more."""
    parameters: int
    matters: Callable[[Any], bool] = field(default=lambda world: True)
    """Whether a world needs to be looked at; steps into others are left out."""
    negative: set[tuple[int, ...]] = field(factory=set)
    not_positive: set[tuple[int, ...]] = field(factory=set)


@frozen(eq=False)
class _Node:
    location: Location
    zone: Zone
    parent: int
    edge: Edge | None
    depth: int


class TimedSearch:
    """One search of one system under time bounds: run it once, then read its verdicts and statistics.

    Args:
        system: the system; its time-outs must not be late, and its network not a set.
        timing: the bounds.
        properties: what to decide on the way; promises of other kinds than ``DECIDED`` stay unknown.
        limits: when to stop although states are left.
        watcher: is called several times a second, for progress.
        stop_when_decided: stop as soon as every property is decided.
        reasons: filled with what the search relied on, if given.

    Raises ``UsageError`` if the bounds make no sense for the system.
    """

    def __init__(
        self,
        system: System,
        timing: Timing,
        properties: Sequence[Property] = (),
        *,
        limits: Limits | None = None,
        watcher: Watcher | None = None,
        stop_when_decided: bool = False,
        reasons: Reasons | None = None,
    ) -> None:
        self.system = system
        self.clockwork = Clockwork(system, timing)
        self.bounds = self.clockwork.bounds
        self.properties = tuple(properties)
        self.limits = limits or Limits()
        self.statistics = Statistics()
        self.stopped_by = ""
        self._map = Map(self.clockwork)
        self._nodes: list[_Node] = []
        self._passed: dict[Location, list[Zone]] = {}
        self.worlds: dict[Any, int] = {}
        """Each world that can be reached, with the fewest steps to it."""
        self._taken: set[tuple[Any, Any, Any]] = set()
        self._found: dict[int, tuple[int, Edge | None, Broken | None]] = {}
        """For each decided property by position: the state, the step that leads on from it if that decides, and why."""
        self._bounds: dict[tuple[Rule, str], Bound] = {}
        self._reasons = reasons
        self._watcher = watcher
        self._stop_when_decided = stop_when_decided
        self._started = self._told = self._weighed = time.monotonic()
        self._memory = budget(self.limits.max_memory)
        self._by_kind = {
            kind: [(i, p) for i, p in enumerate(self.properties) if p.kind is kind] for kind in PropertyKind
        }

    @property
    def is_complete(self) -> bool:
        """Whether every state under the bounds was visited and every step taken."""
        return not self.stopped_by and not self.statistics.cut

    @property
    def told_limit(self) -> str:
        """What stopped the search, in words; empty if nothing did."""
        return told_limit(self.stopped_by, self.limits, self.statistics).replace("states", "zones")

    def run(self) -> TimedSearch:
        """Search. Ctrl-C ends the search early; what was found so far remains."""
        waiting: deque[int] = deque()
        try:
            for location in self._map.starts():
                clocks = self._map.clocks(location)
                parameters = None if self._reasons is None else self._reasons.parameters
                number = self._visit(location, Zone.zero(clocks, parameters), -1, None, 0)
                if number is not None:
                    waiting.append(number)
            self.statistics.starts = len(waiting)
            while waiting and not self._must_stop(len(waiting)):
                waiting.extend(self._expand(waiting.popleft()))
        except KeyboardInterrupt:
            self.stopped_by = "interrupt"
        self.statistics.seconds = time.monotonic() - self._started
        return self

    def _expand(self, number: int) -> list[int]:
        node = self._nodes[number]
        is_last = self.limits.max_depth is not None and node.depth >= self.limits.max_depth
        reached: list[int] = []
        is_cut = False
        for edge in self._map.edges(node.location):
            if self._reasons is not None and not self._reasons.matters(edge.target.world):
                continue
            zone = self._limited(node.zone, edge.limits)
            if zone is None:
                continue
            zone = self._staying(edge.target, zone.passed_on(edge.sources))
            if zone is None:
                continue
            if is_last:
                is_cut = is_cut or not self._is_known(edge.target, zone)
                continue
            self._take(number, edge)
            found = self._visit(edge.target, zone, number, edge, node.depth + 1, is_staying=True)
            if self.stopped_by:
                return reached
            if found is not None:
                reached.append(found)
        self.statistics.cut += is_cut
        return reached

    def _visit(
        self,
        location: Location,
        zone: Zone,
        parent: int,
        edge: Edge | None,
        depth: int,
        *,
        is_staying: bool = False,
    ) -> int | None:
        """Note a zone that adds something; return its number, or None if it adds nothing or finds no room."""
        entered = zone if is_staying else self._staying(location, zone)
        if entered is None or self._is_known(location, entered):
            return None
        if self.limits.max_states is not None and len(self._nodes) >= self.limits.max_states:
            self.stopped_by = "max_states"
            return None
        number = len(self._nodes)
        self._nodes.append(_Node(location, entered, parent, edge, depth))
        self._passed.setdefault(location, []).append(entered)
        statistics = self.statistics
        statistics.states += 1
        statistics.depth = max(statistics.depth, depth)
        statistics.spent.update(self.system.spent(location.world))
        if location.world not in self.worlds:
            self.worlds[location.world] = depth
            statistics.worlds += 1
            self._judge_world(number, location.world)
        return number

    def _is_known(self, location: Location, zone: Zone) -> bool:
        including = [other for other in self._passed.get(location, ()) if zone.is_within(other)]
        if not including:
            return False
        if self._reasons is not None:
            fewest = sorted((_inclusion(zone, other) for other in including), key=len)[0]
            self._reasons.not_positive.update(fewest)
        return True

    # Zones.

    def _bound(self, limit: Limit) -> Bound:
        key = (limit.rule, limit.side)
        if key not in self._bounds:
            self._bounds[key] = self._new_bound(limit)
        return self._bounds[key]

    def _new_bound(self, limit: Limit) -> Bound:
        low, high = self.bounds.ticks(limit.rule)
        ticks = low if limit.side == "low" else high
        expression = None
        if self._reasons is not None:
            expression = self._reasons.expression(limit.rule, limit.side)
        return Bound(ticks or 0, expression)

    def _limited(self, zone: Zone, limits: Sequence[Limit]) -> Zone | None:
        for limit in limits:
            bound = self._bound(limit)
            ends = (0, limit.clock) if limit.kind == "at least" else (limit.clock, 0)
            found = zone.bounded(*ends, -bound if limit.kind == "at least" else bound)
            if isinstance(found, Emptiness):
                if self._reasons is not None:
                    self._reasons.negative.add(tuple(found.cycle.tolist()))
                return None
            zone = found
        return zone

    def _staying(self, location: Location, zone: Zone) -> Zone | None:
        """Return the times at which a run that enters a location may be there."""
        stay = self._map.stay(location)
        entered = self._limited(zone, stay.limits)
        if entered is None or stay.is_urgent:
            return entered
        return self._limited(entered.later(), stay.limits)

    def _must_stop(self, frontier: int) -> bool:
        if self.stopped_by:
            return True
        if self._stop_when_decided and self.properties and len(self._found) == len(self.properties):
            self.stopped_by = "decided"
            return True
        now = time.monotonic()
        if self.limits.max_seconds is not None and now - self._started > self.limits.max_seconds:
            self.stopped_by = "max_seconds"
            return True
        if now - self._weighed > 0.2:
            self._weighed = now
            if in_use() > self._memory:
                self.stopped_by = "max_memory"
                return True
        if self._watcher and now - self._told > 0.1:
            self._told = now
            self.statistics.seconds = now - self._started
            self._watcher(self.statistics, frontier)
        return False

    # Judging.

    def _judge_world(self, number: int, world: Any) -> None:
        for kind in (PropertyKind.ALWAYS, PropertyKind.NEVER):
            for position, prop in self._by_kind[kind]:
                if prop.is_premise_met(world):
                    self.statistics.premises[prop.name] += 1
                    if position not in self._found and (flaw := prop.judge(world)) is not None:
                        self._found[position] = (number, None, flaw)
        for position, prop in self._by_kind[PropertyKind.POSSIBLE]:
            if position not in self._found and prop.judge(world) is None:
                self._found[position] = (number, None, None)
        if self._nodes[number].parent < 0:
            for position, prop in self._by_kind[PropertyKind.EVERY_STEP]:
                if position not in self._found and (flaw := prop.judge_start(world)) is not None:
                    self._found[position] = (number, None, flaw)
        # Whatever is not a fault can be taken sooner or later, as nothing can be due that cannot happen.
        steps = self.clockwork.situation(world).steps
        if all(action.is_fault or after == world for action, after in steps):
            self.statistics.ends += 1
            for position, prop in self._by_kind[PropertyKind.NO_DEADLOCK]:
                if position not in self._found and (flaw := prop.judge(world)) is not None:
                    self._found[position] = (number, None, flaw)

    def _take(self, number: int, edge: Edge) -> None:
        self.statistics.transitions += 1
        self.statistics.count(edge.action)
        step = (self._nodes[number].location.world, edge.action, edge.target.world)
        if step in self._taken:
            return
        self._taken.add(step)
        for position, prop in self._by_kind[PropertyKind.EVERY_STEP]:
            if prop.is_premise_met(*step):
                self.statistics.premises[prop.name] += 1
                if position not in self._found and (flaw := prop.judge(*step)) is not None:
                    self._found[position] = (number, edge, flaw)

    # What was found.

    def legs_to(self, number: int, last: Edge | None = None) -> tuple[Location, tuple[Leg, ...]]:
        """Return where a run began, and its way from there to a state and perhaps one step beyond."""
        edges = [] if last is None else [last]
        while self._nodes[number].parent >= 0:
            edge = self._nodes[number].edge
            if edge is not None:
                edges.append(edge)
            number = self._nodes[number].parent
        edges.reverse()
        start = self._nodes[number].location
        return start, tuple(Leg(edge, self._map.stay(edge.target)) for edge in edges)

    def run_of(self, position: int) -> tuple[Location, tuple[Leg, ...]] | None:
        """Return the run that decided the property at this position; None if none did."""
        if position not in self._found:
            return None
        number, edge, _ = self._found[position]
        return self.legs_to(number, edge)

    def first_stay(self, location: Location) -> Any:
        """Return what bounds the stay at a run's start."""
        return self._map.stay(location)

    def growth(self) -> Growth | None:
        """Return the part of the state that kept growing."""
        return fastest_growing([node.location.world for node in self._nodes])

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property."""
        return tuple(self._verdict(position, prop) for position, prop in enumerate(self.properties))

    def _verdict(self, position: int, prop: Property) -> Verdict:
        if prop.kind not in DECIDED:
            return Verdict(
                prop,
                Outcome.UNKNOWN,
                why=f"time bounds decide promises about states and steps, not '{prop.kind.value}'; "
                f"ask without --delay and --timeout-of",
            )
        if position in self._found:
            number, edge, flaw = self._found[position]
            start, legs = self.legs_to(number, edge)
            path: Path = (
                Visit(None, start.world),
                *(Visit(leg.edge.action, leg.edge.target.world) for leg in legs),
            )
            ticks = earliest(self.bounds, self._map.stay(start), legs)
            outcome = Outcome.HOLDS if prop.kind is PropertyKind.POSSIBLE else Outcome.VIOLATED
            times = tuple(tick * self.bounds.tick for tick in ticks)
            return Verdict(prop, outcome, path, flaw, times=times)
        if not self.is_complete:
            return Verdict(prop, Outcome.UNKNOWN, why=self.told_limit)
        if prop.kind is PropertyKind.POSSIBLE:
            return Verdict(prop, Outcome.VIOLATED, broken=Broken("no reachable state satisfies it"))
        return Verdict(prop, Outcome.HOLDS)


def _inclusion(zone: Zone, other: Zone) -> list[tuple[int, ...]]:
    """Return what must not be above zero so that a zone stays within another one, but for what is always so."""
    matters = other.bounds < zone.bounds.dtype.type(1) << zone.bounds.dtype.type(59)
    differences = (zone.origins - other.origins)[matters]
    # All parameters are 0 or more: what has no positive coefficient is never above zero.
    open_ones = differences[(differences > 0).any(axis=1)]
    return [tuple(row) for row in np.unique(open_ones, axis=0).tolist()]
