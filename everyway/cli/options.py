"""Options that several commands have, each with the same words."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

_FAULTS, _SEARCH, _OUTPUT = "Faults", "Search", "Output"


def fault(what: str) -> Any:
    """Return an option that gives a fault a budget."""
    return typer.Option(help=what, metavar="N[:NAMES]", show_default=False, rich_help_panel=_FAULTS)


def limit(what: str) -> Any:
    """Return an option that bounds a search."""
    return typer.Option(help=what, show_default=False, rich_help_panel=_SEARCH)


# What completes a word that is being typed.


def _models(incomplete: str) -> list[str]:
    from everyway.models.catalogue import PLACES

    return [name for name in PLACES if name.startswith(incomplete)]


def _variants(context: typer.Context, incomplete: str) -> list[str]:
    return [name for name in _of_model(context, "variants") if name.startswith(incomplete)]


def properties(context: typer.Context, incomplete: str) -> list[str]:
    """Return the promises of the model that was typed already which begin like this."""
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


# The model.

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
PropertyOption = Annotated[
    list[str],
    typer.Option(
        "--property", "-p", help="Decide only this promise; may be repeated.", autocompletion=properties
    ),
]
ParamOption = Annotated[
    list[str], typer.Option("--param", help="A parameter of the model as name=value; may be repeated.")
]

# What may go wrong.

LossesOption = Annotated[str | None, fault("Messages that the network may lose.")]
DuplicatesOption = Annotated[str | None, fault("Messages that the network may deliver twice.")]
CrashesOption = Annotated[str | None, fault("Nodes that may crash, also between two sends.")]
RestartsOption = Annotated[str | None, fault("Crashed nodes that may come up again.")]
PartitionsOption = Annotated[str | None, fault("Times that the network may split in two.")]
HealsOption = Annotated[str | None, fault("Partitions that may end; by default all.")]
SuspicionsOption = Annotated[str | None, fault("Wrong suspicions by failure detectors.")]
TimeoutsOption = Annotated[
    str,
    typer.Option(
        help="When they fire: late, when nothing else can happen; early, at any moment; or never.",
        metavar="late|early|never",
        show_default=False,
    ),
]
NetworkOption = Annotated[
    str,
    typer.Option(
        help="bag: in any order; set: in any order and any number of times; fifo: in the order of sending.",
        metavar="bag|set|fifo",
        show_default=False,
    ),
]

# How to search.

MaxStatesOption = Annotated[int | None, limit("Most states to visit (default 20,000,000).")]
MaxSecondsOption = Annotated[float | None, limit("Longest time to search.")]
MemoryOption = Annotated[
    str,
    typer.Option(
        help="Most memory to take, e.g. 4G (default: most of what is free).",
        metavar="SIZE",
        show_default=False,
        rich_help_panel=_SEARCH,
    ),
]
ThreadsOption = Annotated[int | None, limit("On how many threads (default: one for each core).")]

# What to tell.

DiagramOption = Annotated[
    Path | None,
    typer.Option(
        help="Save the counterexample as .svg, .png, .pdf or .gv.",
        show_default=False,
        rich_help_panel=_OUTPUT,
    ),
]
GraphOption = Annotated[
    Path | None,
    typer.Option(
        help="Save the state graph around it, likewise.", show_default=False, rich_help_panel=_OUTPUT
    ),
]
ThemeOption = Annotated[
    str,
    typer.Option(
        help="Colours of pictures; auto follows the browser (SVG only).",
        metavar="light|dark|auto",
        rich_help_panel=_OUTPUT,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print it all as JSON.", rich_help_panel=_OUTPUT)]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Do not draw counterexamples.", rich_help_panel=_OUTPUT)
]
VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Tell how often each step was taken.", rich_help_panel=_OUTPUT),
]
AsciiOption = Annotated[
    bool, typer.Option("--ascii", help="Write and draw with ASCII characters only.", rich_help_panel=_OUTPUT)
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
