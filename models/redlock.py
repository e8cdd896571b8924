"""Redlock: a lock kept by several servers that know nothing of each other; whoever has a majority of them has it.

A client asks every server to set the lock's key to the client's own value if there is none. With the keys of a majority
it has the lock; otherwise it deletes its keys and gives up. A key runs out after a while, so that a client that crashes
does not keep the lock for ever.

Sanfilippo, "Distributed locks with Redis" (redis.io, 2014), section "The Redlock algorithm"; Kleppmann, "How to do
distributed locking" (2016), and Sanfilippo's answer, "Is Redlock safe?" (2016).

There is no time here. A key's running out is a time-out of its server. *Late* time-outs, as here, are what Redlock
assumes: clocks run at about the same rate and nobody pauses for long, so that a key runs out only when nothing else can
happen. With *early* ones (--timeouts early) a client may pause for longer than its key lives. A clock that jumps
ahead (--variant clock-jump) makes one server's key run out at any moment, once. As Redis is set up by default, a server
keeps its key in memory: after a crash and a restart (--crashes 1:server --restarts 1) it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, possible
from everyway.models.language import (
    Message,
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
    restart,
    timeout,
    volatile,
)


class Acquire(Message):
    """Set the key to my value if there is none."""


class Granted(Message):
    """I have set it."""


class Denied(Message):
    """There is another's."""


class Release(Message):
    """Delete the key if it has my value."""


@frozen
class Server(Node):
    """Keeps one key in memory: which client has set it."""

    key: NodeId | None = volatile(None)

    @on(Acquire)
    def set_if_absent(self, _: Acquire, client: NodeId) -> Steps:
        if self.key is None:
            return self.become(key=client).send(client, Granted()).named("set key")
        return self.send(client, Denied()).named("deny")

    @on(Release)
    def delete(self, _: Release, client: NodeId) -> Steps:
        if self.key is not None and self.may_delete(client):
            return self.become(key=None).named("delete key")

    def may_delete(self, client: NodeId) -> bool:
        """Return whether a client may delete the key: not another's."""
        return self.key == client

    @timeout(awaiting="key")
    def let_key_run_out(self) -> Steps:
        if self.key is not None:
            return self.become(key=None).because(f"{self.key}'s key")

    def __str__(self) -> str:
        return f"{self.key}'s" if self.key else "FREE"


class Phase(Enum):
    """How far a client has come."""

    IDLE = "idle"
    ASKING = "asking"
    HOLDING = "holding"
    DONE = "done"
    GAVE_UP = "gave up"

    @property
    def is_over(self) -> bool:
        """Whether a client in this phase does nothing more."""
        return self in (Phase.DONE, Phase.GAVE_UP)


@frozen
class Client(Node):
    """Tries to get the lock once, and releases it."""

    servers: frozenset[NodeId]
    quorum: int
    phase: Phase = volatile(Phase.IDLE)
    granted: frozenset[NodeId] = volatile(frozenset())
    denied: frozenset[NodeId] = volatile(frozenset())

    @choice
    def ask_for_lock(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.ASKING).send(self.servers, Acquire())

    @on(Granted)
    def count_granted(self, _: Granted, server: NodeId) -> Steps:
        if self.phase is not Phase.ASKING:
            return None
        granted = self.granted | {server}
        if len(granted) >= self.quorum:
            return self.become(phase=Phase.HOLDING, granted=frozenset(), denied=frozenset()).named(
                "take lock"
            )
        return self.become(granted=granted)

    @on(Denied)
    def count_denied(self, _: Denied, server: NodeId) -> Steps:
        if self.phase is not Phase.ASKING:
            return None
        denied = self.denied | {server}
        if len(self.servers) - len(denied) < self.quorum:
            return self.leave(Phase.GAVE_UP).named("give up")
        return self.become(denied=denied)

    @timeout(awaiting="silent")
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.ASKING:
            return self.leave(Phase.GAVE_UP).named("give up")

    @property
    def silent(self) -> frozenset[NodeId]:
        """The servers that have not answered."""
        return self.servers - self.granted - self.denied

    @choice
    def release(self) -> Steps:
        """Leave the critical section."""
        if self.phase is Phase.HOLDING:
            return self.leave(Phase.DONE)

    def leave(self, phase: Phase) -> Step:
        """Delete the own keys at all servers: a grant may still be on its way."""
        left = self.become(phase=phase, granted=frozenset(), denied=frozenset())
        return left.send(self.servers, Release())

    def __str__(self) -> str:
        return self.phase.name.replace("_", " ")


# What is promised.


@always
def mutual_exclusion(world: World) -> Any:
    """At most one client has the lock."""
    holders = [client for client in world.live(Client) if client.phase is Phase.HOLDING]
    return len(holders) <= 1 or broken(
        f"{' and '.join(one.id for one in holders)} both have the lock", holders
    )


@possible
def everybody_gets_it(world: World) -> bool:
    """All clients can get the lock, one after the other."""
    return all(client.phase is Phase.DONE for client in world.nodes(Client))


