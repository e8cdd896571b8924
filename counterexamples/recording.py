"""Recording: what happened in a run, step by step and message by message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, cast

import attrs
from attrs import define, evolve, field, frozen

from everyway.models.language.action import Action, Kind
from everyway.models.language.message import Envelope
from everyway.models.language.naming import spaced
from everyway.models.language.network import Network
from everyway.models.language.system import System
from everyway.models.language.world import World

from .trace import Change, Fate, Lifeline, Tone, TraceMessage, TraceStep


@frozen
class Recording:
    """The parts of a trace that follow from the run alone."""

    lifelines: tuple[Lifeline, ...]
    initial: Mapping[str, str]
    steps: tuple[TraceStep, ...]
    messages: tuple[TraceMessage, ...]
    tones: Mapping[str, Tone]


def record(system: Any, run: Sequence[tuple[Any, Any]]) -> Recording:
    """Return what happened in a run: pairs of an action and the state it led to, the first action None."""
    if not isinstance(system, System):
        return _plain(run)
    flight = _Flight(leaves_copies=system.network is Network.SET)
    steps: list[TraceStep] = []
    last: dict[str, int] = {}
    before: World = run[0][1]
    initial = {node.id: str(node) for node in before}
    for number, (action, after) in enumerate(run[1:], 1):
        step = _step(system, number, action, before, after, flight, last)
        steps.append(step)
        if step.node:
            last[step.node] = number
        before = after
    words = [*initial.values(), *(step.chip for step in steps if step.chip)]
    return Recording(
        tuple(Lifeline(name, system.roles[name]) for name in system.roster.names),
        initial,
        tuple(steps),
        flight.settled(before),
        _tones(words, set(initial.values()), system.protocol.tones),
    )


@define
class _Flight:
    """The messages of the run, and which of them are in flight."""

    leaves_copies: bool
    messages: list[TraceMessage] = field(factory=list)
    waiting: dict[Envelope, list[int]] = field(factory=dict)
    """The numbers of equal messages in flight, oldest first."""

    def send(
        self, envelope: Envelope, step: int, copy_of: int | None = None, copied_by: int | None = None
    ) -> int:
        number = len(self.messages)
        sent_by = step if copy_of is None else self.messages[copy_of].sent_by
        self.messages.append(
            TraceMessage(
                number,
                envelope.sender,
                envelope.to,
                str(envelope.message),
                sent_by,
                Fate.IN_FLIGHT,
                copy_of=copy_of,
                copied_by=copied_by,
            )
        )
        self.waiting.setdefault(envelope, []).append(number)
        return number

    def deliver(self, envelope: Envelope, step: int) -> int:
        held = self.waiting[envelope]
        number = held[0]
        if self.messages[number].delivered_by is not None:
            # On a set network the message is still there: this is one more copy of it.
            original = self.messages[number].copy_of
            number = self.send(envelope, step, copy_of=number if original is None else original)
            held.remove(number)
        elif self.leaves_copies:
            held.append(held.pop(0))
        else:
            held.pop(0)
        self.messages[number] = evolve(self.messages[number], fate=Fate.DELIVERED, delivered_by=step)
        return number

    def lose(self, envelope: Envelope, step: int) -> int:
        number = self.waiting[envelope].pop(0)
        self.messages[number] = evolve(self.messages[number], fate=Fate.LOST, lost_by=step)
        return number

    def duplicate(self, envelope: Envelope, step: int) -> int:
        return self.send(envelope, step, copy_of=self.waiting[envelope][0], copied_by=step)

    def settled(self, end: World) -> tuple[TraceMessage, ...]:
        """Return all messages; those still in flight behind a partition are cut off."""
        return tuple(
            evolve(message, fate=Fate.CUT_OFF)
            if message.fate is Fate.IN_FLIGHT and not end.can_reach(message.sender, message.to)
            else message
            for message in self.messages
        )


def _step(
    system: System,
    number: int,
    action: Action,
    before: World,
    after: World,
    flight: _Flight,
    last: Mapping[str, int],
) -> TraceStep:
    message: int | None = None
    if action.envelope:
        handle = {
            Kind.DELIVERY: flight.deliver,
            Kind.LOSS: flight.lose,
            Kind.DROP: flight.lose,
            Kind.DUPLICATION: flight.duplicate,
        }[action.kind]
        message = handle(action.envelope, number)
    causes = {last[action.node]} if action.node is not None and action.node in last else set()
    if message is not None and flight.messages[message].sent_by:
        causes.add(flight.messages[message].sent_by)
    chip = _chip(system, action, before, after)
    return TraceStep(
        number=number,
        kind=action.kind,
        text=str(action),
        action=action,
        node=action.node,
        chip=chip,
        note=_note(action, chip),
        message=message,
        sent=tuple(flight.send(envelope, number) for envelope in action.sent),
        crashed_before_sending=tuple(f"{envelope.message} to {envelope.to}" for envelope in action.unsent),
        crashed=action.crashed or action.kind is Kind.CRASH,
        sides=action.sides,
        is_barrier=action.is_late or action.kind in (Kind.PARTITION, Kind.HEAL),
        is_fault=action.is_fault,
        changes=tuple(_changes(before, after)),
        causes=tuple(sorted(causes)),
    )


def _chip(system: System, action: Action, before: World, after: World) -> str | None:
    """Return the node's new state in a word or two, if the word changed; always after a restart."""
    if action.node is None or action.kind is Kind.CRASH:
        return None
    now = str(after[action.node])
    if action.crashed:
        # What the crash left is not what the step wrote; the step without the crash tells.
        if not action.wrote:
            return None
        whole = evolve(action, crashed=False, sent=(), unsent=())
        now = next(
            str(written[action.node])
            for other, written in system.steps(before)
            if not other.crashed and evolve(other, sent=()) == whole
        )
    return now if now != str(before[action.node]) or action.kind is Kind.RESTART else None


