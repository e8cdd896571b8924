"""What is claimed of two-phase commit, claim by claim; each test is named after its claim.

Where a claim is about decisions, the coordinator counts too: it decides before the participants do, so that
conflicts show earlier than among participants alone.
"""

from fractions import Fraction
from itertools import product
from math import prod

import pytest
from attrs import frozen
from explored import after, ends, outcome, shortest, states, system, verdict

from everyway import Kind, Observer, Outcome, always, at_most, check, every_step, possible, recoverable
from everyway.invariants.atomic_commit import (
    Decision,
    Vote,
    abort_is_possible,
    agreement,
    commit_is_possible,
    commit_validity,
    decision_stability,
    non_blocking,
    promises,
    recovery,
)
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
    Prepare,
    PresumedAbort,
    TwoPhaseCommit,
    Yes,
)
from everyway.testing import assert_holds, assert_violated

HOLDS, VIOLATED = Outcome.HOLDS, Outcome.VIOLATED

SAFE = [agreement, commit_validity, decision_stability]
NOT_VACUOUS = [commit_is_possible, abort_is_possible]

BUDGETS = [
    {},
    {"timeouts": "early"},
    {"crashes": 1},
    {"crashes": 1, "restarts": 1},
    {"crashes": 2, "restarts": 2},
    {"losses": 1},
    {"losses": 2},
    {"duplicates": 1},
    {"partitions": 1},
    {"losses": 1, "crashes": at_most(1, "C"), "restarts": 1},
    {"timeouts": "early", "crashes": at_most(1, "C"), "restarts": 1},
]
FEWER_FAULTS = [bounds for bounds in BUDGETS if len(bounds) < 3 and bounds.get("crashes") != 2]


def told(bounds):
    return ", ".join(f"{name} {value}" for name, value in bounds.items()) or "no faults"


def participants(world):
    return world.nodes(Participant)


def coordinator(world):
    return world["C"]


# Safety.


@pytest.mark.parametrize("bounds", BUDGETS, ids=told)
@pytest.mark.parametrize("protocol", [TwoPhaseCommit(1), TwoPhaseCommit(2)], ids=str)
def test_2pc_agreement_and_commit_validity_and_stable(protocol, bounds):
    assert_holds(protocol, [*SAFE, *NOT_VACUOUS], **bounds)


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        pytest.param({"crashes": 1, "restarts": 1}, marks=pytest.mark.slow),
        {"losses": 1},
    ],
    ids=told,
)
def test_2pc_agreement_of_three(bounds):
    assert_holds(TwoPhaseCommit(3), [*SAFE, *NOT_VACUOUS], **bounds)


@pytest.mark.parametrize("bounds", FEWER_FAULTS, ids=told)
@pytest.mark.parametrize("protocol", [AsNoted(2), NoRetry(2), PresumedAbort(2), Cooperative(2)], ids=str)
def test_2pc_agreement_of_the_right_variants(protocol, bounds):
    """Leaving out retries and recovery costs progress, never agreement."""
    assert_holds(protocol, [*SAFE, *NOT_VACUOUS], **bounds)


def test_2pc_abort_validity():
    """All vote yes and nothing fails: all commit, whatever the schedule.

    With time-outs that may fire at any moment an abort is always possible, so they are switched off.
    """
    final = ends(TwoPhaseCommit(3), timeouts="never")
    willing = [world for world in final if all(node.vote is Vote.YES for node in participants(world))]
    assert 0 < len(willing) < len(final)
    for world in willing:
        assert all(node.decision is Decision.COMMIT for node in world)


@every_step
def only_the_coordinator_decides(before, action, then):
    """A participant commits on the coordinator's word; it aborts on that, or before it voted yes."""
    for old, new in zip(participants(before), participants(then), strict=True):
        if old.phase is new.phase or not new.decision:
            continue
        cause = action.envelope.message if action.kind is Kind.DELIVERY else None
        if isinstance(cause, VERDICT_OF[new.decision]) and action.envelope.sender == "C":
            continue
        if new.decision is Decision.COMMIT or old.phase is not Phase.INITIAL:
            return f"{new.id} decided by itself"
    return True


VERDICT_OF = {Decision.COMMIT: Commit, Decision.ABORT: Abort}

