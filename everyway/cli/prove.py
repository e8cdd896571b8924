"""``everyway prove``: theorems that no enumeration of bounded instances covers, decided by z3."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from everyway.models.language import UsageError

from .app import app, console, explained
from .options import AsciiOption, DebugOption, JsonOption, ThemeOption
from .paragraph import can_show_all, say
from .preparation import one_of
from .proof_request import ProofRequest

INTERRUPTED = 130


class ProveCommand(TyperCommand):
    """``everyway prove``, which leaves theorems of other kinds than induction to the commands that prove them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Run the other command with the other words, if a theorem has one; its help is then the theorem's."""
        from everyway.proofs.catalogue import THEOREMS

        name = next((word for word in args if word in THEOREMS), "")
        command = THEOREMS[name].command if name else ""
        if command and not ctx.resilient_parsing:
            words = [word for place, word in enumerate(args) if place != args.index(name)]
            other = ctx.parent.command.commands[command]
            other.main(args=words, prog_name=f"everyway prove {name}", standalone_mode=True)
        return super().parse_args(ctx, args)


def _known(incomplete: str) -> list[str]:
    from everyway.proofs.catalogue import THEOREMS

    return [name for name in THEOREMS if name.startswith(incomplete)]


def _variants(context: typer.Context, incomplete: str) -> list[str]:
    try:
        kind = _found(str(context.params.get("name")))[0]
        return [name for name in kind.variants() if name.startswith(incomplete)]
    except Exception:  # completion must never disturb a user who is typing
        return []


