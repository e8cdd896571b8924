"""The report of a check, as a person reads it in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from everyway.checking import Report
from everyway.explorer import Deed, Outcome, Path, Verdict
from everyway.explorer.memory import told as told_memory
from everyway.invariants.property import PropertyKind
from everyway.models.language import Kind, System
from everyway.models.language.naming import hyphenated, spaced
from everyway.models.language.timing import Bounds

from .paragraph import PLAIN, can_show_all, say

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {Outcome.HOLDS: "✓", Outcome.VIOLATED: "✗", Outcome.UNKNOWN: "?"}
_ASCII_MARKS = {Outcome.HOLDS: "+", Outcome.VIOLATED: "x", Outcome.UNKNOWN: "?"}
_STYLES = {Outcome.HOLDS: "green", Outcome.VIOLATED: "bold red", Outcome.UNKNOWN: "yellow"}
MANY_STATES = 10_000
"""Of so many states it is told how much memory they took."""
_COLUMN = 10
"""Where the words stand beside "visited", "covered" and "notice"."""


def print_report(report: Report, console: Console, *, quiet: bool, verbose: bool, ascii_only: bool) -> None:
    """Print a report: the verdicts, the counterexamples, what was covered, and what never happened."""
    ascii_only = ascii_only or not can_show_all(console)
    say(console, subject(report), "bold", ascii_only=ascii_only)
    if isinstance(report.system, System):
        say(console, report.system.bounds, "dim", ascii_only=ascii_only)
    if report.timing and isinstance(report.system, System):
        say(console, Bounds(report.system, report.timing).told(), "dim", ascii_only=ascii_only)
    if report.fairness:
        say(console, report.fairness, "dim", ascii_only=ascii_only)
    console.print()
    _print_verdicts(report, console, ascii_only)
    if not quiet:
        _print_traces(report, console, ascii_only)
    console.print()
    blocks = [
        ("visited", "", list(_visited(report))),
        ("covered", "", list(_coverage(report))),
        # Of a search that was cut short this is no judgement yet.
        ("notice" if report.is_complete else "so far", "yellow", [f.text for f in report.findings]),
    ]
    for lead, style, lines in blocks:
        for number, line in enumerate(lines):
            head = "" if number else lead
            say(console, line, style, lead=head, lead_style="dim", column=_COLUMN, ascii_only=ascii_only)
    if verbose:
        _print_deeds(report, console, ascii_only)


def subject(report: Report) -> str:
    """Return what was checked: the protocol with its parameters, or a plain system's own words, else its class."""
    kind = type(report.system)
    has_words = any("__str__" in vars(base) or "__repr__" in vars(base) for base in kind.__mro__[:-1])
    return str(report.system) if has_words else kind.__name__


def told(report: Report, verdict: Verdict) -> str:
    """Return a verdict in words, e.g. "holds in all 360 states"."""
    states = _counted(report.statistics.states, "zone" if report.timing else "state")
    if verdict.outcome is Outcome.UNKNOWN:
        return f"unknown: {verdict.why}"
    steps = "" if verdict.length is None else _counted(verdict.length, "step")
    if verdict.property.kind is PropertyKind.POSSIBLE:
        if verdict.outcome is Outcome.HOLDS:
            return f"possible: reached in {steps}" if verdict.length else "possible: true from the start"
        return f"never reached in all {states}"
    if verdict.property.kind is PropertyKind.TEMPORAL:
        return _told_over_time(verdict, states)
    if verdict.outcome is Outcome.HOLDS:
        return f"holds in all {states}"
    reason = f": {verdict.broken.reason}" if verdict.broken is not None and verdict.broken.reason else ""
    return f"violated in {steps}{reason}" if verdict.length else f"violated from the start{reason}"


