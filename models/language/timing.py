"""Time bounds: how long messages take, how long nodes wait, and how wrong their clocks are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import gcd
from typing import Any, Literal

from attrs import field, frozen

from .duration import Interval, interval, share
from .errors import UsageError, did_you_mean
from .faults import Timeouts
from .handler import Handler, Occasion, handlers_for, message_types
from .message import Envelope, NodeId
from .naming import hyphenated, order_key
from .network import Network
from .node import Node
from .system import System

_MOST_TICKS = 2**48
"""The longest time, in ticks: sums along any path through the clocks still fit into 60 bits."""
CHANNEL = ":"
"""Stands between a sender and a receiver, as in ``coordinator:P1``."""


@frozen(cache_hash=True)
class Rule:
    """How long one kind of thing takes: messages on their way, or nodes that wait."""

    kind: Literal["delay", "time-out"]
    name: str
    """What it is about, as the user named it; empty for all messages."""
    takes: Interval

    def __str__(self) -> str:
        of = f" of {self.name}" if self.name else ""
        return f"{self.kind}{of} {self.takes}"


def _rule(kind: Literal["delay", "time-out"], name: str, value: Any) -> Rule:
    what = f"{kind} of {name}" if name else kind
    return Rule(kind, name, value if isinstance(value, Interval) else interval(str(value), what))


def _delay(value: Any) -> Rule:
    return value if isinstance(value, Rule) else _rule("delay", "", value)


def _delays(value: Any) -> tuple[Rule, ...]:
    return _named("delay", value)


def _timeouts(value: Any) -> tuple[Rule, ...]:
    return _named("time-out", value)


def _named(kind: Literal["delay", "time-out"], value: Any) -> tuple[Rule, ...]:
    pairs: Iterable[Any] = value.items() if isinstance(value, Mapping) else value
    return tuple(one if isinstance(one, Rule) else _rule(kind, one[0], one[1]) for one in pairs)


def _drift(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else share(str(value), "drift")


@frozen
class Timing:
    """Time bounds for a check; each time is written as on the command line, or an ``Interval`` of seconds.

    Args:
        delay: how long any message takes, e.g. ``"1..10ms"``; by default any time.
        delays: how long some messages take, by the name of a message class, of their sender or receiver (a node or a
            role), or of both, as in ``"coordinator:P1"``. Of several that fit the last counts.
        timeouts: how long nodes wait, by role, node, class, or one of these and a time-out, as in
            ``"participant.stop_waiting"``. Of several that fit the last counts. Any other time-out may fire at any
            moment.
        drift: by which share of the time a clock may be fast or slow, e.g. ``"1%"``. It stretches time-outs only.

    Raises ``UsageError`` for what is no time.

    >>> print(Timing("1..10ms", timeouts={"participant": "50ms"}))
    delay 1..10 ms, time-out of participant 50 ms
    """

    delay: Rule = field(default=Rule("delay", "", Interval()), converter=_delay)
    delays: tuple[Rule, ...] = field(default=(), converter=_delays)
    timeouts: tuple[Rule, ...] = field(default=(), converter=_timeouts)
    drift: Fraction = field(default=Fraction(0), converter=_drift)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Everything that is bounded."""
        first = () if self.delay.takes.is_any else (self.delay,)
        return (*first, *self.delays, *self.timeouts)

    def __str__(self) -> str:
        told = [str(rule) for rule in self.rules]
        if self.drift:
            told.append(f"clocks drift by up to {float(self.drift * 100):g}%")
        return ", ".join(told) or "no time bounds"


