"""The promises of atomic commit (Bernstein, Hadzilacos & Goodman 1987, section 7.3, AC1-AC5).

They speak of any nodes with a ``decision`` (a ``Decision`` or None); those that have a ``vote`` (a ``Vote`` or
None) are the participants. Crashed nodes count: one that committed and then died still committed.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from everyway.models.language.action import Action
from everyway.models.language.naming import enumerated
from everyway.models.language.node import Node
from everyway.models.language.world import World

from .property import Property, always, broken, every_step, possible, recoverable


class Decision(Enum):
    """What became of the transaction, for one node."""

    COMMIT = "committed"
    ABORT = "aborted"


class Vote(Enum):
    """Whether a participant can commit."""

    YES = "yes"
    NO = "no"


def participants(world: World) -> list[Any]:
    """Return the nodes that vote."""
    return [node for node in world if hasattr(node, "vote")]


def deciders(world: World, decision: Decision) -> list[Node]:
    """Return the nodes that decided so."""
    return [node for node in world if getattr(node, "decision", None) is decision]


@always
def agreement(world: World) -> Any:
    """No two nodes decide differently (AC1)."""
    committed, aborted = deciders(world, Decision.COMMIT), deciders(world, Decision.ABORT)
    if not committed or not aborted:
        return True
    names = [enumerated([node.id for node in nodes]) for nodes in (committed, aborted)]
    return broken(f"{names[0]} committed although {names[1]} aborted", [*committed, *aborted])


@every_step
def decision_stability(before: World, action: Action, after: World) -> Any:
    """A participant that decided never decides otherwise (AC2)."""
    for then, now in zip(participants(before), participants(after), strict=True):
        if then.decision is not None and now.decision is not then.decision:
            later = f"has {now.decision.value}" if now.decision else "forgot it"
            return broken(f"{now.id} had {then.decision.value} and now {later}", now)
    return True


@always
def commit_validity(world: World) -> Any:
    """Nobody commits unless every participant voted yes (AC3)."""
    committed = deciders(world, Decision.COMMIT)
    unwilling = [node for node in participants(world) if node.vote is not Vote.YES]
    if not committed or not unwilling:
        return True
    names = enumerated([node.id for node in unwilling])
    return broken(
        f"{enumerated([node.id for node in committed])} committed although {names} did not vote yes",
        [*committed, *unwilling],
    )


def _live_participants_decided(world: World) -> Any:
    """Every participant that is up can decide, without waiting for one that is down to come back (AC5)."""
    waiting = [node.id for node in participants(world) if world.is_up(node) and node.decision is None]
    if not waiting:
        return True
    waits = "waits" if len(waiting) == 1 else "wait"
    down = [node.id for node in world if not world.is_up(node)]
    because = f" while {enumerated(down)} {'is' if len(down) == 1 else 'are'} down" if down else ""
    return broken(f"{enumerated(waiting)} {waits} for ever{because}", waiting)


non_blocking: Property = recoverable(_live_participants_decided, name="non-blocking", repairs=False)


def _recovers(world: World) -> Any:
    """Every participant that is up can decide, at the latest when the crashed nodes are back (AC5)."""
    return _live_participants_decided(world)


recovery: Property = recoverable(_recovers, name="recovery")


@possible
def commit_is_possible(world: World) -> bool:
    """All participants can commit."""
    return all(node.decision is Decision.COMMIT for node in participants(world))


@possible
def abort_is_possible(world: World) -> bool:
    """All participants can abort."""
    return all(node.decision is Decision.ABORT for node in participants(world))


promises: tuple[Property, ...] = (
    agreement,
    commit_validity,
    decision_stability,
    non_blocking,
    commit_is_possible,
)
"""What a transaction commit protocol is expected to keep."""
