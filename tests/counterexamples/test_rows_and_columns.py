"""Rows are Lamport clocks; columns stand so that little is crossed."""

from __future__ import annotations

import random

import pytest
from sample_traces import SAMPLES, crash_while_sending, crowd, election, three_phase_commit
from script import Script

from everyway.counterexamples.causality import column_order, happened_before, rows, walls
from everyway.counterexamples.trace import Kind, Trace


def row_of(trace: Trace) -> dict[int, int]:
    return rows(trace.steps, trace.messages)


def split(order: str, *sides: tuple[str, ...]) -> Trace:
    script = Script(dict.fromkeys(order, "node"), dict.fromkeys(order, "UP"))
    script.partition(*sides)
    return script.trace("Split", "nodes", "Split.", "Never split.")


def test_steps_beside_each_other_share_a_row() -> None:
    votes = {1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 4, 7: 5}
    decisions = {8: 6, 9: 6, 10: 6, 12: 7, 13: 8, 14: 9, 16: 10, 17: 10, 18: 11}
    assert row_of(three_phase_commit()) == votes | decisions


def test_a_partition_and_its_end_are_below_what_came_before_and_above_what_came_after() -> None:
    row = row_of(election())
    assert row == {1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 6, 8: 5, 9: 7, 10: 8, 11: 9}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_cause_is_above_its_effect(name: str) -> None:
    trace = SAMPLES[name]()
    row = row_of(trace)
    for step in trace.steps:
        for cause in step.causes:
            if cause in row and step.number in row and trace.lifelines:
                assert row[cause] < row[step.number], (cause, step.number)


@pytest.mark.parametrize("name", SAMPLES)
def test_only_steps_of_the_network_on_one_message_have_no_row(name: str) -> None:
    trace = SAMPLES[name]()
    without = {step.number for step in trace.steps} - row_of(trace).keys()
    on_a_message = (Kind.LOSS, Kind.DROP, Kind.DUPLICATION)
    assert without == {step.number for step in trace.steps if step.kind in on_a_message}


def test_a_restart_leaves_room_for_what_arrived_before_it() -> None:
    trace = crash_while_sending()
    row = row_of(trace)
    drop = next(step for step in trace.steps if step.kind is Kind.DROP)
    restart = next(step for step in trace.steps if step.kind is Kind.RESTART)
    assert drop.message is not None
    assert row[restart.number] > row[trace.messages[drop.message].sent_by] + 1


def test_the_causal_past_follows_messages_and_nodes() -> None:
    trace = three_phase_commit()
    assert happened_before(trace, 1) == {1}
    assert happened_before(trace, 9) == {1, 2, 3, 4, 5, 6, 7, 9}
    assert happened_before(trace, 18) == {1, 2, 3, 4, 5, 6, 7, 10, 18}


def test_columns_stand_as_given_without_partitions() -> None:
    assert column_order(three_phase_commit()) == ("C", "P1", "P2", "P3")
    assert column_order(crowd(nodes=8, steps=20)) == tuple(f"N{number}" for number in range(1, 9))


def test_columns_of_a_side_stand_together() -> None:
    assert column_order(split("ABCD", ("A", "C"), ("B", "D"))) == ("A", "C", "B", "D")


def test_columns_beyond_those_permuted_stand_together_too() -> None:
    sides = (tuple("ACEG"), tuple("BDFH"))
    assert walls(column_order(split("ABCDEFGH", *sides)), [sides]) == 1


def test_a_node_in_touch_with_another_side_stands_next_to_it() -> None:
    names = "ABCDEFGH"
    script = Script(dict.fromkeys(names, "node"), dict.fromkeys(names, "UP"))
    script.choose("A", None, *((f"m{number}", "H", "word") for number in range(9)))
    sides = (tuple("ABCD"), tuple("EFGH"))
    script.partition(*sides)
    order = column_order(script.trace("Split", "nodes", "Split.", "Never split."))
    assert walls(order, [sides]) == 1
    assert abs(order.index("A") - order.index("H")) == 1


def test_an_order_holds_every_node_once_whatever_the_partitions() -> None:
    chance = random.Random(1)
    for nodes in range(1, 11):
        names = [chr(65 + number) for number in range(nodes)]
        script = Script(dict.fromkeys(names, "node"), dict.fromkeys(names, "UP"))
        for _ in range(3):
            left = tuple(name for name in names if chance.random() < 0.5)
            script.partition(left, tuple(name for name in names if name not in left))
            script.heal()
        order = column_order(script.trace("Split", "nodes", "Split.", "Never split."))
        assert sorted(order) == names
