"""Reads under a lease are fresh if promises outlast it; the mistakes show at the shortest."""

import pytest

from everyway import check
from everyway.models.raft_leases import RaftLeases
from everyway.models.raft_reads import RaftReads, reads_are_fresh
from everyway.testing import assert_holds, assert_violated


@pytest.mark.slow
def test_the_textbook_keeps_its_promises():
    report = assert_holds(RaftLeases())
    assert report.statistics.states == 54_718
    assert report["a read is answered"].length == 7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "length"), [("no-margin", 16), ("from-the-answer", 19), ("no-promise", 13)]
)
def test_a_variant_reads_what_is_out_of_date(variant, length):
    assert_violated(RaftLeases.variants()[variant](), reads_are_fresh, length=length)


def test_without_a_later_term_nobody_asks_for_a_lease_as_nobody_could_be_unseated():
    report = check(RaftLeases(terms=1))
    assert report["reads are fresh"].outcome.value == "holds"
    assert report["a read is answered"].outcome.value == "violated"


@pytest.mark.slow
def test_the_leader_of_the_first_term_may_read_before_anything_is_committed_and_must_confirm():
    assert_holds(RaftReads())
