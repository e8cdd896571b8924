"""Traps about promises over time that other checkers fell into; each must stay a test."""

from itertools import pairwise

import pytest
from attrs import evolve, frozen
from plain import Drawn

from everyway import (
    Fairness,
    Faults,
    Limits,
    Node,
    Outcome,
    Protocol,
    System,
    always_eventually,
    check,
    choice,
    eventually,
    leads_to,
    parameter,
    volatile,
)
from everyway.explorer.tables.checkpoint import Checkpoints, restore
from everyway.explorer.tables.search import TableSearch
from everyway.models.duel import Duel


def reached(goal):
    return eventually(lambda state: state == goal, name=f"reaches {goal}")


def test_a_state_where_ways_join_is_looked_at_for_each_of_them():
    # 0 -> 1 -> 3 and 0 -> 2 -> 3: the way through 2 joins the other one, which has been at 1 (Stateright).
    diamond = Drawn(4, ((0, 1, "a"), (0, 2, "a"), (1, 3, "a"), (2, 3, "a")), False)
    (verdict,) = check(diamond, [reached(1)]).verdicts
    assert [visit.state for visit in verdict.path] == [0, 2, 3]
    assert verdict.loop == 2


def test_a_way_back_into_what_was_seen_is_a_loop():
    ring = Drawn(3, ((0, 1, "a"), (1, 0, "a"), (1, 2, "b")), False)
    assert check(ring, [reached(2)])["reaches 2"].outcome is Outcome.VIOLATED
    (verdict,) = check(evolve(ring, strong=True), [reached(2)]).verdicts
    assert verdict.outcome is Outcome.HOLDS


def test_each_step_round_a_loop_is_a_step_that_there_is():
    # The component is a figure of eight; no step leads from 2 to 3 or back (tla-rs reported it whole).
    eight = Drawn(4, ((0, 1, "a"), (1, 2, "b"), (2, 1, "a"), (1, 3, "c"), (3, 1, "a")), True)
    (verdict,) = check(eight, [reached(9)]).verdicts
    states = [visit.state for visit in verdict.path]
    assert sorted(states[verdict.loop : -1]) == [1, 1, 2, 3]
    assert all(step in {(0, 1), (1, 2), (2, 1), (1, 3), (3, 1)} for step in pairwise(states))


def test_two_steps_with_one_target_are_told_apart_by_what_they_do():
    # Both lead from 0 to 1, but only one of them is what strong fairness demands (Stateright).
    twins = Drawn(2, ((0, 1, "a"), (0, 1, "b"), (1, 0, "a")), True)
    (verdict,) = check(twins, [reached(9)]).verdicts
    around = [twins.fair(visit.action) for visit in verdict.path[verdict.loop + 1 :]]
    assert sorted(around) == ["a", "a", "a", "b"]


def test_a_cut_way_is_no_end():
    # TLC and FizzBee took what lies at the bound for a state in which nothing more happens.
    line = Drawn(5, tuple((k, k + 1, "a") for k in range(4)), False)
    for most in range(4):
        (verdict,) = check(line, [reached(4)], limits=Limits(max_depth=most)).verdicts
        assert verdict.outcome is Outcome.UNKNOWN
    assert check(line, [reached(4)], limits=Limits(max_depth=4)).verdicts[0].outcome is Outcome.HOLDS


@frozen
class Guest(Node):
    """Asks for a table, gets one, and asks again."""

    waits: bool = volatile(False)

    @choice
    def ask(self):
        if not self.waits:
            return self.become(waits=True)

    @choice
    def sit_down(self):
        if self.waits:
            return self.become(waits=False)


@frozen
class Guests(Protocol):
    guests: int = parameter(2)

    def nodes(self):
        return {f"G{k}": Guest() for k in range(self.guests)}

    def interchangeable(self):
        return [[f"G{k}" for k in range(self.guests)]]


@pytest.mark.parametrize("symmetry", [True, False])
@pytest.mark.parametrize("engine", ["reference", "plain", "tables"])
def test_who_is_like_another_is_still_somebody(symmetry, engine):
    # Guests may take turns at waiting, so that somebody always waits. Up to names it is the same one all the time, whom
    # fairness would not let wait; or, if all are one, fairness would not mind that one always waits (TLC).
    nobody = always_eventually(lambda world: not any(node.waits for node in world), name="nobody waits")
    first = always_eventually(lambda world: not world["G0"].waits, name="the first does not wait")
    report = check(Guests(), [nobody, first], symmetry=symmetry, engine=engine)
    assert [v.outcome for v in report.verdicts] == [Outcome.VIOLATED, Outcome.HOLDS]
    verdict = report.verdicts[0]
    around = {(visit.action.node, visit.action.handler) for visit in verdict.path[verdict.loop + 1 :]}
    assert around == {("G0", "ask"), ("G0", "sit_down"), ("G1", "ask"), ("G1", "sit_down")}


def test_a_fault_need_never_strike_however_fair():
    most = Fairness("strong", "strong", "strong", "strong", "strong", "strong")
    faults = Faults(crashes=1, restarts=1, partitions=1)
    promises = [
        eventually(lambda world: not world.is_up("G0"), name="crashes"),
        eventually(lambda world: world.is_partitioned, name="splits"),
        leads_to(lambda world: not world.is_up("G0"), lambda world: world.is_up("G0"), name="comes up"),
    ]
    verdicts = check(Guests(), promises, faults=faults, fairness=most).verdicts
    assert [v.outcome for v in verdicts] == [Outcome.VIOLATED, Outcome.VIOLATED, Outcome.HOLDS]


def test_a_search_that_goes_on_from_a_checkpoint_decides_promises_over_time_too(tmp_path):
    # TLC's recovery once left out a check.
    def search(limits=None, keeper=None):
        system = System(Duel(), Faults(losses=1))
        return TableSearch(
            system, list(Duel().promises()), limits=limits, checkpoints=keeper, engine="plain", batch=8
        )

    whole = search().run()
    keeper = Checkpoints(tmp_path / "kept", every=0.0)
    keeper.prepare()
    cut = search(Limits(max_seconds=0), keeper)
    cut.run()
    assert cut.stopped_by == "max_seconds"
    assert {v.outcome for v in cut.verdicts()} == {Outcome.UNKNOWN}
    went_on = search()
    restore(went_on, tmp_path / "kept")
    went_on.run()
    told = [[(v.outcome, v.path, v.loop) for v in one.verdicts()] for one in (went_on, whole)]
    assert told[0] == told[1]
