"""What a model is, as ``everyway list`` and ``everyway show`` tell it."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from everyway.checking import promised
from everyway.invariants.property import Property
from everyway.models.catalogue import PLACES, model
from everyway.models.language import Protocol, System, UsageError, role_of
from everyway.models.language.handler import Handler, Occasion, handlers_of, message_types
from everyway.models.language.naming import hyphenated, shown
from everyway.models.language.node import survives

from .paragraph import say
from .parameters import default_instance

if TYPE_CHECKING:
    from rich.console import Console

_WHEN = {
    Occasion.CHOICE: "at any time",
    Occasion.TIMEOUT: "time-out",
    Occasion.RESTART: "on restart",
    Occasion.SUSPICION: "on suspicion",
}
_WIDEST = 26
"""Where the second column begins at the latest; what is longer has a line of its own."""


def docstring(kind: type) -> str:
    """Return a class's docstring, or that of the class it varies; not what the language says of its own classes."""
    for base in kind.__mro__:
        if base is object or base.__module__.startswith("everyway.models.language"):
            break
        if base.__doc__:
            return inspect.cleandoc(base.__doc__)
    return ""


def first_sentence(kind: type) -> str:
    """Return the first paragraph of a class's docstring in one line."""
    return " ".join(docstring(kind).split("\n\n")[0].split())


def print_list(console: Console) -> None:
    """Print all models of the library, a line each."""
    rows = []
    for name in PLACES:
        kind = model(name)
        count = len(kind.variants())
        variants = f" ({count} variant{'' if count == 1 else 's'})" if count else ""
        rows.append((name, first_sentence(kind) + variants))
    _print_rows(console, rows, indent=0, lead_style="bold")
    console.print()
    say(console, "`everyway show MODEL` tells more, `everyway check MODEL` checks one.", "dim")


def print_model(kind: type, word: str, console: Console, taken: Collection[str] = ()) -> None:
    """Print everything that a user of a model wants to know.

    Args:
        kind: the model's class.
        word: how the user named it, for the command that checks it.
        console: where.
        taken: the options that ``everyway check`` has for everybody; a parameter of such a name needs ``--param``.

    Raises ``UsageError`` for a plain transition system, which has nothing to show.
    """
    if not issubclass(kind, Protocol):
        raise UsageError(
            f"{kind.__name__} is a plain transition system: it has no roles, messages or parameters to show."
        )
    system = System(default_instance(kind))
    promises = list(promised(system))  # asked first: a mistake in the model is not to end half a description
    say(console, kind.title(), "bold")
    for paragraph in docstring(kind).split("\n\n"):
        say(console, " ".join(paragraph.split()))
    _print_roles(console, system)
    _print_messages(console, system)
    print_parameters(console, kind, taken)
    _print_promises(console, promises, declares_final=system.declares_final)
    if kind.declares_room():
        told = " ".join((kind.has_room.__doc__ or "").split("\n\n")[0].split())
        words = "Whether something can still be reached is asked only as long as the bounds leave room"
        say(console, f"{words}: {told[0].lower()}{told[1:]}" if told else f"{words}.", "dim", column=2)
    variants = kind.variants()
    if variants and not kind.variant:
        _heading(console, "Variants", "--variant NAME")
        _print_rows(console, [(name, first_sentence(variant)) for name, variant in variants.items()])
    how = f" --variant {kind.variant}" if kind.variant else ""
    console.print()
    say(
        console,
        f"Unless told otherwise: {system.timeouts.value} time-outs, {system.network.value} network.",
        "dim",
    )
    say(console, f"Check it: everyway check {word}{how} --crashes 1", "dim")


def _heading(console: Console, words: str, hint: str = "") -> None:
    console.print()
    say(console, hint, "dim", lead=words, lead_style="bold", column=len(words) + 2)


def _print_rows(
    console: Console, rows: Iterable[tuple[str, str]], indent: int = 2, style: str = "", lead_style: str = ""
) -> None:
    """Print pairs in two columns."""
    rows = [(" " * indent + left, right) for left, right in rows]
    column = min(max((len(left) for left, _ in rows), default=0) + 2, _WIDEST)
    for left, right in rows:
        say(console, right, style, lead=left, lead_style=lead_style, column=column)


def _print_roles(console: Console, system: System) -> None:
    for kind in system.node_classes:
        names = [name for name, role in system.roles.items() if role == role_of(kind)]
        _heading(console, role_of(kind).capitalize(), f"{', '.join(names)}")
        if about := first_sentence(kind):
            say(console, about, column=2)
        fields = [(field.name, _lasting(field)) for field in attrs.fields(kind) if field.name != "id"]
        handlers = [(_when(handler), handler.words) for handler in handlers_of(kind)]
        # One column for both, so that they read as one table.
        column = min(max((len(left) for left, _ in [*fields, *handlers]), default=0) + 6, _WIDEST)
        for left, right in fields:
            say(console, right, "dim", lead=f"    {left}", lead_style="dim", column=column)
        if fields and handlers:
            console.print()
        for left, right in handlers:
            say(console, right, lead=f"    {left}", column=column)


def _when(handler: Handler) -> str:
    """Return when a handler is called, e.g. "on yes"."""
    trigger = handler.trigger
    if trigger.occasion is Occasion.DELIVERY:
        return f"on {', '.join(hyphenated(message.__name__) for message in trigger.messages)}"
    return _WHEN[trigger.occasion]


def _lasting(field: attrs.Attribute[object]) -> str:
    lasts = survives(field)
    if lasts is None:
        return "fixed"
    default = "" if field.default is attrs.NOTHING else f", at first {shown(field.default)}"
    return ("durable" if lasts else "volatile") + default


def _print_messages(console: Console, system: System) -> None:
    messages = message_types(system.node_classes)
    if messages:
        _heading(console, "Messages")
        _print_rows(console, [(hyphenated(kind.__name__), first_sentence(kind)) for kind in messages])


def print_parameters(console: Console, kind: type, taken: Collection[str], whose: str = "") -> None:
    """Print the options that a model brings along; those whose name is ``taken`` need ``--param``."""
    if not issubclass(kind, Protocol):
        return
    _heading(console, "Parameters", whose)
    rows = []
    for parameter in kind.parameters():
        option = f"--{parameter.name.replace('_', '-')}"
        told = ", ".join(parameter.choices) or _KINDS.get(parameter.kind, parameter.kind.__name__)
        needed = (
            "must be given" if parameter.default is attrs.NOTHING else f"default {shown(parameter.default)}"
        )
        left = f"--param {parameter.name}=..." if option in taken else option
        rows.append((left, f"{parameter.help} ({told}; {needed})".strip()))
    _print_rows(console, rows or [("none", "")])


_KINDS: dict[type, str] = {int: "whole number", float: "number", bool: "yes or no", str: "text"}


def _print_promises(console: Console, promises: Sequence[Property], declares_final: bool) -> None:
    _heading(console, "Promises", "--property NAME")
    rows = [(prop.name, f"{prop.promise} ({prop.kind.value})".strip()) for prop in promises]
    if declares_final:
        rows.append(("no deadlock", "Where nothing can happen any more, the protocol is done."))
    _print_rows(console, rows or [("none", "")])
