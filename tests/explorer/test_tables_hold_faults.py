"""Under every fault the table engine gives what the reference gives."""

import pytest
from agreement import assert_agree
from markets import PROMISES, Returning, Shop, Wary, market

from everyway import Kind, Network, always, every_step, never, possible, recoverable


@pytest.mark.parametrize("network", list(Network))
@pytest.mark.parametrize("shop", [Shop, Returning])
def test_restarts_with_and_without_a_handler(network, shop):
    reference = assert_agree(market(shop=shop, network=network, crashes=1, restarts=1), PROMISES)
    assert reference.statistics.taken(Kind.RESTART) > 0
    assert (reference.statistics.taken(Kind.DROP) > 0) == (network != Network.SET)


def test_a_restart_that_another_crash_cuts_short():
    reference = assert_agree(market(shop=Returning, crashes=2, restarts=1), PROMISES)
    assert any(deed.crashed and deed.kind is Kind.RESTART for deed in reference.statistics.deeds)


@pytest.mark.parametrize("heals", [None, 0, 1, 2])
def test_partitions_and_heals(heals):
    cut_off = recoverable(lambda world: not world.is_partitioned, name="becomes whole")
    reference = assert_agree(market(partitions=2, heals=heals), [*PROMISES, cut_off])
    assert (reference.statistics.taken(Kind.HEAL) > 0) == (heals != 0)


def test_what_a_property_reads_of_the_environment():
    properties = [
        always(lambda world: world.faults_left("crashes") == 1, name="no crash"),
        always(lambda world: world.can_reach("A", "B"), name="near", when=lambda world: world.is_partitioned),
        never(lambda world: len(world.sides) == 2 and "C" in world.sides[1], name="C is apart"),
        always(
            lambda world: len(world.live(Shop)) == 2, name="all open", when=lambda world: world["B"].mood == 1
        ),
        every_step(
            lambda before, action, after: before.left == after.left,
            name="nothing is spent",
            when=lambda before, action, after: action.kind is Kind.CRASH,
        ),
        possible(lambda world: not any(world.up) or world.left == (0,) * len(world.left), name="all is lost"),
    ]
    assert_agree(market(crashes=1, partitions=1, heals=0), properties)


def test_true_suspicions():
    reference = assert_agree(market(shop=Wary, crashes=1, restarts=1), PROMISES)
    assert {deed.is_false for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION} == {False}


def test_false_suspicions():
    reference = assert_agree(market(shop=Wary, suspicions=2), PROMISES)
    assert {deed.is_false for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION} == {True}


def test_true_and_false_suspicions_and_crashes_in_the_middle_of_them():
    reference = assert_agree(market(shop=Wary, suspicions=1, crashes=2), PROMISES)
    seen = {deed for deed in reference.statistics.deeds if deed.kind is Kind.SUSPICION}
    assert {(deed.is_false, deed.crashed) for deed in seen} == {
        (False, False),
        (False, True),
        (True, False),
        (True, True),
    }
