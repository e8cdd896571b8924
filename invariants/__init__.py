"""Promises: generic properties (``property.py``, over time ``temporal.py``) and the vocabulary of protocol families.

``refinement.py`` claims that a protocol implements a specification. ``automaton.py`` turns a formula over time into an
automaton, ``fair_runs.py`` tells whether a run is fair and keeps it. ``atomic_commit.py`` has the promises of
transaction commit, ``consistency/`` those of replicated objects.
"""

from .property import (
    Broken,
    Property,
    PropertyKind,
    always,
    broken,
    every_step,
    never,
    no_deadlock,
    possible,
    recoverable,
)
from .refinement import implements
from .temporal import (
    always_eventually,
    eventually,
    eventually_always,
    leads_to,
    never_again,
    stabilises,
    until,
)

__all__ = [
    "Broken",
    "Property",
    "PropertyKind",
    "always",
    "always_eventually",
    "broken",
    "eventually",
    "eventually_always",
    "every_step",
    "implements",
    "leads_to",
    "never",
    "never_again",
    "no_deadlock",
    "possible",
    "recoverable",
    "stabilises",
    "until",
]
