"""How likely, of models: closed formulas, and what is up to the adversary."""

from fractions import Fraction
from itertools import product
from math import inf

import pytest
from attrs import frozen

from everyway import (
    Message,
    ModelError,
    Node,
    NodeId,
    Outcome,
    Protocol,
    UsageError,
    always,
    check,
    choice,
    durable,
    on,
    possible,
    probability,
    volatile,
)


class Chain:
    """A plain system whose steps are all left to chance: ``{state: {next: weight}}``."""

    def __init__(self, table, start=0):
        self.table = table
        self.start = start

    def initial(self):
        return [self.start]

    def steps(self, state):
        row = self.table.get(state, {})
        for number, (after, weight) in enumerate(row.items()):
            yield Drawn(number, Fraction(weight) / sum(map(Fraction, row.values()))), after


@frozen
class Drawn:
    """An action of a plain system that is left to chance."""

    outcome: int
    chance: Fraction
    kind: str = "draw"
    node: str = "dice"
    handler: str = "draw"
    envelope: None = None
    about: None = None
    is_false: bool = False


@pytest.mark.parametrize("p", [Fraction(1, 2), Fraction(2, 5), Fraction(9, 10)])
def test_the_gamblers_ruin(p):
    rich, start = 8, 3
    table = {k: {k + 1: p, k - 1: 1 - p} for k in range(1, rich)}
    found = probability(Chain(table, start), lambda state: state == rich)
    ratio = float((1 - p) / p)
    expected = start / rich if p == Fraction(1, 2) else (1 - ratio**start) / (1 - ratio**rich)
    assert found.least == found.most == pytest.approx(expected, abs=1e-12)
    assert not found.has_adversary
    assert found.expected_least == found.expected_most == inf
    done = probability(Chain(table, start), lambda state: state in (0, rich))
    assert done.least == 1
    if p == Fraction(1, 2):
        assert done.expected_most == pytest.approx(start * (rich - start))


def test_a_die_from_coins():
    # Knuth & Yao 1976.
    die = {0: (1, 2), 1: (3, 4), 2: (5, 6), 3: (1, "1"), 4: ("2", "3"), 5: ("4", "5"), 6: (2, "6")}
    table = {state: dict.fromkeys(after, 1) for state, after in die.items()}
    for face in "123456":
        found = probability(Chain(table), lambda state: state == face)  # noqa: B023
        assert found.most == pytest.approx(1 / 6, abs=1e-12)
    assert probability(Chain(table), lambda state: isinstance(state, str)).expected_most == pytest.approx(
        11 / 3
    )


# Protocols.


class Heads(Message):
    pass


@frozen
class Coin(Node):
    tosses: int = volatile(0)
    shows: str = volatile("")

    @choice
    def toss(self):
        if self.shows != "heads":
            yield self.become(shows="heads").weighted(1)
            yield self.become(shows="tails").weighted(1)


@frozen
class Tossing(Protocol):
    coins: int = 1

    def nodes(self):
        return {f"N{number}": Coin() for number in range(self.coins)}


def heads(world):
    return all(coin.shows == "heads" for coin in world)


def test_a_coin_is_tossed_twice_on_average():
    found = probability(Tossing(), heads)
    assert found.least == found.most == 1
    assert found.expected_most == pytest.approx(2)
    assert not found.has_adversary
    assert found.by_chance == ("N0's toss",)
    assert str(found) == "probability 1, expected 2, in 3 states (by chance: N0's toss; no adversary)"


def test_whose_turn_it_is_is_up_to_the_adversary():
    found = probability(Tossing(coins=3), heads)
    assert (found.least, found.most) == (1, 1)
    assert found.expected_least == found.expected_most == pytest.approx(6)
    assert found.has_adversary


@frozen
class Slot(Message):
    number: int


@frozen
class Candidate(Node):
    """Draws one of so many slots for its time-out."""

    slots: int
    slot: int | None = volatile(None)

    @choice
    def draw(self):
        if self.slot is None:
            return [self.become(slot=number).weighted(1) for number in range(self.slots)]

    @on(Slot)
    def again(self):
        return self.become(slot=None)


@frozen
class Referee(Node):
    """Once all have drawn, has them draw again unless one is first."""


@frozen
class SplitVote(Protocol):
    candidates: int = 3
    slots: int = 4

    def nodes(self):
        return {f"N{number}": Candidate(self.slots) for number in range(self.candidates)}


def all_drawn(world):
    return all(one.slot is not None for one in world)


def is_split(world):
    slots = [one.slot for one in world]
    return None not in slots and slots.count(min(slots)) > 1


@pytest.mark.parametrize(("candidates", "slots"), [(2, 2), (3, 4), (3, 6)])
def test_a_vote_is_split_as_often_as_the_formula_says(candidates, slots):
    draws = list(product(range(slots), repeat=candidates))
    split = sum(draw.count(min(draw)) > 1 for draw in draws) / len(draws)
    formula = (
        1 - candidates * sum((slots - 1 - s) ** (candidates - 1) for s in range(slots)) / slots**candidates
    )
    found = probability(SplitVote(candidates, slots), is_split)
    assert found.least == pytest.approx(found.most, abs=1e-12)
    assert found.most == pytest.approx(split, abs=1e-12) == pytest.approx(formula, abs=1e-12)


