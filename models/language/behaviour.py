"""Calling handlers: once for each distinct question, and never without holding them to the rules.

A handler's answer depends only on its node's local state and the message, so it is asked once for each
pair and remembered. Each first call is made twice, the second time on an equal state that was built anew,
so that a handler that is not a function of its arguments (randomness, time, identity, the order of a set)
is found out.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from enum import Enum
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import attrs
from attrs import evolve, frozen
from attrs.exceptions import FrozenInstanceError

from .action import Action, Kind
from .declaration import check_declared, constructor_fields
from .errors import EverywayError, ModelError, did_you_mean
from .handler import Handler, Occasion, handlers_for, message_handlers
from .message import Envelope, NodeId
from .naming import enumerated, order_key, shown
from .node import Node
from .step import LATER, Step

KINDS = {
    Occasion.DELIVERY: Kind.DELIVERY,
    Occasion.TIMEOUT: Kind.TIMEOUT,
    Occasion.CHOICE: Kind.CHOICE,
    Occasion.RESTART: Kind.RESTART,
    Occasion.SUSPICION: Kind.SUSPICION,
}


@frozen
class Outcome:
    """One thing that a node may do: the action, and its state afterwards."""

    action: Action
    state: Node
    interrupted: tuple[Action, ...] = ()
    """The same action cut short by a crash, once for each set of messages that may have left before it."""
    awaited: tuple[NodeId, ...] = ()
    """For a time-out: the nodes that were waited for."""


@frozen(cache_hash=True)
class Question:
    """What a node is asked: what it does on this occasion."""

    occasion: Occasion
    state: Node
    envelope: Envelope | None = None
    about: NodeId | None = None
    is_false: bool = False


class _NotAsked(Enum):
    """Stands for the answer to a question that was never asked."""

    NOT_ASKED = "not asked"


_NOT_ASKED = _NotAsked.NOT_ASKED
_NOTHING = Fraction(0)
MOST_TWINS = 100_000
"""So many values that were built anew are kept."""


class Behaviour:
    """The behaviour of a protocol's nodes, as a table that fills itself by calling handlers."""

    def __init__(
        self, names: tuple[NodeId, ...], *, timeouts_are_late: bool, ignoring_is_a_step: bool, crashes: bool
    ) -> None:
        self._names = names
        self._timeouts_are_late = timeouts_are_late
        self._crashes = crashes
        self._ignoring_is_a_step = ignoring_is_a_step
        self._answers: dict[Question, tuple[Outcome, ...] | None] = {}
        self._twins: dict[int, tuple[Any, Any]] = {}
        """Values that were built anew, by the identity of the originals, which come first."""
        self.calls = 0
        """How many times a handler was asked; a repeated question is answered from memory."""

    def on_delivery(self, state: Node, envelope: Envelope) -> tuple[Outcome, ...]:
        """Return what a node may do with a message: nothing at all if it wants it later.

        Ignoring a message takes it out of a bag or a queue, and so is a step; on a ``set`` network it would
        change nothing and is none.
        """
        question = Question(Occasion.DELIVERY, state, envelope)
        answer = self._answer(question, message_handlers(type(state), type(envelope.message)))
        if answer == () and self._ignoring_is_a_step:
            return (_ignoring(question),)
        return answer or ()

    def on_occasion(self, occasion: Occasion, state: Node) -> tuple[Outcome, ...]:
        """Return what a node may do of its own accord, on a time-out, or when it comes up again."""
        return self._answer(Question(occasion, state), handlers_for(type(state), occasion)) or ()

    def on_suspicion(self, state: Node, about: NodeId, is_false: bool) -> tuple[Outcome, ...]:
        """Return what a node may do when it is told that another is down."""
        question = Question(Occasion.SUSPICION, state, about=about, is_false=is_false)
        return self._answer(question, handlers_for(type(state), Occasion.SUSPICION)) or ()

    def _answer(self, question: Question, handlers: tuple[Handler, ...]) -> tuple[Outcome, ...] | None:
        """Return the outcomes of all handlers, or None if one of them put the message off."""
        if not handlers:
            return ()
        answer = self._answers.get(question, _NOT_ASKED)
        if isinstance(answer, _NotAsked):
            answer = self._answers[question] = self._ask(question, handlers)
        return answer

    def _ask(self, question: Question, handlers: tuple[Handler, ...]) -> tuple[Outcome, ...] | None:
        outcomes: list[Outcome] = []
        is_put_off = False
        for handler in handlers:
            steps = self._steps(question, handler)
            if steps is LATER:
                is_put_off = True
                continue
            awaited = self._awaited(question, handler) if steps else ()
            total = _total_weight(question, handler, steps)
            for position, step in enumerate(steps):
                outcomes.append(self._outcome(question, handler, position, step, awaited, total))
        return None if is_put_off and not outcomes else tuple(outcomes)

    def _steps(self, question: Question, handler: Handler) -> Any:
        """Call a handler, and see that it leaves its state alone and answers the same twice."""
        arguments: tuple[Any, ...] = ()
        if question.envelope:
            arguments = (question.envelope.message, question.envelope.sender)
        elif question.about:
            arguments = (question.about,)
        self.calls += 1
        untouched = self._twin(question.state)
        same_arguments = tuple([self._twin(argument) for argument in arguments])
        first = _checked(question, handler, question.state, arguments)
        if question.state != untouched:
            raise ModelError(
                f"{_place(question, handler)} changed its own state {_difference(untouched, question.state)}.\n"
                f"A handler is pure: leave self alone and return self.become(...)."
            )
        if arguments != same_arguments:
            raise ModelError(
                f"{_place(question, handler)} changed the message that it was given.\n"
                f"A handler is pure: the same message may be delivered again, and in other runs."
            )
        again = _checked(question, handler, untouched, same_arguments)
        if first != again:
            raise ModelError(
                f"{_place(question, handler)} answered the same question differently the second time: "
                f"{_unlike(first, again)}.\n"
                f"A handler must depend on nothing but its state and the message: no randomness, no clock, no "
                f"global variable, no identity, no iteration over a set without sorting it."
            )
        return first

    def _twin(self, value: Any) -> Any:
        """Return an equal value that was built anew: always the same one for the same object, as most are asked about
        several times."""
        if type(value) in _ATOMS:
            return value
        kept = self._twins.get(id(value))
        if kept is None:
            if len(self._twins) >= MOST_TWINS:
                self._twins.clear()
            kept = self._twins[id(value)] = (value, _built_anew(value))
        return kept[1]

    def _awaited(self, question: Question, handler: Handler) -> tuple[NodeId, ...]:
        if handler.trigger.awaiting is None:
            return ()
        try:
            awaited = handler.awaited(question.state)
        except EverywayError:
            raise
        except Exception as error:
            raise ModelError(
                f"{_place(question, handler)}: its 'awaiting' raised {type(error).__name__}: {error}."
            ) from error
        if not awaited:
            return ()
        for name in awaited:
            self._check_name(name, lambda: f"{_place(question, handler)} awaits")
        return tuple(sorted(awaited, key=order_key))

    def _outcome(
        self,
        question: Question,
        handler: Handler,
        position: int,
        step: Step,
        awaited: tuple[NodeId, ...],
        total: Fraction | float,
    ) -> Outcome:
        place = partial(_place, question, handler)
        node = question.state.id
        if type(step.state) is not type(question.state):
            raise ModelError(
                f"{place()} becomes a {type(step.state).__name__}; a node stays of the class that it has in nodes(), "
                f"{type(question.state).__name__}."
            )
        state = step.state if step.state.id == node else evolve(step.state, id=node)
        _check_hashable(state, place)
        groups = [self._envelopes(node, place, send) for send in step.sends]
        note = step.note
        if not note and question.occasion is Occasion.TIMEOUT:
            note = f"time-out: nothing from {enumerated(awaited)}" if awaited else "time-out"
        action = Action(
            KINDS[question.occasion],
            node=node,
            handler=handler.name,
            envelope=question.envelope,
            about=question.about,
            outcome=position,
            chance=None if step.weight is None else step.weight / total,
            label=step.label or handler.words,
            note=note,
            sent=tuple(envelope for group, _ in groups for envelope in group),
            is_late=question.occasion is Occasion.TIMEOUT and self._timeouts_are_late,
            is_false=question.is_false,
        )
        interrupted = tuple(
            evolve(action, sent=sent, unsent=unsent, crashed=True, wrote=not step.writes_last)
            for sent, unsent in (_cuts(groups, include_all=step.writes_last) if self._crashes else ())
        )
        return Outcome(action, state, interrupted, awaited)

    def _envelopes(self, sender: NodeId, place: Callable[[], str], send: Any) -> tuple[list[Envelope], bool]:
        if isinstance(send.message, type):
            raise ModelError(
                f"{place()} sends the class {send.message.__name__}; send a message of it: {send.message.__name__}()."
            )
        if attrs.has(type(send.message)):
            check_declared(type(send.message))
        _check_hashable(send.message, place)
        for name in send.to:
            self._check_name(name, lambda: f"{place()} sends {send.message} to")
        to = send.to if send.is_ordered else sorted(send.to, key=self._names.index)
        return [Envelope(sender, name, send.message) for name in to], send.is_ordered

    def _check_name(self, name: Any, place: Callable[[], str]) -> None:
        if name not in self._names:
            raise ModelError(
                f"{place()} '{name}', but there is no such node.{did_you_mean(str(name), self._names)} "
                f"The nodes are {', '.join(self._names)}."
            )


