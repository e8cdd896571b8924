"""Cluster or distribution: many nodes that all do everything, or each its own part.

A service has several functions. In a cluster every server offers all of them; split up, each offers one, and each part
may have copies. A client calls one function after the other, at any server that offers it, and calls another server if
a failure detector says that one is down.

Tanenbaum & van Steen, "Distributed systems" (2007), section 1.4 and chapter 8; Gray & Siewiorek, "High-availability
computer systems" (1991), for the availability of parts that are all needed, and of parts that stand in for each other.
Brewer, "Lessons from giant-scale services" (2001), for what a service does when it cannot serve everybody, in
``LoadShedding``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, eventually, eventually_always, possible
from everyway.models.language import (
    REMOVED,
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    Step,
    Steps,
    World,
    choice,
    on,
    parameter,
    suspect,
    volatile,
)


@frozen
class Request(Message):
    """Please do this."""

    function: int

    def __str__(self) -> str:
        return f"call function {self.function}"


@frozen
class Answer(Message):
    """It is done."""

    function: int

    def __str__(self) -> str:
        return f"function {self.function} done"


@frozen
class Server(Node):
    """Offers some functions, without keeping any data."""

    functions: frozenset[int]

    @on(Request)
    def serve(self, message: Request, client: NodeId) -> Steps:
        return self.send(client, Answer(message.function))

    def __str__(self) -> str:
        return f"OFFERS {' '.join(map(str, sorted(self.functions)))}"


@frozen
class Client(Node):
    """Calls every function, one after the other."""

    offers: tuple[tuple[NodeId, frozenset[int]], ...]
    """Who offers which functions."""
    left: frozenset[int] = volatile(frozenset())
    asked: NodeId | None = volatile(None)
    suspected: frozenset[NodeId] = volatile(frozenset())

    @choice
    def call(self) -> Steps:
        if self.left and self.asked is None:
            function = min(self.left)
            for server, functions in self.offers:
                if function in functions and server not in self.suspected:
                    yield self.become(asked=server).send(server, Request(function)).named(f"call {server}")

    @on(Answer)
    def note_answer(self, message: Answer) -> Steps:
        return self.become(left=self.left - {message.function}, asked=None)

    @suspect
    def look_elsewhere(self, server: NodeId) -> Steps:
        if server not in self.suspected:
            asked = None if self.asked == server else self.asked
            return self.become(suspected=self.suspected | {server}, asked=asked)

    def __str__(self) -> str:
        return f"NEEDS {' '.join(map(str, sorted(self.left)))}" if self.left else "DONE"


# What is promised.


def offered(servers: Iterable[Server]) -> frozenset[int]:
    """Return the functions that servers offer."""
    return frozenset(function for server in servers for function in server.functions)


def lost(world: World) -> frozenset[int]:
    """Return the functions that no server offers any more that is up."""
    return offered(world.nodes(Server)) - offered(world.live(Server))


@always
def any_node_serves(world: World) -> Any:
    """The whole service is there exactly as long as any server is up."""
    gone = lost(world)
    if bool(world.live(Server)) == (not gone):
        return True
    return f"function {', '.join(map(str, sorted(gone)))} is lost, but a server is up"


@always
def every_part_needed(world: World) -> Any:
    """What a server offers that is down is lost, and nothing else."""
    down = [server for server in world.nodes(Server) if not world.is_up(server)]
    return lost(world) == offered(down) or broken("a server is down, and what it did is done elsewhere", down)


@always
def replication_masks_crashes(world: World) -> Any:
    """Every function is offered by a server that is up."""
    gone = lost(world)
    return not gone or f"nobody offers function {', '.join(map(str, sorted(gone)))} any more"


@eventually
def every_call_is_answered(world: World) -> bool:
    """The client gets an answer to every call."""
    return not any(client.left for client in world.live(Client))


@possible
def all_answered(world: World) -> bool:
    """Every function can be called, and answers."""
    return not any(client.left for client in world.nodes(Client))


@frozen
class Cluster(Protocol):
    """Servers that all offer every function: one that is up is enough."""

    name: ClassVar[str] = "cluster"
    tones: ClassVar[dict[str, str]] = {"DONE": "good"}

    functions: int = parameter(2, help="how many functions the service has", at_least=1)
    copies: int = parameter(3, help="how many servers there are", at_least=1)

    def placement(self) -> list[frozenset[int]]:
        """Return which functions each server offers."""
        return [frozenset(range(1, self.functions + 1))] * self.copies

    def nodes(self) -> dict[NodeId, Node]:
        offers = {f"S{k}": functions for k, functions in enumerate(self.placement(), 1)}
        needs = frozenset(range(1, self.functions + 1))
        servers: dict[NodeId, Node] = {name: Server(functions) for name, functions in offers.items()}
        return {"U": Client(tuple(offers.items()), needs), **servers}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        names = [f"S{k}" for k in range(1, len(self.placement()) + 1)]
        return [names] if len(set(self.placement())) == 1 and len(names) > 1 else []

    def promises(self) -> Iterable[Property]:
        return [any_node_serves, all_answered, every_call_is_answered]


# Variants. Each is the protocol above with the functions placed otherwise.


@frozen
class Split(Cluster):
    """Each server offers one function: every part is needed, and any crash takes one away."""

    variant: ClassVar[str] = "split"

    functions: int = parameter(2, help="how many functions the service has", at_least=1)
    copies: int = parameter(1, help="how many servers offer each function", at_least=1)

    def placement(self) -> list[frozenset[int]]:
        return [
            frozenset([function]) for function in range(1, self.functions + 1) for _ in range(self.copies)
        ]

    def promises(self) -> Iterable[Property]:
        return [every_part_needed, all_answered, every_call_is_answered]


@frozen
class Hybrid(Split):
    """Each function has servers of its own, of which one is enough: it stands a crash less than it has copies."""

    variant: ClassVar[str] = "hybrid"

    functions: int = parameter(2, help="how many functions the service has", at_least=1)
    copies: int = parameter(2, help="how many servers offer each function", at_least=1)

    def promises(self) -> Iterable[Property]:
        return [replication_masks_crashes, all_answered, every_call_is_answered]


# With data.


@frozen
class Update(Message):
    """The new value."""


class Updated(Message):
    """I have it."""


@frozen
class Read(Message):
    """What is the value?"""


@frozen
class Value(Message):
    """This is it."""

    is_new: bool

    def __str__(self) -> str:
        return "new value" if self.is_new else "old value"


class Set(Message):
    """Change the value."""


class Changed(Message):
    """It is changed."""


@frozen
class DataServer(Node):
    """Keeps a value, and has the others change it too before it says that it is changed."""

    others: frozenset[NodeId]
    client: NodeId
    is_new: bool = volatile(False)
    unaware: frozenset[NodeId] = volatile(frozenset())

    @on(Set)
    def change(self) -> Steps:
        if not self.others:
            return self.become(is_new=True).send(self.client, Changed())
        return self.become(is_new=True, unaware=self.others).send(self.others, Update())

    @on(Update)
    def follow(self, _: Update, server: NodeId) -> Steps:
        return self.become(is_new=True).send(server, Updated())

    @on(Updated)
    def count(self, _: Updated, server: NodeId) -> Steps:
        unaware = self.unaware - {server}
        changed = self.become(unaware=unaware)
        return changed if unaware else changed.send(self.client, Changed())

    @on(Read)
    def read(self) -> Steps:
        return self.send(self.client, Value(self.is_new))

    def __str__(self) -> str:
        return "NEW" if self.is_new else "OLD"


@frozen
class DataClient(Node):
    """Changes the value at one server, and once that is done reads it at any."""

    servers: tuple[NodeId, ...]
    stage: str = volatile("BEGINS")

    @choice
    def change(self) -> Steps:
        if self.stage == "BEGINS":
            return self.become(stage="CHANGES").send(self.servers[0], Set())

    @on(Changed)
    def note_changed(self) -> Steps:
        return self.become(stage="CHANGED")

    @choice
    def read(self) -> Steps:
        if self.stage == "CHANGED":
            for server in self.servers:
                yield self.become(stage="READS").send(server, Read()).named(f"read at {server}")

    @on(Value)
    def note_value(self, message: Value) -> Steps:
        return self.become(stage="HAS NEW" if message.is_new else "HAS OLD")

    def __str__(self) -> str:
        return self.stage


@always
def reads_are_fresh(world: World) -> Any:
    """Who reads after the value was changed gets the new one."""
    stale = [client for client in world.nodes(DataClient) if client.stage == "HAS OLD"]
    return not stale or broken("a read after the change got the old value", stale)


@possible
def a_new_value_is_read(world: World) -> bool:
    """The new value can be read."""
    return any(client.stage == "HAS NEW" for client in world.nodes(DataClient))


class Stateful(Cluster):
    """The servers keep a value, and change it everywhere before they say that it is changed."""

    variant = "stateful"
    tones: ClassVar[dict[str, str]] = {"NEW": "good", "HAS NEW": "good", "HAS OLD": "stop"}
    server_class: ClassVar[type[DataServer]] = DataServer

    def nodes(self) -> dict[NodeId, Node]:
        names = tuple(f"S{k}" for k in range(1, self.copies + 1))
        servers: dict[NodeId, Node] = {
            name: self.server_class(frozenset(names) - {name}, "U") for name in names
        }
        return {"U": DataClient(names), **servers}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return ()

    def promises(self) -> Iterable[Property]:
        return [reads_are_fresh, a_new_value_is_read]


class HastyServer(DataServer):
    """Says at once that the value is changed, and lets the others follow."""

    count = REMOVED

    @on(Set)
    def change(self) -> Steps:
        return self.become(is_new=True).send(self.client, Changed()).send(self.others, Update())

    @on(Update)
    def follow(self, _: Update, server: NodeId) -> Steps:
        return self.become(is_new=True)


class StatefulLazy(Stateful):
    """Wrong: the servers keep a value, and change it elsewhere later; a read at another server gets the old one."""

    variant = "stateful-lazy"
    server_class = HastyServer


class AsNoted(StatefulLazy):
    """The study notes' cluster: all servers run the same service, and of its data, if it has any, nothing is said."""

    variant = "as-noted"


