"""Progress of a running search, on a terminal; silent in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from everyway.explorer import Statistics, Watcher


@contextmanager
def progress(is_wanted: bool = True) -> Iterator[Watcher | None]:
    """Yield what a search may call now and then to show how far it is; None where nobody would see it."""
    if not is_wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    from everyway.explorer.memory import told

    console = Console(stderr=True)
    with Status("searching", console=console) as status:

        def show(statistics: Statistics, frontier: int) -> None:
            rate = statistics.states / statistics.seconds if statistics.seconds else 0.0
            counts = f"{statistics.states:,} states · {statistics.transitions:,} transitions"
            # What is known to wait; how much more that leads to, nobody can tell.
            where = f"depth {statistics.depth:,} · {frontier:,} to go · {rate:,.0f}/s"
            if statistics.memory:
                where += f" · {told(statistics.memory)}"
            status.update(Text(f"{counts} · {where}", no_wrap=True, overflow="ellipsis"))

        yield show
