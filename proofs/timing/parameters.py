"""The parameters of a timing: the times that are unknown, and those that are given.

Every parameter is 0 or more: the shortest delay, how much longer the longest is, and a time for each time-out. Times
that are given are multiples of one more parameter, which stands for a unit. So all bounds are sums of parameters, and
what is true of some times is true of all multiples of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from attrs import frozen

from everyway.models.language.duration import Interval, told_time
from everyway.models.language.errors import UsageError
from everyway.models.language.handler import Occasion, handlers_for
from everyway.models.language.system import System
from everyway.models.language.timing import Bounds, Rule, Timing

from .inequality import Row

SHORTEST, LONGER = "dmin", "dmax - dmin"


@frozen
class Parameters:
    """Which times of a system's timing are unknown."""

    given: Timing
    """What is known; what it does not bound and no parameter stands for may take any time."""
    names: tuple[str, ...]
    """The unknown times, in an order of their own; the unit last, if times are given."""
    has_delay: bool
    """Whether the delay of messages is unknown."""
    waits: tuple[str, ...]
    """The time-outs that are unknown, by the names of roles or of roles' handlers."""
    unit: Fraction | None
    """The unit of the times that are given, in seconds."""

    @property
    def scale(self) -> int:
        """What all coefficients are multiplied by, so that drift leaves them whole."""
        return lcm((1 - self.given.drift).denominator, (1 + self.given.drift).denominator)

    def timing(self, point: Sequence[Fraction]) -> Timing:
        """Return the timing at a point, in seconds."""
        at = dict(zip(self.names, point, strict=True))
        factor = Fraction(1) if self.unit is None else self.unit / at[_unit_name(self.unit)]
        delay = self.given.delay
        if self.has_delay:
            low = at[SHORTEST] * factor
            delay = Rule("delay", "", Interval(low, low + at[LONGER] * factor))
        waits = [
            Rule("time-out", name, Interval(at[name] * factor, at[name] * factor)) for name in self.waits
        ]
        return Timing(delay, self.given.delays, (*waits, *self.given.timeouts), self.given.drift)

    def expression(self, rule: Rule, side: str) -> Any:
        """Return the coefficients of what a rule says at least ("low") or at most ("high")."""
        row = np.zeros(len(self.names), dtype=np.int64)
        times = Fraction(self.scale)
        if rule.kind == "time-out":
            times *= 1 - self.given.drift if side == "low" else 1 + self.given.drift
        if rule.kind == "delay" and self.has_delay and not rule.name:
            row[self.names.index(SHORTEST)] = int(times)
            if side == "high":
                row[self.names.index(LONGER)] = int(times)
        elif rule.kind == "time-out" and rule.name in self.waits:
            row[self.names.index(rule.name)] = int(times)
        else:
            time = rule.takes.low if side == "low" else rule.takes.high
            if time is not None and self.unit is not None:
                row[-1] = int(times * time / self.unit)
        return row

    @property
    def terms(self) -> Mapping[str, Row]:
        """What inequalities are written in: dmax rather than what it is longer by."""
        size = len(self.names)
        unit_rows = {name: tuple(int(k == n) for k in range(size)) for n, name in enumerate(self.names)}
        terms = {}
        if self.has_delay:  # only dmax has the parameter of how much longer it is, so it stands first
            low, more = unit_rows.pop(SHORTEST), unit_rows.pop(LONGER)
            terms = {"dmax": tuple(a + b for a, b in zip(low, more, strict=True)), SHORTEST: low}
        return {**unit_rows, **terms}

    def told(self, point: Sequence[Fraction]) -> str:
        """Return a point in words."""
        return str(self.timing(point))


def _unit_name(unit: Fraction) -> str:
    return told_time(unit)


def parameters_of(system: System, given: Timing, *, is_delay_unknown: bool = True) -> Parameters:
    """Return what is unknown of a system's timing: the time-outs that are not given, and the delay unless that is.

    Raises ``UsageError`` if nothing is.
    """
    named = {rule.name.partition(".")[0] for rule in given.timeouts}
    handled: dict[str, list[str]] = {}
    for name in system.roster.names:
        for handler in handlers_for(type(system.start[name]), Occasion.TIMEOUT):
            role = system.roles[name]
            if not named & {role, name, *(kind.__name__ for kind in type(system.start[name]).__mro__)}:
                handlers = handled.setdefault(role, [])
                if handler.name not in handlers:
                    handlers.append(handler.name)
    waits = tuple(
        role if len(handlers) == 1 else f"{role}.{handler}"
        for role, handlers in handled.items()
        for handler in handlers
    )
    if not waits and not is_delay_unknown:
        raise UsageError("nothing is unknown: leave out --delay or a --timeout-of, or use `everyway check`.")
    fixed = [rule for rule in given.rules if not rule.takes.is_any]
    unit = None
    if fixed:
        plain = Timing(given.delay, given.delays, given.timeouts)
        unit = Bounds(system, plain).tick
    names = [LONGER, SHORTEST] if is_delay_unknown else []
    names += [*waits, *([_unit_name(unit)] if unit is not None else [])]
    return Parameters(given, tuple(names), is_delay_unknown, waits, unit)
