"""A question's reads are all that its answer depends on, and no more than it looked at."""

import copy
import pickle
from itertools import product

import attrs
import pytest
from attrs import evolve
from meeting import (
    AFTER,
    BOXES,
    NODES,
    UPS,
    VOTES,
    WORLD,
    Clerk,
    Hello,
    Log,
    Stubborn,
    Voter,
    seen,
    told,
    whole,
)

from everyway import World
from everyway.explorer.reads import Read, value_of
from everyway.explorer.recording import recorded


@pytest.mark.parametrize(
    ("question", "reads"),
    [
        (lambda world: world["A"].vote, "A.vote"),
        (lambda world: world["A"].is_done, "A.vote, A.heard"),
        (lambda world: len(world), ""),
        (lambda world: [type(node) for node in world], ""),
        (lambda world: [node.id for node in world.nodes(Voter)], ""),
        (lambda world: isinstance(world["D"], Clerk) and world["D"].__class__ is Clerk, ""),
        (lambda world: [hasattr(node, "vote") for node in world], VOTES),
        (lambda world: [getattr(node, "ledger", 0) for node in world], "D.ledger"),
        (lambda world: all(node.vote is None for node in world.nodes(Voter)), VOTES),
        (lambda world: any(node.vote is None for node in world.nodes(Voter)), "A.vote"),
        (lambda world: world["B"].vote or world["A"].vote or world["B"].vote, "B.vote, A.vote"),
        (lambda world: world.states[1].heard, "B.heard"),
        (lambda world: world.is_up("C"), "up C"),
        (lambda world: world.is_up(world["C"]), "up C"),
        (lambda world: world.up[0], UPS),
        (lambda world: [node.id for node in world.live()], UPS),
        (lambda world: [node.id for node in world.live(Stubborn)], "up C"),
        (lambda world: [node.vote for node in world.live(Voter)], "up A, up B, up C, A.vote, B.vote"),
        (lambda world: len(world.in_flight(Hello)), BOXES),
        (lambda world: world.mailboxes[0].content(), BOXES),
        (lambda world: world.is_partitioned, "cut_off"),
        (lambda world: world.sides, "cut_off"),
        (lambda world: world.can_reach("A", "B"), "cut_off"),
        (lambda world: world.cut_off, "cut_off"),
        (lambda world: world.faults_left("losses"), "left losses"),
        (lambda world: world.left, "left"),
        (lambda world: (world.left, world.faults_left("losses")), "left"),
        (lambda world: world.start, "start"),
        (lambda world: world.observer("log").count, "log.__class__, log.count"),
        (lambda world: type(world.observer("book")) is Log, "book.__class__"),
        (lambda world: world.memory[1].last, "log.__class__, book.__class__, book.last"),
        (lambda world: world.roster.names, ""),
        (lambda world: World.is_up(world, "A"), UPS),
    ],
)
def test_only_what_is_looked_at_is_read(question, reads):
    assert seen(question) == reads


def everything(parts: str) -> str:
    observers = "log.count, log.last, book.count, book.last"
    return parts.format(nodes=NODES, boxes=BOXES, ups=UPS, observers=observers)


@pytest.mark.parametrize(
    ("question", "reads"),
    [
        (lambda world: world["A"] == world["B"], ""),  # their ids differ
        (lambda world: world["A"] == world["D"], ""),
        (lambda world: world["A"] == Voter(id="A", vote=1), "A.peers, A.vote"),
        (lambda world: hash(world["A"]), whole("A")),
        (lambda world: repr(world["A"]), whole("A")),
        (lambda world: str(world["A"]), "A.vote, A.heard"),
        (lambda world: len({*world}), NODES),
        (lambda world: {world["A"]: 1}, whole("A")),
        (lambda world: attrs.asdict(world["A"]), whole("A")),
        (lambda world: evolve(world["A"], vote=3), "A.peers, A.heard"),
        (lambda world: pickle.loads(pickle.dumps(world["B"])), "B"),
        (lambda world: copy.copy(world["A"]), "A"),
        (lambda world: copy.deepcopy(world["C"]), "C"),
        (lambda world: vars(world["C"]), "C"),
        (lambda world: world["D"].become(ledger=2), ""),
        (lambda world: world["D"].stay().state.ledger, "D.ledger"),
    ],
)
def test_what_looks_into_a_whole_node_reads_all_of_it(question, reads):
    assert seen(question) == reads


