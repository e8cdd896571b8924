"""How names of the code become words of the reader, and how values are put in an order of their own."""

from __future__ import annotations

import re
from enum import Enum, Flag
from functools import lru_cache
from typing import Any

import attrs

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def hyphenated(class_name: str) -> str:
    """Return a class name as a hyphenated word.

    >>> hyphenated("PreCommit")
    'pre-commit'
    """
    return _HUMP.sub("-", class_name).replace("_", "-").strip("-").lower()


@lru_cache(maxsize=1 << 12)
def spaced(name: str) -> str:
    """Return a method's or class's name as words.

    >>> spaced("ask_for_votes"), spaced("TransactionManager")
    ('ask for votes', 'transaction manager')
    """
    return _HUMP.sub(" ", name).replace("_", " ").strip().lower()


def enumerated(words: list[str] | tuple[str, ...]) -> str:
    """Join words as in a sentence.

    >>> enumerated(["C", "P1", "P2"])
    'C, P1 and P2'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def shown(value: Any) -> str:
    """Return a value as a reader wants to see it: enum members by name, sets sorted, nothing repeated.

    >>> shown(frozenset({"P2", "P1"}))
    '{P1, P2}'
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.name or value.value).lower().replace("_", " ")
    if isinstance(value, str):
        return value
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(shown(item) for item in sorted(value, key=order_key)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(item) for item in value) + ")"
    return str(value)


def order_key(value: Any) -> tuple[Any, ...]:
    """Return a key by which values of any kinds sort in the same order in every process.

    Python's own order of a set depends on the process's hash seed; every enumeration that can be seen in a
    trace or in a count goes through this key.
    """
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, int(value))
    if isinstance(value, Flag):
        return (4, type(value).__qualname__, value.value)
    if isinstance(value, Enum):
        return (4, type(value).__qualname__, list(type(value)).index(value))
    if isinstance(value, (int, float)):
        return (2, value)
    if isinstance(value, str):
        return (3, *_natural(value))
    if isinstance(value, (tuple, list)):
        return (5, tuple(order_key(item) for item in value))
    if isinstance(value, (set, frozenset)):
        return (6, tuple(sorted(order_key(item) for item in value)))
    if attrs.has(type(value)):
        fields = tuple(order_key(getattr(value, field.name)) for field in attrs.fields(type(value)))
        return (7, type(value).__qualname__, fields)
    return (8, type(value).__qualname__, repr(value))


@lru_cache(maxsize=1 << 14)
def _natural(text: str) -> tuple[tuple[int, Any], ...]:
    """Sort key of a name that puts P2 before P10."""
    parts = re.split(r"(\d+)", text)
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)
