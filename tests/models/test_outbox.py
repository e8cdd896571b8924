"""The local message table: what its promises rest on, at the shortest."""

from __future__ import annotations

import pytest

from everyway.models import outbox
from everyway.models.outbox import Outbox
from everyway.testing import assert_holds, assert_violated

CRASH = {"crashes": 1, "restarts": 1}


@pytest.mark.parametrize(
    "faults",
    [{}, CRASH, {"losses": 2}, {"duplicates": 1}, {"timeouts": "early"}],
    ids=["none", "crash", "losses", "duplicate", "early"],
)
def test_every_promise_holds_whatever_fails(faults):
    assert_holds(Outbox(), **faults)


@pytest.mark.slow
def test_so_they_do_with_two_relays_and_two_crashes():
    report = assert_holds(Outbox(relays=2), [outbox.exactly_once, outbox.no_loss], crashes=2, restarts=2)
    assert report.statistics.states == 936_633


@pytest.mark.parametrize(
    ("variant", "prop", "length", "faults"),
    [
        ("as-noted", outbox.exactly_once, 12, CRASH),
        ("noted-separately", outbox.exactly_once, 16, CRASH),
        ("acknowledge-first", outbox.no_loss, 7, {}),
        ("acknowledge-first", outbox.eventual, 18, CRASH),
        ("delete-first", outbox.no_loss, 2, {}),
        ("delete-first", outbox.eventual, 12, CRASH),
        ("volatile-broker", outbox.no_loss, 5, CRASH),
        ("database-first", outbox.eventual, 6, CRASH),
        ("broker-first", outbox.no_phantom, 5, {}),
        ("two-databases", outbox.row_iff_message, 1, {}),
        ("two-databases", outbox.eventual, 13, CRASH),
        ("poison", outbox.eventual, 12, {}),
    ],
)
def test_a_variant_fails(variant, prop, length, faults):
    assert_violated(Outbox.variants()[variant](), prop, length=length, **faults)


def test_what_changes_the_order():
    assert_holds(outbox.AsNoted(), outbox.in_order, losses=1)
    assert_violated(outbox.AsNoted(), outbox.in_order, length=20, **CRASH)
    assert_violated(outbox.AsNoted(relays=2), outbox.in_order, length=22)
    assert_violated(outbox.AsNoted(), outbox.in_order, timeouts="early", length=19)
