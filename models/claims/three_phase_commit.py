"""What the notes say of three-phase commit (lines 66 to 77)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from attrs import frozen

from everyway.invariants import always, every_step, possible
from everyway.invariants.atomic_commit import (
    Decision,
    Vote,
    agreement,
    commit_is_possible,
    commit_validity,
    decision_stability,
    non_blocking,
)
from everyway.models.language import Action, Event, Faults, Kind, Observer, World, at_most
from everyway.models.three_phase_commit import (
    Abort,
    AsNoted,
    AsNotedAbort,
    Binding,
    CanCommit,
    No,
    Participant,
    Phase,
    Policy,
    ThreePhaseCommit,
    Yes,
)

from .claim import Calculation, Claim, Ruling, holds, reachable, violated

COORDINATOR_CRASHES: dict[str, Any] = {"crashes": at_most(1, "C")}


def participants(world: World) -> tuple[Participant, ...]:
    """Return the participants."""
    return world.nodes(Participant)


def _phases(world: World) -> list[Phase]:
    return [node.phase for node in participants(world)]


def _acted(before: World, action: Action, after: World) -> tuple[Participant, Participant] | None:
    """Return the participant that acted, before and after; None if it was none."""
    if action.node is None:
        return None
    was, now = before[action.node], after[action.node]
    return (was, now) if isinstance(was, Participant) and isinstance(now, Participant) else None


@every_step
def an_inquiry_is_answered_yes_or_no(before: World, action: Action, after: World) -> bool:
    """Who is asked says yes or no, and nothing else; who has decided says nothing."""
    acted = _acted(before, action, after)
    asked = (
        action.kind is Kind.DELIVERY
        and action.envelope is not None
        and isinstance(action.envelope.message, CanCommit)
    )
    if acted is None or not asked:
        return True
    if acted[0].decision:
        return not action.sent
    return [type(envelope.message) for envelope in (*action.sent, *action.unsent)] in ([Yes], [No])


@always
def ready_means_that_all_voted_yes(world: World) -> bool:
    """If one is ready to commit, all have voted yes."""
    return Phase.PRECOMMITTED not in _phases(world) or all(n.vote is Vote.YES for n in participants(world))


@every_step
def who_is_ready_and_times_out_commits(before: World, action: Action, after: World) -> bool:
    """Whoever is ready and waits too long commits."""
    acted = _acted(before, action, after)
    if acted is None or action.kind is not Kind.TIMEOUT or acted[0].phase is not Phase.PRECOMMITTED:
        return True
    return acted[1].phase is Phase.COMMITTED


@possible
def committed_alone(world: World) -> bool:
    """A participant has committed, and the coordinator has not decided."""
    return Phase.COMMITTED in _phases(world) and not getattr(world["C"], "decision", None)


@possible
def the_abort_came_too_late(world: World) -> bool:
    """The coordinator aborted, its word to P1 is still under way, P1 committed meanwhile and P2 aborted."""
    is_under_way = any(envelope.to == "P1" for envelope in world.in_flight(Abort))
    is_aborted = getattr(world["C"], "decision", None) is Decision.ABORT
    return is_aborted and is_under_way and _phases(world) == [Phase.COMMITTED, Phase.ABORTED]


@frozen
class Impatience(Observer):
    """Remembers whether some participant timed out."""

    fired: bool = False

    def observe(self, event: Event) -> Impatience:
        is_timeout = event.kind is Kind.TIMEOUT and isinstance(event.before, Participant)
        return Impatience(fired=True) if is_timeout else self


class Watched(AsNoted):
    """The notes' reading, with what time-outs there were remembered."""

    def observers(self) -> dict[str, Observer]:
        return {"impatience": Impatience()}


@always
def conflicts_come_from_timeouts(world: World) -> bool:
    """If two decide differently, some participant timed out before."""
    return agreement.judge(world) is None or bool(world.observer("impatience").fired)


@always(when=lambda world: any(node.vote is Vote.NO for node in participants(world)))
def no_commit_beside_a_no(world: World) -> bool:
    """If one has said no, the coordinator does not commit."""
    return getattr(world["C"], "decision", None) is not Decision.COMMIT


