"""Widths of text, close enough for every renderer tried: those of Helvetica."""

from __future__ import annotations

# Advance widths of the characters 32 to 126 in thousandths of the font size (Adobe's published metrics).
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
    556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
    556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
    500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
_OTHER = 600
_WIDE = 1000
_BOLDER = 1.07


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in pixels at a font size in pixels."""
    total = 0
    for character in text:
        code = ord(character)
        if 32 <= code < 127:
            total += _WIDTHS[code - 32]
        else:
            total += _WIDE if code >= 0x2E80 else _OTHER
    return total / 1000 * size * (_BOLDER if bold else 1.0)


def shortened(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis so that it fits into a width."""
    if text_width(text, size, bold=bold) <= width:
        return text
    while text and text_width(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Return the text broken into lines that fit into a width."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, bold=bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [shortened(line, size, width, bold=bold) for line in lines]
