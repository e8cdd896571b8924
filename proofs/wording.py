"""The words of a proof's report, which the terminal and the picture share."""

from __future__ import annotations

from attrs import frozen

from everyway.models.language.naming import enumerated

from .counterexample import CounterexampleToInduction
from .induction import Obligation, Outcome, Part, Proof
from .language import TRUE, Step, Theory, told
from .language.formula import And, Equal
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


def may_be_reached(obligation: Obligation) -> str:
    """Return what a counterexample says of the protocol, and what it does not."""
    if obligation.part is Part.INITIATION:
        return f"It is a state at the start: {obligation.conjunct.name} does not hold in the protocol."
    return (
        "Nobody knows yet whether such states are ever reached. If they are, the protocol is wrong; if not, a lemma is "
        "missing."
    )


def says_changes(step: Step, *, ascii_only: bool = False) -> str:
    """Return what a step changes, e.g. "adds voted(a, b, v); removes left(x, c) where x = a"."""
    words = []
    for edit in step.edits:
        verb = "adds" if edit.adds else "removes"
        parts = edit.formula.parts if isinstance(edit.formula, And) else (edit.formula,)
        # What add() and remove() were told: each variable is one term.
        terms = {part.left: part.right for part in parts if isinstance(part, Equal)}
        name = edit.relation.name
        if edit.formula is TRUE:
            words.append(f"{verb} {'' if not edit.variables else 'all '}{name}")
        elif len(terms) == len(parts) == len(edit.variables) and all(one in terms for one in edit.variables):
            words.append(f"{verb} {name}({', '.join(str(terms[one]) for one in edit.variables)})")
        else:
            given = ", ".join(variable.name for variable in edit.variables)
            words.append(f"{verb} {name}({given}) where {told(edit.formula, ascii_only=ascii_only)}")
    for setting in step.settings:
        given = ", ".join(map(str, setting.arguments))
        words.append(f"sets {setting.function.name}{f'({given})' if given else ''} to {setting.value}")
    return "; ".join(words) or "changes nothing"
