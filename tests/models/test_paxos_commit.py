"""Paxos Commit: what two-phase commit promises, without its single point of failure."""

from __future__ import annotations

import pytest

from everyway.models import paxos_commit
from everyway.models.language import at_most
from everyway.models.paxos_commit import PaxosCommit
from everyway.testing import assert_holds, assert_violated


@pytest.mark.slow
def test_it_is_transaction_commit_and_does_not_block():
    report = assert_holds(PaxosCommit())
    assert report.statistics.states == 61_152


def test_one_acceptor_of_three_or_the_first_leader_may_be_down():
    assert_holds(PaxosCommit(managers=1), crashes=at_most(1, "A1", "L0"))


def test_with_one_acceptor_it_blocks_as_two_phase_commit_does():
    assert_violated(
        PaxosCommit(acceptors=1), paxos_commit.non_blocking, crashes=at_most(1, "acceptor"), length=2
    )


@pytest.mark.slow
def test_with_a_majority_of_the_acceptors_down_it_blocks():
    model = PaxosCommit(managers=1)
    assert_violated(model, paxos_commit.non_blocking, crashes=at_most(2, "acceptor"), length=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "prop", "length"),
    [
        ("always-abort", paxos_commit.consistency, 19),
        ("free-means-prepared", paxos_commit.consistency, 11),
        ("promise-broken", paxos_commit.consistency, 19),
        ("half-quorum", "implements transaction commit", 10),
    ],
)
def test_a_variant_fails(variant, prop, length):
    assert_violated(PaxosCommit.variants()[variant](), prop, length=length)