# How likely, and how fast.


def availability(protocol: Cluster, up: Fraction) -> Fraction:
    """Return how likely the whole service is there if each server is up so likely, whatever the others are.

    Counted over all sets of servers that may be up.
    """
    placement = protocol.placement()
    everything = frozenset(range(1, protocol.functions + 1))
    total = Fraction(0)
    for alive in itertools.product((True, False), repeat=len(placement)):
        there = frozenset[int]().union(*(part for part, is_up in zip(placement, alive, strict=True) if is_up))
        if there == everything:
            total += up ** alive.count(True) * (1 - up) ** alive.count(False)
    return total


def throughput(servers: int, capacity: Fraction, writes: Fraction) -> Fraction:
    """Return how many operations in a unit of time servers do that all hold all data.

    A read is work for one of them, a write for each.

    Args:
        servers: how many there are.
        capacity: how many operations each can do.
        writes: which part of the operations are writes.
    """
    work = (1 - writes) + servers * writes
    return servers * capacity / work


# What is refused when there is not enough for all.


@frozen
class Serve(Message):
    """Serve this from now on, and nothing else."""

    job: str

    def __str__(self) -> str:
        return f"serve {self.job}"


@frozen
class Worker(Node):
    """Serves one job at a time."""

    job: str = volatile("")

    @on(Serve)
    def serve(self, message: Serve) -> Steps:
        return self.become(job=message.job)

    def __str__(self) -> str:
        return self.job.upper() or "FREE"


