"""From a formula of linear temporal logic to an automaton that accepts exactly the runs on which it is true.

The tableau of Gerth, Peled, Vardi & Wolper, "Simple on-the-fly automatic verification of linear temporal logic"
(PSTV 1995): a state of the automaton is what must be true now and what must be true from the next state on. A run is
accepted if each acceptance set is visited again and again, one for every "until".
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from .property import Property
from .temporal import FALSE, TRUE, Atom, Both, Constant, Either, Formula, Release, Until

Formulas = frozenset[Formula]


@frozen
class AutomatonState:
    """One state: which atoms must be true and which false while the automaton is in it, and where it goes next."""

    required: frozenset[int]
    """The numbers of the atoms that must be true."""
    forbidden: frozenset[int]
    """The numbers of those that must be false."""
    successors: frozenset[int]
    accepting: frozenset[int]
    """In which of the acceptance sets it is."""

    def allows(self, true: Iterable[int]) -> bool:
        """Return whether the automaton may be here while exactly these atoms are true."""
        letter = frozenset(true)
        return self.required <= letter and not self.forbidden & letter


@frozen
class Automaton:
    """A generalised Büchi automaton over the truth of some atoms."""

    atoms: tuple[Property, ...]
    states: tuple[AutomatonState, ...]
    starts: frozenset[int]
    acceptance_sets: int
    """How many there are; each must be visited again and again."""


@frozen
class _Place:
    """What makes two states of the tableau the same: what is true now, and what must be next."""

    now: Formulas
    next: Formulas


def automaton_of(formula: Formula) -> Automaton:
    """Return an automaton that accepts the runs on which a formula is true."""
    atoms = tuple(dict.fromkeys(formula.atoms()))
    starts: list[_Place] = _expanded(frozenset([formula]))
    successors: dict[_Place, list[_Place]] = {}
    waiting = list(starts)
    while waiting:
        place = waiting.pop()
        if place not in successors:
            successors[place] = _expanded(place.next)
            waiting += successors[place]
    untils = sorted({part for place in successors for part in place.now if isinstance(part, Until)}, key=repr)
    numbers = {place: number for number, place in enumerate(successors)}
    states = []
    for place in successors:
        literals = [part for part in place.now if isinstance(part, Atom)]
        states.append(
            AutomatonState(
                frozenset(atoms.index(one.property) for one in literals if not one.is_negated),
                frozenset(atoms.index(one.property) for one in literals if one.is_negated),
                frozenset(numbers[after] for after in successors[place]),
                frozenset(
                    k for k, part in enumerate(untils) if part not in place.now or part.right in place.now
                ),
            )
        )
    made = Automaton(atoms, tuple(states), frozenset(numbers[place] for place in starts), len(untils))
    return _merged(made)


def _expanded(new: Formulas) -> list[_Place]:
    """Return the ways in which formulas can be true now, each with what must then be true next."""
    found: dict[_Place, None] = {}
    waiting: list[tuple[list[Formula], Formulas, Formulas]] = [
        (sorted(new, key=repr), frozenset(), frozenset())
    ]
    while waiting:
        todo, now, later = waiting.pop()
        if not todo:
            found[_Place(now, later)] = None
            continue
        part, *rest = todo
        if part in now or part == TRUE:
            # An "until" fulfilled by True counts as fulfilled.
            waiting.append((rest, now | {part}, later))
            continue
        held = now | {part}
        match part:
            case Constant():
                continue
            case Atom(prop, is_negated):
                if Atom(prop, not is_negated) not in now:
                    waiting.append((rest, held, later))
            case Both(left, right):
                waiting.append(([left, right, *rest], held, later))
            case Either(left, right):
                waiting.append(([right, *rest], held, later))
                waiting.append(([left, *rest], held, later))
            case Until(left, right):
                waiting.append(([left, *rest], held, later | {part}))
                waiting.append(([right, *rest], held, later))
            case Release(left, right):
                waiting.append(([right, *rest], held, later | {part}))
                if left != FALSE:
                    waiting.append(([left, right, *rest], held, later))
    return list(found)


def _merged(automaton: Automaton) -> Automaton:
    """Return the automaton with states merged that go on alike, require the same and accept the same."""
    states = list(automaton.states)
    block = dict.fromkeys(range(len(states)), 0)
    while True:
        signatures: dict[tuple[object, ...], int] = {}
        finer = {}
        for number, state in enumerate(states):
            ahead = frozenset(block[after] for after in state.successors)
            signature = (block[number], state.required, state.forbidden, state.accepting, ahead)
            finer[number] = signatures.setdefault(signature, len(signatures))
        if len(set(finer.values())) == len(set(block.values())):
            break
        block = finer
    first = {finer[number]: state for number, state in reversed(list(enumerate(states)))}
    merged = tuple(
        AutomatonState(
            first[k].required,
            first[k].forbidden,
            frozenset(finer[after] for after in first[k].successors),
            first[k].accepting,
        )
        for k in range(len(first))
    )
    return Automaton(
        automaton.atoms,
        merged,
        frozenset(finer[number] for number in automaton.starts),
        automaton.acceptance_sets,
    )
