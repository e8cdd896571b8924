"""Raft whose members change one at a time: a server uses the newest set of members in its log, committed or not.

Any majority of a set of members and any of one with a member more or less share a server, so that the change needs no
second phase. But that is said of two sets, of which one follows the other. Of two leaders each may make its own change
of the same set, and their majorities need not meet. So a leader may begin a change only after it has committed an entry
of its own term: by then no older leader's change can still be used by a majority.

Ongaro, "Consensus: bridging theory and practice" (2014), chapter 4; the rule was added in his message "bug in
single-server membership changes" to the raft-dev list (2015).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, possible
from everyway.models.language import REMOVED, NodeId, Step, Steps, World, choice, parameter
from everyway.models.raft import (
    Raft,
    election_safety,
    leader_completeness,
    log_matching,
    state_machine_safety,
)
from everyway.models.raft_server import Appended, Entry, Refused, Server, State


@frozen
class Change(Entry):
    """From here on these servers are the members."""

    members: frozenset[NodeId]

    def __str__(self) -> str:
        return f"{', '.join(sorted(self.members))} by {self.leader} in term {self.term}"


@frozen
class MemberServer(Server):
    """A server that takes the set of members from its log; a leader may take one out of it."""

    @property
    def members(self) -> frozenset[NodeId]:
        changes = [entry.members for entry in self.log if isinstance(entry, Change)]
        return changes[-1] if changes else self.peers | {self.id}

    def stand_for_election(self) -> Steps:
        return super().stand_for_election() if self.id in self.members else None

    def note_success(self, answer: Appended, follower: NodeId) -> Steps:
        return super().note_success(answer, follower) if self.is_asked(follower) else None

    def note_failure(self, answer: Refused, follower: NodeId) -> Steps:
        return super().note_failure(answer, follower) if self.is_asked(follower) else None

    def is_asked(self, follower: NodeId) -> bool:
        """Return whether an answer is of interest: a leader has forgotten those that are no members any more."""
        return self.state is not State.LEADER or any(one.follower == follower for one in self.progress)

    @choice
    def remove_member(self) -> Steps:
        """Take another server out of the members."""
        if self.state is State.LEADER and len(self.log) < self.most_entries and self.may_change:
            for name in sorted(self.others):
                yield self.remove(name)

    def remove(self, name: NodeId) -> Step:
        """Return the step that takes a server out of the members."""
        members = self.members - {name}
        progress = frozenset(one for one in self.progress if one.follower in members)
        entry = Change(self.term, self.id, members)
        leader = evolve(self, log=(*self.log, entry), progress=progress).commit_what_is_stored()
        return leader.replicate(Step(leader)).named(f"remove {name}")

    @property
    def may_change(self) -> bool:
        """Whether the last change is committed, and so is an entry of the own term."""
        changes = [index for index, entry in enumerate(self.log, 1) if isinstance(entry, Change)]
        return (not changes or changes[-1] <= self.commit) and self.has_committed_in_term

    @property
    def has_committed_in_term(self) -> bool:
        """Whether an entry of the own term is committed."""
        return any(entry.term == self.term for entry in self.log[: self.commit])


@possible
def a_member_is_removed(world: World) -> bool:
    """A change of the members can be committed."""
    return any(isinstance(entry, Change) for _, entry, _ in world.observer("committed").values)


@frozen
class RaftMembership(Raft):
    """Raft whose members are removed one at a time, by leaders that have committed an entry of their own term."""

    name: ClassVar[str] = "raft-membership"
    server_class: ClassVar[type[Server]] = MemberServer

    servers: int = parameter(3, help="how many servers there are", at_least=1)
    terms: int = parameter(2, help="in how many terms elections are held", at_least=1)
    entries: int = parameter(2, help="how long a log may get", at_least=0)
    bystanders: int = parameter(1, help="how many servers vote but never stand for election", at_least=0)
    turns: bool = parameter(True, help="whether only one server stands in each term, each in its turn")

    def promises(self) -> Iterable[Property]:
        return [election_safety, log_matching, leader_completeness, state_machine_safety, a_member_is_removed]


# Variants. Each is the protocol above with one deviation.


class HastyServer(MemberServer):
    """Changes members as soon as it leads."""

    @property
    def has_committed_in_term(self) -> bool:
        return True

    take_command = REMOVED  # the mistake shows without any command


@frozen
class NoEntryOfOwnTerm(RaftMembership):
    """Wrong, as first published: a leader changes members at once; two changes of one set may both be used."""

    variant: ClassVar[str] = "no-entry-of-own-term"
    server_class: ClassVar[type[Server]] = HastyServer

    servers: int = parameter(4, help="how many servers there are", at_least=1)
    terms: int = parameter(3, help="in how many terms elections are held", at_least=1)
    entries: int = parameter(1, help="how long a log may get", at_least=0)
    bystanders: int = parameter(2, help="how many servers vote but never stand for election", at_least=0)
    turns: bool = parameter(True, help="whether only one server stands in each term, each in its turn")
