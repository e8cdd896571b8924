"""What the notes, the paper and the catalogue of claims say of Raft, at the smallest bounds that show it.

Runs are longer than the catalogue's where that counts a call and its answer as one step.
"""

import pytest

from everyway import Faults, Outcome, always, at_most, check, possible
from everyway.models import raft
from everyway.models.raft import (
    Raft,
    can_commit,
    can_elect,
    election_safety,
    leader_completeness,
    state_machine_safety,
)
from everyway.models.raft_reads import RaftReads, a_read_is_answered, reads_are_fresh
from everyway.models.raft_server import Server, State

VARIANTS = Raft.variants()
RESTART = Faults(crashes=1, restarts=1)


def length(model, prop, faults=None, **how):
    """Return the length of the run that shows the verdict; None if the promise holds in the whole space."""
    (verdict,) = check(model, [prop], faults=faults, stop_when_decided=True, **how).verdicts
    assert verdict.outcome is not Outcome.UNKNOWN
    return verdict.length if verdict.outcome is Outcome.VIOLATED else None


def witness(model, prop, faults=None):
    """Return the length of the shortest run to something possible."""
    (verdict,) = check(model, [prop], faults=faults, stop_when_decided=True).verdicts
    assert verdict.outcome is Outcome.HOLDS
    return verdict.length


@pytest.mark.parametrize(("terms", "entries", "states"), [(1, 0, 12), (2, 0, 212), (1, 1, 81), (2, 1, 4_979)])
def test_figure_3_holds(terms, entries, states):
    report = check(Raft(terms=terms, entries=entries))
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == states


@pytest.mark.slow
@pytest.mark.parametrize(
    "bounds",
    [
        {"model": Raft(terms=3, entries=1, bystanders=1)},
        {"model": Raft(servers=4, terms=2, entries=1, bystanders=2)},
        {"model": Raft(servers=5, terms=2, entries=0, bystanders=3)},
        {"model": Raft(terms=1, entries=2, refusals=True)},
        {"model": Raft(terms=2, entries=0, refusals=True)},
        {"model": Raft(terms=1, entries=1), "network": "bag", "faults": Faults(losses=1, duplicates=1)},
        {"model": Raft(terms=2, entries=1), "network": "fifo"},
        {"model": Raft(terms=2, entries=1, bystanders=1), "faults": RESTART},
    ],
    ids=str,
)
def test_figure_3_holds_at_other_bounds(bounds):
    subject = bounds["model"]
    report = check(subject, faults=bounds.get("faults"), network=bounds.get("network"))
    assert report.outcome is Outcome.HOLDS


# Elections.


@pytest.mark.parametrize(("variant", "steps"), [("as-noted", 6), ("notes-no-terms", 6)])
def test_raft_election_safety_as_noted(variant, steps):
    assert length(VARIANTS[variant](terms=1, entries=0), election_safety) == steps
    assert length(Raft(terms=1, entries=0), election_safety) is None


def test_raft_split_vote_retry():
    assert witness(Raft(terms=1, entries=0), raft.a_vote_is_split) == 3
    assert length(Raft(terms=2, entries=0), can_elect) is None
    # Without terms a split vote is final.
    assert length(VARIANTS["notes-vote-once"](terms=2, entries=0), can_elect) == 3


def test_raft_split_without_a_tie_at_the_top():
    """With five servers two votes for one, and one for each of three others, elect nobody."""

    @possible
    def two_to_one(world):
        """One candidate has two votes, three have one, and all have voted."""
        votes = [server.voted_for for server in world.nodes(Server)]
        return None not in votes and sorted(map(votes.count, set(votes))) == [1, 1, 1, 2]

    assert witness(Raft(servers=5, terms=1, entries=0), two_to_one) == 5


def test_raft_one_leader_at_a_time():
    assert length(Raft(terms=1, entries=0), raft.one_leader_at_a_time) is None
    assert length(Raft(terms=2, entries=0), raft.one_leader_at_a_time) == 6


def test_raft_election_while_the_leader_is_alive():
    """A time-out may fire although heartbeats come, unless times are bounded: an election under a live leader."""

    @possible
    def unseated(world):
        """A candidate stands although a leader is up."""
        return bool(raft.leaders(world)) and any(s.state is State.CANDIDATE for s in world.live(Server))

    assert witness(Raft(terms=2, entries=0), unseated) == 4


