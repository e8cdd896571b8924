"""Blame: which nodes make a predicate false."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import evolve

from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.errors import EverywayError
from everyway.models.language.world import World

from .trace import Guilt


def guilty_nodes(prop: Property, flaw: Broken, states: Sequence[Any]) -> tuple[Guilt, ...]:
    """Return the nodes whose states break a property at the end of a run.

    They are, in this order of preference: those that the predicate named; those of whom each alone would
    have kept the promise if it were still in an earlier state of the run; those that the predicate read.
    """
    end = states[-1]
    if not isinstance(end, World):
        return ()
    if flaw.nodes:
        return tuple(Guilt(node, str(end[node])) for node in flaw.nodes if node in end.roster.position)
    if prop.kind not in (PropertyKind.ALWAYS, PropertyKind.NEVER):
        return ()
    named = _decisive(prop, states) or _read(prop, end)
    return tuple(Guilt(node, str(end[node])) for node in named)


def _decisive(prop: Property, states: Sequence[World]) -> list[str]:
    """Return the nodes that would have kept the promise by staying as they once were."""
    end = states[-1]
    found = []
    for position, name in enumerate(end.roster.names):
        earlier = dict.fromkeys(world.states[position] for world in states[:-1])
        for state in earlier:
            if state == end.states[position]:
                continue
            other = evolve(end, states=(*end.states[:position], state, *end.states[position + 1 :]))
            try:
                if prop.judge(other) is None:
                    found.append(name)
                    break
            except EverywayError:
                continue  # the predicate was never meant for such a world
    return found


def _read(prop: Property, end: World) -> list[str]:
    watched = WatchedWorld(end)
    prop.predicate(watched)
    return [name for name in end.roster.names if name in watched.read]


class WatchedWorld:
    """A world that remembers which nodes were looked at."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.read: set[str] = set()

    def __getitem__(self, node: str) -> Any:
        self.read.add(node)
        return self._world[node]

    def __iter__(self) -> Iterator[Any]:
        for node in self._world:
            self.read.add(node.id)
            yield node

    def __len__(self) -> int:
        return len(self._world)

    def nodes(self, *kind: type) -> Any:
        """Return the nodes of a class, noting them as read."""
        return self._noted(self._world.nodes(*kind))

    def live(self, *kind: type) -> Any:
        """Return the nodes of a class that are up, noting them as read."""
        return self._noted(self._world.live(*kind))

    def _noted(self, nodes: Any) -> Any:
        self.read |= {node.id for node in nodes}
        return nodes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)
