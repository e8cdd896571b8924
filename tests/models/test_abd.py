"""What Attiya, Bar-Noy & Dolev say of their register, and what goes wrong without each of its parts."""

import pytest

from everyway import Faults, Outcome, at_most, check, every_step
from everyway.invariants.consistency import is_linearizable
from everyway.models.abd import Abd, operations_can_end, versions_only_grow

VARIANTS = Abd.variants()


def length(model, prop=None, **faults):
    """Return the length of the shortest counterexample; None if the promise holds."""
    (verdict,) = check(
        model, [prop or is_linearizable()], faults=Faults(**faults), stop_when_decided=True
    ).verdicts
    assert verdict.outcome is not Outcome.UNKNOWN
    return verdict.length if verdict.outcome is Outcome.VIOLATED else None


def test_the_register_is_atomic_and_nobody_waits_for_ever():
    report = check(Abd(reads=1))
    assert report.outcome is Outcome.HOLDS
    assert report.statistics.states == 3_052


@pytest.mark.slow
def test_two_reads_in_a_row_do_not_go_back():
    assert length(Abd()) is None


@pytest.mark.parametrize(
    "faults",
    [
        {"crashes": at_most(1, "server")},
        pytest.param({"crashes": at_most(1, "server"), "restarts": 1}, marks=pytest.mark.slow),
        pytest.param({"crashes": at_most(1, "reader"), "restarts": 1}, marks=pytest.mark.slow),
        pytest.param({"crashes": at_most(1, "writer")}, marks=pytest.mark.slow),
    ],
)
def test_it_tolerates_the_crash_of_a_minority_and_of_clients(faults):
    assert check(Abd(reads=1), faults=Faults(**faults)).outcome is Outcome.HOLDS


def test_without_a_majority_it_is_still_atomic_but_nothing_ends():
    assert length(Abd(servers=2, reads=1), crashes=at_most(1, "server")) is None
    assert length(Abd(servers=2, reads=1), operations_can_end, crashes=at_most(1, "server")) == 1


def test_one_lost_message_is_no_worse_than_a_crash():
    assert length(Abd(reads=1), operations_can_end, losses=at_most(1, "Store")) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "shown_at", "steps"),
    [
        ("no-write-back", {}, 12),
        ("half-quorum", {}, 8),
        ("own-count", {"servers": 3}, 19),
    ],
)
def test_these_mistakes_are_not_atomic(variant, shown_at, steps):
    assert length(VARIANTS[variant](**shown_at)) == steps


def test_without_write_back_one_read_shows_nothing():
    assert length(VARIANTS["no-write-back"](reads=1)) is None


@pytest.mark.slow
def test_without_write_back_two_readers_can_disagree_too():
    assert length(VARIANTS["no-write-back"](readers=2, reads=1)) == 12


def test_a_server_that_stores_whatever_comes_goes_back_to_an_old_value():
    assert length(VARIANTS["no-tag-check"](reads=1), versions_only_grow) == 8
    assert length(VARIANTS["no-tag-check"](reads=1)) is None


def test_a_version_that_is_not_on_disk_is_forgotten_in_a_crash():
    faults = {"crashes": at_most(1, "server"), "restarts": 1}
    assert length(VARIANTS["forget-on-crash"](), **faults) == 16
    assert length(VARIANTS["forget-on-crash"]()) is None


@pytest.mark.slow
def test_writing_to_all_is_blocked_by_one_crash():
    crash = at_most(1, "server")
    assert length(VARIANTS["write-all"](), operations_can_end) is None
    assert length(VARIANTS["write-all"](), operations_can_end, crashes=crash) == 1
    assert length(Abd(reads=1), operations_can_end, crashes=crash) is None


def test_several_writers_ask_for_the_highest_tag_first():
    assert check(VARIANTS["multi-writer"]()).outcome is Outcome.HOLDS


def test_with_bare_numbers_as_tags_it_takes_two_reads_to_see_two_newest_values():
    assert length(VARIANTS["no-tie-break"]()) is None
    assert length(VARIANTS["no-tie-break"](reads=2)) == 33


@pytest.mark.parametrize("servers", [1, 3])
def test_a_read_costs_twice_as_many_messages_as_a_write(servers):
    sent = {}

    @every_step
    def counted(before, action, after):
        if action.handler in ("read", "write", "count_answer"):
            sent[action.handler, len(action.sent)] = True
        return True

    check(Abd(servers=servers, reads=1), [counted])
    assert {key: count for key, count in sent if count} == dict.fromkeys(
        ["read", "write", "count_answer"], servers
    )
