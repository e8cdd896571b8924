"""Agreement: that the table engine, however it is run, gives what the reference explorer gives."""

from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch

WAYS = [
    {"engine": "plain"},
    {"engine": "plain", "batch": 1},
    {"engine": "tables"},
    {"engine": "tables", "threads": 2, "batch": 5},
]
"""How the table engine may be run."""


def assert_agree(make, properties=(), limits=None) -> Exploration:
    """See that the table engine, however it is run, gives what the reference gives; return the reference's search.

    Every search has a system of its own, so that none profits from what another one asked.
    """
    system = make()
    reference = Exploration(system, properties, limits=limits).run()
    asked = system.handler_calls
    reference.statistics.seconds = 0
    for way in WAYS:
        system = make()
        tables = TableSearch(system, properties, limits=limits, **way).run()
        assert (way, system.handler_calls) == (way, asked)
        tables.statistics.seconds = 0
        assert (way, tables.statistics) == (way, reference.statistics)
        assert tables.is_complete == reference.is_complete
        for number in {0, len(reference.states) // 2, len(reference.states) - 1}:
            assert tables.path_to(number) == reference.path_to(number)
        assert_same_verdicts(reference, tables)
    return reference


def assert_same_verdicts(reference, tables) -> None:
    for expected, verdict in zip(reference.verdicts(), tables.verdicts(), strict=True):
        assert verdict.property is expected.property
        assert (verdict.outcome, verdict.why) == (expected.outcome, expected.why)
        assert (verdict.path, verdict.broken) == (expected.path, expected.broken)
        assert verdict.is_shortest == expected.is_shortest
        assert set(verdict.trapped) == set(expected.trapped)
