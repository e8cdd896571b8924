"""Worlds that show the same to the reads get the same answer, in systems of all kinds."""

import sys
from itertools import islice, product
from pathlib import Path

import attrs
import pytest
from attrs import evolve
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from everyway import Faults, Network, System, World
from everyway.explorer.reads import value_of
from everyway.explorer.recording import recorded
from everyway.invariants import atomic_commit
from everyway.models.language import FAULT_KINDS
from everyway.models.three_phase_commit import ThreePhaseCommit

sys.path.append(str(Path(__file__).parents[1] / "oracle"))

from generated_systems import Actor, Ledger, Ping, Pong, cases


def _memories(world):
    return all(actor.memory < 2 for actor in world)


def _someone_wrote(world):
    return any(actor.disk for actor in world.live())


def _pings(world):
    return len(world.in_flight(Ping)) > len(world.in_flight(Pong))


def _distinct(world):
    return len({(actor.memory, actor.disk) for actor in world}) < len(world)


def _twins(world):
    first, *others = world
    return any(evolve(first, id="") == evolve(other, id="") for other in others)


def _nodes_in_sets(world):
    return len({*world.nodes(Actor)}) > 1 and evolve(world["A"], memory=1) in {*world}


def _awaited(world):
    return any(world.is_up(other) for actor in world for other in actor.awaited)


def _last_of_its_class(world):
    return world.nodes(type(world["B"]))[-1].disk == 0


def _handler(world):
    return world["A"].act() is None if hasattr(world["A"], "act") and world["A"].act else world["B"].disk


def _ledger(world):
    ledger = world.observer("ledger") if world.roster.observers else Ledger()
    return ledger.struck or (ledger.vanished > 0 and ledger.writer == "A")


def _ledger_is_new(world):
    return Ledger() in world.memory


def _split(world):
    return world.is_partitioned and world.can_reach("A", "B")


def _faults(world):
    return world.faults_left("losses") + world.faults_left("crashes") > 0 and world.left != (0,) * len(
        world.left
    )


def _pattern(world):
    match world["B"]:
        case Actor(memory=0, disk=disk):
            return disk == 1
        case Actor(disk=0):
            return world.start == 0


def _words(world):
    return "memory 1" in str(world) or "disk=1" in repr(world["A"])


def _heard_by_a_sleeper(world):
    return any(not world.is_up(letter.to) or world[letter.to].memory for letter in world.in_flight())


def _all_up(world):
    return all(world.up) or world.mailboxes[0] == world.mailboxes[1]


def _fields(world):
    return sum(getattr(actor, name) for actor in world for name in ("memory", "disk")) % 2 == 0


QUESTIONS = [
    _memories,
    _someone_wrote,
    _pings,
    _distinct,
    _twins,
    _nodes_in_sets,
    _awaited,
    _last_of_its_class,
    _handler,
    _ledger,
    _ledger_is_new,
    _split,
    _faults,
    _pattern,
    _words,
    _heard_by_a_sleeper,
    _all_up,
    _fields,
]


STEP_QUESTIONS = [
    lambda before, after: before == after,
    lambda before, after: all(then == now for then, now in zip(before, after, strict=True)),
    lambda before, after: before.in_flight() == after.in_flight() or before["A"].disk <= after["A"].disk,
    lambda before, after: len({before, after}) == 1,
    lambda before, after: before.states == after.states and before.left != after.left,
]


def explored(system, most: int) -> list[World]:
    """Return the first worlds of a breadth-first search."""
    known = dict.fromkeys(system.initial())
    waiting = list(known)
    for world in waiting:
        for _, after in islice(system.steps(world), most):
            if after not in known and len(known) < most:
                known[after] = None
                waiting.append(after)
    return list(known)