def _total_weight(question: Question, handler: Handler, steps: tuple[Step, ...]) -> Fraction | float:
    """Return the sum of the weights of a handler's steps; all of them must have one, or none."""
    given = [step.weight for step in steps if step.weight is not None]
    if not given:
        return _NOTHING
    if len(given) < len(steps):
        raise ModelError(
            f"{_place(question, handler)} returned {len(given)} of {len(steps)} steps with a weight.\n"
            f"Weigh all steps that are left to chance, and let another handler return those that are not."
        )
    return sum(given, _NOTHING)


def _ignoring(question: Question) -> Outcome:
    return Outcome(
        Action(Kind.DELIVERY, node=question.state.id, envelope=question.envelope, label="ignores it"),
        question.state,
    )


def _cuts(
    groups: list[tuple[list[Envelope], bool]], include_all: bool
) -> Iterator[tuple[tuple[Envelope, ...], tuple[Envelope, ...]]]:
    """Yield what may have left and what not when a crash strikes between two sends.

    Groups leave one after the other; within an ordered group messages leave in its order, within an
    unordered one any subset may be first.
    """
    everything = [envelope for group, _ in groups for envelope in group]
    if not everything:
        return
    before: list[Envelope] = []
    seen = set()
    for number, (group, is_ordered) in enumerate(groups):
        after = [envelope for later, _ in groups[number + 1 :] for envelope in later]
        for size in range(len(group) + (1 if include_all and not after else 0)):
            chosen = [range(size)] if is_ordered else itertools.combinations(range(len(group)), size)
            for positions in chosen:
                left = tuple(before + [group[i] for i in positions])
                kept = tuple([group[i] for i in range(len(group)) if i not in positions] + after)
                # Before anything left and before the state was written, it is the same as a crash before the step.
                if (left or not include_all) and (left, kept) not in seen:
                    seen.add((left, kept))
                    yield left, kept
        before += group


