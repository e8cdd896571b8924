"""Reads: what a question looks at in a world, so that its answer can be kept for all worlds that look alike to it.

``recording.py`` finds out what they are, ``watching.py`` how.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, NamedTuple

from everyway.models.language.message import NodeId
from everyway.models.language.network import Mailbox
from everyway.models.language.node import Node
from everyway.models.language.observer import Observer
from everyway.models.language.world import Roster, World

Part = Literal["node", "up", "messages", "cut_off", "left", "start", "observer", "action"]
"""A part of a world: a node's state, whether it is up, what is in flight to it, the side of the partition, the faults
left, which start it was, an observer's state. Beside the worlds: the action that led from one to the other."""


class Read(NamedTuple):
    """One thing that a question looked at."""

    world: int
    """Which of the worlds that the question was asked about."""
    part: Part
    position: int = 0
    """Which node (of ``up`` and ``messages`` too) or observer, in the order of the roster; 0 for other parts."""
    field: str = ""
    """The attribute of a node, an observer or the action, or the kind of fault left; empty for the whole part."""


class Parts(NamedTuple):
    """What a world is made of, in the order in which it is made of it; quicker to have than the world."""

    roster: Roster
    states: tuple[Node, ...]
    up: tuple[bool, ...]
    mailboxes: tuple[Mailbox, ...]
    cut_off: frozenset[NodeId] | None
    left: tuple[int, ...]
    memory: tuple[Observer, ...]
    start: int

    @classmethod
    def of(cls, world: World) -> Parts:
        """Return the parts of a world."""
        return cls(
            world.roster,
            world.states,
            world.up,
            world.mailboxes,
            world.cut_off,
            world.left,
            world.memory,
            world.start,
        )


InFlight = Callable[[int], tuple[Mailbox, ...]]
"""Returns what is in flight in one of the worlds that a question is about."""


def value_of(read: Read, worlds: Sequence[World]) -> Hashable:
    """Return what a read sees of some worlds: the value of the field, or the whole part."""
    world = worlds[read.world]
    seen: Any
    match read.part:
        case "node":
            seen = world.states[read.position]
        case "up":
            return world.up[read.position]
        case "messages":
            return world.mailboxes[read.position]
        case "cut_off":
            return world.cut_off
        case "left":
            return world.faults_left(read.field) if read.field else world.left
        case "start":
            return world.start
        case "observer":
            seen = world.memory[read.position]
        case "action":
            raise ValueError("an action is not part of a world")
    found: Hashable = getattr(seen, read.field) if read.field else seen
    return found
