"""Lemmas are found among many candidates: enough to prove the goals, and nothing that is not inductive."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from attrs import evolve
from mutated import mutated

from everyway.models.language import UsageError
from everyway.models.paxos import Paxos
from everyway.proofs.bridges.gray_lamport import GrayLamportBridge
from everyway.proofs.bridges.paxos import PaxosBridge
from everyway.proofs.bridges.raft import RaftBridge
from everyway.proofs.houdini import find_invariant
from everyway.proofs.induction import Outcome, Part, prove
from everyway.proofs.invariant import Stage
from everyway.proofs.language import (
    Conjunct,
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
    told,
    when,
)
from everyway.proofs.seen_states import SeenStates
from everyway.proofs.solver import SolverLimits
from everyway.proofs.template import Language, Template


@cache
def explored(bridge):
    seen = [SeenStates(bridge(protocol)) for protocol in bridge.samples()]
    return tuple((one.structures, one.abstraction.elements) for one in seen)


def stages(found) -> dict[str, int]:
    return {stage.value: count for stage, count in Counter(one.stage for one in found.dropped).items()}


def test_two_phase_commit_is_proved_by_clauses_of_three_literals():
    made = GrayLamportBridge.theory.specification()
    found = find_invariant(made, (), Template(3), explored=explored(GrayLamportBridge))
    assert found.goals == {"consistency": Outcome.PROVED}
    assert found.candidates == len(found.kept) == 41
    assert found.dropped == ()
    assert prove(found.proves).outcome is Outcome.PROVED
    assert "∀ resource manager r1: committed(r1) ⇒ commit_sent" in [told(one.formula) for one in found.needed]


def test_clauses_of_two_literals_are_not_enough():
    made = GrayLamportBridge.theory.specification()
    found = find_invariant(made, (), Template(2), explored=explored(GrayLamportBridge))
    assert found.goals == {"consistency": Outcome.REFUTED}
    assert found.outcome is Outcome.REFUTED
    assert found.needed == ()
    # The goal is not inductive by itself, so it is no part of what is kept; nor does it follow from that.
    assert "consistency" in [one.conjunct.name for one in found.dropped]


@pytest.mark.slow
def test_election_safety_is_proved_by_clauses_about_some_majority():
    found = find_invariant(RaftBridge.theory.specification(), (), Template(3), explored=explored(RaftBridge))
    assert found.goals == {"election-safety": Outcome.PROVED}
    assert found.silent == ("refused",)
    assert prove(found.proves).outcome is Outcome.PROVED
    words = [told(one.formula) for one in found.needed]
    assert "∀ server s1, term t: leader(s1, t) ⇒ (∃ majority q: elects(q, t, s1))" in words


def test_the_lemmas_of_paxos_are_found_among_many_wrong_ones():
    made = PaxosBridge.theory.specification()
    pool = [one for right in made.lemmas for one in (right, *mutated(right))]
    assert len(pool) == 37
    found = find_invariant(made, pool, explored=explored(PaxosBridge))
    assert found.goals == {"agreement": Outcome.PROVED}
    assert {one.name for one in found.needed} == {one.name for one in made.lemmas}
    assert stages(found) == {"explored": 26, "consecution": 1}
    assert found.trivial == 4


def test_it_is_said_where_a_candidate_was_dropped():
    made = PaxosBridge.theory.specification()
    pool = [one for right in made.lemmas for one in mutated(right)]
    seen = explored(PaxosBridge)
    found = find_invariant(made, pool, explored=seen)
    for one in found.dropped:
        if one.stage is Stage.EXPLORED:
            some, number = one.where
            structures, elements = seen[some]
            assert not _holds(one.conjunct, structures, elements) >> number & 1
        else:
            assert not one.state.holds(one.conjunct.formula)


def _holds(conjunct, structures, elements):
    from everyway.proofs.evaluation import compiled

    return compiled(conjunct.formula, elements)(structures)


class Moment(Ordered):
    """A point in time."""


class Steps(Theory):
    """Marks spread from the first moment on."""

    begun = Relation()
    marked = Relation(Moment)
    done = Relation(Moment)

    @initially
    def nothing(self) -> Formula:
        return empty(self.begun, self.marked, self.done)

    @action
    def begin(self, t: Moment) -> Step:
        return when(~self.begun()).add(self.begun(), self.marked(t))

    @action
    def mark(self, t: Moment, u: Moment) -> Step:
        return when(self.marked(t), t < u).add(self.marked(u))

    @action
    def finish(self, t: Moment) -> Step:
        return when(self.marked(t)).add(self.done(t))

    @lemma
    def begun_first(self, t: Moment) -> Formula:
        return self.marked(t).implies(self.begun())

    @goal
    def done_was_begun(self, t: Moment) -> Formula:
        return self.done(t).implies(self.begun())


def brute(specification, candidates: list[Conjunct]) -> set[str]:
    """Return Houdini's answer by the definition: prove, drop what fails, again."""
    left = list(candidates)
    while True:
        proof = prove(evolve(specification, lemmas=tuple(left)), minimises=False)
        failed = {
            one.conjunct.name
            for one in proof.obligations
            if one.part is not Part.SAFETY and one.outcome is not Outcome.PROVED
        }
        if not failed:
            return {one.name for one in left}
        left = [one for one in left if one.name not in failed]