def _checked(question: Question, handler: Handler, state: Node, arguments: tuple[Any, ...]) -> Any:
    """Return a handler's answer as a tuple of steps, or LATER; anything else is explained to the user."""
    place = partial(_place, question, handler)
    try:
        answer = handler.call(state, *arguments)
        if answer is None:
            return ()
        if isinstance(answer, Step):
            return (answer,)
        if inspect.isgenerator(answer):
            answer = _drained(cast("Generator[object, None, object]", answer))
        elif isinstance(answer, Iterable) and not isinstance(answer, (Node, str, bytes, Mapping)):
            answer = tuple(answer)
    except EverywayError as error:
        raise ModelError(f"{place()}: {error}") from error
    except FrozenInstanceError as error:
        raise ModelError(
            f"{place()} assigns to a field of a frozen object.\n"
            f"States and messages never change: return self.become(field=value) instead of self.field = value."
        ) from error
    except Exception as error:
        raise ModelError(
            f"{place()} raised {type(error).__name__}: {error} ({origin(error)}), in the state {question.state!r}."
        ) from error
    if answer is LATER and question.occasion is Occasion.DELIVERY:
        return LATER
    if isinstance(answer, tuple) and all(isinstance(step, Step) for step in answer):
        return answer
    got = "LATER, which is for messages only" if answer is LATER else type(answer).__name__
    if isinstance(answer, tuple):
        wrong = next(step for step in answer if not isinstance(step, Step))
        got = f"{len(answer)} values, among them a {type(wrong).__name__}"
    raise ModelError(
        f"{place()} returned {got}, but a handler returns a Step, None or an iterable of Steps.\n"
        f"Make each with self.become(...), self.send(...) or self.stay()."
    )


