"""``everyway prove cap``: CAP for all strategies, and those found where one of the three is given up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from everyway.models.language import UsageError

from .app import app, console, explained
from .options import AsciiOption, DebugOption, JsonOption
from .paragraph import PLAIN, can_show_all, say

if TYPE_CHECKING:
    from rich.console import Console

    from everyway.proofs.synthesis import CapReport, TableAnswer

_MARKS = {"proved": ("✓", "+", "green"), "refuted": ("✗", "x", "bold red"), "unknown": ("?", "?", "yellow")}


@app.command(
    "prove-cap",
    hidden=True,
    epilog="Exit codes: 0 shown, 1 contradicted, 2 bad input, 3 unknown as a limit was reached.",
)
@explained
def prove_cap_command(
    nodes: Annotated[int, typer.Option(help="How many replicas there are: 2 or 3.")] = 2,
    states: Annotated[int, typer.Option(help="How many states each replica's table has.")] = 2,
    messages: Annotated[int, typer.Option(help="How many different messages a table may send.")] = 1,
    max_rounds: Annotated[
        int, typer.Option(help="After so many proposals a search for tables is given up.")
    ] = 5_000,
    max_seconds: Annotated[
        float | None, typer.Option(help="Likewise after so long, for each question.", show_default=False)
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Save the strategies that were found as models in this folder.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Show CAP for a register: no strategy is consistent and available although the network may be cut in two."""
    raise typer.Exit(
        run_cap(
            nodes,
            states,
            messages=messages,
            max_rounds=max_rounds,
            max_seconds=max_seconds,
            save=save,
            as_json=json,
            ascii_only=ascii,
        )
    )


def run_cap(
    nodes: int = 2,
    states: int = 2,
    *,
    messages: int = 1,
    max_rounds: int = 5_000,
    max_seconds: float | None = None,
    save: Path | None = None,
    as_json: bool = False,
    ascii_only: bool = False,
) -> int:
    """Ask all questions, print the report, save the strategies if wanted; return the exit code.

    Raises ``UsageError`` for numbers that make no sense.
    """
    from everyway.proofs.synthesis import prove_cap

    if not 2 <= nodes <= 3:
        raise UsageError(f"--nodes must be 2 or 3, not {nodes}: with more, the tables are too many.")
    for option, number in (("states", states), ("messages", messages), ("max-rounds", max_rounds)):
        if number < 1:
            raise UsageError(f"--{option} must be 1 or more, not {number}.")
    if max_seconds is not None and not max_seconds >= 0:
        raise UsageError(f"--max-seconds must be 0 or more, not {max_seconds:g}.")
    if save is not None and not save.is_dir():
        raise UsageError(f"there is no folder {save} to save the strategies in.")
    report = prove_cap(nodes, states, messages=messages, max_rounds=max_rounds, max_seconds=max_seconds)
    saved = _saved(report, save) if save is not None else []
    if as_json:
        from json import dumps

        typer.echo(dumps(cap_as_json(report), indent=2, ensure_ascii=ascii_only))
    else:
        out = console(sys.stdout)
        print_cap_report(report, out, ascii_only=ascii_only)
        for path in saved:
            say(out, f"saved {path}", ascii_only=ascii_only)
    return report.exit_code


def _saved(report: CapReport, folder: Path) -> list[Path]:
    from everyway.proofs.synthesis import as_python

    saved = []
    for answer in report.tables:
        if answer.synthesis.strategy is not None:
            path = folder / f"{answer.question.name.lower()}_register.py"
            words = f"A register that is {answer.question.words}."
            path.write_text(
                as_python(answer.synthesis.strategy, answer.question.name, words), encoding="utf-8"
            )
            saved.append(path)
    return saved


def print_cap_report(report: CapReport, out: Console, *, ascii_only: bool = False) -> None:
    """Print what was asked and found, the tables of every strategy that was found, and what exactly was covered."""
    ascii_only = ascii_only or not can_show_all(out)
    say(out, f"CAP for a register on {report.replicas} replicas", "bold", ascii_only=ascii_only)
    out.print()
    for lines in (_theorem(report), *(_tables(answer) for answer in report.tables)):
        for outcome, words in lines:
            mark, plain, style = _MARKS[outcome]
            say(out, words, style, lead=f" {plain if ascii_only else mark}", lead_style=style, column=3)
    for answer in report.tables:
        if answer.synthesis.strategy is not None:
            out.print()
            _print_strategy(answer, out, ascii_only)
    out.print()
    for lead, words in covered(report):
        say(out, words, lead=lead, lead_style="dim", column=10, ascii_only=ascii_only)


def _theorem(report: CapReport) -> list[tuple[str, str]]:
    asked = [answer for answer in report.theorem if answer.is_cut and len(answer.demanded) == 2]
    seconds = sum(answer.seconds for answer in asked) + report.induction.seconds
    if report.is_theorem_proved:
        first = (
            "proved",
            f"no strategy of any memory is consistent and available when the network is cut (unsat, {seconds:.2f} s)",
        )
    else:
        is_wrong = any(answer.result == "sat" for answer in asked)
        first = (
            "refuted" if is_wrong else "unknown",
            "consistent and available when the network is cut: "
            + ("z3 found a strategy for the three runs" if is_wrong else "z3 gave up"),
        )
    lines = [first]
    for answer in report.theorem:
        if answer in asked:
            continue
        what = " and ".join(answer.demanded)
        where = "the network is cut" if answer.is_cut else "everything arrives"
        only = "alone " if len(answer.demanded) == 1 else ""
        outcome = {"sat": "proved", "unsat": "refuted"}.get(answer.result, "unknown")
        found = {"sat": "there are strategies", "unsat": "there is no strategy"}.get(
            answer.result, "z3 gave up"
        )
        lines.append(
            (outcome, f"{what} {only}where {where}: {found} ({answer.result}, {answer.seconds:.2f} s)")
        )
    return lines


