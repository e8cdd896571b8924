"""A lock server: clients ask for a lock, one at a time gets it.

Not a model of everyway's library, but one that a user might write: run

    everyway check examples/lock_server/lock_server.py:LockService --crashes 1:server --restarts 1
"""

from collections.abc import Iterable
from enum import Enum

from attrs import frozen

from everyway import (
    Message,
    Node,
    NodeId,
    Property,
    Protocol,
    Steps,
    World,
    always,
    broken,
    choice,
    durable,
    on,
    parameter,
    possible,
    recoverable,
    timeout,
    volatile,
)


class Acquire(Message):
    """A client asks for the lock."""


class Grant(Message):
    """You hold it now."""


class Release(Message):
    """I am done with it."""


class Client(Enum):
    """What a client is about."""

    IDLE = "idle"
    ASKING = "asking"
    HOLDING = "holding"
    DONE = "done"


@frozen
class Worker(Node):
    """A client that needs the lock once."""

    server: NodeId
    state: Client = durable(Client.IDLE)

    @choice
    def ask(self) -> Steps:
        if self.state is Client.IDLE:
            return self.become(state=Client.ASKING).send(self.server, Acquire())
        return None

    @on(Grant)
    def enter(self) -> Steps:
        return self.become(state=Client.HOLDING) if self.state is Client.ASKING else None

    @timeout(awaiting="server")
    def ask_again(self) -> Steps:
        return self.send(self.server, Acquire()) if self.state is Client.ASKING else None

    @choice
    def leave(self) -> Steps:
        if self.state is Client.HOLDING:
            return self.become(state=Client.DONE).send(self.server, Release())
        return None


@frozen
class Server(Node):
    """Remembers who holds the lock and who waits for it, in memory."""

    holder: NodeId | None = volatile(None)
    queue: tuple[NodeId, ...] = volatile(())

    @on(Acquire)
    def grant_or_queue(self, _: Acquire, client: NodeId) -> Steps:
        if self.holder in (None, client):  # a client that asks again missed its grant
            return self.become(holder=client).send(client, Grant())
        if client in self.queue:
            return self.stay()
        return self.become(queue=(*self.queue, client))

    @on(Release)
    def hand_over(self, _: Release, client: NodeId) -> Steps:
        if self.holder != client:
            return None
        if not self.queue:
            return self.become(holder=None)
        first, *others = self.queue
        return self.become(holder=first, queue=tuple(others)).send(first, Grant())

    def __str__(self) -> str:
        return f"held by {self.holder}" if self.holder else "free"


@always
def mutual_exclusion(world: World) -> object:
    """At most one client holds the lock."""
    holding = [worker for worker in world.nodes(Worker) if worker.state is Client.HOLDING]
    if len(holding) <= 1:
        return True
    return broken(f"{' and '.join(worker.id for worker in holding)} hold the lock at once", holding)


@recoverable
def everybody_is_served(world: World) -> bool:
    """Every client that is up can get the lock and be done with it."""
    return all(worker.state is Client.DONE for worker in world.live(Worker))


@possible
def there_is_a_queue(world: World) -> bool:
    """Some client has to wait."""
    return any(server.queue for server in world.nodes(Server))


@frozen
class LockService(Protocol):
    """A lock server that keeps the holder in memory: a restart in between gives the lock away twice."""

    clients: int = parameter(2, help="how many clients want the lock", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = [f"W{number}" for number in range(1, self.clients + 1)]
        return {"server": self.server()} | {name: Worker(server="server") for name in names}

    def server(self) -> Server:
        return Server()

    def promises(self) -> Iterable[Property]:
        return [mutual_exclusion, everybody_is_served, there_is_a_queue]


@frozen
class DurableServer(Server):
    """Writes the holder and the queue to disk before it answers."""

    holder: NodeId | None = durable(None)
    queue: tuple[NodeId, ...] = durable(())


class DurableLockService(LockService):
    """The cure: the holder is on disk before the grant leaves."""

    variant = "durable"

    def server(self) -> Server:
        return DurableServer()
