"""Reading from a Raft leader: one that does not ask around may be a leader no more, and answer what is out of date.

With a read index the leader notes how far it has committed, which counts once it has committed an entry of its own
term, makes sure by a round of messages to a majority that it still leads, and answers from what is applied by then.

Ongaro & Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014), section 8; Ongaro,
"Consensus: bridging theory and practice" (2014), section 6.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, possible
from everyway.models.language import (
    Event,
    Message,
    NodeId,
    Observer,
    Steps,
    World,
    choice,
    on,
    parameter,
    volatile,
)
from everyway.models.raft import Raft, election_safety
from everyway.models.raft_server import Server, State


@frozen
class Confirm(Message):
    """Am I still the leader of this term?"""

    term: int

    def __str__(self) -> str:
        return f"still leader of term {self.term}?"


@frozen
class Confirmed(Message):
    """You are, as far as I know."""

    term: int

    def __str__(self) -> str:
        return f"yes, term {self.term}"


@frozen
class ReadingServer(Server):
    """Answers a client's read once it knows that it still led when the client asked."""

    asked: bool = volatile(False)
    """Whether a client waits for an answer; each leader is asked once."""
    confirmed: frozenset[NodeId] = volatile(frozenset())
    answered: bool = volatile(False)

    @choice
    def read(self) -> Steps:
        if self.state is State.LEADER and not self.asked and self.knows_what_is_committed():
            asking = evolve(self, asked=True, confirmed=frozenset([self.id]))
            if asking.is_majority(asking.confirmed):
                return asking.become(answered=True)
            return asking.become().send(self.peers, Confirm(self.term))

    def knows_what_is_committed(self) -> bool:
        """Return whether an entry of the own term is committed, and so all that was before, if anything was."""
        return self.term == 1 or (self.commit > 0 and self.term_at(self.commit) == self.term)

    @on(Confirm)
    def confirm(self, question: Confirm, leader: NodeId) -> Steps:
        if question.term == self.term:
            return self.send(leader, Confirmed(self.term))

    @on(Confirmed)
    def answer(self, answer: Confirmed, follower: NodeId) -> Steps:
        if self.state is not State.LEADER or answer.term != self.term or not self.asked or self.answered:
            return None
        confirmed = self.confirmed | {follower}
        if self.is_majority(confirmed):
            return self.become(confirmed=frozenset(), answered=True).named(
                f"answer as of entry {self.commit}"
            )
        return self.become(confirmed=confirmed)

    def follow(self, term: int) -> ReadingServer:
        fresh: Any = {"asked": False, "answered": False, "confirmed": frozenset()}
        return evolve(super().follow(term), **fresh)


@frozen
class Reads(Observer):
    """Remembers what was committed when each read began, and the read that did not show it."""

    committed: int = 0
    begun: frozenset[tuple[NodeId, int]] = frozenset()
    finished: bool = False
    stale: tuple[NodeId, int, int] | None = None
    """Who answered with how many entries, and how many it should have been."""

    def observe(self, event: Event) -> Reads:
        before, after = event.before, event.after
        if self.stale or not (isinstance(before, ReadingServer) and isinstance(after, ReadingServer)):
            return self
        seen = self
        if after.asked and not before.asked:
            seen = evolve(seen, begun=seen.begun | {(after.id, seen.committed)})
        if after.answered and not before.answered:
            due = dict(seen.begun)[after.id]
            stale = (after.id, after.commit, due) if after.commit < due else None
            seen = evolve(seen, finished=True, stale=stale)
        if before.asked and (not after.asked or (after.answered and not before.answered)):
            seen = evolve(seen, begun=frozenset(one for one in seen.begun if one[0] != after.id))
        if after.state is State.LEADER and after.commit > seen.committed:
            seen = evolve(seen, committed=after.commit)
        return seen


@always
def reads_are_fresh(world: World) -> Any:
    """Who reads sees everything that was committed when it asked."""
    stale = world.observer("reads").stale
    if stale is None:
        return True
    server, shown, due = stale
    return broken(
        f"{server} answered as of entry {shown}; it was asked after entry {due} was committed", server
    )


@possible
def a_read_is_answered(world: World) -> bool:
    """A read can be answered."""
    return bool(world.observer("reads").finished)


@frozen
class RaftReads(Raft):
    """Raft, and a client that reads from whoever leads, or believes to."""

    name: ClassVar[str] = "raft-reads"
    server_class: ClassVar[type[Server]] = ReadingServer

    bystanders: int = parameter(1, help="how many servers vote but never stand for election", at_least=0)

    def observers(self) -> dict[str, Observer]:
        return {**super().observers(), "reads": Reads()}

    def promises(self) -> Iterable[Property]:
        return [election_safety, reads_are_fresh, a_read_is_answered]


class HastyServer(ReadingServer):
    """Answers from its own log at once."""

    @choice
    def read(self) -> Steps:
        if self.state is State.LEADER and not self.asked:
            return self.become(asked=True, answered=True).named(f"answer as of entry {self.commit}")


class LocalReads(RaftReads):
    """Wrong: a leader answers reads from its own log at once, and may have been unseated without knowing it."""

    variant = "local-reads"
    server_class = HastyServer


class AssumingServer(ReadingServer):
    """Does not wait until it knows what is committed."""

    def knows_what_is_committed(self) -> bool:
        return True


class NoEntryOfOwnTerm(RaftReads):
    """Wrong: a new leader reads before it has committed anything itself, so it does not know what is committed."""

    variant = "no-entry-of-own-term"
    server_class = AssumingServer
