"""Changing Raft's members one at a time, and the rule that was forgotten at first."""

from __future__ import annotations

import pytest

from everyway.models.raft import leader_completeness
from everyway.models.raft_membership import NoEntryOfOwnTerm, RaftMembership
from everyway.testing import assert_holds, assert_violated


@pytest.mark.slow
def test_with_the_rule_every_promise_holds():
    report = assert_holds(RaftMembership())
    assert report.statistics.states == 127_300


@pytest.mark.slow
def test_without_it_two_changes_of_one_set_lose_a_committed_entry():
    assert_violated(NoEntryOfOwnTerm(), leader_completeness, length=18)


@pytest.mark.parametrize("smaller", [{"servers": 3, "bystanders": 1}, {"terms": 2}])
def test_which_shows_with_four_servers_and_three_terms_and_not_with_fewer(smaller):
    assert_holds(NoEntryOfOwnTerm(**smaller), leader_completeness)
