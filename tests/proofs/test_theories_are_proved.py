"""Every theory of the catalogue is proved, every mistake in it is refuted, and nothing is proved vacuously."""

from __future__ import annotations

import pytest
from proved import proof

from everyway.models.catalogue import PLACES
from everyway.proofs.catalogue import THEOREMS
from everyway.proofs.induction import Outcome, Part, prove
from everyway.proofs.language import FALSE, Formula, axiom
from everyway.proofs.theories.fencing import Fencing

OBLIGATIONS = {
    "2pc": (7, 49, 1),
    "paxos": (5, 25, 1),
    "paxos-strict": (4, 20, 1),
    "raft": (3, 18, 1),
    "split-brain": (3, 9, 2),
    "register": (10, 80, 2),
    "outbox": (6, 48, 3),
    "fencing": (3, 6, 2),
}

PROVABLE_VARIANTS = {("raft", "raises-term-on-restart")}
"""Right alternatives, not mistakes."""

REFUTED = {
    ("2pc", "abort-after-yes"): ["consecution of prepared-is-binding under choose-to-abort"],
    ("2pc", "commit-after-yes"): ["consecution of commits-are-told under receive-commit"],
    ("2pc", "commit-on-some"): ["consecution of commit-needs-everybody under decide-to-commit"],
    ("2pc", "coordinator-log-lost"): ["consecution of no-message-before-the-decision under decide-to-commit"],
    ("paxos", "ignore-highest"): ["consecution of nothing-else-can-be-chosen-below under propose"],
    ("paxos", "adopt-any"): ["consecution of nothing-else-can-be-chosen-below under propose"],
    ("paxos", "promise-not-stored"): ["consecution of promises-are-kept under promise"],
    ("paxos", "accept-unchecked"): ["consecution of nothing-else-can-be-chosen-below under vote"],
    ("paxos", "shared-number"): ["consecution of one-value-per-ballot under propose"],
    ("paxos", "half-quorum"): ["consecution of nothing-else-can-be-chosen-below under propose"],
    ("paxos", "learn-from-one"): ["consecution of chosen-by-a-majority under learn"],
    ("paxos-strict", "not-lower"): ["consecution of promisers-do-not-vote under vote"],
    ("paxos-strict", "no-promise-needed"): ["consecution of promisers-do-not-vote under propose"],
    ("raft", "any-reply-counts"): ["safety of election-safety"],
    ("raft", "volatile-vote"): ["consecution of granted-was-voted under restart"],
    ("raft", "votes-twice"): [
        "consecution of one-vote-a-term under stand-for-election",
        "consecution of one-vote-a-term under grant-vote",
    ],
    ("raft", "half-quorum"): ["safety of election-safety"],
    ("split-brain", "no-rule"): ["safety of one-leader-once-noticed"],
    ("split-brain", "not-smaller"): ["safety of one-leader-once-noticed", "safety of one-piece-commits"],
    ("split-brain", "commit-alone"): ["consecution of commits-reach-a-majority under commit"],
    ("split-brain", "at-every-instant"): ["consecution of one-leader-at-every-instant under notice"],
    ("register", "no-write-back"): ["consecution of returned-is-kept under end-read"],
    ("register", "write-to-one"): ["consecution of written-is-kept under end-write"],
    ("register", "read-from-one"): [
        "consecution of only-reads-select under select",
        "consecution of selected-is-not-behind under select",
    ],
    ("register", "no-tag-check"): [
        "consecution of written-is-kept under store",
        "consecution of returned-is-kept under store",
        "consecution of required-is-heard-of under store",
    ],
    ("register", "forget-on-crash"): [
        "consecution of written-is-kept under crash",
        "consecution of returned-is-kept under crash",
        "consecution of required-is-heard-of under crash",
    ],
    ("register", "half-quorum"): ["consecution of selected-is-not-behind under select"],
    ("outbox", "no-dedup"): ["consecution of exactly-one-effect under carry-out"],
    ("outbox", "noted-separately"): ["consecution of seen-exactly-if-carried-out under carry-out"],
    ("outbox", "delete-first"): ["consecution of nothing-is-lost under delete"],
    ("outbox", "acknowledge-first"): [
        "consecution of confirmed-is-kept under acknowledge",
        "consecution of nothing-is-lost under acknowledge",
    ],
    ("outbox", "database-first"): ["consecution of nothing-is-lost under take-order"],
    ("outbox", "broker-first"): ["consecution of table-holds-orders under publish"],
    ("fencing", "no-fencing"): ["consecution of writes-never-go-back under write"],
    ("fencing", "forgetful-storage"): ["consecution of lower-tokens-are-refused under restart"],
    ("fencing", "forget-on-crash"): ["consecution of one-client-a-token under grant"],
}

INDUCTIVE = [name for name, theorem in THEOREMS.items() if theorem.kind == "induction"]


@pytest.mark.parametrize("name", INDUCTIVE)
def test_a_theory_is_proved(name):
    found = proof(name)
    assert found.outcome is Outcome.PROVED
    counts = tuple(sum(one.part is part for one in found.obligations) for part in Part)
    assert counts == OBLIGATIONS[name]
    assert {one.outcome for one in found.obligations} == {Outcome.PROVED}
    assert found.refuted == ()


@pytest.mark.parametrize("name", INDUCTIVE)
def test_nothing_is_proved_of_actions_that_never_happen(name):
    never = {firing.action.name for firing in proof(name).firings if not firing.can}
    # That nobody can ever learn a value is what paxos-strict is about.
    assert never == ({"learn"} if name == "paxos-strict" else set())
    assert proof(name).can_start is True


@pytest.mark.parametrize(("name", "variant"), REFUTED)
def test_a_mistake_is_refuted(name, variant):
    found = proof(name, variant)
    assert found.outcome is Outcome.REFUTED
    failed = [one for one in found.obligations if one.outcome is Outcome.REFUTED]
    assert [one.name for one in failed] == REFUTED[name, variant]
    assert all(one.counterexample is not None for one in failed)


@pytest.mark.parametrize(("name", "variant"), PROVABLE_VARIANTS)
def test_a_right_alternative_is_proved(name, variant):
    assert proof(name, variant).outcome is Outcome.PROVED


def test_every_variant_is_one_or_the_other():
    variants = {(name, variant) for name in INDUCTIVE for variant in THEOREMS[name].load().variants()}
    assert variants == REFUTED.keys() | PROVABLE_VARIANTS


@pytest.mark.parametrize("name", INDUCTIVE)
def test_every_theory_says_what_it_is_about(name):
    theory = THEOREMS[name].load()
    for kind in (theory, *theory.variants().values()):
        assert kind.about().endswith(".")
        assert "about" not in vars(kind)
        made = kind.specification()
        for told in (*made.actions, *made.lemmas, *made.goals, *made.axioms):
            assert told.about.endswith("."), told.name


@pytest.mark.parametrize("name", INDUCTIVE)
def test_the_explored_counterpart_exists(name):
    assert THEOREMS[name].model in PLACES


class Impossible(Fencing):
    """Axioms that contradict each other."""

    @axiom
    def nothing_is_so(self) -> Formula:
        return FALSE


def test_an_axiom_that_cannot_hold_is_noticed():
    found = prove(Impossible.specification())
    assert found.outcome is Outcome.PROVED
    assert found.vacuities[0] == (
        "No state satisfies the axioms and the initial condition: everything holds of nothing."
    )
    assert [firing.can for firing in found.firings] == [False, False]
