"""Durations: how long something takes, at least and at most; exact, in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from attrs import frozen

from .errors import UsageError

UNITS = {
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
    "us": Fraction(1, 1_000_000),
    "µs": Fraction(1, 1_000_000),
    "ns": Fraction(1, 1_000_000_000),
}
"""The units of time that a user may write, in seconds."""

_NUMBER = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zµμ]*)\s*", re.IGNORECASE)


@frozen
class Interval:
    """From ``low`` to ``high`` seconds, both included; ``high`` None is no upper bound."""

    low: Fraction = Fraction(0)
    high: Fraction | None = None

    @property
    def is_any(self) -> bool:
        """Whether it says nothing: any time from zero."""
        return not self.low and self.high is None

    def drifting(self, drift: Fraction) -> Interval:
        """Return how long this takes by a true clock if it is measured by one that is wrong by a share of it."""
        return Interval(self.low * (1 - drift), None if self.high is None else self.high * (1 + drift))

    def __str__(self) -> str:
        if self.low == self.high:
            return told_time(self.low)
        unit = fitting_unit([self.low, *([] if self.high is None else [self.high])])
        if self.high is None:
            return f"at least {told_time(self.low, unit)}" if self.low else "any time"
        return f"{_digits(self.low, unit)}..{told_time(self.high, unit)}"


def interval(words: str, what: str) -> Interval:
    """Return the interval that a user wrote: ``5ms`` exactly, ``1..10ms``, ``1ms..``, or ``any``.

    A unit behind the second number counts for the first as well. ``what`` is what it is of, for the error.

    >>> interval("1..10ms", "--delay")
    Interval(low=Fraction(1, 1000), high=Fraction(1, 100))

    Raises:
        UsageError: if it is no interval, has no unit, or ends before it begins.
    """
    if words.strip().lower() == "any":
        return Interval()
    first, is_range, second = words.partition("..")
    low = _parsed(first, what, words)
    high = low if not is_range else _parsed(second, what, words) if second.strip() else None
    unit = (low[1] or (high[1] if high else "")).lower().replace("μ", "µ")
    if not unit and (low[0] or (high and high[0])):
        raise UsageError(f"{what} needs a unit, s, ms or us, as in {words.strip()}ms.")
    found = Interval(
        low[0] * _unit(unit, what),
        None if high is None else high[0] * _unit((high[1] or unit).lower().replace("μ", "µ"), what),
    )
    if found.high is not None and found.low > found.high:
        raise UsageError(f"{what} ends before it begins: {words.strip()}. The shorter time comes first.")
    return found


def share(words: str, what: str) -> Fraction:
    """Return the share that a user wrote, as ``1%`` or ``0.01``.

    Raises ``UsageError`` if it is none, or not from 0 to below 1.
    """
    text = words.strip()
    try:
        found = Fraction(text.removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{what} needs a share such as 1% or 0.01, not '{words}'.") from None
    found = found / 100 if text.endswith("%") else found
    if not 0 <= found < 1:
        raise UsageError(f"{what} must be from 0% to below 100%, not {words.strip()}.")
    return found


def fitting_unit(times: Iterable[Fraction]) -> str:
    """Return the unit in which times read best together."""
    most = max(times, default=Fraction(0))
    if not most:
        return "ms"
    return next((unit for unit in ("s", "ms", "us", "ns") if most >= UNITS[unit]), "ns")


def told_time(time: Fraction, unit: str | None = None) -> str:
    """Return a time in words, in a unit or in that which suits it.

    >>> told_time(Fraction(1, 40))
    '25 ms'
    """
    unit = unit or fitting_unit([time])
    return f"{_digits(time, unit)} {unit}"


def _digits(time: Fraction, unit: str) -> str:
    """Return a number of units; a fraction where no three decimals give it exactly."""
    number = time / UNITS[unit]
    return f"{float(number):,.3f}".rstrip("0").rstrip(".")


def _parsed(words: str, what: str, whole: str) -> tuple[Fraction, str]:
    match = _NUMBER.fullmatch(words)
    if match is None:
        raise UsageError(f"{what} needs a time such as 10ms, or two such as 1..10ms, not '{whole.strip()}'.")
    return Fraction(match[1]), match[2]


def _unit(word: str, what: str) -> Fraction:
    if not word:
        return Fraction(1)  # only of zero
    if word not in UNITS:
        raise UsageError(f"{what} has an unknown unit '{word}'. Known: s, ms, us, ns.")
    return UNITS[word]
