"""The semantics of time, rule by rule: small protocols at exact times."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import frozen

from everyway import (
    LATER,
    Faults,
    Message,
    Node,
    NodeId,
    Outcome,
    Protocol,
    Steps,
    System,
    UsageError,
    always,
    at_most,
    check,
    choice,
    never,
    on,
    possible,
    timeout,
    volatile,
)
from everyway.models.language.timing import Bounds, Timing
from everyway.models.lease_lock import LeaseLock


class Ping(Message): ...


class Open(Message): ...


@frozen
class Sender(Node):
    to: NodeId
    sent: int = volatile(0)
    is_tired: bool = volatile(False)

    @choice
    def ping(self) -> Steps:
        if not self.sent:
            return self.become(sent=1).send(self.to, Ping())

    @timeout
    def tire(self) -> Steps:
        if self.sent and not self.is_tired:
            return self.become(is_tired=True)


@frozen
class Receiver(Node):
    heard: int = volatile(0)
    is_open: bool = volatile(True)
    wakes: int = volatile(0)

    @on(Ping)
    def hear(self) -> Steps:
        return self.become(heard=self.heard + 1) if self.is_open else LATER

    @timeout
    def wake(self) -> Steps:
        if not self.is_open:
            return self.become(is_open=True, wakes=self.wakes + 1)


@frozen
class Pings(Protocol):
    """One ping."""

    is_open: bool = True

    def nodes(self):
        return {"S": Sender("R"), "R": Receiver(is_open=self.is_open)}


def outcome(protocol: Protocol, prop: Any, timing: Timing, **options: Any) -> Outcome:
    return check(protocol, prop, timing=timing, **options).verdicts[0].outcome


@never
def tired_before_it_was_heard(world: Any) -> bool:
    return world["S"].is_tired and not world["R"].heard


@pytest.mark.parametrize(
    ("delay", "patience", "expected"),
    [
        ("1..10ms", "11ms", Outcome.HOLDS),
        ("1..10ms", "10ms", Outcome.VIOLATED),  # at the same moment either may be first
        ("1..10ms", "10.1ms", Outcome.HOLDS),
        ("1ms..", "1h", None),
        ("1ms..", "100s", Outcome.VIOLATED),
        ("any", "100s", Outcome.VIOLATED),
    ],
)
def test_a_message_arrives_within_its_delay(delay: str, patience: str, expected: Outcome | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="unknown unit 'h'"):
            Timing(delay, timeouts={"sender": patience})
        return
    timing = Timing(delay, timeouts={"sender.tire": patience})
    assert outcome(Pings(), tired_before_it_was_heard, timing) is expected


def test_a_message_that_waits_for_its_receiver_hurries_nothing_and_is_handled_at_once_when_it_can_be() -> (
    None
):
    # The receiver opens at 30 ms only; the ping is 30 ms old by then, and still handled before time goes on.
    closed = Pings(is_open=False)

    def shut(patience: str) -> Timing:
        return Timing("1..10ms", timeouts={"R": "30ms", "S": patience})

    report = check(closed, possible(lambda world: world["R"].heard == 1, name="heard"), timing=shut("90ms"))
    assert report["heard"].times[-1] == Fraction(30, 1000)

    @never
    def is_heard_late(world: Any) -> bool:
        return world["S"].is_tired and world["R"].is_open and not world["R"].heard

    # Sent at any moment up to 30 ms; who tires 31 ms later does so after the ping was heard, at 40 ms at the latest.
    assert outcome(closed, is_heard_late, shut("31ms")) is Outcome.HOLDS
    assert outcome(closed, is_heard_late, shut("30ms")) is Outcome.VIOLATED
    assert outcome(closed, is_heard_late, shut("10ms")) is Outcome.VIOLATED


def test_a_lost_message_is_never_due() -> None:
    timing = Timing("1..10ms", timeouts={"sender": "11ms"})
    assert outcome(Pings(), tired_before_it_was_heard, timing, faults=Faults(losses=1)) is Outcome.VIOLATED


def test_a_node_that_is_down_for_good_is_no_reason_for_time_to_stand_still() -> None:
    timing = Timing("1..10ms", timeouts={"sender": "60s"})
    goal = possible(lambda world: world["S"].is_tired and not world.is_up("R"), name="goes on")
    assert outcome(Pings(), goal, timing, faults=Faults(crashes=at_most(1, "R"))) is Outcome.HOLDS


@frozen
class Step1(Node):
    """Waits in two phases, and is nudged in between."""

    phase: int = volatile(0)
    nudged: int = volatile(0)

    @choice
    def nudge(self) -> Steps:
        if self.nudged < 2:
            return self.become(nudged=self.nudged + 1)

    @timeout
    def go_on(self) -> Steps:
        if self.phase < 2:
            return self.become(phase=self.phase + 1)


@frozen
class Since(Step1):
    """Is not put off by a nudge."""

    @timeout(since="phase")
    def go_on(self) -> Steps:
        return Step1.go_on(self)


@frozen
class Waiting(Protocol):
    """One node that waits."""

    kind: type = Step1

    def nodes(self):
        return {"N": self.kind()}


@pytest.mark.parametrize(("kind", "latest"), [(Step1, 40), (Since, 20)])
def test_every_step_of_a_node_sets_its_timers_anew_unless_since_says_what_does(
    kind: type, latest: int
) -> None:
    # With a second node that gives up after some time: can it be before the first has gone on twice?
    @frozen
    class Watched(Waiting):
        def nodes(self):
            return {"N": self.kind(), "S": Sender("N", sent=1)}

    @never
    def is_slow(world: Any) -> bool:
        return world["S"].is_tired and world["N"].phase < 2

    for patience, expected in ((latest, Outcome.VIOLATED), (latest + 1, Outcome.HOLDS)):
        timing = Timing(timeouts={"N": "10ms", "S": f"{patience}ms"})
        assert outcome(Watched(kind), is_slow, timing) is expected


def test_a_queue_holds_messages_up_but_not_beyond_their_delay() -> None:
    @frozen
    class Twice(Sender):
        @choice
        def ping(self) -> Steps:
            if self.sent < 2:
                return self.become(sent=self.sent + 1).send(self.to, Ping())

        @timeout(since="sent")
        def tire(self) -> Steps:
            if self.sent == 2 and not self.is_tired:
                return self.become(is_tired=True)

    @frozen
    class TwoPings(Protocol):
        def nodes(self):
            return {"S": Twice("R"), "R": Receiver()}

    @always
    def both_are_heard(world: Any) -> bool:
        return not world["S"].is_tired or world["R"].heard == 2

    for patience, expected in (("10ms", Outcome.VIOLATED), ("11ms", Outcome.HOLDS)):
        timing = Timing("1..10ms", timeouts={"S": patience})
        assert outcome(TwoPings(), both_are_heard, timing, network="fifo") is expected


def test_a_role_of_several_words_may_be_written_with_hyphens() -> None:
    timing = Timing(timeouts={"lock-service": "5ms"})
    bounds = Bounds(System(LeaseLock()), timing)
    assert str(bounds.timer_rule("L", "let_lease_run_out")) == "time-out of lock-service 5 ms"


def test_rules_for_special_messages_and_channels_come_before_the_general_one() -> None:
    timing = Timing("1..2ms", delays={"ping": "5ms", "sender:R": "7ms"}, timeouts={"S": "3ms"})
    bounds = Bounds(System(Pings(), timeouts="early"), timing)
    from everyway.models.language import Envelope

    assert str(bounds.delay_rule(Envelope("S", "R", Open())).takes) == "7 ms"
    assert str(bounds.delay_rule(Envelope("R", "S", Ping())).takes) == "5 ms"
    assert str(bounds.delay_rule(Envelope("R", "S", Open())).takes) == "1..2 ms"
    assert bounds.tick == Fraction(1, 1000)
    assert bounds.told() == (
        "delay 1..2 ms, delay of ping 5 ms, delay of sender:R 7 ms, time-out of S 3 ms; "
        "time-outs of receiver at any moment"
    )
