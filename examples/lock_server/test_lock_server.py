"""How a team keeps its model beside its code: promises as unit tests."""

from lock_server import DurableLockService, LockService, there_is_a_queue

from everyway import at_most
from everyway.testing import assert_holds, assert_violated


def test_one_at_a_time_while_nothing_fails() -> None:
    report = assert_holds(LockService(clients=3), deadlock=False)
    assert report.is_complete


def test_a_restarted_server_gives_the_lock_away_twice() -> None:
    assert_violated(LockService(), "mutual exclusion", crashes=at_most(1, "server"), restarts=1, length=8)


def test_a_holder_on_disk_survives_the_restart() -> None:
    assert_holds(DurableLockService(), "mutual exclusion", crashes=at_most(1, "server"), restarts=1)


def test_a_queue_forms() -> None:
    report = assert_holds(LockService(), there_is_a_queue)
    assert report["there is a queue"].length == 4
