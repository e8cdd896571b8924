"""Preparation: from the words of a command to the system that it is about, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from everyway.models.language import FAULT_KINDS, UsageError, did_you_mean

if TYPE_CHECKING:
    import typer

    from everyway.invariants.property import Property
    from everyway.models.language.timing import Timing

CHOICES = {
    "timeouts": ("", "late", "early", "never"),
    "network": ("", "bag", "set", "fifo"),
    "search": ("bfs", "dfs"),
    "theme": ("light", "dark", "auto"),
    "engine": ("auto", "tables", "plain", "reference"),
}
"""The options that take one of a few words. Those with an empty one need not be given."""
LEAST = {"threads": 1, "max_depth": 0, "max_states": 0, "max_seconds": 0, "walks": 1, "steps": 1, "seed": 0}
"""The options that take a number, and the least that makes sense."""


@frozen
class Asked:
    """What is to be explored, and what is asked of it."""

    system: Any
    properties: list[Property] | None
    """The promises that were named; None if none were, which means all."""
    deadlock: bool | None
    """Whether to look for deadlocks; None if the model is to say."""
    timing: Timing | None = None
    """The time bounds, if any are given."""


def refuse_nonsense(options: Mapping[str, Any]) -> None:
    """Complain of values that make no sense, and of pictures that could not be saved in the end.

    Raises ``UsageError``.
    """
    for name, allowed in CHOICES.items():
        value = options.get(name)
        if value is not None:
            one_of(_option(name), value, allowed)
    for name, least in LEAST.items():
        number = options.get(name)
        if number is not None and not number >= least:
            raise UsageError(f"{_option(name)} must be {least} or more, not {number:g}.")
    rate = options.get("fault_rate", 0)
    if not 0 <= rate <= 1:
        raise UsageError(f"--fault-rate must be from 0 to 1, not {rate:g}.")
    pictures = [Path(options[name]) for name in ("diagram", "graph") if options.get(name) is not None]
    if len(pictures) != len(set(pictures)):
        raise UsageError(
            f"--diagram and --graph are two pictures, and cannot both be saved as {pictures[0]}."
        )
    for path in pictures:
        from everyway.counterexamples.render import checked_suffix

        if checked_suffix(path) == ".pdf":
            from everyway.counterexamples.engines import graphviz_pdf

            # Better to learn before a long search that the program for it is missing.
            graphviz_pdf("digraph {}")


def one_of(option: str, value: str, allowed: Sequence[str]) -> None:
    """Complain of a word that is none of those that an option takes.

    Raises ``UsageError``.
    """
    if value not in allowed:
        words = [word for word in allowed if word]
        raise UsageError(f"{option} is one of {', '.join(words)}, not '{value}'.{did_you_mean(value, words)}")


def asked(context: typer.Context) -> Asked:
    """Return what a command's words mean: the model with its parameters under its faults, and the promises.

    Raises ``UsageError`` for words that mean nothing, ``ModelError`` if the model breaks a rule of the language.
    """
    from everyway.checking import as_system, find_property, may_choose_timeouts, promised

    from .app import options_of
    from .parameters import build, faults
    from .target import find_target
    from .time_bounds import timing_of

    options = context.params
    model, words = _model_and_parameters(context)
    kind = find_target(model, options["variant"])
    subject = build(kind, words, options["param"], options_of(context.command))
    bounds = {name: options[name] or None for name in ("timeouts", "network", "fairness") if name in options}
    timing = (
        timing_of(options["delay"], options["timeout_of"], options["drift"]) if "delay" in options else None
    )
    if timing is not None and not bounds["timeouts"] and may_choose_timeouts(subject):
        bounds["timeouts"] = "early"  # late ones know no time
    spent = faults({name: value for name, value in options.items() if name in FAULT_KINDS})
    system = as_system(subject, faults=spent, **bounds)
    named = options["property"]
    if not named:
        return Asked(system, None, options["deadlock"], timing)
    wanted = [name for name in named if not _is_no_deadlock(name)]
    deadlock = options["deadlock"]
    if deadlock is None:  # who asks for one promise wants to know about that one
        deadlock = len(wanted) < len(named)
    return Asked(system, [find_property(name, promised(system)) for name in wanted], deadlock, timing)


def _model_and_parameters(context: typer.Context) -> tuple[str, list[str]]:
    """Return the model, and the words of its parameters, which may have been typed before its name."""
    from .target import may_be_target

    model, words = context.params["model"], list(context.args)
    if not model.startswith("-"):
        return model, words
    later = next((word for word in words if may_be_target(word)), None)
    if later is None:
        raise UsageError(
            f"no model is named: put it before '{model}', as in `everyway {context.info_name} 2pc {model}`."
        )
    words.remove(later)
    return later, [model, *words]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _is_no_deadlock(name: str) -> bool:
    return name.lower().replace("-", " ").replace("_", " ").strip() == "no deadlock"