BAD = {"crashes": 1, "restarts": 1}


def test_2pc_coordinator_decides():
    for bounds in (BAD, {"losses": 1}, {"timeouts": "early"}):
        assert outcome(TwoPhaseCommit(2), only_the_coordinator_decides, **bounds) is HOLDS
    assert outcome(AbortAfterYes(2), only_the_coordinator_decides, timeouts="early") is VIOLATED
    assert outcome(CommitAfterYes(2), only_the_coordinator_decides, timeouts="early") is VIOLATED
    assert outcome(Cooperative(2), only_the_coordinator_decides, **BAD) is VIOLATED  # a peer may tell


@every_step
def a_yes_is_final(before, action, then):
    """Who voted yes leaves that state only on the decision."""
    for old, new in zip(participants(before), participants(then), strict=True):
        if old.phase is Phase.PREPARED is not new.phase and not (
            action.kind is Kind.DELIVERY and isinstance(action.envelope.message, (Commit, Abort))
        ):
            return f"{new.id} went back on its yes"
    return True


def test_2pc_vote_is_final():
    for bounds in (BAD, {"losses": 1}, {"timeouts": "early"}):
        assert outcome(TwoPhaseCommit(2), a_yes_is_final, **bounds) is HOLDS
    assert outcome(ParticipantLogLost(2), a_yes_is_final, crashes=1) is VIOLATED


@always
def participants_agree(world):
    """No two participants decide differently; the coordinator is not asked."""
    return len({node.decision for node in participants(world)} - {None}) <= 1


def test_2pc_vote_is_final_or_agreement_breaks():
    """Aborting alone takes 6 steps, and 7 among participants only; committing alone takes 4 in either."""
    assert_violated(AbortAfterYes(2), "agreement", length=6, timeouts="early")
    assert_violated(AbortAfterYes(2), participants_agree, length=7, timeouts="early")
    world = after(
        system(AbortAfterYes(2), timeouts="early"),
        "C: ask for votes",
        "P1 receives prepare from C: vote yes",
        "C receives yes from P1: count vote",
        "P1 times out: stop waiting",
        "P2 receives prepare from C: vote yes",
        "C receives yes from P2: decide to commit",
        "P2 receives commit from C: commit",
    )
    assert (world["P1"].phase, world["P2"].phase) == (Phase.ABORTED, Phase.COMMITTED)
    assert_violated(CommitAfterYes(2), "agreement", length=4, timeouts="early")
    assert shortest(CommitAfterYes(2), participants_agree, timeouts="early") == [
        "C: ask for votes",
        "P1 receives prepare from C: vote yes",
        "P2 receives prepare from C: vote no",
        "P1 times out: stop waiting",
    ]


def test_2pc_votes_must_all_be_counted():
    """Commit on a majority: 5 steps to a commit that not all voted for, 6 to a conflict; no fault is needed."""
    assert_violated(CommitOnMajority(3), "commit validity", length=5)
    assert_violated(CommitOnMajority(3), "agreement", length=6)
    assert_holds(CommitOnMajority(2))  # the majority of two is both


def test_2pc_log_lost():
    """The coordinator must log its decision, the participant its yes; each alone breaks agreement."""
    schedule = shortest(CoordinatorLogLost(2), agreement, crashes=1, restarts=1)
    assert len(schedule) == 7
    assert schedule[-1] == "C restarts: decide to abort"
    assert schedule[-2] in ("P1 receives commit from C: commit", "P2 receives commit from C: commit")
    among_participants = shortest(CoordinatorLogLost(2), participants_agree, crashes=1, restarts=1)
    assert len(among_participants) == 8  # 9 where a crash in the middle of a broadcast is a step of its own

    # One step for the crash, one for the restart, one for the time-out that aborts what was promised.
    schedule = shortest(ParticipantLogLost(2), agreement, crashes=1, restarts=1)
    assert len(schedule) == 10
    crashed = schedule.index("P1 crashes")
    assert schedule[crashed:] == ["P1 crashes", "P1 restarts", "P1 times out: stop waiting"]
    assert "C receives yes from P2: decide to commit" in schedule[:crashed]

    for protocol in (CoordinatorLogLost(2), ParticipantLogLost(2)):
        assert_holds(protocol, "agreement", crashes=1)  # who never comes back cannot contradict itself
        assert_holds(protocol, "agreement", timeouts="early")


