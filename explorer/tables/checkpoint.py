"""Checkpoints: a search on disk, from which it goes on after Ctrl-C, a kill or a power cut.

A checkpoint holds no object of the model: the tables are a function of the questions that were asked, in their order
(``ModelTables.journal``), and are made again by asking the model the same. The rest is arrays of integers. Each
checkpoint is written beside the one before, and only then declared the latest; so a kill in between loses nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from everyway.invariants.property import Property
from everyway.models.language.errors import UsageError
from everyway.models.language.system import System

from . import codes
from .packing import Layout
from .search import TableSearch
from .sources import digest, sources
from .symmetry import NotSymmetricError

FORMAT = "everyway-checkpoint/1"
LATEST = "latest.json"
GENERATIONS = ("a", "b")
"""The folders of the checkpoints, of which one is written while the other is the latest."""
EVERY = 120.0
"""Seconds between two checkpoints."""
SHARE = 20
"""Writing them takes no more than one part in so many of the time."""


@define
class Checkpoints:
    """Where a search is kept, and when it was last.

    Args:
        folder: the folder; it is made if there is none.
        every: how many seconds to search between two checkpoints.
        request: how the check was asked for, in the words of whoever did; given back by ``requested``.
    """

    folder: Path
    every: float = EVERY
    request: Mapping[str, Any] = field(factory=dict)
    problem: str = ""
    """Why the last one could not be written; empty if it could."""
    _due: float = field(init=False, default=0.0)
    _sources: Mapping[str, str] = field(init=False, factory=dict)
    """Digests of the model's sources as they were when the search began; it may be edited while it runs."""

    def note_sources(self, system: System, properties: Sequence[Property]) -> None:
        """Note what the files of the model hold now."""
        self._sources = sources(system, properties)

    def prepare(self) -> None:
        """See that the folder can be written to and keeps no other search.

        Raises ``UsageError`` if it cannot, or does.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if (self.folder / LATEST).exists():
                raise UsageError(
                    f"{self.folder} holds a checkpoint already. Go on with it by `everyway resume {self.folder}`, or "
                    f"choose another folder."
                )
            if any(path.name not in GENERATIONS for path in self.folder.iterdir()):
                raise UsageError(
                    f"{self.folder} holds something else; choose an empty folder for checkpoints."
                )
            (self.folder / "probe").write_text("")
            (self.folder / "probe").unlink()
        except OSError as error:
            raise UsageError(f"cannot keep checkpoints in {self.folder}: {error.strerror}.") from error
        self.begin()

    def begin(self) -> None:
        """Count the time to the next checkpoint from now."""
        self._due = time.monotonic() + self.every

    @property
    def is_due(self) -> bool:
        """Whether a search has gone on long enough since the last time."""
        return time.monotonic() >= self._due

    def save(self, search: TableSearch) -> None:
        """Save a search. If it cannot be written, the checkpoint before remains, and ``problem`` says why."""
        begun = time.monotonic()
        try:
            self._write(search)
            self.problem = ""
        except OSError as error:
            self.problem = f"no checkpoint could be written to {self.folder}: {error.strerror or error}"
        took = time.monotonic() - begun
        self._due = time.monotonic() + max(self.every, SHARE * took)

    def _write(self, search: TableSearch) -> None:
        latest = _latest(self.folder)
        name = GENERATIONS[latest == GENERATIONS[0]]
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        arrays, values = _kept(search)
        digests = {}
        for key, array in arrays.items():
            with open(target / f"{key}.npy", "wb") as file:
                np.save(file, array)
                file.flush()
                os.fsync(file.fileno())
            digests[key] = digest(target / f"{key}.npy")
        contents = {
            "format": FORMAT,
            "request": dict(self.request),
            "system": identity(search),
            "sources": dict(self._sources or sources(search.system, search.properties)),
            "values": values,
            "arrays": digests,
        }
        _write_safely(target / "contents.json", json.dumps(contents))
        pointer = {"format": FORMAT, "latest": name, "contents": digest(target / "contents.json")}
        _write_safely(self.folder / LATEST, json.dumps(pointer))


def requested(folder: Path) -> dict[str, Any]:
    """Return how the check was asked for that is kept in a folder.

    Raises ``UsageError`` if there is none, or it is damaged.
    """
    request: dict[str, Any] = _contents(folder)["request"]
    return request


def restore(search: TableSearch, folder: Path) -> None:
    """Bring a search that has not begun to where the one in the folder was.

    Raises ``UsageError`` if the checkpoint is damaged, of another check, or its model has changed since.
    """
    contents = _contents(folder)
    if search.symmetry is not None and not contents["system"].get("alike"):
        raise NotSymmetricError("the search that was kept went without")
    if contents["system"] != identity(search):
        raise UsageError(f"{folder} holds a checkpoint of another check: {contents['system']['told']}.")
    now = sources(search.system, search.properties)
    changed = sorted(name for name, kept in contents["sources"].items() if now.get(name) != kept)
    if changed or now.keys() != contents["sources"].keys():
        which = ", ".join(changed) or "what it imports"
        raise UsageError(
            f"the model has changed since the checkpoint in {folder} was written ({which}); what was found then need "
            f"not be true of it now. Check it anew."
        )
    target = folder / _pointer(folder)["latest"]
    arrays = {}
    for key, written in contents["arrays"].items():
        path = target / f"{key}.npy"
        try:
            if digest(path) != written:
                raise UsageError(
                    f"the checkpoint in {folder} is damaged: {path.name} is not what was written."
                )
            arrays[key] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"the checkpoint in {folder} is damaged: {path.name} cannot be read.") from error
    if not _put_back(search, arrays, contents["values"]):
        raise UsageError(
            f"the model answers otherwise than when the checkpoint in {folder} was written, although its source is the "
            f"same: a handler depends on more than its state and its message."
        )


def _kept(search: TableSearch) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what to keep of the search between two batches: arrays, and values that JSON can hold."""
    expander, words = search.expander, search.expander.words
    rows, _ = expander.store.rows()
    level_rows = [level[: count * words] for level, count in search.levels.all if len(level)]
    arrays = {
        "journal": np.array(expander.tables.journal, np.int64).reshape(-1, 5),
        "states": rows,
        "levels": np.concatenate([*level_rows, np.zeros(0, np.int64)]),
        "next": search.levels.next.items[: search.levels.next_count * words],
        "children": search.links.children.items[: search.links.expanded],
        "ordinals": search.links.ordinals.items[: search.statistics.states],
        "marks": search.marks.items[: search.statistics.states if search.levels.keeps_rows else 0],
        "counts": expander.counts,
        "environments": expander.judging.environments,
    }
    statistics = search.statistics
    values = {
        "sizes": [len(component) for component in expander.tables.components],
        "layout": [list(place) for place in expander.tables.layout.places],
        "words": words,
        "levels": [(count, len(level) > 0) for level, count in search.levels.all],
        "next": search.levels.next_count,
        "at": search._at,
        "depth": search._depth,
        "expanded": search.links.expanded,
        "states": statistics.states,
        "deepest": statistics.depth,
        "ends": statistics.ends,
        "seconds": time.monotonic() - search._started,
        "premises": [expander.judging.premises[prop] for prop in expander.judging.premises],
        "found": [list(search.found.get(prop, ())) for prop in search.properties],
    }
    return arrays, values


