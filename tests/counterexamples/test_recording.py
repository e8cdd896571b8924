"""What a trace remembers of each step and of each message."""

import pytest
from attrs import frozen

from everyway import (
    Faults,
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    System,
    broken,
    choice,
    durable,
    on,
    volatile,
)
from everyway.counterexamples.replay import replayed
from everyway.counterexamples.trace import Fate, Kind
from everyway.explorer import Exploration
from everyway.invariants import always, never, possible


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


def mailed(world, name):
    return [envelope for envelope in world.in_flight() if envelope.to == name]


def test_steps_sends_and_deliveries_refer_to_each_other():
    trace = trace_to(lambda world: world["B"].pings == 1)
    first, second = trace.steps
    assert (first.kind, first.node, first.chip, first.sent) == (Kind.CHOICE, "A", "SENT", (0, 1))
    assert (second.kind, second.node, second.message, second.causes) == (Kind.DELIVERY, "B", 0, (1,))
    to_b, to_c = trace.messages
    assert (to_b.sender, to_b.to, to_b.label, to_b.sent_by) == ("A", "B", "ping", 1)
    assert (to_b.fate, to_b.delivered_by) == (Fate.DELIVERED, 2)
    assert (to_c.fate, to_c.delivered_by) == (Fate.IN_FLIGHT, None)
    assert [(c.where, c.field, c.before, c.after) for c in second.changes] == [
        ("B", "pings", 0, 1),
        ("B", "seen", 0, 1),
    ]


def test_tones_are_the_protocols_or_come_in_order_of_appearance():
    trace = trace_to(lambda world: world["B"].pings == 1)
    assert trace.tones == {"NEW": "idle", "0 pings": "idle", "SENT": "good", "1 pings": "wait"}


def test_a_lost_message_names_the_step_that_lost_it():
    trace = trace_to(lambda world: world.faults_left("losses") == 0 and not world.in_flight(), losses=1)
    lost = [message for message in trace.messages if message.fate is Fate.LOST]
    assert len(lost) == 1
    assert trace.steps[lost[0].lost_by - 1].kind is Kind.LOSS
    assert trace.steps[lost[0].lost_by - 1].node is None


def test_a_copy_is_a_message_of_its_own():
    trace = trace_to(lambda world: world["B"].pings == 2, duplicates=1)
    copies = [message for message in trace.messages if message.copy_of is not None]
    assert len(copies) == 1
    assert copies[0].copy_of == 0
    assert trace.steps[copies[0].copied_by - 1].kind is Kind.DUPLICATION
    assert copies[0].fate is Fate.DELIVERED
    assert copies[0].sent_by == 1


def test_a_set_network_copies_for_free():
    trace = trace_to(lambda world: world["B"].pings == 2, network=Network.SET)
    assert len(trace.steps) == 3
    original, other, copy = trace.messages
    assert (original.to, original.delivered_by) == ("B", 2)
    assert (other.to, other.fate) == ("C", Fate.IN_FLIGHT)
    assert (copy.copy_of, copy.copied_by, copy.delivered_by) == (0, None, 3)


def test_a_crash_in_mid_step_shows_what_was_written_and_what_never_left():
    trace = trace_to(lambda world: not world.is_up("A") and bool(world.in_flight()), crashes=1)
    (step,) = trace.steps
    assert (step.chip, step.crashed, step.is_fault) == ("SENT", True, True)
    assert step.crashed_before_sending == ("ping to C",)
    assert len(step.sent) == 1


def test_what_a_crash_wiped_is_a_change_but_no_chip():
    trace = trace_to(lambda world: world["B"].pings == 1 and not world.is_up("B"), crashes=1)
    crash = next(step for step in trace.steps if step.crashed)
    assert crash.chip is None
    assert {(c.field, c.after) for c in crash.changes} >= {("up", False)}


def test_a_message_that_arrives_at_a_node_that_is_down():
    trace = trace_to(
        lambda world: (
            not world.is_up("B") and world["A"].sent and world["B"].pings == 0 and not mailed(world, "B")
        ),
        crashes=1,
        restarts=1,
    )
    (dropped,) = (message for message in trace.messages if message.fate is Fate.LOST)
    assert trace.steps[dropped.lost_by - 1].kind is Kind.DROP


def test_a_message_behind_a_partition_is_cut_off():
    trace = trace_to(lambda world: not world.can_reach("A", "C") and world["B"].pings == 1, partitions=1)
    fates = {message.to: message.fate for message in trace.messages}
    assert fates == {"B": Fate.DELIVERED, "C": Fate.CUT_OFF}
    partition = next(step for step in trace.steps if step.kind is Kind.PARTITION)
    assert partition.is_barrier
    assert {frozenset(side) for side in partition.sides} == {frozenset("AB"), frozenset("C")}


def test_a_restart_shows_the_state_even_if_the_word_is_the_same():
    trace = trace_to(lambda world: world.faults_left("restarts") == 0, crashes=1, restarts=1)
    restart = trace.steps[-1]
    assert (restart.kind, restart.chip is not None) == (Kind.RESTART, True)


@pytest.mark.parametrize("kind", [always, never])
def test_the_nodes_that_could_have_kept_the_promise_are_guilty(kind):
    def both(world):
        return world["B"].pings == 1 and world["C"].pings == 1

    predicate = both if kind is never else lambda world: not both(world)
    assert {guilt.node for guilt in trace_to(predicate, kind=kind).guilty} == {"B", "C"}


def test_a_node_that_no_earlier_state_would_have_saved_is_not_guilty():
    trace = trace_to(lambda world: world["B"].pings < 1, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["B"]


def test_the_predicate_has_the_first_word_on_who_is_guilty():
    def blames(world):
        return broken("C is to blame", "C") if world["B"].pings else True

    trace = trace_to(blames, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["C"]
    assert trace.sentence == "C is to blame."


def test_if_nobody_could_have_kept_it_those_that_were_read_are_guilty():
    trace = trace_to(lambda world: world["B"].pings + world["C"].pings < 0, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["B", "C"]
