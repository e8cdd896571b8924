"""Node automata: every value that a node could take, whatever arrives, found without going through global states.

A handler's answer depends on its node's own state and the message alone. So values and messages are closed under
handlers: whatever value a node may have and whatever message was ever sent to it, the handler is asked. That takes as
many questions as there are such pairs, and not as many as there are global states; but some of the values may never
be reached, because what leads to them never happens together.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen

from everyway.explorer.reads import Read
from everyway.models.language import (
    Action,
    EverywayError,
    ModelError,
    Network,
    Node,
    System,
    Timeouts,
    UsageError,
    World,
)
from everyway.models.language.handler import Occasion, handlers_for
from everyway.models.language.message import Envelope

MOST_QUESTIONS = 300_000


@frozen(eq=False)
class Move:
    """One thing that a node may do with one of its values."""

    source: int
    target: int
    sends: tuple[int, ...]
    """The envelopes that are sent, by number."""
    action: Action


@define(eq=False)
class Label:
    """What a node may do on one occasion: the same outcome of the same handler, for each value that has it."""

    node: int
    takes: int
    """The envelope that is delivered; -1 if none is."""
    moves: list[Move] = field(factory=list)


@frozen(eq=False)
class Flaw:
    """A pair that the model has no proper answer for; it must never come together."""

    node: int
    value: int
    takes: int
    error: str


class Automata:
    """The automata of a system's nodes, closed up to a number of rounds.

    Args:
        system: the system; see ``refuse_others`` for which are understood.

    Raises:
        UsageError: for a system that is not of the kind that is understood.
    """

    def __init__(self, system: System) -> None:
        refuse_others(system)
        self.system = system
        self.names = system.roster.names
        self.is_set = system.network is Network.SET
        self.starts: list[tuple[int, ...]] = []
        self.values: list[list[Node]] = [[] for _ in self.names]
        self.levels: list[list[int]] = [[] for _ in self.names]
        """After how many steps at the least each value may be taken."""
        self.envelopes: list[Envelope] = []
        self.envelope_levels: list[int] = []
        self.labels: list[Label] = []
        self.flaws: list[Flaw] = []
        self.rounds = 0
        """So many rounds were done: what can be the case after so many steps is known."""
        self.is_closed = False
        """Whether another round would find nothing new."""
        self.questions = 0
        self._numbers: list[dict[Node, int]] = [{} for _ in self.names]
        self._envelope_numbers: dict[Envelope, int] = {}
        self._labels: dict[Any, Label] = {}
        self._to: list[list[int]] = [[] for _ in self.names]
        self._asked: set[tuple[int, int, int]] = set()
        self._moves: dict[tuple[int, int], list[tuple[int, int, Move]]] = {}
        for world in system.initial():
            self.world = world
            self.starts.append(tuple(self._value(i, state, 0) for i, state in enumerate(world.states)))

    @property
    def count(self) -> int:
        """How many values all nodes have together."""
        return sum(map(len, self.values))

    def close(self) -> None:
        """Do all rounds.

        Raises ``UsageError`` if there are too many questions.
        """
        while not self.is_closed:
            self.grow()

    def grow(self) -> None:
        """Do one round: ask every node about every value and message that is known, if it was not asked before."""
        level = self.rounds + 1
        before = self.count, len(self.envelopes)
        for node in range(len(self.names)):
            for value in range(len(self.values[node])):
                if self.levels[node][value] > self.rounds:
                    continue
                for takes in [-1, *self._to[node]]:
                    if takes >= 0 and self.envelope_levels[takes] > self.rounds:
                        continue
                    if (node, value, takes) not in self._asked:
                        self._asked.add((node, value, takes))
                        self._ask(node, value, takes, level)
        self.rounds = level
        self.is_closed = before == (self.count, len(self.envelopes))

    def _ask(self, node: int, value: int, takes: int, level: int) -> None:
        self.questions += 1
        if self.questions > MOST_QUESTIONS:
            raise UsageError(
                f"the nodes' own states have no end: after {MOST_QUESTIONS:,} questions {self.names[node]} still takes "
                f"new ones. Bound what a node counts or collects whatever arrives, or explore the system instead."
            )
        state = self.values[node][value]
        behaviour = self.system._behaviour
        try:
            if takes >= 0:
                outcomes = behaviour.on_delivery(state, self.envelopes[takes])
            else:
                outcomes = behaviour.on_occasion(Occasion.CHOICE, state)
                if self.system.timeouts is Timeouts.EARLY:
                    outcomes += behaviour.on_occasion(Occasion.TIMEOUT, state)
        except ModelError as error:
            self.flaws.append(Flaw(node, value, takes, str(error)))
            return
        for outcome in outcomes:
            action = outcome.action
            target = self._value(node, outcome.state, level)
            sends = tuple(self._envelope(envelope, level) for envelope in action.sent)
            key = (node, takes, action.kind, action.handler, action.outcome)
            if key not in self._labels:
                self._labels[key] = Label(node, takes)
                self.labels.append(self._labels[key])
            self._labels[key].moves.append(Move(value, target, sends, action))

    def _value(self, node: int, state: Node, level: int) -> int:
        numbers = self._numbers[node]
        if state not in numbers:
            numbers[state] = len(self.values[node])
            self.values[node].append(state)
            self.levels[node].append(level)
        return numbers[state]

    def _envelope(self, envelope: Envelope, level: int) -> int:
        if envelope not in self._envelope_numbers:
            number = self._envelope_numbers[envelope] = len(self.envelopes)
            self.envelopes.append(envelope)
            self.envelope_levels.append(level)
            self._to[self.names.index(envelope.to)].append(number)
        return self._envelope_numbers[envelope]

    # Steps, once closed.

    def steps(
        self, values: tuple[int, ...], copies: dict[int, int]
    ) -> list[tuple[int, tuple[int, ...], dict[int, int]]]:
        """Return every step from a moment: the number of its label, and the values and what is in flight after it."""
        if not self._moves:
            for number, label in enumerate(self.labels):
                for move in label.moves:
                    self._moves.setdefault((label.node, move.source), []).append((number, label.takes, move))
        found = []
        for node, value in enumerate(values):
            for number, takes, move in self._moves.get((node, value), ()):
                if takes >= 0 and not copies.get(takes):
                    continue
                after = copies
                if move.sends or (takes >= 0 and not self.is_set):
                    after = dict(copies)
                    if takes >= 0 and not self.is_set:
                        after[takes] -= 1
                    for envelope in move.sends:
                        after[envelope] = 1 if self.is_set else after.get(envelope, 0) + 1
                found.append((number, (*values[:node], move.target, *values[node + 1 :]), after))
        return found

    # Worlds.

    def world_of(self, values: tuple[int, ...], in_flight: dict[int, int]) -> World:
        """Return the world in which the nodes have these values, and so many copies of each envelope are in flight."""
        boxes = [self.system.network.empty_mailbox() for _ in self.names]
        for number in sorted(in_flight):
            envelope = self.envelopes[number]
            position = self.system.roster.position[envelope.to]
            for _ in range(in_flight[number]):
                boxes[position] = boxes[position].put(envelope)
        return World(
            roster=self.system.roster,
            states=tuple(self.values[i][value] for i, value in enumerate(values)),
            up=self.world.up,
            mailboxes=tuple(boxes),
            cut_off=None,
            left=self.world.left,
        )

    def alike(self, read: Read, value: int) -> frozenset[int]:
        """Return the values of a node that look like one of them to a read."""
        node = read.position
        if not read.field:
            return frozenset([value])
        seen = getattr(self.values[node][value], read.field)
        return frozenset(v for v, state in enumerate(self.values[node]) if getattr(state, read.field) == seen)

    def mailbox(self, node: int) -> list[int]:
        """Return the envelopes to a node."""
        return self._to[node]


def refuse_others(system: Any) -> None:
    """Raise ``UsageError`` for a system that is not of the kind that is understood, and say why."""
    where = "symbolic checking"
    if not isinstance(system, System):
        raise UsageError(f"{where} is for protocols, whose nodes it takes apart; explore {system} instead.")
    for kind, budget in system.faults:
        if budget:
            raise UsageError(f"{where} knows no {kind} yet; explore the system instead, or leave them out.")
    if system.network is Network.FIFO:
        raise UsageError(f"{where} knows the networks bag and set, not fifo; explore the system instead.")
    if system.roster.observers:
        raise UsageError(f"{where} knows no observers, which see all nodes; explore the system instead.")
    has_timeouts = any(handlers_for(kind, Occasion.TIMEOUT) for kind in system.node_classes)
    if has_timeouts and system.timeouts is Timeouts.LATE:
        raise UsageError(
            f"{where} knows no late time-outs, which depend on all nodes at once; take --timeouts early or never."
        )


def raised(flaw: Flaw, names: tuple[str, ...]) -> EverywayError:
    """Return the error that a flaw is."""
    return ModelError(f"at {names[flaw.node]}: {flaw.error}")
