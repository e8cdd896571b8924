"""Consistency models: does what clients were answered look as if one copy had answered them one by one?

``history.py`` has operations and histories, ``objects.py`` what one copy would answer; ``checker.py`` decides
linearizability and sequential consistency of one recorded history, ``sessions.py`` the guarantees of sessions.
``observers.py`` does the same on the fly for every history that a protocol can produce.
"""

from .checker import Judgement, linearizable, sequentially_consistent
from .history import Call, Gone, History, Invoked, Operation, Returned
from .objects import KeyValue, Lock, Queue, Register, SequentialObject
from .observers import (
    EverSeen,
    Linearizability,
    Recording,
    converged,
    is_linearizable,
    is_sequentially_consistent,
    keeps_guarantee,
)
from .sessions import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    writes_follow_reads,
)

__all__ = [
    "Call",
    "EverSeen",
    "Gone",
    "History",
    "Invoked",
    "Judgement",
    "KeyValue",
    "Linearizability",
    "Lock",
    "Operation",
    "Queue",
    "Recording",
    "Register",
    "Returned",
    "SequentialObject",
    "converged",
    "is_linearizable",
    "is_sequentially_consistent",
    "keeps_guarantee",
    "linearizable",
    "monotonic_reads",
    "monotonic_writes",
    "read_your_writes",
    "sequentially_consistent",
    "writes_follow_reads",
]
