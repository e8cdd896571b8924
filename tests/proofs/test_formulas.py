"""Formulas: how they read, what they say of a structure, and that z3 is told the same."""

from __future__ import annotations

import itertools
import random

import pytest

from everyway.proofs.catalogue import THEOREMS
from everyway.proofs.language import (
    FALSE,
    TRUE,
    Ordered,
    Relation,
    Sort,
    Structure,
    after,
    all_of,
    any_of,
    empty,
    exists,
    for_all,
    given,
    never,
    told,
)
from everyway.proofs.language.substitution import named, substituted
from everyway.proofs.solver import Answer, SolverLimits, ask, check, new_solver
from everyway.proofs.translation import Translation


class Node(Sort):
    """A node."""


class Rank(Ordered):
    """A rank."""


likes = Relation(Node, Node)
likes.__set_name__(object, "likes")
has = Relation(Node, Rank)
has.__set_name__(object, "has")
done = Relation()
done.__set_name__(object, "done")
n, m = Node("n"), Node("m")
a, b, c = Rank("a"), Rank("b"), Rank("c")


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (likes(n, m), "likes(n, m)"),
        (done(), "done"),
        (~done(), "¬done"),
        (n == m, "n = m"),
        (n != m, "n ≠ m"),
        (a < b, "a < b"),
        (b > a, "a < b"),
        (a <= b, "a ≤ b"),
        (a >= b, "b ≤ a"),
        (~(a <= b), "b < a"),
        (done() & likes(n, m) & (n == m), "done ∧ likes(n, m) ∧ n = m"),
        (done() | likes(n, m) & (n == m), "done ∨ likes(n, m) ∧ n = m"),
        ((done() | likes(n, m)) & (n == m), "(done ∨ likes(n, m)) ∧ n = m"),
        (given(done(), n == m).then(likes(n, m)), "done ∧ n = m ⇒ likes(n, m)"),
        (given(done()).then(done(), n == m), "done ⇒ done ∧ n = m"),
        (done().implies(done()).implies(done()), "(done ⇒ done) ⇒ done"),
        (never(done(), n == m), "¬(done ∧ n = m)"),
        (done().iff(n == m), "done ⇔ n = m"),
        (for_all(Node, lambda x: likes(x, x)), "∀ node x: likes(x, x)"),
        (exists(Rank, Rank, Node, lambda u, v, x: u < v), "∃ rank u, v, node x: u < v"),
        (done() & exists(Node, lambda x: likes(x, n)), "done ∧ (∃ node x: likes(x, n))"),
        (empty(likes, done), "(∀ node n1, n2: ¬likes(n1, n2)) ∧ ¬done"),
        (all_of(), "true"),
        (any_of(), "false"),
        (any_of(done()), "done"),
    ],
)
def test_a_formula_reads_as_in_a_paper(formula, words):
    assert str(formula) == words


def test_a_formula_reads_without_signs():
    formula = for_all(Node, lambda x: given(likes(x, n), x != n).then(~done() | (a <= b)))
    assert told(formula, ascii_only=True) == "forall node x: likes(x, n) and x != n => not done or a <= b"


def test_a_formula_can_be_told_of_particular_elements():
    formula = given(has(n, a), has(m, b)).then(exists(Node, lambda x: likes(x, n)), (n == m) | (a < b))
    shown = substituted(formula, named({n: "n1", m: "n2", a: "r1", b: "r2"}))
    assert str(shown) == "has(n1, r1) ∧ has(n2, r2) ⇒ (∃ node x: likes(x, n1)) ∧ (n1 = n2 ∨ r1 < r2)"


WORLD = Structure(
    {Node: ("x", "y"), Rank: (3, 5, 7)},
    {
        "likes": frozenset([("x", "y"), ("y", "y")]),
        "has": frozenset([("x", 3), ("x", 7)]),
        "done": frozenset(),
    },
)


@pytest.mark.parametrize(
    ("formula", "holds"),
    [
        (TRUE, True),
        (FALSE, False),
        (done(), False),
        (for_all(Node, lambda u: exists(Node, lambda v: likes(u, v))), True),
        (exists(Node, lambda v: for_all(Node, lambda u: likes(u, v))), True),
        (exists(Node, lambda v: for_all(Node, lambda u: likes(v, u))), False),
        (for_all(Rank, Rank, lambda u, v: any_of(u < v, u == v, v < u)), True),
        (exists(Rank, Rank, lambda u, v: (u < v) & has(Node("k"), v)), None),
        (for_all(Node, lambda u: likes(u, u).iff(~exists(Rank, lambda v: has(u, v)))), True),
        (given(done()).then(FALSE), True),
    ],
)
def test_a_formula_is_true_or_false_of_a_structure(formula, holds):
    if holds is None:
        with pytest.raises(Exception, match="variable k stands for nothing here"):
            WORLD.holds(formula)
    else:
        assert WORLD.holds(formula) is holds


