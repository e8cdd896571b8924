"""A question's reads are all that its answer depends on, and no more than it looked at."""

import copy
import pickle
import sys
from functools import cached_property
from itertools import islice, product
from pathlib import Path

import attrs
import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from everyway import (
    Faults,
    Message,
    Network,
    Node,
    Observer,
    Protocol,
    System,
    UsageError,
    World,
    durable,
    volatile,
)
from everyway.explorer.reads import Read, recorded, value_of
from everyway.invariants import atomic_commit
from everyway.models.language import FAULT_KINDS, Envelope
from everyway.models.three_phase_commit import ThreePhaseCommit

sys.path.append(str(Path(__file__).parents[1] / "oracle"))

from generated_systems import Actor, Ledger, Ping, Pong, cases

# A world to look at: A and B are equal but for their names, C is of a subclass, D of another class.


@frozen
class Hello(Message):
    pass


@frozen
class Voter(Node):
    peers: tuple[str, ...] = ()
    vote: int | None = durable(None)
    heard: frozenset[str] = volatile(frozenset())

    @property
    def is_done(self):
        return self.vote is not None or len(self.heard) > 1


class Stubborn(Voter):
    """Is not decorated, as variants are not, so that its instances have a ``__dict__``."""


@frozen
class Clerk(Node):
    ledger: int = durable(0)


@frozen
class Log(Observer):
    count: int = 0
    last: str = ""

    def observe(self, event):
        return evolve(self, count=min(self.count + 1, 3))


@frozen
class Meeting(Protocol):
    kinds: tuple[type, ...] = (Voter, Voter, Stubborn, Clerk)

    def nodes(self):
        return {name: kind() for name, kind in zip("ABCD", self.kinds, strict=True)}

    def observers(self):
        return {"log": Log(), "book": Log()}


def world_of(*kinds: type) -> World:
    """Return a world with two messages in flight, C down, cut off with D, and two losses left."""
    system = System(Meeting(*[kinds] if kinds else []), Faults(losses=2, crashes=1))
    world = next(system.initial())
    boxes = list(world.mailboxes)
    boxes[0] = boxes[0].put(Envelope("B", "A", Hello()))
    boxes[2] = boxes[2].put(Envelope("B", "C", Hello()))
    up = (True, True, False, True)
    return evolve(world, mailboxes=tuple(boxes), up=up, cut_off=frozenset("CD"))


WORLD = world_of()
AFTER = evolve(WORLD, states=(evolve(WORLD["A"], vote=1), *WORLD.states[1:]))


def told(read: Read) -> str:
    """Return a read in words: ``A.vote``, ``A``, ``up A``, ``messages to A``, ``log.count``, ``left losses``."""
    names = WORLD.roster.observers if read.part == "observer" else WORLD.roster.names
    prefix = {"node": "", "observer": "", "messages": "messages to "}.get(read.part, f"{read.part} ")
    name = names[read.position] if read.part in ("node", "observer", "up", "messages") else ""
    words = f"{prefix}{name}".strip()
    if read.field:
        words += f"{'.' if read.part in ('node', 'observer') else ' '}{read.field}"
    return words + ("'" if read.world else "")


def seen(question, *worlds) -> str:
    """Return what a question looks at, in words; reads of the second world have a dash."""
    given_worlds = worlds or (WORLD,)
    answer, reads = recorded(given_worlds, question)
    assert len(set(reads)) == len(reads)
    assert answer == question(*given_worlds), "the question has another answer when it is recorded"
    return ", ".join(told(read) for read in reads)


UPS = "up A, up B, up C, up D"
BOXES = "messages to A, messages to B, messages to C, messages to D"
VOTES = "A.vote, B.vote, C.vote"


def whole(name: str, dash: str = "") -> str:
    """Return the reads of all fields of a voter that can change, and of those that cannot."""
    return ", ".join(f"{name}.{declared}{dash}" for declared in ("peers", "vote", "heard"))


NODES = f"{whole('A')}, {whole('B')}, {whole('C')}, D.ledger"


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


# Classes that are made in other ways.


@frozen(cache_hash=True)
class Hashed(Voter):
    pass


@frozen(slots=False)
class Loose(Voter):
    more: int = volatile(7)


@frozen
class Slotted(Voter):
    @cached_property
    def tally(self):
        return len(self.heard)


@frozen(slots=False)
class Remembering(Voter):
    @cached_property
    def tally(self):
        return len(self.heard)


@frozen
class Checked(Voter):
    def __attrs_post_init__(self):
        assert self.vote != 9


@frozen(slots=False)
class Sworn(Voter):
    def __attrs_post_init__(self):
        object.__setattr__(self, "oath", self.vote)


@frozen(cache_hash=True)
class Counting(Checked):
    @cached_property
    def tally(self):
        return len(self.heard)


class Engraved(Voter):
    __slots__ = ("oath",)

    def __init__(self, **fields):
        super().__init__(**fields)
        object.__setattr__(self, "oath", self.vote)


@frozen
class Own(Voter):
    def __getattribute__(self, name):
        return 5 if name == "five" else super().__getattribute__(name)


class Heir(Own):
    """Its base is hooked too when both are watched."""


