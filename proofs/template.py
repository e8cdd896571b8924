"""Templates: all clauses of a certain size that a theory's words can say, as candidates for an inductive invariant.

A clause is a disjunction of literals under quantifiers for all elements; a literal is an atom or its negation. The
atoms are the relations that can change, equality and order, of a few variables of each sort; and what is derived, where
it speaks of quorums "for some quorum". Clauses that differ only in the names of variables are one.

Of two clauses one of which has all literals of the other, the longer one says less. So a search begins with those that
have no true part, and goes on to longer ones where a shorter one turns out to be false (Yao, Tao, Gu, Nieh, Jana &
Ryan, "DistAI: data-driven automated invariant learning for distributed protocols", OSDI 2021, section 4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations, product
from typing import Any

from attrs import field, frozen

from everyway.models.language.errors import UsageError

from .evaluation import Column, Compiled, Elements, Structures, compiled
from .language.formula import Atom, Defined, Equal, Exists, ForAll, Formula, Less, Not, all_of, any_of
from .language.sort import Sort
from .language.specification import Conjunct, Specification
from .language.substitution import substituted

Clause = tuple[int, ...]
"""Literals in ascending order: twice an atom's number, and one more if it is negated."""

MOST_CLAUSES = 3_000_000
"""More are not gone through."""


@frozen
class Template:
    """Which clauses are candidates."""

    literals: int = 3
    """How many literals a clause has at most."""
    variables: Mapping[type[Sort], int] = field(factory=dict)
    """How many variables of a sort there are; for the others as many as ``variables_of`` says."""
    relations: tuple[str, ...] = ()
    """Only these relations, functions and derived relations; by default all."""
    without: tuple[str, ...] = ()
    """All but these."""


def variables_of(specification: Specification, kind: type[Sort]) -> int:
    """Return how many variables of a sort a template has if nothing else is said.

    As many as a relation or a goal speaks of at once; one more if the sort has no order, so that it can be said that
    two elements are one. None of sorts that serve only the encoding.
    """
    if kind.is_auxiliary:
        return 0
    counts = [relation.sorts.count(kind) for relation in specification.relations]
    counts += [(*function.sorts, function.to).count(kind) for function in specification.functions]
    most = max(counts, default=0) + (0 if kind.is_ordered else 1)
    goals = [sum(type(variable) is kind for variable in goal.variables) for goal in specification.goals]
    return max([most, *goals])


