"""Declarations: which fields a class declares, and whether attrs knows them all."""

from __future__ import annotations

from functools import cache

import attrs

from .errors import ModelError

_declared: set[type] = set()
"""Classes that were found to be in order."""


@cache
def constructor_fields(kind: type) -> dict[str, str]:
    """Return the fields of an attrs class that its constructor takes, with their names there."""
    return {
        declared.name: declared.alias or declared.name for declared in attrs.fields(kind) if declared.init
    }


def check_declared(kind: type) -> None:
    """Refuse a class of which attrs does not know some fields, because @frozen was forgotten.

    Without it a declared field is no part of the state: two different states would be taken for one.
    """
    if kind in _declared:
        return
    known = {declared.name for declared in attrs.fields(kind)}
    for base in kind.__mro__:
        if not attrs.has(base):
            continue
        for name, hint in vars(base).get("__annotations__", {}).items():
            if name not in known and "ClassVar" not in str(hint):
                raise ModelError(
                    f"{base.__name__} declares the field '{name}', but the class is not decorated with @frozen."
                )
    _declared.add(kind)
