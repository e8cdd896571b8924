"""A protocol: its parameters, its nodes at the start, its network, its promises and its variants."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

import attrs
from attrs import field, frozen

from .errors import UsageError, did_you_mean
from .fairness import Fairness
from .faults import Timeouts
from .message import NodeId
from .naming import spaced
from .network import Network
from .node import Node
from .observer import Observer
from .world import World

T = TypeVar("T")

_HELP = "everyway_help"
_BOUNDS = "everyway_bounds"


def parameter(
    default: T, *, help: str = "", at_least: float | None = None, no_more_than: float | None = None
) -> T:
    """Declare a parameter of a protocol: its default, what it means, and for numbers the smallest and largest.

    The command line offers each as an option of its own.
    """
    made: Any = field(
        default=default, metadata={_HELP: help, _BOUNDS: (at_least, no_more_than)}, validator=_within_bounds
    )
    return made  # type: ignore[no-any-return]


def _within_bounds(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    least, most = attribute.metadata[_BOUNDS]
    name = type(instance).__name__
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number and not (least is most is None):
        raise UsageError(f"{name}: {attribute.name} must be a number, not {value!r}.")
    if least is not None and value < least:
        raise UsageError(f"{name}: {attribute.name} must be at least {least}, not {value}.")
    if most is not None and value > most:
        raise UsageError(f"{name}: {attribute.name} must be at most {most}, not {value}.")


@frozen
class Parameter:
    """One parameter of a protocol, as the command line and ``everyway show`` need it."""

    name: str
    kind: type
    """``int``, ``bool``, ``float``, ``str`` or an enum."""
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    """For enums and literals: the allowed words."""

    def parse(self, text: str) -> Any:
        """Return the value that a word of the command line stands for.

        Raises ``UsageError`` if it stands for none.
        """
        try:
            if self.choices:
                if text not in self.choices:
                    raise ValueError
                return self.kind[text.upper().replace("-", "_")] if issubclass(self.kind, Enum) else text
            if self.kind is bool:
                return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                    text.lower()
                ]
            return self.kind(text)
        except (ValueError, KeyError):
            expected = (
                f"one of {', '.join(self.choices)}"
                if self.choices
                else {"int": "a whole number", "bool": "yes or no", "float": "a number"}.get(
                    self.kind.__name__, f"a {self.kind.__name__}"
                )
            )
            raise UsageError(f"parameter {self.name} needs {expected}, not '{text}'.") from None


@frozen
class Protocol:
    """Base of all protocols: a frozen attrs class whose fields are the parameters.

    A subclass defines ``nodes``; everything else has a default. Its docstring is what ``everyway show``
    tells about it.
    """

    name: ClassVar[str] = ""
    """The name on the command line; by default the class's name with hyphens."""
    network: ClassVar[Network] = Network.BAG
    timeouts: ClassVar[Timeouts] = Timeouts.LATE
    """When time-outs fire unless a check says otherwise."""
    fairness: ClassVar[Fairness] = Fairness()
    """Which steps a run may not put off for ever, for promises over time, unless a check says otherwise."""
    variant: ClassVar[str] = ""
    """For a protocol that deviates from its base class: the variant's name."""
    tones: ClassVar[Mapping[str, str]] = {}
    """The tone (idle, wait, near, good or stop) in which a diagram shows a node's state, by ``str(node)``."""

    def nodes(self) -> Mapping[NodeId, Node] | Iterable[Mapping[NodeId, Node]]:
        """Return the nodes at the start, by name; or several such mappings, one for each way to start."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method nodes(self) that returns the nodes by name"
        )

    def observers(self) -> Mapping[str, Observer]:
        """Return the observers at the start, by name."""
        return {}

    def promises(self) -> Iterable[Any]:
        """Return the properties that a check decides when it is not told which."""
        return ()

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        """Return groups of nodes that could swap names without changing anything."""
        return ()

    def is_final(self, world: World) -> bool:
        """Return whether the protocol may end in this world.

        Defining it makes every check look for deadlocks: worlds that are not final and in which nothing can
        happen any more.
        """
        raise NotImplementedError

    @classmethod
    def declares_final(cls) -> bool:
        """Return whether the protocol says what a proper end is."""
        return cls.is_final is not Protocol.is_final

    def has_room(self, world: World) -> bool:
        """Return whether nothing that the model has only so much of is used up: numbers, terms, retries.

        Defining it keeps a bound that is used up from passing for the protocol being stuck: whether a goal can still
        be reached (``recoverable``), and deadlocks, are asked only where it is true.
        """
        return True

    @classmethod
    def declares_room(cls) -> bool:
        """Return whether the protocol says where its bounds leave room."""
        return cls.has_room is not Protocol.has_room

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Return the parameters, in the order in which they are declared."""
        hints = get_type_hints(cls)
        found = []
        for declared in attrs.fields(cls):
            kind = hints.get(declared.name, str)
            choices: tuple[str, ...] = ()
            if get_origin(kind) is not None and str(get_origin(kind)) == "typing.Literal":
                choices, kind = tuple(str(word) for word in get_args(kind)), str
            elif isinstance(kind, type) and issubclass(kind, Enum):
                choices = tuple(member.name.lower().replace("_", "-") for member in kind)
            found.append(
                Parameter(declared.name, kind, declared.default, declared.metadata.get(_HELP, ""), choices)
            )
        return tuple(found)

    @classmethod
    def configured(cls, **values: Any) -> Protocol:
        """Return the protocol with these parameters; words are parsed as on the command line.

        Raises ``UsageError`` for a parameter that it does not have or a value that makes no sense.
        """
        known = {parameter.name: parameter for parameter in cls.parameters()}
        for name in values:
            if name not in known:
                listing = ", ".join(known) or "it has none"
                raise UsageError(
                    f"{cls.title()} has no parameter '{name}'.{did_you_mean(name, known)} Its parameters: {listing}."
                )
        return cls(
            **{
                name: known[name].parse(value) if isinstance(value, str) else value
                for name, value in values.items()
            }
        )

    @classmethod
    def title(cls) -> str:
        """Return the protocol's name as a reader knows it, variants included."""
        if cls.variant:
            return f"{cls.textbook().title()} ({cls.variant})"
        return cls.name or spaced(cls.__name__)

    @classmethod
    def textbook(cls) -> type[Protocol]:
        """Return the protocol that this one is a variant of; itself if it is none."""
        return next(kind for kind in cls.__mro__ if issubclass(kind, Protocol) and not kind.variant)

    @classmethod
    def variants(cls) -> dict[str, type[Protocol]]:
        """Return the protocols that deviate from this one, by variant name; not those of protocols that extend it."""
        found: dict[str, type[Protocol]] = {}
        for kind in _subclasses(cls):
            if "variant" in vars(kind) and kind.variant and kind.textbook() is cls:
                found[kind.variant] = kind
        return found

    def __str__(self) -> str:
        values = [_told(declared.name, getattr(self, declared.name)) for declared in attrs.fields(type(self))]
        return ", ".join([self.title(), *(value for value in values if value)])


def _told(name: str, value: Any) -> str:
    """Return a parameter's value as a reader would say it, e.g. "3 participants"."""
    words = name.replace("_", " ")
    if value == "":
        return ""
    if isinstance(value, bool):
        return words if value else f"no {words}"
    if isinstance(value, int):
        return f"{value} {_singular(words) if value == 1 else words}"
    return f"{words} {value.name.lower().replace('_', ' ') if isinstance(value, Enum) else value}"


def _singular(words: str) -> str:
    if words.endswith("ies"):
        return words[:-3] + "y"
    return words.removesuffix("s")


def _subclasses(cls: type[Protocol]) -> list[type[Protocol]]:
    """Return the subclasses as their modules know them.

    attrs builds a class with slots anew; the one it replaced is still listed among the subclasses for a while.
    """
    found: list[type[Protocol]] = []
    for kind in cls.__subclasses__():
        module = sys.modules.get(kind.__module__)
        if module is None or getattr(module, kind.__name__, kind) is kind:
            found.append(kind)
        found += [below for below in _subclasses(kind) if below not in found]
    return found
