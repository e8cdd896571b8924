"""Writes the pages that are made from the code: ``claims.md`` from the claims, ``state-counts.md`` by checking.

Run it as ``python docs/generate.py claims`` or ``python docs/generate.py state-counts``; the latter takes some minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from everyway import Limits, Protocol, check
from everyway.checking import as_system
from everyway.claims import bounds_of, name_of
from everyway.claims_report import SYSTEMS
from everyway.models.catalogue import PLACES, model
from everyway.models.claims import CLAIMS, Calculation, Case, Claim

HERE = Path(__file__).resolve().parent
MOST_STATES = 2_000_000
A_LOT = 100_000
"""What is said of a space that filled the memory first; where exactly depends on the machine."""


def claims_page() -> str:
    """Return the page of claims."""
    return "\n".join(
        [
            "# What the study notes claim",
            "",
            "Made by `docs/generate.py` from `models/claims/`. `everyway claims` decides them; `everyway claims paxos` "
            "shows the cases of",
            "one system, and `everyway claims --report claims.html` a diagram of every counterexample and witness.",
            "",
            "The verdict is on the sentence as the notes have it. Under it stands what is checked, and what each check "
            "is expected to find.",
            "",
            *(
                line
                for system in dict.fromkeys(claim.system for claim in CLAIMS)
                for line in [f"## {SYSTEMS[system]}", "", *_claims_of(system)]
            ),
        ]
    )


def _claims_of(system: str) -> Iterator[str]:
    for claim in CLAIMS:
        if claim.system == system:
            yield from _claim(claim)


def _claim(claim: Claim) -> Iterator[str]:
    yield f"### `{claim.id}`: {claim.ruling.value}"
    yield ""
    yield f"{claim.sentence} {claim.why}" + (f" ({claim.reference})" if claim.reference else "")
    if claim.line:
        yield ""
        yield f"Notes, {claim.line}: {claim.words}"
    yield ""
    for case in claim.cases:
        yield f"- {_told(case)}"
    if claim.cases:
        yield ""


def _told(case: Case | Calculation) -> str:
    if isinstance(case, Calculation):
        return f"calculated: {case.words}"
    steps = f" in {case.length} steps" if case.length is not None else ""
    when = f" ({case.when})" if case.when else ""
    bounds = f"; {bounds_of(case)}" if bounds_of(case) else ""
    return f"{case.property.name}{when}: **{case.expected.value}**{steps}. {name_of(case)}{bounds}"


def state_counts_page() -> str:
    """Return the page of state counts; everything is checked for it."""
    lines = [
        "# State counts",
        "",
        "Made by `docs/generate.py`: every model of the library and every variant, with its default parameters and no",
        "faults, explored to the end with all of its promises. States that differ only in the names of interchangeable",
        "nodes count as one; so the same counts come out of every engine and on every machine. Seconds are those of",
        "one machine, with two threads, and say only which are quick.",
        "",
        "| model | variant | parameters and bounds | states | transitions | depth | seconds |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for name in PLACES:
        kind = model(name)
        for variant, varied in [("", kind), *kind.variants().items()]:
            row = state_count(varied)
            print(name, variant, row, file=sys.stderr, flush=True)
            lines.append(f"| {name} | {variant} | {row} |")
    return "\n".join([*lines, ""])


def state_count(kind: type[Protocol]) -> str:
    """Return what is told of one model: bounds, states, transitions, depth and seconds."""
    system = as_system(kind)
    parameters = ", ".join(str(system.protocol).split(", ")[1:])
    started = time.perf_counter()
    report = check(system, limits=Limits(max_states=MOST_STATES))
    seconds = time.perf_counter() - started
    statistics = report.statistics
    bounds = "; ".join(words for words in (parameters, system.bounds) if words)
    counts = f"{statistics.states:,} | {statistics.transitions:,} | {statistics.depth}"
    if not report.is_complete:
        least = MOST_STATES if report.stopped_by == "max_states" else A_LOT
        counts = f"more than {least:,} | |"
    return f"{bounds} | {counts} | {seconds:.1f}"


PAGES = {"claims": claims_page, "state-counts": state_counts_page}


if __name__ == "__main__":
    asked = sys.argv[1:] or list(PAGES)
    unknown = [name for name in asked if name not in PAGES]
    if unknown:
        sys.exit(f"unknown page {', '.join(unknown)}. Known: {', '.join(PAGES)}.")
    for name in asked:
        (HERE / f"{name}.md").write_text(PAGES[name](), encoding="utf-8")