def test_a_minority_may_stay_down():
    assert length(Raft(terms=2, entries=0), can_elect, Faults(crashes=1)) is None
    assert length(Raft(terms=2, entries=0), can_elect, Faults(crashes=2)) == 2


def test_votes_must_be_on_disk():
    variant = VARIANTS["volatile-vote"]
    assert length(variant(terms=1, entries=0), election_safety, RESTART) == 8
    assert length(variant(terms=1, entries=0), election_safety) is None
    assert length(Raft(terms=1, entries=0), election_safety, RESTART) is None


# The log.


def test_raft_all_equal_at_commit():
    assert length(Raft(terms=1), raft.all_equal_at_commit) == 6
    assert witness(Raft(terms=1), raft.an_entry_is_applied_everywhere) == 8


@pytest.mark.slow
def test_raft_eventual_equality():
    """All servers apply what is committed, once elections have come to an end and nobody stays down."""
    assert length(Raft(terms=1), raft.eventual_equality) is None
    assert length(Raft(terms=1), raft.eventual_equality, Faults(crashes=1)) is not None


@pytest.mark.slow
def test_raft_commit_quorum():
    """A majority of the followers is one server more than a majority of three."""
    one_down = Faults(crashes=1)
    assert length(Raft(terms=2), can_commit, one_down) is None
    assert length(VARIANTS["notes-log"](terms=2), can_commit, one_down) is not None


def test_logs_are_compared_in_a_vote():
    variant = VARIANTS["no-up-to-date-check"](bystanders=1)
    assert length(variant, leader_completeness) == 9
    assert length(variant, state_machine_safety) == 11


def test_logs_must_be_on_disk():
    assert length(VARIANTS["volatile-log"](bystanders=1), leader_completeness, RESTART) == 11
    assert length(VARIANTS["volatile-log"](bystanders=1), leader_completeness) is None


@pytest.mark.slow
def test_the_notes_on_replication_hide_at_three_servers_and_show_at_four():
    variant = VARIANTS["notes-log"]
    assert length(variant(bystanders=1), state_machine_safety) is None
    assert length(variant(servers=4, bystanders=2), leader_completeness) == 15
    assert length(variant(servers=4, bystanders=2), state_machine_safety) == 17


@pytest.mark.slow
def test_figure_8_hides_at_three_terms_and_shows_at_four():
    variant = VARIANTS["commit-old-terms"]
    bounds = {"bystanders": 1, "turns": True}
    assert length(variant(terms=3, **bounds), leader_completeness) is None
    assert length(variant(terms=4, **bounds), leader_completeness) == 20
    assert length(Raft(terms=4, **bounds), leader_completeness) is None


@pytest.mark.slow
def test_the_answers_that_are_left_out_tell_nothing():
    """With refusals there are more states and the same verdicts."""
    bounds = {"terms": 2, "entries": 0}
    assert check(Raft(**bounds, refusals=True)).statistics.states > check(Raft(**bounds)).statistics.states
    for variant, steps in [("as-noted", 6), ("notes-no-terms", 6)]:
        assert length(VARIANTS[variant](terms=1, entries=0, refusals=True), election_safety) == steps


def test_a_server_alone_leads_and_commits():
    report = check(Raft(servers=1), faults=Faults(crashes=at_most(1, "server"), restarts=1))
    assert report.outcome is Outcome.HOLDS


def test_heartbeats_are_bounded():
    @always
    def few(world):
        """Nobody repeats itself more often than it may."""
        return all(server.beats <= 1 for server in world.nodes(Server))

    assert length(Raft(terms=1, heartbeats=1), few, network="bag") is None


# Reads.


@pytest.mark.slow
def test_raft_stale_read():
    reads = RaftReads.variants()
    assert length(RaftReads(), reads_are_fresh) is None
    assert witness(RaftReads(), a_read_is_answered) == 6
    assert length(reads["local-reads"](), reads_are_fresh) == 10
    assert length(reads["no-entry-of-own-term"](), reads_are_fresh) == 12
