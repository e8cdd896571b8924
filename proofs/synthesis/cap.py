"""CAP: the theorem for strategies of any memory, and for tables of a few states found, or shown not to be there."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from everyway.explorer import explore
from everyway.models.language import Faults, System, at_most

from .demands import Demand, Promise, violations
from .model import KEEPS_READING, SynthesisedRegister, convergent, protocol_of
from .scenarios import AVAILABILITY, CONSISTENCY, Induction, ScenarioAnswer, ask, induction
from .search import MOST_ROUNDS, Result, Synthesis, synthesise
from .strategy import NOTHING, Family, Move, Strategy

ROUNDS = (1, 4, 16)
"""Within how many rounds an answer is demanded; beyond, the induction takes over."""


@frozen
class Question:
    """Is there a strategy that meets these demands?"""

    name: str
    words: str
    demands: tuple[Demand, ...]
    expected: Result
    """What the theorem says, for families that are large enough."""


def _demands(*promised: tuple[Promise, bool]) -> tuple[Demand, ...]:
    return tuple(Demand(promise, partitions) for promise, partitions in promised)


QUESTIONS = (
    Question(
        "CAP",
        "consistent and available although the network may be cut in two",
        _demands((Promise.CONSISTENT, True), (Promise.AVAILABLE, True)),
        Result.NONE,
    ),
    Question(
        "CA",
        "consistent and available while the network is whole",
        _demands((Promise.CONSISTENT, False), (Promise.AVAILABLE, False)),
        Result.FOUND,
    ),
    Question(
        "CP",
        "consistent although the network may be cut in two, available while it is whole",
        _demands((Promise.CONSISTENT, True), (Promise.AVAILABLE, False)),
        Result.FOUND,
    ),
    Question(
        "AP",
        "available although the network may be cut in two; reads are valid, and converge while it is whole",
        _demands((Promise.AVAILABLE, True), (Promise.VALID, True), (Promise.CONVERGENT, False)),
        Result.FOUND,
    ),
)


@frozen
class Recheck:
    """What the full explorer says of a strategy that was found, as a protocol like any other."""

    partitions: bool
    verdicts: tuple[tuple[str, str], ...]
    """Each property with its outcome."""
    states: int

    def outcome(self, name: str) -> str:
        """Return the outcome of a property; of "available" the worst of all replicas."""
        outcomes = [word for prop, word in self.verdicts if prop == name or prop.startswith(f"{name} at ")]
        if not outcomes:
            return "unknown"
        return next((word for word in ("violated", "unknown") if word in outcomes), "holds")


@frozen
class TableAnswer:
    """What was found for one question about tables."""

    question: Question
    synthesis: Synthesis
    model: SynthesisedRegister | None = None
    rechecks: tuple[Recheck, ...] = ()
    """Of a strategy that was found: with the network whole, and with a partition at any moment, for ever."""

    @property
    def is_as_expected(self) -> bool:
        """Whether the theorem was met: none where there can be none, and a confirmed one where there can be one."""
        return self.synthesis.result is self.question.expected and self.is_confirmed

    @property
    def is_confirmed(self) -> bool:
        """Whether the full explorer confirms what was demanded of the strategy."""
        for demand in self.question.demands:
            for recheck in self.rechecks:
                if recheck.partitions is demand.partitions:
                    asked = (demand.promise.value, "one message on a link", "a read sees the write")
                    if any(recheck.outcome(name) != "holds" for name in asked):
                        return False
        return True


@frozen
class CapReport:
    """The answers to all questions."""

    replicas: int
    theorem: tuple[ScenarioAnswer, ...]
    """Of strategies of any memory."""
    induction: Induction
    tables: tuple[TableAnswer, ...]
    """Of finite tables."""

    @property
    def is_theorem_proved(self) -> bool:
        """Whether z3 refuted all strategies of any memory, for any number of rounds."""
        refuted = [answer for answer in self.theorem if _is_cap(answer)]
        return bool(refuted) and self.induction.is_proved and all(a.result == "unsat" for a in refuted)

    @property
    def outcome(self) -> str:
        """What it comes to: "proved", "unknown" where something was given up, or "refuted", which would be news."""
        wrong = [a for a in self.theorem if a.result not in ("unknown", "unsat" if _is_cap(a) else "sat")]
        contradicted = [
            a for a in self.tables if a.question.name == "CAP" and a.synthesis.result is Result.FOUND
        ]
        if wrong or contradicted or any(not a.is_confirmed for a in self.tables):
            return "refuted"
        is_done = self.is_theorem_proved and all(a.result != "unknown" for a in self.theorem)
        is_found = all(a.synthesis.result is not Result.UNKNOWN for a in self.tables)
        return "proved" if is_done and is_found else "unknown"

    @property
    def exit_code(self) -> int:
        """For the shell: 0 proved, 1 refuted, 3 unknown."""
        return {"proved": 0, "refuted": 1, "unknown": 3}[self.outcome]


def _is_cap(answer: ScenarioAnswer) -> bool:
    return answer.is_cut and len(answer.demanded) == 2


def prove_cap(
    replicas: int = 2,
    states: int = 2,
    *,
    messages: int = 1,
    max_rounds: int = MOST_ROUNDS,
    max_seconds: float | None = None,
    seed: int = 0,
) -> CapReport:
    """Show that no register is consistent and available although the network may be cut in two.

    Once for strategies of any memory, by three runs that no strategy survives; and once for all tables of a size, by
    looking at all interleavings of each that z3 proposes. Giving up any of the three, strategies are found; each is
    turned into a model and checked by the full explorer.

    Args:
        replicas: how many; 2 or 3 are feasible.
        states: how many states each replica's table has; the theorem does not depend on it.
        messages: how many different messages the tables may send.
        max_rounds: after so many proposals a search for tables is given up.
        max_seconds: likewise after so long, for each question.
        seed: of the solver.

    Raises:
        UsageError: for sizes that make no sense, and where z3 is not installed.
    """
    both = (CONSISTENCY, AVAILABILITY)
    family = Family(replicas, states, messages)
    theorem = [ask(replicas, rounds, both) for rounds in ROUNDS if replicas == 2 or rounds < 16]
    theorem += [ask(replicas, 1, (one,)) for one in both]
    # To answer within one round is to answer within more, too.
    theorem.append(ask(replicas, 1, both, is_cut=False))
    tables = [
        _answered(question, family, max_rounds=max_rounds, max_seconds=max_seconds, seed=seed)
        for question in QUESTIONS
    ]
    return CapReport(replicas, tuple(theorem), induction(replicas), tuple(tables))


def _answered(question: Question, family: Family, **limits: Any) -> TableAnswer:
    synthesis = searched(question, family, **limits)
    if synthesis.strategy is None:
        return TableAnswer(question, synthesis)
    model = protocol_of(synthesis.strategy, f"A register that is {question.words}.")
    return TableAnswer(question, synthesis, model, tuple(rechecked(model, cut) for cut in (False, True)))


def searched(question: Question, family: Family, *, seed: int = 0, **limits: Any) -> Synthesis:
    """Return what is found for a question.

    Where a strategy is to be expected it is first looked for among those that do nothing of their own accord, of which
    there are far fewer; that there is none is only said of the whole family. One that is found is made plainer.
    """
    spent = 0
    if question.expected is Result.FOUND:
        quick = synthesise(evolve(family, ticks=False), question.demands, seed=seed, **limits)
        if quick.strategy is not None:
            return plainer(quick)
        spent = quick.rounds
    whole = synthesise(family, question.demands, seed=seed, **limits)
    return plainer(evolve(whole, rounds=whole.rounds + spent)) if whole.strategy else whole


def plainer(synthesis: Synthesis) -> Synthesis:
    """Return a strategy that was found without what it can do without: each choice is dropped if it may be."""
    strategy, used = synthesis.strategy, synthesis.used
    assert strategy is not None
    for cell in sorted(used):
        for move in _plainer(cell.state, strategy.moves[cell]):
            tried = Strategy(strategy.family, {**strategy.moves, cell: move})
            broken, cells = violations(tried, synthesis.demands)
            if not broken:
                strategy, used = tried.restricted(cells), cells
                break
    return evolve(synthesis, strategy=strategy, used=used)


def _plainer(state: int, move: Move) -> list[Move]:
    """Return the plainer moves than one, plainest first."""
    silent = (0,) * len(move.sends)
    candidates = {
        Move(after, sends, reply): None
        for after in (state, move.next)
        for sends in (silent, move.sends)
        for reply in (NOTHING, move.reply)
    }
    ranked = sorted(
        candidates, key=lambda one: (one.next != state) + (one.sends != silent) + (one.reply != NOTHING)
    )
    return [one for one in ranked if one != move]


def rechecked(model: SynthesisedRegister, partitions: bool) -> Recheck:
    """Return what the table engine says of a model: all its promises, on all runs and all fair runs."""
    faults = Faults(partitions=at_most(1), heals=at_most(0)) if partitions else Faults()
    system = System(model, faults)
    exploration = explore(system, tuple(model.promises()))
    again = explore(System(model, faults, fairness=KEEPS_READING), (convergent,))
    decided = (*exploration.verdicts(), *again.verdicts())
    verdicts = tuple((v.property.name, v.outcome.value) for v in decided)
    return Recheck(partitions, verdicts, exploration.statistics.states)
