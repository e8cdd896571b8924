"""A local message table (transactional outbox): a change in one database brings about a change in another, at last.

The producer writes its business row and a message for the others in one local transaction. A relay forwards what
stands in the table of messages to a broker, and deletes a message once the broker has confirmed that it keeps it; until
then it tries again. The broker delivers a message until the consumer acknowledges it, which it does after it has
carried it out. So nothing is lost, but a message may come twice; the consumer looks in its database whether it has
carried it out already.

Pritchett, "BASE: an ACID alternative" (2008); Helland, "Life beyond distributed transactions" (2007); a queue in a
database is Gray's (1978).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, eventually_always, possible
from everyway.models.language import (
    LATER,
    REMOVED,
    Message,
    Node,
    NodeId,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    timeout,
    volatile,
)


@frozen
class Publish(Message):
    """The relay hands a message to the broker."""

    order: int
    relay: int


@frozen
class Confirm(Message):
    """The broker keeps the message."""

    order: int
    relay: int


@frozen
class Deliver(Message):
    """The broker hands a message to the consumer."""

    order: int


@frozen
class Acknowledge(Message):
    """The consumer needs the message no longer."""

    order: int


@frozen
class Producer(Node):
    """Takes orders in its database, in which the table of messages is too; its relays forward them.

    A transaction that is rolled back leaves nothing in either table, as if it had not begun: so it is no step.
    """

    broker: NodeId
    orders: int
    """How many orders come in."""
    retries: int
    sending: tuple[int, ...] = volatile()
    """For each relay, which message it waits for the broker to confirm; 0 for none."""
    retries_left: int = volatile()
    rows: frozenset[int] = durable(frozenset())
    """The orders that were taken: the business table."""
    outbox: frozenset[int] = durable(frozenset())
    """The table of messages."""
    deleted: frozenset[int] = durable(frozenset())
    """What was deleted from it. Only the promises look at that."""

    @choice
    def take_order(self) -> Steps:
        """Commit the local transaction: the row and the message."""
        order = len(self.rows) + 1
        if order <= self.orders:
            return self.become(rows=self.rows | {order}, outbox=self.outbox | {order}).named(
                f"take order {order}"
            )

    @choice
    def forward(self) -> Steps:
        """Publish the oldest message of the table."""
        for relay, busy in enumerate(self.sending):
            if self.outbox and not busy:
                yield self.publish(min(self.outbox), relay)

    def publish(self, order: int, relay: int) -> Any:
        """Return the step that sends a message to the broker."""
        sending = self.become(sending=(*self.sending[:relay], order, *self.sending[relay + 1 :]))
        return sending.send(self.broker, Publish(order, relay)).named(f"publish {order}")

    @on(Confirm)
    def delete(self, confirm: Confirm) -> Steps:
        """Delete the message that the broker keeps."""
        if self.sending[confirm.relay] == confirm.order:
            idle = (*self.sending[: confirm.relay], 0, *self.sending[confirm.relay + 1 :])
            deleted = self.become(
                outbox=self.outbox - {confirm.order},
                deleted=self.deleted | {confirm.order},
                sending=idle,
                retries_left=self.retries,
            )
            return deleted.named(f"delete {confirm.order}")

    @timeout(awaiting="broker")
    def publish_again(self) -> Steps:
        for relay, order in enumerate(self.sending):
            if order and self.retries_left:
                again = self.become(retries_left=self.retries_left - 1)
                yield again.send(self.broker, Publish(order, relay)).because(f"{order} is not confirmed")

    def __str__(self) -> str:
        if any(self.sending):
            return f"SENDING {', '.join(str(order) for order in self.sending if order)}"
        return f"TO SEND {', '.join(map(str, sorted(self.outbox)))}" if self.outbox else "NOTHING TO SEND"


@frozen
class Broker(Node):
    """Keeps messages on disk, and delivers the oldest until it is acknowledged."""

    consumer: NodeId
    retries: int
    retries_left: int = volatile()
    queue: tuple[int, ...] = durable(())
    is_out: bool = volatile(False)
    """Whether the oldest was delivered, and not yet acknowledged."""

    @on(Publish)
    def keep(self, publish: Publish, relay: NodeId) -> Steps:
        kept = self.become(queue=(*self.queue, publish.order))
        return kept.send(relay, Confirm(publish.order, publish.relay)).named(f"keep {publish.order}")

    @choice
    def deliver(self) -> Steps:
        if self.queue and not self.is_out:
            return (
                self.become(is_out=True)
                .send(self.consumer, Deliver(self.queue[0]))
                .named(f"deliver {self.queue[0]}")
            )

    @on(Acknowledge)
    def drop(self, acknowledge: Acknowledge) -> Steps:
        if self.is_out and self.queue[0] == acknowledge.order:
            return self.become(queue=self.queue[1:], is_out=False, retries_left=self.retries)

    @timeout(awaiting="consumer")
    def deliver_again(self) -> Steps:
        if self.is_out and self.retries_left:
            again = self.become(retries_left=self.retries_left - 1)
            return again.send(self.consumer, Deliver(self.queue[0])).because("not acknowledged")

    def __str__(self) -> str:
        return f"KEEPS {', '.join(map(str, self.queue))}" if self.queue else "EMPTY"


@frozen
class Consumer(Node):
    """Carries out each message once: what it has done stands in its database, in the same transaction."""

    broker: NodeId
    effects: tuple[int, ...] = durable(())
    """What was carried out, in this order."""
    taken: int = volatile(0)
    """The message in hand; 0 for none."""
    is_done: bool = volatile(False)
    """Whether it is carried out."""

    @on(Deliver)
    def take(self, deliver: Deliver) -> Steps:
        if self.taken:
            return LATER
        return self.become(taken=deliver.order).named(f"take {deliver.order}")

    @choice
    def carry_out(self) -> Steps:
        if self.taken and not self.is_done:
            if self.knows(self.taken):
                return (
                    self.become(is_done=True)
                    .named(f"skip {self.taken}")
                    .because("it was carried out already")
                )
            done = self.become(effects=(*self.effects, self.taken), is_done=True)
            return done.named(f"carry out {self.taken}")

    def knows(self, order: int) -> bool:
        """Return whether the database says that a message was carried out."""
        return order in self.effects

    @choice
    def acknowledge(self) -> Steps:
        if self.is_done:
            return self.become(taken=0, is_done=False).send(self.broker, Acknowledge(self.taken))

    def __str__(self) -> str:
        if self.taken:
            return f"HAS {self.taken}"
        return f"DID {', '.join(map(str, self.effects))}" if self.effects else "IDLE"


# What is promised.


def producer(world: World) -> Producer:
    """Return the producer."""
    return world.nodes(Producer)[0]


def consumer(world: World) -> Consumer:
    """Return the consumer."""
    return world.nodes(Consumer)[0]


@always
def row_iff_message(world: World) -> Any:
    """An order is taken if and only if its message was written."""
    made = producer(world)
    for order in sorted(made.rows ^ (made.outbox | made.deleted)):
        what = "was taken without a message" if order in made.rows else "has a message, but was not taken"
        return broken(f"order {order} {what}", made)
    return True


@always
def no_loss(world: World) -> Any:
    """What follows from an order is on disk: in the table, in the broker's queue, or carried out."""
    kept = producer(world).outbox | {*consumer(world).effects}
    kept |= {order for broker in world.nodes(Broker) for order in broker.queue}
    lost = sorted(producer(world).rows - kept)
    return not lost or f"the message of order {lost[0]} is lost"


