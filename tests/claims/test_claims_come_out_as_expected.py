"""The study notes' claims: every case comes out as expected, and no sentence is left out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from everyway import Protocol, always, possible
from everyway.claims import decide, judge
from everyway.claims_report import as_html, as_json
from everyway.models.claims import CLAIMS, Calculation, Case, Expected, Ruling, claims_of
from everyway.models.claims.claim import holds, reachable, unreachable, violated
from everyway.models.two_phase_commit import TwoPhaseCommit

ROOT = Path(__file__).resolve().parent.parent.parent

# Every sentence of the notes that claims something; a sentence may be behind several claims.
SENTENCES = """
dist.throughput-scales dist.replication-masks-crashes lw.roles lw.only-leader-assigns lw.reassign lw.exactly-once
lw.leader-spof lw.leader-bottleneck lw.backup-restores-progress lw.backup-single-active decen.symmetric
decen.anonymous-election decen.election-possible decen.election-terminates split.two-leaders split.smaller-stops
split.heal-recovers cluster.any-node-serves cluster.stale dist.every-part-needed cap.impossible cap.literal-c
cap.literal-a cap.literal-p cap.tradeoff-only-under-partition cap.cp-loses-minority cap.cp-keeps-majority
cap.ap-always-answers acid.atomic acid.distributed acid.durable acid.isolated outbox.atomic outbox.coupling-necessary
outbox.duplicate-delivery outbox.eventual outbox.exactly-once-effect outbox.no-loss outbox.row-iff-message
cap.ap-stale base.convergence-needs-merge base.core-available base.degrades base.soft-state base.eventual
2pc.coordinator-decides 2pc.vote-is-final 2pc.commit-validity 2pc.abort-validity 2pc.star-topology 2pc.sync-blocking
2pc.blocking 2pc.all-block-forever 2pc.partial-commit-visible 2pc.agreement 2pc.one-failure-aborts 2pc.lock-hold-time
2pc.abort-probability 3pc.nonblocking 3pc.inquiry-not-binding 3pc.inquiry 3pc.prepare-aborts 3pc.default-commit
3pc.inconsistent-on-timeout 3pc.delayed-abort paxos.agreement paxos.validity paxos.learner-passive paxos.unique-numbers
paxos.prepare-to-all paxos.promise-monotone paxos.set-on-prepare paxos.accept-after-majority
paxos.notes-strict-chooses-nothing paxos.learn-by-proposal paxos.acceptor-accepts-once paxos.termination
paxos.can-finish raft.scope raft.role-transitions raft.heartbeat-keeps-leader raft.timeout-starts-election
raft.request-all raft.election-safety raft.split-vote-retry raft.split-repeat-probability raft.leader-append-only
raft.log-matching raft.state-machine-safety raft.all-equal-at-commit raft.eventual-equality
"""


def cases():
    """Return every case as pytest's parameters."""
    return [
        pytest.param(
            case,
            id=f"{claim.id}-{number}",
            marks=[pytest.mark.slow] if case.is_slow else [],
        )
        for claim in CLAIMS
        for number, case in enumerate(claim.cases)
    ]


@pytest.mark.parametrize("case", cases())
def test_a_case_comes_out_as_expected(case):
    decision = decide(case)
    assert decision.found == decision.expected
    assert decision.is_met, (decision.steps, decision.expected_steps)


def test_every_sentence_of_the_notes_is_there_once():
    ids = [claim.id for claim in CLAIMS]
    assert sorted(set(ids)) == sorted(ids)
    assert set(SENTENCES.split()) <= set(ids)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_says_what_it_is_decided_by(claim):
    assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9-]+", claim.id)
    assert claim.sentence.endswith(".")
    assert claim.why.endswith(".")
    assert bool(claim.line) == bool(claim.words)
    assert claim.cases or claim.ruling in (Ruling.UNCHECKED, Ruling.DEFINITION)


def test_what_holds_in_some_case_is_not_so_for_want_of_anything_to_happen():
    """Of every model of which something holds, something good is shown to happen, or some mistake to be found."""
    found: dict[type, set[Expected]] = {}
    for case in (case for claim in CLAIMS for case in claim.cases if isinstance(case, Case)):
        subject = case.subject
        kind = subject.textbook() if isinstance(subject, Protocol) else type(subject)
        # A model with something to remember is of the same kind as that without.
        kind = next(base for base in kind.__mro__ if not base.__module__.startswith("everyway.models.claims"))
        found.setdefault(kind, set()).add(case.expected)
    for kind, expected in found.items():
        if Expected.HOLDS in expected:
            assert expected & {Expected.REACHABLE, Expected.VIOLATED}, kind


# The judge.


@always
def nothing(world):
    """Nobody exists."""
    return False


@possible
def anything(world):
    """Anything."""
    return True


@pytest.mark.parametrize(
    ("case", "is_met"),
    [
        (violated(TwoPhaseCommit(2), nothing, length=0), True),
        (violated(TwoPhaseCommit(2), nothing, length=1), False),
        (holds(TwoPhaseCommit(2), nothing), False),
        (reachable(TwoPhaseCommit(2), anything), True),
        (unreachable(TwoPhaseCommit(2), anything), False),
        (Calculation("a sum", lambda check: 1 + 1, 2), True),
        (Calculation("a sum", lambda check: 1 + 1, 3), False),
    ],
)
def test_what_is_not_expected_is_told(case, is_met):
    assert decide(case).is_met is is_met


@pytest.mark.slow
def test_several_processes_come_to_the_same_judgements():
    def without_seconds(judgements):
        values = as_json(list(judgements))
        for claim in values["claims"]:
            for case in claim["cases"]:
                del case["seconds"]
        return values

    asked = claims_of("2pc.blocking") + claims_of("raft.split-repeat-probability")
    assert without_seconds(judge(asked, processes=2)) == without_seconds(judge(asked, processes=1))


def test_the_page_has_a_diagram_of_every_counterexample_and_every_witness():
    judged = list(judge(claims_of("2pc.blocking") + claims_of("2pc.stable"), pictures=True, processes=1))
    page = as_html(judged)
    shown = [
        decision for judgement in judged for decision in judgement.decisions if decision.steps is not None
    ]
    assert shown
    assert page.count("data:image/svg+xml;base64,") == len(shown)
    assert "http" not in page.replace("http://www.w3.org", "")


# The pages made from the claims.


def test_the_documentation_has_the_claims_as_they_are():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (ROOT / "docs" / "claims.md").read_text(encoding="utf-8") == generate.claims_page(), (
        "run `python docs/generate.py claims`"
    )
