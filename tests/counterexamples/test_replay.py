"""Nothing is shown that the plain-Python semantics does not do."""

import pytest
from attrs import evolve

from everyway import Faults, System
from everyway.counterexamples.replay import ReplayError, replayed
from everyway.explorer import Exploration
from everyway.invariants import always, every_step, no_deadlock, possible, recoverable
from everyway.invariants.atomic_commit import agreement, commit_is_possible, non_blocking
from everyway.models.two_phase_commit import CoordinatorLogLost, Phase, TwoPhaseCommit

SYSTEM = System(TwoPhaseCommit(), Faults(crashes=1))


def schedule(system, prop):
    """Return the shortest schedule that a search finds for a property."""
    (verdict,) = Exploration(system, [prop]).run().verdicts()
    return [(visit.action, visit.state) for visit in verdict.path]


def commits():
    return schedule(SYSTEM, commit_is_possible)


def test_a_schedule_that_happens_becomes_a_trace_of_the_same_length():
    trace = replayed(SYSTEM, commit_is_possible, commits(), is_violation=False)
    assert len(trace.steps) == 7
    assert len(trace.states) == 8
    assert not trace.is_violation
    assert trace.guilty == ()


def test_an_empty_schedule_is_refused():
    with pytest.raises(ReplayError, match="no state at which it starts"):
        replayed(SYSTEM, agreement, [])


def test_a_schedule_that_starts_elsewhere_is_refused():
    with pytest.raises(ReplayError, match="is no initial state"):
        replayed(SYSTEM, commit_is_possible, commits()[1:], is_violation=False)


def test_a_step_that_leads_elsewhere_is_refused():
    run = commits()
    action, state = run[3]
    run[3] = (action, evolve(state, states=run[2][1].states))
    with pytest.raises(ReplayError, match="step 3 of the schedule"):
        replayed(SYSTEM, commit_is_possible, run, is_violation=False)


def test_a_step_that_was_left_out_is_noticed():
    run = commits()
    del run[4]
    with pytest.raises(ReplayError, match="cannot be taken, or leads elsewhere"):
        replayed(SYSTEM, commit_is_possible, run, is_violation=False)


def test_an_action_that_the_system_does_not_offer_is_refused():
    run = commits()
    action, state = run[1]
    run[1] = (evolve(action, outcome=7), state)
    with pytest.raises(ReplayError, match="step 1"):
        replayed(SYSTEM, commit_is_possible, run, is_violation=False)


def test_a_schedule_that_breaks_nothing_is_refused():
    with pytest.raises(ReplayError, match="was to violate 'agreement' does not"):
        replayed(SYSTEM, agreement, commits())


def test_a_witness_that_shows_nothing_is_refused():
    with pytest.raises(ReplayError, match="was to show 'commit is possible' does not"):
        replayed(SYSTEM, commit_is_possible, commits()[:-1], is_violation=False)


def test_a_state_from_which_the_goal_can_be_reached_is_not_taken_for_trapped():
    waiting = commits()[:2]
    with pytest.raises(ReplayError, match="'non-blocking' can still be reached"):
        replayed(SYSTEM, non_blocking, waiting)


def test_a_state_in_which_something_can_happen_is_not_taken_for_a_deadlock():
    with pytest.raises(ReplayError, match="can go on"):
        replayed(SYSTEM, no_deadlock(lambda world: False), commits()[:2])


def test_a_step_property_is_judged_by_the_last_step():
    nobody_waits = every_step(
        lambda before, action, after: after["C"].phase is not Phase.WAITING, name="nobody waits"
    )
    trace = replayed(SYSTEM, nobody_waits, schedule(SYSTEM, nobody_waits))
    assert [step.chip for step in trace.steps] == ["WAITING"]
    with pytest.raises(ReplayError):
        replayed(SYSTEM, nobody_waits, commits()[:1])


def test_the_names_of_concurrent_steps_increase_down_the_picture():
    system = System(TwoPhaseCommit(participants=3), Faults())
    trace = replayed(system, commit_is_possible, schedule(system, commit_is_possible), is_violation=False)
    told = [step.text for step in trace.steps]
    assert told[:4] == [
        "C: ask for votes",
        "P1 receives prepare from C: vote yes",
        "P2 receives prepare from C: vote yes",
        "P3 receives prepare from C: vote yes",
    ]
    again = [
        (None, trace.states[0]),
        *((s.action, w) for s, w in zip(trace.steps, trace.states[1:], strict=True)),
    ]
    assert replayed(system, commit_is_possible, again, is_violation=False).steps == trace.steps


def test_a_blocked_node_is_named_and_not_one_that_may_still_come_to_an_end():
    trace = replayed(SYSTEM, non_blocking, schedule(SYSTEM, non_blocking))
    assert trace.sentence == "P1 waits for ever while C is down."
    assert [guilt.node for guilt in trace.guilty] == ["P1"]


def test_the_words_around_the_picture():
    system = System(CoordinatorLogLost(), Faults(crashes=1, restarts=1))
    trace = replayed(system, agreement, schedule(system, agreement), remark="")
    assert trace.headline == "Agreement violated"
    assert trace.subject == "2pc (coordinator-log-lost), 2 participants, 1 inquiry"
    assert trace.summary == (
        "7 steps · 1 crash · 1 restart · shortest under crashes ≤ 1, restarts ≤ 1, late time-outs, bag network"
    )
    assert trace.promise == "Agreement: No two nodes decide differently (AC1). First broken by step 7."


def test_a_start_that_is_broken_already():
    never_initial = always(lambda world: world["C"].phase is not Phase.INITIAL, name="never initial")
    trace = replayed(SYSTEM, never_initial, schedule(SYSTEM, never_initial))
    assert trace.steps == ()
    assert trace.promise.endswith("Broken from the start.")


def test_a_depth_first_schedule_says_that_it_may_not_be_the_shortest():
    trace = replayed(SYSTEM, commit_is_possible, commits(), is_violation=False, is_shortest=False)
    assert "may not be the shortest" in trace.summary


class Coin:
    """A plain system whose steps are a coin's."""

    def initial(self):
        return ["up"]

    def steps(self, side):
        yield "flip", "down" if side == "up" else "up"


def test_a_plain_system_is_replayed_too():
    lies = possible(lambda side: side == "down", name="lies")
    trace = replayed(Coin(), lies, [(None, "up"), ("flip", "down")], is_violation=False)
    assert trace.lifelines == ()
    assert [step.text for step in trace.steps] == ["flip"]
    with pytest.raises(ReplayError):
        replayed(Coin(), lies, [(None, "up"), ("push", "down")], is_violation=False)
    stands = recoverable(lambda side: side == "up", name="stands")
    with pytest.raises(ReplayError, match="can still be reached"):
        replayed(Coin(), stands, [(None, "up"), ("flip", "down")])
