"""Section 3.1 of the catalogue of claims: a leader and its workers."""

from fractions import Fraction

import pytest

from everyway import at_most, possible
from everyway.models import leader_workers
from everyway.models.leader_workers import LeaderWorkers, makespan, throughput
from everyway.testing import assert_holds, assert_violated

VARIANTS = LeaderWorkers.variants()
BACKUP = VARIANTS["backup"]
A_LEADER = at_most(1, "leader")


@pytest.mark.parametrize(("variant", "states"), [("", 147), ("backup", 371), ("backup-fenced", 371)])
def test_without_faults_every_promise_is_kept(variant, states):
    model = VARIANTS[variant]() if variant else LeaderWorkers()
    assert assert_holds(model).statistics.states == states


def test_lw_roles():
    assert_holds(BACKUP(tasks=1), leader_workers.roles, crashes=1)


def test_lw_only_leader_assigns():
    assert_holds(LeaderWorkers(), leader_workers.only_a_leader_assigns, crashes=2)
    assert_holds(BACKUP(tasks=1), leader_workers.only_a_leader_assigns, suspicions=1)


def test_lw_reassign():
    assert_holds(LeaderWorkers(), leader_workers.reassign, crashes=at_most(1, "worker"))
    assert_holds(LeaderWorkers(tasks=1, workers=3), leader_workers.reassign, crashes=at_most(2, "worker"))
    assert_violated(LeaderWorkers(), leader_workers.reassign, crashes=at_most(2, "worker"))


def test_lw_at_least_once():
    assert_holds(LeaderWorkers(), leader_workers.at_least_once, crashes=at_most(1, "worker"))
    assert_violated(LeaderWorkers(), leader_workers.at_least_once, crashes=at_most(2, "worker"))


def test_lw_exactly_once_is_broken_by_a_crash_between_the_effect_and_the_report():
    assert_violated(LeaderWorkers(), leader_workers.exactly_once, crashes=at_most(1, "worker"), length=8)


def test_lw_exactly_once_is_broken_by_a_wrong_suspicion_alone():
    wrongly = {"suspicions": at_most(1, "worker")}
    assert_violated(LeaderWorkers(), leader_workers.exactly_once, **wrongly, length=7)
    assert_holds(LeaderWorkers(workers=1, tasks=1), leader_workers.exactly_once, **wrongly)


def test_lw_exactly_once_holds_of_the_effect_where_the_store_knows_tasks_by_number():
    idempotent = VARIANTS["idempotent"]()
    assert_holds(idempotent, ["exactly once", "at least once"], crashes=at_most(1, "worker"))
    assert_holds(idempotent, "exactly once", suspicions=1)


def test_lw_leader_spof_nothing_new_starts():
    assert_holds(LeaderWorkers(), leader_workers.no_leader_no_assignment, crashes=A_LEADER)


def test_lw_leader_spof_not_everything_gets_done():
    assert_violated(LeaderWorkers(), leader_workers.at_least_once, crashes=A_LEADER, length=1)


def test_lw_leader_spof_but_the_work_in_hand_is_finished():
    # The notes say that the whole cluster is dead; its workers are not.
    assert_violated(LeaderWorkers(), leader_workers.no_leader_no_effect, crashes=A_LEADER, length=4)


@pytest.mark.parametrize("workers", [1, 2, 5, 6, 20])
@pytest.mark.parametrize("tasks", [1, 7, 24])
def test_lw_leader_bottleneck(workers, tasks):
    dispatch, service = Fraction(1, 5), Fraction(1)
    took = makespan(tasks, workers, dispatch, service)
    rounds = -(-tasks // workers)
    assert max(tasks * dispatch, rounds * service) <= took <= tasks * dispatch + rounds * service


def test_lw_leader_bottleneck_more_workers_than_that_buy_nothing():
    dispatch, service = Fraction(1, 5), Fraction(1)
    assert [throughput(workers, dispatch, service) for workers in (1, 4, 5, 6, 50)] == [1, 4, 5, 5, 5]
    for workers in (1, 4, 5, 6, 50):
        rate = 1_000 / makespan(1_000, workers, dispatch, service)
        assert abs(rate - throughput(workers, dispatch, service)) < Fraction(1, 25)


def test_lw_backup_restores_progress():
    progress = leader_workers.at_least_once
    assert_holds(BACKUP(tasks=1), progress, crashes=A_LEADER)
    assert_holds(BACKUP(tasks=1), progress, crashes=at_most(2, "L1", "W1"))
    assert_violated(BACKUP(tasks=1), progress, crashes=at_most(2, "leader"))


def test_lw_backup_restores_progress_and_does_nothing_twice_if_it_knows_what_was_assigned():
    assert_holds(BACKUP(tasks=1), ["exactly once", "at least once"], crashes=A_LEADER)
    assert_holds(VARIANTS["state-lost"](tasks=1), "at least once", crashes=A_LEADER)
    assert_violated(VARIANTS["state-lost"](tasks=1), "exactly once", crashes=A_LEADER, length=10)


@pytest.mark.slow
def test_lw_backup_restores_progress_with_two_tasks():
    assert_holds(BACKUP(), ["exactly once", "at least once"], crashes=A_LEADER)


def test_lw_backup_single_active():
    assert_holds(BACKUP(tasks=1), leader_workers.single_active, crashes=1)
    assert_violated(BACKUP(), leader_workers.single_active, suspicions=1, length=1)


def test_lw_stale_leader_harmless():
    harmless = leader_workers.stale_leader_is_harmless
    fenced = VARIANTS["backup-fenced"]
    assert_violated(BACKUP(tasks=1), harmless, suspicions=1, length=9)
    assert_holds(fenced(tasks=1), [harmless, "at least once"], suspicions=at_most(1, "leader"))
    assert_holds(fenced(tasks=1), harmless, suspicions=1, crashes=1)
    assert_holds(fenced(tasks=1), harmless, suspicions=2)


def test_lw_stale_leader_harmless_needs_fencing_even_if_no_suspicion_is_wrong():
    # What a leader that is dead by now had assigned may still be carried out.
    harmless = leader_workers.stale_leader_is_harmless
    assert_holds(BACKUP(tasks=1), harmless, crashes=A_LEADER)
    assert_violated(BACKUP(), harmless, crashes=A_LEADER, length=10)
    assert_holds(VARIANTS["backup-fenced"](), [harmless, "at least once"], crashes=A_LEADER)


@pytest.mark.slow
def test_what_was_refused_is_done_under_the_new_epoch():
    fenced = VARIANTS["backup-fenced"]()
    assert_holds(fenced, "at least once", suspicions=at_most(1, "leader"))

    @possible
    def refused(world):
        """The store refuses a write, and all is done all the same."""
        return bool(world.in_flight(leader_workers.Failed)) and len(leader_workers.effects(world)) > 1

    assert_holds(fenced, refused, suspicions=at_most(1, "leader"))
