"""A token ring: who holds the token may be critical; meanwhile everybody goes about his own business.

Stations are not interchangeable, for each knows its neighbour, so symmetry helps nobody. Each has few states of its
own, which come together in every way: there are more than ``n * 3 ** n`` global states. It is here to be measured by
``symbolic.py``: going through states against asking a solver.

    everyway symbolic benchmarks/ring.py:Ring --stations 16
    everyway check benchmarks/ring.py:Ring --stations 8
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from attrs import frozen

from everyway import Message, Node, NodeId, Property, Protocol, Steps, choice, durable, on, parameter
from everyway.invariants.quantified import every_pair


class Token(Message):
    """The right to be critical."""


class Task(Enum):
    """What a station is at."""

    IDLE = "idle"
    READING = "reading"
    WAITING = "waiting"
    CRITICAL = "critical"


@frozen
class Station(Node):
    """Works, and passes the token on."""

    next: NodeId
    has_token: bool = durable(False)
    task: Task = durable(Task.IDLE)

    @choice
    def read(self) -> Steps:
        """Begin to read."""
        return self.become(task=Task.READING) if self.task is Task.IDLE else None

    @choice
    def stop(self) -> Steps:
        """Be idle again."""
        return self.become(task=Task.IDLE) if self.task is Task.READING else None

    @choice
    def want(self) -> Steps:
        """Ask to be critical."""
        return self.become(task=Task.WAITING) if self.task is Task.READING else None

    @choice
    def enter(self) -> Steps:
        """Become critical, with the token."""
        return self.become(task=Task.CRITICAL) if self.task is Task.WAITING and self.has_token else None

    @choice
    def leave(self) -> Steps:
        """Be critical no longer."""
        return self.become(task=Task.IDLE) if self.task is Task.CRITICAL else None

    @choice
    def pass_on(self) -> Steps:
        """Send the token to the next station."""
        if self.has_token and self.task is not Task.CRITICAL:
            return self.become(has_token=False).send(self.next, Token())
        return None

    @on(Token)
    def take(self) -> Steps:
        """Take the token."""
        return self.become(has_token=True)


@every_pair(Station)
def mutual_exclusion(one: Station, other: Station) -> bool:
    """No two stations are critical at once."""
    return not (one.task is Task.CRITICAL and other.task is Task.CRITICAL)


@frozen
class Ring(Protocol):
    """Mutual exclusion by a token that goes round."""

    stations: int = parameter(4, help="how many stations there are", at_least=2)
    tokens: int = parameter(1, help="how many tokens there are; with more than one it is broken", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        """Return the stations, the first of which have the tokens."""
        names = [f"S{number}" for number in range(1, self.stations + 1)]
        after = [*names[1:], names[0]]
        return {
            name: Station(follower, number < self.tokens)
            for number, (name, follower) in enumerate(zip(names, after, strict=True))
        }

    def promises(self) -> Iterable[Property]:
        """Return mutual exclusion."""
        return [mutual_exclusion]
