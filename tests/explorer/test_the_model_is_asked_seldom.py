"""Predicates are asked once for all that look alike to them, and nothing depends on the number of threads."""

import pytest
from agreement import WAYS
from markets import CRASHING, market

from everyway import System, every_step, possible
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.two_phase_commit import TwoPhaseCommit


def test_nothing_depends_on_how_many_threads_there_are():
    def told(**way):
        protocol = TwoPhaseCommit()
        tables = TableSearch(System(protocol, CRASHING), list(protocol.promises()), **way).run()
        tables.statistics.seconds = 0
        paths = [tables.path_to(number) for number in range(0, tables.statistics.states, 97)]
        verdicts = [
            (verdict.outcome, verdict.path, verdict.broken, verdict.why, list(verdict.trapped))
            for verdict in tables.verdicts()
        ]
        return repr((paths, verdicts, sorted(tables.statistics.deeds.items(), key=repr))), tables.statistics

    alone = told(engine="plain")
    for way in [
        {"threads": 1},
        {"threads": 2},
        {"threads": 3},
        {"threads": 2, "batch": 1},
        {"threads": 4, "batch": 50},
    ]:
        assert told(engine="tables", **way) == alone


@pytest.mark.parametrize("way", WAYS)
def test_a_predicate_is_asked_once_for_all_states_that_look_alike_to_it(way):
    asked = []

    def judge(world):
        asked.append(world)
        return world["R1"].state is not world["R2"].state or not world.is_up("TM")

    properties = [possible(judge, name="differ"), *TwoPhase(4).promises()]
    tables = TableSearch(System(TwoPhase(4)), properties, **way).run()
    assert tables.statistics.states == 1_568
    # Each of the four properties reads the managers only: 4 states of each, at most 256 together.
    assert len(asked) <= 16
    assert tables.expander.tries.calls <= 16 + 3 * 256


def test_a_predicate_of_steps_is_asked_once_for_all_steps_that_look_alike_to_it():
    asked = []

    def judge(before, action, after):
        asked.append(action)
        return before["R1"].state == after["R1"].state or action.node == "R1"

    tables = TableSearch(System(TwoPhase(4)), [every_step(judge, name="alone")], engine="plain").run()
    assert tables.statistics.transitions == 8_257
    assert len(set(asked)) <= len(asked) < 300


def test_the_values_that_each_part_took_are_told():
    for way in WAYS:
        tables = TableSearch(market(network="fifo", losses=1)(), **way).run()
        assert tables.statistics.values == {
            "node A": 3,
            "node B": 2,
            "node C": 2,
            "environment": 2,
            "messages from A to B": 2,
            "messages from A to C": 2,
            "messages from B to A": 2,
            "messages from C to A": 2,
        }
