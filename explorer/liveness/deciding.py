"""The verdict on a promise over time, once the graph is explored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from everyway.explorer.verdict import Outcome, Verdict, Visit
from everyway.invariants.automaton import automaton_of
from everyway.invariants.fair_runs import ClassOf, keeps, unfairness
from everyway.invariants.property import Broken, Property
from everyway.invariants.temporal import Formula, negated
from everyway.models.language.errors import EverywayError

from .cycles import fair_component
from .graph import StateGraph
from .lasso import Lasso, lasso_of
from .product import Product


def decide(
    prop: Property,
    graph: StateGraph,
    letter_of: Callable[[Property], Any],
    state_of: Callable[[int], Any],
    system: Any,
    class_of: ClassOf,
    *,
    limit: str = "",
) -> Verdict:
    """Decide a promise over time.

    Args:
        prop: the promise.
        graph: the explored graph.
        letter_of: returns for an atom of the promise, for each state, whether it is true there.
        state_of: returns the state of a number.
        system: the system, whose steps the lasso is built of.
        class_of: tells the fairness class of an action.
        limit: what kept the graph from being complete, in words; empty if nothing did.

    Raises:
        EverywayError: if the lasso that was found does not happen, is unfair or keeps the promise: an internal error.
    """
    formula: Formula = prop.formula
    automaton = automaton_of(negated(formula))
    product = Product(graph, automaton, [letter_of(atom) for atom in automaton.atoms])
    component = fair_component(product)
    if component is None:
        return Verdict(prop, Outcome.UNKNOWN, why=limit) if limit else Verdict(prop, Outcome.HOLDS)
    path, loop = _run(lasso_of(component), graph, state_of, system, class_of)
    path, loop = _rolled_up(path, loop)
    _check(prop, formula, path, loop, system, class_of)
    return Verdict(prop, Outcome.VIOLATED, tuple(path), _flaw(prop, path, loop), is_shortest=False, loop=loop)


def _run(
    lasso: Lasso, graph: StateGraph, state_of: Callable[[int], Any], system: Any, class_of: ClassOf
) -> tuple[list[Visit], int]:
    """Return the run of a lasso, and the position at which its loop begins."""
    path = [Visit(None, state_of(lasso.stem[0]))]
    for number in lasso.stem[1:]:
        path.append(_step(path[-1].state, state_of(number), None, system, class_of))
    loop = len(path) - 1
    for cls, number in lasso.loop:
        key = graph.kinds[cls].key if cls >= 0 else None
        path.append(_step(path[-1].state, state_of(number), key, system, class_of))
    return path, loop


def _step(before: Any, after: Any, key: Any, system: Any, class_of: ClassOf) -> Visit:
    """Return a step between two states, of the fairness class with a key if one is given."""
    for action, reached in system.steps(before):
        if reached == after:
            kind = class_of(action)
            if key is None or (kind is not None and kind.key == key):
                return Visit(action, reached)
    raise EverywayError(
        f"internal error: the explored graph has a step from {before} to {after}, but there is none."
    )


def _rolled_up(path: list[Visit], loop: int) -> tuple[list[Visit], int]:
    """Return the same endless run with its loop beginning as early as it can."""
    while 0 < loop < len(path) - 1 and path[loop] == path[-1] and path[loop - 1].state == path[-2].state:
        path, loop = path[:-1], loop - 1
    return path, loop


def _check(
    prop: Property, formula: Formula, path: Sequence[Visit], loop: int, system: Any, class_of: ClassOf
) -> None:
    """Hold a lasso to the rules by means that have nothing to do with how it was found."""
    run = [(visit.action, visit.state) for visit in path]
    unfair = unfairness(system, run, loop, class_of)
    if unfair:
        raise EverywayError(f"internal error: the run that was to break '{prop.name}' is not fair: {unfair}.")
    if keeps(formula, run, loop):
        raise EverywayError(f"internal error: the run that was to break '{prop.name}' does not.")


def _flaw(prop: Property, path: Sequence[Visit], loop: int) -> Broken:
    """Return why the goal is not met in the loop: the reason that names the fewest nodes."""
    flaws = []
    for visit in path[loop:]:
        try:
            flaw = Property(prop.name, prop.kind, prop.predicate).judge(visit.state)
        except EverywayError:
            flaw = None
        if flaw is not None:
            flaws.append(flaw)
    return min(flaws, key=lambda flaw: (not flaw.reason, len(flaw.nodes)), default=Broken())
