"""Crossing a bridge: every reachable state and step of a model is compared with a theory, all of them at once.

The model is explored on tables (``everyway.explorer.tables``), where a state is a row of numbers, one for each part.
The bridge is asked what each part's values show, so a state's facts are a few look-ups. Many states show the same, so
fewer structures than states, and fewer pairs of structures than steps, are left. These stand side by side in columns
(``evaluation.py``), and each of the theory's conjuncts and actions is looked at once for all of them.

What is found is decided again, in plain Python, by the properties of ``refinement.py`` before it is reported.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from everyway.explorer import Limits, Outcome, Verdict, Watcher
from everyway.explorer.tables.edges import edges
from everyway.explorer.tables.search import TableSearch
from everyway.invariants.property import Property
from everyway.models.language import EverywayError, Faults, Network, Timeouts

from .bridge import Bridge
from .evaluation import compiled
from .grounding import Grounding
from .language.specification import Conjunct
from .refinement import keeps, refines, sequences
from .seen_states import SeenStates


@frozen(eq=False)
class Crossing:
    """What came out of comparing a model with a theory, state by state and step by step."""

    bridge: Bridge
    search: TableSearch
    """The search of the model."""
    refinement: Verdict
    """Whether every start and every step is one of the theory's."""
    kept: tuple[Verdict, ...]
    """Whether each lemma and goal holds in every state."""
    structures: int
    """How many structures the states stand for."""
    pairs: int
    """How many pairs of different structures the steps lead from and to."""
    steps: int
    """How many steps change something that the theory speaks of."""
    taken: Mapping[tuple[str, ...], int]
    """How many of the pairs each action, or several actions one after the other, lead through."""
    seconds: float

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them."""
        return (self.refinement, *self.kept)

    @property
    def outcome(self) -> Outcome:
        """Violated if anything is, else unknown if anything is, else holds."""
        found = {verdict.outcome for verdict in self.verdicts}
        return next((one for one in (Outcome.VIOLATED, Outcome.UNKNOWN) if one in found), Outcome.HOLDS)

    @property
    def never_taken(self) -> tuple[str, ...]:
        """The theory's actions that no step of the model stands for."""
        ever = {name for names, count in self.taken.items() if count for name in names}
        actions = self.bridge.theory.specification().actions
        return tuple(action.name for action in actions if action.name not in ever)


def cross(
    bridge: Bridge,
    *,
    faults: Faults | None = None,
    timeouts: Timeouts | str | None = None,
    network: Network | str | None = None,
    limits: Limits | None = None,
    threads: int | None = None,
    watcher: Watcher | None = None,
) -> Crossing:
    """Compare every state and every step of a model with a theory.

    Args:
        bridge: which structure each state stands for.
        faults: how many of each kind may happen; by default none.
        timeouts: when they fire, if not as the protocol says.
        network: the discipline of mailboxes, if not the protocol's own.
        limits: when to stop although states are left; what is not violated is then unknown.
        threads: on how many threads to explore; by default one for each core.
        watcher: is called several times a second while the model is explored.

    Raises:
        ModelError: if the model or the bridge breaks a rule.
        UsageError: if the faults are none that the protocol can have.
    """
    started = time.monotonic()
    explored = SeenStates(
        bridge,
        faults=faults,
        timeouts=timeouts,
        network=network,
        limits=limits,
        threads=threads,
        watcher=watcher,
    )
    crossing = _Crossing(explored)
    refinement, taken = crossing.refinement()
    kept = crossing.kept()
    return Crossing(
        bridge,
        explored.search,
        refinement,
        kept,
        len(explored.shown),
        len(crossing.before),
        crossing.steps,
        taken,
        time.monotonic() - started,
    )


