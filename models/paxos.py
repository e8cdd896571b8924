"""Paxos: acceptors agree on one value, although messages are lost and proposers compete.

A proposer asks all acceptors to promise that they accept nothing under a lower number; once a majority has promised, it
proposes the value of the highest-numbered proposal that one of them had accepted, or its own if there is none. A
proposal is chosen when a majority has accepted it.

Lamport, "Paxos made simple" (2001), section 2. The network forgets nothing, so every message may arrive late, again, or
never; a proposer that stops is one that does nothing more, and if it crashes it has used up its number all the same.
Each proposer has one number, and all have different values, which is the hardest case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, every_step, possible, recoverable
from everyway.invariants.consistency import EverSeen
from everyway.models.language import (
    Action,
    Event,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    volatile,
)


@frozen
class Proposal:
    """A value under a number."""

    number: int
    value: str

    def __str__(self) -> str:
        return f"({self.number}, {self.value})"


@frozen
class Prepare(Message):
    """Promise to accept nothing under a lower number, and say what you have accepted."""

    proposal: Proposal
    """The number; its value is the proposer's own, which the textbook's acceptors do not look at."""

    def __str__(self) -> str:
        return f"prepare {self.proposal.number}"


@frozen
class Promise(Message):
    """I promise, and this is the highest-numbered proposal that I have accepted, if any."""

    number: int
    accepted: Proposal | None

    def __str__(self) -> str:
        return f"promise {self.number}" + (f", has {self.accepted}" if self.accepted else "")


@frozen
class Accept(Message):
    """Accept this proposal."""

    proposal: Proposal

    def __str__(self) -> str:
        return f"accept {self.proposal}"


@frozen
class Accepted(Message):
    """I have accepted this proposal."""

    proposal: Proposal

    def __str__(self) -> str:
        return f"accepted {self.proposal}"


class Phase(Enum):
    """How far a proposer has come."""

    IDLE = "idle"
    PREPARING = "preparing"
    PROPOSED = "proposed"


Answers = frozenset[tuple[NodeId, Proposal | None]]
"""Who has promised, and what each had accepted."""


@frozen
class Proposer(Node):
    """Gets the promises of a majority, then proposes what cannot contradict a value that was chosen."""

    own: Proposal
    acceptors: frozenset[NodeId]
    quorum: int
    is_used: bool = durable(False)
    """Whether its number was ever used: that is on disk, so that it is never used again (section 2.2)."""
    phase: Phase = volatile(Phase.IDLE)
    answers: Answers = volatile(frozenset())

    @choice
    def prepare(self) -> Steps:
        """Phase 1 (a)."""
        if not self.is_used:
            preparing = self.become(is_used=True, phase=Phase.PREPARING)
            return preparing.send(self.acceptors, Prepare(self.own))

    @on(Promise)
    def count_promise(self, promise: Promise, acceptor: NodeId) -> Steps:
        """Phase 2 (a), once a majority has promised."""
        if self.phase is not Phase.PREPARING or promise.number != self.own.number:
            return None
        answers = self.answers | {(acceptor, promise.accepted)}
        if len({who for who, _ in answers}) < self.quorum:
            return self.become(answers=answers)
        proposal = Proposal(self.own.number, self.value(answers))
        # What was answered no longer matters.
        done = self.become(phase=Phase.PROPOSED, answers=frozenset())
        return done.send(self.acceptors, Accept(proposal)).named(f"propose {proposal.value}")

    def value(self, answers: Answers) -> str:
        """Return the value to propose: that of the highest-numbered proposal, or the own one if there is none."""
        reported = accepted_in(answers)
        return max(reported, key=lambda one: one.number).value if reported else self.own.value

    def __str__(self) -> str:
        return self.phase.name


def accepted_in(answers: Answers) -> list[Proposal]:
    """Return the proposals that answers tell of."""
    return [proposal for _, proposal in answers if proposal is not None]


@frozen
class Acceptor(Node):
    """Remembers the highest number that it has promised, and the last proposal that it has accepted."""

    learners: tuple[NodeId, ...]
    promised: int = durable(0)
    accepted: Proposal | None = durable(None)

    @on(Prepare)
    def promise(self, prepare: Prepare, proposer: NodeId) -> Steps:
        """Phase 1 (b): promise if the number is greater than any that was promised before."""
        number = prepare.proposal.number
        if number > self.promised:
            return self.become(promised=number).send(proposer, Promise(number, self.accepted))

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        """Phase 2 (b): accept unless a greater number was promised."""
        if accept.proposal.number >= self.promised and accept.proposal != self.accepted:
            return self.take(accept.proposal)

    def take(self, proposal: Proposal) -> Steps:
        """Accept a proposal, which promises its number too, and tell the learners."""
        taken = self.become(promised=max(self.promised, proposal.number), accepted=proposal)
        return taken.send(self.learners, Accepted(proposal)) if self.learners else taken

    def __str__(self) -> str:
        return f"took {self.accepted}" if self.accepted else f"promised {self.promised}"


@frozen
class Learner(Node):
    """Hears from acceptors what they have accepted, and sends nothing."""

    quorum: int
    votes: frozenset[tuple[Proposal, NodeId]] = durable(frozenset())

    @on(Accepted)
    def learn(self, message: Accepted, acceptor: NodeId) -> Steps:
        """Note that an acceptor has accepted a proposal."""
        if (message.proposal, acceptor) not in self.votes:
            return self.become(votes=self.votes | {(message.proposal, acceptor)})

    @property
    def learned(self) -> frozenset[str]:
        """The values of the proposals that a majority has accepted."""
        proposals = [proposal for proposal, _ in self.votes]
        return frozenset(one.value for one in proposals if proposals.count(one) >= self.quorum)

    def __str__(self) -> str:
        return f"learned {', '.join(sorted(self.learned))}" if self.learned else "learns"


# What is promised.


def acceptances(event: Event) -> Iterator[tuple[NodeId, Proposal]]:
    """Yield which acceptor took which proposal in a step, to be remembered."""
    if event.node is not None and event.action.handler and isinstance(event.message, Accept):
        yield event.node, event.message.proposal


def chosen(world: World) -> set[Proposal]:
    """Return the proposals that a majority has ever accepted."""
    taken = [proposal for _, proposal in world.observer("accepted").values]
    return {proposal for proposal in taken if taken.count(proposal) >= quorum(world)}


def quorum(world: World) -> int:
    """Return how many acceptances it takes, as the proposers have it."""
    return min(proposer.quorum for proposer in world.nodes(Proposer))


@always
def agreement(world: World) -> Any:
    """Only one value is chosen."""
    values = sorted({proposal.value for proposal in chosen(world)})
    return len(values) <= 1 or f"{' and '.join(values)} were both chosen"


@always
def validity(world: World) -> Any:
    """Only a value that somebody proposed is chosen."""
    own = {proposer.own.value for proposer in world.nodes(Proposer) if proposer.is_used}
    strange = {proposal.value for proposal in chosen(world)} - own
    return not strange or f"{', '.join(sorted(strange))} was chosen, but nobody's own value"


@always
def one_value_per_number(world: World) -> Any:
    """Under one number one value is proposed."""
    values: dict[int, set[str]] = {}
    for envelope in world.in_flight(Accept):
        proposal = envelope.message.proposal
        values.setdefault(proposal.number, set()).add(proposal.value)
    for number, several in values.items():
        if len(several) > 1:
            return f"under {number} {' and '.join(sorted(several))} were proposed"
    return True


@every_step
def promises_only_grow(before: World, action: Action, after: World) -> Any:
    """An acceptor never goes back behind a number that it has promised."""
    for was, now in zip(before.nodes(Acceptor), after.nodes(Acceptor), strict=True):
        if now.promised < was.promised:
            return broken(f"{now.id} had promised {was.promised}, and now {now.promised}", now)
    return True


@always
def learned_is_chosen(world: World) -> Any:
    """What a learner has learned is chosen."""
    values = {proposal.value for proposal in chosen(world)}
    for learner in world.nodes(Learner):
        for value in sorted(learner.learned - values):
            return broken(f"{learner.id} learned {value}, which is not chosen", learner)
    return True


@possible
def a_value_is_chosen(world: World) -> bool:
    """A value can be chosen."""
    return bool(chosen(world))


@recoverable
def can_finish(world: World) -> Any:
    """As long as a number is left, a value can still be chosen."""
    return bool(chosen(world))


@frozen
class Paxos(Protocol):
    """Single-decree Paxos over a network that forgets nothing."""

    name: ClassVar[str] = "paxos"
    network: ClassVar[Network] = Network.SET
    tones: ClassVar[dict[str, str]] = {"IDLE": "idle", "PREPARING": "wait", "PROPOSED": "near"}
    proposer_class: ClassVar[type[Proposer]] = Proposer
    acceptor_class: ClassVar[type[Acceptor]] = Acceptor
    learner_class: ClassVar[type[Learner]] = Learner

    acceptors: int = parameter(3, help="how many acceptors there are", at_least=1)
    proposers: int = parameter(2, help="how many proposers there are, each with one number", at_least=1)
    learners: int = parameter(0, help="how many learners there are", at_least=0)

    @property
    def quorum(self) -> int:
        """How many promises and acceptances it takes."""
        return self.acceptors // 2 + 1

    def nodes(self) -> dict[NodeId, Node]:
        learners = tuple(f"L{k}" for k in range(1, self.learners + 1))
        proposers = {
            f"P{k}": self.proposer_class(self.proposal(k), frozenset(self.acceptor_names), self.quorum)
            for k in range(1, self.proposers + 1)
        }
        acceptors = {name: self.acceptor_class(learners) for name in self.acceptor_names}
        return {**proposers, **acceptors, **{name: self.learner_class(self.quorum) for name in learners}}

    def proposal(self, proposer: int) -> Proposal:
        """Return a proposer's number and its own value."""
        return Proposal(proposer, f"v{proposer}")

    @property
    def acceptor_names(self) -> list[NodeId]:
        """The acceptors' names."""
        return [f"A{k}" for k in range(1, self.acceptors + 1)]

    def observers(self) -> dict[str, Observer]:
        return {"accepted": EverSeen(acceptances)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.acceptor_names]

    def has_room(self, world: World) -> bool:
        """The highest number was not used yet."""
        last = max(world.nodes(Proposer), key=lambda proposer: proposer.own.number)
        return not last.is_used and world.is_up(last)

    def promises(self) -> Iterable[Property]:
        promised = [
            agreement,
            validity,
            one_value_per_number,
            promises_only_grow,
            a_value_is_chosen,
            can_finish,
        ]
        return [*promised, learned_is_chosen] if self.learners else promised


