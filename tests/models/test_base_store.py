"""Section 6 of the catalogue of claims: BASE, its merge policies, and what a session may rely on."""

import itertools

import pytest

from everyway import possible
from everyway.models import base_store
from everyway.models.base_store import (
    BaseStore,
    SessionStore,
    Write,
    broken_laws,
    last_to_arrive,
    latest,
    union,
)
from everyway.testing import assert_holds, assert_violated

VARIANTS = BaseStore.variants()
ARRIVAL, CRDT, SKEWED, ENDLESS = (VARIANTS[name] for name in ("arrival", "crdt", "lww-skewed", "endless"))
SESSIONS = SessionStore.variants()


@pytest.mark.parametrize(("model", "states"), [(BaseStore, 605), (CRDT, 605)])
def test_stamps_and_sets_keep_all_promises(model, states):
    assert assert_holds(model()).statistics.states == states


def test_base_soft_state():
    report = assert_holds(BaseStore(), base_store.soft_state)
    assert report.verdicts[0].length == 1


@pytest.mark.parametrize("model", [BaseStore, CRDT, SKEWED])
def test_base_eventual(model):
    assert_holds(model(), base_store.eventual)
    assert_holds(model(replicas=2, writes=2), base_store.eventual)


def test_base_eventual_is_broken_if_what_arrives_last_wins():
    assert_violated(ARRIVAL(replicas=2), base_store.eventual, length=4)
    assert_violated(ARRIVAL(), base_store.eventual)


def test_base_eventual_is_broken_if_an_update_is_lost():
    assert_violated(BaseStore(replicas=2), base_store.eventual, losses=1)


@pytest.mark.parametrize("model", [BaseStore, CRDT, SKEWED])
def test_base_sec(model):
    assert_holds(model(), base_store.strong_eventual_consistency)
    assert_holds(model(replicas=2, writes=2), base_store.strong_eventual_consistency, duplicates=1)


def test_base_sec_is_broken_if_what_arrives_last_wins():
    assert_violated(ARRIVAL(), base_store.strong_eventual_consistency, length=4)


def sets():
    writes = [Write(1, "R1", 1), Write(1, "R2", 1), Write(2, "R1", 2)]
    return [
        frozenset(some) for count in range(len(writes) + 1) for some in itertools.combinations(writes, count)
    ]


def test_base_crdt_laws():
    one_at_most = [shown for shown in sets() if len(shown) <= 1]
    assert not broken_laws(union, sets())
    assert not broken_laws(latest, one_at_most)
    assert broken_laws(last_to_arrive, one_at_most) == {"commutative"}


def test_base_convergence_needs_merge():
    # The "suitable way" of the notes is all that matters: one of the policies does not converge.
    for model in (BaseStore, CRDT, SKEWED):
        assert_holds(model(), "eventual")
    assert_violated(ARRIVAL(), "eventual")


def test_base_no_quiescence():
    assert_violated(ENDLESS(), base_store.no_quiescence, length=10)
    assert_holds(ENDLESS(), "copies agree")


def test_base_lww_lost_update():
    assert_violated(SKEWED(), base_store.no_lost_update, length=3)
    assert_holds(BaseStore(), base_store.no_lost_update)
    assert_holds(BaseStore(replicas=2, writes=2), base_store.no_lost_update)
    assert_holds(CRDT(), base_store.no_lost_update)


def test_base_lww_lost_update_of_concurrent_writes_one_is_lost_all_the_same():
    assert_holds(BaseStore(replicas=2), base_store.a_concurrent_write_is_lost)
    assert_violated(CRDT(replicas=2), base_store.a_concurrent_write_is_lost)


def test_base_read_your_writes():
    assert_holds(SessionStore(readers=0), base_store.reads_own_writes)
    assert_holds(SESSIONS["sticky"](readers=0), base_store.reads_own_writes)
    assert_violated(SESSIONS["roaming"](readers=0), base_store.reads_own_writes, length=6)
    assert_holds(SESSIONS["roaming"](readers=0, replicas=1), base_store.reads_own_writes)


@pytest.mark.slow
def test_base_monotonic_reads():
    assert_holds(SessionStore(), ["monotonic reads", "every read is answered"])
    assert_holds(SESSIONS["sticky"](), base_store.reads_never_go_back)
    assert_violated(SESSIONS["roaming"](), base_store.reads_never_go_back, length=8)
    assert_holds(SESSIONS["roaming"](reads=1), base_store.reads_never_go_back)


def test_what_a_session_carries_costs_availability_if_an_update_is_lost():
    assert_violated(SessionStore(readers=0), base_store.every_read_is_answered, losses=1)

    @possible
    def read_waits(world):
        """A read waits for an update that is on its way."""
        return any(
            world[envelope.to].version < envelope.message.at_least
            for envelope in world.in_flight(base_store.Get)
        )

    assert_holds(SessionStore(readers=0), read_waits)
    assert_violated(SESSIONS["sticky"](readers=0), read_waits)
