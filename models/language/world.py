"""The world: one global state of a protocol, with the view of it that properties are written over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, overload

from attrs import field, frozen

from .errors import UsageError, did_you_mean
from .faults import FAULT_KINDS
from .message import Envelope, NodeId
from .network import Mailbox
from .node import Node
from .observer import Observer

N = TypeVar("N", bound=Node)


@frozen
class Roster:
    """The names that all worlds of one system share, and where each one's part of the world is found."""

    names: tuple[NodeId, ...]
    observers: tuple[str, ...]
    position: Mapping[NodeId, int]


@frozen(cache_hash=True)
class World:
    """One global state.

    A property reads it like this: ``world["C"]`` is a node, ``for node in world`` goes over all of them,
    ``world.nodes(Participant)`` and ``world.live(Participant)`` over those of a class, and
    ``world.in_flight(Abort)`` over messages on their way.
    """

    roster: Roster = field(eq=False, repr=False)
    states: tuple[Node, ...]
    """Each node's local state, in the order of ``roster.names``."""
    up: tuple[bool, ...]
    """Whether each node is up."""
    mailboxes: tuple[Mailbox, ...]
    """What is in flight to each node."""
    cut_off: frozenset[NodeId] | None
    """The side of the partition without the first node; None if the network is whole."""
    left: tuple[int, ...]
    """How many faults of each of ``FAULT_KINDS`` the environment may still spend."""
    memory: tuple[Observer, ...] = ()
    """The observers' states."""
    start: int = 0
    """Which of the protocol's starts the run began with, as a crash wipes a node back to it; 0 if none can crash."""

    def __getitem__(self, node: NodeId) -> Node:
        return self.states[self._position(node)]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.states)

    def __len__(self) -> int:
        return len(self.states)

    @overload
    def nodes(self) -> tuple[Node, ...]: ...
    @overload
    def nodes(self, kind: type[N]) -> tuple[N, ...]: ...
    def nodes(self, kind: type[Any] = Node) -> tuple[Any, ...]:
        """Return the nodes of a class, crashed ones too, in the protocol's order."""
        return tuple(node for node in self.states if isinstance(node, kind))

    @overload
    def live(self) -> tuple[Node, ...]: ...
    @overload
    def live(self, kind: type[N]) -> tuple[N, ...]: ...
    def live(self, kind: type[Any] = Node) -> tuple[Any, ...]:
        """Return the nodes of a class that are up."""
        return tuple(
            node for node, is_up in zip(self.states, self.up, strict=True) if is_up and isinstance(node, kind)
        )

    def is_up(self, node: Node | NodeId) -> bool:
        """Return whether a node is up."""
        return self.up[self._position(node if isinstance(node, str) else node.id)]

    def in_flight(self, message: type[Any] = object) -> tuple[Envelope, ...]:
        """Return what is on its way, optionally only messages of one class; on a ``set`` network: all ever sent."""
        return tuple(
            envelope
            for mailbox in self.mailboxes
            for envelope in mailbox.content()
            if isinstance(envelope.message, message)
        )

    def observer(self, name: str) -> Any:
        """Return the state of the observer of this name.

        Raises ``UsageError`` if the protocol has none of this name.
        """
        if name not in self.roster.observers:
            known = ", ".join(self.roster.observers) or "it has none"
            raise UsageError(f"the protocol has no observer '{name}' ({known}).")
        return self.memory[self.roster.observers.index(name)]

    @property
    def is_partitioned(self) -> bool:
        """Whether the network is split."""
        return self.cut_off is not None

    @property
    def sides(self) -> tuple[tuple[NodeId, ...], ...]:
        """The two sides of the partition; empty if the network is whole."""
        if self.cut_off is None:
            return ()
        return (
            tuple(name for name in self.roster.names if name not in self.cut_off),
            tuple(name for name in self.roster.names if name in self.cut_off),
        )

    def can_reach(self, sender: NodeId, to: NodeId) -> bool:
        """Return whether no partition stands between two nodes."""
        return self.cut_off is None or (sender in self.cut_off) == (to in self.cut_off)

    def faults_left(self, kind: str) -> int:
        """Return how many faults of a kind, e.g. ``"losses"``, the environment may still spend."""
        return self.left[FAULT_KINDS.index(kind)]

    def components(self) -> Iterator[tuple[str, Any]]:
        """Yield the parts of the world with their names, for statistics and for reports of growth."""
        for name, state in zip(self.roster.names, self.states, strict=True):
            yield f"node {name}", state
        for name, is_up in zip(self.roster.names, self.up, strict=True):
            yield f"up {name}", is_up
        for name, mailbox in zip(self.roster.names, self.mailboxes, strict=True):
            yield f"messages to {name}", mailbox
        yield "partition", self.cut_off
        yield "faults left", self.left
        for name, memory in zip(self.roster.observers, self.memory, strict=True):
            yield f"observer {name}", memory

    def __str__(self) -> str:
        nodes = [
            f"{node.id}={_told(node)}" + ("" if is_up else " (down)")
            for node, is_up in zip(self.states, self.up, strict=True)
        ]
        flight = [str(envelope) for envelope in self.in_flight()]
        return "; ".join(nodes) + (f"; in flight: {', '.join(flight)}" if flight else "")

    def _position(self, node: NodeId) -> int:
        try:
            return self.roster.position[node]
        except KeyError:
            names = self.roster.names
            raise UsageError(
                f"there is no node '{node}'.{did_you_mean(str(node), names)} The nodes are {', '.join(names)}."
            ) from None


def _told(node: Node) -> str:
    """Return a node's state in words, or all its fields if there are no words for it."""
    words = str(node)
    return repr(node) if words == "-" else words
