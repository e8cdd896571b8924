"""Specifications of the public TLA+ examples, ported, have as many states as TLC counts for them.

The counts are those of github.com/tlaplus/Examples, in the manifests beside the specifications: distinct states, all
states that are generated, those at the start among them, and the diameter, which counts states and not steps. (With
several workers TLC may give a greater one than there is: its 10 for EWD 840 are 9, as a search by hand confirms.)
"""

import pytest
from echo_wave import Echo, is_over
from mutex_of_lamport import Mutex
from paxos_of_messages import Paxos
from ring_of_chang_and_roberts import Ring
from shared_memory import Allocator, Peterson
from termination_on_a_ring import Termination

from everyway import Outcome, System, check
from everyway.explorer import Exploration
from everyway.models.specifications import TransactionCommit

# The specification, its distinct states, generated states, and diameter, with as many starts.
PUBLISHED = [
    pytest.param(Ring(), 137, 227, 10, 8, id="chang_roberts/MCChangRoberts"),
    pytest.param(Termination(), 302, 2_001, 9, 192, id="ewd840/EWD840"),
    pytest.param(Peterson(), 42, 77, 11, 1, id="locks_auxiliary_vars/Peterson"),
    pytest.param(Allocator(), 400, 1_633, 6, 1, id="allocator/SimpleAllocator"),
    pytest.param(Paxos(), 3_921, 23_563, 17, 1, id="PaxosHowToWinATuringAward/MCPaxosTiny"),
    pytest.param(TransactionCommit(["r1", "r2", "r3"]), 34, 94, 7, 1, id="transaction_commit/TCommit"),
]


@pytest.mark.parametrize(("model", "distinct", "generated", "diameter", "starts"), PUBLISHED)
def test_it_has_the_published_number_of_states(model, distinct, generated, diameter, starts):
    report = check(model)
    assert report.outcome is Outcome.HOLDS
    statistics = report.statistics
    assert statistics.states == distinct
    assert statistics.transitions == generated - starts
    assert statistics.depth == diameter - 1


def test_the_echo_has_the_published_number_of_states():
    exploration = Exploration(System(Echo())).run()
    assert exploration.statistics.states == 75
    assert exploration.statistics.depth == 16 - 1
    # PlusCal lets a process that is done go round for ever, so that a proper end is no deadlock.
    ends = sum(is_over(world) for world in exploration.states)
    assert exploration.statistics.transitions + ends == 116 - 1


@pytest.mark.slow
def test_lamports_mutual_exclusion_has_the_published_number_of_states():
    report = check(Mutex())
    assert report.outcome is Outcome.HOLDS
    assert (report.statistics.states, report.statistics.depth) == (724_274, 61 - 1)