@frozen
class Gateway(Node):
    """Places jobs on workers, those of the core first; takes a worker from another job if the core needs it."""

    workers: frozenset[NodeId]
    waiting: frozenset[str] = volatile(frozenset())
    placed: frozenset[tuple[str, NodeId]] = volatile(frozenset())
    refused: frozenset[str] = volatile(frozenset())
    down: frozenset[NodeId] = volatile(frozenset())

    @property
    def free(self) -> list[NodeId]:
        """The workers that serve nothing and are not known to be down."""
        return sorted(self.workers - self.down - {worker for _, worker in self.placed})

    @choice
    def place(self) -> Steps:
        for job in self.eligible():
            for worker in self.free:
                yield self.put(job, worker).named(f"place {job} on {worker}")

    def eligible(self) -> list[str]:
        """Return the jobs of which one may be placed next."""
        return sorted(self.waiting, key=rank)[:1]

    def put(self, job: str, worker: NodeId) -> Step:
        """Place a job on a worker."""
        placed = self.become(waiting=self.waiting - {job}, placed=self.placed | {(job, worker)})
        return placed.send(worker, Serve(job))

    @choice
    def shed(self) -> Steps:
        """Refuse a job if there is no worker left: the least important one, even if it is being served."""
        if not self.waiting or self.free:
            return None
        first, last = min(self.waiting, key=rank), max(self.waiting, key=rank)
        served = max(self.placed, key=lambda one: rank(one[0]), default=None)
        if is_core(first) and served and not is_core(served[0]):
            job, worker = served
            shedding = evolve(self, placed=self.placed - {served}, refused=self.refused | {job})
            return shedding.put(first, worker).named(f"give {worker} to {first}")
        return self.become(waiting=self.waiting - {last}, refused=self.refused | {last}).named(
            f"refuse {last}"
        )

    @suspect
    def lose(self, worker: NodeId) -> Steps:
        """Place what a worker served elsewhere."""
        if worker not in self.down:
            back = {job for job, who in self.placed if who == worker}
            kept = frozenset(one for one in self.placed if one[1] != worker)
            return self.become(down=self.down | {worker}, placed=kept, waiting=self.waiting | back)

    def __str__(self) -> str:
        return f"REFUSED {', '.join(sorted(self.refused))}" if self.refused else "SERVES"