# Variants. Each is the protocol above with one deviation; the first three are readings of the study notes.


class HastyAcceptor(Acceptor):
    """As the notes have it: a prepare request is already recorded as if it was accepted, and the answer is empty."""

    @on(Prepare)
    def promise(self, prepare: Prepare, proposer: NodeId) -> Steps:
        number = prepare.proposal.number
        if number > self.promised:
            recorded = self.become(promised=number, accepted=prepare.proposal)
            return recorded.send(proposer, Promise(number, self.told()))

    def told(self) -> Proposal | None:
        """Return what the answer tells."""
        return None

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        if accept.proposal.number >= self.promised:
            return self.take(accept.proposal)


class StrictAcceptor(HastyAcceptor):
    """Accepts only a number greater than the one it promised."""

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        if accept.proposal.number > self.promised:
            return self.take(accept.proposal)


class AdoptingAcceptor(HastyAcceptor):
    """Answers with what it had recorded before."""

    def told(self) -> Proposal | None:
        return self.accepted


class AsNoted(Paxos):
    """The study notes to the letter: accept only greater numbers, so nothing is ever chosen."""

    variant = "as-noted"
    acceptor_class = StrictAcceptor


class NotesAtLeast(Paxos):
    """The notes with "at least" for "greater": something is chosen, and then something else."""

    variant = "notes-ge"
    acceptor_class = HastyAcceptor


