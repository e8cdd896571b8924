"""Induction: the lemmas hold at the start, every action keeps them, and they imply the goals.

Then the goals hold in every reachable state, for any number of elements. Each obligation is one query to z3: whether
there is a state, or a step, that breaks it. "unsat" means that there is none at all. "sat" comes with a counterexample
to induction. What z3 cannot tell is unknown, and then nothing is proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import frozen

from .counterexample import CounterexampleToInduction, confirmed
from .language.sort import Sort
from .language.specification import Action, Conjunct, Specification
from .smallest import smallest
from .solver import Answer, SolverLimits, ask
from .translation import Translation


class Outcome(Enum):
    """What is known of an obligation, or of a theorem."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


EXIT_CODES: Mapping[Outcome, int] = {Outcome.PROVED: 0, Outcome.REFUTED: 1, Outcome.UNKNOWN: 3}
"""What a command that proves leaves with, as ``everyway check`` does."""


class Part(Enum):
    """The parts of a proof by induction."""

    INITIATION = "initiation"
    CONSECUTION = "consecution"
    SAFETY = "safety"


@frozen(eq=False)
class Obligation:
    """One thing to be shown, and what came out."""

    part: Part
    conjunct: Conjunct
    outcome: Outcome
    seconds: float
    action: Action | None = None
    """For consecution: the action that is to keep the conjunct."""
    why: str = ""
    """Why it is unknown."""
    counterexample: CounterexampleToInduction | None = None
    """For a refuted obligation; None also if no finite counterexample was found within the limits."""

    @property
    def name(self) -> str:
        """What is to be shown, e.g. "consecution of agreement under learn"."""
        return f"{self.part.value} of {self.conjunct.name}" + (
            f" under {self.action.name}" if self.action else ""
        )


@frozen(eq=False)
class Firing:
    """Whether an action can be taken in some state with all lemmas; if not, it was kept for no reason at all."""

    action: Action
    can: bool | None
    """None if z3 could not tell."""
    seconds: float
    why: str = ""


@frozen(eq=False)
class Proof:
    """What came out of trying to prove a specification's goals by induction."""

    specification: Specification
    obligations: tuple[Obligation, ...]
    firings: tuple[Firing, ...]
    can_start: bool | None
    """Whether some state satisfies the axioms and the initial condition; None if z3 could not tell."""
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """Proved if every obligation is; refuted if one is; otherwise unknown."""
        outcomes = {obligation.outcome for obligation in self.obligations}
        if Outcome.REFUTED in outcomes:
            return Outcome.REFUTED
        return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.PROVED

    @property
    def refuted(self) -> tuple[Obligation, ...]:
        """The obligations that failed, those of goals first."""
        failed = [obligation for obligation in self.obligations if obligation.outcome is Outcome.REFUTED]
        goals = {goal.name for goal in self.specification.goals}
        return tuple(sorted(failed, key=lambda obligation: obligation.conjunct.name not in goals))

    @property
    def vacuities(self) -> tuple[str, ...]:
        """What makes the proof say less than it seems to, in sentences."""
        found = []
        if self.can_start is False:
            found.append(
                "No state satisfies the axioms and the initial condition: everything holds of nothing."
            )
        found += [
            f"The action {firing.action.name} can never be taken: in no state with the lemmas does its guard hold."
            for firing in self.firings
            if firing.can is False
        ]
        found += [
            f"z3 could not tell whether the action {firing.action.name} can be taken ({firing.why})."
            for firing in self.firings
            if firing.can is None
        ]
        if self.can_start is None:
            found.append("z3 could not tell whether there is an initial state.")
        return tuple(found)


def prove(
    specification: Specification,
    limits: SolverLimits | None = None,
    *,
    queries: Path | None = None,
    minimises: bool = True,
    watch: Callable[[str], None] | None = None,
) -> Proof:
    """Try to prove that the goals hold in every reachable state.

    Args:
        specification: what to prove; ``Theory.specification()`` makes it.
        limits: what one query may cost; a query that costs more is unknown.
        queries: a folder in which every query is saved as SMT-LIB 2, for other solvers.
        minimises: whether refuted obligations get a counterexample, made small by further queries.
        watch: called with the name of each obligation before z3 is asked.

    Raises:
        MissingSolver: if z3 is not installed.
        Disagreement: if a counterexample of z3's is none by the plain semantics.
        OSError: if a query cannot be saved.
    """
    started = time.perf_counter()
    attempt = _Attempt(specification, limits or SolverLimits(), queries, minimises, watch)
    obligations = (*attempt.initiation(), *attempt.consecution(), *attempt.safety())
    firings = tuple(attempt.firings())
    return Proof(specification, obligations, firings, attempt.can_start(), time.perf_counter() - started)