class Rounds:
    """Votes until one is not split; a round is a step with a reward of its own."""

    def __init__(self, candidates, slots):
        draws = list(product(range(slots), repeat=candidates))
        self.split = Fraction(sum(draw.count(min(draw)) > 1 for draw in draws), len(draws))

    def initial(self):
        return ["vote"]

    def steps(self, state):
        if state == "vote":
            yield Drawn(0, self.split), "split"
            yield Drawn(1, 1 - self.split), "elected"
        if state == "split":
            yield "again", "vote"


def test_the_expected_number_of_rounds_is_that_of_the_formula():
    rounds = Rounds(3, 4)

    def votes(before, action, after):
        return before == "vote"

    found = probability(rounds, lambda state: state == "elected", reward=votes)
    assert found.most == 1
    assert found.expected_most == pytest.approx(1 / (1 - float(rounds.split)), abs=1e-12)


@frozen
class Toll(Node):
    """May wait as often as it likes before it takes its chance."""

    waits: bool = volatile(False)
    luck: str = volatile("")

    @choice
    def wait(self):
        if not self.luck:
            return self.become(waits=not self.waits)

    @choice
    def dare(self):
        if not self.luck:
            lucky = 3 if self.waits else 1
            return [self.become(luck="good").weighted(lucky), self.become(luck="bad").weighted(1)]


@frozen
class Tolls(Protocol):
    def nodes(self):
        return {"N": Toll()}


def test_an_adversary_may_go_round_for_ever():
    lucky = probability(Tolls(), lambda world: world["N"].luck == "good")
    assert (lucky.least, lucky.most) == (0, pytest.approx(3 / 4))
    decided = probability(Tolls(), lambda world: bool(world["N"].luck))
    assert (decided.least, decided.most) == (0, 1)
    assert (decided.expected_least, decided.expected_most) == (1, inf)
    (start,) = [state for state in lucky.most_strategy if not state["N"].waits]
    assert lucky.most_strategy[start].handler == "wait"


def test_faults_are_up_to_the_adversary_who_need_not_use_them():
    from everyway import Faults

    found = probability(Tossing(), heads, faults=Faults(crashes=1))
    assert (found.least, found.most) == (0, 1)
    assert found.expected_least == pytest.approx(2)
    assert found.expected_most == inf


@frozen
class Teller(Coin):
    """Tells what it tossed; a crash may come between."""

    friend: NodeId = "B"
    shows: str = durable("")

    @choice
    def toss(self):
        if not self.shows:
            yield self.become(shows="heads").send(self.friend, Heads()).weighted(1)
            yield self.become(shows="tails").weighted(2)


@frozen
class Friend(Node):
    knows: bool = volatile(False)

    @on(Heads)
    def hear(self):
        return self.become(knows=True)


@frozen
class Telling(Protocol):
    def nodes(self):
        return {"A": Teller(), "B": Friend()}


def test_a_crash_in_the_middle_of_a_step_comes_after_chance():
    from everyway import Faults

    found = probability(Telling(), lambda world: world["B"].knows, faults=Faults(crashes=1))
    assert (found.least, found.most) == (0, pytest.approx(1 / 3))
    cut_short = probability(
        Telling(),
        lambda world: world["A"].shows == "heads" and not world.is_up("A") and not world.in_flight(),
        faults=Faults(crashes=1),
    )
    # Only of those tosses that chance made heads.
    assert cut_short.most == pytest.approx(1 / 3)


# The language.


def test_a_check_looks_at_every_step_however_unlikely():
    plain = check(Tossing(coins=2), [possible(heads), always(lambda world: not heads(world), name="never")])
    assert plain.statistics.states == 9
    assert [verdict.outcome for verdict in plain.verdicts] == [Outcome.HOLDS, Outcome.VIOLATED]
    reference = check(Tossing(coins=2), [], engine="reference")
    assert reference.statistics.transitions == plain.statistics.transitions


def test_weights_must_make_sense():
    coin = Coin()
    for weight in (0, -1, inf, "often", True):
        with pytest.raises(ModelError, match="a weight is a positive number"):
            coin.stay().weighted(weight)

    @frozen
    class Half(Coin):
        @choice
        def toss(self):
            return [self.become(shows="heads").weighted(1), self.become(shows="tails")]

    @frozen
    class Halves(Protocol):
        def nodes(self):
            return {"N": Half()}

    with pytest.raises(ModelError, match="1 of 2 steps with a weight"):
        check(Halves(), [])


def test_what_cannot_be_asked_is_explained():
    with pytest.raises(UsageError, match="more than 5 states"):
        probability(SplitVote(), is_split, max_states=5)
    with pytest.raises(ModelError, match="rewards are 0 or more"):
        probability(Tossing(), heads, reward=lambda *step: -1)
    with pytest.raises(UsageError, match="function of a state"):
        probability(Tossing(), 3)
    with pytest.raises(UsageError, match="always"):
        probability(Tossing(), always(heads))
