"""Exploring a system: every state that can be reached under the bounds.

``reference.py`` searches breadth-first or depth-first within ``limits.py``, counts what it sees
(``statistics.py``) and gives verdicts (``verdict.py``); ``recoverability.py`` decides AG EF on the explored
graph. ``liveness/`` decides promises over time; ``probability.py`` (with ``decision_process.py``) how likely a goal is.
``vacuity.py`` tells what never happened, ``growth.py`` what never stopped growing.

``tables/`` is the fast engine, which must agree with the reference on everything; ``recording.py`` (with ``reads.py``
and ``watching.py``) tells it what a predicate looks at. ``engine.py`` chooses between them.
"""

from .engine import Engine, Explored, explore
from .growth import Growth, fastest_growing
from .limits import DEFAULT_MAX_STATES, Limits
from .recoverability import Edge, trapped_states
from .reference import Exploration, Search, TransitionSystem, Watcher
from .statistics import Deed, Statistics
from .vacuity import Finding, vacuity
from .verdict import Outcome, Path, Verdict, Visit

__all__ = [
    "DEFAULT_MAX_STATES",
    "Deed",
    "Edge",
    "Engine",
    "Exploration",
    "Explored",
    "Finding",
    "Growth",
    "Limits",
    "Outcome",
    "Path",
    "Search",
    "Statistics",
    "TransitionSystem",
    "Verdict",
    "Visit",
    "Watcher",
    "explore",
    "fastest_growing",
    "trapped_states",
    "vacuity",
]
