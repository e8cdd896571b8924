"""Every step of an explored model is a step of the theory that is proved; a mistake in the model is found."""

from __future__ import annotations

from functools import cache

import pytest

from everyway import check
from everyway.cli.crossing_report import as_report
from everyway.explorer import Limits, Outcome
from everyway.models.gray_lamport import TwoPhase
from everyway.models.language import Faults, System
from everyway.models.paxos import Paxos
from everyway.models.raft import Raft
from everyway.models.two_phase_commit import TwoPhaseCommit
from everyway.proofs.bridges import BRIDGES, bridge_from, bridges_to, protocol_of
from everyway.proofs.bridges.gray_lamport import GrayLamportBridge
from everyway.proofs.bridges.paxos import PaxosBridge
from everyway.proofs.bridges.raft import RaftBridge
from everyway.proofs.bridges.two_phase_commit import TwoPhaseCommitBridge
from everyway.proofs.crossing import Crossing, cross
from everyway.proofs.refinement import NAME, keeps, refines
from everyway.proofs.theories.two_phase_commit import TwoPhaseCommit as TwoPhaseCommitTheory

FAILING = {"crashes": 1, "restarts": 1}
BOTH = {"gray": GrayLamportBridge, "2pc": TwoPhaseCommitBridge, "paxos": PaxosBridge, "raft": RaftBridge}


def short(value: object) -> str:
    return str(value)[:30]


@cache
def crossed(bridge: str, protocol, **faults: int) -> Crossing:
    return cross(BOTH[bridge](protocol), faults=Faults(**faults))


def broken(crossing: Crossing) -> list[str]:
    return [one.property.name for one in crossing.verdicts if one.outcome is Outcome.VIOLATED]


@pytest.mark.parametrize(
    ("bridge", "protocol", "faults", "states", "transitions", "structures", "pairs", "steps"),
    [
        # The structures of Paxos are the states of its specification: 1,777 for 3 acceptors and 2 ballots.
        ("paxos", Paxos(acceptors=3, proposers=2), {}, 2905, 9610, 1777, 4166, 7066),
        ("paxos", Paxos(acceptors=3, proposers=2), {"crashes": 1}, 28684, 102637, 1777, 4166, 67486),
        # Here nothing but the theory's own state is in the model's: the 288 states of Gray and Lamport.
        ("gray", TwoPhase(managers=3), {}, 288, 1145, 288, 653, 761),
        ("2pc", TwoPhaseCommit(participants=2), {}, 72, 115, 30, 43, 64),
        ("2pc", TwoPhaseCommit(participants=2), FAILING, 1334, 2821, 51, 87, 1180),
        ("raft", Raft(servers=3, terms=2, entries=0), {}, 1203, 3822, 1071, 2157, 2328),
        ("raft", Raft(servers=3, terms=2, entries=0), FAILING, 20436, 69852, 1725, 3630, 33966),
        ("raft", Raft(servers=1, terms=2, entries=0), {}, 2, 1, 2, 1, 1),
    ],
    ids=short,
)
def test_the_textbook_is_what_the_theory_says(
    bridge, protocol, faults, states, transitions, structures, pairs, steps
):
    crossing = crossed(bridge, protocol, **faults)
    assert crossing.outcome is Outcome.HOLDS
    statistics = crossing.search.statistics
    assert (statistics.states, statistics.transitions) == (states, transitions)
    assert (crossing.structures, crossing.pairs, crossing.steps) == (structures, pairs, steps)
    assert sum(crossing.taken.values()) >= crossing.pairs


def test_most_actions_of_the_theory_are_taken():
    paxos = crossed("paxos", Paxos(acceptors=3, proposers=2))
    assert dict(paxos.taken) == {
        ("prepare",): 82,
        ("promise",): 1200,
        ("propose",): 340,
        ("vote",): 1272,
        ("learn",): 0,
        ("vote", "learn"): 1272,
    }
    assert paxos.never_taken == ()
    raft = crossed("raft", Raft(servers=3, terms=2, entries=0))
    assert raft.never_taken == ("refuse-vote", "restart")  # nobody refuses aloud; a restart changes nothing


MISTAKES = [
    ("paxos", Paxos, "as-noted", {}, {}, 11),
    ("paxos", Paxos, "notes-ge", {}, {}, 11),
    ("paxos", Paxos, "ignore-highest", {}, {}, 11),
    ("paxos", Paxos, "any-free", {}, {}, 11),
    ("paxos", Paxos, "no-promise-on-accept", {}, {}, 6),
    ("paxos", Paxos, "accept-unchecked", {}, {}, 8),
    ("paxos", Paxos, "promise-not-stored", {}, {}, 2),
    ("paxos", Paxos, "forget-on-crash", {}, FAILING, 2),
    ("paxos", Paxos, "learn-by-value", {"proposers": 2}, {}, 14),
    ("2pc", TwoPhaseCommit, "abort-after-yes", {}, {"crashes": 1}, 3),
    ("2pc", TwoPhaseCommit, "commit-after-yes", {}, {"crashes": 1}, 3),
    ("2pc", TwoPhaseCommit, "commit-on-majority", {}, {}, 5),
    ("2pc", TwoPhaseCommit, "coordinator-log-lost", {}, FAILING, 4),
    ("2pc", TwoPhaseCommit, "participant-log-lost", {}, FAILING, 2),
    ("raft", Raft, "as-noted", {"terms": 1, "entries": 0}, {}, 2),
    ("raft", Raft, "volatile-vote", {"terms": 1, "entries": 0}, FAILING, 1),
]


