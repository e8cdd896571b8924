"""What is claimed of three-phase commit, claim by claim; each test is named after its claim.

The coordinator's decision counts as one, and a broadcast is one step unless a crash cuts it short, so that
counterexamples are a little shorter than where only participants decide and each send is a step.
"""

from itertools import product

import pytest
from attrs import frozen
from explored import after, ends, outcome, shortest, states, system, verdict

from everyway import Kind, Observer, Outcome, Timeouts, always, at_most, check, every_step, possible
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
    Survivor,
    ThreePhaseCommit,
    Yes,
)
from everyway.testing import assert_holds, assert_violated

HOLDS, VIOLATED = Outcome.HOLDS, Outcome.VIOLATED

SAFE = [agreement, commit_validity, decision_stability]
NOT_VACUOUS = [commit_is_possible, abort_is_possible]
ALL = [*SAFE, non_blocking, *NOT_VACUOUS]

COORDINATOR_CRASHES = {"crashes": at_most(1, "C")}

EVERYBODY_VOTED_YES = (
    "C: ask for votes",
    "P1 receives can-commit from C: vote yes",
    "C receives yes from P1: count vote",
    "P2 receives can-commit from C: vote yes",
)


def participants(world):
    return world.nodes(Participant)


def phases(world):
    return [node.phase for node in participants(world)]


@always
def participants_agree(world):
    """No two participants decide differently; the coordinator is not asked."""
    return len({node.decision for node in participants(world)} - {None}) <= 1


# Skeen's protocol, with the termination protocol.


@pytest.mark.parametrize(
    ("count", "crashes"),
    [
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 0),
        (2, 1),
        (2, 2),
        (2, 3),
        (3, 0),
        (3, 1),
        pytest.param(3, 3, marks=pytest.mark.slow),
    ],
)
def test_3pc_nonblocking(count, crashes):
    """Survivors always finish, and alike, whoever crashes and wherever; a budget includes every smaller one."""
    assert_holds(ThreePhaseCommit(count), ALL, crashes=crashes)


def test_3pc_nonblocking_means_that_the_survivors_took_over():
    """The termination protocol is really used, and comes to both decisions."""
    for decision in Decision:

        @possible
        def survivors_decided(world, decision=decision):
            return not world.is_up("C") and [n.decision for n in participants(world)] == [decision] * 2

        assert outcome(ThreePhaseCommit(2), survivors_decided, **COORDINATOR_CRASHES) is HOLDS
    told = {
        str(action)
        for world in states(ThreePhaseCommit(2), **COORDINATOR_CRASHES)
        for action, _ in system(ThreePhaseCommit(2), **COORDINATOR_CRASHES).steps(world)
    }
    assert {
        "P1 times out: take over",
        "P2 receives state-request from P1: report",
        "P1 receives state-report precommitted from P2: make survivors ready",
        "P1 receives state-report waiting from P2: decide to abort",
        "P2 receives pre-commit from P1: get ready",
        "P1 receives ack from P2: decide to commit",
    } <= told


@always
def no_commit_while_one_is_uncertain(world):
    """Bernstein et al. call it the non-blocking rule; those who are down do not count as uncertain."""
    is_uncertain = any(node.phase is Phase.WAITING for node in world.live(Participant))
    return not (is_uncertain and any(node.decision is Decision.COMMIT for node in world))


@always
def no_abort_while_one_is_ready(world):
    is_ready = any(node.phase is Phase.PRECOMMITTED for node in world.live(Participant))
    return not (is_ready and any(node.decision is Decision.ABORT for node in world))


@pytest.mark.parametrize(("count", "crashes"), [(2, 0), (2, 1), (2, 2), (3, 1)])
def test_3pc_nonblocking_rule(count, crashes):
    """From how far one survivor has come it knows what nobody can have decided."""
    rules = [no_commit_while_one_is_uncertain, no_abort_while_one_is_ready]
    assert_holds(ThreePhaseCommit(count), rules, crashes=crashes)


def test_3pc_nonblocking_rule_rests_on_timeouts_that_are_right():
    for rule in (no_commit_while_one_is_uncertain, no_abort_while_one_is_ready):
        assert shortest(ThreePhaseCommit(2), rule, timeouts="early")


