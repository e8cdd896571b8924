"""Replicated data types: replicas that have seen the same show the same, and what breaks that."""

from __future__ import annotations

import itertools

import pytest

from everyway.models.crdt import (
    Counts,
    Entries,
    LwwMap,
    OrSet,
    PnCounter,
    Tagged,
    Update,
    convergence,
    everything_is_seen,
    nothing_is_made_up,
    strong_convergence,
)
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize("kind", [PnCounter, OrSet, LwwMap])
def test_replicas_that_have_seen_the_same_show_the_same_and_do_at_last(kind):
    assert_holds(kind(updates=1), [strong_convergence, nothing_is_made_up, convergence, everything_is_seen])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "states"), [(OrSet, 11_573), (LwwMap, 11_125)])
def test_so_it_is_with_two_updates_each(kind, states):
    report = assert_holds(kind(), [strong_convergence, nothing_is_made_up, convergence])
    assert report.statistics.states == states


def test_losses_repetitions_and_a_crash_change_nothing_but_when():
    """On a set network everything that was sent may be lost, late or come again; what is told stays."""
    assert_holds(OrSet(updates=1), [strong_convergence, nothing_is_made_up], crashes=1, restarts=1)


@pytest.mark.parametrize(
    ("kind", "variant", "updates", "prop", "length"),
    [
        (PnCounter, "sum-merge", 1, strong_convergence, 5),
        (PnCounter, "max-merge", 1, strong_convergence, 3),
        (PnCounter, "one-vector", 2, strong_convergence, 6),
        (OrSet, "plain-remove", 1, strong_convergence, 6),
        (OrSet, "plain-remove", 1, nothing_is_made_up, 5),
        (OrSet, "two-phase", 2, nothing_is_made_up, 5),
        (LwwMap, "no-tie-break", 1, strong_convergence, 6),
        (LwwMap, "no-tie-break", 1, convergence, 7),
        (LwwMap, "skewed-clocks", 1, nothing_is_made_up, 4),
    ],
)
def test_a_variant_fails(kind, variant, updates, prop, length):
    assert_violated(kind.variants()[variant](updates=updates), prop, length=length)


@pytest.mark.parametrize(
    ("kind", "variant", "updates", "prop"),
    [
        (PnCounter, "one-vector", 1, strong_convergence),
        (OrSet, "two-phase", 1, nothing_is_made_up),
        (OrSet, "two-phase", 2, strong_convergence),
        (LwwMap, "skewed-clocks", 1, strong_convergence),
        (LwwMap, "no-tie-break", 1, nothing_is_made_up),
    ],
)
def test_what_a_variant_keeps_or_hides(kind, variant, updates, prop):
    assert_holds(kind.variants()[variant](updates=updates), prop)


def runs(start, replica, length):
    """Yield what a replica on its own may come to hold, update by update."""
    if length == 0:
        yield [start]
        return
    for run in runs(start, replica, length - 1):
        for _, after in run[-1].updates(replica, length):
            yield [*run, after]


@pytest.mark.parametrize("start", [Counts(), Tagged(), Entries()], ids=["counter", "set", "map"])
def test_merging_is_a_least_upper_bound(start):
    """Commutative, associative, idempotent; and who merges goes up: merging the same again changes nothing."""
    for ours, theirs in itertools.product(runs(start, "A", 2), runs(start, "B", 2)):
        for one, other, third in itertools.product({*ours, *theirs}, repeat=3):
            assert one.merge(one) == one
            assert one.merge(other) == other.merge(one)
            assert one.merge(other).merge(other) == one.merge(other)
            assert one.merge(other).merge(third) == one.merge(other.merge(third))


def test_an_update_reads_like_one():
    assert str(Update("R1", 2, "add x")) == "add x (R1.2)"
