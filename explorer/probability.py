"""How likely is it? Steps with weights are left to chance; everything else is up to an adversary.

The explored graph is a Markov decision process (``decision_process.py``): in every state an adversary chooses who acts,
which message arrives, which fault strikes; then chance chooses among the weighted steps that the handler returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.errors import ModelError, UsageError
from everyway.models.language.naming import enumerated, spaced

from .decision_process import Alternative, DecisionProcess

MOST_STATES = 200_000
"""So many states are explored unless a limit says otherwise."""
Reward = Callable[[Any, Any, Any], float]


@frozen
class Probability:
    """How likely a goal is to be reached, and how long it takes: the least and most that an adversary can bring about.

    Where nobody has a choice but chance, both are the same.
    """

    least: float
    most: float
    expected_least: float
    """The expected reward until the goal is reached, by default the number of steps; infinite if the goal is not
    reached with probability 1."""
    expected_most: float
    states: int
    transitions: int
    by_chance: tuple[str, ...]
    """The handlers whose steps have weights."""
    has_adversary: bool
    """Whether anything but chance has a choice."""
    least_strategy: Mapping[Any, Any] = field(eq=False, repr=False)
    """For states that matter, the action that the adversary takes to make the goal least likely."""
    most_strategy: Mapping[Any, Any] = field(eq=False, repr=False)

    def __str__(self) -> str:
        span = f"{self.least:.6g}" if self.least == self.most else f"{self.least:.6g} to {self.most:.6g}"
        if self.expected_least == self.expected_most:
            steps = f"{self.expected_least:.6g}"
        else:
            steps = f"{self.expected_least:.6g} to {self.expected_most:.6g}"
        chance = (
            f"by chance: {enumerated(list(self.by_chance))}"
            if self.by_chance
            else "nothing is left to chance"
        )
        choice = (
            "by an adversary: who acts, what arrives and what fails" if self.has_adversary else "no adversary"
        )
        return f"probability {span}, expected {steps}, in {self.states:,} states ({chance}; {choice})"


def probability(
    system: Any, goal: Any, *, reward: Reward | None = None, max_states: int | None = None
) -> Probability:
    """Return how likely a system is to reach a goal.

    The adversary goes on while a node or the network can do anything; it may use the faults that it has left, or not.
    There is no fairness: it may put off anything for ever.

    Args:
        system: any object with ``initial()`` and ``steps(state)``; of actions with a ``chance`` those that differ in
            nothing but their outcome are chosen among by chance.
        goal: a predicate of a state; or an ``eventually`` or ``possible`` property made of one.
        reward: what a step brings, of the state before, the action and the state after, 0 or more; by default 1.
        max_states: the most states to explore.

    Raises:
        UsageError: if there are more states than that.
        ModelError: for a negative reward, or a goal that gives no verdict.
    """
    is_goal = _asked(goal)
    graph = _Graph(system, is_goal, reward, max_states or MOST_STATES)
    process = DecisionProcess(graph.alternatives)
    goals = graph.goals
    least, least_policy = process.least_probability(goals)
    most, most_policy = process.greatest_probability(goals)
    quick, _ = process.least_reward(goals)
    slow, _ = process.greatest_reward(goals)
    return Probability(
        least=float(min(least[k] for k in graph.starts)),
        most=float(max(most[k] for k in graph.starts)),
        expected_least=float(min(quick[k] for k in graph.starts)),
        expected_most=float(max(slow[k] for k in graph.starts)),
        states=len(graph.states),
        transitions=graph.transitions,
        by_chance=tuple(sorted(graph.by_chance)),
        has_adversary=len(graph.starts) > 1 or any(len(choices) > 1 for choices in graph.alternatives),
        least_strategy=graph.strategy(least_policy),
        most_strategy=graph.strategy(most_policy),
    )


def _asked(goal: Any) -> Callable[[Any], bool]:
    if isinstance(goal, Property):
        if goal.kind not in (PropertyKind.POSSIBLE, PropertyKind.TEMPORAL) or goal.when is not None:
            raise UsageError(
                f"the goal must be a predicate of a state, not '{goal.name}' ({goal.kind.value})."
            )
        prop = goal
    elif callable(goal):
        prop = Property(getattr(goal, "__name__", "the goal"), PropertyKind.POSSIBLE, goal)
    else:
        raise UsageError(f"the goal must be a function of a state, not {goal!r}.")
    return lambda state: prop.judge(state) is None


class _Graph:
    """The decision process of a system, as far as it can be reached before the goal."""

    def __init__(
        self, system: Any, is_goal: Callable[[Any], bool], reward: Reward | None, max_states: int
    ) -> None:
        self._reward = reward
        self._numbers: dict[Any, int] = {}
        self.states: dict[int, Any] = {}
        """The system's states by their numbers; between them are places where only a crash remains to be chosen."""
        self.alternatives: list[list[Alternative]] = []
        self.goals: set[int] = set()
        self.by_chance: set[str] = set()
        self.transitions = 0
        self.starts = [self._number(state) for state in dict.fromkeys(system.initial())]
        waiting = list(self.starts)
        while waiting:
            number = waiting.pop()
            state = self.states[number]
            if is_goal(state):
                self.goals.add(number)
                continue
            known = len(self.alternatives)
            self.alternatives[number] = self._choices(system, state)
            waiting += [k for k in range(known, len(self.alternatives)) if k in self.states]
            if len(self.states) > max_states:
                raise UsageError(
                    f"more than {max_states:,} states: too many for probabilities. Make the model smaller, or raise "
                    f"max_states."
                )

    def _number(self, state: Any) -> int:
        if state not in self._numbers:
            self._numbers[state] = len(self.alternatives)
            self.states[len(self.alternatives)] = state
            self.alternatives.append([])
        return self._numbers[state]

    def _choices(self, system: Any, state: Any) -> list[Alternative]:
        """Return what the adversary may do in a state."""
        drawn: dict[Any, dict[Any, list[tuple[Any, Any]]]] = {}
        found: list[Alternative] = []
        must_go_on = False
        for action, after in system.steps(state):
            self.transitions += 1
            chance = getattr(action, "chance", None)
            if chance is None:
                if after != state:
                    found.append(
                        Alternative(self._worth(state, action, after), (self._number(after),), (1.0,), action)
                    )
                    must_go_on = must_go_on or not _is_optional(action)
                continue
            who = (action.kind, action.node, action.handler, action.envelope, action.about, action.is_false)
            drawn.setdefault(who, {}).setdefault((action.outcome, chance), []).append((action, after))
        for outcomes in drawn.values():
            if all(after == state for steps in outcomes.values() for _, after in steps):
                continue
            first = next(iter(outcomes.values()))[0][0]
            self.by_chance.add(f"{first.node}'s {spaced(first.handler)}")
            must_go_on = must_go_on or not _is_optional(first)
            found.append(self._drawn(state, outcomes))
        if found and not must_go_on:
            # Nothing but faults is left, which need not strike: here the run may end.
            found.append(Alternative(0.0, (self._end(),), (1.0,), None))
        return found

    def _drawn(self, state: Any, outcomes: Mapping[Any, list[tuple[Any, Any]]]) -> Alternative:
        """Return a choice among outcomes by chance; of each the adversary may yet cut the step short by a crash."""
        targets, chances, rewards = [], [], 0.0
        for (_, chance), steps in outcomes.items():
            worths = [self._worth(state, action, after) for action, after in steps]
            if len(steps) == 1:
                targets.append(self._number(steps[0][1]))
                rewards += float(chance) * worths[0]
            else:
                place = len(self.alternatives)
                self.alternatives.append([])
                numbers = [self._number(after) for _, after in steps]
                self.alternatives[place] = [
                    Alternative(worth, (number,), (1.0,), action)
                    for worth, number, (action, _) in zip(worths, numbers, steps, strict=True)
                ]
                targets.append(place)
            chances.append(float(chance))
        first = next(iter(outcomes.values()))[0][0]
        return Alternative(rewards, tuple(targets), tuple(chances), first)

    def _end(self) -> int:
        """Return the place where a run has ended short of the goal."""
        if not hasattr(self, "_ended"):
            self._ended = len(self.alternatives)
            self.alternatives.append([])
        return self._ended

    def _worth(self, before: Any, action: Any, after: Any) -> float:
        worth = 1.0 if self._reward is None else float(self._reward(before, action, after))
        if not worth >= 0:
            raise ModelError(f"the reward of '{action}' is {worth:g}, but rewards are 0 or more.")
        return worth

    def strategy(self, policy: Mapping[int, Alternative]) -> dict[Any, Any]:
        """Return the actions that a policy takes, by state."""
        return {self.states[number]: one.label for number, one in policy.items() if number in self.states}


def _is_optional(action: Any) -> bool:
    return bool(getattr(action, "is_fault", False) or getattr(action, "is_repair", False))