def test_3pc_survivors_finish_a_broadcast_cut_short():
    """The case that no time-out alone can solve: P1 is ready, P2 is not, and the coordinator is gone."""
    world = after(
        system(ThreePhaseCommit(2), crashes=1),
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready but crashes before sending pre-commit to P1",
        "P2 receives pre-commit from C: get ready",
        "P1 times out: take over",
        "P2 receives state-request from P1: report",
        "P1 receives state-report precommitted from P2: make survivors ready",
        "P2 receives pre-commit from P1: get ready",
        "P1 receives ack from P2: decide to commit",
        "P2 receives commit from P1: commit",
    )
    assert phases(world) == [Phase.COMMITTED, Phase.COMMITTED]


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1), pytest.param((2, 2), marks=pytest.mark.slow)], ids=str)
def test_3pc_recovers(bounds):
    """Who crashed learns the decision after a restart, as long as one participant or the coordinator stayed up."""
    crashes, restarts = bounds
    assert_holds(ThreePhaseCommit(2), [*ALL, recovery], crashes=crashes, restarts=restarts)


def test_3pc_total_failure_blocks():
    """After a failure of all, those who restart may not decide: they do not know what the others did."""
    assert_violated(ThreePhaseCommit(1), "non-blocking", crashes=2, restarts=1)
    assert_holds(ThreePhaseCommit(1), SAFE, crashes=2, restarts=2)


def test_3pc_survives_lost_messages_but_not_also_a_crash():
    """Beyond what it promises, losses alone do no harm here: who did not hear asks somebody who did."""
    assert_holds(ThreePhaseCommit(2), ALL, losses=2)
    assert_holds(ThreePhaseCommit(2), ALL, losses=1, crashes=1)
    assert decisive(shortest(ThreePhaseCommit(2), agreement, losses=2, crashes=1)) == [
        "C times out: decide to commit",
        "P1 times out: take over",
        "P1 times out: decide to abort",
    ]


def test_3pc_is_wrong_if_timeouts_are():
    """A time-out that fires although nobody crashed: the coordinator goes on to commit, the survivors abort."""
    schedule = shortest(ThreePhaseCommit(2), agreement, timeouts="early")
    assert len(schedule) == 8
    assert schedule == [
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready",
        "C times out: decide to commit",
        "P1 times out: take over",
        "P1 times out: decide to abort",
    ]


def decisive(schedule):
    """Return the steps of a schedule that a story of it would tell."""
    return [deed for deed in schedule if "time" in deed or "partition" in deed or "decide" in deed]


def test_3pc_partition_of_two():
    schedule = shortest(ThreePhaseCommit(2), agreement, partitions=1)
    assert len(schedule) == 10
    assert decisive(schedule) == [
        "partition: C | P1 P2",
        "C times out: decide to commit",
        "P1 times out: take over",
        "P1 receives state-report waiting from P2: decide to abort",
    ]


@pytest.mark.slow
def test_3pc_partition():
    """14 steps: all voted yes, the network splits, and the old and the new coordinator decide each for itself.

    Only splits that cut off the coordinator are searched here; the others give no shorter schedule.

    The catalogue's telling is the mirror image: there the old coordinator aborts when an acknowledgement is
    missing. Here it commits (Bernstein et al. 1987, section 7.5), and the other side aborts.
    """
    schedule = shortest(ThreePhaseCommit(3), agreement, partitions=at_most(1, "C"))
    assert len(schedule) == 14
    assert decisive(schedule) == [
        "partition: C | P1 P2 P3",
        "C times out: decide to commit",
        "P1 times out: take over",
        "P1 receives state-report waiting from P3: decide to abort",
    ]


def test_3pc_partition_breaks_agreement_among_participants_too():
    """PreCommit reached P1 only, and the split stands between P1 and P2: one takes over on each side."""
    assert_violated(ThreePhaseCommit(2), participants_agree, partitions=1)
    world = after(
        system(ThreePhaseCommit(2), partitions=1),
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready",
        "P1 receives pre-commit from C: get ready",
        "partition: C P1 | P2",
        "C receives ack from P1: count ack",
        "C times out: decide to commit",
        "P1 receives commit from C: commit",
        "P2 times out: give up leader",
        "P2 times out: take over",
        "P2 times out: decide to abort",
    )
    assert phases(world) == [Phase.COMMITTED, Phase.ABORTED]


# The study notes' tellings.


