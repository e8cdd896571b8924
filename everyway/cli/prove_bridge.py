"""What ``everyway prove`` says of the explored models of a theory: whether the proof is about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from everyway.explorer import Outcome
from everyway.proofs.crossing import Crossing, cross
from everyway.proofs.language import Theory

from .crossing_report import as_report, crossing_values, draw_first
from .paragraph import can_show_all, say

if TYPE_CHECKING:
    from rich.console import Console

_COLUMN = 10
_MARKS = {Outcome.HOLDS: "✓", Outcome.VIOLATED: "✗", Outcome.UNKNOWN: "?"}
_ASCII_MARKS = {Outcome.HOLDS: "+", Outcome.VIOLATED: "x", Outcome.UNKNOWN: "?"}
_STYLES = {Outcome.HOLDS: "green", Outcome.VIOLATED: "bold red", Outcome.UNKNOWN: "yellow"}
EXIT_CODES = {Outcome.HOLDS: 0, Outcome.VIOLATED: 1, Outcome.UNKNOWN: 3}


def crossings(theory: type[Theory]) -> tuple[Crossing, ...]:
    """Compare a theory with the explored models that there are bridges from, under their usual parameters."""
    from everyway.proofs.bridges import bridges_to

    from .interruption import interruptible
    from .progress import progress

    found = []
    for bridge in bridges_to(theory):
        with progress() as shower, interruptible(shower) as watcher:
            found.append(cross(bridge(bridge.instance()), watcher=watcher))
            if found[-1].search.stopped_by == "interrupt":
                raise KeyboardInterrupt
    return tuple(found)


def print_crossings(found: Sequence[Crossing], console: Console, *, ascii_only: bool) -> None:
    """Print a line or two about each model."""
    ascii_only = ascii_only or not can_show_all(console)
    marks = _ASCII_MARKS if ascii_only else _MARKS
    for number, crossing in enumerate(found):
        lead = "" if number else "explored"
        words = f"{marks[crossing.outcome]} {told(crossing)}"
        say(
            console,
            words,
            _STYLES[crossing.outcome] if crossing.outcome is not Outcome.HOLDS else "",
            lead=lead,
            lead_style="dim",
            column=_COLUMN,
            ascii_only=ascii_only,
        )
    for crossing in found:
        if crossing.outcome is Outcome.VIOLATED:
            draw_first(as_report(crossing), console, ascii_only=ascii_only)


def told(crossing: Crossing) -> str:
    """Return in a sentence whether the proof is about an explored model."""
    model, statistics = crossing.bridge.protocol, crossing.search.statistics
    match crossing.outcome:
        case Outcome.HOLDS:
            return (
                f"{model}: each of the {statistics.transitions:,} transitions of the explored model is a step of the "
                f"theory or changes nothing there, and the lemmas hold in all {statistics.states:,} states."
            )
        case Outcome.UNKNOWN:
            return (
                f"{model}: unknown, as the model was not explored to the end ({crossing.search.told_limit})."
            )
    broken = [verdict.property.name for verdict in crossing.verdicts if verdict.outcome is Outcome.VIOLATED]
    return f"{model}: the explored model is not what the theory says: {', '.join(broken)} violated."


def values(found: Sequence[Crossing]) -> list[dict[str, Any]]:
    """Return the comparisons as values that JSON knows."""
    return [crossing_values(crossing) for crossing in found]


def exit_code(proof: int, found: Sequence[Crossing]) -> int:
    """Return the exit code of a proof and its comparisons: the proof's, unless that is 0."""
    codes = {EXIT_CODES[crossing.outcome] for crossing in found}
    return proof or next((code for code in (1, 3) if code in codes), 0)
