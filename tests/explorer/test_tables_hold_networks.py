"""On every network the table engine gives what the reference gives."""

import pytest
from agreement import assert_agree
from attrs import frozen
from counters import Number
from markets import PROMISES, Desk, Order, Shop, market

from everyway import LATER, Faults, Kind, Limits, Network, Node, Protocol, System, choice, never, on, volatile


@pytest.mark.parametrize("network", list(Network))
def test_every_network_without_faults(network):
    reference = assert_agree(market(network=network), PROMISES)
    assert reference.statistics.taken(Kind.DELIVERY) > 0


@frozen
class Sender(Node):
    left: tuple[int, ...] = volatile((1, 2, 1))

    @choice
    def send_all(self):
        if self.left:
            step = self.become(left=())
            for value in self.left:
                step = step.send("B", Number(value))
            return step


@frozen
class Reader(Node):
    heard: tuple[int, ...] = volatile(())

    @on(Number)
    def hear(self, number):
        return self.become(heard=(*self.heard, number.value))


@frozen
class Reading(Protocol):
    """A and C send 1, 2 and 1 again to B, which writes down what it hears."""

    def nodes(self):
        return {"A": Sender(), "B": Reader(), "C": Sender((7,))}


def reading(network, **faults):
    return lambda: System(Reading(), Faults(**faults), network=network, timeouts="never")


def heard(reference):
    """Return what B may have heard of A when nothing is left to hear."""
    return {
        tuple(value for value in world["B"].heard if value != 7)
        for world in reference.states
        if not world.in_flight() and not world["A"].left and not world["C"].left
    }


in_order = never(lambda world: world["B"].heard[:2] == (2, 1), name="in order")


def test_a_queue_keeps_its_order():
    assert heard(assert_agree(reading("fifo"), [in_order])) == {(1, 2, 1)}


def test_a_queue_loses_and_repeats_at_any_place():
    reference = assert_agree(reading("fifo", losses=1, duplicates=1), [in_order])
    assert {(2, 1), (1, 1), (1, 2), (1, 2, 2, 1), (1, 1, 2, 1), (1, 2, 1, 1)} <= heard(reference)
    assert {deed.kind for deed in reference.statistics.deeds} >= {Kind.LOSS, Kind.DUPLICATION}


def test_a_bag_keeps_copies_but_no_order():
    assert heard(assert_agree(reading("bag"), [in_order])) == {(1, 2, 1), (2, 1, 1), (1, 1, 2)}


@pytest.mark.slow
def test_a_bag_loses_and_repeats():
    reference = assert_agree(reading("bag", losses=2, duplicates=2), [in_order])
    assert {len(numbers) for numbers in heard(reference)} == {1, 2, 3, 4, 5}
    assert reference.statistics.spent["losses"] > 0


def test_a_set_delivers_again_and_again():
    reference = assert_agree(reading("set"), [in_order], Limits(max_depth=6))
    assert any(world["B"].heard == (1, 1, 1) for world in reference.states)
    assert reference.statistics.cut > 0


@frozen
class Slow(Shop):
    """Takes orders only from the second mood on; leaves them lying until then, and throws bills away."""

    @on(Order)
    def take(self):
        return self.become(orders=1) if self.mood else LATER

    @choice
    def wake_up(self):
        for mood in (1, 2):
            if not self.mood:
                yield self.become(mood=mood)


@pytest.mark.parametrize("network", list(Network))
def test_messages_that_are_left_for_later(network):
    reference = assert_agree(market(shop=Slow, network=network, losses=1), PROMISES)
    assert reference.statistics.deeds


@pytest.mark.parametrize("to", [("B", "C"), frozenset({"B", "C"}), ("B", "B"), ("A", "B")])
@pytest.mark.parametrize("sends_first", [False, True])
def test_crashes_in_the_middle_of_a_step(to, sends_first):
    reference = assert_agree(market(Desk(to, sends_first=sends_first), crashes=1), PROMISES)
    assert any(deed.crashed for deed in reference.statistics.deeds)


def test_messages_to_oneself():
    @frozen
    class Talkative(Desk):
        @on(Order)
        def repeat(self):
            if self.tired:
                return self.become(tired=False).send("A", Order())

    reference = assert_agree(market(Talkative(("A", "B")), losses=1, crashes=1), PROMISES)
    assert reference.statistics.sent[Order] > 0
