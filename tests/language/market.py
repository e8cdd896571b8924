"""A desk that tells shops, in every network and under every fault: the system of many tests."""

from attrs import frozen

from everyway import (
    Faults,
    Message,
    Node,
    NodeId,
    Protocol,
    System,
    choice,
    durable,
    on,
    volatile,
)


class Order(Message):
    pass


class Bill(Message):
    pass


@frozen
class Number(Message):
    value: int


@frozen
class Desk(Node):
    """Tells everybody once; remembers some of it, forgets the rest."""

    to: tuple[NodeId, ...] | frozenset[NodeId] = ()
    told: bool = durable(False)
    tired: bool = volatile(False)
    sends_first: bool = False

    @choice
    def tell(self):
        if not self.told:
            step = self.become(told=True, tired=True).send(self.to, Order())
            return step.sending_first() if self.sends_first else step


@frozen
class Shop(Node):
    orders: int = durable(0)
    mood: int = volatile(0)

    @on(Order)
    def take(self):
        return self.become(orders=self.orders + 1, mood=1)


@frozen
class Market(Protocol):
    """A desk A and shops."""

    desk: Node = Desk(("B", "C"))
    shop: type = Shop
    shops: tuple[NodeId, ...] = ("B", "C")

    def nodes(self):
        return {"A": self.desk} | {name: self.shop() for name in self.shops}


def market(desk=None, network="bag", shop=Shop, shops=("B", "C"), timeouts="never", **faults):
    return System(
        Market(desk or Desk(("B", "C")), shop, shops), Faults(**faults), network=network, timeouts=timeouts
    )


def only(system, world, *kinds):
    """Return what can happen of these kinds, in words."""
    return [str(action) for action, _ in system.steps(world) if action.kind in kinds]
