"""``everyway claims``: decide what the study notes claim, and show the table."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from everyway.models.language import UsageError

from .app import app, console, explained
from .options import AsciiOption, DebugOption, JsonOption
from .paragraph import can_show_all, say

if TYPE_CHECKING:
    from rich.console import Console

    from everyway.claims import Decision, Judgement

INTERRUPTED = 130


def _known(incomplete: str) -> list[str]:
    from everyway.models.claims import CLAIMS

    words = dict.fromkeys([*(claim.system for claim in CLAIMS), *(claim.id for claim in CLAIMS)])
    return [word for word in words if word.startswith(incomplete)]


@app.command(
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway claims --quick",
            "everyway claims paxos",
            "everyway claims 2pc.blocking raft.election-safety",
            "everyway claims --report claims.html",
            "",
            "Exit codes: 0 everything is as expected, 1 something is not, 2 bad input, 130 interrupted by Ctrl-C.",
        ]
    )
)
@explained
def claims(
    which: Annotated[
        list[str] | None,
        typer.Argument(
            help="Systems, as in paxos, or claims, as in paxos.agreement, of which every case is told; by default all.",
            autocompletion=_known,
            show_default=False,
            metavar="[SYSTEM|CLAIM]...",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the cases that take more than a moment.")
    ] = False,
    cases: Annotated[
        bool, typer.Option("--cases", help="Tell every case also where all are asked for.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Save everything as one HTML page, with a diagram of every counterexample and every witness.",
            metavar="FILE.html",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    processes: Annotated[
        int | None,
        typer.Option(help="On how many processes (default: one for each core).", show_default=False),
    ] = None,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Decide what the study notes claim of distributed systems, sentence by sentence.

    Every claim has cases: a model under bounds, a property, and what the check is expected to find.
    """
    from everyway.claims import judge
    from everyway.models.claims import CLAIMS, claims_of

    if processes is not None and processes < 1:
        raise UsageError(f"--processes must be 1 or more, not {processes}.")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the report is an HTML page: name it like claims.html, not {report.name}.")
    if report is not None and not report.parent.is_dir():
        raise UsageError(f"there is no folder {report.parent} to save the report in.")
    named = {claim.id: claim for words in which for claim in claims_of(words)} if which else {}
    asked = list(named.values()) or list(CLAIMS)
    out = console(sys.stdout)
    ascii_only = ascii or not can_show_all(out)
    tells_cases = bool(which) or cases
    judged: list[Judgement] = []
    is_whole = True
    with redirect_stdout(sys.stderr):
        try:
            for judgement in judge(asked, quick=quick, pictures=report is not None, processes=processes):
                judged.append(judgement)
                if not json:
                    _print(judgement, out, with_cases=tells_cases, ascii_only=ascii_only)
        except KeyboardInterrupt:
            is_whole = False
    left = len(asked) - len(judged)
    if json:
        from json import dumps

        from everyway.claims_report import as_json

        typer.echo(dumps(as_json(judged, is_whole=is_whole), indent=2, ensure_ascii=ascii_only))
    else:
        if not tells_cases:
            out.print()
        _print_sum(judged, left, out, ascii_only)
    if report is not None and is_whole:
        from everyway.claims_report import as_html

        report.write_text(as_html(judged), encoding="utf-8")
        if not json:
            say(out, f"saved {report}", ascii_only=ascii_only)
    if not is_whole:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(0 if all(judgement.is_met for judgement in judged) else 1)


def _mark(is_met: bool, ascii_only: bool) -> str:
    return ("+" if is_met else "x") if ascii_only else ("✓" if is_met else "✗")


def _print(judgement: Judgement, out: Console, *, with_cases: bool, ascii_only: bool) -> None:
    """Print one claim: its id and what is to be said of it, the sentence, and with it every case."""
    from rich.text import Text

    claim = judgement.claim
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{_mark(judgement.is_met, ascii_only)} ", "green" if judgement.is_met else "bold red")
    line.append(f"{claim.id:<36}", "bold")
    line.append(f"{claim.ruling.value:<15}")
    count = len(judgement.decisions)
    met = sum(decision.is_met for decision in judgement.decisions)
    told = f"{count} case{'' if count == 1 else 's'}" if met == count else f"{met} of {count} as expected"
    line.append(f"{told if claim.cases else '':<10}", "dim")
    line.append(f"{judgement.states:>9,} states" if judgement.states else "", "dim")
    out.print(line)
    say(out, claim.sentence, column=2, ascii_only=ascii_only)
    if not with_cases:
        return
    words = "" if ascii_only else f": {claim.words}"
    where = f"Notes, {claim.line}{words}" if claim.line else ""
    for words in (where, claim.why, claim.reference):
        if words:
            say(out, words, "dim", column=2, ascii_only=ascii_only)
    for decision in judgement.decisions:
        _print_case(decision, out, ascii_only)
    out.print()


def _print_case(decision: Decision, out: Console, ascii_only: bool) -> None:
    style = "green" if decision.is_met else "bold red"
    mark = _mark(decision.is_met, ascii_only)
    if not decision.property:
        say(
            out,
            f"{decision.words}: {decision.found}",
            lead=f"  {mark}",
            lead_style=style,
            column=4,
            ascii_only=ascii_only,
        )
    else:
        when = f" ({decision.words})" if decision.words else ""
        words = f"{decision.property}{when}: {told(decision)}"
        say(out, words, lead=f"  {mark}", lead_style=style, column=4, ascii_only=ascii_only)
        bounds = f"; {decision.bounds}" if decision.bounds else ""
        say(out, f"{decision.subject}{bounds}", "dim", column=4, ascii_only=ascii_only)
        if decision.sentence:
            say(out, decision.sentence, column=4, ascii_only=ascii_only)
    if not decision.is_met:
        say(out, f"expected: {expected(decision)}", "bold red", column=4, ascii_only=ascii_only)


def told(decision: Decision) -> str:
    """Return what was found, e.g. "violated in 14 steps, 1,234 states"."""
    steps = f" in {decision.steps} step{'' if decision.steps == 1 else 's'}" if decision.steps else ""
    return f"{decision.found}{steps}, {decision.states:,} state{'' if decision.states == 1 else 's'}"


def expected(decision: Decision) -> str:
    """Return what was expected, e.g. "violated in 14 steps"."""
    steps = decision.expected_steps
    return f"{decision.expected} in {steps} steps" if steps is not None else decision.expected


def _print_sum(judged: list[Judgement], left: int, out: Console, ascii_only: bool) -> None:
    cases = sum(len(judgement.decisions) for judgement in judged)
    states = sum(judgement.states for judgement in judged)
    missed = [judgement.claim.id for judgement in judged if not judgement.is_met]
    rulings: dict[str, int] = {}
    for judgement in judged:
        word = judgement.claim.ruling.value
        rulings[word] = rulings.get(word, 0) + 1
    say(
        out,
        f"{len(judged)} claims: {', '.join(f'{count} {word}' for word, count in rulings.items())}.",
        "bold",
        ascii_only=ascii_only,
    )
    result = "all as expected" if not missed else f"not as expected: {', '.join(missed)}"
    say(
        out,
        f"{cases} cases, {states:,} states; {result}.",
        "bold red" if missed else "",
        ascii_only=ascii_only,
    )
    if left:
        say(
            out,
            f"Interrupted: {left} claim{' is' if left == 1 else 's are'} left.",
            "yellow",
            ascii_only=ascii_only,
        )
