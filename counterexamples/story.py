"""The story of a trace in plain sentences, one a step: for lists of steps, and for readers who see no pictures."""

from __future__ import annotations

from collections.abc import Iterable

from everyway.models.language.naming import enumerated

from .trace import Kind, Trace, TraceMessage, TraceStep


def sentences(trace: Trace) -> tuple[str, ...]:
    """Return what happened, a numbered sentence for each step.

    For example "7. C receives yes from P3: PRECOMMIT; sends pre-commit to P1, P2 and P3."
    """
    return tuple(f"{step.number}. {_full_stop(sentence(trace, step))}" for step in trace.steps)


def sentence(trace: Trace, step: TraceStep) -> str:
    """Return one step in words: what happened, the node's new state, and what it sent.

    Without the number and the full stop, so that it may stand in a list.
    """
    words = step.text
    note = step.note.removeprefix("time-out: ")
    if note and note not in words:
        words += f" ({note})"
    told_sent = told_sends(trace.messages[number] for number in step.sent)
    if step.crashed and "crash" in words:
        # The text ends with the crash, before which all else happened.
        became = [f"had become {step.chip}"] if step.chip else []
        sent = [f"had sent {told_sent}"] if told_sent else []
        return f"{words}; before that it {enumerated(became + sent)}" if became or sent else words
    if step.chip:
        words += f"; becomes {step.chip}" if ":" in step.text else f": {step.chip}"
    if told_sent:
        words += f"; sends {told_sent}"
    if step.crashed and step.kind is not Kind.CRASH:
        words += "; crashes"
        if step.crashed_before_sending:
            words += f" before sending {enumerated(step.crashed_before_sending)}"
    return words


def told_sends(messages: Iterable[TraceMessage]) -> str:
    """Return messages in words, those of one kind together, e.g. "commit to P1 and P2, yes to C"."""
    receivers: dict[str, list[str]] = {}
    for message in messages:
        receivers.setdefault(message.label, []).append(message.to)
    return ", ".join(f"{label} to {enumerated(to)}" for label, to in receivers.items())


def _full_stop(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
