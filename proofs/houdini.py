"""Finding an inductive invariant among candidates: Houdini (Flanagan & Leino, "Houdini, an annotation assistant for
ESC/Java", FME 2001).

First the explored states speak: whatever is false in a state that can be reached goes. Then z3 does: whatever is false
in some initial state goes, and whatever a step from a state in which all that is left holds makes false; again and
again, until nothing more goes. What remains is inductive, and no set of candidates that is has more in it. What z3
cannot tell goes, too, and is said; then there may be such a set.

Each counterexample of z3's is kept as a state in which candidates are asked before z3 is. Which candidates an answer
"unsat" rests on is kept, too: it stands as long as these do. So a candidate that follows from others need not be looked
at any more, until one of these goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field

from .counterexample import Disagreement
from .evaluation import Elements, Structures, compiled
from .induction import Outcome
from .invariant import Dropped, Invariant, Stage
from .language.sort import Sort
from .language.specification import Action, Conjunct, Specification
from .language.structure import Structure, after
from .language.theory import symbols
from .refinement import side_by_side
from .smallest import structure_of
from .solver import Answer, SolverLimits, check, new_solver
from .template import Clause, Examples, Language, Template
from .translation import Translation

ROUNDS = 100
"""So often z3 may look for instances of quantifiers that a model violates."""
LIMITS = SolverLimits(timeout=10.0, effort=1_000_000)
"""z3's effort bounds a query, so that what is found is the same on every machine."""

Key = Clause | str
"""A clause of the template, or the name of a candidate that was given."""


def find_invariant(
    specification: Specification,
    candidates: Iterable[Conjunct] = (),
    template: Template | None = None,
    *,
    explored: Sequence[tuple[Structures, Elements]] = (),
    limits: SolverLimits | None = None,
    watch: Callable[[str], None] | None = None,
) -> Invariant:
    """Return the strongest inductive part of some candidates.

    Args:
        specification: the theory; its lemmas play no part unless they are among the candidates.
        candidates: closed formulas. The goals always are candidates.
        template: all of its clauses are candidates, too, but for those that speak of a relation that never holds of
            anything in the explored structures: of these they can tell nothing.
        explored: structures that explored states stand for, with their elements; what is false in one is no invariant.
            Several sizes keep out what is true of one size only.
        limits: what one query may cost; by default ``LIMITS``.
        watch: is called with what is being done.

    Raises:
        MissingSolver: if z3 is not installed.
        Disagreement: if z3's states are none by the plain semantics.
        UsageError: if the template has too many clauses.
    """
    silent = _never_true(specification, explored)
    if template is not None:
        template = evolve(template, without=(*template.without, *silent))
    search = _Search(specification, template, limits or LIMITS, watch or (lambda words: None))
    given = {one.name: one for one in (*candidates, *specification.goals)}
    return search.run(given, explored, silent)


@define(eq=False)
class _Candidate:
    """A candidate that is still in."""

    conjunct: Conjunct
    formula: Any
    """z3's, about the state before a step."""
    indicator: Any
    """Assumed where the candidate is."""
    symbols: frozenset[str]
    rests: dict[str, frozenset[Key]] = field(factory=dict)
    """For each action that keeps it, on which candidates that rests."""


def _never_true(
    specification: Specification, explored: Sequence[tuple[Structures, Elements]]
) -> tuple[str, ...]:
    """Return the relations that can change and that hold of nothing in any explored structure."""
    return tuple(
        relation.name
        for relation in specification.relations
        if explored
        and not relation.is_fixed
        and not any(any(structures.relations[relation.name].values()) for structures, _ in explored)
    )


def _first_falsified(
    conjunct: Conjunct, explored: Sequence[tuple[Structures, Elements]]
) -> tuple[int, int] | None:
    for number, (structures, elements) in enumerate(explored):
        wrong = structures.everywhere ^ compiled(conjunct.formula, elements)(structures)
        if wrong:
            return number, (wrong & -wrong).bit_length() - 1
    return None


