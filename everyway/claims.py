"""Deciding the claims of the study notes: every case of every claim is checked, and compared with what is expected.

The claims themselves are data, in ``everyway.models.claims``.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import Any

from attrs import frozen

from everyway.checking import as_system, check
from everyway.explorer import Outcome, Verdict
from everyway.invariants.property import Property, PropertyKind
from everyway.models.claims import CLAIMS, Calculation, Case, Claim, Expected
from everyway.models.language import System
from everyway.models.language.fairness import told_fairness


@frozen
class Decision:
    """What came out of one case of a claim. It holds plain values only, so that it can come from another process."""

    words: str
    """What was checked or calculated."""
    subject: str
    """The model with its variant and parameters; empty for a calculation."""
    property: str
    """The name of the property; empty for a calculation."""
    bounds: str
    """Faults, time-outs, network, and fairness where it matters; empty where there are none."""
    expected: str
    """What was to be found: "holds", "violated", "reachable", "unreachable", or a formula's value."""
    found: str
    """What was found: the same, or "unknown"."""
    is_met: bool
    """Whether that is as expected, in as many steps where that is said."""
    seconds: float
    states: int = 0
    transitions: int = 0
    depth: int = 0
    steps: int | None = None
    """The length of the counterexample or the witness; None if there is none."""
    sentence: str = ""
    """What happens at the end of it, in words."""
    picture: str = ""
    """Its diagram as SVG, if that was asked for."""
    loop: int | None = None
    """For a promise over time: after how many steps the rest of the run repeats for ever."""
    expected_steps: int | None = None


@frozen
class Judgement:
    """A claim, and what its cases came out as."""

    claim: Claim
    decisions: tuple[Decision, ...]

    @property
    def is_met(self) -> bool:
        """Whether every case came out as expected."""
        return all(decision.is_met for decision in self.decisions)

    @property
    def states(self) -> int:
        """How many states were visited for all cases together."""
        return sum(decision.states for decision in self.decisions)

    @property
    def seconds(self) -> float:
        """How long all cases took together, one after the other."""
        return sum(decision.seconds for decision in self.decisions)


def decide(case: Case | Calculation, *, pictures: bool = False, threads: int | None = None) -> Decision:
    """Check one case, or do one calculation, and compare it with what is expected of it."""
    started = time.perf_counter()
    if isinstance(case, Calculation):
        found = case.compute(check)
        return Decision(
            case.words,
            "",
            "",
            "",
            _told_value(case.formula),
            _told_value(found),
            found == case.formula,
            time.perf_counter() - started,
        )
    system = _system(case)
    report = check(
        system,
        case.property,
        deadlock=False,
        stop_when_decided=True,
        threads=threads,
    )
    verdict = report.verdicts[0]
    found = _found(verdict)
    trace = report.trace(verdict) if verdict.path is not None else None
    picture = ""
    if pictures and trace is not None:
        from everyway.counterexamples.svg import to_svg

        picture = to_svg(trace, "auto")
    return Decision(
        case.when,
        _name(system),
        case.property.name,
        _bounds(system, case.property),
        case.expected.value,
        found,
        found == case.expected.value and case.length in (None, verdict.length),
        time.perf_counter() - started,
        report.statistics.states,
        report.statistics.transitions,
        report.statistics.depth,
        verdict.length,
        trace.sentence if trace is not None else "",
        picture,
        verdict.loop,
        case.length,
    )


def judge(
    claims: Sequence[Claim] = CLAIMS,
    *,
    quick: bool = False,
    pictures: bool = False,
    processes: int | None = None,
) -> Iterator[Judgement]:
    """Decide claims, and yield each, in the order given, when all of its cases are decided.

    Args:
        claims: which; by default all.
        quick: leave out the cases that take more than a moment.
        pictures: draw every counterexample and every witness.
        processes: on how many to work; by default one for each core. With one, nothing is started.
    """
    asked = {claim.id: _asked(claim, quick=quick) for claim in claims}
    processes = min(processes or os.cpu_count() or 1, sum(map(len, asked.values())))
    if processes <= 1:
        for claim in claims:
            cases = [claim.cases[number] for number in asked[claim.id]]
            yield Judgement(claim, tuple(decide(case, pictures=pictures) for case in cases))
        return
    # Cases hold functions, which cannot be sent to another process; their numbers can.
    others = set(active_children())
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_ends_silently)
    try:
        running: dict[str, list[Future[Decision]]] = {
            name: [pool.submit(_decide_numbered, name, number, pictures) for number in numbers]
            for name, numbers in asked.items()
        }
        for claim in claims:
            yield Judgement(claim, tuple(future.result() for future in running[claim.id]))
    except BaseException:
        for process in set(active_children()) - others:
            process.terminate()
        raise
    finally:
        # Without waiting, the interpreter may end at the moment at which the pool's own thread does, and complain.
        pool.shutdown(wait=True, cancel_futures=True)


def _ends_silently() -> None:
    """Let Ctrl-C end a process without a traceback; the one that started it tells the user."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _decide_numbered(claim: str, number: int, pictures: bool) -> Decision:
    cases = next(known.cases for known in CLAIMS if known.id == claim)
    return decide(cases[number], pictures=pictures, threads=1)


def _asked(claim: Claim, *, quick: bool) -> list[int]:
    return [number for number, case in enumerate(claim.cases) if not (quick and case.is_slow)]


def _system(case: Case) -> Any:
    """Return what is checked: the case's protocol under its bounds, or its plain system."""
    if not isinstance(as_system(case.subject), System):
        return case.subject
    return as_system(
        case.subject,
        faults=case.faults,
        timeouts=case.timeouts,
        network=case.network,
        fairness=case.fairness,
    )


def _found(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.UNKNOWN:
        return "unknown"
    holds = verdict.outcome is Outcome.HOLDS
    words = (Expected.HOLDS, Expected.VIOLATED)
    if verdict.property.kind is PropertyKind.POSSIBLE:
        words = (Expected.REACHABLE, Expected.UNREACHABLE)
    return str(words[0 if holds else 1].value)


def name_of(case: Case) -> str:
    """Return a case's model with its variant and parameters, or the class of a plain system."""
    return _name(_system(case))


def bounds_of(case: Case) -> str:
    """Return a case's bounds in words; empty for a plain system."""
    return _bounds(_system(case), case.property)


def _name(system: Any) -> str:
    return str(system.protocol) if isinstance(system, System) else type(system).__name__


def _bounds(system: Any, prop: Property) -> str:
    if not isinstance(system, System):
        return ""
    parts = [system.bounds]
    if prop.kind is PropertyKind.TEMPORAL:
        parts.append(told_fairness(system))
    return "; ".join(parts)


def _told_value(value: Any) -> str:
    if isinstance(value, set):
        return f"{{{', '.join(sorted(map(_told_value, value)))}}}" if value else "none"
    if isinstance(value, list | tuple):
        return ", ".join(_told_value(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
