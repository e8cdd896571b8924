"""Replay: a schedule that an engine found is run again by the plain-Python semantics and becomes a trace.

An engine may be fast and wrong; what a user is shown has happened in the reference semantics, step by step,
and breaks the promise there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Sequence
from fractions import Fraction
from typing import Any

from attrs import evolve

from everyway.invariants.fair_runs import keeps, unfairness
from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.errors import EverywayError
from everyway.models.language.fairness import fairness_classes
from everyway.models.language.system import System
from everyway.models.language.timed_system import TimedSystem
from everyway.models.language.timing import Timing

from .blame import guilty_nodes
from .narration import headline, promise, sentence, subject, summary
from .ordering import reordered
from .recording import Recording, record
from .trace import Guilt, Trace

Schedule = Sequence[tuple[Any, Any]]
"""Pairs of an action and the state it led to; the first action is None."""

FORWARD_LIMIT = 200_000
"""Most states to visit when making sure that a trapped state really is trapped."""


class ReplayError(EverywayError):
    """A schedule that an engine reported does not happen, or does not break the promise: a bug in the engine."""


def replayed(
    system: Any,
    prop: Property,
    schedule: Schedule,
    *,
    is_violation: bool = True,
    is_shortest: bool = True,
    remark: str = "",
    loop: int | None = None,
    timing: Timing | None = None,
    times: Sequence[Fraction] | None = None,
) -> Trace:
    """Run a schedule again and return it as a trace.

    Args:
        system: the system that was searched; a ``System`` is built afresh, with nothing remembered.
        prop: the property that the schedule violates, or whose witness it is.
        schedule: the actions and states, as the engine found them.
        is_violation: False for the witness of ``possible``.
        is_shortest: whether no shorter schedule shows the same.
        loop: for a promise over time, the position from which the schedule repeats for ever.
        remark: one more thing to say, such as how many states are trapped.
        timing: the time bounds, if there are any.
        times: when each state of the schedule is reached under them, in seconds.

    Raises:
        ReplayError: if the schedule does not happen, or does not show what it should.
    """
    fresh = system.again() if isinstance(system, System) else system
    run = _run(fresh, schedule)
    flaw = _shown_flaw(fresh, prop, run, loop)
    if timing is not None and times is not None:
        _keep_time(fresh, timing, run, times)
    elif isinstance(fresh, System) and loop is None:
        run = _tidied(fresh, prop, run) or run
    if prop.kind is PropertyKind.RECOVERABLE:
        flaw = _lasting_flaw(fresh, prop, run[-1][1])
    recording = record(fresh, run)
    if times is not None:
        steps = [evolve(step, time=time) for step, time in zip(recording.steps, times[1:], strict=True)]
        recording = evolve(recording, steps=tuple(steps))
    if loop is not None:
        recording = _one_below_the_other(recording, [loop + 1])
    states = [state for _, state in run]
    shadow = () if prop.refines is None else tuple(prop.refines.told_along(states))
    if shadow:
        recording = _one_below_the_other(
            recording, [k for k in range(1, len(shadow)) if shadow[k] != shadow[k - 1]]
        )
    guilty: tuple[Guilt, ...] = ()
    if is_violation and flaw is not None:
        guilty = guilty_nodes(prop, flaw, states)
    return Trace(
        headline=headline(prop, is_violation),
        subject=subject(fresh),
        summary=summary(fresh, recording, is_shortest, loop, timing),
        sentence=sentence(prop, flaw, states[-1], is_violation, loop, len(recording.steps)),
        promise=promise(prop, len(recording.steps), is_violation, remark, loop),
        property=prop.name,
        lifelines=recording.lifelines,
        initial=recording.initial,
        steps=recording.steps,
        messages=recording.messages,
        states=tuple(states),
        tones=recording.tones,
        guilty=guilty,
        loop=loop,
        shadow=shadow,
        is_violation=is_violation,
    )


def _keep_time(system: System, timing: Timing, run: Schedule, times: Sequence[Fraction]) -> None:
    """See that a run keeps to the time bounds, by the reference semantics of time."""
    timed = TimedSystem(system, timing)
    ticks = [time / timed.bounds.tick for time in times]
    late = (
        "its times are no whole ticks"
        if any(tick.denominator != 1 for tick in ticks)
        else timed.rejects(run, [int(tick) for tick in ticks])
    )
    if late:
        raise ReplayError(f"the schedule does not keep to its time bounds: {late}")


def _one_below_the_other(recording: Recording, numbers: Container[int]) -> Recording:
    """Return the recording with some steps drawn below all that came before them."""
    steps = [evolve(step, is_barrier=True) if step.number in numbers else step for step in recording.steps]
    return evolve(recording, steps=tuple(steps))


def _run(system: Any, schedule: Schedule) -> list[tuple[Any, Any]]:
    """Take each step of the schedule in the system."""
    if not schedule:
        raise ReplayError("an empty schedule has no state at which it starts")
    start = schedule[0][1]
    if start not in list(system.initial()):
        raise ReplayError(f"the schedule starts at {start}, which is no initial state")
    run: list[tuple[Any, Any]] = [(None, start)]
    for number, (action, expected) in enumerate(schedule[1:], 1):
        if not any(taken == action and after == expected for taken, after in system.steps(run[-1][1])):
            raise ReplayError(
                f"step {number} of the schedule, '{action}', cannot be taken, or leads elsewhere.\n"
                f"Either the model is not a function of its state, or this is a bug in everyway: please report it."
            )
        run.append((action, expected))
    return run


def _shown_flaw(system: Any, prop: Property, run: Schedule, loop: int | None = None) -> Broken | None:
    """Return why the run violates the property; None for a witness.

    Raises ``ReplayError`` if it shows neither.
    """
    end = run[-1][1]
    if prop.kind is PropertyKind.TEMPORAL:
        return _flaw_over_time(system, prop, run, len(run) - 1 if loop is None else loop)
    if prop.kind is PropertyKind.EVERY_STEP:
        action, after = run[-1]
        flaw = prop.judge(run[-2][1], action, after) if len(run) > 1 else prop.judge_start(end)
    else:
        flaw = prop.judge(end)
    if prop.kind is PropertyKind.POSSIBLE:
        if flaw is not None:
            raise ReplayError(f"the run that was to show '{prop.name}' does not")
        return None
    if flaw is None:
        raise ReplayError(f"the run that was to violate '{prop.name}' does not")
    if prop.kind is PropertyKind.NO_DEADLOCK and not _is_stuck(system, end):
        raise ReplayError(f"the run that was to end in a deadlock can go on from {end}")
    if prop.kind is PropertyKind.RECOVERABLE and not prop.is_premise_met(end):
        raise ReplayError(f"'{prop.name}' says nothing of {end}")
    if prop.kind is PropertyKind.RECOVERABLE and _lasting_flaw(system, prop, end) is None:
        raise ReplayError(f"'{prop.name}' can still be reached from {end}")
    return flaw


def _flaw_over_time(system: Any, prop: Property, run: Schedule, loop: int) -> Broken:
    """Return why the goal of a promise over time is not met in the loop: the reason that names the fewest nodes."""
    if run[loop][1] != run[-1][1]:
        raise ReplayError("the schedule does not come back to the state at which its loop begins")
    unfair = unfairness(system, run, loop, fairness_classes(system))
    if unfair:
        raise ReplayError(f"the run that was to violate '{prop.name}' is not fair: {unfair}")
    if keeps(prop.formula, run, loop):
        raise ReplayError(f"the run that was to violate '{prop.name}' does not")
    flaws = [flaw for _, state in run[loop:] if (flaw := prop.judge(state)) is not None]
    return min(flaws, key=lambda flaw: (not flaw.reason, len(flaw.nodes)), default=Broken())


def _is_stuck(system: Any, state: Any) -> bool:
    return all(getattr(action, "is_fault", False) or after == state for action, after in system.steps(state))


def _lasting_flaw(system: Any, prop: Property, state: Any) -> Broken | None:
    """Look forward from a state for one that satisfies the property; the search for trapped states goes backward.

    Return None if there is one. If there is none, return the flaw that names the fewest nodes: those are the
    ones that are stuck whatever happens, while others may still come to an end.
    """
    least = prop.judge(state)
    seen, waiting = {state}, deque([state])
    while waiting and least is not None and len(seen) < FORWARD_LIMIT:
        for after in _ways_on(system, prop, waiting.popleft()):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
                flaw = prop.judge(after)
                if flaw is None:
                    return None
                if len(flaw.nodes) < len(least.nodes):
                    least = flaw
    return least


def _ways_on(system: Any, prop: Property, state: Any) -> Iterable[Any]:
    for action, after in system.steps(state):
        if getattr(action, "is_fault", False):
            continue
        if prop.repairs or not getattr(action, "is_repair", False):
            yield after


def _tidied(system: System, prop: Property, run: Schedule) -> list[tuple[Any, Any]] | None:
    """Return the same steps in the order in which a reader meets them, if they can be taken in that order."""
    order = reordered(record(system, run))
    if order is None or (prop.kind is PropertyKind.EVERY_STEP and order[-1] != len(order)):
        return None
    tidy: list[tuple[Any, Any]] = [run[0]]
    for number in order:
        action = run[number][0]
        found = [after for taken, after in system.steps(tidy[-1][1]) if taken == action]
        if len(found) != 1:
            return None
        tidy.append((action, found[0]))
    try:
        _shown_flaw(system, prop, tidy)
    except ReplayError:
        return None
    return tidy
