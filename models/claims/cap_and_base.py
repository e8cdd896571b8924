"""What the notes say of CAP and of BASE (lines 26 to 42)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from everyway.models import base_store, cap_policies, cap_register, cluster, crdt, replicated_account
from everyway.models.base_store import (
    Arrival,
    BaseStore,
    Crdt,
    Endless,
    LwwSkewed,
    Roaming,
    SessionStore,
    Sticky,
)
from everyway.models.cap_policies import PARTITION
from everyway.models.cap_register import (
    AnswerAnyway,
    AvailablePartitioned,
    Cap,
    ConsistentPartitioned,
    SinglePrimary,
    WriteAllReadLocal,
)
from everyway.models.cluster import Impartial, LoadShedding
from everyway.models.crdt import MaxMerge, PnCounter
from everyway.models.language import at_most
from everyway.models.replicated_account import ReplicatedAccount, WithdrawLocally

from .claim import Calculation, Claim, Ruling, holds, reachable, unreachable, violated

FOR_EVER: dict[str, Any] = {"partitions": 1, "heals": 0}
ONE_WORKER = at_most(1, "worker")


def _kept(replicas: int, faults: Any = None) -> Callable[[Callable[..., Any]], list[str]]:
    """Return what tells which of the 36 policies are consistent and available."""

    def compute(check: Callable[..., Any]) -> list[str]:
        bounds = () if faults is None else (faults,)
        table = cap_policies.what_gives(check, *bounds, replicas=replicas)
        return sorted(str(policy) for policy, broken in table.items() if broken is None)

    return compute


def _how_many(replicas: int, faults: Any = None) -> Callable[[Callable[..., Any]], int]:
    return lambda check: len(_kept(replicas, faults)(check))


def _messages(model: Any, prop: Any) -> Callable[[Callable[..., Any]], int]:
    """Return what counts the messages received on the shortest run to an answer."""

    def compute(check: Callable[..., Any]) -> int:
        path = check(model, [prop], stop_when_decided=True).verdicts[0].path
        return sum(visit.action.envelope is not None for visit in path[1:])

    return compute


def _broken_laws(_: object) -> list[set[str]]:
    """Return which laws of a merge the three policies break."""
    one, two, three = (base_store.Write(*each) for each in ((1, "R1", 1), (1, "R2", 1), (2, "R1", 2)))
    single = [frozenset(), frozenset([one]), frozenset([two]), frozenset([three])]
    several = [
        *single,
        frozenset([one, two]),
        frozenset([one, three]),
        frozenset([two, three]),
        frozenset([one, two, three]),
    ]
    return [
        base_store.broken_laws(base_store.union, several),
        base_store.broken_laws(base_store.latest, single),
        base_store.broken_laws(base_store.last_to_arrive, single),
    ]


WHILE_WHOLE = [
    "all/primary/wait",
    "all/write-back/wait",
    "local/primary/wait",
    "majority/primary/wait",
    "majority/write-back/wait",
]

CAP = (
    Claim(
        "cap.impossible",
        "L26",
        "不能同时满足以下三点",
        "Consistency, availability and tolerance of partitions cannot all be had.",
        Ruling.HOLDS,
        "Of 36 policies none is linearizable and answers every request if a partition may come and stay.",
        (
            Calculation(
                "policies on 3 replicas with both, in a partition", _kept(3, PARTITION), [], is_slow=True
            ),
            Calculation("policies on 2 replicas with both, in a partition", _how_many(2, PARTITION), 0),
        ),
        "Gilbert & Lynch 2002, section 3",
    ),
    Claim(
        "cap.literal-c",
        "L27",
        "从一个一致性状态转移到另一个一致性状态",
        "Consistent means: from one consistent state to another.",
        Ruling.DEFINITION,
        "That is the C of ACID; with it the theorem is false: for some invariants all three can be had.",
        (
            holds(
                ReplicatedAccount(),
                replicated_account.never_overdrawn,
                "deposits, in a partition",
                **FOR_EVER,
            ),
            holds(ReplicatedAccount(), replicated_account.available, "deposits, in a partition", **FOR_EVER),
            violated(WithdrawLocally(), replicated_account.never_overdrawn, "withdrawals", length=3),
        ),
        "Bailis et al. 2014",
    ),
    Claim(
        "cap.literal-a",
        "L28",
        "对用户的请求都能在有限时间返回",
        "Available means: every request returns in finite time.",
        Ruling.DEFINITION,
        "An error returns too; then consistency, availability and partitions go together.",
        (
            holds(
                ConsistentPartitioned(reads=1),
                cap_register.linearizable,
                "who refuses, in a partition",
                **FOR_EVER,
            ),
            holds(ConsistentPartitioned(reads=1), cap_register.returns, "an error counts", **FOR_EVER),
            violated(
                ConsistentPartitioned(reads=1), cap_register.available, "an error does not count", **FOR_EVER
            ),
        ),
    ),
    Claim(
        "cap.literal-p",
        "L29",
        "在遇到网络分区故障时，仍能对外提供一致性和可用性服务",
        "Tolerant of partitions means: still consistent and available.",
        Ruling.DEFINITION,
        "Then P alone is all of CAP, and nothing is tolerant of partitions.",
        (
            holds(Cap(reads=1), cap_register.partition_tolerant, "while the network is whole"),
            violated(Cap(reads=1), cap_register.partition_tolerant, "in a partition", **FOR_EVER),
        ),
    ),
    Claim(
        "cap.tradeoff-only-under-partition",
        "L31",
        "CAP实际上是在一致性和可用性间权衡",
        "So it is a trade-off between consistency and availability.",
        Ruling.HOLDS,
        "Only in a partition: while the network is whole five of the 36 policies have both.",
        (
            Calculation(
                "policies on 3 replicas with both, while the network is whole",
                _kept(3),
                WHILE_WHOLE,
                is_slow=True,
            ),
            Calculation(
                "policies on 2 replicas with both (one reader does not see enough)", _how_many(2), 11
            ),
        ),
    ),
    Claim(
        "cap.cp-loses-minority",
        "L32",
        "不能访问未同步完成的节点，失去部分可用性",
        "Who stays consistent loses part of the availability.",
        Ruling.REACHABLE,
        "Requests on the smaller side are never answered.",
        (
            violated(
                Cap(reads=1),
                cap_register.minority_side_available,
                length=2,
                partitions=at_most(1, "N1"),
                heals=0,
            ),
        ),
    ),
    Claim(
        "cap.cp-keeps-majority",
        "L32",
        "失去部分可用性",
        "Only part of it: the larger side goes on.",
        Ruling.HOLDS,
        "Requests on the side with a majority are answered, and linearizable.",
        (
            holds(Cap(reads=1), cap_register.majority_side_available, **FOR_EVER),
            holds(Cap(reads=1), cap_register.linearizable, **FOR_EVER),
        ),
    ),
    Claim(
        "cap.ap-always-answers",
        "L33",
        "允许访问全部节点",
        "Who stays available answers everywhere.",
        Ruling.HOLDS,
        "Every replica answers from what it has.",
        (holds(AvailablePartitioned(), cap_register.available, **FOR_EVER),),
    ),
    Claim(
        "cap.ap-stale",
        "L33",
        "但数据可能不一致",
        "But data may be inconsistent.",
        Ruling.REACHABLE,
        "Also while the network is whole: then consistency was given up for nothing.",
        (
            reachable(AvailablePartitioned(), cap_register.stale_read, length=2),
            violated(AvailablePartitioned(), cap_register.linearizable, length=2),
        ),
    ),
    Claim(
        "cap.partial-synchrony",
        "L28",
        "在有限时间返回",
        "With clocks and a bound on delays it is no better (implied).",
        Ruling.HOLDS,
        "Who waits long enough knows that messages are lost, which does not bring them back.",
        (
            holds(
                AnswerAnyway(replicas=2),
                cap_register.linearizable,
                "nothing is lost",
                timeouts="late",
                fairness="weak",
            ),
            violated(
                AnswerAnyway(replicas=2),
                cap_register.linearizable,
                "in a partition",
                length=7,
                timeouts="late",
                fairness="weak",
                **FOR_EVER,
            ),
        ),
        "Gilbert & Lynch 2002, section 4",
    ),
    Claim(
        "cap.pacelc",
        "L31",
        "在一致性和可用性间权衡",
        "Without a partition the price of consistency is latency (implied).",
        Ruling.HOLDS,
        "Messages on the shortest run to an answer; two are a round trip.",
        (
            Calculation(
                "majority and write-back: a write", _messages(Cap(), cap_register.a_write_is_acknowledged), 2
            ),
            Calculation(
                "majority and write-back: a read", _messages(Cap(), cap_register.a_read_is_answered), 4
            ),
            Calculation(
                "a single primary: a read", _messages(SinglePrimary(), cap_register.a_read_is_answered), 2
            ),
            Calculation(
                "local: a read", _messages(AvailablePartitioned(), cap_register.a_read_is_answered), 0
            ),
        ),
        "Abadi 2012",
    ),
    Claim(
        "cap.two-readers",
        "L27",
        "一致性",
        "One reader is enough to tell whether a register is consistent (a trap).",
        Ruling.VIOLATED,
        "New followed by old shows only to two readers.",
        (
            holds(WriteAllReadLocal(replicas=2), cap_register.linearizable, "2 replicas, one reader"),
            violated(WriteAllReadLocal(), cap_register.linearizable, "3 replicas, two readers", length=4),
        ),
    ),
)

BASE = (
    Claim(
        "base.convergence-needs-merge",
        "L37",
        "采用适当方式使系统达到最终一致性",
        "In a suitable way every application can get to eventual consistency.",
        Ruling.CONDITIONAL,
        "The suitable way is all there is to it: a merge that does not depend on the order of arrival.",
        (
            holds(BaseStore(), base_store.eventual, "the latest write wins"),
            holds(Crdt(), base_store.eventual, "sets are united"),
            violated(Arrival(), base_store.eventual, "what arrives last wins"),
        ),
    ),
    Claim(
        "base.core-available",
        "L40",
        "系统出现故障时，保证核心可用",
        "In a failure the core stays available.",
        Ruling.HOLDS,
        "If what is not of the core is refused first, and there is enough left for the core.",
        (
            holds(LoadShedding(), cluster.core_available, "1 of 2 workers crashes", crashes=ONE_WORKER),
            violated(Impartial(), cluster.core_available, "any job may be refused", length=5),
        ),
        "Pritchett 2008",
    ),
    Claim(
        "base.degrades",
        "L40",
        "允许损失部分可用性",
        "Part of the availability may be lost.",
        Ruling.REACHABLE,
        "A job that is not of the core is refused.",
        (reachable(LoadShedding(), cluster.degrades),),
    ),
    Claim(
        "base.soft-state",
        "L41",
        "数据存在中间状态",
        "Replicas may differ for a while.",
        Ruling.REACHABLE,
        "A single write is enough.",
        (reachable(BaseStore(), base_store.soft_state, length=1),),
    ),
    Claim(
        "base.eventual",
        "L42",
        "最终能达到一致的状态",
        "In the end all replicas are alike.",
        Ruling.CONDITIONAL,
        "If writing ends, every update arrives, and the merge does not depend on the order.",
        (
            holds(BaseStore(), base_store.eventual, "no update is lost"),
            violated(BaseStore(replicas=2), base_store.eventual, "one is lost", losses=1),
            violated(Arrival(replicas=2), base_store.eventual, "what arrives last wins", length=4),
            reachable(BaseStore(), base_store.every_write_has_arrived, "not for nothing"),
        ),
        "Vogels 2009",
    ),
    Claim(
        "base.sec",
        "L42",
        "最终能达到一致的状态",
        "Replicas that have heard of the same are alike (implied).",
        Ruling.CONDITIONAL,
        "Strong eventual consistency: true of merges that commute.",
        (
            holds(BaseStore(), base_store.strong_eventual_consistency),
            holds(Crdt(), base_store.strong_eventual_consistency, "sets are united"),
            violated(Arrival(), base_store.strong_eventual_consistency, "what arrives last wins", length=4),
        ),
        "Shapiro et al. 2011",
    ),
    Claim(
        "base.crdt-laws",
        "L37",
        "采用适当方式",
        "The suitable way is a merge that is commutative, associative, idempotent, and never goes back (implied).",
        Ruling.CONDITIONAL,
        "Uniting sets is such a merge, and so is keeping the latest; keeping what arrived last is not.",
        (
            Calculation(
                "laws that are broken by union, by latest and by last to arrive",
                _broken_laws,
                [set(), set(), {"commutative"}],
            ),
            holds(PnCounter(updates=1), crdt.strong_convergence, "a counter"),
            violated(MaxMerge(updates=1), crdt.nothing_is_made_up, "a counter merged by taking the higher"),
            reachable(PnCounter(updates=1), crdt.everything_is_seen, "not for nothing"),
        ),
        "Shapiro et al. 2011",
    ),
    Claim(
        "base.no-quiescence",
        "L42",
        "在一段时间的同步后",
        "Some time later they are alike, although writing goes on (implied).",
        Ruling.VIOLATED,
        "Eventual consistency says nothing while writes go on.",
        (violated(Endless(), base_store.no_quiescence),),
        "Vogels 2009",
    ),
    Claim(
        "base.lww-lost-update",
        "L42",
        "最终一致",
        "The write that was made in knowledge of another wins over it (implied).",
        Ruling.CONDITIONAL,
        "With clocks that go wrong it does not. Of writes that know nothing of each other one is lost anyway.",
        (
            holds(BaseStore(), base_store.no_lost_update, "Lamport clocks"),
            violated(LwwSkewed(), base_store.no_lost_update, "skewed clocks", length=3),
            reachable(BaseStore(replicas=2), base_store.a_concurrent_write_is_lost, "concurrent writes"),
            unreachable(Crdt(replicas=2), base_store.a_concurrent_write_is_lost, "concurrent writes, sets"),
        ),
    ),
    Claim(
        "base.read-your-writes",
        "L41",
        "数据同步存在时延",
        "A client sees what it has written (implied).",
        Ruling.CONDITIONAL,
        "If it stays with its replica, or carries the version it has seen.",
        (
            holds(SessionStore(readers=0), base_store.reads_own_writes, "carries a version"),
            holds(Sticky(readers=0), base_store.reads_own_writes, "stays with its replica"),
            violated(Roaming(readers=0), base_store.reads_own_writes, "goes from one to another", length=6),
        ),
        "Terry et al. 1994",
    ),
    Claim(
        "base.monotonic-reads",
        "L41",
        "数据同步存在时延",
        "A client never sees older data than before (implied).",
        Ruling.CONDITIONAL,
        "Under the same conditions.",
        (
            holds(Sticky(), base_store.reads_never_go_back, "stays with its replica", slow=True),
            holds(SessionStore(), base_store.reads_never_go_back, "carries a version", slow=True),
            violated(Roaming(), base_store.reads_never_go_back, "goes from one to another", length=8),
        ),
        "Terry et al. 1994",
    ),
)

CLAIMS = (*CAP, *BASE)
