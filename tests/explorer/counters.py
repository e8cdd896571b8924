"""Nodes that count, each for itself."""

from attrs import frozen
from markets import Order

from everyway import Message, Node, NodeId, Protocol, choice, volatile


@frozen
class Number(Message):
    value: int


@frozen
class Counter(Node):
    count: int = volatile(0)

    @choice
    def go_on(self):
        return self.become(count=self.count + 1)


@frozen
class Counters(Protocol):
    """Many counters, each on its own."""

    many: int = 40

    def nodes(self):
        return {f"N{number:02}": Counter() for number in range(self.many)}


@frozen
class Flooding(Counter):
    to: NodeId = "A"

    @choice
    def go_on(self):
        return self.send(self.to, Order())


@frozen
class Pair(Protocol):
    kind: type = Counter

    def nodes(self):
        return {"A": self.kind(), "B": self.kind()}
