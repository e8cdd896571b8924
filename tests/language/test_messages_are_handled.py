"""What becomes of a message: which handlers are asked, and what their answers mean on each network."""

import pytest
from attrs import frozen
from runs import after, offered, start

from everyway import (
    LATER,
    REMOVED,
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    System,
    check,
    choice,
    durable,
    on,
    volatile,
)
from everyway.explorer import Exploration


class Call(Message):
    pass


class Loud(Call):
    """A kind of call."""


class Other(Message):
    pass


@frozen
class Caller(Node):
    """Sends what it is given, once."""

    messages: tuple[Message, ...]
    done: bool = durable(False)

    @choice
    def call(self):
        if not self.done:
            step = self.become(done=True)
            for message in self.messages:
                step = step.send("B", message)
            return step


@frozen
class Callee(Node):
    heard: int = volatile(0)


@frozen
class Line(Protocol):
    """A calls B."""

    callee: type = Callee
    messages: tuple[Message, ...] = (Call(),)

    def nodes(self):
        return {"A": Caller(self.messages), "B": self.callee()}


CALL = (Call(),)


def line(hear=None, messages=CALL, network="bag", **methods):
    """Return a system in which B hears with this method."""
    if hear:
        methods = {"hear": on(Call)(hear), **methods}
    kind = type("Ear", (Callee,), methods)
    return System(Line(kind, messages), network=network)


def ring(system):
    """Return the world after A called."""
    return after(system, "A: call")


ALL = list(Network)
TAKING = [Network.BAG, Network.FIFO]


# Thrown away, left for later, taken.


@pytest.mark.parametrize("network", TAKING)
def test_a_handler_that_answers_none_throws_the_message_away(network):
    system = line(lambda self: None, network=network)
    world = ring(system)
    assert offered(system, world) == ["B receives call from A: ignores it"]
    assert after(system, "B receives call from A: ignores it", world=world).in_flight() == ()


@pytest.mark.parametrize("network", TAKING)
def test_a_message_without_a_handler_is_thrown_away_too(network):
    system = line(messages=(Other(),), network=network)
    assert offered(system, ring(system)) == ["B receives other from A: ignores it"]


def test_on_a_set_network_ignoring_is_no_step():
    for system in (line(lambda self: None, network="set"), line(messages=(Other(),), network="set")):
        world = ring(system)
        assert offered(system, world) == []
        assert len(world.in_flight()) == 1


@pytest.mark.parametrize("network", ALL)
def test_later_leaves_the_message_in_flight(network):
    system = line(lambda self: LATER, network=network)
    world = ring(system)
    assert offered(system, world) == []
    assert len(world.in_flight()) == 1


def test_what_was_left_for_later_is_delivered_when_the_node_is_ready():
    def hear(self):
        return self.become(heard=2) if self.heard else LATER

    def wake(self):
        return None if self.heard else self.become(heard=1)

    system = line(hear, wake=choice(wake))
    world = after(system, "A: call", "B: wake", "B receives call from A: hear")
    assert (world["B"].heard, world.in_flight()) == (2, ())


@pytest.mark.parametrize("network", TAKING)
def test_staying_takes_the_message(network):
    system = line(lambda self: self.stay(), network=network)
    world = after(system, "A: call", "B receives call from A: hear")
    assert (world["B"].heard, world.in_flight()) == (0, ())


def test_on_a_set_network_a_message_is_delivered_again_and_again():
    system = line(lambda self: self.become(heard=min(self.heard + 1, 3)), network="set")
    world = after(system, "A: call", *["B receives call from A: hear"] * 5)
    assert (world["B"].heard, len(world.in_flight())) == (3, 1)
    report = check(system, [])
    # Before the call, after it with 0 to 3 calls heard; the last delivery changes nothing but is a step.
    assert (report.statistics.states, report.statistics.transitions) == (5, 5)


@pytest.mark.parametrize("answer", [lambda self: (), lambda self: [], lambda self: iter(())])
def test_an_empty_answer_is_none(answer):
    system = line(answer)
    assert offered(system, ring(system)) == ["B receives call from A: ignores it"]


# Several steps, several handlers, classes of messages.


