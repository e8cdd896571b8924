"""Textbook examples with known verdicts, on plain transition systems that say themselves what is fair."""

import itertools

import pytest
from attrs import frozen

from everyway import (
    Fairness,
    Outcome,
    always,
    always_eventually,
    check,
    eventually,
    eventually_always,
    leads_to,
)


def replaced(values, position, value):
    return (*values[:position], value, *values[position + 1 :])


class Textbook:
    """A system whose actions are pairs of a process and what it does; each process is fair by itself."""

    def __init__(self, fairness="weak"):
        self.fairness = Fairness.parsed(fairness)

    def fair(self, action):
        return None if action[1] in self.free else action[0]

    free = ()


class Peterson(Textbook):
    """Mutual exclusion for two processes (Peterson 1981); a process need not ever want to enter."""

    free = ("want",)

    def initial(self):
        return [(("out", "out"), (False, False), 0)]

    def steps(self, state):
        places, flags, turn = state
        for i, place in enumerate(places):
            other = 1 - i
            match place:
                case "out":
                    yield (i, "want"), (replaced(places, i, "yields"), replaced(flags, i, True), turn)
                case "yields":
                    yield (i, "yield"), (replaced(places, i, "waits"), flags, other)
                case "waits":
                    if not flags[other] or turn == i:
                        yield (i, "enter"), (replaced(places, i, "in"), flags, turn)
                case "in":
                    yield (i, "leave"), (replaced(places, i, "out"), replaced(flags, i, False), turn)


class SpinLock(Textbook):
    """A spin lock: whoever finds it free takes it."""

    free = ("want",)

    def initial(self):
        return [("out", "out")]

    def steps(self, state):
        for i, place in enumerate(state):
            match place:
                case "out":
                    yield (i, "want"), replaced(state, i, "waits")
                case "waits" if "in" not in state:
                    yield (i, "take"), replaced(state, i, "in")
                case "in":
                    yield (i, "release"), replaced(state, i, "out")


def waits(state):
    return state[0][0] == "waits" if isinstance(state[0], tuple) else state[0] == "waits"


def is_in(state):
    return state[0][0] == "in" if isinstance(state[0], tuple) else state[0] == "in"


def decided(system, *promises):
    return [verdict.outcome for verdict in check(system, promises).verdicts]


@pytest.mark.parametrize("fairness", ["weak", "strong"])
def test_peterson_excludes_and_starves_nobody(fairness):
    exclusion = always(lambda state: state[0] != ("in", "in"), name="exclusion")
    assert decided(Peterson(fairness), exclusion, leads_to(waits, is_in)) == [Outcome.HOLDS] * 2


def test_nobody_has_to_want_to_enter():
    report = check(Peterson(), [eventually(is_in)])
    assert report.verdicts[0].outcome is Outcome.VIOLATED
    assert report.verdicts[0].length == report.verdicts[0].loop == 0


def test_a_process_that_need_not_go_on_may_stay_inside():
    selfish = Peterson()
    selfish.free = ("want", "leave")
    promise = leads_to(waits, is_in)
    (verdict,) = check(selfish, [promise]).verdicts
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.path[-1].state[0] == ("waits", "in")


def test_a_spin_lock_starves_under_weak_fairness_and_not_under_strong():
    promise = leads_to(waits, is_in)
    (verdict,) = check(SpinLock("weak"), [promise]).verdicts
    assert verdict.outcome is Outcome.VIOLATED
    around = [visit.action for visit in verdict.path[verdict.loop + 1 :]]
    assert {process for process, _ in around} == {1}
    assert decided(SpinLock("strong"), promise) == [Outcome.HOLDS]


class Philosophers(Textbook):
    """Dining philosophers (Dijkstra 1971), who are always hungry; each takes one fork and then the other."""

    def __init__(self, fairness, count=3, left_handed=0):
        super().__init__(fairness)
        self.count = count
        self.left_handed = left_handed

    def forks(self, i):
        pair = (i, (i + 1) % self.count)
        return pair[::-1] if i < self.left_handed else pair

    def initial(self):
        return [(("hungry",) * self.count, (None,) * self.count)]

    def steps(self, state):
        doing, forks = state
        for i in range(self.count):
            first, second = self.forks(i)
            match doing[i]:
                case "hungry" if forks[first] is None:
                    yield (i, "take first"), (replaced(doing, i, "one"), replaced(forks, first, i))
                case "one" if forks[second] is None:
                    yield (i, "take second"), (replaced(doing, i, "eats"), replaced(forks, second, i))
                case "eats":
                    free = replaced(replaced(forks, first, None), second, None)
                    yield (i, "put down"), (replaced(doing, i, "hungry"), free)


def somebody_eats(state):
    return "eats" in state[0]


def the_first_eats(state):
    return state[0][0] == "eats"


def test_philosophers_who_all_begin_on_the_same_side_get_stuck():
    report = check(Philosophers("strong"), [always_eventually(somebody_eats)])
    (verdict,) = report.verdicts
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.length == verdict.loop == 3
    assert verdict.path[-1].state[0] == ("one",) * 3


def test_with_one_left_handed_philosopher_somebody_eats_and_under_strong_fairness_everybody():
    promises = [always_eventually(somebody_eats), always_eventually(the_first_eats)]
    assert decided(Philosophers("weak", left_handed=1), *promises) == [Outcome.HOLDS, Outcome.VIOLATED]
    assert decided(Philosophers("strong", left_handed=1), *promises) == [Outcome.HOLDS, Outcome.HOLDS]


@frozen
class TokenRing:
    """Dijkstra's self-stabilising ring (CACM 1974): machines 0 to n - 1 with so many values, from any state."""

    machines: int
    values: int

    def initial(self):
        return list(itertools.product(range(self.values), repeat=self.machines))

    def privileged(self, state):
        return [i for i in range(self.machines) if (state[i] == state[i - 1]) is (i == 0)]

    def steps(self, state):
        for i in self.privileged(state):
            value = (state[0] + 1) % self.values if i == 0 else state[i - 1]
            yield i, replaced(state, i, value)


@pytest.mark.parametrize(
    ("machines", "values", "stabilises"), [(3, 3, True), (3, 2, True), (4, 3, True), (4, 2, False)]
)
def test_the_token_ring_stabilises_exactly_with_enough_values(machines, values, stabilises):
    # One value fewer than machines is enough, whatever the scheduler (Fokkink, Hoepman & Pang 2005).
    ring = TokenRing(machines, values)
    one = eventually_always(lambda state: len(ring.privileged(state)) == 1, name="one privilege")
    moves = always_eventually(lambda state: 0 in ring.privileged(state), name="the first moves")
    assert decided(ring, one)[0] is (Outcome.HOLDS if stabilises else Outcome.VIOLATED)
    assert decided(ring, moves) == [Outcome.HOLDS]
