"""Depth-first search for an order of operations, with a memory of what was tried (Lowe, "Testing for linearizability",
CCPE 2017)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from attrs import frozen

Configuration = TypeVar("Configuration", bound=Hashable)
Taken = tuple[int, ...]
"""The operations that take effect, in this order."""


@frozen
class Found(Generic[Configuration]):
    """How far a search has come."""

    is_done: bool
    way: tuple[int, ...]
    """The operations in order: all of them, or on the way that came furthest."""
    last: Configuration
    """The configuration that came furthest, or all the way."""


def depth_first(
    begin: Configuration,
    ahead: Callable[[Configuration], Sequence[tuple[Taken, Configuration]]],
    progress: Callable[[Configuration], int],
    end: int,
) -> Found[Configuration]:
    """Search for a way to a configuration with some progress.

    Args:
        begin: the configuration at the start.
        ahead: returns what can come next, what is to be tried first in front.
        progress: tells how far a configuration has come.
        end: how far it has to come.
    """
    tried = {begin}
    way: list[Taken] = []
    best, best_way, last = progress(begin), list(way), begin
    if best >= end:
        return Found(True, (), begin)
    stack = [iter(ahead(begin))]
    while stack:
        for taken, after in stack[-1]:
            if after in tried:
                continue
            tried.add(after)
            way.append(taken)
            now = progress(after)
            if now >= end:
                return Found(True, _joined(way), after)
            if now > best:
                best, best_way, last = now, list(way), after
            stack.append(iter(ahead(after)))
            break
        else:
            stack.pop()
            if way:
                way.pop()
    return Found(False, _joined(best_way), last)


def _joined(way: Sequence[Taken]) -> Taken:
    return tuple(one for some in way for one in some)
