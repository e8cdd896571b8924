"""Who is ringed in red."""

import pytest
from pings import trace_to

from everyway import broken
from everyway.invariants import always, never


@pytest.mark.parametrize("kind", [always, never])
def test_the_nodes_that_could_have_kept_the_promise_are_guilty(kind):
    def both(world):
        return world["B"].pings == 1 and world["C"].pings == 1

    predicate = both if kind is never else lambda world: not both(world)
    assert {guilt.node for guilt in trace_to(predicate, kind=kind).guilty} == {"B", "C"}


def test_a_node_that_no_earlier_state_would_have_saved_is_not_guilty():
    trace = trace_to(lambda world: world["B"].pings < 1, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["B"]


def test_the_predicate_has_the_first_word_on_who_is_guilty():
    def blames(world):
        return broken("C is to blame", "C") if world["B"].pings else True

    trace = trace_to(blames, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["C"]
    assert trace.sentence == "C is to blame."


def test_if_nobody_could_have_kept_it_those_that_were_read_are_guilty():
    trace = trace_to(lambda world: world["B"].pings + world["C"].pings < 0, kind=always)
    assert [guilt.node for guilt in trace.guilty] == ["B", "C"]
