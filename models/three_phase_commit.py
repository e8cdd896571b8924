"""Three-phase commit: two-phase commit with a buffer state, so that no crash leaves the others waiting.

Between the votes and the decision everybody learns that everybody voted yes (PRECOMMITTED). Whoever is still
WAITING knows that nobody has committed, whoever is PRECOMMITTED that nobody has aborted; so when the coordinator
dies, the survivors can finish by themselves, if they talk to each other: the termination protocol.

Skeen, "Nonblocking commit protocols" (SIGMOD 1981); Bernstein, Hadzilacos & Goodman, "Concurrency Control and
Recovery in Database Systems" (1987), section 7.5. It assumes that a time-out means a crash: no message is lost or
late, and no partition. A participant that restarts asks once what was decided and takes no part in termination; after a
failure of all participants there may be nobody left to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from attrs import frozen
from everyway.invariants import Property, atomic_commit
from everyway.invariants.atomic_commit import Decision, Vote
from everyway.models.language import (
    Message,
    Node,
    NodeId,
    Protocol,
    Steps,
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

    INITIAL = "initial"
    WAITING = "waiting"
    PRECOMMITTED = "precommitted"
    COMMITTED = Decision.COMMIT
    ABORTED = Decision.ABORT

    @property
    def decision(self) -> Decision | None:
        """The decision that a node in this phase has taken."""
        return self.value if isinstance(self.value, Decision) else None


class CanCommit(Message):
    """The coordinator asks: can you commit?"""


class Yes(Message):
    """I can."""


class No(Message):
    """I cannot, and have aborted."""


class PreCommit(Message):
    """Everybody voted yes; be ready to commit."""


class Ack(Message):
    """I am ready."""


class Commit(Message):
    """The decision."""


class Abort(Message):
    """The decision."""


class StateRequest(Message):
    """A new coordinator asks the survivors how far they have come."""


@frozen
class StateReport(Message):
    """The answer of a survivor that has not decided."""

    phase: Phase


class Inquire(Message):
    """A node that restarted asks what was decided."""


VERDICT: dict[Decision, Message] = {Decision.COMMIT: Commit(), Decision.ABORT: Abort()}


@frozen
class Coordinator(Node):
    """Collects votes, makes everybody ready, and commits; a participant that stays silent has crashed."""

    participants: frozenset[NodeId]
    phase: Phase = durable(Phase.INITIAL)
    heard: frozenset[NodeId] = volatile(frozenset())
    is_recovering: bool = volatile(False)

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @choice
    def ask(self) -> Steps:
        if self.phase is Phase.INITIAL:
            return self.become(phase=Phase.WAITING).send(self.participants, CanCommit())

    @on(Yes)
    def count_vote(self, _: Yes, voter: NodeId) -> Steps:
        if self.phase is Phase.WAITING:
            heard = self.heard | {voter}
            if heard < self.participants:
                return self.become(heard=heard)
            prepared = self.become(phase=Phase.PRECOMMITTED, heard=frozenset())
            return prepared.send(self.participants, PreCommit()).named("make ready")

    @on(No)
    def give_up(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)

    @on(Ack)
    def count_ack(self, _: Ack, participant: NodeId) -> Steps:
        if self.phase is Phase.PRECOMMITTED and not self.is_recovering:
            heard = self.heard | {participant}
            return self.become(heard=heard) if heard < self.participants else self.decide(Decision.COMMIT)

    @timeout(awaiting=lambda self: self.participants - self.heard)
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)
        if self.phase is Phase.PRECOMMITTED and not self.is_recovering:
            return self.decide(Decision.COMMIT)  # everybody voted yes; the crashed will learn it later

    @restart
    def recover(self) -> Steps:
        if self.phase is Phase.PRECOMMITTED:  # the survivors have gone on without us
            return self.become(is_recovering=True).send(self.participants, Inquire())
        return self.decide(self.decision or Decision.ABORT)

    @on(Commit, Abort)
    def learn_decision(self, message: Message) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.COMMITTED if isinstance(message, Commit) else Phase.ABORTED)

    @on(Inquire)
    def answer(self, _: Inquire, participant: NodeId) -> Steps:
        if self.decision:
            return self.send(participant, VERDICT[self.decision])

    def decide(self, decision: Decision) -> Steps:
        decided = self.become(phase=Phase(decision), heard=frozenset()).named(
            f"decide to {VERDICT[decision]}"
        )
        return decided.send(self.participants, VERDICT[decision])


@frozen
class Participant(Node):
    """Votes, gets ready, and does what is decided."""

    succession: tuple[NodeId, ...]
    """The coordinator, then the participants in the order in which they take over."""
    phase: Phase = durable(Phase.INITIAL)
    vote: Vote | None = durable(None)

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @property
    def coordinator(self) -> NodeId:
        return self.succession[0]

    @on(CanCommit)
    def cast_vote(self, _: CanCommit, coordinator: NodeId) -> Steps:
        if self.phase is Phase.INITIAL:
            waiting = self.become(phase=Phase.WAITING, vote=Vote.YES)
            yield waiting.send(coordinator, Yes()).named("vote yes")
            aborted = self.become(phase=Phase.ABORTED, vote=Vote.NO)
            yield aborted.send(coordinator, No()).named("vote no")

    @on(PreCommit)
    def get_ready(self, _: PreCommit, coordinator: NodeId) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.PRECOMMITTED).send(coordinator, Ack())

    @on(Commit)
    def commit(self) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.COMMITTED)

    @on(Abort)
    def abort(self) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.ABORTED)


class Role(Enum):
    """What a survivor does for the termination protocol."""

    FOLLOWING = "following"
    ASKING = "asking"
    PREPARING = "preparing"
    RECOVERING = "recovering"


@frozen
class Survivor(Participant):
    """A participant with the termination protocol: when the coordinator is silent, the next in line takes over."""

    follows: NodeId = volatile("C")
    role_now: Role = volatile(Role.FOLLOWING)
    awaited: frozenset[NodeId] = volatile(frozenset())
    """As the new coordinator: who has not answered."""
    seen: frozenset[Phase] = volatile(frozenset())
    """As the new coordinator: how far the others have come."""

    @property
    def others(self) -> frozenset[NodeId]:
        return frozenset(self.succession[1:]) - {self.id}

    @property
    def is_leading(self) -> bool:
        return self.role_now in (Role.ASKING, Role.PREPARING)

    def silent(self) -> Iterable[NodeId]:
        return self.awaited if self.is_leading else (self.follows,)

    @on(PreCommit)
    def get_ready(self, _: PreCommit, coordinator: NodeId) -> Steps:
        if not self.decision and coordinator == self.follows:  # one that was given up has no say any more
            return self.become(phase=Phase.PRECOMMITTED).send(coordinator, Ack())

    @timeout(awaiting="silent")
    def stop_waiting(self) -> Steps:
        if self.decision or self.role_now is Role.RECOVERING:
            return None
        if self.phase is Phase.INITIAL:  # nothing was promised yet
            return self.finish(Decision.ABORT)
        if self.role_now is Role.ASKING:
            return self.conclude(self.awaited, self.seen)
        if self.role_now is Role.PREPARING:
            return self.finish(Decision.COMMIT)
        place = self.succession.index(self.follows) + 1
        successor = self.succession[place] if place < len(self.succession) else self.id
        return self.lead() if successor == self.id else self.become(follows=successor)

    def lead(self) -> Steps:
        if not self.others:
            return self.conclude(frozenset(), frozenset())
        leading = self.become(follows=self.id, role_now=Role.ASKING, awaited=self.others, seen=frozenset())
        return leading.send(self.others, StateRequest()).named("take over")

    @on(StateRequest)
    def report(self, _: StateRequest, leader: NodeId) -> Steps:
        if self.decision:
            return self.send(leader, VERDICT[self.decision])
        if self.role_now is Role.RECOVERING or self.rank(leader) < self.rank(self.follows):
            return None
        following = self.become(
            follows=leader, role_now=Role.FOLLOWING, awaited=frozenset(), seen=frozenset()
        )
        return following.send(leader, StateReport(self.phase))

    def rank(self, node: NodeId) -> int:
        return self.succession.index(node)

    @on(StateReport)
    def count_report(self, message: StateReport, survivor: NodeId) -> Steps:
        if self.role_now is Role.ASKING and not self.decision:
            awaited, seen = self.awaited - {survivor}, self.seen | {message.phase}
            return self.become(awaited=awaited, seen=seen) if awaited else self.conclude(awaited, seen)

    def conclude(self, silent: frozenset[NodeId], seen: frozenset[Phase]) -> Steps:
        """Decide from how far the survivors have come; a decided one answered with its decision already."""
        if Phase.PRECOMMITTED not in {self.phase, *seen}:
            return self.finish(Decision.ABORT)
        survivors = self.others - silent
        if not survivors:
            return self.finish(Decision.COMMIT)
        preparing = self.become(
            phase=Phase.PRECOMMITTED, role_now=Role.PREPARING, awaited=survivors, seen=frozenset()
        )
        return preparing.send(survivors, PreCommit()).named("make survivors ready")

    @on(Ack)
    def count_ack(self, _: Ack, survivor: NodeId) -> Steps:
        if self.role_now is Role.PREPARING and not self.decision:
            awaited = self.awaited - {survivor}
            return self.become(awaited=awaited) if awaited else self.finish(Decision.COMMIT)

    @on(Commit)
    def commit(self) -> Steps:
        return self.learn(Decision.COMMIT)

    @on(Abort)
    def abort(self) -> Steps:
        return self.learn(Decision.ABORT)

    def learn(self, decision: Decision) -> Steps:
        if self.decision:
            return None
        if self.is_leading:
            return self.finish(decision)
        return self.become(phase=Phase(decision), role_now=Role.FOLLOWING, follows=self.coordinator)

    def finish(self, decision: Decision) -> Steps:
        """Decide, and as the new coordinator tell everybody."""
        decided = self.become(
            phase=Phase(decision),
            role_now=Role.FOLLOWING,
            follows=self.coordinator,
            awaited=frozenset(),
            seen=frozenset(),
        )
        decided = decided.named(f"decide to {VERDICT[decision]}")
        return (
            decided.send(self.others | {self.coordinator}, VERDICT[decision]) if self.is_leading else decided
        )

    @restart
    def recover(self) -> Steps:
        if self.phase is Phase.INITIAL:
            return self.finish(Decision.ABORT)
        if not self.decision:
            asking = self.become(role_now=Role.RECOVERING)
            return asking.send(self.others | {self.coordinator}, Inquire())

    @on(Inquire)
    def answer(self, _: Inquire, node: NodeId) -> Steps:
        if self.decision:
            return self.send(node, VERDICT[self.decision])
        if self.phase is Phase.INITIAL:  # nothing was promised yet, so it can still be refused
            return self.become(phase=Phase.ABORTED).send(node, Abort())


@frozen
class ThreePhaseCommit(Protocol):
    """Skeen's three-phase commit with the termination protocol: no crash blocks the others, if time-outs are right."""

    name: ClassVar[str] = "3pc"
    tones: ClassVar[dict[str, str]] = {
        "WAITING": "wait",
        "PRECOMMITTED": "near",
        "COMMITTED": "good",
        "ABORTED": "stop",
    }
    coordinator_class: ClassVar[type[Coordinator]] = Coordinator

    participants: int = parameter(2, help="how many participants vote", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = [f"P{number}" for number in range(1, self.participants + 1)]
        coordinator = self.coordinator_class(participants=frozenset(names))
        return {"C": coordinator} | {name: self.participant(("C", *names)) for name in names}

    def participant(self, succession: tuple[NodeId, ...]) -> Participant:
        return Survivor(succession=succession)

    def promises(self) -> Iterable[Property]:
        return atomic_commit.promises


# Variants: the notes tell of time-outs, but not of survivors that talk to each other.


@frozen
class CautiousCoordinator(Coordinator):
    """Aborts whenever a participant says no or stays silent, even after everybody voted yes."""

    @on(No)
    def give_up(self) -> Steps:
        if self.phase in (Phase.WAITING, Phase.PRECOMMITTED):
            return self.decide(Decision.ABORT)

    @timeout(awaiting=lambda self: self.participants - self.heard)
    def stop_waiting(self) -> Steps:
        return self.give_up()


class Patience(Enum):
    """What a participant does when it has waited too long."""

    WAIT = "wait"
    ABORT = "abort"
    COMMIT = "commit"


@frozen
class LonelyParticipant(Participant):
    """Decides alone when it has waited too long, by its phase."""

    patience: tuple[tuple[Phase, Patience], ...] = ()
    may_refuse: bool = False
    """Whether it may still say no when it is asked to get ready."""

    @on(PreCommit)
    def get_ready(self, _: PreCommit, coordinator: NodeId) -> Steps:
        if not self.decision:
            yield self.become(phase=Phase.PRECOMMITTED).send(coordinator, Ack())
            if self.may_refuse:
                refusing = self.become(phase=Phase.ABORTED, vote=Vote.NO)
                yield refusing.send(coordinator, No()).named("refuse")

    @timeout(awaiting="coordinator")
    def stop_waiting(self) -> Steps:
        match dict(self.patience).get(self.phase):
            case Patience.COMMIT:
                return self.become(phase=Phase.COMMITTED).named("commit alone")
            case Patience.ABORT:
                return self.become(phase=Phase.ABORTED).named("abort alone")


@frozen
class AsNoted(ThreePhaseCommit):
    """The study notes' telling: who waits for the decision too long commits; who waits for the question waits on."""

    variant = "as-noted"
    coordinator_class = CautiousCoordinator
    patience: ClassVar[tuple[tuple[Phase, Patience], ...]] = ((Phase.PRECOMMITTED, Patience.COMMIT),)
    may_refuse: ClassVar[bool] = True

    def participant(self, succession: tuple[NodeId, ...]) -> Participant:
        return LonelyParticipant(succession=succession, patience=self.patience, may_refuse=self.may_refuse)


class AsNotedAborting(AsNoted):
    """The notes' other reading: whoever waits too long before it is ready aborts, whoever is ready commits."""

    variant = "as-noted-aborting"
    patience = (
        (Phase.INITIAL, Patience.ABORT),
        (Phase.WAITING, Patience.ABORT),
        (Phase.PRECOMMITTED, Patience.COMMIT),
    )


class Binding(AsNotedAborting):
    """As before, and a yes is binding; still wrong: one crash in the middle of a broadcast splits the participants."""

    variant = "binding"
    may_refuse = False


@frozen
class Policy(AsNoted):
    """Time-outs by a policy of your own: none is both safe and non-blocking unless participants talk to each other."""

    variant = "policy"
    may_refuse = False

    initial: Patience = parameter(Patience.ABORT, help="what a participant does that was never asked")
    waiting: Patience = parameter(Patience.ABORT, help="what one does that voted yes")
    precommitted: Patience = parameter(Patience.COMMIT, help="what one does that is ready")

    def participant(self, succession: tuple[NodeId, ...]) -> Participant:
        chosen = (
            (Phase.INITIAL, self.initial),
            (Phase.WAITING, self.waiting),
            (Phase.PRECOMMITTED, self.precommitted),
        )
        return LonelyParticipant(succession=succession, patience=chosen)