@possible
def nobody_gets_it(world: World) -> bool:
    """Clients can split the servers between them, so that none has a majority, and all give up: it takes three."""
    return all(client.phase is Phase.GAVE_UP for client in world.nodes(Client))


@eventually
def the_lock_is_free(world: World) -> Any:
    """In the end every client that stays up is done or gave up, and no server that is up has a key."""
    for client in world.live(Client):
        if not client.phase.is_over:
            return broken(f"{client.id} is {client.phase.value} for ever", client)
    for server in world.live(Server):
        if server.key is not None:
            return broken(f"{server.id} keeps {server.key}'s key for ever", server)
    return True


@frozen
class Redlock(Protocol):
    """The lock of Redis over several servers: safe if clocks are right, nobody pauses and no server forgets a key."""

    name: ClassVar[str] = "redlock"
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "ASKING": "wait",
        "HOLDING": "near",
        "DONE": "good",
        "GAVE UP": "stop",
    }
    server_class: ClassVar[type[Server]] = Server
    client_class: ClassVar[type[Client]] = Client

    servers: int = parameter(3, help="how many servers keep the lock", at_least=1)
    clients: int = parameter(2, help="how many clients try to get the lock, each once", at_least=1)

    @property
    def quorum(self) -> int:
        """How many servers' keys make the lock."""
        return self.servers // 2 + 1

    def nodes(self) -> dict[NodeId, Node]:
        servers = self.server_names
        clients = {name: self.client_class(frozenset(servers), self.quorum) for name in self.client_names}
        return clients | {name: self.server_class() for name in servers}

    @property
    def server_names(self) -> list[NodeId]:
        """The servers' names."""
        return [f"S{k}" for k in range(1, self.servers + 1)]

    @property
    def client_names(self) -> list[NodeId]:
        """The clients' names."""
        return [f"C{k}" for k in range(1, self.clients + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.client_names, self.server_names]

    def promises(self) -> Iterable[Property]:
        return [mutual_exclusion, everybody_gets_it, the_lock_is_free]


# Variants. Each is the protocol above with one deviation.


@frozen
class JumpyServer(Server):
    """Its clock may jump ahead."""

    jumps_left: int = durable(1)

    @choice
    def jump_ahead(self) -> Steps:
        """The clock jumps ahead, and the key runs out before its time."""
        if self.jumps_left and self.key is not None:
            jumped = self.become(key=None, jumps_left=self.jumps_left - 1)
            return jumped.because(f"the clock jumps: {self.key}'s key runs out")


class ClockJump(Redlock):
    """Wrong: the clock of one server jumps ahead once; its key runs out, and another client gets a majority."""

    variant = "clock-jump"

    def nodes(self) -> dict[NodeId, Node]:
        return super().nodes() | {"S1": JumpyServer()}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.client_names, self.server_names[1:]]


@frozen
class PersistentServer(Server):
    """Has its key on disk before it answers."""

    key: NodeId | None = durable(None)


class Persistent(Redlock):
    """Every server writes its key to disk before it answers (appendfsync always): crashes do no harm any more."""

    variant = "persistent"
    server_class = PersistentServer


@frozen
class ShyServer(Server):
    """After a restart says nothing until every key that it may have forgotten has run out."""

    is_silent: bool = volatile(False)

    @restart
    def keep_silent(self) -> Steps:
        return self.become(is_silent=True)

    @on(Acquire)
    def set_if_absent(self, acquire: Acquire, client: NodeId) -> Steps:
        return None if self.is_silent else super().set_if_absent(acquire, client)

    @timeout
    def speak_again(self) -> Steps:
        if self.is_silent:
            return self.become(is_silent=False).because("all keys have run out")

    def __str__(self) -> str:
        return "SILENT" if self.is_silent else super().__str__()


class DelayedRestart(Redlock):
    """A server that restarts stays silent for as long as a key lives: crashes do no harm, if clocks are right."""

    variant = "delayed-restart"
    server_class = ShyServer


@frozen
class HalfQuorum(Redlock):
    """Wrong: half of the servers are enough; two halves need not meet."""

    variant: ClassVar[str] = "half-quorum"

    servers: int = parameter(2, help="how many servers keep the lock", at_least=2)
    clients: int = parameter(2, help="how many clients try to get the lock, each once", at_least=1)

    @property
    def quorum(self) -> int:
        return (self.servers + 1) // 2


class CarelessServer(Server):
    """Deletes the key, whoever has set it."""

    def may_delete(self, client: NodeId) -> bool:
        return True


@frozen
class DeleteAny(Redlock):
    """Wrong: keys are deleted without a look at whose they are; who gives up frees what another holds, for a third."""

    variant: ClassVar[str] = "delete-any"
    server_class: ClassVar[type[Server]] = CarelessServer

    servers: int = parameter(1, help="how many servers keep the lock", at_least=1)
    clients: int = parameter(3, help="how many clients try to get the lock, each once", at_least=1)
