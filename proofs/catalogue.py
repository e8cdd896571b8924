"""The theorems that come with everyway, by the names of the command line.

Not all are proved in the same way. A theorem of kind "induction" is a ``Theory``. One of another kind names the
command that proves it, which may be a hidden one with options of its own: ``everyway prove cap --nodes 3`` is then
``everyway prove-cap --nodes 3``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from everyway.models.language.errors import UsageError, did_you_mean

from .language import Theory


@frozen
class Theorem:
    """What can be proved, in a line."""

    kind: str
    """How it is proved, in a word."""
    place: str
    """Where it is found: module and name."""
    sentence: str
    """What it says."""
    model: str = ""
    """The explored model of the same protocol, by its name in `everyway list`."""
    command: str = ""
    """The command that proves it; empty for induction."""

    def load(self) -> Any:
        """Return what stands at the place; its module is imported only now."""
        module, _, name = self.place.partition(":")
        return getattr(importlib.import_module(module), name)

    def variants(self) -> tuple[str, ...]:
        """Return the names of its variants; only theories have any."""
        return tuple(self.load().variants()) if self.kind == "induction" else ()


def _inductive(place: str, sentence: str, model: str) -> Theorem:
    return Theorem("induction", f"everyway.proofs.theories.{place}", sentence, model)


THEOREMS: Mapping[str, Theorem] = {
    "2pc": _inductive("two_phase_commit:TwoPhaseCommit", "Nobody commits while another aborts.", "2pc"),
    "paxos": _inductive("paxos:Paxos", "No two different values are ever chosen.", "paxos"),
    "paxos-strict": _inductive(
        "paxos_strict:PaxosStrict", "Paxos with > in place of ≥ chooses nothing.", "paxos"
    ),
    "raft": _inductive("raft_election:RaftElection", "At most one leader is elected in a term.", "raft"),
    "split-brain": _inductive("split_brain:SplitBrain", "One side at most leads and commits.", "split-brain"),
    "register": _inductive("register:MajorityRegister", "A register kept by majorities is atomic.", "abd"),
    "outbox": _inductive("outbox:Outbox", "Nothing is lost, and nothing is done twice.", "outbox"),
    "cap": Theorem(
        "synthesis",
        "everyway.proofs.synthesis:prove_cap",
        "No strategy is consistent and available under partitions.",
        model="cap",
        command="prove-cap",
    ),
    "fencing": _inductive("fencing:Fencing", "No late write undoes a later one.", "lease-lock"),
}
"""In the order in which they are listed."""


def theorem(name: str) -> Theorem:
    """Return the theorem of this name.

    Raises ``UsageError`` for an unknown name, naming the nearest.
    """
    if name not in THEOREMS:
        raise UsageError(
            f"unknown theorem '{name}'.{did_you_mean(name, THEOREMS)} `everyway prove` lists all {len(THEOREMS)}."
        )
    return THEOREMS[name]


def theory_variant(theory: type[Theory], variant: str, word: str) -> type[Theory]:
    """Return a variant of a theory; the theory itself for no name.

    Raises ``UsageError`` for an unknown name, naming the nearest; ``word`` is how the user named the theory.
    """
    if not variant:
        return theory
    variants = theory.variants()
    if variant not in variants:
        known = ", ".join(variants) or "it has none"
        raise UsageError(
            f"{word} has no variant '{variant}'.{did_you_mean(variant, variants)} Variants: {known}."
        )
    return variants[variant]
