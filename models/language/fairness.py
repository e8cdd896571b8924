"""Fairness: which steps a run may not put off for ever.

Without it every promise that something happens at last is broken by a run in which a message is simply never
delivered. Fairness belongs to single processes and messages (one class for each), never to "some step"; and never to
faults, which need not strike (Lamport, "The temporal logic of actions", TOPLAS 1994, section 5; Manna & Pnueli 1992).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum
from typing import Any

import attrs
from attrs import field, frozen

from .action import Action, Kind
from .errors import UsageError, did_you_mean
from .naming import enumerated


class Strength(Enum):
    """How long a step may be put off."""

    NONE = "none"
    """For ever, as long as others happen."""
    WEAK = "weak"
    """Not for ever if it can be taken from some point on without a break."""
    STRONG = "strong"
    """Not for ever if it can be taken again and again, even with breaks."""


def _strength(value: Any) -> Strength:
    if isinstance(value, Strength):
        return value
    known = [strength.value for strength in Strength]
    if value not in known:
        raise UsageError(
            f"unknown fairness '{value}'.{did_you_mean(str(value), known)} Known: {', '.join(known)}."
        )
    return Strength(value)


def _names(value: Any) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _part(default: Strength) -> Any:
    return field(default=default, converter=_strength)


@frozen
class FairnessClass:
    """Steps that fairness treats as one: all outcomes of one delivery, of one handler of one node, and so on."""

    key: Hashable
    """What tells it from other classes."""
    strength: Strength
    must_go_on: bool = True
    """Whether a run may not end while a step of it can be taken, fair or not."""


@frozen
class Fairness:
    """The fairness of each kind of step; a strength or its word.

    By default a fair network delivers what it does not lose, and nodes go on acting of their own accord; but a node
    that crashed may stay down for ever, and a partition may last. Whatever the fairness, a run does not end while a
    node or the network can still do something, other than what is ``exempt``.

    Raises ``UsageError`` for a word that is no strength.

    >>> print(Fairness(restarts="weak"))
    weak fairness of deliveries, choices, time-outs, suspicions and restarts
    """

    deliveries: Strength = _part(Strength.WEAK)
    """Each message, be it taken by a node or dropped at one that is down."""
    choices: Strength = _part(Strength.WEAK)
    """Each handler of each node that runs of its own accord."""
    timeouts: Strength = _part(Strength.WEAK)
    """Each armed time-out of each node."""
    suspicions: Strength = _part(Strength.WEAK)
    """Each node's being told, rightly, that another is down."""
    restarts: Strength = _part(Strength.NONE)
    """Each node that is down."""
    heals: Strength = _part(Strength.NONE)
    """The end of a partition."""
    exempt: frozenset[str] = field(default=frozenset(), converter=_names)
    """Handlers that need never run, such as one by which a client asks for something."""

    @classmethod
    def parsed(cls, words: str) -> Fairness:
        """Return the fairness that words stand for: "weak", or "strong,restarts=weak,exempt=write".

        A strength by itself is that of deliveries, choices, time-outs and suspicions. Raises ``UsageError``.
        """
        parts: dict[str, Any] = {}
        known = [declared.name for declared in attrs.fields(cls)]
        for word in filter(None, (word.strip() for word in words.split(","))):
            name, equals, value = word.partition("=")
            name = name.replace("-", "").lower() if equals else name
            if not equals:
                strength = _strength(word)
                parts |= dict.fromkeys(_ORDINARY, strength)
            elif name == "exempt":
                parts["exempt"] = parts.get("exempt", frozenset()) | {value.replace("-", "_")}
            elif name in known:
                parts[name] = _strength(value)
            else:
                raise UsageError(
                    f"fairness of '{name}' makes no sense.{did_you_mean(name, known)} Known: {', '.join(known)}; "
                    f"or a strength for all: none, weak, strong."
                )
        return cls(**parts)

    def of(self, action: Action) -> FairnessClass | None:
        """Return the class that a step belongs to; None for faults."""
        if action.is_fault:
            return None
        match action.kind:
            case Kind.DELIVERY | Kind.DROP:
                return FairnessClass(("delivery", action.envelope), self.deliveries)
            case Kind.CHOICE | Kind.TIMEOUT:
                strength = self.choices if action.kind is Kind.CHOICE else self.timeouts
                is_exempt = action.handler in self.exempt
                key = (action.kind.value, action.node, action.handler)
                return FairnessClass(key, Strength.NONE if is_exempt else strength, not is_exempt)
            case Kind.SUSPICION:
                return FairnessClass(("suspicion", action.node, action.about), self.suspicions)
            case Kind.RESTART:
                return FairnessClass(("restart", action.node), self.restarts, must_go_on=False)
            case Kind.HEAL:
                return FairnessClass(("heal",), self.heals, must_go_on=False)
        return None

    def __str__(self) -> str:
        return "; ".join(self._clauses())

    def _clauses(self) -> Iterator[str]:
        fair = False
        for strength in (Strength.WEAK, Strength.STRONG):
            kinds = [_WORDS[name] for name in _WORDS if getattr(self, name) is strength]
            if kinds:
                fair = True
                yield f"{strength.value} fairness of {enumerated(kinds)}"
        if not fair:
            yield "no fairness"
        if self.exempt:
            handlers = enumerated(sorted(handler.replace("_", " ") for handler in self.exempt))
            yield f"{handlers} need never happen"


_ORDINARY = ("deliveries", "choices", "timeouts", "suspicions")
_WORDS = {
    "deliveries": "deliveries",
    "choices": "choices",
    "timeouts": "time-outs",
    "suspicions": "suspicions",
    "restarts": "restarts",
    "heals": "heals",
}


def fairness_classes(system: Any, chosen: Fairness | None = None) -> Any:
    """Return the function that tells the fairness class of an action of a system, or None for one that has none.

    A plain transition system may say it itself: ``fair(action)`` returns what tells the class from others, or None.
    Such a class is as fair as ``choices`` are. Where it does not say, no action is fair, but a run goes on while any
    can be taken.
    """
    fairness = chosen or getattr(system, "fairness", None) or Fairness()
    fair = getattr(system, "fair", None)

    def of_plain(action: Any) -> FairnessClass | None:
        key = fair(action) if fair is not None else None
        if key is None:
            return FairnessClass(None, Strength.NONE) if fair is None else None
        return FairnessClass(key, fairness.choices)

    def of_any(action: Any) -> FairnessClass | None:
        return fairness.of(action) if isinstance(action, Action) else of_plain(action)

    return of_any


def told_fairness(system: Any) -> str:
    """Return the fairness of a system in words."""
    if hasattr(system, "protocol"):
        return str(system.fairness)
    if not hasattr(system, "fair"):
        return "no fairness"
    strength = (getattr(system, "fairness", None) or Fairness()).choices
    return "no fairness" if strength is Strength.NONE else f"{strength.value} fairness, as the system says"
