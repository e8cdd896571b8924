"""A saga: a long transaction as a row of short ones, each with another that takes it back.

An orchestrator asks one service after the other to do its step. If one refuses, the steps that were done are taken back
in reverse order by their compensations. So in the end all steps are done or none is, but in between everybody sees
what was done so far: a saga is atomic at last, and not isolated.

Garcia-Molina & Salem, "Sagas" (1987), sections 2 and 5 (backward recovery; the log of the saga is on disk).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually_always, possible
from everyway.models.language import (
    REMOVED,
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
    timeout,
    volatile,
)


class Do(Message):
    """Do your step."""


class Done(Message):
    """My step is done."""


class Refused(Message):
    """I cannot do my step."""


class Undo(Message):
    """Take your step back."""


class Undone(Message):
    """My step is taken back."""


class State(Enum):
    """How far a service is."""

    NOTHING = "nothing"
    DONE = "done"
    REFUSED = "refused"
    TAKEN_BACK = "taken back"


@frozen
class Service(Node):
    """Does one step, or refuses; asked again it answers as before."""

    state: State = durable(State.NOTHING)
    times: int = durable(0)
    """How often the step was done. Only the promises look at it."""

    @on(Do)
    def do(self, _: Do, orchestrator: NodeId) -> Steps:
        if self.state is State.NOTHING:
            yield self.become(state=State.DONE, times=self.times + 1).send(orchestrator, Done())
            yield self.become(state=State.REFUSED).send(orchestrator, Refused()).named("refuse")
        elif self.state is State.DONE:
            yield self.again(orchestrator)
        elif self.state is State.REFUSED:
            yield self.send(orchestrator, Refused()).named("refuse again")

    def again(self, orchestrator: NodeId) -> Step:
        """Return the step of a service that has done its step already."""
        return self.send(orchestrator, Done()).named("answer again")

    @on(Undo)
    def undo(self, _: Undo, orchestrator: NodeId) -> Steps:
        """Take the step back; that must work, sooner or later."""
        return self.become(state=State.TAKEN_BACK).send(orchestrator, Undone())


class Phase(Enum):
    """How far the saga is."""

    IDLE = "idle"
    FORWARD = "forward"
    BACKWARD = "backward"
    COMPLETED = "completed"
    GIVEN_UP = "given up"


@frozen
class Orchestrator(Node):
    """Goes through the steps, and back if one is refused; where it is stands on disk."""

    services: tuple[NodeId, ...]
    retries: int
    retries_left: int = volatile()
    phase: Phase = durable(Phase.IDLE)
    at: int = durable(0)
    """Which step it is at, counting from 0."""

    @choice
    def begin(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.ask(Phase.FORWARD, 0)

    @on(Done)
    def go_on(self, _: Done, service: NodeId) -> Steps:
        if self.phase is Phase.FORWARD and service == self.services[self.at]:
            if self.at + 1 == len(self.services):
                return self.become(phase=Phase.COMPLETED)
            return self.ask(Phase.FORWARD, self.at + 1)

    @on(Refused)
    def turn_back(self, _: Refused, service: NodeId) -> Steps:
        if self.phase is Phase.FORWARD and service == self.services[self.at]:
            return self.go_back(self.at)

    @on(Undone)
    def go_on_back(self, _: Undone, service: NodeId) -> Steps:
        if self.phase is Phase.BACKWARD and service == self.services[self.at]:
            return self.go_back(self.at)

    def go_back(self, done: int) -> Steps:
        """Take back the last of the first so many steps."""
        return self.ask(Phase.BACKWARD, done - 1) if done else self.become(phase=Phase.GIVEN_UP)

    def ask(self, phase: Phase, at: int) -> Step:
        """Return the step that asks a service to do its step, or to take it back."""
        asking = self.become(phase=phase, at=at, retries_left=self.retries)
        return asking.send(self.services[at], Do() if phase is Phase.FORWARD else Undo())

    @timeout(awaiting="services")
    def ask_again(self) -> Steps:
        if self.phase in (Phase.FORWARD, Phase.BACKWARD) and self.retries_left:
            again = self.become(retries_left=self.retries_left - 1)
            return again.send(self.services[self.at], Do() if self.phase is Phase.FORWARD else Undo())

    @restart
    def resume(self) -> Steps:
        if self.phase in (Phase.FORWARD, Phase.BACKWARD):
            return self.ask(self.phase, self.at)


# What is promised.


def orchestrator(world: World) -> Orchestrator:
    """Return the orchestrator."""
    return world.nodes(Orchestrator)[0]


@always
def all_or_none(world: World) -> Any:
    """When the saga is completed all steps are done, and when it is given up none is."""
    phase = orchestrator(world).phase
    for service in world.nodes(Service):
        is_done = service.state is State.DONE
        if (phase is Phase.COMPLETED and not is_done) or (phase is Phase.GIVEN_UP and is_done):
            return broken(f"the saga is {phase.value}, and {service.id} is {service.state.value}", service)
    return True


@always
def in_reverse_order(world: World) -> Any:
    """A step is done only while all before it are: they are taken back last."""
    states = [service.state is State.DONE for service in world.nodes(Service)]
    return states == sorted(states, reverse=True) or "an earlier step was taken back before a later one"


@always
def once(world: World) -> Any:
    """No step is done twice."""
    twice = [service for service in world.nodes(Service) if service.times > 1]
    return not twice or broken(f"{twice[0].id} has done its step twice", twice)


@eventually_always
def ends(world: World) -> Any:
    """In the end all steps are done or none is, unless somebody stays down or there is no retry left."""
    made = orchestrator(world)
    if len(world.live()) < len(tuple(world)) or not made.retries_left:
        return True
    done = [service for service in world.nodes(Service) if service.state is State.DONE]
    return len(done) in (0, len(world.nodes(Service))) or broken("it stays half done", done)


@possible
def it_is_completed(world: World) -> bool:
    """All steps can be done."""
    return orchestrator(world).phase is Phase.COMPLETED


@possible
def what_was_seen_is_taken_back(world: World) -> bool:
    """Somebody could have seen a step that is taken back: a saga is not isolated."""
    return any(service.state is State.TAKEN_BACK and service.times for service in world.nodes(Service))


@frozen
class Saga(Protocol):
    """A saga: steps at several services, taken back if one is refused. Atomic at last, not isolated."""

    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "NOTHING": "idle",
        "FORWARD": "wait",
        "BACKWARD": "near",
        "DONE": "good",
        "COMPLETED": "good",
        "REFUSED": "stop",
        "TAKEN_BACK": "stop",
        "GIVEN_UP": "stop",
    }
    orchestrator_class: ClassVar[type[Orchestrator]] = Orchestrator
    service_class: ClassVar[type[Service]] = Service

    steps: int = parameter(3, help="how many steps there are, each at a service of its own", at_least=1)
    retries: int = parameter(2, help="how often the orchestrator asks again", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        names = tuple(f"S{k}" for k in range(1, self.steps + 1))
        made = self.orchestrator_class(names, self.retries, retries_left=self.retries)
        return {"O": made} | {name: self.service_class() for name in names}

    def promises(self) -> Iterable[Property]:
        return [all_or_none, in_reverse_order, once, ends, it_is_completed, what_was_seen_is_taken_back]


# Variants. Each is the protocol above with one deviation.


class Hasty(Orchestrator):
    """Does not wait for compensations."""

    def go_back(self, done: int) -> Steps:
        given_up = self.become(phase=Phase.GIVEN_UP)
        return given_up.send(frozenset(self.services[:done]), Undo()) if done else given_up


class FireAndForget(Saga):
    """Wrong: compensations are sent once and nobody waits for them; one that gets lost leaves a step done (1 loss)."""

    variant = "fire-and-forget"
    orchestrator_class = Hasty

    def promises(self) -> Iterable[Property]:
        return [once, ends, it_is_completed, what_was_seen_is_taken_back]


class Forwards(Orchestrator):
    """Takes steps back in the order in which they were done."""

    @on(Refused)
    def turn_back(self, _: Refused, service: NodeId) -> Steps:
        if self.phase is Phase.FORWARD and service == self.services[self.at]:
            return self.ask(Phase.BACKWARD, 0) if self.at else self.become(phase=Phase.GIVEN_UP)

    @on(Undone)
    def go_on_back(self, _: Undone, service: NodeId) -> Steps:
        if self.phase is Phase.BACKWARD and service == self.services[self.at]:
            last = self.at + 2 == len(self.services)
            return self.become(phase=Phase.GIVEN_UP) if last else self.ask(Phase.BACKWARD, self.at + 1)


class ForwardCompensation(Saga):
    """Wrong: steps are taken back in the order in which they were done, under the feet of later ones."""

    variant = "forward-compensation"
    orchestrator_class = Forwards


@frozen
class Forgetful(Orchestrator):
    """Keeps where it is in memory; all that it knows after a crash is that it had begun."""

    phase: Phase = volatile(Phase.IDLE)
    at: int = volatile(0)
    has_begun: bool = durable(False)

    @choice
    def begin(self) -> Steps:
        if not self.has_begun:
            return self.become(phase=Phase.FORWARD, has_begun=True).send(self.services[0], Do())

    resume = REMOVED


class VolatileLog(Saga):
    """Wrong: where the saga is stands in memory only; after a crash nobody goes on (1 crash and restart)."""

    variant = "volatile-log"
    orchestrator_class = Forgetful


class Repeating(Service):
    """Does its step whenever it is asked."""

    def again(self, orchestrator: NodeId) -> Step:
        return self.become(times=self.times + 1).send(orchestrator, Done()).named("do again")


class NotIdempotent(Saga):
    """Wrong: a service that is asked again does its step again (1 loss)."""

    variant = "not-idempotent"
    service_class = Repeating
