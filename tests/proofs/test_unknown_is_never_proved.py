"""What z3 cannot decide is unknown, whatever the reason."""

from __future__ import annotations

import sys

import pytest

from everyway.models.language import UsageError
from everyway.proofs.induction import Outcome, prove
from everyway.proofs.language import (
    Formula,
    Ordered,
    Relation,
    Step,
    Theory,
    action,
    axiom,
    empty,
    exists,
    goal,
    initially,
    lemma,
    when,
)
from everyway.proofs.solver import MissingSolver, SolverLimits
from everyway.proofs.theories.paxos import Paxos


class Moment(Ordered):
    """A point in time."""


class Endless(Theory):
    """There is always a later moment: z3 looks for a finite state, and there is none."""

    marked = Relation(Moment)

    @axiom
    def there_is_a_later_one(self, t: Moment) -> Formula:
        return exists(Moment, lambda u: t < u)

    @initially
    def nothing_is_marked(self) -> Formula:
        return empty(self.marked)

    @action
    def mark(self, t: Moment) -> Step:
        return when().add(self.marked(t))

    @lemma
    @goal
    def nothing_gets_marked(self, t: Moment) -> Formula:
        return ~self.marked(t)


def test_a_query_without_a_finite_answer_is_unknown():
    found = prove(Endless.specification(), SolverLimits(timeout=0.2))
    outcomes = {one.name: one.outcome for one in found.obligations}
    assert outcomes["consecution of nothing-gets-marked under mark"] is Outcome.UNKNOWN
    assert found.outcome is Outcome.UNKNOWN
    assert found.can_start is None
    assert "z3 could not tell whether there is an initial state." in found.vacuities


def test_too_little_effort_is_unknown():
    found = prove(Paxos.specification(), SolverLimits(effort=1))
    unknown = [one for one in found.obligations if one.outcome is Outcome.UNKNOWN]
    assert found.outcome is Outcome.UNKNOWN
    assert {one.outcome for one in found.obligations} <= {Outcome.UNKNOWN, Outcome.PROVED}
    assert unknown
    assert all(one.why for one in unknown)


def test_a_refutation_outweighs_what_is_unknown():
    class Both(Endless):
        @initially
        def everything_is_marked(self, t: Moment) -> Formula:
            return self.marked(t)

    # No start at all: z3 sees the contradiction at once, whatever it cannot see of the steps.
    found = prove(Both.specification(), SolverLimits(timeout=0.2))
    assert found.outcome is Outcome.UNKNOWN
    assert found.can_start is False


def test_without_z3_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(MissingSolver, match=r"pip install 'everyway\[proofs\]'") as caught:
        prove(Paxos.specification())
    assert isinstance(caught.value, UsageError)
