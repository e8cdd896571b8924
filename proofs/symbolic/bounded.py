"""Bounded model checking: a shortest run that breaks a promise, looked for length by length by a solver.

Biere, Cimatti, Clarke & Zhu, "Symbolic model checking without BDDs" (TACAS 1999). A run of some length is a formula
over as many frames; that no run of a length breaks the promise is said by the solver.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import frozen

from everyway.explorer import Visit
from everyway.models.language import EverywayError, World

from .automata import Automata
from .claims import Claim, Watch
from .frames import Frame, Frames, Taken
from .sat import Solver, SolverGaveUpError

FIRST_CAP = 2


@frozen
class BoundedAnswer:
    """What is known of the runs up to some length."""

    depth: int
    """No run of at most so many steps breaks the promise; -1 if not even that is known."""
    path: tuple[Visit, ...] | None
    """A shortest run that breaks it."""
    why: str = ""
    """What ended the search before the length that was asked for."""
    clauses: int = 0
    questions: int = 0


class Bounded:
    """The search for a run that breaks a promise, one length after the other."""

    def __init__(self, automata: Automata, claim: Claim) -> None:
        self.automata = automata
        self.claim = claim
        self._cap = FIRST_CAP
        self._restart()

    def _restart(self) -> None:
        self.solver = Solver()
        self.frames = Frames(self.automata, self.solver, self._cap)
        self._moments: list[Frame] = []
        self._taken: list[Taken] = []

    def _reach(self, depth: int) -> Frame:
        while self.automata.rounds < depth and not self.automata.is_closed:
            self.automata.grow()
        while len(self._moments) <= depth:
            frame = self.frames.frame(len(self._moments))
            if self._moments:
                self._taken.append(self.frames.step(self._moments[-1], frame))
            else:
                self.frames.begin(frame)
            self._moments.append(frame)
        return self._moments[depth]

    def at(self, depth: int) -> tuple[Visit, ...] | None:
        """Return a run of exactly so many steps at whose end the promise is broken; None if there is none.

        Raises ``SolverGaveUpError``.
        """
        frame = self._reach(depth)
        watch = Watch(self.claim, self.solver, frame, self.frames.cap)
        exactly: list[int] = []
        while True:
            solution = self.solver.solve([watch.broken, *exactly])
            if solution is None:
                if not exactly:
                    self.solver.add(-watch.broken)
                    return None
                # Only runs with more copies in flight than are counted break it, if any do: count further.
                self._cap *= 2
                self._restart()
                return self.at(depth)
            values = self.frames.values_in(frame, solution)
            copies = self.frames.copies_in(frame, solution)
            world = self.automata.world_of(values, copies)
            if watch.doubts(solution, values, copies, world):
                continue
            if any(_is_true(taken.overflow, solution) for taken in self._taken[:depth]):
                exactly = [-taken.overflow for taken in self._taken[:depth]]
                continue
            return self._path(solution, depth)

    def _path(self, solution: frozenset[int], depth: int) -> tuple[Visit, ...]:
        """Return the run of a solution, taken again by the plain semantics."""
        system = self.automata.system
        worlds = [self.frames.world_in(frame, solution) for frame in self._moments[: depth + 1]]
        start = next((world for world in system.initial() if _alike(world, worlds[0])), None)
        if start is None:
            raise EverywayError("internal error: the run that the solver found does not begin at a start.")
        path = [Visit(None, start)]
        here: World = start
        for number, world in enumerate(worlds[1:]):
            actions = self._actions(solution, number)
            step = next(
                (
                    Visit(action, after)
                    for action, after in system.steps(here)
                    if action in actions and _alike(after, world)
                ),
                None,
            )
            if step is None:
                raise EverywayError(
                    f"internal error: step {number + 1} of the run that the solver found does not exist."
                )
            path.append(step)
            here = world_of(step)
        if not self.claim.is_broken(here):
            list(system.steps(here))  # raises what the model is to be blamed for
            raise EverywayError("internal error: the run that the solver found breaks nothing.")
        return tuple(path)

    def _actions(self, solution: frozenset[int], number: int) -> list[object]:
        label = next(label for label, taken in self._taken[number].labels.items() if taken in solution)
        value = self.frames.values_in(self._moments[number], solution)[self.automata.labels[label].node]
        return [move.action for move in self.automata.labels[label].moves if move.source == value]


def world_of(visit: Visit) -> World:
    """Return the world of a visit."""
    assert isinstance(visit.state, World)
    return visit.state


def _is_true(literal: int, solution: frozenset[int]) -> bool:
    return literal in solution if literal > 0 else -literal not in solution


def _alike(one: World, other: World) -> bool:
    return one.states == other.states and one.mailboxes == other.mailboxes


def search(
    bounded: Bounded,
    depth: int,
    *,
    deadline: float | None = None,
    first: int = 0,
    watcher: Callable[[int], None] | None = None,
) -> BoundedAnswer:
    """Look for a shortest run that breaks the promise, of at most so many steps.

    Args:
        bounded: the search; it may have been used before.
        depth: the greatest length.
        deadline: when to stop, by ``time.monotonic``.
        first: shorter runs are known not to break it.
        watcher: is called with each length that was done.
    """
    done = first - 1
    for length in range(first, depth + 1):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return _answer(bounded, done, why="the time was up")
        bounded.solver.limit(left)
        try:
            path = bounded.at(length)
        except SolverGaveUpError:
            return _answer(bounded, done, why="the time was up")
        if path is not None:
            return BoundedAnswer(done, path, "", bounded.solver.clauses, bounded.solver.questions)
        done = length
        if watcher is not None:
            watcher(length)
    return _answer(bounded, done)


def _answer(bounded: Bounded, done: int, why: str = "") -> BoundedAnswer:
    return BoundedAnswer(done, None, why, bounded.solver.clauses, bounded.solver.questions)
