"""Recording: asking questions about worlds, and noting what they look at (``reads.py``).

A question is plain Python. It is asked of copies of the worlds, of exactly the same classes, and while it runs the
classes of what is watched report each attribute that is fetched from a copy. So a node's field counts as read when it
is fetched, by whatever means: a predicate, a method of the node, ``==``, ``hash``, ``repr``, a pattern. Whoever holds
a node without looking into it has read nothing.

What cannot be seen, and must not decide an answer: the identity of objects, the order of a set, and fields fetched
past the class's ``__getattribute__`` (``object.__getattribute__``, a slot's descriptor, ``super().field``). What is
taken as given, because no step changes it: the roster, each node's ``id``, and its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from attrs import define, field

from everyway.models.language.action import Action
from everyway.models.language.node import Node
from everyway.models.language.world import Roster, World

from .reads import InFlight, Part, Parts, Read
from .watching import (
    HASH_CACHE,
    PartWatch,
    WorldWatch,
    anatomy_of,
    being_asked,
    hooked,
    put,
    start_watching,
    stop_watching,
    turn,
)

T = TypeVar("T")


def recorded(worlds: Sequence[World], question: Callable[..., T]) -> tuple[T, tuple[Read, ...]]:
    """Return the answer to a question about some worlds, and what it looked at, in the order in which it first did.

    Whenever other worlds of the same system show the same to all these reads (``value_of``), the question has the
    same answer there, and makes the same reads in the same order. Equal values count as the same, as they do for
    worlds. A question that was asked while another was being recorded is recorded for both.

    Args:
        worlds: what the question is about, e.g. the states before and after a step.
        question: is called with the worlds; what it raises is raised.

    >>> from everyway.models.gray_lamport import TwoPhase, states
    >>> from everyway.models.language import System
    >>> world = next(System(TwoPhase(managers=2)).initial())
    >>> _, reads = recorded([world], lambda world: len(states(world)) <= 1 or world.is_up("TM"))
    >>> [(world.roster.names[read.position], read.field) for read in reads]
    [('R1', 'state'), ('R2', 'state')]
    """
    return Recorder().recorded([Parts.of(world) for world in worlds], question)


MOST_TWINS = 50_000
"""So many copies of nodes a recorder keeps for the next question."""


@define(eq=False)
class Recorder:
    """Asks one question after another, each as ``recorded`` does; quicker, for it keeps its copies of nodes.

    Kept are only copies in which no method can keep anything: those with slots for their fields and for nothing else.
    """

    _twins: dict[tuple[int, Part, int], dict[int, tuple[Any, Any]]] = field(factory=dict)
    """Copies that are kept, by world, part and position, and the identity of the original; and the original."""
    _kept: int = 0
    """How many there are."""
    _reads: dict[Read, None] = field(factory=dict)
    """What the question that is being asked looked at so far."""
    _kinds: dict[type, None] = field(factory=dict)
    _listens_to: int = -1
    """How many of these are hooked already; -1 while none is for longer than a question."""

    def recorded(
        self,
        worlds: Sequence[Parts],
        question: Callable[..., T],
        action: Action | None = None,
        in_flight: InFlight | None = None,
    ) -> tuple[T, tuple[Read, ...]]:
        """Return the answer to a question about some worlds, and what it looked at; see the function ``recorded``.

        With an action the question is called with it too, after the worlds, and what it looks at there is noted. With
        ``in_flight`` the worlds lack what is in flight; it is asked for that as soon as the question looks there.
        """
        with turn:
            # The worlds may be watched copies themselves, of which looking at a kept copy would tell nothing.
            asking = Recorder() if being_asked else self
            return asking._recorded(worlds, question, action, in_flight)

    def _recorded(
        self,
        worlds: Sequence[Parts],
        question: Callable[..., T],
        action: Action | None,
        in_flight: InFlight | None,
    ) -> tuple[T, tuple[Read, ...]]:
        fresh: list[Any] = []
        self._begin()
        try:
            twins: list[Any] = [
                self._twin(number, world, fresh, in_flight) for number, world in enumerate(worlds)
            ]
            if action is not None:
                twins.append(self._part(0, "action", 0, action, fresh))
            answer = self._answer(question, twins)
        finally:
            self._end(fresh)
        return answer, tuple(self._reads)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep the classes hooked from one question to the next, for many questions in a row."""
        with turn, hooked(self._kinds):
            self._listens_to = len(self._kinds)
            try:
                yield
            finally:
                self._listens_to = -1

    @contextmanager
    def stage(
        self, watched: Sequence[int], parts: Callable[[int], Parts], in_flight: InFlight
    ) -> Iterator[Stage]:
        """Return a context for questions about many worlds that are told by their nodes, as fast as it can be.

        Args:
            watched: the positions of nodes that are watched. The others are taken to be read as a whole; no method may
                keep anything in them, or they are copies.
            parts: returns the parts of one of the worlds, without what is in flight, by its number.
            in_flight: returns what is in flight in it.
        """
        with turn:
            asking = Recorder() if being_asked else self
            twin = _unmade()
            watch = WorldWatch(asking._reads, 0)
            asking._watch(twin, watch)
            try:
                with asking.listening():
                    yield Stage(asking, twin, watch, watched, parts, in_flight)
            finally:
                stop_watching(twin)

    def _begin(self) -> None:
        self._reads.clear()
        if self._kept > MOST_TWINS:
            self._forget()

    def _end(self, fresh: list[Any]) -> None:
        for one in fresh:
            stop_watching(one)

    def _answer(self, question: Callable[..., T], twins: Sequence[Any]) -> T:
        being_asked.append(self)
        try:
            if self._listens_to == len(self._kinds):
                return question(*twins)
            with hooked(self._kinds):
                return question(*twins)
        finally:
            being_asked.pop()

    def _twin(self, number: int, parts: Parts, fresh: list[Any], in_flight: InFlight | None) -> World:
        """Return a watched copy of the world of some parts; ``fresh`` takes what is watched for this question alone."""
        twin = _unmade()
        states = tuple([self._part(number, "node", i, state, fresh) for i, state in enumerate(parts.states)])
        watch = WorldWatch(self._reads, number)
        watch.begin(parts.roster, states)
        put(twin, "mailboxes", parts.mailboxes)
        put(twin, "roster", parts.roster)
        put(twin, "states", states)
        self._put_rest(twin, watch, parts, fresh)
        if in_flight is not None:
            find = in_flight
            watch.put_mailboxes = lambda: put(twin, "mailboxes", find(number))
        self._watch(twin, watch)
        fresh.append(twin)
        return twin

    def _put_rest(self, twin: World, watch: WorldWatch, parts: Parts, fresh: list[Any]) -> None:
        """Put into a copy what is neither nodes nor in flight."""
        memory = tuple(
            [self._part(watch.number, "observer", i, seen, fresh) for i, seen in enumerate(parts.memory)]
        )
        watch.parts, watch.memory = parts, memory
        put(twin, "up", parts.up)
        put(twin, "cut_off", parts.cut_off)
        put(twin, "left", parts.left)
        put(twin, "memory", memory)
        put(twin, "start", parts.start)

    def _part(self, number: int, part: Part, position: int, original: Any, fresh: list[Any]) -> Any:
        place = (number, part, position)
        twins = self._twins.get(place)
        if twins is None:
            twins = self._twins[place] = {}
        kept = twins.get(id(original))
        if kept is not None:
            return kept[0]
        anatomy = anatomy_of(original)
        twin = anatomy.copied(original)
        self._watch(twin, PartWatch(self._reads, number, part, position, anatomy))
        if anatomy.keeps_nothing:
            twins[id(original)] = twin, original
            self._kept += 1
        else:
            fresh.append(twin)
        return twin

    def _watch(self, twin: Any, watch: PartWatch | WorldWatch) -> None:
        self._kinds[type(twin)] = None
        start_watching(twin, watch)

    def _forget(self) -> None:
        for twins in self._twins.values():
            for twin, _ in twins.values():
                stop_watching(twin)
        self._twins.clear()
        self._kept = 0

    def __del__(self) -> None:
        self._forget()


