"""The alternating-bit protocol, and what each part of it is for."""

from __future__ import annotations

import pytest

from everyway.models import alternating_bit as abp
from everyway.models.alternating_bit import AlternatingBit
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"losses": 2, "duplicates": 2},
        {"crashes": 1, "restarts": 1},
        {"timeouts": "early", "losses": 1, "duplicates": 1},
    ],
    ids=["none", "losses and duplicates", "crash", "early time-outs"],
)
def test_items_arrive_once_and_in_order_whatever_the_channel_does(faults):
    assert_holds(AlternatingBit(), **faults)


@pytest.mark.parametrize(
    ("variant", "prop", "length", "faults"),
    [
        ("no-bit", abp.in_order_and_once, 5, {"losses": 1}),
        ("no-bit", abp.in_order_and_once, 4, {"duplicates": 1}),
        ("no-bit-in-acknowledgements", abp.acknowledged_is_delivered, 6, {"duplicates": 1}),
        ("reordering", abp.in_order_and_once, 7, {"duplicates": 1}),
        ("no-retransmission", abp.everything_is_delivered, 2, {"losses": 1}),
    ],
)
def test_a_variant_fails(variant, prop, length, faults):
    assert_violated(AlternatingBit.variants()[variant](), prop, length=length, **faults)


@pytest.mark.parametrize(
    "variant", ["no-bit", "no-bit-in-acknowledgements", "reordering", "no-retransmission"]
)
def test_without_faults_no_mistake_shows(variant):
    assert_holds(AlternatingBit.variants()[variant]())


def test_one_lost_packet_alone_shows_no_mistake_in_acknowledgements():
    assert_holds(abp.NoBitInAcknowledgements(), losses=1)


def test_two_items_are_too_few_for_an_old_packet_to_look_new():
    assert_holds(abp.Reordering(items=1), abp.in_order_and_once, duplicates=1)
    assert_violated(abp.Reordering(items=2), abp.in_order_and_once, duplicates=1, length=7)
