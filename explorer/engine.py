"""Engines: which explorer a check runs on.

The table engine (``tables/``) explores protocols; whatever else has ``initial()`` and ``steps(state)``, and who asks
for it, gets the reference explorer. Both give the same counts, verdicts and traces.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.errors import UsageError, did_you_mean
from everyway.models.language.system import System

from .growth import Growth
from .limits import Limits
from .memory import seldom_collected
from .reference import Exploration, Search, Watcher
from .statistics import Statistics
from .verdict import Verdict

Engine = Literal["auto", "tables", "plain", "reference"]
"""``tables``: compiled; ``plain``: the same tables in plain Python; ``reference``: the plain semantics, state by
state. ``auto``: tables that start in plain Python and are compiled once the search has grown."""


class Explored(Protocol):
    """A search that has ended, whichever engine did it."""

    statistics: Statistics
    stopped_by: str

    @property
    def is_complete(self) -> bool:
        """Whether every state under the bounds was visited and every step taken."""
        ...

    @property
    def told_limit(self) -> str:
        """What stopped the search, in words; empty if nothing did."""
        ...

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property."""
        ...

    def growth(self) -> Growth | None:
        """Return the part of the state that kept growing."""
        ...


@seldom_collected()
def explore(
    system: Any,
    properties: Sequence[Property] = (),
    *,
    search: Search = "bfs",
    limits: Limits | None = None,
    watcher: Watcher | None = None,
    stop_when_decided: bool = False,
    engine: Engine = "auto",
    threads: int | None = None,
    symmetry: bool = True,
    checkpoints: Path | str | None = None,
    resumes: bool = False,
    request: Mapping[str, Any] | None = None,
) -> Explored:
    """Search a system on an engine; the arguments are those of ``Exploration``, and:

    Args:
        engine: which one.
        threads: on how many threads the table engine works; by default one for each core.
        symmetry: count states that differ only in the names of interchangeable nodes as one, where the protocol
            declares such nodes and every property treats them alike.
        checkpoints: a folder in which the search is kept every few minutes, and when it is interrupted.
        resumes: go on from the checkpoint in that folder.
        request: kept with it: how the check was asked for.

    Raises:
        UsageError: for an engine or a number of threads that there is not, and for the compiled kernel where Numba does
            not work.
        ModelError: if the model breaks a rule of the language.
    """
    if engine not in get_args(Engine):
        known = get_args(Engine)
        raise UsageError(
            f"unknown engine '{engine}'.{did_you_mean(engine, known)} Known: {', '.join(known)}."
        )
    if search not in get_args(Search):
        searches = get_args(Search)
        raise UsageError(
            f"unknown search '{search}'.{did_you_mean(search, searches)} Known: {', '.join(searches)}."
        )
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be 1 or more, not {threads}.")
    arguments: dict[str, Any] = {
        "limits": limits,
        "watcher": watcher,
        "stop_when_decided": stop_when_decided,
    }
    uses_tables = isinstance(system, System) and engine != "reference"
    if checkpoints is not None and (not uses_tables or search != "bfs"):
        raise UsageError("checkpoints are for breadth-first searches of protocols on the table engine.")
    if not uses_tables:
        return Exploration(system, properties, search=search, **arguments).run()
    from .tables.search import TableSearch

    if engine == "tables":
        _see_that_it_compiles()
    if search == "dfs":
        from .tables.depth_first import DepthFirst
        from .tables.depth_limited import DepthLimited

        is_limited = limits is not None and limits.max_depth is not None
        return (DepthLimited if is_limited else DepthFirst)(
            system, properties, engine=engine, **arguments
        ).run()
    arguments |= {"engine": engine, "threads": threads or min(os.cpu_count() or 1, 16)}
    keeper = None
    if checkpoints is not None:
        from .tables.checkpoint import Checkpoints, restore

        keeper = Checkpoints(Path(checkpoints), request=request or {})
        keeper.note_sources(system, properties)
        if not resumes:
            keeper.prepare()
    from .tables.symmetry import NotSymmetricError

    reason = ""
    if symmetry and any(prop.kind is PropertyKind.TEMPORAL for prop in properties):
        # Fairness is about single nodes, and a loop through names that were swapped need not come round.
        symmetry = False
        if any(system.protocol.interchangeable()):
            reason = "a promise over time is about single nodes"
    while True:
        try:
            searching = TableSearch(system, properties, symmetry=symmetry, checkpoints=keeper, **arguments)
            if keeper is not None and resumes:
                restore(searching, keeper.folder)
                keeper.begin()
            searching.run()
            searching.verdicts()  # only now are the properties known not to tell nodes apart
        except NotSymmetricError as error:
            if not symmetry:
                raise
            symmetry, reason = False, str(error)
            continue
        searching.statistics.told_apart = reason
        searching.statistics.sample = searching.symmetry.sample if searching.symmetry is not None else ""
        searching.statistics.unkept = keeper.problem if keeper is not None else ""
        return searching


def _see_that_it_compiles() -> None:
    from .tables.store import CompiledStore

    try:
        CompiledStore()
    except ImportError as error:
        raise UsageError(
            f"the compiled kernel needs Numba, which does not work here ({error}); the engine 'plain' does the same "
            f"without it, and 'auto' takes what there is."
        ) from error
