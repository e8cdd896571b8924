"""CAP as a question to z3: is there any strategy for the replicas of a register that keeps these promises?

``scenarios.py`` asks it of strategies of any memory, on three runs. The rest asks it of finite tables: ``strategy.py``
has these and their families, ``runs.py`` the transition system of all their interleavings, ``demands.py`` what may be
demanded and the explorer's verdict, ``relevance.py`` which choices a violation rests on, ``search.py`` the search that
learns from violations, ``model.py`` the protocol made of a table. ``cap.py`` asks all questions.
"""

from .cap import QUESTIONS, CapReport, Question, Recheck, TableAnswer, prove_cap, rechecked, searched
from .demands import Demand, Promise, Violation, violations
from .model import SynthesisedRegister, as_python, protocol_of
from .scenarios import AVAILABILITY, CONSISTENCY, Induction, ScenarioAnswer, ask, induction
from .search import Result, Synthesis, synthesise
from .strategy import Family, Strategy

__all__ = [
    "AVAILABILITY",
    "CONSISTENCY",
    "QUESTIONS",
    "CapReport",
    "Demand",
    "Family",
    "Induction",
    "Promise",
    "Question",
    "Recheck",
    "Result",
    "ScenarioAnswer",
    "Strategy",
    "Synthesis",
    "SynthesisedRegister",
    "TableAnswer",
    "Violation",
    "as_python",
    "ask",
    "induction",
    "protocol_of",
    "prove_cap",
    "rechecked",
    "searched",
    "synthesise",
    "violations",
]