class NotesAdopt(Paxos):
    """The notes, with the answer telling what was recorded; but preparing still overwrites it."""

    variant = "notes-adopt"
    acceptor_class = AdoptingAcceptor


class SelfishProposer(Proposer):
    """Proposes its own value, whatever it hears."""

    def value(self, answers: Answers) -> str:
        return self.own.value


class IgnoreHighest(Paxos):
    """Wrong: a proposer proposes its own value, whatever the acceptors have accepted."""

    variant = "ignore-highest"
    proposer_class = SelfishProposer


class EagerProposer(Proposer):
    """Proposes its own value if one acceptor leaves it free to."""

    def value(self, answers: Answers) -> str:
        is_free = len(accepted_in(answers)) < len(answers)
        return self.own.value if is_free else super().value(answers)


class AnyFree(Paxos):
    """Wrong: one empty answer is enough for a proposer to propose its own value."""

    variant = "any-free"
    proposer_class = EagerProposer


class LowestProposer(Proposer):
    """Takes the oldest proposal."""

    def value(self, answers: Answers) -> str:
        reported = accepted_in(answers)
        return min(reported, key=lambda one: one.number).value if reported else self.own.value


class AdoptLowest(Paxos):
    """Wrong: of the proposals it hears of, a proposer takes that of the lowest number."""

    variant = "adopt-lowest"
    proposer_class = LowestProposer


