"""Parts: the components of a state in words, of whatever kind the state is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from everyway.models.language.naming import shown
from everyway.models.language.world import World

Parts = tuple[tuple[str, str], ...]
"""A state's components: name and value in words."""


def parts_of(state: Any) -> Parts:
    """Return a state's components in words: of a world the nodes, of a class its fields."""
    if isinstance(state, World):
        return tuple((node.id, f"{node}{'' if state.is_up(node) else ' (down)'}") for node in state)
    if attrs.has(type(state)):
        return tuple((field.name, shown(getattr(state, field.name))) for field in attrs.fields(type(state)))
    if isinstance(state, Mapping):
        return tuple((str(key), shown(value)) for key, value in state.items())
    return (("", shown(state)),)