@every_step
def an_inquiry_is_answered_yes_or_no(before, action, then):
    """Who is asked says yes or no, and nothing else; who has decided says nothing."""
    if action.kind is not Kind.DELIVERY or not isinstance(action.envelope.message, CanCommit):
        return True
    if before[action.node].decision:
        return not action.sent
    return [type(e.message) for e in (*action.sent, *action.unsent)] in ([Yes], [No])


def test_3pc_inquiry():
    for protocol in (ThreePhaseCommit(2), AsNoted(2), Binding(2)):
        assert outcome(protocol, an_inquiry_is_answered_yes_or_no, crashes=1) is HOLDS


@always
def ready_means_that_all_voted_yes(world):
    return Phase.PRECOMMITTED not in phases(world) or all(n.vote is Vote.YES for n in participants(world))


def test_3pc_inquiry_not_binding():
    """In the notes a yes may be taken back, so that being ready does not mean that everybody voted yes."""
    assert_violated(AsNoted(2), ready_means_that_all_voted_yes)
    assert_holds(AsNoted(2), ALL)  # as long as no time-out fires
    schedule = shortest(AsNoted(2), agreement, timeouts="early")
    assert schedule == [
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready",
        "P1 receives pre-commit from C: get ready",
        "P2 receives pre-commit from C: refuse",
        "P1 times out: commit alone",
    ]
    assert_violated(AsNoted(2), "commit validity", timeouts="early", length=8)
    # What helps is the buffer state, in which everybody is known to have voted yes, not the question.
    for timeouts in Timeouts:
        assert_holds(Binding(2), [ready_means_that_all_voted_yes, commit_validity], timeouts=timeouts)
    assert_holds(ThreePhaseCommit(2), [ready_means_that_all_voted_yes, commit_validity], crashes=2)


@every_step
def who_is_ready_and_times_out_commits(before, action, then):
    is_timeout = action.kind is Kind.TIMEOUT and isinstance(before[action.node], Participant)
    if not is_timeout or before[action.node].phase is not Phase.PRECOMMITTED:
        return True
    return then[action.node].phase is Phase.COMMITTED


@pytest.mark.parametrize("kind", [AsNoted, AsNotedAbort, Binding])
def test_3pc_default_commit(kind):
    @possible
    def committed_alone(world):
        return Phase.COMMITTED in phases(world) and world["C"].phase is Phase.PRECOMMITTED

    assert_holds(kind(2), [who_is_ready_and_times_out_commits, committed_alone], timeouts="early")
    assert_holds(kind(2), [who_is_ready_and_times_out_commits, committed_alone], **COORDINATOR_CRASHES)


@pytest.mark.parametrize(
    "bounds", [{}, {"timeouts": "early"}, {"crashes": at_most(2, "Participant")}], ids=str
)
@pytest.mark.parametrize("kind", [AsNoted, AsNotedAbort, Binding])
def test_3pc_prepare_aborts(kind, bounds):
    """Once somebody says no, or the coordinator gives up, it aborts, and tells all who are up; it stays up here."""
    final = ends(kind(2), **bounds)
    refused = [world for world in final if any(n.vote is Vote.NO for n in participants(world))]
    assert refused
    for world in refused:
        assert world["C"].decision is Decision.ABORT
        assert all(node.decision for node in participants(world) if world.is_up(node))
    silent = [world for world in final if not all(world.up)]
    for world in silent:  # a participant that crashed before it was ready is a time-out for the coordinator
        if any(not world.is_up(n) and n.vote is None for n in participants(world)):
            assert world["C"].decision is Decision.ABORT


def test_3pc_inconsistent_on_timeout():
    """Either a time-out fires early, without any fault; or none does, and the coordinator crashes once."""
    for kind in (AsNoted, AsNotedAbort, Binding):
        assert_holds(kind(2), ALL)
        assert_violated(kind(2), "agreement", timeouts="early", length=8)
        assert_violated(kind(2), participants_agree, timeouts="early")
    for kind in (AsNotedAbort, Binding):
        assert shortest(kind(2), agreement, **COORDINATOR_CRASHES) == [
            *EVERYBODY_VOTED_YES,
            "C receives yes from P2: make all ready but crashes before sending pre-commit to P2",
            "P1 receives pre-commit from C: get ready",
            "P1 times out: commit alone",
            "P2 times out: abort alone",
        ]
    # If who is not ready waits on, it takes a refusal besides.
    schedule = shortest(AsNoted(2), agreement, **COORDINATOR_CRASHES)
    assert schedule[-3:] == [
        "P2 receives pre-commit from C: refuse",
        "C receives no from P2: decide to abort but crashes before sending abort to P1 and abort to P2",
        "P1 times out: commit alone",
    ]


