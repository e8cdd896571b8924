"""A theory with one of everything, and random formulas and structures of it."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from everyway.proofs.language import (
    FALSE,
    TRUE,
    Formula,
    Function,
    Ordered,
    Relation,
    Sort,
    Step,
    Structure,
    Theory,
    action,
    derived,
    exists,
    goal,
    initially,
    when,
)
from everyway.proofs.language.formula import And, Exists, ForAll, Iff, Implies, Not, Or


class Node(Sort):
    """A node."""


class Level(Ordered):
    """A level."""


class Sample(Theory):
    """Nothing in particular."""

    neighbour = Relation(Node, Node, fixed=True)
    flag = Relation()
    marked = Relation(Node)
    seen = Relation(Node, Level)
    level = Function(Node, to=Level)
    top = Function(to=Level)

    @derived
    def is_high(self, n: Node, t: Level) -> Formula:
        return (t < self.level(n)) | exists(Node, lambda m: self.seen(m, t))

    @initially
    def nothing(self) -> Formula:
        return ~self.flag()

    @action
    def mark(self, n: Node, m: Node) -> Step:
        return when(self.neighbour(n, m), ~self.marked(n)).add(self.marked(n)).remove(self.marked(m))

    @action
    def rise(self, n: Node, t: Level) -> Step:
        """Reads what it changes, more than once, and through a function."""
        return (
            when(self.level(n) < t)
            .set(self.level(n), t)
            .set(self.top(), self.level(n))
            .add_all(self.seen, lambda m, u: (u == self.level(m)) & self.neighbour(m, n))
            .remove_all(self.seen, lambda m, u: self.marked(m) & (u < t))
        )

    @action
    def clear(self) -> Step:
        return when(self.flag()).remove(self.flag()).remove_all(self.marked)

    @goal
    def anything(self) -> Formula:
        return TRUE


THEORY = Sample()
SPECIFICATION = Sample.specification()
ELEMENTS = {Node: ("a", "b", "c"), Level: (1, 2)}


def structures() -> st.SearchStrategy[Structure]:
    """Return a strategy for structures over the elements."""
    drawn = {}
    for relation in SPECIFICATION.relations:
        tuples = list(itertools.product(*(ELEMENTS[kind] for kind in relation.sorts)))
        drawn[relation.name] = st.frozensets(st.sampled_from(tuples))
    level = st.fixed_dictionaries({(node,): st.sampled_from(ELEMENTS[Level]) for node in ELEMENTS[Node]})
    top = st.fixed_dictionaries({(): st.sampled_from(ELEMENTS[Level])})
    functions = st.fixed_dictionaries({"level": level, "top": top})
    return st.builds(Structure, st.just(ELEMENTS), st.fixed_dictionaries(drawn), functions)


def formulas(nodes: tuple[Node, ...] = (), levels: tuple[Level, ...] = (), depth: int = 4):
    """Return a strategy for formulas whose free variables are among these."""

    @st.composite
    def formula(draw, nodes=nodes, levels=levels, depth=depth) -> Formula:
        if depth == 0 or draw(st.integers(0, 5)) == 0:
            return draw(atoms(nodes, levels))
        inside = depth - 1
        kind = draw(st.sampled_from(["not", "and", "or", "implies", "iff", "all", "some", "all"]))
        if kind in ("all", "some"):
            if draw(st.booleans()):
                bound: Sort = Node(f"n{len(nodes)}")
                body = draw(formula((*nodes, bound), levels, inside))
            else:
                bound = Level(f"t{len(levels)}")
                body = draw(formula(nodes, (*levels, bound), inside))
            return ForAll((bound,), body) if kind == "all" else Exists((bound,), body)
        one = draw(formula(nodes, levels, inside))
        if kind == "not":
            return Not(one)
        other = draw(formula(nodes, levels, inside))
        made = {"and": lambda: And((one, other)), "or": lambda: Or((one, other))}
        return made.get(kind, lambda: (Implies if kind == "implies" else Iff)(one, other))()

    return formula()


@st.composite
def atoms(draw, nodes: tuple[Node, ...], levels: tuple[Level, ...]) -> Formula:
    """Draw an atom about some variables."""
    heights = [*levels, THEORY.top(), *(THEORY.level(node) for node in nodes)]
    choices = [lambda: THEORY.flag(), lambda: draw(st.sampled_from([TRUE, FALSE]))]
    height = lambda: draw(st.sampled_from(heights))  # noqa: E731
    choices += [lambda: height() == height(), lambda: height() < height()]
    if nodes:
        node = lambda: draw(st.sampled_from(nodes))  # noqa: E731
        choices += [
            lambda: THEORY.marked(node()),
            lambda: THEORY.neighbour(node(), node()),
            lambda: THEORY.seen(node(), height()),
            lambda: THEORY.is_high(node(), height()),
            lambda: node() == node(),
        ]
    return draw(st.sampled_from(choices))()
