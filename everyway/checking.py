"""Checking a system: search it, decide its promises, and tell what was covered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from everyway.explorer import (
    Engine,
    Explored,
    Finding,
    Growth,
    Limits,
    Outcome,
    Search,
    Statistics,
    Verdict,
    Watcher,
    explore,
    vacuity,
)
from everyway.explorer.memory import peak
from everyway.invariants.property import Property, PropertyKind, no_deadlock
from everyway.invariants.room import asked_while_there_is_room
from everyway.models.language import (
    Fairness,
    Faults,
    Network,
    Protocol,
    System,
    Timeouts,
    UsageError,
    did_you_mean,
)
from everyway.models.language.fairness import told_fairness
from everyway.models.language.timing import Timing

if TYPE_CHECKING:
    from everyway.counterexamples.trace import Trace
    from everyway.explorer.probability import Probability


@frozen
class Report:
    """The result of a check: a verdict for each property, and how much of the space they cover."""

    system: Any
    verdicts: tuple[Verdict, ...]
    statistics: Statistics
    limits: Limits
    search: Search
    is_complete: bool
    """Whether every state under the bounds was visited."""
    stopped: str = ""
    """What stopped the search before it was done, in words."""
    stopped_by: str = ""
    """The same as a word for scripts: "max_states", "max_seconds", "max_memory", "max_depth", "interrupt",
    "decided", or nothing."""
    findings: tuple[Finding, ...] = ()
    """What never happened, so that a promise may hold for want of anything to break it."""
    growth: Growth | None = None
    """If a limit on states or time stopped the search: the part of the state that kept growing."""
    timing: Timing | None = None
    """The time bounds, if there were any; the states are then zones."""

    @property
    def outcome(self) -> Outcome:
        """The worst of the verdicts: violated, else unknown, else holds."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        for outcome in (Outcome.VIOLATED, Outcome.UNKNOWN):
            if outcome in outcomes:
                return outcome
        return Outcome.HOLDS if self.verdicts or self.is_complete else Outcome.UNKNOWN

    @property
    def bounds(self) -> str:
        """Everything that bounds what the verdicts say, in words."""
        faults = f"{self.system.bounds}; " if isinstance(self.system, System) else ""
        fairness = f"{self.fairness}; " if self.fairness else ""
        time = f"{self.timing}; " if self.timing else ""
        return f"{faults}{time}{fairness}{self.limits}"

    @property
    def fairness(self) -> str:
        """The fairness that promises over time rely on, in words; empty if there is no such promise."""
        if not any(verdict.property.kind is PropertyKind.TEMPORAL for verdict in self.verdicts):
            return ""
        return told_fairness(self.system)

    def __getitem__(self, name: str) -> Verdict:
        """Return the verdict on the property of this name."""
        return self.verdicts[
            [v.property.name for v in self.verdicts].index(find_property(name, self._properties).name)
        ]

    @property
    def _properties(self) -> list[Property]:
        return [verdict.property for verdict in self.verdicts]

    def trace(self, verdict: Verdict) -> Trace:
        """Return the run that shows a verdict, after running it again under the plain-Python semantics.

        Raises ``UsageError`` if the verdict has none.
        """
        from everyway.counterexamples.replay import replayed

        if verdict.path is None:
            raise UsageError(f"there is no schedule to show for '{verdict.property.name}'.")
        return replayed(
            self.system,
            verdict.property,
            [(visit.action, visit.state) for visit in verdict.path],
            is_violation=verdict.outcome is Outcome.VIOLATED,
            is_shortest=verdict.is_shortest,
            remark=verdict.why,
            loop=verdict.loop,
            timing=self.timing,
            times=verdict.times,
        )

    def __repr__(self) -> str:
        return f"<{self.system}: {', '.join(repr(verdict) for verdict in self.verdicts)}>"