def _tables(answer: TableAnswer) -> list[tuple[str, str]]:
    synthesis = answer.synthesis
    size = f"{synthesis.rounds:,} proposals, {synthesis.seconds:.1f} s"
    found = {
        "none": f"no table (unsat after {size})",
        "found": f"found ({size})",
        "unknown": f"unknown: {synthesis.why} ({size})",
    }[synthesis.result.value]
    if synthesis.result.value == "unknown":
        outcome = "unknown"
    elif not answer.is_confirmed or (answer.question.name == "CAP" and synthesis.strategy is not None):
        outcome = "refuted"
    else:
        outcome = "proved"
    return [(outcome, f"tables that are {answer.question.words}: {found}")]


def _print_strategy(answer: TableAnswer, out: Console, ascii_only: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from everyway.proofs.synthesis.model import does_something
    from everyway.proofs.synthesis.strategy import name_of, told_occasion, told_reply, told_sends

    strategy = answer.synthesis.strategy
    assert strategy is not None
    say(out, f"{answer.question.name}: {answer.question.words}", "bold", ascii_only=ascii_only)
    table = Table(box=None, padding=(0, 2, 0, 1), header_style="dim", pad_edge=False)
    for heading in ("replica", "state", "on", "next", "sends", "answers"):
        table.add_column(heading)
    for cell in strategy.family.cells():
        move = strategy.moves[cell]
        if cell in answer.synthesis.used and does_something(cell, move):
            table.add_row(
                name_of(cell.replica),
                f"s{cell.state}",
                Text(told_occasion(strategy.family, cell.occasion)),
                f"s{move.next}",
                Text(told_sends(strategy.family, cell, move)),
                Text(told_reply(strategy.family, cell, move)),
            )
    out.print(table)
    for recheck in answer.rechecks:
        when = "with a partition" if recheck.partitions else "without a partition"
        words = ", ".join(
            f"{name} {recheck.outcome(name)}" for name in ("linearizable", "available", "valid", "convergent")
        )
        words = f"checked {when}, {recheck.states} states: {words}"
        say(out, words.translate(PLAIN) if ascii_only else words, "dim", column=1, ascii_only=ascii_only)


def covered(report: CapReport) -> list[tuple[str, str]]:
    """Return what exactly the answers cover, each with a lead."""
    rounds = ", ".join(
        str(answer.rounds) for answer in report.theorem if answer.is_cut and len(answer.demanded) == 2
    )
    family = report.tables[0].synthesis.family
    return [
        (
            "theorem",
            f"covers every deterministic strategy, of any memory and with any messages, and so every nondeterministic "
            f"one all of whose runs must keep the promises; not one that answers with some probability. One register, "
            f"a write at N1 and a read at N2, N1 cut off from the start. An answer within {rounds} rounds was asked "
            f"for; by induction (base and step unsat) the same holds for any number. Where z3 finds strategies, only "
            f"the three runs of the scenario are covered; the tables are checked on all runs.",
        ),
        (
            "tables",
            f"cover {family}: 10^{_exponent(family.size)} strategies, on every interleaving and every fair run. "
            f"N1's client writes once, the others' clients read again and again; a partition may come at any moment "
            f"and lasts. At most one message is on its way on each link: a table that sends a second is not in the "
            f"family.",
        ),
    ]


def _exponent(size: int) -> int:
    return len(str(size)) - 1


def cap_as_json(report: CapReport) -> dict[str, Any]:
    """Return a report as values that ``json.dumps`` takes."""
    import attrs

    from everyway.proofs.synthesis.model import rows_of
    from everyway.proofs.synthesis.strategy import name_of

    def strategy(answer: TableAnswer) -> Any:
        found = answer.synthesis.strategy
        if found is None:
            return None
        keys = ("state", "on", "next", "sends", "answers")
        return {
            name_of(replica): [
                dict(zip(keys, (*row[:3], dict(row[3]), row[4]), strict=True))
                for row in rows_of(found, replica)
            ]
            for replica in range(found.family.replicas)
        }

    return {
        "schema": "everyway-prove-cap/1",
        "replicas": report.replicas,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "theorem": [attrs.asdict(answer) for answer in report.theorem],
        "induction": attrs.asdict(report.induction),
        "tables": [
            {
                "question": answer.question.name,
                "words": answer.question.words,
                "demands": [
                    {"promise": demand.promise.value, "partitions": demand.partitions}
                    for demand in answer.question.demands
                ],
                "family": attrs.asdict(answer.synthesis.family),
                "result": answer.synthesis.result.value,
                "why": answer.synthesis.why or None,
                "rounds": answer.synthesis.rounds,
                "seconds": round(answer.synthesis.seconds, 3),
                "strategy": strategy(answer),
                "rechecks": [
                    {"partitions": r.partitions, "states": r.states, "verdicts": dict(r.verdicts)}
                    for r in answer.rechecks
                ],
            }
            for answer in report.tables
        ],
        "covered": dict(covered(report)),
    }
