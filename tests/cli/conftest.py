"""The program, in this process and as a process of its own, and models to check."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from everyway.cli.app import app

ROOT = Path(__file__).resolve().parent.parent.parent

COUNTER = '''
from attrs import frozen

from everyway import Node, Protocol, always, choice, parameter, volatile


@frozen
class Counter(Node):
    """Counts."""

    count: int = volatile(0)

    @choice
    def increment(self):
        return self.become(count=self.count + 1)


@always
def counts_from_zero(world):
    """Nobody counts below zero."""
    return world["N"].count >= 0


@frozen
class Counting(Protocol):
    """A node that counts for ever."""

    start: int = parameter(0, help="where it starts")

    def nodes(self):
        return {"N": Counter(count=self.start)}

    def promises(self):
        return [counts_from_zero]
'''


class Program:
    """Runs the command line within this process, in 80 columns."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __call__(self, *words: object) -> Any:
        return CliRunner().invoke(app, [str(word) for word in words], env=self._environment)

    def complaint(self, *words: object) -> str:
        """Run it where it must fail for misuse: code 2, nothing on stdout, no traceback; return the error."""
        result = self(*words)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        assert "internal error" not in result.stderr
        return result.stderr


@pytest.fixture
def environment() -> dict[str, str]:
    return {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1", "TERMINAL_WIDTH": "80"}


@pytest.fixture
def everyway(environment: dict[str, str]) -> Program:
    return Program(environment)


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the program as a process of its own, which is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "everyway", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, **environment, "PYTHONUTF8": "1"},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def counting(tmp_path: Path) -> Path:
    """Return the file of a model without end."""
    path = tmp_path / "counting.py"
    path.write_text(COUNTER)
    return path


@pytest.fixture
def jugs() -> Path:
    return ROOT / "examples" / "jugs" / "jugs.py"
