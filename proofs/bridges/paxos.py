"""Paxos, explored, as the theory of Paxos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from everyway.invariants.consistency import EverSeen
from everyway.models.language import Envelope, Event, Node, NodeId, Observer
from everyway.models.paxos import Accept, Acceptor, Learner, Paxos, Prepare, Proposal
from everyway.proofs.bridge import Bridge, Fact, majorities, memberships
from everyway.proofs.evaluation import Element
from everyway.proofs.language.sort import Sort
from everyway.proofs.theories import paxos as theory

Theory = theory.Paxos


def promises(event: Event) -> Iterator[tuple[NodeId, int]]:
    """Yield which acceptor promises which number."""
    if event.node is not None and event.action.handler and isinstance(event.message, Prepare):
        yield event.node, event.message.proposal.number


@frozen(eq=False)
class PaxosBridge(Bridge):
    """Requests stand for themselves, as the network forgets none; votes are what acceptors ever accepted.

    It is remembered who promised what, as a crash may keep the answer from leaving. A value is chosen as soon as a
    majority has accepted it, so the vote that completes one is two steps of the theory; and when a learner says so.
    """

    theory = Theory
    together = (("vote", "learn"),)
    protocol: Paxos

    @classmethod
    def instance(cls) -> Paxos:
        return Paxos(acceptors=3, proposers=3)

    @classmethod
    def samples(cls) -> Sequence[Paxos]:
        return [Paxos(acceptors=3, proposers=2), Paxos(acceptors=2, proposers=3)]

    def remembered(self) -> Mapping[str, Observer]:
        return {"promised": EverSeen(promises)}

    @property
    def proposals(self) -> list[Proposal]:
        """Every proposer's own."""
        return [self.protocol.proposal(k) for k in range(1, self.protocol.proposers + 1)]

    @property
    def numbers(self) -> list[int]:
        """The numbers that proposers use."""
        return sorted({proposal.number for proposal in self.proposals})

    @property
    def quorums(self) -> tuple[frozenset[str], ...]:
        """The sets of acceptors that are large enough."""
        return majorities(self.protocol.acceptor_names, self.protocol.quorum)

    def elements(self) -> Mapping[type[Sort], Sequence[Element]]:
        return {
            theory.Acceptor: self.protocol.acceptor_names,
            theory.Majority: self.quorums,
            theory.Ballot: self.numbers,
            theory.Value: [proposal.value for proposal in self.proposals],
        }

    def fixed(self) -> Iterator[Fact]:
        yield from memberships(Theory.member, self.quorums)

    def of_node(self, node: Node) -> Iterable[Fact]:
        match node:
            case Acceptor():
                for number in self.numbers:
                    if number < node.promised:
                        yield Theory.left, node.id, number
            case Learner():
                for proposal in self.learned(node):
                    yield Theory.chosen, proposal.number, proposal.value

    def learned(self, learner: Learner) -> Iterator[Proposal]:
        """Yield the proposals that a learner takes for chosen; its last of a value for which it has no other reason."""
        heard = [proposal for proposal, _ in learner.votes]
        accepted = {proposal for proposal in heard if heard.count(proposal) >= self.protocol.quorum}
        yield from accepted
        for value in learner.learned - {proposal.value for proposal in accepted}:
            yield max((one for one in heard if one.value == value), key=lambda one: one.number)

    def of_message(self, envelope: Envelope) -> Iterable[Fact]:
        match envelope.message:
            case Prepare(proposal=proposal):
                yield Theory.started, proposal.number
            case Accept(proposal=proposal):
                yield Theory.proposed, proposal.number, proposal.value

    def of_observer(self, name: str, memory: Any) -> Iterable[Fact]:
        if name == "promised":
            for acceptor, number in memory.values:
                yield Theory.promised, acceptor, number
            return
        voted = [proposal for _, proposal in memory.values]
        for acceptor, proposal in memory.values:
            yield Theory.voted, acceptor, proposal.number, proposal.value
        for proposal in set(voted):
            if voted.count(proposal) >= self.protocol.quorum:
                yield Theory.chosen, proposal.number, proposal.value
