"""What the notes say of leaders and workers, of equal nodes, and of clusters and distribution (lines 2 to 22)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from everyway.models import cluster, leader_workers, split_brain
from everyway.models.cluster import Cluster, Hybrid, Split, Stateful, StatefulLazy
from everyway.models.language import at_most
from everyway.models.leader_workers import Backup, BackupFenced, Idempotent, LeaderWorkers, StateLost
from everyway.models.split_brain import (
    AnonymousElection,
    AsNoted,
    Election,
    NoRule,
    SplitBrain,
    Suicide,
    TieBreak,
)

from .claim import Calculation, Claim, Ruling, holds, reachable, violated

UP = Fraction(9, 10)
ONE_LEADER = at_most(1, "leader")
ONE_WORKER = at_most(1, "worker")
DISPATCH, SERVICE = Fraction(1, 5), Fraction(1)


def _servers(count: int) -> dict[str, object]:
    return {"crashes": at_most(count, "server")}


def _within_the_limits(_: object) -> bool:
    """Return whether every run of tasks takes as long as the formula's limits allow."""
    for tasks in (1, 7, 24):
        for workers in (1, 2, 5, 20):
            rounds = -(-tasks // workers)
            took = leader_workers.makespan(tasks, workers, DISPATCH, SERVICE)
            least = max(tasks * DISPATCH, rounds * SERVICE)
            if not least <= took <= tasks * DISPATCH + rounds * SERVICE:
                return False
    return True


def _looked_up(table: Mapping[tuple[int, tuple[int, ...]], int]) -> Callable[[int, Any], int]:
    return lambda own, others: table[own, others]


def _rules_that_elect(check: Callable[..., Any]) -> int:
    """Return how many rules of three nodes in two states, in lock step and without names, elect one of the nodes."""
    asked = [(own, others) for own in (0, 1) for others in itertools.combinations_with_replacement((0, 1), 2)]
    count = 0
    for answers in itertools.product((0, 1), repeat=len(asked)):
        table: dict[tuple[int, tuple[int, ...]], int] = dict(zip(asked, answers, strict=True))
        election = AnonymousElection(_looked_up(table), 3)
        count += check(election, split_brain.anonymous_election).outcome.value != "violated"
    return count


DISTRIBUTION = (
    Claim(
        "dist.throughput-scales",
        "L2",
        "提升系统的整体性能和吞吐量",
        "Distribution raises throughput.",
        Ruling.CONDITIONAL,
        "More workers help until the leader, or whatever every copy must do itself, is saturated: min(1/d, W/s).",
        (
            Calculation(
                "throughput of 1, 4, 5, 6 and 50 workers, if handing out takes 1/5 and doing takes 1",
                lambda _: [leader_workers.throughput(count, DISPATCH, SERVICE) for count in (1, 4, 5, 6, 50)],
                [1, 4, 5, 5, 5],
            ),
            Calculation(
                "throughput of 10 full copies that each do 100: reads only, writes only",
                lambda _: [cluster.throughput(10, Fraction(100), writes=Fraction(part)) for part in (0, 1)],
                [1000, 100],
            ),
        ),
    ),
    Claim(
        "dist.replication-masks-crashes",
        "L2",
        "尽量保证容错性",
        "Distribution tolerates failures.",
        Ruling.CONDITIONAL,
        "Copies do; parts that are all needed make it worse: p^k is less than p.",
        (
            holds(
                Hybrid(2, 2),
                cluster.replication_masks_crashes,
                "2 copies of each part, 1 crash",
                **_servers(1),
            ),
            violated(
                Hybrid(2, 2),
                cluster.replication_masks_crashes,
                "2 copies, 2 crashes",
                length=2,
                **_servers(2),
            ),
            violated(Split(2), cluster.every_call_is_answered, "no copies, 1 crash", **_servers(1)),
            Calculation(
                "availability of 3 parts of 9/10 each: alone, and with 2 copies of each",
                lambda _: [cluster.availability(Split(3), UP), cluster.availability(Hybrid(3, 2), UP)],
                [UP**3, (1 - (1 - UP) ** 2) ** 3],
            ),
        ),
        "Gray & Siewiorek 1991",
    ),
)

LEADER_AND_WORKERS = (
    Claim(
        "lw.roles",
        "L6",
        "两个角色",
        "Every node is either the leader or a worker.",
        Ruling.DEFINITION,
        "It is how the model is made; roles never change.",
        (holds(Backup(tasks=1), leader_workers.roles, crashes=1),),
    ),
    Claim(
        "lw.only-leader-assigns",
        "L7",
        "领导者负责分发任务",
        "Only the leader hands out tasks.",
        Ruling.HOLDS,
        "No handler of a worker sends an assignment.",
        (
            holds(LeaderWorkers(), leader_workers.only_a_leader_assigns, "2 crashes", crashes=2, slow=True),
            holds(
                LeaderWorkers(tasks=1), leader_workers.only_a_leader_assigns, "1 task, 2 crashes", crashes=2
            ),
            holds(
                Backup(tasks=1),
                leader_workers.only_a_leader_assigns,
                "with a backup, wrongly suspected",
                suspicions=1,
            ),
        ),
    ),
    Claim(
        "lw.reassign",
        "L7",
        "工作者宕机后将任务重新分配",
        "The tasks of a worker that crashed are given to others, and done.",
        Ruling.CONDITIONAL,
        "As long as the leader and one worker are up, and every crash is detected at last.",
        (
            holds(
                LeaderWorkers(),
                leader_workers.reassign,
                "1 of 2 workers crashes",
                crashes=ONE_WORKER,
                slow=True,
            ),
            holds(LeaderWorkers(tasks=1), leader_workers.reassign, "1 task, 1 crash", crashes=ONE_WORKER),
            violated(LeaderWorkers(), leader_workers.reassign, "both crash", crashes=at_most(2, "worker")),
        ),
        "Chandra & Toueg 1996",
    ),
    Claim(
        "lw.at-least-once",
        "L7",
        "领导者负责分发任务，监督工作者",
        "Every task is done, at least once.",
        Ruling.CONDITIONAL,
        "Under the same assumptions.",
        (
            holds(LeaderWorkers(), leader_workers.at_least_once, crashes=ONE_WORKER),
            violated(
                LeaderWorkers(),
                leader_workers.at_least_once,
                "both workers crash",
                crashes=at_most(2, "worker"),
            ),
        ),
    ),
    Claim(
        "lw.exactly-once",
        "L7",
        "重新分配",
        "Every task is done once (implied).",
        Ruling.VIOLATED,
        "A worker may crash after the effect and before its report; or be suspected wrongly, with no crash at all.",
        (
            violated(
                LeaderWorkers(),
                leader_workers.exactly_once,
                "a crash before the report",
                length=8,
                crashes=ONE_WORKER,
            ),
            violated(
                LeaderWorkers(),
                leader_workers.exactly_once,
                "a wrong suspicion alone",
                length=7,
                suspicions=ONE_WORKER,
            ),
            holds(Idempotent(), leader_workers.exactly_once, "the store knows tasks by number", suspicions=1),
            reachable(LeaderWorkers(), leader_workers.all_is_done, "not for nothing"),
        ),
    ),
    Claim(
        "lw.leader-spof",
        "L8",
        "领导者GG了，整个集群都GG",
        "If the leader is dead, the whole cluster is.",
        Ruling.CONDITIONAL,
        "Nothing new starts and not everything gets done; but what workers have in hand they still finish.",
        (
            holds(
                LeaderWorkers(),
                leader_workers.no_leader_no_assignment,
                "nothing new starts",
                crashes=ONE_LEADER,
            ),
            violated(
                LeaderWorkers(), leader_workers.at_least_once, "not all is done", length=1, crashes=ONE_LEADER
            ),
            violated(
                LeaderWorkers(),
                leader_workers.no_leader_no_effect,
                "yet work in hand goes on",
                length=4,
                crashes=ONE_LEADER,
            ),
        ),
    ),
    Claim(
        "lw.leader-bottleneck",
        "L8",
        "领导者能力不够，集群性能就低",
        "A weak leader limits the cluster.",
        Ruling.HOLDS,
        "Throughput is min(1/d, W/s): more than s/d workers buy nothing.",
        (
            Calculation(
                "how long runs of tasks take lies within the formula's limits", _within_the_limits, True
            ),
        ),
    ),
    Claim(
        "lw.backup-restores-progress",
        "L9",
        "多个领导者备份",
        "Backups of the leader keep the cluster going.",
        Ruling.CONDITIONAL,
        "As long as one of them lives, and has noted what was assigned; if it has not, tasks are done twice.",
        (
            holds(
                Backup(tasks=1), leader_workers.at_least_once, "1 of 2 leaders crashes", crashes=ONE_LEADER
            ),
            violated(
                Backup(tasks=1), leader_workers.at_least_once, "both crash", crashes=at_most(2, "leader")
            ),
            holds(
                StateLost(tasks=1),
                leader_workers.at_least_once,
                "the backup starts empty",
                crashes=ONE_LEADER,
            ),
            violated(
                StateLost(tasks=1),
                leader_workers.exactly_once,
                "and does things again",
                length=10,
                crashes=ONE_LEADER,
            ),
        ),
        "Budhiraja et al. 1993",
    ),
    Claim(
        "lw.backup-single-active",
        "L9",
        "选举机制",
        "Only one of the leaders is active.",
        Ruling.VIOLATED,
        "One wrong suspicion makes two. The cure is a majority, or epochs that fence off.",
        (
            holds(Backup(tasks=1), leader_workers.single_active, "a perfect failure detector", crashes=1),
            violated(Backup(), leader_workers.single_active, "one wrong suspicion", length=1, suspicions=1),
        ),
    ),
    Claim(
        "lw.stale-leader-harmless",
        "L9",
        "选举机制",
        "A leader that was replaced does no harm (implied).",
        Ruling.VIOLATED,
        "Its effects arrive after the new leader's, unless the store refuses what has an older epoch.",
        (
            violated(Backup(tasks=1), leader_workers.stale_leader_is_harmless, length=9, suspicions=1),
            holds(
                BackupFenced(tasks=1),
                leader_workers.stale_leader_is_harmless,
                "fenced by epochs",
                suspicions=1,
                crashes=1,
            ),
        ),
        "Gray & Cheriton 1989; Kleppmann 2016",
    ),
)

EQUALS = (
    Claim(
        "decen.symmetric",
        "L12",
        "众生平等。没有角色分别",
        "All nodes are equal.",
        Ruling.DEFINITION,
        "Swapping their names maps the steps of the model to themselves.",
        (
            Calculation(
                "is the transition relation the same under every renaming (3 members)?",
                lambda _: split_brain.is_symmetric(SplitBrain()),
                True,
            ),
        ),
    ),
    Claim(
        "decen.anonymous-election",
        "L12",
        "众生平等",
        "Nodes that are all equal can elect a leader.",
        Ruling.VIOLATED,
        "Without names and without chance they do the same for ever; every rule with two states was tried.",
        (
            Calculation(
                "how many of the 64 rules for three nodes without names elect one of them",
                _rules_that_elect,
                0,
            ),
        ),
        "Angluin 1980",
    ),
    Claim(
        "decen.election-possible",
        "L13",
        "集群成员自发选举领导者",
        "The members can elect a leader by themselves.",
        Ruling.HOLDS,
        "From everywhere a leader can still be elected.",
        (
            holds(Election(), split_brain.election_possible),
            holds(SplitBrain(), split_brain.heal_recovers, "after the network is whole again"),
        ),
    ),
    Claim(
        "decen.election-terminates",
        "L13",
        "自发选举领导者",
        "The members will elect a leader.",
        Ruling.VIOLATED,
        "Time-outs that may fire at any moment let votes split for ever.",
        (violated(Election(), split_brain.election_terminates, length=15),),
        "Fischer, Lynch & Paterson 1985",
    ),
    Claim(
        "split.two-leaders",
        "L14",
        "脑裂",
        "A partition makes several leaders.",
        Ruling.REACHABLE,
        "Without a rule who may go on, every piece elects its own.",
        (reachable(NoRule(), split_brain.two_leaders),),
    ),
    Claim(
        "split.smaller-stops",
        "L15",
        "较小的集群自杀或拒绝服务",
        "If the smaller piece stops, one leader is left.",
        Ruling.CONDITIONAL,
        "With a majority rule, once all have noticed. Of two halves neither is smaller, and both go on.",
        (
            holds(SplitBrain(members=5), split_brain.smaller_stops, "a majority goes on", slow=True),
            holds(SplitBrain(members=4), split_brain.smaller_stops, "a majority goes on"),
            holds(AsNoted(members=3), split_brain.smaller_stops, "'not the smaller' goes on, 3 members"),
            violated(AsNoted(members=4), split_brain.smaller_stops, "'not the smaller', 4 members", length=5),
            holds(TieBreak(members=4), split_brain.smaller_stops, "of two halves the one with N1"),
        ),
        "Gifford 1979; Davidson et al. 1985",
    ),
    Claim(
        "split.no-leader",
        "L15",
        "拒绝服务",
        "The price: there may be no leader at all.",
        Ruling.REACHABLE,
        "In pieces of which none has a majority nobody leads, though all nodes are up.",
        (reachable(SplitBrain(members=4), split_brain.no_leader),),
    ),
    Claim(
        "split.lag",
        "L15",
        "拒绝服务",
        "With the rule there is one leader at every moment (implied).",
        Ruling.VIOLATED,
        "The old leader notices later than the others. A lease helps, or that only one of them can commit.",
        (violated(SplitBrain(), split_brain.one_leader_at_every_instant, length=2),),
    ),
    Claim(
        "split.one-committer",
        "L14",
        "各自为战",
        "Only one piece can have a write acknowledged, if that takes a majority of all nodes.",
        Ruling.HOLDS,
        "Two majorities meet.",
        (
            holds(NoRule(members=4), split_brain.one_committer, "whoever leads"),
            violated(
                NoRule(members=4),
                split_brain.one_committing_piece(lambda count: count // 2, name="one committer by halves"),
                "half of the nodes are enough",
                length=2,
            ),
        ),
    ),
    Claim(
        "split.heal-recovers",
        "L15",
        "自杀或拒绝服务",
        "It does not matter whether the smaller piece exits or refuses.",
        Ruling.VIOLATED,
        "Who refuses serves again when the network is whole; who exited does not. All may exit.",
        (
            holds(SplitBrain(), split_brain.heal_recovers, "refuse"),
            violated(Suicide(), split_brain.heal_recovers, "exit", length=1),
        ),
    ),
    Claim(
        "cluster.any-node-serves",
        "L18",
        "让多个服务器跑同一个服务",
        "In a cluster any server can serve.",
        Ruling.CONDITIONAL,
        "Of what keeps no data. As soon as servers hold data, another one may be behind.",
        (
            holds(Cluster(), cluster.any_node_serves, "as long as one is up", **_servers(3)),
            violated(StatefulLazy(), cluster.reads_are_fresh, "with data, told later", length=6),
            holds(Stateful(), cluster.reads_are_fresh, "with data, told before the answer"),
        ),
    ),
    Claim(
        "cluster.stale",
        "L18",
        "让多个服务器跑同一个服务",
        "Servers that hold data may answer with what is out of date (implied).",
        Ruling.REACHABLE,
        "Unless a change is everywhere before it is acknowledged. It is cap.ap-stale.",
        (
            violated(StatefulLazy(), cluster.reads_are_fresh, "changed elsewhere later", length=6),
            violated(cluster.AsNoted(), cluster.reads_are_fresh, "as noted", length=6),
            holds(Stateful(), cluster.reads_are_fresh, "changed everywhere first"),
            reachable(Stateful(), cluster.all_answered, "not for nothing"),
        ),
        "Gilbert & Lynch 2002",
    ),
    Claim(
        "dist.every-part-needed",
        "L20",
        "把一个服务拆分多个子服务",
        "Split into parts, the service works if all parts are up.",
        Ruling.HOLDS,
        "A crash takes exactly one function with it, and the others go on.",
        (
            holds(Split(3), cluster.every_part_needed, **_servers(3)),
            violated(Cluster(), cluster.every_part_needed, "not so of a cluster", length=1, **_servers(1)),
        ),
    ),
    Claim(
        "dist.analogy",
        "L22",
        "单机->一个全栈；集群->多个全栈；分布式->前后端分离",
        "One person who does all, many who do all, many who each do a part.",
        Ruling.UNCHECKED,
        "A comparison; it says nothing that could be false.",
    ),
)

CLAIMS = (*DISTRIBUTION, *LEADER_AND_WORKERS, *EQUALS)
