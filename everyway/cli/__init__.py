"""The command line: ``everyway list``, ``show``, ``check``, ``simulate``, ``claims``, ``prove``, ``timing`` and others.

``app.py`` has the program and its smaller commands; the others have files of their own, named after them.
``preparation.py`` makes of their words what is asked of which system: ``target.py`` finds the model that is meant, and
``parameters.py`` reads the options that it brings along. ``summary.py`` prints a check's report and
``description.py`` a model, ``progress.py`` shows a running search and ``interruption.py`` ends it;
``options.py`` has the options of several commands, and ``own_parameters.py`` adds a model's to the help. Everything
heavy is imported when a command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line; the entry point of the program ``everyway``."""
    from .app import app, nobody_reads

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a model's own words may be in characters that it cannot show
    if sys.stdout is None:  # as in `everyway check 2pc >&-`, where only the exit code is wanted
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        app()
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:  # as in `everyway list | head -1`
            sys.exit(nobody_reads())
