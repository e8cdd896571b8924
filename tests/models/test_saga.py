"""A saga: all steps or none at last, seen by everybody in between."""

from __future__ import annotations

import pytest

from everyway.models import saga
from everyway.models.language import at_most
from everyway.models.saga import Saga
from everyway.testing import assert_holds, assert_violated


@pytest.mark.parametrize(
    "faults",
    [{}, {"crashes": 1, "restarts": 1}, {"losses": 2}, {"duplicates": 1}, {"timeouts": "early", "steps": 2}],
    ids=["none", "crash", "losses", "duplicate", "early time-outs"],
)
def test_every_promise_holds_whatever_fails(faults):
    steps = {"steps": faults.pop("steps")} if "steps" in faults else {}
    assert_holds(Saga(**steps), **faults)


@pytest.mark.parametrize(
    ("variant", "prop", "length", "faults"),
    [
        ("fire-and-forget", saga.ends, 6, {"losses": 1}),
        ("forward-compensation", saga.in_reverse_order, 8, {}),
        ("volatile-log", saga.ends, 4, {"crashes": at_most(1, "O"), "restarts": 1}),
        ("not-idempotent", saga.once, 5, {"losses": 1}),
    ],
)
def test_a_variant_fails(variant, prop, length, faults):
    assert_violated(Saga.variants()[variant](), prop, length=length, **faults)


def test_with_two_steps_there_is_only_one_order_to_take_back():
    assert_holds(saga.ForwardCompensation(steps=2), saga.in_reverse_order)
