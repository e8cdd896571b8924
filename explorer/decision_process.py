"""Markov decision processes: what an adversary and chance together may do, with exact least and greatest answers.

Baier & Katoen, "Principles of Model Checking" (2008), section 10.6. Which states have probability 0 or 1 is decided on
the graph alone (Algorithms 45 and 46); the rest by policy iteration, each policy valued by a sparse linear system.
Policies begin proper, that is, they reach an end with probability 1, and improving one strictly keeps it so; that is
why end components, in which an adversary could go round for ever, do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from attrs import frozen

BETTER = 1e-12
"""What counts as an improvement, relative to the greater of a value and 1."""


@frozen
class Alternative:
    """One thing that the adversary may choose in a state: what it brings, and where chance leads from there."""

    reward: float
    targets: tuple[int, ...]
    chances: tuple[float, ...]
    label: Any = None


class DecisionProcess:
    """States by numbers, each with the adversary's alternatives; a state without any is where it ends."""

    def __init__(self, alternatives: Sequence[Sequence[Alternative]]) -> None:
        self.alternatives = alternatives
        self._sources: list[list[int]] = [[] for _ in self.alternatives]
        for state, choices in enumerate(self.alternatives):
            for target in {target for choice in choices for target in choice.targets}:
                self._sources[target].append(state)

    # On the graph.

    def can_reach(self, goals: Iterable[int], *, within: set[int] | None = None) -> set[int]:
        """Return the states from which some choices and luck lead to a goal, through other states of a set alone."""
        found = set(goals)
        waiting = list(found)
        while waiting:
            for source in self._sources[waiting.pop()]:
                if source not in found and (within is None or source in within):
                    found.add(source)
                    waiting.append(source)
        return found

    def can_avoid(self, goals: set[int]) -> set[int]:
        """Return the states in which the adversary can keep away from all goals for sure."""
        safe = set(range(len(self.alternatives))) - goals
        while True:
            lost = {state for state in safe if self.alternatives[state] and not self._staying(state, safe)}
            if not lost:
                return safe
            safe -= lost

    def can_be_sure(self, goals: set[int]) -> set[int]:
        """Return the states in which the adversary can reach a goal with probability 1 (Algorithm 46)."""
        hopeful = self.can_reach(goals)
        while True:
            found = set(goals)
            waiting = list(found)
            while waiting:
                for source in self._sources[waiting.pop()]:
                    if source in found or source not in hopeful:
                        continue
                    if any(found & set(one.targets) for one in self._staying(source, hopeful)):
                        found.add(source)
                        waiting.append(source)
            if found == hopeful:
                return found
            hopeful = found

    def must_be_sure(self, goals: set[int]) -> set[int]:
        """Return the states from which a goal is reached with probability 1 whatever the adversary does."""
        everything = set(range(len(self.alternatives)))
        return everything - self.can_reach(self.can_avoid(goals), within=everything - goals)

    def _staying(self, state: int, inside: set[int]) -> list[Alternative]:
        return [one for one in self.alternatives[state] if all(target in inside for target in one.targets)]

    # In numbers.

    def least_probability(self, goals: set[int]) -> tuple[Any, dict[int, Alternative]]:
        """Return for each state the least probability of reaching a goal, and what the adversary chooses for that."""
        values = np.zeros(len(self.alternatives))
        values[list(goals)] = 1
        avoiding = self.can_avoid(goals)
        open_states = sorted(set(range(len(values))) - goals - avoiding)
        choices = {state: list(self.alternatives[state]) for state in open_states}
        # Elsewhere no policy keeps away for sure, so any is proper.
        first = dict.fromkeys(open_states, 0)
        policy = _iterated(values, choices, first, is_greatest=False, with_reward=False)
        values[list(self.must_be_sure(goals))] = 1  # exactly
        held = {state: self._staying(state, avoiding)[0] for state in avoiding if self.alternatives[state]}
        return values, held | policy

    def greatest_probability(self, goals: set[int]) -> tuple[Any, dict[int, Alternative]]:
        """Return for each state the greatest probability of reaching a goal, and the choices for that."""
        values = np.zeros(len(self.alternatives))
        values[list(goals)] = 1
        open_states = sorted(self.can_reach(goals) - goals)
        choices = {state: list(self.alternatives[state]) for state in open_states}
        policy = _iterated(values, choices, self._closer(choices, goals), is_greatest=True, with_reward=False)
        values[list(self.can_be_sure(goals))] = 1  # exactly
        return values, policy

    def least_reward(self, goals: set[int]) -> tuple[Any, dict[int, Alternative]]:
        """Return for each state the least expected reward until a goal is reached; infinite if that is never sure."""
        sure = self.can_be_sure(goals)
        values = np.full(len(self.alternatives), np.inf)
        values[list(goals)] = 0
        choices = {state: self._staying(state, sure) for state in sorted(sure - goals)}
        policy = _iterated(values, choices, self._closer(choices, goals), is_greatest=False, with_reward=True)
        return values, policy

    def greatest_reward(self, goals: set[int]) -> tuple[Any, dict[int, Alternative]]:
        """Return for each state the greatest expected reward until a goal is reached.

        Infinite where the adversary can keep from it with any probability.
        """
        sure = self.must_be_sure(goals)
        values = np.full(len(self.alternatives), np.inf)
        values[list(goals)] = 0
        choices = {state: list(self.alternatives[state]) for state in sorted(sure - goals)}
        policy = _iterated(values, choices, dict.fromkeys(choices, 0), is_greatest=True, with_reward=True)
        return values, policy

    def _closer(self, choices: dict[int, list[Alternative]], goals: set[int]) -> dict[int, int]:
        """Return for each state the number of a choice by which it may come closer to a goal: a proper policy."""
        found: dict[int, int] = {}
        near = set(goals)
        waiting = list(near)
        while waiting:
            here = waiting.pop(0)
            for source in self._sources[here]:
                if source in choices and source not in near:
                    for number, one in enumerate(choices[source]):
                        if here in one.targets:
                            found[source] = number
                            near.add(source)
                            waiting.append(source)
                            break
        return found


