"""The words that theories are written in: sorts, relations, actions, axioms, lemmas and goals, as plain values.

Nothing here needs z3: a theory can be read, printed and evaluated on finite structures without it.
"""

from .formula import FALSE, TRUE, Formula, all_of, any_of, empty, exists, for_all, given, never, told
from .sort import Ordered, Quorum, Sort
from .specification import Action, Conjunct, Derived, Specification
from .step import Step, when
from .structure import Structure, after, steps
from .symbol import Function, Relation, constant
from .theory import Theory, action, axiom, derived, goal, initially, lemma

__all__ = [
    "FALSE",
    "TRUE",
    "Action",
    "Conjunct",
    "Derived",
    "Formula",
    "Function",
    "Ordered",
    "Quorum",
    "Relation",
    "Sort",
    "Specification",
    "Step",
    "Structure",
    "Theory",
    "action",
    "after",
    "all_of",
    "any_of",
    "axiom",
    "constant",
    "derived",
    "empty",
    "exists",
    "for_all",
    "given",
    "goal",
    "initially",
    "lemma",
    "never",
    "steps",
    "told",
    "when",
]
