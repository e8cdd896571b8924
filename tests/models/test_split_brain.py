"""Section 3.2 of the catalogue of claims: equal nodes, their elections, and a network in pieces."""

import itertools

import pytest

from everyway import Outcome, at_most, check, possible
from everyway.models import split_brain
from everyway.models.split_brain import AnonymousElection, Election, SplitBrain
from everyway.testing import assert_holds, assert_violated

VARIANTS = SplitBrain.variants()
NOT_SMALLER, TIE_BREAK = VARIANTS["as-noted"], VARIANTS["tie-break"]
NO_RULE, SUICIDE = VARIANTS["no-rule"], VARIANTS["suicide"]


def test_a_majority_goes_on_and_nobody_else():
    report = assert_holds(SplitBrain())
    assert report.statistics.states == 132


@pytest.mark.parametrize(("members", "states"), [(3, 33), (4, 225), (5, 1_633)])
def test_there_are_as_many_states_as_pieces_and_members_that_noticed_allow(members, states):
    # The network is whole, or in one of (Bell's number - 1) sets of pieces, which each member has noticed or not.
    report = assert_holds(SplitBrain(members=members, heal=False), split_brain.smaller_stops)
    assert report.statistics.states == states


@pytest.mark.slow
def test_decen_symmetric():
    assert split_brain.is_symmetric(SplitBrain())
    assert split_brain.is_symmetric(SplitBrain(members=4, heal=False))


def rules(nodes):
    """Return every rule of nodes without names that have two states."""
    asked = [
        (own, others)
        for own in (0, 1)
        for others in itertools.combinations_with_replacement((0, 1), nodes - 1)
    ]
    for answers in itertools.product((0, 1), repeat=len(asked)):
        table = dict(zip(asked, answers, strict=True))
        yield lambda own, others, table=table: table[own, others]


@pytest.mark.parametrize("nodes", [2, 3])
def test_decen_anonymous_election(nodes):
    for rule in rules(nodes):
        election = AnonymousElection(rule, nodes)
        alike, elected = check(
            election, [split_brain.all_stay_alike, split_brain.anonymous_election]
        ).verdicts
        assert alike.outcome is Outcome.HOLDS
        assert elected.outcome is Outcome.VIOLATED


def test_decen_election_possible():
    assert_holds(Election(), ["two are elected", "election possible"])
    assert_holds(SplitBrain(), split_brain.heal_recovers)


def test_decen_election_terminates():
    assert_violated(Election(), split_brain.election_terminates, length=15)
    assert_violated(Election(voters=2), split_brain.election_terminates, length=6)


def test_split_two_leaders():
    assert_holds(NO_RULE(), split_brain.two_leaders)
    assert_violated(NO_RULE(), split_brain.one_leader_at_every_instant, length=2)
    assert_violated(NO_RULE(), split_brain.smaller_stops, length=4)


@pytest.mark.parametrize("members", [3, 4, 5])
def test_split_smaller_stops(members):
    assert_holds(SplitBrain(members=members), split_brain.smaller_stops)
    assert_holds(TIE_BREAK(members=members), split_brain.smaller_stops)


def test_split_smaller_stops_of_two_halves_neither_is_smaller():
    for members in (3, 5):
        assert_holds(NOT_SMALLER(members=members), split_brain.smaller_stops)
    assert_violated(NOT_SMALLER(members=4), split_brain.smaller_stops, length=5)


def test_split_smaller_stops_for_any_number_of_cuts():
    assert_holds(SplitBrain(cuts=2), ["smaller stops", "one committer", "heal recovers"])


@pytest.mark.parametrize("members", [3, 4, 5])
def test_split_no_leader(members):
    assert_holds(SplitBrain(members=members), split_brain.no_leader)
    assert_violated(NO_RULE(members=members, heal=False), split_brain.no_leader)


def test_split_no_leader_happens_to_a_tie_break_only_without_halves():
    assert_violated(TIE_BREAK(members=2), split_brain.no_leader)
    assert_holds(SplitBrain(members=2), split_brain.no_leader)


def test_split_lag():
    # A cut leaves N1 in the smaller piece; the others notice first.
    assert_violated(SplitBrain(), split_brain.one_leader_at_every_instant, length=2)
    assert_holds(SplitBrain(), split_brain.two_leaders_for_a_while)


@pytest.mark.parametrize("model", [SplitBrain, NOT_SMALLER, TIE_BREAK, NO_RULE])
def test_split_one_committer(model):
    # Whoever takes itself for the leader, two majorities meet.
    assert_holds(model(members=4, cuts=1), split_brain.one_committer)
    assert_holds(model(members=3, cuts=2), split_brain.one_committer)


def test_split_one_committer_not_if_half_of_the_nodes_are_enough():
    half = split_brain.one_committing_piece(lambda count: count // 2, name="half")
    assert_violated(NO_RULE(members=4), half, length=2)
    assert_violated(NOT_SMALLER(members=4), half, length=2)
    assert_holds(SplitBrain(members=4), half)


def test_split_smaller_stops_whoever_crashes():
    assert_holds(SplitBrain(), ["smaller stops", "one committer"], crashes=at_most(2, "member"))


def test_split_heal_recovers():
    for model in (SplitBrain, NOT_SMALLER, TIE_BREAK):
        assert_holds(model(members=3), split_brain.heal_recovers)
        assert_holds(model(members=4), split_brain.heal_recovers)
    # Each in a piece of its own, all exit as soon as they notice: one cut is enough.
    assert_violated(SUICIDE(), split_brain.heal_recovers, length=1)


def test_split_heal_recovers_from_suicide_where_a_majority_is_left():
    @possible
    def without_one(world):
        """One node has exited, and the others go on without it in a network that is whole."""
        roles = [member.state for member in world.nodes(split_brain.Member)]
        whole = len(split_brain.wiring(world).pieces) == 1
        return whole and split_brain.Role.EXITED in roles and split_brain.Role.LEADS in roles

    assert_holds(SUICIDE(), without_one)
