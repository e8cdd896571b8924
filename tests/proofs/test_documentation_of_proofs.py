"""docs/proofs.md: its theory is proved, its table counts right, and every field of the JSON is there."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest
from proved import proof
from test_theories_are_proved import INDUCTIVE, PROVABLE_VARIANTS

from everyway.proofs.catalogue import THEOREMS
from everyway.proofs.induction import Outcome, prove
from everyway.proofs.report_json import as_json
from everyway.proofs.solver import SolverLimits

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "proofs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def test_the_first_example_runs():
    exec(EXAMPLES[0], {})


def test_the_example_of_a_test_passes():
    names: dict[str, object] = {}
    exec(EXAMPLES[1], names)
    names["test_paxos_agrees_for_any_number_of_acceptors"]()


@pytest.fixture
def vote():
    module = types.ModuleType("vote")
    sys.modules["vote"] = module
    exec(EXAMPLES[2].replace("class Voter", "__name__ = 'vote'\n\n\nclass Voter", 1), vars(module))
    yield module
    del sys.modules["vote"]


def test_the_theory_is_proved_and_its_mistake_is_not(vote):
    assert prove(vote.Vote.specification(), SolverLimits(60.0)).outcome is Outcome.PROVED
    found = prove(vote.Vote.variants()["hasty"].specification(), SolverLimits(60.0))
    assert found.outcome is Outcome.REFUTED
    sizes = {
        kind.__name__: len(some) for kind, some in found.refuted[0].counterexample.before.elements.items()
    }
    assert sizes == {"Voter": 1, "Choice": 2}


def test_the_table_counts_right():
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \|(.*)\|$", PAGE, re.M)
    found = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert list(found) == INDUCTIVE
    for name, (actions, lemmas, queries, *_, mistakes) in found.items():
        made, done = proof(name).specification, proof(name)
        variants = THEOREMS[name].load().variants()
        wrong = [variant for variant in variants if (name, variant) not in PROVABLE_VARIANTS]
        counted = (
            len(made.actions),
            len(made.lemmas),
            len(done.obligations) + len(done.firings) + 1,
            len(wrong),
        )
        assert (name, *map(int, (actions, lemmas, queries, mistakes))) == (name, *counted)


def test_every_field_of_the_json_is_told():
    values = as_json("fencing", THEOREMS["fencing"].load(), proof("fencing"))
    told = set(re.findall(r"`(\w+)`", PAGE[PAGE.index("## JSON") :]))
    fields = set(values) | {field for one in values["obligations"] for field in one}
    fields |= {field for one in values["actions"] for field in one}
    assert fields <= told
