"""What never happened is told, so that no promise holds for want of anything to break it."""

from attrs import frozen
from plain_systems import Graph

from everyway import (
    REMOVED,
    Faults,
    Message,
    Node,
    Protocol,
    always,
    check,
    choice,
    durable,
    on,
    restart,
    suspect,
    timeout,
    volatile,
)


class Used(Message):
    pass


class Unsent(Message):
    pass


class Unknown(Message):
    pass


class Ignored(Message):
    pass


@frozen
class Actor(Node):
    done: int = durable(0)
    heard: int = volatile(0)

    @choice
    def act(self):
        if not self.done and self.id == "A":
            return self.become(done=1).send("B", Used())

    @on(Used)
    def hear(self):
        return self.become(heard=1)


@frozen
class Pair(Protocol):
    kind: type = Actor

    def nodes(self):
        return {"A": self.kind(), "B": self.kind()}


def told(kind=Actor, properties=(), **options):
    """Return the findings of a check, as (code, text)."""
    return [(finding.code, finding.text) for finding in check(Pair(kind), properties, **options).findings]


def test_where_everything_happens_nothing_is_told():
    assert told() == []


def test_a_message_that_was_never_sent_is_told_once():
    class Deaf(Actor):
        @on(Unsent)
        def listen(self):
            return self.stay()

    # The handler is not told as well: it could not run.
    assert told(Deaf) == [("message-never-sent", "message unsent was never sent")]


def test_a_message_that_nobody_handles_is_told():
    class Talking(Actor):
        def act(self):
            if not self.done and self.id == "A":
                return self.become(done=1).send("B", Used()).send("B", Unknown())

    assert told(Talking) == [
        ("message-without-handler", "message unknown was sent, but no node has a handler for it")
    ]


def test_a_message_that_was_always_ignored_is_told():
    class Ignoring(Actor):
        def hear(self):
            return None

    assert told(Ignoring) == [
        ("message-always-ignored", "message used was delivered, but every time ignored"),
        ("handler-never-ran", "actor: handler hear never did anything"),
    ]


def test_a_message_that_never_arrived_is_told():
    class Sending(Actor):
        def act(self):
            if not self.done and self.id == "A":
                return self.become(done=1).send("B", Used())

        hear = REMOVED

        @on(Used)
        def listen(self):
            from everyway import LATER

            return LATER

    assert ("message-never-received", "message used was sent, but never received") in told(Sending)


def test_a_handler_that_never_did_anything_is_told():
    class Idle(Actor):
        @choice
        def sleep(self):
            return None

    assert told(Idle) == [("handler-never-ran", "actor: handler sleep never did anything")]


def test_what_the_bounds_rule_out_is_not_told():
    class Careful(Actor):
        @restart
        def recover(self):
            return self.become(heard=2)

        @suspect
        def doubt(self, node):
            return None if self.heard else self.become(heard=3)

        @timeout
        def tire(self):
            return None if self.heard else self.become(heard=4)

    assert told(Careful, timeouts="never") == []
    assert told(Careful, timeouts="never", faults=Faults(crashes=1, restarts=1)) == []


def test_timeouts_that_never_fired_are_told():
    class Patient(Actor):
        @timeout
        def tire(self):
            return None

    late = "no time-out ever fired: late ones fire only when nothing else can happen"
    assert told(Patient) == [("timeouts-never-fired", late)]
    assert told(Patient, timeouts="early") == [("timeouts-never-fired", "no time-out ever fired")]
    assert told(Patient, timeouts="never") == []


def test_a_fault_that_was_never_spent_is_told_with_the_reason():
    text = "restarts ≤ 1 was allowed, but none ever happened: nothing crashes"
    assert told(faults=Faults(restarts=1)) == [("fault-never-spent", text)]
    findings = told(faults=Faults(losses=2), network="set")
    assert findings[-1][0] == "fault-never-spent"
    assert "losses ≤ 2 was allowed" in findings[-1][1]
    assert "on a set network any message may be lost or repeated anyway" in findings[-1][1]
    assert told(faults=Faults(suspicions=1))[0][0] == "fault-never-spent"


def test_faults_that_were_spent_are_not_told():
    assert told(faults=Faults(crashes=1, restarts=1, losses=1, duplicates=1, partitions=1)) == []


def test_a_premise_that_was_never_true_is_told():
    vain = always(lambda world: False, name="vain", when=lambda world: world["A"].heard == 9)
    assert told(properties=[vain]) == [
        ("premise-never-true", "the premise of 'vain' was never true, so it says nothing")
    ]
    assert told(properties=[always(lambda world: True, name="fine", when=lambda world: True)]) == []


def test_premises_of_plain_systems_are_told_too():
    vain = always(lambda state: False, name="vain", when=lambda state: state == 9)
    assert [finding.code for finding in check(Graph({0: [1]}), [vain]).findings] == ["premise-never-true"]
