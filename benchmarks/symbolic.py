"""Going through states against asking a solver, side by side: ``python benchmarks/symbolic.py``.

Writes ``symbolic.md`` beside this file. Each side may take a quarter of a minute.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from everyway import Limits, System, check
from everyway.proofs.symbolic import decide

sys.path.insert(0, str(Path(__file__).parent))
from ring import Ring

SECONDS = 15


def main() -> None:
    """Measure, and write the table."""
    lines = [
        "# Exploring and asking a solver",
        "",
        "| token ring | exploring | s | solver | s | times as fast |",
        "|---|---|---:|---|---:|---:|",
    ]
    check(Ring(7), engine="tables")  # compiles, or loads, the kernel
    for stations, tokens in ((6, 1), (10, 1), (14, 1), (10, 2), (14, 2)):
        model = Ring(stations, tokens)
        prop = model.promises()[0]
        started = time.monotonic()
        report = check(model, prop, limits=Limits(max_seconds=SECONDS), stop_when_decided=True, threads=1)
        explored = time.monotonic() - started
        verdict = decide(System(model), prop, max_seconds=SECONDS)
        found = f"{report.outcome.value}, {report.statistics.states:,} states"
        ratio = f"{explored / verdict.seconds:.2f}"
        lines.append(
            f"| {stations} stations, {tokens} tokens | {found} | {explored:.2f} | {verdict.outcome.value} "
            f"| {verdict.seconds:.2f} | {ratio} |"
        )
        print(lines[-1], flush=True)
    Path(__file__).with_name("symbolic.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