@always
def no_phantom(world: World) -> Any:
    """Nothing is carried out for an order that was not taken."""
    strange = sorted({*consumer(world).effects} - producer(world).rows)
    return not strange or broken(f"{strange[0]} is carried out, but not taken", consumer(world))


@always
def exactly_once(world: World) -> Any:
    """Nothing is carried out twice."""
    done = consumer(world).effects
    twice = sorted({order for order in done if done.count(order) > 1})
    return not twice or broken(f"{twice[0]} is carried out twice", consumer(world))


@always
def in_order(world: World) -> Any:
    """Orders are carried out in the order in which they were taken."""
    done = consumer(world).effects
    for before, after in pairwise(done):
        if before > after:
            return broken(f"{after} is carried out after {before}", consumer(world))
    return True


@eventually_always
def eventual(world: World) -> Any:
    """In the end every order that was taken is carried out, unless somebody stays down or has no retry left."""
    waiting = [any(made.sending) for made in world.nodes(Producer)] + [
        one.is_out for one in world.nodes(Broker)
    ]
    retries = [made.retries_left for made in world.nodes(Producer)]
    retries += [broker.retries_left for broker in world.nodes(Broker)]
    if len(world.live()) < len(tuple(world)) or (True, 0) in zip(waiting, retries, strict=True):
        return True
    missing = sorted(producer(world).rows - {*consumer(world).effects})
    return not missing or f"{missing[0]} is never carried out"


