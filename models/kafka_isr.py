"""Replication with in-sync replicas, as in Kafka: what all of them have is kept, whoever leads next.

A leader appends records, and followers fetch them. What every in-sync replica has is below the high watermark, and is
acknowledged to producers. A controller notices crashes, takes replicas out of the set, and chooses a new leader from
it; each change has a new epoch, and each record carries the epoch in which it was appended. A replica that begins to
follow asks the leader where its own last epoch ends there, and cuts its log off at that point; so logs agree, and
nothing below the high watermark is cut off.

Apache Kafka, KIP-101 (leader epochs instead of truncation to the high watermark), KIP-279 (asking again until epochs
agree) and KIP-497 (a leader counts whom it wants back in the set as in it). A leader's and a set's epoch are one here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, possible
from everyway.models.language import (
    LATER,
    Event,
    Message,
    Node,
    NodeId,
    Observer,
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
    volatile,
)

Log = tuple[int, ...]
"""The epochs of the records. One leader appends in an epoch, so offset and epoch tell a record from all others."""


@frozen
class LeaderAndIsr(Message):
    """The controller: this is the leader of this epoch, and these are the in-sync replicas."""

    epoch: int
    leader: NodeId | None
    isr: frozenset[NodeId]

    def __str__(self) -> str:
        return f"epoch {self.epoch}: {self.leader or 'nobody'} leads, in sync {', '.join(sorted(self.isr))}"


class Register(Message):
    """A broker has come up again."""


@frozen
class Expand(Message):
    """The leader: this replica has caught up, and may be in the set again."""

    epoch: int
    replica: NodeId


@frozen
class AskEnd(Message):
    """A follower: where does this epoch end in your log?"""

    epoch: int
    last: int


@frozen
class End(Message):
    """The leader: the last epoch up to the one that you ask for, and the offset where it ends."""

    epoch: int
    last: int
    offset: int


@frozen
class Fetch(Message):
    """A follower: what comes after this offset? I know of this high watermark."""

    epoch: int
    offset: int
    watermark: int


@frozen
class Records(Message):
    """The leader: these records, and the high watermark."""

    epoch: int
    records: Log
    watermark: int


@frozen
class Controller(Node):
    """Chooses the leader among the in-sync replicas that are up."""

    brokers: frozenset[NodeId]
    leader: NodeId | None = durable()
    isr: frozenset[NodeId] = durable()
    epoch: int = durable(1)
    down: frozenset[NodeId] = durable(frozenset())

    @suspect
    def notice(self, broker: NodeId) -> Steps:
        """Take a broker that is down out of the set, unless it is the last in it."""
        if broker in self.brokers - self.down:
            return self.chosen(self.isr, self.down | {broker})

    @on(Register)
    def take_back(self, _: Register, broker: NodeId) -> Steps:
        """Tell a broker that has come up again who leads."""
        return self.chosen(self.isr, self.down - {broker})

    @on(Expand)
    def expand(self, expand: Expand) -> Steps:
        if expand.epoch == self.epoch and expand.replica not in self.isr | self.down:
            return self.chosen(self.isr | {expand.replica}, self.down)

    def chosen(self, isr: frozenset[NodeId], down: frozenset[NodeId]) -> Step:
        """Return the step that chooses a leader, and tells everybody in a new epoch."""
        isr = isr - down or isr
        leader = self.leader if self.leader in isr - down else self.choose(isr, down)
        changed = self.become(epoch=self.epoch + 1, leader=leader, isr=isr, down=down)
        return changed.send(self.brokers, LeaderAndIsr(self.epoch + 1, leader, isr))

    def choose(self, isr: frozenset[NodeId], down: frozenset[NodeId]) -> NodeId | None:
        """Return a new leader from the set; None if nobody in it is up."""
        return min(isr - down, default=None)

    def __str__(self) -> str:
        return f"EPOCH {self.epoch}, {self.leader or 'nobody'} leads"


@frozen
class Broker(Node):
    """Keeps the log on disk; leads or follows as the controller says."""

    controller: NodeId
    records: int
    """How many records there may be."""
    epoch: int = durable()
    leader: NodeId | None = volatile()
    isr: frozenset[NodeId] = volatile()
    log: Log = durable(())
    watermark: int = durable(0)
    """The high watermark: every record before it is in the logs of all in-sync replicas."""
    ends: frozenset[tuple[NodeId, int]] = volatile(frozenset())
    """As leader: how far each follower has come."""
    is_truncating: bool = volatile(False)
    """As follower: whether the own log may still have records that the leader's has not."""
    is_fetching: bool = volatile(False)

    @on(LeaderAndIsr)
    def obey(self, told: LeaderAndIsr) -> Steps:
        if told.epoch <= self.epoch and self.leader is not None:
            return None
        changed = evolve(
            self, epoch=told.epoch, leader=told.leader, isr=told.isr, ends=frozenset(), is_fetching=False
        )
        if told.leader == self.id:
            return changed.become(is_truncating=False).named("lead")
        return changed.truncated().named("follow")

    def truncated(self) -> Step:
        """Return the step that begins to follow: first to find out where the logs part."""
        return self.become(is_truncating=True)

    @property
    def leads(self) -> bool:
        """Whether this broker takes itself for the leader."""
        return self.leader == self.id

    @choice
    def append(self) -> Steps:
        """Append what a producer sends."""
        if self.leads and len(self.log) < self.records:
            longer = evolve(self, log=(*self.log, self.epoch))
            return longer.become(watermark=longer.reached(longer.isr, longer.ends))

    def reached(self, isr: frozenset[NodeId], ends: frozenset[tuple[NodeId, int]]) -> int:
        """Return the high watermark: how far all in-sync replicas have come."""
        known = dict(ends)
        return max(
            self.watermark, min([len(self.log), *(known.get(replica, 0) for replica in isr - {self.id})])
        )

    @choice
    def ask(self) -> Steps:
        """As follower: ask for the end of the own last epoch, then for records."""
        if self.leader is None or self.leads or self.is_fetching:
            return None
        asking = self.become(is_fetching=True)
        if self.is_truncating and self.log:
            return asking.send(self.leader, AskEnd(self.epoch, self.log[-1])).named("ask for end of epoch")
        fetching = self.become(is_fetching=True, is_truncating=False)
        return fetching.send(self.leader, Fetch(self.epoch, len(self.log), self.watermark)).named("fetch")

    @on(AskEnd)
    def tell_end(self, asked: AskEnd, follower: NodeId) -> Steps:
        if asked.epoch > self.epoch:
            return LATER
        if self.leads and asked.epoch == self.epoch:
            known = [offset for offset, epoch in enumerate(self.log) if epoch <= asked.last]
            last = self.log[known[-1]] if known else 0
            return self.send(follower, End(self.epoch, last, len(known)))

    @on(End)
    def truncate(self, end: End) -> Steps:
        """Cut off what the leader has not; ask again as long as the last epochs differ."""
        if end.epoch == self.epoch and self.is_truncating:
            kept = [epoch for epoch in self.log[: end.offset] if epoch <= end.last]
            differs = bool(kept) and kept[-1] != end.last
            return self.become(log=tuple(kept), is_truncating=differs, is_fetching=False)

    @on(Fetch)
    def give(self, fetch: Fetch, follower: NodeId) -> Steps:
        """Note how far a follower has come; answer once there is news for it."""
        if fetch.epoch > self.epoch:
            return LATER
        if not self.leads or fetch.epoch < self.epoch:
            return None
        ends = frozenset((dict(self.ends) | {follower: fetch.offset}).items())
        returns = follower not in self.isr and fetch.offset >= self.watermark
        isr = self.isr | {follower} if returns and self.counts_pending else self.isr
        watermark = self.reached(isr, ends)
        records = self.log[fetch.offset :]
        noted = self.become(ends=ends, isr=isr, watermark=watermark)
        if records or watermark > fetch.watermark:
            noted = noted.send(follower, Records(self.epoch, records, watermark))
        elif (ends, isr, watermark) == (self.ends, self.isr, self.watermark) and not returns:
            return LATER
        else:
            noted = noted.send(follower, Records(self.epoch, (), watermark))
        return noted.send(self.controller, Expand(self.epoch, follower)) if returns else noted

    counts_pending: ClassVar[bool] = True
    """Whether the leader counts a replica as in sync from the moment it asks to have it back."""

    @on(Records)
    def take(self, records: Records) -> Steps:
        if records.epoch == self.epoch and not self.leads and self.is_fetching:
            log = (*self.log, *records.records)
            return self.become(log=log, watermark=min(len(log), records.watermark), is_fetching=False)

    @restart
    def register(self) -> Steps:
        return self.send(self.controller, Register())

    def __str__(self) -> str:
        role = "LEADS" if self.leads else "FOLLOWS" if self.leader else "WAITS"
        return f"{role} {self.epoch}: {' '.join(map(str, self.log)) or '-'} | {self.watermark}"


