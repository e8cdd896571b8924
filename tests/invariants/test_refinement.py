"""A protocol implements a specification, or shows the step that has no counterpart."""

import importlib.util
import sys
from pathlib import Path

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyway import Faults, ModelError, Outcome, check
from everyway.counterexamples.svg import to_svg
from everyway.counterexamples.terminal import to_text
from everyway.explorer import Exploration
from everyway.invariants.refinement import implements
from everyway.models import gray_lamport, three_phase_commit, two_phase_commit
from everyway.models.specifications import Consensus, TransactionCommit

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINES = ["reference", "plain", "tables"]


@pytest.fixture(scope="module")
def paxos():
    spec = importlib.util.spec_from_file_location("benchmark_paxos", ROOT / "benchmarks" / "paxos.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def names(count):
    return [f"P{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_two_phase_commit_implements_transaction_commit(engine):
    claim = implements(TransactionCommit(["R1", "R2", "R3"]), gray_lamport.as_transaction_commit)
    report = check(gray_lamport.TwoPhase(managers=3), claim, engine=engine)
    assert report.outcome is Outcome.HOLDS
    claim = implements(TransactionCommit(names(2)), two_phase_commit.as_transaction_commit)
    report = check(
        two_phase_commit.TwoPhaseCommit(), claim, faults=Faults(crashes=1, restarts=1), engine=engine
    )
    assert report.outcome is Outcome.HOLDS


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hasty_participant_takes_a_step_that_has_no_counterpart(engine):
    claim = implements(TransactionCommit(names(2)), two_phase_commit.as_transaction_commit)
    report = check(two_phase_commit.CommitAfterYes(), claim, timeouts="early", engine=engine)
    (verdict,) = report.verdicts
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.length == 3
    assert verdict.broken.reason == (
        "P1 prepared, P2 working becomes P1 committed, P2 working; "
        "the specification can only abort P1, prepare P2 and abort P2"
    )
    trace = report.trace(verdict)
    assert trace.shadow[0] == "P1 working, P2 working"
    assert trace.shadow[-1] == "P1 committed, P2 working"
    text = to_text(trace, 80)
    assert "= specification: P1 prepared, P2 working" in text
    assert "✗ specification: P1 committed, P2 working" in text
    assert "what it must look like" in to_svg(trace)


def test_three_phase_commit_with_wrong_time_outs_does_not_implement_it():
    def mapping(world):
        words = {
            "PREPARED": "prepared",
            "PRECOMMITTED": "prepared",
            "COMMITTED": "committed",
            "ABORTED": "aborted",
        }
        return tuple(
            words.get(node.phase.name, "working")
            for node in world
            if hasattr(node, "vote") and hasattr(node, "phase")
        )

    model = three_phase_commit.ThreePhaseCommit()
    claim = implements(TransactionCommit(names(2)), mapping)
    report = check(model, claim, timeouts="early", stop_when_decided=True)
    assert report.verdicts[0].outcome is Outcome.VIOLATED


def chosen(paxos, majority):
    def mapping(world):
        votes = {}
        for envelope in world.in_flight(paxos.Accepted):
            votes.setdefault(envelope.message.proposal, set()).add(envelope.sender)
        return frozenset(proposal.value for proposal, who in votes.items() if len(who) >= majority)

    return mapping


@pytest.mark.parametrize("engine", ["reference", "tables"])
def test_paxos_implements_consensus(paxos, engine):
    claim = implements(Consensus(["v1", "v2"]), chosen(paxos, 2))
    report = check(paxos.Paxos(proposers=2, acceptors=2), claim, engine=engine)
    assert report.outcome is Outcome.HOLDS


def test_paxos_with_a_minority_does_not(paxos):
    @frozen
    class Careless(paxos.Paxos):
        def nodes(self):
            return {
                name: evolve(node, majority=1) if isinstance(node, paxos.Proposer) else node
                for name, node in super().nodes().items()
            }

    claim = implements(Consensus(["v1", "v2"]), chosen(paxos, 1))
    report = check(Careless(proposers=2, acceptors=2), claim)
    (verdict,) = report.verdicts
    assert verdict.outcome is Outcome.VIOLATED
    assert "becomes v1 and v2 chosen; the specification can do nothing there" in verdict.broken.reason


class Clock:
    """A specification: hours that go round."""

    def __init__(self, hours=3, starts=(0,)):
        self.hours = hours
        self.starts = starts

    def initial(self):
        return self.starts

    def steps(self, state):
        yield "tick", (state + 1) % self.hours


class Minutes:
    """A system: two steps for each hour."""

    def initial(self):
        return [0]

    def steps(self, state):
        yield "half", (state + 1) % 6


def test_steps_that_change_nothing_of_the_specification_are_stutters():
    assert check(Minutes(), implements(Clock(), lambda state: state // 2)).outcome is Outcome.HOLDS
    assert check(Minutes(), implements(Clock(), lambda state: state // 3)).outcome is Outcome.VIOLATED


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_that_is_none_of_the_specification_is_told(engine):
    claim = implements(Clock(starts=(1,)), lambda state: 0)
    report = check(gray_lamport.TwoPhase(managers=2), claim, engine=engine)
    (verdict,) = report.verdicts
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.length == 0
    assert verdict.broken.reason == "it starts as 0, but the specification starts as 1"
    assert report.trace(verdict).steps == ()


def test_mistakes_are_explained():
    with pytest.raises(ModelError, match="changed in place"):
        check(Minutes(), implements(Clock(), lambda state: [state]))
    with pytest.raises(ModelError, match="'implements clock' raised ZeroDivisionError"):
        check(Minutes(), implements(Clock(), lambda state: 1 // state))


@frozen
class Table:
    """A transition system from a list of steps."""

    table: tuple
    begin: tuple = (0,)

    def initial(self):
        return self.begin

    def steps(self, state):
        for source, target in self.table:
            if source == state:
                yield f"{source} to {target}", target


steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8).map(tuple)


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps, steps, st.lists(st.integers(0, 3), min_size=4, max_size=4), st.sets(st.integers(0, 3), min_size=1)
)
def test_it_is_what_looking_at_every_step_finds(table, specification, images, begin):
    system, kind = Table(table), Table(specification, tuple(begin))
    reached, waiting = {0}, [0]
    is_simulated = images[0] in begin
    while waiting:
        state = waiting.pop()
        for source, target in table:
            if source == state:
                was, now = images[source], images[target]
                is_simulated = is_simulated and (was == now or (was, now) in specification)
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
    (verdict,) = Exploration(system, [implements(kind, lambda state: images[state])]).run().verdicts()
    assert (verdict.outcome is Outcome.HOLDS) is is_simulated
