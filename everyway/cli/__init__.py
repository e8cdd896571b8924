"""The command line: ``everyway list``, ``show``, ``check`` and ``doctor``.

``app.py`` has the commands, ``target.py`` finds the model that is meant, ``parameters.py`` reads the options that a
model brings along, ``summary.py`` prints a check's report and ``description.py`` a model, ``progress.py`` shows a
running search. Everything heavy is imported when a command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; the entry point of the program ``everyway``."""
    from .app import app

    try:
        app()
    except BrokenPipeError:
        # The reader of our output is gone, as in `everyway list | head -1`; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
