"""Limits of a search: how deep, how many states, how long."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import field, frozen

from everyway.models.language.errors import UsageError

DEFAULT_MAX_STATES = 20_000_000
"""Enough for what fits into the patience of whoever waits; a space without end should not fill the memory first."""


def _sensible(_: Any, attribute: attrs.Attribute[Any], value: float | None) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (is_number and value >= 0):
        raise UsageError(f"{attribute.name} must be 0 or more, not {value}.")


@frozen
class Limits:
    """When a search stops although it is not done; None is no limit.

    Raises ``UsageError`` for a negative number.
    """

    max_depth: int | None = field(default=None, validator=_sensible)
    """Longest schedule to look at, in steps."""
    max_states: int | None = field(default=DEFAULT_MAX_STATES, validator=_sensible)
    """Most distinct states to visit."""
    max_seconds: float | None = field(default=None, validator=_sensible)
    """Longest time to search."""
    max_memory: int | None = field(default=None, validator=_sensible)
    """Most memory that the process may take, in bytes; by default most of what the machine has free. It is no bound
    of the space, so it is not told as one."""

    def __str__(self) -> str:
        parts = []
        if self.max_depth is not None:
            parts.append(f"depth ≤ {self.max_depth:,}")
        if self.max_states is not None:
            parts.append(f"states ≤ {self.max_states:,}")
        if self.max_seconds is not None:
            parts.append(f"time ≤ {self.max_seconds:g} s")
        return ", ".join(parts) or "no limits"
