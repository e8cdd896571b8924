"""Consistency on the fly: observers that watch every run of a protocol, and promises about what they saw.

An observer is told by a function of yours which operations a step begins and ends::

    def calls(event):
        if event.action.handler == "ask":
            yield Invoked(Call(event.node, "read"))
        elif isinstance(event.message, Answer) and event.after.state is not event.before.state:
            yield Returned(event.node, event.message.value)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache
from itertools import count
from typing import Any

from attrs import evolve, field, frozen

from everyway.invariants.property import Property, always
from everyway.models.language.errors import ModelError
from everyway.models.language.naming import shown
from everyway.models.language.observer import Event, Observer
from everyway.models.language.world import World

from .checker import Judgement, sequentially_consistent
from .history import Call, Gone, Happening, History, Invoked, Operation, Returned
from .objects import SequentialObject

Calls = Callable[[Event], Iterable[Happening]]
Configuration = tuple[Hashable, frozenset[tuple[str, Any]]]
"""What may be the case: the object's state, and the operations under way that have taken effect, with their answers."""


@frozen
class Linearizability(Observer):
    """Follows every way in which the operations so far may have taken effect; there must be one.

    It remembers no history but only where it may have led, so it stays small: the object's possible states, each with
    those operations under way that have taken effect already. One takes effect only when an answer demands it, which
    loses nothing (Lowe 2017, section 4). A client that is ``Gone`` counts as one that never comes back.
    """

    kind: SequentialObject
    calls: Calls = field(eq=False, repr=False)
    possible: frozenset[Configuration] = field()
    pending: frozenset[Call] = frozenset()
    """The operations under way."""
    broken: str = ""
    """What could not be explained, in words; once anything could not, nothing else is watched."""

    @possible.default
    def _begin(self) -> frozenset[Configuration]:
        return frozenset([(self.kind.begin(), frozenset())])

    def observe(self, event: Event) -> Linearizability:
        """Return what is possible after a step."""
        seen = self
        for happening in self.calls(event):
            seen = seen.after(happening)
        return seen

    def after(self, happening: Happening) -> Linearizability:
        """Return what is possible after an operation began or ended.

        Raises ``ModelError`` for an answer to nothing, and for a second call before the answer to the first.
        """
        if self.broken:
            return self
        match happening:
            case Invoked(call):
                if any(one.client == call.client for one in self.pending):
                    raise ModelError(
                        f"client {call.client} begins {call} before its last operation has ended."
                    )
                return evolve(self, pending=self.pending | {call})
            case Returned(client, result):
                return self._returned(client, result)
            case Gone(client):
                return self._gone(client)

    def _returned(self, client: str, result: Any) -> Linearizability:
        call = self._call_of(client)
        if call is None:
            raise ModelError(f"client {client} got the answer {shown(result)} to nothing it had asked.")
        explained = frozenset(
            (state, taken - {(client, result)})
            for state, taken in self._until(client)
            if (client, result) in taken
        )
        pending = self.pending - {call}
        if not explained:
            answers = sorted(
                {shown(answer) for _, taken in self._until(client) for who, answer in taken if who == client}
            )
            could = f"; one copy could have answered {' or '.join(answers)}" if answers else ""
            return evolve(
                self,
                possible=frozenset(),
                pending=frozenset(),
                broken=f"nothing explains {call} → {shown(result)}{could}",
            )
        return evolve(self, possible=explained, pending=pending)._without_what_is_past()

    def _gone(self, client: str) -> Linearizability:
        call = self._call_of(client)
        if call is None:
            return self
        # Nobody will ever hear its answer. Clients that are gone have names that no client has.
        gone = [one.client for one in self.pending if one.client.startswith(f"{client}, gone")]
        name = f"{client}, gone{next(k for k in count() if f'{client}, gone{k}' not in gone)}"
        possible = frozenset(
            (state, frozenset((name, None) if who == client else (who, answer) for who, answer in taken))
            for state, taken in self.possible
        )
        pending = self.pending - {call}
        reads = getattr(self.kind, "is_reading", lambda call, result: False)
        if reads(call, None):
            possible = frozenset((state, taken - {(name, None)}) for state, taken in possible)
        else:
            pending |= {evolve(call, client=name)}
        return evolve(self, possible=possible, pending=pending)._without_what_is_past()

    def _without_what_is_past(self) -> Linearizability:
        """Return the same without operations of clients that are gone that have taken effect in every case."""
        past = frozenset.intersection(*(frozenset(who for who, _ in taken) for _, taken in self.possible))
        past &= {one.client for one in self.pending if ", gone" in one.client}
        if not past:
            return self
        return evolve(
            self,
            possible=frozenset(
                (state, frozenset(one for one in taken if one[0] not in past))
                for state, taken in self.possible
            ),
            pending=frozenset(one for one in self.pending if one.client not in past),
        )

    def _call_of(self, client: str) -> Call | None:
        return next((call for call in self.pending if call.client == client), None)

    def _until(self, client: str) -> Iterator[Configuration]:
        """Yield the configurations in which a client's operation has just taken effect, or had already."""
        waiting = list(self.possible)
        met = set(waiting)
        while waiting:
            state, taken = configuration = waiting.pop()
            done = {who for who, _ in taken}
            if client in done:
                yield configuration
                continue
            for call in self.pending:
                if call.client in done:
                    continue
                for answer, after in self.kind.apply(state, call):
                    ahead = (after, taken | {(call.client, answer)})
                    if ahead not in met:
                        met.add(ahead)
                        waiting.append(ahead)


