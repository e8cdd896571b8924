"""Ctrl-C ends a search where what it knows is consistent; a second one ends the program."""

from __future__ import annotations

import signal
import threading

import pytest

from everyway import Outcome, check, recoverable
from everyway.cli.interruption import interruptible
from everyway.explorer import Statistics


class Endless:
    """Counts for ever, and presses Ctrl-C at a thousand."""

    def __init__(self, presses: int) -> None:
        self.presses = presses

    def initial(self):
        return [0]

    def steps(self, state):
        if state == 1000:
            for _ in range(self.presses):
                signal.raise_signal(signal.SIGINT)
        return [("count", state + 1)]


@recoverable
def fine(state):
    """Nothing is ever wrong."""
    return True


@pytest.fixture(autouse=True)
def _usual_handler():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_first_ends_the_search_with_what_is_known():
    with interruptible(None) as watcher:
        report = check(Endless(presses=1), fine, watcher=watcher)
    assert report.stopped_by == "interrupt"
    assert [verdict.outcome for verdict in report.verdicts] == [Outcome.UNKNOWN]


def test_progress_is_still_shown():
    shown = []
    with interruptible(lambda statistics, frontier: shown.append(frontier)) as watcher:
        assert watcher is not None
        watcher(Statistics(), 7)
    assert shown == [7]


def test_the_second_interrupts_at_once():
    with interruptible(None), pytest.raises(KeyboardInterrupt):
        list(Endless(presses=2).steps(1000))


def test_who_ignores_ctrl_c_keeps_ignoring_it():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible(None) as watcher:
            assert watcher is None
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_only_the_main_thread_has_signals():
    found = []

    def run():
        with interruptible(None) as watcher:
            found.append(watcher)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [None]
