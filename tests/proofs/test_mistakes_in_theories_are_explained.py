"""What is wrong with a theory is said so that its author knows what to do."""

from __future__ import annotations

import pytest

from everyway.models.language.errors import ModelError
from everyway.proofs.language import (
    Formula,
    Function,
    Ordered,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    axiom,
    derived,
    empty,
    exists,
    for_all,
    given,
    goal,
    initially,
    when,
)


class Node(Sort):
    """A node."""


class Rank(Ordered):
    """A rank."""


class Marks(Theory):
    """Nothing is wrong here."""

    marked = Relation(Node)
    fixed = Relation(Node, fixed=True)
    rank = Function(Node, to=Rank)

    @initially
    def nobody(self) -> Formula:
        return empty(self.marked)

    @action
    def mark(self, n: Node) -> Step:
        return when(~self.marked(n)).add(self.marked(n))

    @goal
    def nothing(self, n: Node) -> Formula:
        return self.marked(n) | ~self.marked(n)


marks = Marks()
n, r = Node("n"), Rank("r")


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: marks.marked(r), r"marked\(node\) was applied to \(r \(rank\)\)"),
        (lambda: marks.marked(n, n), r"marked\(node\) was applied to \(n \(node\), n \(node\)\)"),
        (lambda: n == r, r"n is a node and cannot be compared with r \(rank\)"),
        (lambda: r < n, r"r is a rank and cannot be compared with n \(node\)"),
        (lambda: bool(marks.marked(n)), r"write &, \| and ~ instead of and, or and not"),
        (lambda: r < Rank("s") < Rank("t"), r"a < b < c as \(a < b\) & \(b < c\)"),
        (lambda: bool(n), "n is a term and neither true nor false"),
        (lambda: marks.marked(n) & True, "TRUE or FALSE of the language"),
        (lambda: given(marks.marked), "a formula is needed, not marked"),
        (lambda: exists(Node, lambda x, y: x == y), "a function of 2 variables was given for 1 sorts"),
        (lambda: for_all(Node), "a quantifier needs sorts and then a function"),
        (lambda: Relation("node"), "declared on sorts .subclasses of Sort., not on 'node'"),
        (lambda: when().add(~marks.marked(n)), r"as in self.voted\(a, b, v\), not '¬marked\(n\)'"),
        (lambda: when().add(marks.fixed(n)), r"fixed\(node\) is fixed: no action can change it"),
        (lambda: when().set(n, n), "needs the value of a function"),
        (lambda: when().set(marks.rank(n), n), r"rank\(n\) is a rank and cannot be compared with n \(node\)"),
    ],
)
def test_a_wrong_formula_or_step(mistake, words):
    with pytest.raises(ModelError, match=words):
        mistake()


class NoSort(Marks):
    @goal
    def nothing(self, n) -> Formula:
        return self.marked(n)


class NoFormula(Marks):
    @goal
    def nothing(self, n: Node) -> Formula:
        return None  # type: ignore[return-value]


class NoStep(Marks):
    @action
    def mark(self, n: Node) -> Step:
        return self.marked(n)  # type: ignore[return-value]


class NoGoal(Marks):
    nothing = None


class ChangingAxiom(Marks):
    @axiom
    def all_marked(self, n: Node) -> Formula:
        return self.marked(n)


class Foreign(Marks):
    @goal
    def nothing(self, n: Node) -> Formula:
        return Elsewhere().marked(n)


class Elsewhere(Theory):
    marked = Relation(Node)


class WronglyApplied(Marks):
    @derived
    def is_low(self, r: Rank) -> Formula:
        return r < r

    @goal
    def nothing(self, n: Node) -> Formula:
        return self.is_low(n)


@pytest.mark.parametrize(
    ("theory", "words"),
    [
        (NoSort, "NoSort.nothing: parameter n needs a sort, as in n: Acceptor"),
        (NoFormula, "NoFormula.nothing returned None, but must return a formula"),
        (NoStep, r"NoStep.mark returned .*, but an action must return a step"),
        (NoGoal, "NoGoal has no method declared as a goal"),
        (ChangingAxiom, r"axiom all-marked speaks of marked\(node\), which can change"),
        (Foreign, r"Foreign: marked\(node\) is used but is none of its attributes"),
        (WronglyApplied, r"is_low\(rank\) was applied to"),
    ],
)
def test_a_wrong_theory(theory, words):
    with pytest.raises(ModelError, match=words):
        theory.specification()


def test_nothing_is_wrong_with_the_theory_that_they_deviate_from():
    made = Marks.specification()
    assert [kind.word() for kind in made.sorts] == ["node", "rank"]
    assert [action.name for action in made.actions] == ["mark"]
    assert str(made.goals[0].formula) == "∀ node n: marked(n) ∨ ¬marked(n)"
