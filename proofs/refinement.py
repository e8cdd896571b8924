"""Refinement of a theory: every step of a model, seen through a bridge, is a step of the theory or none at all.

As a property of steps it runs on every engine, and gives counterexamples like any other; so does
``everyway.invariants.refinement`` for specifications that are transition systems themselves. The lemmas are properties
of states. ``crossing.py`` decides the same properties faster, by looking at all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from attrs import field, frozen

from everyway.invariants.property import Broken, Property, PropertyKind, broken
from everyway.models.language import World

from .bridge import Abstraction, Bridge
from .evaluation import Structures
from .grounding import Grounding
from .language.specification import Conjunct
from .language.structure import Structure
from .move import Move, named
from .nearest import changes, several, why_not

NAME = "refines theory"


@frozen(eq=False)
class TheoryRefinement:
    """A theory that is refined, and the bridge to it."""

    abstraction: Abstraction
    grounding: Grounding = field(init=False)
    _moves: dict[tuple[int, int], tuple[Move, ...] | None] = field(factory=dict, init=False)
    """For each two structures the actions that lead from one to the other; None if none do."""

    @grounding.default
    def _grounding(self) -> Grounding:
        return Grounding(self.abstraction.specification, self.abstraction.elements)

    def told_along(self, states: Sequence[World]) -> tuple[str, ...]:
        """Return for each state of a run what the theory did to get there; what was told before if that is nothing."""
        shown = [self.abstraction.world(state) for state in states]
        told = ["start"]
        for was, now in pairwise(shown):
            moves = self.moves(was, now)
            if was == now:
                told.append(told[-1])
            elif moves is None:
                told.append(
                    several(changes(self.abstraction.structure(was), self.abstraction.structure(now)))
                )
            else:
                told.append(", then ".join(map(str, moves)))
        return tuple(told)

    def at_start(self, state: World) -> Broken | None:
        """Return why a start of the model is none of the theory's; None if it is."""
        start = self.abstraction.structure(self.abstraction.world(state))
        specification = self.abstraction.specification
        for what, conjuncts in (
            ("axiom", specification.axioms),
            ("initial condition", specification.initial),
        ):
            for conjunct in conjuncts:
                reason = fails(start, conjunct)
                if reason:
                    return broken(f"the theory's {what} {conjunct.name} does not hold: {reason}")
        return None

    def of_step(self, before: World, action: Any, after: World) -> bool | Broken:
        """Return whether a step is one of the theory's, or none at all; if not, why not."""
        was, now = self.abstraction.world(before), self.abstraction.world(after)
        if self.moves(was, now) is not None:
            return True
        node = getattr(action, "node", None)
        reason = why_not(
            self.abstraction.specification, self.abstraction.structure(was), self.abstraction.structure(now)
        )
        return broken(reason, [node] if isinstance(node, str) else ())

    def moves(self, was: int, now: int) -> tuple[Move, ...] | None:
        """Return actions, one or more, that lead from one structure to another as a step may; None if none do."""
        if was == now:
            return ()
        if (was, now) not in self._moves:
            self._moves[was, now] = self._found(was, now)
        return self._moves[was, now]

    def _found(self, was: int, now: int) -> tuple[Move, ...] | None:
        before, after = (side_by_side([self.abstraction.structure(bits)]) for bits in (was, now))
        same = self.grounding.same(before, after)
        for names in sequences(self.abstraction):
            for moves, _ in self.grounding.taken(before, after, names, same):
                return moves
        return None


def sequences(abstraction: Abstraction) -> Sequence[tuple[str, ...]]:
    """Return which actions, one after the other, a step of the model may be."""
    return [
        *((action.name,) for action in abstraction.specification.actions),
        *abstraction.bridge.together,
    ]


def side_by_side(structures: Sequence[Structure]) -> Structures:
    """Return some structures over the same elements side by side."""
    relations: dict[str, dict[tuple[Any, ...], int]] = {name: {} for name in structures[0].relations}
    functions: dict[str, dict[tuple[Any, ...], dict[Any, int]]] = {
        name: {} for name in structures[0].functions
    }
    for position, structure in enumerate(structures):
        bit = 1 << position
        for name, tuples in structure.relations.items():
            for key in tuples:
                relations[name][key] = relations[name].get(key, 0) | bit
        for name, values in structure.functions.items():
            for key, value in values.items():
                spread = functions[name].setdefault(key, {})
                spread[value] = spread.get(value, 0) | bit
    return Structures(len(structures), relations, functions)


def fails(structure: Structure, conjunct: Conjunct) -> str:
    """Return for which elements a conjunct fails in a structure, in words; empty if it holds."""
    chosen = structure.broken(conjunct.formula)
    if chosen is None:
        return ""
    return told_choice(chosen) or "it is false"


def told_choice(chosen: Mapping[Any, Any]) -> str:
    """Return what variables stand for, in words."""
    return ", ".join(f"{variable} = {named(element)}" for variable, element in chosen.items())


def refines(bridge: Bridge | Abstraction) -> Property:
    """Claim that a model refines a theory, as a property that any check can decide.

    >>> from everyway import check
    >>> from everyway.models.gray_lamport import TwoPhase
    >>> from everyway.proofs.bridges.gray_lamport import GrayLamportBridge
    >>> model = TwoPhase(managers=2)
    >>> check(model, refines(GrayLamportBridge(model))).outcome.value
    'holds'
    """
    abstraction = bridge if isinstance(bridge, Abstraction) else Abstraction(bridge)
    refinement = TheoryRefinement(abstraction)
    promise = "Every step is one of the theory's, or changes nothing that it speaks of."
    return Property(NAME, PropertyKind.EVERY_STEP, refinement.of_step, promise, refines=refinement)


def keeps(bridge: Bridge | Abstraction, conjuncts: Iterable[Conjunct] | None = None) -> tuple[Property, ...]:
    """Claim, one by one, that conjuncts hold in every state of a model, seen through a bridge.

    Args:
        bridge: what the states stand for.
        conjuncts: by default the theory's lemmas and goals.
    """
    abstraction = bridge if isinstance(bridge, Abstraction) else Abstraction(bridge)
    specification = abstraction.specification
    listed = (*specification.lemmas, *specification.goals) if conjuncts is None else conjuncts
    goals = {one.name for one in specification.goals} - {one.name for one in specification.lemmas}
    return tuple(
        _kept(abstraction, one, "goal" if one.name in goals else "lemma")
        for one in {one.name: one for one in listed}.values()
    )


def _kept(abstraction: Abstraction, conjunct: Conjunct, what: str) -> Property:
    def kept(world: World) -> bool | str:
        reason = fails(abstraction.structure(abstraction.world(world)), conjunct)
        return not reason or f"{conjunct.name} does not hold for {reason}"

    return Property(f"{what} {conjunct.name}", PropertyKind.ALWAYS, kept, conjunct.about)
