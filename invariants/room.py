"""Room: a bound of a model that is used up must not pass for the protocol being stuck.

A model has only so many numbers, terms or retries. Where none is left nothing may happen any more, though the
protocol could go on. A protocol says with ``has_room(world)`` where there is room; elsewhere it is not asked whether a
goal can still be reached, nor whether nothing more can happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from everyway.models.language.system import System

from .property import Predicate, Property, PropertyKind


def asked_while_there_is_room(properties: Iterable[Property], system: Any) -> list[Property]:
    """Return properties as they are to be decided of a system: some only where its protocol says that there is room.

    ``recoverable`` gets another premise, and a deadlock is none without room. Every other property is as it was: what
    must never happen must not happen at a bound either, and a promise over time may be about what happens after it.
    """
    if not isinstance(system, System) or not system.protocol.declares_room():
        return list(properties)
    return [_bounded(prop, system.protocol.has_room) for prop in properties]


def _bounded(prop: Property, has_room: Predicate) -> Property:
    premise, ends = prop.when, prop.predicate

    def is_asked(world: Any) -> Any:
        return has_room(world) and (premise is None or premise(world))

    def is_end(world: Any) -> Any:
        return ends(world) if has_room(world) else True

    if prop.kind is PropertyKind.RECOVERABLE:
        return evolve(prop, when=is_asked)
    return evolve(prop, predicate=is_end) if prop.kind is PropertyKind.NO_DEADLOCK else prop
