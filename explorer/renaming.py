"""Renaming: what becomes of a value when nodes swap names, and what it looks like when names are hidden.

A value mentions a node wherever a string in it is the node's name: in tuples, frozen sets and frozen attrs classes, at
any depth. Strings that only happen to be a name are renamed as well, which does no harm: it is the same in all states.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs

from everyway.models.language.errors import UsageError

_ATOMS = (bool, int, float, type(None), bytes)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value in which names stand for others."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else names.get(value, value)
    if isinstance(value, (*_ATOMS, Enum)):
        return value
    if isinstance(value, tuple):
        items = [renamed(item, names) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, frozenset):
        return frozenset(renamed(item, names) for item in value)
    if attrs.has(type(value)):
        changes = {}
        for name, alias in _fields_of(value):
            before = getattr(value, name)
            after = renamed(before, names)
            if after is not before and after != before:
                changes[alias] = after
        return attrs.evolve(value, **changes) if changes else value
    return value


def written(value: Any, names: Mapping[str, str]) -> bytes:
    """Return a value as bytes, equal for equal values and in every process; names are written as others.

    Raises ``UsageError`` for a value that cannot be written so.
    """
    if isinstance(value, Enum):
        return f"e{type(value).__qualname__}.{value.name};".encode()
    if isinstance(value, str):
        return f"n{names[value]};".encode() if value in names else f"s{len(value)}:{value};".encode()
    if isinstance(value, (int, float)):
        # Equal numbers are written alike, whatever their type: 1 == 1.0 == True.
        return f"i{int(value)};".encode() if value == int(value) else f"f{value!r};".encode()
    if value is None or isinstance(value, bytes):
        return f"a{value!r};".encode()
    if isinstance(value, tuple):
        return b"(" + b"".join(written(item, names) for item in value) + b")"
    if isinstance(value, frozenset):
        return b"{" + b"".join(sorted(written(item, names) for item in value)) + b"}"
    kind = type(value)
    if attrs.has(kind):
        parts = b"".join(written(getattr(value, name), names) for name, _ in _fields_of(value))
        return f"<{kind.__qualname__} ".encode() + parts + b">"
    text = repr(value)
    if " at 0x" in text:
        raise UsageError(f"a {kind.__name__} does not say what it is: give it a __repr__.")
    return f"o{kind.__qualname__} {text};".encode()


def digest(*parts: bytes) -> int:
    """Return a number of 61 bits for some bytes, the same in every process."""
    return int.from_bytes(hashlib.blake2b(b"|".join(parts), digest_size=8).digest(), "big") >> 3


def _fields_of(value: Any) -> tuple[tuple[str, str], ...]:
    kind: Any = type(value)
    return _fields(kind)


@cache
def _fields(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return the fields that make up a value of an attrs class, with their names in its constructor."""
    return tuple(
        (declared.name, declared.alias or declared.name)
        for declared in attrs.fields(kind)
        if declared.init and declared.eq
    )
