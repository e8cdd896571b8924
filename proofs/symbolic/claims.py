"""What a property says of frames, learned question by question.

A predicate is plain Python. It is asked about a world that the solver proposed; what it read of the world, and what it
said, becomes a clause: all worlds that look alike to these reads get the same answer. Until then the solver may assume
either, so a proposal is only believed once the predicate itself was asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from everyway.explorer.reads import Parts
from everyway.explorer.recording import Recorder
from everyway.invariants.property import Property, PropertyKind
from everyway.invariants.quantified import Part, Quantified
from everyway.models.language import ModelError, UsageError, World

from .automata import Automata
from .frames import Frame
from .sat import Solver

MOST_COMBINATIONS = 4_096
"""A part of a promise about every node or pair is asked about so many combinations of values at once."""
MOST_LESSONS = 20_000
"""What a property says is learned in so many pieces at the most."""


class TooManyLessonsError(UsageError):
    """The property looks at so much at once that it cannot be learned piece by piece."""


@frozen(eq=False)
class Lesson:
    """Worlds that look alike in these ways get this answer."""

    part: int
    values: tuple[tuple[int, frozenset[int]], ...]
    """A node has one of these values."""
    mailboxes: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    """In flight to a node are so many copies of these envelopes, and of no others."""
    is_broken: bool


@define(eq=False)
class Claim:
    """One property of states, in parts: it is broken where one of its parts is.

    Raises ``UsageError`` for a property that is not about single states.
    """

    prop: Property
    automata: Automata
    lessons: list[Lesson] = field(factory=list)
    _questions: list[Callable[[World], bool]] = field(factory=list)
    _quantified: list[Part] = field(factory=list)
    _recorder: Recorder = field(factory=Recorder)
    _said: dict[tuple[int, tuple[int, ...]], bool] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.prop.kind not in (PropertyKind.ALWAYS, PropertyKind.NEVER):
            raise UsageError(
                f"symbolic checking decides promises about every state (always, never), and '{self.prop.name}' is of "
                f"another kind ({self.prop.kind.value}); explore the system instead."
            )
        predicate = self.prop.predicate
        if isinstance(predicate, Quantified) and self.prop.when is None:
            self._quantified = list(predicate.parts(self.automata.world))
            self._questions = [_question(self._part(part)) for part in predicate.parts(self.automata.world)]
        else:
            self._questions = [_question(self.prop)]

    def _part(self, predicate: Any) -> Property:
        return Property(self.prop.name, self.prop.kind, predicate, self.prop.promise)

    @property
    def parts(self) -> int:
        """How many parts it has."""
        return len(self._questions)

    def is_broken(self, world: World) -> bool:
        """Return whether the property does not allow a world."""
        return any(question(world) for question in self._questions)

    def table(self, part: int, frame: Frame) -> list[tuple[tuple[int, frozenset[int]], ...]] | None:
        """Return when a part is broken, as combinations of values of its nodes; None if that must be learned.

        A part of a promise about every node or every pair depends on the values of its nodes and on nothing else.
        """
        if not self._quantified:
            return None
        chosen = self._quantified[part]
        nodes = [self.automata.system.roster.position[name] for name in chosen.names]
        known = [sorted(frame.values[node]) for node in nodes]
        if math.prod(map(len, known)) > MOST_COMBINATIONS:
            return None
        by_last: dict[tuple[int, ...], set[int]] = {}
        for values in itertools.product(*known):
            key = (part, values)
            if key not in self._said:
                states = [self.automata.values[n][v] for n, v in zip(nodes, values, strict=True)]
                made = self._part(lambda world, states=states: chosen.relation(*states))
                self._said[key] = _question(made)(self.automata.world)
            if self._said[key]:
                by_last.setdefault(values[:-1], set()).add(values[-1])
        alike: dict[frozenset[int], set[tuple[int, ...]]] = {}
        for first, last in by_last.items():
            alike.setdefault(frozenset(last), set()).add(first)
        found: list[tuple[tuple[int, frozenset[int]], ...]] = []
        for lasts, firsts in alike.items():
            if len(nodes) == 1:
                found.append(((nodes[0], lasts),))
            else:
                found.append(((nodes[0], frozenset(one for (one,) in firsts)), (nodes[1], lasts)))
        return found

    def ask(self, part: int, values: tuple[int, ...], copies: dict[int, int], world: World) -> Lesson:
        """Ask one part about a world, and note what it said."""
        says, reads = self._recorder.recorded([Parts.of(world)], self._questions[part])
        seen: dict[int, frozenset[int]] = {}
        boxes: dict[int, tuple[tuple[int, int], ...]] = {}
        for read in reads:
            if read.part == "node":
                alike = self.automata.alike(read, values[read.position])
                seen[read.position] = seen.get(read.position, alike) & alike
            elif read.part == "messages":
                there = ((one, copies.get(one, 0)) for one in self.automata.mailbox(read.position))
                boxes[read.position] = tuple((one, count) for one, count in there if count)
        lesson = Lesson(part, tuple(seen.items()), tuple(boxes.items()), says)
        self.lessons.append(lesson)
        if len(self.lessons) > MOST_LESSONS:
            raise TooManyLessonsError(
                f"'{self.prop.name}' looks at so much at once that {MOST_LESSONS:,} questions did not do. If it is "
                f"about every node or every pair of nodes, say so: @every(Kind) or @every_pair(Kind)."
            )
        return lesson


def _question(prop: Property) -> Callable[[World], bool]:
    def is_broken(world: World) -> bool:
        try:
            return prop.is_premise_met(world) and prop.judge(world) is not None
        except ModelError:
            return True  # told by the replay if it is reached, and to be shown unreachable if it is not

    return is_broken


@define(eq=False)
class Watch:
    """A claim on one frame: literals that say which of its parts are broken there."""

    claim: Claim
    solver: Solver
    frame: Frame
    cap: int
    parts: list[int] = field(factory=list)
    are_capped: set[bool] = field(factory=set)
    """The answers of lessons about as many copies of an envelope as are counted: more copies count as these here, but
    the property was not asked about more."""
    broken: int = 0
    """A literal that is true if the claim is broken in the frame, or the model has no answer there."""
    _flaws: list[tuple[int, Any]] = field(factory=list)
    _known: set[int] = field(factory=set)
    """The parts of which everything is known here."""
    _learned: int = 0
    _groups: dict[tuple[int, frozenset[int]], int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.parts = self.solver.several(self.claim.parts)
        self._tabulate()
        flaws = []
        for flaw in self.claim.automata.flaws:
            value = self.frame.values[flaw.node].get(flaw.value)
            copies = self.frame.copies.get(flaw.takes) if flaw.takes >= 0 else ()
            if value is None or copies is None:
                continue
            literal = self.solver.variable()
            self.solver.add(-literal, value)
            if copies:
                self.solver.add(-literal, copies[0])
            self.solver.add(literal, -value, *(-one for one in copies[:1]))
            self._flaws.append((literal, flaw))
            flaws.append(literal)
        self.broken = self.solver.any_of([*self.parts, *flaws])
        self.learn()

    def _tabulate(self) -> None:
        """Tell the solver of the parts that are known for all values."""
        for part, literal in enumerate(self.parts):
            table = self.claim.table(part, self.frame)
            if table is None:
                continue
            self._known.add(part)
            ways = []
            for combination in table:
                groups = [self._group(node, values) for node, values in combination]
                way = self.solver.variable()
                for group in groups:
                    self.solver.add(-way, group)
                self.solver.add(way, *(-group for group in groups))
                ways.append(way)
                self.solver.add(-way, literal)
            self.solver.add(-literal, *ways)

    def learn(self) -> None:
        """Tell the solver what was learned since."""
        for lesson in self.claim.lessons[self._learned :]:
            literals = [-self._group(node, values) for node, values in lesson.values]
            is_possible = True
            is_capped = False
            for node, held in lesson.mailboxes:
                there = dict(held)
                # Envelopes that were not known when the lesson was learned are none of those that were there.
                for envelope in {*there, *self.claim.automata.mailbox(node)}:
                    count = there.get(envelope, 0)
                    copies = self.frame.copies.get(envelope, ())
                    is_possible &= count <= len(copies)
                    is_capped |= 0 < count == len(copies)
                    if 0 < count <= len(copies):
                        literals.append(-copies[count - 1])
                    if count < len(copies):
                        literals.append(copies[count])
            if is_possible:
                if is_capped and not self.claim.automata.is_set:
                    self.are_capped.add(lesson.is_broken)
                part = self.parts[lesson.part]
                self.solver.add(*literals, part if lesson.is_broken else -part)
        self._learned = len(self.claim.lessons)

    def _group(self, node: int, values: frozenset[int]) -> int:
        known = self.frame.values[node]
        key = (node, frozenset(value for value in values if value in known))
        if key not in self._groups:
            if key[1]:
                self._groups[key] = self.solver.any_of([known[value] for value in sorted(key[1])])
            else:
                never = self.solver.variable()
                self.solver.add(-never)
                self._groups[key] = never
        return self._groups[key]

    def doubts(
        self, solution: frozenset[int], values: tuple[int, ...], copies: dict[int, int], world: World
    ) -> bool:
        """Ask the parts that a solution takes for broken; return whether one of them was wrongly so taken."""
        wrong = False
        for part, literal in enumerate(self.parts):
            if part in self._known or literal not in solution:
                continue
            if not self.claim.ask(part, values, copies, world).is_broken:
                wrong = True
        self.learn()
        return wrong

    def is_broken_in(self, solution: frozenset[int]) -> bool:
        """Return whether some part, or the model itself, is broken in a solution."""
        return any(literal in solution for literal in [*self.parts, *(one for one, _ in self._flaws)])
