"""What can be wrong with a model or with the way it is used, said so that the reader knows what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EverywayError(Exception):
    """Any mistake that everyway explains to its user; its text says what, where and what to do."""


class ModelError(EverywayError):
    """A model breaks a rule of the language: an impure handler, a wrong return value, an unknown node."""


class UsageError(EverywayError):
    """everyway was asked for something that does not exist or makes no sense."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name nearest to a wrong one, or nothing.

    >>> did_you_mean("paxso", ["paxos", "raft"])
    " Did you mean 'paxos'?"
    """
    names = sorted(known)  # a set's own order would make the advice depend on the hash seed
    near = difflib.get_close_matches(wrong.lower(), [name.lower() for name in names], n=1, cutoff=0.5)
    if not near:
        return ""
    original = next(name for name in names if name.lower() == near[0])
    return f" Did you mean '{original}'?"
