"""``everyway bridge``: is an explored model what a theory is about?"""

from __future__ import annotations

import inspect
import sys
from contextlib import redirect_stdout
from typing import Any

import typer

from everyway.models.language import FAULT_KINDS, UsageError

from .app import app, console, explained, options_of
from .check import draw
from .options import (
    AsciiOption,
    CrashesOption,
    DebugOption,
    DiagramOption,
    DuplicatesOption,
    HealsOption,
    JsonOption,
    LossesOption,
    MaxSecondsOption,
    MaxStatesOption,
    ModelArgument,
    NetworkOption,
    PartitionsOption,
    QuietOption,
    RestartsOption,
    SuspicionsOption,
    ThemeOption,
    ThreadsOption,
    TimeoutsOption,
    VariantOption,
)
from .preparation import one_of


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="\n".join(
        [
            "Examples:",
            "",
            "everyway bridge paxos --proposers 3",
            "everyway bridge 2pc --crashes 1 --restarts 1",
            "everyway bridge paxos --variant ignore-highest --diagram step.svg",
            "everyway bridge path/to/my_bridge.py:MyBridge",
            "",
            "The model's own parameters are options after its name, as for `everyway check`.",
            "",
            "Exit codes: 0 the model refines the theory, 1 it does not, 2 bad input, 3 unknown as a limit was reached, "
            "130 interrupted by Ctrl-C.",
        ]
    ),
)
@explained
def bridge(
    context: typer.Context,
    model: ModelArgument,
    variant: VariantOption = "",
    losses: LossesOption = None,
    duplicates: DuplicatesOption = None,
    crashes: CrashesOption = None,
    restarts: RestartsOption = None,
    partitions: PartitionsOption = None,
    heals: HealsOption = None,
    suspicions: SuspicionsOption = None,
    timeouts: TimeoutsOption = "",
    network: NetworkOption = "",
    max_states: MaxStatesOption = None,
    max_seconds: MaxSecondsOption = None,
    threads: ThreadsOption = None,
    diagram: DiagramOption = None,
    theme: ThemeOption = "light",
    json: JsonOption = False,
    quiet: QuietOption = False,
    ascii: AsciiOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare an explored model with the theory that is proved, in every state and step.

    Every step that can be reached must be a step of the theory, or change nothing that it speaks of, and its lemmas
    must hold in every state. Then what is proved for any number of nodes is about the model that is explored.
    """
    from everyway.explorer import DEFAULT_MAX_STATES, Limits
    from everyway.json_report import exit_code
    from everyway.proofs.bridges import protocol_of
    from everyway.proofs.crossing import cross

    from .crossing_report import as_report, tell_crossing
    from .interruption import interruptible
    from .parameters import build, faults
    from .progress import progress

    one_of("--timeouts", timeouts, ("", "late", "early", "never"))
    one_of("--network", network, ("", "bag", "set", "fifo"))
    one_of("--theme", theme, ("light", "dark", "auto"))
    if threads is not None and threads < 1:
        raise UsageError(f"--threads must be 1 or more, not {threads}.")
    for option, number in (("states", max_states), ("seconds", max_seconds)):
        if number is not None and not number >= 0:
            raise UsageError(f"--max-{option} must be 0 or more, not {number:g}.")
    if diagram is not None:
        from everyway.counterexamples.render import checked_suffix

        checked_suffix(diagram)
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # a model that prints does not spoil the results
        kind = found_bridge(model)
        words = list(context.args)
        textbook = protocol_of(kind)
        if variant or words:
            from .target import variant_of

            protocol: Any = build(
                variant_of(textbook, variant, model), words, [], options_of(context.command)
            )
        else:
            protocol = kind.instance()
        spent = faults({name: value for name, value in context.params.items() if name in FAULT_KINDS})
        limits = Limits(None, DEFAULT_MAX_STATES if max_states is None else max_states, max_seconds)
        with progress(is_wanted=not quiet) as shower, interruptible(shower) as watcher:
            crossing = cross(
                kind(protocol),
                faults=spent,
                timeouts=timeouts or None,
                network=network or None,
                limits=limits,
                threads=threads,
                watcher=watcher,
            )
        report = as_report(crossing, limits)
        tell_crossing(crossing, report, console(out), as_json=json, quiet=quiet, ascii_only=ascii)
        draw(report, out, diagram, None, theme, silent=json or quiet)
    raise typer.Exit(exit_code(report))


def found_bridge(word: str) -> Any:
    """Return the bridge that a word means: one from a model of the library, or a class of one's own.

    Raises ``UsageError`` if there is none.
    """
    from everyway.proofs.bridge import Bridge
    from everyway.proofs.bridges import bridge_from

    from .target import file_module, named_module

    place, colon, kind = word.rpartition(":")
    if not colon or "/" in kind:
        place, kind = word, ""
    if not place.endswith(".py") and not ("." in place or kind):
        return bridge_from(word)
    module = file_module(place) if place.endswith(".py") else named_module(place)
    bridges = {
        name: found
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, Bridge) and found.__module__ == module.__name__
    }
    if kind in bridges or (not kind and len(bridges) == 1):
        return bridges[kind] if kind else next(iter(bridges.values()))
    known = ", ".join(bridges) or "none"
    missing = f"no bridge '{kind}'" if kind else "not one bridge"
    raise UsageError(f"{place} has {missing} (a subclass of everyway.proofs.bridge.Bridge). It has: {known}.")
