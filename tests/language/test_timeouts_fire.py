"""When a time-out fires: late, early or never; and for whom it waits."""

import pytest
from attrs import frozen
from runs import after, offered, start

from everyway import (
    Faults,
    Kind,
    Message,
    Node,
    NodeId,
    Protocol,
    System,
    Timeouts,
    check,
    choice,
    on,
    timeout,
    volatile,
)


class Ping(Message):
    pass


@frozen
class Waiting(Node):
    """Gives up when it has waited too long."""

    awaited: tuple[NodeId, ...] = ()
    state: str = volatile("waiting")

    @timeout(awaiting="awaited")
    def give_up(self):
        if self.state == "waiting":
            return self.become(state="gave up")

    @on(Ping)
    def hear(self):
        return self.become(state="heard")


@frozen
class Sending(Node):
    to: NodeId = "W"
    sent: bool = volatile(False)

    @choice
    def ping(self):
        if not self.sent:
            return self.become(sent=True).send(self.to, Ping())


@frozen
class Room(Protocol):
    cast: tuple[tuple[NodeId, Node], ...]

    def nodes(self):
        return dict(self.cast)


def room(timeouts="late", faults=None, network="bag", **cast):
    return System(Room(tuple(cast.items())), faults or Faults(), timeouts=timeouts, network=network)


def fired(system, world):
    """Return the nodes that may time out."""
    return [action.node for action, _ in system.steps(world) if action.kind is Kind.TIMEOUT]


def test_late_ones_fire_only_when_nothing_else_can_happen():
    system = room(S=Sending(), W=Waiting())
    assert offered(system, start(system)) == ["S: ping"]
    assert offered(system, after(system, "S: ping")) == ["W receives ping from S: hear"]
    assert fired(system, after(system, "S: ping", "W receives ping from S: hear")) == []
    report = check(system, [])
    assert "timeouts-never-fired" in {finding.code for finding in report.findings}


def test_a_late_one_fires_after_a_loss():
    system = room(S=Sending(), W=Waiting(), faults=Faults(losses=1))
    world = after(system, "S: ping", "the network loses ping from S to W")
    (action, then) = next(iter(system.steps(world)))
    assert str(action) == "W times out: give up"
    assert action.is_late
    assert then["W"].state == "gave up"


def test_early_ones_fire_at_any_moment():
    system = room("early", S=Sending(), W=Waiting())
    assert fired(system, start(system)) == ["W"]
    assert fired(system, after(system, "S: ping")) == ["W"]
    assert all(not action.is_late for action, _ in system.steps(start(system)))


def test_never_is_never():
    system = room("never", W=Waiting())
    assert offered(system, start(system)) == []


def test_a_timer_that_is_not_running_does_not_fire():
    system = room("early", W=Waiting())
    assert fired(system, after(system, "W times out: give up")) == []


def test_a_node_that_is_down_does_not_time_out():
    system = room("early", faults=Faults(crashes=1), W=Waiting(), V=Waiting())
    assert fired(system, after(system, "W crashes")) == ["V"]


@pytest.mark.parametrize("timeouts", list(Timeouts))
def test_the_mode_may_be_a_word_or_a_member(timeouts):
    assert room(timeouts, W=Waiting()).timeouts is room(timeouts.value, W=Waiting()).timeouts is timeouts


def room_of_protocols_own():
    class Hasty(Room):
        timeouts = Timeouts.EARLY

    return Hasty((("W", Waiting()),))


def test_the_protocol_says_what_is_usual():
    assert System(room_of_protocols_own()).timeouts is Timeouts.EARLY
    assert System(room_of_protocols_own(), timeouts="late").timeouts is Timeouts.LATE


def test_steps_that_change_nothing_do_not_hold_up_a_late_timeout():
    class Idling(Waiting):
        @choice
        def idle(self):
            return self.stay()

    system = room(W=Idling())
    assert offered(system, start(system)) == ["W: idle", "W times out: give up"]


def test_a_redelivery_that_changes_nothing_does_not_hold_up_a_late_timeout():
    system = room(network="set", S=Sending(), W=Waiting(), V=Waiting())
    world = after(system, "S: ping", "W receives ping from S: hear")
    assert offered(system, world) == ["W receives ping from S: hear", "V times out: give up"]


def test_a_crash_in_the_middle_of_a_step_that_changes_nothing_does_not_hold_up_a_late_timeout():
    class Repeating(Sending):
        @choice
        def ping(self):
            return self.become(sent=True).send(self.to, Ping())

    system = room(network="set", faults=Faults(crashes=1), S=Repeating(), W=Waiting(), V=Waiting())
    world = after(system, "S: ping", "W receives ping from S: hear")
    # A second ping changes nothing on a set network; only the crash that may interrupt it would.
    assert fired(system, world) == ["V"]


