"""A replicated account: which invariants survive that replicas act alone, and which do not?

Every replica serves its clients at once and tells the others afterwards; what it hears it adds up, in any order. Then
"the balance is never below zero" holds for deposits and not for withdrawals: two of them, each covered where it was
made, need not be covered together. Bailis, Fekete, Franklin, Ghodsi, Hellerstein & Stoica, "Coordination avoidance in
database systems" (VLDB 2014), sections 3 and 5: *invariant confluence* is what divides the two.

So if consistency means only that such an invariant holds, as in ACID, consistency, availability and partitions go
together for deposits. Messages of one replica arrive in order; a partition, if there is one, ends at last unless
``--heals 0`` says that it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, eventually_always, leads_to, possible
from everyway.invariants.consistency import converged
from everyway.models.language import (
    Fairness,
    Message,
    Network,
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
)
from everyway.models.language.fairness import Strength


@frozen
class Booked(Message):
    """This was paid in, or if it is negative paid out, where I am."""

    amount: int

    def __str__(self) -> str:
        return f"{self.amount:+}"


class MayWithdraw(Message):
    """A client of mine wants to withdraw 1; may it?"""


class Granted(Message):
    """It may, and I have booked it."""


class Declined(Message):
    """There is no money left."""


@frozen
class Replica(Node):
    """Has its own view of the balance: what it was at first, what was booked here, and what it has heard of."""

    others: frozenset[NodeId]
    share: int = durable(0)
    """Its part of the money, where each replica pays out of its own part only."""
    balance: int = durable(0)
    deposits: int = durable(0)
    """How many deposits of 1 clients still want to make here."""
    withdrawals: int = durable(0)
    """How many withdrawals of 1 clients still want to make here."""
    waits: bool = durable(False)
    """Whether a client waits for its money."""

    @choice
    def deposit(self) -> Steps:
        """Pay in 1."""
        if self.deposits:
            paid = evolve(self, deposits=self.deposits - 1, share=self.share + 1)
            return paid.book(+1).named("deposit 1")

    def book(self, amount: int) -> Step:
        """Return the step that changes the balance here and tells the others."""
        return self.become(balance=self.balance + amount).send(self.others, Booked(amount))

    @on(Booked)
    def add(self, message: Booked) -> Steps:
        """Add what happened elsewhere; the order does not matter."""
        return self.become(balance=self.balance + message.amount)

    @property
    def is_done(self) -> bool:
        """Whether every client here was served."""
        return not (self.deposits or self.withdrawals or self.waits)

    def __str__(self) -> str:
        told = f"OWES {-self.balance}" if self.balance < 0 else f"HAS {self.balance}"
        return f"{told}, ASKS" if self.waits else told


# What is promised.


@always
def never_overdrawn(world: World) -> Any:
    """No replica ever sees a balance below zero."""
    for replica in world.nodes(Replica):
        if replica.balance < 0:
            return broken(f"{replica.id} sees a balance of {replica.balance}", replica)
    return True


def somebody_is_not_served(world: World) -> bool:
    """A client has yet to be served."""
    return not everybody_is_served(world)


def everybody_is_served(world: World) -> bool:
    """Every client is served at last by its own replica, if only by being told that there is no money left."""
    return all(replica.is_done for replica in world.live(Replica))


available: Property = leads_to(somebody_is_not_served, name="available")(everybody_is_served)
converges: Property = eventually_always(converged(lambda replica: replica.balance), name="converges")


@possible
def a_booking_is_heard_of(world: World) -> bool:
    """All bookings can have been heard of everywhere."""
    return everybody_is_served(world) and not world.in_flight()


@frozen
class ReplicatedAccount(Protocol):
    """An account into which money is paid at any replica: never overdrawn, and always available."""

    name: ClassVar[str] = "replicated-account"
    network: ClassVar[Network] = Network.FIFO
    fairness: ClassVar[Fairness] = Fairness(heals=Strength.WEAK)
    tones: ClassVar[dict[str, str]] = {
        "OWES 1": "stop",
        "OWES 2": "stop",
        "HAS 0": "idle",
        "HAS 1": "near",
        "HAS 0, ASKS": "wait",
        "HAS 1, ASKS": "wait",
    }
    replica_class: ClassVar[type[Replica]] = Replica

    replicas: int = parameter(2, help="how many replicas there are", at_least=2)
    opening: int = parameter(1, help="the balance at first", at_least=0)
    deposits: int = parameter(1, help="how many deposits of 1 are made at each replica", at_least=0)

    @property
    def names(self) -> list[NodeId]:
        """The replicas' names."""
        return [f"N{number}" for number in range(1, self.replicas + 1)]

    def share(self, name: NodeId) -> int:
        """Return a replica's part of the opening balance; those of the first ones may be greater by 1."""
        return len(range(self.names.index(name), self.opening, self.replicas))

    def replica(self, name: NodeId) -> Replica:
        """Return a replica at the start."""
        others = frozenset(self.names) - {name}
        return self.replica_class(others, self.share(name), self.opening, self.deposits)

    def nodes(self) -> dict[NodeId, Node]:
        return {name: self.replica(name) for name in self.names}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        shares = {self.share(name) for name in self.names}
        return [[name for name in self.names if self.share(name) == share] for share in sorted(shares)]

    def promises(self) -> Iterable[Property]:
        return [never_overdrawn, available, converges, a_booking_is_heard_of]


