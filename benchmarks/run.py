"""The benchmarks: everyway, SPIN, rumur and the machine's own limit, side by side in one run.

    python benchmarks/run.py                     everything, five rounds; writes benchmarks/results.md
    python benchmarks/run.py --quick             small models, one round: does it all still work?
    python benchmarks/run.py --only paxos        one part of it

The contestants take turns, round by round, so that a slow minute of the machine hits all of them alike; each runs in a
process of its own. Their counts are compared with what is known: a wrong one ends the run. ``README.md`` tells what is
measured and why it is fair.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import inspect
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import attrs
from attrs import define, field, frozen
from rich.console import Console
from rich.table import Table as RichTable
from rivals import Measurement, RivalFailed, RivalMissing, run_rumur, run_spin

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.md"
WIDTH = 140

GRAY_LAMPORT = {
    1: (12, 19),
    2: (56, 153),
    3: (288, 1_145),
    4: (1_568, 8_257),
    5: (8_832, 58_145),
    7: (296_448, 2_744_705),
    9: (10_340_352, 123_558_401),
}
"""States and transitions of Gray & Lamport's two-phase commit, by managers."""

PAXOS = {
    (1, 1): (9, 14),
    (2, 2): (585, 2_572),
    (3, 1): (237, 1_207),
    (3, 2): (36_297, 263_130),
    (3, 3): (4_959_765, 45_559_377),
}
"""States and transitions of Paxos with two values, by acceptors and proposers."""

ONE, TWO = "everyway, 1 thread", "everyway, 2 threads"
ONE_BARE, TWO_BARE = "everyway, 1 thread, no property", "everyway, 2 threads, no property"
SPIN, RUMUR = "SPIN", "rumur"
LIMIT_ONE, LIMIT_TWO = "machine limit, 1 thread", "machine limit, 2 threads"

PATIENCE = 180
"""How many seconds a search with symmetry may take: well beyond what is aimed at."""

SYMMETRY_TIME = "20 managers: the whole process"
SYMMETRY_MEMORY = "20 managers: the most memory in use"

NOT_MEASURED = (
    "Stateright and TLC are not measured in this run. When everyway was designed, a prototype of it searched Gray & "
    "Lamport with 9 managers 4 times as fast as Stateright 0.31 (depth-first) and 28 times as fast as TLC (1 worker)."
)


class BenchmarkFailed(Exception):
    """A contestant did not do what is to be measured; so there is nothing to compare."""


class OutOfTime(BenchmarkFailed):
    """A run took so long that what is aimed at is out of reach."""


@frozen
class Run:
    """One run of one contestant."""

    states: int
    transitions: int | None
    """None if the tool does not say."""
    seconds: float
    """The search alone."""
    bytes_per_state: float | None
    """In the tool's own words: ``Measurement`` says what of the rivals, ``Statistics.memory`` what of everyway."""
    note: str = ""
    wall: float | None = None
    """The whole process, in seconds."""
    peak: int | None = None
    """The most memory that the process used, in bytes."""
    grown: float | None = None
    """By how many bytes a state the process grew, at the most, from the beginning of the search."""
    row_bytes: int = 0
    """How long a row of everyway's table is."""

    @classmethod
    def of(cls, measured: Measurement) -> Run:
        """Return what a rival said as a run."""
        return cls(
            measured.states, measured.transitions, measured.seconds, measured.bytes_per_state, measured.note
        )


@frozen
class Contestant:
    """Something that is measured."""

    name: str
    run: Callable[[], Run]


@frozen
class Settings:
    """What holds for every part of the benchmarks."""

    rounds: int
    is_quick: bool
    folder: Path
    """For what is built and for what must run elsewhere than here."""
    progress: Console


@frozen
class Goal:
    """A figure, and what it should be."""

    of: str
    """The part, or the model."""
    what: str
    told: str
    target: str = ""
    is_reached: bool | None = None
    """None if this run cannot tell."""

    @property
    def verdict(self) -> str:
        """Whether it is reached, in words."""
        if not self.target:
            return ""
        return {True: "reached", False: "not reached", None: "not judged"}[self.is_reached]