@always
def the_coordinator_is_at_one_end(world):
    return all("C" in (envelope.sender, envelope.to) for envelope in world.in_flight())


def test_2pc_star_topology():
    assert outcome(TwoPhaseCommit(3), the_coordinator_is_at_one_end, crashes=1) is HOLDS
    assert outcome(TwoPhaseCommit(2), the_coordinator_is_at_one_end, **BAD) is HOLDS
    assert outcome(Cooperative(2), the_coordinator_is_at_one_end, crashes=1) is VIOLATED


# Blocking.


@every_step
def the_prepared_only_wait(before, action, then):
    """Who is prepared does nothing but receive the decision; asking for it counts as waiting."""
    old = before[action.node] if action.node in before.roster.names else None
    if not isinstance(old, Participant) or old.phase is not Phase.PREPARED:
        return True
    if action.kind is Kind.DELIVERY:
        return before.states == then.states or isinstance(action.envelope.message, (Commit, Abort))
    return action.is_fault or action.is_repair or then[old.id].phase is Phase.PREPARED


@possible
def one_waits_for_the_others_vote(world):
    one, other = participants(world)
    return one.phase is Phase.PREPARED and other.phase is Phase.INITIAL


def test_2pc_sync_blocking():
    """They wait for each other only through the coordinator: no message goes from one to the other."""
    for protocol in (AsNoted(2), TwoPhaseCommit(2)):
        for bounds in ({}, BAD, {"losses": 1}):
            assert outcome(protocol, the_prepared_only_wait, **bounds) is HOLDS
            assert outcome(protocol, one_waits_for_the_others_vote, **bounds) is HOLDS
    assert outcome(AbortAfterYes(2), the_prepared_only_wait, timeouts="early") is VIOLATED


def test_2pc_blocking():
    """One crash of the coordinator: who waits for the question may still abort, who voted yes is stuck."""
    assert shortest(TwoPhaseCommit(2), non_blocking, crashes=at_most(1, "C")) == [
        "C: ask for votes but crashes before sending prepare to P2",
        "P1 receives prepare from C: vote yes",
    ]
    as_noted = verdict(AsNoted(2), non_blocking, crashes=at_most(1, "C"))
    assert as_noted.outcome is VIOLATED
    assert as_noted.length == 1  # without time-outs not even the one who was never asked may go
    assert as_noted.broken.nodes == ("P1", "P2")
    assert_holds(TwoPhaseCommit(2), "non-blocking", crashes=at_most(1, "Participant"))


def test_2pc_blocking_of_the_cooperative_variant():
    """If peers are asked too, they are stuck exactly where all have voted yes and the coordinator is down."""
    bounds = {"crashes": at_most(1, "C")}
    found = verdict(Cooperative(2), non_blocking, **bounds)
    assert found.length == 4
    stuck = [world for world in ends(Cooperative(2), **bounds) if world in found.trapped]
    prepared = [
        world
        for world in ends(Cooperative(2), **bounds)
        if not world.is_up("C") and all(node.phase is Phase.PREPARED for node in participants(world))
    ]
    assert stuck == prepared != []
    world = after(
        system(Cooperative(2), **bounds),
        "C: ask for votes",
        "C crashes",
        "P1 receives prepare from C: vote yes",
        "P2 receives prepare from C: vote yes",
    )
    assert world in found.trapped


@possible
def decided_while_the_coordinator_is_down(world):
    return not world.is_up("C") and all(node.decision for node in participants(world))


@possible
def one_decided_and_one_blocked(world):
    return {Phase.PREPARED, Phase.COMMITTED} == {
        node.phase for node in participants(world)
    } and not world.is_up("C")


def test_2pc_all_block_forever():
    """As a law it is wrong: some have the decision already, some may refuse, and recovery releases everybody."""
    crash = {"crashes": at_most(1, "C")}
    for claim in (decided_while_the_coordinator_is_down, one_decided_and_one_blocked):
        assert outcome(TwoPhaseCommit(2), claim, **crash) is HOLDS
    assert_holds(TwoPhaseCommit(2), recovery, crashes=1, restarts=1)

    # What is true: where all voted yes and the coordinator is down, nothing moves any more.
    stuck = [
        world
        for world in ends(TwoPhaseCommit(2), **crash)
        if not world.is_up("C") and all(node.phase is Phase.PREPARED for node in participants(world))
    ]
    assert len(stuck) > 0
    assert not set(stuck) - verdict(TwoPhaseCommit(2), non_blocking, **crash).trapped