@frozen
class Recording(Observer):
    """Keeps the history itself: what every client did, and what overlapped. Finite only if operations are."""

    calls: Calls = field(eq=False, repr=False)
    happened: tuple[Happening, ...] = ()
    keeps_time: bool = True
    """Whether it matters what overlapped; if only each client's own order does, there are far fewer histories."""

    def observe(self, event: Event) -> Recording:
        """Return the history after a step."""
        more = tuple(self.calls(event))
        if not more:
            return self
        happened = self.happened + more
        return evolve(self, happened=happened if self.keeps_time else tuple(sorted(happened, key=_client_of)))

    @property
    def history(self) -> History:
        """The history so far."""
        return History.of(self.happened)


def _client_of(happening: Happening) -> str:
    return happening.call.client if isinstance(happening, Invoked) else happening.client


@frozen
class EverSeen(Observer):
    """Keeps every value that was ever seen, such as the entries that were ever committed: a ghost of the state."""

    of: Callable[[Event], Iterable[Hashable]] = field(eq=False, repr=False)
    """Returns the values that a step shows."""
    values: frozenset[Hashable] = frozenset()

    def observe(self, event: Event) -> EverSeen:
        """Return the values seen after a step."""
        more = frozenset(self.of(event)) - self.values
        return evolve(self, values=self.values | more) if more else self


def is_linearizable(observer: str = "history", *, name: str = "linearizable") -> Property:
    """Promise that what a ``Linearizability`` observer watches is linearizable in every run."""

    def linearizable(world: World) -> bool | str:
        """Every operation seems to take effect at one moment between its begin and its end."""
        return world.observer(observer).broken or True

    made: Property = always(linearizable, name=name)
    return made


def is_sequentially_consistent(
    kind: SequentialObject, observer: str = "history", *, name: str = "sequentially consistent"
) -> Property:
    """Promise that what a ``Recording`` observer keeps is sequentially consistent in every run.

    Whether it is cannot be told from any less than each client's whole history: an old operation may be explained by a
    new one. So the bounds must be on the number of operations; let the observer not keep the time.
    """

    @lru_cache(maxsize=100_000)
    def judged(own: frozenset[tuple[Operation, ...]]) -> str:
        history = History([one for operations in own for one in operations])
        judgement = sequentially_consistent(history, kind)
        return "" if judgement else judgement.explanation

    def sequential(world: World) -> bool | str:
        """There is one order of all operations that keeps each client's own."""
        history: History = world.observer(observer).history
        # Only each client's own order counts, so that far fewer histories are judged.
        own = frozenset(
            tuple(
                evolve(one, invoked=2 * k, returned=2 * k + 1 if one.is_complete else None)
                for k, one in enumerate(operations)
            )
            for operations in history.by_client().values()
        )
        return judged(own) or True

    made: Property = always(sequential, name=name)
    return made


def keeps_guarantee(
    guarantee: Callable[[History], Judgement], observer: str = "history", *, name: str = ""
) -> Property:
    """Promise that what a ``Recording`` observer keeps satisfies a guarantee of sessions in every run.

    For example ``keeps_guarantee(monotonic_reads)``; with the order of the writes where they may overlap:
    ``keeps_guarantee(partial(monotonic_reads, order={"x": [1, 2]}), name="monotonic reads")``.
    """

    def kept(world: World) -> bool | str:
        """No session sees what its guarantee rules out."""
        return guarantee(world.observer(observer).history).explanation or True

    made: Property = always(kept, name=name or guarantee.__name__.replace("_", " "))
    return made


def converged(value: Callable[[Any], Hashable]) -> Callable[[World], bool | str]:
    """Return the predicate that all live nodes show the same value, for ``eventually_always`` and others.

    Args:
        value: returns what a node shows; None for a node that holds no replica.
    """

    def converged(world: World) -> bool | str:
        """All live replicas hold the same value."""
        values = {node.id: value(node) for node in world.live() if value(node) is not None}
        return len(set(values.values())) <= 1 or ", ".join(
            f"{who} holds {shown(held)}" for who, held in values.items()
        )

    return converged