@define(eq=False)
class Stage:
    """Where many worlds come up for a question, one after the other, as one copy whose nodes are replaced.

    What else a world consists of is put in place only when the question looks at it. Made by ``Recorder.stage``.
    """

    _recorder: Recorder
    _twin: World
    _watch: WorldWatch
    _watched: Sequence[int]
    _parts: Callable[[int], Parts]
    _in_flight: InFlight

    def ask(
        self, number: int, roster: Roster, states: tuple[Node, ...], question: Callable[[World], T]
    ) -> tuple[T, tuple[Read, ...]]:
        """Return the answer to a question about a world, and what it looked at besides nodes that are not watched.

        Args:
            number: which of the worlds it is.
            roster: its names.
            states: its nodes.
            question: is called with a copy of it, which has changed when it is called again.
        """
        recorder, twin, watch = self._recorder, self._twin, self._watch
        fresh: list[Any] = []
        recorder._begin()
        try:
            if self._watched:
                cast = list(states)
                for i in self._watched:
                    cast[i] = recorder._part(0, "node", i, cast[i], fresh)
                states = tuple(cast)
            put(twin, "roster", roster)
            put(twin, "states", states)
            put(twin, HASH_CACHE, None)
            watch.begin(roster, states)
            watch.put_rest = lambda: recorder._put_rest(twin, watch, self._parts(number), fresh)
            watch.put_mailboxes = lambda: put(twin, "mailboxes", self._in_flight(number))
            answer = recorder._answer(question, (twin,))
        finally:
            recorder._end(fresh)
        return answer, tuple(recorder._reads)


def _unmade() -> World:
    """Return a world that has nothing yet; not by the class's own constructor, which takes longer than all the rest."""
    twin: World = object.__new__(World)
    put(twin, HASH_CACHE, None)
    return twin
