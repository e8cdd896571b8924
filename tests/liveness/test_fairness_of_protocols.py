"""What fairness means for each kind of step of a protocol."""

import pytest
from attrs import frozen

from everyway import (
    Fairness,
    Faults,
    Message,
    ModelError,
    Network,
    Node,
    Outcome,
    Protocol,
    System,
    Timeouts,
    UsageError,
    always,
    always_eventually,
    check,
    choice,
    eventually,
    eventually_always,
    leads_to,
    never_again,
    on,
    possible,
    restart,
    suspect,
    timeout,
    until,
    volatile,
)
from everyway.models.gray_lamport import TwoPhase


@frozen
class Ping(Message):
    pass


@frozen
class Pong(Message):
    pass


@frozen
class Pinger(Node):
    pinged: bool = volatile(False)
    heard: bool = volatile(False)
    gave_up: bool = volatile(False)
    idles: bool = volatile(False)

    @choice
    def ping(self):
        if not self.pinged:
            return self.become(pinged=True).send("B", Ping())

    @choice
    def idle(self):
        return self.become(idles=not self.idles)

    @on(Pong)
    def hear(self):
        return self.become(heard=True)

    @timeout
    def give_up(self):
        if self.pinged and not self.heard and not self.gave_up:
            return self.become(gave_up=True)

    @suspect
    def suspects(self, _):
        if not self.gave_up:
            return self.become(gave_up=True)


@frozen
class Ponger(Node):
    started: int = volatile(0)

    @on(Ping)
    def answer(self, _, sender):
        return self.send(sender, Pong())

    @restart
    def again(self):
        return self.become(started=1)


@frozen
class Pinging(Protocol):
    def nodes(self):
        return {"A": Pinger(), "B": Ponger()}


def heard(world):
    return world["A"].heard


def heard_or_gave_up(world):
    return world["A"].heard or world["A"].gave_up


ENGINES = ["reference", "plain", "tables"]


def outcome(promise, engine="plain", protocol=None, **how):
    faults = Faults(
        **{name: how.pop(name) for name in ("losses", "crashes", "restarts", "partitions") if name in how}
    )
    return check(protocol or Pinging(), [promise], faults=faults, engine=engine, **how).verdicts[0].outcome


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fair_network_delivers_what_it_does_not_lose(engine):
    assert outcome(eventually(heard), engine) is Outcome.HOLDS
    assert outcome(eventually(heard), engine, losses=1) is Outcome.VIOLATED
    assert outcome(eventually(heard), engine, fairness="none") is Outcome.VIOLATED


def test_a_kind_of_step_that_is_not_fair_may_be_put_off():
    # The idling goes on for ever.
    assert outcome(eventually(heard), fairness="weak,deliveries=none") is Outcome.VIOLATED
    assert outcome(eventually(heard), fairness="weak,choices=none") is Outcome.VIOLATED


def test_an_exempt_handler_need_never_run():
    assert outcome(eventually(heard), fairness="exempt=ping") is Outcome.VIOLATED
    assert outcome(eventually(heard), fairness="exempt=idle") is Outcome.HOLDS
    idled = eventually(lambda world: world["A"].idles, name="idles")
    assert outcome(idled) is Outcome.HOLDS
    assert outcome(idled, fairness="exempt=idle") is Outcome.VIOLATED


@frozen
class Calm(Pinger):
    idle = None


@frozen
class CalmPinging(Protocol):
    def nodes(self):
        return {"A": Calm(), "B": Ponger()}


@pytest.mark.parametrize("engine", ENGINES)
def test_late_and_early_time_outs_fire_unless_they_may_be_put_off(engine):
    calm = {"engine": engine, "protocol": CalmPinging(), "losses": 1}
    assert outcome(eventually(heard_or_gave_up), **calm) is Outcome.HOLDS
    assert outcome(eventually(heard_or_gave_up), timeouts="never", **calm) is Outcome.VIOLATED
    assert outcome(eventually(heard_or_gave_up), timeouts="early", **calm) is Outcome.HOLDS
    # Without fairness a run goes on all the same while anything can be done.
    assert outcome(eventually(heard_or_gave_up), fairness="none", **calm) is Outcome.HOLDS


def test_nodes_that_are_down_stay_down_unless_restarts_are_fair():
    started = leads_to(
        lambda world: not world.is_up("B"), lambda world: world["B"].started == 1, name="comes up again"
    )
    down = {"crashes": 1, "restarts": 1}
    assert outcome(started, **down) is Outcome.VIOLATED
    assert outcome(started, **down, fairness="restarts=weak") is Outcome.HOLDS


def test_a_partition_may_last_unless_heals_are_fair():
    assert outcome(eventually(heard), partitions=1) is Outcome.VIOLATED
    assert outcome(eventually(heard), partitions=1, fairness="heals=weak") is Outcome.HOLDS


