"""A lock with leases, clients that may pause, and a storage that checks fencing tokens.

A lock service grants the lock for a while only, so that a client that crashes does not keep it for ever. But a client
that pauses for too long, or whose message is late, writes to the storage after its lease has run out and another
client has the lock. So each grant comes with a token, a number that only grows; every write carries it, and the
storage refuses a write with a lower token than it has seen.

Gray & Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache consistency" (1989);
Kleppmann, "How to do distributed locking" (2016), section "Making the lock safe with fencing".

There is no time here. That a lease runs out is a time-out of the service. An *early* one, as here, may come at any
moment: nothing is known of how long a client pauses, a message travels, or how fast the service's clock runs. A *late*
one comes only when nothing else can happen: clocks are right, nobody pauses, and every lease is long enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, eventually, possible
from everyway.models.language import (
    LATER,
    REMOVED,
    Event,
    Message,
    Node,
    NodeId,
    Observer,
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


class Acquire(Message):
    """I want the lock."""


@frozen
class Granted(Message):
    """You have the lock, under this token, until the lease runs out."""

    token: int


@frozen
class Release(Message):
    """I no longer need the lock that I had under this token."""

    token: int


@frozen
class Write(Message):
    """Write, if nobody with a higher token was here."""

    token: int


class Written(Message):
    """Your write has landed."""


class Refused(Message):
    """Your token is too old; nothing was written."""


@frozen
class LockService(Node):
    """Grants the lock to one client at a time; whoever else asks, waits."""

    holder: NodeId | None = durable(None)
    token: int = durable(0)
    """The token of the last grant."""

    @on(Acquire)
    def grant(self, _: Acquire, client: NodeId) -> Steps:
        if self.holder is not None:
            return LATER
        granted = self.become(holder=client, token=self.token + 1)
        return granted.send(client, Granted(self.token + 1))

    @timeout(awaiting="holder")
    def let_lease_run_out(self) -> Steps:
        """Take the lock back from whoever has it, without asking."""
        if self.holder is not None:
            return self.become(holder=None).because(f"the lease of {self.holder}")

    @on(Release)
    def take_back(self, release: Release, client: NodeId) -> Steps:
        """Take the lock back, unless it is somebody else's by now."""
        if self.holder == client and release.token == self.token:
            return self.become(holder=None)

    def __str__(self) -> str:
        return f"{self.holder} HAS IT" if self.holder else "FREE"


class Phase(Enum):
    """How far a client has come."""

    IDLE = "idle"
    WAITING = "waiting"
    HOLDING = "holding"
    CHECKING = "checking"
    WRITING = "writing"
    WROTE = "wrote"
    REFUSED = "refused"

    @property
    def is_over(self) -> bool:
        """Whether a client in this phase does nothing more."""
        return self in (Phase.WROTE, Phase.REFUSED)


@frozen
class Client(Node):
    """Takes the lock, writes once, and releases it. It may pause anywhere: nothing hurries it, and nothing wakes it."""

    service: NodeId
    storage: NodeId
    phase: Phase = volatile(Phase.IDLE)
    token: int = volatile(0)

    @choice
    def ask_for_lock(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.WAITING).send(self.service, Acquire())

    @on(Granted)
    def take_lock(self, granted: Granted) -> Steps:
        if self.phase is Phase.WAITING:
            return self.become(phase=Phase.HOLDING, token=granted.token)

    @choice
    def write(self) -> Steps:
        """Write to the storage, in the belief that the lock is still held."""
        if self.phase is Phase.HOLDING:
            return self.become(phase=Phase.WRITING).send(self.storage, Write(self.token))

    @on(Written)
    def release(self) -> Steps:
        if self.phase is Phase.WRITING:
            return self.become(phase=Phase.WROTE).send(self.service, Release(self.token))

    @on(Refused)
    def give_up(self) -> Steps:
        if self.phase is Phase.WRITING:
            return self.become(phase=Phase.REFUSED)


@frozen
class Storage(Node):
    """Keeps what is written, and the highest token that it has seen."""

    seen: int = durable(0)

    @on(Write)
    def write(self, write: Write, client: NodeId) -> Steps:
        if self.accepts(write):
            return self.become(seen=max(self.seen, write.token)).send(client, Written())
        return self.send(client, Refused()).named("refuse")

    def accepts(self, write: Write) -> bool:
        """Return whether a write may land."""
        return write.token >= self.seen

    def __str__(self) -> str:
        return f"has seen {self.seen}" if self.seen else "untouched"


# What is promised.


@frozen
class InOrder(Observer):
    """Remembers in which order the lock was granted, and whose writes landed out of it."""

    granted: tuple[tuple[NodeId, int], ...] = ()
    """To whom, and under which token."""
    newest: int = -1
    """Which of the grants the newest write belongs to that has landed."""
    stale: NodeId | None = None
    """Whose write landed after that of a later holder."""

    def observe(self, event: Event) -> InOrder:
        for envelope in event.action.sent:
            if isinstance(envelope.message, Granted):
                return evolve(self, granted=(*self.granted, (envelope.to, envelope.message.token)))
        delivered = event.action.envelope
        if not isinstance(event.before, Storage) or not event.action.handler or delivered is None:
            return self
        is_landing = event.before.accepts(delivered.message)
        return self.landed(delivered.sender, delivered.message.token) if is_landing else self

    def landed(self, client: NodeId, token: int) -> InOrder:
        """Return what is known after a client's write."""
        place = self.granted.index((client, token))
        return evolve(self, stale=client) if place < self.newest else evolve(self, newest=place)