class Left(Voter):
    """Is watched first."""


class Both(Left, Own):
    """Has its way to attributes from the second of its bases."""


@frozen
class Ready(Voter):
    def __getattr__(self, name):
        if name == "tally":
            return len(self.heard)
        raise AttributeError(name)


@pytest.mark.parametrize(
    ("kind", "question", "reads"),
    [
        (Hashed, lambda world: hash(world["A"]), whole("A")),
        (Hashed, lambda world: len({world["A"], world["A"]}), whole("A")),
        (Loose, lambda world: world["A"].more, "A.more"),
        (Loose, lambda world: vars(world["A"])["more"], "A"),
        (Loose, lambda world: (world["A"].vote, world["A"].__dict__, world["A"].heard), "A.vote, A"),
        (Loose, lambda world: hasattr(world["A"], "nothing"), ""),
        (Slotted, lambda world: world["A"].tally + world["A"].tally, "A.heard"),
        (Remembering, lambda world: world["A"].tally + world["A"].tally, "A"),
        (Counting, lambda world: world["A"].tally + world["A"].tally, "A"),
        (Engraved, lambda world: world["A"].oath, "A"),
        (Engraved, lambda world: world["A"].is_done, "A.vote, A.heard"),
        (Ready, lambda world: world["A"].tally, "A.heard"),
        (Checked, lambda world: world["A"].is_done, "A.vote, A.heard"),
        (Checked, lambda world: hasattr(world["A"], "nothing"), "A"),
        (Sworn, lambda world: world["A"].oath, "A"),
        (Sworn, lambda world: world["A"].vote, "A.vote"),
        (Own, lambda world: (world["A"].five, world["A"].vote), "A.vote"),
        (Heir, lambda world: (world["A"].five, world["A"].vote), "A.vote"),
    ],
)
def test_nodes_of_any_make_are_watched(kind, question, reads):
    world = world_of(kind, Own, kind, Clerk)
    assert seen(question, world) == reads
    hash(world)
    question(world)  # whatever the node remembers now, makes no difference
    assert seen(question, world) == reads


# Order and tidiness.


def hooks() -> list[type]:
    kinds = (World, Node, Observer, Voter, Stubborn, Clerk, Log)
    return [kind for kind in kinds if "__getattribute__" in vars(kind)]


def test_what_the_question_raises_is_raised_and_nothing_is_left_behind():
    def question(world):
        assert hooks() == [World, Voter, Stubborn, Clerk, Log]
        return world["A"].vote + world["B"].nothing

    own = Own.__getattribute__
    with pytest.raises(AttributeError, match="nothing"):
        recorded([world_of(Voter, Voter, Stubborn, Clerk)], question)
    with pytest.raises(UsageError, match="no node 'X'"):
        recorded([WORLD], lambda world: world.is_up("X"))
    with pytest.raises(UsageError, match="no observer 'X'"):
        recorded([WORLD], lambda world: world.observer("X"))
    with pytest.raises(ValueError, match="not in tuple"):
        recorded([WORLD], lambda world: world.faults_left("storms"))
    with pytest.raises(RuntimeError):
        recorded([world_of(Own, Heir, Own, Clerk)], lambda world: next(iter_raising(world)))
    assert hooks() == []
    assert Own.__getattribute__ is own
    assert "__getattribute__" not in vars(Heir)


def iter_raising(world):
    yield from ()
    raise RuntimeError(world["A"].five)


def test_a_question_within_a_question_is_recorded_for_both():
    inner = []

    def question(world):
        before = world["A"].vote
        _, reads = recorded([world], lambda world: world["B"].heard or world.is_up("C"))
        inner.append([told(read) for read in reads])
        assert hooks() == [World, Voter, Stubborn, Clerk, Log]
        return before, world["D"].ledger

    _, reads = recorded([WORLD], question)
    assert inner == [["B.heard", "up C"]]
    assert told(reads[0]) == "A.vote"
    assert {"B.heard", "up C", "D.ledger"} <= {told(read) for read in reads}
    assert hooks() == []


def test_a_question_about_another_world_leaves_the_outer_one_watched():
    def question(world):
        _, reads = recorded([AFTER], lambda world: world["A"].vote)
        return world["D"].ledger, reads

    (_, inner), outer = recorded([WORLD], question)
    assert [told(read) for read in inner] == ["A.vote"]
    assert [told(read) for read in outer] == ["D.ledger"]


def test_a_class_first_watched_while_its_base_is_keeps_its_own_way_to_attributes():
    both = world_of(*[Both] * 4)

    def question(world):
        return world["A"].vote, recorded([both], lambda world: world["B"].five + (world["B"].vote or 0))

    (_, (five, inner)), outer = recorded([world_of(*[Left] * 4)], question)
    assert five == 5
    assert [told(read) for read in inner] == ["B.vote"]
    assert [told(read) for read in outer] == ["A.vote"]


def test_other_worlds_are_not_taken_for_the_ones_that_are_asked_about():
    assert seen(lambda world: (WORLD["A"].vote, AFTER["A"].vote, world["B"].vote)) == "B.vote"


# The law, in systems of all kinds.


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
