"""Chain replication: servers in a row; updates enter at the head, and queries are answered at the tail.

An update goes down the chain, each server passing it on to its successor; when the tail has it, all have it, and the
client is answered. So what the tail shows is never taken back. A configuration service, the master, takes servers that
have failed out of the chain: the next one becomes head, the last but one becomes tail, and in the middle the
predecessor sends its new successor what may have been lost in between.

Van Renesse & Schneider, "Chain replication for supporting high throughput and availability" (OSDI 2004), section 3.
Servers are assumed to fail by stopping, and the master to learn of it; the master itself does not fail. Links keep the
order of messages.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, leads_to, possible
from everyway.invariants.consistency import (
    Call,
    Invoked,
    Linearizability,
    Register,
    Returned,
    is_linearizable,
)
from everyway.invariants.consistency.history import Happening
from everyway.models.language import (
    LATER,
    Event,
    Fairness,
    Message,
    Network,
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
)

Chain = tuple[NodeId, ...]
"""The servers from head to tail."""


@frozen
class Update:
    """What a client writes."""

    client: NodeId
    value: int

    def __str__(self) -> str:
        return f"{self.value} of {self.client}"


@frozen
class Write(Message):
    """A client asks the head for an update."""

    value: int


@frozen
class Forward(Message):
    """A server passes an update on to its successor."""

    number: int
    update: Update

    def __str__(self) -> str:
        return f"forward {self.update.value} as no. {self.number}"


@frozen
class Acknowledge(Message):
    """The tail has this many updates."""

    number: int


class Written(Message):
    """The client's update is at the tail."""


@frozen
class Read(Message):
    """A client asks the tail for the value."""

    number: int

    def __str__(self) -> str:
        return "read"


@frozen
class Value(Message):
    """The answer."""

    number: int
    value: int

    def __str__(self) -> str:
        return f"value {self.value}"


@frozen
class Configuration(Message):
    """The master tells what is left of the chain."""

    chain: Chain

    def __str__(self) -> str:
        return f"chain {' '.join(self.chain)}"


@frozen
class Master(Node):
    """The configuration service: takes servers that have failed out of the chain."""

    clients: frozenset[NodeId]
    chain: Chain = durable(())

    @suspect
    def take_out(self, server: NodeId) -> Steps:
        if server in self.chain and len(self.chain) > 1:
            left = tuple(name for name in self.chain if name != server)
            told = self.become(chain=left).named(f"take {server} out")
            return told.send(frozenset(left) | self.clients, Configuration(left))

    def __str__(self) -> str:
        return "→".join(self.chain)


@frozen
class Server(Node):
    """Holds the updates so far, and knows how many of them the tail has."""

    chain: Chain = durable(())
    history: tuple[Update, ...] = durable(())
    stable: int = durable(0)
    """How many of the updates are known to be at the tail."""

    @property
    def predecessor(self) -> NodeId | None:
        """The server before this one; None for the head."""
        place = self.chain.index(self.id)
        return self.chain[place - 1] if place else None

    @property
    def successor(self) -> NodeId | None:
        """The server after this one; None for the tail."""
        place = self.chain.index(self.id) + 1
        return self.chain[place] if place < len(self.chain) else None

    @property
    def value(self) -> int:
        """What the register holds here."""
        return self.history[-1].value if self.history else 0

    @property
    def answers_reads(self) -> bool:
        """Whether reads are answered here."""
        return self.successor is None

    @on(Write)
    def take(self, message: Write, client: NodeId) -> Steps:
        """Take an update as the head; one that was asked for again is answered once the tail has it."""
        if self.predecessor is not None:
            return LATER  # the client has learned earlier that this is the head
        update = Update(client, message.value)
        if update in self.history[: self.stable]:
            return self.send(client, Written()).named("answer again")
        return LATER if update in self.history else self.apply(update)

    @on(Forward)
    def follow(self, message: Forward, server: NodeId) -> Steps:
        """Take an update from the predecessor, unless it is here already."""
        if server not in self.chain:
            return None
        if server != self.predecessor:
            return LATER  # it has learned earlier that this is its successor
        return self.apply(message.update) if message.number > len(self.history) else None

    def apply(self, update: Update) -> Step:
        """Append an update, and pass it on; the tail answers the client."""
        applied = evolve(self, history=(*self.history, update))
        if self.successor is None:
            return applied.settle().named(f"apply {update.value}")
        passed_on = applied.send(self.successor, Forward(len(applied.history), update))
        return passed_on.named(f"apply {update.value}")

    def settle(self) -> Step:
        """As the tail: all updates are stable; tell the clients of those that were not, and the predecessor."""
        settled = self.become(stable=len(self.history))
        for update in self.history[self.stable :]:
            settled = settled.send(update.client, Written())
        if self.predecessor is not None and self.history:
            settled = settled.send(self.predecessor, Acknowledge(len(self.history)))
        return settled

    @on(Acknowledge)
    def note(self, message: Acknowledge) -> Steps:
        """Note how much the tail has, and tell the predecessor."""
        if message.number > self.stable:
            noted = self.become(stable=message.number)
            return noted.send(self.predecessor, message) if self.predecessor else noted

    @on(Read)
    def tell(self, message: Read, client: NodeId) -> Steps:
        """Answer with the value here."""
        if not self.answers_reads:
            return LATER  # the client has learned earlier whom to ask
        return self.send(client, Value(message.number, self.value)).named(f"tell {self.value}")

    @on(Configuration)
    def close_ranks(self, message: Configuration) -> Steps:
        """Take the place in the chain that is left."""
        moved = evolve(self, chain=message.chain)
        if moved.successor is None and self.successor is not None:
            return moved.settle().named("become tail")
        step = moved.stay()
        if moved.successor != self.successor:
            step = moved.resend()
        if moved.predecessor is None and self.predecessor is not None:
            step = step.named("become head")
        elif moved.predecessor not in (None, self.predecessor) and self.stable:
            step = step.send(str(moved.predecessor), Acknowledge(self.stable))
        return step

    def resend(self) -> Step:
        """Send the new successor whatever the tail is not known to have."""
        step = self.stay().named("resend") if self.history[self.stable :] else self.stay()
        for number, update in enumerate(self.history[self.stable :], start=self.stable + 1):
            step = step.send(str(self.successor), Forward(number, update))
        return step

    def __str__(self) -> str:
        place = "" if self.id not in self.chain else "HEAD " if self.chain[0] == self.id else ""
        place += "TAIL " if self.chain and self.chain[-1] == self.id else ""
        return f"{place}{self.value}"


