"""Narration: the words around a picture: what was promised, what went wrong, under which bounds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.action import Kind
from everyway.models.language.fairness import told_fairness
from everyway.models.language.system import System
from everyway.models.language.timing import Timing
from everyway.models.language.world import World

from .recording import Recording


def headline(prop: Property, is_violation: bool) -> str:
    """Return what the picture shows, e.g. "Agreement violated"."""
    if prop.kind is PropertyKind.NO_DEADLOCK:
        return "Deadlock"
    name = _capital(prop.name)
    return f"{name} violated" if is_violation else name


def subject(system: Any) -> str:
    """Return what was checked, e.g. "3pc, 3 participants"."""
    if isinstance(system, System):
        return str(system)
    told = str(system)
    return type(system).__name__ if told == object.__repr__(system) else told


def summary(
    system: Any,
    recording: Recording,
    is_shortest: bool,
    loop: int | None = None,
    timing: Timing | None = None,
) -> str:
    """Return length, faults and bounds, e.g. "18 steps · 2 messages lost · shortest under losses ≤ 2"."""
    kinds = Counter(step.kind for step in recording.steps)
    crashes = sum(step.crashed for step in recording.steps)
    false_suspicions = sum(step.kind is Kind.SUSPICION and step.is_fault for step in recording.steps)
    counted = (
        (len(recording.steps), "step"),
        (kinds[Kind.LOSS], "message lost|messages lost"),
        (kinds[Kind.DUPLICATION], "duplicate"),
        (crashes, "crash|crashes"),
        (kinds[Kind.RESTART], "restart"),
        (kinds[Kind.PARTITION], "partition"),
        (kinds[Kind.TIMEOUT], "time-out"),
        (false_suspicions, "false suspicion"),
    )
    parts = [_counted(number, word) for number, word in counted if number or word == "step"]
    if loop is not None:
        bounds = f"under {system.bounds}; " if isinstance(system, System) else ""
        return " · ".join([*parts, f"{bounds}{told_fairness(system)}"])
    shortest = "shortest" if is_shortest else "may not be the shortest"
    if isinstance(system, System):
        shortest += f" under {system.bounds}" + (f"; {timing}" if timing else "")
    return " · ".join([*parts, shortest])


def sentence(
    prop: Property,
    flaw: Broken | None,
    end: Any,
    is_violation: bool,
    loop: int | None = None,
    steps: int = 0,
) -> str:
    """Return what went wrong in one sentence, or what was reached."""
    if loop is not None:
        return _over_time(flaw, end, loop, steps)
    if flaw is not None and flaw.reason:
        return _full_stop(_capital(flaw.reason))
    if not is_violation:
        return f"Reached: {_told(end)}."
    if prop.kind is PropertyKind.NO_DEADLOCK:
        return f"Nothing can happen any more, and the protocol is not done: {_told(end)}."
    lead = {
        PropertyKind.NEVER: "This must never be",
        PropertyKind.RECOVERABLE: "No way back from here",
        PropertyKind.EVERY_STEP: "The last step must not lead here",
    }.get(prop.kind, "Broken in this state")
    return f"{lead}: {_told(end)}."


def _over_time(flaw: Broken | None, end: Any, loop: int, steps: int) -> str:
    """Return how a promise over time is broken: by what repeats for ever, or by the run's end."""
    reason = f": {flaw.reason}" if flaw is not None and flaw.reason else ""
    if loop == steps:
        when = f"After step {steps} nothing more need happen" if steps else "Nothing need ever happen"
        return _full_stop(f"{when}{reason or f', and the run may stay like this: {_told(end)}'}")
    repeated = told_steps(loop + 1, steps)
    return _full_stop(f"From step {loop + 1} on, {repeated} for ever{reason}")


def told_steps(first: int, last: int) -> str:
    """Return steps that repeat in words, e.g. "steps 5 to 8 repeat"."""
    return f"step {first} repeats" if first == last else f"steps {first} to {last} repeat"


def promise(prop: Property, steps: int, is_violation: bool, remark: str, loop: int | None = None) -> str:
    """Return the property in words, and the step that first broke it."""
    words = _full_stop(prop.promise or f"'{prop.name}' {prop.kind.value}")
    if loop is not None:
        when = "The run is fair: it puts nothing off for ever that it must not."
    elif not is_violation:
        when = f"Reached by step {steps}." if steps else "So from the start."
    elif prop.kind is PropertyKind.RECOVERABLE:
        when = f"After step {steps} no way leads there any more" if steps else "No way leads there"
        when += f" ({remark})." if remark else "."
    else:
        when = f"First broken by step {steps}." if steps else "Broken from the start."
    return f"{_capital(prop.name)}: {words} {when}"


def _told(state: Any) -> str:
    if isinstance(state, World):
        return ", ".join(f"{node.id} {node}{'' if state.is_up(node) else ' (down)'}" for node in state)
    text = str(state)
    return text if len(text) <= 120 else text[:117] + "..."


def _counted(number: int, words: str) -> str:
    one, _, many = words.partition("|")
    return f"{number} {one if number == 1 else many or one + 's'}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _full_stop(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else words + "."
