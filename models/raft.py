"""Raft: a leader is elected for each term, and copies its log to the others.

A server that hears from no leader for a while stands for election in a new term; whom a majority votes for leads. The
leader appends its clients' commands to its log and sends them to the others; an entry of its own term that a majority
has stored is committed, with all that stands before it. Terms, votes and logs are on disk.

Ongaro & Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014), section 5. The
servers are in ``raft_server.py``; here is what they promise, and what comes of leaving a rule out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, every_step, leads_to, possible, recoverable
from everyway.invariants.consistency import EverSeen
from everyway.models.language import (
    Action,
    Event,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Step,
    Steps,
    Timeouts,
    World,
    durable,
    on,
    parameter,
    timeout,
    volatile,
)
from everyway.models.raft_server import Entry, Log, RequestVote, Server, State, Vote

# What is promised: figure 3.


def commits(event: Event) -> Iterator[tuple[int, Entry, int]]:
    """Yield which entry a leader commits at which index, and in which term, to be remembered."""
    before, after = event.before, event.after
    if isinstance(before, Server) and isinstance(after, Server) and after.state is State.LEADER:
        for index in range(before.commit + 1, after.commit + 1):
            yield index, after.log[index - 1], after.term


def elections(event: Event) -> Iterator[tuple[int, NodeId]]:
    """Yield who becomes leader in which term, to be remembered."""
    before, after = event.before, event.after
    if (
        isinstance(before, Server)
        and isinstance(after, Server)
        and after.state is State.LEADER is not before.state
    ):
        yield after.term, after.id


def committed(world: World) -> Iterable[tuple[int, Entry, int]]:
    """Return what was ever committed: index, entry, and the term in which it was."""
    return world.observer("committed").values  # type: ignore[no-any-return]


def server(world: World, name: NodeId) -> Server:
    """Return the server of this name."""
    found = world[name]
    assert isinstance(found, Server)
    return found


def leaders(world: World) -> list[Server]:
    """Return the servers that believe that they lead."""
    return [server for server in world.live(Server) if server.state is State.LEADER]


@always
def election_safety(world: World) -> Any:
    """At most one leader is elected in a term."""
    elected: dict[int, set[NodeId]] = {}
    for term, leader in world.observer("elected").values:
        elected.setdefault(term, set()).add(leader)
    for term, several in sorted(elected.items()):
        if len(several) > 1:
            return broken(
                f"{' and '.join(sorted(several))} were both elected in term {term}", sorted(several)
            )
    return True


@every_step
def leader_append_only(before: World, action: Action, after: World) -> Any:
    """A leader never overwrites or deletes entries in its log; it only appends."""
    if action.node is None:
        return True
    was, now = server(before, action.node), server(after, action.node)
    is_leader = was.state is now.state is State.LEADER and was.term == now.term
    if is_leader and now.log[: len(was.log)] != was.log:
        return broken(f"{now.id} changed its log while it led", now)
    return True


@always
def log_matching(world: World) -> Any:
    """Logs that have an entry of the same index and term are the same up to there."""
    servers = world.nodes(Server)
    for number, one in enumerate(servers):
        for other in servers[:number]:
            for index in range(min(len(one.log), len(other.log)), 0, -1):
                if one.log[index - 1].term == other.log[index - 1].term:
                    if one.log[:index] != other.log[:index]:
                        return broken(
                            f"the logs of {other.id} and {one.id} differ before index {index}", [one, other]
                        )
                    break
    return True


@always
def leader_completeness(world: World) -> Any:
    """What was committed in a term is in the logs of the leaders of all later terms."""
    for index, entry, term in committed(world):
        for leader in leaders(world):
            if leader.term > term and leader.log[index - 1 : index] != (entry,):
                told = f"{leader.id} leads term {leader.term} without entry {index}, committed in term {term}"
                return broken(told, leader)
    return True


@always
def state_machine_safety(world: World) -> Any:
    """No two servers apply different entries at one index."""
    applied: dict[int, set[Entry]] = {}
    for index, entry, _ in committed(world):
        applied.setdefault(index, set()).add(entry)
    for server in world.nodes(Server):
        for index, entry in enumerate(server.log[: server.commit], start=1):
            applied.setdefault(index, set()).add(entry)
    for index, entries in sorted(applied.items()):
        if len(entries) > 1:
            return f"at index {index} {' and '.join(sorted(str(one) for one in entries))} were both applied"
    return True


ROLES = {
    (State.FOLLOWER, State.CANDIDATE),
    (State.FOLLOWER, State.LEADER),  # a cluster of one
    (State.CANDIDATE, State.LEADER),
    (State.CANDIDATE, State.FOLLOWER),
    (State.LEADER, State.FOLLOWER),
}


@every_step
def role_transitions(before: World, action: Action, after: World) -> Any:
    """A follower becomes a candidate, a candidate a leader, and whoever sees a newer term a follower."""
    if action.node is None:
        return True
    was, now = server(before, action.node).state, server(after, action.node).state
    if was is not now and (was, now) not in ROLES:
        return broken(f"{action.node} went from {was.value} to {now.value}", action.node)
    return True


@possible
def a_leader_is_elected(world: World) -> bool:
    """A leader can be elected."""
    return bool(leaders(world))


@possible
def an_entry_is_applied_everywhere(world: World) -> bool:
    """An entry can be committed, and everybody learn it."""
    return all(server.commit for server in world.nodes(Server))


@recoverable
def can_elect(world: World) -> bool:
    """As long as a term is left, a leader can be elected."""
    return bool(leaders(world))


def logs_have_room(world: World) -> bool:
    """There is room for another entry in every log."""
    return all(len(one.log) < one.most_entries for one in world.nodes(Server))


@recoverable(when=logs_have_room)
def can_commit(world: World) -> bool:
    """As long as a term is left, and room in the logs, an entry can be committed."""
    return bool(committed(world))


# What one may take Raft to promise, and it does not.


@always
def one_leader_at_a_time(world: World) -> Any:
    """At most one server believes that it leads: not promised by Raft, for an old leader may not have heard."""
    several = leaders(world)
    return len(several) <= 1 or broken(f"{' and '.join(one.id for one in several)} both lead", several)


@always
def all_equal_at_commit(world: World) -> Any:
    """Once an entry is committed every server has it: not promised by Raft, a majority is enough."""
    for index, entry, _ in committed(world):
        for server in world.nodes(Server):
            if server.log[index - 1 : index] != (entry,):
                return broken(f"entry {index} is committed, and {server.id} does not have it", server)
    return True


@possible
def a_vote_is_split(world: World) -> bool:
    """A vote can be split: all have voted in one term, and nobody has a majority."""
    servers = world.nodes(Server)
    votes = [server.voted_for for server in servers]
    is_over = len({server.term for server in servers}) == 1 and None not in votes
    return is_over and all(2 * votes.count(vote) <= len(votes) for vote in votes)


def all_have_stored(world: World) -> bool:
    """Everybody has applied all that is committed."""
    most = max((index for index, _, _ in committed(world)), default=0)
    return all(server.commit >= most for server in world.nodes(Server))


def something_is_committed(world: World) -> bool:
    """An entry was committed."""
    return bool(committed(world))


eventual_equality = leads_to(something_is_committed, all_have_stored, name="eventual equality")
"""On every fair run whatever is committed is applied by all; it takes that elections come to an end."""


@frozen
class Raft(Protocol):
    """Raft: leader election and log replication, message by message."""

    name: ClassVar[str] = "raft"
    network: ClassVar[Network] = Network.SET
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    tones: ClassVar[dict[str, str]] = {"FOLLOWER": "idle", "CANDIDATE": "wait", "LEADER": "good"}
    server_class: ClassVar[type[Server]] = Server

    servers: int = parameter(3, help="how many servers there are", at_least=1)
    terms: int = parameter(2, help="in how many terms elections are held", at_least=1)
    entries: int = parameter(1, help="how long a log may get", at_least=0)
    bystanders: int = parameter(0, help="how many servers vote but never stand for election", at_least=0)
    turns: bool = parameter(False, help="whether only one server stands in each term, each in its turn")
    refusals: bool = parameter(False, help="whether those whose term is over are told so in an answer")
    heartbeats: int = parameter(0, help="how often a leader repeats itself in a term", at_least=0)

    @property
    def names(self) -> list[NodeId]:
        """The servers' names."""
        return [f"S{number}" for number in range(1, self.servers + 1)]

    def nodes(self) -> dict[NodeId, Node]:
        return {name: self.server(name) for name in self.names}

    @property
    def candidates(self) -> list[NodeId]:
        """The servers that may stand for election."""
        return self.names[: max(self.servers - self.bystanders, 0)]

    def server(self, name: NodeId) -> Server:
        """Return a server at the start."""
        peers = frozenset(self.names) - {name}
        return self.server_class(peers, self.candidacies(name), self.entries, self.heartbeats, self.refusals)

    def candidacies(self, server: NodeId) -> frozenset[int]:
        """Return in which terms a server may stand for election."""
        if server not in self.candidates:
            return frozenset()
        first, step = (self.candidates.index(server) + 1, len(self.candidates)) if self.turns else (1, 1)
        return frozenset(range(first, self.terms + 1, step))

    def observers(self) -> dict[str, Observer]:
        return {"elected": EverSeen(elections), "committed": EverSeen(commits)}

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        others = [name for name in self.names if name not in self.candidates]
        return [others] if self.turns else [self.candidates, others]

    def has_room(self, world: World) -> bool:
        """A term is left in which somebody may stand."""
        servers = world.nodes(Server)
        last = max((term for server in servers for term in server.candidacies), default=0)
        return all(server.term < last for server in servers) and any(
            last in one.candidacies for one in world.live(Server)
        )

    def promises(self) -> Iterable[Property]:
        safety = [
            election_safety,
            leader_append_only,
            log_matching,
            leader_completeness,
            state_machine_safety,
            role_transitions,
            a_leader_is_elected,
        ]
        return [*safety, an_entry_is_applied_everywhere] if self.entries else safety


