"""What the notes say of Raft (lines 124 to 147)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from everyway.invariants import every_step, possible
from everyway.models import raft, raft_membership
from everyway.models.language import Action, System, World, at_most
from everyway.models.raft import (
    AsNoted,
    CommitOldTerms,
    NotesLog,
    NoUpToDateCheck,
    Raft,
    VolatileLog,
    VolatileVote,
    WithoutTerms,
    WithoutTermsForGood,
)
from everyway.models.raft_leases import FromTheAnswer, NoMargin, RaftLeases
from everyway.models.raft_membership import RaftMembership, a_member_is_removed
from everyway.models.raft_reads import (
    LocalReads,
    NoEntryOfOwnTerm,
    RaftReads,
    a_read_is_answered,
    reads_are_fresh,
)
from everyway.models.raft_server import RequestVote, Server, State
from everyway.models.split_vote import SplitVote, is_split, somebody_wins

from .claim import Calculation, Claim, Ruling, holds, reachable, violated

ELECTION: dict[str, Any] = {"terms": 1, "entries": 0}
RESTART: dict[str, int] = {"crashes": 1, "restarts": 1}
TURNS: dict[str, Any] = {"bystanders": 1, "turns": True}


@possible
def a_leader_is_unseated(world: World) -> bool:
    """A server stands for election although the leader is up."""
    return bool(raft.leaders(world)) and any(one.state is State.CANDIDATE for one in world.live(Server))


@every_step
def a_candidate_asks_all_others(before: World, action: Action, after: World) -> bool:
    """Who asks for votes asks all others."""
    asked = {one.to for one in (*action.sent, *action.unsent) if isinstance(one.message, RequestVote)}
    return not asked or asked == {server.id for server in after.nodes(Server)} - {action.node}


@possible
def no_tie_and_no_winner(world: World) -> bool:
    """One candidate has two votes, three have one each, and all have voted."""
    votes = [server.voted_for for server in world.nodes(Server)]
    return None not in votes and sorted(map(votes.count, set(votes))) == [1, 1, 1, 2]


def _split(servers: int, live: int, slots: int) -> Callable[[object], Fraction]:
    """Return what computes, step by step through the explored round, how likely it is that it elects nobody."""

    def compute(_: object) -> Fraction:
        system = System(SplitVote(servers, live, slots))
        chances: dict[World, Fraction] = {}

        def chance(world: World) -> Fraction:
            if is_split(world):
                return Fraction(1)
            if world not in chances:
                steps = list(system.steps(world))
                chances[world] = sum(
                    (Fraction(action.chance or 0) * chance(then) for action, then in steps), Fraction()
                )
            return chances[world]

        (start,) = system.initial()
        return chance(start)

    return compute


CLAIMS = (
    Claim(
        "raft.scope",
        "L124",
        "用来竞选主节点",
        "Raft elects a leader.",
        Ruling.DEFINITION,
        "It does, in order to replicate a log; both are modelled.",
        (reachable(Raft(), raft.an_entry_is_applied_everywhere),),
        "Ongaro & Ousterhout 2014, section 5",
    ),
    Claim(
        "raft.role-transitions",
        "L126",
        "有三种节点：Follower，Candidate和Leader",
        "There are followers, candidates and leaders.",
        Ruling.HOLDS,
        "And they turn into each other as in figure 4 of the paper.",
        (
            holds(Raft(**TURNS), raft.role_transitions, "one stands in each term"),
            holds(Raft(), raft.role_transitions, "all do", slow=True),
        ),
    ),
    Claim(
        "raft.heartbeat-keeps-leader",
        "L131, L135",
        "周期性发送心跳包；重新开始计时",
        "Heartbeats keep the followers from standing for election.",
        Ruling.CONDITIONAL,
        "If they come in time: H(1+r) + dmax - dmin < Tmin(1-r). Without such a bound they do not.",
        (reachable(Raft(terms=2, entries=0), a_leader_is_unseated, "time-outs at any moment", length=4),),
        "Ongaro & Ousterhout 2014, section 5.6",
    ),
    Claim(
        "raft.timeout-starts-election",
        "L132",
        "超过这个时间没有收到心跳包，则变成Candidate",
        "Who hears no heartbeat for a random time becomes a candidate.",
        Ruling.DEFINITION,
        "In the model it may do so at any moment.",
        (reachable(Raft(**ELECTION), raft.a_leader_is_elected),),
    ),
    Claim(
        "raft.request-all",
        "L133",
        "Candidate发送投票请求给其它所有节点",
        "A candidate asks all others for their votes.",
        Ruling.DEFINITION,
        "So the model has it.",
        (holds(Raft(**ELECTION), a_candidate_asks_all_others),),
    ),
    Claim(
        "raft.election-safety",
        "L134",
        "超过一半的节点回复了，那么该 Candidate 就会变成 Leader",
        "Whom more than half of the servers answer becomes leader; so there is one.",
        Ruling.VIOLATED,
        "Any answer is not a vote. With votes, given once in a term, there is at most one leader in each term.",
        (
            violated(AsNoted(**ELECTION), raft.election_safety, "any answer counts", length=6),
            violated(WithoutTerms(**ELECTION), raft.election_safety, "votes, but no terms", length=6),
            violated(
                VolatileVote(**ELECTION), raft.election_safety, "a vote is not on disk", length=8, **RESTART
            ),
            holds(Raft(**ELECTION), raft.election_safety, "votes, terms, disks", **RESTART),
            holds(Raft(), raft.election_safety, "2 terms, 1 entry", slow=True),
            reachable(Raft(), raft.a_leader_is_elected, "not for nothing"),
        ),
        "Ongaro & Ousterhout 2014, section 5.2",
    ),
    Claim(
        "raft.one-leader-at-a-time",
        "L134",
        "该 Candidate 就会变成 Leader",
        "There is one leader at a time (implied).",
        Ruling.VIOLATED,
        "One in each term; an old leader may not have heard of the new term. It cannot commit, but it can read.",
        (violated(Raft(terms=2, entries=0), raft.one_leader_at_a_time, length=6),),
    ),
    Claim(
        "raft.split-vote-retry",
        "L139",
        "获得票数相同，就重新投票",
        "If candidates get equal votes there is another vote.",
        Ruling.REACHABLE,
        "A vote can be split, also without equal votes. Another one helps only because terms free the voters.",
        (
            reachable(Raft(**ELECTION), raft.a_vote_is_split, length=3),
            reachable(Raft(servers=5, **ELECTION), no_tie_and_no_winner, "5 servers, 2:1:1:1", length=5),
            holds(Raft(terms=2, entries=0), raft.can_elect, "the next term can elect"),
            violated(WithoutTermsForGood(terms=2, entries=0), raft.can_elect, "without terms", length=3),
        ),
        "Ongaro & Ousterhout 2014, section 5.2",
    ),
    Claim(
        "raft.split-vote-lasso",
        "L139",
        "就重新投票",
        "At last a vote elects somebody (implied).",
        Ruling.VIOLATED,
        "Time-outs that fire at any moment can split votes for ever; only chance makes that unlikely.",
        (violated(SplitVote(), somebody_wins, "round after round"),),
    ),
    Claim(
        "raft.split-repeat-probability",
        "L140",
        "下一次再次出现多个 Candidate 并获得同样票数的概率很低",
        "It is very unlikely that votes are split again.",
        Ruling.CONDITIONAL,
        "With K slots and two live servers of three it is 1/K each round: low if time-outs spread far beyond delays.",
        (
            Calculation("3 servers, 2 live, 5 slots: nobody wins a round", _split(3, 2, 5), Fraction(1, 5)),
            Calculation("3 servers, 3 live, 2 slots", _split(3, 3, 2), Fraction(1, 4)),
            Calculation("3 servers, 3 live, 5 slots", _split(3, 3, 5), Fraction(1, 25)),
            Calculation("4 servers, 4 live, 2 slots", _split(4, 4, 2), Fraction(9, 16)),
            Calculation("5 servers, 4 live, 5 slots", _split(5, 4, 5), Fraction(27, 125)),
            Calculation("5 servers, 5 live, 2 slots", _split(5, 5, 2), Fraction(41, 96)),
            Calculation("all time-outs equal: 3 servers, 2 live, 1 slot", _split(3, 2, 1), Fraction(1)),
        ),
        "Ongaro & Ousterhout 2014, section 9.3",
    ),
    Claim(
        "raft.leader-append-only",
        "L144",
        "被传入 Leader，并写入修改日志",
        "A change is written to the leader's log.",
        Ruling.HOLDS,
        "A leader only appends to its own.",
        (
            holds(Raft(**TURNS), raft.leader_append_only, "one stands in each term"),
            holds(Raft(), raft.leader_append_only, "all do", slow=True),
        ),
    ),
    Claim(
        "raft.log-matching",
        "L145",
        "Leader 把修改复制给所有 Follower",
        "The leader copies it to all followers.",
        Ruling.HOLDS,
        "Logs with an entry of the same index and term are the same up to there.",
        (
            holds(Raft(**TURNS), raft.log_matching, "one stands in each term"),
            holds(Raft(), raft.log_matching, "all do", slow=True),
        ),
        "Ongaro & Ousterhout 2014, section 5.3",
    ),
    Claim(
        "raft.leader-completeness",
        "L146",
        "等待大多数的 Follower 也进行了修改，然后提交修改",
        "What is committed in a term is in the log of every later leader (implied).",
        Ruling.HOLDS,
        "Votes go only to logs that are as far, and any two majorities share a server.",
        (
            holds(Raft(**TURNS), raft.leader_completeness, "one stands in each term"),
            holds(Raft(), raft.leader_completeness, "all do", slow=True),
            violated(NoUpToDateCheck(), raft.leader_completeness, "votes for any log"),
        ),
        "Ongaro & Ousterhout 2014, section 5.4",
    ),
    Claim(
        "raft.state-machine-safety",
        "L146",
        "Leader 等待大多数的 Follower 也进行了修改，然后提交修改",
        "Once most followers have it, the leader commits it; it is never lost.",
        Ruling.CONDITIONAL,
        "With the paper's rules on votes and terms. Without them, as noted, four servers lose a committed entry.",
        (
            holds(Raft(**TURNS), raft.state_machine_safety, "one stands in each term"),
            holds(Raft(), raft.state_machine_safety, "all do", slow=True),
            holds(
                Raft(terms=1),
                raft.state_machine_safety,
                "messages are delivered once, lost or repeated",
                network="bag",
                losses=1,
                duplicates=1,
                slow=True,
            ),
            holds(
                Raft(bystanders=1),
                raft.state_machine_safety,
                "links keep the order",
                network="fifo",
                slow=True,
            ),
            holds(
                Raft(bystanders=1), raft.state_machine_safety, "a crash and a restart", slow=True, **RESTART
            ),
            violated(
                NotesLog(servers=4, bystanders=2),
                raft.state_machine_safety,
                "the notes' rules, 4 servers",
                length=17,
                slow=True,
            ),
            holds(NotesLog(bystanders=1), raft.state_machine_safety, "that hides from 3 servers"),
            violated(
                NoUpToDateCheck(bystanders=1),
                raft.leader_completeness,
                "votes that look at no log",
                length=9,
                slow=True,
            ),
            violated(
                CommitOldTerms(terms=4, **TURNS),
                raft.leader_completeness,
                "figure 8, 4 terms",
                length=20,
                slow=True,
            ),
            holds(
                CommitOldTerms(terms=3, **TURNS),
                raft.leader_completeness,
                "that hides from 3 terms",
                slow=True,
            ),
            violated(
                VolatileLog(bystanders=1),
                raft.leader_completeness,
                "a log is not on disk",
                length=11,
                slow=True,
                **RESTART,
            ),
        ),
        "Ongaro & Ousterhout 2014, section 5.4, figure 8",
    ),
    Claim(
        "raft.commit-quorum",
        "L146",
        "大多数的 Follower",
        "A majority of the followers must have it.",
        Ruling.VIOLATED,
        "A majority of the servers, the leader among them. Of two followers it is both: one crash stops it all.",
        (
            holds(Raft(), raft.can_commit, "1 of 3 stays down", crashes=1, slow=True),
            holds(
                Raft(bystanders=1), raft.can_commit, "1 of 3 stays down, 2 stand", crashes=at_most(1, "S3")
            ),
            violated(NotesLog(bystanders=1), raft.can_commit, "as noted, the same", crashes=at_most(1, "S3")),
        ),
    ),
    Claim(
        "raft.all-equal-at-commit",
        "L147",
        "此时所有节点的值达成一致",
        "When the leader has committed and told the followers, all are alike.",
        Ruling.VIOLATED,
        "A majority is; the others follow.",
        (
            violated(Raft(terms=1), raft.all_equal_at_commit, length=6),
            reachable(Raft(terms=1), raft.an_entry_is_applied_everywhere, "later on they can be", length=8),
        ),
    ),
    Claim(
        "raft.eventual-equality",
        "L147",
        "所有节点的值达成一致",
        "In the end all are alike.",
        Ruling.HOLDS,
        "Once elections come to an end, and if nobody stays down.",
        (
            holds(Raft(terms=1), raft.eventual_equality),
            violated(Raft(terms=1), raft.eventual_equality, "one stays down", crashes=1),
        ),
    ),
    Claim(
        "raft.stale-read",
        "L144",
        "客户端的修改被传入 Leader",
        "Reading from the leader gives the latest value (implied).",
        Ruling.VIOLATED,
        "It may have been unseated without knowing it. A read index makes sure; so does a lease, if clocks are right.",
        (
            violated(LocalReads(), reads_are_fresh, "answers at once", length=10),
            violated(
                NoEntryOfOwnTerm(),
                reads_are_fresh,
                "asks around, but too early in its term",
                length=12,
                slow=True,
            ),
            holds(RaftReads(), reads_are_fresh, "with a read index", slow=True),
            holds(RaftLeases(), reads_are_fresh, "at once, while a lease runs", slow=True),
            violated(NoMargin(), reads_are_fresh, "promises end before the lease", length=16, slow=True),
            violated(FromTheAnswer(), reads_are_fresh, "a lease from the answers on", length=19, slow=True),
            reachable(RaftReads(), a_read_is_answered, "not for nothing"),
        ),
        "Ongaro & Ousterhout 2014, section 8; Ongaro 2014, sections 6.4 and 6.4.1",
    ),
    Claim(
        "raft.membership",
        "",
        "",
        "Members can be changed one at a time, each by a leader that has committed an entry of its own term.",
        Ruling.HOLDS,
        "Majorities of two sets that differ in one server meet; of two changes of the same set they need not.",
        (
            holds(RaftMembership(), raft.leader_completeness, "3 servers, 2 terms", slow=True),
            violated(
                raft_membership.NoEntryOfOwnTerm(),
                raft.leader_completeness,
                "no entry of the own term",
                length=18,
                slow=True,
            ),
            holds(
                raft_membership.NoEntryOfOwnTerm(servers=3, bystanders=1),
                raft.leader_completeness,
                "that hides from 3 servers",
            ),
            holds(
                raft_membership.NoEntryOfOwnTerm(terms=2),
                raft.leader_completeness,
                "and from 2 terms",
                slow=True,
            ),
            reachable(RaftMembership(), a_member_is_removed, "not for nothing"),
        ),
        "Ongaro 2014, chapter 4; Ongaro 2015",
    ),
)
