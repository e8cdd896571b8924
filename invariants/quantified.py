"""Promises about all nodes of a class, or all pairs of them, one by one.

``every_pair(Replica)`` says the same as a loop over all pairs. It says it in parts, each of which looks at two nodes
only, and an engine that reasons about parts can make use of that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from attrs import field, frozen

from everyway.models.language.node import Node
from everyway.models.language.world import World

from .property import Broken, Property, PropertyKind


@frozen
class Part:
    """What is claimed of one node, or of two."""

    relation: Callable[..., Any] = field(repr=False)
    names: tuple[str, ...]

    def __call__(self, world: World) -> Any:
        """Return what the relation says of the nodes."""
        return self.relation(*(world[name] for name in self.names))


@frozen
class Quantified:
    """The predicate of a promise about all nodes of a class, or all pairs: true where all parts are."""

    relation: Callable[..., Any] = field(repr=False)
    kind: type[Node]
    count: int
    """1 for each node, 2 for each ordered pair of different nodes."""
    __name__: str = "quantified"

    def parts(self, world: World) -> Iterator[Part]:
        """Yield the parts; they are the same in all worlds of a system."""
        names = [node.id for node in world.nodes(self.kind)]
        for chosen in itertools.permutations(names, self.count):
            yield Part(self.relation, chosen)

    def __call__(self, world: World) -> Any:
        """Return True, or what the first part says that is not true."""
        for part in self.parts(world):
            answer = part(world)
            if answer is not True:
                return Broken("", part.names) if answer is False else answer
        return True


def every(kind: type[Node], *, name: str = "") -> Callable[[Callable[..., Any]], Property]:
    """Claim that ``relation(node)`` is true of every node of a class, in every reachable state; a decorator."""
    return _claiming(kind, 1, name)


def every_pair(kind: type[Node], *, name: str = "") -> Callable[[Callable[..., Any]], Property]:
    """Claim that ``relation(one, other)`` is true of any two nodes of a class, in every reachable state; a decorator.

    >>> from everyway.models.gray_lamport import RM, ResourceManager
    >>> @every_pair(ResourceManager)
    ... def consistency(one, other):
    ...     '''No resource manager commits while another aborts.'''
    ...     return not (one.state is RM.COMMITTED and other.state is RM.ABORTED)
    >>> consistency.name
    'consistency'
    """
    return _claiming(kind, 2, name)


def _claiming(kind: type[Node], count: int, name: str) -> Callable[[Callable[..., Any]], Property]:
    def claim(relation: Callable[..., Any]) -> Property:
        words = name or relation.__name__.strip("_").replace("_", " ")
        promise = " ".join((relation.__doc__ or "").strip().split("\n\n")[0].split())
        return Property(words, PropertyKind.ALWAYS, Quantified(relation, kind, count), promise)

    return claim
