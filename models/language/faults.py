"""Fault budgets: what the environment may do to a protocol, how often, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import attrs
from attrs import field, frozen

from .errors import UsageError


class Timeouts(Enum):
    """When time-outs may fire.

    ``LATE`` is a synchronous system: a time-out fires only when nothing else can happen, so it means that
    the awaited message will not come. ``EARLY`` is an asynchronous one: a running timer may go off at any
    moment. ``NEVER`` switches them off.
    """

    LATE = "late"
    EARLY = "early"
    NEVER = "never"


@frozen
class Budget:
    """How often a fault may strike in one run, and whom.

    ``only`` names nodes, roles or message classes; empty means any. A message fault strikes a message whose
    class, sender or receiver is named.
    """

    count: int = 0
    only: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        return f"{self.count} ({', '.join(self.only)} only)" if self.only and self.count else str(self.count)


def at_most(count: int, *only: str | type) -> Budget:
    """Return a budget of ``count`` faults, restricted to the named nodes, roles or message classes.

    >>> str(at_most(1, "C"))
    '1 (C only)'
    """
    return Budget(count, tuple(one.__name__ if isinstance(one, type) else one for one in only))


def _budget(value: Any) -> Any:
    return Budget(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_negative(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is None and attribute.default is None:
        return
    if not isinstance(value, Budget):
        raise UsageError(f"{attribute.name} must be a whole number or at_most(...), not {value!r}.")
    if not isinstance(value.count, int) or isinstance(value.count, bool):
        raise UsageError(
            f"{attribute.name} must be a whole number or at_most(...), not at_most({value.count!r})."
        )
    if value.count < 0:
        raise UsageError(f"{attribute.name} must be 0 or more, not {value.count}.")


def _budget_field(default: int | None = 0) -> Any:
    converter = attrs.converters.optional(_budget)
    return field(default=default, converter=converter, validator=_not_negative)


@frozen
class Faults:
    """The faults that the environment may spend in one run, at any moment; each a number or ``at_most``.

    Raises ``UsageError`` for a negative number.

    >>> Faults(crashes=1, losses=at_most(2, "Abort")).losses.count
    2
    """

    losses: Budget = _budget_field()
    """Messages that the network loses."""
    duplicates: Budget = _budget_field()
    """Messages of which the network makes one more copy."""
    crashes: Budget = _budget_field()
    """Nodes that go down; also in the middle of sending."""
    restarts: Budget = _budget_field()
    """Nodes that come up again."""
    partitions: Budget = _budget_field()
    """Splits of the network into two sides that cannot reach each other; one at a time."""
    heals: Budget | None = _budget_field(None)
    """Partitions that end again; None: every one may."""
    suspicions: Budget = _budget_field()
    """Times that a failure detector wrongly suspects a node that is up."""

    def __iter__(self) -> Iterator[tuple[str, Budget]]:
        """Yield each kind of fault with its budget; ``heals`` only where it is limited."""
        for declared in attrs.fields(Faults):
            budget = getattr(self, declared.name)
            if budget is not None:
                yield declared.name, budget


NO_FAULTS = Faults()
FAULT_KINDS: tuple[str, ...] = tuple(declared.name for declared in attrs.fields(Faults))
