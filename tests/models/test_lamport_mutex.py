"""Lamport's mutual exclusion, and what each of its rules is for."""

from __future__ import annotations

import pytest

from everyway import possible
from everyway.models import lamport_mutex
from everyway.models.lamport_mutex import LamportMutex
from everyway.testing import assert_holds, assert_violated


def test_one_after_the_other_in_the_order_of_time_stamps():
    report = assert_holds(LamportMutex())
    assert report.statistics.states == 1_805


@pytest.mark.parametrize(
    ("variant", "prop", "length"),
    [
        ("reordering", lamport_mutex.mutual_exclusion, 8),
        ("no-wait-for-acknowledgements", lamport_mutex.mutual_exclusion, 4),
        ("ties-unbroken", lamport_mutex.mutual_exclusion, 8),
        ("clocks-stand-still", lamport_mutex.every_request_is_granted, 6),
        ("no-release", lamport_mutex.every_request_is_granted, 11),
    ],
)
def test_a_variant_fails(variant, prop, length):
    assert_violated(LamportMutex.variants()[variant](), prop, length=length)


def test_one_process_needs_nobody():
    @possible
    def waits(world):
        """Somebody waits."""
        return any(process.state is lamport_mutex.State.WAITING for process in world)

    assert_holds(LamportMutex(processes=1), [lamport_mutex.every_request_is_granted, waits])
