"""The clockwork of a timed system: which clocks run in each world, and what a step makes of them.

A message in flight has a clock that shows how long ago it was sent, a time-out one that shows how long its node has
waited. Here is only what does not depend on how much time has passed, so that the reference semantics and the zones
share it: which copies of a message a step may be about, and which timers it sets.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from .action import Action, Kind
from .message import Envelope, NodeId, envelope_order
from .naming import order_key
from .network import Fifo
from .system import System
from .timing import Bounds, Timing
from .world import World

Timer = tuple[NodeId, str]
"""A node and one of its time-outs."""

_TAKES_ONE = frozenset({Kind.DELIVERY, Kind.DROP, Kind.LOSS})


@frozen
class Situation:
    """What can happen in a world, and which clocks hurry it."""

    steps: tuple[tuple[Action, World], ...]
    arriving: frozenset[Envelope]
    """Messages that can be delivered, or arrive at a node that is down; others wait, however old they are."""
    timers: tuple[Timer, ...]
    """The time-outs that are running and bounded."""


@frozen
class Passage:
    """One way in which a step passes the clocks on: equal messages may be of different ages."""

    used: int | None
    """The copy that is delivered, dropped, lost or duplicated, if it has a clock."""
    copies: tuple[tuple[Envelope, int | None], ...]
    """The messages afterwards, each with the copy whose age it has; None if it was just sent."""


class Clockwork:
    """The clocks of a system under time bounds."""

    def __init__(self, system: System, timing: Timing) -> None:
        self.system = system
        self.bounds = Bounds(system, timing)
        self._situations: dict[World, Situation] = {}

    def situation(self, world: World) -> Situation:
        """Return what can happen in a world; asked again, from memory."""
        found = self._situations.get(world)
        if found is None:
            steps = tuple(self.system.steps(world))
            arriving = frozenset(
                action.envelope
                for action, _ in steps
                if action.kind in (Kind.DELIVERY, Kind.DROP) and action.envelope
            )
            running = {
                (action.node, action.handler)
                for action, _ in steps
                if action.kind is Kind.TIMEOUT
                and action.node
                and self.bounds.timer_rule(action.node, action.handler)
            }
            found = Situation(steps, arriving, tuple(sorted(running, key=order_key)))
            self._situations[world] = found
        return found

    def heads(self, copies: tuple[Envelope, ...], situation: Situation) -> Iterator[int]:
        """Yield the positions of the copies that can arrive now: of a queue only the oldest."""
        seen: set[tuple[NodeId, NodeId]] = set()
        for position, envelope in enumerate(copies):
            channel = (envelope.sender, envelope.to)
            is_first = channel not in seen
            seen.add(channel)
            if envelope in situation.arriving and (is_first or not self._is_fifo(envelope)):
                yield position

    def passages(
        self, world: World, copies: tuple[Envelope, ...], action: Action, after: World
    ) -> Iterator[Passage]:
        """Yield every way in which a step can pass on the clocks of the messages in flight."""
        sent = [(envelope, None) for envelope in action.sent]
        kept: list[tuple[Envelope, int | None]] = [(envelope, n) for n, envelope in enumerate(copies)]
        envelope = action.envelope
        if envelope is None or envelope not in copies:  # one without a clock
            yield Passage(None, self._ordered([*kept, *sent]))
            return
        is_fifo = self._is_fifo(envelope)
        queue = self._queue(after, envelope)
        for position, other in enumerate(copies):
            if other != envelope:
                continue
            if action.kind in _TAKES_ONE:
                left = [*kept[:position], *kept[position + 1 :]]
            else:
                left = [*kept[: position + 1], (envelope, position), *kept[position + 1 :]]
            found = self._ordered([*left, *sent])
            if is_fifo and self._channel(found, envelope) != queue:
                continue  # the action is about another copy in the queue
            yield Passage(position, found)

    def timers(self, before: World, action: Action, after: World) -> Iterator[tuple[Timer, bool]]:
        """Yield the timers that run after a step, each with whether the step set it anew."""
        running = self.situation(before).timers
        for timer in self.situation(after).timers:
            yield timer, timer not in running or self._sets(timer, before, action, after)

    def _sets(self, timer: Timer, before: World, action: Action, after: World) -> bool:
        node, name = timer
        if action.node != node or not action.handler:
            return False
        if action.kind is Kind.TIMEOUT and action.handler == name:
            return True
        handler = self.bounds.handler(node, name)
        return handler.trigger.since is None or handler.since(before[node]) != handler.since(after[node])

    def _is_fifo(self, envelope: Envelope) -> bool:
        return self.system.network.value == "fifo"

    def _queue(self, world: World, envelope: Envelope) -> tuple[Envelope, ...]:
        box = world.mailboxes[self.system.roster.position[envelope.to]]
        return dict(box.queues).get(envelope.sender, ()) if isinstance(box, Fifo) else ()

    def _channel(
        self, copies: tuple[tuple[Envelope, int | None], ...], envelope: Envelope
    ) -> tuple[Envelope, ...]:
        ends = (envelope.sender, envelope.to)
        return tuple(one for one, _ in copies if (one.sender, one.to) == ends)

    def _ordered(self, copies: list[tuple[Envelope, int | None]]) -> tuple[tuple[Envelope, int | None], ...]:
        """Return the copies in an order that does not depend on when they were sent, but for queues and for equals.

        In a bag a message that may take any time needs no clock; in a queue it holds its place.
        """
        if copies and self._is_fifo(copies[0][0]):
            return tuple(sorted(copies, key=lambda one: (order_key(one[0].sender), order_key(one[0].to))))
        clocked = [one for one in copies if not self.bounds.delay_rule(one[0]).takes.is_any]
        return tuple(sorted(clocked, key=lambda one: envelope_order(one[0])))
