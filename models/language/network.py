"""Networks: what can happen to messages on their way.

A mailbox holds what is in flight to one node. It is a pure value: ``put`` and ``take`` return another one.

- ``Bag``: no order; each copy is delivered once. The default.
- ``MessageSet``: no order, and nothing ever leaves: whatever was sent may be delivered again and again, late
  or never. Loss, duplication and reordering come for free, as in many TLA+ specifications.
- ``Fifo``: a queue for each sender; only the oldest message of each can be delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import assert_never

from attrs import frozen

from .message import Envelope, envelope_order
from .naming import order_key


class Network(Enum):
    """The discipline of a protocol's mailboxes."""

    BAG = "bag"
    SET = "set"
    FIFO = "fifo"

    def empty_mailbox(self) -> Mailbox:
        """Return the mailbox with nothing in it."""
        match self:
            case Network.BAG:
                return Bag()
            case Network.SET:
                return MessageSet()
            case Network.FIFO:
                return Fifo()
        assert_never(self)


@frozen(cache_hash=True)
class Bag:
    """Messages in flight without any order, each so many times."""

    counts: frozenset[tuple[Envelope, int]] = frozenset()

    def put(self, envelope: Envelope) -> Bag:
        """Add one copy."""
        return self._with(envelope, +1)

    def take(self, envelope: Envelope) -> Bag:
        """Remove one copy."""
        return self._with(envelope, -1)

    def lost(self, envelope: Envelope) -> tuple[Bag, ...]:
        """Return what may be left when the network loses a copy."""
        return (self.take(envelope),)

    def repeated(self, envelope: Envelope) -> tuple[Bag, ...]:
        """Return what there may be when the network makes one more copy."""
        return (self.put(envelope),)

    def _with(self, envelope: Envelope, more: int) -> Bag:
        counts = dict(self.counts)
        counts[envelope] = counts.get(envelope, 0) + more
        if not counts[envelope]:
            del counts[envelope]
        return Bag(frozenset(counts.items()))

    def deliverable(self) -> tuple[Envelope, ...]:
        """Return what may be delivered next; equal copies count as one choice."""
        return tuple(sorted((envelope for envelope, _ in self.counts), key=envelope_order))

    def content(self) -> tuple[Envelope, ...]:
        """Return everything in flight, copies too."""
        copies: Mapping[Envelope, int] = dict(self.counts)
        return tuple(envelope for envelope in self.deliverable() for _ in range(copies[envelope]))


@frozen(cache_hash=True)
class MessageSet:
    """Everything that was ever sent; a delivery removes nothing."""

    sent: frozenset[Envelope] = frozenset()

    def put(self, envelope: Envelope) -> MessageSet:
        """Add a message; one that is there already changes nothing."""
        return self if envelope in self.sent else MessageSet(self.sent | {envelope})

    def take(self, envelope: Envelope) -> MessageSet:
        """Leave everything as it is."""
        return self

    def lost(self, envelope: Envelope) -> tuple[MessageSet, ...]:
        """Return nothing: a message may stay undelivered for ever as it is."""
        return ()

    def repeated(self, envelope: Envelope) -> tuple[MessageSet, ...]:
        """Return nothing: the message can be delivered again as it is."""
        return ()

    def deliverable(self) -> tuple[Envelope, ...]:
        """Return what may be delivered next: everything."""
        return tuple(sorted(self.sent, key=envelope_order))

    def content(self) -> tuple[Envelope, ...]:
        """Return everything that was sent."""
        return self.deliverable()


@frozen(cache_hash=True)
class Fifo:
    """A queue for each sender."""

    queues: frozenset[tuple[str, tuple[Envelope, ...]]] = frozenset()

    def put(self, envelope: Envelope) -> Fifo:
        """Append to the sender's queue."""
        queue = dict(self.queues).get(envelope.sender, ())
        return self._with(envelope.sender, (*queue, envelope))

    def take(self, envelope: Envelope) -> Fifo:
        """Remove the oldest such message from the sender's queue."""
        queue = list(dict(self.queues)[envelope.sender])
        queue.remove(envelope)
        return self._with(envelope.sender, tuple(queue))

    def lost(self, envelope: Envelope) -> tuple[Fifo, ...]:
        """Return what may be left when the network loses a copy: which of several makes a difference."""
        queue = dict(self.queues)[envelope.sender]
        left = [queue[:place] + queue[place + 1 :] for place, held in enumerate(queue) if held == envelope]
        return tuple(self._with(envelope.sender, rest) for rest in dict.fromkeys(left))

    def repeated(self, envelope: Envelope) -> tuple[Fifo, ...]:
        """Return what there may be when the network makes one more copy, right behind the message."""
        queue = dict(self.queues)[envelope.sender]
        longer = [
            (*queue[:place], envelope, *queue[place:]) for place, held in enumerate(queue) if held == envelope
        ]
        return tuple(self._with(envelope.sender, more) for more in dict.fromkeys(longer))

    def _with(self, sender: str, queue: tuple[Envelope, ...]) -> Fifo:
        queues = dict(self.queues)
        queues[sender] = queue
        return Fifo(frozenset((name, held) for name, held in queues.items() if held))

    def _in_order(self) -> list[tuple[str, tuple[Envelope, ...]]]:
        return sorted(self.queues, key=lambda queue: order_key(queue[0]))

    def deliverable(self) -> tuple[Envelope, ...]:
        """Return what may be delivered next: the oldest message of each sender."""
        return tuple(queue[0] for _, queue in self._in_order())

    def content(self) -> tuple[Envelope, ...]:
        """Return everything in flight, sender by sender, oldest first."""
        return tuple(envelope for _, queue in self._in_order() for envelope in queue)


Mailbox = Bag | MessageSet | Fifo