class _Crossing:
    """One comparison."""

    def __init__(self, seen: SeenStates) -> None:
        self.seen = seen
        self.abstraction = seen.abstraction
        self.promise = refines(self.abstraction)
        self.grounding = Grounding(self.abstraction.specification, self.abstraction.elements)
        self.before, self.after, self.sources, self.ordinals, self.steps = self._pairs()
        """The pairs of different structures that steps lead from and to, each with the first step that does."""

    def _pairs(self) -> tuple[Any, Any, Any, Any, int]:
        seen, count = self.seen, len(self.seen.shown)
        codes, sources, ordinals, steps = [], [], [], 0
        for block in edges(seen.search):
            known = block.targets >= 0
            was = seen.stands_for[block.sources[known]]
            now = seen.stands_for[block.targets[known]]
            moved = was != now
            steps += int(moved.sum())
            code, first = np.unique(was[moved] * count + now[moved], return_index=True)
            codes.append(code)
            sources.append(block.sources[known][moved][first])
            ordinals.append(block.ordinals[known][moved][first])
        every = [np.concatenate([np.zeros(0, np.int64), *one]) for one in (codes, sources, ordinals)]
        code, first = np.unique(every[0], return_index=True)
        return code // count, code % count, every[1][first], every[2][first], steps

    def refinement(self) -> tuple[Verdict, Mapping[tuple[str, ...], int]]:
        """Decide whether the model refines the theory."""
        at_start = self._at_start()
        if at_start is not None:
            return at_start, {}
        left = np.arange(len(self.before))
        taken: dict[tuple[str, ...], int] = {}
        for several in (False, True):
            names = [one for one in sequences(self.abstraction) if (len(one) > 1) is several]
            if names and (len(left) or not several):
                covered = self._covered(left, names, taken)
                left = np.delete(left, covered)
        if not len(left):
            return self._unless_cut(self.promise), taken
        first = left[np.lexsort((self.ordinals[left], self.sources[left]))[0]]
        path = self.seen.search.path_to(int(self.sources[first]), int(self.ordinals[first]))
        flaw = self.promise.judge(path[-2].state, path[-1].action, path[-1].state)
        return self._violated(self.promise, path, flaw), taken

    def _at_start(self) -> Verdict | None:
        for number, start in enumerate(self.seen.search.starts):
            flaw = self.promise.judge_start(start)
            if flaw is not None:
                return self._violated(self.promise, self.seen.search.path_to(number), flaw)
        return None

    def _covered(self, left: Any, names: Sequence[tuple[str, ...]], taken: dict[tuple[str, ...], int]) -> Any:
        """Return which of some pairs actions of these names lead through; count them."""
        before = self.seen.side_by_side(self.before[left])
        after = self.seen.side_by_side(self.after[left])
        same = self.grounding.same(before, after)
        covered = 0
        for one in names:
            of_these = 0
            for _, column in self.grounding.taken(before, after, one, same):
                of_these |= column
            taken[one] = of_these.bit_count()
            covered |= of_these
        return self.seen.where(covered)

    def kept(self) -> tuple[Verdict, ...]:
        """Decide whether the lemmas and the goals hold in every state."""
        specification = self.abstraction.specification
        conjuncts = {one.name: one for one in (*specification.lemmas, *specification.goals)}
        return tuple(
            self._kept(one, prop)
            for one, prop in zip(conjuncts.values(), keeps(self.abstraction), strict=True)
        )

    def _kept(self, conjunct: Conjunct, prop: Property) -> Verdict:
        structures = self.seen.structures
        holds = compiled(conjunct.formula, self.abstraction.elements)(structures)
        broken = self.seen.where(structures.everywhere ^ holds)
        if not len(broken):
            return self._unless_cut(prop)
        path = self.seen.search.path_to(int(self.seen.first[broken].min()))
        return self._violated(prop, path, prop.judge(path[-1].state))

    def _unless_cut(self, prop: Property) -> Verdict:
        search = self.seen.search
        if search.is_complete:
            return Verdict(prop, Outcome.HOLDS)
        return Verdict(prop, Outcome.UNKNOWN, why=search.told_limit)

    def _violated(self, prop: Property, path: Any, flaw: Any) -> Verdict:
        if flaw is None:
            raise EverywayError(
                f"internal error: columns say that '{prop.name}' is violated in {path[-1].state}, the plain semantics "
                f"says that it is not."
            )
        return Verdict(prop, Outcome.VIOLATED, path, flaw, True)
