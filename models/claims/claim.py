"""A claim: a sentence of the study notes, made precise, with the cases that decide it and what is expected of each."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import field, frozen

from everyway.invariants import Property
from everyway.models.language import Fairness, Faults, Network, Timeouts


class Ruling(Enum):
    """What is to be said of a sentence as the notes have it; the value is the word that a reader sees."""

    HOLDS = "holds"
    VIOLATED = "violated"
    """The sentence is false."""
    REACHABLE = "reachable"
    """The sentence says that something can happen, and it can."""
    CONDITIONAL = "conditional"
    """True under an assumption that the sentence does not make; both sides are checked."""
    DEFINITION = "definition"
    """The sentence says what the model is; that the model is like that is checked where it can be."""
    UNCHECKED = "not checkable"
    """Nothing that could be checked; ``Claim.why`` says why, and the cases check what it rests on."""


class Expected(Enum):
    """What a check of one case is to find; the value is the word that a reader sees."""

    HOLDS = "holds"
    VIOLATED = "violated"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"


@frozen
class Case:
    """One check: a model under bounds, a property, and what is expected."""

    subject: Any
    """A protocol, or any system with ``initial()`` and ``steps(state)``."""
    property: Property
    expected: Expected
    when: str = ""
    """What is special about the case, in a few words."""
    length: int | None = None
    """The expected number of steps of the counterexample or the witness; None if it does not matter."""
    faults: Faults = field(factory=Faults)
    timeouts: Timeouts | None = None
    network: Network | None = None
    fairness: Fairness | None = None
    is_slow: bool = False
    """Whether ``--quick`` leaves it out."""


@frozen
class Calculation:
    """A claim that is a formula: what explored models or exact enumeration give, beside the closed form."""

    words: str
    """What is calculated."""
    compute: Callable[[Callable[..., Any]], Any]
    """Is called with ``everyway.check`` and returns what is to be compared; what needs no check ignores it."""
    formula: Any
    """What it must be equal to."""
    is_slow: bool = False


@frozen
class Claim:
    """A sentence of the notes, and all that decides it."""

    id: str
    """E.g. ``2pc.blocking``; the part before the point is the system."""
    line: str
    """The notes' line or lines, e.g. ``L60``; empty for what the notes only imply."""
    words: str
    """A few of the notes' own words."""
    sentence: str
    """What is claimed, in English."""
    ruling: Ruling
    """What is to be said of it."""
    why: str
    """The reason, in a sentence or two."""
    cases: tuple[Case | Calculation, ...] = ()
    reference: str = ""
    """Where it is argued: paper and section."""

    @property
    def system(self) -> str:
        """The system that the claim is about."""
        return self.id.partition(".")[0]


def _case(expected: Expected) -> Callable[..., Case]:
    def make(
        subject: Any,
        prop: Property,
        when: str = "",
        *,
        length: int | None = None,
        slow: bool = False,
        timeouts: str | None = None,
        network: str | None = None,
        fairness: str | None = None,
        **budgets: Any,
    ) -> Case:
        return Case(
            subject,
            prop,
            expected,
            when,
            length,
            Faults(**budgets),
            None if timeouts is None else Timeouts(timeouts),
            None if network is None else Network(network),
            None if fairness is None else Fairness.parsed(fairness),
            slow,
        )

    return make


holds = _case(Expected.HOLDS)
"""``holds(protocol, property, "when", crashes=1, timeouts="early", ...)``: expect it to hold in the whole space."""
violated = _case(Expected.VIOLATED)
"""The same for a property that is expected to be violated."""
reachable = _case(Expected.REACHABLE)
"""The same for a ``possible`` property that is expected to have a witness."""
unreachable = _case(Expected.UNREACHABLE)
"""The same for a ``possible`` property that is expected to have none."""
