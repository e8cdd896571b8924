"""``everyway prove 2pc --find-invariant``: lemmas that are found rather than given."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import typer
from attrs import evolve

from everyway.proofs.bridges import bridges_to
from everyway.proofs.catalogue import theory_variant
from everyway.proofs.houdini import find_invariant
from everyway.proofs.induction import EXIT_CODES, Outcome, prove
from everyway.proofs.invariant import Dropped, Invariant, Stage
from everyway.proofs.language import Conjunct, Theory, told
from everyway.proofs.seen_states import SeenStates
from everyway.proofs.template import Template
from everyway.proofs.wording import title

from .app import console
from .paragraph import can_show_all, say
from .proof_request import ProofRequest
from .prove_induction import refuse_other, shown_progress

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "everyway-invariant/1"
_COLUMN = 10
_MARKS = {Outcome.PROVED: "✓", Outcome.REFUTED: "✗", Outcome.UNKNOWN: "?"}
_ASCII_MARKS = {Outcome.PROVED: "+", Outcome.REFUTED: "x", Outcome.UNKNOWN: "?"}
_STYLES = {Outcome.PROVED: "green", Outcome.REFUTED: "bold red", Outcome.UNKNOWN: "yellow"}


def tell(theory: type[Theory], model: str, request: ProofRequest, words: list[str]) -> int:
    """Look for lemmas and print what was found; return the exit code: 0 if they prove the goals, 1 if not.

    Raises ``UsageError`` for an unknown variant or option, and for a template with too many clauses.
    """
    refuse_other(words, request)
    chosen = theory_variant(theory, request.variant, request.name)
    with shown_progress() as watch:
        found, seen = _found(chosen, request, watch or (lambda name: None))
        found = proved_again(found)
    outcome = found.outcome
    out = console(sys.stdout)
    ascii_only = request.ascii_only or not can_show_all(out)
    if request.as_json:
        from json import dumps

        values = as_json(request.name, chosen, found, outcome)
        typer.echo(dumps(values, indent=2, ensure_ascii=ascii_only))
    else:
        _Printer(out, ascii_only).print(chosen, found, seen, verbose=request.verbose)
    return EXIT_CODES[outcome]


def _found(
    theory: type[Theory], request: ProofRequest, watch: Callable[[str], None]
) -> tuple[Invariant, list[SeenStates]]:
    seen = []
    for bridge in bridges_to(theory):
        for protocol in bridge.samples():
            watch(f"exploring {protocol}")
            seen.append(SeenStates(bridge(protocol)))
    specification = theory.specification()
    template = Template(request.literals) if request.literals else None
    own = specification.lemmas if request.with_lemmas or template is None else ()
    explored = [(one.structures, one.abstraction.elements) for one in seen]
    return find_invariant(specification, own, template, explored=explored, watch=watch), seen


def proved_again(found: Invariant) -> Invariant:
    """Return what was found, after the goals that it proves were proved once more, from the beginning."""
    goals = tuple(goal for goal in found.specification.goals if found.goals[goal.name] is Outcome.PROVED)
    if not goals or prove(evolve(found.proves, goals=goals), minimises=False).outcome is Outcome.PROVED:
        return found
    unknown = {goal.name: Outcome.UNKNOWN for goal in goals}
    return evolve(found, goals={**found.goals, **unknown})


class _Printer:
    def __init__(self, console: Console, ascii_only: bool) -> None:
        self.console = console
        self.ascii_only = ascii_only

    def print(
        self,
        theory: type[Theory],
        found: Invariant,
        seen: list[SeenStates],
        *,
        verbose: bool,
    ) -> None:
        self._say(f"{title(theory)}: {theory.about()}", "bold")
        self.console.print()
        for goal, result in found.goals.items():
            mark = (_ASCII_MARKS if self.ascii_only else _MARKS)[result]
            self._say(f"{mark} {goal}  {_headline(found, result)}", _STYLES[result])
        self.console.print()
        for lead, words in _told(found, seen):
            self._say(words, lead=lead)
        if found.needed:
            self.console.print()
            self._list("enough", found.needed)
        if verbose:
            needed = {one.name for one in found.needed}
            others = [one for one in found.kept if one.name not in needed]
            if others:
                self.console.print()
                self._list("also true", others)
        given = [one for one in found.dropped if verbose or not one.conjunct.name.startswith("clause-")]
        if given:
            self.console.print()
        for one in given:
            self._say(f"{one.conjunct.name}: {_reason(one, seen)}", lead="dropped")
            if one.conjunct.name.startswith("clause-"):
                self._say(told(one.conjunct.formula, ascii_only=self.ascii_only), "dim", column=_COLUMN)

    def _list(self, lead: str, conjuncts: Any) -> None:
        for number, one in enumerate(conjuncts):
            words = told(one.formula, ascii_only=self.ascii_only)
            self._say(words, lead="" if number else lead, column=_COLUMN)

    def _say(self, words: str, style: str = "", *, lead: str = "", column: int | None = None) -> None:
        place = (_COLUMN if lead else 0) if column is None else column
        say(self.console, words, style, lead=lead, lead_style="dim", column=place, ascii_only=self.ascii_only)


def _headline(found: Invariant, outcome: Outcome) -> str:
    count = len(found.needed)
    if outcome is Outcome.PROVED:
        return f"proved: {count} of the conjuncts that were found are enough"
    if outcome is Outcome.REFUTED:
        return "not proved: the invariant that was found does not imply it"
    return "unknown: z3 could not tell"


def _told(found: Invariant, seen: list[SeenStates]) -> Iterator[tuple[str, str]]:
    """Yield where candidates came from and what became of them."""
    models = "; ".join(str(one.bridge.protocol) for one in seen)
    if seen:
        yield "explored", f"{found.structures:,} different states of the theory, of {models}"
    else:
        yield "explored", "nothing: there is no bridge from an explored model, so only z3 was asked"
    if found.silent:
        yield "left out", f"{', '.join(found.silent)}: never true in an explored state"
    yield "kept", f"{len(found.kept):,} of {found.candidates:,} candidates, {found.queries:,} queries to z3"
    stages = Counter(one.stage for one in found.dropped)
    words = {
        Stage.EXPLORED: "false in an explored state",
        Stage.INITIATION: "false in an initial state",
        Stage.CONSECUTION: "made false by a step",
        Stage.UNKNOWN: "unknown to z3",
    }
    parts = [f"{stages[stage]:,} {words[stage]}" for stage in Stage if stages[stage]]
    if found.trivial:
        parts.append(f"{found.trivial:,} true by the axioms alone")
    yield "dropped", ", ".join(parts) or "nothing"


def _reason(dropped: Dropped, seen: list[SeenStates]) -> str:
    action = f" {dropped.action.name}" if dropped.action else ""
    match dropped.stage:
        case Stage.EXPLORED:
            some, structure = dropped.where
            one = seen[some]
            steps = len(one.search.path_to(int(one.first[structure]))) - 1
            return f"false in a state that {one.bridge.protocol} reaches in {steps} steps"
        case Stage.INITIATION:
            return "false in an initial state"
        case Stage.UNKNOWN:
            return f"unknown to z3 ({dropped.why})" + (f", after{action}" if action else "")
    return "made false by" + (action or " a step")


def as_json(name: str, theory: type[Theory], found: Invariant, outcome: Outcome) -> dict[str, Any]:
    """Return what was found as values that JSON knows."""

    def values(conjunct: Conjunct) -> dict[str, Any]:
        return {"name": conjunct.name, "formula": told(conjunct.formula)}

    stages = Counter(one.stage for one in found.dropped)
    return {
        "schema": SCHEMA,
        "theorem": name,
        "variant": theory.variant or None,
        "outcome": outcome.value,
        "exit_code": EXIT_CODES[outcome],
        "goals": {goal: result.value for goal, result in found.goals.items()},
        "kept": [values(one) for one in found.kept],
        "needed": [values(one) for one in found.needed],
        "dropped": {stage.value: stages[stage] for stage in Stage},
        "dropped_candidates": [
            {
                **values(one.conjunct),
                "stage": one.stage.value,
                "action": one.action.name if one.action else None,
                "why": one.why or None,
            }
            for one in found.dropped
            if not one.conjunct.name.startswith("clause-")
        ],
        "trivial": found.trivial,
        "silent": list(found.silent),
        "candidates": found.candidates,
        "structures": found.structures,
        "queries": found.queries,
        "seconds": round(found.seconds, 3),
    }
