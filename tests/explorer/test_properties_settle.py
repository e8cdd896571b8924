"""A predicate that always looks at the same is asked without being watched; what it says is still kept only for states
that are alike in all that it looks at."""

from unittest import mock

import pytest
from agreement import WAYS, assert_agree
from attrs import frozen

from everyway import ModelError, Node, Protocol, System, always, choice, never, possible, volatile
from everyway.explorer.recording import Stage
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import RM, TM, TwoPhase, states


def two_phase() -> System:
    return System(TwoPhase(4))


def asked_unwatched(properties, system) -> int:
    """Return how often a predicate was asked without being watched."""
    with mock.patch.object(Stage, "ask", autospec=True, side_effect=Stage.ask) as ask:
        TableSearch(system, properties, engine="plain").run()
    return ask.call_count


@always
def agrees(world):
    return not {RM.COMMITTED, RM.ABORTED} <= states(world)


@always
def is_quiet_when_all_is_done(world):
    return states(world) != {RM.COMMITTED} or len(world.in_flight()) < 8


@never
def aborts_when_all_are_prepared(world):
    return states(world) == {RM.PREPARED} and world["TM"].state is TM.ABORTED


@possible
def all_abort_while_the_manager_is_up(world):
    return states(world) == {RM.ABORTED} and world.is_up("TM")


@possible
def can_be_struck_at_the_end(world):
    return states(world) == {RM.COMMITTED} and world.faults_left("crashes") > 0


LOOKING_FURTHER = [
    is_quiet_when_all_is_done,
    aborts_when_all_are_prepared,
    all_abort_while_the_manager_is_up,
    can_be_struck_at_the_end,
]
"""Those that look at something else in a few states, which come up late."""


def test_a_predicate_that_always_looks_at_the_same_is_asked_unwatched():
    tables = TableSearch(two_phase(), [agrees], engine="plain").run()
    assert asked_unwatched([agrees], two_phase()) == tables.expander.tries.calls - 64


@pytest.mark.parametrize("prop", [agrees, *LOOKING_FURTHER], ids=str)
def test_the_verdict_is_that_of_the_reference_when_it_looks_further_at_last(prop):
    assert asked_unwatched([prop], two_phase()) > 0
    assert_agree(two_phase, [prop])


def test_several_at_once_settle_each_for_itself():
    assert_agree(two_phase, [agrees, *LOOKING_FURTHER])


@frozen
class Clock(Node):
    """Its hours go round, and it counts the rounds."""

    hour: int = volatile(0)
    rounds: int = volatile(0)

    @choice
    def strike(self):
        if self.rounds < 4:
            return self.become(hour=(self.hour + 1) % 3, rounds=self.rounds + (self.hour == 2))


@frozen
class Clocks(Protocol):
    def nodes(self):
        return {"A": Clock(), "B": Clock(), "C": Clock()}


@always
def not_all_at_noon(world):
    return [clock.hour for clock in world] != [2, 2, 2]


@pytest.mark.parametrize("way", WAYS)
def test_what_it_does_not_look_at_may_take_many_values(way):
    tables = TableSearch(System(Clocks()), [not_all_at_noon], **way).run()
    assert tables.statistics.states == 13**3
    # 27 combinations of hours: too few to settle, and the rounds do not count.
    assert tables.expander.tries.calls <= 27


def test_it_is_watched_again_when_values_come_up_that_look_the_same_to_it():
    with mock.patch("everyway.explorer.tables.tries.ENOUGH", 4):
        assert_agree(lambda: System(Clocks()), [not_all_at_noon])
        tables = TableSearch(System(Clocks()), [not_all_at_noon], engine="plain").run()
    # As long as hardly anything has gone round, it is asked without being watched.
    assert tables.expander.tries.calls < 27 * 8


@always
def minds_the_end(world):
    if states(world) == {RM.COMMITTED}:
        raise ValueError("no end in sight")
    return True


@pytest.mark.parametrize("way", WAYS)
def test_what_it_raises_at_last_is_told(way):
    with pytest.raises(ModelError, match="property 'minds the end' raised ValueError: no end in sight"):
        TableSearch(two_phase(), [minds_the_end], **way).run()
