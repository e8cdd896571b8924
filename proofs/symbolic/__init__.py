"""Promises decided by a solver rather than by going through all states: bounded and inductive.

``automata.py`` closes the nodes' handlers into automata, ``frames.py`` writes moments and steps as clauses for
``sat.py``, ``claims.py`` learns what a property says of a moment. ``bounded.py`` looks for shortest violations,
``induction.py`` for a proof, ``deciding.py`` does both.
"""

from .automata import Automata
from .bounded import Bounded, BoundedAnswer, search
from .claims import Claim, TooManyLessonsError
from .deciding import SymbolicVerdict, decide
from .induction import Induction, Proof
from .sat import Solver, SolverGaveUpError

__all__ = [
    "Automata",
    "Bounded",
    "BoundedAnswer",
    "Claim",
    "Induction",
    "Proof",
    "Solver",
    "SolverGaveUpError",
    "SymbolicVerdict",
    "TooManyLessonsError",
    "decide",
    "search",
]