class _Search:
    def __init__(
        self,
        specification: Specification,
        template: Template | None,
        limits: SolverLimits,
        watch: Callable[[str], None],
    ) -> None:
        self.specification = specification
        self.limits = limits
        self.watch = watch
        self.translation = Translation(specification)
        self.z3 = self.translation.z3
        self.language = Language(specification, template) if template is not None else None
        self.kept: dict[Key, _Candidate] = {}
        self.dropped: dict[Key, Dropped] = {}
        self.implied: dict[Key, tuple[Conjunct, frozenset[Key]]] = {}
        """What follows from candidates that are kept: from which."""
        self.trivial: dict[Key, None] = {}
        self.covered: set[Clause] = set()
        """The clauses of the template that are kept or follow from the axioms, under all names of variables."""
        self.examples: list[Examples] = []
        self.states: list[Structure] = []
        """Initial states, and states after a step, in which something was false; the last examples are these."""
        self.waiting: list[tuple[Key, Conjunct]] = []
        """What followed from a candidate that was dropped, to be looked at by itself."""
        self.queries = self.looked_at = 0
        self.consequences = _Known(self, self._solver([]))
        self.initial = self._solver([self.translation.formula(one.formula) for one in specification.initial])
        self.of_action = {action.name: _OfAction(self, action) for action in specification.actions}

    def _solver(self, assertions: Sequence[Any]) -> Any:
        solver = new_solver(self.translation.context, self.limits)
        # Outside of the decidable fragment z3 may go on in here for long without a look at its clock.
        solver.set("mbqi.max_iterations", ROUNDS)
        for assertion in (*self.translation.background, *assertions):
            solver.add(assertion)
        return solver

    def run(
        self,
        given: Mapping[str, Conjunct],
        explored: Sequence[tuple[Structures, Elements]],
        silent: tuple[str, ...],
    ) -> Invariant:
        started = time.perf_counter()
        self.watch("asking the explored states")
        first: list[tuple[Key, Conjunct]] = []
        for name, conjunct in given.items():
            where = _first_falsified(conjunct, explored)
            if where is None:
                first.append((name, conjunct))
            else:
                self.looked_at += 1
                self.dropped[name] = Dropped(conjunct, Stage.EXPLORED, where)
        if self.language is not None:
            self.examples += [self.language.examples(*some) for some in explored]
            first += [
                (clause, self.language.conjunct(clause)) for clause in self.language.minimal(self.examples)
            ]
        self._add(first)
        while self._refuted_by_a_step():
            pass
        goals, needed = self._goals()
        return Invariant(
            self.specification,
            (
                *(one.conjunct for one in self.kept.values()),
                *(conjunct for conjunct, _ in self.implied.values()),
            ),
            tuple(self.dropped.values()),
            len(self.trivial),
            goals,
            needed,
            self.looked_at,
            sum(structures.size for structures, _ in explored),
            silent,
            self.queries,
            time.perf_counter() - started,
        )

    # Coming in.

    def _add(self, fresh: Iterable[tuple[Key, Conjunct]]) -> None:
        """Take in candidates that every initial state satisfies; of those that some does not, what says less."""
        waiting = list(fresh)
        while waiting:
            key, conjunct = waiting.pop(0)
            if any(key in known for known in (self.kept, self.implied, self.dropped, self.trivial)):
                continue
            self.looked_at += 1
            self.watch(f"{len(self.kept)} candidates kept, asking about the start")
            if not self._holds_so_far(key, conjunct):
                waiting += self._weaker(key)
                continue
            formula = self.translation.formula(conjunct.formula)
            reply = self.consequences.ask(self.z3.Not(formula))
            if reply.answer is Answer.UNSAT:
                rests = self.core(reply)
                if rests:
                    self.implied[key] = conjunct, rests
                else:
                    self.trivial[key] = None
                self._cover(key)
                continue
            reply = self._ask(self.initial, [self.z3.Not(formula)])
            if reply.answer is Answer.UNSAT:
                indicator = self.z3.Bool(f"candidate!{self.looked_at}", self.translation.context)
                known = frozenset(symbol.name for symbol in symbols(conjunct.formula))
                self.kept[key] = _Candidate(conjunct, formula, indicator, known)
                self._cover(key)
                continue
            if reply.answer is Answer.UNKNOWN:
                self.dropped[key] = Dropped(conjunct, Stage.UNKNOWN, why=reply.why)
            else:
                state, _ = self._structure(reply.model, {})
                self._see(state, [one.formula for one in self.specification.initial], conjunct)
                self.dropped[key] = Dropped(conjunct, Stage.INITIATION, state=state)
                self._drop_what_is_false(state, Stage.INITIATION, None)
            waiting += self._weaker(key)

    def _holds_so_far(self, key: Key, conjunct: Conjunct) -> bool:
        """Return whether a candidate holds in all states in which others did not."""
        for number, state in enumerate(self.states):
            if isinstance(key, tuple):
                holds = self.examples[number - len(self.states)].holds(key)
            else:
                holds = state.holds(conjunct.formula)
            if not holds:
                self.dropped[key] = Dropped(conjunct, Stage.CONSECUTION, state=state)
                return False
        return True

    def _cover(self, key: Key) -> None:
        if self.language is not None and isinstance(key, tuple):
            self.covered |= self.language.images(key)

    def _weaker(self, key: Key) -> list[tuple[Key, Conjunct]]:
        """Return what says less than a clause that was dropped, and is not said by another that is kept."""
        if self.language is None or not isinstance(key, tuple):
            return []
        language = self.language
        return [
            (clause, language.conjunct(clause))
            for clause in sorted(language.weaker(key))
            if clause not in self.dropped and not self._is_covered(clause)
        ]

    def _is_covered(self, clause: Clause) -> bool:
        from itertools import combinations

        return any(
            part in self.covered for size in range(1, len(clause) + 1) for part in combinations(clause, size)
        )

    # Going out.

    def _refuted_by_a_step(self) -> bool:
        """Look for a step that makes a candidate false; drop it and all others that are false after it."""
        for action in self.of_action.values():
            for key, candidate in list(self.kept.items()):
                if key not in self.kept or action.keeps(candidate):
                    continue
                self.watch(f"{len(self.kept)} candidates kept, asking about {action.action.name}")
                reply = action.ask(candidate)
                if reply.answer is Answer.UNSAT:
                    continue
                if reply.answer is Answer.UNKNOWN:
                    self._drop(
                        key, Dropped(candidate.conjunct, Stage.UNKNOWN, action=action.action, why=reply.why)
                    )
                else:
                    before, values = self._structure(reply.model, action.parameters)
                    self._see(before, [action.action.step.guard, *self._formulas()], None, values)
                    state = after(before, action.action, values)
                    self._see(state, [], candidate.conjunct)
                    self._drop_what_is_false(state, Stage.CONSECUTION, action.action)
                return True
        return False

    def _formulas(self) -> list[Any]:
        return [one.conjunct.formula for one in self.kept.values()]

    def _drop_what_is_false(self, state: Structure, stage: Stage, action: Action | None) -> None:
        self.states.append(state)
        if self.language is not None:
            self.examples.append(self.language.examples(side_by_side([state]), state.elements))
        wrong = [
            key
            for key, one in self.kept.items()
            if not (
                self.examples[-1].holds(key) if isinstance(key, tuple) else state.holds(one.conjunct.formula)
            )
        ]
        for key in wrong:
            if key in self.kept:
                self._drop(
                    key, Dropped(self.kept[key].conjunct, stage, state=state, action=action), adds=False
                )
        again, self.waiting = self.waiting, []
        self._add(again)
        for key in wrong:
            self._add(self._weaker(key))

    def _drop(self, key: Key, dropped: Dropped, *, adds: bool = True) -> None:
        del self.kept[key]
        self.dropped[key] = dropped
        if self.language is not None and isinstance(key, tuple):
            self.covered -= self.language.images(key)
        for candidate in self.kept.values():
            for name, rests in list(candidate.rests.items()):
                if key in rests:
                    del candidate.rests[name]
        again = [(other, conjunct) for other, (conjunct, rests) in self.implied.items() if key in rests]
        for other, _ in again:
            del self.implied[other]
            if self.language is not None and isinstance(other, tuple):
                self.covered -= self.language.images(other)
        if adds:
            self._add([*again, *self._weaker(key)])
        else:
            self.waiting += again

    # The end.

    def _goals(self) -> tuple[dict[str, Outcome], tuple[Conjunct, ...]]:
        """Return which goals follow from what is kept, and enough of it for those that do."""
        found: dict[str, Outcome] = {}
        needed: dict[Key, None] = {}
        for goal in self.specification.goals:
            negated = self.z3.Not(self.translation.formula(goal.formula))
            reply = self.consequences.ask(negated)
            found[goal.name] = {
                Answer.UNSAT: Outcome.PROVED,
                Answer.SAT: Outcome.REFUTED,
                Answer.UNKNOWN: Outcome.UNKNOWN,
            }[reply.answer]
            if reply.answer is Answer.UNSAT:
                needed |= dict.fromkeys(self.core(reply))
        waiting = list(needed)
        while waiting:
            for rests in self.kept[waiting.pop()].rests.values():
                more = [key for key in sorted(rests, key=str) if key not in needed]
                needed |= dict.fromkeys(more)
                waiting += more
        return found, tuple(one.conjunct for key, one in self.kept.items() if key in needed)

    # z3.

    def _ask(self, solver: Any, assertions: Sequence[Any], assumed: Sequence[Any] = ()) -> Any:
        self.queries += 1
        solver.push()
        solver.add(*assertions)
        reply = check(solver, assumptions=assumed)
        solver.pop()
        return reply

    def core(self, reply: Any) -> frozenset[Key]:
        """Return on which candidates an "unsat" rests."""
        named = {one.indicator.decl().name(): key for key, one in self.kept.items()}
        return frozenset(named[indicator.decl().name()] for indicator in reply.core)

    def _structure(self, model: Any, parameters: Mapping[Sort, Any]) -> tuple[Structure, dict[Sort, Any]]:
        """Return the state that a model describes, and what parameters stand for in it."""
        elements = {}
        for kind, sort in self.translation.sorts.items():
            universe = model.get_universe(sort)
            elements[kind] = list(universe) if universe else [self.translation.new(kind, kind.initial())]
        state, values = structure_of(self.translation, model, elements, dict(parameters))
        return state, dict(values)

    def _see(
        self,
        state: Structure,
        true: Iterable[Any],
        false: Conjunct | None,
        values: Mapping[Sort, Any] | None = None,
    ) -> None:
        """See by the plain semantics that a state is what z3 says."""
        for formula in true:
            if not state.holds(formula, values):
                raise Disagreement(
                    f"{self.specification.name}: '{formula}' does not hold in z3's state: {state}"
                )
        if false is not None and state.holds(false.formula):
            raise Disagreement(
                f"{self.specification.name}: '{false.formula}' holds in z3's state after all: {state}"
            )