# Variants. Each is the protocol above with one deviation.


class CredulousServer(Server):
    """Counts answers, not votes, and keeps no note of its own vote."""

    @on(RequestVote)
    def vote(self, request: RequestVote, candidate: NodeId) -> Steps:
        server = self.hear_of(request.term)
        return Step(server).send(candidate, Vote(server.term, granted=request.term == server.term))


class AsNoted(Raft):
    """The study notes to the letter: whoever gets an answer from more than half of the servers leads."""

    variant = "as-noted"
    server_class = CredulousServer


@frozen
class TermlessServer(Server):
    """Knows no terms: votes for the first who asks, and again after it has stood itself."""

    stood: int = durable(0)

    @timeout
    def stand_for_election(self) -> Steps:
        if self.state is not State.LEADER and self.stood < len(self.candidacies) and self.may_stand():
            return evolve(self, stood=self.stood + 1).candidacy(self.term)

    def may_stand(self) -> bool:
        """Return whether a vote that was given is in the way."""
        return True


class SteadyServer(TermlessServer):
    """Never takes a vote back, not even to vote for itself."""

    def may_stand(self) -> bool:
        return self.voted_for in (None, self.id)


class WithoutTerms(Raft):
    """The notes, with votes but without terms, which they do not mention: a vote is free again at the next time-out."""

    variant = "notes-no-terms"
    server_class = TermlessServer


