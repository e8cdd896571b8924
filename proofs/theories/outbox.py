"""A local message table (transactional outbox) with a consumer that carries out each message once.

Pritchett, BASE: an ACID alternative (2008); Helland, Life beyond distributed transactions (2007). The relay and the
consumer may crash at any moment, confirmations may be lost, and the broker may deliver again until it is acknowledged.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    any_of,
    empty,
    given,
    goal,
    initially,
    lemma,
    when,
)


class Message(Sort):
    """A message, and the order that it is about."""


class Outbox(Theory):
    """Every order is carried out at most once, no order is lost, and nothing is carried out that was not ordered."""

    note = "That every order is carried out at last is a promise over time, which induction does not decide."

    ordered = Relation(Message)
    """The order's row stands in the producer's database."""
    outbox = Relation(Message)
    """The message stands in the table beside it."""
    fetched = Relation(Message)
    """The relay has read the message; volatile."""
    confirmed = Relation(Message)
    """The relay knows that the broker keeps the message; volatile."""
    queued = Relation(Message)
    """The broker keeps the message."""
    seen = Relation(Message)
    """The consumer has written down in its database that it carried out the message."""
    effect = Relation(Message)
    """The message was carried out."""
    repeated = Relation(Message)
    """The message was carried out more than once."""

    @initially
    def nothing_has_happened(self) -> Formula:
        return empty(
            self.ordered,
            self.outbox,
            self.fetched,
            self.confirmed,
            self.queued,
            self.seen,
            self.effect,
            self.repeated,
        )

    @action
    def take_order(self, m: Message) -> Step:
        """The producer writes the order and the message in one local transaction."""
        return when(~self.ordered(m)).add(self.ordered(m), self.outbox(m))

    @action
    def fetch(self, m: Message) -> Step:
        """The relay reads a message in the table."""
        return when(self.outbox(m)).add(self.fetched(m))

    @action
    def publish(self, m: Message) -> Step:
        """The relay hands the message to the broker, and does not hear whether that worked."""
        return when(self.fetched(m)).add(self.queued(m))

    @action
    def publish_and_hear(self, m: Message) -> Step:
        """The relay hands the message to the broker, which confirms that it keeps it."""
        return when(self.fetched(m)).add(self.queued(m), self.confirmed(m))

    @action
    def delete(self, m: Message) -> Step:
        """The relay deletes a message that the broker has confirmed."""
        return when(self.confirmed(m)).remove(self.outbox(m), self.fetched(m), self.confirmed(m))

    @action
    def crash_relay(self) -> Step:
        """The relay crashes and comes up again; what it had in memory is lost."""
        return when().remove_all(self.fetched).remove_all(self.confirmed)

    @action
    def carry_out(self, m: Message) -> Step:
        """The consumer carries out a message and writes down that it did, in one local transaction."""
        return self.carried_out(m, when(self.queued(m), ~self.seen(m)).add(self.seen(m)))

    def carried_out(self, m: Message, step: Step) -> Step:
        """Return the step with which a message is carried out, once more if it was already."""
        return step.add_all(self.repeated, lambda x: (x == m) & self.effect(m)).add(self.effect(m))

    @action
    def acknowledge(self, m: Message) -> Step:
        """The consumer acknowledges what it has carried out, now or earlier, and the broker drops it."""
        return when(self.queued(m), self.seen(m)).remove(self.queued(m))

    @lemma
    def seen_exactly_if_carried_out(self, m: Message) -> Formula:
        """What was carried out is written down, and nothing else."""
        return self.seen(m).iff(self.effect(m))

    @lemma
    def table_holds_orders(self, m: Message) -> Formula:
        """The table holds messages of orders that were taken, and so do the relay and the broker."""
        return given(any_of(self.outbox(m), self.fetched(m), self.queued(m))).then(self.ordered(m))

    @lemma
    def confirmed_is_kept(self, m: Message) -> Formula:
        """What was confirmed is with the broker, or was carried out."""
        return given(self.confirmed(m)).then(self.queued(m) | self.effect(m))

    @lemma
    @goal
    def exactly_one_effect(self, m: Message) -> Formula:
        """Nothing is carried out twice."""
        return ~self.repeated(m)

    @lemma
    @goal
    def nothing_is_lost(self, m: Message) -> Formula:
        """An order stands in the table, or is with the broker, or was carried out."""
        return given(self.ordered(m)).then(any_of(self.outbox(m), self.queued(m), self.effect(m)))

    @lemma
    @goal
    def no_phantom(self, m: Message) -> Formula:
        """Only what was ordered is carried out."""
        return given(self.effect(m)).then(self.ordered(m))


# What goes wrong.


class NoDedup(Outbox):
    """The consumer does not look whether it has carried out a message already."""

    variant = "no-dedup"

    @action
    def carry_out(self, m: Message) -> Step:
        """The consumer carries out whatever is delivered."""
        return self.carried_out(m, when(self.queued(m)).add(self.seen(m)))


class NotedSeparately(Outbox):
    """The consumer writes down what it has carried out in a transaction of its own, and may crash in between."""

    variant = "noted-separately"

    @action
    def carry_out(self, m: Message) -> Step:
        """The consumer carries out a message that is not written down."""
        return self.carried_out(m, when(self.queued(m), ~self.seen(m)))

    @action
    def write_down(self, m: Message) -> Step:
        """The consumer writes down that it has carried out a message."""
        return when(self.effect(m)).add(self.seen(m))


class DeleteFirst(Outbox):
    """The relay deletes a message before the broker has it, and may crash in between."""

    variant = "delete-first"

    @action
    def delete(self, m: Message) -> Step:
        """The relay deletes a message that it has read."""
        return when(self.fetched(m)).remove(self.outbox(m))


class AcknowledgeFirst(Outbox):
    """The consumer acknowledges a message before it has carried it out, and may crash in between."""

    variant = "acknowledge-first"

    @action
    def acknowledge(self, m: Message) -> Step:
        """The consumer acknowledges what it is given."""
        return when(self.queued(m)).remove(self.queued(m))


class DatabaseFirst(Outbox):
    """There is no table: the producer writes its order, and tells the broker in a step of its own."""

    variant = "database-first"

    @action
    def take_order(self, m: Message) -> Step:
        """The producer writes the order alone, and keeps in memory what it has to publish."""
        return when(~self.ordered(m)).add(self.ordered(m), self.fetched(m))


class BrokerFirst(Outbox):
    """There is no table: the producer tells the broker first, and then writes its order, if that still works."""

    variant = "broker-first"

    @action
    def publish(self, m: Message) -> Step:
        """The producer hands a message to the broker, whatever becomes of the order."""
        return when().add(self.queued(m))