def is_core(job: str) -> bool:
    """Return whether a job is of the core."""
    return job.startswith("core")


def rank(job: str) -> tuple[bool, str]:
    """Return how important a job is: the lower, the more."""
    return not is_core(job), job


def core_is_served(world: World) -> bool:
    """Every job of the core is being served, or there are fewer workers up than such jobs."""
    workers = world.live(Worker)
    (gateway,) = world.nodes(Gateway)
    jobs = {*gateway.waiting, *gateway.refused, *(job for job, _ in gateway.placed)}
    core = {job for job in jobs if is_core(job)}
    return len(workers) < len(core) or core <= {worker.job for worker in workers}


core_available: Property = eventually_always(core_is_served, name="core available")
"""Whoever is down: as long as there are workers enough for the core, all of it is served, at last and for good."""


@possible
def degrades(world: World) -> bool:
    """A job that is not of the core can be refused."""
    return any(not is_core(job) for gateway in world.nodes(Gateway) for job in gateway.refused)


@frozen
class LoadShedding(Protocol):
    """Where there are too few workers for all jobs, those that are not of the core are refused.

    What a worker is told must arrive in the order in which it was said, or it goes back to a job that was shed.
    """

    name: ClassVar[str] = "load-shedding"
    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {"FREE": "idle", "SERVES": "good"}
    gateway_class: ClassVar[type[Gateway]] = Gateway

    workers: int = parameter(2, help="how many workers there are, each for one job", at_least=1)
    core: int = parameter(1, help="how many jobs are of the core", at_least=1)
    extra: int = parameter(2, help="how many jobs are not", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        jobs = [f"core {k}" for k in range(1, self.core + 1)] + [
            f"extra {k}" for k in range(1, self.extra + 1)
        ]
        workers: dict[NodeId, Node] = {name: Worker() for name in self.names}
        return {"G": self.gateway_class(frozenset(self.names), frozenset(jobs)), **workers}

    @property
    def names(self) -> list[NodeId]:
        """The workers' names."""
        return [f"W{k}" for k in range(1, self.workers + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]

    def promises(self) -> Iterable[Property]:
        return [core_available, degrades]


class ImpartialGateway(Gateway):
    """Makes no difference between jobs."""

    def eligible(self) -> list[str]:
        return sorted(self.waiting)

    @choice
    def shed(self) -> Steps:
        if not self.free:
            for job in sorted(self.waiting):
                refusal = self.become(waiting=self.waiting - {job}, refused=self.refused | {job})
                yield refusal.named(f"refuse {job}")


class Impartial(LoadShedding):
    """Wrong: any job may be refused where there are too few workers, even one of the core."""

    variant = "impartial"
    gateway_class = ImpartialGateway
