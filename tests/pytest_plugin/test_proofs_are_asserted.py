"""assert_proved: what it returns, and what it says when it fails."""

from __future__ import annotations

import sys

import pytest

from everyway import UsageError
from everyway.proofs.theories.fencing import Fencing
from everyway.proofs.theories.raft_election import RaftElection
from everyway.testing import CounterexampleFound, assert_proved


def test_a_proof_is_returned():
    assert len(assert_proved(Fencing, timeout=60.0).obligations) == 11


def test_the_step_that_breaks_a_lemma_is_told_in_one_line():
    with pytest.raises(CounterexampleFound) as found:
        assert_proved(Fencing.variants()["no-fencing"], timeout=60.0)
    assert str(found.value) == (
        "Fencing (no-fencing) not proved: 1 of 11 obligations fails; write(c = c1, k = k1) breaks writes-never-go-back"
    )
    assert found.value.trace is None


def test_a_goal_that_does_not_follow_is_told():
    with pytest.raises(CounterexampleFound) as found:
        assert_proved(RaftElection.variants()["half-quorum"], timeout=60.0)
    assert str(found.value) == (
        "Raft election (half-quorum) not proved: 1 of 22 obligations fails; safety of election-safety fails"
    )


def test_without_z3_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(UsageError, match="pip install"):
        assert_proved(Fencing)
