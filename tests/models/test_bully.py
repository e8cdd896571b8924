"""The bully algorithm: who takes the post, and what that rests on."""

from __future__ import annotations

import pytest

from everyway.models import bully
from everyway.models.bully import Bully
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize("crashes", [0, 1, 2])
def test_the_greatest_that_is_up_leads_whoever_crashes(crashes):
    assert_holds(Bully(), crashes=crashes)


def test_a_wrong_suspicion_changes_nothing():
    assert_holds(Bully(), suspicions=1)


def test_without_a_bound_on_time_two_take_office():
    assert_violated(Bully(), bully.one_coordinator, timeouts="early", length=3)


def test_who_comes_back_may_meet_the_news_of_its_successor():
    assert_violated(Bully(), bully.one_coordinator, crashes=1, restarts=1, length=7)
    assert_violated(Bully(), bully.the_greatest_leads, crashes=1, restarts=1, length=10)


@pytest.mark.parametrize(
    ("variant", "prop", "length"),
    [
        ("no-election", bully.one_coordinator, 2),
        ("tells-nobody", bully.a_coordinator_is_known, None),
    ],
)
def test_a_variant_fails(variant, prop, length):
    assert_violated(Bully.variants()[variant](), prop, length=length)
