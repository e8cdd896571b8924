"""``everyway timing``: for which delays and time-outs a promise holds."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from everyway.models.language import FAULT_KINDS, UsageError

from .app import app, console, explained, options_of
from .options import (
    AsciiOption,
    CrashesOption,
    DebugOption,
    DuplicatesOption,
    HealsOption,
    JsonOption,
    LossesOption,
    MaxSecondsOption,
    ModelArgument,
    ParamOption,
    PartitionsOption,
    RestartsOption,
    SuspicionsOption,
    VariantOption,
    limit,
    properties,
)
from .own_parameters import ModelCommand
from .time_bounds import DELAY, DRIFT, TIMEOUT_OF

if TYPE_CHECKING:
    from rich.console import Console

    from everyway.proofs.timing.boundary import Sides
    from everyway.proofs.timing.inequality import Cell
    from everyway.proofs.timing.region import Region

UNKNOWN = 3
_SIMPLE = 4
"""Pieces of more inequalities than this are counted rather than told, while the region is not known wholly."""
SCHEMA = "everyway-timing/1"


@app.command(
    "timing",
    cls=ModelCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway timing 3pc --variant as-noted --property agreement",
            "everyway timing 3pc --variant as-noted --property agreement --delay 1..10ms --timeout-of coordinator=any",
            "",
            "What is not given is unknown: the delay of messages, from dmin to dmax, and how long each role waits. "
            "`any` lets something take any time.",
            "",
            "Exit codes: 0 the region is known, 2 bad input, 3 part of it is unknown as a limit was reached.",
        ]
    ),
)
@explained
def timing(
    context: typer.Context,
    model: ModelArgument,
    property: Annotated[
        str,
        typer.Option("--property", "-p", help="The promise.", autocompletion=properties, show_default=False),
    ],
    variant: VariantOption = "",
    param: ParamOption = [],  # noqa: B006
    losses: LossesOption = None,
    duplicates: DuplicatesOption = None,
    crashes: CrashesOption = None,
    restarts: RestartsOption = None,
    partitions: PartitionsOption = None,
    heals: HealsOption = None,
    suspicions: SuspicionsOption = None,
    network: Annotated[str, typer.Option(help="bag or fifo.", metavar="bag|fifo", show_default=False)] = "",
    delay: Annotated[list[str], DELAY] = [],  # noqa: B006
    timeout_of: Annotated[list[str], TIMEOUT_OF] = [],  # noqa: B006
    drift: Annotated[str, DRIFT] = "0",
    max_states: Annotated[int | None, limit("Most zones to visit in one decision.")] = None,
    max_decisions: Annotated[
        int, typer.Option(help="Most decisions to take.", rich_help_panel="Search", min=1)
    ] = 400,
    max_seconds: MaxSecondsOption = None,
    json: JsonOption = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """For which delays and time-outs does a promise hold? The answer is a region, checked on both sides of its border.

    Zones decide at one point after the other, and their reasons for how many others that is true (docs/time.md).
    """
    from everyway.checking import as_system, find_property, promised
    from everyway.explorer import DEFAULT_MAX_STATES, Limits
    from everyway.explorer.timed.search import DECIDED

    from .parameters import build, faults
    from .target import find_target
    from .time_bounds import timing_of

    try:
        import z3  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"`everyway timing` needs z3 ({error}); install it with: pip install 'everyway[proofs]'"
        ) from error
    from everyway.models.language.timing import Bounds, Timing
    from everyway.proofs.timing.boundary import borders
    from everyway.proofs.timing.parameters import parameters_of
    from everyway.proofs.timing.region import region

    out = sys.stdout
    with redirect_stdout(sys.stderr):
        kind = find_target(model, variant)
        subject = build(kind, context.args, param, options_of(context.command))
        spent = faults({name: value for name, value in context.params.items() if name in FAULT_KINDS})
        system = as_system(subject, faults=spent, timeouts="early", network=network or None)
        prop = find_property(property, promised(system))
        if prop.kind not in DECIDED:
            raise UsageError(
                f"'{prop.name}' is a promise of the kind '{prop.kind.value}'; time bounds decide those about states "
                f"and steps only."
            )
        given = timing_of(delay, timeout_of, drift, is_drift_alone_fine=True) or Timing()
        Bounds(system, given)  # finds what is wrong with them
        unknown = parameters_of(system, given, is_delay_unknown=not any("=" not in words for words in delay))
        limits = Limits(max_states=DEFAULT_MAX_STATES if max_states is None else max_states)
        found = region(
            system, prop, unknown, limits=limits, max_decisions=max_decisions, max_seconds=max_seconds
        )
        sides = list(borders(system, prop, found, limits=limits)) if found.is_complete else []
    if json:
        import json as writer

        values = _as_json(found, sides, prop.name, str(system), system.bounds)
        typer.echo(writer.dumps(values, indent=2, ensure_ascii=ascii), file=out)
    else:
        _tell(found, sides, prop.name, system, console(out), ascii_only=ascii)
    is_known = found.is_complete and all(one.is_confirmed for one in sides)
    raise typer.Exit(0 if is_known else UNKNOWN)


def _told_cell(found: Region, cell: Cell) -> str:
    from everyway.proofs.timing.inequality import told

    parameters = found.parameters
    words = [
        told(one, parameters.terms, tuple(reversed(parameters.waits)))
        for one in sorted(cell, key=lambda one: (sum(map(abs, one.row)), one.row))
    ]
    return " and ".join(words) or "always"


def _told_cells(found: Region, cells: tuple[Cell, ...]) -> list[str]:
    """Return the pieces in words; of a region that is not known wholly, where they are not joined, only simple ones."""
    shown = cells if found.is_complete else sorted((c for c in cells if len(c) <= _SIMPLE), key=len)
    words = [_told_cell(found, cell) for cell in shown]
    if len(shown) < len(cells):
        words.append(f"{_counted(len(cells) - len(shown), 'piece')} of more than {_SIMPLE} inequalities")
    return [f"{'or ' if number else ''}{one}" for number, one in enumerate(words)]


def _tell(
    found: Region, sides: list[Sides], name: str, system: Any, terminal: Console, *, ascii_only: bool
) -> None:
    from .paragraph import can_show_all, say

    ascii_only = ascii_only or not can_show_all(terminal)

    def write(words: str, style: str = "", lead: str = "", column: int = 0) -> None:
        say(terminal, words, style, lead=lead, lead_style="dim", column=column, ascii_only=ascii_only)

    parameters = found.parameters
    write(str(system), "bold")
    write(system.bounds, "dim")
    unknown = (["delays from dmin to dmax"] if parameters.has_delay else []) + [
        f"time-out of {wait}" for wait in parameters.waits
    ]
    write(f"unknown: {', '.join(unknown)}", "dim")
    if parameters.given.rules or parameters.given.drift:
        write(f"given: {parameters.given}", "dim")
    terminal.print()
    if found.is_complete and not found.broken:
        write(f"{name} holds whatever they are", "green")
    elif found.is_complete and not found.kept:
        write(f"{name} is violated whatever they are", "bold red")
    else:
        is_known = found.is_complete
        write(f"{name} holds {'iff' if is_known else 'where, among others'}", "green")
        for words in _told_cells(found, found.kept) or ["nothing is known yet"]:
            write(words, column=4)
        write(f"and is violated {'iff' if is_known else 'where, among others'}", "bold red")
        for words in _told_cells(found, found.broken) or ["nothing is known yet"]:
            write(words, column=4)
    if found.unknown is not None:
        terminal.print()
        write(
            f"unknown: part of the region ({found.stopped}), e.g. {parameters.told(found.unknown)}", "yellow"
        )
    if sides:
        terminal.print()
        write("both sides of the border, decided once more")
        for one in sides:
            for at, outcome in ((one.broken_at, one.found[0]), (one.kept_at, one.found[1])):
                style = "green" if outcome.value == "holds" else "bold red"
                say(
                    terminal,
                    str(at).replace("time-out of ", ""),
                    lead=f"    {outcome.value}",
                    lead_style=style,
                    column=14,
                    ascii_only=ascii_only,
                )
            if not one.is_confirmed:
                write("which is not what the region says: a bug in everyway, please report it", "yellow")
    terminal.print()
    covers = "together the regions are everything (z3)" if found.is_complete else "not everything is covered"
    write(
        f"{_counted(found.decisions, 'decision')}, {_counted(found.zones, 'zone')}, in {found.seconds:.1f} s; {covers}",
        lead="decided",
        column=10,
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _as_json(found: Region, sides: list[Sides], name: str, subject: str, bounds: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "subject": subject,
        "bounds": bounds,
        "property": name,
        "unknown_times": [
            *(["dmin", "dmax"] if found.parameters.has_delay else []),
            *found.parameters.waits,
        ],
        "given": str(found.parameters.given),
        "is_complete": found.is_complete,
        "stopped": found.stopped or None,
        "holds": [_told_cell(found, cell) for cell in found.kept],
        "violated": [_told_cell(found, cell) for cell in found.broken],
        "border": [
            {
                "violated_at": str(one.broken_at),
                "holds_at": str(one.kept_at),
                "is_confirmed": one.is_confirmed,
            }
            for one in sides
        ],
        "decisions": found.decisions,
        "zones": found.zones,
        "seconds": round(found.seconds, 3),
    }
