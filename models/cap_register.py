"""The CAP theorem on one replicated register: consistent, available, tolerant of partitions; choose two.

Gilbert & Lynch, "Brewer's conjecture and the feasibility of consistent, available, partition-tolerant web services"
(SIGACT News 2002), section 3. *Consistent* means linearizable. *Available* means that every request that a live replica
receives is answered, and not by an error. The *partition* may come at any moment and never end.

The register is written once, at its primary, and read at the others. What the replicas do is a policy: when a write is
acknowledged, where a read looks, and what is done when an answer takes too long. A majority of copies for writes, and
for reads with a write-back, is the register of Attiya, Bar-Noy & Dolev, "Sharing memory robustly in message-passing
systems" (JACM 1995), for which one write needs no timestamps: the value 1 is newer than 0.

``everyway check cap`` keeps both promises; with ``--partitions 1 --heals 0`` no policy does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, leads_to, possible
from everyway.invariants.consistency import (
    Call,
    Gone,
    Invoked,
    Linearizability,
    Register,
    Returned,
    is_linearizable,
)
from everyway.invariants.consistency.history import Happening
from everyway.invariants.temporal import both
from everyway.models.language import (
    Event,
    Fairness,
    Kind,
    Message,
    Node,
    NodeId,
    Observer,
    Protocol,
    Step,
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


class Acknowledged(Enum):
    """How many replicas must hold a write before it is acknowledged."""

    LOCAL = "local"
    MAJORITY = "majority"
    ALL = "all"


class ReadFrom(Enum):
    """Where a read looks."""

    LOCAL = "local"
    MAJORITY = "majority"
    WRITE_BACK = "write-back"
    """At a majority, which must hold what was found before it is answered."""
    PRIMARY = "primary"


class OnTimeout(Enum):
    """What a replica does with a request when others have been silent for too long."""

    WAIT = "wait"
    REFUSE = "refuse"
    ANSWER = "answer"
    """Answer with what it has."""


@frozen
class Policy:
    """What the replicas do."""

    write: Acknowledged
    read: ReadFrom
    on_timeout: OnTimeout

    def __str__(self) -> str:
        return f"{self.write.value}/{self.read.value}/{self.on_timeout.value}"


@frozen
class Store(Message):
    """Keep this value unless yours is newer."""

    request: int
    value: int

    def __str__(self) -> str:
        return _told(f"store {self.value}", self.request)


@frozen
class Stored(Message):
    """I hold it."""

    request: int

    def __str__(self) -> str:
        return _told("stored", self.request)


@frozen
class Query(Message):
    """What do you hold?"""

    request: int

    def __str__(self) -> str:
        return _told("query", self.request)


@frozen
class Value(Message):
    """This is what I hold."""

    request: int
    value: int

    def __str__(self) -> str:
        return _told(f"value {self.value}", self.request)


def _told(words: str, request: int) -> str:
    return words if request == 1 else f"{words} (request {request})"


class Phase(Enum):
    """What a replica is doing for its client."""

    IDLE = "idle"
    WRITING = "writing"
    READING = "reading"
    WRITING_BACK = "writing back"
    ANSWERED = "answered"
    REFUSED = "refused"


BUSY = frozenset([Phase.WRITING, Phase.READING, Phase.WRITING_BACK])


@frozen
class Replica(Node):
    """Holds a copy, and serves a client beside it: that of the primary writes, the others read."""

    policy: Policy
    primary: NodeId
    others: frozenset[NodeId]
    requests: int
    """How many requests its client has, one after the other."""
    value: int = durable(0)
    asked: int = durable(0)
    phase: Phase = volatile(Phase.IDLE)
    heard: frozenset[NodeId] = volatile(frozenset())
    """Who has answered, this replica included."""
    seen: int = volatile(0)
    """The newest value that the read came upon, and in the end its answer."""

    @property
    def is_primary(self) -> bool:
        """Whether this is where the register is written."""
        return self.id == self.primary

    @property
    def may_ask(self) -> bool:
        """Whether the client has a request left, and is not waiting for an answer; one that was refused gives up."""
        return self.asked < self.requests and self.phase in (Phase.IDLE, Phase.ANSWERED)

    @property
    def awaited(self) -> frozenset[NodeId]:
        """The replicas that have not answered yet."""
        everybody = [self.primary] if self.reads_at_primary else self.others
        return frozenset(everybody) - self.heard

    @property
    def reads_at_primary(self) -> bool:
        """Whether the primary alone is asked."""
        return self.phase is Phase.READING and self.policy.read is ReadFrom.PRIMARY

    @property
    def is_enough(self) -> bool:
        """Whether nobody else need be heard."""
        if self.reads_at_primary:
            return self.primary in self.heard
        all_of_them = len(self.others) + 1
        needed = all_of_them // 2 + 1
        if self.phase is Phase.WRITING:
            write = self.policy.write
            needed = {Acknowledged.LOCAL: 1, Acknowledged.MAJORITY: needed, Acknowledged.ALL: all_of_them}[
                write
            ]
        return len(self.heard) >= needed

    @choice
    def write(self) -> Steps:
        """The client writes 1."""
        if self.is_primary and self.may_ask:
            begun = self.begun(Phase.WRITING, value=1)
            step = begun.answered() if begun.is_enough else begun.stay()
            return step.send(self.others, Store(begun.asked, 1)).named("write 1")

    @choice
    def read(self) -> Steps:
        """The client reads."""
        if self.is_primary or not self.may_ask:
            return None
        begun = self.begun(Phase.READING)
        if self.policy.read is ReadFrom.LOCAL:
            return begun.answered().named(f"read {self.value}")
        return begun.send(begun.awaited, Query(begun.asked))

    def begun(self, phase: Phase, value: int | None = None) -> Replica:
        """Return the replica with a request that it has just received."""
        held = self.value if value is None else value
        return evolve(
            self, value=held, asked=self.asked + 1, phase=phase, heard=frozenset([self.id]), seen=held
        )

    def answered(self) -> Step:
        """Return the step that answers the client."""
        return self.become(phase=Phase.ANSWERED, heard=frozenset())

    @on(Store)
    def store(self, message: Store, replica: NodeId) -> Steps:
        return self.become(value=self.kept(message.value)).send(replica, Stored(message.request))

    @on(Query)
    def tell(self, message: Query, replica: NodeId) -> Steps:
        return self.send(replica, Value(message.request, self.value))

    @on(Value)
    def compare(self, message: Value, replica: NodeId) -> Steps:
        """Look at one more copy."""
        if self.phase is not Phase.READING or message.request != self.asked:
            return None
        heard = evolve(self, heard=self.heard | {replica}, seen=max(self.seen, message.value))
        if not heard.is_enough:
            return heard.stay()
        if self.policy.read is ReadFrom.WRITE_BACK:
            return heard.write_back()
        return heard.answered().named(f"read {heard.seen}")

    def write_back(self) -> Steps:
        """See to it that a majority holds what was found, so that no later read finds less."""
        begun = self.become(phase=Phase.WRITING_BACK, heard=frozenset([self.id]), value=self.kept(self.seen))
        return begun.send(self.others, Store(self.asked, self.seen)).named(f"write {self.seen} back")

    def kept(self, value: int) -> int:
        """Return what to hold when a value is to be stored: the newer one."""
        return max(self.value, value)

    @on(Stored)
    def count(self, message: Stored, replica: NodeId) -> Steps:
        """Count one more copy."""
        if self.phase not in (Phase.WRITING, Phase.WRITING_BACK) or message.request != self.asked:
            return None
        heard = evolve(self, heard=self.heard | {replica})
        if not heard.is_enough:
            return heard.stay()
        return heard.answered().named(self.deed)

    @property
    def deed(self) -> str:
        """What the client is told."""
        return f"{'acknowledge' if self.is_primary else 'read'} {self.seen}"

    def __str__(self) -> str:
        if self.phase is Phase.ANSWERED:
            return f"{'WROTE' if self.is_primary else 'READ'} {self.seen}"
        return f"HOLDS {self.value}" if self.phase is Phase.IDLE else self.phase.name.replace("_", " ")


class ImpatientReplica(Replica):
    """Refuses or answers when others have been silent for too long."""

    @timeout(awaiting="awaited")
    def stop_waiting(self) -> Steps:
        """Do what the policy says."""
        if self.phase not in BUSY:
            return None
        if self.policy.on_timeout is OnTimeout.REFUSE:
            return self.become(phase=Phase.REFUSED, heard=frozenset(), seen=0).named("refuse")
        return self.answered().named(f"{self.deed} all the same")


# What is promised.


def calls(event: Event) -> Iterator[Happening]:
    """Yield which operation a step begins and ends."""
    before, after, client = event.before, event.after, event.node
    if client is None or not isinstance(before, Replica) or not isinstance(after, Replica):
        return
    asks = event.action.handler in ("write", "read")
    if asks:
        argument = 1 if before.is_primary else None
        yield Invoked(Call(client, event.action.handler, argument))
    if event.kind is Kind.CRASH or event.action.crashed:
        if asks or before.phase in BUSY:
            yield Gone(client)
    elif after.phase is Phase.ANSWERED and (asks or before.phase in BUSY):
        yield Returned(client, None if after.is_primary else after.seen)
    elif after.phase is Phase.REFUSED and before.phase in BUSY:
        yield Gone(client)


def unanswered(world: World, phases: Iterable[Phase] = (*BUSY, Phase.REFUSED)) -> list[Replica]:
    """Return the live replicas that have not answered their clients, or refused."""
    looked_for = frozenset(phases)
    return [replica for replica in world.live(Replica) if replica.phase in looked_for]


linearizable = is_linearizable("history")
"""CAP's C."""


