"""Try, confirm, cancel: a transaction over services that each reserve first.

A coordinator asks all services to try, that is to reserve. If all have, it confirms, else it cancels; both are repeated
until answered. A cancellation may come where nothing was tried, and must then be answered all the same and take
nothing back (the empty rollback). A try that comes after its cancellation must not reserve, as nobody would ever
release that (the hanging try). And both may come twice.

Helland, "Life beyond distributed transactions" (2007), section on tentative operations; Pardon & Pautasso, "Atomic
distributed transactions: a RESTful design" (2014).
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
    Steps,
    Timeouts,
    World,
    choice,
    durable,
    on,
    parameter,
    restart,
    timeout,
    volatile,
)


class Try(Message):
    """Reserve one."""


class Reserved(Message):
    """I have."""


class Refused(Message):
    """I have none left."""


class Confirm(Message):
    """Take what was reserved."""


class Cancel(Message):
    """Release what was reserved."""


class Ended(Message):
    """Confirmed, or cancelled."""


class State(Enum):
    """What a service knows of the transaction."""

    NOTHING = "nothing"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


STOCK = 2
"""How many each service has at the start."""


@frozen
class Service(Node):
    """Reserves, and waits for what becomes of it; that it has cancelled stands on disk."""

    state: State = durable(State.NOTHING)
    free: int = durable(STOCK)
    """How many are neither reserved nor sold."""

    @on(Try)
    def reserve(self, _: Try, coordinator: NodeId) -> Steps:
        if self.state is State.NOTHING:
            yield self.become(state=State.RESERVED, free=self.free - 1).send(coordinator, Reserved())
            yield self.send(coordinator, Refused()).named("refuse").because("sold out to others")
        elif self.state is State.CANCELLED:
            yield self.send(coordinator, Refused()).named("refuse").because("it is cancelled already")

    @on(Confirm)
    def confirm(self, _: Confirm, coordinator: NodeId) -> Steps:
        if self.state in (State.RESERVED, State.CONFIRMED):
            return self.become(state=State.CONFIRMED).send(coordinator, Ended())

    @on(Cancel)
    def cancel(self, _: Cancel, coordinator: NodeId) -> Steps:
        if self.state is State.RESERVED:
            return self.become(state=State.CANCELLED, free=self.free + 1).send(coordinator, Ended())
        if self.state is State.NOTHING:
            return self.cancel_nothing(coordinator)
        if self.state is State.CANCELLED:
            return self.cancel_again(coordinator)

    def cancel_nothing(self, coordinator: NodeId) -> Steps:
        """Note that the transaction is cancelled, so that a try that comes later does not reserve."""
        return self.become(state=State.CANCELLED).send(coordinator, Ended()).named("empty rollback")

    def cancel_again(self, coordinator: NodeId) -> Steps:
        """Answer again, and release nothing."""
        return self.send(coordinator, Ended()).named("answer again")


class Phase(Enum):
    """How far the transaction is."""

    IDLE = "idle"
    TRYING = "trying"
    CONFIRMING = "confirming"
    CANCELLING = "cancelling"
    SOLD = "sold"
    CALLED_OFF = "called off"


@frozen
class Coordinator(Node):
    """Has all services try, and then confirms or cancels at all of them; its decision is on disk."""

    services: frozenset[NodeId]
    retries: int
    retries_left: int = volatile()
    reserved: frozenset[NodeId] = volatile(frozenset())
    ended: frozenset[NodeId] = durable(frozenset())
    phase: Phase = durable(Phase.IDLE)

    @choice
    def begin(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.TRYING).send(self.services, Try())

    @on(Reserved)
    def count(self, _: Reserved, service: NodeId) -> Steps:
        if self.phase is Phase.TRYING:
            reserved = self.reserved | {service}
            if reserved == self.services:
                return self.become(phase=Phase.CONFIRMING, reserved=reserved).send(self.services, Confirm())
            return self.become(reserved=reserved)

    @on(Refused)
    def call_off(self) -> Steps:
        if self.phase is Phase.TRYING:
            return self.become(phase=Phase.CANCELLING).send(self.services, Cancel())

    @on(Ended)
    def count_ended(self, _: Ended, service: NodeId) -> Steps:
        ended = self.ended | {service}
        if self.phase in END and ended == self.services:
            return self.become(phase=END[self.phase], ended=ended)
        return self.become(ended=ended)

    @timeout(awaiting="services")
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.TRYING:
            return self.become(phase=Phase.CANCELLING).send(self.services, Cancel())
        if self.phase in END and self.retries_left:
            again = self.become(retries_left=self.retries_left - 1)
            return again.send(self.services - self.ended, WORD[self.phase])

    @restart
    def resume(self) -> Steps:
        """Cancel what was being tried; go on with what was decided."""
        if self.phase is Phase.TRYING:
            return self.become(phase=Phase.CANCELLING).send(self.services, Cancel())
        if self.phase in END:
            return self.send(self.services - self.ended, WORD[self.phase])


END = {Phase.CONFIRMING: Phase.SOLD, Phase.CANCELLING: Phase.CALLED_OFF}
WORD = {Phase.CONFIRMING: Confirm(), Phase.CANCELLING: Cancel()}


# What is promised.


@always
def all_or_none(world: World) -> Any:
    """No service confirms while another cancels."""
    confirmed = [service for service in world.nodes(Service) if service.state is State.CONFIRMED]
    cancelled = [service for service in world.nodes(Service) if service.state is State.CANCELLED]
    if confirmed and cancelled:
        return broken(f"{confirmed[0].id} confirmed, {cancelled[0].id} cancelled", [*confirmed, *cancelled])
    return True


@always
def nothing_from_nowhere(world: World) -> Any:
    """What is free, reserved and sold is as much as there was."""
    for service in world.nodes(Service):
        held = service.state in (State.RESERVED, State.CONFIRMED)
        if service.free + held != STOCK:
            return broken(
                f"{service.id} had {STOCK}, and has {service.free} free, {int(held)} taken", service
            )
    return True


@eventually_always
def nothing_stays_reserved(world: World) -> Any:
    """In the end nothing is reserved any more, unless somebody stays down or there is no retry left."""
    (coordinator,) = world.nodes(Coordinator)
    if len(world.live()) < len(tuple(world)) or not coordinator.retries_left:
        return True
    held = [service for service in world.nodes(Service) if service.state is State.RESERVED]
    return not held or broken(f"{held[0].id} keeps what nobody wants any more", held)


@possible
def it_is_sold(world: World) -> bool:
    """All services can confirm."""
    return all(service.state is State.CONFIRMED for service in world.nodes(Service))


@possible
def it_is_called_off(world: World) -> bool:
    """All services can cancel, and be done with it."""
    return all(node.phase is Phase.CALLED_OFF for node in world.nodes(Coordinator))


@frozen
class Tcc(Protocol):
    """Try, confirm, cancel: reservations at several services are all taken or all released."""

    name: ClassVar[str] = "tcc"
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "NOTHING": "idle",
        "TRYING": "wait",
        "CONFIRMING": "wait",
        "CANCELLING": "wait",
        "RESERVED": "near",
        "CONFIRMED": "good",
        "SOLD": "good",
        "CANCELLED": "stop",
        "CALLED_OFF": "stop",
    }
    service_class: ClassVar[type[Service]] = Service

    services: int = parameter(2, help="how many services reserve", at_least=1)
    retries: int = parameter(1, help="how often the coordinator confirms or cancels again", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        coordinator = Coordinator(frozenset(self.names), self.retries, retries_left=self.retries)
        return {"C": coordinator} | {name: self.service_class() for name in self.names}

    @property
    def names(self) -> list[NodeId]:
        """The services' names."""
        return [f"S{k}" for k in range(1, self.services + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]

    def promises(self) -> Iterable[Property]:
        return [all_or_none, nothing_from_nowhere, nothing_stays_reserved, it_is_sold, it_is_called_off]


# Variants. Each is the protocol above with one deviation.


class Traceless(Service):
    """Keeps no trace of a cancellation for which there was nothing to release."""

    def cancel_nothing(self, coordinator: NodeId) -> Steps:
        return self.send(coordinator, Ended()).named("empty rollback")


class HangingTry(Tcc):
    """Wrong: an empty rollback leaves no trace; a try that comes after it reserves what nobody will release."""

    variant = "hanging-try"
    service_class = Traceless


class Careless(Service):
    """Releases without looking whether it had reserved."""

    def cancel_nothing(self, coordinator: NodeId) -> Steps:
        released = self.become(state=State.CANCELLED, free=self.free + 1)
        return released.send(coordinator, Ended()).named("release")


class EmptyRollback(Tcc):
    """Wrong: a cancellation without a try releases what was never reserved."""

    variant = "empty-rollback"
    service_class = Careless


class Repeating(Service):
    """Releases again when it is asked again."""

    def cancel_again(self, coordinator: NodeId) -> Steps:
        return self.become(free=self.free + 1).send(coordinator, Ended()).named("release again")


class NotIdempotent(Tcc):
    """Wrong: a cancellation that comes twice releases twice."""

    variant = "not-idempotent"
    service_class = Repeating


class Impatient(Service):
    """Releases a reservation of its own accord if nothing is heard."""

    @timeout
    def expire(self) -> Steps:
        if self.state is State.RESERVED:
            return self.become(state=State.CANCELLED, free=self.free + 1)


class Expiring(Tcc):
    """Wrong: a service releases its reservation when it has waited too long, while others are told to confirm."""

    variant = "expiring"
    service_class = Impatient
