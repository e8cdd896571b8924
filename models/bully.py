"""The bully algorithm: the greatest process that is up becomes coordinator, and tells the others.

Who wants an election asks all greater processes. If none answers in time, it is the greatest, and tells all smaller
ones that it is coordinator. If one answers, that one takes over: it asks those above it, and so on. A process that
comes up again begins an election, and takes the post from a smaller one.

Garcia-Molina, "Elections in a distributed computing system" (1982), section III, in the short form of textbooks: his
own also stops the whole group before a new coordinator takes office. It rests on a bound for how long an answer takes;
with *late* time-outs there is one, with *early* ones there is not, and two may take office. So they may if a process
comes back: the news of its predecessor may arrive after its own, which the original's group numbers would tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually_always, possible
from everyway.models.language import (
    Message,
    Node,
    NodeId,
    Protocol,
    Step,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    restart,
    suspect,
    timeout,
    volatile,
)


class Election(Message):
    """Is anybody above me there?"""


class Answer(Message):
    """I am, and I take over."""


class Coordinator(Message):
    """I am the coordinator."""


class State(Enum):
    """What a process is doing."""

    IDLE = "idle"
    ASKING = "asking"
    """Waits for an answer from above."""
    BOWING = "bowing"
    """Has an answer, and waits for whoever wins."""
    COORDINATOR = "coordinator"
    FOLLOWER = "follower"


@frozen
class Process(Node):
    """A process that knows all others, and which of them are above it."""

    above: frozenset[NodeId]
    below: frozenset[NodeId]
    elections_left: int = durable()
    state: State = volatile(State.IDLE)
    coordinator: NodeId | None = volatile(None)

    @choice
    def begin(self) -> Steps:
        """Want a coordinator, as there is none yet."""
        if self.state is State.IDLE:
            return self.elect()

    @suspect
    def replace(self, suspected: NodeId) -> Steps:
        """Want another coordinator if that one is gone."""
        if self.state is State.FOLLOWER and suspected == self.coordinator:
            return self.elect()

    def elect(self) -> Steps:
        """Ask those above; who has nobody above takes the post."""
        if not self.above:
            return self.take_office()
        if self.elections_left:
            asking = self.become(state=State.ASKING, coordinator=None, elections_left=self.elections_left - 1)
            return asking.send(self.above, Election())

    def take_office(self) -> Step:
        """Return the step that makes this process coordinator."""
        office = self.become(state=State.COORDINATOR, coordinator=self.id)
        return office.send(self.below, Coordinator()).named("take office")

    @on(Election)
    def take_over(self, _: Election, smaller: NodeId) -> Steps:
        """Answer whoever is below, and hold an election in its place."""
        if self.state in (State.ASKING, State.BOWING) or (self.above and not self.elections_left):
            return self.send(smaller, Answer())
        if not self.above:
            return self.take_office().send(smaller, Answer())
        asking = self.become(state=State.ASKING, coordinator=None, elections_left=self.elections_left - 1)
        return asking.send(smaller, Answer()).send(self.above, Election())

    @on(Answer)
    def bow(self) -> Steps:
        if self.state is State.ASKING:
            return self.become(state=State.BOWING)

    @timeout(awaiting="above")
    def stop_waiting(self) -> Steps:
        """Nobody above has answered; or who answered has gone."""
        if self.state is State.ASKING:
            return self.take_office()
        if self.state is State.BOWING:
            return self.elect()

    @on(Coordinator)
    def follow(self, _: Coordinator, winner: NodeId) -> Steps:
        return self.become(state=State.FOLLOWER, coordinator=winner)

    @restart
    def come_back(self) -> Steps:
        return self.elect()


# What is promised.


@always
def one_coordinator(world: World) -> Any:
    """No two processes that are up are coordinator: as long as time-outs are right and nobody comes back."""
    holders = [process for process in world.live(Process) if process.state is State.COORDINATOR]
    return len(holders) <= 1 or broken(
        f"{' and '.join(one.id for one in holders)} are both coordinator", holders
    )


@eventually_always
def the_greatest_leads(world: World) -> Any:
    """In the end all that are up follow the greatest of them, if nobody comes back and all have elections left."""
    live = list(world.live(Process))
    if not live or any(not process.elections_left and process.above for process in live):
        return True
    greatest = live[-1]
    if all(process.state is State.IDLE for process in live):
        return broken("nobody wants a coordinator")
    for process in live:
        if process.coordinator != greatest.id:
            return broken(f"{process.id} does not follow {greatest.id}", process)
    return True


@possible
def a_coordinator_is_known(world: World) -> bool:
    """All can follow one coordinator."""
    return len({process.coordinator for process in world.nodes(Process)} - {None}) == 1 and all(
        process.coordinator for process in world.nodes(Process)
    )


@frozen
class Bully(Protocol):
    """Election by the bully algorithm: the greatest process that is up takes the post, whoever held it before."""

    name: ClassVar[str] = "bully"
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "ASKING": "wait",
        "BOWING": "wait",
        "COORDINATOR": "good",
        "FOLLOWER": "near",
    }
    process_class: ClassVar[type[Process]] = Process

    processes: int = parameter(3, help="how many processes there are", at_least=1)
    elections: int = parameter(2, help="how many elections each process holds", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = [f"P{k}" for k in range(1, self.processes + 1)]
        return {
            name: self.process_class(
                frozenset(names[k + 1 :]), frozenset(names[:k]), elections_left=self.elections
            )
            for k, name in enumerate(names)
        }

    def promises(self) -> Iterable[Property]:
        return [one_coordinator, the_greatest_leads, a_coordinator_is_known]


# Variants. Each is the protocol above with one deviation.


class Silent(Process):
    """Tells nobody that it has taken the post."""

    def take_office(self) -> Step:
        return self.become(state=State.COORDINATOR, coordinator=self.id).named("take office")


class TellsNobody(Bully):
    """Wrong: who takes the post does not say so; the others wait, or take it too."""

    variant = "tells-nobody"
    process_class = Silent


class Meek(Process):
    """Follows whoever says that it is coordinator, and asks nobody."""

    def elect(self) -> Steps:
        return self.take_office()


class NoElection(Bully):
    """Wrong: who wants a coordinator is one; nobody asks those above."""

    variant = "no-election"
    process_class = Meek
