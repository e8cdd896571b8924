"""Telling: what was counted in numbers of the tables, in terms of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from everyway.explorer.growth import Growth, growing_part
from everyway.explorer.statistics import Statistics

from .expander import Expander
from .model_tables import ModelTables


def tell_counts(statistics: Statistics, expander: Expander, environments: Any) -> None:
    """Turn counts of moves, environments, premises and values into statistics.

    Args:
        statistics: takes them.
        expander: what counted.
        environments: in how many states the environment had each of its values.
    """
    tables = expander.tables
    statistics.transitions = expander.transitions
    for move in np.flatnonzero(expander.counts):
        statistics.count(tables.actions[move], int(expander.counts[move]))
    for number in np.flatnonzero(environments):
        for kind in tables.system.spent(tables.environment.items[number]):
            statistics.spent[kind] += int(environments[number])
    for prop, count in expander.judging.premises.items():
        if count:
            statistics.premises[prop.name] += count
    statistics.values = {values.name: len(values) for values in tables.components}


def growth(tables: ModelTables, states: int) -> Growth | None:
    """Return the part of the state that kept growing until so many states had been visited, if any did."""
    late = states // 2
    met = sorted(
        (when, k, number)
        for k, values in enumerate(tables.components)
        for number, when in enumerate(values.met)
    )
    return growing_part(
        (name, part, when >= late) for when, k, number in met for name, part in tables.worlds.parts(k, number)
    )