def _drained(generator: Generator[object, None, object]) -> tuple[Any, ...]:
    """Return what a generator yields; refuse one that returns a value, which Python would silently drop."""
    steps: list[object] = []
    while True:
        try:
            steps.append(next(generator))
        except StopIteration as end:
            if end.value is not None:
                raise ModelError(
                    "yields some steps and returns another, which would be lost.\nYield every one."
                ) from None
            return tuple(steps)


def _place(question: Question, handler: Handler) -> str:
    """Return where a fault was found: the file, the method and the occasion."""
    occasion = question.occasion.value
    if question.envelope:
        occasion = type(question.envelope.message).__name__
    try:
        source = inspect.getsourcefile(type(question.state))
    except (TypeError, OSError):  # a class made in an interactive session
        source = None
    prefix = f"{Path(source).name}: " if source else ""
    return f"{prefix}{handler.full_name} (on {occasion}, at node {question.state.id})"


def origin(error: BaseException) -> str:
    """Return the file and line of the user's code where an error was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (
        f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
        if trace
        else "unknown place"
    )


def _check_hashable(value: Any, place: Callable[[], str]) -> None:
    try:
        hash(value)
    except TypeError:
        where = f"{type(value).__name__}"
        if attrs.has(type(value)):
            for declared in attrs.fields(type(value)):
                part = getattr(value, declared.name)
                try:
                    hash(part)
                except TypeError:
                    where = f"{type(value).__name__}.{declared.name}, a {type(part).__name__}"
        raise ModelError(
            f"{place()}: {where} cannot be compared and stored, because it can be changed in place.\n"
            f"Use a tuple instead of a list, a frozenset instead of a set, a tuple of pairs instead of a dict, and "
            f"@frozen on classes of your own."
        ) from None


class _BackwardSet(frozenset[Any]):
    """A set that is gone through in the opposite order, so that whoever relies on a set's order is found out.

    Filling a plain set in another order does not do: whether that changes anything depends on the hash seed.
    """

    __slots__ = ("_backwards",)
    _backwards: tuple[Any, ...]

    def __new__(cls, forwards: Iterable[Any]) -> _BackwardSet:
        listed = tuple(forwards)
        made = super().__new__(cls, listed)
        made._backwards = listed[::-1]
        return made

    def __iter__(self) -> Iterator[Any]:
        return iter(self._backwards)


_ATOMS = frozenset({str, int, bool, float, bytes, type(None)})


def _built_anew(value: Any) -> Any:
    """Return an equal value that shares no container with the given one; sets are gone through backwards."""
    kind: Any = type(value)
    if kind in _ATOMS or isinstance(value, Enum):
        return value
    if kind is tuple:
        return tuple([_built_anew(item) for item in value])
    if isinstance(value, frozenset):
        anew = [_built_anew(item) for item in value]
        return _BackwardSet(anew) if len(anew) > 1 else frozenset(anew)
    if isinstance(value, (list, set, dict)):
        return kind(value)
    if not attrs.has(kind):
        return value
    fields = constructor_fields(kind)
    return kind(**{alias: _built_anew(getattr(value, name)) for name, alias in fields.items()})


def _difference(before: Any, after: Any) -> str:
    for declared in attrs.fields(type(before)):
        old, new = getattr(before, declared.name), getattr(after, declared.name, None)
        if old != new:
            return f"(field {declared.name}: from {shown(old)} to {shown(new)})"
    return ""


def _unlike(first: Any, again: Any) -> str:
    if not isinstance(first, tuple) or not isinstance(again, tuple) or len(first) != len(again):
        number = [len(answer) if isinstance(answer, tuple) else 0 for answer in (first, again)]
        return f"{number[0]} steps, then {number[1]}"
    one, other = next((a, b) for a, b in zip(first, again, strict=True) if a != b)
    if one.state != other.state:
        return f"the next state differs {_difference(one.state, other.state)}"
    return (
        f"first it sends {[str(s.message) for s in one.sends]}, then {[str(s.message) for s in other.sends]}"
    )
