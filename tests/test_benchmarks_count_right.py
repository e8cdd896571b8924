"""What the benchmarks compare is the same: everyway and its rivals count the same states and transitions."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from everyway import System
from everyway.models.gray_lamport import Prepared, TwoPhase

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
MODULES = (
    "child",
    "conditions",
    "contestants",
    "goals",
    "known",
    "machine_limit",
    "measured",
    "parts",
    "paxos",
    "race",
    "rivals",
    "run",
    "tables",
)

GRAY_LAMPORT = [(1, 12, 19), (2, 56, 153), (3, 288, 1_145), (4, 1_568, 8_257)]
PAXOS = [(1, 1, 9, 14), (2, 2, 585, 2_572), (3, 1, 237, 1_207)]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[types.SimpleNamespace]:
    """The modules of the benchmarks, by name; their folder is no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        for name in MODULES:
            patch.delitem(sys.modules, name, raising=False)
        yield types.SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rivals build."""
    return tmp_path_factory.mktemp("rivals")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("has_property", [True, False])
@pytest.mark.parametrize(("managers", "states", "transitions"), GRAY_LAMPORT)
def test_everyway_counts_two_phase_commit(benchmarks, managers, states, transitions, has_property, threads):
    found = benchmarks.child.search(
        model="gray-lamport", size=[managers], threads=threads, has_property=has_property
    )
    assert (
        (found.states, found.transitions) == (states, transitions) == benchmarks.known.GRAY_LAMPORT[managers]
    )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("acceptors", "proposers", "states", "transitions"), PAXOS)
def test_everyway_counts_paxos(benchmarks, acceptors, proposers, states, transitions, threads):
    found = benchmarks.child.search(model="paxos", size=[acceptors, proposers], threads=threads)
    assert (
        (found.states, found.transitions)
        == (states, transitions)
        == benchmarks.known.PAXOS[acceptors, proposers]
    )


@pytest.mark.slow
@pytest.mark.parametrize(("managers", "states", "transitions"), GRAY_LAMPORT)
def test_spin_counts_two_phase_commit(benchmarks, folder, managers, states, transitions):
    assert counted_by_spin(benchmarks, "gray_lamport.pml", {"N": managers}, folder) == (states, transitions)


@pytest.mark.slow
@pytest.mark.parametrize(("acceptors", "proposers", "states", "transitions"), PAXOS)
def test_spin_counts_paxos(benchmarks, folder, acceptors, proposers, states, transitions):
    macros = {"A": acceptors, "P": proposers}
    assert counted_by_spin(benchmarks, "paxos.pml", macros, folder) == (states, transitions)


@pytest.mark.slow
@pytest.mark.parametrize(("managers", "states", "transitions"), GRAY_LAMPORT)
def test_rumur_counts_two_phase_commit(benchmarks, folder, managers, states, transitions):
    try:
        found = benchmarks.rivals.run_rumur(BENCHMARKS / "gray_lamport.m", {"N": managers}, folder=folder)
    except benchmarks.rivals.RivalMissing as reason:
        pytest.skip(str(reason))
    assert (found.states, found.transitions) == (states, transitions)


def counted_by_spin(
    benchmarks: types.SimpleNamespace, model: str, macros: dict[str, int], folder: Path
) -> tuple[int, int]:
    try:
        found = benchmarks.rivals.run_spin(BENCHMARKS / model, macros, hash_bits=12, folder=folder)
    except benchmarks.rivals.RivalMissing as reason:
        pytest.skip(str(reason))
    return found.states, found.transitions


@pytest.mark.parametrize("managers", [1, 2, 3, 4, 5, 7, 9])
def test_the_number_of_states_of_two_phase_commit_is_known_in_advance(benchmarks, managers):
    assert benchmarks.known.GRAY_LAMPORT[managers][0] == 4**managers + 2**managers + 6**managers


def test_the_number_of_states_up_to_renaming_is_known_in_advance(benchmarks):
    seen = set()
    system = System(TwoPhase(3))
    worlds = list(system.initial())
    known = set(worlds)
    for world in worlds:  # grows as long as there is something new
        senders = {envelope.sender for envelope in world.in_flight(Prepared)}
        transaction_manager = world["TM"]
        conditions = [
            (world[name].state.value, name in transaction_manager.prepared, name in senders)
            for name in transaction_manager.managers
        ]
        seen.add((transaction_manager.state, *sorted(conditions)))
        new = {following for _, following in system.steps(world)} - known
        known |= new
        worlds += new
    assert len(known) == 288
    assert len(seen) == benchmarks.known.orbits(3)
    assert [benchmarks.known.orbits(5), benchmarks.known.orbits(20)] == [314, 54_922]


def test_a_wrong_count_is_an_error(benchmarks):
    right = benchmarks.measured.Run(states=12, transitions=19, seconds=1.0, bytes_per_state=None)
    benchmarks.race.check_counts("SPIN", right, 12, 19)
    with pytest.raises(benchmarks.measured.BenchmarkFailed, match="SPIN counted 12 states, but there are 13"):
        benchmarks.race.check_counts("SPIN", right, 13, 19)
    with pytest.raises(
        benchmarks.measured.BenchmarkFailed, match="SPIN counted 19 transitions, but there are 20"
    ):
        benchmarks.race.check_counts("SPIN", right, 12, 20)


def test_the_ratios_are_those_of_the_medians(benchmarks):
    one, spin = benchmarks.contestants.ONE, benchmarks.contestants.SPIN
    runs = {
        name: [benchmarks.measured.Run(12, 19, seconds, 20.0) for seconds in times]
        for name, times in {
            benchmarks.contestants.ONE: (1.0, 2.0, 9.0),
            benchmarks.contestants.SPIN: (12.0, 8.0, 9.0),
        }.items()
    }
    goals = benchmarks.goals.Goals("2pc", runs, is_judged=True)
    goals.faster(one, spin, at_least=5)
    goals.faster(benchmarks.contestants.ONE, benchmarks.contestants.RUMUR, at_least=30)  # did not run
    goals.slower(one, spin, at_most=0.2)
    goals.small(benchmarks.contestants.ONE, at_most=20)
    assert [(goal.told, goal.target, goal.verdict) for goal in goals.told] == [
        ("4.50 (1.00–12.00)", "≥ 5", "not reached"),
        ("0.22 (0.08–1.00)", "≤ 0.2", "not reached"),
        ("20.0", "≤ 20", "reached"),
    ]


def test_each_run_is_a_process_of_its_own() -> None:
    task = ["search", {"model": "gray-lamport", "size": [2], "threads": 1}]
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--child", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert (found["states"], found["transitions"], found["row_bytes"]) == (56, 153, 8)
    assert found["peak"] > 1 << 20
