"""Lamport's Paxos as in the public TLA+ specification: proposers have no state, and look at all that was ever sent.

In this language nobody sees a message before it is delivered, so this is a plain transition system.
"""

from itertools import combinations

from attrs import evolve, field, frozen


@frozen
class State:
    """What each acceptor has promised and accepted, and all messages."""

    promised: tuple[int, ...]
    accepted: tuple[tuple[int, str | None], ...]
    """The ballot and the value; -1 and None for nothing."""
    prepares: frozenset[int] = frozenset()
    promises: frozenset[tuple[int, int, tuple[int, str | None]]] = frozenset()
    """Who promised which ballot, and what it had accepted."""
    accepts: frozenset[tuple[int, str]] = frozenset()
    votes: frozenset[tuple[int, int, str]] = frozenset()


@frozen
class Paxos:
    acceptors: int = 3
    values: tuple[str, ...] = ("v1", "v2")
    ballots: int = 2
    quorums: list[frozenset[int]] = field(init=False)

    @quorums.default
    def _majorities(self):
        size = self.acceptors // 2 + 1
        return [frozenset(one) for one in combinations(range(self.acceptors), size)]

    def initial(self):
        yield State((-1,) * self.acceptors, ((-1, None),) * self.acceptors)

    def steps(self, state):
        for ballot in range(self.ballots):
            yield "1a", evolve(state, prepares=state.prepares | {ballot})
            for value in self.values:
                for _ in range(self.reasons(state, ballot, value)):
                    yield "2a", evolve(state, accepts=state.accepts | {(ballot, value)})
        for acceptor in range(self.acceptors):
            promised, accepted = state.promised[acceptor], state.accepted[acceptor]
            for ballot in sorted(state.prepares):
                if ballot > promised:
                    promise = (acceptor, ballot, accepted)
                    yield (
                        "1b",
                        evolve(
                            state,
                            promised=_put(state.promised, acceptor, ballot),
                            promises=state.promises | {promise},
                        ),
                    )
            for ballot, value in sorted(state.accepts):
                if ballot >= promised:
                    yield (
                        "2b",
                        evolve(
                            state,
                            promised=_put(state.promised, acceptor, ballot),
                            accepted=_put(state.accepted, acceptor, (ballot, value)),
                            votes=state.votes | {(acceptor, ballot, value)},
                        ),
                    )

    def reasons(self, state, ballot, value):
        """Return for how many reasons a value may be proposed in a ballot: TLC takes the step once for each.

        A reason is a quorum that has promised, and of what it had accepted the highest, or that it had nothing.
        """
        if any(ballot == other for other, _ in state.accepts):
            return 0
        count = 0
        for quorum in self.quorums:
            told = [one for one in state.promises if one[0] in quorum and one[1] == ballot]
            known = [accepted for _, _, accepted in told if accepted[0] >= 0]
            if quorum <= {one[0] for one in told}:
                highest = max((number for number, _ in known), default=None)
                count += known.count((highest, value)) if known else 1
        return count


def _put(values, position, value):
    return (*values[:position], value, *values[position + 1 :])
