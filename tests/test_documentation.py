"""What the README and the docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from everyway import Faults, Limits, Outcome, check

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)


PACKAGES = (
    "",
    ".cli",
    ".counterexamples",
    ".explorer",
    ".explorer.liveness",
    ".invariants",
    ".invariants.consistency",
    ".models",
    ".models.language",
    ".proofs",
    ".proofs.language",
    ".proofs.theories",
)


def modules() -> list[str]:
    found = set()
    for suffix in PACKAGES:
        package = importlib.import_module(f"everyway{suffix}")
        found |= {f"everyway{suffix}.{module.name}" for module in pkgutil.iter_modules(package.__path__)}
    return sorted(found - {"everyway.__main__", "everyway.pytest_plugin"})


@pytest.fixture
def readme_model() -> Iterator[types.ModuleType]:
    """The README's model, as a user would save it in a file."""
    module = types.ModuleType("readme_model")
    sys.modules[module.__name__] = module
    exec(PYTHON_BLOCKS[0], vars(module))
    yield module
    del sys.modules[module.__name__]


@pytest.mark.parametrize(("managers", "states", "transitions"), [(3, 288, 1145), (5, 8832, 58145)])
def test_the_readmes_model_has_the_published_counts(
    readme_model: types.ModuleType, managers: int, states: int, transitions: int
) -> None:
    report = check(readme_model.TwoPhase(managers=managers))
    assert report.outcome is Outcome.HOLDS
    assert (report.statistics.states, report.statistics.transitions) == (states, transitions)
    assert f"{states:,}" in README


def test_the_readmes_tests_pass() -> None:
    names: dict[str, object] = {}
    exec("from everyway.models.two_phase_commit import TwoPhaseCommit\n" + PYTHON_BLOCKS[1], names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        assert callable(test)
        test()


def test_the_figure_in_the_readmes_first_paragraph() -> None:
    from everyway.models.three_phase_commit import ThreePhaseCommit

    report = check(ThreePhaseCommit(participants=3), faults=Faults(crashes=1), limits=Limits())
    assert report.outcome is Outcome.HOLDS
    assert f'"holds in all {report.statistics.states:,} states"' in README


@pytest.mark.parametrize("module", modules())
def test_the_examples_in_docstrings(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
