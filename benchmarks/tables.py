"""Tables: what was measured, as it is shown and written down."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from attrs import frozen
from goals import Goal
from measured import Run
from rich.console import Console
from rich.table import Table as RichTable

WIDTH = 140


NOT_MEASURED = (
    "Stateright and TLC are not measured in this run. When everyway was designed, a prototype of it searched Gray & "
    "Lamport with 9 managers 4 times as fast as Stateright 0.31 (depth-first) and 28 times as fast as TLC (1 worker)."
)


@frozen
class Table:
    """A table to show. Columns without a heading are text, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    remarks: Sequence[str] = ()

    @property
    def are_figures(self) -> list[bool]:
        """Whether each column has figures, which are flush right."""
        return [bool(column) for column in self.columns]


@frozen
class Part:
    """What one part of the benchmarks found."""

    tables: Sequence[Table]
    goals: Sequence[Goal] = ()


def spread(seconds: Sequence[float]) -> tuple[str, str]:
    """Return the median, and the least and the greatest."""
    digits = 2 if median(seconds) >= 1 else 3
    return f"{median(seconds):.{digits}f}", f"{min(seconds):.{digits}f}–{max(seconds):.{digits}f}"


def table_of(title: str, runs: dict[str, list[Run]], remarks: Sequence[str]) -> Table:
    """Return the table of a race."""
    columns = (
        "",
        "median s",
        "min–max s",
        "M transitions/s",
        "bytes a state",
        "grown, bytes a state",
        "process s",
        "peak MiB",
    )
    first = next(iter(runs.values()))[0]
    rows = []
    for name, all_runs in runs.items():
        middle = median(run.seconds for run in all_runs)
        rows.append(
            (
                name,
                *spread([run.seconds for run in all_runs]),
                f"{(first.transitions or 0) / middle / 1e6:.1f}",
                _middle([run.bytes_per_state for run in all_runs], ".1f"),
                _middle([run.grown for run in all_runs], ".1f"),
                _middle([run.wall for run in all_runs], ".2f") if name.startswith("everyway") else "",
                _middle([run.peak and run.peak / 2**20 for run in all_runs], ",.0f"),
            )
        )
    notes = [f"{name}: {all_runs[-1].note}." for name, all_runs in runs.items() if all_runs[-1].note]
    counted = (
        f"{first.states:,} states, {first.transitions:,} transitions, the same for all that counted them."
    )
    return Table(title, columns, rows, [counted, *notes, *remarks])


def _middle(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(median(known), form) if known else ""


def tables_of(parts: Sequence[Part]) -> list[Table]:
    """Return all tables of some parts; those of what is aimed at and of how all compare come first."""
    goals = [goal for part in parts for goal in part.goals]
    aimed = [(goal.of, goal.what, goal.told, goal.target, goal.verdict) for goal in goals if goal.target]
    others = [(goal.of, goal.what, goal.told) for goal in goals if not goal.target]
    remark = "Ratios are of medians; in brackets the least and the greatest within one round."
    told = [
        Table("What is aimed at", ("", "", "measured", "target", ""), aimed, [remark, NOT_MEASURED]),
        Table("How they compare besides", ("", "", "measured"), others),
    ]
    return [*(table for table in told if table.rows), *(one for part in parts for one in part.tables)]


def as_markdown(told: Sequence[str], tables: Sequence[Table]) -> str:
    """Return everything as a page of Markdown."""
    lines = [
        "# Results of the benchmarks",
        "",
        "Written by `python benchmarks/run.py`; [README.md](README.md) tells how to read it.",
        "",
        *(f"- {line}" for line in told),
    ]
    for table in tables:
        lines += ["", f"## {table.title}", ""]
        if table.rows:
            lines.append(f"| {' | '.join(table.columns)} |")
            lines.append(f"|{'|'.join('---:' if is_figure else '---' for is_figure in table.are_figures)}|")
            lines += [f"| {' | '.join(row)} |" for row in table.rows]
            lines += [""] * bool(table.remarks)
        lines += [f"- {remark}" for remark in table.remarks]
    return "\n".join(lines) + "\n"


def show(console: Console, told: Sequence[str], tables: Sequence[Table]) -> None:
    """Print everything."""
    for line in told:
        console.print(line, markup=False, highlight=False)
    for table in tables:
        console.print()
        if table.rows:
            shown = RichTable(title=table.title, title_justify="left")
            for column, is_figure in zip(table.columns, table.are_figures, strict=True):
                shown.add_column(column, justify="right" if is_figure else "left", no_wrap=not is_figure)
            for row in table.rows:
                shown.add_row(*row)
            console.print(shown)
        else:
            console.print(table.title, style="italic", highlight=False)
        for remark in table.remarks:
            console.print(f"- {remark}", markup=False, highlight=False)
