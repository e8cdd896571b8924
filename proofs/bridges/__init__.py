"""The bridges from protocols to theories, one file each, by the names of the models in ``everyway list``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from everyway.models.language import Protocol
from everyway.models.language.errors import UsageError, did_you_mean
from everyway.proofs.bridge import Bridge
from everyway.proofs.language import Theory

BRIDGES: Mapping[str, str] = {
    "2pc": "two_phase_commit:TwoPhaseCommitBridge",
    "gray-lamport": "gray_lamport:GrayLamportBridge",
    "paxos": "paxos:PaxosBridge",
    "raft": "raft:RaftBridge",
}
"""Where each is found: module and name."""


def bridge_from(model: str) -> type[Bridge]:
    """Return the bridge from a model, by the model's name.

    Raises ``UsageError`` if there is none.
    """
    if model not in BRIDGES:
        raise UsageError(
            f"there is no bridge from '{model}'.{did_you_mean(model, BRIDGES)} There are bridges from "
            f"{', '.join(BRIDGES)}; one of your own is named as path/to/file.py:Class."
        )
    module, _, name = BRIDGES[model].partition(":")
    found: type[Bridge] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found


def bridges_to(theory: type[Theory]) -> tuple[type[Bridge], ...]:
    """Return the bridges to a theory: those that come with everyway, and those that stand in its own module."""
    known = [bridge_from(model) for model in BRIDGES]
    module = importlib.import_module(theory.__module__)
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Bridge)]
    return tuple(kind for kind in (*known, *own) if getattr(kind, "theory", None) is theory)


def protocol_of(bridge: type[Bridge]) -> type[Protocol]:
    """Return the protocol that a bridge is from: the textbook's."""
    return type(bridge.instance()).textbook()
