"""A desk that writes to shops, as the tests of the language use it."""

from attrs import frozen

from everyway import (
    Faults,
    Message,
    Node,
    NodeId,
    Protocol,
    System,
    always,
    choice,
    durable,
    every_step,
    on,
    possible,
    recoverable,
    restart,
    suspect,
    volatile,
)


class Order(Message):
    pass


class Bill(Message):
    pass


@frozen
class Desk(Node):
    """Tells everybody once; remembers some of it, forgets the rest."""

    to: tuple[NodeId, ...] | frozenset[NodeId] = ("B", "C")
    told: bool = durable(False)
    tired: bool = volatile(False)
    sends_first: bool = False

    @choice
    def tell(self):
        if not self.told:
            step = self.become(told=True, tired=True).send(self.to, Order())
            return step.sending_first() if self.sends_first else step

    @on(Bill)
    def pay(self):
        return self.become(tired=False)


@frozen
class Shop(Node):
    orders: int = durable(0)
    mood: int = volatile(0)

    @on(Order)
    def take(self):
        return self.become(orders=min(self.orders + 1, 3), mood=1).send("A", Bill())


@frozen
class Market(Protocol):
    """A desk A and shops B and C."""

    desk: Node = Desk()
    shop: type = Shop

    def nodes(self):
        return {"A": self.desk, "B": self.shop(), "C": self.shop()}


def market(desk=None, shop=Shop, network="bag", timeouts="never", kind=Market, **faults):
    """Return what makes a market anew each time."""
    return lambda: System(kind(desk or Desk(), shop), Faults(**faults), network=network, timeouts=timeouts)


in_debt = recoverable(lambda world: not world["A"].tired and world["B"].orders > 0, name="is paid")


calm = always(lambda world: not all(shop.mood for shop in world.nodes(Shop)), name="calm")


orderly = every_step(lambda before, action, after: before["B"].orders <= after["B"].orders, name="orderly")


busy = possible(lambda world: len(world.in_flight(Bill)) == 2, name="busy")


PROMISES = (in_debt, calm, orderly, busy)


@frozen
class Returning(Shop):
    """Comes back with a bill in its hand, in either of two moods."""

    @restart
    def rise(self):
        yield self.become(mood=2).send("A", Bill())
        yield self.become(mood=3)


@frozen
class Wary(Shop):
    @suspect
    def give_up_on(self, node):
        if self.mood == 0 and node != "A":
            return self.become(mood=ord(node)).send("A", Bill())


@frozen
class Starting(Protocol):
    """A market that opens in one of several moods, two of them alike."""

    desk: Node = Desk()
    shop: type = Shop

    def nodes(self):
        for mood in (0, 1, 1, 2):
            yield {"A": self.desk, "B": self.shop(mood=mood), "C": self.shop()}


CRASHING = Faults(crashes=1, losses=1)
