"""The steps between the states that a search visited, as arrays: the same as the plain semantics takes."""

from __future__ import annotations

import pytest

from everyway.explorer import Limits
from everyway.explorer.tables.edges import edges, parts
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.language import Faults, System
from everyway.models.raft import Raft
from everyway.models.two_phase_commit import TwoPhaseCommit


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("engine", ["plain", "tables"])
@pytest.mark.parametrize(
    "system",
    [
        System(TwoPhase(managers=2)),
        System(TwoPhaseCommit(participants=2), Faults(crashes=1, restarts=1, losses=1)),
        System(Raft(servers=2, terms=1, entries=1), Faults(crashes=1)),
    ],
    ids=str,
)
def test_every_step_that_changes_something_is_there_once(system, engine, threads):
    search = TableSearch(system, engine=engine, threads=threads, keeps_rows=True).run()
    tables = search.expander.tables
    worlds = [tables.worlds.of(numbers) for numbers in parts(search).tolist()]
    assert len(set(worlds)) == len(worlds) == search.statistics.states
    found = []
    for block in edges(search):
        for source, target, ordinal in zip(block.sources, block.targets, block.ordinals, strict=True):
            found.append((worlds[source], int(ordinal), worlds[target]))
    expected = [
        (world, ordinal, after)
        for world in worlds
        for ordinal, (_, after) in enumerate(system.steps(world))
        if after != world
    ]
    assert found == expected


def test_of_a_search_that_was_cut_short_only_what_was_expanded_is_there():
    search = TableSearch(
        System(TwoPhase(managers=2)), keeps_rows=True, engine="plain", limits=Limits(None, 10, None)
    ).run()
    steps = [(int(s), int(t)) for one in edges(search) for s, t in zip(one.sources, one.targets, strict=True)]
    assert search.statistics.states == 10
    assert {target for _, target in steps} <= set(range(10))
    assert {source for source, _ in steps} < set(range(10))