@app.command(
    cls=ProveCommand,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway prove",
            "everyway prove paxos",
            "everyway prove paxos --variant ignore-highest --diagram broken.svg",
            "everyway prove 2pc --find-invariant",
            "everyway prove path/to/my_theory.py:MyTheory --timeout 60",
            "",
            "Exit codes: 0 proved, 1 refuted (not inductive), 2 bad input, 3 unknown as z3 reached a limit, 130 "
            "interrupted by Ctrl-C.",
        ]
    ),
)
@explained
def prove(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A theorem, or path/to/file.py:Class for a theory of your own; without one all are listed.",
            autocompletion=_known,
            show_default=False,
            metavar="[THEOREM]",
        ),
    ] = None,
    variant: Annotated[
        str,
        typer.Option(
            "--variant",
            help="A named deviation; most are mistakes, and not provable.",
            autocompletion=_variants,
        ),
    ] = "",
    timeout: Annotated[
        float, typer.Option(help="Seconds that z3 may take for one query.", metavar="SECONDS")
    ] = 10.0,
    bridge: Annotated[
        bool,
        typer.Option(
            "--bridge/--no-bridge",
            help="Also compare the explored models of the protocol with the theory, step by step.",
        ),
    ] = True,
    find_invariant: Annotated[
        bool,
        typer.Option(
            "--find-invariant",
            help="Find lemmas: the strongest invariant among all clauses of a size.",
            rich_help_panel="Finding lemmas",
        ),
    ] = False,
    literals: Annotated[
        int | None,
        typer.Option(
            help="How many literals a clause has at most (default 3); with 0 there are no clauses.",
            metavar="N",
            show_default=False,
            rich_help_panel="Finding lemmas",
        ),
    ] = None,
    with_lemmas: Annotated[
        bool,
        typer.Option(
            "--with-lemmas",
            help="The theory's own lemmas are candidates, too.",
            rich_help_panel="Finding lemmas",
        ),
    ] = False,
    save_queries: Annotated[
        Path | None,
        typer.Option(help="Save every query as SMT-LIB in this folder.", metavar="DIR", show_default=False),
    ] = None,
    diagram: Annotated[
        Path | None,
        typer.Option(
            help="Save the counterexample to induction as .svg or .png.",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    theme: ThemeOption = "light",
    json: JsonOption = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Print the theory as formulas, and every query.", rich_help_panel="Output"
        ),
    ] = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Prove a theorem with z3, for any number of nodes, or show why the attempt fails.

    Needs z3: pip install 'everyway\\[proofs]'.
    """
    if name is None:
        if context.args or variant:
            raise UsageError("no theorem is named: put it first, as in `everyway prove paxos`.")
        print_theorems(json, ascii)
        return
    if name.startswith("-"):
        raise UsageError(f"no theorem is named: put it before '{name}', as in `everyway prove paxos {name}`.")
    one_of("--theme", theme, ("light", "dark", "auto"))
    if not timeout > 0:
        raise UsageError(f"--timeout must be more than 0 seconds, not {timeout:g}.")
    if diagram is not None:
        from everyway.proofs.picture import checked_suffix

        checked_suffix(diagram)
    if save_queries is not None and save_queries.exists() and not save_queries.is_dir():
        raise UsageError(f"--save-queries needs a folder, and {save_queries} is a file.")
    if not find_invariant and (literals is not None or with_lemmas):
        raise UsageError("--literals and --with-lemmas are for --find-invariant.")
    if literals is not None and literals < 0:
        raise UsageError(f"--literals must be 0 or more, not {literals}.")
    colours: Any = theme
    request = ProofRequest(
        name,
        variant,
        timeout,
        json,
        diagram,
        colours,
        save_queries,
        ascii_only=ascii,
        verbose=verbose,
        bridges=bridge,
        literals=3 if literals is None else literals,
        with_lemmas=with_lemmas,
    )
    try:
        if find_invariant:
            from .prove_invariant import tell
        else:
            from .prove_induction import tell

        theory, model = _found(name)
        code = tell(theory, model, request, list(context.args))
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing is proved.", err=True)
        code = INTERRUPTED
    raise typer.Exit(code)


def _found(name: str) -> tuple[Any, str]:
    """Return the theory that a word means, and the name of the explored model of the same protocol.

    Raises ``UsageError`` if there is none.
    """
    from everyway.proofs.catalogue import THEOREMS, theorem
    from everyway.proofs.language import Theory

    from .target import file_module, named_module

    if name in THEOREMS:
        return THEOREMS[name].load(), THEOREMS[name].model
    place, colon, kind = name.rpartition(":")
    if not colon or "/" in kind:
        place, kind = name, ""
    if not place.endswith(".py") and "." not in place and not kind:
        theorem(name)  # explains that there is none
    module = file_module(place) if place.endswith(".py") else named_module(place)
    theories = {
        found.__name__: found
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, Theory) and found.__module__ == module.__name__
    }
    if kind:
        if kind not in theories:
            known = ", ".join(theories) or "none"
            raise UsageError(f"{place} has no theory '{kind}'. It has: {known}.")
        return theories[kind], ""
    plain = [found for found in theories.values() if not found.variant]
    if len(plain) != 1:
        known = ", ".join(found.__name__ for found in plain) or "none"
        raise UsageError(
            f"{place} must have one theory (a subclass of everyway.proofs.language.Theory) if none is named, "
            f"as in {place}:MyTheory. It has: {known}."
        )
    return plain[0], ""


def print_theorems(as_json: bool, ascii_only: bool) -> None:
    """Print what can be proved, a line each."""
    from everyway.proofs.catalogue import THEOREMS

    out = console()
    rows = []
    for name, theorem in THEOREMS.items():
        rows.append((name, theorem, theorem.variants()))
    if as_json:
        from json import dumps

        values = [
            {"name": name, "kind": theorem.kind, "sentence": theorem.sentence, "variants": list(variants)}
            for name, theorem, variants in rows
        ]
        typer.echo(dumps(values, indent=2, ensure_ascii=ascii_only or not can_show_all(out)))
        return
    column = max(len(name) for name in THEOREMS) + 2
    for name, theorem, variants in rows:
        say(out, theorem.sentence, lead=name, lead_style="bold", column=column, ascii_only=ascii_only)
        if variants:
            say(out, f"variants: {', '.join(variants)}", "dim", column=column, ascii_only=ascii_only)
    out.print()
    say(out, "`everyway prove NAME` proves one, `--variant` shows how a mistake in it is found.", "dim")
