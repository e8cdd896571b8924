"""The environment's tables: which faults and repairs are available, and what they make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everyway.models.language.action import Action, Kind
from everyway.models.language.faults import FAULT_KINDS
from everyway.models.language.network import Network
from everyway.models.language.system import System

from . import codes
from .regions import Pool, Region
from .values import Surroundings

if TYPE_CHECKING:
    from .model_tables import ModelTables


class Environments:
    """The tables of a system's environments.

    Args:
        system: the system.
        pool: where they lie.
        tables: the model's tables, among whose moves heals and partitions are.
    """

    def __init__(self, system: System, pool: Pool, tables: ModelTables) -> None:
        self._system, self._tables = system, tables
        self._names = system.roster.names
        operations = codes.OP_PARTITION + len(system._splits)
        stride = codes.E_OPERATIONS + operations + len(self._names)
        self._region = Region(pool, stride, codes.MISS, codes.ENVIRONMENTS)
        pool.head[codes.ENVIRONMENT_STRIDE] = stride
        self._heal = 0
        self._partitions: list[int] = []

    def put(self, number: int, operation: int, after: int) -> None:
        """Note the environment that an operation makes of one."""
        self._region.put(number, after, codes.E_OPERATIONS + operation)

    def note(self, number: int, value: Surroundings) -> None:
        """Write what is on offer in an environment; what operations make of it is filled in when it is asked."""
        system, region = self._system, self._region
        self._region.need(number + 1)
        has = {kind: left > 0 for kind, left in zip(FAULT_KINDS, value.left, strict=True)}
        is_set = system.network is Network.SET
        flags = (
            codes.HAS_CRASHES * has["crashes"]
            | codes.HAS_RESTARTS * has["restarts"]
            | codes.HAS_SUSPICIONS_LEFT * has["suspicions"]
            | codes.HAS_LOSSES * (has["losses"] and not is_set)
            | codes.HAS_DUPLICATES * (has["duplicates"] and not is_set)
            | codes.IS_SPLIT * (value.cut_off is not None)
        )
        heal = partitions = 0
        if value.cut_off is not None and (system.faults.heals is None or has["heals"]):
            if not self._heal:
                self._heal = self._tables.move(Action(Kind.HEAL), operation=codes.OP_HEAL)
            heal = self._heal
        if value.cut_off is None and has["partitions"] and system._splits:
            if not self._partitions:
                for k, side in enumerate(system._splits):
                    sides = (
                        tuple(name for name in self._names if name not in side),
                        tuple(name for name in self._names if name in side),
                    )
                    action = Action(Kind.PARTITION, sides=sides)
                    self._partitions.append(self._tables.move(action, operation=codes.OP_PARTITION + k))
            partitions = self._tables.list_of([len(self._partitions), *self._partitions])
        region.put(number, [flags, heal, partitions])
        cut_off = value.cut_off or frozenset()
        count = len(self._names)
        region.put(number, [int(name in cut_off) for name in self._names], region.stride - count)

    def after(self, value: Surroundings, operation: int) -> Surroundings:
        """Return the environment that an operation makes of one in which it is available."""
        left = dict(zip(FAULT_KINDS, value.left, strict=True))
        cut_off = value.cut_off
        for kind in {
            codes.OP_CRASH: ["crashes"],
            codes.OP_SUSPECT: ["suspicions"],
            codes.OP_SUSPECT_CRASH: ["suspicions", "crashes"],
            codes.OP_RESTART: ["restarts"],
            codes.OP_RESTART_CRASH: ["restarts", "crashes"],
            codes.OP_HEAL: [] if self._system.faults.heals is None else ["heals"],
            codes.OP_LOSS: ["losses"],
            codes.OP_DUPLICATE: ["duplicates"],
        }.get(operation, ["partitions"]):
            left[kind] -= 1
        if operation == codes.OP_HEAL:
            cut_off = None
        elif operation >= codes.OP_PARTITION:
            cut_off = self._system._splits[operation - codes.OP_PARTITION]
        return Surroundings(cut_off, tuple(left.values()), value.start)
