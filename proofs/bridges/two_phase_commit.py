"""Two-phase commit, explored, as the theory of two-phase commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from everyway.invariants.atomic_commit import Decision, Vote
from everyway.invariants.consistency import EverSeen
from everyway.models.language import Event, Node, NodeId, Observer
from everyway.models.two_phase_commit import Coordinator, Participant, Phase, TwoPhaseCommit, Yes
from everyway.proofs.bridge import Bridge, Fact
from everyway.proofs.evaluation import Element
from everyway.proofs.language.sort import Sort
from everyway.proofs.theories import two_phase_commit as theory

Theory = theory.TwoPhaseCommit

PHASES = {
    Phase.INITIAL: Theory.working,
    Phase.PREPARED: Theory.prepared,
    Phase.COMMITTED: Theory.committed,
    Phase.ABORTED: Theory.aborted,
}


def noted(event: Event) -> Iterator[NodeId]:
    """Yield whose yes the coordinator counts."""
    before, envelope = event.before, event.action.envelope
    is_counting = isinstance(before, Coordinator) and before.phase is Phase.WAITING
    if is_counting and event.action.handler and envelope and isinstance(envelope.message, Yes):
        yield envelope.sender


def decided(event: Event) -> Iterator[Decision]:
    """Yield what the coordinator has decided."""
    if isinstance(event.after, Coordinator) and event.after.decision:
        yield event.after.decision


@frozen(eq=False)
class TwoPhaseCommitBridge(Bridge):
    """A participant is a resource manager, whose yes stands for "prepared"; the coordinator is the transaction manager.

    It is remembered whose votes the coordinator counted, which a crash has it forget, and what it decided. The last yes
    is counted, and leads to the decision, in one step.
    """

    theory = Theory
    together = (("receive-prepared", "decide-to-commit"),)
    protocol: TwoPhaseCommit

    @classmethod
    def instance(cls) -> TwoPhaseCommit:
        return TwoPhaseCommit(participants=3)

    def remembered(self) -> Mapping[str, Observer]:
        return {"votes counted": EverSeen(noted), "decided": EverSeen(decided)}

    def elements(self) -> Mapping[type[Sort], Sequence[Element]]:
        return {
            theory.Manager: [
                name for name, node in self.protocol.nodes().items() if isinstance(node, Participant)
            ]
        }

    def of_node(self, node: Node) -> Iterable[Fact]:
        match node:
            case Coordinator():
                if node.decision is None:
                    yield (Theory.undecided,)
            case Participant():
                yield PHASES[node.phase], node.id
                if node.vote is Vote.YES:
                    yield Theory.prepared_sent, node.id

    def of_observer(self, name: str, memory: Any) -> Iterable[Fact]:
        match name:
            case "votes counted":
                for participant in memory.values:
                    yield Theory.noted, participant
            case "decided":
                for decision in memory.values:
                    yield (Theory.commit_sent if decision is Decision.COMMIT else Theory.abort_sent,)