def _put_back(search: TableSearch, arrays: dict[str, Any], values: dict[str, Any]) -> bool:
    """Go back to what was kept; return whether the model gives the same answers as then."""
    expander, tables = search.expander, search.expander.tables
    search.starts = list(dict.fromkeys(search.system.initial()))
    for world in search.starts:
        tables.intern(world)
    if search.symmetry is not None:
        search.symmetry.keep_up()
    try:
        for *question, now in arrays["journal"].tolist():
            tables.now = now
            tables.fill(*question)
    except (
        IndexError,
        KeyError,
        AssertionError,
    ):  # a question about a value that did not come up this time
        return False
    if [len(component) for component in tables.components] != values["sizes"]:
        return False
    tables.use_layout(Layout(values["words"], tuple((w, s, b) for w, s, b in values["layout"])))
    expander.tries.keep_up()
    words = values["words"]
    expander.store.insert([(arrays["states"], len(arrays["states"]) // words)], words)
    at, levels = 0, search.levels
    for count, is_there in values["levels"]:
        size = count * words if is_there else 0
        levels.all.append((arrays["levels"][at : at + size], count if is_there else 0))
        at += size
    levels.all[-1] = (levels.rows, values["levels"][-1][0])
    levels.next.items, levels.next_count = arrays["next"].copy(), values["next"]
    # How these were found is not kept; then no step of theirs sleeps.
    levels.origins = np.full(levels.count, codes.NOWHERE, np.uint16)
    levels.next_origins.items = np.full(max(1, levels.next_count), codes.NOWHERE, np.uint16)
    for growing, key in (
        (search.links.children, "children"),
        (search.links.ordinals, "ordinals"),
        (search.marks, "marks"),
    ):
        growing.items = arrays[key].copy()
    expander.counts, expander.judging.environments = arrays["counts"].copy(), arrays["environments"].copy()
    search._at, search._depth, search.links.expanded = values["at"], values["depth"], values["expanded"]
    statistics = search.statistics
    statistics.states, statistics.depth, statistics.ends = (
        values["states"],
        values["deepest"],
        values["ends"],
    )
    statistics.starts = len(search.starts)
    statistics.transitions = expander.transitions
    search._started -= values["seconds"]
    for prop, count in zip(list(expander.judging.premises), values["premises"], strict=True):
        expander.judging.premises[prop] = count
    for prop, where in zip(search.properties, values["found"], strict=True):
        if where:
            search.found[prop] = (where[0], where[1])
    search._is_restored = True
    return True


def identity(search: TableSearch) -> dict[str, Any]:
    """Return what must be the same when a search goes on: the model, its bounds, what is decided, and the depth."""
    system, properties, limits = search.system, search.properties, search.limits
    return {
        "alike": search.symmetry.told if search.symmetry is not None else "",
        "told": f"{system}; {system.bounds}",
        "model": f"{type(system.protocol).__module__}.{type(system.protocol).__qualname__}",
        "properties": [f"{prop.kind.value}: {prop.name}" for prop in properties],
        "max_depth": limits.max_depth,
        "fairness": str(system.fairness),
    }


def _pointer(folder: Path) -> dict[str, Any]:
    try:
        pointer: dict[str, Any] = json.loads((folder / LATEST).read_text())
    except FileNotFoundError:
        raise UsageError(f"there is no checkpoint in {folder}.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"the checkpoint in {folder} is damaged: {LATEST} cannot be read.") from error
    if not isinstance(pointer, dict) or pointer.get("format") != FORMAT:
        raise UsageError(f"{folder} holds no checkpoint that this version of everyway understands.")
    return pointer


def _latest(folder: Path) -> str:
    try:
        return str(_pointer(folder)["latest"])
    except UsageError:
        return ""


def _contents(folder: Path) -> dict[str, Any]:
    pointer = _pointer(folder)
    path = folder / str(pointer.get("latest")) / "contents.json"
    try:
        if digest(path) != pointer["contents"]:
            raise UsageError(f"the checkpoint in {folder} is damaged: {path.name} is not what was written.")
        contents: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"the checkpoint in {folder} is damaged: {path.name} cannot be read.") from error
    return contents


def _write_safely(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    part = path.with_suffix(".part")
    with open(part, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