def test_several_steps_are_alternatives():
    def hear(self):
        yield self.become(heard=1).named("hear well")
        yield self.become(heard=2).named("mishear")

    system = line(hear)
    assert offered(system, ring(system)) == [
        "B receives call from A: hear well",
        "B receives call from A: mishear",
    ]


def test_equal_steps_are_told_apart_though_they_lead_to_one_world():
    system = line(lambda self: [self.become(heard=1), self.become(heard=1)])
    steps = list(system.steps(ring(system)))
    assert len(steps) == 2
    assert steps[0][0] != steps[1][0]
    assert [action.outcome for action, _ in steps] == [0, 1]
    assert steps[0][1] == steps[1][1]
    assert check(system, []).statistics.transitions == 3


def test_two_handlers_with_one_outcome_are_two_actions():
    system = line(
        act=choice(lambda self: self.become(heard=1)), bat=choice(lambda self: self.become(heard=1))
    )
    steps = [(action.handler, world) for action, world in system.steps(start(system)) if action.node == "B"]
    assert [handler for handler, _ in steps] == ["act", "bat"]
    assert steps[0][1] == steps[1][1]


def test_several_handlers_of_one_message_are_a_union():
    system = line(lambda self: self.become(heard=1), gossip=on(Call)(lambda self: self.become(heard=2)))
    assert offered(system, ring(system)) == ["B receives call from A: hear", "B receives call from A: gossip"]


@pytest.mark.parametrize("silent", [lambda self: None, lambda self: LATER])
def test_a_silent_handler_does_not_hinder_another(silent):
    system = line(lambda self: self.become(heard=1), gossip=on(Call)(silent))
    assert offered(system, ring(system)) == ["B receives call from A: hear"]


def test_one_handler_that_wants_it_later_keeps_a_message_that_another_throws_away():
    system = line(lambda self: None, gossip=on(Call)(lambda self: LATER))
    assert offered(system, ring(system)) == []


def test_a_handler_of_a_class_gets_its_subclasses_too():
    system = line(
        lambda self: self.become(heard=1),
        gossip=on(Loud)(lambda self: self.become(heard=2)),
        messages=(Loud(),),
    )
    assert offered(system, ring(system)) == ["B receives loud from A: hear", "B receives loud from A: gossip"]


def test_one_handler_for_several_classes():
    kind = type("Ear", (Callee,), {"hear": on(Call, Other)(lambda self: self.become(heard=1))})
    system = System(Line(kind, (Call(), Other())))
    assert offered(system, ring(system)) == ["B receives call from A: hear", "B receives other from A: hear"]


@pytest.mark.parametrize(
    "hear",
    [
        lambda self: self.become(heard=1),
        lambda self, call: self.become(heard=1 if call == Call() else 0),
        lambda self, call, sender: self.become(heard=1 if (call, sender) == (Call(), "A") else 0),
        lambda self, *arguments: self.become(heard=1 if arguments == (Call(), "A") else 0),
        lambda self, call, sender=None: self.become(heard=1 if sender == "A" else 0),
        lambda self, call, sender, moment=3: self.become(heard=1 if moment == 3 else 0),
    ],
)
def test_a_handler_gets_as_many_arguments_as_it_takes(hear):
    system = line(hear)
    assert after(system, "A: call", "B receives call from A: hear")["B"].heard == 1


# Variants.


class Base(Callee):
    @on(Call)
    def hear(self):
        return self.become(heard=1)

    @choice
    def act(self):
        return None if self.heard else self.become(heard=9)


def test_a_variant_overrides_a_handler_by_name_and_keeps_its_trigger():
    class Variant(Base):
        def hear(self):
            return self.become(heard=7)

    system = System(Line(Variant))
    assert after(system, "A: call", "B receives call from A: hear")["B"].heard == 7


def test_a_variant_may_give_a_handler_another_trigger():
    class Variant(Base):
        @on(Other)
        def hear(self):
            return self.become(heard=7)

    system = System(Line(Variant, (Call(), Other())))
    world = ring(system)
    assert offered(system, world)[1:] == [
        "B receives call from A: ignores it",
        "B receives other from A: hear",
    ]


