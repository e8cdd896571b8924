"""What the notes say of two-phase commit (lines 50 to 62)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import permutations, product
from math import prod
from typing import Any

from attrs import frozen

from everyway.invariants import always, every_step, implements, leads_to, possible, recoverable
from everyway.invariants.atomic_commit import (
    Decision,
    Vote,
    agreement,
    commit_is_possible,
    commit_validity,
    decision_stability,
    non_blocking,
    recovery,
)
from everyway.models import gray_lamport
from everyway.models.language import Action, Event, Kind, Observer, System, World, at_most
from everyway.models.specifications import TransactionCommit
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.models.two_phase_commit import (
    Abort,
    AbortAfterYes,
    AsNoted,
    Commit,
    CommitAfterYes,
    CommitOnMajority,
    Cooperative,
    Coordinator,
    CoordinatorLogLost,
    NoRetry,
    Participant,
    ParticipantLogLost,
    Phase,
    TwoPhaseCommit,
    Yes,
    as_transaction_commit,
)

from .claim import Calculation, Claim, Ruling, holds, reachable, unreachable, violated

COORDINATOR_CRASHES: dict[str, Any] = {"crashes": at_most(1, "C")}
AND_BACK: dict[str, Any] = {"crashes": 1, "restarts": 1}
VERDICT_OF: dict[Decision, type] = {Decision.COMMIT: Commit, Decision.ABORT: Abort}


def participants(world: World) -> tuple[Participant, ...]:
    """Return the participants."""
    return world.nodes(Participant)


def _acted(before: World, action: Action, after: World) -> tuple[Participant, Participant] | None:
    """Return the participant that acted, before and after; None if it was none."""
    if action.node is None:
        return None
    was, now = before[action.node], after[action.node]
    return (was, now) if isinstance(was, Participant) and isinstance(now, Participant) else None


def _received(action: Action, *kinds: type) -> bool:
    """Return whether a step delivers a message of one of these classes."""
    return (
        action.kind is Kind.DELIVERY
        and action.envelope is not None
        and isinstance(action.envelope.message, kinds)
    )


@every_step
def only_the_coordinator_decides(before: World, action: Action, after: World) -> Any:
    """A participant commits on the coordinator's word; it aborts on that, or before it voted yes."""
    acted = _acted(before, action, after)
    if acted is None or acted[0].phase is acted[1].phase or not acted[1].decision:
        return True
    was, now = acted
    assert now.decision is not None
    if (
        _received(action, VERDICT_OF[now.decision])
        and action.envelope is not None
        and action.envelope.sender == "C"
    ):
        return True
    if now.decision is Decision.COMMIT or was.phase is not Phase.INITIAL:
        return f"{now.id} decided by itself"
    return True


@every_step
def a_yes_is_final(before: World, action: Action, after: World) -> Any:
    """Who voted yes leaves that state only on the decision."""
    acted = _acted(before, action, after)
    if (
        acted
        and acted[0].phase is Phase.PREPARED is not acted[1].phase
        and not _received(action, Commit, Abort)
    ):
        return f"{acted[0].id} went back on its yes"
    return True


@always
def the_coordinator_is_at_one_end(world: World) -> bool:
    """Every message is from or to the coordinator."""
    return all("C" in (envelope.sender, envelope.to) for envelope in world.in_flight())


@every_step
def the_prepared_only_wait(before: World, action: Action, after: World) -> Any:
    """Who is prepared does nothing but receive the decision; asking for it counts as waiting."""
    acted = _acted(before, action, after)
    if acted is None or acted[0].phase is not Phase.PREPARED or action.is_fault or action.is_repair:
        return True
    _, now = acted
    return now.phase is Phase.PREPARED or _received(action, Commit, Abort)


@possible
def one_waits_for_the_others_vote(world: World) -> bool:
    """One participant is prepared, another has not voted."""
    return {Phase.PREPARED, Phase.INITIAL} <= {node.phase for node in participants(world)}


@possible
def decided_while_the_coordinator_is_down(world: World) -> bool:
    """The coordinator is down, and every participant has decided."""
    return not world.is_up("C") and all(node.decision for node in participants(world))