def a_request_was_made(world: World) -> bool:
    """Some live replica has received a request."""
    return any(replica.asked for replica in world.live(Replica))


def every_request_is_answered(world: World) -> bool:
    """Every request that a live replica receives is answered at last, and not by an error."""
    # There are finitely many requests, so when the last is answered all are: a refused one stays open for ever.
    return not unanswered(world)


available: Property = leads_to(a_request_was_made, name="available")(every_request_is_answered)


def every_request_returns(world: World) -> bool:
    """Every request returns at last, if only with an error: the study notes' availability."""
    return not unanswered(world, BUSY)


returns: Property = leads_to(a_request_was_made, name="returns")(every_request_returns)


partition_tolerant = both(linearizable, available, name="partition tolerant")
"""The study notes' P, "still consistent and available": under partitions that is C and A at once."""


def is_on_larger_side(world: World, replica: Replica) -> bool:
    """Return whether a replica can reach a majority, itself included."""
    reached = [other for other in world.live(Replica) if world.can_reach(other.id, replica.id)]
    return 2 * len(reached) > len(world)


def majority_side_was_asked(world: World) -> bool:
    """Some live replica that can reach a majority has received a request."""
    return any(replica.asked and is_on_larger_side(world, replica) for replica in world.live(Replica))


def majority_side_is_answered(world: World) -> bool:
    """Every request at a replica that can reach a majority is answered at last."""
    return not any(is_on_larger_side(world, replica) for replica in unanswered(world))


