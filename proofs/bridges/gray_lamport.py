"""Gray and Lamport's two-phase commit, explored, as the theory of two-phase commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from everyway.models.gray_lamport import (
    RM,
    TM,
    Abort,
    Commit,
    Prepared,
    ResourceManager,
    TransactionManager,
    TwoPhase,
)
from everyway.models.language import Envelope, Node
from everyway.proofs.bridge import Bridge, Fact
from everyway.proofs.evaluation import Element
from everyway.proofs.language.sort import Sort
from everyway.proofs.theories.two_phase_commit import Manager, TwoPhaseCommit

STATES = {
    RM.WORKING: TwoPhaseCommit.working,
    RM.PREPARED: TwoPhaseCommit.prepared,
    RM.COMMITTED: TwoPhaseCommit.committed,
    RM.ABORTED: TwoPhaseCommit.aborted,
}


@frozen(eq=False)
class GrayLamportBridge(Bridge):
    """States and messages stand for themselves, as the network forgets none."""

    theory = TwoPhaseCommit
    protocol: TwoPhase

    @classmethod
    def instance(cls) -> TwoPhase:
        return TwoPhase(managers=4)

    @classmethod
    def samples(cls) -> Sequence[TwoPhase]:
        return [TwoPhase(managers=2), TwoPhase(managers=3)]

    def elements(self) -> Mapping[type[Sort], Sequence[Element]]:
        return {Manager: self.protocol.names}

    def of_node(self, node: Node) -> Iterable[Fact]:
        match node:
            case ResourceManager():
                yield STATES[node.state], node.id
            case TransactionManager():
                if node.state is TM.INIT:
                    yield (TwoPhaseCommit.undecided,)
                for manager in node.prepared:
                    yield TwoPhaseCommit.noted, manager

    def of_message(self, envelope: Envelope) -> Iterable[Fact]:
        match envelope.message:
            case Prepared():
                yield TwoPhaseCommit.prepared_sent, envelope.sender
            case Commit():
                yield (TwoPhaseCommit.commit_sent,)
            case Abort():
                yield (TwoPhaseCommit.abort_sent,)