@frozen
class Table:
    """A table to show. Columns without a heading are text, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    remarks: Sequence[str] = ()

    @property
    def are_figures(self) -> list[bool]:
        """Whether each column has figures, which are flush right."""
        return [bool(column) for column in self.columns]


@frozen
class Part:
    """What one part of the benchmarks found."""

    tables: Sequence[Table]
    goals: Sequence[Goal] = ()


# What runs in a process of its own: ``run.py --child '["search", {...}]'``.


def search(
    *, model: str, size: Sequence[int], threads: int, has_property: bool = True, symmetry: bool = False
) -> Run:
    """Let everyway's compiled engine search a model.

    The kernel is warm: a search of the smallest instance has loaded it, and compiled it if it had to.

    Args:
        model: "gray-lamport" or "paxos".
        size: the number of managers; or those of acceptors and of proposers.
        threads: how many threads search.
        has_property: whether consistency, for Paxos agreement, is checked on the way.
        symmetry: whether states that differ only in the names of interchangeable nodes count as one.
    """
    _explored(model, [1] * len(size), threads, has_property, symmetry)
    before = _resident_bytes()
    explored = _explored(model, size, threads, has_property, symmetry)
    outcomes = [verdict.outcome.value for verdict in explored.verdicts()]
    if not explored.is_complete or outcomes != ["holds"] * has_property:
        raise BenchmarkFailed(f"the search of {model} {size} is not complete, or found {outcomes}.")
    statistics, peak = explored.statistics, _peak_bytes()
    return Run(
        states=statistics.states,
        transitions=statistics.transitions,
        seconds=statistics.seconds,
        bytes_per_state=statistics.memory / statistics.states,
        peak=peak,
        grown=(peak - before) / statistics.states,
        row_bytes=8 * explored.expander.words,
    )


def _explored(model: str, size: Sequence[int], threads: int, has_property: bool, symmetry: bool) -> Any:
    from everyway import Limits, System
    from everyway.explorer import explore
    from everyway.explorer.tables.search import TableSearch

    if model == "gray-lamport":
        from everyway.models.gray_lamport import TwoPhase, consistency

        system, prop = System(TwoPhase(*size)), consistency
    else:
        from paxos import Paxos, agreement

        system, prop = System(Paxos(*size)), agreement
    properties = [prop] if has_property else []
    arguments: dict[str, Any] = {"limits": Limits(max_states=None), "engine": "tables", "threads": threads}
    if _takes_symmetry(explore) or _takes_symmetry(TableSearch):
        arguments["symmetry"] = symmetry
    elif symmetry:
        raise BenchmarkFailed("the engine knows no symmetry.")
    if _takes_symmetry(TableSearch) and not _takes_symmetry(explore):
        return TableSearch(system, properties, **arguments).run()
    return explore(system, properties, **arguments)


def _takes_symmetry(function: Callable[..., Any]) -> bool:
    return "symmetry" in inspect.signature(function).parameters


def machine(*, states: int, transitions: int, row_bytes: int, threads: int) -> Run:
    """Touch memory as often as a search of so many states and transitions must."""
    import machine_limit

    return Run.of(machine_limit.run(states, transitions, row_bytes, threads))


def _peak_bytes() -> int:
    """Return the most memory that this process used.

    A process starts with its parent's peak as its own; so the parent must stay small, and this one does.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _resident_bytes() -> int:
    """Return the memory that this process uses now; 0 where it cannot be known."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * resource.getpagesize() if told.exists() else 0


CHILDREN: dict[str, Callable[..., Run]] = {"search": search, "machine": machine}


def in_child(task: str, *, patience: float | None = None, **arguments: Any) -> Run:
    """Run one of ``CHILDREN`` in a fresh process.

    Raises:
        BenchmarkFailed: if it does not end well.
        OutOfTime: if it does not end within so many seconds of patience.
    """
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / "run.py"), "--child", json.dumps([task, arguments])],
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
    except subprocess.TimeoutExpired:
        raise OutOfTime(f"{task} of {arguments} was ended after {patience:g} s.") from None
    wall = time.perf_counter() - begin
    if done.returncode:
        raise BenchmarkFailed(f"{task} of {arguments} ended with {done.returncode}:\n{done.stderr}")
    return attrs.evolve(Run(**json.loads(done.stdout.splitlines()[-1])), wall=wall)


# Racing.


def race(
    title: str, contestants: Sequence[Contestant], states: int, transitions: int | None, settings: Settings
) -> tuple[dict[str, list[Run]], list[str]]:
    """Let the contestants run in turns; return the runs of each, and remarks on those that could not.

    Raises:
        BenchmarkFailed: if one counts other states or transitions than these; None means that they are not known.
        RivalFailed: if a rival does not work.
    """
    runs: dict[str, list[Run]] = {}
    missing: dict[str, str] = {}
    for number in range(1, settings.rounds + 1):
        for contestant in contestants:
            if contestant.name in missing:
                continue
            settings.progress.print(
                f"{title}, round {number} of {settings.rounds}: {contestant.name} ", end=""
            )
            try:
                run = contestant.run()
            except RivalMissing as reason:
                missing[contestant.name] = f"{contestant.name} is left out: {reason}"
                settings.progress.print("is not installed")
                continue
            settings.progress.print(f"{run.seconds:.2f} s")
            check_counts(contestant.name, run, states, transitions)
            runs.setdefault(contestant.name, []).append(run)
    return runs, list(missing.values())


def check_counts(name: str, run: Run, states: int, transitions: int | None) -> None:
    """Raise ``BenchmarkFailed`` unless a run has counted what is known."""
    if run.states != states:
        raise BenchmarkFailed(f"{name} counted {run.states:,} states, but there are {states:,}.")
    if None not in (run.transitions, transitions) and run.transitions != transitions:
        raise BenchmarkFailed(
            f"{name} counted {run.transitions:,} transitions, but there are {transitions:,}."
        )


def everyway(name: str, rows: list[int], **arguments: Any) -> Contestant:
    """Return everyway as a contestant; it notes in ``rows`` how long its rows are."""

    def run() -> Run:
        found = in_child("search", **arguments)
        rows[:] = [found.row_bytes]
        return found

    return Contestant(name, run)


def machine_limit(name: str, rows: list[int], states: int, transitions: int, threads: int) -> Contestant:
    """Return the machine's own limit as a contestant, with rows as long as everyway's, which runs before."""

    def run() -> Run:
        return in_child("machine", states=states, transitions=transitions, row_bytes=rows[0], threads=threads)

    return Contestant(name, run)


def hash_bits(states: int) -> int:
    """Return the exponent of the power of two just above a number of states."""
    return (states - 1).bit_length()


# The parts.


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
        [_table(f"Gray & Lamport's two-phase commit, {managers} managers", runs, remarks)], goals.told
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
    return Part([_table(title, runs, remarks)], goals.told)


def orbits(managers: int) -> int:
    """Return how many states Gray & Lamport's two-phase commit has up to renaming of its managers.

    While the transaction manager waits, a manager is in one of four conditions: working, aborted, prepared, or heard
    to be prepared. Once it commits, in one of two; once it aborts, of six, for who prepared may have aborted since.
    So there are 4^n + 2^n + 6^n states; up to renaming, what counts is how many managers are in each condition.
    """

    def spread(conditions: int) -> int:
        """In how many ways so many managers, all alike, are spread over conditions."""
        ways = 1
        for number in range(1, conditions):
            ways = ways * (managers + number) // number
        return ways

    return spread(4) + spread(2) + spread(6)


def without_symmetry() -> str:
    """Return why symmetry cannot be measured, in a sentence; empty if it can."""
    from everyway.explorer import explore
    from everyway.explorer.tables.search import TableSearch

    if not _takes_symmetry(explore) and not _takes_symmetry(TableSearch):
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
                *_spread([run.seconds for run in runs[TWO]]),
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
    rows = [(name, *_spread(times)) for name, times in seconds.items()]
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


PARTS: dict[str, Callable[[Settings], Part]] = {
    "gray-lamport": gray_lamport,
    "paxos": paxos,
    "symmetry": symmetry,
    "startup": startup,
}


# Telling.


@define
class Goals:
    """The ratios of a race: of medians, and in brackets the least and the greatest within one round.

    What has not run is left out.
    """

    title: str
    runs: dict[str, list[Run]]
    is_judged: bool
    """Whether the models are as large as the targets mean."""
    told: list[Goal] = field(factory=list)

    def faster(self, one: str, other: str, at_least: float | None = None) -> None:
        """Tell how many times as fast one contestant is as another."""
        self._ratio(f"{one}: times as fast as {_unlike(other, one)}", other, one, at_least, is_floor=True)

    def slower(self, one: str, other: str, at_most: float | None = None) -> None:
        """Tell how many times the time of another one contestant takes."""
        self._ratio(
            f"{one}: times the time of the {_unlike(other, one)}", one, other, at_most, is_floor=False
        )

    def small(self, name: str, at_most: float | None = None) -> None:
        """Tell how many bytes a contestant holds for a state."""
        if name not in self.runs:
            return
        value = median(run.bytes_per_state or 0 for run in self.runs[name])
        target = f"≤ {at_most:g}" if at_most else ""
        reached = value <= at_most if at_most and self.is_judged else None
        self.told.append(Goal(self.title, f"{name}: bytes a state", f"{value:.1f}", target, reached))

    def _ratio(self, what: str, over: str, under: str, target: float | None, *, is_floor: bool) -> None:
        if over not in self.runs or under not in self.runs:
            return
        numerators, denominators = ([run.seconds for run in self.runs[name]] for name in (over, under))
        value = median(numerators) / median(denominators)
        each = [one / other for one, other in zip(numerators, denominators, strict=True)]
        reached = None
        if target and self.is_judged:
            reached = value >= target if is_floor else value <= target
        told = f"{value:.2f} ({min(each):.2f}–{max(each):.2f})"
        sign = "≥" if is_floor else "≤"
        self.told.append(Goal(self.title, what, told, f"{sign} {target:g}" if target else "", reached))


def _unlike(name: str, other: str) -> str:
    """Return how to call one contestant beside another: what both have in common once only."""
    kind, _, threads = name.partition(", ")
    other_kind, _, other_threads = other.partition(", ")
    if kind == other_kind:
        return threads
    return kind if threads == other_threads else name


def _spread(seconds: Sequence[float]) -> tuple[str, str]:
    """Return the median, and the least and the greatest."""
    digits = 2 if median(seconds) >= 1 else 3
    return f"{median(seconds):.{digits}f}", f"{min(seconds):.{digits}f}–{max(seconds):.{digits}f}"


def _table(title: str, runs: dict[str, list[Run]], remarks: Sequence[str]) -> Table:
    columns = (
        "",
        "median s",
        "min–max s",
        "M transitions/s",
        "bytes a state",
        "grown, bytes a state",
        "process s",
        "peak MiB",
    )
    first = next(iter(runs.values()))[0]
    rows = []
    for name, all_runs in runs.items():
        middle = median(run.seconds for run in all_runs)
        rows.append(
            (
                name,
                *_spread([run.seconds for run in all_runs]),
                f"{(first.transitions or 0) / middle / 1e6:.1f}",
                _middle([run.bytes_per_state for run in all_runs], ".1f"),
                _middle([run.grown for run in all_runs], ".1f"),
                _middle([run.wall for run in all_runs], ".2f") if name.startswith("everyway") else "",
                _middle([run.peak and run.peak / 2**20 for run in all_runs], ",.0f"),
            )
        )
    notes = [f"{name}: {all_runs[-1].note}." for name, all_runs in runs.items() if all_runs[-1].note]
    counted = (
        f"{first.states:,} states, {first.transitions:,} transitions, the same for all that counted them."
    )
    return Table(title, columns, rows, [counted, *notes, *remarks])


def _middle(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(median(known), form) if known else ""


def conditions(settings: Settings, load: float) -> list[str]:
    """Return what the figures depend on: machine, versions, date. Nothing that tells whose machine it is."""
    versions = {
        "everyway": f"{importlib.metadata.version('everyway')}{_commit()}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "numba": importlib.metadata.version("numba"),
        "NumPy": importlib.metadata.version("numpy"),
        "gcc": _said("gcc", "-dumpfullversion", r"(\d[\d.]*)"),
        "SPIN": _said("spin", "-V", r"Version (\d[\d.]*)"),
        "rumur": _said("rumur", "--version", r"v?(\d{4}[\w.-]*)"),
    }
    processor = _line("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine()
    told = [
        f"{datetime.now(UTC):%Y-%m-%d}, {settings.rounds} round{'s' if settings.rounds != 1 else ''}",
        f"{processor}, {os.cpu_count()} cores, {_memory()}",
        _line("/etc/os-release", r'PRETTY_NAME="?([^"\n]+)') or platform.system(),
        ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items()),
    ]
    if load > 0.5:
        told.append(f"The machine was not idle when the run began: its load was {load:.1f}.")
    if settings.is_quick:
        told.append("A quick run on small models: it shows that all works, and its figures say little.")
    return told


def _memory() -> str:
    kibibytes = _line("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return f"{int(kibibytes) / 2**20:.1f} GiB of memory" if kibibytes else "memory unknown"


def _line(file: str, pattern: str) -> str:
    path = Path(file)
    match = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
    return match[1].strip() if match else ""


def _said(program: str, option: str, pattern: str) -> str:
    if not shutil.which(program):
        return ""
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    match = re.search(pattern, done.stdout + done.stderr)
    return match[1] if match else "of unknown version"


def _commit() -> str:
    """Return the commit that is measured, and whether it has been changed since."""
    if not shutil.which("git"):
        return ""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty=, changed since", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f" ({done.stdout.strip()})" if done.returncode == 0 else ""


def tables_of(parts: Sequence[Part]) -> list[Table]:
    """Return all tables of some parts; those of what is aimed at and of how all compare come first."""
    goals = [goal for part in parts for goal in part.goals]
    aimed = [(goal.of, goal.what, goal.told, goal.target, goal.verdict) for goal in goals if goal.target]
    others = [(goal.of, goal.what, goal.told) for goal in goals if not goal.target]
    remark = "Ratios are of medians; in brackets the least and the greatest within one round."
    told = [
        Table("What is aimed at", ("", "", "measured", "target", ""), aimed, [remark, NOT_MEASURED]),
        Table("How they compare besides", ("", "", "measured"), others),
    ]
    return [*(table for table in told if table.rows), *(one for part in parts for one in part.tables)]


def as_markdown(told: Sequence[str], tables: Sequence[Table]) -> str:
    """Return everything as a page of Markdown."""
    lines = [
        "# Results of the benchmarks",
        "",
        "Written by `python benchmarks/run.py`; [README.md](README.md) tells how to read it.",
        "",
        *(f"- {line}" for line in told),
    ]
    for table in tables:
        lines += ["", f"## {table.title}", ""]
        if table.rows:
            lines.append(f"| {' | '.join(table.columns)} |")
            lines.append(f"|{'|'.join('---:' if is_figure else '---' for is_figure in table.are_figures)}|")
            lines += [f"| {' | '.join(row)} |" for row in table.rows]
            lines += [""] * bool(table.remarks)
        lines += [f"- {remark}" for remark in table.remarks]
    return "\n".join(lines) + "\n"


def show(console: Console, told: Sequence[str], tables: Sequence[Table]) -> None:
    """Print everything."""
    for line in told:
        console.print(line, markup=False, highlight=False)
    for table in tables:
        console.print()
        if table.rows:
            shown = RichTable(title=table.title, title_justify="left")
            for column, is_figure in zip(table.columns, table.are_figures, strict=True):
                shown.add_column(column, justify="right" if is_figure else "left", no_wrap=not is_figure)
            for row in table.rows:
                shown.add_row(*row)
            console.print(shown)
        else:
            console.print(table.title, style="italic", highlight=False)
        for remark in table.remarks:
            console.print(f"- {remark}", markup=False, highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Measure everyway beside SPIN, rumur and the machine's limit."
    )
    parser.add_argument("--repeat", type=int, help="how many rounds; by default 5, with --quick 1")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="only these parts")
    parser.add_argument("--quick", action="store_true", help="small models, to see that all works")
    parser.add_argument(
        "--output",
        type=Path,
        help="where to write the results, as Markdown; by default benchmarks/results.md if everything is measured, "
        "else nowhere",
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        task, its_arguments = json.loads(options.child)
        print(json.dumps(attrs.asdict(CHILDREN[task](**its_arguments))))
        return 0
    rounds = options.repeat if options.repeat is not None else 1 if options.quick else 5
    if rounds < 1:
        parser.error(f"--repeat must be 1 or more, not {rounds}.")
    output = options.output or (None if options.quick or options.only else RESULTS)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="everyway-benchmarks-") as folder:
        settings = Settings(rounds, options.quick, Path(folder), Console(stderr=True, highlight=False))
        try:
            # Whatever must be compiled and kept is, before anything is measured.
            in_child("search", model="gray-lamport", size=[1], threads=2)
            parts = [PARTS[name](settings) for name in options.only or PARTS]
        except (BenchmarkFailed, RivalFailed) as reason:
            settings.progress.print(f"\n{reason}", style="red", markup=False)
            return 1
    told, tables = conditions(settings, load), tables_of(parts)
    screen = Console()
    # A table that is piped into a file need not fit on a screen.
    show(screen if screen.is_terminal else Console(width=WIDTH), told, tables)
    if output:
        output.write_text(as_markdown(told, tables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
