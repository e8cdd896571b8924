"""Mutual exclusion by logical clocks: requests are granted in the order of their time stamps.

Every process keeps all requests that it has heard of, each with the time of its clock when it was made; names break
ties. A process enters once its own request is the earliest that it knows of, and it has heard from every other process
something that was sent later: as channels keep the order, no earlier request can still come.

Lamport, "Time, clocks, and the ordering of events in a distributed system" (1978), "Ordering the events totally",
rules 1 to 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, every_step, possible
from everyway.models.language import (
    Action,
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
)


@frozen
class Stamped(Message):
    """A message with the time at which it was sent."""

    time: int


class Request(Stamped):
    """I want to enter."""


class Acknowledgement(Stamped):
    """I have your request."""


class Release(Stamped):
    """I have left."""


class State(Enum):
    """Where a process is."""

    OUTSIDE = "outside"
    WAITING = "waiting"
    INSIDE = "inside"


Entry = tuple[int, NodeId]
"""A request in the queue: its time, and whose it is."""


@frozen
class Process(Node):
    """A process with a clock, its queue of requests, and the time of the last message from each other process."""

    others: frozenset[NodeId]
    requests_left: int = durable()
    heard: frozenset[tuple[NodeId, int]] = durable()
    clock: int = durable(0)
    state: State = durable(State.OUTSIDE)
    queue: frozenset[Entry] = durable(frozenset())

    @choice
    def request(self) -> Steps:
        """Rule 1: tell everybody, with the time."""
        if self.state is State.OUTSIDE and self.requests_left:
            time = self.clock + 1
            waiting = self.become(
                clock=time,
                state=State.WAITING,
                requests_left=self.requests_left - 1,
                queue=self.queue | {(time, self.id)},
            )
            return waiting.send(self.others, Request(time))

    @on(Request)
    def take_request(self, request: Request, sender: NodeId) -> Steps:
        """Rule 2: keep it, and acknowledge it."""
        time = self.after(request)
        kept = self.become(
            clock=time, heard=self.heard_from(sender, request), queue=self.queue | {(request.time, sender)}
        )
        return kept.send(sender, Acknowledgement(time))

    @on(Acknowledgement)
    def take_acknowledgement(self, message: Acknowledgement, sender: NodeId) -> Steps:
        return self.become(clock=self.after(message), heard=self.heard_from(sender, message))

    @on(Release)
    def take_release(self, release: Release, sender: NodeId) -> Steps:
        """Rule 4: forget that process's request."""
        left = frozenset(entry for entry in self.queue if entry[1] != sender)
        return self.become(clock=self.after(release), heard=self.heard_from(sender, release), queue=left)

    @choice
    def enter(self) -> Steps:
        """Rule 5: the own request is the earliest, and everybody was heard of later."""
        if self.state is State.WAITING and self.may_enter(self.own):
            return self.become(state=State.INSIDE)

    def may_enter(self, own: Entry) -> bool:
        """Return whether the own request is granted."""
        return self.is_earliest(own) and self.was_heard_by_all(own)

    def is_earliest(self, own: Entry) -> bool:
        """Return whether no other request in the queue comes first."""
        return own == min(self.queue)

    def was_heard_by_all(self, own: Entry) -> bool:
        """Return whether every other process has sent something later."""
        return all(time > own[0] for _, time in self.heard)

    @choice
    def leave(self) -> Steps:
        """Rule 3: forget the own request, and tell everybody."""
        if self.state is State.INSIDE:
            time = self.clock + 1
            left = self.become(clock=time, state=State.OUTSIDE, queue=self.queue - {self.own})
            return left.send(self.others, Release(time))

    @property
    def own(self) -> Entry:
        """The own request."""
        return next(entry for entry in self.queue if entry[1] == self.id)

    def after(self, message: Stamped) -> int:
        """Return the clock's time after a message: later than it was sent, and than now (rules IR1 and IR2)."""
        return max(self.clock, message.time) + 1

    def heard_from(self, sender: NodeId, message: Stamped) -> frozenset[tuple[NodeId, int]]:
        """Return from whom what was heard last, after a message."""
        known = dict(self.heard)
        return frozenset((known | {sender: max(known[sender], message.time)}).items())

    def __str__(self) -> str:
        return f"{self.state.name}, time {self.clock}"


