"""Interruption: Ctrl-C ends a search between two states, where what it knows so far is consistent."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from everyway.explorer import Statistics, Watcher


@contextmanager
def interruptible(watcher: Watcher | None) -> Iterator[Watcher | None]:
    """Yield a watcher that also ends the search once Ctrl-C was pressed.

    Left to itself Python raises ``KeyboardInterrupt`` anywhere, also half-way through noting a state. Here the first
    Ctrl-C only leaves a note, which the watcher reads when the search next calls it; a second one ends
    the program at once, for a handler that never returns.
    """
    is_ours = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not if whoever started us ignores it
    )
    if not is_ours:
        yield watcher
        return
    is_asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal is_asked
        if is_asked:
            raise KeyboardInterrupt
        is_asked = True

    def watch(statistics: Statistics, frontier: int) -> None:
        if is_asked:
            raise KeyboardInterrupt
        if watcher is not None:
            watcher(statistics, frontier)

    signal.signal(signal.SIGINT, note)
    try:
        yield watch
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
