"""Linearizability and sequential consistency of recorded histories: textbook cases, and all orders tried one by one."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway import UsageError
from everyway.invariants.consistency import (
    Call,
    History,
    Invoked,
    KeyValue,
    Lock,
    Operation,
    Queue,
    Register,
    Returned,
    linearizable,
    sequentially_consistent,
)

steady = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def history(*operations):
    """Return a history of (client, name, argument, result, begin, end); no end for an operation that never ended."""
    return History(
        [
            Operation(Call(client, name, argument), result, begin, end)
            for client, name, argument, result, begin, end in operations
        ]
    )


# Herlihy & Wing 1990, figure 1, and section 2: first in, first out queues.
H1 = history(
    ("A", "enqueue", "x", None, 0, 3),
    ("B", "enqueue", "y", None, 1, 2),
    ("B", "dequeue", None, "x", 4, 7),
    ("A", "dequeue", None, "y", 5, 8),
    ("A", "enqueue", "z", None, 9, 10),
)
H2 = history(
    ("A", "enqueue", "x", None, 0, 1),
    ("B", "enqueue", "y", None, 2, 3),
    ("A", "dequeue", None, "y", 4, 5),
)
H3 = history(
    ("A", "enqueue", "x", None, 0, 3),
    ("B", "dequeue", None, "x", 1, 2),
)
H4 = history(
    ("A", "enqueue", "x", None, 0, 3),
    ("B", "enqueue", "y", None, 1, 2),
    ("A", "dequeue", None, "y", 4, 7),
    ("C", "dequeue", None, "y", 5, 8),
)


@pytest.mark.parametrize(
    ("given_history", "is_linearizable", "is_sequential"),
    [(H1, True, True), (H2, False, True), (H3, True, True), (H4, False, False)],
)
def test_the_queues_of_herlihy_and_wing(given_history, is_linearizable, is_sequential):
    assert linearizable(given_history, Queue()).ok is is_linearizable
    assert sequentially_consistent(given_history, Queue()).ok is is_sequential


# The two examples by which Porcupine, a checker for Go, explains itself: three clients and a register.
PORCUPINE_GOOD = history(
    ("1", "write", 100, None, 0, 100),
    ("2", "read", None, 100, 25, 75),
    ("3", "read", None, 0, 30, 60),
)
PORCUPINE_BAD = history(
    ("1", "write", 200, None, 0, 100),
    ("2", "read", None, 200, 10, 30),
    ("3", "read", None, 0, 40, 90),
)


def test_the_registers_by_which_porcupine_explains_itself():
    assert linearizable(PORCUPINE_GOOD, Register(0))
    judgement = linearizable(PORCUPINE_BAD, Register(0))
    assert not judgement
    told = "after 1: write(200) → ?, 2: read() → 200 nothing explains 3: read() → 0"
    assert judgement.explanation == f"{told}; one copy could have answered 200"
    assert sequentially_consistent(PORCUPINE_BAD, Register(0))


def test_compare_and_set_as_in_the_histories_that_knossos_is_shown_with():
    good = history(
        ("1", "write", 1, None, 0, 2),
        ("2", "cas", (1, 2), True, 1, 3),
        ("3", "read", None, 2, 4, 5),
    )
    bad = history(
        ("1", "write", 1, None, 0, 2),
        ("2", "cas", (1, 2), True, 3, 4),
        ("3", "cas", (1, 3), True, 5, 6),
    )
    assert linearizable(good, Register(0))
    assert not linearizable(bad, Register(0))


def test_a_write_that_never_ended_may_take_effect_or_not():
    lost = ("1", "write", 1, None, 0, None)
    assert linearizable(
        history(lost, ("2", "read", None, 0, 1, 2), ("2", "read", None, 1, 3, 4)), Register(0)
    )
    assert linearizable(history(lost, ("2", "read", None, 0, 1, 2)), Register(0))
    assert not linearizable(
        history(lost, ("2", "read", None, 1, 1, 2), ("2", "read", None, 0, 3, 4)), Register(0)
    )


def test_a_lock_is_held_by_one():
    held = ("1", "acquire", None, None, 0, 1)
    assert not linearizable(history(held, ("2", "acquire", None, None, 2, 3)), Lock())
    assert linearizable(
        history(held, ("1", "release", None, None, 2, 5), ("2", "acquire", None, None, 3, 4)), Lock()
    )
    assert linearizable(history(held, ("2", "try", None, False, 2, 3)), Lock())
    assert not linearizable(history(held, ("2", "release", None, None, 2, 3)), Lock())


def test_keys_are_judged_one_by_one():
    def keyed(client, name, key, argument, result, begin, end):
        return Operation(Call(client, name, argument, key), result, begin, end)

    begun = [
        keyed("1", "put", "x", 1, None, 0, 1),
        keyed("2", "append", "y", "a", None, 0, 3),
        keyed("1", "append", "y", "b", None, 2, 4),
        keyed("1", "get", "y", None, "ba", 5, 6),
        keyed("2", "delete", "x", None, None, 5, 6),
    ]
    assert linearizable(History([*begun, keyed("3", "get", "x", None, None, 7, 8)]), KeyValue())
    assert not linearizable(History([*begun, keyed("3", "get", "x", None, 1, 7, 8)]), KeyValue())


def test_long_histories_are_judged_in_reasonable_space():
    operations = []
    for round_ in range(200):
        begin = 10 * round_
        operations += [
            (str(c), "write", 5 * round_ + c, None, begin + c, begin + 7 + c % 2) for c in range(4)
        ]
        operations.append(("4", "read", None, 5 * round_ + 3, begin + 5, begin + 9))
    judgement = linearizable(history(*operations), Register(0))
    assert judgement
    assert len(judgement.order) == len(operations) == 1000


@pytest.mark.parametrize(
    ("happenings", "complaint"),
    [
        ([Returned("A", 1)], "client A got the answer 1 to nothing it had asked"),
        ([Invoked(Call("A", "read")), Invoked(Call("A", "read"))], "before A: read() has ended"),
    ],
)
def test_impossible_histories_are_refused(happenings, complaint):
    with pytest.raises(UsageError) as caught:
        History.of(happenings)
    assert complaint in str(caught.value)


def test_overlapping_operations_of_one_client_are_refused():
    with pytest.raises(UsageError, match="two operations of client A overlap"):
        history(("A", "read", None, 0, 0, 2), ("A", "read", None, 0, 1, 3))
    with pytest.raises(UsageError, match="before it began"):
        history(("A", "read", None, 0, 2, 1))
    with pytest.raises(UsageError, match="Register has no operation 'enqueue'"):
        linearizable(history(("A", "enqueue", 1, None, 0, 1)), Register())


# Against all orders.

KINDS = {
    "register": (
        Register(0),
        [("read", None), ("write", 1), ("write", 2), ("cas", (1, 2))],
        [0, 1, 2, True, False, None],
    ),
    "queue": (Queue(), [("enqueue", 1), ("enqueue", 2), ("dequeue", None)], [None, 1, 2]),
    "lock": (Lock(), [("acquire", None), ("try", None), ("release", None)], [None, True, False]),
}


@st.composite
def histories(draw, kind):
    """Draw a history of at most six operations; half of them are answered as some single copy would."""
    subject, calls, answers = KINDS[kind]
    clients = ["A", "B", "C"]
    pending, happenings, state = {}, [], subject.begin()
    for _ in range(draw(st.integers(1, 12))):
        client = draw(st.sampled_from(clients))
        if client not in pending and len([h for h in happenings if isinstance(h, Invoked)]) < 6:
            name, argument = draw(st.sampled_from(calls))
            pending[client] = Call(client, name, argument)
            happenings.append(Invoked(pending[client]))
        elif client in pending:
            outcomes = list(subject.apply(state, pending[client]))
            if outcomes and draw(st.integers(0, 3)):
                answer, state = outcomes[0]
            else:
                answer = draw(st.sampled_from(answers))
            del pending[client]
            happenings.append(Returned(client, answer))
    return History.of(happenings)


def explained(kind, order):
    states = {kind.begin()}
    for one in order:
        states = {
            after
            for state in states
            for answer, after in kind.apply(state, one.call)
            if one.returned is None or answer == one.result
        }
    return bool(states)


def brute_force(given_history, kind, *, in_time):
    complete = [one for one in given_history if one.returned is not None]
    open_ones = [one for one in given_history if one.returned is None]
    for bits in range(1 << len(open_ones)):
        chosen = complete + [one for k, one in enumerate(open_ones) if bits >> k & 1]
        for order in permutations(chosen):
            places = {id(one): k for k, one in enumerate(order)}
            fits = all(
                places[id(a)] < places[id(b)]
                for a in chosen
                for b in chosen
                if a is not b
                and a.returned is not None
                and a.returned < b.invoked
                and (in_time or a.call.client == b.call.client)
            )
            if fits and explained(kind, order):
                return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@steady
@given(st.data())
def test_a_history_is_linearizable_exactly_if_some_order_explains_it(name, data):
    kind = KINDS[name][0]
    drawn = data.draw(histories(name))
    judgement = linearizable(drawn, kind)
    assert judgement.ok is brute_force(drawn, kind, in_time=True)
    assert explained(kind, judgement.order)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@steady
@given(st.data())
def test_a_history_is_sequentially_consistent_exactly_if_some_order_explains_it(name, data):
    kind = KINDS[name][0]
    drawn = data.draw(histories(name))
    assert sequentially_consistent(drawn, kind).ok is brute_force(drawn, kind, in_time=False)
