"""A step changes what it says, at once and in terms of the state before; everything else stays."""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Function,
    Ordered,
    Relation,
    Sort,
    Step,
    Structure,
    Theory,
    action,
    after,
    empty,
    goal,
    initially,
    steps,
    when,
)


class Node(Sort):
    """A node."""


class Rank(Ordered):
    """A rank."""


class Everything(Theory):
    """One action for each way to change something."""

    left = Relation(Node)
    right = Relation(Node)
    below = Relation(Node, Rank)
    rank = Function(Node, to=Rank)
    top = Function(to=Rank)

    @initially
    def nothing(self) -> Formula:
        return empty(self.left, self.right, self.below)

    @action
    def swap(self) -> Step:
        return (
            when()
            .remove_all(self.left)
            .add_all(self.left, lambda n: self.right(n))
            .remove_all(self.right)
            .add_all(self.right, lambda n: self.left(n))
        )

    @action
    def fill(self, n: Node, r: Rank) -> Step:
        return when(self.left(n)).add_all(self.below, lambda x, u: (x == n) & (u < r))

    @action
    def clear(self, n: Node) -> Step:
        return when().remove_all(self.below, lambda x, u: x == n).remove(self.left(n))

    @action
    def raise_rank(self, n: Node) -> Step:
        return when(self.rank(n) < self.top()).set(self.rank(n), self.top()).set(self.top(), self.rank(n))

    @goal
    def whatever(self, n: Node) -> Formula:
        return self.left(n) | ~self.left(n)


MADE = Everything.specification()
SWAP, FILL, CLEAR, RAISE = MADE.actions
STATE = Structure(
    {Node: ("x", "y"), Rank: (1, 2, 3)},
    {"left": frozenset([("x",)]), "right": frozenset([("y",)]), "below": frozenset([("y", 3)])},
    {"rank": {("x",): 1, ("y",): 2}, "top": {(): 2}},
)


def given_values(action, *elements):
    return dict(zip(action.parameters, elements, strict=True))


def test_conditions_speak_of_the_state_before():
    assert after(STATE, SWAP, {}).relations == {
        **STATE.relations,
        "left": frozenset([("y",)]),
        "right": frozenset([("x",)]),
    }


def test_many_tuples_come_in_at_once():
    found = after(STATE, FILL, given_values(FILL, "x", 3))
    assert found.relations == {**STATE.relations, "below": frozenset([("x", 1), ("x", 2), ("y", 3)])}
    assert found.functions == STATE.functions


def test_many_tuples_go_out_at_once():
    found = after(STATE, CLEAR, given_values(CLEAR, "y"))
    assert found.relations == {**STATE.relations, "below": frozenset()}


def test_functions_change_where_they_are_set():
    found = after(STATE, RAISE, given_values(RAISE, "x"))
    assert found.functions == {"rank": {("x",): 2, ("y",): 2}, "top": {(): 1}}
    assert found.relations == STATE.relations


def test_all_steps_are_those_whose_guard_holds():
    found = [(action.name, tuple(values.values())) for action, values, _ in steps(MADE, STATE)]
    fills = [("fill", ("x", rank)) for rank in (1, 2, 3)]
    assert found == [("swap", ()), *fills, ("clear", ("x",)), ("clear", ("y",)), ("raise-rank", ("x",))]
