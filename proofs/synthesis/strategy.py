"""Strategies: what each replica of a register does, as finite tables; and the families that are searched.

A strategy says, for each replica, each of its states and each occasion, which state comes next, what is sent to each
other replica, and what the waiting client is answered. The client's own request is not part of the state: an answer
that nobody waits for goes nowhere, so a strategy need not remember whether anybody waits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from attrs import field, frozen

from everyway.models.language import UsageError

WRITE, READ, TICK, RECEIVE = "write", "read", "tick", "receive"
NOTHING = -1
"""No answer."""


class Occasion(NamedTuple):
    """What a replica may have to react to."""

    kind: str
    sender: int = -1
    """Who sent the message that is received; the replica's number, from 0."""
    message: int = 0
    """Which message, from 1."""


class Cell(NamedTuple):
    """One place of the tables: a replica in a state, on an occasion."""

    replica: int
    state: int
    occasion: Occasion


class Move(NamedTuple):
    """What a strategy has in a cell."""

    next: int
    sends: tuple[int, ...]
    """For each other replica, in order: the number of the message that is sent to it, or 0."""
    reply: int
    """What the client is answered: 0 or 1, or ``NOTHING``. What acknowledges a write is no value."""


class Part(NamedTuple):
    """One of the choices in a cell: the next state, the answer, or what is sent to one replica."""

    cell: Cell
    what: str
    """"next", "reply" or "send"."""
    to: int = -1


def part_of(move: Move, part: Part) -> int:
    """Return what a move says of one part of its cell."""
    match part.what:
        case "next":
            return move.next
        case "reply":
            return move.reply
    return move.sends[part.to - (part.to > part.cell.replica)]


@frozen
class Family:
    """All strategies of one size. Replica N1 serves the client that writes, the others clients that read.

    Raises ``UsageError`` for sizes that make no sense.
    """

    replicas: int = 2
    states: int = 2
    """How many states each replica has; it begins in the first."""
    messages: int = 1
    """How many different messages there are."""
    reads_everywhere: bool = False
    """Whether N1's client may read too."""
    ticks: bool = True
    """Whether a replica may do something on a tick, at any moment: without, it acts only on requests and messages."""

    def __attrs_post_init__(self) -> None:
        for name, least in (("replicas", 2), ("states", 1), ("messages", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be {least} or more, not {getattr(self, name)}.")

    def others(self, replica: int) -> tuple[int, ...]:
        """Return the other replicas."""
        return tuple(other for other in range(self.replicas) if other != replica)

    def requests(self, replica: int) -> tuple[str, ...]:
        """Return what a replica's client may ask for."""
        if replica:
            return (READ,)
        return (WRITE, READ) if self.reads_everywhere else (WRITE,)

    def occasions(self, replica: int) -> Iterator[Occasion]:
        """Yield what a replica may have to react to."""
        yield from (Occasion(request) for request in self.requests(replica))
        yield Occasion(TICK)
        for sender in self.others(replica):
            for message in range(1, self.messages + 1):
                yield Occasion(RECEIVE, sender, message)

    def cells(self) -> Iterator[Cell]:
        """Yield all places of the tables."""
        for replica in range(self.replicas):
            for state in range(self.states):
                for occasion in self.occasions(replica):
                    yield Cell(replica, state, occasion)

    def parts(self, cell: Cell) -> Iterator[tuple[Part, tuple[int, ...]]]:
        """Yield the choices in a cell, each with the values that it may have."""
        if cell.occasion.kind == TICK and not self.ticks:
            yield from ((part, (value,)) for part, value in self._idle(cell))
            return
        yield Part(cell, "next"), tuple(range(self.states))
        for other in self.others(cell.replica):
            yield Part(cell, "send", other), tuple(range(self.messages + 1))
        can_read = READ in self.requests(cell.replica)
        yield Part(cell, "reply"), (NOTHING, 0, 1) if can_read else (NOTHING, 0)

    def _idle(self, cell: Cell) -> Iterator[tuple[Part, int]]:
        yield Part(cell, "next"), cell.state
        yield from ((Part(cell, "send", other), 0) for other in self.others(cell.replica))
        yield Part(cell, "reply"), NOTHING

    @property
    def size(self) -> int:
        """How many strategies there are."""
        count = 1
        for cell in self.cells():
            for _, values in self.parts(cell):
                count *= len(values)
        return count

    def renamings(self) -> Iterator[Renaming]:
        """Yield every way to rename states but the first, messages, and replicas that only read; itself first."""
        later = range(1, self.states)
        readers = range(1, self.replicas)
        state_names = [(0, *names) for names in itertools.permutations(later)]
        message_names = [(0, *names) for names in itertools.permutations(range(1, self.messages + 1))]
        for replica_names in itertools.permutations(readers):
            for messages in message_names:
                for states in itertools.product(state_names, repeat=self.replicas):
                    yield Renaming((0, *replica_names), states, messages)

    def __str__(self) -> str:
        return (
            f"{_counted(self.replicas, 'replica')} of {_counted(self.states, 'state')}, "
            f"{_counted(self.messages, 'kind')} of message"
        )


@frozen
class Renaming:
    """Other names for the replicas, states and messages of a strategy, which then does the same under these names."""

    replicas: tuple[int, ...]
    states: tuple[tuple[int, ...], ...]
    """For each replica, by its old name, the new names of its states."""
    messages: tuple[int, ...]

    def part(self, part: Part, value: int) -> tuple[Part, int]:
        """Return a choice and its value under the new names."""
        (replica, state, (kind, sender, message)), what, to = part
        occasion = Occasion(kind, self.replicas[sender] if sender >= 0 else sender, self.messages[message])
        cell = Cell(self.replicas[replica], self.states[replica][state], occasion)
        if what == "next":
            return Part(cell, what), self.states[replica][value]
        if what == "send":
            return Part(cell, what, self.replicas[to]), self.messages[value]
        return Part(cell, what), value


@frozen
class Strategy:
    """What every replica does: a move for each cell of a family."""

    family: Family
    moves: Mapping[Cell, Move] = field(hash=False)

    def restricted(self, cells: frozenset[Cell]) -> Strategy:
        """Return the strategy in which all cells but these do nothing: the same where these are all that is used."""
        moves = {
            cell: move if cell in cells else Move(cell.state, (0,) * (self.family.replicas - 1), NOTHING)
            for cell, move in self.moves.items()
        }
        return Strategy(self.family, moves)


def name_of(replica: int) -> str:
    """Return a replica's name."""
    return f"N{replica + 1}"


def told_occasion(family: Family, occasion: Occasion) -> str:
    """Return an occasion in words."""
    if occasion.kind != RECEIVE:
        return occasion.kind
    message = f"message {occasion.message}" if family.messages > 1 else "message"
    return f"{message} from {name_of(occasion.sender)}"


def told_sends(family: Family, cell: Cell, move: Move) -> str:
    """Return in words what a move sends."""
    sent = [
        f"{message} to {name_of(other)}" if family.messages > 1 else name_of(other)
        for other, message in zip(family.others(cell.replica), move.sends, strict=True)
        if message
    ]
    if not sent:
        return "-"
    return ", ".join(sent) if family.messages > 1 else f"message to {', '.join(sent)}"


def told_reply(family: Family, cell: Cell, move: Move) -> str:
    """Return in words what a move answers."""
    if move.reply == NOTHING:
        return "-"
    return str(move.reply) if READ in family.requests(cell.replica) else "done"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
