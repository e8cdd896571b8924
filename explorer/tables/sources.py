"""Sources: the files that say what a model does, so that a search does not go on with what an older one said."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from everyway.invariants.fair_runs import asked_of
from everyway.invariants.property import Property
from everyway.models.language.system import System

_OURS = ("everyway.models", "everyway.invariants")
"""Of everyway itself: where models and what they promise are; not what draws or prints."""


def sources(system: System, properties: Sequence[Property]) -> dict[str, str]:
    """Return digests of the files that a search depends on, by the names of their modules, as paths.

    They are those of the protocol, its nodes, observers and properties, whatever these import, but for Python's own
    modules and installed packages; and those of the language and the engine.
    """
    files: dict[str, Path] = {}
    waiting = list(dict.fromkeys(_modules_of(_things(system, properties))))
    roots = {name.partition(".")[0] for name, _ in waiting}
    while waiting:
        name, path = waiting.pop()
        key = _told(name, path)
        if key not in files:
            files[key] = path
            waiting += [found for found in _imported(name, path) if _counts(*found, roots)]
    language, tables = Path(inspect.getfile(System)).parent, Path(__file__).parent
    for folder, name in (
        (language, "everyway.models.language"),
        (tables.parent, "everyway.explorer"),
        (tables, "everyway.explorer.tables"),
    ):
        files |= {_told(f"{name}.{path.stem}", path): path for path in folder.glob("*.py")}
    return {name: digest(path) for name, path in sorted(files.items())}


def digest(path: Path) -> str:
    """Return a digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def _things(system: System, properties: Sequence[Property]) -> Iterator[Any]:
    """Yield the classes and functions that say what happens, and what is decided."""
    for kind in (type(system.protocol), *system.node_classes, type(system), *map(type, system._memory)):
        yield from kind.__mro__
    for prop in [*properties, *asked_of(properties)]:
        yield inspect.unwrap(prop.predicate)
        if prop.when is not None:
            yield inspect.unwrap(prop.when)


def _modules_of(things: Iterable[Any]) -> Iterator[tuple[str, Path]]:
    """Yield the modules of classes and functions, with their files; not what is built in or was typed in."""
    for thing in things:
        try:
            path = Path(inspect.getsourcefile(thing) or "")
        except TypeError:
            continue
        if path.is_file():
            yield thing.__module__, path


def _imported(name: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules that a module imports, wherever in it, with their files."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for one in names:
            file = _file_of(one)
            if file is not None:
                yield one, file


def _file_of(name: str) -> Path | None:
    """Return the source of a module; None if it has none, or is none."""
    place = getattr(sys.modules.get(name), "__file__", None)
    if place is None and name not in sys.modules and _may_be_ours(name):
        try:
            found = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        place = found.origin if found is not None else None
    return Path(place) if place and place.endswith(".py") and Path(place).is_file() else None


def _may_be_ours(name: str) -> bool:
    return name.partition(".")[0] not in sys.stdlib_module_names


def _counts(name: str, path: Path, roots: set[str]) -> bool:
    """Return whether a module belongs to the model: not Python's own, and installed only if the model is itself."""
    root = name.partition(".")[0]
    if root == "everyway":
        return name.startswith(_OURS)
    installed = [Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib", "stdlib")]
    return _may_be_ours(name) and (
        root in roots or not any(path.resolve().is_relative_to(one) for one in installed)
    )


def _told(name: str, path: Path) -> str:
    """Return a module's name as a path, e.g. "everyway/models/paxos.py"."""
    parts = name.split(".")
    if path.name == "__init__.py":
        return "/".join([*parts, "__init__.py"])
    return "/".join([*parts[:-1], path.name])
