"""Vacuity: what never happened in a search, so that a promise may hold for want of anything to break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import frozen

from everyway.invariants.property import Property
from everyway.models.language.action import Kind
from everyway.models.language.faults import Timeouts
from everyway.models.language.handler import Occasion, handlers_for, message_types
from everyway.models.language.naming import hyphenated
from everyway.models.language.network import Network
from everyway.models.language.node import role_of
from everyway.models.language.system import System

from .statistics import Deed, Statistics


@frozen
class Finding:
    """One finding: a stable code, by which scripts can tell findings apart, and a sentence."""

    code: str
    text: str


_SPENT_BY: dict[str, Callable[[Deed], bool]] = {
    "losses": lambda deed: deed.kind is Kind.LOSS,
    "duplicates": lambda deed: deed.kind is Kind.DUPLICATION,
    "crashes": lambda deed: deed.kind is Kind.CRASH or deed.crashed,
    "restarts": lambda deed: deed.kind is Kind.RESTART,
    "partitions": lambda deed: deed.kind is Kind.PARTITION,
    "heals": lambda deed: deed.kind is Kind.HEAL,
    "suspicions": lambda deed: deed.is_false,
}


def vacuity(system: Any, statistics: Statistics, properties: Sequence[Property]) -> tuple[Finding, ...]:
    """Return what never happened: messages, handlers, faults, time-outs, premises.

    What the bounds rule out is no finding: a restart handler without restarts, for instance.
    """
    found = list(_premises(statistics, properties))
    if isinstance(system, System):
        found += [
            *_messages(system, statistics),
            *_handlers(system, statistics),
            *_faults(system, statistics),
        ]
    return tuple(found)


def _premises(statistics: Statistics, properties: Sequence[Property]) -> Iterator[Finding]:
    for prop in properties:
        if prop.when is not None and not statistics.premises[prop.name]:
            yield Finding(
                "premise-never-true", f"the premise of '{prop.name}' was never true, so it says nothing"
            )


def _messages(system: System, statistics: Statistics) -> Iterator[Finding]:
    handled = message_types(system.node_classes)
    taken = {deed.message for deed in statistics.deeds if deed.kind is Kind.DELIVERY and deed.handler}
    arrived = {deed.message for deed in statistics.deeds if deed.kind is Kind.DELIVERY}
    for message in handled:
        if not any(issubclass(sent, message) for sent in statistics.sent):
            yield Finding("message-never-sent", f"message {hyphenated(message.__name__)} was never sent")
    for message in sorted(statistics.sent, key=lambda kind: kind.__name__):
        if message in taken:
            continue
        name = hyphenated(message.__name__)
        if not any(issubclass(message, known) for known in handled):
            yield Finding(
                "message-without-handler", f"message {name} was sent, but no node has a handler for it"
            )
        elif message in arrived:
            yield Finding("message-always-ignored", f"message {name} was delivered, but every time ignored")
        else:
            yield Finding("message-never-received", f"message {name} was sent, but never received")


def _handlers(system: System, statistics: Statistics) -> Iterator[Finding]:
    faults = system.faults
    ran = {(system.roles.get(deed.node or "", ""), deed.handler) for deed in statistics.deeds if deed.handler}
    sent = tuple(statistics.sent)
    timeouts_fired = statistics.taken(Kind.TIMEOUT)
    ruled_out = set()
    if not faults.restarts or not faults.crashes:
        ruled_out.add(Occasion.RESTART)
    if not faults.crashes and not faults.suspicions:
        ruled_out.add(Occasion.SUSPICION)
    if system.timeouts is Timeouts.NEVER or not timeouts_fired:
        ruled_out.add(Occasion.TIMEOUT)
    has_timeouts = False
    for kind in system.node_classes:
        role = role_of(kind)
        for occasion in Occasion:
            for handler in handlers_for(kind, occasion):
                has_timeouts = has_timeouts or occasion is Occasion.TIMEOUT
                if occasion in ruled_out or (role, handler.name) in ran:
                    continue
                expected = handler.trigger.messages
                if expected and not any(issubclass(message, expected) for message in sent):
                    continue  # told as a message that was never sent
                yield Finding("handler-never-ran", f"{role}: handler {handler.name} never did anything")
    if has_timeouts and not timeouts_fired and system.timeouts is not Timeouts.NEVER:
        late = (
            ": late ones fire only when nothing else can happen" if system.timeouts is Timeouts.LATE else ""
        )
        yield Finding("timeouts-never-fired", f"no time-out ever fired{late}")


def _faults(system: System, statistics: Statistics) -> Iterator[Finding]:
    for kind, budget in system.faults:
        if budget and not any(_SPENT_BY[kind](deed) for deed in statistics.deeds):
            because = ""
            if system.network is Network.SET and kind in ("losses", "duplicates"):
                because = ": on a set network any message may be lost or repeated anyway"
            elif kind == "restarts" and not system.faults.crashes:
                because = ": nothing crashes"
            yield Finding(
                "fault-never-spent", f"{kind} ≤ {budget} was allowed, but none ever happened{because}"
            )
