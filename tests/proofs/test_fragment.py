"""Which theories z3 is bound to decide."""

from __future__ import annotations

import pytest
from test_unknown_is_never_proved import Endless

from everyway.proofs.catalogue import THEOREMS
from everyway.proofs.fragment import leaves_fragment

CYCLES = {
    "raft": "majority -> server -> majority, in the consecution of granted-was-voted under stand-for-election",
}
"""z3 decides it all the same."""


@pytest.mark.parametrize("name", [name for name, one in THEOREMS.items() if one.kind == "induction"])
def test_most_theories_are_within_the_decidable_fragment(name):
    cycle = leaves_fragment(THEOREMS[name].load().specification())
    assert (None if cycle is None else str(cycle)) == CYCLES.get(name)


def test_an_element_for_each_element_of_the_same_sort_is_outside():
    cycle = leaves_fragment(Endless.specification())
    assert str(cycle) == "moment -> moment, in the initiation of nothing-gets-marked"


@pytest.mark.parametrize("variant", THEOREMS["paxos"].load().variants())
def test_a_mistake_in_paxos_is_decided_too(variant):
    assert leaves_fragment(THEOREMS["paxos"].load().variants()[variant].specification()) is None
