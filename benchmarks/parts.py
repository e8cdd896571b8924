"""The parts of the benchmarks, each of which races some contestants."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from child import HERE, in_child, takes_symmetry
from contestants import (
    LIMIT_ONE,
    LIMIT_TWO,
    ONE,
    ONE_BARE,
    RUMUR,
    SPIN,
    TWO,
    TWO_BARE,
    Contestant,
    everyway,
    hash_bits,
    machine_limit,
)
from goals import Goal, Goals
from known import GRAY_LAMPORT, PAXOS, orbits
from measured import BenchmarkFailed, OutOfTime, Run
from race import Settings, race
from rivals import run_rumur, run_spin
from tables import Part, Table, spread, table_of

PATIENCE = 180
"""How many seconds a search with symmetry may take: well beyond what is aimed at."""


SYMMETRY_TIME = "20 managers: the whole process"


SYMMETRY_MEMORY = "20 managers: the most memory in use"


def gray_lamport(settings: Settings) -> Part:
    """Race on Gray & Lamport's two-phase commit."""
    managers = 7 if settings.is_quick else 9
    states, transitions = GRAY_LAMPORT[managers]
    rows: list[int] = []
    task = {"model": "gray-lamport", "size": [managers]}

    def spin() -> Run:
        bits = hash_bits(states)
        return Run.of(
            run_spin(HERE / "gray_lamport.pml", {"N": managers}, hash_bits=bits, folder=settings.folder)
        )

    def rumur() -> Run:
        return Run.of(run_rumur(HERE / "gray_lamport.m", {"N": managers}, folder=settings.folder))

    runs, remarks = race(
        f"Gray & Lamport, {managers} managers",
        [
            everyway(ONE, rows, **task, threads=1),
            everyway(TWO, rows, **task, threads=2),
            everyway(ONE_BARE, rows, **task, threads=1, has_property=False),
            everyway(TWO_BARE, rows, **task, threads=2, has_property=False),
            Contestant(SPIN, spin),
            Contestant(RUMUR, rumur),
            machine_limit(LIMIT_ONE, rows, states, transitions, 1),
            machine_limit(LIMIT_TWO, rows, states, transitions, 2),
        ],
        states,
        transitions,
        settings,
    )
    goals = Goals(f"Gray & Lamport, {managers}", runs, is_judged=not settings.is_quick)
    goals.faster(ONE, SPIN, at_least=5)
    goals.faster(TWO, SPIN)
    goals.faster(ONE, RUMUR, at_least=30)
    goals.faster(TWO, RUMUR)
    goals.faster(TWO, ONE, at_least=1.7)
    goals.slower(ONE, LIMIT_ONE, at_most=2.5)
    goals.slower(TWO, LIMIT_TWO)
    goals.small(ONE, at_most=20)
    goals.small(TWO)
    return Part(
        [table_of(f"Gray & Lamport's two-phase commit, {managers} managers", runs, remarks)], goals.told
    )


def paxos(settings: Settings) -> Part:
    """Race on Paxos."""
    acceptors, proposers = size = (3, 2) if settings.is_quick else (3, 3)
    states, transitions = PAXOS[size]
    rows: list[int] = []
    task = {"model": "paxos", "size": [acceptors, proposers]}

    def spin() -> Run:
        macros = {"A": acceptors, "P": proposers}
        bits = hash_bits(states)
        return Run.of(run_spin(HERE / "paxos.pml", macros, hash_bits=bits, folder=settings.folder))

    title = f"Paxos, {acceptors} acceptors, {proposers} proposers"
    runs, remarks = race(
        title,
        [
            everyway(ONE, rows, **task, threads=1),
            everyway(TWO, rows, **task, threads=2),
            Contestant(SPIN, spin),
            machine_limit(LIMIT_ONE, rows, states, transitions, 1),
            machine_limit(LIMIT_TWO, rows, states, transitions, 2),
        ],
        states,
        transitions,
        settings,
    )
    goals = Goals(f"Paxos, {acceptors}/{proposers}", runs, is_judged=not settings.is_quick)
    goals.faster(ONE, SPIN)
    goals.faster(TWO, SPIN)
    goals.faster(TWO, ONE)
    goals.slower(ONE, LIMIT_ONE)
    goals.slower(TWO, LIMIT_TWO)
    goals.small(ONE)
    goals.small(TWO)
    return Part([table_of(title, runs, remarks)], goals.told)


