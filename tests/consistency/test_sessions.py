"""The guarantees of sessions, on the smallest histories that keep or break each."""

import pytest

from everyway import UsageError
from everyway.invariants.consistency import (
    Call,
    History,
    Operation,
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    writes_follow_reads,
)

ALL = (read_your_writes, monotonic_reads, monotonic_writes, writes_follow_reads)


def history(*words):
    """Return a history of operations one after the other, such as "A x=1" for a write and "A x?1" for a read."""
    operations = []
    for time, word in enumerate(words):
        client, deed = word.split()
        key, value = deed[0], int(deed[2:])
        call = Call(client, "put", value, key) if deed[1] == "=" else Call(client, "get", None, key)
        operations.append(Operation(call, None if deed[1] == "=" else value, 2 * time, 2 * time + 1))
    return History(operations)


@pytest.mark.parametrize(
    ("given_history", "broken"),
    [
        (history("A x=1", "A x?1", "B x?0", "B x?1"), ()),
        (history("A x=1", "A x?0"), (read_your_writes,)),
        (history("A x=1", "B x=2", "A x?2"), ()),
        (history("A x=1", "B x?1", "B x?0"), (monotonic_reads,)),
        (history("A x=1", "A y=1", "B y?1", "B x?0"), (monotonic_writes,)),
        (history("A x=1", "A y=1", "B x?0", "B y?1", "B x?1"), ()),
        (history("A x=1", "B x?1", "B y=1", "C y?1", "C x?0"), (writes_follow_reads,)),
        (history("A x=1", "B x?1", "B y=1", "C y?1", "C x?1"), ()),
    ],
)
def test_each_guarantee_is_kept_or_broken(given_history, broken):
    for guarantee in ALL:
        judgement = guarantee(given_history)
        assert judgement.ok is (guarantee not in broken), guarantee.__name__
        if not judgement:
            assert len(judgement.stuck) == 2
            assert "older" in judgement.explanation


def test_the_order_of_writes_may_be_told():
    written = history("A x=1", "A x=2", "B x?2", "B x?1")
    assert not monotonic_reads(written)
    assert monotonic_reads(written, {"x": [2, 1]})
    assert not monotonic_writes(written, {"x": [2, 1]})
    read = history("A x=1", "B x?1", "B x=2")
    assert writes_follow_reads(read)
    assert not writes_follow_reads(read, {"x": [2, 1]})


def test_what_reads_cannot_tell_is_refused():
    with pytest.raises(UsageError, match="written twice"):
        monotonic_reads(history("A x=1", "B x=1"))
    with pytest.raises(UsageError, match="lacks 2"):
        monotonic_reads(history("A x=1", "B x=2"), {"x": [1]})
    with pytest.raises(UsageError, match="not A: dequeue"):
        monotonic_reads(History([Operation(Call("A", "dequeue"), 1, 0, 1)]))
    overlapping = [
        Operation(Call("A", "put", 1, "x"), None, 0, 3),
        Operation(Call("B", "put", 2, "x"), None, 1, 2),
    ]
    with pytest.raises(UsageError, match="overlap: say which is the later one"):
        monotonic_reads(History(overlapping))
    assert monotonic_reads(History(overlapping), {"x": [2, 1]})
