"""What stops a search leaves counts and verdicts that agree."""

import time

import pytest
from agreement import WAYS, assert_same_verdicts
from counters import Pair
from markets import CRASHING, PROMISES, Starting, busy, calm, in_debt, market

from everyway import Limits, System, always, never, possible
from everyway.explorer import Exploration
from everyway.explorer.tables import search as table_search
from everyway.explorer.tables.search import TableSearch
from everyway.explorer.tables.store import CompiledStore
from everyway.models.gray_lamport import TwoPhase
from everyway.models.two_phase_commit import TwoPhaseCommit


class Interrupted(System):
    """A system that is interrupted when so many of its worlds were asked for their steps."""

    asked_at_most = 0

    def steps(self, world):
        if not self.asked_at_most:
            raise KeyboardInterrupt
        self.asked_at_most -= 1
        return super().steps(world)


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [{"engine": "plain", "batch": 1}, {"engine": "tables", "batch": 7, "threads": 2}]
)
def test_an_interrupt_by_the_watcher_leaves_counts_that_agree(way):
    told = []

    def watcher(statistics, frontier):
        told.append((statistics.states, frontier))
        if len(told) == 3:
            raise KeyboardInterrupt

    def dawdle(world):
        time.sleep(0.01)
        return sum(node.count for node in world) < 3

    properties = [always(dawdle, name="few"), possible(lambda world: world["A"].count == 4, name="four")]
    tables = TableSearch(System(Pair()), properties, watcher=watcher, **way).run()
    assert (tables.stopped_by, tables.is_complete) == ("interrupt", False)
    assert told == sorted(told)
    system = Interrupted(Pair())
    system.asked_at_most = tables.links.expanded
    properties = [always(lambda world: sum(node.count for node in world) < 3, name="few"), properties[1]]
    reference = Exploration(system, properties).run()
    reference.statistics.seconds = tables.statistics.seconds = 0
    assert tables.statistics == reference.statistics
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        assert (verdict.outcome, verdict.path, verdict.why) == (expected.outcome, expected.path, expected.why)
    assert [tables.path_to(number) for number in range(tables.statistics.states)] == [
        reference.path_to(number) for number in range(reference.statistics.states)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_no_time_at_all_leaves_the_starts(way):
    limits = Limits(max_seconds=0)
    calm_at_first = never(lambda world: world["B"].mood == 2, name="calm at first")
    tables = TableSearch(market(kind=Starting)(), [calm_at_first, busy, in_debt], limits=limits, **way).run()
    assert tables.stopped_by == "max_seconds"
    assert (tables.statistics.states, tables.statistics.starts, tables.statistics.transitions) == (3, 3, 0)
    assert [verdict.outcome.value for verdict in tables.verdicts()] == ["violated", "unknown", "unknown"]
    assert tables.told_limit == "stopped after 0 s, at 3 states"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("max_states", [0, 1, 2])
def test_a_limit_below_the_number_of_starts_leaves_so_many(way, max_states):
    limits = Limits(max_states=max_states)
    make = market(kind=Starting)
    reference = Exploration(make(), PROMISES, limits=limits).run()
    tables = TableSearch(make(), PROMISES, limits=limits, **way).run()
    reference.statistics.seconds = tables.statistics.seconds = 0
    assert tables.statistics == reference.statistics
    assert tables.statistics.states == max_states
    assert tables.stopped_by == reference.stopped_by == "max_states"
    assert_same_verdicts(reference, tables)


@pytest.mark.parametrize("way", WAYS)
def test_stopping_when_all_is_decided_says_so(way):
    tables = TableSearch(market()(), [calm], stop_when_decided=True, **way).run()
    whole = TableSearch(market()(), [calm], **way).run()
    assert (tables.stopped_by, whole.stopped_by) == ("decided", "")
    assert tables.statistics.states < whole.statistics.states
    assert tables.verdicts()[0].path == whole.verdicts()[0].path


def test_a_search_is_compiled_once_it_has_grown(monkeypatch):
    monkeypatch.setattr(table_search, "WORTH_COMPILING", 300)
    protocol = TwoPhaseCommit()
    grown = TableSearch(System(protocol, CRASHING), list(protocol.promises()), engine="auto", threads=2).run()
    assert isinstance(grown.expander.store, CompiledStore)
    plain = TableSearch(System(protocol, CRASHING), list(protocol.promises()), engine="plain").run()
    grown.statistics.seconds = plain.statistics.seconds = 0
    assert grown.statistics == plain.statistics
    assert repr([verdict.path for verdict in grown.verdicts()]) == repr([v.path for v in plain.verdicts()])
    small = TableSearch(System(TwoPhase(2)), engine="auto").run()
    assert not isinstance(small.expander.store, CompiledStore)
