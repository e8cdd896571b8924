"""What was measured of one run, and what keeps one from being measured."""

from __future__ import annotations

from attrs import frozen
from rivals import Measurement


class BenchmarkFailed(Exception):
    """A contestant did not do what is to be measured; so there is nothing to compare."""


class OutOfTime(BenchmarkFailed):
    """A run took so long that what is aimed at is out of reach."""


@frozen
class Run:
    """One run of one contestant."""

    states: int
    transitions: int | None
    """None if the tool does not say."""
    seconds: float
    """The search alone."""
    bytes_per_state: float | None
    """In the tool's own words: ``Measurement`` says what of the rivals, ``Statistics.memory`` what of everyway."""
    note: str = ""
    wall: float | None = None
    """The whole process, in seconds."""
    peak: int | None = None
    """The most memory that the process used, in bytes."""
    grown: float | None = None
    """By how many bytes a state the process grew, at the most, from the beginning of the search."""
    row_bytes: int = 0
    """How long a row of everyway's table is."""

    @classmethod
    def of(cls, measured: Measurement) -> Run:
        """Return what a rival said as a run."""
        return cls(
            measured.states, measured.transitions, measured.seconds, measured.bytes_per_state, measured.note
        )
