"""Raft: a leader is elected for each term, and copies its log to the others.

A server that hears from no leader for a while stands for election in a new term; whom a majority votes for leads. The
leader appends its clients' commands to its log and sends them to the others; an entry of its own term that a majority
has stored is committed, with all that stands before it. Terms, votes and logs are on disk.

Ongaro & Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014), section 5 and
figure 2. An election time-out may fire at any moment. A client's command is told by the term and the leader that took
it, for nobody looks into it.

Answers that tell nothing new are not sent: a no to a candidate of the own term, and that logs agree up to 0. That its
term is over a server can also hear from the new term's candidate, whose requests the network does not forget; with
``refusals`` it is told in an answer as well, as in figure 2, which makes many more states and no other verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar, TypeVar

from attrs import evolve, frozen

from everyway.invariants import Property, always, broken, every_step, leads_to, possible, recoverable
from everyway.invariants.consistency import EverSeen
from everyway.models.language import (
    Action,
    Event,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Step,
    Steps,
    Timeouts,
    World,
    choice,
    durable,
    on,
    parameter,
    timeout,
    volatile,
)


@frozen
class Entry:
    """A client's command, told by the term and the leader that took it."""

    term: int
    leader: NodeId

    def __str__(self) -> str:
        return f"{self.leader}'s of term {self.term}"


Log = tuple[Entry, ...]


@frozen
class RequestVote(Message):
    """Vote for me in this term; my log ends at this index with this term."""

    term: int
    last_index: int
    last_term: int

    def __str__(self) -> str:
        return f"vote for me in term {self.term}"


@frozen
class Vote(Message):
    """The answer: my term, and whether I vote for you."""

    term: int
    granted: bool

    def __str__(self) -> str:
        return f"{'yes' if self.granted else 'no'}, term {self.term}"


@frozen
class Append(Message):
    """The leader's entries after an index; without any it is a heartbeat."""

    term: int
    previous_index: int
    previous_term: int
    entries: Log
    commit: int

    def __str__(self) -> str:
        told = f"append {len(self.entries)} after {self.previous_index}" if self.entries else "heartbeat"
        return f"{told}, term {self.term}" + (f", committed {self.commit}" if self.commit else "")


@frozen
class Appended(Message):
    """The answer: up to this index my log is as yours."""

    term: int
    match: int

    def __str__(self) -> str:
        return f"same up to {self.match}, term {self.term}"


@frozen
class Refused(Message):
    """The answer: your term is over, or my log has not what you say stands at this index."""

    term: int
    index: int

    def __str__(self) -> str:
        return f"refused at {self.index}, term {self.term}"


