"""The report of a proof by induction, as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from everyway.models.language.naming import enumerated
from everyway.proofs.counterexample import CounterexampleToInduction
from everyway.proofs.fragment import leaves_fragment
from everyway.proofs.induction import Obligation, Outcome, Part, Proof
from everyway.proofs.language import TRUE, Conjunct, Theory, told
from everyway.proofs.portrait import NOTHING, YES, Mark, Portrait, Row, Table, has_changes, portrait
from everyway.proofs.wording import covers, headline, may_be_reached, says_broken, says_changes, title

from .paragraph import PLAIN, say

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {Outcome.PROVED: "✓", Outcome.REFUTED: "✗", Outcome.UNKNOWN: "?"}
_ASCII_MARKS = {Outcome.PROVED: "+", Outcome.REFUTED: "x", Outcome.UNKNOWN: "?"}
_STYLES = {Outcome.PROVED: "green", Outcome.REFUTED: "bold red", Outcome.UNKNOWN: "yellow"}
_COLUMN = 10
"""Where the words stand beside "proved", "by" and "notice"."""
_WIDEST_NAME = 34
_GAP = 2


class ProofPrinter:
    """Prints one proof."""

    def __init__(self, console: Console, *, ascii_only: bool) -> None:
        self.console = console
        self.ascii_only = ascii_only
        self.marks = _ASCII_MARKS if ascii_only else _MARKS

    def print(self, theory: type[Theory], proof: Proof, explore: str, *, verbose: bool) -> None:
        """Print the outcome, the obligations, what was proved, and the counterexamples to induction.

        Args:
            theory: what the proof is of.
            proof: what came out.
            explore: the command that explores the same protocol; empty if there is none.
            verbose: also print the theory as formulas, and every obligation.
        """
        self._say(f"{title(theory)}: {theory.about()}", "bold")
        self.console.print()
        for goal in proof.specification.goals:
            self._verdict(f"{goal.name}", headline(proof), proof.outcome)
            self._say(goal.about or self._formula(goal), column=3)
        self.console.print()
        self._obligations(proof)
        if verbose:
            self._everything(proof)
        self.console.print()
        if proof.outcome is Outcome.PROVED:
            self._what_was_proved(theory, proof)
        if proof.outcome is Outcome.UNKNOWN:
            self._what_is_unknown(proof)
        if proof.outcome is not Outcome.REFUTED:  # of a theory that fails it is no judgement
            for vacuity in proof.vacuities:
                self._say(vacuity, "yellow", lead="notice")
        for obligation in proof.refuted:
            self._refuted(proof, obligation)
        later = [one for one in proof.refuted if one.part is not Part.INITIATION]
        if later:
            self._say(may_be_reached(later[0]))
            self._say("Only exploring the protocol can tell" + (":" if explore else "."))
            if explore:
                self._raw([(f"  {explore}", "bold")])

    # Lines.

    def _say(self, words: str, style: str = "", *, lead: str = "", column: int | None = None) -> None:
        place = (_COLUMN if lead else 0) if column is None else column
        say(self.console, words, style, lead=lead, lead_style="dim", column=place, ascii_only=self.ascii_only)

    def _verdict(self, name: str, words: str, outcome: Outcome) -> None:
        """Print a mark, a name, and in the same line or the next what came out."""
        lead = f" {self.marks[outcome]} {name}"
        column = len(lead) + 2 if len(lead) <= _WIDEST_NAME else 3
        style = _STYLES[outcome]
        say(
            self.console, words, style, lead=lead, lead_style=style, column=column, ascii_only=self.ascii_only
        )

    def _raw(self, parts: Iterable[tuple[str, str]]) -> None:
        """Print one line of pieces with styles, cut where the terminal ends."""
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ellipsis")
        for words, style in parts:
            line.append(self._plain(words), style=style)
        line.rstrip()
        self.console.print(line)

    def _plain(self, words: str) -> str:
        if not self.ascii_only:
            return words
        return (
            words.replace(YES, "yes")
            .replace(NOTHING, ".")
            .translate(PLAIN)
            .encode("ascii", "replace")
            .decode()
        )

    def _formula(self, conjunct: Conjunct) -> str:
        return told(conjunct.formula, ascii_only=self.ascii_only)

    # Parts.

    def _obligations(self, proof: Proof) -> None:
        self._raw(
            [(_columns("obligation", "queries", "proved", "failed", "unknown", "slowest", "time"), "dim")]
        )
        for part in Part:
            self._raw([(_counts(part.value, [one for one in proof.obligations if one.part is part]), "")])
        self._raw([(_counts("all", proof.obligations), "")])

    def _everything(self, proof: Proof) -> None:
        """Print the theory as formulas, and then every obligation."""
        made = proof.specification
        groups = [
            ("axiom", made.axioms),
            ("at first", made.initial),
            ("lemma", made.lemmas),
            ("goal", made.goals),
        ]
        for word, conjuncts in groups:
            if conjuncts:
                self.console.print()
            for conjunct in conjuncts:
                self._say(conjunct.name, lead=word)
                self._say(self._formula(conjunct), "dim", column=_COLUMN)
        if made.derived:
            self.console.print()
        for one in made.derived:
            self._say(f"{one.name}({', '.join(variable.name for variable in one.variables)})", lead="means")
            self._say(told(one.formula, ascii_only=self.ascii_only), "dim", column=_COLUMN)
        self.console.print()
        for action in made.actions:
            parameters = ", ".join(variable.name for variable in action.parameters)
            self._say(f"{action.name}({parameters})" if parameters else action.name, lead="action")
            guard = told(action.step.guard, ascii_only=self.ascii_only)
            self._say("at any time" if action.step.guard is TRUE else f"if {guard}", "dim", column=_COLUMN)
            self._say(says_changes(action.step, ascii_only=self.ascii_only), "dim", column=_COLUMN)
        self.console.print()
        cycle = leaves_fragment(made)
        decidable = (
            "yes: whatever z3 is asked here it can decide, given time" if cycle is None else f"no: {cycle}"
        )
        self._say(decidable, lead="decidable", column=_COLUMN + 1)
        self.console.print()
        for obligation in proof.obligations:
            mark = self.marks[obligation.outcome]
            line = f" {mark} {obligation.seconds:>7.3f} s  {obligation.name}"
            self._raw([(line, "" if obligation.outcome is Outcome.PROVED else _STYLES[obligation.outcome])])

    def _what_was_proved(self, theory: type[Theory], proof: Proof) -> None:
        made = proof.specification
        goals = enumerated([goal.name for goal in made.goals])
        self._say(f"In every reachable state, {covers(proof)}: {goals}.", lead="proved")
        count = len(made.actions)
        self._say(
            f"{_number(len(made.lemmas), 'lemma')}, true at the start and kept by "
            f"{'each of the ' if count > 1 else ''}{_number(count, 'action')}; together they imply "
            f"{'the goals' if len(made.goals) > 1 else 'the goal'}.",
            lead="by",
        )
        for number, axiom in enumerate(made.axioms):
            self._say(axiom.about or self._formula(axiom), lead="" if number else "assumed", column=_COLUMN)
        if theory.note:
            self._say(theory.note, lead="note")

    def _what_is_unknown(self, proof: Proof) -> None:
        for obligation in proof.obligations:
            if obligation.outcome is Outcome.UNKNOWN:
                self._say(f"{obligation.name}: {obligation.why}", "yellow", lead="unknown")
        cycle = leaves_fragment(proof.specification)
        if cycle is not None:
            self._say(
                f"The theory is outside of what z3 can always decide: sorts ask for each other in a circle ({cycle}).",
                "yellow",
                lead="notice",
            )
        self._say(
            "Nothing is proved. Give z3 more time for each query with --timeout SECONDS, or save the queries for other "
            "solvers with --save-queries DIR."
        )

    def _refuted(self, proof: Proof, obligation: Obligation) -> None:
        self._say(f"{self.marks[Outcome.REFUTED]} {obligation.name}", "bold red")
        counterexample = obligation.counterexample
        if counterexample is None:
            self._say("z3 found a counterexample, but no small one within the time for a query.", column=2)
            self.console.print()
            return
        picture = portrait(proof.specification, counterexample)
        self.console.print()
        self._states(picture, counterexample, obligation.part)
        self.console.print()
        broken = says_broken(counterexample, ascii_only=self.ascii_only)
        self._say(broken.sentence, "red", lead="  broken", column=_COLUMN)
        self._say(broken.formula, column=_COLUMN)
        if obligation.part is Part.INITIATION:
            self._say(may_be_reached(obligation), column=_COLUMN)
        self.console.print()

    def _states(self, picture: Portrait, counterexample: CounterexampleToInduction, part: Part) -> None:
        self._say("; ".join(picture.elements), lead="  with", column=_COLUMN)
        is_step = counterexample.action is not None
        goes = "; what goes has a -" if any(map(has_changes, picture.before)) else ""
        known = "a state at the start" if part is Part.INITIATION else "all lemmas hold"
        self._say(f"{known}{goes}", lead="  before" if is_step else "  state", column=_COLUMN)
        self._tables(picture.before)
        if picture.empty:
            self._say(f"nothing is {', '.join(picture.empty)}", "dim", column=_COLUMN)
        if is_step:
            self._say(counterexample.step, "bold", lead="  step", column=_COLUMN)
            pairs = zip(picture.before, picture.after, strict=True)
            shown = [after for before, after in pairs if has_changes(before) or has_changes(after)]
            new = "what is new has a +" if any(map(has_changes, shown)) else ""
            same = "the rest is as before" if len(shown) < len(picture.after) else ""
            words = "; ".join(filter(None, [new, same])) if shown else "nothing changes"
            self._say(words, lead="  after", column=_COLUMN)
            self._tables(shown)

    def _tables(self, tables: Sequence[Table]) -> None:
        for table in tables:
            rows = [(table.title, *table.columns), *([self._cells(row) for row in table.rows])]
            widths = [max(len(self._plain(row[place])) for row in rows) for place in range(len(rows[0]))]
            margin = (" " * _COLUMN, "")
            if any(rows[0]):
                heads = zip(rows[0], widths, strict=True)
                self._raw([margin, *((f"{word:<{width + _GAP}}", "dim") for word, width in heads)])
            for row in table.rows:
                parts = [margin, (f"{row.element:<{widths[0] + _GAP}}", "")]
                for cell, width in zip(row.cells, widths[1:], strict=True):
                    parts += self._cell(cell, width + _GAP)
                self._raw(parts)

    def _cells(self, row: Row) -> tuple[str, ...]:
        return (row.element, *("".join(words for words, _ in self._cell(cell, 0)) for cell in row.cells))

    def _cell(self, cell: tuple[Mark, ...], width: int) -> list[tuple[str, str]]:
        """Return a cell's pieces with their styles, filled to a width."""
        pieces: list[tuple[str, str]] = []
        for number, mark in enumerate(cell):
            sign = {"added": "+", "removed": "-"}.get(mark.change, "")
            style = (
                "bold red"
                if mark.is_blamed
                else {"added": "bold green", "removed": "yellow"}.get(mark.change, "")
            )
            pieces += [(", ", "")] if number else []
            pieces.append((self._plain(f"{sign}{mark.text}"), style))
        if not pieces:
            pieces = [(self._plain(NOTHING), "dim")]
        filled = width - sum(len(words) for words, _ in pieces)
        return [*pieces, (" " * filled, "")] if filled > 0 else pieces


def _columns(*words: str) -> str:
    first, *others = words
    return f"   {first:<13}" + "".join(f"{word:>9}" for word in others)


def _counts(name: str, obligations: Sequence[Obligation]) -> str:
    counts = [sum(one.outcome is outcome for one in obligations) for outcome in Outcome]
    slowest = max((one.seconds for one in obligations), default=0.0)
    time = sum(one.seconds for one in obligations)
    cells = [str(len(obligations)), *(str(count) if count else "-" for count in counts)]
    return _columns(name, *cells, f"{slowest:.3f} s", f"{time:.2f} s")


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