@frozen
class Sending(Observer):
    """Counts the messages that were sent."""

    sent: int = 0

    def observe(self, event):
        return Sending(self.sent + len(event.action.sent))


@frozen
class Counted(TwoPhaseCommit):
    def observers(self):
        return {"sending": Sending()}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_2pc_messages(count):
    """3N without acknowledgements, on every run that commits; never more without faults."""
    final = ends(Counted(count))
    sent = {
        world.observer("sending").sent for world in final if coordinator(world).decision is Decision.COMMIT
    }
    assert sent == {3 * count}
    assert max(world.observer("sending").sent for world in final) == 3 * count


def concurrency_sets(protocol, kind):
    """Return, for each phase of a node of this kind, the phases in which others of it can be meanwhile."""
    found = {}
    for world in states(protocol, timeouts="never"):
        nodes = world.nodes(kind)
        for node in nodes:
            found.setdefault(node.phase, set()).update(other.phase for other in nodes if other is not node)
    return found


def test_2pc_fundamental():
    """Skeen's condition fails: PREPARED is next to both decisions, and next to COMMITTED before all voted yes."""
    around = concurrency_sets(TwoPhaseCommit(3), Participant)
    assert around[Phase.PREPARED] == {Phase.INITIAL, Phase.PREPARED, Phase.COMMITTED, Phase.ABORTED}
    assert around[Phase.INITIAL] == {Phase.INITIAL, Phase.PREPARED, Phase.ABORTED}
    assert around[Phase.COMMITTED] == {Phase.PREPARED, Phase.COMMITTED}
    both = {Phase.COMMITTED, Phase.ABORTED}
    assert [phase for phase, others in around.items() if both <= others] == [Phase.PREPARED]
    # PREPARED is not committable: it can be occupied before everybody voted yes.
    assert any(
        any(node.phase is Phase.PREPARED for node in participants(world))
        and any(node.vote is not Vote.YES for node in participants(world))
        for world in states(TwoPhaseCommit(3), timeouts="never")
    )


# Visible divergence.


@possible
def partial_commit(world):
    return {node.phase for node in participants(world)} == {Phase.PREPARED, Phase.COMMITTED}


@recoverable
def no_commit_stays_partial(world):
    phases = {node.phase for node in participants(world)}
    return Phase.COMMITTED not in phases or phases == {Phase.COMMITTED}


def test_2pc_partial_commit_visible():
    """Committed here and undecided there can be seen without any fault; it lasts only if nobody asks again."""
    assert shortest(TwoPhaseCommit(2), partial_commit) == [
        "C: ask for votes",
        "P1 receives prepare from C: vote yes",
        "C receives yes from P1: count vote",
        "P2 receives prepare from C: vote yes",
        "C receives yes from P2: decide to commit",
        "P1 receives commit from C: commit",
    ]
    assert_holds(TwoPhaseCommit(2), [no_commit_stays_partial, partial_commit], losses=1)
    assert_holds(TwoPhaseCommit(2), [no_commit_stays_partial, partial_commit], crashes=1, restarts=1)
    for protocol in (AsNoted(2), NoRetry(2)):
        found = verdict(protocol, no_commit_stays_partial, losses=1)
        assert found.outcome is VIOLATED
        for world in found.trapped:  # stuck while prepared: never in conflict
            assert {node.phase for node in participants(world)} <= {Phase.PREPARED, Phase.COMMITTED}
        assert_holds(protocol, "agreement", losses=1)


# One failure aborts.


@frozen
class Votes(Observer):
    """Remembers who crashed before it voted yes."""

    silent: frozenset[str] = frozenset()

    def observe(self, event):
        gone = event.action.crashed or event.kind is Kind.CRASH
        if gone and isinstance(event.after, Participant) and event.after.vote is not Vote.YES:
            return Votes(self.silent | {event.node})
        return self