# What is promised.


@always
def mutual_exclusion(world: World) -> Any:
    """No two processes are inside at once."""
    inside = [process for process in world.nodes(Process) if process.state is State.INSIDE]
    return len(inside) <= 1 or broken(f"{' and '.join(one.id for one in inside)} are inside", inside)


@every_step
def in_the_order_of_time(before: World, action: Action, after: World) -> Any:
    """Who enters made its request before all others that wait, by the time stamps."""
    if action.handler != "enter" or action.node is None:
        return True
    entered: Any = before[action.node]
    for other in before.nodes(Process):
        if other.state is State.WAITING and other.own < entered.own:
            return broken(f"{entered.id} overtakes {other.id}", [entered, other])
    return True


@possible
def all_have_been_inside(world: World) -> bool:
    """All requests can be granted."""
    return all(
        process.state is State.OUTSIDE and not process.requests_left for process in world.nodes(Process)
    )


@eventually
def every_request_is_granted(world: World) -> Any:
    """In the end nobody waits any more."""
    waiting = [
        process
        for process in world.nodes(Process)
        if process.state is not State.OUTSIDE or process.requests_left
    ]
    return not waiting or broken(f"{waiting[0].id} waits for ever", waiting)


@frozen
class LamportMutex(Protocol):
    """Lamport's mutual exclusion: requests are granted by time stamps, without anybody in the middle."""

    name: ClassVar[str] = "lamport-mutex"
    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {"OUTSIDE": "idle", "WAITING": "wait", "INSIDE": "good"}
    process_class: ClassVar[type[Process]] = Process

    processes: int = parameter(2, help="how many processes there are", at_least=1)
    requests: int = parameter(2, help="how often each process wants to enter", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = frozenset(f"P{k}" for k in range(1, self.processes + 1))
        return {
            name: self.process_class(
                names - {name},
                requests_left=self.requests,
                heard=frozenset((other, 0) for other in names - {name}),
            )
            for name in sorted(names)
        }

    def promises(self) -> Iterable[Property]:
        return [mutual_exclusion, in_the_order_of_time, all_have_been_inside, every_request_is_granted]


# Variants. Each is the protocol above with one deviation.


class Reordering(LamportMutex):
    """Wrong on a network that changes the order: an acknowledgement may overtake a request that was sent before it."""

    variant = "reordering"
    network = Network.BAG


class Hasty(Process):
    """Looks at its queue only."""

    def was_heard_by_all(self, own: Entry) -> bool:
        return True


class NoAcknowledgements(LamportMutex):
    """Wrong: enters as soon as its request is the earliest that it knows of; an earlier one may be under way."""

    variant = "no-wait-for-acknowledgements"
    process_class = Hasty


class Indifferent(Process):
    """Compares times, and not names."""

    def is_earliest(self, own: Entry) -> bool:
        return own[0] == min(time for time, _ in self.queue)


class TiesUnbroken(LamportMutex):
    """Wrong: requests of the same time come first both."""

    variant = "ties-unbroken"
    process_class = Indifferent


class Stopped(Process):
    """Has a clock that does not follow the others'."""

    def after(self, message: Stamped) -> int:
        return self.clock


class NoClock(LamportMutex):
    """Wrong: clocks do not follow the messages; what was sent later may carry an earlier time, and nobody can enter."""

    variant = "clocks-stand-still"
    process_class = Stopped


class Silent(Process):
    """Does not say that it has left."""

    @choice
    def leave(self) -> Steps:
        if self.state is State.INSIDE:
            return self.become(state=State.OUTSIDE, queue=self.queue - {self.own})


class NoRelease(LamportMutex):
    """Wrong: nobody says that it has left, so the others wait for ever."""

    variant = "no-release"
    process_class = Silent
