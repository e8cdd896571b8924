"""The table engine gives what the reference gives for each thing that the language can say, and for shipped models."""

import time

import pytest
from attrs import evolve, frozen

from everyway import (
    LATER,
    Faults,
    Kind,
    Limits,
    Message,
    ModelError,
    Network,
    Node,
    NodeId,
    Observer,
    Outcome,
    Protocol,
    System,
    always,
    at_most,
    choice,
    durable,
    every_step,
    never,
    on,
    possible,
    recoverable,
    restart,
    suspect,
    timeout,
    volatile,
)
from everyway.explorer import Exploration
from everyway.explorer.tables import search as table_search
from everyway.explorer.tables.search import TableSearch
from everyway.explorer.tables.store import CompiledStore
from everyway.models.gray_lamport import TwoPhase
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.models.two_phase_commit import Cooperative, TwoPhaseCommit

WAYS = [
    {"engine": "plain"},
    {"engine": "plain", "batch": 1},
    {"engine": "tables"},
    {"engine": "tables", "threads": 2, "batch": 5},
]
"""How the table engine may be run."""


def assert_agree(make, properties=(), limits=None) -> Exploration:
    """See that the table engine, however it is run, gives what the reference gives; return the reference's search.

    Every search has a system of its own, so that none profits from what another one asked.
    """
    system = make()
    reference = Exploration(system, properties, limits=limits).run()
    asked = system.handler_calls
    reference.statistics.seconds = 0
    for way in WAYS:
        system = make()
        tables = TableSearch(system, properties, limits=limits, **way).run()
        assert (way, system.handler_calls) == (way, asked)
        tables.statistics.seconds = 0
        assert (way, tables.statistics) == (way, reference.statistics)
        assert tables.is_complete == reference.is_complete
        for number in {0, len(reference.states) // 2, len(reference.states) - 1}:
            assert tables.path_to(number) == reference.path_to(number)
        assert_same_verdicts(reference, tables)
    return reference


def assert_same_verdicts(reference, tables) -> None:
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        assert verdict.property is expected.property
        assert (verdict.outcome, verdict.why) == (expected.outcome, expected.why)
        assert (verdict.path, verdict.broken) == (expected.path, expected.broken)
        assert verdict.is_shortest == expected.is_shortest
        assert set(verdict.trapped) == set(expected.trapped)


# A desk that writes to shops, as the tests of the language use it.


class Order(Message):
    pass


class Bill(Message):
    pass


@frozen
class Number(Message):
    value: int


@frozen
class Desk(Node):
    """Tells everybody once; remembers some of it, forgets the rest."""

    to: tuple[NodeId, ...] | frozenset[NodeId] = ("B", "C")
    told: bool = durable(False)
    tired: bool = volatile(False)
    sends_first: bool = False

    @choice
    def tell(self):
        if not self.told:
            step = self.become(told=True, tired=True).send(self.to, Order())
            return step.sending_first() if self.sends_first else step

    @on(Bill)
    def pay(self):
        return self.become(tired=False)


@frozen
class Shop(Node):
    orders: int = durable(0)
    mood: int = volatile(0)

    @on(Order)
    def take(self):
        return self.become(orders=min(self.orders + 1, 3), mood=1).send("A", Bill())


@frozen
class Market(Protocol):
    """A desk A and shops B and C."""

    desk: Node = Desk()
    shop: type = Shop

    def nodes(self):
        return {"A": self.desk, "B": self.shop(), "C": self.shop()}


def market(desk=None, shop=Shop, network="bag", timeouts="never", kind=Market, **faults):
    """Return what makes a market anew each time."""
    return lambda: System(kind(desk or Desk(), shop), Faults(**faults), network=network, timeouts=timeouts)


in_debt = recoverable(lambda world: not world["A"].tired and world["B"].orders > 0, name="is paid")
calm = always(lambda world: not all(shop.mood for shop in world.nodes(Shop)), name="calm")
orderly = every_step(lambda before, action, after: before["B"].orders <= after["B"].orders, name="orderly")
busy = possible(lambda world: len(world.in_flight(Bill)) == 2, name="busy")
PROMISES = (in_debt, calm, orderly, busy)


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


@frozen
class Returning(Shop):
    """Comes back with a bill in its hand, in either of two moods."""

    @restart
    def rise(self):
        yield self.become(mood=2).send("A", Bill())
        yield self.become(mood=3)


@pytest.mark.parametrize("network", list(Network))
@pytest.mark.parametrize("shop", [Shop, Returning])
def test_restarts_with_and_without_a_handler(network, shop):
    reference = assert_agree(market(shop=shop, network=network, crashes=1, restarts=1), PROMISES)
    assert reference.statistics.taken(Kind.RESTART) > 0
    assert (reference.statistics.taken(Kind.DROP) > 0) == (network != Network.SET)


def test_a_restart_that_another_crash_cuts_short():
    reference = assert_agree(market(shop=Returning, crashes=2, restarts=1), PROMISES)
    assert any(deed.crashed and deed.kind is Kind.RESTART for deed in reference.statistics.deeds)


@pytest.mark.parametrize("heals", [None, 0, 1, 2])
def test_partitions_and_heals(heals):
    cut_off = recoverable(lambda world: not world.is_partitioned, name="becomes whole")
    reference = assert_agree(market(partitions=2, heals=heals), [*PROMISES, cut_off])
    assert (reference.statistics.taken(Kind.HEAL) > 0) == (heals != 0)


def test_what_a_property_reads_of_the_environment():
    properties = [
        always(lambda world: world.faults_left("crashes") == 1, name="no crash"),
        always(lambda world: world.can_reach("A", "B"), name="near", when=lambda world: world.is_partitioned),
        never(lambda world: len(world.sides) == 2 and "C" in world.sides[1], name="C is apart"),
        always(
            lambda world: len(world.live(Shop)) == 2, name="all open", when=lambda world: world["B"].mood == 1
        ),
        every_step(
            lambda before, action, after: before.left == after.left,
            name="nothing is spent",
            when=lambda before, action, after: action.kind is Kind.CRASH,
        ),
        possible(lambda world: not any(world.up) or world.left == (0,) * len(world.left), name="all is lost"),
    ]
    assert_agree(market(crashes=1, partitions=1, heals=0), properties)


@frozen
class Wary(Shop):
    @suspect
    def give_up_on(self, node):
        if self.mood == 0 and node != "A":
            return self.become(mood=ord(node)).send("A", Bill())


def test_true_suspicions():
    reference = assert_agree(market(shop=Wary, crashes=1, restarts=1), PROMISES)
    assert {deed.is_false for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION} == {False}


def test_false_suspicions():
    reference = assert_agree(market(shop=Wary, suspicions=2), PROMISES)
    assert {deed.is_false for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION} == {True}


def test_true_and_false_suspicions_and_crashes_in_the_middle_of_them():
    reference = assert_agree(market(shop=Wary, suspicions=1, crashes=2), PROMISES)
    seen = {deed for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION}
    assert {(deed.is_false, deed.crashed) for deed in seen} == {
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    }


@frozen
class Waiting(Shop):
    """Gives up waiting for some node when it is silent too long."""

    awaited: tuple[NodeId, ...] = ()
    gave_up: bool = volatile(False)

    @timeout(awaiting="awaited")
    def give_up(self):
        if not self.gave_up and not self.orders:
            return self.become(gave_up=True).send("A", Bill())

    @timeout
    def grumble(self):
        if self.gave_up and self.mood != 5:
            return self.become(mood=5)


@frozen
class WaitingMarket(Protocol):
    """Shops that wait for each other, and for the desk."""

    desk: Node = Desk()
    awaited: tuple[tuple[NodeId, ...], ...] = ((), ())

    def nodes(self):
        for_b, for_c = self.awaited
        return {"A": self.desk, "B": Waiting(awaited=for_b), "C": Waiting(awaited=for_c)}


def waiting(awaited, timeouts="late", **faults):
    return lambda: System(WaitingMarket(Desk(), awaited), Faults(**faults), timeouts=timeouts)


@pytest.mark.parametrize("awaited", [((), ()), (("A",), ("B",)), (("C",), ("B",)), (("B",), ("A", "B"))])
def test_late_timeouts_and_whom_they_wait_for(awaited):
    reference = assert_agree(waiting(awaited, losses=1, partitions=1, heals=0), PROMISES)
    assert reference.statistics.taken(Kind.TIMEOUT) > 0


def test_timeouts_that_a_crash_cuts_short():
    reference = assert_agree(waiting((("A",), ("B",)), crashes=2), PROMISES)
    assert any(deed.crashed and deed.kind is Kind.TIMEOUT for deed in reference.statistics.deeds)


def test_early_timeouts_fire_at_any_moment():
    assert assert_agree(waiting(((), ()), "early", losses=1), PROMISES).statistics.taken(Kind.TIMEOUT) > 0


def test_timeouts_may_be_switched_off():
    assert not assert_agree(waiting(((), ()), "never", losses=1), PROMISES).statistics.taken(Kind.TIMEOUT)


@frozen
class Starting(Protocol):
    """A market that opens in one of several moods, two of them alike."""

    desk: Node = Desk()
    shop: type = Shop

    def nodes(self):
        for mood in (0, 1, 1, 2):
            yield {"A": self.desk, "B": self.shop(mood=mood), "C": self.shop()}


def test_several_starts():
    reference = assert_agree(market(kind=Starting), PROMISES)
    assert reference.statistics.starts == 3


def test_several_starts_that_a_crash_goes_back_to():
    begins = possible(lambda world: world.start == 3 and not world.is_up("B"), name="falls at the last")
    reference = assert_agree(market(kind=Starting, crashes=1, restarts=1), [*PROMISES, begins])
    assert reference.statistics.starts == 4
    assert {world["B"].mood for world in reference.states if not world.is_up("B")} == {0, 1, 2}


@frozen
class Diary(Observer):
    lines: tuple[str, ...] = ()

    def observe(self, event):
        return Diary((*self.lines, f"{event.kind.value} {event.node} {event.message} {event.action.crashed}"))


@frozen
class Tally(Observer):
    mood: int = 0
    silent: bool = True

    def observe(self, event):
        mood = event.after.mood if isinstance(event.after, Shop) else self.mood
        return evolve(self, mood=mood, silent=self.silent and not event.action.sent)


@frozen
class Watched(Market):
    def observers(self):
        return {"diary": Diary(), "tally": Tally()}


def test_observers_see_every_step():
    properties = [
        always(lambda world: world.observer("tally").mood < 2, name="mild"),
        never(
            lambda world: len(world.observer("diary").lines) == 5,
            name="short",
            when=lambda world: world["A"].told,
        ),
        every_step(lambda before, action, after: after.observer("tally").silent, name="silent"),
        recoverable(lambda world: world.observer("tally").silent, name="falls silent again"),
    ]
    reference = assert_agree(
        market(kind=Watched, shop=Returning, crashes=1, restarts=1, losses=1), properties, Limits(max_depth=5)
    )
    assert [verdict.outcome for verdict in reference.verdicts()].count(Outcome.VIOLATED) == 4


@pytest.mark.parametrize(
    "faults",
    [
        {"crashes": at_most(1, "B")},
        {"crashes": at_most(2, "shop"), "restarts": at_most(1, "C")},
        {"crashes": at_most(1, Desk)},
        {"losses": at_most(1, "Bill"), "duplicates": at_most(1, Order)},
        {"losses": at_most(1, "C")},
        {"suspicions": at_most(1, "C"), "crashes": at_most(1, "B")},
        {"losses": 1, "duplicates": 1, "crashes": 1, "restarts": 1, "partitions": 1, "suspicions": 1},
    ],
    ids=lambda faults: ", ".join(f"{kind} {budget}" for kind, budget in faults.items()),
)
def test_budgets_that_are_restricted(faults):
    limits = Limits(max_depth=4) if len(faults) > 3 else None
    reference = assert_agree(market(shop=Wary, **faults), PROMISES, limits)
    assert set(reference.statistics.spent) == set(faults)


# Shipped models.


@pytest.mark.parametrize(
    ("protocol", "faults", "options"),
    [
        (TwoPhaseCommit(), Faults(crashes=1, losses=1), {}),
        (TwoPhaseCommit(), Faults(crashes=1, restarts=1), {"network": "fifo", "timeouts": "early"}),
        (TwoPhaseCommit(), Faults(partitions=1), {"network": "set"}),
        (Cooperative(), Faults(crashes=1, duplicates=1), {}),
        (ThreePhaseCommit(), Faults(crashes=1), {}),
        (ThreePhaseCommit(), Faults(losses=1, suspicions=1), {}),
    ],
    ids=["2pc", "2pc fifo", "2pc set", "2pc cooperative", "3pc", "3pc suspicious"],
)
def test_shipped_models_under_faults(protocol, faults, options):
    properties = list(protocol.promises())
    reference = assert_agree(lambda: System(protocol, faults, **options), properties, Limits(max_depth=7))
    assert reference.statistics.states > 100


@pytest.mark.parametrize(
    ("managers", "states", "transitions"), [(1, 12, 19), (2, 56, 153), (3, 288, 1_145), (4, 1_568, 8_257)]
)
def test_two_phase_commit_has_the_published_number_of_states(managers, states, transitions):
    protocol = TwoPhase(managers)
    reference = assert_agree(lambda: System(protocol), list(protocol.promises()))
    assert (reference.statistics.states, reference.statistics.transitions) == (states, transitions)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_seven_managers_are_counted_too(threads):
    tables = TableSearch(System(TwoPhase(7)), engine="tables", threads=threads).run()
    assert tables.statistics.states == 296_448
    assert tables.is_complete


# Rows of several words.


@frozen
class Counter(Node):
    count: int = volatile(0)

    @choice
    def go_on(self):
        return self.become(count=self.count + 1)


@frozen
class Counters(Protocol):
    """Many counters, each on its own."""

    many: int = 40

    def nodes(self):
        return {f"N{number:02}": Counter() for number in range(self.many)}


def test_rows_of_more_than_one_word():
    properties = [
        never(lambda world: world["N39"].count == 2, name="two"),
        always(lambda world: world["N00"].count < 1 or world["N39"].count < 1, name="not both"),
    ]
    many = 40
    limits = Limits(max_depth=2)
    reference = assert_agree(lambda: System(Counters(many)), properties, limits)
    assert reference.statistics.states == 1 + many + many * (many + 1) // 2
    tables = TableSearch(System(Counters(many)), limits=limits, engine="tables").run()
    assert tables.expander.words > 1


@frozen
class Link(Node):
    """Passes a number on, one more each time, and remembers the last."""

    to: NodeId
    last: int
    starts: bool = volatile(False)

    @choice
    def begin(self):
        if self.starts:
            return self.become(starts=False).send(self.to, Number(1))

    @on(Number)
    def pass_on(self, number):
        if number.value < 500:
            return self.become(last=number.value).send(self.to, Number(number.value + 1))


@frozen
class Ring(Protocol):
    """A number goes round until it is large: one long run, in which every part of a world takes many values."""

    many: int = 16

    def nodes(self):
        return {f"N{i}": Link(f"N{(i + 1) % self.many}", 0, i == 0) for i in range(self.many)}


def test_rows_of_many_words_that_grow_as_the_search_goes_on():
    properties = [
        never(lambda world: world["N3"].last == 403, name="not so far"),
        recoverable(lambda world: world["N5"].last < 400, name="stays small"),
        every_step(
            lambda before, action, after: before["N7"].last <= after["N7"].last,
            name="grows",
            when=lambda before, action, after: before["N2"].last > 0,
        ),
    ]
    reference = assert_agree(lambda: System(Ring()), properties)
    assert [verdict.outcome.value for verdict in reference.verdicts()] == ["violated", "violated", "holds"]
    tables = TableSearch(System(Ring()), engine="tables", threads=2).run()
    assert tables.expander.words > 2
    assert tables.statistics.states == reference.statistics.states == 502


# Threads, and where the work goes.

CRASHING = Faults(crashes=1, losses=1)


def test_nothing_depends_on_how_many_threads_there_are():
    def told(**way):
        protocol = TwoPhaseCommit()
        tables = TableSearch(System(protocol, CRASHING), list(protocol.promises()), **way).run()
        tables.statistics.seconds = 0
        paths = [tables.path_to(number) for number in range(0, tables.statistics.states, 97)]
        verdicts = [
            (verdict.outcome, verdict.path, verdict.broken, verdict.why, list(verdict.trapped))
            for verdict in tables.verdicts()
        ]
        return repr((paths, verdicts, sorted(tables.statistics.deeds.items(), key=repr))), tables.statistics

    alone = told(engine="plain")
    for way in [
        {"threads": 1},
        {"threads": 2},
        {"threads": 3},
        {"threads": 2, "batch": 1},
        {"threads": 4, "batch": 50},
    ]:
        assert told(engine="tables", **way) == alone


@pytest.mark.parametrize("way", WAYS)
def test_a_predicate_is_asked_once_for_all_states_that_look_alike_to_it(way):
    asked = []

    def judge(world):
        asked.append(world)
        return world["R1"].state is not world["R2"].state or not world.is_up("TM")

    properties = [possible(judge, name="differ"), *TwoPhase(4).promises()]
    tables = TableSearch(System(TwoPhase(4)), properties, **way).run()
    assert tables.statistics.states == 1_568
    # Each of the four properties reads the managers only: 4 states of each, at most 256 together.
    assert len(asked) <= 16
    assert tables.expander.tries.calls <= 16 + 3 * 256


def test_a_predicate_of_steps_is_asked_once_for_all_steps_that_look_alike_to_it():
    asked = []

    def judge(before, action, after):
        asked.append(action)
        return before["R1"].state == after["R1"].state or action.node == "R1"

    tables = TableSearch(System(TwoPhase(4)), [every_step(judge, name="alone")], engine="plain").run()
    assert tables.statistics.transitions == 8_257
    assert len(set(asked)) <= len(asked) < 300


def test_the_values_that_each_part_took_are_told():
    for way in WAYS:
        tables = TableSearch(market(network="fifo", losses=1)(), **way).run()
        assert tables.statistics.values == {
            "node A": 3,
            "node B": 2,
            "node C": 2,
            "environment": 2,
            "messages from A to B": 2,
            "messages from A to C": 2,
            "messages from B to A": 2,
            "messages from C to A": 2,
        }


# What goes wrong.


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "prop",
    [
        always(lambda world: world["B"].orders < 1 or world["B"].nonsense, name="asks nonsense"),
        possible(lambda world: world["B"].orders == 7 or 1 // (1 - world["B"].mood) == 5, name="divides"),
        recoverable(lambda world: {}[world["C"].mood], name="looks up"),
        always(lambda world: True, name="minds", when=lambda world: world["Z"].mood),
        every_step(lambda before, action, after: after["B"].orders // 0 == 1, name="steps on it"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_predicate_that_raises_is_told_as_by_the_reference(way, prop):
    def complaint(search):
        with pytest.raises(ModelError) as caught:
            search().run().verdicts()
        return str(caught.value)

    expected = complaint(lambda: Exploration(market()(), [prop]))
    assert complaint(lambda: TableSearch(market()(), [prop], **way)) == expected


@pytest.mark.parametrize("way", WAYS)
def test_a_handler_that_raises_is_told_as_by_the_reference(way):
    @frozen
    class Clumsy(Shop):
        @on(Order)
        def take(self):
            return self.become(orders=1 // self.orders)

    def complaint(kind, **options):
        with pytest.raises(ModelError) as caught:
            kind(market(shop=Clumsy)(), **options).run()
        return str(caught.value)

    assert complaint(TableSearch, **way) == complaint(Exploration)


# What grows.


@frozen
class Flooding(Counter):
    to: NodeId = "A"

    @choice
    def go_on(self):
        return self.send(self.to, Order())


@frozen
class Pair(Protocol):
    kind: type = Counter

    def nodes(self):
        return {"A": self.kind(), "B": self.kind()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("kind", "growing"),
    [
        (Counter, {"node A, field count", "node B, field count"}),
        (Flooding, {"messages from B to A", "messages from A to A"}),
    ],
)
def test_what_kept_growing_is_named(way, kind, growing):
    tables = TableSearch(System(Pair(kind)), limits=Limits(max_states=200), **way).run()
    growth = tables.growth()
    assert growth.component in growing
    assert growth.values > 8
    assert "kept growing" in str(growth)


@pytest.mark.parametrize("way", WAYS)
def test_what_does_not_grow_is_not_named(way):
    assert TableSearch(System(TwoPhase(3)), **way).run().growth() is None


# What stops a search.


class Interrupted(System):
    """A system that is interrupted when so many of its worlds were asked for their steps."""

    asked_at_most = 0

    def steps(self, world):
        if not self.asked_at_most:
            raise KeyboardInterrupt
        self.asked_at_most -= 1
        return super().steps(world)


@pytest.mark.parametrize(
    "way", [{"engine": "plain", "batch": 1}, {"engine": "tables", "batch": 7, "threads": 2}]
)
def test_an_interrupt_by_the_watcher_leaves_counts_that_agree(way):
    told = []

    def watcher(statistics, frontier):
        told.append((statistics.states, frontier))
        if len(told) == 3:
            raise KeyboardInterrupt

    def dawdle(world):
        time.sleep(0.01)
        return sum(node.count for node in world) < 3

    properties = [always(dawdle, name="few"), possible(lambda world: world["A"].count == 4, name="four")]
    tables = TableSearch(System(Pair()), properties, watcher=watcher, **way).run()
    assert (tables.stopped_by, tables.is_complete) == ("interrupt", False)
    assert told == sorted(told)
    system = Interrupted(Pair())
    system.asked_at_most = tables.expanded
    properties = [always(lambda world: sum(node.count for node in world) < 3, name="few"), properties[1]]
    reference = Exploration(system, properties).run()
    reference.statistics.seconds = tables.statistics.seconds = 0
    assert tables.statistics == reference.statistics
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        assert (verdict.outcome, verdict.path, verdict.why) == (expected.outcome, expected.path, expected.why)
    assert [tables.path_to(number) for number in range(tables.statistics.states)] == [
        reference.path_to(number) for number in range(reference.statistics.states)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_no_time_at_all_leaves_the_starts(way):
    limits = Limits(max_seconds=0)
    calm_at_first = never(lambda world: world["B"].mood == 2, name="calm at first")
    tables = TableSearch(market(kind=Starting)(), [calm_at_first, busy, in_debt], limits=limits, **way).run()
    assert tables.stopped_by == "max_seconds"
    assert (tables.statistics.states, tables.statistics.starts, tables.statistics.transitions) == (3, 3, 0)
    assert [verdict.outcome.value for verdict in tables.verdicts()] == ["violated", "unknown", "unknown"]
    assert tables.told_limit == "stopped after 0 s, at 3 states"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("max_states", [0, 1, 2])
def test_a_limit_below_the_number_of_starts_leaves_so_many(way, max_states):
    limits = Limits(max_states=max_states)
    make = market(kind=Starting)
    reference = Exploration(make(), PROMISES, limits=limits).run()
    tables = TableSearch(make(), PROMISES, limits=limits, **way).run()
    reference.statistics.seconds = tables.statistics.seconds = 0
    assert tables.statistics == reference.statistics
    assert tables.statistics.states == max_states
    assert tables.stopped_by == reference.stopped_by == "max_states"
    assert_same_verdicts(reference, tables)


@pytest.mark.parametrize("way", WAYS)
def test_stopping_when_all_is_decided_says_so(way):
    tables = TableSearch(market()(), [calm], stop_when_decided=True, **way).run()
    whole = TableSearch(market()(), [calm], **way).run()
    assert (tables.stopped_by, whole.stopped_by) == ("decided", "")
    assert tables.statistics.states < whole.statistics.states
    assert tables.verdicts()[0].path == whole.verdicts()[0].path


def test_a_search_is_compiled_once_it_has_grown(monkeypatch):
    monkeypatch.setattr(table_search, "WORTH_COMPILING", 300)
    protocol = TwoPhaseCommit()
    grown = TableSearch(System(protocol, CRASHING), list(protocol.promises()), engine="auto", threads=2).run()
    assert isinstance(grown.expander.store, CompiledStore)
    plain = TableSearch(System(protocol, CRASHING), list(protocol.promises()), engine="plain").run()
    grown.statistics.seconds = plain.statistics.seconds = 0
    assert grown.statistics == plain.statistics
    assert repr([verdict.path for verdict in grown.verdicts()]) == repr([v.path for v in plain.verdicts()])
    small = TableSearch(System(TwoPhase(2)), engine="auto").run()
    assert not isinstance(small.expander.store, CompiledStore)
