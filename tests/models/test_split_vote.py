"""How likely a vote is split: the model against exact numbers, found by counting all draws."""

from fractions import Fraction

import pytest

from everyway import UsageError, check, eventually, probability
from everyway.models.split_vote import SplitVote, is_split, somebody_wins

TABLE = {
    (3, 2): {1: 1, 2: Fraction(1, 2), 5: Fraction(1, 5), 10: Fraction(1, 10), 30: Fraction(1, 30)},
    (3, 3): {1: 1, 2: Fraction(1, 4), 5: Fraction(1, 25), 10: Fraction(1, 100), 30: Fraction(1, 900)},
    (4, 4): {1: 1, 2: Fraction(9, 16), 5: Fraction(27, 125)},
    (5, 4): {1: 1, 2: Fraction(9, 16), 5: Fraction(27, 125), 10: Fraction(209, 2000)},
    (5, 5): {1: 1, 2: Fraction(41, 96), 5: Fraction(51, 625)},
}


@pytest.mark.parametrize(("servers", "live"), TABLE)
def test_a_round_is_split_as_often_as_counting_all_draws_says(servers, live):
    for slots, exact in TABLE[servers, live].items():
        found = probability(SplitVote(servers, live, slots), is_split)
        assert found.least == pytest.approx(float(exact), abs=1e-12)
        assert found.most == pytest.approx(float(exact), abs=1e-12)


@pytest.mark.parametrize("slots", [2, 5, 10])
def test_the_rounds_are_those_of_a_geometric_distribution(slots):
    # Two of three are up: a round is split with probability 1/K, so 1 / (1 - 1/K) rounds are expected.
    def begun(before, action, after):
        return int(action.handler == "try_again")

    found = probability(SplitVote(3, 2, slots), somebody_wins.predicate, reward=begun)
    assert (found.least, found.most) == (1, 1)
    assert 1 + found.expected_most == pytest.approx(1 / (1 - 1 / slots), abs=1e-12)


def test_with_one_slot_nobody_ever_wins():
    found = probability(SplitVote(3, 2, 1), somebody_wins.predicate)
    assert (found.least, found.most, found.expected_least) == (0, 0, float("inf"))


def test_that_it_is_unlikely_is_no_promise():
    wins = eventually(somebody_wins.predicate, name="somebody wins")
    verdict = check(SplitVote(), [wins]).verdicts[0]
    assert verdict.outcome.value == "violated"
    assert {visit.action.handler for visit in verdict.path[verdict.loop + 1 :]} == {"draw", "try_again"}


def test_more_than_all_cannot_be_up():
    with pytest.raises(UsageError, match="of 3 servers 4 cannot be up"):
        SplitVote(3, 4)
