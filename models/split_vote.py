"""Split votes: how likely is it that a round of Raft's elections ends without a leader?

In every round each live server draws one of so many slots for its time-out. Those with the earliest slot stand for
election and vote for themselves; every other live server votes for one of them, each as likely as the other, depending
on whose request comes first. A majority of all servers elects. If nobody has one, there is another round.

Ongaro & Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014), sections 5.2 and
9.3, with time in slots and messages that arrive within one. ``everyway.probability`` says how likely what is; a
check looks at every run, however unlikely, and finds votes that are split for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen

from everyway.invariants import Property, eventually, possible
from everyway.models.language import (
    Node,
    NodeId,
    Protocol,
    Steps,
    UsageError,
    World,
    choice,
    parameter,
    volatile,
)


@frozen
class Round(Node):
    """One round of an election: who drew which slot, and how many votes each candidate has."""

    servers: int
    live: int
    slots: int
    drawn: tuple[int, ...] = volatile(())
    votes: tuple[int, ...] = volatile(())
    """The votes of each candidate, its own included; empty as long as slots are drawn."""

    @choice
    def draw(self) -> Steps:
        """The next server draws a slot; after the last one candidates stand."""
        if not self.votes:
            for slot in range(self.slots):
                drawn = (*self.drawn, slot)
                if len(drawn) < self.live:
                    yield self.become(drawn=drawn).named(f"draw slot {slot + 1}").weighted(1)
                else:
                    candidates = (1,) * drawn.count(min(drawn))
                    step = self.become(drawn=(), votes=candidates).named(f"draw slot {slot + 1}")
                    yield step.weighted(1)

    @choice
    def vote(self) -> Steps:
        """The next server that does not stand itself votes for a candidate."""
        if self.votes and not self.is_over:
            for k in range(len(self.votes)):
                votes = (*self.votes[:k], self.votes[k] + 1, *self.votes[k + 1 :])
                yield self.become(votes=votes).named(f"vote for candidate {k + 1}").weighted(1)

    @choice
    def try_again(self) -> Steps:
        if self.is_over and not self.has_winner:
            return self.become(votes=())

    @property
    def is_over(self) -> bool:
        """Whether all have voted."""
        return sum(self.votes) == self.live

    @property
    def has_winner(self) -> bool:
        """Whether somebody has the votes of a majority of all servers."""
        return 2 * max(self.votes, default=0) > self.servers

    def __str__(self) -> str:
        if not self.votes:
            return f"drawn {len(self.drawn)}"
        return f"votes {' : '.join(map(str, self.votes))}"


def the_round(world: World) -> Round:
    """Return the round that is under way."""
    (found,) = world.nodes(Round)
    return found


def is_split(world: World) -> bool:
    """The round is over, and nobody has a majority."""
    return the_round(world).is_over and not the_round(world).has_winner


@possible
def a_leader_is_elected(world: World) -> bool:
    """A round can elect a leader."""
    return the_round(world).is_over and the_round(world).has_winner


@eventually
def somebody_wins(world: World) -> bool:
    """At last a round elects a leader: not promised by Raft, only likely."""
    return the_round(world).is_over and the_round(world).has_winner


@frozen
class SplitVote(Protocol):
    """Rounds of an election in which time-outs are drawn by chance."""

    name: ClassVar[str] = "split-vote"

    servers: int = parameter(3, help="how many servers there are", at_least=1)
    live: int = parameter(2, help="how many of them are up", at_least=1)
    slots: int = parameter(5, help="how many time-outs there are to draw from", at_least=1)

    def __attrs_post_init__(self) -> None:
        if self.live > self.servers:
            raise UsageError(f"SplitVote: of {self.servers} servers {self.live} cannot be up.")

    def nodes(self) -> dict[NodeId, Node]:
        return {"round": Round(self.servers, self.live, self.slots)}

    def promises(self) -> Iterable[Property]:
        return [a_leader_is_elected]