def _iterated(
    values: Any,
    choices: dict[int, list[Alternative]],
    policy: dict[int, int],
    *,
    is_greatest: bool,
    with_reward: bool,
) -> dict[int, Alternative]:
    """Improve a proper policy until nothing is better, and write the states' values; return the policy.

    Args:
        values: those of the other states are known.
        choices: the alternatives of the states to be decided.
        policy: the number of the one that is chosen at first.
        is_greatest: whether greater is better.
        with_reward: whether an alternative's reward counts.
    """
    if not choices:
        return {}
    sign = 1.0 if is_greatest else -1.0
    tried = set()
    while True:
        _valued(values, choices, policy, with_reward=with_reward)
        tried.add(tuple(policy.values()))
        is_changed = False
        for state, own in choices.items():
            best, chosen = sign * values[state], policy[state]
            for number, one in enumerate(own):
                value = sign * _expected(one, values, with_reward=with_reward)
                if value > best + BETTER * max(1.0, abs(best)):
                    best, chosen = value, number
            if chosen != policy[state]:
                policy[state] = chosen
                is_changed = True
        # What is better by no more than rounding must not go round in circles.
        if not is_changed or tuple(policy.values()) in tried:
            return {state: choices[state][number] for state, number in policy.items()}


def _expected(one: Alternative, values: Any, *, with_reward: bool) -> float:
    total = one.reward if with_reward else 0.0
    for target, chance in zip(one.targets, one.chances, strict=True):
        total += chance * float(values[target])
    return total


def _valued(
    values: Any, choices: dict[int, list[Alternative]], policy: dict[int, int], *, with_reward: bool
) -> None:
    """Write the values that states have under a policy: the solution of one sparse linear system."""
    from scipy.sparse import csc_array  # type: ignore[import-untyped]
    from scipy.sparse.linalg import spsolve  # type: ignore[import-untyped]

    position = {state: k for k, state in enumerate(choices)}
    rows, columns, entries = list(range(len(position))), list(range(len(position))), [1.0] * len(position)
    right = np.zeros(len(position))
    for state, k in position.items():
        one = choices[state][policy[state]]
        right[k] = one.reward if with_reward else 0.0
        for target, chance in zip(one.targets, one.chances, strict=True):
            if target in position:
                rows.append(k)
                columns.append(position[target])
                entries.append(-chance)
            else:
                right[k] += chance * values[target]
    matrix = csc_array((entries, (rows, columns)), shape=(len(position), len(position)))
    values[list(position)] = np.atleast_1d(spsolve(matrix, right))
