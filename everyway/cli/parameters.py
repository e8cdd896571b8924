"""Options that are not known before the model is: its parameters; and the fault budgets with their restrictions."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import attrs

from everyway.models.language import FAULT_KINDS, Budget, Faults, Protocol, UsageError, at_most, did_you_mean


def build(kind: type, words: Sequence[str], pairs: Iterable[str], known_options: Iterable[str]) -> Any:
    """Return an instance of the model with the parameters of the command line.

    Args:
        kind: the model's class.
        words: what the command did not understand: ``--participants 3`` or ``--participants=3``.
        pairs: from ``--param``: ``participants=3``.
        known_options: the command's own options, to name the nearest when one is misspelt.

    Raises:
        UsageError: for an option that neither the command nor the model has, or a value that makes no sense.
    """
    values: dict[str, str] = {}
    for name, value in map(_pair, pairs):
        _set(values, name, value)
    parameters = {p.name: p for p in kind.parameters()} if issubclass(kind, Protocol) else {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            raise UsageError(
                f"unexpected '{word}': a command takes one model, and options that start with --."
            )
        name, has_value, value = word[2:].partition("=")
        name = name.replace("-", "_")
        negated = name.removeprefix("no_")
        if name not in parameters and negated in parameters and parameters[negated].kind is bool:
            name, value = negated, "no"
        elif name not in parameters:
            options = [*known_options, *(f"--{p.replace('_', '-')}" for p in parameters)]
            own = ", ".join(f"--{p.replace('_', '-')}" for p in parameters) or "none"
            raise UsageError(
                f"no such option '{word.partition('=')[0]}'.{did_you_mean(word.partition('=')[0], options)} "
                f"Parameters of this model: {own}."
            )
        elif not has_value:
            if parameters[name].kind is bool and (not waiting or waiting[0].startswith("--")):
                value = "yes"
            elif not waiting:
                raise UsageError(f"option '--{name.replace('_', '-')}' needs a value.")
            else:
                value = waiting.pop(0)
        _set(values, name, value)
    if not issubclass(kind, Protocol):
        if values:
            raise UsageError(f"{kind.__name__} is a plain transition system and has no parameters.")
        try:
            return kind()
        except TypeError as error:
            raise UsageError(
                f"{kind.__name__} cannot be checked from here: it is made without arguments, but {error}."
            ) from error
    _refuse_missing(kind, values)
    return kind.configured(**values)


def default_instance(kind: type[Protocol]) -> Protocol:
    """Return a protocol with its default parameters.

    Raises ``UsageError`` if one of them has no default.
    """
    _refuse_missing(kind, ())
    return kind()


def _refuse_missing(kind: type[Protocol], given: Container[str]) -> None:
    missing = [p.name for p in kind.parameters() if p.default is attrs.NOTHING and p.name not in given]
    if missing:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UsageError(f"{kind.title()} needs a value for {options}, which has no default.")


def _set(values: dict[str, str], name: str, value: str) -> None:
    if name in values:
        raise UsageError(f"parameter {name} is given twice: as '{values[name]}' and as '{value}'.")
    values[name] = value


def _pair(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise UsageError(f"--param needs name=value, not '{pair}'.")
    return name.strip().replace("-", "_"), value.strip()


def budget(option: str, text: str) -> Budget:
    """Return the budget that an option gives: a number, or ``N:NAME,NAME`` to restrict it.

    Raises ``UsageError`` if it is neither.
    """
    number, is_restricted, listed = text.partition(":")
    names = [name.strip() for name in listed.split(",") if name.strip()]
    try:
        count = int(number)
    except ValueError:
        raise UsageError(
            f"--{option} needs a number, or number:names such as 1:C,participant, not '{text}'."
        ) from None
    if count < 0:
        raise UsageError(f"--{option} must be 0 or more, not {count}.")
    if is_restricted and not names:
        raise UsageError(f"--{option} {text} names nothing after the colon, as in {count}:C,participant.")
    return at_most(count, *names)


def faults(options: dict[str, str | None]) -> Faults | None:
    """Return the faults of the command line; None if no option names any."""
    given = {kind: budget(kind, options[kind] or "") for kind in FAULT_KINDS if options.get(kind) is not None}
    return Faults(**given) if given else None
