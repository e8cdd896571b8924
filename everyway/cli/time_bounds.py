"""The options that bound time: ``--delay``, ``--timeout-of`` and ``--drift``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from everyway.models.language import UsageError

if TYPE_CHECKING:
    from everyway.models.language.timing import Timing

_PANEL = "Time bounds"

DELAY = typer.Option(
    "--delay",
    help="How long messages take: 1..10ms, or NAME=1..10ms for those of a class, of a sender or receiver, or from one "
    "to another as in C:P1. May be repeated.",
    metavar="[NAME=]TIME",
    show_default=False,
    rich_help_panel=_PANEL,
)
TIMEOUT_OF = typer.Option(
    "--timeout-of",
    help="How long a role, a node or one of its time-outs waits: participant=50ms, P1=50..60ms, P1.stop-waiting=50ms. "
    "May be repeated.",
    metavar="NAME=TIME",
    show_default=False,
    rich_help_panel=_PANEL,
)
DRIFT = typer.Option(
    "--drift",
    help="By how much the clocks behind time-outs may be fast or slow, e.g. 1%.",
    metavar="SHARE",
    show_default=False,
    rich_help_panel=_PANEL,
)


def timing_of(
    delays: Sequence[str], timeouts: Sequence[str], drift: str, *, is_drift_alone_fine: bool = False
) -> Timing | None:
    """Return the time bounds of the command line; None if no option gives any.

    Where time-outs may be unknown, ``is_drift_alone_fine``.

    Raises ``UsageError`` for what is no time, no share, or given twice.
    """
    if not delays and not timeouts and not drift:
        return None
    from everyway.models.language.duration import interval
    from everyway.models.language.timing import Rule, Timing

    general: list[Rule] = []
    special: list[Rule] = []
    for words in delays:
        name, is_named, time = words.rpartition("=")
        what = f"--delay {name}" if is_named else "--delay"
        rule = Rule("delay", name.strip(), interval(time, what))
        (special if is_named else general).append(rule)
    if len(general) > 1:
        raise UsageError(
            f"--delay is given twice for all messages: {general[0].takes} and {general[1].takes}. "
            f"Name those that one is for, as in NAME=1..10ms."
        )
    waits: list[Rule] = []
    for words in timeouts:
        name, is_named, time = words.partition("=")
        if not is_named or not name.strip():
            raise UsageError(f"--timeout-of needs a name and a time, as in participant=50ms, not '{words}'.")
        waits.append(Rule("time-out", name.strip(), interval(time, f"--timeout-of {name.strip()}")))
    for rules in (special, waits):
        names = [rule.name for rule in rules]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            option = "--delay" if rules is special else "--timeout-of"
            raise UsageError(f"{option} {twice} is given twice.")
    if drift and not waits and not is_drift_alone_fine:
        raise UsageError("--drift is of the clocks behind time-outs, and no --timeout-of is given.")
    found = Timing(delays=special, timeouts=waits, drift=drift or "0")
    return Timing(general[0], special, waits, drift or "0") if general else found
