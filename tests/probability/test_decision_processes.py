"""Decision processes, held to a search through all strategies that always do the same in the same state."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway.explorer.decision_process import Alternative, DecisionProcess

steady = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def processes(draw):
    count = draw(st.integers(2, 5))
    state = st.integers(0, count - 1)

    def alternative():
        targets = draw(st.lists(state, min_size=1, max_size=3, unique=True))
        weights = [draw(st.integers(1, 3)) for _ in targets]
        chances = tuple(weight / sum(weights) for weight in weights)
        return Alternative(float(draw(st.integers(0, 2))), tuple(targets), chances)

    alternatives = [[alternative() for _ in range(draw(st.integers(0, 2)))] for _ in range(count)]
    goals = draw(st.sets(state, max_size=2))
    return [[] if k in goals else own for k, own in enumerate(alternatives)], goals


def chain(alternatives, policy):
    count = len(alternatives)
    matrix, rewards = np.zeros((count, count)), np.zeros(count)
    for state, own in enumerate(alternatives):
        if not own:
            matrix[state, state] = 1
            continue
        one = own[policy[state]]
        rewards[state] = one.reward
        for target, chance in zip(one.targets, one.chances, strict=True):
            matrix[state, target] += chance
    return matrix, rewards


def reached(matrix, goals):
    """Return the probability of reaching a goal, from the chain's long run."""
    power = np.linalg.matrix_power(matrix, 1 << 24)
    return power[:, sorted(goals)].sum(axis=1) if goals else np.zeros(len(matrix))


def expected(matrix, rewards, goals):
    """Return the expected reward until a goal, infinite where it is not sure."""
    sure = reached(matrix, goals) > 1 - 1e-9
    inner = [k for k in range(len(matrix)) if sure[k] and k not in goals]
    values = np.full(len(matrix), np.inf)
    values[sorted(goals)] = 0
    if inner:
        part = matrix[np.ix_(inner, inner)]
        values[inner] = np.linalg.solve(np.eye(len(inner)) - part, rewards[inner])
    return values


@steady
@given(processes())
def test_least_and_most_are_those_of_some_strategy_that_always_does_the_same(case):
    alternatives, goals = case
    policies = list(product(*[range(max(1, len(own))) for own in alternatives]))
    chains = [chain(alternatives, policy) for policy in policies]
    likely = [reached(matrix, goals) for matrix, _ in chains]
    rewards = [expected(*one, goals) for one in chains]
    process = DecisionProcess(alternatives)
    assert process.least_probability(goals)[0] == pytest.approx(np.min(likely, axis=0), abs=1e-9)
    assert process.greatest_probability(goals)[0] == pytest.approx(np.max(likely, axis=0), abs=1e-9)
    assert process.least_reward(goals)[0] == pytest.approx(np.min(rewards, axis=0), abs=1e-9)
    assert process.greatest_reward(goals)[0] == pytest.approx(np.max(rewards, axis=0), abs=1e-9)


@steady
@given(processes())
def test_the_strategies_bring_about_what_is_said(case):
    alternatives, goals = case
    process = DecisionProcess(alternatives)
    for values, policy in (process.least_probability(goals), process.greatest_probability(goals)):
        chosen = [alternatives[k].index(policy[k]) if k in policy else 0 for k in range(len(alternatives))]
        matrix, _ = chain(alternatives, chosen)
        known = [k for k, own in enumerate(alternatives) if not own or k in policy]
        assert reached(matrix, goals)[known] == pytest.approx(values[known], abs=1e-9)
