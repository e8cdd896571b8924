"""A leader's lease: for a while after it was renewed the leader may answer reads by itself, as nobody else is elected.

The leader asks its follower to renew the lease, and trusts it for some time from when it *asked*. The follower elects
nobody for some time from when it was asked, as far as it knows: from when the request *arrived*. How long the two must
be, and how far the clocks may drift apart, is what time bounds decide:

    everyway timing leader_lease.py --property one-leader --drift 1%

Gray & Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file cache consistency" (1989).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import frozen

from everyway import (
    Message,
    Node,
    NodeId,
    Property,
    Protocol,
    Steps,
    Timeouts,
    World,
    always,
    broken,
    choice,
    on,
    possible,
    timeout,
    volatile,
)


class Renew(Message):
    """Elect nobody for a while."""


class Promise(Message):
    """I will not, from now on, for a while."""


@frozen
class Leader(Node):
    """Trusts its lease from when it asked for it, once the follower has answered."""

    follower: NodeId
    has_asked: bool = volatile(False)
    trusts: bool = volatile(False)
    has_expired: bool = volatile(False)

    @choice
    def ask(self) -> Steps:
        if not self.has_asked:
            return self.become(has_asked=True).send(self.follower, Renew())

    @on(Promise)
    def trust(self) -> Steps:
        if not self.has_expired:
            return self.become(trusts=True)

    @timeout(since="has_asked")
    def let_expire(self) -> Steps:
        if self.has_asked and not self.has_expired:
            return self.become(trusts=False, has_expired=True)

    def __str__(self) -> str:
        return "LEADS" if self.trusts else "EXPIRED" if self.has_expired else "WAITS"


@frozen
class Follower(Node):
    """Keeps still for a while after it was asked, and then takes over."""

    has_promised: bool = volatile(False)
    leads: bool = volatile(False)

    @on(Renew)
    def keep_still(self, _: Renew, leader: NodeId) -> Steps:
        if not self.leads:
            return self.become(has_promised=True).send(leader, Promise())

    @timeout(since="has_promised")
    def take_over(self) -> Steps:
        if self.has_promised and not self.leads:
            return self.become(leads=True)

    def __str__(self) -> str:
        return "LEADS" if self.leads else "KEEPS STILL" if self.has_promised else "FOLLOWS"


@always
def one_leader(world: World) -> Any:
    """The leader and the follower never lead at the same time."""
    if world["L"].trusts and world["F"].leads:
        return broken("F has taken over while L still trusts its lease", ["L", "F"])
    return True


@possible
def the_follower_takes_over(world: World) -> bool:
    """The follower can take over after the leader has led."""
    return world["L"].has_expired and world["F"].leads


@frozen
class LeaderLease(Protocol):
    """One lease of one leader."""

    name: ClassVar[str] = "leader-lease"
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    tones: ClassVar[dict[str, str]] = {"LEADS": "good", "KEEPS STILL": "wait", "EXPIRED": "stop"}

    def nodes(self) -> dict[NodeId, Node]:
        return {"L": Leader("F"), "F": Follower()}

    def promises(self) -> Iterable[Property]:
        return [one_leader, the_follower_takes_over]