class _Known:
    """A solver that is told of the candidates that are kept."""

    def __init__(self, search: _Search, solver: Any) -> None:
        self.search = search
        self.solver = solver
        self.names: set[str] = set()

    def ask(self, assertion: Any) -> Any:
        """Ask whether something can be while all that are kept hold."""
        kept = self.search.kept.values()
        for one in kept:
            name = one.indicator.decl().name()
            if name not in self.names:
                self.names.add(name)
                self.solver.add(self.search.z3.Implies(one.indicator, one.formula))
        return self.search._ask(self.solver, [assertion], [one.indicator for one in kept])


class _OfAction:
    """What z3 is asked of one action."""

    def __init__(self, search: _Search, action: Action) -> None:
        self.search = search
        self.action = action
        self.parameters = search.translation.parameters(action.parameters)
        guard = search.translation.formula(action.step.guard, self.parameters)
        self.known = _Known(search, search._solver([guard]))
        self.touches = frozenset(
            [edit.relation.name for edit in action.step.edits]
            + [setting.function.name for setting in action.step.settings]
        )

    def keeps(self, candidate: _Candidate) -> bool:
        """Return whether the action is known to keep a candidate."""
        return not candidate.symbols & self.touches or self.action.name in candidate.rests

    def ask(self, candidate: _Candidate) -> Any:
        """Ask whether the action makes a candidate false, from a state in which all that are kept hold."""
        search = self.search
        later = search.translation.formula(candidate.conjunct.formula, self.parameters, self.action.step)
        reply = self.known.ask(search.z3.Not(later))
        if reply.answer is Answer.UNSAT:
            candidate.rests[self.action.name] = search.core(reply)
        return reply