def test_a_pattern_reads_the_fields_that_it_names():
    def question(world):
        match world["A"]:
            case Clerk(ledger=0):
                return "clerk"
            case Voter(vote=None):
                return "voter"

    assert seen(question) == "A.vote"


@pytest.mark.parametrize("question", [hash, repr, pickle.dumps, copy.deepcopy])
def test_what_looks_into_a_whole_world_reads_all_of_it(question):
    _, reads = recorded([WORLD], question)
    parts = {(read.part, read.position) for read in reads}
    nodes = set(product(("node", "up", "messages"), range(4)))
    observers = {("observer", 0), ("observer", 1)}
    assert parts == nodes | observers | {("cut_off", 0), ("left", 0), ("start", 0)}
    fields = {(read.position, read.field) for read in reads if read.part == "node"}
    if question in (hash, repr):
        assert {told(read) for read in reads if read.part == "node"} == set(NODES.split(", "))
    else:
        assert {(position, "") for position in range(4)} <= fields


def test_equal_worlds_are_compared_part_by_part():
    dashed = ", ".join(f"{a}, {a}'" for a in NODES.split(", "))
    reads = seen(lambda world, other: world == other, WORLD, WORLD)
    assert reads.startswith(dashed)
    assert reads.endswith("start, start'")
    short = seen(lambda world, other: world == other, WORLD, AFTER)
    assert short == "A.peers, A.peers', A.vote, A.vote'"


def test_the_words_of_a_world_read_what_they_tell():
    reads = seen(str)
    assert reads.startswith(UPS)
    assert reads.endswith(BOXES)
    assert "peers" not in seen(str, AFTER).replace("B.peers", "").replace("C.peers", "")


def test_a_world_changed_by_the_question_is_watched_on():
    assert seen(lambda world: evolve(world, start=1)["A"].vote).endswith(
        "log.__class__, book.__class__, A.vote"
    )


def test_two_worlds_are_told_apart():
    def question(before, after):
        return all(then.vote == now.vote for then, now in zip(before.live(Voter), after, strict=False))

    assert seen(question, WORLD, AFTER) == "up A, up B, up C, A.vote, A.vote'"
    assert seen(question, WORLD, WORLD) == "up A, up B, up C, A.vote, A.vote', B.vote, B.vote'"


def test_one_object_in_two_places_is_read_in_both():
    shared = evolve(WORLD["A"], id="")
    world = evolve(WORLD, states=(shared, shared, *WORLD.states[2:]))
    _, reads = recorded([world], lambda world: world["A"].vote == world["B"].vote)
    assert reads == (Read(0, "node", 0, "vote"), Read(0, "node", 1, "vote"))


def test_the_value_of_a_read_is_what_it_sees():
    def value(*read):
        return value_of(Read(*read), [WORLD, AFTER])

    assert value(0, "node", 0, "vote") is None
    assert value(1, "node", 0, "vote") == 1
    assert value(1, "node", 0) == AFTER["A"]
    assert [value(0, "up", position) for position in range(4)] == [True, True, False, True]
    assert value(0, "messages", 2) == WORLD.mailboxes[2]
    assert value(0, "cut_off") == frozenset("CD")
    assert value(0, "left", 0, "losses") == 2
    assert value(0, "left") == WORLD.left
    assert value(0, "start") == 0
    assert value(0, "observer", 1, "last") == ""
    assert value(0, "observer", 1, "__class__") is Log
    assert value(0, "observer", 1) == Log()


def test_the_question_sees_the_very_classes_and_equal_values():
    def question(world):
        assert type(world) is World
        assert [type(node) for node in world] == [Voter, Voter, Stubborn, Clerk]
        assert type(world.states) is tuple
        assert type(world.observer("log")) is Log
        return world == WORLD

    assert recorded([WORLD], question)[0]