class State(Enum):
    """What a server takes itself for."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@frozen
class Progress:
    """How far a leader has come with one follower."""

    follower: NodeId
    next: int
    """The index of the next entry to send."""
    match: int = 0
    """Up to where the logs are known to agree."""


S = TypeVar("S", bound="Server")


@frozen
class Server(Node):
    """Follows, stands for election, or leads."""

    peers: frozenset[NodeId]
    candidacies: frozenset[int]
    """The terms in which it may stand for election: the bound on terms."""
    most_entries: int
    """The bound on the log's length."""
    heartbeats: int
    """How often it may repeat itself in a term that it leads."""
    refuses: bool
    """Whether it tells those whose term is over that it is."""
    term: int = durable(0)
    voted_for: NodeId | None = durable(None)
    log: Log = durable(())
    state: State = volatile(State.FOLLOWER)
    commit: int = volatile(0)
    votes: frozenset[NodeId] = volatile(frozenset())
    progress: frozenset[Progress] = volatile(frozenset())
    beats: int = volatile(0)

    # Elections: figure 2, "RequestVote RPC" and "Rules for servers".

    @timeout
    def stand_for_election(self) -> Steps:
        terms = [term for term in self.candidacies if term > self.term]
        if self.state is not State.LEADER and terms:
            return self.candidacy(min(terms))

    def candidacy(self, term: int) -> Step:
        """Return the step to a candidate that has voted for itself."""
        stood = evolve(self.follow(term), state=State.CANDIDATE, voted_for=self.id, votes=frozenset([self.id]))
        if stood.is_majority(stood.votes):
            return stood.lead()
        return Step(stood).send(self.peers, RequestVote(term, len(self.log), self.term_at(len(self.log))))

    @on(RequestVote)
    def vote(self, request: RequestVote, candidate: NodeId) -> Steps:
        if request.term < self.term:
            return self.send(candidate, Vote(self.term, granted=False)) if self.refuses else None
        server = self.hear_of(request.term)
        if server.voted_for in (None, candidate) and server.is_up_to_date(request):
            return server.become(voted_for=candidate).send(candidate, Vote(request.term, granted=True))
        return server.unless_nothing_changed(self)

    def is_up_to_date(self, request: RequestVote) -> bool:
        """Return whether a candidate's log is at least as up to date as the own (section 5.4.1)."""
        own = self.term_at(len(self.log)), len(self.log)
        return (request.last_term, request.last_index) >= own

    @on(Vote)
    def count_vote(self, vote: Vote, voter: NodeId) -> Steps:
        if vote.term > self.term:
            return Step(self.hear_of(vote.term))
        if self.state is State.CANDIDATE and vote.term == self.term and self.counts(vote):
            votes = self.votes | {voter}
            return self.lead() if self.is_majority(votes) else self.become(votes=votes)

    def counts(self, vote: Vote) -> bool:
        """Return whether an answer counts as a vote."""
        return vote.granted

    def is_majority(self, servers: frozenset[NodeId]) -> bool:
        """Return whether so many votes elect a leader."""
        return 2 * len(servers) > len(self.peers) + 1

    def lead(self) -> Step:
        """Return the step to a leader, which says so at once."""
        progress = frozenset(Progress(peer, len(self.log) + 1) for peer in self.peers)
        leader = evolve(self, state=State.LEADER, votes=frozenset(), progress=progress)
        return leader.replicate(Step(leader)).named("become leader")

    def hear_of(self: S, term: int) -> S:
        """Return the server after it saw a term: a newer one makes it a follower in it."""
        return self.follow(term) if term > self.term else self

    def follow(self: S, term: int) -> S:
        """Return the server as a follower in a new term."""
        fresh: Any = {"votes": frozenset(), "progress": frozenset(), "beats": 0}
        return evolve(self, term=term, voted_for=None, state=State.FOLLOWER, **fresh)

    def unless_nothing_changed(self, before: Server) -> Step | None:
        """Return the step to this state, if it is one."""
        return Step(self) if self != before else None

    # The log: figure 2, "AppendEntries RPC" and "Rules for servers, leaders".

    @choice
    def take_command(self) -> Steps:
        if self.state is State.LEADER and len(self.log) < self.most_entries:
            leader = evolve(self, log=(*self.log, Entry(self.term, self.id))).commit_what_is_stored()
            return leader.replicate(Step(leader))

    @choice
    def repeat(self) -> Steps:
        if self.state is State.LEADER and self.beats < self.heartbeats:
            leader = evolve(self, beats=self.beats + 1)
            return leader.replicate(Step(leader)).named("heartbeat")

    def replicate(self, step: Step) -> Step:
        """Add to a step what each follower lacks."""
        for index in sorted({one.next for one in self.progress}):
            alike = [one for one in self.progress if one.next == index]
            step = step.send({one.follower for one in alike}, self.missing(alike[0]))
        return step

    def missing(self, one: Progress) -> Append:
        """Return the message with all that a follower may lack."""
        previous = one.next - 1
        return Append(self.term, previous, self.term_at(previous), self.log[previous:], self.commit)

    @on(Append)
    def append(self, append: Append, leader: NodeId) -> Steps:
        if append.term < self.term:
            return self.send(leader, Refused(self.term, append.previous_index)) if self.refuses else None
        server = self.hear_of(append.term)
        if server.state is State.CANDIDATE:
            server = evolve(server, state=State.FOLLOWER, votes=frozenset())
        previous = append.previous_index
        if previous > len(self.log) or self.term_at(previous) != append.previous_term:
            return Step(server).send(leader, Refused(append.term, previous))
        match = previous + len(append.entries)
        log = server.log
        if log[previous:match] != append.entries:  # a conflict, or something new
            log = log[:previous] + append.entries
        commit = max(server.commit, min(append.commit, match))
        stored = evolve(server, log=log, commit=commit)
        return Step(stored).send(leader, Appended(append.term, match)) if match else stored.unless_nothing_changed(self)

    @on(Appended)
    def note_success(self, answer: Appended, follower: NodeId) -> Steps:
        if answer.term > self.term:
            return Step(self.hear_of(answer.term))
        if self.state is not State.LEADER or answer.term != self.term:
            return None
        one = self.progress_of(follower)
        match = max(one.match, answer.match)
        leader = self.noting(Progress(follower, match + 1, match)).commit_what_is_stored()
        if leader.commit > self.commit:
            return leader.replicate(Step(leader)).named(f"commit {leader.commit}")
        if match < len(self.log) and leader != self:
            return Step(leader).send(follower, leader.missing(leader.progress_of(follower)))
        return leader.unless_nothing_changed(self)

    @on(Refused)
    def note_failure(self, answer: Refused, follower: NodeId) -> Steps:
        if answer.term > self.term:
            return Step(self.hear_of(answer.term))
        if self.state is not State.LEADER or answer.term != self.term:
            return None
        one = self.progress_of(follower)
        if answer.index == one.next - 1 > one.match:
            leader = self.noting(Progress(follower, one.next - 1, one.match))
            return Step(leader).send(follower, leader.missing(leader.progress_of(follower)))

    def progress_of(self, follower: NodeId) -> Progress:
        """Return how far the leader has come with a follower."""
        return next(one for one in self.progress if one.follower == follower)

    def noting(self: S, progress: Progress) -> S:
        """Return the leader with another progress of one follower."""
        others = {one for one in self.progress if one.follower != progress.follower}
        return evolve(self, progress=frozenset({*others, progress}))

    def commit_what_is_stored(self: S) -> S:
        """Return the leader after it committed what a majority has stored (sections 5.3 and 5.4.2)."""
        for index in range(len(self.log), self.commit, -1):
            stored = frozenset(one.follower for one in self.progress if one.match >= index) | {self.id}
            if self.is_stored(stored) and self.may_commit(self.log[index - 1]):
                return evolve(self, commit=index)
        return self

    def is_stored(self, servers: frozenset[NodeId]) -> bool:
        """Return whether it is enough that these servers have an entry."""
        return self.is_majority(servers)

    def may_commit(self, entry: Entry) -> bool:
        """Return whether an entry may be committed by counting: only one of the own term."""
        return entry.term == self.term

    def term_at(self, index: int) -> int:
        """Return the term of the entry at an index; 0 before the first."""
        return self.log[index - 1].term if 0 < index <= len(self.log) else 0

    def __str__(self) -> str:
        log = "".join(str(entry.term) for entry in self.log)
        return f"{self.state.name} {self.term}" + (f" [{log[: self.commit]}|{log[self.commit :]}]" if log else "")


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
    if isinstance(before, Server) and isinstance(after, Server) and after.state is State.LEADER is not before.state:
        yield after.term, after.id


