"""Try, confirm, cancel: reservations are all taken or all released, whatever comes late, twice or never."""

from __future__ import annotations

import pytest

from everyway.models import tcc
from everyway.models.tcc import Tcc
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize(
    "faults",
    [{}, {"crashes": 1, "restarts": 1}, {"losses": 2}, {"duplicates": 1}, {"timeouts": "late"}],
    ids=["none", "crash", "losses", "duplicate", "late time-outs"],
)
def test_every_promise_holds_whatever_fails(faults):
    assert_holds(Tcc(), **faults)


@pytest.mark.parametrize(
    ("variant", "prop", "length"),
    [
        ("hanging-try", tcc.nothing_stays_reserved, 9),
        ("empty-rollback", tcc.nothing_from_nowhere, 3),
        ("not-idempotent", tcc.nothing_from_nowhere, 5),
        ("expiring", tcc.all_or_none, 7),
    ],
)
def test_a_variant_fails(variant, prop, length):
    assert_violated(Tcc.variants()[variant](), prop, length=length)


@pytest.mark.parametrize("variant", ["not-idempotent", "expiring"])
def test_right_time_outs_hide_what_comes_twice_or_too_soon(variant):
    assert_holds(Tcc.variants()[variant](), timeouts="late")