def _dilemma(count: int) -> Callable[[Callable[..., Any]], tuple[int, int, int]]:
    """Return what counts the policies that are safe, those that do not block, and those that are both."""

    def compute(check: Callable[..., Any]) -> tuple[int, int, int]:
        safe, free = set(), set()
        for policy in product(["wait", "abort"], ["wait", "abort", "commit"], ["wait", "abort", "commit"]):
            model = Policy(count, *policy)  # type: ignore[arg-type]
            report = check(
                model,
                [agreement, commit_validity, decision_stability, non_blocking],
                faults=Faults(**COORDINATOR_CRASHES),
            )
            *kept, moves = (verdict.outcome.value == "holds" for verdict in report.verdicts)
            if all(kept):
                safe.add(policy)
            if moves:
                free.add(policy)
        return len(safe), len(free), len(safe & free)

    return compute


@frozen
class Sent(Observer):
    """Counts the messages that were sent."""

    count: int = 0

    def observe(self, event: Event) -> Sent:
        return Sent(self.count + len(event.action.sent)) if event.action.sent else self


class Counted(ThreePhaseCommit):
    """Three-phase commit, with its messages counted."""

    def observers(self) -> dict[str, Observer]:
        return {"sent": Sent()}


def _all_commit_after(count: int) -> Any:
    @always(
        when=lambda world: all(node.decision is Decision.COMMIT for node in participants(world)),
        name="messages",
    )
    def messages(world: World) -> bool:
        return bool(world.observer("sent").count == 5 * count)

    return messages


