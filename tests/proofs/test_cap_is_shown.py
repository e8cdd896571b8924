"""CAP: no strategy keeps all three; giving up any one there are some, and the explorer confirms them."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner

from everyway import Faults, UsageError, at_most, check
from everyway.cli.app import app
from everyway.cli.target import find_target
from everyway.proofs.synthesis import (
    AVAILABILITY,
    CONSISTENCY,
    QUESTIONS,
    Demand,
    Family,
    Promise,
    Result,
    Strategy,
    as_python,
    ask,
    induction,
    protocol_of,
    rechecked,
    searched,
    synthesise,
    violations,
)
from everyway.proofs.synthesis.relevance import relevant
from everyway.proofs.synthesis.strategy import NOTHING, Move, Part, part_of

BY_NAME = {question.name: question for question in QUESTIONS}
SMALL = Family(2, 1, ticks=False)


# Any memory.


@pytest.mark.parametrize("replicas", [2, 3])
@pytest.mark.parametrize("rounds", [1, 3])
def test_no_strategy_of_any_memory_keeps_both_when_the_network_is_cut(replicas: int, rounds: int) -> None:
    assert ask(replicas, rounds).result == "unsat"


def test_giving_up_one_of_the_three_there_are_strategies() -> None:
    assert ask(2, 1, (CONSISTENCY,)).result == "sat"
    assert ask(2, 1, (AVAILABILITY,)).result == "sat"
    assert ask(2, 1, is_cut=False).result == "sat"


@pytest.mark.parametrize("replicas", [2, 3])
def test_the_number_of_rounds_does_not_matter(replicas: int) -> None:
    steps = induction(replicas)
    assert (steps.start, steps.step, steps.conclusion) == ("unsat", "unsat", "unsat")


# Tables.


def all_strategies(family: Family) -> Iterator[Strategy]:
    """Yield every strategy of a family, one by one."""
    cells = list(family.cells())
    choices = []
    for cell in cells:
        values = [values for _, values in family.parts(cell)]
        choices.append(
            [Move(after, tuple(sends), reply) for after, *sends, reply in itertools.product(*values)]
        )
    for moves in itertools.product(*choices):
        yield Strategy(family, dict(zip(cells, moves, strict=True)))


@pytest.mark.slow
def test_the_search_finds_a_strategy_exactly_if_there_is_one() -> None:
    strategies = list(all_strategies(SMALL))
    assert len(strategies) == SMALL.size == 576
    for demands in (BY_NAME["AP"].demands, (Demand(Promise.AVAILABLE, True),)):
        good = [one for one in strategies if not violations(one, demands)[0]]
        found = synthesise(SMALL, demands)
        assert found.result is (Result.FOUND if good else Result.NONE), demands
        if found.strategy is not None:
            assert found.strategy.moves in [one.restricted(found.used).moves for one in good]


def test_tables_of_two_states_do_not_keep_all_three() -> None:
    assert searched(BY_NAME["CAP"], Family(2, 2)).result is Result.NONE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "whole", "cut"),
    [
        ("CA", ("holds", "holds"), ("holds", "violated")),
        ("CP", ("holds", "holds"), ("holds", "violated")),
        ("AP", ("violated", "holds"), ("violated", "holds")),
    ],
)
def test_what_is_found_is_confirmed_by_the_explorer(
    name: str, whole: tuple[str, str], cut: tuple[str, str], tmp_path: Path
) -> None:
    found = searched(BY_NAME[name], Family(2, 2))
    assert found.strategy is not None
    model = protocol_of(found.strategy, "A register.")
    for partitions, expected in ((False, whole), (True, cut)):
        recheck = rechecked(model, partitions)
        assert (recheck.outcome("linearizable"), recheck.outcome("available")) == expected
        assert recheck.outcome("one message on a link") == recheck.outcome("a read sees the write") == "holds"
    assert rechecked(model, False).outcome("convergent") == "holds"

    path = tmp_path / "found.py"
    path.write_text(as_python(found.strategy, "Found", "A register."))
    kind = find_target(f"{path}:Found")
    assert kind.tables == model.tables
    faults = Faults(partitions=at_most(1), heals=at_most(0))
    printed, made = check(kind, faults=faults), check(model, faults=faults)
    assert [v.outcome for v in printed.verdicts] == [v.outcome for v in made.verdicts]
    assert printed.statistics.states == made.statistics.states


def replaced(strategy: Strategy, changes: dict[Part, int]) -> Strategy:
    """Return a strategy with other values in some choices."""
    moves = {}
    for cell, move in strategy.moves.items():
        values = {part: changes.get(part, part_of(move, part)) for part, _ in strategy.family.parts(cell)}
        sends = tuple(values[Part(cell, "send", other)] for other in strategy.family.others(cell.replica))
        moves[cell] = Move(values[Part(cell, "next")], sends, values[Part(cell, "reply")])
    return Strategy(strategy.family, moves)


def drawn(family: Family, chance: random.Random) -> Strategy:
    """Return any strategy; one that often does nothing, so that not all leave the family at once."""
    idle = {"next": None, "send": 0, "reply": NOTHING}
    changes = {}
    for cell in family.cells():
        for part, values in family.parts(cell):
            plain = cell.state if part.what == "next" else idle[part.what]
            changes[part] = chance.choice([*values, plain, plain])
    moves = {cell: Move(cell.state, (0,) * (family.replicas - 1), NOTHING) for cell in family.cells()}
    return replaced(Strategy(family, moves), changes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "times"),
    [(Family(2, 2), 6), (Family(2, 2, 2, reads_everywhere=True), 1), (Family(3, 1), 1)],
    ids=str,
)
def test_who_makes_the_choices_that_a_violation_rests_on_is_broken_too(family: Family, times: int) -> None:
    chance = random.Random(4)
    tried = 0
    for question in QUESTIONS:
        for _ in range(times):
            strategy = drawn(family, chance)
            for violation in violations(strategy, question.demands)[0]:
                fixed = relevant(strategy, violation)
                changes = {
                    part: chance.choice(values)
                    for cell in family.cells()
                    for part, values in family.parts(cell)
                    if part not in fixed
                }
                # What was broken under one environment is broken there, or before it in a smaller one.
                assert violations(replaced(strategy, changes), (violation.demand,))[0], violation
                tried += 1
    assert tried >= 4 * times


def test_tables_and_the_model_made_of_them_are_judged_alike() -> None:
    chance = random.Random(1)
    family = Family(2, 2)
    compared = 0
    while compared < 6:
        strategy = drawn(family, chance)
        found = {
            cut: violations(strategy, (Demand(Promise.CONSISTENT, cut), Demand(Promise.AVAILABLE, cut)))[0]
            for cut in (False, True)
        }
        if any(violation.overflow for broken in found.values() for violation in broken):
            continue
        compared += 1
        model = protocol_of(strategy, "Drawn.")
        for cut, broken in found.items():
            recheck = rechecked(model, cut)
            for promise in (Promise.CONSISTENT, Promise.AVAILABLE):
                is_broken = any(violation.demand.promise is promise for violation in broken)
                assert recheck.outcome(promise.value) == ("violated" if is_broken else "holds")


def test_replicas_that_are_busy_for_ever_and_never_answer_are_not_available() -> None:
    family = Family(2, 2, reads_everywhere=False)
    idle = {cell: Move(cell.state, (0,), NOTHING) for cell in family.cells()}
    ping_pong = {
        cell: Move(cell.state, (1,), NOTHING) if cell.occasion.kind in ("write", "receive") else move
        for cell, move in idle.items()
    }
    found, _ = violations(Strategy(family, ping_pong), (Demand(Promise.AVAILABLE, False),))
    loops = {one.replica: len(one.path) - 1 - one.loop for one in found if one.loop is not None}
    assert loops == {0: 2, 1: 0}  # the write's messages go round for ever; the read's client waits at rest


def test_a_search_that_is_cut_short_is_unknown() -> None:
    found = synthesise(Family(2, 2), BY_NAME["CAP"].demands, max_rounds=3)
    assert (found.result, found.why) == (Result.UNKNOWN, "not decided in 3 rounds")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="replicas must be 2 or more, not 1"):
        Family(1)
    with pytest.raises(UsageError, match="nothing is demanded"):
        synthesise(Family(), ())
    with pytest.raises(UsageError, match="rounds must be 1 or more"):
        ask(2, 0)


# The command line.


def test_the_command_tells_what_was_covered() -> None:
    done = CliRunner().invoke(app, ["prove-cap", "--states", "1", "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["outcome"], told["exit_code"]) == (0, "proved", 0)
    assert {table["question"]: table["result"] for table in told["tables"]} == {
        "CAP": "none",
        "CA": "none",
        "CP": "none",
        "AP": "none",
    }
    assert "2 replicas of 1 state, 1 kind of message: 10^4 strategies" in told["covered"]["tables"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--max-rounds", "2"], 3, "unknown: not decided in 2 rounds"),
        (["--nodes", "4"], 2, "--nodes must be 2 or 3, not 4"),
        (["--states", "0"], 2, "--states must be 1 or more, not 0"),
        (["--save", "nowhere/at/all"], 2, "there is no folder"),
    ],
)
def test_exit_codes_tell_unknown_from_misuse(words: list[str], code: int, told: str) -> None:
    done = CliRunner().invoke(app, ["prove-cap", *words], env={"COLUMNS": "200"})
    assert done.exit_code == code
    assert told in done.output


def test_a_family_without_ticks_lies_in_the_one_with_ticks() -> None:
    assert evolve(SMALL, ticks=True).size == SMALL.size * 4 * 6 == 13_824