def crossed(reads, worlds, others) -> list[World]:
    """Return worlds that show the reads what ``worlds`` do, and are as different from them as ``others`` otherwise."""
    made = []
    for number, (world, other) in enumerate(zip(worlds, others, strict=True)):
        mine = [read for read in reads if read.world == number]
        read = {(read.part, read.position) for read in mine}
        fields = {(read.part, read.position, read.field) for read in mine}

        def chosen(part, name, mine=world, other=other, read=read):
            pairs = enumerate(zip(getattr(mine, name), getattr(other, name), strict=True))
            return tuple(a if (part, i) in read else b for i, (a, b) in pairs)

        def mixed(part, name, mine=world, other=other, fields=fields):
            return tuple(
                a
                if (part, i, "") in fields
                else evolve(
                    b,
                    **{
                        declared.name: getattr(a, declared.name)
                        for declared in attrs.fields(type(a))
                        if (part, i, declared.name) in fields
                    },
                )
                for i, (a, b) in enumerate(zip(getattr(mine, name), getattr(other, name), strict=True))
            )

        is_whole = ("left", 0, "") in fields
        made.append(
            World(
                roster=world.roster,
                states=mixed("node", "states"),
                up=chosen("up", "up"),
                mailboxes=chosen("messages", "mailboxes"),
                cut_off=(world if ("cut_off", 0) in read else other).cut_off,
                left=tuple(
                    a if is_whole or ("left", 0, kind) in fields else b
                    for kind, a, b in zip(FAULT_KINDS, world.left, other.left, strict=True)
                ),
                memory=mixed("observer", "memory"),
                start=(world if ("start", 0) in read else other).start,
            )
        )
    return made


def show_the_same(reads, worlds, others) -> bool:
    return all(value_of(read, worlds) == value_of(read, others) for read in reads)


def steady(max_examples: int) -> settings:
    """Return settings under which the same cases are tried every time."""
    return settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.slow
@given(cases(), st.data())
@steady(40)
def test_worlds_that_show_the_same_to_the_reads_get_the_same_answer(case, data):
    worlds = explored(case.system(), 60)
    chosen = data.draw(st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=3))
    among = data.draw(st.sampled_from([all, any, list]))
    some = st.sampled_from(worlds)
    pairs = data.draw(st.lists(st.tuples(some, some), min_size=1, max_size=20))

    def question(world):
        return among(asked(world) for asked in chosen)

    for world, other in pairs:
        answer, reads = recorded([world], question)
        assert answer == question(world)
        [alike] = crossed(reads, [world], [other])
        assert show_the_same(reads, [world], [alike])
        assert recorded([alike], question) == (answer, reads)
        event(f"differs elsewhere: {alike != world}")
        if show_the_same(reads, [world], [other]):
            assert recorded([other], question) == (answer, reads)


@given(cases(), st.sampled_from(STEP_QUESTIONS), st.data())
@steady(30)
def test_steps_that_show_the_same_to_the_reads_get_the_same_answer(case, question, data):
    worlds = explored(case.system(), 30)
    some = st.sampled_from(worlds)
    for _ in range(10):
        step, others = data.draw(st.tuples(st.tuples(some, some), st.tuples(some, some)))
        answer, reads = recorded(step, question)
        assert answer == question(*step)
        alike = crossed(reads, step, others)
        assert recorded(alike, question) == (answer, reads)
        assert recorded(step, question) == (answer, reads)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
@given(case=cases(faults=st.just(Faults(losses=1, crashes=1, partitions=1))))
@steady(3)
def test_every_world_of_a_system_is_answered_by_any_that_shows_the_same(question, case):
    worlds = explored(case.system(), 40)
    told = [recorded([world], question) for world in worlds]
    for (world, (answer, reads)), (other, again) in product(zip(worlds, told, strict=True), repeat=2):
        if show_the_same(reads, [world], [other]):
            assert again == (answer, reads)


PROMISES = [
    *(atomic_commit.agreement, atomic_commit.commit_validity),
    *(atomic_commit.non_blocking, atomic_commit.commit_is_possible, atomic_commit.abort_is_possible),
]


@pytest.mark.parametrize("promise", PROMISES, ids=str)
def test_a_real_promise_is_asked_far_less_often_than_there_are_worlds(promise):
    system = System(ThreePhaseCommit(), Faults(crashes=1), network=Network.BAG)
    worlds = explored(system, 300)
    answers = {}
    for world in worlds:
        answer, reads = recorded([world], promise.predicate)
        assert answer == promise.predicate(world)
        key = tuple((read, value_of(read, [world])) for read in reads)
        assert answers.setdefault(key, answer) == answer
    assert len(answers) < len(worlds) / 3