CLAIMS = (
    Claim(
        "3pc.nonblocking",
        "L66",
        "通过超时机制解决阻塞问题",
        "Time-outs solve the problem of blocking.",
        Ruling.VIOLATED,
        "As noted somebody still waits, or two disagree. It takes the termination protocol and right time-outs.",
        (
            violated(
                AsNoted(2), non_blocking, "commit by default when ready", length=1, **COORDINATOR_CRASHES
            ),
            holds(AsNotedAbort(2), non_blocking, "and abort by default before", **COORDINATOR_CRASHES),
            violated(AsNotedAbort(2), agreement, "which costs agreement", length=8, **COORDINATOR_CRASHES),
            holds(ThreePhaseCommit(2), non_blocking, "Skeen's protocol", crashes=2),
            holds(ThreePhaseCommit(2), agreement, "Skeen's protocol", crashes=2),
            holds(ThreePhaseCommit(3), non_blocking, "3 participants, 3 crashes", crashes=3, slow=True),
            holds(ThreePhaseCommit(3), agreement, "3 participants, 3 crashes", crashes=3, slow=True),
            reachable(ThreePhaseCommit(2), commit_is_possible, "not for nothing", crashes=2),
        ),
        "Skeen 1981; Bernstein et al. 1987, section 7.5",
    ),
    Claim(
        "3pc.inquiry-not-binding",
        "L66",
        "增加询问阶段",
        "What is added is the phase of inquiry.",
        Ruling.DEFINITION,
        "What helps is the buffer state in which all are known to have voted yes; a yes to be taken back is none.",
        (
            violated(AsNoted(2), ready_means_that_all_voted_yes, "as noted"),
            violated(AsNoted(2), agreement, "as noted, a time-out fires early", length=8, timeouts="early"),
            holds(Binding(2), ready_means_that_all_voted_yes, "a binding yes", timeouts="early"),
            holds(ThreePhaseCommit(2), ready_means_that_all_voted_yes, "Skeen's protocol", crashes=2),
        ),
        "Skeen 1981",
    ),
    Claim(
        "3pc.inquiry",
        "L69",
        "只用回答是或不是",
        "The inquiry is answered yes or no.",
        Ruling.DEFINITION,
        "So it is in all readings.",
        (
            holds(AsNoted(2), an_inquiry_is_answered_yes_or_no, "as noted", crashes=1),
            holds(ThreePhaseCommit(2), an_inquiry_is_answered_yes_or_no, crashes=1),
        ),
    ),
    Claim(
        "3pc.prepare-aborts",
        "L70",
        "若有参与者回答 no 或 超时，中断事务",
        "If one says no or is silent, the transaction is aborted.",
        Ruling.HOLDS,
        "The coordinator does not commit after a no.",
        (
            holds(AsNoted(2), no_commit_beside_a_no, "as noted", timeouts="early"),
            holds(ThreePhaseCommit(2), no_commit_beside_a_no, crashes=1),
        ),
    ),
    Claim(
        "3pc.default-commit",
        "L71",
        "若参与者等待超时，则默认成功，继续事务提交",
        "Whoever waits too long commits by default.",
        Ruling.DEFINITION,
        "Whoever is ready does, in all of the notes' readings.",
        (
            holds(AsNoted(2), who_is_ready_and_times_out_commits, timeouts="early"),
            reachable(AsNoted(2), committed_alone, timeouts="early"),
        ),
    ),
    Claim(
        "3pc.inconsistent-on-timeout",
        "L75",
        "一旦超时，系统就可能发生数据不一致的情况",
        "Once there is a time-out, data may become inconsistent.",
        Ruling.REACHABLE,
        "A time-out that fires early is enough; or one that is right, if the coordinator crashed in a broadcast.",
        (
            violated(AsNoted(2), agreement, "a time-out fires early", length=8, timeouts="early"),
            violated(
                Binding(2), agreement, "none does, a crash in a broadcast", length=8, **COORDINATOR_CRASHES
            ),
            holds(Watched(2), conflicts_come_from_timeouts, "and always after a time-out", timeouts="early"),
            holds(
                AsNoted(2),
                agreement,
                "no time-outs at all",
                timeouts="never",
                losses=1,
                **COORDINATOR_CRASHES,
            ),
        ),
    ),
    Claim(
        "3pc.no-timeout-no-conflict",
        "L75",
        "一旦超时",
        "Without a time-out there is no conflict.",
        Ruling.HOLDS,
        "The precise form of 'once': a conflict means that some participant timed out.",
        (holds(Watched(2), conflicts_come_from_timeouts, losses=1, crashes=1),),
    ),
    Claim(
        "3pc.delayed-abort",
        "L77",
        "协调者发送的中止命令没有及时被接收，参与者在等待超时后执行了提交事务",
        "An abort arrives too late; a participant has timed out and committed, another has aborted.",
        Ruling.REACHABLE,
        "Only if a time-out fires early, or an answer was lost.",
        (
            reachable(AsNoted(2), the_abort_came_too_late, "a time-out fires early", timeouts="early"),
            reachable(AsNoted(2), the_abort_came_too_late, "an acknowledgement is lost", losses=1),
        ),
    ),
    Claim(
        "3pc.timeout-dilemma",
        "L66",
        "通过超时机制解决阻塞问题",
        "Some choice of time-outs is both safe and non-blocking.",
        Ruling.VIOLATED,
        "Of 18 ways to decide alone none is, if the coordinator crashes once. With one participant some seem to be.",
        (
            Calculation(
                "2 participants: policies that are safe, do not block, both",
                _dilemma(2),
                (6, 4, 0),
                is_slow=True,
            ),
            Calculation("3 participants", _dilemma(3), (6, 4, 0), is_slow=True),
            Calculation("1 participant: policies that are both", lambda check: _dilemma(1)(check)[2], 2),
        ),
        "Skeen 1981",
    ),
    Claim(
        "3pc.partition",
        "L66",
        "解决阻塞问题",
        "Skeen's protocol survives a partition (implied).",
        Ruling.VIOLATED,
        "Each side decides for itself. The cure is a majority: E3PC, or Paxos Commit.",
        (violated(ThreePhaseCommit(2), agreement, length=10, partitions=1),),
        "Keidar & Dolev 1998; Gray & Lamport 2006",
    ),
    Claim(
        "3pc.messages",
        "L66",
        "增加询问阶段",
        "What it costs (implied).",
        Ruling.HOLDS,
        "5N messages, against 3N of two-phase commit.",
        (
            holds(Counted(2), _all_commit_after(2), "2 participants: 10 on every run that commits"),
            holds(Counted(3), _all_commit_after(3), "3 participants: 15"),
        ),
    ),
)
