"""The decorators that turn a node's methods into its behaviour, and how they are found on a class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, TypeVar, overload

from attrs import frozen

from .errors import ModelError
from .message import NodeId
from .naming import spaced
from .node import Node

Method = TypeVar("Method", bound=Callable[..., Any])
Awaiting = str | Callable[[Any], Any]
Since = str | tuple[str, ...] | Callable[[Any], Any]

_MARK = "__everyway_trigger__"


class Occasion(Enum):
    """When a handler is called."""

    __hash__ = object.__hash__  # an enum's own runs Python, and this one is hashed for every question

    DELIVERY = "delivery"
    TIMEOUT = "time-out"
    CHOICE = "choice"
    RESTART = "restart"
    SUSPICION = "suspicion"


@frozen
class Trigger:
    """What a decorator says about a method."""

    occasion: Occasion
    messages: tuple[type, ...] = ()
    awaiting: Awaiting | None = None
    since: Since | None = None


def _marked(method: Method, trigger: Trigger) -> Method:
    if hasattr(method, _MARK):
        raise ModelError(
            f"{method.__qualname__} has two decorators, of which one would be lost. For several messages write "
            f"@on(Yes, No); for another occasion write another method."
        )
    setattr(method, _MARK, trigger)
    return method


def on(*messages: type) -> Callable[[Method], Method]:
    """Call the method when a message of one of these classes, or of a subclass, is delivered.

    The method may take the message, and after it the sender's id: ``def vote(self, message, sender)``.
    It returns the steps that the node may take; ``None`` throws the message away; ``LATER`` leaves it in
    flight, to be delivered at another time.
    """
    for message in messages:
        if not isinstance(message, type):
            raise ModelError(f"@on({message!r}) needs a message class, such as @on(Vote), not a value.")
    if not messages:
        raise ModelError("@on() needs the class of the message that the method handles, such as @on(Vote).")

    def mark(method: Method) -> Method:
        return _marked(method, Trigger(Occasion.DELIVERY, messages))

    return mark


@overload
def timeout(method: Method) -> Method: ...
@overload
def timeout(
    *, awaiting: Awaiting | None = None, since: Since | None = None
) -> Callable[[Method], Method]: ...
def timeout(method: Any = None, *, awaiting: Awaiting | None = None, since: Since | None = None) -> Any:
    """Call the method when the node has waited too long; returning ``None`` says that no timer is running.

    ``awaiting`` names the nodes whose message is being waited for: the name of a field, property or method
    of the node, or a function of it, that gives one node's id, several, or none. A *late* time-out then
    fires only if none of them will still send of its own accord, and the diagram says who was silent.

    ``since`` matters only under time bounds (``docs/time.md``). Without it every step of the node sets the timer
    anew. With the names of one or more fields or properties, or a function of the node, the timer goes on through the
    node's steps, and is set anew only when that value changes, as in ``since="phase"`` for one deadline a phase.
    """

    def mark(target: Method) -> Method:
        return _marked(target, Trigger(Occasion.TIMEOUT, awaiting=awaiting, since=since))

    return mark if method is None else mark(method)


def choice(method: Method) -> Method:
    """Call the method at any time: what the node, its user or its database may do of its own accord.

    Returning ``None`` says that nothing of the kind can happen now.
    """
    return _marked(method, Trigger(Occasion.CHOICE))


def restart(method: Method) -> Method:
    """Call the method when the node comes up again after a crash, with its volatile fields wiped.

    Returning ``None`` leaves it at that. A node without such a method just comes up.
    """
    return _marked(method, Trigger(Occasion.RESTART))


def suspect(method: Method) -> Method:
    """Call the method when the failure detector says that a node, ``def gone(self, node)``, is down.

    It is enabled for every node that is down, and, within the budget ``suspicions``, wrongly for one that is
    up. Returning ``None`` says that the node knows it already or does not care.
    """
    return _marked(method, Trigger(Occasion.SUSPICION))


REMOVED: Any = None
"""Assigned to a handler's name in a variant of a node: the variant does not have that handler."""