@possible
def everything_is_carried_out(world: World) -> bool:
    """All orders can be taken and carried out."""
    return len({*consumer(world).effects}) == producer(world).orders


@possible
def an_order_is_published(world: World) -> bool:
    """The broker can hand an order to the consumer."""
    return bool(consumer(world).taken)


@possible
def a_message_comes_twice(world: World) -> bool:
    """The consumer can be handed what it has carried out already."""
    return not consumer(world).is_done and consumer(world).taken in consumer(world).effects


@frozen
class Outbox(Protocol):
    """A local message table: what is committed in one database takes effect in another, at last and once."""

    tones: ClassVar[dict[str, str]] = {
        "SENDING": "near",
        "TO": "wait",
        "NOTHING": "idle",
        "KEEPS": "near",
        "EMPTY": "idle",
        "HAS": "wait",
        "DID": "good",
    }
    producer_class: ClassVar[type[Producer]] = Producer
    broker_class: ClassVar[type[Broker]] = Broker
    consumer_class: ClassVar[type[Consumer]] = Consumer

    orders: int = parameter(2, help="how many orders come in", at_least=1)
    relays: int = parameter(1, help="how many relays read the table of messages", at_least=1)
    retries: int = parameter(1, help="how often relay and broker send a message again", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        idle = (0,) * self.relays
        return {
            "P": self.producer_class("B", self.orders, self.retries, sending=idle, retries_left=self.retries),
            "B": self.broker_class("C", self.retries, retries_left=self.retries),
            "C": self.consumer_class("B"),
        }

    def promises(self) -> Iterable[Property]:
        return [
            row_iff_message,
            no_loss,
            no_phantom,
            exactly_once,
            eventual,
            everything_is_carried_out,
        ]


# Variants. Each is the protocol above with one deviation.


class Repeating(Consumer):
    """Carries out whatever comes."""

    def knows(self, order: int) -> bool:
        return False


class AsNoted(Outbox):
    """The notes' reading: nothing is said of messages that come twice, so the consumer carries them out twice."""

    variant = "as-noted"
    consumer_class = Repeating

    def promises(self) -> Iterable[Property]:
        return [row_iff_message, no_loss, no_phantom, eventual, everything_is_carried_out]


@frozen
class Separate(Consumer):
    """Notes in a transaction of its own what it has carried out."""

    noted: frozenset[int] = durable(frozenset())

    def knows(self, order: int) -> bool:
        return order in self.noted

    @choice
    def acknowledge(self) -> Steps:
        if self.is_done and self.taken not in self.noted:
            return self.become(noted=self.noted | {self.taken}).named(f"note {self.taken}")
        if self.is_done:
            return self.become(taken=0, is_done=False).send(self.broker, Acknowledge(self.taken))


class NotedSeparately(Outbox):
    """Wrong: the consumer notes in a second transaction what it has carried out; a crash may come between the two."""

    variant = "noted-separately"
    consumer_class = Separate


class Hasty(Consumer):
    """Acknowledges first, and carries out then."""

    @on(Deliver)
    def take(self, deliver: Deliver) -> Steps:
        if self.taken:
            return LATER
        taken = self.become(taken=deliver.order).named(f"take {deliver.order}")
        return taken.send(self.broker, Acknowledge(deliver.order))

    @choice
    def acknowledge(self) -> Steps:
        if self.is_done:
            return self.become(taken=0, is_done=False).named("go on")


class AcknowledgeFirst(Outbox):
    """Wrong: a message is acknowledged before it is carried out; it is lost if the consumer crashes in between."""

    variant = "acknowledge-first"
    consumer_class = Hasty


class DeletingFirst(Producer):
    """Deletes a message from the table before it is published."""

    def publish(self, order: int, relay: int) -> Any:
        deleted = evolve(self, outbox=self.outbox - {order}, deleted=self.deleted | {order})
        return super(DeletingFirst, deleted).publish(order, relay)


class DeleteFirst(Outbox):
    """Wrong: a message is deleted before it is published; it is lost if the relay crashes in between."""

    variant = "delete-first"
    producer_class = DeletingFirst


@frozen
class Forgetful(Broker):
    """Keeps messages in memory."""

    queue: tuple[int, ...] = volatile(())


class VolatileBroker(Outbox):
    """Wrong: the broker keeps messages in memory, and confirms them all the same."""

    variant = "volatile-broker"
    broker_class = Forgetful


@frozen
class Tell(Message):
    """A message that nobody confirms."""

    order: int


class Addressed(Broker):
    """Keeps what it is told."""

    keep = REMOVED

    @on(Tell)
    def note(self, told: Tell) -> Steps:
        return self.become(queue=(*self.queue, told.order)).named(f"keep {told.order}")


class Announcing(Producer):
    """Has no table of messages: takes the order, then publishes its message."""

    @choice
    def take_order(self) -> Steps:
        order = len(self.rows) + 1
        if order <= self.orders:
            taken = self.become(rows=self.rows | {order}).named(f"take order {order}")
            return taken.send(self.broker, Tell(order))

    forward = REMOVED
    delete = REMOVED
    publish_again = REMOVED


class DatabaseFirst(Outbox):
    """Wrong: no table of messages; the order is committed, then published. A crash between the two loses it."""

    variant = "database-first"
    broker_class = Addressed
    producer_class = Announcing

    def promises(self) -> Iterable[Property]:
        return [no_phantom, exactly_once, eventual, everything_is_carried_out]


@frozen
class Optimist(Announcing):
    """Publishes the message of an order, then tries to take the order."""

    announced: int = volatile(0)
    has_failed: bool = durable(False)

    @choice
    def take_order(self) -> Steps:
        order = len(self.rows) + 1
        if not self.announced and order <= self.orders and not self.has_failed:
            told = self.become(announced=order).named(f"announce order {order}")
            yield told.send(self.broker, Tell(order))
        if self.announced:
            yield self.become(rows=self.rows | {self.announced}, announced=0).named(
                f"take order {self.announced}"
            )

    @choice
    def fail(self) -> Steps:
        """Roll the transaction back, and take no more orders."""
        if self.announced:
            return self.become(announced=0, has_failed=True)


class BrokerFirst(DatabaseFirst):
    """Wrong: no table of messages; the message is published, then the order is committed, if it can be."""

    variant = "broker-first"
    producer_class = Optimist


@frozen
class TwoStores(Producer):
    """Has its table of messages in another database than the orders."""

    unwritten: int = volatile(0)
    """The order whose message is still to be written."""

    @choice
    def take_order(self) -> Steps:
        if self.unwritten:
            written = self.become(outbox=self.outbox | {self.unwritten}, unwritten=0)
            return written.named(f"write message {self.unwritten}")
        order = len(self.rows) + 1
        if order <= self.orders:
            return self.become(rows=self.rows | {order}, unwritten=order).named(f"take order {order}")


class TwoDatabases(Outbox):
    """Wrong: the table of messages is in another database, so that a crash may come between order and message."""

    variant = "two-databases"
    producer_class = TwoStores


class Refuse(Message):
    """The consumer cannot do what the message asks; it is to come again."""


class Failing(Consumer):
    """Cannot carry out what is asked of it, however often it is asked."""

    @choice
    def carry_out(self) -> Steps:
        if self.taken:
            return self.become(taken=0).send(self.broker, Refuse()).named(f"fail at {self.taken}")

    acknowledge = REMOVED


class Patient(Broker):
    """Delivers again what was refused."""

    drop = REMOVED

    @on(Refuse)
    def take_back(self) -> Steps:
        if self.is_out:
            return self.become(is_out=False)


class Poison(Outbox):
    """What is asked can never be carried out; the order stands all the same. It takes compensation, as in a saga."""

    variant = "poison"
    broker_class = Patient
    consumer_class = Failing

    def promises(self) -> Iterable[Property]:
        return [row_iff_message, no_loss, no_phantom, exactly_once, eventual, an_order_is_published]