def test_faults_and_repairs_that_might_happen_do_not_hold_up_a_late_timeout():
    system = room(faults=Faults(crashes=1, restarts=1, partitions=1), W=Waiting(), V=Waiting())
    assert fired(system, start(system)) == ["W", "V"]
    assert fired(system, after(system, "V crashes")) == ["W"]
    assert fired(system, after(system, "partition: W | V")) == ["W", "V"]


def test_a_message_held_up_by_a_partition_does_not_hold_up_a_late_timeout():
    system = room(faults=Faults(partitions=1), S=Sending(), W=Waiting())
    world = after(system, "S: ping", "partition: S | W")
    assert offered(system, world) == ["W times out: give up", "the partition heals"]


def test_a_message_still_to_be_missed_holds_up_a_late_timeout():
    system = room(faults=Faults(crashes=1, restarts=1), S=Sending(), W=Waiting(), V=Waiting())
    world = after(system, "S: ping", "W crashes")
    assert fired(system, world) == []
    assert fired(system, after(system, "ping from S to W arrives while W is down", world=world)) == ["V"]


# Whom a late time-out waits for.


def test_a_late_one_waits_for_a_node_that_is_itself_about_to_time_out():
    system = room(W=Waiting(("V",)), V=Waiting())
    assert fired(system, start(system)) == ["V"]
    assert fired(system, after(system, "V times out: give up")) == ["W"]


def test_a_chain_fires_from_its_end():
    system = room(A=Waiting(("B",)), B=Waiting(("C",)), C=Waiting())
    order = []
    world = start(system)
    while names := fired(system, world):
        order += names
        world = after(system, f"{names[0]} times out: give up", world=world)
    assert order == ["C", "B", "A"]


def test_in_a_circle_any_may_be_first():
    system = room(A=Waiting(("B",)), B=Waiting(("A",)))
    assert fired(system, start(system)) == ["A", "B"]


def test_a_circle_waits_for_what_is_outside_it():
    system = room(A=Waiting(("B",)), B=Waiting(("A",)), C=Waiting())
    assert fired(system, start(system)) == ["C"]


def test_nobody_waits_for_a_node_that_is_down():
    system = room(faults=Faults(crashes=1), W=Waiting(("V",)), V=Waiting())
    assert fired(system, after(system, "V crashes")) == ["W"]


def test_nobody_waits_for_a_node_behind_a_partition():
    system = room(faults=Faults(partitions=1), W=Waiting(("V",)), V=Waiting())
    assert fired(system, after(system, "partition: W | V")) == ["W", "V"]


@frozen
class Snoring(Node):
    """Its time-out changes nothing."""

    @timeout
    def snore(self):
        return self.stay()


def test_nobody_waits_for_a_timeout_that_changes_nothing():
    system = room(W=Waiting(("V",)), V=Snoring())
    assert fired(system, start(system)) == ["W", "V"]
    system = room(A=Waiting(("B",)), B=Waiting(("A",)), V=Snoring())
    assert fired(system, start(system)) == ["A", "B", "V"]


def test_early_ones_wait_for_nobody():
    system = room("early", W=Waiting(("V",)), V=Waiting())
    assert fired(system, start(system)) == ["W", "V"]


@pytest.mark.parametrize(
    "awaiting",
    [
        "other",
        "others",
        "all_others",
        lambda self: self.other,
        lambda self: {self.other},
        lambda self: [self.other],
    ],
)
def test_the_awaited_may_be_said_in_several_ways(awaiting):
    @frozen
    class Patient(Node):
        other: NodeId = "V"
        done: bool = volatile(False)

        @property
        def others(self):
            return frozenset({self.other})

        def all_others(self):
            return (self.other,)

        @timeout(awaiting=awaiting)
        def give_up(self):
            if not self.done:
                return self.become(done=True)

    system = room(W=Patient(), V=Waiting())
    assert fired(system, start(system)) == ["V"]
    world = after(system, "V times out: give up")
    (action,) = [action for action, _ in system.steps(world)]
    assert action.note == "time-out: nothing from V"


@pytest.mark.parametrize("awaiting", [lambda self: None, lambda self: (), lambda self: frozenset()])
def test_the_awaited_may_be_nobody(awaiting):
    kind = type(
        "Alone", (Waiting,), {"give_up": timeout(awaiting=awaiting)(lambda self: self.become(state="x"))}
    )
    system = room(W=kind(), V=Waiting())
    assert fired(system, start(system)) == ["W", "V"]


def test_a_timeout_may_send():
    class Complaining(Waiting):
        def give_up(self):
            if self.state == "waiting":
                return self.become(state="gave up").send("V", Ping())

    system = room(W=Complaining(), V=Waiting(("W",)))
    world = after(system, "W times out: give up")
    assert offered(system, world) == ["V receives ping from W: hear"]


def test_a_step_s_own_reason_is_kept():
    class Reasoned(Waiting):
        def give_up(self):
            return self.become(state="gave up").because("enough")

    system = room(W=Reasoned())
    assert [action.note for action, _ in system.steps(start(system))] == ["enough"]
