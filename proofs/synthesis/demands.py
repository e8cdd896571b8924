"""What may be demanded of a strategy, and the explorer's verdict on it: every violation, with its run."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from attrs import frozen

from everyway.explorer import Limits, Outcome, Verdict, explore
from everyway.invariants import Property, always, always_eventually, eventually_always
from everyway.models.language import EverywayError

from .runs import HISTORIES, RegisterRuns, RunState
from .strategy import Cell, Family, Strategy, name_of


class Promise(Enum):
    """What a strategy promises; the value is how a reader says it."""

    CONSISTENT = "linearizable"
    """The answers look as if there were one copy."""
    AVAILABLE = "available"
    """Every request is answered at last, on every fair run."""
    VALID = "valid"
    """A read returns 0, or 1 once the write was asked for."""
    CONVERGENT = "convergent"
    """From some time after the write was acknowledged on, every read returns 1, on every fair run."""


@frozen
class Demand:
    """A promise, and whether it must be kept although the network may be cut in two."""

    promise: Promise
    partitions: bool

    def __str__(self) -> str:
        when = "although the network may be cut in two" if self.partitions else "while the network is whole"
        return f"{self.promise.value} {when}"


@frozen
class Violation:
    """A run on which a strategy breaks a demand."""

    demand: Demand
    path: tuple[tuple[object, RunState], ...]
    """Each step's deed, None at the start, and the state that it led to."""
    loop: int | None = None
    """Where the run goes round for ever from."""
    replica: int = -1
    """Whose client waits for ever, or got the answer that breaks the promise."""
    overflow: bool = False
    """Whether the run ends with a second message on a link: it leaves the family, whatever is demanded."""


ONE_MESSAGE = always(lambda state: state.overflow < 0, name="one message on a link")
LINEARIZABLE = always(lambda state: HISTORIES.broken(state.history) or True, name=Promise.CONSISTENT.value)
MOST_STATES = 200_000


def _valid(state: RunState) -> bool:
    """No read returned 1 before the write was asked for."""
    return state.wrote or not HISTORIES.broken(state.history)


VALID = always(_valid, name=Promise.VALID.value)


def _answered(replica: int) -> Property:
    def is_not_waiting(state: RunState) -> bool:
        # Where the strategy leaves the family the run is cut short, which is no reason to call it stuck.
        return not state.waiting[replica] or state.overflow >= 0

    return always_eventually(is_not_waiting, name=f"{name_of(replica)} answers")


def _converges(replica: int) -> Property:
    def read_the_write(state: RunState) -> bool:
        return state.last[replica] != 0 or state.overflow >= 0

    return eventually_always(read_the_write, name=f"{name_of(replica)} converges")


ANSWERED = [_answered(replica) for replica in range(8)]
CONVERGES = [_converges(replica) for replica in range(8)]


def _asked(demand: Demand, family: Family) -> dict[str, tuple[Property, int]]:
    """Return the properties that make up a demand, each with the replica that it is about, by name."""
    match demand.promise:
        case Promise.CONSISTENT:
            made = [(LINEARIZABLE, -1)]
        case Promise.VALID:
            made = [(VALID, -1)]
        case Promise.AVAILABLE:
            made = [(ANSWERED[replica], replica) for replica in range(family.replicas)]
        case Promise.CONVERGENT:
            made = [
                (CONVERGES[replica], replica)
                for replica in range(family.replicas)
                if "read" in family.requests(replica)
            ]
    return {prop.name: (prop, replica) for prop, replica in made}


def violations(strategy: Strategy, demands: tuple[Demand, ...]) -> tuple[list[Violation], frozenset[Cell]]:
    """Return a violation of each part of the demands that a strategy breaks, and the cells that are ever used.

    The strategy's runs are explored, all of them, once for each kind of environment that the demands speak of.
    Environments are looked at in turn until one has a violation.
    """
    used: set[Cell] = set()
    found: list[Violation] = []
    for partitions, keeps_reading, together in _environments(demands):
        runs = RegisterRuns(strategy, partitions=partitions, keeps_reading=keeps_reading)
        asked = {
            name: (prop, replica, demand)
            for demand in together
            for name, (prop, replica) in _asked(demand, strategy.family).items()
        }
        properties = [ONE_MESSAGE, *(prop for prop, _, _ in asked.values())]
        exploration = explore(runs, properties, engine="reference", limits=Limits(max_states=MOST_STATES))
        if not exploration.is_complete:
            raise EverywayError(f"{runs} has more than {MOST_STATES:,} states.")
        used |= runs.used
        for verdict in exploration.verdicts():
            if verdict.outcome is not Outcome.VIOLATED:
                continue
            if verdict.property is ONE_MESSAGE:
                found.append(_violation(verdict, together[0], -1, overflow=True))
            else:
                _, replica, demand = asked[verdict.property.name]
                found.append(_violation(verdict, demand, replica))
        if found:
            break
    return found, frozenset(used)


def _environments(demands: tuple[Demand, ...]) -> Iterator[tuple[bool, bool, list[Demand]]]:
    """Yield each environment that is spoken of, with what is demanded there; the smallest first."""
    for partitions in (False, True):
        for keeps_reading in (False, True):
            together = [
                demand
                for demand in demands
                if demand.partitions is partitions and (demand.promise is Promise.CONVERGENT) is keeps_reading
            ]
            if together:
                yield partitions, keeps_reading, together


def _violation(verdict: Verdict, demand: Demand, replica: int, overflow: bool = False) -> Violation:
    assert verdict.path is not None
    path = tuple((visit.action, visit.state) for visit in verdict.path)
    if replica < 0 and not overflow:
        replica = path[-1][0].replica
    return Violation(demand, path, verdict.loop, replica, overflow)  # type: ignore[arg-type]
