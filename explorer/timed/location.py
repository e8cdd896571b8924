"""A location: a world with the clocks that run in it, and the steps that lead on from there.

A message that has waited longer than any bound on it asks for is *ripe* and needs no clock any more: it arrives at
once when it can, or, if there is no longest delay, whenever it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import field, frozen

from everyway.models.language.action import Action, Kind
from everyway.models.language.clockwork import Clockwork, Timer
from everyway.models.language.message import Envelope
from everyway.models.language.timing import Rule
from everyway.models.language.world import World


@frozen(cache_hash=True)
class Location:
    """A world, the messages that have clocks, and the timers."""

    world: World
    copies: tuple[tuple[Envelope, bool], ...] = ()
    """Messages in flight, each with whether it is ripe."""
    timers: tuple[Timer, ...] = ()

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The messages, ripe or not."""
        return tuple(envelope for envelope, _ in self.copies)


@frozen
class Limit:
    """A bound on a clock: at least, or at most, what a rule says is the least or the most."""

    clock: int
    kind: Literal["at least", "at most"]
    rule: Rule
    side: Literal["low", "high"]


@frozen
class Edge:
    """A step from one location to another."""

    action: Action
    target: Location
    limits: tuple[Limit, ...]
    """What must be true of the clocks when it is taken."""
    sources: tuple[int, ...]
    """For each clock of the target the one here that it goes on from; 0 if it starts."""


@frozen
class Stay:
    """What is true of the clocks as long as a run stays in a location."""

    limits: tuple[Limit, ...]
    is_urgent: bool
    """Whether something is due, so that no time may pass."""


@frozen
class Map:
    """Locations and edges, made as they are asked for."""

    clockwork: Clockwork
    _stays: dict[Location, Stay] = field(factory=dict, init=False)
    _edges: dict[Location, tuple[Edge, ...]] = field(factory=dict, init=False)
    _known: dict[Location, Location] = field(factory=dict, init=False)
    """Equal locations become one object, which tables find quicker."""

    def starts(self) -> Iterator[Location]:
        """Yield the locations at the start, whose clocks all show zero."""
        for world in self.clockwork.system.initial():
            yield Location(world, (), self.clockwork.situation(world).timers)

    def clocks(self, location: Location) -> int:
        """Return how many clocks run."""
        return sum(self._has_clock(copy) for copy in location.copies) + len(location.timers)

    def stay(self, location: Location) -> Stay:
        """Return what bounds a stay in a location."""
        if location not in self._stays:
            self._stays[location] = self._new_stay(location)
        return self._stays[location]

    def edges(self, location: Location) -> tuple[Edge, ...]:
        """Return every step out of a location, with each way in which clocks may be passed on."""
        if location not in self._edges:
            self._edges[location] = tuple(self._new_edges(location))
        return self._edges[location]

    def _has_clock(self, copy: tuple[Envelope, bool]) -> bool:
        envelope, is_ripe = copy
        return not is_ripe and not self.clockwork.bounds.delay_rule(envelope).takes.is_any

    def _numbers(self, location: Location) -> dict[int | Timer, int]:
        """Return the number of each clock: of a message by its position, of a timer by its name."""
        keys: list[int | Timer] = [
            position for position, copy in enumerate(location.copies) if self._has_clock(copy)
        ]
        return {key: number for number, key in enumerate([*keys, *location.timers], 1)}

    def _new_stay(self, location: Location) -> Stay:
        bounds, numbers = self.clockwork.bounds, self._numbers(location)
        limits = []
        is_urgent = False
        situation = self.clockwork.situation(location.world)
        for position in self.clockwork.heads(location.envelopes, situation):
            rule = bounds.delay_rule(location.envelopes[position])
            if rule.takes.high is None:
                continue
            if position in numbers:
                limits.append(Limit(numbers[position], "at most", rule, "high"))
            else:
                is_urgent = True
        for timer in location.timers:
            rule_of_timer = bounds.timer_rule(*timer)
            if rule_of_timer is not None and rule_of_timer.takes.high is not None:
                limits.append(Limit(numbers[timer], "at most", rule_of_timer, "high"))
        return Stay(tuple(limits), is_urgent)

    def _new_edges(self, location: Location) -> Iterator[Edge]:
        clockwork, numbers = self.clockwork, self._numbers(location)
        situation = clockwork.situation(location.world)
        hurried = {limit.clock for limit in self.stay(location).limits}
        for action, after in situation.steps:
            first: list[Limit] = []
            if action.kind is Kind.TIMEOUT and action.node:
                timer = (action.node, action.handler)
                rule = clockwork.bounds.timer_rule(*timer)
                if rule is not None:
                    first.append(Limit(numbers[timer], "at least", rule, "low"))
            timers = tuple(clockwork.timers(location.world, action, after))
            for passage in clockwork.passages(location.world, location.envelopes, action, after):
                limits = list(first)
                if action.kind in (Kind.DELIVERY, Kind.DROP) and passage.used in numbers:
                    rule = clockwork.bounds.delay_rule(location.envelopes[passage.used or 0])
                    limits.append(Limit(numbers[passage.used or 0], "at least", rule, "low"))
                kept = {source for _, source in passage.copies if source is not None}
                idle = [p for p in kept if p in numbers and numbers[p] not in hurried]
                for ripe, more in self._ripening(location, idle, numbers):
                    copies, sources = [], []
                    for envelope, source in passage.copies:
                        is_ripe = source is not None and (location.copies[source][1] or source in ripe)
                        copies.append((envelope, is_ripe))
                        if self._has_clock(copies[-1]):
                            sources.append(0 if source is None else numbers[source])
                    sources += [0 if is_set else numbers[timer] for timer, is_set in timers]
                    target = Location(after, tuple(copies), tuple(timer for timer, _ in timers))
                    target = self._known.setdefault(target, target)
                    yield Edge(action, target, (*limits, *more), tuple(sources))

    def _ripening(
        self, location: Location, idle: list[int], numbers: dict[int | Timer, int]
    ) -> Iterator[tuple[frozenset[int], list[Limit]]]:
        """Yield each set of waiting messages that may be ripe by now, with what that says of the clocks."""
        if not idle:
            yield frozenset(), []
            return
        position, *others = idle
        rule = self.clockwork.bounds.delay_rule(location.envelopes[position])
        side: Literal["low", "high"] = "low" if rule.takes.high is None else "high"
        for ripe, limits in self._ripening(location, others, numbers):
            yield ripe, [Limit(numbers[position], "at most", rule, side), *limits]
            yield ripe | {position}, [Limit(numbers[position], "at least", rule, side), *limits]
