"""The alternating-bit protocol: items arrive once and in order over channels that lose and repeat.

The sender puts one bit on each item and sends it until an acknowledgement with that bit comes back; then it takes the
next item and turns the bit round. The receiver delivers an item whose bit is the one that it expects, and answers every
item with the item's bit. One bit is enough because a channel keeps the order: what is late is late by one item.

Bartlett, Scantlebury & Wilkinson, "A note on reliable full-duplex transmission over half-duplex links" (1969).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, possible
from everyway.models.language import (
    Message,
    Network,
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
    timeout,
    volatile,
)


@frozen
class Packet(Message):
    """An item with its bit."""

    item: int
    bit: bool

    def __str__(self) -> str:
        return f"item {self.item}, bit {self.bit:d}"


@frozen
class Acknowledgement(Message):
    """The bit of a packet that has come."""

    bit: bool

    def __str__(self) -> str:
        return f"ack {self.bit:d}"


@frozen
class Sender(Node):
    """Sends one item after the other; each until it is acknowledged."""

    receiver: NodeId
    items: int
    retries: int
    retries_left: int = volatile()
    item: int = durable(0)
    """The item that is being sent; 0 before the first."""
    bit: bool = durable(True)
    is_acknowledged: bool = durable(True)

    @choice
    def send_next(self) -> Steps:
        if self.is_acknowledged and self.item < self.items:
            item, bit = self.item + 1, not self.bit
            sending = self.become(item=item, bit=bit, is_acknowledged=False, retries_left=self.retries)
            return sending.send(self.receiver, Packet(item, bit))

    @timeout(awaiting="receiver")
    def send_again(self) -> Steps:
        if not self.is_acknowledged and self.retries_left:
            again = self.become(retries_left=self.retries_left - 1)
            return again.send(self.receiver, Packet(self.item, self.bit))

    @on(Acknowledgement)
    def take(self, acknowledgement: Acknowledgement) -> Steps:
        if not self.is_acknowledged and self.is_for(acknowledgement):
            return self.become(is_acknowledged=True)

    def is_for(self, acknowledgement: Acknowledgement) -> bool:
        """Return whether an acknowledgement is for the item that is being sent."""
        return acknowledgement.bit == self.bit

    def __str__(self) -> str:
        if self.is_acknowledged:
            return "READY" if self.item < self.items else "DONE"
        return f"SENDING {self.item}, bit {self.bit:d}"


@frozen
class Receiver(Node):
    """Delivers what has the bit that it expects, and acknowledges whatever comes."""

    delivered: tuple[int, ...] = durable(())
    expected: bool = durable(False)

    @on(Packet)
    def take(self, packet: Packet, sender: NodeId) -> Steps:
        if not self.is_new(packet):
            return self.send(sender, Acknowledgement(packet.bit)).because(
                f"item {packet.item} is here already"
            )
        taken = self.become(delivered=(*self.delivered, packet.item), expected=not packet.bit)
        return taken.send(sender, Acknowledgement(packet.bit)).named(f"deliver item {packet.item}")

    def is_new(self, packet: Packet) -> bool:
        """Return whether a packet has the next item."""
        return packet.bit == self.expected

    def __str__(self) -> str:
        return f"HAS {', '.join(map(str, self.delivered))}" if self.delivered else "EMPTY"


# What is promised.


@always
def in_order_and_once(world: World) -> Any:
    """What is delivered are the first items, each once and in order."""
    for receiver in world.nodes(Receiver):
        if receiver.delivered != tuple(range(1, len(receiver.delivered) + 1)):
            return broken(f"delivered {', '.join(map(str, receiver.delivered))}", receiver)
    return True


@always
def acknowledged_is_delivered(world: World) -> Any:
    """What the sender takes for acknowledged was delivered."""
    (sender,), (receiver,) = world.nodes(Sender), world.nodes(Receiver)
    done = sender.item if sender.is_acknowledged else sender.item - 1
    return done <= len(set(receiver.delivered)) or broken(f"item {done} never came", sender)


@possible
def everything_can_be_delivered(world: World) -> bool:
    """All items can be delivered and acknowledged."""
    (sender,), (receiver,) = world.nodes(Sender), world.nodes(Receiver)
    return sender.is_acknowledged and len(set(receiver.delivered)) == sender.items


@eventually
def everything_is_delivered(world: World) -> Any:
    """All items are delivered in the end, unless somebody stays down or the sender has no retry left."""
    (sender,), (receiver,) = world.nodes(Sender), world.nodes(Receiver)
    if len(world.live()) < 2 or not (sender.retries_left or sender.is_acknowledged):
        return True
    missing = sorted({*range(1, sender.items + 1)} - {*receiver.delivered})
    return not missing or f"item {missing[0]} is never delivered"


@frozen
class AlternatingBit(Protocol):
    """The alternating-bit protocol: one bit on each packet is enough over channels that lose and repeat."""

    name: ClassVar[str] = "alternating-bit"
    network: ClassVar[Network] = Network.FIFO
    timeouts: ClassVar[Timeouts] = Timeouts.LATE
    tones: ClassVar[dict[str, str]] = {
        "READY": "idle",
        "SENDING": "wait",
        "DONE": "good",
        "EMPTY": "idle",
        "HAS": "good",
    }
    sender_class: ClassVar[type[Sender]] = Sender
    receiver_class: ClassVar[type[Receiver]] = Receiver

    items: int = parameter(3, help="how many items are sent", at_least=1)
    retries: int = parameter(2, help="how often an item is sent again", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        sender = self.sender_class("R", self.items, self.retries, retries_left=self.retries)
        return {"S": sender, "R": self.receiver_class()}

    def promises(self) -> Iterable[Property]:
        return [
            in_order_and_once,
            acknowledged_is_delivered,
            everything_can_be_delivered,
            everything_is_delivered,
        ]


# Variants. Each is the protocol above with one deviation.


class Gullible(Receiver):
    """Does not look at the bit."""

    def is_new(self, packet: Packet) -> bool:
        return True


class NoBit(AlternatingBit):
    """Wrong: the receiver does not look at the bit; it delivers again what is sent again (1 loss)."""

    variant = "no-bit"
    receiver_class = Gullible


class Trusting(Sender):
    """Takes any acknowledgement for that of the item being sent."""

    def is_for(self, acknowledgement: Acknowledgement) -> bool:
        return True


class NoBitInAcknowledgements(AlternatingBit):
    """Wrong: the sender takes any acknowledgement; a duplicate of the last loses the next item."""

    variant = "no-bit-in-acknowledgements"
    sender_class = Trusting


class Reordering(AlternatingBit):
    """Wrong on a network that changes the order: an old packet looks like the one after the next (1 duplicate)."""

    variant = "reordering"
    network = Network.BAG


class Impatient(Sender):
    """Sends an item once."""

    def send_again(self) -> Steps:
        return None


class NoRetransmission(AlternatingBit):
    """Wrong: nothing is sent again, so one loss ends it."""

    variant = "no-retransmission"
    sender_class = Impatient
