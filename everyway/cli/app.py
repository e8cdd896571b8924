"""The program and its smaller commands, and what all of them share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from everyway.models.language import EverywayError

from .options import DebugOption, ModelArgument, VariantOption

if TYPE_CHECKING:
    from rich.console import Console

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


from . import (  # noqa: E402  commands of files of their own
    bridge,  # noqa: F401
    check,  # noqa: F401
    claims,  # noqa: F401
    doctor,  # noqa: F401
    prove,  # noqa: F401
    prove_cap,  # noqa: F401
    simulate,  # noqa: F401
    symbolic,  # noqa: F401
    timing,  # noqa: F401
)
