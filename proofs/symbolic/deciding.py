"""Deciding a promise without going through all states: a violation by bounded search, or a proof by induction."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable
from typing import Any

from attrs import frozen

from everyway.explorer import Outcome, Visit
from everyway.invariants.property import Broken, Property
from everyway.models.language import System

from .automata import Automata
from .bounded import Bounded, search
from .claims import Claim, TooManyLessonsError
from .frames import refuse_repeats
from .induction import Induction, told
from .sat import SolverGaveUpError

DEPTH = 20
MOST_K = 3
FIRST_DEPTH = 8
"""Runs of so many steps are looked at before a proof is tried: most mistakes show there."""


@frozen
class SymbolicVerdict:
    """What a solver says of a promise."""

    property: Property
    outcome: Outcome
    """``HOLDS`` only by an inductive proof whose base and step were both refuted; ``VIOLATED`` with a run."""
    depth: int
    """No run of at most so many steps breaks it; -1 if that is not known of any."""
    path: tuple[Visit, ...] | None = None
    """A shortest run that breaks it, taken by the plain semantics."""
    broken: Broken | None = None
    k: int | None = None
    """How many steps the induction looks back."""
    lemmas: tuple[str, ...] = ()
    """What the induction rests on, in words: an inductive set by itself."""
    why: str = ""
    """For unknown: why there is no proof, and what stopped the search."""
    seconds: float = 0.0
    values: int = 0
    """How many values all nodes have together."""
    messages: int = 0
    clauses: int = 0
    """Of the bounded search."""
    questions: int = 0
    """That handlers were asked."""

    @builtins.property
    def length(self) -> int | None:
        """The number of steps of the counterexample; None if there is none."""
        return None if self.path is None else len(self.path) - 1


def decide(
    system: System,
    prop: Property,
    *,
    depth: int = DEPTH,
    most_k: int = MOST_K,
    max_seconds: float | None = None,
    watcher: Callable[[str], None] | None = None,
) -> SymbolicVerdict:
    """Decide a promise about every state: look for a shortest run that breaks it, and for a proof that none does.

    Args:
        system: a protocol without faults and observers, on a bag or a set network.
        prop: the promise, an ``always`` or ``never``.
        depth: how long the runs are that are looked at.
        most_k: how many steps an induction may look back.
        max_seconds: how long all of it may take.
        watcher: is told what is being done.

    Raises:
        UsageError: for systems and promises that are not understood; exploring them is what is left.
    """
    started = time.monotonic()
    deadline = None if max_seconds is None else started + max_seconds
    tell = watcher or (lambda words: None)
    automata = Automata(system)
    claim = Claim(prop, automata)
    bounded = Bounded(automata, claim)
    facts: dict[str, Any] = {}

    def verdict(outcome: Outcome, **more: Any) -> SymbolicVerdict:
        return SymbolicVerdict(
            prop,
            outcome,
            **{"depth": facts.get("depth", -1), **more},
            seconds=time.monotonic() - started,
            values=automata.count,
            messages=len(automata.envelopes),
            clauses=bounded.solver.clauses,
            questions=automata.questions,
        )

    def looked(until: int) -> SymbolicVerdict | None:
        """Look at runs up to a length; return the verdict if one breaks the promise, or the search ended early."""
        first = facts.get("depth", -1) + 1
        answer = search(
            bounded,
            until,
            deadline=deadline,
            first=first,
            watcher=lambda length: tell(f"no run of {length} steps breaks it"),
        )
        facts["depth"] = answer.depth
        if answer.path is not None:
            flaw = prop.judge(answer.path[-1].state)
            return verdict(Outcome.VIOLATED, path=answer.path, broken=flaw)
        return verdict(Outcome.UNKNOWN, why=answer.why) if answer.why else None

    try:
        ended = looked(min(depth, max(FIRST_DEPTH, most_k)))
        if ended is not None:
            return ended
        why = ""
        try:
            tell("closing the nodes' automata")
            automata.close()
            refuse_repeats(automata)
            induction = Induction(automata)
            for size in (2, 3):
                if size == 3 and (ended := looked(depth)) is not None:
                    return ended
                tell(f"looking for lemmas, {size} facts at a time")
                induction.find_lemmas(size, deadline)
                for k in range(min(depth, most_k) + 1):
                    tell(f"{len(induction.lemmas)} lemmas; induction over {k} steps")
                    proof = induction.prove(claim, k, deadline)
                    if proof.is_proved and induction.check_lemmas():
                        lemmas = tuple(told(lemma) for lemma in induction.lemmas)
                        return verdict(Outcome.HOLDS, k=k, lemmas=lemmas)
                    why = proof.why
        except TooManyLessonsError as error:
            why = str(error)
        except SolverGaveUpError:
            why = "the time was up before a proof was found"
        ended = looked(depth)
        if ended is not None:
            return ended
        return verdict(Outcome.UNKNOWN, why=f"no proof: {why}" if why else "no proof was found")
    except TooManyLessonsError as error:
        return verdict(Outcome.UNKNOWN, why=str(error))
