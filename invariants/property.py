"""Properties: what a protocol promises, as plain Python over its states.

A predicate says ``True`` or ``False``, or instead of ``False`` the reason as a string, or ``broken(reason,
nodes)`` to name the guilty nodes too.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, overload

from attrs import frozen

from everyway.models.language.errors import ModelError
from everyway.models.language.node import Node

Predicate = Callable[..., Any]


class PropertyKind(Enum):
    """What a property claims of the states; the value is how a reader says it."""

    ALWAYS = "always"
    """True in every reachable state."""
    NEVER = "never"
    """True in no reachable state."""
    EVERY_STEP = "on every step"
    """True of every reachable step: (state before, action, state after)."""
    POSSIBLE = "possible"
    """True in some reachable state."""
    RECOVERABLE = "recoverable"
    """From every reachable state, one in which it is true can still be reached (AG EF in CTL)."""
    NO_DEADLOCK = "no deadlock"
    """Every reachable state in which nothing can happen any more is one in which the predicate is true."""
    TEMPORAL = "over time"
    """True of every fair run; see ``temporal.py``."""
    ATOM = "atom"
    """No claim of its own: a predicate that a promise over time is made of."""


@frozen
class Broken:
    """Why a predicate is false, and which nodes' states make it so."""

    reason: str = ""
    nodes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return False


def broken(reason: str, nodes: Any = ()) -> Broken:
    """Return, from a predicate, why it is false and which nodes are guilty: their ids, or the nodes themselves.

    >>> broken("P1 committed although P2 aborted", ["P1", "P2"]).nodes
    ('P1', 'P2')
    """
    several = (nodes,) if isinstance(nodes, (str, Node)) else nodes
    return Broken(reason, tuple(node.id if isinstance(node, Node) else str(node) for node in several))


@frozen
class Property:
    """One promise, ready to be checked."""

    name: str
    kind: PropertyKind
    predicate: Predicate
    promise: str = ""
    """The promise in a sentence: the first of the predicate's docstring."""
    when: Predicate | None = None
    """The premise: the property says something only where this is true."""
    repairs: bool = True
    """For ``recoverable``: whether the way back may rely on nodes restarting and partitions healing."""
    formula: Any = None
    """For promises over time: the formula, see ``temporal.py``."""
    refines: Any = None
    """For a claim to implement a specification: which, and how; see ``refinement.py``."""

    def judge(self, *arguments: Any) -> Broken | None:
        """Return None where the property is satisfied, or why not; ``arguments`` are a state, or a step.

        For ``never`` that is the opposite of the predicate. Raises ``ModelError`` if the predicate raises or
        answers with something that is no verdict.
        """
        answer = self._ask(self.predicate, arguments)
        if self.kind is PropertyKind.NEVER:
            if answer is False:
                return None
            return Broken() if answer is True else _as_broken(answer)
        return None if answer is True else _as_broken(answer)

    def judge_start(self, state: Any) -> Broken | None:
        """Return why a property of steps does not allow a state at the start; None if it does."""
        if self.refines is None:
            return None
        answer = self._ask(self.refines.at_start, (state,), or_none=True)
        return None if answer is None else _as_broken(answer)

    def is_premise_met(self, *arguments: Any) -> bool:
        """Return whether the property says anything of this state or step."""
        return self.when is None or self._ask(self.when, arguments) is True

    def _ask(self, predicate: Predicate, arguments: tuple[Any, ...], *, or_none: bool = False) -> Any:
        try:
            answer = predicate(*arguments)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise ModelError(
                f"property '{self.name}' raised {type(error).__name__}: {error} "
                f"({Path(frame.filename).name}, line {frame.lineno}), in the state: {arguments[0]}"
            ) from error
        if isinstance(answer, (bool, Broken)) or (or_none and answer is None):
            return answer
        if isinstance(answer, str) and answer:
            return answer
        raise ModelError(
            f"property '{self.name}' returned {answer!r}, in the state: {arguments[0]}\n"
            f"A predicate returns True or False, or instead of False the reason as a string, or broken(reason, nodes)."
        )

    def __and__(self, other: Property) -> Property:
        """Return the promise over time that both make."""
        from .temporal import both

        return both(self, other)

    def __or__(self, other: Property) -> Property:
        """Return the promise over time that every run keeps one of the two."""
        from .temporal import either

        return either(self, other)

    def __invert__(self) -> Property:
        """Return the promise over time that no run keeps this one."""
        from .temporal import opposite

        return opposite(self)

    def __str__(self) -> str:
        return self.name