class Language:
    """The atoms of a template, and its clauses.

    Args:
        specification: the theory whose words are used.
        template: which clauses there are.

    Raises:
        UsageError: if a relation is none of the theory's, or there would be too many clauses.
    """

    def __init__(self, specification: Specification, template: Template) -> None:
        self.specification = specification
        self.template = template
        self.variables: dict[type[Sort], tuple[Sort, ...]] = {}
        for kind in specification.sorts:
            count = template.variables.get(kind, variables_of(specification, kind))
            letter = kind.initial()
            self.variables[kind] = tuple(
                kind(letter + (str(k) if count > 1 else "")) for k in range(1, count + 1)
            )
        self.atoms: tuple[Formula, ...] = tuple(self._atoms())
        self.literals = [
            2 * number + sign
            for number, atom in enumerate(self.atoms)
            for sign in (0, 1)
            # x ≠ y in a disjunction says: if x = y. What follows then is said with one variable less.
            if not (sign and isinstance(atom, Equal) and atom.left.function is None is atom.right.function)
        ]
        self._renamings = self._all_renamings()
        size = sum(_choose(len(self.literals), k) for k in range(1, template.literals + 1))
        if size > MOST_CLAUSES:
            raise UsageError(
                f"{len(self.atoms)} atoms make {size:,} clauses of at most {template.literals} literals, more than "
                f"{MOST_CLAUSES:,}: take fewer literals, variables or relations."
            )

    # Atoms.

    def _atoms(self) -> Iterator[Formula]:
        wanted = {*self.template.relations, *self.template.without}
        made = self.specification
        known = [one.name for several in (made.relations, made.functions, made.derived) for one in several]
        unknown = wanted - set(known)
        if unknown:
            listed = ", ".join(known)
            raise UsageError(f"no relation is called {', '.join(sorted(unknown))}. There are: {listed}.")
        for relation in self.specification.relations:
            is_plain = not relation.is_fixed and not any(kind.is_auxiliary for kind in relation.sorts)
            if self._is_wanted(relation.name, is_plain):
                for terms in self._terms(relation.sorts):
                    yield Atom(relation, terms)
        for function in self.specification.functions:
            sorts = (*function.sorts, function.to)
            is_plain = not function.is_fixed and not any(kind.is_auxiliary for kind in sorts)
            if self._is_wanted(function.name, is_plain):
                for *arguments, value in self._terms(sorts):
                    yield Equal(function.to(function.name, function, tuple(arguments)), value)
        for derived in self.specification.derived:
            if self._is_wanted(derived.name):
                yield from self._derived(derived.name, derived.variables, derived.formula)
        for kind, variables in self.variables.items():
            for one, other in combinations(variables, 2):
                if kind.is_ordered:
                    yield Less(one, other)
                    yield Less(other, one)
                else:
                    yield Equal(one, other)

    def _is_wanted(self, name: str, by_default: bool = True) -> bool:
        wanted = self.template.relations
        return name not in self.template.without and (name in wanted if wanted else by_default)

    def _terms(self, sorts: Sequence[type[Sort]]) -> Iterator[tuple[Sort, ...]]:
        return product(*(self.variables[kind] for kind in sorts))

    def _derived(self, name: str, variables: tuple[Sort, ...], formula: Formula) -> Iterator[Formula]:
        """Yield a derived relation of all variables; where it speaks of quorums, of some quorum."""
        some = tuple(variable for variable in variables if type(variable).is_auxiliary)
        others = [variable for variable in variables if not type(variable).is_auxiliary]
        for terms in self._terms([type(variable) for variable in others]):
            given = {**dict(zip(others, terms, strict=True)), **{one: one for one in some}}
            body: Formula = Defined(
                name, tuple(given[variable] for variable in variables), substituted(formula, given)
            )
            yield Exists(some, body) if some else body

    # Clauses.

    def _all_renamings(self) -> list[dict[int, int]]:
        """Return for each way to swap variables of a sort what becomes of each literal."""
        place = {_key(atom, {}): number for number, atom in enumerate(self.atoms)}
        ways = [list(permutations(variables)) for variables in self.variables.values()]
        found = []
        for chosen in product(*ways):
            renamed = {
                id(variable): other
                for variables, others in zip(self.variables.values(), chosen, strict=True)
                for variable, other in zip(variables, others, strict=True)
            }
            to = [place[_key(atom, renamed)] for atom in self.atoms]
            found.append({literal: 2 * to[literal // 2] + literal % 2 for literal in self.literals})
        return found

    def canonical(self, clause: Sequence[int]) -> Clause:
        """Return the clause that stands for all that differ from one in the names of variables only."""
        return min(tuple(sorted(to[literal] for literal in clause)) for to in self._renamings)

    def images(self, clause: Clause) -> set[Clause]:
        """Return all clauses that differ from one in the names of variables only."""
        return {tuple(sorted(to[literal] for literal in clause)) for to in self._renamings}

    def minimal(self, examples: Sequence[Examples]) -> Iterator[Clause]:
        """Yield the clauses that hold in all examples, while none that says more does."""
        covered: set[Clause] = set()
        for size in range(1, self.template.literals + 1):
            fresh: list[Clause] = []
            for clause in combinations(self.literals, size):
                if any(clause[k] ^ 1 == clause[k + 1] for k in range(size - 1)):
                    continue
                if any(part in covered for k in range(1, size) for part in combinations(clause, k)):
                    continue
                if all(one.holds(clause) for one in examples) and self.canonical(clause) == clause:
                    fresh.append(clause)
                    yield clause
            for clause in fresh:
                covered |= self.images(clause)

    def weaker(self, clause: Clause) -> set[Clause]:
        """Return the clauses with one literal more."""
        if len(clause) >= self.template.literals:
            return set()
        return {
            self.canonical((*clause, literal))
            for literal in self.literals
            if literal not in clause and literal ^ 1 not in clause
        }

    def formula(self, clause: Clause) -> Formula:
        """Return a clause as a formula: an implication, if some of its atoms are negated and some are not."""
        premises = [self.atoms[literal // 2] for literal in clause if literal % 2]
        conclusions = [self.atoms[literal // 2] for literal in clause if not literal % 2]
        used = {id(term) for atom in (*premises, *conclusions) for term in _variables(atom)}
        bound = tuple(
            variable
            for variables in self.variables.values()
            for variable in variables
            if id(variable) in used
        )
        if not premises:
            body = any_of(*conclusions)
        elif not conclusions:
            body = Not(all_of(*premises))
        else:
            body = all_of(*premises).implies(any_of(*conclusions))
        return ForAll(bound, body) if bound else body

    def conjunct(self, clause: Clause) -> Conjunct:
        """Return a clause as a conjunct; its name is made of its literals' numbers."""
        return Conjunct("clause-" + "-".join(map(str, clause)), self.formula(clause))

    # Examples.

    def compiled(self, elements: Elements) -> list[Compiled]:
        """Return the atoms, compiled for structures over some elements."""
        return [compiled(atom, elements, self._all_variables) for atom in self.atoms]

    @property
    def _all_variables(self) -> list[Sort]:
        return [variable for variables in self.variables.values() for variable in variables]

    def examples(self, structures: Structures, elements: Elements) -> Examples:
        """Return structures in which clauses can be asked quickly."""
        asked = self.compiled(elements)
        ranges = [elements[type(variable)] for variable in self._all_variables]
        columns = [0] * len(self.atoms)
        for number, chosen in enumerate(product(*ranges)):
            for k, atom in enumerate(asked):
                columns[k] |= atom(structures, *chosen) << number * structures.size
        count = 1
        for one in ranges:
            count *= len(one)
        everywhere = (1 << count * structures.size) - 1
        literals = {}
        for literal in self.literals:
            column = columns[literal // 2]
            literals[literal] = everywhere ^ column if literal % 2 else column
        return Examples(literals, everywhere, structures.size)


@frozen(eq=False)
class Examples:
    """Structures, with what each literal says of them under every choice of elements for the variables."""

    literals: Mapping[int, Column]
    """Bit by choice, and for each choice by structure."""
    everywhere: Column
    size: int
    """How many structures there are."""

    def holds(self, clause: Clause) -> bool:
        """Return whether a clause holds in all of them."""
        return self._column(clause) == self.everywhere

    def falsified(self, clause: Clause) -> int:
        """Return the number of a structure in which a clause does not hold."""
        wrong = self.everywhere ^ self._column(clause)
        return ((wrong & -wrong).bit_length() - 1) % self.size

    def _column(self, clause: Clause) -> Column:
        found = 0
        for literal in clause:
            found |= self.literals[literal]
        return found


def _variables(formula: Formula) -> Iterator[Sort]:
    """Yield the terms without arguments of an atom."""

    def of(term: Sort) -> Iterator[Sort]:
        if term.function is None:
            yield term
        for argument in term.arguments:
            yield from of(argument)

    match formula:
        case Atom() | Defined():
            for term in formula.arguments:
                yield from of(term)
        case Equal() | Less():
            yield from of(formula.left)
            yield from of(formula.right)
        case Exists():
            yield from _variables(formula.body)


def _key(atom: Formula, renamed: Mapping[int, Sort]) -> tuple[Any, ...]:
    """Return what tells an atom from all others, after variables were renamed."""

    def of(term: Sort) -> tuple[Any, ...]:
        if term.function is not None:
            return (term.name, *map(of, term.arguments))
        return (id(renamed.get(id(term), term)),)

    match atom:
        case Atom():
            return ("atom", atom.relation.name, *map(of, atom.arguments))
        case Defined():
            # What is bound, such as a quorum, is not renamed.
            return ("derived", atom.name, *map(of, atom.arguments))
        case Equal():
            return ("equal", frozenset((of(atom.left), of(atom.right))))
        case Less():
            return ("less", of(atom.left), of(atom.right))
        case Exists():
            return ("some", *_key(atom.body, renamed))
    raise TypeError(f"no atom: {atom!r}")


def _choose(n: int, k: int) -> int:
    from math import comb

    return comb(n, k)
