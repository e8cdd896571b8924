"""The decision of promises over time, held to a search through all sets of states that a run may end up going round.

A run visits some set of states again and again. Which steps it takes inside does not matter to the promises below,
so it may as well take all of them, which is as fair as it gets.
"""

from itertools import chain, combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain import drawn, states

from everyway.explorer import Exploration, Outcome
from everyway.invariants.fair_runs import keeps, unfairness
from everyway.invariants.temporal import (
    always_eventually,
    eventually,
    eventually_always,
    leads_to,
    until,
)
from everyway.models.language.fairness import fairness_classes

steady = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def reached(system, begin, within):
    """Return the states that can be reached from some, staying within a set."""
    seen, waiting = set(), [state for state in begin if state in within]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += [after for _, after in system.steps(state) if after in within]
    return seen


def enabled(system, state):
    return {system.fair(action) for action, after in system.steps(state) if after != state} - {None}


def may_go_on_for_ever_in(system, inside):
    """Return whether some fair run visits exactly these states again and again."""
    if len(inside) == 1:
        return not enabled(system, *inside)
    if any(reached(system, [state], inside) != set(inside) for state in inside):
        return False
    taken = {
        system.fair(action)
        for state in inside
        for action, after in system.steps(state)
        if after != state and after in inside
    }
    for kind in {"a", "b", "c"} - taken:
        times = sum(kind in enabled(system, state) for state in inside)
        if times == len(inside) or (system.strong and times):
            return False
    return True


def fair_sets(system, within):
    """Return the sets of states that fair runs visit again and again, once they stay within a set."""
    sets = chain.from_iterable(combinations(sorted(within), size) for size in range(1, len(within) + 1))
    return [set(one) for one in sets if may_go_on_for_ever_in(system, set(one))]


def expected_to_hold(system, kind, p, q):
    everything = set(range(system.count))
    can_be_reached = reached(system, system.begin, everything)
    not_p, not_q = everything - p, everything - q

    def can_stay(begin, within):
        """Return whether a fair run that begins there can stay within a set for ever."""
        ahead = reached(system, begin, within)
        return any(one <= ahead for one in fair_sets(system, ahead))

    match kind:
        case "eventually":
            return not can_stay(system.begin, not_p)
        case "always eventually":
            return not can_stay(can_be_reached, not_p)
        case "eventually always":
            return not any(one & not_p for one in fair_sets(system, can_be_reached))
        case "leads to":
            return not can_stay(can_be_reached & p, not_q)
        case "until":
            before = reached(system, system.begin, not_q)
            waits = reached(system, system.begin, not_q & p)
            ways_out = {after for state in waits for _, after in system.steps(state)} | set(system.begin)
            assert waits <= before
            return not (ways_out & not_q & not_p) and not can_stay(system.begin, not_q)
    raise AssertionError(kind)


def promise_of(kind, p, q):
    def in_p(state):
        return state in p

    def in_q(state):
        return state in q

    match kind:
        case "eventually":
            return eventually(in_p)
        case "always eventually":
            return always_eventually(in_p)
        case "eventually always":
            return eventually_always(in_p)
        case "leads to":
            return leads_to(in_p, in_q)
    return until(in_p, in_q)


@pytest.mark.slow
@steady
@given(
    drawn(),
    st.sampled_from(["eventually", "always eventually", "eventually always", "leads to", "until"]),
    states(),
    states(),
)
def test_a_promise_is_broken_exactly_if_some_fair_run_breaks_it(system, kind, p, q):
    promise = promise_of(kind, p, q)
    (verdict,) = Exploration(system, [promise]).run().verdicts()
    assert (verdict.outcome is Outcome.HOLDS) == expected_to_hold(system, kind, p, q)
    if verdict.outcome is Outcome.VIOLATED:
        assert verdict.path[0].state in system.begin
        for before, after in zip(verdict.path, verdict.path[1:], strict=False):
            assert (after.action, after.state) in list(system.steps(before.state))
        assert verdict.path[verdict.loop].state == verdict.path[-1].state
        run = [(visit.action, visit.state) for visit in verdict.path]
        assert not unfairness(system, run, verdict.loop, fairness_classes(system))
        assert not keeps(promise.formula, run, verdict.loop)


@pytest.mark.slow
@steady
@given(drawn(), states(), states())
def test_a_promise_and_its_opposite_do_not_both_hold(system, p, q):
    promise = promise_of("leads to", p, q) & promise_of("eventually", p, q)
    verdicts = Exploration(system, [promise, ~promise]).run().verdicts()
    # Some fair run there always is.
    assert any(verdict.outcome is Outcome.VIOLATED for verdict in verdicts)


@pytest.mark.slow
@steady
@given(drawn(), states(), states())
def test_both_hold_exactly_if_each_does(system, p, q):
    one, other = promise_of("eventually always", p, q), promise_of("always eventually", q, p)
    verdicts = Exploration(system, [one, other, one & other, one | other]).run().verdicts()
    holds = [verdict.outcome is Outcome.HOLDS for verdict in verdicts]
    assert holds[2] == (holds[0] and holds[1])
    assert holds[3] or not (holds[0] or holds[1])
