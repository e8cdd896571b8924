"""An action: what a step of a system was, by which it is identified, told and replayed."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from attrs import frozen

from .message import Envelope, NodeId
from .naming import enumerated


class Kind(Enum):
    """What kind of thing happened in a step; the value is the word a reader sees."""

    __hash__ = (
        object.__hash__
    )  # an enum's own runs Python, and this one is hashed for every step that is offered

    CHOICE = "choice"
    """A node did something of its own accord."""
    DELIVERY = "delivery"
    """A node received a message."""
    TIMEOUT = "time-out"
    RESTART = "restart"
    CRASH = "crash"
    SUSPICION = "suspicion"
    """A node's failure detector told it that another node is down, rightly or wrongly."""
    LOSS = "loss"
    """The network lost a message."""
    DROP = "drop"
    """A message arrived at a node that is down."""
    DUPLICATION = "duplication"
    PARTITION = "partition"
    HEAL = "heal"
    OTHER = "step"
    """A step of a plain transition system, which has no nodes."""


_FAULTS = frozenset({Kind.CRASH, Kind.LOSS, Kind.DUPLICATION, Kind.PARTITION})
_REPAIRS = frozenset({Kind.RESTART, Kind.HEAL})


@frozen(cache_hash=True)
class Action:
    """One step of a system. Two steps of one state never have equal actions."""

    kind: Kind
    node: NodeId | None = None
    """The node that acted; None for steps of the network."""
    handler: str = ""
    """The method of the node that ran, e.g. ``count_vote``; empty if none did."""
    envelope: Envelope | None = None
    """The message that was delivered, lost, dropped or duplicated."""
    about: NodeId | None = None
    """The node that is suspected."""
    outcome: int = 0
    """Which of the steps that the handler offered was taken, or which copy in a queue was struck, counted from 0."""
    chance: Fraction | float | None = None
    """How likely this outcome is, once the handler runs; None if that is not left to chance."""
    label: str = ""
    """What the node did, in words, e.g. "count vote"."""
    note: str = ""
    """Why, for steps that no message caused."""
    sent: tuple[Envelope, ...] = ()
    """The messages that left."""
    unsent: tuple[Envelope, ...] = ()
    """The messages that a crash in the middle of the step kept from leaving."""
    crashed: bool = False
    """Whether the node crashed in the middle of the step."""
    wrote: bool = True
    """Whether the new state was written before that crash."""
    sides: tuple[tuple[NodeId, ...], ...] = ()
    """The two sides of a partition."""
    is_late: bool = False
    """For a time-out: whether it fired only because nothing else could happen."""
    is_false: bool = False
    """For a suspicion: whether the suspected node was up."""

    @property
    def is_fault(self) -> bool:
        """Whether the environment spent a fault on this step; no promise may rely on it."""
        return self.kind in _FAULTS or self.crashed or self.is_false

    @property
    def is_repair(self) -> bool:
        """Whether the step brought a node or the network back."""
        return self.kind in _REPAIRS

    def __str__(self) -> str:
        text = self._deed()
        if self.crashed:
            text += (
                ", crashing in mid-step"
                if not self.unsent
                else f" but crashes before sending {self.told_unsent}"
            )
        return text

    @property
    def told_unsent(self) -> str:
        """The messages that never left, in words."""
        return enumerated([f"{envelope.message} to {envelope.to}" for envelope in self.unsent])

    def _deed(self) -> str:
        message = self.envelope
        match self.kind:
            case Kind.CHOICE:
                return f"{self.node}: {self.label}"
            case Kind.DELIVERY if message:
                return f"{self.node} receives {message.message} from {message.sender}: {self.label}"
            case Kind.TIMEOUT:
                return f"{self.node} times out: {self.label}"
            case Kind.RESTART:
                return f"{self.node} restarts" + (f": {self.label}" if self.label else "")
            case Kind.CRASH:
                return f"{self.node} crashes"
            case Kind.SUSPICION:
                wrongly = " wrongly" if self.is_false else ""
                return f"{self.node}{wrongly} suspects {self.about}: {self.label}"
            case Kind.LOSS if message:
                return f"the network loses {message}"
            case Kind.DROP if message:
                return f"{message} arrives while {message.to} is down"
            case Kind.DUPLICATION if message:
                return f"the network duplicates {message}"
            case Kind.PARTITION:
                return "partition: " + " | ".join(" ".join(side) for side in self.sides)
            case Kind.HEAL:
                return "the partition heals"
        return self.label or self.kind.value
