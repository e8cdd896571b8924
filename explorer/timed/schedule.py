"""The schedule of a run: when each of its steps may happen, from the bounds on the times between them.

Each clock that a run looks at shows the time since some step of it. So whatever the bounds ask for is a bound on the
difference of two steps' times, and the earliest times that satisfy them all are longest paths (Bellman & Ford).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from everyway.models.language.errors import EverywayError
from everyway.models.language.timing import Bounds

from .location import Edge, Limit, Stay


@frozen
class Leg:
    """One step of a run, and the stay in the location that it leads to."""

    edge: Edge
    stay: Stay


@frozen
class Difference:
    """A bound on the times of two steps: ``later`` comes at least, or at most, so long after ``earlier``.

    Without a limit it comes not before (or at the same time as) the other.
    """

    earlier: int
    later: int
    kind: str
    """ "at least" or "at most"."""
    limit: Limit | None = None


def differences(start: Stay, legs: Sequence[Leg]) -> Iterator[Difference]:
    """Yield all bounds on the times of a run's steps; step 0 is its start, at which all clocks show zero."""
    stay = start
    begun: list[int] = []
    for number, leg in enumerate(legs, 1):
        edge = leg.edge
        if number == 1:
            begun = [0] * max([0, *edge.sources, *(limit.clock for limit in (*edge.limits, *stay.limits))])
        yield Difference(number - 1, number, "at least")
        if stay.is_urgent:
            yield Difference(number - 1, number, "at most")
        for limit in (*stay.limits, *edge.limits):
            yield Difference(begun[limit.clock - 1], number, limit.kind, limit)
        begun = [number if source == 0 else begun[source - 1] for source in edge.sources]
        stay = leg.stay
        for limit in stay.limits:
            yield Difference(begun[limit.clock - 1], number, limit.kind, limit)


def earliest(bounds: Bounds, start: Stay, legs: Sequence[Leg]) -> tuple[int, ...]:
    """Return the earliest time of each step of a run, in ticks; the first is that of the start, 0.

    Raises ``EverywayError`` if there is no such time, which would be a bug: the search found one.
    """
    times = [0] * (len(legs) + 1)
    found = list(differences(start, legs))
    for _ in range(len(times) + 1):
        is_settled = True
        for one in found:
            ticks = 0
            if one.limit is not None:
                low, high = bounds.ticks(one.limit.rule)
                ticks = (low if one.limit.side == "low" else high) or 0
            if one.kind == "at least":
                second, least = one.later, times[one.earlier] + ticks
            else:
                second, least = one.earlier, times[one.later] - ticks
            if times[second] < least:
                times[second] = least
                is_settled = False
        if is_settled:
            return tuple(times)
    raise EverywayError("a schedule that was found has no times: a bug in everyway, please report it")
