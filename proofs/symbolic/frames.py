"""Frames: one moment of a run in propositional variables, and what a step makes of one moment of the next.

A variable says for each value of each node whether the node has it, and for each envelope and number whether at least
so many copies are in flight. Counting ends at a cap: there a copy more changes nothing, and when one is taken there may
be as many left as before. So nothing that can happen is left out; and where the cap was never passed, what happens in
the frames is exactly what the system does.
"""

from __future__ import annotations

from collections import Counter

from attrs import frozen

from everyway.models.language import World

from .automata import Automata
from .sat import Solver


@frozen(eq=False)
class Frame:
    """One moment."""

    values: tuple[dict[int, int], ...]
    """For each node the variable of each value that it may have."""
    copies: dict[int, tuple[int, ...]]
    """For each envelope that may be in flight the variables "at least 1", "at least 2" and so on."""


@frozen(eq=False)
class Taken:
    """The step between two frames."""

    labels: dict[int, int]
    """For each label the variable that says that it is taken."""
    overflow: int
    """A literal that is true if a copy was put at the cap, or one was taken and the cap is still reached."""


class Frames:
    """Makes frames and steps in a solver.

    Args:
        automata: what the nodes do.
        solver: takes the clauses.
        cap: how many copies of an envelope are counted; on a ``set`` network it is 1.
    """

    def __init__(self, automata: Automata, solver: Solver, cap: int) -> None:
        self.automata = automata
        self.solver = solver
        self.cap = 1 if automata.is_set else cap

    def frame(self, level: int | None) -> Frame:
        """Return a frame in which every node has one value; with a level, of those that may be taken after it."""
        automata, solver = self.automata, self.solver
        values = []
        for node in range(len(automata.names)):
            known = [
                value for value, first in enumerate(automata.levels[node]) if level is None or first <= level
            ]
            variables = dict(zip(known, solver.several(len(known)), strict=True))
            solver.exactly_one(list(variables.values()))
            values.append(variables)
        copies = {}
        for envelope, first in enumerate(automata.envelope_levels):
            if level is None or first <= level:
                copies[envelope] = tuple(solver.several(self.cap))
                for fewer, more in zip(copies[envelope], copies[envelope][1:], strict=False):
                    solver.add(-more, fewer)
        return Frame(tuple(values), copies)

    def begin(self, frame: Frame) -> None:
        """Claim that a frame is a start."""
        solver = self.solver
        chosen = solver.several(len(self.automata.starts))
        solver.add(*chosen)
        for one, start in zip(chosen, self.automata.starts, strict=True):
            for node, value in enumerate(start):
                solver.add(-one, frame.values[node][value])
        for copies in frame.copies.values():
            solver.add(-copies[0])

    def step(self, before: Frame, after: Frame) -> Taken:
        """Claim that one step leads from a frame to another."""
        automata, solver = self.automata, self.solver
        labels: dict[int, int] = {}
        sending: dict[int, list[int]] = {}
        taking: dict[int, list[int]] = {}
        acting: list[list[int]] = [[] for _ in automata.names]
        for number, label in enumerate(automata.labels):
            here, there = before.values[label.node], after.values[label.node]
            moves = [move for move in label.moves if move.source in here]
            if not moves or (label.takes >= 0 and label.takes not in before.copies):
                continue
            taken = labels[number] = solver.variable()
            acting[label.node].append(taken)
            if label.takes >= 0:
                solver.add(-taken, before.copies[label.takes][0])
                taking.setdefault(label.takes, []).append(taken)
            if len(moves) < len(here):
                solver.add(-taken, *(here[move.source] for move in moves))
            senders: dict[int, list[int]] = {}
            for move in moves:
                solver.add(-taken, -here[move.source], there[move.target])
                for envelope in set(move.sends):
                    senders.setdefault(envelope, []).append(here[move.source])
            for envelope, sources in senders.items():
                if len(sources) == len(moves):
                    sending.setdefault(envelope, []).append(taken)
                    continue
                sends = solver.variable()
                solver.add(-sends, taken)
                solver.add(-sends, *sources)
                for source in sources:
                    solver.add(-taken, -source, sends)
                sending.setdefault(envelope, []).append(sends)
        solver.exactly_one(list(labels.values()) or [self._never()])
        for node, own in enumerate(acting):
            for value, variable in before.values[node].items():
                solver.add(-variable, after.values[node][value], *own)
        overflows: list[int] = []
        for envelope, copies in after.copies.items():
            sent = sending.get(envelope, [])
            taken_out = taking.get(envelope, [])
            self._count(before.copies.get(envelope), copies, sent, taken_out, overflows)
        return Taken(labels, solver.any_of(overflows) if overflows else self._never())

    def _count(
        self,
        before: tuple[int, ...] | None,
        after: tuple[int, ...],
        sending: list[int],
        taking: list[int],
        overflows: list[int],
    ) -> None:
        """Claim how many copies of an envelope are in flight after a step."""
        solver = self.solver
        puts = solver.any_of(sending) if sending else self._never()
        if self.automata.is_set:
            was = before[0] if before else self._never()
            solver.add(-puts, after[0])
            solver.add(-was, after[0])
            solver.add(-after[0], was, puts)
            return
        takes = solver.any_of(taking) if taking else self._never()
        old = [*(before or [self._never()] * self.cap)]
        for k, now in enumerate(after):
            was = old[k]
            fewer = old[k - 1] if k else self._always()
            more = old[k + 1] if k + 1 < self.cap else None
            # Both or neither: as many as before.
            solver.add(-puts, -takes, -was, now)
            solver.add(-puts, -takes, was, -now)
            solver.add(puts, takes, -was, now)
            solver.add(puts, takes, was, -now)
            # Put: as many as were one below.
            solver.add(-puts, takes, -fewer, now)
            solver.add(-puts, takes, fewer, -now)
            # Taken: as many as were one above; at the cap there may be as many left.
            solver.add(puts, -takes, was, -now)
            if more is not None:
                solver.add(puts, -takes, -more, now)
                solver.add(puts, -takes, more, -now)
            else:
                stays = solver.variable()
                solver.add(stays, puts, -takes, -now)
                overflows.append(stays)
        overflow = solver.variable()
        solver.add(-overflow, old[-1])
        solver.add(-overflow, puts)
        solver.add(-overflow, -takes)
        solver.add(overflow, -old[-1], -puts, takes)
        overflows.append(overflow)

    def _always(self) -> int:
        if not hasattr(self, "_true"):
            self._true = self.solver.variable()
            self.solver.add(self._true)
        return self._true

    def _never(self) -> int:
        return -self._always()

    # Reading solutions.

    def values_in(self, frame: Frame, solution: frozenset[int]) -> tuple[int, ...]:
        """Return each node's value in a solution."""
        return tuple(
            next(value for value, variable in variables.items() if variable in solution)
            for variables in frame.values
        )

    def copies_in(self, frame: Frame, solution: frozenset[int]) -> dict[int, int]:
        """Return how many copies of each envelope are in flight in a solution."""
        counts = {
            envelope: sum(variable in solution for variable in copies)
            for envelope, copies in frame.copies.items()
        }
        return {envelope: count for envelope, count in counts.items() if count}

    def world_in(self, frame: Frame, solution: frozenset[int]) -> World:
        """Return the world of a frame in a solution."""
        return self.automata.world_of(self.values_in(frame, solution), self.copies_in(frame, solution))


def refuse_repeats(automata: Automata) -> None:
    """See that no step sends the same message twice to the same node, which frames do not count.

    Raises ``UsageError`` if one does, on a bag.
    """
    from everyway.models.language import UsageError

    if automata.is_set:
        return
    for label in automata.labels:
        for move in label.moves:
            if move.sends and max(Counter(move.sends).values()) > 1:
                raise UsageError(
                    f"symbolic checking does not count a message that one step sends twice to the same node, as "
                    f"{automata.names[label.node]} does in '{move.action}'; explore the system instead."
                )
