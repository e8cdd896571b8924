"""Symbolic checking: the same verdicts and lengths as the reference explorer, and no verdict without a proof."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from attrs import frozen
from typer.testing import CliRunner

from everyway import (
    Faults,
    Limits,
    Message,
    ModelError,
    Node,
    Outcome,
    Property,
    Protocol,
    System,
    UsageError,
    World,
    always,
    check,
    choice,
    durable,
    never,
    on,
)
from everyway.cli.app import app
from everyway.invariants.quantified import every, every_pair
from everyway.models.gray_lamport import RM, ResourceManager, TwoPhase
from everyway.models.two_phase_commit import TwoPhaseCommit
from everyway.proofs.symbolic import Automata, Bounded, Claim, Induction, decide, search


@frozen
class Ball(Message):
    number: int


Rules = tuple[tuple[Any, ...], ...]


@frozen
class Player(Node):
    """Does what a table of its own says: in a state, on a ball or of its own accord, the next state and a throw."""

    rules: Rules
    state: int = durable(0)
    seen: frozenset[int] = durable(frozenset())

    def answer(self, occasion: int) -> Any:
        for at, on_what, after, to, number in self.rules:
            if (at, on_what) == (self.state, occasion):
                step = self.become(state=after, seen=self.seen | {occasion})
                yield step.send(to, Ball(number)) if to else step

    @choice
    def play(self) -> Any:
        return list(self.answer(-1))

    @on(Ball)
    def catch(self, ball: Ball) -> Any:
        return list(self.answer(ball.number))


@frozen
class Game(Protocol):
    rules: tuple[Rules, ...] = ()

    def nodes(self) -> dict[str, Node]:
        return {f"N{number}": Player(own) for number, own in enumerate(self.rules)}


def game(chance: random.Random) -> Game:
    """Return a game that ends: who throws comes into a higher state, and none is thrown from the highest."""
    players, states, balls = chance.choice([2, 3]), 4, 2
    rules = []
    for _ in range(players):
        own = []
        for _ in range(chance.randint(4, 9)):
            at, occasion = chance.randrange(states - 1), chance.choice([-1, -1, 0, 1])
            if chance.random() < 0.6:
                after, to = chance.randrange(at + 1, states), f"N{chance.randrange(players)}"
            else:
                after, to = chance.randrange(states), ""
            own.append((at, occasion, after, to, chance.randrange(balls)))
        rules.append(tuple(own))
    return Game(tuple(rules))


def promises(chance: random.Random) -> list[Property]:
    a, b, ball = chance.randrange(4), chance.randrange(4), chance.randrange(2)

    @never
    def two_states(world: World) -> bool:
        return world["N0"].state == a and world["N1"].state == b

    @always
    def not_thrown(world: World) -> bool:
        return not any(envelope.message.number == ball for envelope in world.in_flight(Ball))

    @never
    def twice_in_flight(world: World) -> bool:
        return len(world.in_flight(Ball)) >= 3

    @every_pair(Player)
    def apart(one: Player, other: Player) -> bool:
        return not (one.state == a and other.state == a)

    return [two_states, not_thrown, twice_in_flight, apart]


@pytest.mark.parametrize("network", ["bag", "set"])
def test_verdicts_and_shortest_lengths_are_those_of_the_reference(network: str) -> None:
    chance = random.Random(3)
    outcomes = []
    for _ in range(5):
        system = System(game(chance), network=network)
        asked = promises(chance)
        report = check(system.again(), asked, engine="reference", limits=Limits(max_states=3_000))
        for prop, found in zip(asked, report.verdicts, strict=True):
            if found.outcome is Outcome.UNKNOWN:
                continue
            bounded = Bounded(automata := Automata(system), Claim(prop, automata))
            answer = search(bounded, 4)
            length = None if answer.path is None else len(answer.path) - 1
            is_near = found.length is not None and found.length <= 4
            assert length == (found.length if is_near else None)
            outcomes.append(found.outcome)
    assert set(outcomes) == {Outcome.HOLDS, Outcome.VIOLATED}


@pytest.mark.slow
@pytest.mark.parametrize("network", ["bag", "set"])
def test_what_is_proved_holds_in_every_state(network: str) -> None:
    chance = random.Random(5)
    found = []
    for _ in range(1):
        system = System(game(chance), network=network)
        for prop in (promises(chance)[0], promises(chance)[3]):
            verdict = decide(system, prop, depth=3, most_k=1)
            report = check(system.again(), prop, engine="reference", limits=Limits(max_states=3_000))
            known = report.verdicts[0]
            if verdict.outcome is not Outcome.UNKNOWN and known.outcome is not Outcome.UNKNOWN:
                assert verdict.outcome is known.outcome
            found.append(verdict.outcome)
    assert len(found) == 2


def test_what_depends_on_the_number_of_copies_is_not_proved_by_counting_to_one() -> None:
    # Three copies of one ball can be in flight, after some steps; induction only knows that there is one.
    rules = (
        ((0, -1, 3, "N2", 1), (0, -1, 2, "N2", 1), (2, -1, 0, "", 0), (2, 0, 3, "N0", 0)),
        ((1, 0, 2, "", 1), (0, 0, 2, "", 1), (1, 1, 0, "", 1), (2, 1, 0, "", 0)),
        (
            *(
                (1, 1, 3, "N0", 0),
                (1, -1, 2, "", 0),
                (2, 0, 3, "N0", 0),
                (1, 1, 2, "", 0),
                (1, 1, 2, "N0", 0),
            ),
            *((1, -1, 3, "N0", 1), (1, -1, 0, "", 1), (1, -1, 0, "", 0)),
        ),
    )

    @never
    def thrice_in_flight(world: World) -> bool:
        return len(world.in_flight(Ball)) >= 3

    system = System(Game(rules))
    verdict = decide(system, thrice_in_flight, depth=4, most_k=1)
    assert (verdict.outcome, verdict.depth) == (Outcome.UNKNOWN, 4)


def test_two_phase_commit_is_proved_with_lemmas_that_hold() -> None:
    @every_pair(ResourceManager)
    def consistency(one: ResourceManager, other: ResourceManager) -> bool:
        return not (one.state is RM.COMMITTED and other.state is RM.ABORTED)

    system = System(TwoPhase(managers=3))
    verdict = decide(system, consistency, depth=4)
    assert (verdict.outcome, verdict.k, verdict.path) == (Outcome.HOLDS, 0, None)
    assert "never together: TM.state = init; commit from TM to R1 in flight" in verdict.lemmas


def test_without_lemmas_the_step_fails_and_nothing_is_claimed() -> None:
    @every_pair(ResourceManager)
    def consistency(one: ResourceManager, other: ResourceManager) -> bool:
        return not (one.state is RM.COMMITTED and other.state is RM.ABORTED)

    automata = Automata(System(TwoPhase(managers=2)))
    automata.close()
    proof = Induction(automata).prove(Claim(consistency, automata), 1)
    assert (proof.is_proved, proof.why) == (False, "a step from a state that may be out of reach breaks it")


def test_lemmas_that_are_not_inductive_are_found_out() -> None:
    automata = Automata(System(TwoPhase(managers=2)))
    automata.close()
    induction = Induction(automata)
    induction.find_lemmas(2)
    assert induction.check_lemmas()
    kept = induction.lemmas
    fact = next(fact for lemma in kept for fact in lemma if str(fact) == "R1.state = committed")
    induction.lemmas = [*kept, (fact,)]
    assert not induction.check_lemmas()


def test_a_bounded_answer_is_not_a_proof() -> None:
    @never
    def committed(world: World) -> bool:
        return world["R1"].state is RM.COMMITTED

    verdict = decide(System(TwoPhase(managers=2)), committed, depth=3)
    assert (verdict.outcome, verdict.depth) == (Outcome.UNKNOWN, 3)
    verdict = decide(System(TwoPhase(managers=2)), committed, depth=9)
    report = check(TwoPhase(managers=2), committed)
    assert (verdict.outcome, verdict.length) == (Outcome.VIOLATED, report.verdicts[0].length)


def test_time_that_is_up_is_unknown() -> None:
    verdict = decide(System(TwoPhase(managers=3)), TwoPhase(3).promises()[0], max_seconds=0)
    assert (verdict.outcome, verdict.depth, verdict.why) == (Outcome.UNKNOWN, -1, "the time was up")


@frozen
class Careless(Node):
    """Has no answer to a second ball."""

    caught: int = durable(0)

    @choice
    def throw(self) -> Any:
        return self.send("N0", Ball(0)) if self.caught == 0 else None

    @on(Ball)
    def catch(self) -> Any:
        return self.become(caught={0: 1}[self.caught])


@frozen
class CarelessGame(Protocol):
    def nodes(self) -> dict[str, Node]:
        return {"N0": Careless()}


def test_a_handler_that_raises_where_it_can_be_asked_is_reported() -> None:
    fine = every(Careless, name="fine")(lambda node: node.caught < 5)
    with pytest.raises(ModelError, match="KeyError"):
        decide(System(CarelessGame()), fine)


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (System(TwoPhaseCommit()), "no late time-outs"),
        (System(TwoPhaseCommit(), Faults(crashes=1), timeouts="early"), "no crashes"),
        (System(TwoPhaseCommit(), timeouts="early", network="fifo"), "not fifo"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_way_out(system: System, words: str) -> None:
    with pytest.raises(UsageError, match=f"{words}.*(explore|take)"):
        Automata(system)


def test_the_command_tells_verdicts_and_exit_codes() -> None:
    def run(*words: str) -> tuple[int, Any]:
        done = CliRunner().invoke(app, ["symbolic", "benchmarks/ring.py:Ring", *words, "--json"])
        return done.exit_code, json.loads(done.stdout)[0]

    code, told = run("--stations", "3")
    assert (code, told["outcome"], told["k"]) == (0, "holds", 0)
    code, told = run("--stations", "5", "--tokens", "2")
    assert (code, told["outcome"], told["length"]) == (1, "violated", 6)
    assert sorted(step.split(": ")[1] for step in told["steps"]) == [
        "enter",
        "enter",
        "read",
        "read",
        "want",
        "want",
    ]
    code, told = run("--stations", "3", "--tokens", "2", "--max-seconds", "0")
    assert (code, told["outcome"], told["depth"]) == (3, "unknown", -1)
    assert CliRunner().invoke(app, ["symbolic", "2pc"]).exit_code == 2