class WithoutTermsForGood(Raft):
    """The notes, with votes but without terms, and a vote is given for good: a split vote is final."""

    variant = "notes-vote-once"
    server_class = SteadyServer


class TrustingServer(Server):
    """Looks at no log when it votes."""

    def is_up_to_date(self, request: RequestVote) -> bool:
        return True


class NoUpToDateCheck(Raft):
    """Wrong: servers vote for candidates whose logs lack what is committed."""

    variant = "no-up-to-date-check"
    server_class = TrustingServer


class CountingServer(Server):
    """Commits whatever a majority has stored."""

    def may_commit(self, entry: Entry) -> bool:
        return True


class CommitOldTerms(Raft):
    """Wrong: a leader commits entries of earlier terms by counting (figure 8 of the paper); shows at four terms."""

    variant = "commit-old-terms"
    server_class = CountingServer


class NotedServer(TrustingServer, CountingServer):
    """Waits for a majority of the followers, itself not among them."""

    def is_stored(self, servers: frozenset[NodeId]) -> bool:
        return 2 * len(servers - {self.id}) > len(self.peers)


class NotesLog(Raft):
    """The notes on replication: a majority of the followers, no look at logs in a vote, nor at the entry's term."""

    variant = "notes-log"
    server_class = NotedServer


@frozen
class VoteForgettingServer(Server):
    """Keeps its vote in memory only."""

    voted_for: NodeId | None = volatile(None)


class VolatileVote(Raft):
    """Wrong: the vote is not on disk; a crash and a restart let a server vote twice in a term."""

    variant = "volatile-vote"
    server_class = VoteForgettingServer


@frozen
class LogForgettingServer(Server):
    """Keeps its log in memory only."""

    log: Log = volatile(())


class VolatileLog(Raft):
    """Wrong: the log is not on disk; a crash and a restart take back what was counted as stored."""

    variant = "volatile-log"
    server_class = LogForgettingServer