class _Attempt:
    """One attempt to prove a specification."""

    def __init__(
        self,
        specification: Specification,
        limits: SolverLimits,
        queries: Path | None,
        minimises: bool,
        watch: Callable[[str], None] | None,
    ) -> None:
        self.specification = specification
        self.limits = limits
        self.queries = queries
        self.minimises = minimises
        self.watch = watch or (lambda name: None)
        self.translation = Translation(specification)
        self.initial = [self.translation.formula(conjunct.formula) for conjunct in specification.initial]
        self.lemmas = [self.translation.formula(lemma.formula) for lemma in specification.lemmas]

    def initiation(self) -> Iterator[Obligation]:
        for lemma in self.specification.lemmas:
            yield self._obligation(Part.INITIATION, lemma, None, {}, self.initial, self.specification.initial)

    def consecution(self) -> Iterator[Obligation]:
        for action in self.specification.actions:
            parameters = self.translation.parameters(action.parameters)
            known = [*self.lemmas, self.translation.formula(action.step.guard, parameters)]
            for lemma in self.specification.lemmas:
                yield self._obligation(
                    Part.CONSECUTION, lemma, action, parameters, known, self.specification.lemmas
                )

    def safety(self) -> Iterator[Obligation]:
        for goal in self.specification.goals:
            yield self._obligation(Part.SAFETY, goal, None, {}, self.lemmas, self.specification.lemmas)

    def firings(self) -> Iterator[Firing]:
        for action in self.specification.actions:
            parameters = self.translation.parameters(action.parameters)
            guard = self.translation.formula(action.step.guard, parameters)
            reply = self._ask(f"firing of {action.name}", [*self.lemmas, guard])
            yield Firing(action, _is_sat(reply.answer), reply.seconds, reply.why)

    def can_start(self) -> bool | None:
        return _is_sat(self._ask("start", self.initial).answer)

    def _obligation(
        self,
        part: Part,
        conjunct: Conjunct,
        action: Action | None,
        parameters: dict[Sort, Any],
        known: list[Any],
        assumed: tuple[Conjunct, ...],
    ) -> Obligation:
        name = f"{part.value} of {conjunct.name}" + (f" under {action.name}" if action else "")
        self.watch(name)
        holds = self.translation.formula(conjunct.formula, parameters, action.step if action else None)
        assertions = [*known, self.translation.z3.Not(holds)]
        reply = self._ask(name, assertions)
        if reply.answer is Answer.UNSAT:
            return Obligation(part, conjunct, Outcome.PROVED, reply.seconds, action)
        if reply.answer is Answer.UNKNOWN:
            return Obligation(part, conjunct, Outcome.UNKNOWN, reply.seconds, action, reply.why)
        counterexample = None
        if self.minimises:
            everything = [*self.translation.background, *assertions]
            found = smallest(self.translation, everything, parameters, self.limits)
            if found is not None:
                before, values = found
                counterexample = confirmed(self.specification, conjunct, before, action, values, assumed)
        return Obligation(
            part, conjunct, Outcome.REFUTED, reply.seconds, action, counterexample=counterexample
        )

    def _ask(self, name: str, assertions: list[Any]) -> Any:
        everything = [*self.translation.background, *assertions]
        reply = ask(self.translation.context, everything, self.limits, keeps_query=self.queries is not None)
        if self.queries is not None:
            self.queries.mkdir(parents=True, exist_ok=True)
            told = f"; {self.specification.name}: {name}\n; z3 answered {reply.answer.value}\n"
            path = self.queries / f"{name.replace(' ', '-')}.smt2"
            path.write_text(told + reply.query, encoding="utf-8")
        return reply


def _is_sat(answer: Answer) -> bool | None:
    return None if answer is Answer.UNKNOWN else answer is Answer.SAT
