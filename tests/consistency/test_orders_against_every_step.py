"""Both checkers against the most naive search: every operation that may come next, one step at a time.

On longer histories than all permutations of them could be tried, with operations at the same moment, with operations
that never ended, with keys, and with an object that answers as it likes.
"""

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway.invariants.consistency import (
    Call,
    History,
    KeyValue,
    Lock,
    Operation,
    Queue,
    Register,
    linearizable,
    sequentially_consistent,
)

steady = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@frozen
class Sloppy:
    """A register that may forget a write, and swaps its value for its opposite when it is asked to."""

    def begin(self):
        return 0

    def apply(self, state, call):
        match call.name:
            case "read":
                return [(state, state)]
            case "write":
                return [(None, call.argument), (None, state)]
        return [(None, -state)]


@frozen
class Whole:
    """An object of which nothing is known but what it answers."""

    kind: object

    def begin(self):
        return self.kind.begin()

    def apply(self, state, call):
        return self.kind.apply(state, call)


CALLS = {
    "register": (Register(0), ["read", "write 1", "write 2", "cas 1 2", "cas 2 2"]),
    "key-value": (KeyValue(), ["get", "put a", "append b", "append ab", "delete"]),
    "queue": (Queue(), ["enqueue 1", "enqueue 2", "dequeue"]),
    "lock": (Lock(), ["acquire", "try", "release"]),
    "sloppy": (Sloppy(), ["read", "write 1", "write 2", "swap"]),
}
ANSWERS = [0, 1, 2, None, True, False, "a", "ab", "abb", -1]


@st.composite
def histories(draw, name):
    """Draw up to nine operations of three clients on two keys; most answers are those of some order."""
    kind, calls = CALLS[name]
    free, states = dict.fromkeys("ABC", 0), {key: kind.begin() for key in (None, "x", "y")}
    drawn = []
    for _ in range(draw(st.integers(1, 8))):
        if not free:
            break
        client = draw(st.sampled_from(sorted(free)))
        begin = free[client] + draw(st.integers(0, 3))
        word, *rest = draw(st.sampled_from(calls)).split()
        values = tuple(int(one) if one.isdigit() else one for one in rest)
        key = draw(st.sampled_from("xxxy")) if name == "key-value" else None
        call = Call(client, word, values if len(values) > 1 else values[0] if values else None, key)
        # One in eight never ends, and is the client's last.
        end = begin + draw(st.integers(0, 5)) if draw(st.integers(0, 7)) else None
        drawn.append(
            (draw(st.integers(begin, begin + 5 if end is None else end)), len(drawn), begin, end, call)
        )
        if end is None:
            del free[client]
        else:
            free[client] = end
    operations = []
    for _, _, begin, end, call in sorted(drawn, key=lambda one: one[:2]):
        outcomes = list(kind.apply(states[call.key], call))
        if outcomes and draw(st.integers(0, 5)):
            answer, states[call.key] = draw(st.sampled_from(outcomes))
        else:
            answer = draw(st.sampled_from(ANSWERS))
        operations.append(Operation(call, None if end is None else answer, begin, end))
    return History(operations)


def naive(history, kind, *, in_time):
    """Return whether some order explains a history: every next operation is tried, and every answer."""
    operations = list(history)
    own = history.by_client()

    def may_come(k, left):
        one = operations[k]
        mine = own[one.call.client]
        before = mine[: [other is one for other in mine].index(True)]
        if any(operations[j] is other for j in left for other in before):
            return False
        return not in_time or not any(
            operations[j].returned is not None and operations[j].returned < one.invoked
            for j in left
            if j != k
        )

    begin = (frozenset(range(len(operations))), kind.begin())
    seen, waiting = {begin}, [begin]
    while waiting:
        left, state = waiting.pop()
        if all(operations[k].returned is None for k in left):
            return True
        for k in left:
            if may_come(k, left):
                for answer, after in kind.apply(state, operations[k].call):
                    if operations[k].returned is None or answer == operations[k].result:
                        ahead = (left - {k}, after)
                        if ahead not in seen:
                            seen.add(ahead)
                            waiting.append(ahead)
    return False


def explains(kind, order):
    states = {kind.begin()}
    for one in order:
        states = {
            after
            for state in states
            for answer, after in kind.apply(state, one.call)
            if one.returned is None or answer == one.result
        }
    return bool(states)


@pytest.mark.parametrize("name", CALLS)
@steady
@given(st.data())
def test_linearizable_is_what_some_order_in_time_explains(name, data):
    kind, drawn = CALLS[name][0], data.draw(histories(name))
    judgement = linearizable(drawn, kind)
    assert judgement.ok is naive(drawn, kind, in_time=True)
    assert linearizable(drawn, Whole(kind)).ok is judgement.ok
    if judgement.ok:
        return
    # The first end that cannot be explained is to blame, and what is told of the rest is so.
    (stuck,) = judgement.stuck
    assert explains(kind, judgement.order)

    def until(end):
        """Return what was known of that key at a time."""
        return History(
            [
                one
                if one.returned is not None and one.returned <= end
                else Operation(one.call, None, one.invoked)
                for one in drawn
                if one.call.key == stuck.call.key and one.invoked <= end
            ]
        )

    own = [one for one in drawn if one.call.key == stuck.call.key and one.returned is not None]
    assert not naive(until(stuck.returned), kind, in_time=True)
    earlier = {one.returned for one in own if one.returned < stuck.returned}
    assert all(naive(until(end), kind, in_time=True) for end in earlier)


@pytest.mark.parametrize("name", CALLS)
@steady
@given(st.data())
def test_sequentially_consistent_is_what_some_order_of_all_clients_explains(name, data):
    kind, drawn = CALLS[name][0], data.draw(histories(name))
    judgement = sequentially_consistent(drawn, kind)
    assert judgement.ok is naive(drawn, kind, in_time=False)
    assert explains(kind, judgement.order)
