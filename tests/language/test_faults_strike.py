"""What each fault does, how often it may, and to whom."""

import pytest
from attrs import frozen
from market import Bill, Desk, Number, Order, Shop, market, only
from runs import after, offered, start

from everyway import (
    Faults,
    Kind,
    Network,
    Node,
    Protocol,
    System,
    at_most,
    choice,
    on,
    restart,
    suspect,
    volatile,
)
from everyway.explorer import Exploration

# Messages.


@pytest.mark.parametrize("network", ["bag", "fifo"])
def test_a_lost_message_is_gone(network):
    system = market(network=network, losses=1)
    world = after(system, "A: tell", "the network loses order from A to C")
    assert [letter.to for letter in world.in_flight()] == ["B"]
    assert world.faults_left("losses") == 0
    assert only(system, world, Kind.LOSS) == []


@pytest.mark.parametrize("network", ["bag", "fifo"])
def test_a_duplicated_message_is_there_twice(network):
    system = market(network=network, duplicates=1)
    world = after(system, "A: tell", "the network duplicates order from A to C")
    assert [letter.to for letter in world.in_flight()] == ["B", "C", "C"]
    world = after(system, *["C receives order from A: take"] * 2, world=world)
    assert world["C"].orders == 2


def test_a_set_network_neither_loses_nor_duplicates():
    system = market(network="set", losses=5, duplicates=5)
    assert only(system, after(system, "A: tell"), Kind.LOSS, Kind.DUPLICATION) == []


@frozen
class Counter(Node):
    left: tuple[int, ...] = volatile((1, 2, 1))

    @choice
    def send_all(self):
        if self.left:
            step = self.become(left=())
            for value in self.left:
                step = step.send("B", Number(value))
            return step


@frozen
class Sink(Node):
    pass


@frozen
class Queue(Protocol):
    """A sends 1, 2 and 1 again to B."""

    network = Network.FIFO

    def nodes(self):
        return {"A": Counter(), "B": Sink()}


def queues(system, kind):
    """Return what may be in B's queue after one fault of a kind struck the queue 1, 2, 1."""
    world = after(system, "A: send all")
    return {
        tuple(letter.message.value for letter in then.in_flight())
        for action, then in system.steps(world)
        if action.kind is kind
    }


def test_a_queue_may_lose_any_of_its_messages_also_of_equal_ones():
    assert queues(System(Queue(), Faults(losses=1)), Kind.LOSS) == {(2, 1), (1, 1), (1, 2)}


def test_a_copy_in_a_queue_comes_right_behind_the_message_that_was_duplicated():
    system = System(Queue(), Faults(duplicates=1))
    assert queues(system, Kind.DUPLICATION) == {(1, 1, 2, 1), (1, 2, 2, 1), (1, 2, 1, 1)}


def test_losses_of_equal_messages_at_different_places_are_different_actions():
    system = System(Queue(), Faults(losses=1, duplicates=1))
    steps = list(system.steps(after(system, "A: send all")))
    assert len({action for action, _ in steps}) == len(steps)


def test_losing_either_of_two_neighbours_is_one_action():
    system = System(Queue(), Faults(losses=1, duplicates=1))
    world = after(system, "A: send all", "the network duplicates number 2 from A to B")
    assert only(system, world, Kind.LOSS).count("the network loses number 2 from A to B") == 1


# Crashes and restarts.


def test_a_crash_wipes_what_is_volatile_and_keeps_what_is_durable():
    system = market(crashes=1)
    world = after(system, "A: tell", "B receives order from A: take")
    assert (world["B"].orders, world["B"].mood) == (1, 1)
    world = after(system, "B crashes", world=world)
    assert (world["B"].orders, world["B"].mood) == (1, 0)
    assert not world.is_up("B")
    assert world.live(Shop) == (world["C"],)
    assert world.nodes(Shop) == (world["B"], world["C"])


def test_a_crashed_node_does_nothing_and_hears_nothing():
    system = market(crashes=1)
    world = after(system, "A: tell", "B crashes")
    assert offered(system, world) == ["C receives order from A: take"]
    world = after(system, "A crashes")
    assert offered(system, world) == []


def test_what_arrives_at_a_node_that_stays_down_stays_in_flight():
    system = market(crashes=1)
    world = after(system, "A: tell", "B crashes", "C receives order from A: take")
    assert offered(system, world) == []
    assert len(world.in_flight()) == 1


