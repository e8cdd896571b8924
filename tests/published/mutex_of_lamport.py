"""Lamport's mutual exclusion as in the public TLA+ specification: links keep the order, clocks are bounded."""

from attrs import frozen

from everyway import LATER, Message, Network, Node, NodeId, Protocol, always, choice, on, parameter, volatile


@frozen
class Request(Message):
    clock: int


class Acknowledge(Message): ...


class Release(Message): ...


@frozen
class Process(Node):
    others: frozenset[NodeId]
    most: int
    """The greatest clock: the specification's state constraint."""
    clock: int = volatile(1)
    requests: frozenset[tuple[NodeId, int]] = volatile(frozenset())
    acknowledged: frozenset[NodeId] = volatile(frozenset())
    is_inside: bool = volatile(False)

    @choice
    def request(self):
        if self.id not in dict(self.requests):
            asked = self.become(
                requests=self.requests | {(self.id, self.clock)}, acknowledged=frozenset([self.id])
            )
            return asked.send(self.others, Request(self.clock))

    @on(Request)
    def take_request(self, request, other):
        clock = max(request.clock, self.clock) + 1
        if clock > self.most:
            return LATER
        known = self.without(other) | {(other, request.clock)}
        return self.become(requests=known, clock=clock).send(other, Acknowledge())

    @on(Acknowledge)
    def take_acknowledgement(self, _, other):
        return self.become(acknowledged=self.acknowledged | {other})

    @on(Release)
    def take_release(self, _, other):
        return self.become(requests=self.without(other))

    @choice
    def enter(self):
        if self.acknowledged == self.others | {self.id} and self.is_first:
            return self.become(is_inside=True)

    @choice
    def leave(self):
        if self.is_inside:
            left = self.become(is_inside=False, requests=self.without(self.id), acknowledged=frozenset())
            return left.send(self.others, Release())

    @property
    def is_first(self):
        own = dict(self.requests).get(self.id, 0)
        return all((own, self.id) < (clock, name) for name, clock in self.requests if name != self.id)

    def without(self, name):
        return frozenset(one for one in self.requests if one[0] != name)


@always
def mutual_exclusion(world):
    """No two processes are inside."""
    return sum(process.is_inside for process in world.nodes(Process)) <= 1


@always
def at_most_three_under_way(world):
    """Between two processes no more than three messages are under way."""
    links = [(envelope.sender, envelope.to) for envelope in world.in_flight()]
    return all(links.count(link) <= 3 for link in links)


@frozen
class Mutex(Protocol):
    network = Network.FIFO

    processes: int = parameter(3)
    most: int = parameter(6)

    def nodes(self):
        names = frozenset(f"P{k}" for k in range(1, self.processes + 1))
        return {name: Process(names - {name}, self.most) for name in sorted(names)}

    def promises(self):
        return [mutual_exclusion, at_most_three_under_way]
