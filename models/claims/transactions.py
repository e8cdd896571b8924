"""What the notes say of distributed transactions (line 47) and the local message table (lines 83 to 93)."""

from __future__ import annotations

from typing import Any

from everyway.invariants.atomic_commit import agreement
from everyway.models import acid, outbox
from everyway.models.acid import Acid, NoTimeOut, OnlyPreparedLocked, VolatileLog
from everyway.models.language import at_most
from everyway.models.outbox import (
    AcknowledgeFirst,
    BrokerFirst,
    DatabaseFirst,
    DeleteFirst,
    NotedSeparately,
    Outbox,
    Poison,
    TwoDatabases,
    VolatileBroker,
)

from .claim import Claim, Ruling, holds, reachable, unreachable, violated

AND_BACK: dict[str, Any] = {"crashes": 1, "restarts": 1}
PRODUCER: dict[str, Any] = {"crashes": at_most(1, "P"), "restarts": 1}
BROKER: dict[str, Any] = {"crashes": at_most(1, "B"), "restarts": 1}
CONSUMER: dict[str, Any] = {"crashes": at_most(1, "C"), "restarts": 1}

ACID = (
    Claim(
        "acid.distributed",
        "L47",
        "分布式事务指事务的操作在不同的节点上",
        "The operations of a distributed transaction are on different nodes.",
        Ruling.DEFINITION,
        "It is how the model is made: an item on each server, and one transaction over all.",
        (reachable(Acid(), acid.the_new_is_read),),
    ),
    Claim(
        "acid.atomic",
        "L47",
        "事务要满足ACID的特性",
        "All nodes carry out the transaction, or none does.",
        Ruling.HOLDS,
        "It is what two-phase commit gives.",
        (
            holds(Acid(), agreement, "1 crash and restart", **AND_BACK),
            violated(VolatileLog(), agreement, "nothing on disk", **AND_BACK),
        ),
        "Bernstein et al. 1987, section 7.4",
    ),
    Claim(
        "acid.consistent",
        "L47",
        "事务要满足ACID的特性",
        "Transactions keep the invariants of the application.",
        Ruling.DEFINITION,
        "It is up to each transaction; whether replicas keep an invariant in a partition is cap.literal-c.",
    ),
    Claim(
        "acid.isolated",
        "L47",
        "事务要满足ACID的特性",
        "Nobody sees half of a transaction.",
        Ruling.VIOLATED,
        "Two-phase commit alone does not give it. Locking what is prepared is not enough: readers must lock, too.",
        (
            violated(acid.AsNoted(), acid.no_fractured_read, "two-phase commit alone"),
            violated(OnlyPreparedLocked(), acid.no_fractured_read, "what is prepared is locked"),
            holds(Acid(), acid.no_fractured_read, "strict two-phase locking", **AND_BACK),
            holds(Acid(readers=2), acid.no_fractured_read, "2 readers", slow=True),
            reachable(Acid(), acid.the_new_is_read, "not for nothing"),
        ),
        "Bernstein et al. 1987, chapter 3; Bailis et al. 2014, section 3",
    ),
    Claim(
        "acid.durable",
        "L47",
        "事务要满足ACID的特性",
        "What is committed stays committed.",
        Ruling.CONDITIONAL,
        "If votes and decisions are on disk before anybody hears of them.",
        (
            holds(Acid(), acid.durability, "on disk", **AND_BACK),
            violated(VolatileLog(), acid.durability, "in memory", **AND_BACK),
        ),
    ),
    Claim(
        "acid.distributed-deadlock",
        "",
        "",
        "With locks on several nodes transactions can wait for each other in a circle, and no node sees it.",
        Ruling.REACHABLE,
        "One server is locked by the reader, the other by the writer. The coordinator's time-out breaks the circle.",
        (
            reachable(Acid(), acid.a_distributed_deadlock),
            unreachable(acid.AsNoted(), acid.a_distributed_deadlock, "without locks"),
            violated(NoTimeOut(), acid.reads_end, "without a time-out"),
            holds(Acid(), acid.reads_end, "with one"),
        ),
        "Bernstein et al. 1987, section 3.11",
    ),
)