def test_a_node_is_told_that_another_is_down():
    told = leads_to(lambda world: not world.is_up("B"), heard_or_gave_up, name="told")
    assert outcome(told, crashes=1, timeouts="never") is Outcome.HOLDS
    assert outcome(told, crashes=1, timeouts="never", fairness="weak,suspicions=none") is Outcome.VIOLATED


def test_the_fairness_is_said_with_every_verdict():
    report = check(Pinging(), [eventually(heard)], fairness="strong,restarts=weak,exempt=idle")
    words = "weak fairness of restarts; strong fairness of deliveries, choices, time-outs and suspicions; "
    assert report.fairness == f"{words}idle need never happen"
    assert report.fairness in report.bounds
    assert not check(Pinging(), [always(lambda world: True, name="fine")]).fairness


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("week", "unknown fairness 'week'. Did you mean 'weak'?"),
        ("deliveries=often", "unknown fairness 'often'"),
        ("losses=weak", "fairness of 'losses' makes no sense"),
        ("exempt=pong", "has no choice or time-out called 'pong'. Did you mean 'ping'?"),
    ],
)
def test_wrong_fairness_is_explained(words, complaint):
    with pytest.raises(UsageError) as caught:
        System(Pinging(), fairness=words)
    assert complaint in str(caught.value)


def test_fairness_is_said_where_it_belongs():
    @frozen
    class Reluctant(Pinging):
        fairness = Fairness(exempt="ping")

    assert outcome(eventually(heard), protocol=Reluctant()) is Outcome.VIOLATED
    assert outcome(eventually(heard), protocol=Reluctant(), fairness="weak") is Outcome.HOLDS


def test_a_lambda_needs_a_name_and_only_promises_over_time_combine():
    with pytest.raises(ModelError, match="needs a name"):
        eventually(lambda world: True)
    with pytest.raises(ModelError, match="possible"):
        eventually(heard) & possible(heard)
    with pytest.raises(ModelError, match="function of a state"):
        leads_to(heard, 3)


def test_promises_combine_and_nest():
    promise = (eventually(heard) | eventually_always(heard_or_gave_up)) & ~always_eventually(heard_or_gave_up)
    assert promise.name.startswith("heard or heard or gave up and not")
    assert outcome(promise) is Outcome.VIOLATED
    nested = leads_to(heard, eventually_always(heard), name="stays heard")
    assert outcome(nested) is Outcome.HOLDS
    quiet = until(lambda world: not world["A"].heard, heard, name="not heard until heard")
    assert outcome(quiet) is Outcome.HOLDS
    safe = always(lambda world: not (world["A"].heard and world["A"].gave_up), name="never both")
    assert outcome(~safe, timeouts=Timeouts.EARLY) is Outcome.VIOLATED


def test_a_promise_says_what_it_is():
    assert leads_to(heard, heard_or_gave_up).promise == (
        "On every fair run, whenever 'heard' is true, 'heard or gave up' is true then or later."
    )

    @leads_to(heard)
    def settled(world):
        """Who has heard settles at last."""
        return True

    assert (settled.name, settled.promise) == ("settled", "Who has heard settles at last.")
    assert eventually(heard).promise == "On every fair run 'heard' is at last true."


def test_what_must_stay_is_a_property_of_steps():
    assert outcome(never_again(heard)) is Outcome.HOLDS
    report = check(Pinging(), [never_again(lambda world: world["A"].idles, name="idles")])
    assert report.verdicts[0].outcome is Outcome.VIOLATED
    assert report.verdicts[0].length == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_premise_that_never_comes_true_is_noticed(engine):
    vain = leads_to(lambda world: world["B"].started == 1, heard, name="in vain")
    report = check(Pinging(), [vain, leads_to(heard_or_gave_up, heard, name="not in vain")], engine=engine)
    assert [f.text for f in report.findings if f.code == "premise-never-true"] == [
        "the premise of 'in vain' was never true, so it says nothing"
    ]


def test_an_unfinished_search_finds_loops_but_never_says_that_there_are_none():
    from everyway import Limits

    limits = Limits(max_depth=3)
    idled = eventually(lambda world: world["B"].started == 2, name="starts twice")
    assert outcome(eventually(heard), limits=limits) is Outcome.UNKNOWN
    assert outcome(idled, limits=limits, fairness="none") is Outcome.VIOLATED


def test_interchangeable_nodes_are_told_apart():
    decided = eventually(lambda world: world["TM"].state.value != "init", name="decides")
    report = check(TwoPhase(managers=3), [decided], network=Network.SET)
    assert report.verdicts[0].outcome is Outcome.HOLDS
    assert report.statistics.states == 288
    assert report.statistics.told_apart == "a promise over time is about single nodes"
