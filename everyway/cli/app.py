"""The commands."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from everyway.models.language import FAULT_KINDS, EverywayError, UsageError, did_you_mean

from .own_parameters import WORDS, ModelCommand, without_option

if TYPE_CHECKING:
    from rich.console import Console

    from everyway.checking import Report

Command = TypeVar("Command", bound=Callable[..., Any])

MISUSE = 2
BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended."""
WIDEST = 120
"""Columns that are used of a terminal that has more."""

app = typer.Typer(
    name="everyway",
    help="Check a distributed protocol in every way it can go: every interleaving, loss, crash and time-out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def explained(command: Command) -> Command:
    """Tell a user's mistake in a sentence and leave with exit code 2; tracebacks are for --debug."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        debug = options.get("debug", False)
        try:
            return command(*arguments, **options)
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:
            raise typer.Exit(nobody_reads()) from None
        except EverywayError as error:
            if debug:
                raise
            _complain(str(error))
        except OSError as error:
            if debug:
                raise
            _complain(f"{error.filename or 'the output'}: {error.strerror or error}")
        except Exception as error:
            if debug:
                raise
            place = _place_in_model(error)
            _complain(
                f"{type(error).__name__}: {error} ({place})\nRun again with --debug for the traceback."
                if place
                else f"internal error, which is a bug in everyway: {type(error).__name__}: {error}\n"
                f"Run again with --debug for the traceback, and please report it."
            )
        raise typer.Exit(MISUSE)

    return run  # type: ignore[return-value]


def _place_in_model(error: Exception) -> str:
    """Return where in a user's own code an error arose; nothing if it arose in everyway."""
    ours = {"everyway", "typer", "rich", "attr", "attrs", *sys.stdlib_module_names}
    trace = error.__traceback__
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] not in ours:
            place = f"{Path(code.co_filename).name}, line {trace.tb_lineno}, in {code.co_qualname}"
        trace = trace.tb_next
    return place


def nobody_reads() -> int:
    """Send what is left of the output nowhere, as its reader is gone; return the exit code for that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _complain(words: str) -> None:
    typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
    typer.echo(words, err=True)


def console(out: TextIO | None = None) -> Console:
    """Return the terminal to print results to; wider ones are not filled, as long lines are hard to read."""
    from rich.console import Console

    class Terminal(Console):
        """Lets a broken pipe be told from a violation; rich would leave with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    terminal = Terminal(file=out, highlight=False, safe_box=True, emoji=False)
    terminal.width = min(terminal.width, WIDEST)
    return terminal


def options_of(command: Any) -> list[str]:
    """Return the options of a command, e.g. ``--crashes``."""
    return [name for parameter in command.params for name in parameter.opts if name.startswith("--")]


def _models(incomplete: str) -> list[str]:
    from everyway.models.catalogue import PLACES

    return [name for name in PLACES if name.startswith(incomplete)]


def _variants(context: typer.Context, incomplete: str) -> list[str]:
    return [name for name in _of_model(context, "variants") if name.startswith(incomplete)]


def _properties(context: typer.Context, incomplete: str) -> list[str]:
    return [name for name in _of_model(context, "promises") if name.startswith(incomplete)]


def _of_model(context: typer.Context, what: str) -> list[str]:
    """Return what completion needs of the model that was typed already; nothing if that is no model yet."""
    from everyway.checking import as_system, promised

    from .target import find_target, may_be_target

    # While the last option still lacks its value, the words before it may not have been told apart yet.
    words = [context.params.get("model"), *context.args]
    word = next((word for word in words if word and may_be_target(word)), None)
    if word is None:
        return []
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            kind: Any = find_target(word)
            if what == "variants":
                return list(kind.variants()) if hasattr(kind, "variants") else []
            return [prop.name.replace(" ", "-") for prop in promised(as_system(kind))]
    except Exception:  # completion must never disturb a user who is typing
        return []


