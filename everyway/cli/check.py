"""The commands ``everyway check`` and ``everyway resume``, which goes on with a check that was kept."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from everyway.models.language import UsageError

from .app import (
    DebugOption,
    ModelArgument,
    VariantOption,
    _properties,
    app,
    console,
    explained,
)
from .own_parameters import WORDS, ModelCommand, without_option
from .preparation import asked, refuse_nonsense
from .time_bounds import DELAY, DRIFT, TIMEOUT_OF

if TYPE_CHECKING:
    from everyway.checking import Report


def fault(what: str) -> Any:
    """Return an option that gives a fault a budget."""
    return typer.Option(help=what, metavar="N[:NAMES]", show_default=False, rich_help_panel="Faults")


def limit(what: str) -> Any:
    """Return an option that bounds a search."""
    return typer.Option(help=what, show_default=False, rich_help_panel="Search")


@app.command(
    cls=ModelCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway check 2pc --crashes 1",
            "everyway check 2pc --participants 3 --losses 2:abort --diagram lost.svg",
            "everyway check 3pc --timeouts early --property agreement --max-seconds 60",
            "everyway check 3pc --variant as-noted --delay 1..10ms --timeout-of participant=50ms",
            "everyway check path/to/my_model.py:MyProtocol --json",
            "",
            "A fault budget is a number, or number:names to restrict it to nodes, roles or message types, as in "
            "--crashes 1:C. A model's own parameters are options after its name; `everyway check 2pc --help` "
            "lists those of 2pc.",
            "",
            "Exit codes: 0 all promises hold, 1 one is violated, 2 bad input, 3 unknown as a limit was reached, "
            "130 interrupted by Ctrl-C before anything was found to be violated.",
        ]
    ),
)
@explained
def check(
    context: typer.Context,
    model: ModelArgument,
    variant: VariantOption = "",
    property: Annotated[
        list[str],
        typer.Option(
            "--property", "-p", help="Decide only this promise; may be repeated.", autocompletion=_properties
        ),
    ] = [],  # noqa: B006  typer never changes it
    param: Annotated[
        list[str], typer.Option("--param", help="A parameter of the model as name=value; may be repeated.")
    ] = [],  # noqa: B006
    losses: Annotated[str | None, fault("Messages that the network may lose.")] = None,
    duplicates: Annotated[str | None, fault("Messages that the network may deliver twice.")] = None,
    crashes: Annotated[str | None, fault("Nodes that may crash, also between two sends.")] = None,
    restarts: Annotated[str | None, fault("Crashed nodes that may come up again.")] = None,
    partitions: Annotated[str | None, fault("Times that the network may split in two.")] = None,
    heals: Annotated[str | None, fault("Partitions that may end; by default all.")] = None,
    suspicions: Annotated[str | None, fault("Wrong suspicions by failure detectors.")] = None,
    timeouts: Annotated[
        str,
        typer.Option(
            help="When they fire: late, when nothing else can happen; early, at any moment; or never.",
            metavar="late|early|never",
            show_default=False,
        ),
    ] = "",
    network: Annotated[
        str,
        typer.Option(
            help="bag: in any order; set: in any order and any number of times; fifo: in the order of sending.",
            metavar="bag|set|fifo",
            show_default=False,
        ),
    ] = "",
    delay: Annotated[list[str], DELAY] = [],  # noqa: B006
    timeout_of: Annotated[list[str], TIMEOUT_OF] = [],  # noqa: B006
    drift: Annotated[str, DRIFT] = "",
    fairness: Annotated[
        str,
        typer.Option(
            help="For promises over time: which steps may not be put off for ever. none, weak or strong; or by kind, "
            "e.g. weak,restarts=strong,exempt=write.",
            metavar="none|weak|strong|...",
            show_default=False,
        ),
    ] = "",
    search: Annotated[
        str,
        typer.Option(
            help="bfs finds shortest counterexamples, dfs goes deep first.",
            metavar="bfs|dfs",
            rich_help_panel="Search",
        ),
    ] = "bfs",
    max_depth: Annotated[int | None, limit("Longest schedule to look at, in steps.")] = None,
    max_states: Annotated[int | None, limit("Most states to visit (default 20,000,000).")] = None,
    max_seconds: Annotated[float | None, limit("Longest time to search.")] = None,
    memory: Annotated[
        str,
        typer.Option(
            help="Most memory to take, e.g. 4G (default: most of what is free).",
            metavar="SIZE",
            show_default=False,
            rich_help_panel="Search",
        ),
    ] = "",
    threads: Annotated[
        int | None,
        typer.Option(
            help="On how many threads (default: one for each core).",
            show_default=False,
            rich_help_panel="Search",
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="tables: compiled; plain: the same in plain Python; reference: state by state; auto: tables, compiled "
            "once the search has grown.",
            metavar="auto|tables|plain|reference",
            rich_help_panel="Search",
        ),
    ] = "auto",
    symmetry: Annotated[
        bool,
        typer.Option(
            "--symmetry/--no-symmetry",
            help="Count states that differ only in the names of interchangeable nodes as one.",
            rich_help_panel="Search",
        ),
    ] = True,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Keep the search in this folder every few minutes and on Ctrl-C; `everyway resume` goes on.",
            metavar="DIR",
            show_default=False,
            rich_help_panel="Search",
        ),
    ] = None,
    resumes: Annotated[bool, typer.Option("--resumes", hidden=True)] = False,
    deadlock: Annotated[
        bool | None,
        typer.Option(
            help="Look for deadlocks; by default if the model defines is_final.", rich_help_panel="Search"
        ),
    ] = None,
    diagram: Annotated[
        Path | None,
        typer.Option(
            help="Save the counterexample as .svg, .png, .pdf or .gv.",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(
            help="Save the state graph around it, likewise.", rich_help_panel="Output", show_default=False
        ),
    ] = None,
    theme: Annotated[
        str,
        typer.Option(
            help="Colours of pictures; auto follows the browser (SVG only).",
            metavar="light|dark|auto",
            rich_help_panel="Output",
        ),
    ] = "light",
    json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON.", rich_help_panel="Output")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Do not draw counterexamples.", rich_help_panel="Output")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Tell how often each step was taken.", rich_help_panel="Output"),
    ] = False,
    ascii: Annotated[
        bool, typer.Option("--ascii", help="Draw with ASCII characters only.", rich_help_panel="Output")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Check a protocol: decide its promises in every state it can reach under the given faults.

    Without options nothing fails; each fault that may happen is given a budget.
    """
    import attrs

    from everyway.checking import check as run
    from everyway.explorer import DEFAULT_MAX_STATES, Limits
    from everyway.json_report import exit_code

    from .interruption import interruptible
    from .progress import progress

    refuse_nonsense(context.params)
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # a model that prints does not spoil the results
        what = asked(context)
        limits = Limits(
            max_depth, DEFAULT_MAX_STATES if max_states is None else max_states, max_seconds, _bytes(memory)
        )
        with progress(is_wanted=not quiet) as shower, interruptible(shower) as watcher:
            report = run(
                what.system,
                what.properties,
                timing=what.timing,
                search=search,  # type: ignore[arg-type]
                limits=limits,
                deadlock=what.deadlock,
                watcher=watcher,
                stop_when_decided=bool(property),
                engine=engine,  # type: ignore[arg-type]
                threads=threads,
                symmetry=symmetry,
                checkpoints=checkpoint,
                resumes=resumes,
                request={"words": context.meta.get(WORDS, []), "folder": os.getcwd()},
            )
        if report.stopped_by == "decided":
            report = attrs.evolve(report, findings=())  # it is no wonder that some things never happened
        tell(report, out, as_json=json, quiet=quiet, verbose=verbose, ascii_only=ascii)
        draw(report, out, diagram, graph, theme, silent=json or quiet)
    raise typer.Exit(exit_code(report))


