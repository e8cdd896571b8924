"""Symmetry: states that differ only in the names of interchangeable nodes count as one, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, permutations
from typing import ClassVar

import pytest
from attrs import frozen

from everyway import (
    Faults,
    Limits,
    Message,
    Node,
    NodeId,
    Observer,
    Outcome,
    Protocol,
    System,
    UsageError,
    always,
    at_most,
    check,
    choice,
    on,
    possible,
    timeout,
    volatile,
)
from everyway.explorer import Exploration
from everyway.explorer.renaming import renamed, written
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.language import REMOVED
from everyway.models.three_phase_commit import AsNoted
from everyway.models.two_phase_commit import TwoPhaseCommit

Everything = Limits(max_states=None)


def searched(protocol, faults=None, *, engine="plain", threads=1, properties=None, **how) -> TableSearch:
    promises = list(protocol.promises()) if properties is None else properties
    system = System(protocol, faults or Faults(), **how)
    return TableSearch(
        system, promises, engine=engine, threads=threads, symmetry=True, limits=Everything
    ).run()


def orbits(states, symmetry) -> int:
    """Return how many classes swaps of neighbours make of states, by brute force."""
    number = {world: k for k, world in enumerate(states)}
    root = list(range(len(states)))

    def find(k: int) -> int:
        while root[k] != k:
            k = root[k]
        return k

    for world, k in number.items():
        for column in symmetry._swaps_of_neighbours():
            root[find(k)] = find(number[symmetry.world_renamed(world, symmetry._swap(column))])
    return len({find(k) for k in range(len(states))})


@pytest.mark.parametrize(("managers", "count"), [(1, 12), (2, 34), (3, 80), (4, 166), (5, 314), (6, 553)])
def test_the_orbits_of_gray_and_lamports_two_phase(managers, count):
    # 4^n + 2^n + 6^n states; as many orbits as there are multisets: C(n+3,3) + (n+1) + C(n+5,5).
    assert searched(TwoPhase(managers)).statistics.states == count


CASES = [
    (TwoPhaseCommit(3), {}, {}),
    (TwoPhaseCommit(2), {"crashes": 1, "restarts": 1, "losses": 1}, {}),
    (TwoPhaseCommit(2), {"duplicates": 1, "crashes": 1}, {"network": "fifo"}),
    (TwoPhaseCommit(3), {"crashes": 1}, {"network": "set", "timeouts": "late"}),
    (TwoPhaseCommit(2), {"partitions": 1, "suspicions": 1}, {"network": "set", "timeouts": "early"}),
    (AsNoted(2), {"crashes": 1}, {}),
    (TwoPhase(4), {}, {"timeouts": "early"}),
]


@pytest.mark.parametrize(("protocol", "budgets", "how"), CASES)
def test_states_are_the_orbits_and_verdicts_those_without(protocol, budgets, how):
    plain = Exploration(
        System(protocol, Faults(**budgets), **how), list(protocol.promises()), limits=Everything
    ).run()
    found = searched(protocol, Faults(**budgets), **how)
    assert found.symmetry is not None
    assert found.statistics.states == orbits(plain.states, found.symmetry) < plain.statistics.states
    assert found.statistics.depth == plain.statistics.depth
    for ours, theirs in zip(found.verdicts(), plain.verdicts(), strict=True):
        assert (ours.outcome, ours.length) == (theirs.outcome, theirs.length)
        system = System(protocol, Faults(**budgets), **how)
        for before, after in pairwise(ours.path or ()):
            assert (after.action, after.state) in list(system.steps(before.state))


def test_neither_the_kernel_nor_threads_make_a_difference():
    ways = [("plain", 1), ("tables", 1), ("tables", 2)]
    searches = [searched(TwoPhaseCommit(3), Faults(crashes=1), engine=e, threads=t) for e, t in ways]
    told = [
        (s.statistics.states, s.statistics.transitions, repr([v.path for v in s.verdicts()]))
        for s in searches
    ]
    assert told[0] == told[1] == told[2]


# Nodes that point at each other, so that sorting leaves ties that matter.


class Poke(Message): ...


@frozen
class Friend(Node):
    others: frozenset[NodeId]
    likes: NodeId = volatile("")
    poked: frozenset[NodeId] = volatile(frozenset())

    @choice
    def choose(self):
        if not self.likes:
            for other in sorted(self.others):
                yield self.become(likes=other).send(other, Poke())

    @on(Poke)
    def note(self, message, sender):
        return self.become(poked=self.poked | {sender})


@frozen
class Friends(Protocol):
    names: ClassVar[tuple[str, ...]] = ("A", "B", "C", "D")

    def nodes(self):
        return {name: Friend(frozenset(self.names) - {name}) for name in self.names}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]


@pytest.mark.parametrize("engine", ["plain", "tables"])
def test_ties_that_matter_are_resolved(engine):
    everyone_has_chosen = possible(lambda world: all(node.likes for node in world), name="all chose")
    found = searched(Friends(), engine=engine, properties=[everyone_has_chosen])
    plain = Exploration(System(Friends()), limits=Everything).run()
    assert found.symmetry._exact, "no row had ties that matter; the test shows nothing"
    assert found.statistics.states == orbits(plain.states, found.symmetry)
    assert found.verdicts()[0].length == 4


def test_all_names_of_a_state_have_one_canonical_row():
    plain = Exploration(System(Friends()), limits=Limits(max_states=400)).run()
    found = searched(Friends())
    tables, symmetry = found.expander.tables, found.symmetry
    for world in plain.states[::23]:
        rows = set()
        for order in permutations(Friends.names):
            names = dict(zip(Friends.names, order, strict=True))
            rows.add(symmetry.canonical(tables.intern(symmetry.world_renamed(world, names))))
        assert len(rows) == 1


# What is not symmetric is told apart.


def told_apart(protocol, properties, **budgets):
    report = check(protocol, properties, faults=Faults(**budgets), deadlock=False)
    expected = check(protocol, properties, faults=Faults(**budgets), deadlock=False, symmetry=False)
    assert report.statistics.states == expected.statistics.states
    assert not report.statistics.alike
    assert [v.outcome for v in report.verdicts] == [v.outcome for v in expected.verdicts]
    return report.statistics.told_apart


def test_a_property_that_names_a_node_is_found_out():
    first = always(lambda world: world["P1"].phase.name != "ABORTED", name="P1 never aborts")
    last = possible(lambda world: world["P2"].phase.name == "ABORTED", name="P2 aborts")
    assert "'P1 never aborts' tells P1 and P2 apart" in told_apart(TwoPhaseCommit(2), [first])
    assert "'P2 aborts' tells P1 and P2 apart" in told_apart(TwoPhaseCommit(2), [last])


def test_a_property_of_two_nodes_together_is_found_out():
    both = always(
        lambda world: {world["P1"].phase.name, world["P3"].phase.name} != {"ABORTED", "PREPARED"},
        name="first and last",
    )
    assert "tells P1, P2 and P3 apart" in told_apart(TwoPhaseCommit(3), [both], crashes=1)


@frozen
class Vain(Friend):
    @choice
    def choose(self):
        if not self.likes and self.id == "B":
            return self.become(likes="A")


@frozen
class VainFriends(Friends):
    def nodes(self):
        return {name: Vain(frozenset(self.names) - {name}) for name in self.names}


def test_a_handler_that_looks_at_its_name_is_found_out():
    assert "acts differently when" in told_apart(VainFriends(), [])


@frozen
class Sheep(Friend):
    """Goes to the one whose name comes first, which is the same after A and B, or B and C, have swapped theirs."""

    @choice
    def choose(self):
        if not self.likes:
            return self.become(likes=min(self.others)).send(min(self.others), Poke())


@frozen
class Flock(Friends):
    names = ("A", "B", "C")

    def nodes(self):
        return {name: Sheep(frozenset(self.names) - {name}) for name in self.names}


def test_a_handler_that_picks_the_first_of_several_names_is_found_out():
    assert "acts differently when B and C swap names" in told_apart(Flock(), [])


@frozen
class Generous(Friend):
    """Pokes C twice, and everybody else once."""

    @choice
    def choose(self):
        if not self.likes:
            for other in sorted(self.others):
                step = self.become(likes=other).send(other, Poke())
                yield step.send(other, Poke()) if other == "C" else step


@frozen
class GenerousFriends(Friends):
    def nodes(self):
        return {name: Generous(frozenset(self.names) - {name}) for name in self.names}


def test_how_often_a_message_is_sent_counts():
    assert "acts differently when" in told_apart(GenerousFriends(), [])


@frozen
class Gossip(Observer):
    """Knows whether D was poked."""

    is_excited: bool = False

    def observe(self, event):
        return self if event.node != "D" or event.kind.value != "delivery" else Gossip(True)


@frozen
class WatchedFriends(Friends):
    def observers(self):
        return {"gossip": Gossip()}


def test_an_observer_that_tells_nodes_apart_is_found_out():
    assert "the observer gossip tells" in told_apart(WatchedFriends(), [])


@frozen
class Courteous(Friend):
    """Waits for the first of the others, all of whom would be tired at the same time."""

    @property
    def first(self):
        return min(self.others)

    @timeout(awaiting="first")
    def give_up(self):
        if not self.likes:
            return self.become(likes=self.id)

    choose = REMOVED


@frozen
class CourteousFriends(Friends):
    def nodes(self):
        return {name: Courteous(frozenset(self.names) - {name}) for name in self.names}


def test_whom_a_time_out_awaits_counts():
    assert "acts differently when" in told_apart(CourteousFriends(), [])


@frozen
class Ring(Friends):
    def nodes(self):
        nexts = dict(pairwise((*self.names, self.names[0])))
        return {name: Friend(frozenset({nexts[name]})) for name in self.names}


def test_starts_that_names_tell_apart_are_found_out():
    assert "the start is another when A and B swap names" in told_apart(Ring(), [])


def test_a_fault_that_names_a_node_tells_it_apart():
    report = check(TwoPhaseCommit(3), [], faults=Faults(crashes=at_most(1, "P2")))
    assert report.statistics.alike == "P1 and P3"


@frozen
class Misnamed(Friends):
    def interchangeable(self):
        return [["A", "Z"]]


def test_an_unknown_node_is_refused():
    with pytest.raises(UsageError, match="interchangeable names 'Z'"):
        check(Misnamed(), [])


@pytest.mark.slow
def test_what_the_model_is_asked_does_not_depend_on_threads_or_batches():
    asked = set()
    for how in ({"batch": 1}, {"batch": 50}, {"engine": "tables", "threads": 2}):
        system = System(TwoPhase(6))
        TableSearch(system, list(TwoPhase(6).promises()), symmetry=True, **{"engine": "plain", **how}).run()
        asked.add(system.handler_calls)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("managers", "sample"),
    [
        (4, ""),
        (
            5,
            "that no promise tells them apart was tried on some of the 120 orders of their names, not on all",
        ),
        (
            6,
            "that neither the model nor a promise tells them apart was tried on some of the 720 orders of their names, "
            "not on all",
        ),
    ],
)
def test_what_is_tried_on_some_orders_of_names_only_is_told(managers, sample):
    assert check(TwoPhase(managers)).statistics.sample == sample
    assert check(TwoPhase(managers), symmetry=False).statistics.sample == ""


def test_no_symmetry_counts_every_state():
    assert check(TwoPhase(3), symmetry=False).statistics.states == 288
    assert check(TwoPhase(3)).statistics.states == 80
    assert all(v.outcome is Outcome.HOLDS for v in check(TwoPhase(3)).verdicts)


def test_values_are_renamed_wherever_they_mention_a_node():
    names = {"A": "B", "B": "A"}
    friend = Friend(frozenset({"B", "C"}), "B", id="A")
    assert renamed(friend, names) == Friend(frozenset({"A", "C"}), "A", id="B")
    assert renamed((("A", 1), frozenset({("B", None)})), names) == (("B", 1), frozenset({("A", None)}))
    assert renamed(renamed(friend, names), names) == friend
    assert written(1, {}) == written(True, {}) == written(1.0, {}) != written("1", {})
