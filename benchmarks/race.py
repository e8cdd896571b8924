"""The race: contestants run in turns, and their counts are compared with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from contestants import Contestant
from measured import BenchmarkFailed, Run
from rich.console import Console
from rivals import RivalMissing


@frozen
class Settings:
    """What holds for every part of the benchmarks."""

    rounds: int
    is_quick: bool
    folder: Path
    """For what is built and for what must run elsewhere than here."""
    progress: Console


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
