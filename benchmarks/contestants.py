"""Contestants: what takes part in a race."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from child import in_child
from measured import Run

ONE, TWO = "everyway, 1 thread", "everyway, 2 threads"


ONE_BARE, TWO_BARE = "everyway, 1 thread, no property", "everyway, 2 threads, no property"


SPIN, RUMUR = "SPIN", "rumur"


LIMIT_ONE, LIMIT_TWO = "machine limit, 1 thread", "machine limit, 2 threads"


@frozen
class Contestant:
    """Something that is measured."""

    name: str
    run: Callable[[], Run]


def everyway(name: str, rows: list[int], **arguments: Any) -> Contestant:
    """Return everyway as a contestant; it notes in ``rows`` how long its rows are."""

    def run() -> Run:
        found = in_child("search", **arguments)
        rows[:] = [found.row_bytes]
        return found

    return Contestant(name, run)


def machine_limit(name: str, rows: list[int], states: int, transitions: int, threads: int) -> Contestant:
    """Return the machine's own limit as a contestant, with rows as long as everyway's, which runs before."""

    def run() -> Run:
        return in_child("machine", states=states, transitions=transitions, row_bytes=rows[0], threads=threads)

    return Contestant(name, run)


def hash_bits(states: int) -> int:
    """Return the exponent of the power of two just above a number of states."""
    return (states - 1).bit_length()