# Variants: the same account with withdrawals.


class PayingReplica(Replica):
    """Pays out what it believes to be there."""

    @choice
    def withdraw(self) -> Steps:
        """Pay out 1 if the money is there, and decline otherwise."""
        if self.withdrawals and not self.waits:
            served = evolve(self, withdrawals=self.withdrawals - 1)
            if served.is_covered:
                return evolve(served, share=self.share - 1).book(-1).named("withdraw 1")
            return served.stay().named("decline")

    @property
    def is_covered(self) -> bool:
        """Whether there is money for a withdrawal, as far as this replica knows."""
        return self.balance >= 1


@frozen
class WithdrawLocally(ReplicatedAccount):
    """Wrong: each replica pays out as long as it sees money, while another is paying out the same money."""

    variant: ClassVar[str] = "withdraw-locally"
    replica_class: ClassVar[type[Replica]] = PayingReplica

    withdrawals: int = parameter(1, help="how many withdrawals of 1 are made at each replica", at_least=0)

    def replica(self, name: NodeId) -> Replica:
        return evolve(super().replica(name), withdrawals=self.withdrawals)


class EscrowReplica(PayingReplica):
    """Pays out of its own share only."""

    @property
    def is_covered(self) -> bool:
        return self.share >= 1


class Escrow(WithdrawLocally):
    """Each replica pays out of a share of its own (O'Neil 1986): never overdrawn, available, but it may decline."""

    variant = "escrow"
    replica_class = EscrowReplica


@frozen
class AskingReplica(PayingReplica):
    """Has the first replica decide on withdrawals."""

    primary: NodeId = ""

    @choice
    def withdraw(self) -> Steps:
        if self.id == self.primary:
            return super().withdraw()
        if self.withdrawals and not self.waits:
            asking = self.become(withdrawals=self.withdrawals - 1, waits=True)
            return asking.send(self.primary, MayWithdraw()).named("ask")

    @on(MayWithdraw)
    def decide(self, _: MayWithdraw, replica: NodeId) -> Steps:
        if not self.is_covered:
            return self.send(replica, Declined()).named("decline")
        granted = self.become(balance=self.balance - 1).send(replica, Granted())
        return granted.send(self.others - {replica}, Booked(-1)).named("grant")

    @on(Granted)
    def pay(self) -> Steps:
        return self.become(balance=self.balance - 1, waits=False).named("withdraw 1")

    @on(Declined)
    def decline(self) -> Steps:
        return self.become(waits=False)


class AskFirst(WithdrawLocally):
    """The first replica decides on withdrawals: never overdrawn, but who cannot reach it waits (see --heals 0)."""

    variant = "ask-first"
    replica_class = AskingReplica

    def replica(self, name: NodeId) -> Replica:
        return evolve(super().replica(name), primary=self.names[0])  # type: ignore[call-arg]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names[1:]]
