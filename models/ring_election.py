"""Election on a ring, by Chang and Roberts: whose number goes all the way round is the leader.

The processes stand in a ring, each with a number of its own, and send only to the next. One that wants a leader sends
its number on. A process passes greater numbers on and swallows smaller ones, sending its own if it has not yet; who
receives its own number has the greatest, and tells everybody.

Chang & Roberts, "An improved algorithm for decentralized extrema-finding in circular configurations of processes"
(1979). If all begin, 2n - 1 to n(n+1)/2 election messages are sent, on average n times the n-th harmonic number.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import permutations
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, every_step, possible
from everyway.models.language import (
    Action,
    Event,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Steps,
    UsageError,
    World,
    choice,
    durable,
    on,
    parameter,
)


@frozen
class Election(Message):
    """Elect the process of this number, unless there is a greater."""

    number: int


@frozen
class Elected(Message):
    """The process of this number is the leader."""

    number: int


class State(Enum):
    """What a process is."""

    IDLE = "idle"
    TAKES_PART = "takes part"
    LEADER = "leader"
    FOLLOWER = "follower"


@frozen
class Process(Node):
    """A process on the ring, which knows its own number and the next process."""

    successor: NodeId
    number: int
    state: State = durable(State.IDLE)
    leader: int = durable(0)
    """The number of the leader, once it is known."""

    @choice
    def begin(self) -> Steps:
        """Want a leader, and send the own number on."""
        if self.state is State.IDLE:
            return self.become(state=State.TAKES_PART).send(self.successor, Election(self.number))

    @on(Election)
    def compare(self, election: Election) -> Steps:
        """Pass a greater number on, and swallow a smaller one; the own has been all the way round."""
        if election.number == self.number:
            elected = self.become(state=State.LEADER, leader=self.number)
            return elected.send(self.successor, Elected(self.number)).named("become leader")
        if election.number > self.number:
            return self.become(state=State.TAKES_PART).send(self.successor, election).named("pass on")
        return self.swallow(election)

    def swallow(self, election: Election) -> Steps:
        """Answer a smaller number with the own, if that is not under way yet."""
        if self.state is State.IDLE:
            own = self.become(state=State.TAKES_PART)
            return own.send(self.successor, Election(self.number)).named("send own number")

    @on(Elected)
    def learn(self, elected: Elected) -> Steps:
        if elected.number != self.number:
            return self.become(state=State.FOLLOWER, leader=elected.number).send(self.successor, elected)


# What is promised.


@always
def one_leader(world: World) -> Any:
    """There is at most one leader."""
    leaders = [process for process in world.nodes(Process) if process.state is State.LEADER]
    return len(leaders) <= 1 or broken(f"{' and '.join(one.id for one in leaders)} are both leader", leaders)


@always
def the_greatest_leads(world: World) -> Any:
    """The leader has the greatest number."""
    greatest = max(process.number for process in world.nodes(Process))
    for process in world.nodes(Process):
        if process.state is State.LEADER and process.number < greatest:
            return broken(f"{process.id} leads with {process.number}, and there is {greatest}", process)
    return True


@every_step
def a_leader_stays(before: World, action: Action, after: World) -> bool:
    """Who is leader stays leader, and what was learned stays."""
    return all(
        was.leader in (0, now.leader)
        for was, now in zip(before.nodes(Process), after.nodes(Process), strict=True)
    )


@possible
def all_know(world: World) -> bool:
    """All can know the leader."""
    return all(process.leader for process in world.nodes(Process))


@eventually
def all_know_at_last(world: World) -> Any:
    """In the end everybody knows who leads."""
    ignorant = [process for process in world.nodes(Process) if not process.leader]
    return not ignorant or broken(f"{ignorant[0].id} never learns who leads", ignorant)


@frozen
class Counted(Observer):
    """Counts the election messages that were sent."""

    count: int = 0

    def observe(self, event: Event) -> Counted:
        return Counted(
            self.count + sum(isinstance(envelope.message, Election) for envelope in event.action.sent)
        )


@always
def no_more_than_the_worst_case(world: World) -> Any:
    """No more than n(n+1)/2 election messages are sent."""
    count, size = world.observer("messages").count, len(world.nodes(Process))
    return count <= size * (size + 1) // 2 or f"{count} election messages among {size} processes"


@frozen
class RingElection(Protocol):
    """Election on a ring of processes with distinct numbers, by Chang and Roberts: the greatest number wins."""

    name: ClassVar[str] = "ring-election"
    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "TAKES_PART": "wait",
        "LEADER": "good",
        "FOLLOWER": "near",
    }
    process_class: ClassVar[type[Process]] = Process

    processes: int = parameter(4, help="how many processes there are", at_least=1, no_more_than=9)
    arrangement: str = parameter(
        "", help="their numbers in the order of the ring, as in 4-3-2-1; by default growing"
    )

    @property
    def numbers(self) -> list[int]:
        """The numbers in the order of the ring.

        Raises ``UsageError`` if the arrangement is no list of numbers, or has another length.
        """
        if not self.arrangement:
            return list(range(1, self.processes + 1))
        words = self.arrangement.split("-")
        if len(words) != self.processes or not all(word.isdigit() and int(word) for word in words):
            raise UsageError(
                f"arrangement must have {self.processes} numbers of 1 or more, as in 4-3-2-1, not '{self.arrangement}'."
            )
        return [int(word) for word in words]

    def nodes(self) -> dict[NodeId, Node]:
        numbers = self.numbers
        names = [f"P{k}" for k in range(1, len(numbers) + 1)]
        return {
            name: self.process_class(names[(k + 1) % len(names)], numbers[k]) for k, name in enumerate(names)
        }

    def observers(self) -> dict[str, Observer]:
        return {"messages": Counted()}

    def promises(self) -> Iterable[Property]:
        return [
            one_leader,
            the_greatest_leads,
            a_leader_stays,
            no_more_than_the_worst_case,
            all_know,
            all_know_at_last,
        ]


def arrangements(count: int) -> list[str]:
    """Return every arrangement of the numbers from 1 on a ring, each once up to turning it."""
    return ["-".join(map(str, (count, *rest))) for rest in permutations(range(1, count))]


# Variants. Each is the protocol above with one deviation.


class Forwarding(Process):
    """Passes on smaller numbers too."""

    def swallow(self, election: Election) -> Steps:
        return self.become(state=State.TAKES_PART).send(self.successor, election).named("pass on")


class ForwardSmaller(RingElection):
    """Wrong: smaller numbers are passed on as well, so that every number comes back, and everybody leads."""

    variant = "forward-smaller"
    process_class = Forwarding


@frozen
class EqualNumbers(RingElection):
    """Wrong: two processes have the same number; each takes the other's for its own."""

    variant = "equal-numbers"

    processes: int = parameter(4, help="how many processes there are", at_least=1, no_more_than=9)
    arrangement: str = parameter("1-4-2-4", help="their numbers in the order of the ring")


class Silent(Process):
    """Swallows smaller numbers, and does nothing more."""

    def swallow(self, election: Election) -> Steps:
        return None

    @choice
    def begin(self) -> Steps:
        if self.state is State.IDLE and self.number == 1:
            return self.become(state=State.TAKES_PART).send(self.successor, Election(self.number))


class SwallowOnly(RingElection):
    """Wrong: who swallows a number does not send its own; if only the smallest wants a leader, there is none."""

    variant = "swallow-only"
    process_class = Silent
