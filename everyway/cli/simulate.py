"""The command ``everyway simulate``: random walks, for spaces too big to cover."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar, get_type_hints

import typer

from everyway.models.language import FAULT_KINDS, System

from .app import app, console, explained
from .check import check, draw
from .options import limit
from .own_parameters import ModelCommand
from .preparation import asked, refuse_nonsense

if TYPE_CHECKING:
    from everyway.simulating import Simulation

Command = TypeVar("Command", bound=Callable[..., Any])

_MODEL = ("context", "model", "variant", "property", "param", *FAULT_KINDS, "timeouts", "network")
_SEARCH = ("max_seconds", "threads", "engine", "deadlock")
_OUTPUT = ("diagram", "graph", "theme", "json", "quiet", "verbose", "ascii", "debug")


def _with_options_of_check(command: Command) -> Command:
    """Give a command those options of ``check`` that say what is walked through, and what is told of it.

    They stand in for its ``**options``, around its own, so that both commands always understand the same words.
    """
    theirs, own = inspect.signature(check).parameters, inspect.signature(command).parameters
    kept = [theirs[name] for name in _MODEL]
    kept += [parameter for parameter in own.values() if parameter.kind is parameter.KEYWORD_ONLY]
    kept += [theirs[name] for name in (*_SEARCH, *_OUTPUT)]
    hints = {**get_type_hints(check, include_extras=True), **get_type_hints(command, include_extras=True)}
    signature = inspect.Signature(
        [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            for parameter in kept
        ]
    )
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: hints[parameter.name] for parameter in kept}
    return command


@app.command(
    cls=ModelCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway simulate 3pc --participants 9 --crashes 2",
            "everyway simulate 3pc --participants 5 --timeouts early --walks 1000000 --max-seconds 60",
            "",
            "The model, its parameters, faults, time-outs, network and pictures are those of `everyway check`.",
            "",
            "Exit codes: 1 a promise is violated, 2 bad input, 3 none was seen violated, 130 interrupted by Ctrl-C "
            "before one was. Never 0: walks cannot tell that a promise holds.",
        ]
    ),
)
@explained
@_with_options_of_check
def simulate(
    *,
    walks: Annotated[int, limit("How many walks (default 10,000).")] = 10_000,
    steps: Annotated[int, limit("Longest walk, in steps (default 200).")] = 200,
    seed: Annotated[int, limit("The same seed gives the same walks (default 0).")] = 0,
    fault_rate: Annotated[
        float, limit("How likely a step is a fault where one could happen (default 0.1).")
    ] = 0.1,
    **options: Any,
) -> None:
    """Walk through a protocol at random, to find broken promises where there are too many states to visit them all.

    Where faults can happen, one does at the given rate, of each kind alike; else all steps are alike likely. What is
    found violated is violated; nothing is found to hold.
    """
    from everyway.json_report import exit_code
    from everyway.simulating import simulate as run

    from .interruption import interruptible
    from .progress import progress

    context: typer.Context = options["context"]
    refuse_nonsense(context.params)
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # a model that prints does not spoil the results
        what = asked(context)
        quiet: bool = options["quiet"]
        with progress(is_wanted=not quiet) as shower, interruptible(shower) as watcher:
            report = run(
                what.system,
                what.properties,
                walks=walks,
                steps=steps,
                seed=seed,
                fault_rate=fault_rate,
                max_seconds=options["max_seconds"],
                deadlock=what.deadlock,
                watcher=watcher,
                engine=options["engine"],
                threads=options["threads"],
            )
        if options["json"]:
            _print_json(report, out, ascii_only=options["ascii"])
        else:
            _print(report, out, quiet=quiet, verbose=options["verbose"], ascii_only=options["ascii"])
        pictures = options["diagram"], options["graph"], options["theme"]
        draw(report, out, *pictures, silent=options["json"] or quiet)
    raise typer.Exit(exit_code(report))


def _print_json(report: Simulation, out: TextIO, *, ascii_only: bool) -> None:
    """Print the report of a check, and what there is to say of walks."""
    import json

    from everyway.json_report import as_json

    values = as_json(report)
    values["simulation"] = {
        "walks": report.walks,
        "unfinished": report.unfinished,
        "seed": report.seed,
        "fault_rate": report.fault_rate,
        "steps_taken": report.steps_taken,
        "distinct_states": report.distinct,
    }
    is_unicode = (getattr(out, "encoding", None) or "").lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(values, indent=2, ensure_ascii=ascii_only or not is_unicode), file=out)


def _print(report: Simulation, out: TextIO, *, quiet: bool, verbose: bool, ascii_only: bool) -> None:
    """Print a report as that of a check, but for how much was walked."""
    from .paragraph import can_show_all, say
    from .summary import _COLUMN, _print_deeds, _print_traces, _print_verdicts, subject

    terminal = console(out)
    ascii_only = ascii_only or not can_show_all(terminal)
    say(terminal, subject(report), "bold", ascii_only=ascii_only)
    if isinstance(report.system, System):
        say(terminal, report.system.bounds, "dim", ascii_only=ascii_only)
    terminal.print()
    _print_verdicts(report, terminal, ascii_only)
    if not quiet:
        _print_traces(report, terminal, ascii_only)
    terminal.print()
    blocks = [
        ("walked", "", list(_walked(report))),
        ("covered", "", list(_coverage(report))),
        ("so far", "yellow", [finding.text for finding in report.findings]),
    ]
    for lead, style, lines in blocks:
        for number, line in enumerate(lines):
            head = "" if number else lead
            say(terminal, line, style, lead=head, lead_style="dim", column=_COLUMN, ascii_only=ascii_only)
    if verbose:
        _print_deeds(report, terminal, ascii_only)


def _walked(report: Simulation) -> Iterator[str]:
    """Yield how much was walked, and what it took."""
    from .summary import _counted

    statistics = report.statistics
    unfinished = f" and {report.unfinished:,} unfinished" if report.unfinished else ""
    taken = _counted(report.steps_taken, "step")
    yield f"{_counted(report.walks, 'walk')}{unfinished}, {taken}, the longest {statistics.depth:,}"
    cut = f", {statistics.cut:,} given up at {report.limits.max_depth:,} steps" if statistics.cut else ""
    yield f"{statistics.ends:,} reached an end{cut}"
    rate = f", {report.steps_taken / statistics.seconds:,.0f} steps/s" if statistics.seconds > 0.5 else ""
    yield f"{_states(report)} from {_counted(statistics.starts, 'start')}, in {statistics.seconds:.2f} s{rate}"


def _states(report: Simulation) -> str:
    from .summary import _counted

    more = "more than " if report.distinct is None else ""
    return f"{more}{_counted(report.statistics.states, 'distinct state')}"


def _coverage(report: Simulation) -> Iterator[str]:
    """Yield what the verdicts cover, and which bounds were touched how often."""
    yield f"not the whole space: {report.stopped}"
    if any(verdict.path is not None and verdict.length for verdict in report.verdicts):
        yield "of these walks the shortest is shown; a shorter schedule may exist: `everyway check` finds it"
    if isinstance(report.system, System):
        counted = "the first " if report.distinct is None else ""
        for kind, budget in report.system.faults:
            if budget:
                spent = report.statistics.spent[kind]
                yield f"{kind} ≤ {budget}: used up in {spent:,} of {counted}{report.statistics.states:,} states"