def check(
    subject: Any,
    properties: Property | Iterable[Property] | None = None,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    fairness: Fairness | str | None = None,
    timing: Timing | None = None,
    search: Search = "bfs",
    limits: Limits | None = None,
    deadlock: bool | None = None,
    watcher: Watcher | None = None,
    stop_when_decided: bool = False,
    engine: Engine = "auto",
    threads: int | None = None,
    symmetry: bool = True,
    checkpoints: Path | str | None = None,
    resumes: bool = False,
    request: Mapping[str, Any] | None = None,
) -> Report:
    """Check a protocol under faults, a system, or any object with ``initial()`` and ``steps(state)``.

    Args:
        subject: what to check; a ``Protocol`` (or its class, for the default parameters) is made a
            ``System`` with ``faults``, ``timeouts``, ``network`` and ``fairness``.
        properties: what to decide; by default what the protocol promises.
        timing: how long messages and time-outs take. Promises about states and steps are then decided for all runs that
            keep to it, by zones (``docs/time.md``); time-outs are early ones unless ``timeouts`` says otherwise.
        search: ``"bfs"`` for shortest counterexamples, ``"dfs"`` for depth first.
        limits: when to stop although states are left; by default at 20 million states.
        deadlock: whether to look for deadlocks; by default if the protocol says what a proper end is, or a
            plain system has ``is_final(state)``.
        watcher: is called several times a second, for progress.
        stop_when_decided: stop as soon as every property is decided, rather than visit the whole space.
        engine: what explores: ``"tables"`` (compiled), ``"plain"`` (the same tables in plain Python), ``"reference"``
            (state by state), or ``"auto"``: tables, compiled once the search has grown.
        threads: on how many threads the tables are worked on; by default one for each core. Nothing that is reported
            depends on it.
        symmetry: count states that differ only in the names of interchangeable nodes as one, where the protocol
            declares such nodes and every property treats them alike.
        checkpoints: a folder in which the search is kept every few minutes, and when it is interrupted.
        resumes: go on from the checkpoint in that folder.
        request: kept with it: how the check was asked for.

    Raises:
        ModelError: if the model breaks a rule of the language.
        UsageError: if the arguments make no sense together.
    """
    if timing is not None and timeouts is None and may_choose_timeouts(subject):
        timeouts = Timeouts.EARLY  # late ones know no time
    system = as_system(subject, faults=faults, timeouts=timeouts, network=network, fairness=fairness)
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
    limits = limits or Limits()
    exploration: Explored
    if timing is not None:
        _refuse_untimed(system, search, engine, checkpoints)
        from everyway.explorer.timed.search import TimedSearch

        exploration = TimedSearch(
            system, timing, promises, limits=limits, watcher=watcher, stop_when_decided=stop_when_decided
        ).run()
    else:
        exploration = explore(
            system,
            promises,
            search=search,
            limits=limits,
            watcher=watcher,
            stop_when_decided=stop_when_decided,
            engine=engine,
            threads=threads,
            symmetry=symmetry,
            checkpoints=checkpoints,
            resumes=resumes,
            request=request,
        )
    ran_out = exploration.stopped_by in ("max_states", "max_seconds", "max_memory", "interrupt")
    verdicts = exploration.verdicts()
    exploration.statistics.peak = peak()
    return Report(
        system,
        verdicts,
        exploration.statistics,
        limits,
        search,
        exploration.is_complete,
        exploration.told_limit,
        exploration.stopped_by or ("max_depth" if exploration.statistics.cut else ""),
        vacuity(system, exploration.statistics, promises),
        exploration.growth() if ran_out else None,
        timing,
    )


def may_choose_timeouts(subject: Any) -> bool:
    """Return whether a subject is a protocol whose time-outs are late unless something else is asked for."""
    kind = subject if isinstance(subject, type) else type(subject)
    return issubclass(kind, Protocol) and kind.timeouts is Timeouts.LATE