@frozen
class Impatience(Observer):
    """Remembers whether some participant timed out."""

    fired: bool = False

    def observe(self, event):
        is_timeout = event.kind is Kind.TIMEOUT and isinstance(event.before, Participant)
        return Impatience(fired=True) if is_timeout else self


class Watching:
    def observers(self):
        return {"impatience": Impatience()}


class WatchedAsNoted(Watching, AsNoted):
    pass


class WatchedAbort(Watching, AsNotedAbort):
    pass


class WatchedBinding(Watching, Binding):
    pass


@always
def conflicts_come_from_timeouts(world):
    """If two decide differently, some participant timed out before."""
    return agreement.judge(world) is None or world.observer("impatience").fired


@pytest.mark.parametrize("kind", [WatchedAsNoted, WatchedAbort, WatchedBinding])
def test_3pc_no_timeout_no_conflict(kind):
    for bounds in (
        {"timeouts": "early"},
        {"timeouts": "early", **COORDINATOR_CRASHES},
        {"losses": 1, "crashes": 1},
    ):
        assert_holds(kind(2), conflicts_come_from_timeouts, **bounds)
        assert_violated(kind(2), "agreement", **bounds)
    assert_holds(kind(2), [*SAFE, commit_is_possible], timeouts="never", losses=1, **COORDINATOR_CRASHES)
    assert_holds(kind(2), [*SAFE, commit_is_possible], timeouts="never", losses=2, crashes=2)


@possible
def the_abort_came_too_late(world):
    """The coordinator aborted, its word to P1 is still under way, P1 committed meanwhile and P2 aborted."""
    to_the_first = [envelope for envelope in world.in_flight(Abort) if envelope.to == "P1"]
    return (
        world["C"].decision is Decision.ABORT
        and bool(to_the_first)
        and phases(world) == [Phase.COMMITTED, Phase.ABORTED]
    )


def test_3pc_delayed_abort():
    """Only a time-out of P1 makes it commit here, since the coordinator never said so.

    9 steps, for the refusal may come before the abort does; the last two may also come the other way round.
    """
    assert shortest(AsNoted(2), the_abort_came_too_late, timeouts="early") == [
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready",
        "P1 receives pre-commit from C: get ready",
        "P2 receives pre-commit from C: refuse",
        "C receives no from P2: decide to abort",
        "P1 times out: commit alone",
    ]
    world = after(
        system(AsNoted(2), timeouts="early"),
        *EVERYBODY_VOTED_YES,
        "C receives yes from P2: make all ready",
        "P1 receives pre-commit from C: get ready",
        "C times out: decide to abort",
        "P2 receives abort from C: abort",
        "P1 times out: commit alone",
    )
    assert the_abort_came_too_late.judge(world) is None
    assert outcome(AsNoted(2), the_abort_came_too_late) is VIOLATED  # a late time-out is later than the abort
    # Nor does it take an early one: if an acknowledgement is lost, all wait for each other, and P1 may be first.
    assert shortest(AsNoted(2), the_abort_came_too_late, losses=1)[-4:] == [
        "the network loses ack from P2 to C",
        "P1 times out: commit alone",
        "C times out: decide to abort",
        "P2 receives abort from C: abort",
    ]


def test_3pc_nonblocking_as_noted():
    """Committing by default does not help those who are not ready; aborting by default costs agreement."""
    as_noted = verdict(AsNoted(2), non_blocking, **COORDINATOR_CRASHES)
    assert as_noted.outcome is VIOLATED
    assert as_noted.length == 1  # nobody was asked
    world = after(
        system(AsNoted(2), **COORDINATOR_CRASHES),
        "C: ask for votes but crashes before sending can-commit to P2",
        "P1 receives can-commit from C: vote yes",
    )
    assert world in as_noted.trapped
    for kind in (AsNotedAbort, Binding):
        assert_holds(kind(2), [non_blocking, *NOT_VACUOUS], **COORDINATOR_CRASHES)
        assert_violated(kind(2), "agreement", **COORDINATOR_CRASHES, length=8)
    assert_holds(ThreePhaseCommit(2), ALL, **COORDINATOR_CRASHES)


