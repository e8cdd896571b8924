"""Simulating a system: random walks through it, where a check would take too long."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast, get_args

from attrs import field, frozen

from everyway.explorer import Engine, Limits, Outcome, Search, Watcher, vacuity
from everyway.explorer.memory import peak
from everyway.invariants.property import Property, no_deadlock
from everyway.invariants.room import asked_while_there_is_room
from everyway.models.language import Faults, Network, System, Timeouts, UsageError, did_you_mean

from .checking import Report, _listed, _refuse_twins, as_system, promised

if TYPE_CHECKING:
    from everyway.explorer.tables.walks import Walks

DEFAULT_WALKS = 10_000
DEFAULT_STEPS = 200
DEFAULT_FAULT_RATE = 0.1


@frozen
class Simulation(Report):
    """What some random walks found: violations and witnesses, but never that a promise holds.

    In ``statistics``, ``states`` and ``spent`` are of distinct states, as far as they are told apart. ``ends`` counts
    the walks after which nothing but faults could happen, ``cut`` those that were given up at their longest.
    ``transitions`` are all steps that could be taken where a walk came by, as often as it did.
    """

    walks: int = field(default=0, kw_only=True)
    """How many walks were done."""
    unfinished: int = field(default=0, kw_only=True)
    """How many more had set out when time was up, or Ctrl-C was pressed."""
    seed: int = field(default=0, kw_only=True)
    """What the walks were drawn from."""
    fault_rate: float = field(default=DEFAULT_FAULT_RATE, kw_only=True)
    """How likely a step was a fault where one could happen."""
    steps_taken: int = field(default=0, kw_only=True)
    """How many steps all walks took together."""
    distinct: int | None = field(default=None, kw_only=True)
    """How many distinct states were visited; None if they were too many to tell."""

    @property
    def outcome(self) -> Outcome:
        """Violated, or unknown: there may always be more than what was seen."""
        if any(verdict.outcome is Outcome.VIOLATED for verdict in self.verdicts):
            return Outcome.VIOLATED
        return Outcome.UNKNOWN


def simulate(
    subject: Any,
    properties: Property | Iterable[Property] | None = None,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    walks: int = DEFAULT_WALKS,
    steps: int = DEFAULT_STEPS,
    seed: int = 0,
    fault_rate: float = DEFAULT_FAULT_RATE,
    max_seconds: float | None = None,
    deadlock: bool | None = None,
    watcher: Watcher | None = None,
    engine: Engine = "auto",
    threads: int | None = None,
) -> Simulation:
    """Walk at random through a protocol under faults, a system, or any object with ``initial()`` and ``steps(state)``.

    Each walk begins at a start and takes, again and again, one of the steps that change something, until nothing but
    faults can happen. Where faults can happen too, it takes one with a probability of ``fault_rate``: its kind is drawn
    (a crash, a loss, ...), and then which of that kind, all of them alike likely. Else it takes one of the other steps,
    all of them alike likely. Of the walks that violate a promise the shortest is told; a shorter schedule may exist.
    The arguments are those of ``check``, and:

    Args:
        walks: how many walks.
        steps: the most steps of a walk.
        seed: what the walks are drawn from: the same seed gives the same walks, on any machine, any engine and
            any number of threads; with more walks, those of before and others.
        fault_rate: how likely a step is a fault where one could happen, from 0 to 1.
        max_seconds: when to stop although walks are left.

    Raises:
        ModelError: if the model breaks a rule of the language.
        UsageError: if the arguments make no sense together.

    >>> from everyway.models.two_phase_commit import TwoPhaseCommit
    >>> simulate(TwoPhaseCommit(), walks=100)["commit is possible"]
    <commit is possible holds in 7 steps>
    """
    from everyway.explorer.tables.walks import walk

    if engine not in get_args(Engine):
        known = get_args(Engine)
        raise UsageError(
            f"unknown engine '{engine}'.{did_you_mean(engine, known)} Known: {', '.join(known)}."
        )
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be 1 or more, not {threads}.")
    limits = Limits(max_depth=steps, max_states=None, max_seconds=max_seconds)
    system = as_system(subject, faults=faults, timeouts=timeouts, network=network)
    promises = _promises(system, properties, deadlock)
    walked = walk(
        system,
        promises,
        engine=engine,
        threads=threads or min(os.cpu_count() or 1, 16),
        walks=walks,
        steps=steps,
        seed=seed,
        fault_rate=fault_rate,
        max_seconds=max_seconds,
        watcher=watcher,
    )
    walked.statistics.peak = peak()
    return _report(system, promises, limits, walked)


def _promises(
    system: Any, properties: Property | Iterable[Property] | None, deadlock: bool | None
) -> list[Property]:
    """Return what to look for, as ``check`` would decide it."""
    promises = list(promised(system)) if properties is None else _listed(properties)
    declares_final = getattr(system, "declares_final", hasattr(system, "is_final"))
    if deadlock and not declares_final:
        raise UsageError(
            "to look for deadlocks, the model must say what a proper end is: define is_final(self, world) -> bool."
        )
    if declares_final if deadlock is None else deadlock:
        promises.append(no_deadlock(system.is_final))
    promises = asked_while_there_is_room(promises, system)
    _refuse_twins(promises)
    return promises


def _report(system: System | Any, promises: list[Property], limits: Limits, walked: Walks) -> Simulation:
    return Simulation(
        system,
        walked.verdicts(),
        walked.statistics,
        limits,
        cast(Search, "walks"),
        is_complete=False,
        stopped=walked.told_limit,
        stopped_by=walked.stopped_by or "walks",
        findings=vacuity(system, walked.statistics, promises),
        walks=walked.done,
        unfinished=walked.begun - walked.done,
        seed=walked.seed,
        fault_rate=walked.fault_rate,
        steps_taken=walked.taken,
        distinct=walked.distinct,
    )
