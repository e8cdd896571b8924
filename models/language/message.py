"""Messages, and the envelope that says who sent one to whom."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any, TypeAlias

import attrs
from attrs import frozen

from .naming import hyphenated, order_key, shown

NodeId: TypeAlias = str
"""A node's name, unique in its protocol, e.g. ``"C"`` or ``"P1"``."""


@frozen
class Message:
    """Base of all messages: a frozen attrs class whose fields are what the message says.

    ``str(message)`` is what a diagram writes on the arrow: the class's name and the values of its fields.
    Override ``__str__`` for other words.

    >>> @frozen
    ... class PreCommit(Message):
    ...     round: int
    >>> str(PreCommit(3))
    'pre-commit 3'
    """

    def __str__(self) -> str:
        words = [hyphenated(type(self).__name__)]
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if isinstance(value, bool):
                words.append(field.name if value else f"not {field.name}")
            elif isinstance(value, Enum) or value is not None:
                words.append(shown(value))
        return " ".join(words)


@frozen(cache_hash=True)
class Envelope:
    """One message on its way."""

    sender: NodeId
    to: NodeId
    message: Any

    def __str__(self) -> str:
        return f"{self.message} from {self.sender} to {self.to}"


@cache
def envelope_order(envelope: Envelope) -> tuple[Any, ...]:
    """Sort key of an envelope, the same in every process."""
    return (order_key(envelope.sender), order_key(envelope.to), order_key(envelope.message))