# The dilemma: time-outs alone.

FAMILY = list(product(["wait", "abort"], ["wait", "abort", "commit"], ["wait", "abort", "commit"]))


def safe_and_nonblocking(count):
    """Return which policies are safe under one crash of the coordinator, and which are non-blocking."""
    safe, free = set(), set()
    for policy in FAMILY:
        report = check(system(Policy(count, *policy), **COORDINATOR_CRASHES), [*SAFE, non_blocking])
        outcomes = {v.property.name: v.outcome for v in report.verdicts}
        if outcomes.pop(non_blocking.name) is HOLDS:
            free.add(policy)
        if set(outcomes.values()) == {HOLDS}:
            safe.add(policy)
    return safe, free


@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_3pc_timeout_dilemma(count):
    """Of 18 ways to decide alone by one's phase, those that are safe block and those that do not block conflict."""
    assert len(FAMILY) == 18
    safe, free = safe_and_nonblocking(count)
    assert safe & free == set()
    assert free == {
        policy for policy in FAMILY if "wait" not in policy
    }  # one may be left behind in any phase
    assert safe == {
        ("wait", "wait", "wait"),
        ("wait", "wait", "commit"),
        ("wait", "abort", "wait"),
        ("abort", "wait", "wait"),
        ("abort", "wait", "commit"),
        ("abort", "abort", "wait"),
    }


def test_3pc_timeout_dilemma_does_not_show_with_one_participant():
    """One participant has nobody to disagree with but the coordinator: it proves nothing."""
    safe, free = safe_and_nonblocking(1)
    assert safe & free == {("abort", "abort", "commit"), ("abort", "commit", "commit")}


# Failure-free.


def concurrency_sets(protocol):
    """Return, for each phase of a participant, the phases in which other participants can be meanwhile."""
    found = {}
    for world in states(protocol, timeouts="never"):
        for node in participants(world):
            others = {other.phase for other in participants(world) if other is not node}
            found.setdefault(node.phase, set()).update(others)
    return found


def test_3pc_fundamental():
    """Skeen's condition: no phase is next to both decisions, and none next to COMMITTED before all voted yes."""
    around = concurrency_sets(ThreePhaseCommit(3))
    assert around[Phase.WAITING] == {Phase.INITIAL, Phase.WAITING, Phase.PRECOMMITTED, Phase.ABORTED}
    assert around[Phase.PRECOMMITTED] == {Phase.WAITING, Phase.PRECOMMITTED, Phase.COMMITTED}
    assert around[Phase.COMMITTED] == {Phase.PRECOMMITTED, Phase.COMMITTED}
    assert not any({Phase.COMMITTED, Phase.ABORTED} <= others for others in around.values())
    committable = {
        phase
        for phase in Phase
        if all(
            all(n.vote is Vote.YES for n in participants(world))
            for world in states(ThreePhaseCommit(3), timeouts="never")
            if phase in phases(world)
        )
    }
    assert committable == {Phase.PRECOMMITTED, Phase.COMMITTED}
    assert all(Phase.COMMITTED not in around[phase] for phase in set(Phase) - committable)


@frozen
class Sending(Observer):
    """Counts the messages that were sent."""

    sent: int = 0

    def observe(self, event):
        return Sending(self.sent + len(event.action.sent))


@frozen
class Counted(ThreePhaseCommit):
    def observers(self):
        return {"sending": Sending()}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_3pc_messages(count):
    """5N, against 3N of two-phase commit, on every run that commits; a refusal is noticed after the first two."""
    final = ends(Counted(count))
    sent = {decision: set() for decision in Decision}
    for world in final:
        sent[world["C"].decision].add(world.observer("sending").sent)
    assert sent[Decision.COMMIT] == {5 * count}
    assert max(sent[Decision.ABORT]) == 3 * count


def test_3pc_promises_are_what_a_check_decides_by_default():
    report = check(ThreePhaseCommit())
    assert [v.property for v in report.verdicts] == list(promises)
    assert report.outcome is HOLDS
    assert isinstance(ThreePhaseCommit().nodes()["P1"], Survivor)