OUTBOX = (
    Claim(
        "outbox.atomic",
        "L83",
        "本地消息表和业务数据表放在同一数据库，保证本地事务",
        "The message table is in the database of the business table, so that both change in one transaction.",
        Ruling.HOLDS,
        "Whatever crashes, a row is there if and only if its message was written.",
        (
            holds(Outbox(), outbox.row_iff_message, **AND_BACK),
            violated(TwoDatabases(), outbox.row_iff_message, "the table is in another database"),
        ),
        "Gray 1978; Pritchett 2008",
    ),
    Claim(
        "outbox.row-iff-message",
        "L87",
        "本地事务保证这个消息一定会被写入本地消息表中",
        "The local transaction makes sure that the message is written.",
        Ruling.HOLDS,
        "If and only if the local transaction commits.",
        (holds(outbox.AsNoted(), outbox.row_iff_message, **AND_BACK),),
    ),
    Claim(
        "outbox.no-loss",
        "L88",
        "如果转发成功则将消息从本地消息表中删除，否则继续重新转发",
        "What was forwarded is deleted from the table; otherwise it is forwarded again: so nothing is lost.",
        Ruling.HOLDS,
        "At any time it is on some disk. Forwarded must mean: the broker has it on disk, and says so.",
        (
            holds(outbox.AsNoted(), outbox.no_loss, "anybody crashes once", **AND_BACK),
            holds(outbox.AsNoted(), outbox.no_loss, "a message is lost", losses=1),
            violated(DeleteFirst(), outbox.no_loss, "deleted, then forwarded"),
            violated(AcknowledgeFirst(), outbox.no_loss, "acknowledged, then carried out"),
            violated(VolatileBroker(), outbox.no_loss, "the broker has it in memory", **AND_BACK),
        ),
    ),
    Claim(
        "outbox.no-phantom",
        "",
        "",
        "Nothing is carried out for an order that was not taken.",
        Ruling.HOLDS,
        "The message is written with the row. Who publishes before committing may have announced what never comes.",
        (
            holds(outbox.AsNoted(), outbox.no_phantom, **AND_BACK),
            violated(BrokerFirst(), outbox.no_phantom, "published, then committed"),
        ),
    ),
    Claim(
        "outbox.eventual",
        "L83",
        "用MQ保证最终一致性",
        "The message queue makes both sides agree in the end.",
        Ruling.CONDITIONAL,
        "If the broker keeps messages on disk, and the consumer acknowledges after it has carried them out.",
        (
            holds(outbox.AsNoted(), outbox.eventual, "anybody crashes and comes back", **AND_BACK),
            holds(outbox.AsNoted(), outbox.eventual, "a message is lost", losses=1),
            holds(Outbox(), outbox.eventual, "2 crashes", crashes=2, restarts=2, slow=True),
            violated(AcknowledgeFirst(), outbox.eventual, "acknowledged first", **CONSUMER),
            violated(DeleteFirst(), outbox.eventual, "deleted first", **PRODUCER),
            violated(VolatileBroker(), outbox.eventual, "the broker forgets", **AND_BACK),
            violated(DatabaseFirst(), outbox.eventual, "no table: commits, then publishes", **PRODUCER),
            reachable(outbox.AsNoted(), outbox.everything_is_carried_out, "not for nothing"),
        ),
        "Pritchett 2008; Helland 2007",
    ),
    Claim(
        "outbox.duplicate-delivery",
        "L88",
        "否则继续重新转发",
        "A message that is forwarded again may come twice (implied).",
        Ruling.REACHABLE,
        "The consumer crashes before it acknowledges, the relay before it deletes; or a confirmation is lost.",
        (
            unreachable(Outbox(), outbox.a_message_comes_twice, "no fault, one relay"),
            reachable(Outbox(), outbox.a_message_comes_twice, "the consumer crashes", **CONSUMER),
            reachable(Outbox(), outbox.a_message_comes_twice, "the relay crashes", **PRODUCER),
            reachable(Outbox(), outbox.a_message_comes_twice, "a message is lost", losses=1),
            reachable(Outbox(relays=2), outbox.a_message_comes_twice, "two relays"),
        ),
    ),
    Claim(
        "outbox.exactly-once-effect",
        "L89",
        "从消息队列中读取一个消息，并执行消息中的操作",
        "The consumer reads the message and does what it says, once (implied).",
        Ruling.VIOLATED,
        "What comes twice is done twice, unless the consumer notes in the same transaction what it has done.",
        (
            violated(outbox.AsNoted(), outbox.exactly_once, "the consumer crashes", **CONSUMER),
            violated(outbox.AsNoted(relays=2), outbox.exactly_once, "two relays"),
            violated(NotedSeparately(), outbox.exactly_once, "noted in another transaction", **CONSUMER),
            holds(NotedSeparately(), outbox.exactly_once, "which shows only if somebody crashes", losses=1),
            holds(Outbox(), outbox.exactly_once, "noted in the same", **AND_BACK),
            holds(Outbox(relays=2), outbox.exactly_once, "2 crashes", crashes=2, restarts=2, slow=True),
            holds(Outbox(), outbox.exactly_once, "2 messages lost", losses=2),
        ),
    ),
    Claim(
        "outbox.order",
        "L89",
        "从消息队列中读取一个消息",
        "Messages are carried out in the order of the orders (implied).",
        Ruling.CONDITIONAL,
        "One relay waits for each confirmation. But a crash, a wrong time-out or a second relay may change the order.",
        (
            holds(outbox.AsNoted(), outbox.in_order, "one relay", losses=1),
            violated(outbox.AsNoted(), outbox.in_order, "the broker crashes", length=20, **BROKER),
            violated(outbox.AsNoted(relays=2), outbox.in_order, "two relays", length=22),
            violated(outbox.AsNoted(), outbox.in_order, "published again too early", timeouts="early"),
        ),
    ),
    Claim(
        "outbox.poison",
        "",
        "",
        "What the consumer can never do is never done; the order stands all the same.",
        Ruling.REACHABLE,
        "It comes again for ever, and holds up what is behind it. This is no atomic commitment: it takes compensation.",
        (
            violated(Poison(), outbox.eventual),
            holds(Poison(), outbox.row_iff_message, "and nothing is taken back"),
        ),
    ),
    Claim(
        "outbox.coupling-necessary",
        "L93",
        "消息表耦合到业务系统中，复杂性增加",
        "Messages and business data are coupled, which makes it more complicated.",
        Ruling.UNCHECKED,
        "Complicated is no property. But the coupling is what carries the guarantee: apart, messages get lost.",
        (
            violated(TwoDatabases(), outbox.eventual, "the table is in another database", **PRODUCER),
            holds(Outbox(), outbox.eventual, "it is in the same", **PRODUCER),
        ),
    ),
)

CLAIMS = (*ACID, *OUTBOX)
