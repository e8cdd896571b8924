"""Histories by which known checkers are tested, told by hand: the verdicts agree, and so does who is to blame.

Porcupine (Go) and Knossos (Clojure, the first checker of Jepsen). Beside these all 230 recorded histories of their two
repositories were compared once, the largest of 2,024 operations by 50 clients; docs/consistency.md says how.
"""

import pytest
from attrs import frozen

from everyway.invariants.consistency import (
    Call,
    Gone,
    History,
    Invoked,
    KeyValue,
    Operation,
    Register,
    Returned,
    linearizable,
)


def register(*operations):
    """Return a history of (client, name, argument, result, begin, end)."""
    return History(
        [Operation(Call(who, name, argument), result, begin, end)
         for who, name, argument, result, begin, end in operations]
    )  # fmt: skip


def test_intervals_are_closed():
    """Operations that take no time at all and happen at the same moment overlap (Porcupine's TestZeroDuration)."""
    good = register(
        ("0", "write", 100, None, 0, 100),
        ("1", "read", None, 100, 25, 75),
        ("2", "read", None, 0, 30, 30),
        ("3", "read", None, 0, 30, 30),
    )
    bad = register(
        ("0", "write", 200, None, 0, 100),
        ("1", "read", None, 200, 10, 10),
        ("2", "read", None, 200, 10, 10),
        ("3", "read", None, 0, 40, 90),
    )
    assert linearizable(good, Register(0))
    assert linearizable(bad, Register(0)).stuck[0].call.client == "3"


def test_what_ends_as_another_begins_may_come_after_it():
    read, write = ("1", "read", None, 1, 0, 5), ("2", "write", 1, None, 5, 9)
    assert linearizable(register(read, write), Register(0))
    assert linearizable(register(("1", "read", None, 1, 5, 5), ("2", "write", 1, None, 5, 5)), Register(0))
    # But a client has one thing after the other.
    assert not linearizable(
        register(("1", "read", None, 1, 0, 5), ("1", "write", 1, None, 5, 9)), Register(0)
    )
    both = register(
        ("1", "write", 1, None, 0, 5), ("1", "read", None, 2, 5, 9), ("2", "write", 2, None, 5, 5)
    )  # fmt: skip
    assert linearizable(both, Register(0))


def happened(*lines):
    """Return a history from lines such as "76 begins write 2", "76 ok", "70 ok 0" or "77 gone"."""
    events = []
    for line in lines:
        client, what, *rest = line.split()
        values = [int(word) for word in rest if word.isdigit()]
        match what:
            case "begins":
                argument = tuple(values) if len(values) > 1 else values[0] if values else None
                events.append(Invoked(Call(client, rest[0], argument)))
            case "ok":
                events.append(Returned(client, values[0] if values else rest == ["true"] or None))
            case _:
                events.append(Gone(client))
    return History.of(events)


# What Knossos says is to blame in its tests, and the operation before.
BLAMED = {
    "a value that was overwritten while others read it": (
        [
            "70 begins read",
            "74 begins read",
            "76 begins write 2",
            "77 begins cas 1 1",
            "73 begins read",
            "73 ok 0",
            "74 ok 0",
            "76 ok",
            "77 gone",
            "70 ok 0",
            "70 begins read",
            "70 ok 0",
        ],
        "70: read() → 0",
        10,
    ),
    "a value that nobody wrote": (
        ("0 begins write 0", "0 ok", "1 begins read", "1 ok 3"),
        "1: read() → 3",
        2,
    ),
    "at once": (("1 begins read", "1 ok 3"), "1: read() → 3", 0),
    "only a compare-and-set that was lost could have written it": (
        ("1 begins cas 0 4", "1 gone", "2 begins read", "2 ok 4", "2 begins read", "2 ok 0"),
        "2: read() → 0",
        4,
    ),
}


@pytest.mark.parametrize("name", BLAMED)
def test_the_same_operation_is_to_blame(name):
    lines, told, begin = BLAMED[name]
    judgement = linearizable(happened(*lines), Register(0))
    (stuck,) = judgement.stuck
    assert (str(stuck), stuck.invoked) == (told, begin)


def test_a_crashed_write_explains_itself():
    assert linearizable(happened("0 begins write 1", "0 gone"), Register(0))
    assert linearizable(happened("0 begins write 1", "0 gone", "1 begins read", "1 ok 1"), Register(0))


@frozen
class Mutex:
    """As Knossos has it: whoever releases it need not be who holds it, and there are no answers."""

    knows_clients = False

    def begin(self):
        return False

    def apply(self, state, call):
        return [(None, not state)] if state is (call.name == "release") else []


def test_a_mutex_that_was_given_to_two():
    fine = ("1 begins acquire", "1 ok", "2 begins acquire", "1 begins release", "2 ok", "1 ok")
    assert linearizable(happened(*fine), Mutex())
    judgement = linearizable(happened(*fine, "0 begins acquire", "0 ok"), Mutex())
    assert [str(one) for one in judgement.stuck] == ["0: acquire() → none"]


def appends(rounds, clients, *, torn):
    """Return appends by many clients at once, seen by a reader after each round; at last one is seen twice."""
    operations, text, time = [], "", 0
    for round_ in range(rounds):
        own = [f"{c}.{round_};" for c in range(clients)]
        for c, piece in enumerate(own):
            operations.append(Operation(Call(f"c{c}", "append", piece, "k"), None, time + c, time + 40 + c))
        for piece in reversed(own):
            text += piece
        operations.append(Operation(Call("reader", "get", None, "k"), text, time + 50, time + 55))
        # An append that never ends is under way from here on.
        operations.append(Operation(Call(f"lost{round_}", "append", "?", "k"), None, time + 56))
        time += 100
    if torn:
        operations.append(Operation(Call("reader", "get", None, "k"), text[:-4] * 2, time, time + 5))
    return History(operations)


@pytest.mark.parametrize("torn", [False, True])
def test_orders_that_no_reader_can_explain_are_not_gone_through(torn):
    # Without looking ahead each round has 10! orders of its own.
    judgement = linearizable(appends(12, 10, torn=torn), KeyValue())
    assert judgement.ok is not torn
    if torn:
        assert judgement.stuck[0].invoked == 1200
        assert judgement.explanation.startswith(
            "after 132 operations, the last of them c2: append(k, 2.11;) → none, "
        )
