"""A proof by induction as JSON values; ``docs/proofs.md`` describes them."""

from __future__ import annotations

from typing import Any

from .counterexample import CounterexampleToInduction
from .fragment import leaves_fragment
from .induction import EXIT_CODES, Obligation, Proof
from .language import Conjunct, Structure, Theory, told
from .wording import covers, title

SCHEMA = "everyway-prove/1"


def as_json(name: str, theory: type[Theory], proof: Proof) -> dict[str, Any]:
    """Return a proof as values that JSON knows; ``name`` is the theorem as the user named it."""
    made = proof.specification
    cycle = leaves_fragment(made)
    return {
        "schema": SCHEMA,
        "kind": "induction",
        "theorem": name,
        "variant": theory.variant or None,
        "title": title(theory),
        "sentence": theory.about(),
        "covers": covers(proof),
        "note": theory.note or None,
        "outcome": proof.outcome.value,
        "exit_code": EXIT_CODES[proof.outcome],
        "seconds": round(proof.seconds, 3),
        "goals": [_conjunct(goal) for goal in made.goals],
        "lemmas": [_conjunct(lemma) for lemma in made.lemmas],
        "axioms": [_conjunct(axiom) for axiom in made.axioms],
        "obligations": [_obligation(obligation) for obligation in proof.obligations],
        "actions": [
            {"name": firing.action.name, "can_be_taken": firing.can, "seconds": round(firing.seconds, 4)}
            for firing in proof.firings
        ],
        "leaves_decidable_fragment": str(cycle) if cycle is not None else None,
        "notices": list(proof.vacuities),
    }


def _conjunct(conjunct: Conjunct) -> dict[str, Any]:
    return {"name": conjunct.name, "sentence": conjunct.about or None, "formula": told(conjunct.formula)}


def _obligation(obligation: Obligation) -> dict[str, Any]:
    return {
        "part": obligation.part.value,
        "conjunct": obligation.conjunct.name,
        "action": obligation.action.name if obligation.action else None,
        "outcome": obligation.outcome.value,
        "seconds": round(obligation.seconds, 4),
        "why": obligation.why or None,
        "counterexample": _counterexample(obligation.counterexample) if obligation.counterexample else None,
    }


def _counterexample(counterexample: CounterexampleToInduction) -> dict[str, Any]:
    return {
        "before": _structure(counterexample.before),
        "action": counterexample.action.name if counterexample.action else None,
        "parameters": dict(counterexample.values),
        "after": _structure(counterexample.after) if counterexample.after else None,
        "broken": counterexample.conjunct.name,
        "fails_for": dict(counterexample.instance),
    }


def _structure(structure: Structure) -> dict[str, Any]:
    return {
        "elements": {kind.word(): list(elements) for kind, elements in structure.elements.items()},
        "relations": {name: sorted(map(list, tuples)) for name, tuples in structure.relations.items()},
        "functions": {
            name: [[*arguments, value] for arguments, value in sorted(values.items())]
            for name, values in structure.functions.items()
        },
    }
