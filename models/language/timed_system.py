"""A timed system: a system whose messages and time-outs take the time that they are given.

This is the reference semantics of time, in plain Python, with ages that are numbers:

- A message can be delivered (or arrive at a node that is down) once it is as old as the shortest delay. Once it is as
  old as the longest, time does not pass before it is. A message that cannot be delivered (its receiver wants it
  later, a partition is between, an older one is before it in a queue) hurries nothing while it waits, and is handled at
  once when it can be, if it is older than that by then.
- A time-out fires when its node has waited as long as its bounds say; time does not pass beyond the longest. Its timer
  starts when the time-out becomes possible, and anew as ``timeout(since=...)`` says.
- Everything else takes no time, and happens at any moment: choices, faults, repairs, suspicions, other time-outs.

As all bounds are closed, whatever can be reached at real times can be reached at whole ticks (Henzinger, Manna &
Pnueli, "What good are digital clocks?", 1992). So the digital clocks here decide as much as zones do, if more slowly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from .action import Action, Kind
from .clockwork import Clockwork, Timer
from .message import Envelope
from .system import System
from .timing import Timing
from .world import World

TICK = Action(Kind.OTHER, label="a tick passes")


@frozen(cache_hash=True)
class TimedWorld:
    """A world, with how old everything is, in ticks."""

    world: World
    copies: tuple[tuple[Envelope, int], ...] = ()
    """Messages in flight that have a clock."""
    timers: tuple[tuple[Timer, int], ...] = ()

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """The messages, without their ages."""
        return tuple(envelope for envelope, _ in self.copies)


class TimedSystem:
    """A system under time bounds, as a transition system with digital clocks.

    Raises ``UsageError`` if the bounds make no sense for the system.
    """

    def __init__(self, system: System, timing: Timing) -> None:
        self.system = system
        self.clockwork = Clockwork(system, timing)
        self.bounds = self.clockwork.bounds

    def initial(self) -> Iterator[TimedWorld]:
        """Yield the worlds at the start, with all clocks at zero."""
        for world in self.system.initial():
            timers = self.clockwork.situation(world).timers
            yield TimedWorld(world, timers=tuple((timer, 0) for timer in timers))

    def steps(self, state: TimedWorld) -> Iterator[tuple[Action, TimedWorld]]:
        """Yield every step that can be taken now, and the passing of a tick if nothing is due."""
        for action, after in self.clockwork.situation(state.world).steps:
            for following in self.after(state, action, after):
                yield action, following
        later = self.advanced(state, 1)
        if later is not None and later != state:
            yield TICK, later

    def after(self, state: TimedWorld, action: Action, after: World) -> Iterator[TimedWorld]:
        """Yield the states that a step may lead to now: none if it is too early for it."""
        ages = dict(state.timers)
        if action.kind is Kind.TIMEOUT and action.node:
            timer = (action.node, action.handler)
            rule = self.bounds.timer_rule(*timer)
            if rule is not None and ages[timer] < self.bounds.ticks(rule)[0]:
                return
        timers = tuple(
            (timer, 0 if is_set else ages[timer])
            for timer, is_set in self.clockwork.timers(state.world, action, after)
        )
        for passage in self.clockwork.passages(state.world, state.envelopes, action, after):
            if passage.used is not None and action.kind in (Kind.DELIVERY, Kind.DROP):
                envelope, age = state.copies[passage.used]
                if age < self._delay(envelope)[0]:
                    continue
            copies = tuple(
                (envelope, 0 if source is None else state.copies[source][1])
                for envelope, source in passage.copies
            )
            yield TimedWorld(after, copies, timers)

    def advanced(self, state: TimedWorld, ticks: int) -> TimedWorld | None:
        """Return the state after some time in which nothing happens; None if something is due before."""
        situation = self.clockwork.situation(state.world)
        heads = set(self.clockwork.heads(state.envelopes, situation))
        if ticks:
            for timer, age in state.timers:
                rule = self.bounds.timer_rule(*timer)
                most = self.bounds.ticks(rule)[1] if rule else None
                if most is not None and age + ticks > most:
                    return None
            for position in heads:
                envelope, age = state.copies[position]
                most = self._delay(envelope)[1]
                if most is not None and age + ticks > most:
                    return None
        copies = tuple((envelope, self._aged(envelope, age + ticks)) for envelope, age in state.copies)
        timers = tuple((timer, self._waited(timer, age + ticks)) for timer, age in state.timers)
        return evolve(state, copies=copies, timers=timers)

    def rejects(self, run: Sequence[tuple[Any, World]], times: Sequence[int]) -> str:
        """Return why a run cannot happen at these times, in ticks; nothing if it can.

        The first pair is the start, whose action is None, and the first time is zero.
        """
        states: Iterable[TimedWorld] = [one for one in self.initial() if one.world == run[0][1]]
        now = times[0]
        for number, ((action, after), time) in enumerate(zip(run[1:], times[1:], strict=True), 1):
            waited = [self.advanced(state, time - now) for state in states] if time >= now else []
            if not any(waited):
                return f"something is due before step {number} at {time} ticks"
            states = [
                following
                for state in waited
                if state is not None
                for following in self.after(state, action, after)
            ]
            if not states:
                return f"it is too early for step {number}, '{action}', at {time} ticks"
            now = time
        return ""

    def _delay(self, envelope: Envelope) -> tuple[int, int | None]:
        return self.bounds.ticks(self.bounds.delay_rule(envelope))

    def _aged(self, envelope: Envelope, age: int) -> int:
        """Return a message's age, as far as it makes a difference."""
        low, high = self._delay(envelope)
        return min(age, low if high is None else high)

    def _waited(self, timer: Timer, age: int) -> int:
        rule = self.bounds.timer_rule(*timer)
        low, high = self.bounds.ticks(rule) if rule else (0, None)
        return min(age, low if high is None else high)
