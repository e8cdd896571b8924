"""What a handler returns: the node's next state, the messages it sends, and the words for the diagram."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from .errors import ModelError
from .message import NodeId
from .naming import order_key

if TYPE_CHECKING:
    from .node import Node


@frozen
class Send:
    """One message to one or more nodes."""

    to: tuple[NodeId, ...]
    message: Any
    is_ordered: bool
    """Whether the copies leave in the order of ``to``; a set of destinations has no order."""


@frozen
class Step:
    """One thing that a node may do: become ``state`` and send.

    Made by ``self.become(...)``, ``self.send(...)`` or ``self.stay()``; every method returns a new Step, so
    that they chain: ``self.become(phase=Phase.WAITING).send(self.participants, Request())``.
    """

    state: Node
    sends: tuple[Send, ...] = ()
    label: str = ""
    """Replaces the handler's name in diagrams."""
    note: str = ""
    """Why the step was taken, for the second line of its chip."""
    weight: Fraction | float | None = None
    """How likely the step is beside the others that its handler returns with it; None if that is not left to chance."""
    writes_last: bool = False
    """Whether a crash can strike after messages left but before the state was written."""

    def send(self, to: NodeId | Iterable[NodeId], message: Any) -> Step:
        """Also send ``message`` to a node, or to each of several.

        The messages leave one by one after the state was written; a crash may strike between any two. To a
        tuple or list they leave in its order; to a set in any order.
        """
        if isinstance(to, str):
            one = Send((to,), message, is_ordered=True)
        elif isinstance(to, (set, frozenset)):
            # Equal sets may differ in their order, but equal steps must be equal.
            one = Send(tuple(sorted(to, key=order_key)), message, is_ordered=False)
        else:
            one = Send(tuple(to), message, is_ordered=True)
        # Not by attrs.evolve, which takes longer than all the rest.
        return Step(self.state, (*self.sends, one), self.label, self.note, self.weight, self.writes_last)

    def named(self, label: str) -> Step:
        """Name the step in diagrams and statistics, instead of by its handler's name."""
        return evolve(self, label=label)

    def because(self, note: str) -> Step:
        """Say why the step was taken, for the second line of its chip."""
        return evolve(self, note=note)

    def weighted(self, weight: int | float | Fraction) -> Step:
        """Say how likely the step is: its weight, over the sum of those of all steps that the handler returns.

        For ``everyway.probability``; a check looks at every step, however unlikely. If one step of a handler has a
        weight, all that it returns together must have one. Raises ``ModelError`` if it is not positive.
        """
        is_number = isinstance(weight, (int, float, Fraction)) and not isinstance(weight, bool)
        if not is_number or not 0 < weight < float("inf"):
            raise ModelError(f"a weight is a positive number, not {weight!r}.")
        return evolve(self, weight=Fraction(weight) if isinstance(weight, int) else weight)

    def sending_first(self) -> Step:
        """Let the messages leave before the state is written, so that a crash between leaves the old state.

        The safe order, and the default, is the other one: write, then send.
        """
        return evolve(self, writes_last=True)


class Later(Enum):
    """The type of ``LATER``."""

    LATER = "later"

    def __repr__(self) -> str:
        return "LATER"


LATER = Later.LATER
"""Returned by a message handler: not now. The message stays in flight and can be delivered later."""

Steps = Step | Iterable[Step] | Later | None
"""What a handler returns: one step, several that it may choose from, ``None`` if there is none, or for a message
``LATER``."""
