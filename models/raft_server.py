"""A server of Raft: how it votes, stands for election, leads and copies its log (figure 2 of the paper).

Ongaro & Ousterhout, "In search of an understandable consensus algorithm" (extended version, 2014), section 5 and
figure 2. An election time-out may fire at any moment. A client's command is told by the term and the leader that took
it, for nobody looks into it.

Answers that tell nothing new are not sent: a no to a candidate of the own term, and that logs agree up to 0. That its
term is over a server can also hear from the new term's candidate, whose requests the network does not forget; with
``refusals`` it is told in an answer as well, as in figure 2, which makes many more states and no other verdicts.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from attrs import evolve, frozen

from everyway.models.language import (
    Message,
    Node,
    NodeId,
    Step,
    Steps,
    choice,
    durable,
    on,
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
        stood = evolve(
            self.follow(term), state=State.CANDIDATE, voted_for=self.id, votes=frozenset([self.id])
        )
        if stood.is_majority(stood.votes):
            return stood.lead()
        return Step(stood).send(stood.others, RequestVote(term, len(self.log), self.term_at(len(self.log))))

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
        return 2 * len(servers & self.members) > len(self.members)

    @property
    def members(self) -> frozenset[NodeId]:
        """The servers that vote and store, this one among them."""
        return self.peers | {self.id}

    @property
    def others(self) -> frozenset[NodeId]:
        """The members without this server."""
        return self.members - {self.id}

    def lead(self) -> Step:
        """Return the step to a leader, which says so at once."""
        progress = frozenset(Progress(peer, len(self.log) + 1) for peer in self.others)
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
        return (
            Step(stored).send(leader, Appended(append.term, match))
            if match
            else stored.unless_nothing_changed(self)
        )

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
        return f"{self.state.name} {self.term}" + (
            f" [{log[: self.commit]}|{log[self.commit :]}]" if log else ""
        )