@possible
def all_are_prepared_and_it_is_down(world: World) -> bool:
    """The coordinator is down, and every participant is prepared."""
    return not world.is_up("C") and all(node.phase is Phase.PREPARED for node in participants(world))


@possible
def partial_commit(world: World) -> bool:
    """One participant has committed, another is still prepared."""
    return {node.phase for node in participants(world)} == {Phase.PREPARED, Phase.COMMITTED}


@possible
def aborted_beside_prepared(world: World) -> bool:
    """One participant has aborted, another is prepared."""
    return {Phase.PREPARED, Phase.ABORTED} <= {node.phase for node in participants(world)}


@possible
def committed_beside_undecided(world: World) -> bool:
    """One participant has committed, another has not even voted."""
    return {Phase.COMMITTED, Phase.INITIAL} <= {node.phase for node in participants(world)}


@recoverable
def no_commit_stays_partial(world: World) -> bool:
    """Once one has committed, all can still."""
    phases = {node.phase for node in participants(world)}
    return Phase.COMMITTED not in phases or phases == {Phase.COMMITTED}


@leads_to(
    lambda world: all(node.vote is Vote.YES for node in participants(world)), name="all yes leads to commit"
)
def abort_validity(world: World) -> bool:
    """All commit."""
    return all(
        node.decision is Decision.COMMIT for node in world if isinstance(node, (Participant, Coordinator))
    )


@frozen
class Votes(Observer):
    """Remembers who crashed before it voted yes."""

    silent: frozenset[str] = frozenset()

    def observe(self, event: Event) -> Votes:
        node = event.after
        gone = event.action.crashed or event.kind is Kind.CRASH
        if gone and isinstance(node, Participant) and node.vote is not Vote.YES:
            return Votes(self.silent | {node.id})
        return self


class Watched(TwoPhaseCommit):
    """Two-phase commit, with the votes remembered."""

    def observers(self) -> dict[str, Observer]:
        return {"votes": Votes()}


def one_failed(world: World) -> bool:
    """A participant refused, or crashed before it voted yes."""
    return bool(world.observer("votes").silent) or any(node.vote is Vote.NO for node in participants(world))


@always(when=one_failed)
def nobody_commits_if_one_failed(world: World) -> bool:
    """If one refused, or crashed for good before its yes, nobody commits."""
    return not any(
        node.decision is Decision.COMMIT for node in world if isinstance(node, (Participant, Coordinator))
    )


@always
def locks_are_held_until_the_last_vote_was_counted(world: World) -> bool:
    """While a vote is missing or under way, nobody who voted yes may let go by committing."""
    is_missing = any(node.vote is None for node in participants(world)) or world.in_flight(Yes)
    return not (is_missing and any(node.decision is Decision.COMMIT for node in participants(world)))


REFUSALS = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 3)]


def _explored(protocol: Any) -> set[World]:
    """Return all states of a small protocol, without faults."""
    system = System(protocol)
    waiting = list(system.initial())
    found = set(waiting)
    while waiting:
        for _, then in system.steps(waiting.pop()):
            if then not in found:
                found.add(then)
                waiting.append(then)
    return found


def _chance_of_abort(_: object) -> Fraction:
    """Return how likely an abort is if participants refuse independently, from how each choice of votes ends."""
    ends = [
        world for world in _explored(TwoPhaseCommit(3)) if all(node.decision for node in participants(world))
    ]
    chance = Fraction(0)
    for votes in product(Vote, repeat=3):
        # An abort may overtake the question; then the vote that would have been given makes no difference.
        alike = [
            world
            for world in ends
            if all(node.vote in (vote, None) for node, vote in zip(participants(world), votes, strict=True))
        ]
        decisions = {node.decision for world in alike for node in participants(world)}
        assert len(decisions) == 1, "the votes decide"
        if decisions == {Decision.ABORT}:
            chance += prod(p if vote is Vote.NO else 1 - p for p, vote in zip(REFUSALS, votes, strict=True))
    return chance


