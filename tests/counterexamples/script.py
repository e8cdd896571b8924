"""A script: writes a trace step by step, without a system that ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field

from everyway.counterexamples.trace import (
    Change,
    Fate,
    Guilt,
    Kind,
    Lifeline,
    Tone,
    Trace,
    TraceMessage,
    TraceStep,
)

Send = tuple[str, str, str]
"""A message by its key in the script, its receiver and its label."""


@define
class Script:
    """Steps in the order of their numbers; messages are called by their keys."""

    roles: Mapping[str, str]
    initial: Mapping[str, str]
    steps: list[TraceStep] = field(factory=list)
    messages: list[TraceMessage] = field(factory=list)
    states: list[dict[str, str]] = field(factory=list)
    keys: dict[str, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.states.append(dict(self.initial))

    def choose(self, node: str, chip: str | None = None, *sends: Send, **more: Any) -> None:
        self._act(Kind.CHOICE, node, chip, sends, f"{node} acts", **more)

    def deliver(self, key: str, chip: str | None = None, *sends: Send, **more: Any) -> None:
        message = self.messages[self.keys[key]]
        told = f"{message.to} receives {message.label} from {message.sender}"
        self._settle(key, Fate.DELIVERED, delivered_by=self.next)
        self._act(Kind.DELIVERY, message.to, chip, sends, told, message=message.number, **more)

    def time_out(self, node: str, chip: str | None, note: str, *sends: Send, **more: Any) -> None:
        more = {"is_barrier": True, **more}
        self._act(Kind.TIMEOUT, node, chip, sends, f"{node}'s timer fires", note=note, **more)

    def suspect(self, node: str, chip: str | None, note: str, *sends: Send) -> None:
        self._act(Kind.SUSPICION, node, chip, sends, f"{node} {note}", note=note)

    def crash(self, node: str) -> None:
        self._act(Kind.CRASH, node, None, (), f"{node} crashes", crashed=True, is_fault=True)

    def restart(self, node: str, chip: str) -> None:
        self._act(Kind.RESTART, node, chip, (), f"{node} restarts")

    def lose(self, key: str) -> None:
        self._end_on_the_way(Kind.LOSS, key, "is lost")

    def drop(self, key: str) -> None:
        self._end_on_the_way(Kind.DROP, key, "arrives at a node that is down")

    def duplicate(self, key: str, copy: str) -> None:
        number = self.copy(key, copy, copied_by=self.next)
        label = self.messages[number].label
        self._act(Kind.DUPLICATION, None, None, (), f"{label} is copied", message=number, is_fault=True)

    def copy(self, key: str, copy: str, copied_by: int | None = None) -> int:
        """Make a copy of a message; without a step of its own, as on a network that is a set."""
        original = self.messages[self.keys[key]]
        number = self.keys[copy] = len(self.messages)
        self.messages.append(
            evolve(
                original,
                number=number,
                fate=Fate.IN_FLIGHT,
                delivered_by=None,
                copy_of=original.number,
                copied_by=copied_by,
            )
        )
        return number

    def partition(self, *sides: tuple[str, ...]) -> None:
        self._act(Kind.PARTITION, None, None, (), "the network parts", sides=sides, is_barrier=True)

    def heal(self) -> None:
        self._act(Kind.HEAL, None, None, (), "the network heals", is_barrier=True)

    def cut_off(self, *keys: str) -> None:
        for key in keys:
            self._settle(key, Fate.CUT_OFF)

    def trace(
        self,
        headline: str,
        subject: str,
        sentence: str,
        promise: str,
        *,
        summary: str = "",
        guilty: tuple[str, ...] = (),
        tones: Mapping[str, Tone] | None = None,
        is_violation: bool = True,
    ) -> Trace:
        return Trace(
            headline=headline,
            subject=subject,
            summary=summary or f"{len(self.steps)} steps",
            sentence=sentence,
            promise=promise,
            property=headline.removesuffix(" violated").lower(),
            lifelines=tuple(Lifeline(node, role) for node, role in self.roles.items()),
            initial=self.initial,
            steps=tuple(self.steps),
            messages=tuple(self.messages),
            states=tuple(self.states),
            tones=tones or {},
            guilty=tuple(Guilt(node) for node in guilty),
            is_violation=is_violation,
        )

    @property
    def next(self) -> int:
        return len(self.steps) + 1

    def _act(
        self,
        kind: Kind,
        node: str | None,
        chip: str | None,
        sends: tuple[Send, ...],
        text: str,
        *,
        message: int | None = None,
        **more: Any,
    ) -> None:
        number = self.next
        causes = {step.number for step in self.steps if node and step.node == node}
        causes = {max(causes)} if causes else set()
        if message is not None and self.messages[message].sent_by:
            causes.add(self.messages[message].sent_by)
        before = self.states[-1]
        after = {**before, node: chip} if node and chip else before
        changes = tuple(
            Change(where, "state", old, after[where]) for where, old in before.items() if old != after[where]
        )
        sent = tuple(self._send(node or "", number, *send) for send in sends)
        self.steps.append(
            TraceStep(
                number,
                kind,
                text,
                action=(kind.value, number),
                node=node,
                chip=chip,
                message=message,
                sent=sent,
                changes=changes,
                causes=tuple(sorted(causes)),
                **more,
            )
        )
        self.states.append(after)

    def _send(self, sender: str, step: int, key: str, to: str, label: str) -> int:
        number = self.keys[key] = len(self.messages)
        self.messages.append(TraceMessage(number, sender, to, label, step, Fate.IN_FLIGHT))
        return number

    def _settle(self, key: str, fate: Fate, **more: Any) -> None:
        number = self.keys[key]
        self.messages[number] = evolve(self.messages[number], fate=fate, **more)

    def _end_on_the_way(self, kind: Kind, key: str, what: str) -> None:
        number = self.keys[key]
        self._settle(key, Fate.LOST, lost_by=self.next)
        told = f"{self.messages[number].label} {what}"
        self._act(kind, None, None, (), told, message=number, is_fault=kind is Kind.LOSS)
