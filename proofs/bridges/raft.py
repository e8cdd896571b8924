"""Raft, explored, as the theory of its elections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from everyway.invariants.consistency import EverSeen
from everyway.models.language import Envelope, Event, Node, NodeId, Observer
from everyway.models.raft import Raft
from everyway.models.raft_server import RequestVote, Server, Vote
from everyway.proofs.bridge import Bridge, Fact, majorities, memberships
from everyway.proofs.evaluation import Element
from everyway.proofs.language.sort import Sort
from everyway.proofs.theories import raft_election as theory

Theory = theory.RaftElection


def votes(event: Event) -> Iterator[tuple[NodeId, int, NodeId]]:
    """Yield whom the server that acts has voted for in its term."""
    if isinstance(event.after, Server) and event.after.voted_for is not None:
        yield event.after.id, event.after.term, event.after.voted_for


@frozen(eq=False)
class RaftBridge(Bridge):
    """A vote counts as granted once it is on disk, though a crash may keep the answer from leaving.

    It is remembered whom each server ever voted for, as a server keeps only its vote in the current term.
    """

    theory = Theory
    together = (("stand-for-election", "become-leader"),)
    protocol: Raft

    @classmethod
    def instance(cls) -> Raft:
        return Raft(servers=3, terms=2, entries=1)

    @classmethod
    def samples(cls) -> Sequence[Raft]:
        sizes = ((3, 2), (4, 1), (5, 1))
        return [Raft(servers=servers, terms=terms, entries=0) for servers, terms in sizes]

    def remembered(self) -> Mapping[str, Observer]:
        return {"votes": EverSeen(votes)}

    def elements(self) -> Mapping[type[Sort], Sequence[Element]]:
        return {
            theory.Server: self.protocol.names,
            theory.Majority: self.quorums,
            theory.Term: range(self.protocol.terms + 1),
        }

    @property
    def quorums(self) -> tuple[frozenset[NodeId], ...]:
        """The sets of servers that elect a leader."""
        return majorities(self.protocol.names, len(self.protocol.names) // 2 + 1)

    def fixed(self) -> Iterator[Fact]:
        yield from memberships(Theory.member, self.quorums)

    def of_node(self, node: Node) -> Iterable[Fact]:
        if isinstance(node, Server):
            for term in range(node.term):
                yield Theory.past, node.id, term

    def of_message(self, envelope: Envelope) -> Iterable[Fact]:
        match envelope.message:
            case RequestVote(term=term):
                yield Theory.requested, envelope.sender, term
            case Vote(term=term, granted=True):
                yield Theory.granted, envelope.sender, term, envelope.to

    def of_observer(self, name: str, memory: Any) -> Iterable[Fact]:
        match name:
            case "votes":
                for server, term, candidate in memory.values:
                    yield Theory.voted, server, term, candidate
                    yield Theory.granted, server, term, candidate
                    if server == candidate:
                        yield Theory.requested, server, term
            case "elected":
                for term, leader in memory.values:
                    yield Theory.leader, leader, term