def beside(protocol: Any) -> dict[str, set[str]]:
    """Return the concurrency sets: for each state of a participant those that others may be in meanwhile."""
    found: dict[str, set[str]] = {}
    for world in _explored(protocol):
        voters: list[Any] = [node for node in world if hasattr(node, "vote")]
        phases = [node.phase.name for node in voters]
        for one, other in permutations(phases, 2):
            found.setdefault(one, set()).add(other)
    return found


@frozen
class Sent(Observer):
    """Counts the messages that were sent."""

    count: int = 0

    def observe(self, event: Event) -> Sent:
        return Sent(self.count + len(event.action.sent)) if event.action.sent else self


class Counted(TwoPhaseCommit):
    """Two-phase commit, with its messages counted."""

    def observers(self) -> dict[str, Observer]:
        return {"sent": Sent()}


def _messages(count: int) -> Callable[[object], set[int]]:
    """Return what counts the messages of every run that commits."""

    def compute(_: object) -> set[int]:
        return {
            world.observer("sent").count
            for world in _explored(Counted(count))
            if all(node.decision is Decision.COMMIT for node in participants(world))
        }

    return compute


CLAIMS = (
    Claim(
        "2pc.coordinator-decides",
        "L50",
        "引入协调者来协调参与者的行为，并决定参与者执行的事务",
        "The coordinator decides what the participants do.",
        Ruling.HOLDS,
        "A participant commits only on its word; it aborts by itself only before it has voted yes.",
        (
            holds(TwoPhaseCommit(2), only_the_coordinator_decides, **AND_BACK),
            violated(CommitAfterYes(2), only_the_coordinator_decides, "commits alone", timeouts="early"),
        ),
        "Bernstein et al. 1987, section 7.4",
    ),
    Claim(
        "2pc.agreement",
        "L61",
        "只有部分提交，数据不一致",
        "Some commit while others abort.",
        Ruling.VIOLATED,
        "Never, whatever fails: only some know the decision earlier. Leaving out a rule breaks it.",
        (
            holds(
                TwoPhaseCommit(2),
                agreement,
                "losses and a crash",
                losses=1,
                crashes=at_most(1, "C"),
                restarts=1,
            ),
            holds(TwoPhaseCommit(2), agreement, "time-outs at any moment", timeouts="early"),
            holds(TwoPhaseCommit(3), agreement, "3 participants", crashes=1),
            holds(AsNoted(2), agreement, "the notes' reading", losses=1, crashes=1),
            holds(
                TwoPhaseCommit(2),
                implements(TransactionCommit(["P1", "P2"]), as_transaction_commit),
                "as a refinement",
                crashes=1,
            ),
            reachable(TwoPhaseCommit(2), commit_is_possible, "not for nothing"),
            violated(CommitOnMajority(3), agreement, "a majority is enough", length=6),
            violated(CoordinatorLogLost(2), agreement, "the decision is not on disk", length=7, **AND_BACK),
            violated(ParticipantLogLost(2), agreement, "the yes is not on disk", length=10, **AND_BACK),
        ),
        "Gray 1978; Gray & Lamport 2006",
    ),
    Claim(
        "2pc.stable",
        "L54",
        "通知参与者提交事务",
        "Nobody takes a decision back (implied).",
        Ruling.HOLDS,
        "No participant does: what it decided is on disk before it acts on it.",
        (
            holds(TwoPhaseCommit(2), decision_stability, **AND_BACK),
            violated(ParticipantLogLost(2), decision_stability, "not on disk", length=3, **AND_BACK),
        ),
    ),
    Claim(
        "2pc.log-lost",
        "",
        "",
        "Votes and the decision must be on disk before anybody hears of them; the notes do not say so.",
        Ruling.HOLDS,
        "Who forgets its yes, or the decision, in a crash may answer otherwise afterwards.",
        (
            violated(CoordinatorLogLost(2), agreement, "the decision is not on disk", length=7, **AND_BACK),
            violated(ParticipantLogLost(2), agreement, "the yes is not on disk", length=10, **AND_BACK),
            holds(TwoPhaseCommit(2), agreement, "both are", **AND_BACK),
        ),
        "Bernstein, Hadzilacos & Goodman 1987, section 7.4",
    ),
    Claim(
        "2pc.vote-is-final",
        "L53",
        "参与者返回执行结果",
        "The participants return the result, and stand by it.",
        Ruling.DEFINITION,
        "After a yes they wait for the decision. Who does not breaks agreement.",
        (
            holds(TwoPhaseCommit(2), a_yes_is_final, **AND_BACK),
            violated(AbortAfterYes(2), agreement, "aborts after a yes", length=6, timeouts="early"),
            violated(CommitAfterYes(2), agreement, "commits after a yes", length=4, timeouts="early"),
        ),
    ),
    Claim(
        "2pc.commit-validity",
        "L54",
        "若都成功，协调者通知参与者提交事务",
        "It commits only if all succeeded.",
        Ruling.HOLDS,
        "The coordinator counts the votes.",
        (
            holds(TwoPhaseCommit(2), commit_validity, **AND_BACK),
            violated(CommitOnMajority(3), commit_validity, "a majority is enough", length=5),
        ),
    ),
    Claim(
        "2pc.abort-validity",
        "L54",
        "若都成功，协调者通知参与者提交事务",
        "If all succeeded, it commits.",
        Ruling.HOLDS,
        "If nothing fails and no time-out fires in vain.",
        (
            holds(TwoPhaseCommit(2), abort_validity),
            violated(TwoPhaseCommit(2), abort_validity, "a time-out may fire early", timeouts="early"),
        ),
    ),
    Claim(
        "2pc.star-topology",
        "L56",
        "中央集权",
        "It is centralised.",
        Ruling.HOLDS,
        "Every message has the coordinator at one end, unless prepared participants ask each other.",
        (
            holds(TwoPhaseCommit(3), the_coordinator_is_at_one_end, crashes=1),
            violated(Cooperative(2), the_coordinator_is_at_one_end, "cooperative termination", crashes=1),
        ),
    ),
    Claim(
        "2pc.sync-blocking",
        "L59",
        "在等待其他事务参与者响应时处于同步阻塞状态",
        "Waiting for the others, a participant is blocked.",
        Ruling.HOLDS,
        "Who is prepared only waits for the decision; for the others it waits through the coordinator.",
        (
            holds(TwoPhaseCommit(2), the_prepared_only_wait, **AND_BACK),
            reachable(TwoPhaseCommit(2), one_waits_for_the_others_vote),
            violated(AbortAfterYes(2), the_prepared_only_wait, "who aborts alone does not", timeouts="early"),
        ),
    ),
    Claim(
        "2pc.blocking",
        "L60",
        "单点故障。协调者GG",
        "If the coordinator crashes, participants are blocked.",
        Ruling.REACHABLE,
        "Who voted yes may not decide alone. Asking the others helps, unless all of them have voted yes.",
        (
            violated(TwoPhaseCommit(2), non_blocking, length=2, **COORDINATOR_CRASHES),
            violated(AsNoted(2), non_blocking, "as noted: no time-outs", length=1, **COORDINATOR_CRASHES),
            violated(
                Cooperative(2), non_blocking, "cooperative termination", length=4, **COORDINATOR_CRASHES
            ),
            holds(
                TwoPhaseCommit(2), non_blocking, "a participant crashes", crashes=at_most(1, "participant")
            ),
        ),
        "Bernstein et al. 1987, section 7.4; Skeen 1981",
    ),
    Claim(
        "2pc.all-block-forever",
        "L60",
        "特别是提交阶段GG，所有参与者都一直阻塞",
        "If it crashes in the commit phase, all participants are blocked for ever.",
        Ruling.VIOLATED,
        "Who has the decision is done, who has not voted may abort, and when it is back everybody is released.",
        (
            reachable(
                TwoPhaseCommit(2),
                decided_while_the_coordinator_is_down,
                "none is blocked",
                **COORDINATOR_CRASHES,
            ),
            reachable(TwoPhaseCommit(2), all_are_prepared_and_it_is_down, "all are", **COORDINATOR_CRASHES),
            holds(TwoPhaseCommit(2), recovery, "it comes back", **AND_BACK),
        ),
    ),
    Claim(
        "2pc.fundamental",
        "L60",
        "参与者都一直阻塞",
        "No participant can know better (implied).",
        Ruling.HOLDS,
        "Next to a prepared participant there may be one that has committed, and one that has aborted.",
        (
            reachable(TwoPhaseCommit(3), partial_commit),
            reachable(TwoPhaseCommit(3), aborted_beside_prepared),
            unreachable(TwoPhaseCommit(3), committed_beside_undecided),
            Calculation(
                "2PC: the states in which others may be beside a participant that is prepared",
                lambda _: beside(TwoPhaseCommit(3))["PREPARED"],
                {"INITIAL", "PREPARED", "COMMITTED", "ABORTED"},
            ),
            Calculation(
                "3PC: beside one that has voted, and beside one that is ready; neither has both decisions",
                lambda _: [beside(ThreePhaseCommit(3))[state] for state in ("WAITING", "PRECOMMITTED")],
                [
                    {"INITIAL", "WAITING", "PRECOMMITTED", "ABORTED"},
                    {"WAITING", "PRECOMMITTED", "COMMITTED"},
                ],
            ),
        ),
        "Skeen 1981",
    ),
    Claim(
        "2pc.partial-commit-visible",
        "L61",
        "部分参与者没有收到消息，导致只有部分提交",
        "If some miss the message, only a part has committed.",
        Ruling.REACHABLE,
        "For a while, and also without any fault; for good only if nobody asks again.",
        (
            reachable(TwoPhaseCommit(2), partial_commit, length=6),
            holds(TwoPhaseCommit(2), no_commit_stays_partial, "a loss, asked again", losses=1),
            violated(NoRetry(2), no_commit_stays_partial, "a loss, never asked again", losses=1),
            violated(AsNoted(2), no_commit_stays_partial, "a loss, as noted", losses=1),
        ),
        "Gray & Lamport 2006, section 3",
    ),
    Claim(
        "2pc.one-failure-aborts",
        "L62",
        "一个节点失败，整个流程回滚",
        "If one fails, all is rolled back.",
        Ruling.HOLDS,
        "If it refused, or crashed for good before its yes.",
        (holds(Watched(2), nobody_commits_if_one_failed, crashes=1),),
    ),
    Claim(
        "2pc.abort-probability",
        "L62",
        "保守",
        "It is conservative.",
        Ruling.HOLDS,
        "One of many is enough for an abort: 1 - (1-p1)(1-p2)...",
        (
            Calculation(
                "3 participants that refuse with 1/10, 1/4 and 1/3",
                _chance_of_abort,
                1 - prod(1 - p for p in REFUSALS),
            ),
        ),
    ),
    Claim(
        "2pc.lock-hold-time",
        "L62",
        "不适用高并发场景",
        "It is not for high concurrency.",
        Ruling.UNCHECKED,
        "How fast is too slow is not said. Locks are held until the slowest vote is counted, or longer.",
        (
            holds(TwoPhaseCommit(3), locks_are_held_until_the_last_vote_was_counted),
            violated(
                CommitOnMajority(3), locks_are_held_until_the_last_vote_was_counted, "a majority is enough"
            ),
        ),
    ),
    Claim(
        "2pc.messages",
        "L62",
        "不适用高并发场景",
        "What it costs (implied).",
        Ruling.HOLDS,
        "3N messages without acknowledgements.",
        (
            Calculation("messages of every run of 2 that commits", _messages(2), {6}),
            Calculation("messages of every run of 3 that commits", _messages(3), {9}),
        ),
    ),
    Claim(
        "2pc.oracle",
        "",
        "",
        "Gray and Lamport's specification has the states that they and others have counted.",
        Ruling.HOLDS,
        "States of TwoPhase with 1 to 5 resource managers.",
        (
            Calculation(
                "states of TwoPhase for 1 to 5 managers",
                lambda check: [
                    check(gray_lamport.TwoPhase(count), [], symmetry=False).statistics.states
                    for count in range(1, 6)
                ],
                [12, 56, 288, 1568, 8832],
            ),
        ),
        "Gray & Lamport 2006",
    ),
)
