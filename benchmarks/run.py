"""The benchmarks: everyway, SPIN, rumur and the machine's own limit, side by side in one run.

    python benchmarks/run.py                     everything, five rounds; writes benchmarks/results.md
    python benchmarks/run.py --quick             small models, one round: does it all still work?
    python benchmarks/run.py --only paxos        one part of it

The contestants take turns, round by round, so that a slow minute of the machine hits all of them alike; each runs in a
process of its own. Their counts are compared with what is known: a wrong one ends the run. ``README.md`` tells what is
measured and why it is fair.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
from child import CHILDREN, HERE, in_child
from conditions import conditions
from measured import BenchmarkFailed
from parts import gray_lamport, paxos, startup, symmetry
from race import Settings
from rich.console import Console
from rivals import RivalFailed
from tables import WIDTH, Part, as_markdown, show, tables_of

RESULTS = HERE / "results.md"


PARTS: dict[str, Callable[[Settings], Part]] = {
    "gray-lamport": gray_lamport,
    "paxos": paxos,
    "symmetry": symmetry,
    "startup": startup,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Measure everyway beside SPIN, rumur and the machine's limit."
    )
    parser.add_argument("--repeat", type=int, help="how many rounds; by default 5, with --quick 1")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="only these parts")
    parser.add_argument("--quick", action="store_true", help="small models, to see that all works")
    parser.add_argument(
        "--output",
        type=Path,
        help="where to write the results, as Markdown; by default benchmarks/results.md if everything is measured, "
        "else nowhere",
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        task, its_arguments = json.loads(options.child)
        print(json.dumps(attrs.asdict(CHILDREN[task](**its_arguments))))
        return 0
    rounds = options.repeat if options.repeat is not None else 1 if options.quick else 5
    if rounds < 1:
        parser.error(f"--repeat must be 1 or more, not {rounds}.")
    output = options.output or (None if options.quick or options.only else RESULTS)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="everyway-benchmarks-") as folder:
        settings = Settings(rounds, options.quick, Path(folder), Console(stderr=True, highlight=False))
        try:
            # Whatever must be compiled and kept is, before anything is measured.
            in_child("search", model="gray-lamport", size=[1], threads=2)
            parts = [PARTS[name](settings) for name in options.only or PARTS]
        except (BenchmarkFailed, RivalFailed) as reason:
            settings.progress.print(f"\n{reason}", style="red", markup=False)
            return 1
    told, tables = conditions(settings, load), tables_of(parts)
    screen = Console()
    # A table that is piped into a file need not fit on a screen.
    show(screen if screen.is_terminal else Console(width=WIDTH), told, tables)
    if output:
        output.write_text(as_markdown(told, tables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
