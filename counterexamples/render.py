"""Rendering: saves the picture of a trace in the format that the file's name asks for."""

from __future__ import annotations

from pathlib import Path

from everyway.models.language.errors import UsageError

from .engines import graphviz_pdf, svg_to_png
from .pinned import to_graphviz
from .svg import to_svg
from .theme import ThemeName
from .trace import Trace

FORMATS = (".svg", ".png", ".pdf", ".gv", ".dot")


class UnknownFormat(UsageError, ValueError):
    """A file's name asks for a format that no picture is made in."""


def save(trace: Trace, path: str | Path, theme: ThemeName = "light") -> Path:
    """Save a trace's space-time diagram; the folder is made if it is not there.

    Args:
        trace: what to draw.
        path: where; ``.svg``, ``.png``, ``.pdf``, ``.gv`` or ``.dot`` chooses the format.
        theme: ``"light"``, ``"dark"``, or for SVG ``"auto"`` to follow the reader's browser.

    Raises:
        UnknownFormat: for another format; a ``ValueError``.
        MissingProgram: for one that needs a program that is not there; a ``ValueError``.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    suffix = checked_suffix(path)
    fixed: ThemeName = "light" if theme == "auto" else theme  # only browsers know CSS variables
    if suffix == ".svg":
        content = to_svg(trace, theme).encode()
    elif suffix == ".png":
        content = svg_to_png(to_svg(trace, fixed))
    elif suffix == ".pdf":
        content = graphviz_pdf(to_graphviz(trace, fixed).source, engine="neato-pinned")
    else:
        content = to_graphviz(trace, fixed).source.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def checked_suffix(path: Path) -> str:
    """Return the format that a file's name asks for, or explain which there are."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        asked = f"'{path.suffix}'" if path.suffix else "a name without an ending"
        raise UnknownFormat(
            f"cannot draw {path.name}: {asked} is no picture format. Use one of {', '.join(FORMATS)}."
        )
    return suffix
