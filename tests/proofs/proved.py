"""Proofs of the catalogue's theories, made once for all tests."""

from __future__ import annotations

from functools import cache

from everyway.proofs.catalogue import theorem, theory_variant
from everyway.proofs.induction import Obligation, Proof, prove


@cache
def proof(name: str, variant: str = "") -> Proof:
    """Return the proof of a theory of the catalogue, or what came of it in a variant."""
    return prove(theory_variant(theorem(name).load(), variant, name).specification())


def refuted(name: str, variant: str) -> Obligation:
    """Return the first obligation that fails in a variant."""
    return proof(name, variant).refuted[0]
