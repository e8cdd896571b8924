"""Three-phase commit: two-phase commit with a buffer state, so that no crash leaves the others waiting.

Between the votes and the decision everybody learns that everybody voted yes (PRECOMMITTED). While a node that is up
is WAITING nobody has committed, and while one is PRECOMMITTED nobody has aborted; so when the coordinator dies, the
survivors can finish by themselves, if they tell each other how far they have come: the termination protocol.

It assumes that a time-out means a crash: no message is lost or late, and the network is never partitioned. Whoever
crashes stays out of it: after a restart it asks what was decided, and waits to be told. If everybody was down there
may be nobody left who knows.

Skeen, "Nonblocking commit protocols" (1981); Bernstein, Hadzilacos & Goodman, "Concurrency Control and Recovery
in Database Systems" (1987), section 7.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar, Literal

from attrs import frozen

from everyway.invariants import Property, atomic_commit
from everyway.invariants.atomic_commit import Decision, Vote
from everyway.models.language import (
    LATER,
    REMOVED,
    Message,
    Node,
    NodeId,
    Protocol,
    Step,
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
    """How far a node has come; the last two are decisions. Skeen calls them q, w, p, c and a."""

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


VERDICT: dict[Decision, Message] = {Decision.COMMIT: Commit(), Decision.ABORT: Abort()}


class StateRequest(Message):
    """A participant that takes over asks the others how far they have come."""


@frozen
class StateReport(Message):
    """The answer of one that has not decided."""

    phase: Phase


class Inquire(Message):
    """A node that restarted asks what was decided; the answer comes once there is one."""


@frozen
class Coordinator(Node):
    """Collects the votes, makes everybody ready, and commits; a participant that stays silent has crashed."""

    participants: frozenset[NodeId]
    phase: Phase = durable(Phase.INITIAL)
    answered: frozenset[NodeId] = volatile(frozenset())
    """Who has voted yes, and later who is ready."""
    is_back: bool = volatile(False)
    """Whether it crashed after everybody had voted yes, so that the others have gone on without it."""

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @choice
    def ask_for_votes(self) -> Steps:
        if self.phase is Phase.INITIAL:
            return self.become(phase=Phase.WAITING).send(self.participants, CanCommit())

    @on(Yes)
    def count_vote(self, _: Yes, voter: NodeId) -> Steps:
        if self.phase is Phase.WAITING:
            answered = self.answered | {voter}
            if answered < self.participants:
                return self.become(answered=answered)
            ready = self.become(phase=Phase.PRECOMMITTED, answered=frozenset())
            return ready.send(self.participants, PreCommit()).named("make all ready")

    @on(No)
    def give_up(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)

    @on(Ack)
    def count_ack(self, _: Ack, participant: NodeId) -> Steps:
        if self.phase is Phase.PRECOMMITTED and not self.is_back:
            answered = self.answered | {participant}
            all_ready = answered == self.participants
            return self.decide(Decision.COMMIT) if all_ready else self.become(answered=answered)

    @timeout(awaiting=lambda self: self.participants - self.answered, since="phase")
    def stop_waiting(self) -> Steps:
        if self.phase is Phase.WAITING:
            return self.decide(Decision.ABORT)
        if self.phase is Phase.PRECOMMITTED and not self.is_back:
            return self.decide(Decision.COMMIT)  # whoever is silent voted yes, and will learn it later

    def decide(self, decision: Decision) -> Steps:
        decided = self.become(phase=Phase(decision), answered=frozenset())
        return decided.send(self.participants, VERDICT[decision]).named(f"decide to {VERDICT[decision]}")

    @restart
    def recover(self) -> Steps:
        if self.phase is Phase.PRECOMMITTED:
            return self.become(is_back=True).send(self.participants, Inquire())
        return self.decide(self.decision or Decision.ABORT)

    @on(Commit, Abort)
    def learn_decision(self, message: Message) -> Steps:
        if not self.decision:
            phase = Phase.COMMITTED if isinstance(message, Commit) else Phase.ABORTED
            return self.become(phase=phase, is_back=False)

    @on(Inquire)
    def answer(self, _: Inquire, participant: NodeId) -> Steps:
        return self.send(participant, VERDICT[self.decision]) if self.decision else LATER


@frozen
class Participant(Node):
    """Votes, gets ready, and does what is decided."""

    coordinator: NodeId
    phase: Phase = durable(Phase.INITIAL)
    vote: Vote | None = durable(None)

    @property
    def decision(self) -> Decision | None:
        return self.phase.decision

    @on(CanCommit)
    def cast_vote(self) -> Steps:
        if self.phase is Phase.INITIAL:
            waiting = self.become(phase=Phase.WAITING, vote=Vote.YES)
            yield waiting.send(self.coordinator, Yes()).named("vote yes")
            aborted = self.become(phase=Phase.ABORTED, vote=Vote.NO)
            yield aborted.send(self.coordinator, No()).named("vote no")

    @on(PreCommit)
    def get_ready(self, _: PreCommit, leader: NodeId) -> Steps:
        if not self.decision:
            return self.become(phase=Phase.PRECOMMITTED).send(leader, Ack())

    @on(Commit)
    def commit(self) -> Steps:
        if not self.decision:
            return self.conclude(Decision.COMMIT)

    @on(Abort)
    def abort(self) -> Steps:
        if not self.decision:
            return self.conclude(Decision.ABORT)

    def conclude(self, decision: Decision) -> Step:
        return self.become(phase=Phase(decision))


class Duty(Enum):
    """What a survivor of the coordinator does until there is a decision."""

    FOLLOW = "follow"
    ASK = "ask"
    MAKE_READY = "make ready"
    KEEP_OUT = "keep out"


@frozen
class Survivor(Participant):
    """A participant with the termination protocol: when its leader is silent, the next in line takes over."""

    heirs: tuple[NodeId, ...] = ()
    """All participants, in the order in which they take over from the coordinator."""
    duty: Duty = volatile(Duty.FOLLOW)
    given_up: int = volatile(0)
    """How many leaders, of the coordinator and its heirs, have fallen silent."""
    awaited: frozenset[NodeId] = volatile(frozenset())
    """As the leader: who has not answered."""
    reported: frozenset[Phase] = volatile(frozenset())
    """As the leader: how far others have come."""

    @property
    def succession(self) -> tuple[NodeId, ...]:
        return (self.coordinator, *self.heirs)

    @property
    def leader(self) -> NodeId:
        return self.succession[self.given_up]

    @property
    def others(self) -> frozenset[NodeId]:
        return frozenset(self.heirs) - {self.id}

    @property
    def is_leading(self) -> bool:
        return self.duty in (Duty.ASK, Duty.MAKE_READY)

    def get_ready(self, message: PreCommit, leader: NodeId) -> Steps:
        if leader == self.leader:  # one that was given up has no say any more
            return super().get_ready(message, leader)

    @timeout(awaiting="leader", since=("phase", "leader"))
    def give_up_leader(self) -> Steps:
        if self.decision or self.duty is not Duty.FOLLOW:
            return None
        if self.phase is Phase.INITIAL:  # nothing was promised yet
            return self.conclude(Decision.ABORT).named("abort")
        heir = next(iter(self.succession[self.given_up + 1 :]), self.id)
        return self.take_over() if heir == self.id else self.become(given_up=self.given_up + 1)

    def take_over(self) -> Step:
        leading = self.become(duty=Duty.ASK, given_up=self.succession.index(self.id), awaited=self.others)
        return leading.send(self.others, StateRequest()).named("take over")

    @on(StateRequest)
    def report(self, _: StateRequest, leader: NodeId) -> Steps:
        if self.decision:
            return self.send(leader, VERDICT[self.decision])
        place = self.succession.index(leader)
        if self.duty is not Duty.KEEP_OUT and place >= self.given_up:
            following = self.become(
                duty=Duty.FOLLOW, given_up=place, awaited=frozenset(), reported=frozenset()
            )
            return following.send(leader, StateReport(self.phase))

    @on(StateReport)
    def count_report(self, message: StateReport, survivor: NodeId) -> Steps:
        if self.duty is Duty.ASK:
            awaited, reported = self.awaited - {survivor}, self.reported | {message.phase}
            if awaited:
                return self.become(awaited=awaited, reported=reported)
            return self.judge(self.others, reported)

    @timeout(awaiting="awaited", since="duty")
    def go_on_without_the_silent(self) -> Steps:
        if self.duty is Duty.ASK:
            return self.judge(self.others - self.awaited, self.reported)
        if self.duty is Duty.MAKE_READY:
            return self.conclude(Decision.COMMIT)

    def judge(self, survivors: frozenset[NodeId], reported: frozenset[Phase]) -> Step:
        """Decide by how far all have come; one that had decided would have answered with its decision."""
        if Phase.PRECOMMITTED not in {self.phase, *reported}:
            return self.conclude(Decision.ABORT)
        ready = self.become(
            phase=Phase.PRECOMMITTED, duty=Duty.MAKE_READY, awaited=survivors, reported=frozenset()
        )
        return ready.send(survivors, PreCommit()).named("make survivors ready")

    @on(Ack)
    def count_ack(self, _: Ack, survivor: NodeId) -> Steps:
        if self.duty is Duty.MAKE_READY:
            awaited = self.awaited - {survivor}
            return self.become(awaited=awaited) if awaited else self.conclude(Decision.COMMIT)

    def conclude(self, decision: Decision) -> Step:
        """Decide, and as the leader tell everybody."""
        done = self.become(
            phase=Phase(decision), duty=Duty.FOLLOW, given_up=0, awaited=frozenset(), reported=frozenset()
        )
        if not self.is_leading:
            return done
        everybody = self.others | {self.coordinator}
        return done.send(everybody, VERDICT[decision]).named(f"decide to {VERDICT[decision]}")

    @restart
    def recover(self) -> Steps:
        if self.phase is Phase.INITIAL:
            return self.conclude(Decision.ABORT).named("abort")
        if not self.decision:
            return self.become(duty=Duty.KEEP_OUT).send(self.others | {self.coordinator}, Inquire())

    @on(Inquire)
    def answer(self, _: Inquire, node: NodeId) -> Steps:
        return self.send(node, VERDICT[self.decision]) if self.decision else LATER


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

    @property
    def names(self) -> tuple[NodeId, ...]:
        return tuple(f"P{number}" for number in range(1, self.participants + 1))

    def nodes(self) -> dict[NodeId, Node]:
        coordinator = self.coordinator_class(participants=frozenset(self.names))
        return {"C": coordinator} | {name: self.participant() for name in self.names}

    def participant(self) -> Participant:
        return Survivor(coordinator="C", heirs=self.names)

    def promises(self) -> Iterable[Property]:
        return atomic_commit.promises


# Variants: time-outs without a termination protocol. Each participant decides alone.


class CautiousCoordinator(Coordinator):
    """Aborts whenever a participant refuses or stays silent, and does nothing when it comes back."""

    recover = REMOVED
    learn_decision = REMOVED
    answer = REMOVED

    def give_up(self) -> Steps:
        if self.phase in (Phase.WAITING, Phase.PRECOMMITTED):
            return self.decide(Decision.ABORT)

    def stop_waiting(self) -> Steps:
        return self.give_up()


@frozen
class LonelyParticipant(Participant):
    """Decides alone when it has waited too long, each phase in its own way."""

    initial: Literal["wait", "abort"] = "wait"
    waiting: Literal["wait", "abort", "commit"] = "wait"
    precommitted: Literal["wait", "abort", "commit"] = "wait"
    may_refuse: bool = False
    """Whether it may still say no when it is asked to get ready."""

    @on(PreCommit)
    def refuse(self, _: PreCommit, leader: NodeId) -> Steps:
        if self.may_refuse and not self.decision:
            return self.become(phase=Phase.ABORTED, vote=Vote.NO).send(leader, No())

    @timeout(awaiting="coordinator", since="phase")
    def stop_waiting(self) -> Steps:
        if not self.decision:
            match getattr(self, self.phase.value):
                case "abort":
                    return self.conclude(Decision.ABORT).named("abort alone")
                case "commit":
                    return self.conclude(Decision.COMMIT).named("commit alone")


class AsNoted(ThreePhaseCommit):
    """The study notes' telling: a yes may be taken back, and whoever is ready and waits too long commits alone."""

    variant = "as-noted"
    coordinator_class = CautiousCoordinator

    def participant(self) -> Participant:
        return LonelyParticipant(coordinator="C", precommitted="commit", may_refuse=True)

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]