@pytest.mark.parametrize("literals", [1, 2])
def test_the_result_is_the_strongest_inductive_part(literals):
    made = Steps.specification()
    language = Language(made, Template(literals))
    clauses = [
        clause
        for size in range(1, literals + 1)
        for clause in _all(language, size)
        if language.canonical(clause) == clause
    ]
    everything = [language.conjunct(clause) for clause in clauses]
    strongest = brute(made, everything)
    found = find_invariant(made, (), Template(literals))
    # Longer clauses that follow from shorter ones are left out; but what is kept says the same.
    by_name = {one.name: one for one in everything}
    kept = {one.name for one in found.kept} - {"done-was-begun"}
    assert kept <= strongest
    rest = tuple(by_name[name] for name in sorted(strongest - kept))
    follows = prove(evolve(made, lemmas=found.kept, goals=rest), minimises=False)
    safety = [one for one in follows.obligations if one.part is Part.SAFETY]
    assert {one.outcome for one in safety} <= {Outcome.PROVED}
    assert len(safety) == len(rest)


def _all(language, size):
    from itertools import combinations

    for clause in combinations(language.literals, size):
        if not any(literal ^ 1 in clause for literal in clause):
            yield clause


class Endless(Theory):
    """There is always a later moment, so that z3 goes on for ever."""

    marked = Relation(Moment)
    other = Relation(Moment)

    @axiom
    def there_is_a_later_one(self, t: Moment) -> Formula:
        return exists(Moment, lambda u: t < u)

    @initially
    def nothing(self) -> Formula:
        return empty(self.marked, self.other)

    @action
    def mark(self, t: Moment) -> Step:
        return when().add(self.marked(t))

    @goal
    def nothing_gets_marked(self, t: Moment) -> Formula:
        return ~self.marked(t)


def test_what_z3_cannot_tell_is_dropped_and_said():
    found = find_invariant(Endless.specification(), limits=SolverLimits(timeout=1.0, effort=20_000))
    (dropped,) = found.dropped
    assert dropped.stage is Stage.UNKNOWN
    assert dropped.why
    assert found.kept == ()
    assert found.outcome is not Outcome.PROVED


def test_a_template_says_how_big_it_is():
    made = RaftBridge.theory.specification()
    with pytest.raises(UsageError, match=r"make [\d,]+ clauses of at most 6 literals, more than 3,000,000"):
        find_invariant(made, (), Template(6))
    with pytest.raises(UsageError, match="no relation is called vooted"):
        find_invariant(made, (), Template(2, relations=("vooted",)))


def test_a_template_may_be_told_what_to_speak_of():
    made = PaxosBridge.theory.specification()
    language = Language(made, Template(2, relations=("started", "promised")))
    assert [told(atom) for atom in language.atoms] == [
        "started(b1)",
        "started(b2)",
        "promised(a1, b1)",
        "promised(a1, b2)",
        "promised(a2, b1)",
        "promised(a2, b2)",
        "a1 = a2",
        "b1 < b2",
        "b2 < b1",
        "v1 = v2",
    ]
    assert PaxosBridge.samples()[0] == Paxos(acceptors=3, proposers=2)
