"""Consistency as an invariant of the data goes together with availability and partitions for some invariants."""

import pytest
from explored import shortest

from everyway import Outcome
from everyway.models.replicated_account import (
    ReplicatedAccount,
    available,
    converges,
    never_overdrawn,
)
from everyway.testing import assert_holds, assert_violated

VARIANTS = ReplicatedAccount.variants()
FOR_EVER = {"partitions": 1, "heals": 0}


@pytest.mark.parametrize("replicas", [2, 3])
def test_cap_literal_c(replicas):
    # With the notes' consistency, "from one consistent state to another", deposits have all three of CAP.
    assert_holds(ReplicatedAccount(replicas=replicas), [never_overdrawn, available], **FOR_EVER)
    # Withdrawals do not: two of the same money are seen when they meet.
    assert_violated(VARIANTS["withdraw-locally"](replicas=replicas), never_overdrawn, length=3, **FOR_EVER)


def test_the_account_is_overdrawn_once_both_withdrawals_are_heard_of():
    assert shortest(VARIANTS["withdraw-locally"](), never_overdrawn) == [
        "N1: withdraw 1",
        "N2: withdraw 1",
        "N1 receives -1 from N2: add",
    ]


def test_nobody_is_overdrawn_who_has_enough_for_all():
    assert_holds(VARIANTS["withdraw-locally"](opening=2), never_overdrawn)


@pytest.mark.parametrize("replicas", [2, 3])
def test_the_textbook_keeps_its_promises_and_converges_once_a_partition_has_ended(replicas):
    report = assert_holds(ReplicatedAccount(replicas=replicas), partitions=1)
    assert report.outcome is Outcome.HOLDS
    assert not report.findings
    assert_violated(ReplicatedAccount(), converges, **FOR_EVER)


@pytest.mark.parametrize("replicas", [2, 3])
def test_shares_of_their_own_make_withdrawals_safe_and_available(replicas):
    model = VARIANTS["escrow"](replicas=replicas, opening=2)
    assert_holds(model, [never_overdrawn, available], **FOR_EVER)


def test_shares_need_the_order_in_which_a_replica_booked():
    assert_violated(VARIANTS["escrow"](), never_overdrawn, length=4, network="bag")
    assert_holds(VARIANTS["escrow"](deposits=0), never_overdrawn, network="bag")


def test_asking_first_is_safe_but_not_available():
    model = VARIANTS["ask-first"]()
    assert_holds(model)
    assert_holds(model, never_overdrawn, **FOR_EVER)
    assert_violated(model, available, length=5, **FOR_EVER)
    assert_holds(model, available, partitions=1)