class LaxAcceptor(Acceptor):
    """Does not count accepting a number as a promise."""

    def take(self, proposal: Proposal) -> Steps:
        taken = self.become(accepted=proposal)
        return taken.send(self.learners, Accepted(proposal)) if self.learners else taken


class NoPromiseOnAccept(Paxos):
    """Wrong: accepting a proposal does not promise its number."""

    variant = "no-promise-on-accept"
    acceptor_class = LaxAcceptor


class GullibleAcceptor(Acceptor):
    """Accepts whatever it is sent."""

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        if accept.proposal != self.accepted:
            return self.take(accept.proposal)


class AcceptUnchecked(Paxos):
    """Wrong: an acceptor accepts any number, whatever it has promised."""

    variant = "accept-unchecked"
    acceptor_class = GullibleAcceptor


class CarelessAcceptor(Acceptor):
    """Promises without making a note of it."""

    @on(Prepare)
    def promise(self, prepare: Prepare, proposer: NodeId) -> Steps:
        number = prepare.proposal.number
        if number > self.promised:
            return self.send(proposer, Promise(number, self.accepted))


class PromiseNotStored(Paxos):
    """Wrong: an acceptor promises, and forgets at once."""

    variant = "promise-not-stored"
    acceptor_class = CarelessAcceptor


@frozen
class ForgetfulAcceptor(Acceptor):
    """Keeps its promise in memory only."""

    promised: int = volatile(0)


class ForgetOnCrash(Paxos):
    """Wrong: a promise is not on disk; a crash and a restart break it."""

    variant = "forget-on-crash"
    acceptor_class = ForgetfulAcceptor


@frozen
class ForgetfulProposer(Proposer):
    """Keeps in memory only that it has used its number."""

    is_used: bool = volatile(False)


class ReuseNumber(Paxos):
    """Wrong: a proposer keeps in memory which number it has used; after a crash and a restart it uses it again."""

    variant = "reuse-number"
    proposer_class = ForgetfulProposer


@frozen
class HalfQuorum(Paxos):
    """Wrong: half of the acceptors are enough; two halves of an even number need not meet."""

    variant: ClassVar[str] = "half-quorum"

    acceptors: int = parameter(4, help="how many acceptors there are", at_least=1)
    proposers: int = parameter(2, help="how many proposers there are, each with one number", at_least=1)
    learners: int = parameter(0, help="how many learners there are", at_least=0)

    @property
    def quorum(self) -> int:
        return (self.acceptors + 1) // 2


class ObligingAcceptor(Acceptor):
    """Promises the same number again."""

    @on(Prepare)
    def promise(self, prepare: Prepare, proposer: NodeId) -> Steps:
        number = prepare.proposal.number
        if number >= self.promised:
            return self.become(promised=number).send(proposer, Promise(number, self.accepted))


class SharedNumber(Paxos):
    """Wrong: proposers share one number, and acceptors promise it to all of them."""

    variant = "shared-number"
    acceptor_class = ObligingAcceptor

    def proposal(self, proposer: int) -> Proposal:
        return Proposal(1, f"v{proposer}")


class StubbornAcceptor(Acceptor):
    """Accepts only once, ever."""

    @on(Accept)
    def accept(self, accept: Accept) -> Steps:
        if self.accepted is None and accept.proposal.number >= self.promised:
            return self.take(accept.proposal)


class AcceptOnce(Paxos):
    """An acceptor accepts one proposal, ever: still safe, but votes may split for good."""

    variant = "accept-once"
    acceptor_class = StubbornAcceptor


class HastyLearner(Learner):
    """Counts acceptors by value, whatever the number."""

    @property
    def learned(self) -> frozenset[str]:
        voters: dict[str, set[NodeId]] = {}
        for proposal, acceptor in self.votes:
            voters.setdefault(proposal.value, set()).add(acceptor)
        return frozenset(value for value, who in voters.items() if len(who) >= self.quorum)


@frozen
class LearnByValue(Paxos):
    """Wrong: a learner counts acceptors that accepted a value under any numbers."""

    variant: ClassVar[str] = "learn-by-value"
    learner_class: ClassVar[type[Learner]] = HastyLearner

    acceptors: int = parameter(3, help="how many acceptors there are", at_least=1)
    proposers: int = parameter(3, help="how many proposers there are, each with one number", at_least=1)
    learners: int = parameter(1, help="how many learners there are", at_least=0)