def test_what_arrives_at_a_node_that_is_down_is_missed_if_it_could_come_back():
    system = market(crashes=1, restarts=1)
    world = after(system, "A: tell", "B crashes")
    assert only(system, world, Kind.DROP) == ["order from A to B arrives while B is down"]
    missed = after(system, "order from A to B arrives while B is down", "B restarts", world=world)
    assert (missed["B"].orders, len(missed.in_flight())) == (0, 1)
    heard = after(system, "B restarts", "B receives order from A: take", world=world)
    assert heard["B"].orders == 1


def test_nothing_is_missed_where_the_restart_is_for_another_node():
    system = market(crashes=1, restarts=at_most(1, "C"))
    assert only(system, after(system, "A: tell", "B crashes"), Kind.DROP) == []


def test_nothing_is_missed_once_the_restarts_are_used_up():
    system = market(crashes=2, restarts=1)
    world = after(system, "A: tell", "B crashes", "B restarts", "B crashes")
    assert only(system, world, Kind.DROP) == []


def test_on_a_set_network_nothing_is_missed():
    system = market(network="set", crashes=1, restarts=1)
    assert only(system, after(system, "A: tell", "B crashes"), Kind.DROP) == []


def test_a_queue_loses_its_oldest_first_at_a_node_that_is_down():
    system = System(Queue(), Faults(crashes=1, restarts=1))
    world = after(system, "A: send all", "B crashes")
    assert only(system, world, Kind.DROP) == ["number 1 from A to B arrives while B is down"]


def test_a_node_without_a_restart_handler_just_comes_up():
    system = market(crashes=1, restarts=1)
    world = after(system, "B crashes", "B restarts")
    assert world == after(system, "B crashes", "B restarts")
    assert world.is_up("B")
    assert (world.faults_left("crashes"), world.faults_left("restarts")) == (0, 0)


class Recovering(Shop):
    @restart
    def recover(self):
        if self.orders:
            yield self.become(mood=5).send("A", Bill())
            yield self.become(mood=6)


def test_a_restart_handler_says_how_the_node_comes_up():
    system = market(shop=Recovering, crashes=1, restarts=1)
    world = after(system, "A: tell", "B receives order from A: take", "B crashes")
    steps = [(action, then) for action, then in system.steps(world) if action.kind is Kind.RESTART]
    assert [(str(action), then["B"].mood, then["B"].orders) for action, then in steps] == [
        ("B restarts: recover", 5, 1),
        ("B restarts: recover", 6, 1),
    ]
    assert all(then.is_up("B") and action.is_repair and not action.is_fault for action, then in steps)
    assert next(str(letter) for letter in steps[0][1].in_flight()) == "bill from B to A"


def test_a_restart_handler_that_answers_none_leaves_it_at_coming_up():
    system = market(shop=Recovering, crashes=1, restarts=1)
    world = after(system, "B crashes", "B restarts")
    assert world.is_up("B")
    assert world["B"].mood == 0


def test_a_node_may_crash_again_while_it_recovers():
    system = market(shop=Recovering, crashes=2, restarts=1)
    world = after(system, "A: tell", "B receives order from A: take", "B crashes")
    cut = "B restarts: recover but crashes before sending bill to A"
    world = after(system, cut, world=world)
    assert (world.is_up("B"), world.faults_left("crashes"), world.faults_left("restarts")) == (False, 0, 0)


# Crashes between two sends.


def cuts(system):
    """Return, for each crash in the middle of A's step, who was told before it."""
    return {
        tuple(letter.to for letter in action.sent): then
        for action, then in system.steps(start(system))
        if action.crashed
    }


def test_to_a_tuple_messages_leave_in_its_order_and_a_crash_leaves_a_prefix():
    told = cuts(market(Desk(("C", "B")), crashes=1))
    assert set(told) == {(), ("C",)}
    assert all(not then.is_up("A") and then["A"].told and not then["A"].tired for then in told.values())


def test_to_a_set_messages_leave_in_any_order_and_a_crash_leaves_any_part():
    system = market(Desk(frozenset({"B", "C", "D"})), shops=("B", "C", "D"), crashes=1)
    assert set(cuts(system)) == {(), ("B",), ("C",), ("D",), ("B", "C"), ("B", "D"), ("C", "D")}


def test_several_sends_leave_one_after_the_other():
    class Twice(Desk):
        @choice
        def tell(self):
            if not self.told:
                return self.become(told=True).send("C", Bill()).send({"B", "C"}, Order())

    system = market(Twice(), crashes=1)
    sent = [
        tuple(str(letter) for letter in action.sent)
        for action, _ in system.steps(start(system))
        if action.crashed
    ]
    bill = "bill from A to C"
    assert sent == [(), (bill,), (bill, "order from A to B"), (bill, "order from A to C")]