class Bounds:
    """Time bounds, applied to one system: which rule is about which message and which time-out.

    Times are whole numbers of ``tick``, the longest time of which every bound is a multiple.

    Raises:
        UsageError: if a rule names what the system does not have, or the system cannot be timed.
    """

    def __init__(self, system: System, timing: Timing) -> None:
        self.system = system
        self.timing = timing
        if system.timeouts is Timeouts.LATE:
            raise UsageError(
                "late time-outs fire when nothing else can happen, whatever time that takes; time bounds are for "
                "early ones, whose timers run."
            )
        if system.network is Network.SET:
            raise UsageError(
                "time bounds are for bag and fifo networks: on a set network a message may be late or lost without "
                "bound."
            )
        self._check_delays()
        self.handlers = {
            name: {
                handler.name: handler for handler in handlers_for(type(system.start[name]), Occasion.TIMEOUT)
            }
            for name in system.roster.names
        }
        self._timers = self._chosen_timers()
        drifted = [rule.takes.drifting(timing.drift) for rule in timing.timeouts]
        times = [t for one in drifted for t in (one.low, one.high) if t]
        times += [
            t for rule in (timing.delay, *timing.delays) for t in (rule.takes.low, rule.takes.high) if t
        ]
        self.tick = _greatest_common(times)
        if max(times, default=Fraction(0)) / self.tick > _MOST_TICKS:
            raise UsageError(
                f"these times are too far apart, or given to too many digits: the longest is "
                f"{float(max(times) / self.tick):.1e} times as long as what all of them are multiples of."
            )
        self._delays: dict[Envelope, Rule] = {}
        self._ticks: dict[Rule, tuple[int, int | None]] = {}

    def delay_rule(self, envelope: Envelope) -> Rule:
        """Return the rule about a message."""
        if envelope not in self._delays:
            fitting = [rule for rule in self.timing.delays if self._is_about(rule.name, envelope)]
            self._delays[envelope] = fitting[-1] if fitting else self.timing.delay
        return self._delays[envelope]

    def timer_rule(self, node: NodeId, handler: str) -> Rule | None:
        """Return the rule about a node's time-out; None if it may fire at any moment."""
        return self._timers.get((node, handler))

    def handler(self, node: NodeId, name: str) -> Handler:
        """Return a node's time-out of this name."""
        return self.handlers[node][name]

    def ticks(self, rule: Rule) -> tuple[int, int | None]:
        """Return what a rule says in ticks, drift included: at least, and at most if there is a bound."""
        if rule not in self._ticks:
            takes = rule.takes.drifting(self.timing.drift) if rule.kind == "time-out" else rule.takes
            high = None if takes.high is None else int(takes.high / self.tick)
            self._ticks[rule] = int(takes.low / self.tick), high
        return self._ticks[rule]

    # Names.

    def _words(self, name: NodeId) -> set[str]:
        kind = type(self.system.start[name])
        classes = {base.__name__ for base in kind.__mro__ if issubclass(base, Node) and base is not Node}
        role = self.system.roles[name]
        return {name, role, role.replace(" ", "-"), *classes}

    def _is_about(self, name: str, envelope: Envelope) -> bool:
        sender, is_channel, to = name.partition(CHANNEL)
        if is_channel:
            return sender in self._words(envelope.sender) and to in self._words(envelope.to)
        kind = type(envelope.message)
        words = {base.__name__ for base in kind.__mro__} | {
            hyphenated(base.__name__) for base in kind.__mro__
        }
        return name in words | self._words(envelope.sender) | self._words(envelope.to)

    def _check_delays(self) -> None:
        ends = {word for name in self.system.roster.names for word in self._words(name)}
        kinds = {base for kind in message_types(self.system.node_classes) for base in _all_below(kind)}
        messages = {word for kind in kinds for word in (kind.__name__, hyphenated(kind.__name__))}
        for rule in self.timing.delays:
            _, is_channel, _ = rule.name.partition(CHANNEL)
            known = ends if is_channel else ends | messages
            for word in rule.name.split(CHANNEL) if is_channel else [rule.name]:
                if word not in known:
                    raise UsageError(
                        f"delay: {self.system.protocol.title()} has nothing called '{word}'."
                        f"{_hint(word, known)} Known: {', '.join(sorted(known, key=order_key))}."
                    )

    def _chosen_timers(self) -> dict[tuple[NodeId, str], Rule]:
        chosen: dict[tuple[NodeId, str], Rule] = {}
        known = {word for name in self.system.roster.names for word in self._words(name)}
        for rule in self.timing.timeouts:
            who, _, which = rule.name.partition(".")
            which = which.strip().replace("-", "_").replace(" ", "_")
            nodes = [name for name in self.system.roster.names if who in self._words(name)]
            if not nodes:
                raise UsageError(
                    f"time-out: {self.system.protocol.title()} has no node, role or class called '{who}'."
                    f"{_hint(who, known)} Known: {', '.join(sorted(known, key=order_key))}."
                )
            has = {handler for name in nodes for handler in self.handlers[name]}
            if not has:
                waiting = {self.system.roles[name] for name, own in self.handlers.items() if own}
                told = ", ".join(sorted(waiting)) or "nobody"
                raise UsageError(f"time-out: {who} never times out in this model. Who does: {told}.")
            if which and which not in has:
                raise UsageError(
                    f"time-out: {who} has no time-out called '{which}'.{did_you_mean(which, has)} "
                    f"It has: {', '.join(sorted(has))}."
                )
            for name in nodes:
                for handler in self.handlers[name]:
                    if which in ("", handler):
                        chosen[name, handler] = rule
        return {key: rule for key, rule in chosen.items() if not rule.takes.is_any}

    def told(self) -> str:
        """Return the bounds in words, with the time-outs that may fire at any moment."""
        free = {
            self.system.roles[name]
            for name, own in self.handlers.items()
            for handler in own
            if (name, handler) not in self._timers
        }
        rest = f"; time-outs of {', '.join(sorted(free))} at any moment" if free else ""
        return f"{self.timing}{rest if self.system.timeouts is Timeouts.EARLY else ''}"


def _hint(word: str, known: Iterable[str]) -> str:
    """Return what may have been meant; of names that differ only in case the one in lower case."""
    names = {name.lower(): name for name in sorted(known)}
    return did_you_mean(word, names.values())


def _all_below(kind: type) -> Iterable[type]:
    yield kind
    subclasses: list[type] = type.__subclasses__(kind)
    for below in subclasses:
        yield from _all_below(below)


def _greatest_common(times: Iterable[Fraction]) -> Fraction:
    """Return the longest time of which all times are multiples; a second if there are none."""
    numerator, denominator = 0, 1
    for time in times:
        both = denominator * time.denominator
        numerator = gcd(numerator * time.denominator, time.numerator * denominator)
        shared = gcd(numerator, both)
        numerator, denominator = numerator // shared, both // shared
    return Fraction(numerator, denominator) if numerator else Fraction(1)
