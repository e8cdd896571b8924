"""A world to look at, and what a question reads of it, in words."""

from attrs import evolve, frozen

from everyway import Faults, Message, Node, Observer, Protocol, System, World, durable, volatile
from everyway.explorer.reads import Read
from everyway.explorer.recording import recorded
from everyway.models.language import Envelope


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