@app.command(epilog="Example: everyway resume kept/")
@explained
def resume(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the checkpoint.", metavar="DIR", show_default=False)
    ],
    debug: DebugOption = False,
) -> None:
    """Go on with a check that was kept by --checkpoint, whether it was interrupted or killed.

    It ends with the same counts and verdicts as if nothing had happened, and the same exit code.
    """
    from everyway.explorer.tables.checkpoint import requested

    request = requested(folder)
    words = without_option(request.get("words", []), "--checkpoint")
    if not words:
        raise UsageError(f"the check in {folder} was not started from the command line; go on with it there.")
    words += ["--checkpoint", str(folder.resolve()), "--resumes"]
    if os.path.isdir(request["folder"]):
        os.chdir(request["folder"])  # where a model's path and those of pictures were meant
    command: Any = typer.main.get_command(app)
    command.main(["check", *words], prog_name="everyway", standalone_mode=True)


def _bytes(words: str) -> int | None:
    """Return the memory that is asked for."""
    from everyway.explorer.memory import parsed

    amount = parsed(words) if words else None
    if words and amount is None:
        raise UsageError(f"--memory needs a size such as 4G or 512M, not '{words}'.")
    return amount


def tell(report: Report, out: TextIO, *, as_json: bool, quiet: bool, verbose: bool, ascii_only: bool) -> None:
    """Print a report."""
    if as_json:
        import json

        from everyway.json_report import as_json as values

        is_unicode = (getattr(out, "encoding", None) or "").lower().replace("-", "") == "utf8"
        text = json.dumps(values(report), indent=2, ensure_ascii=ascii_only or not is_unicode)
        typer.echo(text, file=out)
        return
    from .summary import print_report

    print_report(report, console(out), quiet=quiet, verbose=verbose, ascii_only=ascii_only)


def draw(
    report: Report, out: TextIO, diagram: Path | None, graph: Path | None, theme: Any, *, silent: bool
) -> None:
    """Save the pictures of the shortest counterexample; without one, of the first witness."""
    if diagram is None and graph is None:
        return
    from .summary import violations

    drawn = [verdict for verdict, _ in violations(report)]
    drawn += [verdict for verdict in report.verdicts if verdict.path is not None and verdict not in drawn]
    if not drawn:
        typer.echo("nothing to draw: no counterexample was found.", err=True)
        return
    trace = report.trace(drawn[0])
    if diagram is not None:
        from everyway.counterexamples.render import save

        save(trace, diagram, theme)
    if graph is not None:
        from everyway.counterexamples.stategraph import around, save_graph

        path = list(zip([None, *(step.action for step in trace.steps)], trace.states, strict=True))
        title = f"{trace.headline}: {trace.subject}" + (f" · {drawn[0].why}" if drawn[0].why else "")
        picture = around(
            report.system,
            path,
            title=title,
            trapped=drawn[0].trapped,
            is_violation=trace.is_violation and trace.loop is None,
        )
        save_graph(picture, graph, theme)
    for saved in (diagram, graph):
        if saved is not None and not silent:
            typer.echo(f"saved {saved}: {trace.headline}", file=out)