def committed(world: World) -> Iterable[tuple[int, Entry, int]]:
    """Return what was ever committed: index, entry, and the term in which it was."""
    return world.observer("committed").values  # type: ignore[no-any-return]


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
            return broken(f"{' and '.join(sorted(several))} were both elected in term {term}", sorted(several))
    return True


@every_step
def leader_append_only(before: World, action: Action, after: World) -> Any:
    """A leader never overwrites or deletes entries in its log; it only appends."""
    if action.node is None:
        return True
    was, now = before[action.node], after[action.node]
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
                        return broken(f"the logs of {other.id} and {one.id} differ before index {index}", [one, other])
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
    was, now = before[action.node].state, after[action.node].state
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


def a_term_is_left(world: World) -> bool:
    """Somebody who is up may still stand in a term that nobody has seen: who is stuck now is not stuck because of the bound."""
    servers = world.nodes(Server)
    last = max(term for server in servers for term in server.candidacies)
    return all(server.term < last for server in servers) and any(last in one.candidacies for one in world.live(Server))


@recoverable(when=a_term_is_left)
def can_elect(world: World) -> bool:
    """As long as a term is left, a leader can be elected."""
    return bool(leaders(world))


@recoverable(when=a_term_is_left)
def can_commit(world: World) -> bool:
    """As long as a term is left, an entry can be committed."""
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


eventual_equality = leads_to(committed, all_have_stored, name="eventual equality")
"""On every fair run whatever is committed is applied by all; it takes that elections come to an end."""


@frozen
class Raft(Protocol):
    """Raft: leader election and log replication, message by message."""

    name: ClassVar[str] = "raft"
    network: ClassVar[Network] = Network.SET
    timeouts: ClassVar[Timeouts] = Timeouts.EARLY
    tones: ClassVar[dict[str, str]] = {}
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
