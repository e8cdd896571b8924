"""The smallest state: of the states that satisfy a query, one with few elements and few tuples."""

from __future__ import annotations

import itertools
from typing import Any

from .language.sort import Sort
from .language.structure import Structure
from .solver import Answer, SolverLimits, check, new_solver
from .translation import Translation

_MOST_ELEMENTS = 8
"""Of one sort; a state with more is shown as z3 found it."""


def smallest(
    translation: Translation,
    assertions: list[Any],
    parameters: dict[Sort, Any],
    limits: SolverLimits,
) -> tuple[Structure, dict[Sort, str]] | None:
    """Return a state that satisfies the assertions, and what the parameters stand for in it.

    Each sort in turn gets as few elements as it can; then each tuple in turn is left out if it can be. So no single
    tuple can be left out of the result. Returns None if z3 finds no finite state within the limits.
    """
    solver = new_solver(translation.context, limits)
    for assertion in assertions:
        solver.add(assertion)
    elements: dict[type[Sort], list[Any]] = {}
    for kind in sorted(translation.sorts, key=lambda kind: kind.is_auxiliary):
        found = _bounded(translation, solver, kind)
        if found is None:
            return None
        elements[kind] = found
    reply = check(solver)
    if reply.answer is not Answer.SAT:
        return None
    model = _with_few_tuples(translation, solver, elements, reply.model)
    return structure_of(translation, model, elements, parameters)


def _bounded(translation: Translation, solver: Any, kind: type[Sort]) -> list[Any] | None:
    """Give a sort as few elements as it can have, for good; return constants for them."""
    z3 = translation.z3
    constants = [translation.new(kind, kind.initial()) for _ in range(_MOST_ELEMENTS)]
    for count in range(1, _MOST_ELEMENTS + 1):
        used = constants[:count]
        x = translation.new(kind, "x")
        bound = z3.ForAll([x], z3.Or([x == constant for constant in used]))
        solver.push()
        solver.add(bound)
        answer = check(solver).answer
        solver.pop()
        if answer is Answer.SAT:
            solver.add(bound)
            if count > 1:
                solver.add(z3.Distinct(used))
            return used
    return None


def _with_few_tuples(
    translation: Translation, solver: Any, elements: dict[type[Sort], list[Any]], model: Any
) -> Any:
    """Leave out of the relations, one after the other, what can be left out; return the model of what is left."""
    z3 = translation.z3
    relations = sorted(translation.specification.relations, key=lambda relation: relation.is_fixed)
    for relation in relations:
        for chosen in itertools.product(*(elements[kind] for kind in relation.sorts)):
            atom = translation.symbols[relation.name](*chosen)
            if not z3.is_true(model.eval(atom, model_completion=True)):
                solver.add(z3.Not(atom))
                continue
            solver.push()
            solver.add(z3.Not(atom))
            reply = check(solver)
            solver.pop()
            if reply.answer is Answer.SAT:
                model = reply.model
                solver.add(z3.Not(atom))
            else:
                solver.add(atom)
    return model


def structure_of(
    translation: Translation, model: Any, elements: dict[type[Sort], list[Any]], parameters: dict[Sort, Any]
) -> tuple[Structure, dict[Sort, str]]:
    """Read a state off a model; what the action's parameters stand for comes first among the elements of its sort."""
    z3 = translation.z3

    def value(term: Any) -> Any:
        return model.eval(term, model_completion=True)

    names: dict[Any, str] = {}
    domains: dict[type[Sort], list[Any]] = {}
    letters = _letters(tuple(translation.sorts))
    for kind, constants in elements.items():
        first = [value(term) for variable, term in parameters.items() if type(variable) is kind]
        domain = list(dict.fromkeys([*first, *map(value, constants)]))
        if kind.is_ordered:
            less = translation.less[kind]
            below = {x: sum(z3.is_true(value(less(y, x))) for y in domain) for x in domain}
            domain.sort(key=below.__getitem__)
        domains[kind] = domain
        names |= {element: f"{letters[kind]}{number}" for number, element in enumerate(domain, 1)}

    relations, functions = {}, {}
    for relation in translation.specification.relations:
        symbol = translation.symbols[relation.name]
        relations[relation.name] = frozenset(
            tuple(names[element] for element in chosen)
            for chosen in itertools.product(*(domains[kind] for kind in relation.sorts))
            if z3.is_true(value(symbol(*chosen)))
        )
    for function in translation.specification.functions:
        symbol = translation.symbols[function.name]
        functions[function.name] = {
            tuple(names[element] for element in chosen): names[value(symbol(*chosen))]
            for chosen in itertools.product(*(domains[kind] for kind in function.sorts))
        }
    structure = Structure(
        {kind: tuple(names[element] for element in domains[kind]) for kind in translation.sorts},
        relations,
        functions,
    )
    return structure, {variable: names[value(term)] for variable, term in parameters.items()}


def _letters(sorts: tuple[type[Sort], ...]) -> dict[type[Sort], str]:
    """Return what the elements of each sort are called; two sorts with the same letter get their whole names."""
    letters = {kind: kind.initial() for kind in sorts}
    taken = list(letters.values())
    return {
        kind: letter if taken.count(letter) == 1 else kind.word().replace(" ", "")
        for kind, letter in letters.items()
    }
