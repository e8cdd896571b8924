"""What is known: how many states and transitions there are."""

from __future__ import annotations

GRAY_LAMPORT = {
    1: (12, 19),
    2: (56, 153),
    3: (288, 1_145),
    4: (1_568, 8_257),
    5: (8_832, 58_145),
    7: (296_448, 2_744_705),
    9: (10_340_352, 123_558_401),
}
"""States and transitions of Gray & Lamport's two-phase commit, by managers."""


PAXOS = {
    (1, 1): (9, 14),
    (2, 2): (585, 2_572),
    (3, 1): (237, 1_207),
    (3, 2): (36_297, 263_130),
    (3, 3): (4_959_765, 45_559_377),
}
"""States and transitions of Paxos with two values, by acceptors and proposers."""


def orbits(managers: int) -> int:
    """Return how many states Gray & Lamport's two-phase commit has up to renaming of its managers.

    While the transaction manager waits, a manager is in one of four conditions: working, aborted, prepared, or heard
    to be prepared. Once it commits, in one of two; once it aborts, of six, for who prepared may have aborted since.
    So there are 4^n + 2^n + 6^n states; up to renaming, what counts is how many managers are in each condition.
    """

    def spread(conditions: int) -> int:
        """In how many ways so many managers, all alike, are spread over conditions."""
        ways = 1
        for number in range(1, conditions):
            ways = ways * (managers + number) // number
        return ways

    return spread(4) + spread(2) + spread(6)
