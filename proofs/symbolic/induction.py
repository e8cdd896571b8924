"""Proofs by induction: a promise that k steps cannot break, strengthened by lemmas that are found on the way.

Sheeran, Singh & Stålmarck, "Checking safety properties using induction and a SAT-solver" (FMCAD 2000): if no run of
fewer than k steps breaks a promise (base), and no run of k steps from *anywhere* breaks it at its end after keeping it
before (step), no run breaks it. Anywhere is too much by itself: there, what never happens together does.

So lemmas come first: pairs, then triples, of facts that are never true together. The facts are that a node's field has
a value, that a set that a node holds has a member, that a message is in flight. Those that were seen together on
random walks are dropped; of the others, those are kept that every step keeps if all of them were true before (Flanagan
& Leino, "Houdini, an annotation assistant for ESC/Java", FME 2001).
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import attrs
from attrs import define, field, frozen

from everyway.models.language import World
from everyway.models.language.naming import shown

from .automata import Automata
from .bounded import FIRST_CAP
from .claims import Claim, Watch
from .frames import Frame, Frames
from .sat import Solver, SolverGaveUpError

MOST_FACTS = 700
MOST_CANDIDATES = 250_000
MOST_VALUES_OF_A_FIELD = 24
MOST_VALUES_OF_A_NODE = 8
WALKS = 12
STEPS, STEPS_PER_NODE = 100, 40
"""So long is a walk: long enough to go round all nodes."""
STEPS_ON = 40


@frozen
class Fact:
    """Something that may be true of a world."""

    node: int = -1
    values: frozenset[int] = frozenset()
    """The node has one of these values."""
    envelope: int = -1
    """A copy of this envelope is in flight; two copies if ``twice``."""
    twice: bool = False
    words: str = field(default="", eq=False)

    def __str__(self) -> str:
        return self.words


Lemma = tuple[Fact, ...]
"""Facts that are never all true; a single one if it is never true."""


@frozen
class Proof:
    """An inductive proof, or how far it got."""

    is_proved: bool
    k: int
    """How many steps the induction looks back; 0 if the lemmas alone imply the promise."""
    lemmas: tuple[str, ...]
    """Those that the proof rests on, in words."""
    why: str = ""
    """Where there is no proof: why not."""


def told(lemma: Lemma) -> str:
    """Return a lemma in words."""
    facts = "; ".join(map(str, lemma))
    return f"never {facts}" if len(lemma) == 1 else f"never together: {facts}"


@define(eq=False)
class Induction:
    """The lemmas of a system and the proofs that rest on them."""

    automata: Automata
    lemmas: list[Lemma] = field(factory=list)
    rounds: int = 0
    _met: set[tuple[int, ...]] = field(factory=set)
    """For each state of the walks the facts that are true there."""
    _size: int = 0

    def find_lemmas(self, size: int, deadline: float | None = None) -> bool:
        """Find facts, at most so many at a time, that are never true together, as an inductive set.

        Returns whether all candidates could be looked at. Raises ``SolverGaveUpError`` if the time is up; what was
        known before still is.
        """
        facts = list(_facts(self.automata, whole=size > 2))
        candidates = self._never_seen_together(facts[:MOST_FACTS], size)
        looked_at = candidates[:MOST_CANDIDATES]
        self.lemmas = self._inductive(looked_at, deadline)
        return len(facts) <= MOST_FACTS and len(candidates) == len(looked_at)

    def _never_seen_together(self, facts: list[Fact], size: int) -> list[Lemma]:
        """Return sets of facts that no walk saw together, none of them with another of them in it."""
        if self._size != size:
            self._size = size
            self._met.clear()
            for parts in _walks(self.automata):
                true = (number for number, fact in enumerate(facts) if _is_true(fact, *parts))
                self._met.add(tuple(true))
        numbers = {fact: number for number, fact in enumerate(facts)}
        known = {tuple(sorted(numbers[fact] for fact in lemma)) for lemma in self.lemmas}
        found: list[Lemma] = []
        # What follows from a lemma with fewer facts is none; all else that was not seen is a candidate.
        possible: set[tuple[int, ...]] = {()}
        for count in range(1, size + 1):
            seen = {chosen for true in self._met for chosen in itertools.combinations(true, count)}
            wider = set()
            for smaller in sorted(possible):
                for more in range(smaller[-1] + 1 if smaller else 0, len(facts)):
                    chosen = (*smaller, more)
                    if count > 2 and any(
                        rest not in possible for rest in itertools.combinations(chosen, count - 1)
                    ):
                        continue
                    if chosen not in known:
                        wider.add(chosen)
                    if chosen not in seen and not _same_node(facts, chosen):
                        found.append(tuple(facts[number] for number in chosen))
                        if len(found) > MOST_CANDIDATES:
                            return found
            possible = wider
        return found

    def _inductive(self, candidates: list[Lemma], deadline: float | None) -> list[Lemma]:
        """Return the greatest set of candidates that every step keeps if all of it was true before."""
        solver = Solver()
        frames = Frames(self.automata, solver, FIRST_CAP)
        before, after = frames.frame(None), frames.frame(None)
        frames.step(before, after)
        here, there = _Facts(solver, before), _Facts(solver, after)
        assumed: list[int] = []
        for lemma in candidates:
            holds = solver.variable()
            solver.add(-holds, *(-here.literal(fact) for fact in lemma))
            assumed.append(holds)
        # Whether a candidate is broken after the step; decided for many at once.
        broken = [_all_of(solver, [there.literal(fact) for fact in lemma]) for lemma in candidates]
        sieve = _Sieve(candidates)
        chance = random.Random(1)
        while len(sieve.kept):
            self.rounds += 1
            _limit(solver, deadline)
            some = solver.variable()
            solver.add(-some, *(broken[number] for number in sieve.kept))
            solution = solver.solve([some, *(assumed[number] for number in sieve.kept)])
            if solution is None:
                break
            values, copies = frames.values_in(after, solution), frames.copies_in(after, solution)
            sieve.drop(values, copies)
            # What is left is true in that state, so it must be true wherever steps lead from there.
            for _ in range(STEPS_ON):
                steps = self.automata.steps(values, copies)
                if not steps:
                    break
                _, values, copies = chance.choice(steps)
                sieve.drop(values, copies)
        return [candidates[number] for number in sieve.kept]

    def check_lemmas(self) -> bool:
        """Return whether the lemmas are true at the start and kept by every step, asked of a solver of its own."""
        solver = Solver()
        frames = Frames(self.automata, solver, FIRST_CAP)
        start = frames.frame(None)
        frames.begin(start)
        if solver.solve([self._some_broken(solver, start)]) is not None:
            return False
        solver = Solver()
        frames = Frames(self.automata, solver, FIRST_CAP)
        before, after = frames.frame(None), frames.frame(None)
        self._claim(solver, before)
        frames.step(before, after)
        return solver.solve([self._some_broken(solver, after)]) is None

    def _some_broken(self, solver: Solver, frame: Frame) -> int:
        facts = _Facts(solver, frame)
        broken = [_all_of(solver, [facts.literal(fact) for fact in lemma]) for lemma in self.lemmas]
        some = solver.variable()
        solver.add(-some, *broken)
        return some

    def _claim(self, solver: Solver, frame: Frame) -> None:
        facts = _Facts(solver, frame)
        for lemma in self.lemmas:
            solver.add(*(-facts.literal(fact) for fact in lemma))

    def prove(self, claim: Claim, k: int, deadline: float | None = None) -> Proof:
        """Try to prove that k steps from anywhere do not break a promise that they kept before.

        Raises ``SolverGaveUpError`` if the time is up, and ``TooManyLessonsError``.
        """
        solver = Solver()
        frames = Frames(self.automata, solver, FIRST_CAP)
        moments = [frames.frame(None)]
        for _ in range(k):
            moments.append(frames.frame(None))
            frames.step(moments[-2], moments[-1])
        watches = [Watch(claim, solver, moment, frames.cap) for moment in moments]
        for moment in moments:
            self._claim(solver, moment)
        for watch in watches[:-1]:
            solver.add(-watch.broken)
        while True:
            _limit(solver, deadline)
            solution = solver.solve([watches[-1].broken])
            if solution is None:
                # What was assumed of the moments before must be true of any number of copies that counts as the
                # highest, and so must what was found of the last.
                if False in watches[-1].are_capped or any(True in watch.are_capped for watch in watches[:-1]):
                    why = f"it looks at how many copies are in flight, counted up to {frames.cap}"
                    return Proof(False, k, (), why)
                return Proof(True, k, ())
            doubted = False
            for number, (watch, moment) in enumerate(zip(watches, moments, strict=True)):
                values = frames.values_in(moment, solution)
                copies = frames.copies_in(moment, solution)
                world = self.automata.world_of(values, copies)
                if number == k:
                    doubted |= watch.doubts(solution, values, copies, world)
                else:
                    doubted |= _misses(watch, values, copies, world)
            for watch in watches:
                watch.learn()
            if not doubted:
                why = "a step from a state that may be out of reach breaks it"
                return Proof(False, k, (), why)


class _Sieve:
    """Candidates, of which those are dropped whose facts are all true in some state."""

    def __init__(self, candidates: list[Lemma]) -> None:
        import numpy as np

        self._np: Any = np
        self._facts = list(dict.fromkeys(fact for lemma in candidates for fact in lemma))
        numbers = {fact: number for number, fact in enumerate(self._facts)}
        longest = max(map(len, candidates), default=1)
        always = len(self._facts)
        rows = [
            [*(numbers[fact] for fact in lemma), *[always] * (longest - len(lemma))] for lemma in candidates
        ]
        self._rows = np.array(rows, np.int64).reshape(-1, longest)
        self._kept = np.arange(len(candidates))

    @property
    def kept(self) -> list[int]:
        """The numbers of the candidates that are left."""
        return [int(number) for number in self._kept]

    def drop(self, values: tuple[int, ...], copies: dict[int, int]) -> None:
        """Drop the candidates that a state breaks."""
        truth = self._np.array([*(_is_true(fact, values, copies) for fact in self._facts), True])
        self._kept = self._kept[~truth[self._rows[self._kept]].all(axis=1)]


def _all_of(solver: Solver, literals: list[int]) -> int:
    """Return a literal that can only be true if all of these are."""
    made = solver.variable()
    for literal in literals:
        solver.add(-made, literal)
    return made


def _same_node(facts: list[Fact], chosen: tuple[int, ...]) -> bool:
    """Return whether facts are about one node alone: which of its values there are is known anyway."""
    nodes = {facts[number].node for number in chosen}
    return len(chosen) > 1 and len(nodes) == 1 and -1 not in nodes


def _misses(watch: Watch, values: tuple[int, ...], copies: dict[int, int], world: World) -> bool:
    """Ask the parts that were taken for kept; return whether one of them is broken."""
    if not watch.claim.is_broken(world):
        return False
    lessons = [watch.claim.ask(part, values, copies, world) for part in range(watch.claim.parts)]
    return any(lesson.is_broken for lesson in lessons)


def _limit(solver: Solver, deadline: float | None) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise SolverGaveUpError("the time was up")
    solver.limit(left)


class _Facts:
    """Literals for the facts in one frame, true exactly if the facts are."""

    def __init__(self, solver: Solver, frame: Frame) -> None:
        self._solver = solver
        self._frame = frame
        self._literals: dict[Fact, int] = {}

    def literal(self, fact: Fact) -> int:
        if fact not in self._literals:
            if fact.envelope >= 0:
                self._literals[fact] = self._frame.copies[fact.envelope][1 if fact.twice else 0]
            else:
                known = self._frame.values[fact.node]
                self._literals[fact] = self._solver.any_of([known[value] for value in sorted(fact.values)])
        return self._literals[fact]


def _is_true(fact: Fact, values: tuple[int, ...], copies: dict[int, int]) -> bool:
    if fact.envelope >= 0:
        return copies.get(fact.envelope, 0) > (1 if fact.twice else 0)
    return values[fact.node] in fact.values


def _facts(automata: Automata, whole: bool) -> Iterator[Fact]:
    """Yield the facts that lemmas may be about; with ``whole`` also that a node has one value and no other."""
    seen: set[tuple[int, frozenset[int]]] = set()
    for node, name in enumerate(automata.names):
        everything = len(automata.values[node])
        for values, words in _of_node(automata.values[node], name, whole):
            if len(values) < everything and (node, values) not in seen:
                seen.add((node, values))
                yield Fact(node, values, words=words)
    for number, envelope in enumerate(automata.envelopes):
        yield Fact(envelope=number, words=f"{envelope} in flight")
        if not automata.is_set:
            yield Fact(envelope=number, twice=True, words=f"{envelope} in flight twice")


def _of_node(states: list[Any], name: str, whole: bool) -> Iterator[tuple[frozenset[int], str]]:
    for declared in attrs.fields(type(states[0])):
        by_value: dict[Any, set[int]] = {}
        members: dict[Any, set[int]] = {}
        for number, state in enumerate(states):
            value = getattr(state, declared.name)
            by_value.setdefault(value, set()).add(number)
            if isinstance(value, frozenset):
                for member in value:
                    members.setdefault(member, set()).add(number)
        if len(by_value) <= MOST_VALUES_OF_A_FIELD and not members:
            for value, numbers in by_value.items():
                yield frozenset(numbers), f"{name}.{declared.name} = {shown(value)}"
        for member, numbers in members.items():
            yield frozenset(numbers), f"{name}.{declared.name} has {shown(member)}"
            yield frozenset(range(len(states))) - numbers, f"{name}.{declared.name} lacks {shown(member)}"
    if whole and len(states) <= MOST_VALUES_OF_A_NODE:
        for number, state in enumerate(states):
            yield frozenset([number]), f"{name} is {state!r}"


def _walks(automata: Automata) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
    """Yield the states of random walks that rather do what was seldom done; the same in every process."""
    chance = random.Random(0)
    taken = [0] * len(automata.labels)
    for start in automata.starts:
        yield start, {}
    for _ in range(WALKS):
        values, copies = chance.choice(automata.starts), dict[int, int]()
        for _ in range(STEPS + STEPS_PER_NODE * len(automata.names)):
            steps = automata.steps(values, copies)
            if not steps:
                break
            weights = [1 / (1 + taken[label]) ** 2 for label, _, _ in steps]
            ((label, values, copies),) = chance.choices(steps, weights)
            taken[label] += 1
            yield values, copies
