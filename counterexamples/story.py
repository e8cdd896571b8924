"""The story of a trace in plain sentences, one a step."""

from __future__ import annotations

from collections.abc import Iterable

from everyway.models.language.naming import enumerated

from .trace import Kind, Trace, TraceMessage, TraceStep


def sentences(trace: Trace) -> tuple[str, ...]:
    """Return what happened, a sentence for each step.

    For example "C receives yes from P3: decide to commit. COMMITTED; sends commit to P1, P2 and P3."
    """
    return tuple(sentence(trace, step) for step in trace.steps)


def sentence(trace: Trace, step: TraceStep) -> str:
    """Return one step in words: what happened, the node's new state, and what it sent."""
    parts = [step.text]
    if step.note and step.kind in (Kind.TIMEOUT, Kind.CHOICE) and step.note not in step.text:
        parts[0] += f" ({step.note.removeprefix('time-out: ')})"
    results = []
    if step.chip:
        results.append(f"becomes {step.chip}" if step.node else step.chip)
    if step.sent:
        results.append(f"sends {told_sends(trace.messages[number] for number in step.sent)}")
    if results:
        parts.append("; ".join(results))
    return " → ".join(parts)


def told_sends(messages: Iterable[TraceMessage]) -> str:
    """Return messages in words, e.g. "commit to P1 and P2, and yes to C"."""
    receivers: dict[str, list[str]] = {}
    for message in messages:
        receivers.setdefault(message.label, []).append(message.to)
    return "; ".join(f"{label} to {enumerated(to)}" for label, to in receivers.items())