def _refuse_untimed(system: Any, search: Search, engine: Engine, checkpoints: Path | str | None) -> None:
    if not isinstance(system, System):
        raise UsageError(
            f"time bounds are for protocols; {type(system).__name__} has no messages and time-outs."
        )
    if search != "bfs":
        raise UsageError("under time bounds the search is breadth-first; leave out search='dfs'.")
    if engine != "auto":
        raise UsageError(
            f"time bounds are decided by zones, which is an engine of its own; leave out engine='{engine}'."
        )
    if checkpoints is not None:
        raise UsageError("checkpoints are for checks without time bounds.")


def as_system(
    subject: Any,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    fairness: Fairness | str | None = None,
) -> Any:
    """Return what can be explored for a protocol, a protocol's class, a system, or a plain transition system."""
    if isinstance(subject, type) and issubclass(subject, Protocol):
        subject = subject()
    if isinstance(subject, Protocol):
        return System(subject, faults or Faults(), timeouts=timeouts, network=network, fairness=fairness)
    if faults or timeouts or network or fairness:
        kind = "a System has its own" if isinstance(subject, System) else "a plain transition system has none"
        raise UsageError(f"faults, time-outs, network and fairness are for protocols; {kind}.")
    if isinstance(subject, type):
        subject = subject()
    if not callable(getattr(subject, "initial", None)) or not callable(getattr(subject, "steps", None)):
        raise UsageError(
            f"{type(subject).__name__} cannot be explored: it is neither a Protocol nor has initial() and steps(state)."
        )
    return subject


def promised(system: Any) -> Sequence[Property]:
    """Return what a system promises: its protocol's promises, or a plain system's own ``promises()``."""
    owner = system.protocol if isinstance(system, System) else system
    promises = getattr(owner, "promises", None)
    return _listed(promises()) if callable(promises) else []


def find_property(name: str, properties: Sequence[Property]) -> Property:
    """Return the property of this name; hyphens, underscores and spaces are alike.

    Raises ``UsageError`` if there is none, naming the nearest.
    """
    by_name = {_normal(prop.name): prop for prop in properties}
    if _normal(name) not in by_name:
        known = [prop.name for prop in properties]
        raise UsageError(
            f"unknown property '{name}'.{did_you_mean(name, known)} "
            f"The model promises: {', '.join(known) or 'nothing'}."
        )
    return by_name[_normal(name)]


def _normal(name: str) -> str:
    return name.lower().replace("-", " ").replace("_", " ").strip()


def _listed(properties: Property | Iterable[Property]) -> list[Property]:
    listed = [properties] if isinstance(properties, Property) else list(properties)
    for prop in listed:
        if not isinstance(prop, Property):
            raise UsageError(
                f"{prop!r} is not a property. Decorate its predicate with @always, @never, @every_step, @possible or "
                f"@recoverable."
            )
    return listed


def _refuse_twins(properties: Sequence[Property]) -> None:
    names = [_normal(prop.name) for prop in properties]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two properties are called '{name}'; give one of them another name=...")


def probability(
    subject: Any,
    goal: Any,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    reward: Callable[[Any, Any, Any], float] | None = None,
    max_states: int | None = None,
) -> Probability:
    """Return how likely a goal is to be reached, and how long that takes: the least and the most.

    Steps that handlers return with weights (``Step.weighted``) are left to chance; everything else is up to an
    adversary: who acts, which message arrives, what fails. See ``docs/probability.md``.

    Args:
        subject: as for ``check``, like ``faults``, ``timeouts`` and ``network``.
        goal: a predicate of a state.
        reward: what a step counts, of the state before, the action and the state after; by default 1.
        max_states: the most states to explore, by default 200,000.

    Raises:
        ModelError: if the model breaks a rule of the language.
        UsageError: if there are too many states, or the arguments make no sense together.
    """
    from everyway.explorer.probability import probability as of_system

    system = as_system(subject, faults=faults, timeouts=timeouts, network=network)
    return of_system(system, goal, reward=reward, max_states=max_states)
