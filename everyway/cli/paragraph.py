"""A paragraph in a terminal: wrapped words beside or below a lead, in which nothing is read as markup."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_NARROWEST = 24

PLAIN: dict[int, str] = {
    ord(fine): plain for fine, plain in zip("≤≥·→…×–—’“”", ("<=", ">=", *'->~x--\'""'), strict=True)
}
"""For ``str.translate``: what stands for the typographic characters where only ASCII can be shown."""


def can_show_all(console: Console) -> bool:
    """Return whether a console's encoding has the characters with which reports are written."""
    try:
        "✓✗≤·─│▶→…×’".encode(console.encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def say(
    console: Console,
    words: str,
    style: str = "",
    *,
    lead: str = "",
    lead_style: str = "",
    column: int = 0,
    ascii_only: bool = False,
) -> None:
    """Print words from a column on, wrapped at the console's width; the lead stands before their first line.

    A lead that reaches into the column has a line of its own.
    """
    from rich.text import Text

    if ascii_only or not can_show_all(console):
        lead, words = (text.translate(PLAIN).encode("ascii", "replace").decode() for text in (lead, words))
    if lead and (not words or len(lead) >= column):
        console.print(Text(lead, style=lead_style, no_wrap=True, overflow="ellipsis"))
        if not words:
            return
        lead = ""
    room = max(console.width - column, _NARROWEST)
    for number, line in enumerate(textwrap.wrap(words, room, break_on_hyphens=False) or [""]):
        text = Text(no_wrap=True, overflow="ellipsis", end="\n")
        text.append(
            lead.ljust(column) if number == 0 else " " * column, style=lead_style if number == 0 else ""
        )
        text.append(line, style=style)
        console.print(text)