majority_side_available: Property = leads_to(majority_side_was_asked, name="majority side available")(
    majority_side_is_answered
)


def minority_side_was_asked(world: World) -> bool:
    """Some live replica that cannot reach a majority has received a request."""
    return any(replica.asked and not is_on_larger_side(world, replica) for replica in world.live(Replica))


def minority_side_is_answered(world: World) -> bool:
    """Every request at a replica that cannot reach a majority is answered at last, which consistency rules out."""
    return all(is_on_larger_side(world, replica) for replica in unanswered(world))


minority_side_available: Property = leads_to(minority_side_was_asked, name="minority side available")(
    minority_side_is_answered
)


@possible
def stale_read(world: World) -> bool:
    """A read can miss a write that was acknowledged, or that another read has seen."""
    return bool(world.observer("history").broken)


@possible
def a_write_is_acknowledged(world: World) -> bool:
    """A write can be acknowledged."""
    return any(replica.is_primary and replica.phase is Phase.ANSWERED for replica in world.nodes(Replica))


@possible
def a_read_is_answered(world: World) -> bool:
    """A read can be answered."""
    return any(not replica.is_primary and replica.phase is Phase.ANSWERED for replica in world.nodes(Replica))


@possible
def a_read_sees_the_write(world: World) -> bool:
    """A read can return what was written."""
    return any(str(replica) == "READ 1" for replica in world.nodes(Replica))


HELP_WRITE = "who must hold a write before it is acknowledged"
HELP_READ = "where a read looks"
HELP_TIMEOUT = "what is done when an answer takes too long"