def _told_over_time(verdict: Verdict, states: str) -> str:
    """Return a verdict on a promise over time in words."""
    if verdict.outcome is Outcome.HOLDS:
        return f"holds on all fair runs through {states}"
    length, loop = verdict.length or 0, verdict.loop or 0
    after = f"after {_counted(loop, 'step')} " if loop else ""
    if loop == length:
        return f"violated: {after or 'at once '}the run ends"
    return f"violated: {after}{_counted(length - loop, 'step')} repeat{'' if length - loop > 1 else 's'} for ever"


def violations(report: Report) -> list[tuple[Verdict, list[str]]]:
    """Return the violations to draw, shortest first; those with the same schedule together with all their names."""
    by_path: dict[Path, tuple[Verdict, list[str]]] = {}
    for verdict in report.verdicts:
        if verdict.outcome is Outcome.VIOLATED and verdict.path is not None:
            by_path.setdefault(verdict.path, (verdict, []))[1].append(verdict.property.name)
    return sorted(by_path.values(), key=lambda drawn: drawn[0].length or 0)


def _print_verdicts(report: Report, console: Console, ascii_only: bool) -> None:
    from rich.text import Text

    if not report.verdicts:
        say(console, "It promises nothing, so there was nothing to decide.", "yellow")
    width = max((len(verdict.property.name) for verdict in report.verdicts), default=0)
    width = min(width, console.width // 2)
    room = max(console.width - width - 5, 20)
    marks = _ASCII_MARKS if ascii_only else _MARKS
    bounds = _conditions(report, room)
    for verdict in report.verdicts:
        words = told(report, verdict)
        style = _STYLES[verdict.outcome]
        name = verdict.property.name
        if len(name) > width:
            name = f"{name[: width - 1]}…"
        if ascii_only:
            words, name = words.translate(PLAIN), name.translate(PLAIN)
        lines = textwrap.wrap(words, room, break_on_hyphens=False)
        for number, line in enumerate(lines):
            text = Text(no_wrap=True, overflow="ellipsis")
            if number == 0:
                text.append(f" {marks[verdict.outcome]} ", style=style)
                text.append(f"{name:<{width}}  ", style="" if verdict.outcome is Outcome.HOLDS else "bold")
            else:
                text.append(" " * (width + 5))
            text.append(line, style=style)
            if bounds and verdict.outcome is Outcome.HOLDS and verdict.path is None:
                text.append(bounds.translate(PLAIN) if ascii_only else bounds, style="dim")
            console.print(text)


def _conditions(report: Report, room: int) -> str:
    """Return the faults and time-outs under which a promise holds, to stand behind "holds in all ... states".

    Nothing where they do not fit; they stand above the verdicts in any case.
    """
    if not isinstance(report.system, System):
        return ""
    conditions, _, _ = report.system.bounds.rpartition(", ")  # the network is no bound
    if report.timing:
        conditions = f"{conditions}, {report.timing}"
    held = [told(report, v) for v in report.verdicts if v.outcome is Outcome.HOLDS and v.path is None]
    longest = max(map(len, held), default=0) + len(f" ({conditions})")
    return f" ({conditions})" if longest <= room else ""


def _print_traces(report: Report, console: Console, ascii_only: bool) -> None:
    from everyway.counterexamples.terminal import to_terminal

    for verdict, names in violations(report):
        console.print()
        console.rule(style="dim", characters="-" if ascii_only else "─")
        console.print(to_terminal(report.trace(verdict), ascii_only=ascii_only))
        if len(names) > 1:
            words = f"The same schedule breaks: {', '.join(names)}."
            say(console, words, "dim", column=2, ascii_only=ascii_only)


def _visited(report: Report) -> Iterator[str]:
    """Yield the size of what was searched, and what it took."""
    statistics = report.statistics
    depth = f"longest path {statistics.depth:,}" if report.search == "dfs" else f"depth {statistics.depth:,}"
    states = _counted(statistics.states, "state")
    if report.timing:
        states = f"{_counted(statistics.states, 'zone')} of {_counted(statistics.worlds, 'world')}"
    yield f"{states}, {_counted(statistics.transitions, 'transition')}, {depth}"
    ends = f"{_counted(statistics.starts, 'start')}, {_counted(statistics.ends, 'end')}"
    what = "zones" if report.timing else "states"
    rate = f", {statistics.states / statistics.seconds:,.0f} {what}/s" if statistics.seconds > 0.5 else ""
    yield f"{ends}, in {statistics.seconds:.2f} s{rate}"
    if statistics.memory and statistics.states > MANY_STATES:
        held = told_memory(statistics.memory)
        each = f"{statistics.memory / statistics.states:,.1f} bytes each"
        yield f"{held} for the states, {each}; {told_memory(statistics.peak)} at most in all"
    if statistics.alike:
        yield f"states that differ only in the names of {statistics.alike} count as one"
        if statistics.sample:
            yield f"{statistics.sample}; --no-symmetry does without"
    elif statistics.told_apart:
        yield f"nodes were not interchanged: {statistics.told_apart}"
    if statistics.unkept:
        yield statistics.unkept


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _coverage(report: Report) -> Iterator[str]:
    """Yield what the verdicts cover: the whole space or how much of it, and which bounds were touched how often."""
    states = _counted(report.statistics.states, "zone" if report.timing else "state")
    if report.is_complete:
        yield "the whole space under these bounds" + (
            ", at all real times: zones decide it exactly" if report.timing else ""
        )
    else:
        yield f"not the whole space: {report.stopped}"
        if report.growth:
            yield str(report.growth)
        raised = {"max_states": "--max-states", "max_seconds": "--max-seconds", "max_memory": "--memory"}
        if report.stopped_by in raised:
            yield f"raise {raised[report.stopped_by]} to see more"
        elif report.statistics.cut:
            yield "raise --max-depth to see more"
    if report.search == "dfs" and any(v.path is not None and v.length for v in report.verdicts):
        yield "searched depth-first: a shorter schedule may exist; --search bfs finds the shortest"
    if isinstance(report.system, System):
        for kind, budget in report.system.faults:
            if budget:
                spent = report.statistics.spent[kind]
                yield f"{kind} ≤ {budget}: used up in {spent:,} of {states}"


def _print_deeds(report: Report, console: Console, ascii_only: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for heading, side in (("times", "right"), ("node", "left"), ("step", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for deed, times in sorted(report.statistics.deeds.items(), key=lambda item: (-item[1], str(item[0]))):
        words = told_deed(deed)
        if ascii_only:
            words = words.translate(PLAIN)
        table.add_row(f"{times:,}", Text(deed.node or ""), Text(words))
    console.print()
    say(console, "how often each kind of step was taken, over all transitions", "dim")
    console.print(table)
    if isinstance(report.system, System):
        calls = _counted(report.system.handler_calls, "distinct question")
        say(console, f"handlers were asked {calls}; the other answers were remembered", "dim")
    _print_values(report, console, ascii_only)


def _print_values(report: Report, console: Console, ascii_only: bool) -> None:
    """Print how many values each part of the state took: the product of these is what explodes."""
    from rich.table import Table
    from rich.text import Text

    values = {name: count for name, count in report.statistics.values.items() if count > 1}
    if not values:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("values", justify="right")
    table.add_column("part of the state")
    for name, count in sorted(values.items(), key=lambda item: -item[1]):
        table.add_row(f"{count:,}", Text(name.translate(PLAIN) if ascii_only else name))
    console.print()
    say(console, "how many distinct values each part of the state took", "dim")
    console.print(table)


def told_deed(deed: Deed) -> str:
    """Return a kind of step in words, e.g. "on yes: count vote"."""
    message = hyphenated(deed.message.__name__) if deed.message else ""
    handler = spaced(deed.handler)
    match deed.kind:
        case Kind.DELIVERY:
            words = f"on {message}: {handler or 'ignored'}"
        case Kind.OTHER:
            words = deed.label
        case _:
            words = ": ".join(part for part in (deed.kind.value, handler or message) if part)
    if deed.is_false:
        words += " (wrongly)"
    return f"{words} (crashes on the way)" if deed.crashed else words
