"""Many structures at once: the same answers as one by one, and as z3's."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_theory import ELEMENTS, SPECIFICATION, THEORY, Level, Node, formulas, structures

from everyway.models.language import UsageError
from everyway.proofs.evaluation import compiled
from everyway.proofs.grounding import Grounding
from everyway.proofs.language import exists, for_all, steps
from everyway.proofs.language.formula import ForAll
from everyway.proofs.refinement import side_by_side
from everyway.proofs.translation import Translation

TRANSLATION = Translation(SPECIFICATION)


@given(formulas(), st.lists(structures(), min_size=1, max_size=5))
@settings(deadline=None, derandomize=True, database=None, max_examples=150)
def test_a_column_says_what_each_structure_says(formula, several):
    column = compiled(formula, ELEMENTS)(side_by_side(several))
    assert [bool(column >> k & 1) for k in range(len(several))] == [one.holds(formula) for one in several]
    assert column >> len(several) == 0


ONE, OTHER, HEIGHT = Node("one"), Node("other"), Level("height")


@given(formulas((ONE, OTHER), (HEIGHT,), depth=3), structures())
@settings(deadline=None, derandomize=True, database=None, max_examples=60)
def test_parameters_are_given_when_it_is_asked(formula, structure):
    asked = compiled(formula, ELEMENTS, [ONE, OTHER, HEIGHT])
    for a, b, t in itertools.product(ELEMENTS[Node], ELEMENTS[Node], ELEMENTS[Level]):
        expected = structure.holds(formula, {ONE: a, OTHER: b, HEIGHT: t})
        assert asked(side_by_side([structure]), a, b, t) == int(expected)


@given(formulas(depth=3), structures())
@settings(deadline=None, derandomize=True, database=None, max_examples=60)
def test_z3_says_the_same_of_the_same_structure(formula, structure):
    z3, context = TRANSLATION.z3, TRANSLATION.context
    solver = z3.SimpleSolver(ctx=context)
    constants = {}
    for kind, elements in ELEMENTS.items():
        mine = [TRANSLATION.new(kind, str(element)) for element in elements]
        constants |= {(kind, element): one for element, one in zip(elements, mine, strict=True)}
        x = TRANSLATION.new(kind, "x")
        solver.add(z3.Distinct(mine), z3.ForAll([x], z3.Or([x == one for one in mine])))
        if kind.is_ordered:
            less = TRANSLATION.less[kind]
            for one, other in itertools.product(range(len(mine)), repeat=2):
                solver.add(less(mine[one], mine[other]) == (one < other))
    for relation in SPECIFICATION.relations:
        for chosen in itertools.product(*(ELEMENTS[kind] for kind in relation.sorts)):
            terms = [constants[kind, element] for kind, element in zip(relation.sorts, chosen, strict=True)]
            holds = chosen in structure.tuples(relation.name)
            solver.add(TRANSLATION.symbols[relation.name](*terms) == z3.BoolVal(holds, context))
    for function in SPECIFICATION.functions:
        for chosen, value in structure.functions[function.name].items():
            terms = [constants[kind, element] for kind, element in zip(function.sorts, chosen, strict=True)]
            solver.add(TRANSLATION.symbols[function.name](*terms) == constants[function.to, value])
    solver.add(TRANSLATION.formula(formula))
    column = compiled(formula, ELEMENTS)(side_by_side([structure]))
    assert str(solver.check()) == ("sat" if column else "unsat")


@given(structures(), st.data())
@settings(deadline=None, derandomize=True, database=None, max_examples=60)
def test_actions_lead_where_the_plain_semantics_says(structure, data):
    grounding = Grounding(SPECIFICATION, ELEMENTS)
    taken = list(steps(SPECIFICATION, structure))
    others = data.draw(st.lists(structures(), max_size=2))
    goals = [after for _, _, after in taken] + [
        type(structure)(
            other.elements,
            {**other.relations, "neighbour": structure.relations["neighbour"]},
            other.functions,
        )
        for other in others
    ]
    if not goals:
        return
    before, after = side_by_side([structure] * len(goals)), side_by_side(goals)
    for name in ("mark", "rise", "clear"):
        found = set()
        for moves, column in grounding.taken(before, after, (name,)):
            found |= {(moves[0].values, k) for k in range(len(goals)) if column >> k & 1}
        expected = {
            (tuple(values.values()), k)
            for action, values, there in taken
            if action.name == name
            for k, goal in enumerate(goals)
            if goal == there
        }
        assert found == expected


@given(structures())
@settings(deadline=None, derandomize=True, database=None, max_examples=25)
def test_two_actions_one_after_the_other(structure):
    grounding = Grounding(SPECIFICATION, ELEMENTS)
    reached = {}
    for first, values, there in steps(SPECIFICATION, structure):
        for second, more, beyond in steps(SPECIFICATION, there):
            if (first.name, second.name) == ("rise", "mark"):
                reached.setdefault((tuple(values.values()), tuple(more.values())), beyond)
    for (one, other), beyond in list(reached.items())[:6]:
        before, after = side_by_side([structure]), side_by_side([beyond])
        found = {
            (moves[0].values, moves[1].values)
            for moves, column in grounding.taken(before, after, ("rise", "mark"))
            if column
        }
        assert (one, other) in found
        assert {key for key, there in reached.items() if there == beyond} <= found


def test_a_variable_may_be_bound_again_inside():
    n = Node("n")
    inner = ForAll((n,), THEORY.marked(n))
    formula = exists(Node, lambda m: inner & ~THEORY.neighbour(m, m)) & inner
    nested = ForAll((n,), inner | THEORY.marked(n))
    structure = side_by_side([_with(marked={("a",)}), _with(marked={("a",), ("b",), ("c",)})])
    assert compiled(formula, ELEMENTS)(structure) == 0b10
    assert compiled(nested, ELEMENTS)(structure) == 0b10


def _with(**relations):
    from everyway.proofs.language import Structure

    empty = {relation.name: frozenset() for relation in SPECIFICATION.relations}
    given = {name: frozenset(tuples) for name, tuples in relations.items()}
    functions = {"level": {(node,): 1 for node in ELEMENTS[Node]}, "top": {(): 1}}
    return Structure(ELEMENTS, empty | given, functions)


def test_what_cannot_be_asked_is_said():
    with pytest.raises(UsageError, match="no elements are given for the sort node; they are for: level"):
        compiled(for_all(Node, lambda n: THEORY.marked(n)), {Level: (1,)})
    with pytest.raises(UsageError, match=r"the variable n \(node\) is neither bound nor given"):
        compiled(THEORY.marked(Node("n")), ELEMENTS)
    with pytest.raises(UsageError, match="the formula is about 0 elements, and 1 were given"):
        compiled(THEORY.flag(), ELEMENTS)(side_by_side([_with()]), "a")
