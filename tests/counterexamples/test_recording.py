"""What a trace remembers of each step and of each message."""

from pings import trace_to

from everyway import Network
from everyway.counterexamples.trace import Fate, Kind


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