@frozen
class Handler:
    """One method of a node class, with its trigger."""

    name: str
    owner: str
    trigger: Trigger
    arguments: int
    """How many of the occasion's arguments (message, sender; or the suspected node) the method takes."""

    @property
    def words(self) -> str:
        """The method's name as words, e.g. "ask for votes"."""
        return spaced(self.name)

    @property
    def full_name(self) -> str:
        """E.g. ``Participant.vote``."""
        return f"{self.owner}.{self.name}"

    def call(self, node: Node, *arguments: Any) -> Any:
        """Call the method on a node's state with as many of the arguments as it takes."""
        return getattr(node, self.name)(*arguments[: self.arguments])

    def awaited(self, node: Node) -> tuple[NodeId, ...]:
        """Return the nodes that a time-out of this node waits for; none if its decorator names none."""
        awaiting = self.trigger.awaiting
        if awaiting is None:
            return ()
        found = getattr(node, awaiting) if isinstance(awaiting, str) else awaiting(node)
        if callable(found):
            found = found()
        if found is None:
            return ()
        return (found,) if isinstance(found, str) else tuple(found)

    def since(self, node: Node) -> Any:
        """Return the value whose change sets this time-out's timer anew; None if every step of the node does.

        Raises ``ModelError`` if its decorator names something that the node does not have.
        """
        since = self.trigger.since
        if since is None:
            return None
        try:
            if isinstance(since, str | tuple):
                names = (since,) if isinstance(since, str) else since
                return tuple(getattr(node, name) for name in names)
            return (since(node),)
        except Exception as error:
            raise ModelError(
                f"{self.full_name}: its 'since' raised {type(error).__name__}: {error}."
            ) from error


_handlers: dict[type[Node], tuple[Handler, ...]] = {}
_message_handlers: dict[tuple[type[Node], type], tuple[Handler, ...]] = {}

_MOST_ARGUMENTS = {
    Occasion.DELIVERY: 2,
    Occasion.SUSPICION: 1,
    Occasion.TIMEOUT: 0,
    Occasion.CHOICE: 0,
    Occasion.RESTART: 0,
}


def handlers_of(kind: type[Node]) -> tuple[Handler, ...]:
    """Return the handlers of a class of nodes, in the order in which they are written.

    A subclass that overrides a handler by name replaces it and keeps its trigger, so that a variant is just
    the overriding method.
    """
    if kind in _handlers:
        return _handlers[kind]
    triggers: dict[str, Trigger] = {}
    for base in reversed(kind.__mro__):
        for name, value in vars(base).items():
            trigger = getattr(value, _MARK, None)
            if isinstance(trigger, Trigger):
                triggers[name] = trigger
            elif name in triggers and value is None:
                del triggers[name]
    _handlers[kind] = tuple(
        Handler(name, kind.__name__, trigger, _argument_count(kind, name, trigger))
        for name, trigger in triggers.items()
    )
    return _handlers[kind]


def handlers_for(kind: type[Node], occasion: Occasion) -> tuple[Handler, ...]:
    """Return the handlers of a class of nodes for one occasion."""
    return tuple(handler for handler in handlers_of(kind) if handler.trigger.occasion is occasion)


def message_handlers(kind: type[Node], message: type) -> tuple[Handler, ...]:
    """Return the handlers that a class of nodes has for a class of messages."""
    if (kind, message) not in _message_handlers:
        _message_handlers[kind, message] = tuple(
            handler
            for handler in handlers_for(kind, Occasion.DELIVERY)
            if issubclass(message, handler.trigger.messages)
        )
    return _message_handlers[kind, message]


def _argument_count(kind: type[Node], name: str, trigger: Trigger) -> int:
    most = _MOST_ARGUMENTS[trigger.occasion]
    parameters = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return most
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in positional if p.default is inspect.Parameter.empty]
    if len(needed) > most or any(
        p.kind is p.KEYWORD_ONLY and p.default is inspect.Parameter.empty for p in parameters
    ):
        takes = {
            0: "nothing but self",
            1: "self and the suspected node",
            2: "self, the message and its sender",
        }
        raise ModelError(
            f"{kind.__name__}.{name} takes {len(needed)} arguments besides self, but a handler for a "
            f"{trigger.occasion.value} is called with {takes[most]}."
        )
    return min(len(positional), most)


def message_types(kinds: Iterable[type[Node]]) -> tuple[type, ...]:
    """Return every class of messages that some handler of these node classes names."""
    found: dict[type, None] = {}
    for kind in kinds:
        for handler in handlers_for(kind, Occasion.DELIVERY):
            for message in handler.trigger.messages:
                found[message] = None
    return tuple(found)
