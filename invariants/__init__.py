"""Promises: generic properties (``property.py``) and the vocabulary of protocol families.

``atomic_commit.py`` has the promises of transaction commit.
"""

from .property import (
    Broken,
    Property,
    PropertyKind,
    always,
    broken,
    every_step,
    never,
    no_deadlock,
    possible,
    recoverable,
)

__all__ = [
    "Broken",
    "Property",
    "PropertyKind",
    "always",
    "broken",
    "every_step",
    "never",
    "no_deadlock",
    "possible",
    "recoverable",
]
