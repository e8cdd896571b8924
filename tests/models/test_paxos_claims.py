"""What the notes, the textbook and the catalogue of claims say of Paxos, at the smallest bounds that show it.

Runs are longer than the catalogue's by the answers: here a proposer hears each promise in a step of its own, and
proposes in the step in which it hears the last one that it needs.
"""

import pytest

from everyway import Faults, Outcome, Protocol, at_most, check, every_step, implements, possible, recoverable
from everyway.models import paxos
from everyway.models.claims.paxos import accepts_once
from everyway.models.paxos import Paxos, agreement, can_finish, chosen
from everyway.models.specifications import Consensus

VARIANTS = Paxos.variants()


def length(model, prop=agreement, faults=None):
    """Return the length of the shortest counterexample; None if the promise holds."""
    (verdict,) = check(model, [prop], faults=faults).verdicts
    assert verdict.outcome is not Outcome.UNKNOWN
    return verdict.length if verdict.outcome is Outcome.VIOLATED else None


@pytest.mark.parametrize(("proposers", "states"), [(1, 53), (2, 2_905)])
def test_the_textbook_keeps_all_its_promises(proposers, states):
    report = check(Paxos(proposers=proposers), symmetry=False)
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == states


@pytest.mark.parametrize("size", [pytest.param({"proposers": 3}, marks=pytest.mark.slow), {"acceptors": 4}])
def test_the_textbook_keeps_all_its_promises_at_other_sizes(size):
    assert check(Paxos(**size)).outcome is Outcome.HOLDS


@pytest.mark.parametrize("acceptors", [2, 3])
def test_paxos_implements_consensus(acceptors):
    model = Paxos(acceptors=acceptors)

    def mapping(world):
        return frozenset(proposal.value for proposal in chosen(world))

    claim = implements(Consensus(["v1", "v2"]), mapping)
    assert check(model, [claim]).outcome is Outcome.HOLDS
    assert check(VARIANTS["ignore-highest"](acceptors=acceptors), [claim]).outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("variant", "shown_at", "steps"),
    [
        ("notes-ge", {}, 14),
        ("ignore-highest", {}, 14),
        ("any-free", {}, 14),
        ("accept-unchecked", {}, 14),
        ("promise-not-stored", {}, 14),
        ("shared-number", {}, 14),
        ("half-quorum", {"acceptors": 4}, 14),
    ],
)
def test_these_mistakes_show_with_two_proposers(variant, shown_at, steps):
    assert length(VARIANTS[variant](**shown_at)) == steps
    assert length(VARIANTS[variant](**shown_at, proposers=1)) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "steps"), [("notes-adopt", 16), ("adopt-lowest", 20), ("no-promise-on-accept", 20)]
)
def test_these_mistakes_hide_from_two_proposers_and_show_with_three(variant, steps):
    assert length(VARIANTS[variant]()) is None
    assert length(VARIANTS[variant](proposers=3)) == steps


@pytest.mark.slow
def test_a_promise_that_is_not_on_disk_is_forgotten_in_a_crash():
    faults = Faults(crashes=at_most(1, "acceptor"), restarts=1)
    assert length(VARIANTS["forget-on-crash"](), faults=faults) == 16
    assert length(VARIANTS["forget-on-crash"]()) is None
    assert length(Paxos(), faults=faults) is None


@pytest.mark.slow
def test_a_number_that_was_used_is_noted_on_disk():
    """A proposer that comes back after a crash does not propose another value under the same number."""
    faults = Faults(crashes=at_most(1, "proposer"), restarts=1)
    assert length(Paxos(), faults=faults) is None
    assert length(Paxos(), paxos.one_value_per_number, faults) is None
    assert length(VARIANTS["reuse-number"](), paxos.one_value_per_number, faults) == 16
    assert length(VARIANTS["reuse-number"]()) is None


def test_half_of_an_odd_number_is_a_majority():
    assert length(VARIANTS["half-quorum"](acceptors=3)) is None


@pytest.mark.parametrize("proposers", [2, 3])
def test_to_the_letter_the_notes_choose_nothing(proposers):
    (verdict,) = check(VARIANTS["as-noted"](proposers=proposers), [paxos.a_value_is_chosen]).verdicts
    assert verdict.outcome is Outcome.VIOLATED


@pytest.mark.slow
def test_an_acceptor_may_accept_more_than_once_and_must():
    # The notes' reason for agreement, that an acceptor accepts only once, is not true of Paxos.
    assert length(Paxos(proposers=2), accepts_once) == 12

    @possible
    def split_for_good(world):
        """Every acceptor has accepted, each another value, and all numbers are used."""
        taken = [acceptor.accepted for acceptor in world.nodes(paxos.Acceptor)]
        return None not in taken and len(set(taken)) == len(taken)

    stubborn = VARIANTS["accept-once"](proposers=3)
    report = check(stubborn, [agreement, split_for_good])
    assert report.outcome is Outcome.HOLDS


def test_a_minority_of_acceptors_may_stay_down():
    assert length(Paxos(), can_finish, Faults(crashes=at_most(1, "acceptor"))) is None
    assert length(Paxos(), can_finish, Faults(crashes=at_most(2, "acceptor"))) == 2


class WithoutRoom(Paxos):
    """Does not say where its bounds leave room."""

    has_room = Protocol.has_room


@pytest.mark.slow
def test_that_no_number_is_left_does_not_pass_for_stuck():
    own = recoverable(lambda world: bool(chosen(world)), name="chosen at last")
    faults = Faults(crashes=at_most(1, "proposer"))
    # Two acceptors promised the highest number, and who has it crashed in asking.
    assert length(WithoutRoom(), own, faults) == 3
    assert length(Paxos(), own, faults) is None
    assert length(Paxos(), can_finish, faults) is None


@pytest.mark.slow
def test_what_a_learner_learns_is_chosen_and_it_sends_nothing():
    report = check(Paxos(learners=1), [agreement, paxos.learned_is_chosen])
    assert report.outcome is Outcome.HOLDS

    @every_step
    def passive(before, action, after):
        """Learners send nothing."""
        return not any(envelope.sender.startswith("L") for envelope in action.sent)

    assert length(Paxos(learners=1), passive) is None


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["reference", "plain"])
def test_recoverable_with_a_premise_is_decided_alike(engine):
    report = check(Paxos(proposers=2), [can_finish, paxos.agreement], engine=engine, symmetry=False)
    assert report.outcome is Outcome.HOLDS
    assert (
        report.statistics.premises["can finish"]
        == check(Paxos(), [can_finish], symmetry=False).statistics.premises["can finish"]
    )
    report = check(Paxos(), [can_finish], faults=Faults(crashes=at_most(2, "acceptor")), engine=engine)
    (verdict,) = report.verdicts
    assert verdict.length == 2
    assert report.trace(verdict).promise.startswith("Can finish: As long as a number is left")