# What is promised.


@frozen
class Acknowledged(Observer):
    """Remembers every record that a leader has told a producer it will keep: offset and epoch."""

    records: frozenset[tuple[int, int]] = frozenset()

    def observe(self, event: Event) -> Acknowledged:
        node = event.after
        if not isinstance(node, Broker) or not node.leads:
            return self
        return Acknowledged(self.records | set(enumerate(node.log[: self.count(node)])))

    def count(self, leader: Broker) -> int:
        """Return how many records the leader has acknowledged."""
        return leader.watermark


def newest_leader(world: World) -> Broker | None:
    """Return the broker that leads in the controller's epoch, if it is up and knows."""
    (controller,) = world.nodes(Controller)
    for broker in world.live(Broker):
        if broker.leads and broker.epoch == controller.epoch:
            return broker
    return None


@always
def no_acknowledged_record_is_lost(world: World) -> Any:
    """Every record that was acknowledged is in the log of whoever leads now."""
    leader = newest_leader(world)
    if leader is None:
        return True
    lost = sorted(world.observer("acknowledged").records - set(enumerate(leader.log)))
    return not lost or broken(f"{leader.id} leads without record {lost[0][0]} of epoch {lost[0][1]}", leader)


@always
def logs_agree(world: World) -> Any:
    """Two replicas have the same records below both high watermarks."""
    brokers = world.nodes(Broker)
    for one in brokers:
        for other in brokers:
            both = min(one.watermark, other.watermark)
            if one.log[:both] != other.log[:both]:
                return broken(f"{one.id} and {other.id} differ below the high watermark", [one, other])
    return True


