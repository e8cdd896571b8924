"""A protocol in which one node sends a message to two others, and runs of it."""

from attrs import frozen

from everyway import Faults, Message, Network, Node, NodeId, Protocol, System, choice, durable, on, volatile
from everyway.counterexamples.replay import replayed
from everyway.explorer import Exploration
from everyway.invariants import possible


class Ping(Message):
    pass


@frozen
class Sender(Node):
    to: tuple[NodeId, ...]
    sent: bool = durable(False)

    @choice
    def send_all(self):
        if not self.sent:
            return self.become(sent=True).send(self.to, Ping())

    def __str__(self):
        return "SENT" if self.sent else "NEW"


@frozen
class Receiver(Node):
    pings: int = durable(0)
    seen: int = volatile(0)

    @on(Ping)
    def count(self):
        if self.pings < 2:
            return self.become(pings=self.pings + 1, seen=self.seen + 1)

    def __str__(self):
        return f"{self.pings} pings"


class Pings(Protocol):
    tones = {"SENT": "good"}  # noqa: RUF012

    def nodes(self):
        return {"A": Sender(to=("B", "C")), "B": Receiver(), "C": Receiver()}


def trace_to(reached, network=Network.BAG, kind=possible, **faults):
    """Return the shortest run to a world."""
    system = System(Pings(), Faults(**faults), network=network)
    prop = kind(reached, name="reached")
    (verdict,) = Exploration(system, [prop]).run().verdicts()
    path = [(visit.action, visit.state) for visit in verdict.path]
    return replayed(system, prop, path, is_violation=kind is not possible)
