"""Proofs of the catalogue's theories, made once for all tests."""

from __future__ import annotations

from functools import cache

from everyway.proofs.catalogue import theorem, theory_variant
from everyway.proofs.induction import Obligation, Proof, prove
from everyway.proofs.solver import SolverLimits


@cache
def proof(name: str, variant: str = "") -> Proof:
    """Return the proof of a theory of the catalogue, or what came of it in a variant."""
    # z3's time-out goes by the clock: on a machine that is busy otherwise, milliseconds of work may take long.
    return prove(theory_variant(theorem(name).load(), variant, name).specification(), SolverLimits(60.0))


def refuted(name: str, variant: str) -> Obligation:
    """Return the first obligation that fails in a variant."""
    return proof(name, variant).refuted[0]
