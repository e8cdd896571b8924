"""The report of a comparison of a model with a theory, in a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from everyway.checking import Report
from everyway.explorer import Finding, Limits, Outcome
from everyway.proofs.crossing import Crossing

from .paragraph import can_show_all, say

if TYPE_CHECKING:
    from rich.console import Console

_COLUMN = 10


def as_report(crossing: Crossing, limits: Limits | None = None) -> Report:
    """Return a comparison as the report of a check, so that it is told, drawn and replayed like any other."""
    search = crossing.search
    findings = [
        Finding("action-never-taken", f"{name}: no step of the model stands for this action of the theory")
        for name in crossing.never_taken
        if crossing.taken
    ]
    return Report(
        search.system,
        crossing.verdicts,
        search.statistics,
        limits or Limits(),
        "bfs",
        search.is_complete,
        search.told_limit,
        search.stopped_by or ("max_depth" if search.statistics.cut else ""),
        tuple(findings),
    )


def tell_crossing(
    crossing: Crossing, report: Report, console: Console, *, as_json: bool, quiet: bool, ascii_only: bool
) -> None:
    """Print a comparison, or its JSON."""
    ascii_only = ascii_only or not can_show_all(console)
    if as_json:
        import json

        from everyway.json_report import as_json as values

        told = {**values(report), "bridge": crossing_values(crossing)}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=ascii_only), file=console.file)
        return
    from .summary import print_report

    print_report(report, console, quiet=True, verbose=False, ascii_only=ascii_only)
    for number, line in enumerate(told_size(crossing)):
        lead = "" if number else "theory"
        say(console, line, lead=lead, lead_style="dim", column=_COLUMN, ascii_only=ascii_only)
    if not quiet:
        draw_first(report, console, ascii_only=ascii_only)


def draw_first(report: Report, console: Console, *, ascii_only: bool) -> None:
    """Draw the run to the first step that has no counterpart; if all have one, to the first state without a lemma."""
    from everyway.counterexamples.terminal import to_terminal

    for verdict in report.verdicts:
        if verdict.outcome is Outcome.VIOLATED:
            console.print()
            console.rule(style="dim", characters="-" if ascii_only else "─")
            console.print(to_terminal(report.trace(verdict), ascii_only=ascii_only))
            return


def told_size(crossing: Crossing) -> list[str]:
    """Return how much of the theory the model goes through, in sentences."""
    counts = {" and ".join(names): count for names, count in crossing.taken.items() if count}
    listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    stutters = crossing.search.statistics.transitions - crossing.steps
    lines = [
        f"{crossing.structures:,} different states of the theory, {crossing.pairs:,} different steps",
        f"{crossing.steps:,} transitions of the model are such steps, {stutters:,} change nothing there",
    ]
    return [*lines, listed] if listed else lines


def crossing_values(crossing: Crossing) -> dict[str, Any]:
    """Return a comparison as values that JSON knows."""
    statistics = crossing.search.statistics
    return {
        "theory": crossing.bridge.theory.__name__,
        "model": str(crossing.bridge.protocol),
        "bounds": crossing.search.system.bounds,
        "outcome": crossing.outcome.value,
        "states": statistics.states,
        "transitions": statistics.transitions,
        "steps": crossing.steps,
        "theory_states": crossing.structures,
        "theory_steps": crossing.pairs,
        "taken": [{"actions": list(names), "steps": count} for names, count in crossing.taken.items()],
        "broken": [
            {"property": verdict.property.name, "reason": verdict.broken.reason if verdict.broken else ""}
            for verdict in crossing.verdicts
            if verdict.outcome is Outcome.VIOLATED
        ],
        "seconds": round(crossing.seconds, 3),
    }
