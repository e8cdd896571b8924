"""What a model is, as ``everyway list`` and ``everyway show`` tell it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import attrs

from everyway.checking import promised
from everyway.models.language import Protocol, System, UsageError, role_of
from everyway.models.language.handler import Occasion, handlers_of, message_types
from everyway.models.language.naming import hyphenated, shown
from everyway.models.language.node import survives
from everyway.models.library import PLACES, model

if TYPE_CHECKING:
    from rich.console import Console

_WHEN = {
    Occasion.CHOICE: "at any time",
    Occasion.TIMEOUT: "time-out",
    Occasion.RESTART: "on restart",
    Occasion.SUSPICION: "on suspicion",
}


def first_sentence(kind: type) -> str:
    """Return the first paragraph of a class's docstring in one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def print_list(console: Console) -> None:
    """Print all models of the library, a line each."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("model", style="bold")
    table.add_column("variants", justify="right")
    table.add_column("what it is")
    for name in PLACES:
        kind = model(name)
        table.add_row(name, str(len(kind.variants())), first_sentence(kind))
    console.print(table)
    console.print("\n`everyway show MODEL` tells more, `everyway check MODEL` checks one.", style="dim")


def print_model(kind: type, word: str, console: Console) -> None:
    """Print everything that a user of a model wants to know.

    Raises ``UsageError`` for a plain transition system, which has nothing to show.
    """
    if not issubclass(kind, Protocol):
        raise UsageError(
            f"{kind.__name__} is a plain transition system: it has no roles, messages or parameters to show."
        )
    protocol = kind()
    system = System(protocol)
    console.print(kind.title(), style="bold")
    console.print(inspect.getdoc(kind) or "", highlight=False)
    _roles(system, console)
    messages = message_types(system.node_classes)
    if messages:
        _heading(console, "Messages")
        for message in messages:
            console.print(f"  {hyphenated(message.__name__):<16} {first_sentence(message)}", highlight=False)
    _heading(console, "Parameters")
    for parameter in kind.parameters():
        told = ", ".join(parameter.choices) or parameter.kind.__name__
        option = f"--{parameter.name.replace('_', '-')}"
        console.print(
            f"  {option:<18} {parameter.help} ({told}; default {shown(parameter.default)})", highlight=False
        )
    if not kind.parameters():
        console.print("  none")
    _heading(console, "Promises")
    for prop in promised(system):
        console.print(f"  {prop.name} ({prop.kind.value}): {prop.promise}", highlight=False)
    variants = kind.variants()
    if variants and not kind.variant:
        _heading(console, "Variants (--variant NAME)")
        for name, variant in variants.items():
            console.print(f"  [bold]{name}[/bold]: {first_sentence(variant)}", highlight=False)
    how = f" --variant {kind.variant}" if kind.variant else ""
    console.print(f"\nnetwork {system.network.value}, {system.timeouts.value} time-outs", style="dim")
    console.print(f"Check it: everyway check {word}{how} --crashes 1", style="dim", highlight=False)


def _heading(console: Console, words: str) -> None:
    console.print()
    console.print(words, style="bold")


def _roles(system: System, console: Console) -> None:
    _heading(console, "Roles")
    for kind in system.node_classes:
        names = [name for name, role in system.roles.items() if role == role_of(kind)]
        console.print(
            f"  [bold]{role_of(kind)}[/bold] ({', '.join(names)}): {first_sentence(kind)}", highlight=False
        )
        for field in attrs.fields(kind):
            if field.name != "id":
                console.print(f"    {field.name:<18} {_lasting(field)}", style="dim", highlight=False)
        for handler in handlers_of(kind):
            when = _WHEN.get(handler.trigger.occasion) or ", ".join(
                f"on {hyphenated(message.__name__)}" for message in handler.trigger.messages
            )
            console.print(f"    {when:<18} {handler.words}", highlight=False)


def _lasting(field: attrs.Attribute[object]) -> str:
    lasts = survives(field)
    if lasts is None:
        return "fixed"
    default = "" if field.default is attrs.NOTHING else f", at first {shown(field.default)}"
    return ("durable" if lasts else "volatile") + default
