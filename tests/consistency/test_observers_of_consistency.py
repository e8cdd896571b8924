"""Consistency on the fly: the observers against the judgement of the whole history, and in whole models."""

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway import (
    Message,
    ModelError,
    Node,
    NodeId,
    Outcome,
    Protocol,
    check,
    choice,
    eventually_always,
    on,
    volatile,
)
from everyway.invariants.consistency import (
    Call,
    EverSeen,
    Gone,
    History,
    Invoked,
    Linearizability,
    Lock,
    Queue,
    Recording,
    Register,
    Returned,
    converged,
    is_linearizable,
    is_sequentially_consistent,
    keeps_guarantee,
    linearizable,
    monotonic_reads,
)

steady = settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
KINDS = {
    "register": (
        Register(0),
        [("read", None), ("write", 1), ("write", 2), ("cas", (1, 2))],
        [0, 1, 2, True, False, None],
    ),
    "queue": (Queue(), [("enqueue", 1), ("enqueue", 2), ("dequeue", None)], [None, 1, 2]),
    "lock": (Lock(), [("acquire", None), ("try", None), ("release", None)], [None, True, False]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@steady
@given(st.data())
def test_after_every_event_the_observer_says_what_the_whole_history_says(name, data):
    kind, calls, answers = KINDS[name]
    observer = Linearizability(kind, lambda event: ())
    happened, pending = [], set()
    for _ in range(data.draw(st.integers(1, 14))):
        client = data.draw(st.sampled_from("ABC"))
        if client not in pending:
            happening = Invoked(Call(client, *data.draw(st.sampled_from(calls))))
            pending.add(client)
        elif data.draw(st.integers(0, 9)) == 0:
            happening = Gone(client)
            pending.remove(client)
        else:
            could = sorted(
                {answer for _, taken in observer._until(client) for who, answer in taken if who == client},
                key=repr,
            )
            likely = bool(could) and data.draw(st.integers(0, 4)) > 0
            happening = Returned(client, data.draw(st.sampled_from(could if likely else answers)))
            pending.remove(client)
        happened.append(happening)
        observer = observer.after(happening)
        assert (not observer.broken) is linearizable(History.of(happened), kind).ok
        if observer.broken:
            assert "nothing explains" in observer.broken
            return


def test_an_observer_forgets_what_no_longer_matters():
    observer = Linearizability(Register(0), lambda event: ())
    for value in (1, 2, 1, 2):
        observer = observer.after(Invoked(Call("A", "write", value))).after(Returned("A"))
    again = Linearizability(Register(2), lambda event: ())
    assert observer.possible == again.possible
    assert not observer.pending


def test_impossible_events_are_refused():
    observer = Linearizability(Register(0), lambda event: ())
    with pytest.raises(ModelError, match="nothing it had asked"):
        observer.after(Returned("A", 1))
    with pytest.raises(ModelError, match="before its last operation has ended"):
        observer.after(Invoked(Call("A", "read"))).after(Invoked(Call("A", "read")))


# Whole models: a register on one server, with or without a replica that answers reads too.


@frozen
class Read(Message):
    pass


@frozen
class Write(Message):
    value: int


@frozen
class Value(Message):
    value: int


@frozen
class Done(Message):
    pass


@frozen
class Copy(Message):
    value: int


@frozen
class Client(Node):
    target: NodeId
    writes: tuple[int, ...] = volatile(())
    reads: int = volatile(0)
    waits: bool = volatile(False)

    @choice
    def write(self):
        if self.writes and not self.waits:
            return self.become(waits=True).send("primary", Write(self.writes[0]))

    @choice
    def read(self):
        if self.reads and not self.waits and not self.writes:
            return self.become(waits=True).send(self.target, Read())

    @on(Done)
    def written(self):
        return self.become(waits=False, writes=self.writes[1:])

    @on(Value)
    def told(self):
        return self.become(waits=False, reads=self.reads - 1)


@frozen
class Primary(Node):
    replicas: tuple[NodeId, ...] = ()
    value: int = volatile(0)

    @on(Write)
    def store(self, write, sender):
        return self.become(value=write.value).send(sender, Done()).send(self.replicas, Copy(write.value))

    @on(Read)
    def answer(self, _, sender):
        return self.send(sender, Value(self.value))


@frozen
class Replica(Node):
    value: int = volatile(0)

    @on(Copy)
    def follow(self, copy):
        return self.become(value=copy.value)

    @on(Read)
    def answer(self, _, sender):
        return self.send(sender, Value(self.value))


def calls(event):
    if event.action.handler == "write":
        yield Invoked(Call(event.node, "write", event.before.writes[0]))
    elif event.action.handler == "read":
        yield Invoked(Call(event.node, "read"))
    elif isinstance(event.message, Done):
        yield Returned(event.node)
    elif isinstance(event.message, Value):
        yield Returned(event.node, event.message.value)


def values(event):
    if isinstance(event.message, Write):
        yield event.message.value


@frozen
class Store(Protocol):
    """One server, and if asked for a replica that answers reads before it has heard of every write."""

    has_replica: bool = True
    writes: int = 1

    def nodes(self):
        replicas = ("replica",) if self.has_replica else ()
        nodes = {
            "primary": Primary(replicas),
            "writer": Client("primary", writes=tuple(range(1, self.writes + 1)), reads=1),
            "reader": Client(replicas[0] if replicas else "primary", reads=2),
        }
        return nodes | {name: Replica() for name in replicas}

    def observers(self):
        return {
            "history": Linearizability(Register(0), calls),
            "whole": Recording(calls, keeps_time=False),
            "written": EverSeen(values),
        }

    def promises(self):
        return [is_linearizable("history"), is_sequentially_consistent(Register(0), "whole")]


@pytest.mark.parametrize("engine", ["reference", "plain", "tables"])
def test_one_server_is_linearizable(engine):
    report = check(Store(has_replica=False, writes=2), engine=engine)
    assert report.outcome is Outcome.HOLDS


@pytest.mark.parametrize("engine", ["reference", "plain", "tables"])
def test_a_replica_that_lags_is_sequentially_consistent_but_not_linearizable(engine):
    report = check(Store(), engine=engine)
    verdict = report["linearizable"]
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.broken.reason == "nothing explains reader: read() → 0; one copy could have answered 1"
    assert report["sequentially consistent"].outcome is Outcome.HOLDS
    assert (
        report.trace(verdict).sentence
        == "Nothing explains reader: read() → 0; one copy could have answered 1."
    )


def test_copies_that_overtake_each_other_are_not_even_sequentially_consistent():
    report = check(Store(writes=2))
    assert report["sequentially consistent"].outcome is Outcome.VIOLATED


def test_a_reader_of_a_replica_reads_monotonically_only_if_copies_keep_their_order():
    promise = keeps_guarantee(monotonic_reads, "whole")
    assert check(Store(writes=2), [promise], network="fifo").outcome is Outcome.HOLDS
    (verdict,) = check(Store(writes=2), [promise]).verdicts
    assert verdict.broken.reason == "reader: read() → 1 comes after reader: read() → 2, but is older"
    assert verdict.property.name == "monotonic reads"


def test_what_was_ever_written_is_remembered():
    seen = check(Store(writes=2), [], faults=None)
    assert seen.statistics.values["observer written"] == 3


def test_without_its_times_a_history_is_smaller():
    class Timed(Store):
        def observers(self):
            return {"whole": Recording(calls)}

    class Untimed(Store):
        def observers(self):
            return {"whole": Recording(calls, keeps_time=False)}

    timed, untimed = (
        check(kind(writes=2), [is_sequentially_consistent(Register(0), "whole")]) for kind in (Timed, Untimed)
    )
    assert timed.outcome is untimed.outcome is Outcome.VIOLATED
    assert untimed.statistics.states < timed.statistics.states / 4


@pytest.mark.parametrize(("network", "outcome"), [("fifo", Outcome.HOLDS), ("bag", Outcome.VIOLATED)])
def test_replicas_converge_if_copies_arrive_in_order(network, outcome):
    same = eventually_always(converged(lambda node: getattr(node, "value", None)), name="converges")
    report = check(Store(writes=2), [same], network=network)
    assert report.outcome is outcome
    if outcome is Outcome.VIOLATED:
        assert report.verdicts[0].broken.reason == "primary holds 2, replica holds 1"


def test_operations_whose_answers_were_lost_are_forgotten_when_they_no_longer_matter():
    begin = Linearizability(Register(0), lambda event: ())

    def after(observer, *happenings):
        for happening in happenings:
            observer = observer.after(happening)
        return observer

    # A read that nobody hears the answer of may as well never have been.
    lost_read = [Invoked(Call("A", "read")), Gone("A")]
    assert after(begin, *lost_read, *lost_read) == begin
    # A write may take effect at any time; once it must have, it is past.
    lost_write = [Invoked(Call("A", "write", 1)), Gone("A")]
    waiting = after(begin, *lost_write)
    assert [call.client for call in waiting.pending] == ["A, gone0"]
    seen = after(waiting, Invoked(Call("B", "read")), Returned("B", 1))
    assert seen.possible == frozenset([(1, frozenset())])
    assert not seen.pending
    # So trying again for ever comes back to where it was.
    assert after(seen, *lost_write, Invoked(Call("B", "write", 2)), Returned("B"), Invoked(Call("B", "read")),
                 Returned("B", 1)) == seen  # fmt: skip
