"""The page of state counts says what is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from everyway import check
from everyway.invariants.property import PropertyKind
from everyway.models.catalogue import PLACES, model

PAGE = Path(__file__).resolve().parent.parent / "docs" / "state-counts.md"
SMALL = 1_500

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [a-z0-9]", line) and not line.startswith("| model")
]


def test_every_model_and_variant_has_a_row():
    wanted = [(name, variant) for name in PLACES for variant in ["", *model(name).variants()]]
    assert sorted((row[0], row[1]) for row in ROWS) == sorted(wanted), (
        "run `python docs/generate.py state-counts`"
    )


def test_no_model_or_variant_holds_for_want_of_anything_to_happen():
    kinds = [kind for name in PLACES for kind in [model(name), *model(name).variants().values()]]
    without = [
        kind.title()
        for kind in kinds
        if not any(prop.kind is PropertyKind.POSSIBLE for prop in kind().promises())
    ]
    assert without == []


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]).strip())
def test_small_models_have_the_counts_of_the_page(row):
    name, variant, _, states, transitions, depth, _ = row
    if not states[0].isdigit() or int(states.replace(",", "")) > SMALL:
        return
    kind = model(name).variants()[variant] if variant else model(name)
    statistics = check(kind).statistics
    assert (f"{statistics.states:,}", f"{statistics.transitions:,}", str(statistics.depth)) == (
        states,
        transitions,
        depth,
    )