@possible
def everything_is_acknowledged(world: World) -> bool:
    """All records can be acknowledged, and be everywhere."""
    brokers = world.nodes(Broker)
    return all(broker.watermark == broker.records for broker in brokers)


@frozen
class KafkaIsr(Protocol):
    """In-sync replicas with leader epochs, as in Kafka: no acknowledged record is lost while one of them is left."""

    name: ClassVar[str] = "kafka-isr"
    tones: ClassVar[dict[str, str]] = {"LEADS": "good", "FOLLOWS": "near", "WAITS": "wait", "EPOCH": "idle"}
    broker_class: ClassVar[type[Broker]] = Broker
    controller_class: ClassVar[type[Controller]] = Controller
    observer_class: ClassVar[type[Acknowledged]] = Acknowledged

    brokers: int = parameter(2, help="how many brokers there are", at_least=1)
    records: int = parameter(2, help="how many records a log has at most", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = [f"B{k}" for k in range(1, self.brokers + 1)]
        isr = frozenset(names)
        brokers = {
            name: self.broker_class("K", self.records, epoch=1, leader=names[0], isr=isr) for name in names
        }
        return {"K": self.controller_class(isr, leader=names[0], isr=isr), **brokers}

    def observers(self) -> dict[str, Observer]:
        return {"acknowledged": self.observer_class()}

    def promises(self) -> Iterable[Property]:
        return [no_acknowledged_record_is_lost, logs_agree, everything_is_acknowledged]


# Variants. Each is the protocol above with one deviation.


class ToWatermark(Broker):
    """Cuts its log off at its high watermark when it begins to follow."""

    def truncated(self) -> Step:
        return self.become(log=self.log[: self.watermark], is_truncating=False)


class HighWatermarkTruncation(KafkaIsr):
    """Wrong, as before KIP-101: followers cut off at their high watermark, which lags behind (2 crashes, 1 restart)."""

    variant = "high-watermark-truncation"
    broker_class = ToWatermark


class Unclean(Controller):
    """Chooses whoever is up, in sync or not."""

    def choose(self, isr: frozenset[NodeId], down: frozenset[NodeId]) -> NodeId | None:
        return min(isr - down, default=min(self.brokers - down, default=None))


class UncleanElection(KafkaIsr):
    """Wrong: if nobody in the set is up, any broker may lead, whatever it lacks (2 crashes, 1 restart)."""

    variant = "unclean-election"
    controller_class = Unclean


class AtOnce(Acknowledged):
    """Counts as acknowledged whatever the leader has appended."""

    def count(self, leader: Broker) -> int:
        return len(leader.log)


class LeaderAcknowledges(KafkaIsr):
    """Wrong (acks=1): the leader acknowledges what it has appended itself; if it crashes, that is lost (1 crash)."""

    variant = "leader-acknowledges"
    observer_class = AtOnce


class Early(Broker):
    """Counts a replica as in sync only once the controller says so."""

    counts_pending = False


class PendingNotCounted(KafkaIsr):
    """Wrong, as before KIP-497: who is let in lacks what was acknowledged meanwhile (2 crashes, 1 restart)."""

    variant = "pending-not-counted"
    broker_class = Early
