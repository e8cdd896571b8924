"""Two proposers outbid each other for ever: why Paxos needs a leader.

An acceptor promises itself to whoever asked last, and accepts a proposal only of that one; so numbers need not even be
told, each ask is higher than all before it (Lamport, "Paxos made simple", 2001, section 2.4). That makes an endless run
a loop in a finite space. With ``proposers=1`` there is nobody to be outbid by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import frozen

from everyway.invariants import Property, eventually, leads_to, never_again, possible
from everyway.models.language import (
    Message,
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


class Phase(Enum):
    """How far a proposer came."""

    IDLE = "idle"
    ASKS = "asks"
    PROPOSES = "proposes"
    WON = "won"


@frozen
class Ask(Message):
    """With a number higher than any before it: will you listen to me alone?"""


@frozen
class Promise(Message):
    """I will, until somebody else asks."""


@frozen
class Propose(Message):
    """Then take my value."""


@frozen
class Accepted(Message):
    """I did."""


@frozen
class Refused(Message):
    """Somebody else asked in the meantime."""


@frozen
class Proposer(Node):
    """Asks, proposes, and asks again if it was refused."""

    acceptor: NodeId
    phase: Phase = volatile(Phase.IDLE)

    @choice
    def begin(self) -> Steps:
        if self.phase is Phase.IDLE:
            return self.ask()

    @on(Promise)
    def propose(self) -> Steps:
        return self.become(phase=Phase.PROPOSES).send(self.acceptor, Propose())

    @on(Refused)
    def try_again(self) -> Steps:
        return self.ask()

    @on(Accepted)
    def win(self) -> Steps:
        return self.become(phase=Phase.WON)

    def ask(self) -> Steps:
        """Ask with a higher number."""
        return self.become(phase=Phase.ASKS).send(self.acceptor, Ask())

    def __str__(self) -> str:
        return self.phase.value.upper()


@frozen
class Acceptor(Node):
    """Promises itself to whoever asked last."""

    promised: NodeId | None = volatile(None)
    accepted: NodeId | None = volatile(None)

    @on(Ask)
    def promise(self, _: Ask, proposer: NodeId) -> Steps:
        return self.become(promised=proposer).send(proposer, Promise())

    @on(Propose)
    def accept(self, _: Propose, proposer: NodeId) -> Steps:
        if self.promised != proposer:
            return self.send(proposer, Refused())
        return self.become(accepted=proposer).send(proposer, Accepted())

    def __str__(self) -> str:
        if self.accepted:
            return f"took {self.accepted}"
        return f"for {self.promised}" if self.promised else "free"


def begun(world: World) -> bool:
    """Some proposer has begun."""
    return any(proposer.phase is not Phase.IDLE for proposer in world.nodes(Proposer))


def somebody_won(world: World) -> bool | str:
    """Some proposer has won."""
    return any(proposer.phase is Phase.WON for proposer in world.nodes(Proposer)) or "nobody has won"


@eventually
def something_is_accepted(world: World) -> bool | str:
    """At last the acceptor takes a value."""
    return any(acceptor.accepted for acceptor in world.nodes(Acceptor)) or "no value was ever taken"


@possible
def something_can_be_accepted(world: World) -> bool:
    """The acceptor can take a value."""
    return any(acceptor.accepted for acceptor in world.nodes(Acceptor))


@never_again
def accepted(world: World) -> bool:
    """What was accepted stays accepted."""
    return any(acceptor.accepted for acceptor in world.nodes(Acceptor))


@frozen
class Duel(Protocol):
    """Proposers and one acceptor, all up, no message lost."""

    proposers: int = parameter(2, help="how many propose", at_least=1, no_more_than=3)

    def nodes(self) -> Mapping[NodeId, Node]:
        first, *others = [f"P{number}" for number in range(1, self.proposers + 1)]
        return {
            first: Proposer("A"),
            "A": Acceptor(),
            **{name: Proposer("A") for name in others},
        }

    def promises(self) -> Iterable[Property]:
        progress = leads_to(begun, somebody_won, name="who begins gets somewhere")
        return [something_is_accepted, progress, accepted, something_can_be_accepted]