ModelArgument = Annotated[
    str,
    typer.Argument(
        help="A model of `everyway list`, or path/to/file.py:Class, or package.module:Class.",
        autocompletion=_models,
        show_default=False,
        metavar="MODEL",
    ),
]
VariantOption = Annotated[
    str,
    typer.Option(
        "--variant",
        help="A named deviation of the model; `everyway show` lists them.",
        autocompletion=_variants,
    ),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _fault(what: str) -> Any:
    return typer.Option(help=what, metavar="N[:NAMES]", show_default=False, rich_help_panel="Faults")


def _limit(what: str) -> Any:
    return typer.Option(help=what, show_default=False, rich_help_panel="Search")


@app.callback(invoke_without_command=True)
def _everyway(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from everyway import __version__

        typer.echo(f"everyway {__version__}")
        raise typer.Exit


@app.command("list")
@explained
def list_models(debug: DebugOption = False) -> None:
    """List the protocols that come with everyway."""
    from .description import print_list

    print_list(console())


@app.command(epilog="Example: everyway show 2pc --variant as-noted")
@explained
def show(
    context: typer.Context, model: ModelArgument, variant: VariantOption = "", debug: DebugOption = False
) -> None:
    """Show a protocol: its roles, messages, parameters, promises and variants."""
    from .description import print_model
    from .target import find_target

    commands: Any = context.parent.command if context.parent else None
    taken = options_of(commands.commands["check"]) if commands else []
    print_model(find_target(model, variant), model, console(), taken)


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
    losses: Annotated[str | None, _fault("Messages that the network may lose.")] = None,
    duplicates: Annotated[str | None, _fault("Messages that the network may deliver twice.")] = None,
    crashes: Annotated[str | None, _fault("Nodes that may crash, also between two sends.")] = None,
    restarts: Annotated[str | None, _fault("Crashed nodes that may come up again.")] = None,
    partitions: Annotated[str | None, _fault("Times that the network may split in two.")] = None,
    heals: Annotated[str | None, _fault("Partitions that may end; by default all.")] = None,
    suspicions: Annotated[str | None, _fault("Wrong suspicions by failure detectors.")] = None,
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
    max_depth: Annotated[int | None, _limit("Longest schedule to look at, in steps.")] = None,
    max_states: Annotated[int | None, _limit("Most states to visit (default 20,000,000).")] = None,
    max_seconds: Annotated[float | None, _limit("Longest time to search.")] = None,
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

    from everyway.checking import as_system, find_property, promised
    from everyway.checking import check as run
    from everyway.explorer import DEFAULT_MAX_STATES, Limits
    from everyway.json_report import exit_code

    from .interruption import interruptible
    from .parameters import build, faults
    from .progress import progress
    from .target import find_target, may_be_target

    words = list(context.args)
    if model.startswith("-"):  # a parameter of the model that was typed before its name
        later = next((word for word in words if may_be_target(word)), None)
        if later is None:
            raise UsageError(
                f"no model is named: put it before '{model}', as in `everyway check 2pc {model}`."
            )
        words.remove(later)
        model, words = later, [model, *words]
    _one_of("--timeouts", timeouts, ("", "late", "early", "never"))
    _one_of("--network", network, ("", "bag", "set", "fifo"))
    _one_of("--search", search, ("bfs", "dfs"))
    _one_of("--theme", theme, ("light", "dark", "auto"))
    _one_of("--engine", engine, ("auto", "tables", "plain", "reference"))
    if threads is not None and threads < 1:
        raise UsageError(f"--threads must be 1 or more, not {threads}.")
    for option, number in (("depth", max_depth), ("states", max_states), ("seconds", max_seconds)):
        if number is not None and not number >= 0:
            raise UsageError(f"--max-{option} must be 0 or more, not {number:g}.")
    if diagram is not None and diagram == graph:
        raise UsageError(f"--diagram and --graph are two pictures, and cannot both be saved as {diagram}.")
    for path in (diagram, graph):
        if path is not None:
            from everyway.counterexamples.render import checked_suffix

            if checked_suffix(path) == ".pdf":
                from everyway.counterexamples.engines import graphviz_pdf

                # Better to learn before a long search that the program for it is missing.
                graphviz_pdf("digraph {}")
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # a model that prints does not spoil the results
        kind = find_target(model, variant)
        subject = build(kind, words, param, options_of(context.command))
        spent = faults({name: value for name, value in context.params.items() if name in FAULT_KINDS})
        system = as_system(
            subject,
            faults=spent,
            timeouts=timeouts or None,
            network=network or None,
            fairness=fairness or None,
        )
        asked = [name for name in property if not _is_no_deadlock(name)]
        wanted = [find_property(name, promised(system)) for name in asked] if property else None
        limits = Limits(
            max_depth, DEFAULT_MAX_STATES if max_states is None else max_states, max_seconds, _bytes(memory)
        )
        # Who asks for one promise wants to know about that one.
        looks_for_deadlocks = len(asked) < len(property) if property and deadlock is None else deadlock
        with progress(is_wanted=not quiet) as shower, interruptible(shower) as watcher:
            report = run(
                system,
                wanted,
                search=search,  # type: ignore[arg-type]
                limits=limits,
                deadlock=looks_for_deadlocks,
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
        _tell(report, out, as_json=json, quiet=quiet, verbose=verbose, ascii_only=ascii)
        _draw(report, out, diagram, graph, theme, silent=json or quiet)
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


def _is_no_deadlock(name: str) -> bool:
    return name.lower().replace("-", " ").replace("_", " ").strip() == "no deadlock"


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        words = [word for word in allowed if word]
        raise UsageError(f"{option} is one of {', '.join(words)}, not '{value}'.{did_you_mean(value, words)}")


def _tell(
    report: Report, out: TextIO, *, as_json: bool, quiet: bool, verbose: bool, ascii_only: bool
) -> None:
    if as_json:
        import json

        from everyway.json_report import as_json as values

        is_unicode = (getattr(out, "encoding", None) or "").lower().replace("-", "") == "utf8"
        text = json.dumps(values(report), indent=2, ensure_ascii=ascii_only or not is_unicode)
        typer.echo(text, file=out)
        return
    from .summary import print_report

    print_report(report, console(out), quiet=quiet, verbose=verbose, ascii_only=ascii_only)


def _draw(
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


@app.command()
@explained
def doctor(debug: DebugOption = False) -> None:
    """Tell which programs and libraries were found for drawing pictures."""
    import platform

    from everyway import __version__
    from everyway.counterexamples.engines import available

    from .paragraph import say

    terminal = console()
    say(terminal, f"everyway {__version__}, Python {platform.python_version()}, {platform.system()}", "bold")
    for name, is_found, detail in available():
        lead = f"{'found' if is_found else 'missing':<9}{name}"
        say(terminal, detail, lead=lead, lead_style="" if is_found else "yellow", column=25)


from . import claims, prove_cap, simulate, symbolic  # noqa: E402, F401  commands of files of their own
