"""A log from Paxos: one command for each slot, gaps and all."""

from __future__ import annotations

import pytest

from everyway.models import multi_paxos
from everyway.models.multi_paxos import MultiPaxos
from everyway.testing import assert_holds, assert_violated

SAFE = [multi_paxos.one_command_for_each_slot, multi_paxos.logs_agree]


def test_one_slot_is_paxos():
    assert_holds(MultiPaxos(slots=1), [*SAFE, multi_paxos.the_log_is_full])


@pytest.mark.parametrize(
    ("acceptors", "states"), [(2, 4_746), pytest.param(3, 1_677_080, marks=pytest.mark.slow)]
)
def test_two_slots_are_a_log(acceptors, states):
    report = assert_holds(MultiPaxos(acceptors=acceptors))
    assert report.statistics.states == states


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "shown_at", "prop", "length"),
    [
        ("reuse-own", {}, multi_paxos.one_command_for_each_slot, 16),
        ("reuse-own", {"acceptors": 2}, multi_paxos.logs_agree, 20),
        ("skip-gap", {"acceptors": 2}, multi_paxos.logs_agree, 20),
        ("overwrites-with-no-op", {"acceptors": 2}, multi_paxos.one_command_for_each_slot, 17),
        ("half-quorum", {}, multi_paxos.one_command_for_each_slot, 10),
    ],
)
def test_a_variant_fails(variant, shown_at, prop, length):
    assert_violated(MultiPaxos.variants()[variant](**shown_at), prop, length=length)


def test_with_one_leader_there_is_nothing_to_get_wrong():
    assert_holds(multi_paxos.ReuseOwn(leaders=1), SAFE)
    assert_holds(multi_paxos.SkipGap(slots=1), SAFE)