def _as_broken(answer: Any) -> Broken:
    if isinstance(answer, Broken):
        return answer
    return Broken(answer) if isinstance(answer, str) else Broken()


Decorated = Callable[[Predicate], Property]


def _made(
    predicate: Predicate, kind: PropertyKind, name: str, when: Predicate | None, repairs: bool = True
) -> Property:
    words = name or predicate.__name__.strip("_").replace("_", " ")
    if words == "<lambda>":
        raise ModelError("a property made from a lambda needs a name: always(lambda world: ..., name='...').")
    lines = (predicate.__doc__ or "").strip().split("\n\n")[0]
    return Property(words, kind, predicate, " ".join(lines.split()), when, repairs)


def _decorator(
    predicate: Predicate | None,
    kind: PropertyKind,
    name: str,
    when: Predicate | None = None,
    repairs: bool = True,
) -> Any:
    if predicate is None:
        return lambda later: _made(later, kind, name, when, repairs)
    return _made(predicate, kind, name, when, repairs)


@overload
def always(predicate: Predicate, *, name: str = "", when: Predicate | None = None) -> Property: ...
@overload
def always(*, name: str = "", when: Predicate | None = None) -> Decorated: ...
def always(predicate: Predicate | None = None, *, name: str = "", when: Predicate | None = None) -> Any:
    """Claim that the predicate of a state is true in every reachable state, or in every one where ``when`` is.

    A decorator, or a function. The property's name is the predicate's, its promise the docstring's first
    sentence.

    >>> @always
    ... def agreement(world):
    ...     '''No two nodes decide differently.'''
    ...     return len({node.decision for node in world if node.decision}) <= 1
    >>> agreement.name, agreement.promise
    ('agreement', 'No two nodes decide differently.')
    """
    return _decorator(predicate, PropertyKind.ALWAYS, name, when)


@overload
def never(predicate: Predicate, *, name: str = "", when: Predicate | None = None) -> Property: ...
@overload
def never(*, name: str = "", when: Predicate | None = None) -> Decorated: ...
def never(predicate: Predicate | None = None, *, name: str = "", when: Predicate | None = None) -> Any:
    """Claim that the predicate of a state is true in no reachable state; it may return the reason as a string."""
    return _decorator(predicate, PropertyKind.NEVER, name, when)


@overload
def every_step(predicate: Predicate, *, name: str = "", when: Predicate | None = None) -> Property: ...
@overload
def every_step(*, name: str = "", when: Predicate | None = None) -> Decorated: ...
def every_step(predicate: Predicate | None = None, *, name: str = "", when: Predicate | None = None) -> Any:
    """Claim that ``predicate(before, action, after)`` is true of every step that can be taken."""
    return _decorator(predicate, PropertyKind.EVERY_STEP, name, when)


@overload
def possible(predicate: Predicate, *, name: str = "") -> Property: ...
@overload
def possible(*, name: str = "") -> Decorated: ...
def possible(predicate: Predicate | None = None, *, name: str = "") -> Any:
    """Claim that some reachable state satisfies the predicate; the check shows the shortest way to one."""
    return _decorator(predicate, PropertyKind.POSSIBLE, name)


@overload
def recoverable(
    predicate: Predicate, *, name: str = "", when: Predicate | None = None, repairs: bool = True
) -> Property: ...
@overload
def recoverable(*, name: str = "", when: Predicate | None = None, repairs: bool = True) -> Decorated: ...
def recoverable(
    predicate: Predicate | None = None,
    *,
    name: str = "",
    when: Predicate | None = None,
    repairs: bool = True,
) -> Any:
    """Claim that from every reachable state one that satisfies the predicate can still be reached (AG EF).

    The way there never counts on a further fault. With ``repairs=False`` it does not count on a crashed node
    restarting or a partition healing either: what the live nodes cannot do by themselves, cannot be done.

    With ``when`` it is claimed of those states alone. If the protocol says with ``has_room`` where its bounds leave
    room, it is claimed only there: that no number is left to try must not pass for being stuck.
    """
    return _decorator(predicate, PropertyKind.RECOVERABLE, name, when, repairs)


def no_deadlock(is_final: Predicate) -> Property:
    """Claim that wherever nothing can happen any more, ``is_final(state)`` is true.

    Faults, and steps that change nothing, do not count as something that can happen.
    """
    return Property(
        "no deadlock",
        PropertyKind.NO_DEADLOCK,
        is_final,
        "Where nothing can happen any more, the protocol is done.",
    )
