"""What fencing tokens are for: leases run out while their holders pause."""

import pytest

from everyway import Faults, Outcome, Timeouts, at_most, check
from everyway.models.lease_lock import LeaseLock, everybody_ends, mutual_exclusion, no_stale_write

VARIANTS = LeaseLock.variants()
A_CLIENT_CRASHES = {"crashes": at_most(1, "client")}
THE_SERVICE_CRASHES = {"crashes": at_most(1, "L"), "restarts": 1}


def length(model, prop=no_stale_write, timeouts=None, **faults):
    """Return the length of the shortest counterexample; None if the promise holds."""
    (verdict,) = check(model, [prop], faults=Faults(**faults), timeouts=timeouts).verdicts
    assert verdict.outcome is not Outcome.UNKNOWN
    return verdict.length if verdict.outcome is Outcome.VIOLATED else None


@pytest.mark.parametrize(("clients", "states"), [(1, 13), (2, 200), (3, 4_484)])
def test_tokens_keep_old_holders_out(clients, states):
    report = check(LeaseLock(clients=clients), symmetry=False)
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == states


@pytest.mark.parametrize("faults", [{"duplicates": 1}, {"losses": 1}, {"partitions": 1}, THE_SERVICE_CRASHES])
def test_tokens_keep_old_holders_out_whatever_fails(faults):
    assert length(LeaseLock(clients=2), **faults) is None


def test_leases_are_for_clients_that_crash():
    assert length(LeaseLock(clients=2), everybody_ends, **A_CLIENT_CRASHES) is None
    assert length(VARIANTS["no-lease"](clients=2), everybody_ends, **A_CLIENT_CRASHES) == 4
    assert length(VARIANTS["no-lease"](clients=2), everybody_ends) is None
    assert length(VARIANTS["no-lease"](), **A_CLIENT_CRASHES) is None


@pytest.mark.parametrize(("variant", "steps"), [("no-fencing", 11), ("check-first", 15)])
def test_without_fencing_a_pause_is_enough(variant, steps):
    assert length(VARIANTS[variant]()) == steps
    assert length(VARIANTS[variant](clients=2)) == steps
    assert length(VARIANTS[variant](clients=1)) is None


def test_two_clients_may_believe_that_they_have_the_lock_and_tokens_do_not_change_that():
    assert length(LeaseLock(), mutual_exclusion) == 7
    assert length(VARIANTS["check-first"](), mutual_exclusion) == 7


@pytest.mark.parametrize("faults", [{}, A_CLIENT_CRASHES])
def test_with_right_clocks_and_no_pauses_leases_are_enough(faults):
    assert check(VARIANTS["synchronous"](), faults=Faults(**faults)).outcome is Outcome.HOLDS
    assert length(VARIANTS["synchronous"](), timeouts=Timeouts.EARLY) == 11


def test_a_token_that_is_not_on_disk_is_given_out_twice():
    assert length(VARIANTS["forget-on-crash"](), **THE_SERVICE_CRASHES) == 12
    assert length(VARIANTS["forget-on-crash"]()) is None


def test_names_of_clients_do_not_matter():
    model = VARIANTS["no-fencing"]()
    (told_apart,) = check(model, [no_stale_write], symmetry=False).verdicts
    (renamed,) = check(model, [no_stale_write], symmetry=True).verdicts
    assert told_apart.length == renamed.length
