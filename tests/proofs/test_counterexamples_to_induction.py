"""A counterexample to induction is small, is one by the plain semantics, and is the same every time."""

from __future__ import annotations

import itertools

import pytest
from proved import proof, refuted

from everyway.proofs.catalogue import THEOREMS, theory_variant
from everyway.proofs.counterexample import Disagreement, confirmed
from everyway.proofs.induction import Outcome, Part, prove
from everyway.proofs.language import Specification, Structure, after, steps
from everyway.proofs.solver import SolverLimits
from everyway.proofs.theories.outbox import Message
from everyway.proofs.theories.two_phase_commit import Manager

NOTHING: frozenset[tuple[str, ...]] = frozenset()
ALONE = frozenset([("r1",)])


def test_a_prepared_participant_aborts():
    found = refuted("2pc", "abort-after-yes").counterexample
    names = ["working", "prepared", "committed", "aborted", "undecided", "noted", "prepared_sent"]
    names += ["commit_sent", "abort_sent"]
    before = dict.fromkeys(names, NOTHING) | {"prepared": ALONE, "prepared_sent": ALONE}
    assert found.before == Structure({Manager: ("r1",)}, before)
    assert found.step == "choose-to-abort(r = r1)"
    assert found.after == Structure({Manager: ("r1",)}, before | {"prepared": NOTHING, "aborted": ALONE})
    assert found.conjunct.name == "prepared-is-binding"
    assert found.instance == (("r", "r1"),)


def test_two_majorities_that_do_not_meet_elect_two_leaders():
    found = refuted("raft", "half-quorum").counterexample
    assert found.action is None
    assert found.after is None
    assert found.before.relations["leader"] == {("s1", "t1"), ("s2", "t1")}
    assert found.before.relations["member"] == {("s1", "q2"), ("s2", "q1")}
    assert found.instance == (("c", "s1"), ("d", "s2"), ("t", "t1"))


def test_the_highest_vote_matters_from_the_third_ballot_on():
    found = refuted("paxos", "adopt-any").counterexample
    sizes = {kind.word(): len(elements) for kind, elements in found.before.elements.items()}
    assert sizes == {"acceptor": 2, "majority": 1, "ballot": 3, "value": 2}
    assert found.step == "propose(b = b3, q = q1, m = b1, v = v1)"


def test_goals_that_fail_come_first():
    found = proof("outbox", "acknowledge-first")
    assert [one.conjunct.name for one in found.refuted] == ["nothing-is-lost", "confirmed-is-kept"]


@pytest.mark.parametrize(
    ("name", "variant"), [("paxos", "adopt-any"), ("register", "half-quorum"), ("outbox", "delete-first")]
)
def test_no_tuple_can_be_left_out(name, variant):
    made = theory_variant(THEOREMS[name].load(), variant, name).specification()
    found = refuted(name, variant).counterexample
    values = {v: e for v, (_, e) in zip(found.action.parameters, found.values, strict=True)}
    for relation, tuples in found.before.relations.items():
        for left_out in tuples:
            fewer = Structure(
                found.before.elements,
                {**found.before.relations, relation: tuples - {left_out}},
                found.before.functions,
            )
            with pytest.raises(Disagreement):
                confirmed(made, found.conjunct, fewer, found.action, values, made.lemmas)


def test_the_same_is_found_every_time():
    made = theory_variant(THEOREMS["paxos"].load(), "adopt-any", "paxos").specification()
    again = prove(made, SolverLimits(60.0)).refuted[0].counterexample
    first = refuted("paxos", "adopt-any").counterexample
    assert (again.before, again.step, again.after) == (first.before, first.step, first.after)


def states(made: Specification, elements: dict) -> list[Structure]:
    """Return every state over some elements, by brute force; for relations of one element at most."""
    rows = []
    for relation in made.relations:
        tuples = list(itertools.product(*(elements[kind] for kind in relation.sorts)))
        rows.append([frozenset(c) for n in range(len(tuples) + 1) for c in itertools.combinations(tuples, n)])
    names = [relation.name for relation in made.relations]
    return [Structure(elements, dict(zip(names, row, strict=True))) for row in itertools.product(*rows)]


@pytest.mark.parametrize("variant", ["", *THEOREMS["outbox"].load().variants()])
def test_brute_force_finds_the_same_failures_for_one_message(variant):
    made = theory_variant(THEOREMS["outbox"].load(), variant, "outbox").specification()
    found = set()
    for state in states(made, {Message: ("m1",)}):
        if all(state.holds(lemma.formula) for lemma in made.lemmas):
            for action, _, following in steps(made, state):
                found |= {
                    (action.name, lemma.name) for lemma in made.lemmas if not following.holds(lemma.formula)
                }
    failed = {
        (one.action.name, one.conjunct.name)
        for one in proof("outbox", variant).obligations
        if one.outcome is Outcome.REFUTED and one.part is Part.CONSECUTION
    }
    # A message knows nothing of the others, so that one shows everything.
    assert found == failed


def test_brute_force_finds_the_same_failures_for_one_resource_manager():
    made = theory_variant(THEOREMS["2pc"].load(), "abort-after-yes", "2pc").specification()
    found = set()
    for state in states(made, {Manager: ("r1",)}):
        if all(state.holds(lemma.formula) for lemma in made.lemmas):
            for action, chosen, following in steps(made, state):
                assert following == after(state, action, chosen)
                found |= {(action.name, c.name) for c in made.lemmas if not following.holds(c.formula)}
    assert found == {("choose-to-abort", "prepared-is-binding")}
