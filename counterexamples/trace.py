"""The trace: one run of a system as a value that every picture is painted from.

A trace knows nothing of how it was found or how it will be drawn. ``counterexamples.replay`` builds it, by
running the schedule again under the plain-Python semantics.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, Literal

from attrs import frozen

from everyway.models.language.action import Kind

__all__ = ["Change", "Fate", "Guilt", "Kind", "Lifeline", "Tone", "Trace", "TraceMessage", "TraceStep"]

Tone = Literal["idle", "wait", "near", "good", "stop"]
"""The five colours of a node's state: resting, waiting, nearly there, done well, given up."""


class Fate(Enum):
    """What became of a message by the end of the trace."""

    DELIVERED = "delivered"
    LOST = "lost"
    """The network lost it, or it arrived at a node that was down."""
    CUT_OFF = "cut off"
    """Still in flight at the end, on the wrong side of a partition."""
    IN_FLIGHT = "in flight"


@frozen
class Lifeline:
    """One node's column: its id and its role."""

    node: str
    role: str


@frozen
class TraceMessage:
    """One message of the run; a copy made by the network is a message of its own."""

    number: int
    """Its index in ``Trace.messages``."""
    sender: str
    to: str
    label: str
    sent_by: int
    """The number of the step that sent it; 0 if it was in flight at the start."""
    fate: Fate
    delivered_by: int | None = None
    """The step that delivered it."""
    lost_by: int | None = None
    """The step in which it was lost, or arrived at a node that was down."""
    copy_of: int | None = None
    """The message that this one duplicates."""
    copied_by: int | None = None
    """The step in which the network made the copy; None on a ``set`` network, which copies for free."""


@frozen
class Change:
    """One field of one component that a step changed."""

    where: str
    """The node's id, or "network", "faults", an observer's name."""
    field: str
    before: Any
    after: Any


@frozen
class TraceStep:
    """One step of the run; ``number`` counts from 1."""

    number: int
    kind: Kind
    text: str
    """The step in one sentence, e.g. "P1 receives pre-commit from C and sends ack"."""
    action: Any
    """The system's own action, by which the step can be replayed."""
    node: str | None = None
    """The node that acted, crashed or restarted; None for steps of the network."""
    chip: str | None = None
    """The node's new state in a word or two; None if the word did not change."""
    note: str = ""
    """Why a step that no message caused took place, e.g. "time-out: nothing from C"."""
    message: int | None = None
    """The message that was delivered, lost, dropped or duplicated."""
    sent: tuple[int, ...] = ()
    """The messages that left in this step."""
    crashed_before_sending: tuple[str, ...] = ()
    """If the node crashed in the middle of this step: the messages that never left, e.g. "pre-commit to P2"."""
    crashed: bool = False
    """The node went down in this step, be it a crash of its own or one in the middle of sending."""
    sides: tuple[tuple[str, ...], ...] = ()
    """For a partition: the groups of nodes that can still talk to each other."""
    is_barrier: bool = False
    """The step happened after everything before it (a late time-out, a partition), not merely beside it."""
    is_fault: bool = False
    changes: tuple[Change, ...] = ()
    time: Fraction | None = None
    """Under time bounds: when it happens, in seconds from the start."""
    causes: tuple[int, ...] = ()
    """The steps that directly happened before it (Lamport 1978): the last one of its node, the send."""


@frozen
class Guilt:
    """A node whose state breaks the promise, and why."""

    node: str
    why: str = ""


@frozen
class Trace:
    """One run, with what is needed to draw it and to tell its story."""

    headline: str
    """E.g. "Agreement violated"."""
    subject: str
    """The protocol and its parameters, e.g. "3PC, 3 participants"."""
    summary: str
    """Length, faults spent and bounds, e.g. "18 steps · 2 messages lost · shortest under losses ≤ 2"."""
    sentence: str
    """What went wrong, e.g. "P3 committed although C, P1 and P2 aborted."."""
    promise: str
    """The property in words, and the step that first broke it."""
    property: str
    """The property's name."""
    lifelines: tuple[Lifeline, ...]
    initial: Mapping[str, str]
    """Each node's state at the start, in a word or two."""
    steps: tuple[TraceStep, ...]
    messages: tuple[TraceMessage, ...]
    states: tuple[Any, ...]
    """The states before the first step and after each one: ``len(steps) + 1`` of them."""
    tones: Mapping[str, Tone]
    """The tone of every state word that occurs in the trace."""
    guilty: tuple[Guilt, ...] = ()
    loop: int | None = None
    """For a promise over time: after how many steps the rest repeats for ever; all of them if the run ends."""
    shadow: tuple[str, ...] = ()
    """For a claim to implement a specification: its state, in words, before the first step and after each one."""
    is_violation: bool = True
    """False for a witness: a run that shows that something good can happen."""

    @builtins.property
    def repeated(self) -> range:
        """The numbers of the steps that repeat for ever; none if nothing does."""
        return range(0) if self.loop is None else range(self.loop + 1, len(self.steps) + 1)

    def shadow_after(self, number: int) -> str:
        """Return the specification's state after a step, in words; empty if that step did not change it."""
        if not self.shadow or (number and self.shadow[number] == self.shadow[number - 1]):
            return ""
        return self.shadow[number]
