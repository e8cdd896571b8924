"""Two-phase commit: all participants of a transaction commit, or all abort.

The coordinator asks every participant for its vote; it commits if all vote yes and aborts otherwise. A
participant that voted yes may not decide alone any more: if the coordinator crashes now, it blocks.

Gray, "Notes on data base operating systems" (1978), section 5.8.3; Bernstein, Hadzilacos & Goodman,
"Concurrency Control and Recovery in Database Systems" (1987), section 7.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from attrs import frozen

from everyway.invariants import Property, atomic_commit
from everyway.invariants.atomic_commit import Decision, Vote
from everyway.models.language import (
    REMOVED,
    Message,
    Node,
    NodeId,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    restart,
    timeout,
    volatile,
)


class Phase(Enum):
    """How far a node has come; the last two are decisions."""

    INITIAL = None
    WAITING = "waiting"
    PREPARED = "prepared"
    COMMITTED = Decision.COMMIT
    ABORTED = Decision.ABORT

    @property
    def decision(self) -> Decision | None:
        """The decision that a node in this phase has taken."""
        return self.value if isinstance(self.value, Decision) else None


class Prepare(Message):
    """The coordinator asks: can you commit?"""


class Yes(Message):
    """I can, and promise to do what you decide."""


class No(Message):
    """I cannot, and have aborted."""


class Commit(Message):
    """The decision."""


class Abort(Message):
    """The decision."""


class Inquire(Message):
    """A prepared participant asks what was decided."""


@frozen
class Coordinator(Node):
    """Collects the votes, decides, and tells everybody; the decision is on disk before it is sent."""

    participants: frozenset[NodeId]
    phase: Phase = durable(Phase.INITIAL)
    yes_votes: frozenset[NodeId] = volatile(frozenset())

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @choice
    def ask_for_votes(self) -> Steps:
        if self.phase is Phase.INITIAL:
            return self.become(phase=Phase.WAITING).send(self.participants, Prepare())

    @on(Yes)
    def count_vote(self, _: Yes, voter: NodeId) -> Steps:
        if self.phase is Phase.WAITING:
            votes = self.yes_votes | {voter}
            return self.decide(Decision.COMMIT) if self.is_enough(votes) else self.become(yes_votes=votes)

    def is_enough(self, yes_votes: frozenset[NodeId]) -> bool:
        return yes_votes == self.participants

    @on(No)
    def give_up(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)

    @timeout(awaiting=lambda self: self.participants - self.yes_votes, since="phase")
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)

    @on(Inquire)
    def answer(self, _: Inquire, participant: NodeId) -> Steps:
        if self.decision:
            return self.send(participant, VERDICT[self.decision])

    @restart
    def recover(self) -> Steps:
        return self.decide(self.decision or Decision.ABORT)

    def decide(self, decision: Decision) -> Steps:
        decided = self.become(phase=Phase(decision)).named(f"decide to {VERDICT[decision]}")
        return decided.send(self.participants, VERDICT[decision])


VERDICT = {Decision.COMMIT: Commit(), Decision.ABORT: Abort()}


@frozen
class Participant(Node):
    """Votes once; after a yes it waits for the decision, however long that takes."""

    coordinator: NodeId
    inquiries_left: int = volatile(1)
    phase: Phase = durable(Phase.INITIAL)
    vote: Vote | None = durable(None)

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @on(Prepare)
    def cast_vote(self) -> Steps:
        if self.phase is Phase.INITIAL:
            prepared = self.become(phase=Phase.PREPARED, vote=Vote.YES)
            yield prepared.send(self.coordinator, Yes()).named("vote yes")
            aborted = self.become(phase=Phase.ABORTED, vote=Vote.NO)
            yield aborted.send(self.coordinator, No()).named("vote no")

    @on(Commit)
    def commit(self) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.COMMITTED)

    @on(Abort)
    def abort(self) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.ABORTED)

    @timeout(awaiting="coordinator", since="phase")
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.INITIAL:  # nothing was promised yet
            return self.become(phase=Phase.ABORTED)
        if self.phase is Phase.PREPARED:
            return self.ask_for_decision()

    @restart
    def recover(self) -> Steps:
        if self.phase is Phase.PREPARED:
            return self.ask_for_decision()

    def ask_for_decision(self) -> Steps:
        if self.inquiries_left:
            asking = self.become(inquiries_left=self.inquiries_left - 1)
            return asking.send(self.coordinator, Inquire()).because("time-out: no decision")


@frozen
class TwoPhaseCommit(Protocol):
    """Two-phase commit: all participants commit or all abort; they block if the coordinator dies at a bad time."""

    name: ClassVar[str] = "2pc"
    tones: ClassVar[dict[str, str]] = {
        "COMMITTED": "good",
        "ABORTED": "stop",
        "WAITING": "wait",
        "PREPARED": "near",
    }
    coordinator_class: ClassVar[type[Coordinator]] = Coordinator
    participant_class: ClassVar[type[Participant]] = Participant

    participants: int = parameter(2, help="how many participants vote", at_least=1)
    inquiries: int = parameter(1, help="how often a prepared participant asks for the decision", at_least=0)

    def nodes(self) -> dict[NodeId, Node]:
        names = [f"P{number}" for number in range(1, self.participants + 1)]
        coordinator = self.coordinator_class(participants=frozenset(names))
        return {"C": coordinator} | {name: self.participant(name, names) for name in names}

    def participant(self, name: NodeId, names: list[NodeId]) -> Participant:
        return self.participant_class(coordinator="C", inquiries_left=self.inquiries)

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [[f"P{number}" for number in range(1, self.participants + 1)]]

    def promises(self) -> Iterable[Property]:
        return atomic_commit.promises


def as_transaction_commit(world: World) -> tuple[str, ...]:
    """Return the state of ``specifications.TransactionCommit`` that a state stands for."""
    told = {
        Phase.INITIAL: "working",
        Phase.PREPARED: "prepared",
        Phase.COMMITTED: "committed",
        Phase.ABORTED: "aborted",
    }
    return tuple(told[participant.phase] for participant in world.nodes(Participant))


# Variants. Each is the protocol above with one deviation.


class SilentCoordinator(Coordinator):
    """As the notes tell it: no time-out, and nothing is done when it comes back."""

    stop_waiting = REMOVED
    answer = REMOVED
    recover = REMOVED


class SilentParticipant(Participant):
    """As the notes tell it: no time-out, no question, and nothing is done when it comes back."""

    stop_waiting = REMOVED
    recover = REMOVED


class AsNoted(TwoPhaseCommit):
    """The study notes' telling: nobody ever times out, asks again or recovers, so one lost message is final."""

    variant = "as-noted"
    coordinator_class = SilentCoordinator
    participant_class = SilentParticipant