def test_sending_first_leaves_the_old_state_behind():
    told = cuts(market(Desk(("B", "C"), sends_first=True), crashes=1))
    assert set(told) == {("B",), ("B", "C")}  # without any it is a crash before the step
    assert all(not then.is_up("A") and not then["A"].told for then in told.values())


def test_what_never_left_is_said():
    system = market(crashes=1)
    assert "A: tell but crashes before sending order to B and order to C" in offered(system, start(system))
    assert "A: tell but crashes before sending order to C" in offered(system, start(system))


def test_a_step_without_messages_is_not_cut_in_half():
    system = market(crashes=1)
    world = after(system, "A: tell")
    assert not any(action.crashed for action, _ in system.steps(world))


def test_a_crash_in_the_middle_spends_a_crash_and_obeys_its_restriction():
    system = market(crashes=1)
    assert all(then.faults_left("crashes") == 0 for then in cuts(system).values())
    assert cuts(market(crashes=at_most(1, "B"))) == {}
    assert set(cuts(market(crashes=at_most(1, "desk")))) == {(), ("B",)}


def test_a_message_that_caused_a_step_cut_short_is_consumed():
    class Answering(Shop):
        @on(Order)
        def take(self):
            return self.become(orders=self.orders + 1).send("A", Bill())

    system = market(shop=Answering, shops=("B",), desk=Desk(("B",)), crashes=1)
    world = after(system, "A: tell", "B receives order from A: take but crashes before sending bill to A")
    assert (world["B"].orders, world.in_flight(), world.is_up("B")) == (1, (), False)


# Partitions.


def test_a_partition_splits_in_every_way():
    system = market(partitions=1)
    assert only(system, start(system), Kind.PARTITION) == [
        "partition: A C | B",
        "partition: A B | C",
        "partition: A | B C",
    ]


def test_nothing_is_delivered_across_a_partition_until_it_heals():
    system = market(partitions=1)
    world = after(system, "A: tell", "partition: A C | B")
    assert offered(system, world) == ["C receives order from A: take", "the partition heals"]
    assert world.is_partitioned
    assert world.sides == (("A", "C"), ("B",))
    assert not world.can_reach("A", "B")
    world = after(system, "the partition heals", "B receives order from A: take", world=world)
    assert (world["B"].orders, world.is_partitioned) == (1, False)


def test_messages_may_be_sent_into_a_partition():
    system = market(partitions=1)
    world = after(
        system, "partition: A | B C", "A: tell", "the partition heals", "B receives order from A: take"
    )
    assert world["B"].orders == 1


def test_there_is_one_partition_at_a_time_and_so_many_in_all():
    system = market(partitions=2)
    world = after(system, "partition: A | B C")
    assert only(system, world, Kind.PARTITION) == []
    world = after(system, "the partition heals", "partition: A B | C", "the partition heals", world=world)
    assert only(system, world, Kind.PARTITION) == []


def test_heals_may_be_limited():
    system = market(partitions=2, heals=1)
    world = after(system, "partition: A | B C", "the partition heals", "partition: A | B C")
    assert only(system, world, Kind.HEAL) == []
    assert (
        only(
            market(partitions=1, heals=0),
            after(market(partitions=1, heals=0), "partition: A | B C"),
            Kind.HEAL,
        )
        == []
    )


def test_a_partition_may_be_restricted_to_those_that_are_cut_off():
    system = market(partitions=at_most(1, "B"))
    assert only(system, start(system), Kind.PARTITION) == ["partition: A C | B"]
    system = market(partitions=at_most(1, "shop"))
    assert len(only(system, start(system), Kind.PARTITION)) == 3
    system = market(partitions=at_most(1, "A"))
    assert only(system, start(system), Kind.PARTITION) == ["partition: A | B C"]


def test_messages_lost_and_duplicated_across_a_partition():
    system = market(partitions=1, losses=1)
    world = after(system, "A: tell", "partition: A C | B")
    assert "the network loses order from A to B" in offered(system, world)


# Restrictions.


@pytest.mark.parametrize(
    ("who", "struck"),
    [
        ("B", ["B"]),
        ("shop", ["B", "C"]),
        ("Shop", ["B", "C"]),
        ("desk", ["A"]),
        (Desk, ["A"]),
        ("Node", ["A", "B", "C"]),
    ],
)
def test_a_crash_may_be_restricted_to_nodes_roles_and_classes(who, struck):
    system = market(crashes=at_most(1, who))
    assert only(system, start(system), Kind.CRASH) == [f"{name} crashes" for name in struck]


