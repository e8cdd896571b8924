"""The automaton of a formula accepts exactly the endless runs on which the formula is true."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway.invariants.automaton import automaton_of
from everyway.invariants.property import Property, PropertyKind
from everyway.invariants.temporal import (
    FALSE,
    TRUE,
    Atom,
    Both,
    Either,
    Release,
    Until,
    negated,
    truth,
)

ATOMS = [Property(name, PropertyKind.ATOM, len) for name in "pq"]
steady = settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

literals = st.builds(Atom, st.sampled_from(ATOMS), st.booleans()) | st.sampled_from([TRUE, FALSE])
formulas = st.recursive(
    literals,
    lambda part: (
        st.builds(Both, part, part)
        | st.builds(Either, part, part)
        | st.builds(Until, part, part)
        | st.builds(Release, part, part)
    ),
    max_leaves=5,
)
letters = st.lists(st.frozensets(st.sampled_from(ATOMS)), min_size=1, max_size=5)


def accepts(automaton, word, loop):
    """Search all pairs of a position and a state for an accepting cycle, by brute force."""
    positions = range(len(word))
    after = [k + 1 if k + 1 < len(word) else loop for k in positions]
    true = [{k for k, atom in enumerate(automaton.atoms) if atom in letter} for letter in word]
    places = {
        (k, q): [
            (after[k], r)
            for r in automaton.states[q].successors
            if automaton.states[r].allows(true[after[k]])
        ]
        for k in positions
        for q in range(len(automaton.states))
    }

    def reach(begin):
        seen, waiting = set(), list(begin)
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                waiting += places[place]
        return seen

    starts = [(0, q) for q in automaton.starts if automaton.states[q].allows(true[0])]
    for place in reach(starts):
        ahead = reach(places[place])
        if place not in ahead:
            continue
        around = {other for other in ahead if place in reach(places[other])}
        seen = set().union(*(automaton.states[q].accepting for _, q in around))
        if len(seen) == automaton.acceptance_sets:
            return True
    return False


@pytest.mark.slow
@steady
@given(formulas, letters, st.data())
def test_the_automaton_accepts_exactly_the_runs_on_which_the_formula_is_true(formula, word, data):
    loop = data.draw(st.integers(0, len(word) - 1))
    expected = truth(formula, word, loop)[0]
    assert accepts(automaton_of(formula), word, loop) == expected
    assert accepts(automaton_of(negated(formula)), word, loop) is not expected


@pytest.mark.slow
@steady
@given(formulas, letters, st.data())
def test_going_round_once_more_changes_no_truth(formula, word, data):
    loop = data.draw(st.integers(0, len(word) - 1))
    longer = [*word, *word[loop:]]
    assert truth(formula, longer, len(word))[: len(word)] == truth(formula, word, loop)


def naive_truth(formula, word, loop, k, depth):
    """Follow the run for so many steps: enough to come through the loop twice."""
    after = k + 1 if k + 1 < len(word) else loop
    match formula:
        case Atom(prop, is_negated):
            return (prop in word[k]) is not is_negated
        case Both(left, right):
            return all(naive_truth(part, word, loop, k, depth) for part in (left, right))
        case Either(left, right):
            return any(naive_truth(part, word, loop, k, depth) for part in (left, right))
        case Until(left, right) | Release(left, right):
            is_until = isinstance(formula, Until)
            for _ in range(2 * len(word) + 1):
                now = naive_truth(right, word, loop, k, depth)
                if now is is_until:
                    return is_until
                if naive_truth(left, word, loop, k, depth) is not is_until:
                    return not is_until
                k = k + 1 if k + 1 < len(word) else loop
            return not is_until
    assert after >= 0
    return formula is TRUE


@pytest.mark.slow
@steady
@given(formulas, letters, st.data())
def test_truth_is_what_following_the_run_finds(formula, word, data):
    loop = data.draw(st.integers(0, len(word) - 1))
    assert truth(formula, word, loop)[0] == naive_truth(formula, word, loop, 0, 0)
