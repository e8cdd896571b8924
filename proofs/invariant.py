"""An invariant that was found: what is left of the candidates, what was dropped where, and what it proves."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import evolve, frozen

from .induction import Outcome
from .language.specification import Action, Conjunct, Specification
from .language.structure import Structure


class Stage(Enum):
    """Where a candidate was dropped."""

    EXPLORED = "explored"
    """It is false in a state that can be reached."""
    INITIATION = "initiation"
    """It is false in some initial state."""
    CONSECUTION = "consecution"
    """Some step makes it false."""
    UNKNOWN = "unknown"
    """z3 could not tell."""


@frozen(eq=False)
class Dropped:
    """A candidate that is not part of the invariant."""

    conjunct: Conjunct
    stage: Stage
    where: tuple[int, int] = (-1, -1)
    """For what was explored: in which of the given structures it is false, and the number of the first one there."""
    state: Structure | None = None
    """For what z3 refuted: a state in which it is false, initial or after the step."""
    action: Action | None = None
    """The action whose step makes it false, or of which z3 could not tell."""
    why: str = ""
    """Why it is unknown."""


@frozen(eq=False)
class Invariant:
    """What is left of the candidates."""

    specification: Specification
    kept: tuple[Conjunct, ...]
    """Inductive, all together; the last ones follow from those before them."""
    dropped: tuple[Dropped, ...]
    trivial: int
    """How many candidates follow from the axioms alone; they are left out."""
    goals: Mapping[str, Outcome]
    """For each goal whether what is kept implies it; refuted means that it does not."""
    needed: tuple[Conjunct, ...]
    """Enough of what is kept to be inductive and to imply the goals that are implied."""
    candidates: int
    """How many candidates were looked at, of a template's those that no shorter one made superfluous."""
    structures: int
    """In how many explored structures they were asked."""
    silent: tuple[str, ...]
    """The relations that never hold of anything there, so that the template leaves them out."""
    queries: int
    """How often z3 was asked."""
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """Proved if all goals are; refuted if what is kept does not imply one; otherwise unknown."""
        found = set(self.goals.values())
        if Outcome.REFUTED in found:
            return Outcome.REFUTED
        return Outcome.UNKNOWN if Outcome.UNKNOWN in found else Outcome.PROVED

    @property
    def proves(self) -> Specification:
        """The specification with what is needed for its lemmas, to be proved as a whole."""
        return evolve(self.specification, lemmas=self.needed)
