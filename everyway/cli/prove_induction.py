"""Telling theorems that are proved by induction: ``everyway prove paxos``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from everyway.models.language import UsageError, did_you_mean
from everyway.proofs.catalogue import theory_variant
from everyway.proofs.crossing import Crossing
from everyway.proofs.induction import EXIT_CODES, Outcome, Proof, prove
from everyway.proofs.language import Theory
from everyway.proofs.solver import SolverLimits

from .app import console
from .paragraph import can_show_all
from .proof_request import ProofRequest
from .prove_bridge import crossings, exit_code, print_crossings, values


def tell(theory: type[Theory], model: str, request: ProofRequest, words: list[str]) -> int:
    """Prove a theory and print what came out; return the exit code.

    Args:
        theory: what to prove.
        model: the explored model of the same protocol, by name; empty if there is none.
        request: the options.
        words: what else was typed.

    Raises ``UsageError`` for an unknown variant, and for other words, as there are no other options.
    """
    refuse_other(words, request)
    chosen = theory_variant(theory, request.variant, request.name)
    with shown_progress() as watch:
        proof = prove(
            chosen.specification(), SolverLimits(request.timeout), queries=request.queries, watch=watch
        )
    out = console(sys.stdout)
    ascii_only = request.ascii_only or not can_show_all(out)
    explored: tuple[Crossing, ...] = ()
    if request.bridges and proof.outcome is Outcome.PROVED:
        explored = crossings(chosen)
    if request.as_json:
        from json import dumps

        from everyway.proofs.report_json import as_json

        told = as_json(request.name, chosen, proof)
        told |= {"exit_code": exit_code(told["exit_code"], explored), "bridges": values(explored)}
        typer.echo(dumps(told, indent=2, ensure_ascii=ascii_only))
    else:
        from .proof_report import ProofPrinter

        explore = _how_to_explore(model, request.variant)
        ProofPrinter(out, ascii_only=ascii_only).print(chosen, proof, explore, verbose=request.verbose)
        print_crossings(explored, out, ascii_only=ascii_only)
    if request.diagram is not None:
        _draw(chosen, proof, request)
    return exit_code(EXIT_CODES[proof.outcome], explored)


def refuse_other(words: list[str], request: ProofRequest) -> None:
    """Raise ``UsageError`` for words that are no options of ``everyway prove``."""
    if words:
        options = [
            "--variant",
            "--timeout",
            "--bridge",
            "--find-invariant",
            "--literals",
            "--with-lemmas",
            "--diagram",
            "--theme",
            "--save-queries",
            "--json",
            "--ascii",
            "--verbose",
        ]
        raise UsageError(
            f"there is no option '{words[0]}' for {request.name}.{did_you_mean(words[0], options)}"
        )


def _draw(theory: type[Theory], proof: Proof, request: ProofRequest) -> None:
    """Save the picture of the first counterexample to induction."""
    from everyway.proofs.picture import save

    drawn = next((one for one in proof.refuted if one.counterexample is not None), None)
    if drawn is None or request.diagram is None:
        typer.echo("nothing to draw: there is no counterexample to induction.", err=True)
        return
    save(theory, proof, drawn, request.diagram, request.theme)
    if not request.as_json:
        typer.echo(f"saved {request.diagram}: {drawn.name}")


def _how_to_explore(model: str, variant: str) -> str:
    """Return the command that explores the model of the same protocol, in the same variant if it has that."""
    if not model:
        return ""
    from everyway.models.catalogue import model as find

    same = variant if variant in find(model).variants() else ""
    if variant and not same:
        return ""
    return f"everyway check {model}" + (f" --variant {same}" if same else "")


@contextmanager
def shown_progress() -> Iterator[Callable[[str], None] | None]:
    """Yield what shows on a terminal which obligation z3 works on; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    with Status("translating", console=Console(stderr=True)) as status:

        def show(name: str) -> None:
            status.update(Text(name, no_wrap=True, overflow="ellipsis"))

        yield show