class AsNotedAbort(AsNoted):
    """The notes' other reading: whoever waits too long before it is ready aborts alone as well, so that none blocks."""

    variant = "as-noted-abort"

    def participant(self) -> Participant:
        return LonelyParticipant(
            coordinator="C", initial="abort", waiting="abort", precommitted="commit", may_refuse=True
        )


class Binding(AsNoted):
    """As before, but a yes is binding; still wrong: a crash in the middle of a broadcast splits the participants."""

    variant = "binding"

    def participant(self) -> Participant:
        return LonelyParticipant(coordinator="C", initial="abort", waiting="abort", precommitted="commit")


@frozen
class Policy(AsNoted):
    """A binding yes, and your own time-outs: no choice of them is both safe and non-blocking (Skeen 1981)."""

    variant = "policy"

    initial: Literal["wait", "abort"] = parameter(
        "abort", help="what a participant does alone that was never asked"
    )
    waiting: Literal["wait", "abort", "commit"] = parameter(
        "abort", help="what one does alone that voted yes"
    )
    precommitted: Literal["wait", "abort", "commit"] = parameter(
        "commit", help="what one does alone that is ready"
    )

    def participant(self) -> Participant:
        return LonelyParticipant(
            coordinator="C", initial=self.initial, waiting=self.waiting, precommitted=self.precommitted
        )