@frozen
class Watched(TwoPhaseCommit):
    def observers(self):
        return {"votes": Votes()}


def one_failed(world):
    return bool(world.observer("votes").silent) or any(n.vote is Vote.NO for n in participants(world))


@always(when=one_failed)
def nobody_commits_if_one_failed(world):
    return not any(node.decision is Decision.COMMIT for node in world)


def test_2pc_one_failure_aborts():
    """Refusing, or crashing for good before the yes, aborts everybody who is up; after the yes it does not."""
    for bounds in ({}, {"crashes": 1}, {"crashes": 2}):
        report = assert_holds(Watched(2), nobody_commits_if_one_failed, **bounds)
        assert report.statistics.premises[nobody_commits_if_one_failed.name] > 0
    # "For good" matters: who comes back before it is given up may still vote.
    assert shortest(Watched(2), nobody_commits_if_one_failed, crashes=1, restarts=1) == [
        "C: ask for votes",
        "P1 receives prepare from C: vote yes",
        "C receives yes from P1: count vote",
        "P2 crashes",
        "P2 restarts",
        "P2 receives prepare from C: vote yes",
        "C receives yes from P2: decide to commit",
    ]
    failed = [world for world in ends(Watched(2), crashes=at_most(1, "Participant")) if one_failed(world)]
    assert len(failed) > 0
    for world in failed:
        assert all(node.decision is Decision.ABORT for node in world if world.is_up(node))

    @possible
    def committed_although_one_is_down(world):
        return coordinator(world).decision is Decision.COMMIT and not all(world.up)

    assert outcome(TwoPhaseCommit(2), committed_although_one_is_down, crashes=at_most(1, "P1")) is HOLDS


def test_2pc_abort_probability():
    """P(abort) = 1 - prod(1 - p), where the participant i refuses with probability p_i, in every schedule."""
    refusals = [Fraction(1, 10), Fraction(1, 4), Fraction(1, 3)]
    final = ends(TwoPhaseCommit(3))
    aborted = Fraction(0)
    for votes in product(Vote, repeat=3):
        decisions = {
            coordinator(world).decision
            for world in final
            # An abort may overtake the question; then the vote that would have been given makes no difference.
            if all(node.vote in (vote, None) for node, vote in zip(participants(world), votes, strict=True))
        }
        assert len(decisions) == 1
        if decisions == {Decision.ABORT}:
            chances = zip(refusals, votes, strict=True)
            aborted += prod(p if vote is Vote.NO else 1 - p for p, vote in chances)
    assert aborted == 1 - prod(1 - p for p in refusals) == Fraction(11, 20)


@always
def locks_are_held_until_the_last_vote_was_counted(world):
    """While a vote is missing or under way, nobody who voted yes may let go by committing."""
    is_missing = any(node.vote is None for node in participants(world)) or world.in_flight(Yes)
    return not (is_missing and any(node.decision is Decision.COMMIT for node in world))


def test_2pc_lock_hold_time():
    """From its yes to the decision a participant waits for a round trip and the slowest vote; without bound at worst.

    How long that is in seconds is beyond an untimed model.
    """
    assert_holds(TwoPhaseCommit(3), locks_are_held_until_the_last_vote_was_counted)
    assert_violated(CommitOnMajority(3), locks_are_held_until_the_last_vote_was_counted)
    stuck = verdict(TwoPhaseCommit(2), non_blocking, crashes=at_most(1, "C")).trapped
    assert any(Phase.PREPARED in {node.phase for node in participants(world)} for world in stuck)


def test_2pc_promises_are_what_a_check_decides_by_default():
    report = check(TwoPhaseCommit())
    assert [v.property for v in report.verdicts] == list(promises)
    assert report.outcome is HOLDS


def test_2pc_messages_are_those_of_the_paper():
    """Without time-outs and questions there are five kinds, and Prepare is answered by every participant once."""
    seen = {type(e.message) for world in states(AsNoted(2)) for e in world.in_flight()}
    assert {kind.__name__ for kind in seen} == {"Prepare", "Yes", "No", "Commit", "Abort"}
    (start,) = system(AsNoted(2)).initial()
    assert not start.in_flight(Prepare)
    assert isinstance(start["C"], Coordinator)