@pytest.mark.parametrize(
    ("bridge", "model", "variant", "parameters", "faults", "length"),
    MISTAKES,
    ids=short,
)
def test_a_mistake_in_the_model_breaks_the_bridge(bridge, model, variant, parameters, faults, length):
    crossing = crossed(bridge, model.variants()[variant](**parameters), **faults)
    refinement = crossing.refinement
    assert (refinement.outcome, refinement.length) == (Outcome.VIOLATED, length)
    assert refinement.property.name == NAME
    assert "no action of the theory does that" in refinement.broken.reason


def test_half_of_the_acceptors_are_no_majority():
    refinement = crossed("paxos", Paxos.variants()["half-quorum"](proposers=1)).refinement
    assert refinement.length == 0
    assert refinement.broken.reason == (
        "the theory's axiom any-two-majorities-meet does not hold: p = A1+A2, q = A3+A4"
    )


@pytest.mark.parametrize(
    ("bridge", "variant", "faults", "reason"),
    [
        (
            "paxos",
            "accept-unchecked",
            {},
            "+voted(A1, 1, v1): no action of the theory does that; the nearest, vote(A1, 1, v1), needs ¬left(A1, 1)",
        ),
        (
            "paxos",
            "promise-not-stored",
            {},
            "+promised(A1, 2): no action of the theory does that; the nearest, promise(A1, 2), would give another "
            "state (+left(A1, 1))",
        ),
    ],
)
def test_the_nearest_action_is_told(bridge, variant, faults, reason):
    model = {"paxos": Paxos}[bridge]
    assert crossed(bridge, model.variants()[variant](), **faults).refinement.broken.reason == reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bridge", "protocol", "faults"),
    [
        ("gray", TwoPhase(managers=2), {}),
        ("2pc", TwoPhaseCommit(participants=2), {}),
        ("2pc", TwoPhaseCommit.variants()["abort-after-yes"](), {"crashes": 1}),
        ("2pc", TwoPhaseCommit.variants()["coordinator-log-lost"](), FAILING),
        ("paxos", Paxos(acceptors=2, proposers=2), {}),
        ("paxos", Paxos.variants()["ignore-highest"](acceptors=2), {}),
        ("raft", Raft(servers=2, terms=1, entries=0), FAILING),
        ("raft", Raft.variants()["as-noted"](servers=2, terms=1, entries=0), {}),
    ],
    ids=short,
)
def test_all_at_once_and_step_by_step_say_the_same(bridge, protocol, faults):
    crossing = crossed(bridge, protocol, **faults)
    made = BOTH[bridge](protocol)
    report = check(made.model, [refines(made), *keeps(made)], faults=Faults(**faults))
    told = {one.property.name: (one.outcome, one.length) for one in report.verdicts}
    assert told == {one.property.name: (one.outcome, one.length) for one in crossing.verdicts}
    if crossing.refinement.outcome is Outcome.VIOLATED:
        assert report[NAME].broken.reason.startswith(crossing.refinement.broken.reason[:6])


def test_a_step_without_a_counterpart_is_replayed_and_drawn():
    crossing = crossed("paxos", Paxos.variants()["accept-unchecked"]())
    trace = as_report(crossing).trace(crossing.refinement)
    assert trace.headline == "Refines theory violated"
    assert trace.shadow[0] == "start"
    assert trace.shadow[3] == "promise(A1, 1)"
    assert trace.shadow[-1] == "+voted(A1, 1, v1)"
    assert len(trace.shadow) == len(trace.steps) + 1 == 9


def test_a_search_that_was_cut_short_proves_nothing():
    crossing = cross(PaxosBridge(Paxos()), limits=Limits(None, 500, None))
    assert crossing.outcome is Outcome.UNKNOWN
    assert {one.outcome for one in crossing.verdicts} == {Outcome.UNKNOWN}
    assert "500" in crossing.refinement.why
    wrong = cross(PaxosBridge(Paxos.variants()["promise-not-stored"]()), limits=Limits(None, 500, None))
    assert wrong.refinement.outcome is Outcome.VIOLATED


def test_what_is_remembered_changes_nothing():
    plain = check(TwoPhaseCommit(), (), faults=Faults(**FAILING)).statistics
    watched = check(TwoPhaseCommitBridge(TwoPhaseCommit()).model, (), faults=Faults(**FAILING)).statistics
    assert plain.depth == watched.depth
    assert plain.states <= watched.states
    assert TwoPhaseCommitBridge(TwoPhaseCommit()).model != TwoPhaseCommit()
    assert "TwoPhaseCommit" not in [kind.__name__ for kind in TwoPhaseCommit.variants().values()]
    assert System(TwoPhaseCommitBridge(TwoPhaseCommit()).model).roster.observers == (
        "votes counted",
        "decided",
    )


def test_every_model_with_a_bridge_is_found_by_name():
    from everyway.models.catalogue import model

    for name in BRIDGES:
        bridge = bridge_from(name)
        assert protocol_of(bridge) is model(name)
        assert bridge in bridges_to(bridge.theory)
        assert bridge.__doc__
    assert bridges_to(TwoPhaseCommitTheory) == (TwoPhaseCommitBridge, GrayLamportBridge)
    assert bridges_to(TwoPhaseCommitTheory.variants()["abort-after-yes"]) == ()
