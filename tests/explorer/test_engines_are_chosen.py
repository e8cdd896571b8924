"""Whichever engine is asked for, the report is the same; and what there is not is told."""

import functools
import sys

import pytest
from plain_systems import Graph

import everyway.explorer.tables.search as table_search
from everyway import Faults, Limits, Outcome, System, UsageError, always, check, never, possible, recoverable
from everyway.explorer import Exploration, explore
from everyway.explorer.tables import compiled as compiling
from everyway.explorer.tables.search import TableSearch
from everyway.explorer.tables.store import CompiledStore, PlainStore
from everyway.models.gray_lamport import TwoPhase
from everyway.models.three_phase_commit import AsNoted
from everyway.models.two_phase_commit import TwoPhaseCommit

ENGINES = ("auto", "tables", "plain", "reference")
every_engine = pytest.mark.parametrize("engine", ENGINES)


def everything(report):
    """Return all that a report says, but for the time it took."""
    report.statistics.seconds = 0
    verdicts = [
        (v.property.name, v.outcome, v.path, v.broken, v.is_shortest, v.why, set(v.trapped))
        for v in report.verdicts
    ]
    told = (report.outcome, report.bounds, report.is_complete, report.stopped, report.stopped_by)
    return told, verdicts, report.statistics, report.findings


@pytest.mark.parametrize(
    ("protocol", "options"),
    [
        (TwoPhaseCommit(), {"faults": Faults(crashes=1)}),
        (
            TwoPhaseCommit(),
            {
                "faults": Faults(losses=1),
                "network": "fifo",
                "timeouts": "early",
                "limits": Limits(max_depth=7),
            },
        ),
        (TwoPhaseCommit(), {"faults": Faults(partitions=1), "limits": Limits(max_depth=6)}),
        (AsNoted(), {"faults": Faults(crashes=1)}),
        (TwoPhase(3), {}),
    ],
    ids=["2pc", "2pc fifo", "2pc cut", "3pc as noted", "gray-lamport"],
)
def test_the_report_does_not_depend_on_the_engine(protocol, options):
    expected = everything(check(protocol, engine="reference", **options))
    for engine in ENGINES:
        for threads in (None, 1, 2):
            report = check(protocol, engine=engine, threads=threads, symmetry=False, **options)
            assert everything(report) == expected


@every_engine
def test_a_counterexample_is_replayed_whichever_engine_found_it(engine):
    report = check(AsNoted(), faults=Faults(crashes=1), engine=engine, symmetry=False)
    expected = check(AsNoted(), faults=Faults(crashes=1), engine="reference")
    assert report.outcome is Outcome.VIOLATED
    for verdict, other in zip(report.verdicts, expected.verdicts, strict=True):
        if verdict.path is not None:
            assert str(report.trace(verdict)) == str(expected.trace(other))


@every_engine
def test_a_limit_on_states_is_told_alike(engine):
    report = check(TwoPhaseCommit(), faults=Faults(crashes=1), engine=engine, limits=Limits(max_states=50))
    assert (report.stopped_by, report.statistics.states) == ("max_states", 50)
    assert report.stopped == "stopped at the limit of 50 states"


# Which engine it is.


def test_protocols_are_explored_on_tables_unless_the_reference_is_asked_for():
    system = System(TwoPhase(2))
    kinds = {engine: type(explore(system, engine=engine)) for engine in ENGINES}
    assert kinds == {
        "auto": TableSearch,
        "tables": TableSearch,
        "plain": TableSearch,
        "reference": Exploration,
    }


def test_the_kernel_is_compiled_if_it_is_asked_for_and_otherwise_once_it_is_worth_it(monkeypatch):
    def store(engine):
        return type(explore(System(TwoPhase(3)), engine=engine).expander.store)

    monkeypatch.setattr(table_search, "WORTH_USING", 2_000)  # the kernel has been used in this process
    assert [store("tables"), store("plain"), store("auto")] == [CompiledStore, PlainStore, PlainStore]
    monkeypatch.setattr(table_search, "WORTH_COMPILING", 100)
    assert [store("plain"), store("auto")] == [PlainStore, CompiledStore]


@every_engine
def test_depth_first_search_runs_on_tables_also_when_its_depth_is_limited(engine):
    exploration = explore(System(TwoPhase(2)), search="dfs", engine=engine)
    assert isinstance(exploration, Exploration) == (engine == "reference")
    assert exploration.statistics.states == 56
    limited = explore(System(TwoPhase(2)), search="dfs", engine=engine, limits=Limits(max_depth=3))
    assert isinstance(limited, Exploration) == (engine == "reference")
    # As many as breadth-first search finds: what was first seen deep is expanded again when it is found nearer.
    broad = explore(System(TwoPhase(2)), limits=Limits(max_depth=3), symmetry=False)
    assert limited.statistics.states == broad.statistics.states == 28