def test_a_variant_may_remove_a_handler():
    class Variant(Base):
        hear = REMOVED
        act = REMOVED

    system = System(Line(Variant))
    assert offered(system, ring(system)) == ["B receives call from A: ignores it"]


def test_a_variant_of_a_variant_may_bring_a_handler_back():
    class Deaf(Base):
        hear = REMOVED

    class Healed(Deaf):
        @on(Call)
        def hear(self):
            return self.become(heard=5)

    system = System(Line(Healed))
    assert after(system, "A: call", "B receives call from A: hear")["B"].heard == 5


def test_the_order_of_handlers_is_the_order_in_which_they_are_first_written():
    class Variant(Base):
        def act(self):
            return self.become(heard=3)

        @choice
        def late(self):
            return self.become(heard=4)

        def hear(self):
            return self.become(heard=7)

    system = System(Line(Variant))
    assert offered(system, start(system)) == ["A: call", "B: act", "B: late"]


# Networks.


@pytest.mark.parametrize("network", TAKING)
def test_copies_are_delivered_once_each(network):
    system = line(lambda self: self.become(heard=self.heard + 1), (Call(), Call()), network)
    world = ring(system)
    assert len(world.in_flight()) == 2
    assert offered(system, world) == ["B receives call from A: hear"]  # equal copies are one choice
    world = after(system, *["B receives call from A: hear"] * 2, world=world)
    assert (world["B"].heard, world.in_flight()) == (2, ())


def test_a_set_keeps_one_of_each():
    system = line(lambda self: LATER, (Call(), Call(), Loud()), "set")
    assert [str(letter.message) for letter in ring(system).in_flight()] == ["call", "loud"]


@frozen
class Memory(Node):
    heard: tuple[tuple[NodeId, str], ...] = volatile(())

    @on(Message)
    def hear(self, message, sender):
        return self.become(heard=(*self.heard, (sender, str(message))))


@frozen
class Crowd(Protocol):
    """A and C call B."""

    def nodes(self):
        calls = (Call(), Loud(), Call())
        return {"A": Caller(calls), "B": Memory(), "C": Caller((Other(),))}


def orders(network):
    """Return every order in which B can hear everything."""
    system = System(Crowd(), network=network)
    exploration = Exploration(system).run()
    assert exploration.is_complete
    ends = [world for world in exploration.states if not list(system.steps(world))]
    return {tuple(text for _, text in world["B"].heard) for world in ends}


def test_a_bag_delivers_in_every_order():
    # Four messages, two of them equal.
    assert len(orders("bag")) == 12


def test_a_queue_keeps_the_order_of_each_sender_and_mixes_senders():
    assert orders("fifo") == {
        ("other", "call", "loud", "call"),
        ("call", "other", "loud", "call"),
        ("call", "loud", "other", "call"),
        ("call", "loud", "call", "other"),
    }


@pytest.mark.parametrize("network", TAKING)
def test_a_message_that_is_put_off_holds_up_only_its_queue(network):
    def hear(self, message):
        return LATER

    system = line(hear, (Call(), Other()), network)
    expected = {Network.BAG: ["B receives other from A: ignores it"], Network.FIFO: []}
    assert offered(system, ring(system)) == expected[network]


def test_a_node_may_send_to_itself():
    def hear(self):
        return self.become(heard=1)

    system = line(
        hear, talk=choice(lambda self: None if self.heard else self.become(heard=2).send("B", Call()))
    )
    world = after(system, "B: talk", "B receives call from B: hear")
    assert world["B"].heard == 1


def test_a_step_names_itself_and_says_why():
    system = line(lambda self: self.become(heard=1).named("pick up").because("it rang"))
    (action, _) = next(iter(system.steps(ring(system))))
    assert (action.label, action.note, action.handler) == ("pick up", "it rang", "hear")


def test_steps_that_change_nothing_are_steps():
    system = line(idle=choice(lambda self: self.stay()))
    assert "B: idle" in offered(system, start(system))
    report = check(system, [])
    # Three worlds in a row, and idling in each.
    assert (report.statistics.states, report.statistics.transitions) == (3, 5)
