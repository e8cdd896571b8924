"""With time-outs, several starts, observers and restricted budgets the tables give what the reference gives."""

import pytest
from agreement import assert_agree
from attrs import evolve, frozen
from markets import PROMISES, Bill, Desk, Market, Order, Returning, Shop, Starting, Wary, market

from everyway import (
    Faults,
    Kind,
    Limits,
    Node,
    NodeId,
    Observer,
    Outcome,
    Protocol,
    System,
    always,
    at_most,
    every_step,
    never,
    possible,
    recoverable,
    timeout,
    volatile,
)


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
