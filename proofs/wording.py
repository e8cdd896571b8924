"""The words of a proof's report, which the terminal and the picture share."""

from __future__ import annotations

from attrs import frozen

from everyway.models.language.naming import enumerated

from .counterexample import CounterexampleToInduction
from .induction import Outcome, Proof
from .language import Theory, told
from .language.substitution import named, substituted
from .portrait import instance_values


def title(theory: type[Theory]) -> str:
    """Return what the theory is of, e.g. "Paxos (ignore-highest)"."""
    name = theory.textbook().__name__
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()
    words = words[0] + words[1:].lower()
    return f"{words} ({theory.variant})" if theory.variant else words


def covers(proof: Proof) -> str:
    """Return for what the theorem is, e.g. "for any number of acceptors, ballots and values"."""
    return f"for any number of {enumerated([kind.words() for kind in proof.specification.counted])}"


def headline(proof: Proof) -> str:
    """Return the outcome in a sentence."""
    count = len(proof.obligations)
    failed = len(proof.refuted)
    unknown = sum(obligation.outcome is Outcome.UNKNOWN for obligation in proof.obligations)
    if failed:
        return f"not proved: {failed} of {count} obligations fail{'s' if failed == 1 else ''}"
    if unknown:
        return f"unknown: z3 could not decide {unknown} of {count} obligations"
    return f"proved {covers(proof)}"


@frozen
class Broken:
    """What a counterexample breaks."""

    sentence: str
    formula: str
    """The conjunct, of the elements for which it fails."""


def says_broken(counterexample: CounterexampleToInduction, *, ascii_only: bool = False) -> Broken:
    """Return what a counterexample breaks, in words and of the very elements."""
    conjunct = counterexample.conjunct
    where = "the state after it" if counterexample.action else "this state"
    instance = substituted(conjunct.body, named(instance_values(counterexample)))
    about = f": {conjunct.about}" if conjunct.about else ""
    return Broken(
        f"{conjunct.name}{about}",
        f"In {where} this fails: {told(instance, ascii_only=ascii_only)}",
    )


def unreachable_perhaps(proof: Proof) -> str:
    """Return the sentence that says what counterexamples to induction do not say."""
    return (
        "Nobody knows yet whether such states are ever reached. If they are, the protocol is wrong; if not, a lemma is "
        "missing."
    )
