"""The commands ``everyway check`` and ``everyway resume``, which goes on with a check that was kept."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from everyway.models.language import UsageError

from .app import app, console, explained
from .options import (
    AsciiOption,
    CrashesOption,
    DebugOption,
    DiagramOption,
    DuplicatesOption,
    GraphOption,
    HealsOption,
    JsonOption,
    LossesOption,
    MaxSecondsOption,
    MaxStatesOption,
    MemoryOption,
    ModelArgument,
    NetworkOption,
    ParamOption,
    PartitionsOption,
    PropertyOption,
    QuietOption,
    RestartsOption,
    SuspicionsOption,
    ThemeOption,
    ThreadsOption,
    TimeoutsOption,
    VariantOption,
    VerboseOption,
    limit,
)
from .own_parameters import WORDS, ModelCommand, without_option
from .preparation import asked, refuse_nonsense
from .time_bounds import DELAY, DRIFT, TIMEOUT_OF

if TYPE_CHECKING:
    from everyway.checking import Report


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
    property: PropertyOption = [],  # noqa: B006
    param: ParamOption = [],  # noqa: B006
    losses: LossesOption = None,
    duplicates: DuplicatesOption = None,
    crashes: CrashesOption = None,
    restarts: RestartsOption = None,
    partitions: PartitionsOption = None,
    heals: HealsOption = None,
    suspicions: SuspicionsOption = None,
    timeouts: TimeoutsOption = "",
    network: NetworkOption = "",
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
    max_states: MaxStatesOption = None,
    max_seconds: MaxSecondsOption = None,
    memory: MemoryOption = "",
    threads: ThreadsOption = None,
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
    diagram: DiagramOption = None,
    graph: GraphOption = None,
    theme: ThemeOption = "light",
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    ascii: AsciiOption = False,
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


@app.command(
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway resume kept/",
            "everyway resume kept/ --memory 16G",
            "",
            "Options replace those that the check was started with; what is checked, and how deep, remains.",
        ]
    )
)
@explained
def resume(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the checkpoint.", metavar="DIR", show_default=False)
    ],
    max_states: MaxStatesOption = None,
    max_seconds: MaxSecondsOption = None,
    memory: MemoryOption = "",
    threads: ThreadsOption = None,
    diagram: DiagramOption = None,
    graph: GraphOption = None,
    theme: ThemeOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Go on with a check that was kept by --checkpoint, whether it was interrupted or killed.

    It ends with the same counts and verdicts as if nothing had happened, and the same exit code.
    """
    from everyway.explorer.tables.checkpoint import requested

    request = requested(folder)
    words = list(request.get("words", []))
    if not words:
        raise UsageError(f"the check in {folder} was not started from the command line; go on with it there.")
    values = {
        "--max-states": max_states,
        "--max-seconds": max_seconds,
        "--memory": memory or None,
        "--threads": threads,
        "--diagram": diagram and diagram.resolve(),
        "--graph": graph and graph.resolve(),
        "--theme": theme or None,
        "--checkpoint": folder.resolve(),
    }
    for option, value in values.items():
        if value is not None:
            words = [*without_option(words, option), option, str(value)]
    switches = {"--json": json, "--quiet": quiet, "--verbose": verbose, "--ascii": ascii, "--debug": debug}
    words += [option for option, is_on in switches.items() if is_on]
    if os.path.isdir(request["folder"]):
        os.chdir(request["folder"])  # where a model's path and those of pictures were meant
    command: Any = typer.main.get_command(app)
    command.main(["check", *words, "--resumes"], prog_name="everyway", standalone_mode=True)


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
