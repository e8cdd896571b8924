"""Chang and Roberts' election on a ring: who wins, and with how many messages."""

from __future__ import annotations

from fractions import Fraction

import pytest

from everyway import UsageError, always, check, possible
from everyway.models import ring_election
from everyway.models.ring_election import RingElection, State, arrangements
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize("arrangement", arrangements(4))
def test_the_greatest_number_wins_wherever_it_stands(arrangement):
    assert_holds(RingElection(arrangement=arrangement))


def test_one_process_elects_itself():
    assert_holds(RingElection(processes=1))


def messages_if_all_begin(arrangement):
    """Return the fewest and the most election messages of a run in which all begin of their own accord."""
    model = RingElection(processes=len(arrangement.split("-")), arrangement=arrangement)

    @always
    def is_never_reached(world):
        counts.add(world.observer("messages").count) if all(process.leader for process in world) else None
        return True

    counts = set()
    check(model, is_never_reached, engine="reference", deadlock=False)
    return min(counts), max(counts)


def test_the_worst_arrangement_takes_the_published_number_of_messages():
    """n(n+1)/2 if the numbers fall along the ring, and 2n-1 if they grow and all begin."""
    assert messages_if_all_begin("4-3-2-1")[1] == 4 * 5 // 2
    assert messages_if_all_begin("4-1-2-3")[1] == 2 * 4 - 1
    assert messages_if_all_begin("4-1-2-3")[0] == 4


def test_on_average_it_takes_n_times_the_harmonic_number():
    """Over all arrangements, if all begin: each number k goes as far as the next greater one."""
    most = [messages_if_all_begin(arrangement)[1] for arrangement in arrangements(4)]
    assert Fraction(sum(most), len(most)) == 4 * sum(Fraction(1, k) for k in range(1, 5))


@pytest.mark.parametrize(
    ("variant", "prop", "length"),
    [
        ("forward-smaller", ring_election.the_greatest_leads, 5),
        ("forward-smaller", ring_election.one_leader, 10),
        ("forward-smaller", ring_election.no_more_than_the_worst_case, 11),
        ("equal-numbers", ring_election.one_leader, 6),
        ("swallow-only", ring_election.all_know_at_last, 2),
    ],
)
def test_a_variant_fails(variant, prop, length):
    assert_violated(RingElection.variants()[variant](), prop, length=length)


def test_only_one_can_lead_if_only_one_begins():
    @possible
    def the_smallest_leads(world):
        """The process with the smallest number leads."""
        return world["P1"].state is State.LEADER

    assert check(RingElection(), the_smallest_leads).verdicts[0].path is None


@pytest.mark.parametrize("arrangement", ["1-2-3", "a-b-c-d", "0-1-2-3"])
def test_an_arrangement_that_is_none_is_refused(arrangement):
    with pytest.raises(UsageError, match="arrangement must have 4 numbers of 1 or more"):
        check(RingElection(arrangement=arrangement))
