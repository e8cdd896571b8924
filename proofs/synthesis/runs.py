"""The runs of a strategy: every interleaving of its replicas, their clients and the network, as a transition system.

A client asks whenever it is not waiting: that of N1 writes 1 once, the others read again and again. The first answer
counts. A link carries one message at a time, in any order with those on other links; a second message sent while the
first is on its way is a state of its own, ``overflow``, which no strategy may reach. With partitions, the replicas may
be split in two at any moment, for ever; what is on its way across the cut never arrives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from attrs import define, field

from everyway.invariants.consistency import Call, Invoked, Linearizability, Register, Returned
from everyway.invariants.consistency.history import Happening

from .strategy import NOTHING, READ, RECEIVE, TICK, WRITE, Cell, Family, Move, Occasion, Strategy, name_of

PARTITION = "partition"


class Deed(NamedTuple):
    """One step: which replica reacts to what; or that the network is cut in two."""

    replica: int
    occasion: Occasion
    side: int = 0
    """For a partition: the replicas on the side without N1, as bits."""

    @property
    def is_fault(self) -> bool:
        """Whether the environment did it, which it need not do."""
        return self.occasion.kind == PARTITION


class RunState(NamedTuple):
    """One global state."""

    states: tuple[int, ...]
    """Each replica's state."""
    links: tuple[int, ...]
    """The message on each link, or 0."""
    waiting: tuple[str, ...]
    """What each replica's client waits for; empty if it does not."""
    wrote: bool
    """Whether the write was asked for."""
    history: int
    """What the answers so far leave possible, by its number in ``Histories``."""
    cut: int = 0
    """The side of the partition without N1, as bits; 0 if the network is whole."""
    last: tuple[int, ...] = ()
    """Each client's last answer, since the write was acknowledged; only where it matters."""
    overflow: int = -1
    """The link on which a second message was sent."""


@define
class Histories:
    """Numbers for what the answers so far leave possible, as the linearizability observer sees it."""

    observers: list[Linearizability] = field(factory=list)
    _numbers: dict[Linearizability, int] = field(factory=dict)
    _after: dict[tuple[int, int, str, int], int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._number(Linearizability(Register(0), lambda event: ()))

    def _number(self, seen: Linearizability) -> int:
        if seen not in self._numbers:
            self._numbers[seen] = len(self.observers)
            self.observers.append(seen)
        return self._numbers[seen]

    def after(self, history: int, client: int, request: str, answer: int | None = None) -> int:
        """Return the number after a client asked, or with an answer after it was answered."""
        key = (history, client, request, NOTHING if answer is None else answer)
        if key not in self._after:
            who = name_of(client)
            happening: Happening
            if answer is None:
                happening = Invoked(Call(who, request, 1 if request == WRITE else None))
            else:
                happening = Returned(who, None if request == WRITE else answer)
            self._after[key] = self._number(self.observers[history].after(happening))
        return self._after[key]

    def broken(self, history: int) -> str:
        """Return which answer cannot be explained; empty if all can."""
        return self.observers[history].broken


HISTORIES = Histories()
"""There are few, and they are the same for all strategies."""


class RegisterRuns:
    """The runs of a strategy, as a transition system that the explorer takes.

    Args:
        strategy: what the replicas do.
        partitions: whether the network may be cut in two, at any moment and for ever.
        keeps_reading: whether clients that read must do so again and again; else nobody need ever ask.
    """

    def __init__(self, strategy: Strategy, *, partitions: bool = False, keeps_reading: bool = False) -> None:
        self.family = strategy.family
        self.partitions = partitions
        self.keeps_reading = keeps_reading
        self.used: set[Cell] = set()
        """The cells that were looked up so far."""
        self._moves = strategy.moves
        self.links = links_of(self.family)
        self._link = {ends: number for number, ends in enumerate(self.links)}

    def initial(self) -> Iterator[RunState]:
        """Yield the one state at the start."""
        count = self.family.replicas
        last = (NOTHING,) * count if self.keeps_reading else ()
        yield RunState((0,) * count, (0,) * len(self.links), ("",) * count, False, 0, last=last)

    def steps(self, state: RunState) -> Iterator[tuple[Deed, RunState]]:
        """Yield every step that can be taken."""
        if state.overflow >= 0:
            return
        for replica in range(self.family.replicas):
            for request in self.family.requests(replica):
                if not state.waiting[replica] and not (request == WRITE and state.wrote):
                    yield self._step(state, replica, Occasion(request))
            yield self._step(state, replica, Occasion(TICK))
        for (sender, to), message in zip(self.links, state.links, strict=True):
            if message and not is_cut(state.cut, sender, to):
                yield self._step(state, to, Occasion(RECEIVE, sender, message))
        if self.partitions and not state.cut:
            for side in range(2, 2**self.family.replicas, 2):
                yield Deed(-1, Occasion(PARTITION), side), state._replace(cut=side)

    def fair(self, deed: Deed) -> object:
        """Return what may not be put off for ever: each message, each tick, and reads if clients keep reading."""
        kind = deed.occasion.kind
        if kind in (TICK, RECEIVE) or (kind == READ and self.keeps_reading):
            return (deed.replica, deed.occasion)
        return None

    def _step(self, state: RunState, replica: int, occasion: Occasion) -> tuple[Deed, RunState]:
        cell = Cell(replica, state.states[replica], occasion)
        self.used.add(cell)
        move: Move = self._moves[cell]
        links = list(state.links)
        overflow = -1
        if occasion.kind == RECEIVE:
            links[self._link[occasion.sender, replica]] = 0
        for other, message in zip(self.family.others(replica), move.sends, strict=True):
            if message:
                link = self._link[replica, other]
                if links[link]:
                    overflow = link
                links[link] = message
        waiting, wrote, history, last = state.waiting, state.wrote, state.history, state.last
        if occasion.kind in (WRITE, READ):
            waiting = _replaced(waiting, replica, occasion.kind)
            wrote = wrote or occasion.kind == WRITE
            history = HISTORIES.after(history, replica, occasion.kind)
        if move.reply != NOTHING and waiting[replica]:
            request = waiting[replica]
            history = HISTORIES.after(history, replica, request, move.reply)
            waiting = _replaced(waiting, replica, "")
            if last and request == READ and wrote and waiting[0] != WRITE:
                last = _replaced(last, replica, move.reply)
        states = _replaced(state.states, replica, move.next)
        after = RunState(states, tuple(links), waiting, wrote, history, state.cut, last, overflow)
        return Deed(replica, occasion), after

    def __str__(self) -> str:
        return f"a strategy of {self.family}"


def links_of(family: Family) -> tuple[tuple[int, int], ...]:
    """Return the links, each as its sender and its receiver."""
    return tuple(itertools.permutations(range(family.replicas), 2))


def is_cut(cut: int, sender: int, to: int) -> bool:
    """Return whether a partition stands between two replicas."""
    return (cut >> sender & 1) != (cut >> to & 1)


def _replaced(items: tuple, position: int, item: object) -> tuple:  # type: ignore[type-arg]
    return (*items[:position], item, *items[position + 1 :])
