"""Formulas nested at will, on graphs with fairness, against a second decision that shares nothing with the first.

Instead of the tableau of Gerth et al. every subformula is guessed true or false in every state (Lichtenstein & Pnueli
1985); instead of arrays, sets; components are taken apart by walking.
"""

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain import Drawn, drawn

from everyway import Outcome
from everyway.explorer import Exploration
from everyway.invariants.fair_runs import keeps, unfairness
from everyway.invariants.property import Property, PropertyKind
from everyway.invariants.temporal import (
    FALSE,
    TRUE,
    Atom,
    Both,
    Either,
    Release,
    Until,
    finally_,
    globally,
    negated,
)
from everyway.models.language.fairness import fairness_classes

steady = settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
ATOMS = [
    Property("even", PropertyKind.ATOM, lambda state: state % 2 == 0),
    Property("low", PropertyKind.ATOM, lambda state: state < 2),
    Property("three", PropertyKind.ATOM, lambda state: state == 3),
]

literals = st.builds(Atom, st.sampled_from(ATOMS), st.booleans()) | st.sampled_from([TRUE, FALSE])
formulas = st.recursive(
    literals,
    lambda part: (
        st.builds(Both, part, part)
        | st.builds(Either, part, part)
        | st.builds(Until, part, part)
        | st.builds(Release, part, part)
        | st.builds(finally_, part)
        | st.builds(globally, part)
    ),
    max_leaves=6,
)


def subformulas(formula):
    for part in formula.parts():
        yield from subformulas(part)
    yield formula


def guesses(formula, state):
    """Return the ways in which all subformulas can be true or false in a state, as dictionaries."""
    parts = list(dict.fromkeys(subformulas(formula)))
    guessed = [part for part in parts if isinstance(part, Until | Release)]
    for bits in product([False, True], repeat=len(guessed)):
        truth = dict(zip(guessed, bits, strict=True))
        for part in parts:
            match part:
                case Atom(prop, is_negated):
                    truth[part] = prop.predicate(state) is not is_negated
                case Both(left, right):
                    truth[part] = truth[left] and truth[right]
                case Either(left, right):
                    truth[part] = truth[left] or truth[right]
                case _ if part not in truth:
                    truth[part] = part == TRUE
        yield truth


def follows(truth, after):
    """Return whether the guesses of a state fit those of the next."""
    for part in truth:
        if isinstance(part, Until):
            right = truth[part.right] or (truth[part.left] and after[part])
        elif isinstance(part, Release):
            right = truth[part.right] and (truth[part.left] or after[part])
        else:
            continue
        if truth[part] is not right:
            return False
    return True


def reach(begin, ahead):
    seen, waiting = set(), list(begin)
    while waiting:
        place = waiting.pop()
        if place not in seen:
            seen.add(place)
            waiting += ahead[place]
    return seen


def some_fair_run(system, formula):
    """Return whether a formula is true of some fair run."""
    places, ahead, taken = {}, {}, {}
    for state in range(system.count):
        for number, truth in enumerate(guesses(formula, state)):
            places[state, number] = truth

    def steps(state):
        return [(system.fair(action), after) for action, after in system.steps(state) if after != state]

    def enabled(state):
        return {kind for kind, _ in steps(state)} - {None}

    for place, truth in places.items():
        state = place[0]
        moves = steps(state) + ([] if enabled(state) else [(None, state)])
        ahead[place] = []
        for kind, after in moves:
            for other, then in places.items():
                if other[0] == after and follows(truth, then):
                    ahead[place].append(other)
                    taken.setdefault((place, other), set()).add(kind)
    begin = [place for place, truth in places.items() if place[0] in system.begin and truth[formula]]
    promises = [part for part in dict.fromkeys(subformulas(formula)) if isinstance(part, Until | Release)]

    def fulfils(part, place):
        truth = places[place]
        if isinstance(part, Until):
            return not truth[part] or truth[part.right]
        return truth[part] or not truth[part.right]

    def fair_within(inside):
        within = {place: [after for after in ahead[place] if after in inside] for place in inside}
        ways = {place: reach(within[place], within) for place in inside}
        left = set(inside)
        while left:
            place = left.pop()
            component = {other for other in ways[place] if place in ways[other]}
            left -= component
            if not component:
                continue
            if not all(any(fulfils(part, other) for other in component) for part in promises):
                continue
            done = {kind for a in component for b in within[a] if b in component for kind in taken[a, b]}
            wanting = {
                kind: [other for other in component if kind in enabled(other[0])]
                for kind in "abc"
                if kind not in done
            }
            if any(len(some) == len(component) for some in wanting.values()):
                continue
            if not system.strong or not any(wanting.values()):
                return True
            if fair_within(component - {other for some in wanting.values() for other in some}):
                return True
        return False

    return fair_within(reach(begin, ahead))


@pytest.mark.slow
@steady
@given(drawn(most=4), formulas)
def test_a_nested_promise_is_broken_exactly_if_its_opposite_is_true_of_some_fair_run(system, formula):
    promise = Property("nested", PropertyKind.TEMPORAL, len, formula=formula)
    opposite = Property("opposite", PropertyKind.TEMPORAL, len, formula=negated(formula))
    verdicts = Exploration(system, [promise, opposite]).run().verdicts()
    assert (verdicts[0].outcome is Outcome.VIOLATED) == some_fair_run(system, negated(formula))
    assert (verdicts[1].outcome is Outcome.VIOLATED) == some_fair_run(system, formula)
    for verdict in verdicts:
        if verdict.outcome is Outcome.VIOLATED:
            run = [(visit.action, visit.state) for visit in verdict.path]
            assert not unfairness(system, run, verdict.loop, fairness_classes(system))
            assert not keeps(verdict.property.formula, run, verdict.loop)


def test_the_second_decision_finds_what_is_known():
    # A light that may be switched on for ever, or stays off: the switch is fair or not.
    for kind, holds in (("a", True), (None, False)):
        light = Drawn(2, ((0, 1, kind), (1, 0, kind)), False)
        on = Atom(ATOMS[0], True)
        assert some_fair_run(light, negated(globally(finally_(on)))) is not holds
