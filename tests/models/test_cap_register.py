"""What the study notes say of CAP, by the ids of the catalogue of claims; and the classic mistakes."""

import pytest
from explored import shortest

from everyway import Faults, Kind, Outcome, at_most, check
from everyway.models import cap_register
from everyway.models.cap_policies import PARTITION, policies, what_gives
from everyway.models.cap_register import (
    Cap,
    available,
    linearizable,
    majority_side_available,
    minority_side_available,
    partition_tolerant,
    returns,
    stale_read,
)

VARIANTS = Cap.variants()
CP, AP, CA = VARIANTS["cp"], VARIANTS["ap"], VARIANTS["ca"]


def length(model, prop, faults=None, **options):
    """Return the length of the shortest counterexample; None if the promise holds."""
    (verdict,) = check(model, [prop], faults=faults, engine="tables", **options).verdicts
    assert verdict.outcome is not Outcome.UNKNOWN
    return verdict.length if verdict.outcome is Outcome.VIOLATED else None


def kept(table):
    """Return the policies that are consistent and available, in words."""
    assert len(table) == 36
    return {str(policy) for policy, broken in table.items() if broken is None}


# The family.


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [2, 3])
def test_cap_impossible(replicas):
    assert kept(what_gives(check, PARTITION, replicas=replicas)) == set()


@pytest.mark.slow
def test_cap_tradeoff_only_under_partition():
    assert kept(what_gives(check)) == {
        "majority/write-back/wait",
        "all/write-back/wait",
        "local/primary/wait",
        "majority/primary/wait",
        "all/primary/wait",
    }


@pytest.mark.slow
def test_with_a_single_reader_more_policies_pass_for_consistent():
    # 11 of 36: all that wait, but the one that asks nobody. One reader cannot see new followed by old.
    readings = ["local", "majority", "write-back", "primary"]
    wanted = {f"{write}/{read}/wait" for write in ("local", "majority", "all") for read in readings}
    assert kept(what_gives(check, replicas=2)) == wanted - {"local/local/wait"}


def test_cap_partial_synchrony():
    # With clocks and a bound on delays, who waits long enough knows that messages are lost; that does not bring them
    # back. Late time-outs wait for whatever clients still ask, so they must ask at last.
    answering = VARIANTS["answer-anyway"](replicas=2)
    assert length(answering, linearizable) == 4
    whole = {"timeouts": "late", "fairness": "weak"}
    assert length(answering, linearizable, **whole) is None
    assert length(answering, available, **whole) is None
    assert length(answering, available, PARTITION, **whole) is None
    assert length(answering, linearizable, PARTITION, **whole) == 7


# The corners.


def test_cap_cp_loses_minority():
    model = Cap(reads=1)
    assert shortest(model, minority_side_available, partitions=at_most(1, "N1"), heals=0) == [
        "N1: write 1",
        "partition: N1 | N2 N3",
    ]


def test_cap_cp_keeps_majority():
    cut_off = Faults(partitions=at_most(1, "N3"), heals=0)
    assert check(Cap(), [linearizable, majority_side_available], faults=cut_off).outcome is Outcome.HOLDS
    assert length(Cap(reads=1), majority_side_available, PARTITION) is None


def test_cap_ap_always_answers():
    assert length(AP(), available, PARTITION) is None


def test_cap_ap_stale():
    # Also while the network is whole.
    assert length(AP(), linearizable) == 2
    assert shortest(AP(), stale_read) == ["N1: write 1", "N2: read 0"]


def test_a_single_primary_is_consistent_and_available_until_a_partition_comes():
    assert length(CA(), linearizable, PARTITION) is None
    assert length(CA(), available) is None
    assert length(CA(), available, PARTITION) == 2


def test_a_majority_survives_a_crash_but_not_a_partition():
    # Who crashes need not answer any more; who is cut off must.
    assert length(Cap(reads=1), available, Faults(crashes=1)) is None
    assert length(Cap(reads=1), linearizable, Faults(crashes=1)) is None
    assert length(Cap(reads=1), available, PARTITION) == 2
    assert length(CA(reads=1), available, Faults(crashes=1)) == 2


def test_who_refuses_need_not_while_the_network_is_whole():
    assert length(CP(reads=1), available, timeouts="late") is None
    assert length(CP(reads=1), available) is not None


# The notes' own definitions.


def test_cap_literal_a():
    # An error is an answer too: then consistency, availability and partitions go together.
    model = CP(reads=1)
    assert length(model, linearizable, PARTITION) is None
    assert length(model, returns, PARTITION) is None
    assert length(model, available, PARTITION) == 3


def test_cap_literal_p():
    # "Still consistent and available" makes P all of CAP, which nothing in the family is.
    assert length(Cap(reads=1), partition_tolerant) is None
    for policy in policies():
        model = Cap(2, 2, policy.write, policy.read, policy.on_timeout)
        assert length(model, partition_tolerant, PARTITION) is not None


def deliveries(model, prop):
    """Return how many messages are received on the shortest run that shows that something is possible."""
    (verdict,) = check(model, [prop], stop_when_decided=True).verdicts
    assert verdict.outcome is Outcome.HOLDS
    return sum(visit.action.kind is Kind.DELIVERY for visit in verdict.path[1:])


@pytest.mark.parametrize(
    ("model", "write", "read"),
    [(Cap(), 2, 4), (AP(), 0, 0), (CA(), 0, 2), (VARIANTS["no-write-back"](), 2, 2)],
)
def test_cap_pacelc(model, write, read):
    # Two messages are a round trip. Consistency is paid for in them while the network is whole.
    assert deliveries(model, cap_register.a_write_is_acknowledged) == write
    assert deliveries(model, cap_register.a_read_is_answered) == read


# The mistakes.


@pytest.mark.parametrize(
    ("variant", "steps"),
    [
        ("ap", 2),
        ("no-write-back", 7),
        ("write-all-read-local", 4),
        ("answer-anyway", 4),
        ("write-back-overwrites", 11),
    ],
)
def test_these_are_not_linearizable_although_the_network_is_whole(variant, steps):
    assert length(VARIANTS[variant](), linearizable, stop_when_decided=True) == steps


@pytest.mark.parametrize("variant", ["no-write-back", "write-all-read-local"])
def test_one_reader_does_not_see_new_followed_by_old(variant):
    assert length(VARIANTS[variant](replicas=2), linearizable) is None


def test_the_textbook_keeps_its_promises():
    report = check(Cap())
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == 242_057
    assert not report.findings
