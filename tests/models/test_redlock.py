"""What Redlock needs to be true of clocks, pauses and disks, and what happens where it is not."""

import pytest

from everyway import Faults, Outcome, Timeouts, at_most, check
from everyway.models.redlock import Redlock, mutual_exclusion, nobody_gets_it, the_lock_is_free

VARIANTS = Redlock.variants()
A_SERVER_RESTARTS = {"crashes": at_most(1, "server"), "restarts": 1}


def length(model, prop=mutual_exclusion, timeouts=None, **faults):
    """Return the length of the shortest way to the verdict; None if there is none to show."""
    report = check(
        model, [prop], faults=Faults(**faults), timeouts=timeouts, stop_when_decided=True, symmetry=False
    )
    assert report.outcome is not Outcome.UNKNOWN
    return report.verdicts[0].length


def test_with_right_clocks_and_no_crashes_one_client_at_most_has_the_lock():
    report = check(Redlock(), symmetry=False)
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == 33_552


def test_a_client_that_crashes_does_not_keep_the_lock():
    faults = {"crashes": at_most(1, "client")}
    assert length(Redlock(), the_lock_is_free, **faults) is None
    assert length(Redlock(), **faults) is None


def test_a_pause_longer_than_the_key_lives_gives_two_holders():
    assert length(Redlock(), timeouts=Timeouts.EARLY) == 11
    assert length(Redlock(servers=1), timeouts=Timeouts.EARLY) == 7


def test_one_clock_that_jumps_gives_two_holders():
    assert length(VARIANTS["clock-jump"]()) == 11
    assert length(VARIANTS["clock-jump"](clients=1)) is None


def test_one_server_that_forgets_its_key_gives_two_holders():
    assert length(Redlock(), **A_SERVER_RESTARTS) == 12
    assert length(Redlock(), crashes=at_most(1, "server")) is None


@pytest.mark.parametrize("variant", ["persistent", "delayed-restart"])
def test_keys_on_disk_and_long_silence_both_make_up_for_a_crash(variant):
    assert length(VARIANTS[variant](), **A_SERVER_RESTARTS) is None


@pytest.mark.parametrize("variant", ["persistent", "delayed-restart"])
def test_neither_of_them_makes_up_for_a_pause(variant):
    assert length(VARIANTS[variant](), timeouts=Timeouts.EARLY, **A_SERVER_RESTARTS) == 11


@pytest.mark.parametrize(("servers", "steps"), [(2, 6), (4, 10)])
def test_two_halves_need_not_meet(servers, steps):
    assert length(VARIANTS["half-quorum"](servers=servers)) == steps


def test_who_deletes_any_key_frees_what_another_holds():
    assert length(VARIANTS["delete-any"]()) == 10
    assert length(VARIANTS["delete-any"](clients=2)) is None


def test_three_clients_can_split_the_servers_between_them():
    assert length(Redlock(clients=3), nobody_gets_it) == 18
    (verdict,) = check(Redlock(clients=2), [nobody_gets_it], symmetry=False).verdicts
    assert verdict.outcome is Outcome.VIOLATED