@frozen
class Cap(Protocol):
    """A register, written at one replica and read at the others: consistent, and available until a partition comes.

    Its policy is a parameter: who must hold a write, where a read looks, what is done when an answer takes too long.
    """

    name: ClassVar[str] = "cap"
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    fairness: ClassVar[Fairness] = Fairness(exempt={"write", "read"})
    tones: ClassVar[dict[str, str]] = {
        "HOLDS 0": "idle",
        "HOLDS 1": "near",
        "WRITING": "wait",
        "READING": "wait",
        "WRITING BACK": "wait",
        "WROTE 1": "good",
        "READ 0": "good",
        "READ 1": "good",
        "REFUSED": "stop",
    }
    replica_class: ClassVar[type[Replica]] = Replica
    impatient_class: ClassVar[type[Replica]] = ImpatientReplica

    replicas: int = parameter(3, help="how many replicas there are", at_least=2)
    reads: int = parameter(
        2, help="how many reads there are, dealt out to the replicas but the first", at_least=1
    )
    write: Acknowledged = parameter(Acknowledged.MAJORITY, help=HELP_WRITE)
    read: ReadFrom = parameter(ReadFrom.WRITE_BACK, help=HELP_READ)
    on_timeout: OnTimeout = parameter(OnTimeout.WAIT, help=HELP_TIMEOUT)

    @property
    def names(self) -> list[NodeId]:
        """The replicas' names; the first is the primary."""
        return [f"N{number}" for number in range(1, self.replicas + 1)]

    @property
    def policy(self) -> Policy:
        """What the replicas do."""
        return Policy(self.write, self.read, self.on_timeout)

    def requests(self, name: NodeId) -> int:
        """Return how many requests a replica's client has: the write, or its share of the reads."""
        primary, *readers = self.names
        if name == primary:
            return 1
        return len(range(readers.index(name), self.reads, len(readers)))

    def nodes(self) -> dict[NodeId, Node]:
        everybody = frozenset(self.names)
        replica = self.replica_class if self.on_timeout is OnTimeout.WAIT else self.impatient_class
        return {
            name: replica(self.policy, self.names[0], everybody - {name}, self.requests(name))
            for name in self.names
        }

    def observers(self) -> dict[str, Observer]:
        return {"history": Linearizability(Register(0), calls)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        readers = self.names[1:]
        return [[name for name in readers if self.requests(name) == share] for share in range(self.reads + 1)]

    def promises(self) -> Iterable[Property]:
        return [linearizable, available, a_write_is_acknowledged, a_read_sees_the_write]


# Variants: corners of the family, and classic mistakes.


@frozen
class ConsistentPartitioned(Cap):
    """Consistent in a partition: who has waited too long refuses; with --timeouts late, only who is cut off."""

    variant: ClassVar[str] = "cp"

    on_timeout: OnTimeout = parameter(OnTimeout.REFUSE, help=HELP_TIMEOUT)


@frozen
class AvailablePartitioned(Cap):
    """Available in a partition: each replica answers at once with what it has, so reads are stale even without one."""

    variant: ClassVar[str] = "ap"

    write: Acknowledged = parameter(Acknowledged.LOCAL, help=HELP_WRITE)
    read: ReadFrom = parameter(ReadFrom.LOCAL, help=HELP_READ)


@frozen
class SinglePrimary(Cap):
    """Consistent and available while the network is whole: the primary alone answers, and is waited for."""

    variant: ClassVar[str] = "ca"

    write: Acknowledged = parameter(Acknowledged.LOCAL, help=HELP_WRITE)
    read: ReadFrom = parameter(ReadFrom.PRIMARY, help=HELP_READ)


@frozen
class NoWriteBack(Cap):
    """Wrong: a read does not write back what it found, so a later read may find less."""

    variant: ClassVar[str] = "no-write-back"

    read: ReadFrom = parameter(ReadFrom.MAJORITY, help=HELP_READ)


@frozen
class WriteAllReadLocal(Cap):
    """Wrong: writes wait for all copies, so reads look at one; while a write is under way, new is followed by old."""

    variant: ClassVar[str] = "write-all-read-local"

    write: Acknowledged = parameter(Acknowledged.ALL, help=HELP_WRITE)
    read: ReadFrom = parameter(ReadFrom.LOCAL, help=HELP_READ)


@frozen
class AnswerAnyway(Cap):
    """Wrong: majorities for reads and writes, but a replica that has waited too long answers with what it has."""

    variant: ClassVar[str] = "answer-anyway"

    on_timeout: OnTimeout = parameter(OnTimeout.ANSWER, help=HELP_TIMEOUT)


class AsNoted(ConsistentPartitioned):
    """The study notes' C and A, in which an error is an answer too: who is cut off refuses, and all is promised."""

    variant = "as-noted"

    def promises(self) -> Iterable[Property]:
        return [linearizable, returns, a_write_is_acknowledged, a_read_sees_the_write]


class ForgetfulReplica(Replica):
    """Puts what it writes back over its own copy, which has meanwhile become newer."""

    def write_back(self) -> Steps:
        begun = self.become(phase=Phase.WRITING_BACK, heard=frozenset([self.id]), value=self.seen)
        return begun.send(self.others, Store(self.asked, self.seen)).named(f"write {self.seen} back")


class ImpatientForgetfulReplica(ForgetfulReplica, ImpatientReplica):
    """The same, and does not wait for ever."""


class WriteBackOverwrites(Cap):
    """Wrong: a reader sets its copy to what it found, although it was sent a newer value since it began to read."""

    variant = "write-back-overwrites"
    replica_class = ForgetfulReplica
    impatient_class = ImpatientForgetfulReplica
