"""The command ``everyway doctor``: what there is to draw pictures with, and to prove."""

from __future__ import annotations

from .app import app, console, explained
from .options import DebugOption


@app.command()
@explained
def doctor(debug: DebugOption = False) -> None:
    """Tell which programs and libraries were found for drawing pictures, and for proofs."""
    import platform

    from everyway import __version__
    from everyway.counterexamples.engines import available
    from everyway.proofs.solver import z3_version

    from .paragraph import say

    terminal = console()
    say(terminal, f"everyway {__version__}, Python {platform.python_version()}, {platform.system()}", "bold")
    version = z3_version()
    z3 = ("z3", bool(version), version or "needed for proofs: pip install 'everyway[proofs]'")
    for name, is_found, detail in (*available(), z3):
        lead = f"{'found' if is_found else 'missing':<9}{name}"
        say(terminal, detail, lead=lead, lead_style="" if is_found else "yellow", column=25)
