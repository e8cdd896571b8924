"""The report of a check, as a person reads it in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from everyway.checking import Report
from everyway.explorer import Outcome, Path, Verdict
from everyway.invariants.property import PropertyKind
from everyway.models.language import System

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {Outcome.HOLDS: "✓", Outcome.VIOLATED: "✗", Outcome.UNKNOWN: "?"}
_ASCII_MARKS = {Outcome.HOLDS: "+", Outcome.VIOLATED: "x", Outcome.UNKNOWN: "?"}
_ASCII: dict[int, str] = {
    ord(fine): plain for fine, plain in zip("≤·→…×", ("<=", "-", "->", "~", "x"), strict=True)
}
_STYLES = {Outcome.HOLDS: "green", Outcome.VIOLATED: "bold red", Outcome.UNKNOWN: "yellow"}


def print_report(report: Report, console: Console, *, quiet: bool, verbose: bool, ascii_only: bool) -> None:
    """Print a report: the verdicts, the counterexamples, what was covered, and what never happened."""
    from rich.text import Text

    def say(words: str, style: str = "", indent: int = 0, first: str = "") -> None:
        if ascii_only:
            words = words.translate(_ASCII)
        lines = textwrap.wrap(words, max(console.width - indent, 20), break_long_words=False) or [""]
        for number, line in enumerate(lines):
            lead = first.ljust(indent) if number == 0 else " " * indent
            text = Text(lead, style="dim", end="\n", no_wrap=True, overflow="ellipsis")
            text.append(line, style=style)
            console.print(text)

    say(str(report.system), "bold")
    if isinstance(report.system, System):
        say(report.system.bounds, "dim")
    console.print()
    width = max((len(verdict.property.name) for verdict in report.verdicts), default=0)
    width = min(width, console.width // 2)
    marks = _ASCII_MARKS if ascii_only else _MARKS
    for verdict in report.verdicts:
        style = _STYLES[verdict.outcome]
        label = Text(f" {marks[verdict.outcome]} ", style=style, end="")
        label.append(f"{verdict.property.name[:width]:<{width}}  ", style="bold" if style != "green" else "")
        console.print(label, end="")
        lines = textwrap.wrap(told(report, verdict), max(console.width - width - 5, 20))
        for number, line in enumerate(lines):
            console.print(Text((" " * (width + 5) if number else "") + line, style=style, no_wrap=True))
    if not quiet:
        _print_traces(report, console, ascii_only)
    console.print()
    statistics = report.statistics
    rate = (
        f", {statistics.transitions / statistics.seconds:,.0f} transitions/s"
        if statistics.seconds > 0.5
        else ""
    )
    say(
        f"{statistics.states:,} states, {statistics.transitions:,} transitions, {_depth(report)}, "
        f"{statistics.ends:,} end{'' if statistics.ends == 1 else 's'}, in {statistics.seconds:.2f} s{rate}",
        "",
        10,
        "visited",
    )
    for number, line in enumerate(_coverage(report)):
        say(line, "", 10, "" if number else "covered")
    for number, finding in enumerate(report.findings):
        say(finding.text, "yellow", 10, "" if number else "notice")
    if verbose:
        _print_deeds(report, console)


def told(report: Report, verdict: Verdict) -> str:
    """Return a verdict in words, e.g. "holds in all 360 states"."""
    states = report.statistics.states
    if verdict.outcome is Outcome.UNKNOWN:
        return f"unknown: {verdict.why}"
    steps = "" if verdict.length is None else f"{verdict.length} step{'' if verdict.length == 1 else 's'}"
    if verdict.property.kind is PropertyKind.POSSIBLE:
        if verdict.outcome is Outcome.HOLDS:
            return f"reached in {steps}" if verdict.length else "true from the start"
        return f"never reached in all {states:,} states"
    if verdict.outcome is Outcome.HOLDS:
        return f"holds in all {states:,} states"
    reason = f": {verdict.broken.reason}" if verdict.broken is not None and verdict.broken.reason else ""
    return f"violated in {steps}{reason}" if verdict.length else f"violated from the start{reason}"


def violations(report: Report) -> list[tuple[Verdict, list[str]]]:
    """Return the violations to draw, shortest first; those with the same schedule together with all their names."""
    by_path: dict[Path, tuple[Verdict, list[str]]] = {}
    for verdict in report.verdicts:
        if verdict.outcome is Outcome.VIOLATED and verdict.path is not None:
            by_path.setdefault(verdict.path, (verdict, []))[1].append(verdict.property.name)
    return sorted(by_path.values(), key=lambda drawn: drawn[0].length or 0)


def _print_traces(report: Report, console: Console, ascii_only: bool) -> None:
    from everyway.counterexamples.terminal import to_terminal

    for verdict, names in violations(report):
        console.print()
        console.rule(style="dim", characters="-" if ascii_only else "─")
        console.print(to_terminal(report.trace(verdict), ascii_only=ascii_only))
        if len(names) > 1:
            console.print(f"  The same schedule breaks: {', '.join(names)}.", style="dim")


def _depth(report: Report) -> str:
    if report.search == "dfs":
        return f"longest path {report.statistics.depth}"
    return f"depth {report.statistics.depth}"


def _coverage(report: Report) -> Iterator[str]:
    """Yield what the verdicts cover: the whole space or how much of it, and which bounds were touched how often."""
    states = report.statistics.states
    if report.is_complete:
        yield "the whole space under these bounds"
    else:
        yield f"not the whole space: {report.stopped}"
        if report.growth:
            yield str(report.growth)
        raised = {"max_states": "--max-states", "max_seconds": "--max-seconds"}
        if report.statistics.cut:
            yield "raise --max-depth to see more"
        elif report.stopped_by in raised:
            yield f"raise {raised[report.stopped_by]} to see more"
    if report.search == "dfs" and any(v.outcome is Outcome.VIOLATED for v in report.verdicts):
        yield "searched depth-first: a shorter schedule may exist; --search bfs finds the shortest"
    if isinstance(report.system, System):
        for kind, budget in report.system.faults:
            if budget:
                spent = report.statistics.spent[kind]
                yield f"{kind} ≤ {budget}: used up in {spent:,} of {states:,} states"


def _print_deeds(report: Report, console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), header_style="bold")
    for heading, side in (("taken", "right"), ("node", "left"), ("step", "left"), ("message", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for deed, times in sorted(report.statistics.deeds.items(), key=lambda item: -item[1]):
        words = deed.handler or deed.label or deed.kind.value
        if deed.crashed:
            words += " (crashing)"
        table.add_row(f"{times:,}", deed.node or "", words, deed.message.__name__ if deed.message else "")
    console.print()
    console.print(table)
