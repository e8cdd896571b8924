"""The command ``everyway symbolic``: promises decided by a solver, where there are too many states to go through."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from everyway.models.language import UsageError

from .app import app, console, explained, options_of
from .options import (
    AsciiOption,
    DebugOption,
    JsonOption,
    ModelArgument,
    ParamOption,
    PropertyOption,
    VariantOption,
    limit,
)
from .own_parameters import ModelCommand
from .paragraph import can_show_all, say
from .preparation import one_of

if TYPE_CHECKING:
    from rich.console import Console

    from everyway.models.language import System
    from everyway.proofs.symbolic import SymbolicVerdict

_CODES = {"holds": 0, "violated": 1, "unknown": 3}
_MARKS = {"holds": ("✓", "+", "green"), "violated": ("✗", "x", "bold red"), "unknown": ("?", "?", "yellow")}


@app.command(
    cls=ModelCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway symbolic gray-lamport --managers 4 --property consistency",
            "everyway symbolic path/to/ring.py:Ring --stations 16",
            "",
            "For protocols without faults, observers and late time-outs, on the networks bag and set; for promises "
            "about every state.",
            "",
            "Exit codes: 0 all promises hold, 1 one is violated, 2 bad input, 3 unknown.",
        ]
    ),
)
@explained
def symbolic(
    context: typer.Context,
    model: ModelArgument,
    variant: VariantOption = "",
    property: PropertyOption = [],  # noqa: B006
    param: ParamOption = [],  # noqa: B006
    timeouts: Annotated[
        str, typer.Option(help="When they fire.", metavar="early|never", show_default=False)
    ] = "",
    network: Annotated[
        str, typer.Option(help="As for check, but fifo.", metavar="bag|set", show_default=False)
    ] = "",
    depth: Annotated[int, limit("Longest run to look at, in steps (default 20).")] = 20,
    max_seconds: Annotated[float | None, limit("Longest time for each promise.")] = None,
    json: JsonOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell the lemmas that a proof rests on.")
    ] = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Decide promises with a solver: a shortest violation, or a proof by induction, without visiting the states.

    It pays where many nodes with few states of their own go their own ways; elsewhere `everyway check` is quicker.
    """
    from everyway.checking import as_system, find_property, promised
    from everyway.invariants.property import PropertyKind
    from everyway.proofs.symbolic import decide

    from .parameters import build
    from .target import find_target

    one_of("--timeouts", timeouts, ("", "late", "early", "never"))
    one_of("--network", network, ("", "bag", "set", "fifo"))
    if depth < 0:
        raise UsageError(f"--depth must be 0 or more, not {depth}.")
    if max_seconds is not None and not max_seconds >= 0:
        raise UsageError(f"--max-seconds must be 0 or more, not {max_seconds:g}.")
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        kind = find_target(model, variant)
        subject = build(kind, list(context.args), param, options_of(context.command))
        system = as_system(subject, timeouts=timeouts or None, network=network or None)
        promises = promised(system)
        if property:
            wanted = [find_property(name, promises) for name in property]
        else:
            wanted = [p for p in promises if p.kind in (PropertyKind.ALWAYS, PropertyKind.NEVER)]
            if not wanted:
                raise UsageError(
                    f"{system} promises nothing about every state, which is all that is understood."
                )
        verdicts = [decide(system, prop, depth=depth, max_seconds=max_seconds) for prop in wanted]
        if json:
            from json import dumps

            typer.echo(
                dumps([verdict_as_json(one) for one in verdicts], indent=2, ensure_ascii=ascii), file=out
            )
        else:
            terminal = console(out)
            ascii_only = ascii or not can_show_all(terminal)
            say(terminal, str(system), "bold", ascii_only=ascii_only)
            say(terminal, system.bounds, "dim", ascii_only=ascii_only)
            terminal.print()
            for verdict in verdicts:
                print_symbolic(verdict, terminal, ascii_only=ascii_only, verbose=verbose)
            _print_traces(system, verdicts, terminal, ascii_only)
    worst = max((_CODES[verdict.outcome.value] for verdict in verdicts), key=(0, 3, 2, 1).index)
    raise typer.Exit(worst)


def told(verdict: SymbolicVerdict) -> str:
    """Return a verdict in words, with what it covers."""
    match verdict.outcome.value:
        case "violated":
            reason = (
                f": {verdict.broken.reason}" if verdict.broken is not None and verdict.broken.reason else ""
            )
            return f"violated in {verdict.length} steps, and in no fewer{reason}"
        case "holds":
            back = "" if not verdict.k else f", looking {verdict.k} steps back"
            lemmas = f"{len(verdict.lemmas):,} lemmas" if verdict.lemmas else "no lemmas"
            return f"holds in every state, however long the run: by induction{back}, with {lemmas}"
    covered = (
        f"no run of at most {verdict.depth} steps breaks it" if verdict.depth >= 0 else "nothing is known"
    )
    return f"unknown: {covered}; {verdict.why}"


def print_symbolic(
    verdict: SymbolicVerdict, out: Console, *, ascii_only: bool = False, verbose: bool = False
) -> None:
    """Print a verdict, what it took, and if wanted the lemmas that it rests on."""
    mark, plain, style = _MARKS[verdict.outcome.value]
    words = f"{verdict.property.name}: {told(verdict)}"
    lead = f" {plain if ascii_only else mark}"
    say(out, words, style, lead=lead, lead_style=style, column=3, ascii_only=ascii_only)
    effort = (
        f"{verdict.values:,} values of all nodes together, {verdict.messages:,} messages, handlers asked "
        f"{verdict.questions:,} times, {verdict.clauses:,} clauses, {verdict.seconds:.2f} s"
    )
    say(out, effort, "dim", column=3, ascii_only=ascii_only)
    for lemma in verdict.lemmas if verbose else ():
        say(out, lemma, column=5, ascii_only=ascii_only)


def _print_traces(system: System, verdicts: list[SymbolicVerdict], out: Console, ascii_only: bool) -> None:
    from everyway.counterexamples.replay import replayed
    from everyway.counterexamples.terminal import to_terminal

    for verdict in verdicts:
        if verdict.path is not None:
            path = [(visit.action, visit.state) for visit in verdict.path]
            trace = replayed(system, verdict.property, path, is_violation=True, is_shortest=True)
            out.print()
            out.print(to_terminal(trace, ascii_only=ascii_only))


def verdict_as_json(verdict: SymbolicVerdict) -> dict[str, Any]:
    """Return a verdict as values that ``json.dumps`` takes."""
    return {
        "property": verdict.property.name,
        "outcome": verdict.outcome.value,
        "exit_code": _CODES[verdict.outcome.value],
        "depth": verdict.depth,
        "length": verdict.length,
        "steps": None if verdict.path is None else [str(visit.action) for visit in verdict.path[1:]],
        "k": verdict.k,
        "lemmas": list(verdict.lemmas),
        "why": verdict.why or None,
        "values": verdict.values,
        "messages": verdict.messages,
        "clauses": verdict.clauses,
        "questions": verdict.questions,
        "seconds": round(verdict.seconds, 3),
    }