def test_the_first_elements_that_break_a_formula_are_named():
    formula = for_all(Node, Rank, lambda u, v: given(has(u, v)).then(likes(u, u)))
    broken = WORLD.broken(formula)
    assert {variable.name: element for variable, element in broken.items()} == {"u": "x", "v": 3}
    assert WORLD.broken(for_all(Node, lambda u: u == u)) is None


def random_state(made, source, size=2):
    """Return a state over some elements of each sort, each tuple in it or not."""
    elements = {kind: tuple(f"{kind.initial()}{number}" for number in range(size)) for kind in made.sorts}
    relations = {
        relation.name: frozenset(
            chosen
            for chosen in itertools.product(*(elements[kind] for kind in relation.sorts))
            if source.random() < 0.5
        )
        for relation in made.relations
    }
    functions = {
        function.name: {
            chosen: source.choice(elements[function.to])
            for chosen in itertools.product(*(elements[kind] for kind in function.sorts))
        }
        for function in made.functions
    }
    return Structure(elements, relations, functions)


def as_facts(translation, state):
    """Return a state as z3's formulas, which leave nothing open, and its elements as z3's constants."""
    z3, facts, constants = translation.z3, [], {}
    for kind, elements in state.elements.items():
        own = {element: translation.new(kind, element) for element in elements}
        x = translation.new(kind, "x")
        facts += [z3.Distinct(list(own.values())), z3.ForAll([x], z3.Or([x == one for one in own.values()]))]
        constants |= {(kind, element): constant for element, constant in own.items()}
        if kind.is_ordered:
            facts += [
                translation.less[kind](own[one], own[other])
                for one, other in itertools.combinations(elements, 2)
            ]
    for relation in translation.specification.relations:
        for chosen in itertools.product(*(state.elements[kind] for kind in relation.sorts)):
            own = [constants[pair] for pair in zip(relation.sorts, chosen, strict=True)]
            atom = translation.symbols[relation.name](*own)
            facts.append(atom if chosen in state.relations[relation.name] else z3.Not(atom))
    for function in translation.specification.functions:
        for chosen, value in state.functions[function.name].items():
            own = [constants[pair] for pair in zip(function.sorts, chosen, strict=True)]
            facts.append(translation.symbols[function.name](*own) == constants[function.to, value])
    return facts, constants


@pytest.mark.parametrize("name", ["paxos", "raft", "split-brain", "register", "fencing"])
def test_z3_and_the_plain_semantics_agree_before_and_after_a_step(name):
    """The oracle: one state at random, every conjunct of it, and every conjunct after each action."""
    made = THEOREMS[name].load().specification()
    source = random.Random(f"{name} 7")
    translation = Translation(made)
    orders = translation.background[: 3 * sum(kind.is_ordered for kind in made.sorts)]
    state = random_state(made, source)
    facts, constants = as_facts(translation, state)
    assert ask(translation.context, [*orders, *facts], SolverLimits()).answer is Answer.SAT
    conjuncts = (*made.lemmas, *made.goals, *made.axioms)
    claims = []
    for conjunct in conjuncts:
        claims.append((translation.formula(conjunct.formula), state.holds(conjunct.formula)))
    for action in made.actions:
        chosen = {v: source.choice(state.elements[type(v)]) for v in action.parameters}
        terms = {v: constants[type(v), element] for v, element in chosen.items()}
        following = after(state, action, chosen)
        claims.append((translation.formula(action.step.guard, terms), state.holds(action.step.guard, chosen)))
        for conjunct in conjuncts:
            told_z3 = translation.formula(conjunct.formula, terms, action.step)
            claims.append((told_z3, following.holds(conjunct.formula)))
    assert {holds for _, holds in claims} == {True, False}
    solver = new_solver(translation.context, SolverLimits())
    solver.add(*orders, *facts)
    for claim, holds in claims:
        solver.push()
        solver.add(translation.z3.Not(claim) if holds else claim)
        assert check(solver).answer is Answer.UNSAT
        solver.pop()
