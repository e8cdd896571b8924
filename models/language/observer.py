"""Observers: pure automata that watch a run and keep what a property needs to remember."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from .action import Action, Kind
from .message import NodeId
from .node import Node


@frozen
class Event:
    """What an observer sees of a step: the action, and the acting node before and after it."""

    action: Action
    before: Node | None = None
    after: Node | None = None

    @property
    def kind(self) -> Kind:
        """What kind of step it was."""
        return self.action.kind

    @property
    def node(self) -> NodeId | None:
        """The node that acted; None for steps of the network."""
        return self.action.node

    @property
    def message(self) -> Any:
        """The message that was delivered, lost, dropped or duplicated; None if the step has none."""
        return self.action.envelope.message if self.action.envelope else None


@frozen
class Observer:
    """Base of all observers: a frozen attrs class whose fields are what it remembers.

    It sees every step and cannot change what happens; it is one more part of the state, so keep what it
    remembers small and bounded.
    """

    def observe(self, event: Event) -> Observer:
        """Return the observer's state after a step; ``self`` if it is of no interest."""
        raise NotImplementedError(f"{type(self).__name__} needs a method observe(self, event)")
