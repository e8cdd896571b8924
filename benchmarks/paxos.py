"""Single-decree Paxos over a network that forgets nothing: every proposer has one number and uses it once.

A proposer asks all acceptors to promise that they accept nothing under a lower number; once a majority has, it
proposes the value of the highest-numbered proposal that one of them had accepted, or any value if there is none.
A proposal is chosen when a majority has accepted it; the learner finds that out. Nothing fails, yet every message
may arrive late, again or never, which covers losses and repetitions, and crashes of nodes that remember.

Lamport, "Paxos made simple", ACM SIGACT News 32 (2001), section 2. Not one of everyway's models: it is here to be
measured, and ``paxos.pml`` is the same for SPIN, state by state. With three acceptors and two values it has

===========  ===========  =============
proposers         states    transitions
===========  ===========  =============
1                    237          1,207
2                 36,297        263,130
3              4,959,765     45,559,377
===========  ===========  =============

of which the first two are quickly checked with

    everyway check benchmarks/paxos.py:Paxos --proposers 2
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway import (
    Message,
    Network,
    Node,
    NodeId,
    Property,
    Protocol,
    Steps,
    World,
    always,
    broken,
    choice,
    durable,
    on,
    parameter,
    possible,
)


@frozen
class Proposal:
    """A value under a number; different proposals have different numbers."""

    number: int
    value: str


@frozen
class Prepare(Message):
    """Promise to accept nothing under a lower number, and say what you have accepted."""

    number: int


@frozen
class Promise(Message):
    """I promise, and this is the highest-numbered proposal that I have accepted, if any."""

    accepted: Proposal | None


@frozen
class Accept(Message):
    """Accept this proposal."""

    proposal: Proposal


@frozen
class Accepted(Message):
    """I have accepted this proposal."""

    proposal: Proposal


class Phase(Enum):
    """How far a proposer has come."""

    IDLE = "idle"
    PREPARING = "preparing"
    PROPOSED = "proposed"


@frozen
class Proposer(Node):
    """Gets a majority's promises, then proposes a value that cannot contradict what was chosen."""

    number: int
    values: tuple[str, ...]
    acceptors: frozenset[NodeId]
    majority: int
    phase: Phase = durable(Phase.IDLE)
    promised: frozenset[NodeId] = durable(frozenset())
    """Who has promised; forgotten once the value is proposed."""
    highest: Proposal | None = durable(None)
    """The highest-numbered proposal that one of them had accepted; forgotten likewise."""
    proposed: str | None = durable(None)

    @choice
    def prepare(self) -> Steps:
        """Phase 1 (a): send a prepare request with the number to the acceptors."""
        if self.phase is Phase.IDLE:
            return self.become(phase=Phase.PREPARING).send(self.acceptors, Prepare(self.number))
        return None

    @on(Promise)
    def count_promise(self, message: Promise, acceptor: NodeId) -> Steps:
        """Phase 2 (a): with the promises of a majority, send an accept request."""
        if self.phase is not Phase.PREPARING:
            return None
        promised = self.promised | {acceptor}
        highest = later(self.highest, message.accepted)
        if len(promised) < self.majority:
            return self.become(promised=promised, highest=highest)
        return [self.propose(value) for value in ([highest.value] if highest else self.values)]

    def propose(self, value: str) -> Any:
        """Return the step that proposes a value."""
        done = self.become(phase=Phase.PROPOSED, promised=frozenset(), highest=None, proposed=value)
        return done.send(self.acceptors, Accept(Proposal(self.number, value))).named(f"propose {value}")


def later(one: Proposal | None, other: Proposal | None) -> Proposal | None:
    """Return the proposal with the higher number."""
    if one is None or other is None:
        return one or other
    return one if one.number >= other.number else other


@frozen
class Acceptor(Node):
    """Remembers the highest number that it has promised, and the last proposal that it has accepted."""

    learner: NodeId
    promised: int = durable(0)
    accepted: Proposal | None = durable(None)

    @on(Prepare)
    def promise(self, message: Prepare, proposer: NodeId) -> Steps:
        """Phase 1 (b): promise if the number is greater than that of any prepare request answered before."""
        if message.number > self.promised:
            return self.become(promised=message.number).send(proposer, Promise(self.accepted))
        return None

    @on(Accept)
    def accept(self, message: Accept) -> Steps:
        """Phase 2 (b): accept unless a prepare request with a greater number was answered."""
        proposal = message.proposal
        if proposal.number >= self.promised:
            accepted = self.become(promised=proposal.number, accepted=proposal)
            return accepted.send(self.learner, Accepted(proposal))
        return None


@frozen
class Learner(Node):
    """Hears from acceptors what they have accepted, and so learns what is chosen (section 2.3)."""

    majority: int
    votes: frozenset[tuple[Proposal, NodeId]] = durable(frozenset())

    @on(Accepted)
    def learn(self, message: Accepted, acceptor: NodeId) -> Steps:
        """Note that an acceptor has accepted a proposal."""
        return self.become(votes=self.votes | {(message.proposal, acceptor)})

    @property
    def chosen(self) -> set[Proposal]:
        """The proposals that a majority has accepted."""
        proposals = [proposal for proposal, _ in self.votes]
        return {proposal for proposal in proposals if proposals.count(proposal) >= self.majority}


@always
def agreement(world: World) -> Any:
    """Only a single value is chosen."""
    for learner in world.nodes(Learner):
        values = sorted({proposal.value for proposal in learner.chosen})
        if len(values) > 1:
            return broken(f"{' and '.join(values)} were chosen", learner)
    return True


@always
def validity(world: World) -> Any:
    """Only a value that has been proposed may be chosen."""
    for learner in world.nodes(Learner):
        for proposal in learner.chosen:
            proposer = world[f"P{proposal.number}"]
            if not isinstance(proposer, Proposer) or proposer.proposed != proposal.value:
                return broken(f"{proposal.value} was chosen under {proposal.number}, not proposed", learner)
    return True


@possible
def a_value_is_learned(world: World) -> bool:
    """A value can be chosen and learned."""
    return any(learner.chosen for learner in world.nodes(Learner))


@frozen
class Paxos(Protocol):
    """Single-decree Paxos over a network that forgets nothing."""

    network: ClassVar[Network] = Network.SET
    tones: ClassVar[dict[str, str]] = {"PREPARING": "wait", "PROPOSED": "near"}

    acceptors: int = parameter(3, help="how many acceptors there are", at_least=1)
    proposers: int = parameter(3, help="how many proposers there are, each with a number", at_least=1)
    values: int = parameter(2, help="how many values may be proposed", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        """Return the proposers, the acceptors and the learner."""
        majority = self.acceptors // 2 + 1
        values = tuple(f"v{number}" for number in range(1, self.values + 1))
        return {
            **{
                f"P{number}": Proposer(number, values, frozenset(self.acceptor_names), majority)
                for number in range(1, self.proposers + 1)
            },
            **{name: Acceptor("L") for name in self.acceptor_names},
            "L": Learner(majority),
        }

    @property
    def acceptor_names(self) -> list[NodeId]:
        """The acceptors' names."""
        return [f"A{number}" for number in range(1, self.acceptors + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        """Return the acceptors: no message or state tells them apart but by name."""
        return [self.acceptor_names]

    def promises(self) -> Iterable[Property]:
        """Return what Paxos promises, and that it can get anywhere."""
        return [agreement, validity, a_value_is_learned]
