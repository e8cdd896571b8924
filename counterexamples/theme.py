"""Colours: a light and a dark theme, and one that follows the reader's browser.

Red is kept for faults and the violation. The tones of states are told apart under deuteranopia and protanopia too
(after Okabe & Ito's palette); text on them has a contrast of at least 4.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs
from attrs import frozen

from .trace import Tone

ThemeName = Literal["light", "dark", "auto"]


@frozen
class Shade:
    """The colours of a chip."""

    fill: str
    edge: str
    ink: str


@frozen
class Theme:
    """All colours of a picture."""

    background: str
    ink: str
    soft: str
    """Text and lines of less weight."""
    line: str
    arrow: str
    fault: str
    glow: str
    """Behind what is guilty."""
    success: str
    success_glow: str
    band: str
    """Where the network is partitioned."""
    wall: str
    card: str
    """Behind a node's name."""
    tones: Mapping[Tone, Shade]


LIGHT = Theme(
    background="#ffffff",
    ink="#1f2328",
    soft="#59636e",
    line="#d1d9e0",
    arrow="#48515b",
    fault="#c4001a",
    glow="#ffd9d6",
    success="#00704f",
    success_glow="#d9f5ea",
    band="#ede7f6",
    wall="#5b3fa0",
    card="#f6f8fa",
    tones={
        "idle": Shade("#eceff2", "#8c959f", "#424a53"),
        "wait": Shade("#d8ecfa", "#0072b2", "#054a73"),
        "near": Shade("#fff3c4", "#b58900", "#6b4e00"),
        "good": Shade("#d2f1e4", "#009e73", "#005c43"),
        "stop": Shade("#f1e2f6", "#9c4fae", "#5f1f70"),
    },
)

DARK = Theme(
    background="#0d1117",
    ink="#e6edf3",
    soft="#9198a1",
    line="#30363d",
    arrow="#aeb6bf",
    fault="#ff6b6b",
    glow="#4d1518",
    success="#2bc49a",
    success_glow="#06352a",
    band="#1d1a33",
    wall="#b9a5f2",
    card="#151b23",
    tones={
        "idle": Shade("#21262d", "#6e7681", "#c9d1d9"),
        "wait": Shade("#0b2f47", "#56b4e9", "#bfe3f9"),
        "near": Shade("#3a3000", "#e6c200", "#ffeaa0"),
        "good": Shade("#06352a", "#2bc49a", "#a6f0d8"),
        "stop": Shade("#33153d", "#c792d9", "#ecd2f5"),
    },
)


def _variables(theme: Theme) -> dict[str, str]:
    """Return a theme's colours by the names of CSS variables."""
    found = {}
    for declared in attrs.fields(Theme):
        value = getattr(theme, declared.name)
        if isinstance(value, str):
            found[declared.name.replace("_", "-")] = value
    for tone, shade in theme.tones.items():
        for declared in attrs.fields(Shade):
            found[f"{tone}-{declared.name}"] = getattr(shade, declared.name)
    return found


def style_sheet() -> str:
    """Return the CSS that makes the colours of ``AUTO`` follow the reader's preference."""
    light, dark = (
        "".join(f"--{name}:{value};" for name, value in _variables(theme).items()) for theme in (LIGHT, DARK)
    )
    return f"svg{{{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"


AUTO = Theme(
    **{
        declared.name: f"var(--{declared.name.replace('_', '-')})"
        for declared in attrs.fields(Theme)
        if declared.name != "tones"
    },
    tones={
        tone: Shade(f"var(--{tone}-fill)", f"var(--{tone}-edge)", f"var(--{tone}-ink)")
        for tone in LIGHT.tones
    },
)
"""Colours as CSS variables; see ``style_sheet``."""

THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK, "auto": AUTO}
