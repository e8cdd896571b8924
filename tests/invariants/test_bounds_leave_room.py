"""A bound of the model that is used up does not pass for the protocol being stuck."""

import pytest
from attrs import frozen

from everyway import (
    Node,
    Outcome,
    Protocol,
    always,
    check,
    choice,
    parameter,
    possible,
    recoverable,
    volatile,
)


@frozen
class Gambler(Node):
    """Tosses a coin until it wins, but a model has only so many tosses."""

    tosses: int
    tossed: int = volatile(0)
    has_won: bool = volatile(False)
    has_lost_the_coin: bool = volatile(False)

    @choice
    def toss(self):
        if self.tossed < self.tosses and not self.has_won and not self.has_lost_the_coin:
            yield self.become(tossed=self.tossed + 1).named("lose")
            yield self.become(tossed=self.tossed + 1, has_won=True).named("win")

    @choice
    def lose_the_coin(self):
        if not self.has_won and self.may_lose_it:
            return self.become(has_lost_the_coin=True)

    may_lose_it = False


class Careless(Gambler):
    may_lose_it = True


@recoverable
def can_win(world):
    """The gambler can still win."""
    return world["G"].has_won


@possible
def wins(world):
    """The gambler can win."""
    return world["G"].has_won


@always
def never_loses(world):
    """The gambler never loses."""
    return not world["G"].tossed or world["G"].has_won


@frozen
class Unbounded(Protocol):
    gambler = Gambler
    tosses: int = parameter(3)

    def nodes(self):
        return {"G": self.gambler(self.tosses)}

    def is_final(self, world):
        return world["G"].has_won


class Bounded(Unbounded):
    def has_room(self, world):
        """A toss is left."""
        return world["G"].tossed < self.tosses


class Lost(Bounded):
    gambler = Careless


@pytest.mark.parametrize("engine", ["tables", "plain", "reference"])
def test_a_used_up_bound_is_neither_a_trap_nor_a_deadlock(engine):
    report = check(Unbounded(), can_win, engine=engine)
    assert [verdict.length for verdict in report.verdicts] == [3, 3]
    report = check(Bounded(), can_win, engine=engine)
    assert report.outcome is Outcome.HOLDS
    # After no, one and two tosses that were lost, and after winning at the first or the second.
    assert report.statistics.premises["can win"] == 5


@pytest.mark.parametrize("engine", ["tables", "plain", "reference"])
def test_a_real_trap_is_still_found_where_there_is_room(engine):
    report = check(Lost(), can_win, engine=engine)
    assert [(verdict.property.name, verdict.length) for verdict in report.verdicts] == [
        ("can win", 1),
        ("no deadlock", 1),
    ]
    assert report.trace(report.verdicts[0]).steps


def test_what_must_never_happen_must_not_happen_at_a_bound_either():
    assert check(Bounded(tosses=1), never_loses)["never loses"].length == 1
    assert check(Bounded(), wins)["wins"].length == 1


def test_if_there_never_was_room_that_is_told():
    report = check(Bounded(tosses=0), can_win)
    assert [finding.code for finding in report.findings if "can win" in finding.text] == [
        "premise-never-true"
    ]
