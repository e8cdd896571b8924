"""Children: whatever is measured runs in a process of its own, ``run.py --child '["search", {...}]'``."""

from __future__ import annotations

import inspect
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from measured import BenchmarkFailed, OutOfTime, Run

HERE = Path(__file__).resolve().parent


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
    if takes_symmetry(explore) or takes_symmetry(TableSearch):
        arguments["symmetry"] = symmetry
    elif symmetry:
        raise BenchmarkFailed("the engine knows no symmetry.")
    if takes_symmetry(TableSearch) and not takes_symmetry(explore):
        return TableSearch(system, properties, **arguments).run()
    return explore(system, properties, **arguments)


def takes_symmetry(function: Callable[..., Any]) -> bool:
    """Return whether symmetry is something that a version of everyway knows."""
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
