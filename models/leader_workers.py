"""Leader and workers: one node hands out tasks, the others carry them out.

The leader assigns each task to a worker; the worker carries it out, which is one write to a store, and reports. If a
failure detector says that a worker is down, the leader gives its tasks to others. Backups stand by: an assignment
leaves only after they have noted it, and if the leader is down, the next of them leads, under an epoch of its own.

Dean & Ghemawat, "MapReduce: simplified data processing on large clusters" (OSDI 2004), section 3.3, for tasks given to
other workers; Budhiraja, Marzullo, Schneider & Toueg, "The primary-backup approach" (1993) for the backups; Chandra &
Toueg, "Unreliable failure detectors for reliable distributed systems" (JACM 1996) for what a detector may say; Gray &
Cheriton, "Leases" (SOSP 1989), and Kleppmann, "How to do distributed locking" (2016) for epochs that fence off.

A detector that is always right is the default. With ``suspicions`` it may wrongly suspect nodes that are up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, every_step, leads_to, possible
from everyway.models.language import (
    Action,
    Message,
    Node,
    NodeId,
    Protocol,
    Step,
    Steps,
    World,
    choice,
    durable,
    on,
    parameter,
    suspect,
    volatile,
)


@frozen
class Assign(Message):
    """Carry out this task."""

    task: int
    epoch: int

    def __str__(self) -> str:
        return f"assign task {self.task} (epoch {self.epoch})"


@frozen
class Write(Message):
    """The effect of a task, on behalf of the leader of an epoch."""

    task: int
    epoch: int

    def __str__(self) -> str:
        return f"write task {self.task} (epoch {self.epoch})"


@frozen
class Written(Message):
    """The effect is in the store."""

    task: int

    def __str__(self) -> str:
        return f"task {self.task} written"


@frozen
class Done(Message):
    """I have carried out this task."""

    task: int

    def __str__(self) -> str:
        return f"task {self.task} done"


Holders = tuple[NodeId | None, ...]
"""Who each task was given to; None while nobody has it."""


@frozen
class Leader(Node):
    """Hands out tasks, and gives those of a worker that is down to others."""

    workers: frozenset[NodeId]
    holders: Holders = volatile()
    epoch: int = volatile(0)
    """The epoch in which it leads; 0 if it does not."""
    done: frozenset[int] = volatile(frozenset())
    suspected: frozenset[NodeId] = volatile(frozenset())

    @property
    def leads(self) -> bool:
        """Whether it takes itself for the leader."""
        return self.epoch > 0

    @choice
    def assign(self) -> Steps:
        """Give the first open task to any worker that is not suspected."""
        for task in self.open_tasks()[:1]:
            for worker in sorted(self.workers - self.suspected):
                yield self.give(task, worker).named(f"give task {task} to {worker}")

    def open_tasks(self) -> list[int]:
        """Return the tasks that are not done and that nobody has who is trusted."""
        return [
            task
            for task, holder in enumerate(self.holders, 1)
            if task not in self.done and (holder is None or holder in self.suspected)
        ]

    def give(self, task: int, worker: NodeId) -> Step:
        """Assign a task."""
        noted = self.become(holders=placed(self.holders, task, worker))
        return noted.send(worker, Assign(task, self.epoch))

    @on(Done)
    def finish(self, message: Done) -> Steps:
        return self.become(done=self.done | {message.task})

    @suspect
    def give_up_on(self, node: NodeId) -> Steps:
        """Take the tasks of a worker back that is down."""
        if node in self.workers - self.suspected:
            return self.become(suspected=self.suspected | {node}).named("take its tasks back")

    def __str__(self) -> str:
        return "LEADS" if self.leads else "STANDS BY"


def placed(holders: Holders, task: int, holder: NodeId | None) -> Holders:
    """Return the table in which a task is given to somebody, or to nobody."""
    return (*holders[: task - 1], holder, *holders[task:])


@frozen
class Worker(Node):
    """Carries out what it is told, each task once, and reports to all leaders."""

    leaders: frozenset[NodeId]
    store: NodeId
    taken: frozenset[int] = volatile(frozenset())
    done: frozenset[int] = volatile(frozenset())

    @on(Assign)
    def carry_out(self, message: Assign) -> Steps:
        if message.task in self.done:
            return self.send(self.leaders, Done(message.task)).named("say again that it is done")
        if message.task not in self.taken:
            taken = self.become(taken=self.taken | {message.task})
            return taken.send(self.store, Write(message.task, message.epoch))

    @on(Written)
    def report(self, message: Written) -> Steps:
        return self.become(done=self.done | {message.task}).send(self.leaders, Done(message.task))

    def __str__(self) -> str:
        return "WORKS" if self.taken - self.done else "IDLE"


@frozen
class Store(Node):
    """Where the effects of tasks are kept, in the order in which they arrived."""

    effects: tuple[Write, ...] = durable(())

    @on(Write)
    def store(self, write: Write, worker: NodeId) -> Steps:
        return self.become(effects=(*self.effects, write)).send(worker, Written(write.task))

    def __str__(self) -> str:
        return f"did {', '.join(str(one.task) for one in self.effects)}" if self.effects else "EMPTY"


# What is promised.


def effects(world: World) -> tuple[Write, ...]:
    """Return the effects in the store."""
    (store,) = world.nodes(Store)
    return store.effects


def all_tasks(world: World) -> set[int]:
    """Return all tasks there are."""
    return set(range(1, len(world.nodes(Leader)[0].holders) + 1))


@every_step
def roles(before: World, action: Action, after: World) -> Any:
    """Every node is a leader, a worker or the store, and stays what it is."""
    kinds = (Leader, Worker, Store)
    return all(
        [isinstance(was, kind) for kind in kinds] == [isinstance(now, kind) for kind in kinds]
        and sum(isinstance(now, kind) for kind in kinds) == 1
        for was, now in zip(before, after, strict=True)
    )


@every_step
def only_a_leader_assigns(before: World, action: Action, after: World) -> Any:
    """Only a node that leads, and is up, assigns tasks."""
    for envelope in action.sent:
        sender = envelope.sender
        if isinstance(envelope.message, Assign):
            who = after[sender]
            if not (isinstance(who, Leader) and who.leads and before.is_up(sender)):
                return broken(f"{sender} assigns, but does not lead", sender)
    return True


@every_step
def no_leader_no_assignment(before: World, action: Action, after: World) -> Any:
    """While no leader is up, nothing is assigned."""
    return bool(before.live(Leader)) or not any(isinstance(one.message, Assign) for one in action.sent)


@every_step
def no_leader_no_effect(before: World, action: Action, after: World) -> Any:
    """While no leader is up, nothing is carried out: not true, as workers finish what they have."""
    return (
        bool(before.live(Leader))
        or effects(before) == effects(after)
        or "no leader is up, and still a task is carried out"
    )


@always
def exactly_once(world: World) -> Any:
    """No task takes effect twice."""
    done = [write.task for write in effects(world)]
    for task in done:
        if done.count(task) > 1:
            return broken(f"task {task} took effect twice", world.nodes(Store))
    return True


@eventually
def at_least_once(world: World) -> bool:
    """Every task takes effect."""
    return {write.task for write in effects(world)} == all_tasks(world)


def a_crashed_worker_has_a_task(world: World) -> bool:
    """A worker is down that was given a task which has not taken effect."""
    undone = all_tasks(world) - {write.task for write in effects(world)}
    return any(
        leader.leads and holder is not None and not world.is_up(holder) and task in undone
        for leader in world.live(Leader)
        for task, holder in enumerate(leader.holders, 1)
    )


reassign: Property = leads_to(
    a_crashed_worker_has_a_task,
    lambda world: {write.task for write in effects(world)} == all_tasks(world),
    name="reassign",
)
"""If a worker that was given a task is down, another does it."""


@always
def single_active(world: World) -> Any:
    """At most one node that is up leads."""
    leading = [leader for leader in world.live(Leader) if leader.leads]
    return len(leading) <= 1 or broken(f"{' and '.join(one.id for one in leading)} both lead", leading)


@always
def stale_leader_is_harmless(world: World) -> Any:
    """Nothing takes effect on behalf of an earlier epoch after something of a later one did."""
    epochs = [write.epoch for write in effects(world)]
    return epochs == sorted(epochs) or broken(
        f"epoch {min(epochs)} wrote after epoch {max(epochs)}", world.nodes(Store)
    )


@possible
def all_is_done(world: World) -> bool:
    """A leader can learn that every task is done."""
    return any(leader.leads and leader.done == all_tasks(world) for leader in world.live(Leader))


@frozen
class LeaderWorkers(Protocol):
    """One leader hands out tasks to workers, and to others if one is down; if the leader itself is down, that is it."""

    name: ClassVar[str] = "leader-workers"
    tones: ClassVar[dict[str, str]] = {
        "LEADS": "near",
        "STANDS BY": "idle",
        "IDLE": "idle",
        "WORKS": "wait",
        "EMPTY": "idle",
    }
    worker_class: ClassVar[type[Worker]] = Worker
    store_class: ClassVar[type[Store]] = Store

    tasks: int = parameter(2, help="how many tasks there are", at_least=1)
    workers: int = parameter(2, help="how many workers there are", at_least=1)

    def nodes(self) -> dict[NodeId, Node]:
        leaders = self.leaders_at_the_start()
        workers = {
            name: self.worker_class(leaders=frozenset(leaders), store="S") for name in self.worker_names
        }
        return {**leaders, **workers, "S": self.store_class()}

    def leaders_at_the_start(self) -> dict[NodeId, Leader]:
        """Return the leaders by name."""
        return {"L": Leader(frozenset(self.worker_names), (None,) * self.tasks, epoch=1)}

    @property
    def worker_names(self) -> list[NodeId]:
        """The workers' names."""
        return [f"W{k}" for k in range(1, self.workers + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.worker_names]

    def promises(self) -> Iterable[Property]:
        return [
            only_a_leader_assigns,
            single_active,
            exactly_once,
            at_least_once,
            all_is_done,
        ]


# Variants. Each is the protocol above with one deviation.


@frozen
class Note(Message):
    """The leader is about to assign this task to that worker."""

    task: int
    worker: NodeId

    def __str__(self) -> str:
        return f"task {self.task} is for {self.worker}"


class Noted(Message):
    """I have noted it."""


@frozen
class BackedLeader(Leader):
    """Has its backups note each assignment before it leaves; a backup takes over once all before it are suspected."""

    number: int = 1
    before: frozenset[NodeId] = frozenset()
    """The leaders who come first."""
    after: frozenset[NodeId] = frozenset()
    """The leaders who stand by for this one."""
    offer: tuple[int, NodeId] | None = volatile(None)
    """The assignment that leaves once all backups have noted it."""
    unaware: frozenset[NodeId] = volatile(frozenset())
    """The backups that have not noted it yet."""

    @choice
    def assign(self) -> Steps:
        return super().assign() if self.leads and self.offer is None else None

    def give(self, task: int, worker: NodeId) -> Step:
        backups = self.after - self.suspected
        if not backups:
            return super().give(task, worker)
        holders = placed(self.holders, task, worker)
        waiting = self.become(holders=holders, offer=(task, worker), unaware=backups)
        return waiting.send(backups, Note(task, worker))

    @on(Note)
    def note(self, note: Note, leader: NodeId) -> Steps:
        return self.noted(note).send(leader, Noted())

    def noted(self, note: Note) -> Step:
        """Note what the leader is about to do; who leads itself goes by its own notes."""
        return (
            self.stay() if self.leads else self.become(holders=placed(self.holders, note.task, note.worker))
        )

    @on(Noted)
    def count_noted(self, _: Noted, backup: NodeId) -> Steps:
        return self.counted(backup, self.suspected)

    def counted(self, backup: NodeId, suspected: frozenset[NodeId]) -> Step:
        """Wait no longer for a backup; once all have noted the assignment, it leaves."""
        unaware = self.unaware - {backup}
        if self.offer is None or unaware:
            return self.become(unaware=unaware, suspected=suspected)
        task, worker = self.offer
        sent = self.become(unaware=unaware, suspected=suspected, offer=None)
        return sent.send(worker, Assign(task, self.epoch)).named(f"send task {task} to {worker}")

    @suspect
    def give_up_on(self, node: NodeId) -> Steps:
        """Take the tasks of a worker back that is down; take over from a leader that is."""
        if node in self.workers:
            return super().give_up_on(node)
        if node in self.suspected or node not in self.before | self.after:
            return None
        suspected = self.suspected | {node}
        if node in self.before and self.before <= suspected and not self.leads:
            return self.taken_over(suspected).named("take over")
        return self.counted(node, suspected)

    def taken_over(self, suspected: frozenset[NodeId]) -> Step:
        """Lead, and assign once more what may have been noted but not sent: a worker does not do it twice."""
        lead = self.become(epoch=self.number, suspected=suspected)
        for task, holder in enumerate(self.holders, 1):
            if task not in self.done and holder is not None and holder not in suspected:
                lead = lead.send(holder, Assign(task, self.number))
        return lead


@frozen
class Backup(LeaderWorkers):
    """A second leader stands by; with ``--suspicions 1`` both may lead at once, and tasks be done twice."""

    variant: ClassVar[str] = "backup"
    leader_class: ClassVar[type[BackedLeader]] = BackedLeader

    tasks: int = parameter(2, help="how many tasks there are", at_least=1)
    workers: int = parameter(2, help="how many workers there are", at_least=1)
    leaders: int = parameter(
        2, help="how many leaders there are, all but the first of them backups", at_least=1
    )

    def leaders_at_the_start(self) -> dict[NodeId, Leader]:
        names = [f"L{k}" for k in range(1, self.leaders + 1)]
        return {
            name: self.leader_class(
                workers=frozenset(self.worker_names),
                holders=(None,) * self.tasks,
                epoch=1 if number == 1 else 0,
                number=number,
                before=frozenset(names[: number - 1]),
                after=frozenset(names[number:]),
            )
            for number, name in enumerate(names, 1)
        }


@frozen
class Refused(Message):
    """The store has heard of a later epoch, and refuses an earlier one."""

    task: int
    epoch: int

    def __str__(self) -> str:
        return f"refused, as epoch {self.epoch} has begun"


@frozen
class Failed(Message):
    """I could not carry out this task, as a later epoch has begun."""

    task: int
    epoch: int

    def __str__(self) -> str:
        return f"task {self.task} failed, epoch {self.epoch} has begun"


class DeposableLeader(BackedLeader):
    """Steps down when it hears that a later epoch has begun."""

    @on(Failed)
    def take_back(self, message: Failed, worker: NodeId) -> Steps:
        """Step down if another leads by now; otherwise the task is open again."""
        if self.leads and self.epoch < message.epoch:
            return self.become(epoch=0, offer=None, unaware=frozenset()).named("step down")
        if self.holders[message.task - 1] == worker:
            return self.become(holders=placed(self.holders, message.task, None))


class FencedWorker(Worker):
    """Reports that its write was refused."""

    @on(Refused)
    def report_failure(self, message: Refused) -> Steps:
        failed = self.become(taken=self.taken - {message.task})
        return failed.send(self.leaders, Failed(message.task, message.epoch))


class FencedStore(Store):
    """Refuses what comes on behalf of an earlier epoch than the latest it has heard of."""

    def newest(self) -> int:
        """Return the latest epoch of which there is an effect."""
        return max((write.epoch for write in self.effects), default=0)

    @on(Write)
    def store(self, write: Write, worker: NodeId) -> Steps:
        if write.epoch < self.newest():
            return self.send(worker, Refused(write.task, self.newest())).named("refuse")
        return super().store(write, worker)


class BackupFenced(Backup):
    """The store refuses writes of an earlier epoch: a replaced leader does no harm, even with ``--suspicions 1``."""

    variant = "backup-fenced"
    leader_class = DeposableLeader
    worker_class = FencedWorker
    store_class = FencedStore

    def promises(self) -> Iterable[Property]:
        return [*super().promises(), stale_leader_is_harmless]


class IdempotentStore(Store):
    """Knows tasks by their number, and keeps the effect of each once."""

    @on(Write)
    def store(self, write: Write, worker: NodeId) -> Steps:
        if any(one.task == write.task for one in self.effects):
            return self.send(worker, Written(write.task)).named("it is there already")
        return super().store(write, worker)


class Idempotent(LeaderWorkers):
    """The store knows each task by its number: it may be carried out twice, but takes effect once."""

    variant = "idempotent"
    store_class = IdempotentStore


class ForgetfulLeader(BackedLeader):
    """Has noted nothing when it takes over."""

    def taken_over(self, suspected: frozenset[NodeId]) -> Step:
        nothing: Holders = (None,) * len(self.holders)
        return self.become(epoch=self.number, suspected=suspected, holders=nothing, done=frozenset())


class StateLost(Backup):
    """Wrong: a backup takes over with nothing noted, and hands out again what was done; with ``--crashes 1:leader``."""

    variant = "state-lost"
    leader_class = ForgetfulLeader


class AsNoted(Backup):
    """The study notes' telling: backups of the leader, and an election of which no majority and no epoch is told."""

    variant = "as-noted"


# How fast.


def throughput(workers: int, dispatch: Fraction, service: Fraction) -> Fraction:
    """Return how many tasks get done in a unit of time: the leader's limit, or that of its workers.

    More than ``service / dispatch`` workers buy nothing.
    """
    return min(1 / dispatch, workers / service)


def makespan(tasks: int, workers: int, dispatch: Fraction, service: Fraction) -> Fraction:
    """Return when the last task is done if the leader hands out one after the other to who is free first."""
    free = [Fraction(0)] * workers
    ready, last = Fraction(0), Fraction(0)
    for _ in range(tasks):
        ready = max(ready, free[0] - dispatch) + dispatch
        last = max(last, ready + service)
        heapq.heapreplace(free, ready + service)
    return last