def _note(action: Action, chip: str | None) -> str:
    if action.note:
        return action.note
    if action.kind is Kind.SUSPICION:
        return f"{'wrongly ' if action.is_false else ''}suspects {action.about}"
    if action.kind is Kind.DELIVERY and not action.handler:
        return "ignored"
    if action.kind in (Kind.CHOICE, Kind.TIMEOUT) and chip is None:
        return action.label
    return ""


def _changes(before: World, after: World) -> Iterator[Change]:
    for then, now in zip(before.states, after.states, strict=True):
        yield from (Change(now.id, *change) for change in _field_changes(then, now))
    for name, was_up, is_up in zip(before.roster.names, before.up, after.up, strict=True):
        if was_up != is_up:
            yield Change(name, "up", was_up, is_up)
    if before.cut_off != after.cut_off:
        yield Change("network", "partition", before.sides, after.sides)
    for name, old, new in zip(before.roster.observers, before.memory, after.memory, strict=True):
        yield from (Change(name, *change) for change in _field_changes(old, new))


def _field_changes(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name, the old and the new value of each field that differs."""
    if before == after:
        return
    if type(before) is not type(after):
        yield "state", before, after
    elif attrs.has(type(before)):
        for declared in attrs.fields(type(before)):
            old, new = getattr(before, declared.name), getattr(after, declared.name)
            if old != new:
                yield declared.name, old, new
    elif isinstance(before, Mapping):
        for key in dict.fromkeys([*before, *after]):
            if before.get(key) != after.get(key):
                yield str(key), before.get(key), after.get(key)
    elif isinstance(before, tuple) and len(before) == len(after):
        names = getattr(before, "_fields", range(len(before)))
        for name, old, new in zip(names, before, after, strict=True):
            if old != new:
                yield str(name), old, new
    else:
        yield "state", before, after


def _plain(run: Sequence[tuple[Any, Any]]) -> Recording:
    """Record a run of a plain transition system, which has no nodes and no messages."""
    steps = []
    for number, (action, after) in enumerate(run[1:], 1):
        changes = tuple(Change("", *change) for change in _field_changes(run[number - 1][1], after))
        text = spaced(action) if isinstance(action, str) and action.isidentifier() else str(action)
        steps.append(
            TraceStep(
                number,
                Kind.OTHER,
                text,
                action,
                is_fault=getattr(action, "is_fault", False),
                changes=changes,
                causes=(number - 1,) if number > 1 else (),
            )
        )
    return Recording((), {}, tuple(steps), (), {})


def _tones(words: Sequence[str], first: set[str], chosen: Mapping[str, str]) -> dict[str, Tone]:
    """Return a tone for every state word: the protocol's, or else one by order of appearance."""
    others = cycle(("wait", "near", "good", "stop"))
    tones: dict[str, Tone] = {}
    for word in dict.fromkeys(words):
        tone = chosen.get(word) or chosen.get(word.split(" ")[0])
        if tone is None:
            tone = "idle" if word in first else next(others)
        tones[word] = cast(Tone, tone)
    return tones