def test_a_restriction_may_name_several():
    system = market(crashes=at_most(1, "A", "C"))
    assert only(system, start(system), Kind.CRASH) == ["A crashes", "C crashes"]


def test_a_restart_may_be_restricted():
    system = market(crashes=1, restarts=at_most(1, "C"))
    assert only(system, after(system, "B crashes"), Kind.RESTART) == []
    assert only(system, after(system, "C crashes"), Kind.RESTART) == ["C restarts"]


class Answering(Shop):
    @on(Order)
    def take(self):
        return self.become(orders=self.orders + 1).send("A", Bill())


class Paying(Desk):
    @on(Bill)
    def pay(self):
        return self.stay()


@pytest.mark.parametrize(
    ("what", "lost"),
    [
        ("Bill", ["bill from B to A"]),
        ("bill", ["bill from B to A"]),
        (Order, ["order from A to C"]),
        ("B", ["bill from B to A"]),
        ("C", ["order from A to C"]),
        ("A", ["bill from B to A", "order from A to C"]),
        ("Message", ["bill from B to A", "order from A to C"]),
    ],
)
def test_a_loss_may_be_restricted_to_messages_senders_and_receivers(what, lost):
    system = market(Paying(("B", "C")), shop=Answering, losses=at_most(1, what))
    world = after(system, "A: tell", "B receives order from A: take")
    assert only(system, world, Kind.LOSS) == [f"the network loses {letter}" for letter in lost]


def test_budgets_are_spent_one_by_one():
    system = market(crashes=2, losses=3)
    assert start(system).left == (3, 0, 2, 0, 0, 0, 0)
    world = after(system, "A: tell", "the network loses order from A to B", "B crashes", "C crashes")
    assert world.left == (2, 0, 0, 0, 0, 0, 0)
    assert only(system, world, Kind.CRASH) == []
    assert system.spent(world) == ("crashes",)


def test_without_a_budget_nothing_fails():
    system = market()
    assert all(
        not action.is_fault for world in Exploration(system).run().states for action, _ in system.steps(world)
    )


def test_the_bounds_are_said_in_words():
    assert market().bounds == "no faults, never time-outs, bag network"
    system = market(crashes=at_most(1, "C"), partitions=1, heals=0, network="fifo")
    assert system.bounds == "crashes ≤ 1 (C only), partitions ≤ 1, heals ≤ 0, never time-outs, fifo network"


# Suspicions.


class Wary(Shop):
    @suspect
    def give_up_on(self, node):
        if self.mood == 0 and node != "A":
            return self.become(mood=ord(node))


def test_a_node_is_told_of_those_that_are_down_and_of_no_others():
    system = market(shop=Wary, crashes=1)
    assert only(system, start(system), Kind.SUSPICION) == []
    world = after(system, "B crashes")
    (action,) = [action for action, _ in system.steps(world) if action.kind is Kind.SUSPICION]
    assert str(action) == "C suspects B: give up on"
    assert (action.is_false, action.is_fault, action.about) == (False, False, "B")
    world = after(system, "C suspects B: give up on", world=world)
    assert world["C"].mood == ord("B")
    assert only(system, world, Kind.SUSPICION) == []  # it says that it knows


def test_a_false_suspicion_is_a_fault_with_a_budget():
    system = market(shop=Wary, suspicions=1)
    found = [(action, then) for action, then in system.steps(start(system)) if action.kind is Kind.SUSPICION]
    assert [str(action) for action, _ in found] == [
        "B wrongly suspects C: give up on",
        "C wrongly suspects B: give up on",
    ]
    assert all(
        action.is_false and action.is_fault and then.faults_left("suspicions") == 0 for action, then in found
    )
    assert only(system, found[0][1], Kind.SUSPICION) == []


def test_a_false_suspicion_may_be_restricted_to_the_suspected():
    system = market(shop=Wary, suspicions=at_most(1, "C"))
    assert only(system, start(system), Kind.SUSPICION) == ["B wrongly suspects C: give up on"]


def test_nobody_suspects_itself():
    class Anxious(Shop):
        @suspect
        def worry(self, node):
            return self.become(mood=1)

    system = market(shop=Anxious, suspicions=1)
    assert "B wrongly suspects B: worry" not in offered(system, start(system))
