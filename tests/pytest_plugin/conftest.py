"""Runs of pytest within pytest, with everyway's plugin as it is installed."""

from __future__ import annotations

import pytest

# Imported once here, as each run within this process forgets what it imported.
import everyway.counterexamples.replay
import everyway.counterexamples.svg
import everyway.counterexamples.terminal
import everyway.models.two_phase_commit
import everyway.testing  # noqa: F401

HEADER = """
import pytest
from everyway import Limits, Faults, at_most, always
from everyway.models.two_phase_commit import Abort, TwoPhaseCommit
from everyway.testing import CounterexampleFound, assert_holds, assert_violated
"""

BLOCKED = """
def test_nobody_waits():
    assert_holds(TwoPhaseCommit(), "non-blocking", crashes=1)
"""


class Session:
    """Writes a test file and runs it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def __call__(self, source: str, *options: str) -> pytest.RunResult:
        self.pytester.makepyfile(test_model=HEADER + source)
        return self.pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options
        )


@pytest.fixture
def session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("FORCE_COLOR", "PY_COLORS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    if not request.config.pluginmanager.hasplugin("pytester"):
        request.config.pluginmanager.import_plugin("pytester")
    return Session(request.getfixturevalue("pytester"))


@pytest.fixture
def blocked() -> str:
    return BLOCKED
