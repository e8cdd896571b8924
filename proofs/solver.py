"""The solver: z3, asked one question at a time, with limits, a fixed seed, and an honest "unknown"."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Sequence
from enum import Enum
from importlib import metadata
from typing import Any

from attrs import evolve, frozen

from everyway.models.language.errors import UsageError

DEFAULT_TIMEOUT = 10.0
"""Seconds for one query."""
SEED = 0
_LONGEST = 2**32 - 1
"""Milliseconds that z3 can be told."""
_A_LIMIT = "a limit was reached"


class MissingSolver(UsageError):
    """z3 is not installed."""


def load_z3() -> Any:
    """Return the module z3.

    Raises ``MissingSolver`` if it is not installed. It is imported only when it is needed: that takes a while.
    """
    try:
        import z3
    except ImportError as error:
        raise MissingSolver(
            "proofs need z3, which is not installed. Install it with: pip install 'everyway[proofs]'"
        ) from error
    return z3


def z3_version() -> str:
    """Return which z3 is installed, without importing it; empty if there is none."""
    if importlib.util.find_spec("z3") is None:
        return ""
    try:
        return f"{metadata.version('z3-solver')}, proves for any number of nodes"
    except metadata.PackageNotFoundError:
        return "of unknown version, proves for any number of nodes"


@frozen
class SolverLimits:
    """What one query may cost before it counts as unknown."""

    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""
    effort: int | None = None
    """z3's own count of work (``rlimit``), which is the same on every machine; None for no limit."""


class Answer(Enum):
    """What z3 said: there is a state as asked for, there is none, or it could not tell."""

    SAT = "sat"
    UNSAT = "unsat"
    UNKNOWN = "unknown"


@frozen(eq=False)
class Reply:
    """z3's answer to one query."""

    answer: Answer
    seconds: float
    why: str = ""
    """Why it is unknown, in z3's words or ours."""
    model: Any = None
    query: str = ""
    """The query as SMT-LIB, if that was asked for."""
    core: tuple[Any, ...] = ()
    """For "unsat": the assumptions that it rests on."""


def new_solver(context: Any, limits: SolverLimits) -> Any:
    """Return a new solver with limits and the fixed seed."""
    solver = load_z3().SimpleSolver(ctx=context)
    solver.set("random_seed", SEED)
    solver.set("ctrl_c", False)  # z3 would take Ctrl-C for a reason to answer "unknown"
    solver.set("timeout", min(max(1, int(limits.timeout * 1000)), _LONGEST))
    if limits.effort is not None:
        solver.set("rlimit", limits.effort)
    return solver


def ask(context: Any, assertions: Sequence[Any], limits: SolverLimits, *, keeps_query: bool = False) -> Reply:
    """Ask whether all assertions can hold at once."""
    solver = new_solver(context, limits)
    for assertion in assertions:
        solver.add(assertion)
    reply = check(solver, solver.to_smt2() if keeps_query else "")
    if reply.why == _A_LIMIT and limits.effort is None:
        return evolve(reply, why=f"time-out after {limits.timeout:g} s")
    return reply


def check(solver: Any, query: str = "", assumptions: Sequence[Any] = ()) -> Reply:
    """Ask a solver about what it was given so far, and what is assumed for this question alone."""
    started = time.perf_counter()
    answer = Answer(str(_interruptible_check(solver, assumptions)))
    seconds = time.perf_counter() - started
    if answer is Answer.SAT:
        return Reply(answer, seconds, model=solver.model(), query=query)
    if answer is Answer.UNSAT:
        core = tuple(solver.unsat_core()) if assumptions else ()
        return Reply(answer, seconds, query=query, core=core)
    why = str(solver.reason_unknown())
    # z3 says "canceled" both for its clock and for its count of work.
    return Reply(answer, seconds, why=_A_LIMIT if why in ("timeout", "canceled") else why, query=query)


def _interruptible_check(solver: Any, assumptions: Sequence[Any]) -> Any:
    """Return what z3 answers; Ctrl-C raises ``KeyboardInterrupt`` as it does everywhere else.

    While z3 computes in the main thread, Python cannot see that a key was pressed. So z3 gets a thread of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        return solver.check(*assumptions)
    answers: list[Any] = []
    failures: list[Exception] = []

    def work() -> None:
        try:
            answers.append(solver.check(*assumptions))
        except Exception as error:  # handed on to whoever asked
            failures.append(error)

    worker = threading.Thread(target=work, name="z3", daemon=True)
    worker.start()
    try:
        worker.join()
    except KeyboardInterrupt:
        while worker.is_alive():  # again, as an interruption before z3 has begun is lost on it
            solver.ctx.interrupt()
            worker.join(0.05)
        raise
    if failures:
        raise failures[0]
    return answers[0]