class NoRetryCoordinator(Coordinator):
    """Says its decision once."""

    answer = REMOVED
    recover = REMOVED


class NoRetryParticipant(Participant):
    """Never asks for the decision."""

    def ask_for_decision(self) -> Steps:
        return None


class NoRetry(TwoPhaseCommit):
    """The decision is sent once and never asked for: a participant that misses it stays prepared for ever."""

    variant = "no-retry"
    coordinator_class = NoRetryCoordinator
    participant_class = NoRetryParticipant


class HastyParticipant(Participant):
    """Aborts alone after it voted yes."""

    def ask_for_decision(self) -> Steps:
        return self.become(phase=Phase.ABORTED)


class AbortAfterYes(TwoPhaseCommit):
    """Wrong: a participant that voted yes and waits too long aborts on its own, while others may commit."""

    variant = "abort-after-yes"
    participant_class = HastyParticipant


class TrustingParticipant(Participant):
    """Commits alone after it voted yes."""

    def ask_for_decision(self) -> Steps:
        return self.become(phase=Phase.COMMITTED)


class CommitAfterYes(TwoPhaseCommit):
    """Wrong: a participant that voted yes and waits too long commits on its own, while others may have refused."""

    variant = "commit-after-yes"
    participant_class = TrustingParticipant


class MajorityCoordinator(Coordinator):
    """Commits once more than half said yes."""

    def is_enough(self, yes_votes: frozenset[NodeId]) -> bool:
        return 2 * len(yes_votes) > len(self.participants)


@frozen
class CommitOnMajority(TwoPhaseCommit):
    """Wrong: the coordinator commits as soon as more than half voted yes; the others may have voted no."""

    variant = "commit-on-majority"
    coordinator_class = MajorityCoordinator

    participants: int = parameter(3, help="how many participants vote", at_least=1)
    inquiries: int = parameter(1, help="how often a prepared participant asks for the decision", at_least=0)


@frozen
class ForgetfulCoordinator(Coordinator):
    """Keeps its decision in memory only."""

    phase: Phase = volatile(Phase.INITIAL)


class CoordinatorLogLost(TwoPhaseCommit):
    """Wrong: the coordinator does not log its decision; after a crash it aborts what it had committed."""

    variant = "coordinator-log-lost"
    coordinator_class = ForgetfulCoordinator


@frozen
class ForgetfulParticipant(Participant):
    """Keeps its vote in memory only."""

    phase: Phase = volatile(Phase.INITIAL)


class ParticipantLogLost(TwoPhaseCommit):
    """Wrong: a participant does not log its yes; after a crash it aborts what it had promised to commit."""

    variant = "participant-log-lost"
    participant_class = ForgetfulParticipant


@frozen
class PresumingCoordinator(Coordinator):
    """Logs only commits; whatever it finds no record of after a crash was aborted."""

    phase: Phase = volatile(Phase.INITIAL)
    committed: bool = durable(False)

    def decide(self, decision: Decision) -> Steps:
        decided = self.become(phase=Phase(decision), committed=decision is Decision.COMMIT)
        decided = decided.named(f"decide to {VERDICT[decision]}")
        return decided.send(self.participants, VERDICT[decision])

    @restart
    def recover(self) -> Steps:
        return self.decide(Decision.COMMIT) if self.committed else self.become(phase=Phase.ABORTED)


class PresumedAbort(TwoPhaseCommit):
    """Presumed abort (Mohan, Lindsay & Obermarck 1986): aborts are not logged, and not sent again; who asks is told."""

    variant = "presumed-abort"
    coordinator_class = PresumingCoordinator


@frozen
class CooperativeParticipant(Participant):
    """Asks the other participants as well, and answers them (cooperative termination)."""

    peers: frozenset[NodeId] = frozenset()

    def ask_for_decision(self) -> Steps:
        if self.inquiries_left:
            asking = self.become(inquiries_left=self.inquiries_left - 1)
            return asking.send({self.coordinator, *self.peers}, Inquire()).because("time-out: no decision")

    @on(Inquire)
    def answer(self, _: Inquire, peer: NodeId) -> Steps:
        if self.decision:
            return self.send(peer, VERDICT[self.decision])
        if self.phase is Phase.INITIAL:  # nothing was promised yet, so it can still be refused
            return self.become(phase=Phase.ABORTED).send(peer, Abort())


class Cooperative(TwoPhaseCommit):
    """A prepared participant asks its peers too (Bernstein et al. 1987, 7.4): blocked only if all are prepared."""

    variant = "cooperative"
    participant_class = CooperativeParticipant

    def participant(self, name: NodeId, names: list[NodeId]) -> Participant:
        others = frozenset(names) - {name}
        return CooperativeParticipant(coordinator="C", inquiries_left=self.inquiries, peers=others)
