"""The study notes' claims: each sentence that can be true or false, with the checks that decide it.

``claim.py`` says what a claim is; the others hold them, by the part of the notes that they are from. ``CLAIMS`` has
all, in the notes' order.
"""

from __future__ import annotations

from everyway.models.language.errors import UsageError, did_you_mean

from . import basics, cap_and_base, paxos, raft, three_phase_commit, transactions, two_phase_commit
from .claim import Calculation, Case, Claim, Expected, Ruling

CLAIMS: tuple[Claim, ...] = (
    *basics.CLAIMS,
    *cap_and_base.CLAIMS,
    *transactions.ACID,
    *two_phase_commit.CLAIMS,
    *three_phase_commit.CLAIMS,
    *transactions.OUTBOX,
    *paxos.CLAIMS,
    *raft.CLAIMS,
)
"""All claims, in the order of the notes."""


def claims_of(words: str) -> tuple[Claim, ...]:
    """Return the claims of a system, e.g. ``paxos``, or the one of this id, e.g. ``paxos.agreement``.

    Raises ``UsageError`` for what is neither, naming the nearest.
    """
    found = tuple(claim for claim in CLAIMS if words in (claim.system, claim.id))
    if not found:
        known = [*dict.fromkeys(claim.system for claim in CLAIMS), *(claim.id for claim in CLAIMS)]
        systems = ", ".join(dict.fromkeys(claim.system for claim in CLAIMS))
        raise UsageError(
            f"no claims of '{words}'.{did_you_mean(words, known)} There are claims of {systems}."
        )
    return found


__all__ = ["CLAIMS", "Calculation", "Case", "Claim", "Expected", "Ruling", "claims_of"]
