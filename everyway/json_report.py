"""The report of a check as JSON, for scripts; ``docs/json.md`` describes every field.

The schema's version changes when a field changes its meaning or goes away; new fields may appear at any time.
"""

from __future__ import annotations

import math
from typing import Any

import attrs

from everyway.checking import Report
from everyway.counterexamples.trace import Trace, TraceStep
from everyway.explorer import Outcome, Verdict
from everyway.models.language import System
from everyway.models.language.naming import shown

SCHEMA = "everyway-check/1"
EXIT_CODES = {Outcome.HOLDS: 0, Outcome.VIOLATED: 1, Outcome.UNKNOWN: 3}
INTERRUPTED = 130


def exit_code(report: Report) -> int:
    """Return the exit code of a check: 0 holds, 1 violated, 3 unknown, 130 interrupted."""
    if report.stopped_by == "interrupt" and report.outcome is not Outcome.VIOLATED:
        return INTERRUPTED
    return EXIT_CODES[report.outcome]


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as values that ``json.dumps`` takes."""
    statistics = report.statistics
    return {
        "schema": SCHEMA,
        "model": _model(report),
        "bounds": _bounds(report),
        "limits": {
            name: None if limit == math.inf else limit for name, limit in attrs.asdict(report.limits).items()
        },
        "search": report.search,
        "outcome": report.outcome.value,
        "exit_code": exit_code(report),
        "is_complete": report.is_complete,
        "stopped_by": report.stopped_by or None,
        "stopped": report.stopped or None,
        "verdicts": [_verdict(report, verdict) for verdict in report.verdicts],
        "statistics": {
            "states": statistics.states,
            "worlds": statistics.worlds or None,
            "transitions": statistics.transitions,
            "depth": statistics.depth,
            "starts": statistics.starts,
            "ends": statistics.ends,
            "cut": statistics.cut,
            "seconds": round(statistics.seconds, 3),
            "spent": dict(statistics.spent),
            "memory": statistics.memory,
            "peak_memory": statistics.peak,
            "values": statistics.values,
            "interchangeable": statistics.alike or None,
            "told_apart": statistics.told_apart or None,
            "sampled": statistics.sample or None,
            "handler_calls": report.system.handler_calls if isinstance(report.system, System) else None,
            "taken": [
                {
                    "kind": deed.kind.value,
                    "node": deed.node,
                    "handler": deed.handler or None,
                    "message": deed.message.__name__ if deed.message else None,
                    "crashed": deed.crashed,
                    "is_false": deed.is_false,
                    "label": deed.label or None,
                    "times": times,
                }
                for deed, times in statistics.deeds.items()
            ],
        },
        "findings": [attrs.asdict(finding) for finding in report.findings],
        "growth": attrs.asdict(report.growth) if report.growth else None,
    }


def _model(report: Report) -> dict[str, Any]:
    if not isinstance(report.system, System):
        return {"title": type(report.system).__name__, "variant": None, "parameters": {}}
    protocol = report.system.protocol
    return {
        "title": type(protocol).title(),
        "variant": type(protocol).variant or None,
        "parameters": {
            field.name: _plain(getattr(protocol, field.name)) for field in attrs.fields(type(protocol))
        },
    }


def _bounds(report: Report) -> dict[str, Any] | None:
    system = report.system
    if not isinstance(system, System):
        return None
    return {
        "faults": {kind: {"count": b.count, "only": list(b.only)} for kind, b in system.faults},
        "timeouts": system.timeouts.value,
        "network": system.network.value,
        "timing": str(report.timing) if report.timing else None,
        "fairness": report.fairness or None,
    }


def _verdict(report: Report, verdict: Verdict) -> dict[str, Any]:
    trace = report.trace(verdict) if verdict.path is not None else None
    return {
        "property": verdict.property.name,
        "kind": verdict.property.kind.value,
        "promise": verdict.property.promise,
        "outcome": verdict.outcome.value,
        "length": verdict.length,
        "is_shortest": verdict.is_shortest if verdict.path is not None else None,
        "reason": verdict.broken.reason if verdict.broken is not None else None,
        "why": verdict.why or None,
        "loop": verdict.loop,
        "trace": _trace(trace) if trace else None,
    }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "headline": trace.headline,
        "sentence": trace.sentence,
        "summary": trace.summary,
        "is_violation": trace.is_violation,
        "specification": list(trace.shadow) or None,
        "nodes": [{"id": lifeline.node, "role": lifeline.role} for lifeline in trace.lifelines],
        "initial": dict(trace.initial),
        "guilty": [guilt.node for guilt in trace.guilty],
        "steps": [_step(step) for step in trace.steps],
        "messages": [
            {
                "number": message.number,
                "label": message.label,
                "from": message.sender,
                "to": message.to,
                "sent_by": message.sent_by,
                "delivered_by": message.delivered_by,
                "lost_by": message.lost_by,
                "copy_of": message.copy_of,
                "fate": message.fate.value,
            }
            for message in trace.messages
        ],
    }


def _step(step: TraceStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "kind": step.kind.value,
        "node": step.node,
        "text": step.text,
        "state": step.chip,
        "note": step.note or None,
        "message": step.message,
        "sent": list(step.sent),
        "crashed": step.crashed,
        "never_sent": list(step.crashed_before_sending),
        "is_fault": step.is_fault,
        "time": None if step.time is None else float(step.time),
        "sides": [list(side) for side in step.sides],
        "changes": [
            {
                "where": change.where,
                "field": change.field,
                "before": shown(change.before),
                "after": shown(change.after),
            }
            for change in step.changes
        ],
        "causes": list(step.causes),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    return value if isinstance(value, (bool, int, float, str)) or value is None else shown(value)
