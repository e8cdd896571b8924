"""Atomic is not isolated: what two-phase commit lets a reader see, and what locks cost."""

from __future__ import annotations

import pytest

from everyway.models import acid
from everyway.models.acid import Acid
from everyway.models.language import at_most
from everyway.testing import assert_holds, assert_violated

CRASH = {"crashes": 1, "restarts": 1}


def test_with_locks_all_promises_hold_even_if_readers_crash():
    assert_holds(Acid(readers=2))
    assert_holds(Acid(), crashes=at_most(1, "reader"), restarts=1)


def test_what_is_atomic_isolated_and_durable_stays_so_in_a_crash():
    assert_holds(Acid(), ["agreement", "no fractured read", "durability"], **CRASH)


@pytest.mark.parametrize(
    ("variant", "prop", "length", "faults"),
    [
        ("as-noted", acid.no_fractured_read, 11, {}),
        ("only-prepared-locked", acid.no_fractured_read, 11, {}),
        ("volatile-log", acid.durability, 7, CRASH),
        ("volatile-log", "agreement", 13, CRASH),
        ("no-time-out", acid.reads_end, 9, {}),
    ],
)
def test_a_variant_fails(variant, prop, length, faults):
    assert_violated(Acid.variants()[variant](), prop, length=length, **faults)


def test_one_server_cannot_be_read_half():
    assert_holds(acid.AsNoted(servers=1), acid.no_fractured_read)
