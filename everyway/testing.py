"""Assertions for unit tests.

>>> from everyway.testing import assert_holds
>>> from everyway.models.two_phase_commit import TwoPhaseCommit
>>> assert_holds(TwoPhaseCommit(), "agreement", crashes=1).statistics.states
190

A failing assertion raises ``CounterexampleFound``, whose text is one line; the pytest plugin adds the story
as a section of the report and saves the diagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from everyway.checking import Report, as_system, check, find_property, may_choose_timeouts, promised
from everyway.explorer import Limits, Outcome, Search, Verdict
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language import (
    FAULT_KINDS,
    Budget,
    EverywayError,
    Fairness,
    Faults,
    Network,
    Timeouts,
    Timing,
    UsageError,
    did_you_mean,
)

if TYPE_CHECKING:
    from everyway.counterexamples.trace import Trace
    from everyway.proofs.induction import Proof
    from everyway.proofs.language import Theory

Wanted = Property | str | Iterable[Property | str] | None


class CounterexampleFound(AssertionError):
    """A property that was asserted to hold does not; ``trace`` is the run that breaks it, if there is one."""

    def __init__(self, message: str, trace: Trace | None = None) -> None:
        super().__init__(message)
        self.trace = trace


def assert_holds(
    subject: Any,
    properties: Wanted = None,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    fairness: Fairness | str | None = None,
    timing: Timing | None = None,
    search: Search = "bfs",
    limits: Limits | None = None,
    deadlock: bool | None = None,
    **budgets: int | Budget,
) -> Report:
    """Assert that properties hold in the whole space under the bounds, and return the report.

    Args:
        subject: a protocol, a system, or any object with ``initial()`` and ``steps(state)``.
        properties: properties, or names of promises of the protocol; by default all that it promises.
        faults: the fault budgets; or give them one by one, as in ``crashes=1, losses=at_most(2, Abort)``.
        timeouts: ``"late"``, ``"early"`` or ``"never"``.
        fairness: for promises over time, which steps may not be put off for ever.
        timing: how long messages and time-outs take.
        network: ``"bag"``, ``"set"`` or ``"fifo"``.
        search: ``"bfs"`` or ``"dfs"``.
        limits: when to stop; a search that is stopped has not shown that anything holds, and fails.
        deadlock: whether to look for deadlocks too; by default if the model says what a proper end is.

    Raises:
        CounterexampleFound: if a property is violated, or could not be decided within the limits.
        EverywayError: if the model or the arguments are wrong.
    """
    __tracebackhide__ = True
    report = _checked(
        subject, properties, faults, budgets, timeouts, network, fairness, timing, search, limits, deadlock
    )
    for wanted in (Outcome.VIOLATED, Outcome.UNKNOWN):
        for verdict in report.verdicts:
            if verdict.outcome is wanted:
                raise CounterexampleFound(_told(report, verdict), _trace(report, verdict))
    return report


def assert_violated(
    subject: Any,
    properties: Wanted = None,
    *,
    length: int | None = None,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    fairness: Fairness | str | None = None,
    timing: Timing | None = None,
    search: Search = "bfs",
    limits: Limits | None = None,
    deadlock: bool | None = None,
    **budgets: int | Budget,
) -> Report:
    """Assert that every one of these properties is violated, and return the report.

    The search ends as soon as that is known, so the report's counts are those of a part of the space.

    Args:
        subject: as for ``assert_holds``, like the other arguments.
        properties: what must be violated; by default all that it promises, and deadlocks.
        length: the number of steps of the shortest counterexample, to pin it down.

    Raises:
        AssertionError: if a property holds, is not decided, or its counterexample has another length.
        EverywayError: if the model or the arguments are wrong.
    """
    __tracebackhide__ = True
    if length is not None and search != "bfs":
        raise UsageError("length pins the shortest counterexample, which only search='bfs' finds.")
    if deadlock is None and properties is not None:
        deadlock = False  # that something else is violated too is not asked
    report = _checked(
        subject,
        properties,
        faults,
        budgets,
        timeouts,
        network,
        fairness,
        timing,
        search,
        limits,
        deadlock,
        stop_when_decided=True,
    )
    for verdict in report.verdicts:
        if verdict.outcome is not Outcome.VIOLATED:
            why = f" ({verdict.why})" if verdict.why else f" in all {report.statistics.states:,} states"
            raise AssertionError(
                f"{verdict.property.name} was to be violated, but {_is(verdict)}{why}: {report.system}; {report.bounds}"
            )
        if length is not None and verdict.length != length:
            raise CounterexampleFound(
                f"{verdict.property.name} is violated in {verdict.length} steps, not in {length}: {report.system}",
                _trace(report, verdict),
            )
    return report


def assert_proved(theory: type[Theory], *, timeout: float = 10.0) -> Proof:
    """Assert that the lemmas of a theory are inductive and imply its goals, and return the proof.

    >>> from everyway.proofs.theories.fencing import Fencing
    >>> len(assert_proved(Fencing).obligations)
    11

    Args:
        theory: the theory, or a variant of one.
        timeout: seconds that z3 may take for one query.

    Raises:
        CounterexampleFound: if an obligation is refuted or not decided; without a trace, as a counterexample to
            induction is no run.
        EverywayError: if the theory is wrong, or z3 is not installed.
    """
    __tracebackhide__ = True
    from everyway.proofs.induction import Outcome, prove
    from everyway.proofs.solver import SolverLimits
    from everyway.proofs.wording import headline, title

    try:
        proof = prove(theory.specification(), SolverLimits(timeout))
    except EverywayError as error:
        raise error.with_traceback(None)  # noqa: B904
    if proof.outcome is Outcome.PROVED:
        return proof
    first = next(one for one in proof.obligations if one.outcome is proof.outcome)
    if proof.refuted:
        first = proof.refuted[0]
    found = first.counterexample
    how = f"{first.name} fails"
    if found is not None and found.step:
        how = f"{found.step} breaks {first.conjunct.name}"
    elif first.why:
        how = f"{first.name}: {first.why}"
    raise CounterexampleFound(f"{title(theory)} {headline(proof)}; {how}")


def _is(verdict: Verdict) -> str:
    return "it holds" if verdict.outcome is Outcome.HOLDS else "it is unknown"


def _checked(
    subject: Any,
    properties: Wanted,
    faults: Faults | None,
    budgets: Mapping[str, int | Budget],
    timeouts: Timeouts | str | None,
    network: Network | str | None,
    fairness: Fairness | str | None,
    timing: Timing | None,
    search: Search,
    limits: Limits | None,
    deadlock: bool | None,
    stop_when_decided: bool = False,
) -> Report:
    __tracebackhide__ = True
    try:
        return _searched(
            subject,
            properties,
            faults,
            budgets,
            timeouts,
            network,
            fairness,
            timing,
            search,
            limits,
            deadlock,
            stop_when_decided,
        )
    except EverywayError as error:
        # What is wrong is in the test or in its model, and told; the way through everyway would only hide it.
        raise error.with_traceback(None)  # noqa: B904


def _searched(
    subject: Any,
    properties: Wanted,
    faults: Faults | None,
    budgets: Mapping[str, int | Budget],
    timeouts: Timeouts | str | None,
    network: Network | str | None,
    fairness: Fairness | str | None,
    timing: Timing | None,
    search: Search,
    limits: Limits | None,
    deadlock: bool | None,
    stop_when_decided: bool = False,
) -> Report:
    for name in budgets:
        if name not in FAULT_KINDS:
            known = ", ".join(FAULT_KINDS)
            raise UsageError(f"unknown fault '{name}'.{did_you_mean(name, FAULT_KINDS)} Known: {known}.")
    if faults and budgets:
        raise UsageError("give the fault budgets either as faults=... or one by one, not both.")
    if timing is not None and timeouts is None and may_choose_timeouts(subject):
        timeouts = Timeouts.EARLY
    system = as_system(
        subject, faults=faults or _faults(budgets), timeouts=timeouts, network=network, fairness=fairness
    )
    wanted = _wanted(properties, promised(system))
    report = check(
        system,
        wanted,
        timing=timing,
        search=search,
        limits=limits,
        deadlock=deadlock,
        stop_when_decided=stop_when_decided,
    )
    if not report.verdicts:
        raise UsageError(
            f"{report.system} promises nothing, and no property was given: there is nothing to assert."
        )
    return report


def _faults(budgets: Mapping[str, Any]) -> Faults | None:
    return Faults(**budgets) if budgets else None


def _wanted(properties: Wanted, promises: Sequence[Property]) -> list[Property] | None:
    """Return the properties that are meant; names are those of promises."""
    if properties is None:
        return None
    if isinstance(properties, str) or not isinstance(properties, Iterable):
        properties = [properties]
    return [find_property(wanted, promises) if isinstance(wanted, str) else wanted for wanted in properties]


def _told(report: Report, verdict: Verdict) -> str:
    """Return the failure in one line."""
    name = verdict.property.name
    if verdict.outcome is Outcome.UNKNOWN:
        return f"{name} is unknown: {verdict.why}: {report.system}; {report.bounds}"
    reason = f": {verdict.broken.reason}" if verdict.broken is not None and verdict.broken.reason else ""
    steps = ""
    if verdict.length is not None:
        steps = f" in {verdict.length} step{'' if verdict.length == 1 else 's'}"
    if verdict.property.kind is PropertyKind.POSSIBLE:
        return f"{name} is not possible{reason}: {report.system}; {report.bounds}"
    return f"{name} violated{steps}{reason} ({report.system}; {report.bounds})"


def _trace(report: Report, verdict: Verdict) -> Trace | None:
    return report.trace(verdict) if verdict.path is not None else None
