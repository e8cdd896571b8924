"""Section 3.3 of the catalogue of claims, a cluster against a split service, and the core of section 6."""

from fractions import Fraction

import pytest

from everyway import at_most
from everyway.models import cluster
from everyway.models.cluster import Cluster, LoadShedding, availability, throughput
from everyway.testing import assert_holds, assert_violated

VARIANTS = Cluster.variants()
SPLIT, HYBRID = VARIANTS["split"], VARIANTS["hybrid"]
IMPARTIAL = LoadShedding.variants()["impartial"]


def servers(count):
    return {"crashes": at_most(count, "server")}


@pytest.mark.parametrize("model", [Cluster, SPLIT, HYBRID, VARIANTS["stateful"], LoadShedding])
def test_without_faults_every_promise_is_kept(model):
    assert_holds(model())


def test_cluster_any_node_serves():
    assert_holds(Cluster(), cluster.any_node_serves, **servers(3))
    assert_holds(Cluster(), cluster.every_call_is_answered, **servers(2))
    assert_violated(Cluster(), cluster.every_call_is_answered, **servers(3))
    assert_violated(SPLIT(), cluster.any_node_serves, **servers(1), length=1)


def test_cluster_stale():
    assert_violated(VARIANTS["stateful-lazy"](), cluster.reads_are_fresh, length=6)
    assert_holds(VARIANTS["stateful-lazy"](copies=1), cluster.reads_are_fresh)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_cluster_stale_not_if_all_servers_have_it_before_it_is_acknowledged(copies):
    assert_holds(VARIANTS["stateful"](copies=copies), ["reads are fresh", "a new value is read"])


@pytest.mark.parametrize("functions", [1, 2, 3])
def test_dist_every_part_needed(functions):
    model = SPLIT(functions=functions)
    assert_holds(model, cluster.every_part_needed, **servers(functions))
    assert_violated(model, cluster.every_call_is_answered, **servers(1))


def test_dist_every_part_needed_is_what_copies_change():
    assert_violated(Cluster(), cluster.every_part_needed, **servers(1), length=1)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_dist_replication_masks_crashes(copies):
    # As many crashes as there are copies, and one less.
    model = HYBRID(functions=2, copies=copies)
    masked = cluster.replication_masks_crashes
    assert_violated(model, masked, **servers(copies), length=copies)
    assert_holds(model, masked, **servers(copies - 1))


def test_dist_replication_masks_crashes_for_the_client_too():
    assert_holds(HYBRID(), cluster.every_call_is_answered, **servers(1))
    assert_violated(HYBRID(), cluster.every_call_is_answered, **servers(2))


@pytest.mark.parametrize("up", [Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(1)])
@pytest.mark.parametrize("functions", [1, 2, 3])
@pytest.mark.parametrize("copies", [1, 2, 3])
def test_dist_replication_masks_crashes_as_often_as_the_formulas_say(up, functions, copies):
    assert availability(Cluster(functions, copies), up) == 1 - (1 - up) ** copies
    assert availability(SPLIT(functions), up) == up**functions
    assert availability(HYBRID(functions, copies), up) == (1 - (1 - up) ** copies) ** functions


def test_a_split_service_is_there_less_often_than_a_single_server():
    up = Fraction(9, 10)
    assert availability(SPLIT(3), up) < up < availability(HYBRID(3, 2), up)


@pytest.mark.parametrize("count", [1, 2, 10])
def test_dist_throughput_scales(count):
    capacity = Fraction(100)
    assert throughput(count, capacity, writes=Fraction(0)) == count * capacity
    assert throughput(count, capacity, writes=Fraction(1)) == capacity


def test_dist_throughput_scales_no_further_than_the_writes_allow():
    capacity, writes = Fraction(100), Fraction(1, 10)
    rates = [throughput(count, capacity, writes) for count in (1, 2, 10, 10_000)]
    assert rates == sorted(rates)
    assert rates[-1] < capacity / writes


def workers(count):
    return {"crashes": at_most(count, "worker")}


def test_base_core_available():
    assert_holds(LoadShedding(), cluster.core_available, **workers(1))
    assert_holds(LoadShedding(workers=3, core=2, extra=1), cluster.core_available, **workers(1))
    assert_holds(LoadShedding(workers=3, core=2, extra=1), cluster.core_available, **workers(2))


def test_base_core_available_not_if_any_job_may_be_refused():
    assert_violated(IMPARTIAL(), cluster.core_available, length=5)
    assert_holds(IMPARTIAL(workers=3), cluster.core_available)


def test_base_core_available_not_if_workers_hear_what_they_are_told_out_of_order():
    assert_violated(LoadShedding(), cluster.core_available, network="bag", **workers(1))


def test_base_degrades():
    assert_holds(LoadShedding(), cluster.degrades)
    assert_violated(LoadShedding(workers=3), cluster.degrades)
    assert_holds(LoadShedding(workers=3), cluster.degrades, **workers(1))
