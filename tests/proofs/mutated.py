"""Many wrong lemmas for each right one: with a premise less, the opposite conclusion, or variables swapped."""

from __future__ import annotations

from collections.abc import Iterator

from everyway.proofs.language import Conjunct, Formula
from everyway.proofs.language.formula import And, ForAll, Implies, Not, all_of
from everyway.proofs.language.substitution import substituted


def mutated(conjunct: Conjunct) -> Iterator[Conjunct]:
    """Yield what a lemma becomes by each small change."""
    for number, body in enumerate(_changed(conjunct)):
        formula = ForAll(conjunct.variables, body) if conjunct.variables else body
        yield Conjunct(f"{conjunct.name}-{number}", formula)


def _changed(conjunct: Conjunct) -> Iterator[Formula]:
    body, variables = conjunct.body, conjunct.variables
    yield Not(body)
    if isinstance(body, Implies):
        premises = body.premise.parts if isinstance(body.premise, And) else (body.premise,)
        for number in range(len(premises)):
            rest = premises[:number] + premises[number + 1 :]
            yield all_of(*rest).implies(body.conclusion) if rest else body.conclusion
        yield body.premise.implies(~body.conclusion)
        yield body.conclusion.implies(body.premise)
    for number, one in enumerate(variables):
        for other in variables[number + 1 :]:
            if type(one) is type(other):
                swapped = {one: other, other: one}
                if isinstance(body, Implies):
                    yield body.premise.implies(substituted(body.conclusion, swapped))
                yield substituted(body, {other: one})