class Phase(Enum):
    """What a client is about."""

    IDLE = "idle"
    WAITING = "waiting"
    DONE = "done"


@frozen
class Client(Node):
    """Asks, and asks again when it is told that the server that it had asked is gone."""

    chain: Chain = durable(())
    phase: Phase = durable(Phase.IDLE)

    def addressee(self, chain: Chain) -> NodeId:
        """Return the server to ask."""
        raise NotImplementedError

    @property
    def request(self) -> Message:
        """What to ask."""
        raise NotImplementedError

    @on(Configuration)
    def turn_to(self, message: Configuration) -> Steps:
        """Learn of the chain that is left."""
        learned = self.become(chain=message.chain)
        server = self.addressee(message.chain)
        if self.phase is not Phase.WAITING or server == self.addressee(self.chain):
            return learned
        return learned.send(server, self.request).named("ask again")

    @restart
    def ask_again(self) -> Steps:
        """Ask what it was asking when it crashed; that it has asked is on disk."""
        if self.phase is Phase.WAITING:
            return self.send(self.addressee(self.chain), self.request)


@frozen
class Writer(Client):
    """Writes a value of its own, once."""

    role: ClassVar[str] = "writer"
    value: int = 0

    def addressee(self, chain: Chain) -> NodeId:
        return chain[0]

    @property
    def request(self) -> Message:
        return Write(self.value)

    @choice
    def write(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.WAITING).send(self.addressee(self.chain), self.request)

    @on(Written)
    def learn(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.become(phase=Phase.DONE)

    def __str__(self) -> str:
        return {Phase.IDLE: "IDLE", Phase.WAITING: "WRITING", Phase.DONE: f"WROTE {self.value}"}[self.phase]


@frozen
class Reader(Client):
    """Reads, several times one after the other."""

    role: ClassVar[str] = "reader"
    reads: int = 1
    asked: int = durable(0)
    saw: int = durable(0)
    reads_at: ClassVar[int] = -1
    """Which server of the chain is asked."""

    def addressee(self, chain: Chain) -> NodeId:
        return chain[self.reads_at]

    @property
    def request(self) -> Message:
        return Read(self.asked)

    @choice
    def read(self) -> Steps:
        if self.phase is not Phase.WAITING and self.asked < self.reads:
            asking = evolve(self, phase=Phase.WAITING, asked=self.asked + 1)
            return asking.send(self.addressee(self.chain), asking.request)

    @on(Value)
    def learn(self, message: Value) -> Steps:
        if self.phase is Phase.WAITING and message.number == self.asked:
            return self.become(phase=Phase.DONE, saw=message.value).named(f"read {message.value}")

    def __str__(self) -> str:
        return {Phase.IDLE: "IDLE", Phase.WAITING: "READING", Phase.DONE: f"READ {self.saw}"}[self.phase]


# What is promised.


def calls(event: Event) -> Iterator[Happening]:
    """Yield which operation a step begins and ends."""
    before, after, client = event.before, event.after, event.node
    if client is None or not isinstance(before, Client) or not isinstance(after, Client):
        return
    if event.action.handler in ("write", "read"):
        value = before.value if isinstance(before, Writer) else None
        yield Invoked(Call(client, event.action.handler, value))
    if before.phase is Phase.WAITING and after.phase is Phase.DONE:
        yield Returned(client, after.saw if isinstance(after, Reader) else None)


linearizable = is_linearizable("history")


@always
def update_propagation(world: World) -> Any:
    """What a server has, all before it in the chain have, in the same order (the paper's section 3.1)."""
    servers = world.live(Server)
    for before, after in itertools.pairwise(servers):
        if before.history[: len(after.history)] != after.history:
            told = [", ".join(map(str, server.history)) or "nothing" for server in (before, after)]
            return broken(f"{before.id} has {told[0]}, but {after.id} has {told[1]}", [before, after])
    return True


def somebody_asked(world: World) -> bool:
    """A live client has asked for something."""
    return any(client.phase is not Phase.IDLE for client in world.live(Client))


def everybody_is_answered(world: World) -> bool:
    """Every request of a live client is answered at last."""
    return all(client.phase is not Phase.WAITING for client in world.live(Client))


available: Property = leads_to(somebody_asked, name="available")(everybody_is_answered)


@possible
def a_read_sees_a_write(world: World) -> bool:
    """A client can read what another has written."""
    return any(reader.saw for reader in world.nodes(Reader))


@frozen
class ChainReplication(Protocol):
    """A register on a chain of servers: consistent, and available while one of them is up (see --crashes 1:server).

    It rests on servers that stop when they fail: with --suspicions 1 a server that is up is taken out, and answers on.
    """

    name: ClassVar[str] = "chain-replication"
    network: ClassVar[Network] = Network.FIFO
    fairness: ClassVar[Fairness] = Fairness(exempt={"write", "read"})
    tones: ClassVar[dict[str, str]] = {
        "IDLE": "idle",
        "WRITING": "wait",
        "READING": "wait",
        "WROTE 1": "good",
        "WROTE 2": "good",
        "READ 0": "good",
        "READ 1": "good",
        "READ 2": "good",
    }
    server_class: ClassVar[type[Server]] = Server
    reader_class: ClassVar[type[Reader]] = Reader

    servers: int = parameter(3, help="how many servers are in the chain", at_least=1)
    writers: int = parameter(1, help="how many clients write, each a value of its own", at_least=0)
    reads: int = parameter(2, help="how often another client reads", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        chain = tuple(f"S{number}" for number in range(1, self.servers + 1))
        servers = {name: self.server_class(chain) for name in chain}
        writers = {f"W{number}": Writer(chain, value=number) for number in range(1, self.writers + 1)}
        reader = {"R": self.reader_class(chain, reads=self.reads)}
        return {**servers, **writers, **reader, "M": Master(frozenset([*writers, *reader]), chain)}

    def observers(self) -> dict[str, Observer]:
        return {"history": Linearizability(Register(0), calls)}

    def promises(self) -> Iterable[Property]:
        return [linearizable, update_propagation, available, a_read_sees_a_write]


# Variants. Each is the protocol above with one deviation.


class HeadReader(Reader):
    """Asks the head."""

    reads_at = 0


class HeadServer(Server):
    """Answers reads as the head."""

    @property
    def answers_reads(self) -> bool:
        return self.predecessor is None


class ReadAtHead(ChainReplication):
    """Wrong: reads are answered at the head, of updates that are lost when it crashes (see --crashes 1:server)."""

    variant = "read-at-head"
    server_class = HeadServer
    reader_class = HeadReader


class ForgetfulServer(Server):
    """Sends its new successor only what comes next."""

    def resend(self) -> Step:
        return self.stay()


class NoResend(ChainReplication):
    """Wrong: what was on its way through a server that crashed is not sent again (see --crashes 1:server)."""

    variant = "no-resend"
    server_class = ForgetfulServer


class HastyServer(Server):
    """As the head, tells the client at once."""

    def apply(self, update: Update) -> Step:
        applied = super().apply(update)
        is_head_only = self.predecessor is None and self.successor is not None
        return applied.send(update.client, Written()) if is_head_only else applied


class AnswerAtHead(ChainReplication):
    """Wrong: the head tells the client that its update is done before the tail has it."""

    variant = "answer-at-head"
    server_class = HastyServer
