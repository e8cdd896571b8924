"""Promises over time as unit tests."""

from everyway import always_eventually
from everyway.models.duel import Duel
from everyway.testing import assert_holds, assert_violated


def test_two_proposers_may_outbid_each_other_for_ever() -> None:
    report = assert_violated(Duel(), ["something is accepted", "who begins gets somewhere"])
    verdict = report["something is accepted"]
    assert verdict.loop is not None
    actors = {visit.action.node for visit in (verdict.path or ())[verdict.loop + 1 :]}
    assert actors == {"A", "P1", "P2"}


def test_even_strong_fairness_does_not_help() -> None:
    assert_violated(Duel(), "something is accepted", fairness="strong")


def test_one_proposer_wins_as_long_as_messages_arrive() -> None:
    assert_holds(Duel(proposers=1))
    assert_violated(Duel(proposers=1), "something is accepted", losses=1)


def test_what_was_accepted_stays_accepted() -> None:
    assert_holds(Duel(), "accepted")


def test_nobody_is_promised_to_again_and_again_once_all_is_done() -> None:
    @always_eventually
    def changes_its_mind(world):
        return world["A"].promised == "P1"

    assert_violated(Duel(), changes_its_mind)
