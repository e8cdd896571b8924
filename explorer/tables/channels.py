"""A mailbox, and the channels that it is the union of: what it holds of each sender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from everyway.models.language.network import Bag, Fifo, Mailbox, MessageSet, Network


def joined(parts: Sequence[Mailbox], network: Network) -> Mailbox:
    """Return the mailbox that holds what the channels to a node hold."""
    if not parts:
        return network.empty_mailbox()
    if len(parts) == 1:
        return parts[0]
    match network:
        case Network.BAG:
            return Bag(frozenset().union(*(part.counts for part in parts if isinstance(part, Bag))))
        case Network.SET:
            return MessageSet(
                frozenset().union(*(part.sent for part in parts if isinstance(part, MessageSet)))
            )
        case Network.FIFO:
            return Fifo(frozenset().union(*(part.queues for part in parts if isinstance(part, Fifo))))


def parted(mailbox: Mailbox) -> Iterable[tuple[str, Mailbox]]:
    """Yield what a mailbox holds of each sender."""
    match mailbox:
        case Bag():
            for sender in {envelope.sender for envelope, _ in mailbox.counts}:
                yield (
                    sender,
                    Bag(frozenset(item for item in mailbox.counts if item[0].sender == sender)),
                )
        case MessageSet():
            for sender in {envelope.sender for envelope in mailbox.sent}:
                yield sender, MessageSet(frozenset(e for e in mailbox.sent if e.sender == sender))
        case Fifo():
            for queue in mailbox.queues:
                yield queue[0], Fifo(frozenset({queue}))