@always
def no_stale_write(world: World) -> Any:
    """No write of an old holder lands after one of a newer holder."""
    history = world.observer("order")
    if history.stale is None:
        return True
    newer, _ = history.granted[history.newest]
    return broken(f"{history.stale}'s write landed after {newer}'s, who had the lock later", history.stale)


@always
def mutual_exclusion(world: World) -> Any:
    """No two clients believe at the same time that they have the lock: not promised where a client may pause."""
    believers = [
        one for one in world.live(Client) if one.phase in (Phase.HOLDING, Phase.CHECKING, Phase.WRITING)
    ]
    return len(believers) <= 1 or broken(
        f"{' and '.join(one.id for one in believers)} both believe that they have the lock", believers
    )


@possible
def everybody_writes(world: World) -> bool:
    """The writes of all clients can land."""
    return all(client.phase is Phase.WROTE for client in world.nodes(Client))


@eventually
def everybody_ends(world: World) -> Any:
    """Every client that stays up gets the lock and hears whether its write has landed, even if others crash."""
    for client in world.live(Client):
        if not client.phase.is_over:
            return broken(f"{client.id} is {client.phase.value} for ever", client)
    return True


@frozen
class LeaseLock(Protocol):
    """A lock with leases and fencing tokens: whoever pauses too long cannot spoil what later holders wrote."""

    name: ClassVar[str] = "lease-lock"
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "WAITING": "wait",
        "HOLDING": "near",
        "CHECKING": "near",
        "WRITING": "near",
        "WROTE": "good",
        "REFUSED": "stop",
    }
    service_class: ClassVar[type[LockService]] = LockService
    client_class: ClassVar[type[Client]] = Client
    storage_class: ClassVar[type[Storage]] = Storage

    clients: int = parameter(3, help="how many clients take the lock, each once", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        clients = {name: self.client_class(service="L", storage="S") for name in self.client_names}
        return {"L": self.service_class(), **clients, "S": self.storage_class()}

    @property
    def client_names(self) -> list[NodeId]:
        """The clients' names."""
        return [f"C{k}" for k in range(1, self.clients + 1)]

    def observers(self) -> dict[str, Observer]:
        return {"order": InOrder()}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.client_names]

    def promises(self) -> Iterable[Property]:
        return [no_stale_write, everybody_writes, everybody_ends]


# Variants. Each is the protocol above with one deviation.


class TrustingStorage(Storage):
    """Writes whatever comes."""

    def accepts(self, write: Write) -> bool:
        return True


class Unrefused(Client):
    """A client of a storage that refuses nothing."""

    give_up = REMOVED


class NoFencing(LeaseLock):
    """Wrong: the storage does not look at the tokens; a client that paused overwrites what a later holder wrote."""

    variant = "no-fencing"
    client_class = Unrefused
    storage_class = TrustingStorage


class Synchronous(NoFencing):
    """No fencing, but clocks are right and nobody pauses, so that a lease runs out only if its holder is gone."""

    variant = "synchronous"
    timeouts = Timeouts.LATE

    def promises(self) -> Iterable[Property]:
        return [no_stale_write, mutual_exclusion, everybody_writes, everybody_ends]


@frozen
class Check(Message):
    """Do I still have the lock that I had under this token?"""

    token: int


class Valid(Message):
    """You do."""


class Expired(Message):
    """You do not."""


class AnsweringService(LockService):
    """Tells a client whether it still has the lock."""

    @on(Check)
    def tell(self, check: Check, client: NodeId) -> Steps:
        is_valid = self.holder == client and check.token == self.token
        return self.send(client, Valid() if is_valid else Expired())


class CheckingClient(Unrefused):
    """Asks whether it still has the lock before it writes."""

    @choice
    def write(self) -> Steps:
        if self.phase is Phase.HOLDING:
            return self.become(phase=Phase.CHECKING).send(self.service, Check(self.token)).named("check")

    @on(Valid)
    def write_now(self) -> Steps:
        """Write, as the lock is still held, or was when the service said so."""
        if self.phase is Phase.CHECKING:
            return self.become(phase=Phase.WRITING).send(self.storage, Write(self.token))

    @on(Expired)
    def leave(self) -> Steps:
        """Write nothing."""
        if self.phase is Phase.CHECKING:
            return self.become(phase=Phase.REFUSED)


class CheckFirst(NoFencing):
    """Wrong: a client checks its lease right before it writes, which is no fencing: it may pause right after that."""

    variant = "check-first"
    service_class = AnsweringService
    client_class = CheckingClient


@frozen
class ForgetfulService(LockService):
    """Keeps its books in memory only."""

    holder: NodeId | None = volatile(None)
    token: int = volatile(0)


class ForgetOnCrash(LeaseLock):
    """Wrong: the service forgets the last token; after a crash and a restart (--crashes 1:L) it gives it out again."""

    variant = "forget-on-crash"
    service_class = ForgetfulService


class PatientService(LockService):
    """Waits until the lock is released."""

    let_lease_run_out = REMOVED


class NoLease(NoFencing):
    """Wrong: the lock is never taken back: safe, but if a client crashes (--crashes 1:client), the rest wait."""

    variant = "no-lease"
    service_class = PatientService