def without_symmetry() -> str:
    """Return why symmetry cannot be measured, in a sentence; empty if it can."""
    from everyway.explorer import explore
    from everyway.explorer.tables.search import TableSearch

    if not takes_symmetry(explore) and not takes_symmetry(TableSearch):
        return "the engine knows no symmetry yet."
    probe = in_child("search", model="gray-lamport", size=[2], threads=1, symmetry=True)
    if probe.states == GRAY_LAMPORT[2][0]:
        return f"the engine takes the switch, but still counts all {probe.states} states of 2 managers."
    return ""


def symmetry(settings: Settings) -> Part:
    """Measure Gray & Lamport with managers that are interchangeable."""
    sizes = (5, 8) if settings.is_quick else (5, 20)
    title = "Symmetry: Gray & Lamport, managers that are interchangeable"
    why_not = without_symmetry()
    if why_not:
        goals = [
            Goal("symmetry", what, "", target)
            for what, target in ((SYMMETRY_TIME, "< 60 s"), (SYMMETRY_MEMORY, "< 4 GiB"))
        ]
        return Part([Table(title, (), (), [f"Left out: {why_not}"])], goals)
    goals, rows, remarks = [], [], []
    for managers in sizes:
        contestant = everyway(
            TWO, [], patience=PATIENCE, model="gray-lamport", size=[managers], threads=2, symmetry=True
        )
        try:
            runs, _ = race(f"symmetry, {managers} managers", [contestant], orbits(managers), None, settings)
        except OutOfTime:
            settings.progress.print("was ended")
            remarks.append(f"With {managers} managers the search was ended after {PATIENCE:g} s.")
            goals.append(Goal("symmetry", SYMMETRY_TIME, f"> {PATIENCE:g} s", "< 60 s", False))
            continue
        walls = [run.wall or 0.0 for run in runs[TWO]]
        peak = max(run.peak or 0 for run in runs[TWO]) / 2**30
        rows.append(
            (
                f"{managers} managers, 2 threads",
                f"{orbits(managers):,}",
                *spread([run.seconds for run in runs[TWO]]),
                f"{median(walls):.2f}",
                f"{peak:.2f}",
            )
        )
        if managers == 20:
            goals.append(
                Goal("symmetry", SYMMETRY_TIME, f"{median(walls):.1f} s", "< 60 s", median(walls) < 60)
            )
            goals.append(Goal("symmetry", SYMMETRY_MEMORY, f"{peak:.2f} GiB", "< 4 GiB", peak < 4))
    columns = ("", "states up to renaming", "median s", "min–max s", "process s", "peak GiB")
    return Part([Table(title, columns, rows, remarks)], goals)


def startup(settings: Settings) -> Part:
    """Measure how long it takes until everyway begins, and a small check from the shell."""
    beside = Path(sys.executable).parent / "everyway"
    program = str(beside) if beside.exists() else shutil.which("everyway")
    remarks = []
    commands = {
        "python, nothing imported": [sys.executable, "-c", "pass"],
        "python, import everyway": [sys.executable, "-c", "import everyway"],
    }
    if program:
        commands["everyway check 2pc"] = [program, "check", "2pc"]
    else:
        remarks.append(
            "everyway check 2pc is left out: the program is not beside this Python, nor on the path."
        )
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(max(5, settings.rounds) + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            # Elsewhere than in the repository, where Python would take the folder for the package.
            done = subprocess.run(command, cwd=settings.folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchmarkFailed(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            if number:  # the first warms up
                seconds[name].append(time.perf_counter() - begin)
    rows = [(name, *spread(times)) for name, times in seconds.items()]
    bare, imported = (median(seconds[name]) for name in list(commands)[:2])
    goals = [
        Goal(
            "start-up",
            "import everyway, less Python itself",
            f"{imported - bare:.3f} s",
            "< 0.3 s",
            imported - bare < 0.3,
        )
    ]
    if program:
        whole = median(seconds["everyway check 2pc"])
        goals.append(
            Goal("start-up", "everyway check 2pc, from the shell", f"{whole:.3f} s", "< 1.0 s", whole < 1)
        )
    return Part([Table("Start-up, warm", ("", "median s", "min–max s"), rows, remarks)], goals)