def test_more_properties_than_tables_have_room_for_are_refused():
    many = [always(lambda world: True, name=f"number {number}") for number in range(63)]
    with pytest.raises(UsageError, match="63 properties are too many"):
        check(TwoPhase(2), many, engine="plain")
    assert len(check(TwoPhase(2), many, engine="reference").verdicts) == 63


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("everyway.explorer.tables.checkpoint.np.save", refuse)
    monkeypatch.setattr("everyway.explorer.tables.checkpoint.EVERY", 0.0)
    limits = Limits(max_seconds=0)
    report = check(TwoPhase(2), limits=limits, checkpoints=tmp_path / "kept")
    assert "No space left on device" in report.statistics.unkept


def test_an_unknown_search_is_refused():
    with pytest.raises(UsageError, match="unknown search 'bsf'"):
        explore(System(TwoPhase(2)), search="bsf")


@every_engine
@pytest.mark.parametrize("threads", [None, 1, 3])
def test_plain_transition_systems_are_explored_whatever_the_engine(engine, threads):
    graph = Graph({0: [1, 2], 1: [3], 2: [3], 3: [3]})
    reaches = possible(lambda state: state == 3, name="reaches three")
    assert isinstance(explore(graph, [reaches], engine=engine, threads=threads), Exploration)
    report = check(graph, [reaches], engine=engine, threads=threads)
    assert (report.statistics.states, report.statistics.transitions) == (4, 5)
    assert [visit.state for visit in report.verdicts[0].path] == [0, 1, 3]


# What there is not.


@pytest.mark.parametrize("subject", [TwoPhase(2), Graph({0: [1]})], ids=["protocol", "graph"])
def test_an_unknown_engine_is_told_with_those_that_are_known(subject):
    with pytest.raises(UsageError) as caught:
        check(subject, [], engine="table")
    assert str(caught.value) == (
        "unknown engine 'table'. Did you mean 'tables'? Known: auto, tables, plain, reference."
    )
    with pytest.raises(UsageError, match=r"unknown engine 'warp'.* Known: auto, tables, plain, reference\."):
        check(subject, [], engine="warp")


@every_engine
@pytest.mark.parametrize("threads", [0, -1])
@pytest.mark.parametrize("subject", [TwoPhase(2), Graph({0: [1]})], ids=["protocol", "graph"])
def test_a_number_of_threads_below_one_is_refused(subject, threads, engine):
    with pytest.raises(UsageError) as caught:
        check(subject, [], engine=engine, threads=threads)
    assert str(caught.value) == f"threads must be 1 or more, not {threads}."


# Where Numba does not work.


@pytest.fixture
def without_numba(monkeypatch):
    """Have every import of Numba fail, and nothing that was compiled before be at hand."""
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(compiling, "_compiled", functools.cache(compiling._compiled.__wrapped__))
    monkeypatch.setattr(table_search, "WORTH_COMPILING", 100)


PROMISES = [
    always(lambda world: len(world.in_flight()) < 4, name="few in flight"),
    never(lambda world: world["R1"].state is not world["R2"].state, name="alike"),
    recoverable(lambda world: not world.in_flight(), name="falls silent"),
]


@pytest.mark.usefixtures("without_numba")
def test_without_numba_the_answer_comes_in_plain_python():
    with pytest.raises(ImportError):
        import numba  # noqa: F401
    expected = everything(check(TwoPhase(3), PROMISES, engine="reference"))
    assert everything(check(TwoPhase(3), PROMISES, engine="auto", symmetry=False)) == expected
    assert everything(check(TwoPhase(3), PROMISES, engine="plain", symmetry=False)) == expected
    exploration = explore(System(TwoPhase(3)), engine="auto", symmetry=False)
    assert (exploration.statistics.states, exploration.statistics.transitions) == (288, 1_145)
    assert isinstance(exploration.expander.store, PlainStore)


@pytest.mark.usefixtures("without_numba")
def test_who_insists_on_the_kernel_is_told_that_it_does_not_work():
    with pytest.raises(UsageError, match="needs Numba, which does not work here"):
        check(TwoPhase(2), [], engine="tables")


def test_a_kernel_that_cannot_be_compiled_leaves_the_search_in_plain_python(monkeypatch):
    class Broken:
        def __init__(self, *_):
            raise ImportError("no Numba for this machine")

    monkeypatch.setattr(table_search, "CompiledStore", Broken)
    monkeypatch.setattr(table_search, "WORTH_COMPILING", 50)
    report = check(TwoPhase(3), PROMISES, engine="auto", symmetry=False)
    assert everything(report) == everything(check(TwoPhase(3), PROMISES, engine="reference"))
