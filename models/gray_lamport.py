"""Two-phase commit as Gray and Lamport specify it: resource managers, a transaction manager, no failures.

Any resource manager may abort as long as it has not prepared. The transaction manager commits once all are
prepared, and may abort at any time before. Messages are a set that only grows: each may arrive again and
again, late or never, which is why there is nothing here to lose or to repeat.

Gray & Lamport, "Consensus on transaction commit", ACM Transactions on Database Systems 31 (2006), section 3
and appendix A.2, the module TwoPhase. It has 288 states for three resource managers.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar

from attrs import frozen

from everyway.invariants import Property, always, possible
from everyway.models.language import (
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    Steps,
    World,
    choice,
    on,
    parameter,
    volatile,
)


class RM(Enum):
    """The state of a resource manager."""

    WORKING = "working"
    PREPARED = "prepared"
    COMMITTED = "committed"
    ABORTED = "aborted"


class TM(Enum):
    """The state of the transaction manager."""

    INIT = "init"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Prepared(Message):
    """A resource manager is ready to commit."""


class Commit(Message):
    """The transaction manager's decision."""


class Abort(Message):
    """The transaction manager's decision."""


@frozen
class TransactionManager(Node):
    """Commits once every resource manager is prepared."""

    managers: frozenset[NodeId]
    state: TM = volatile(TM.INIT)
    prepared: frozenset[NodeId] = volatile(frozenset())

    @on(Prepared)
    def receive_prepared(self, _: Prepared, manager: NodeId) -> Steps:
        if self.state is TM.INIT:
            return self.become(prepared=self.prepared | {manager})

    @choice
    def commit(self) -> Steps:
        if self.state is TM.INIT and self.prepared == self.managers:
            return self.become(state=TM.COMMITTED).send(self.managers, Commit())

    @choice
    def abort(self) -> Steps:
        if self.state is TM.INIT:
            return self.become(state=TM.ABORTED).send(self.managers, Abort())


@frozen
class ResourceManager(Node):
    """Prepares, or aborts on its own; after that it does as it is told."""

    transaction_manager: NodeId
    state: RM = volatile(RM.WORKING)

    @choice
    def prepare(self) -> Steps:
        if self.state is RM.WORKING:
            return self.become(state=RM.PREPARED).send(self.transaction_manager, Prepared())

    @choice
    def choose_to_abort(self) -> Steps:
        if self.state is RM.WORKING:
            return self.become(state=RM.ABORTED)

    @on(Commit)
    def receive_commit(self) -> Steps:
        return self.become(state=RM.COMMITTED)

    @on(Abort)
    def receive_abort(self) -> Steps:
        return self.become(state=RM.ABORTED)


def states(world: World) -> set[RM]:
    """Return the states that resource managers are in."""
    return {manager.state for manager in world.nodes(ResourceManager)}


def as_transaction_commit(world: World) -> tuple[str, ...]:
    """Return the state of ``specifications.TransactionCommit`` that a state stands for."""
    return tuple(manager.state.name.lower() for manager in world.nodes(ResourceManager))


@always
def consistency(world: World) -> bool:
    """No resource manager has committed while another has aborted (TCConsistent)."""
    return not {RM.COMMITTED, RM.ABORTED} <= states(world)


@possible
def all_committed(world: World) -> bool:
    """All resource managers can commit."""
    return states(world) == {RM.COMMITTED}


@possible
def all_aborted(world: World) -> bool:
    """All resource managers can abort."""
    return states(world) == {RM.ABORTED}


@frozen
class TwoPhase(Protocol):
    """Gray and Lamport's two-phase commit over a network that forgets nothing; nothing fails."""

    name: ClassVar[str] = "gray-lamport"
    network: ClassVar[Network] = Network.SET
    tones: ClassVar[dict[str, str]] = {
        "INIT": "wait",
        "PREPARED": "near",
        "COMMITTED": "good",
        "ABORTED": "stop",
    }

    managers: int = parameter(3, help="how many resource managers take part", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        names = self.names
        manager = TransactionManager(frozenset(names))
        return {"TM": manager} | {name: ResourceManager("TM") for name in names}

    @property
    def names(self) -> list[NodeId]:
        """The resource managers' names."""
        return [f"R{number}" for number in range(1, self.managers + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]

    def promises(self) -> Iterable[Property]:
        return [consistency, all_committed, all_aborted]
