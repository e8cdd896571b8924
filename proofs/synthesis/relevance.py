"""Which choices of a strategy a violation rests on: any other strategy that makes these is broken by the same run.

Only what the run looks at counts. What is sent and never arrives does not; nor does the state after a replica's last
step. A violation that rests on fewer choices rules out more strategies at once.

What does not count may be chosen otherwise without saving the strategy. It may lead to one more message under way:
that never arrives in the run in question, and if a second one is sent on top of it, the strategy has left the family.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from .demands import Promise, Violation
from .runs import PARTITION, Deed, RunState, is_cut
from .strategy import NOTHING, READ, RECEIVE, TICK, WRITE, Cell, Occasion, Part, Strategy


@frozen
class _Event:
    """A replica's step in a run."""

    number: int
    cell: Cell
    before: RunState
    after: RunState

    @property
    def replica(self) -> int:
        return self.cell.replica


def relevant(strategy: Strategy, violation: Violation) -> frozenset[Part]:
    """Return the choices that a violation rests on."""
    return _Relevance(strategy, violation).parts()


class _Relevance:
    def __init__(self, strategy: Strategy, violation: Violation) -> None:
        self.strategy = strategy
        self.family = strategy.family
        self.violation = violation
        self.events: list[_Event] = []
        path = violation.path
        for number in range(1, len(path)):
            deed, before, after = path[number][0], path[number - 1][1], path[number][1]
            assert isinstance(deed, Deed)
            if deed.occasion.kind != PARTITION:
                cell = Cell(deed.replica, before.states[deed.replica], deed.occasion)
                self.events.append(_Event(number, cell, before, after))
        self._parts: set[Part] = set()
        self._followed: set[int] = set()

    def parts(self) -> frozenset[Part]:
        """Return the choices."""
        if self.violation.loop is None:
            self._of_a_stem()
        else:
            self._of_a_loop(self.violation.loop)
        return frozenset(self._parts)

    # Runs that end with something bad.

    def _of_a_stem(self) -> None:
        last = self.events[-1]
        if self.violation.overflow:
            link = self.violation.path[-1][1].overflow
            sender, to = _ends(link, self.family.replicas)
            first = self._sender_of(sender, to, last.number)
            for event in (last, first):
                self._use(event, Part(event.cell, "send", to))
        elif self.violation.demand.promise is Promise.VALID:
            self._use_answer(last)
        else:
            # Dropping an answer from a history cannot make what is left harder to explain: all of them count.
            for event in self.events:
                if self._answers(event):
                    self._use_answer(event)

    def _answers(self, event: _Event) -> bool:
        return self._is_awaited(event) and not event.after.waiting[event.replica]

    def _use_answer(self, answer: _Event) -> None:
        """Use an answer, and that nothing was answered before it: from the request on, as the first answer counts."""
        for event in self._since_request(answer):
            self._use(event, Part(event.cell, "reply"))

    def _since_request(self, last: _Event) -> Iterator[_Event]:
        """Yield a replica's steps up to one, back to the request that its client is waiting for there."""
        for event in reversed(self.events):
            if event.number <= last.number and event.replica == last.replica:
                yield event
                if event.cell.occasion.kind in (WRITE, READ):
                    return

    # Runs that go round for ever.

    def _of_a_loop(self, loop: int) -> None:
        path, replica = self.violation.path, self.violation.replica
        end = path[-1][1]
        side = [other for other in range(self.family.replicas) if not is_cut(end.cut, replica, other)]
        own = set(side)
        for event in self.events:
            if event.replica not in own:
                continue  # it counts only if something that it sent arrives on this side
            self._use(event, Part(event.cell, "next"))
            for other in side:
                # A message more would have to be delivered at last, or the run would not be fair.
                if other != event.replica:
                    self._use(event, Part(event.cell, "send", other))
        everybody = self.violation.demand.promise is Promise.CONVERGENT
        for event in self.events:
            # Whoever asked again had been answered, and who waits in the end was not answered since.
            counts = event.replica == replica or self._asks_later(event)
            if self._is_awaited(event) and event.replica in own and (everybody or counts):
                self._use(event, Part(event.cell, "reply"))
        self._rest(loop, side)

    def _is_awaited(self, event: _Event) -> bool:
        """Return whether an answer would be one that somebody waits for."""
        return bool(event.before.waiting[event.replica]) or event.cell.occasion.kind in (WRITE, READ)

    def _asks_later(self, event: _Event) -> bool:
        return any(
            later.replica == event.replica
            and later.number > event.number
            and later.cell.occasion.kind in (WRITE, READ)
            for later in self.events
        )

    def _rest(self, loop: int, side: list[int]) -> None:
        """Use that a replica's tick does nothing somewhere in the loop, where the loop has no tick of it."""
        path = self.violation.path
        round_trip = [state for _, state in path[loop:]]
        for replica in side:
            ticks = any(
                event.number > loop and event.replica == replica and event.cell.occasion.kind == TICK
                for event in self.events
            )
            if ticks:
                continue
            cells = [(Cell(replica, state.states[replica], Occasion(TICK)), state) for state in round_trip]
            idle = [(cell, state) for cell, state in cells if self._is_idle(cell, state)]
            cell, state = min(idle, key=lambda pair: Part(pair[0], "next") not in self._parts)
            self._parts.add(Part(cell, "next"))
            self._parts |= {Part(cell, "send", other) for other in side if other != replica}
            if state.waiting[replica]:
                self._parts.add(Part(cell, "reply"))

    def _is_idle(self, cell: Cell, state: RunState) -> bool:
        move = self.strategy.moves[cell]
        answers = move.reply != NOTHING and bool(state.waiting[cell.replica])
        return move.next == cell.state and not any(move.sends) and not answers

    # What a choice rests on itself.

    def _use(self, event: _Event, part: Part) -> None:
        self._parts.add(part)
        if event.number in self._followed:
            return
        self._followed.add(event.number)
        earlier = self._before(event)
        if earlier is not None:
            self._use(earlier, Part(earlier.cell, "next"))
        kind, sender, _ = event.cell.occasion
        if kind == RECEIVE:
            source = self._sender_of(sender, event.replica, event.number)
            self._use(source, Part(source.cell, "send", event.replica))
        elif kind in (WRITE, READ) and (past := self._past_request(event)) is not None:
            # A client asks again only once it was answered.
            for answered in self._between(past, event):
                self._use(answered, Part(answered.cell, "reply"))

    def _before(self, event: _Event) -> _Event | None:
        return next(
            (
                one
                for one in reversed(self.events)
                if one.number < event.number and one.replica == event.replica
            ),
            None,
        )

    def _sender_of(self, sender: int, to: int, number: int) -> _Event:
        """Return the step that sent what is on a link before a step."""
        for event in reversed(self.events):
            is_earlier = event.number < number and event.replica == sender
            if is_earlier and self.strategy.moves[event.cell].sends[to - (to > sender)]:
                return event
        raise AssertionError("what is under way was sent")

    def _past_request(self, event: _Event) -> _Event | None:
        return next(
            (
                one
                for one in reversed(self.events)
                if one.number < event.number
                and one.replica == event.replica
                and one.cell.occasion.kind in (WRITE, READ)
            ),
            None,
        )

    def _between(self, first: _Event, last: _Event) -> Iterator[_Event]:
        """Yield a replica's steps from a request on while its client waits."""
        for event in self.events:
            is_between = event.replica == first.replica and first.number <= event.number < last.number
            if is_between and self._is_awaited(event):
                yield event


def _ends(link: int, replicas: int) -> tuple[int, int]:
    sender, place = divmod(link, replicas - 1)
    return sender, place + (place >= sender)
