"""Small random protocols, written in the ordinary language, for holding one engine against another.

A ``Case`` is a protocol with its faults, time-outs and network. Its nodes are ``Actor``s that look up what
they do in a ``Script``: rules that a naive interpreter can read just as well. A case prints as the expression
that makes it, so that a failing one can be pasted into a test.

    @given(cases())
    def test_both_engines_agree(case):
        system = case.system()
        ...

Nearly all cases are finite and small; those that are not must be stopped by a limit (``SMALL``), not filtered out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from everyway import (
    LATER,
    Event,
    Faults,
    Limits,
    Message,
    Network,
    Node,
    NodeId,
    Observer,
    Protocol,
    Steps,
    System,
    Timeouts,
    at_most,
    choice,
    durable,
    on,
    restart,
    suspect,
    timeout,
    volatile,
)
from everyway.models.language import REMOVED, Budget

SMALL = Limits(max_states=1_200)
"""What a test explores of a case; few cases have more."""


# The messages and the rules.


@frozen
class Note(Message):
    """What all messages of generated protocols are."""

    number: int = 0


@frozen
class Ping(Note):
    """One class of messages."""


@frozen
class Pong(Note):
    """Another."""


@frozen
class Sending:
    """A message to one node (a name), to several in order (a tuple), or to several in any order (a set)."""

    to: NodeId | tuple[NodeId, ...] | frozenset[NodeId]
    note: Note


@frozen
class Reply:
    """One step that a rule offers."""

    memory: int | None = None
    """The new value; None keeps the old one."""
    disk: int | None = None
    sends: tuple[Sending, ...] = ()
    sends_first: bool = False


@frozen
class Rule:
    """What a handler answers in some states; the first rule that fits counts, and without one it answers None."""

    handler: str
    memory: int | None = None
    """Fits only if the volatile field has this value; None fits any."""
    disk: int | None = None
    about: int | NodeId | None = None
    """Fits only a message of this number or from this sender, or the suspicion of this node; None fits any."""
    replies: tuple[Reply, ...] | None = ()
    """The steps; none at all throws a message away, and None (for messages only) leaves it for later."""

    def fits(self, handler: str, memory: int, disk: int, about: tuple[Any, ...]) -> bool:
        """Return whether the rule says what the handler answers."""
        return (
            self.handler == handler
            and self.memory in (None, memory)
            and self.disk in (None, disk)
            and (self.about is None or self.about in about)
        )


@frozen
class Script:
    """How one node behaves."""

    rules: tuple[Rule, ...] = ()
    without: frozenset[str] = frozenset()
    """Handlers that the node's class does not have."""
    awaited: tuple[tuple[NodeId, ...], ...] = ()
    """By the value of the volatile field: the nodes that the time-out ``tire`` waits for; none if too short."""

    def answer(self, handler: str, memory: int, disk: int, *about: Any) -> tuple[Reply, ...] | None:
        """Return the replies of the first rule that fits; None is for later."""
        for rule in self.rules:
            if rule.fits(handler, memory, disk, about):
                return rule.replies
        return ()

    def awaits(self, memory: int) -> tuple[NodeId, ...]:
        """Return the nodes that the time-out ``tire`` waits for."""
        return self.awaited[memory] if memory < len(self.awaited) else ()


MESSAGE_HANDLERS: Mapping[str, type[Note]] = {"hear_ping": Ping, "hear_pong": Pong, "hear_anything": Note}
CHOICES = ("act", "act_otherwise")
TIMEOUTS = ("tire", "lose_patience")
HANDLERS = (*MESSAGE_HANDLERS, *CHOICES, *TIMEOUTS, "rise", "doubt")


# The nodes.


@frozen
class Actor(Node):
    """Does what its script says."""

    script: ClassVar[Script] = Script()

    memory: int = volatile(0)
    disk: int = durable(0)

    @on(Ping)
    def hear_ping(self, note: Ping, sender: NodeId) -> Steps:
        return self._take("hear_ping", note.number, sender)

    @on(Pong)
    def hear_pong(self, note: Pong) -> Steps:
        return self._take("hear_pong", note.number)

    @on(Note)
    def hear_anything(self) -> Steps:
        return self._take("hear_anything")

    @choice
    def act(self) -> Steps:
        return self._take("act")

    @choice
    def act_otherwise(self) -> Steps:
        yield from self._steps("act_otherwise")

    @timeout(awaiting="awaited")
    def tire(self) -> Steps:
        return self._take("tire")

    @timeout
    def lose_patience(self) -> Steps:
        yield from self._steps("lose_patience")

    @restart
    def rise(self) -> Steps:
        return self._take("rise")

    @suspect
    def doubt(self, node: NodeId) -> Steps:
        return self._take("doubt", node)

    @property
    def awaited(self) -> tuple[NodeId, ...]:
        return self.script.awaits(self.memory)

    def _take(self, handler: str, *about: Any) -> Steps:
        steps = self._steps(handler, *about)
        if steps is LATER or len(steps) > 1:
            return steps
        return steps[0] if steps else None

    def _steps(self, handler: str, *about: Any) -> Any:
        replies = self.script.answer(handler, self.memory, self.disk, *about)
        return LATER if replies is None else [self._step(reply) for reply in replies]

    def _step(self, reply: Reply) -> Any:
        step = self.become(
            memory=self.memory if reply.memory is None else reply.memory,
            disk=self.disk if reply.disk is None else reply.disk,
        )
        for sending in reply.sends:
            step = step.send(sending.to, sending.note)
        return step.sending_first() if reply.sends_first else step


@cache
def actor_class(name: NodeId, script: Script) -> type[Actor]:
    """Return the class of one actor: a variant of ``Actor`` with its script."""
    removed = dict.fromkeys(script.without, REMOVED)
    return type(f"Actor{name}", (Actor,), {"__module__": __name__, "script": script, **removed})


@frozen
class Ledger(Observer):
    """Remembers who wrote to its disk last, how often messages vanished, and whether anybody was struck down."""

    writer: NodeId = ""
    vanished: int = 0
    struck: bool = False

    def observe(self, event: Event) -> Ledger:
        seen = self
        if event.before and event.after and event.before.disk != event.after.disk:
            seen = evolve(seen, writer=event.node)
        if event.kind.value in ("loss", "drop"):
            seen = evolve(seen, vanished=min(seen.vanished + 1, 2))
        if event.kind.value == "crash" or event.action.crashed:
            seen = evolve(seen, struck=True)
        return seen


@frozen
class Scripted(Protocol):
    """A protocol of actors."""

    scripts: tuple[tuple[NodeId, Script], ...]
    starts: tuple[tuple[tuple[int, int], ...], ...]
    """For each start, each node's memory and disk."""
    is_observed: bool = False

    @property
    def names(self) -> tuple[NodeId, ...]:
        return tuple(name for name, _ in self.scripts)

    def nodes(self):
        for start in self.starts:
            yield {
                name: actor_class(name, script)(memory, disk)
                for (name, script), (memory, disk) in zip(self.scripts, start, strict=True)
            }

    def observers(self):
        return {"ledger": Ledger()} if self.is_observed else {}


@frozen
class Case:
    """A generated protocol and everything that bounds it."""

    protocol: Scripted
    faults: Faults = field(factory=Faults)
    timeouts: Timeouts = Timeouts.LATE
    network: Network = Network.BAG

    def system(self) -> System:
        """Return the case as a system."""
        return System(self.protocol, self.faults, timeouts=self.timeouts, network=self.network)


# The strategies.


def cases(**fixed: Any) -> st.SearchStrategy[Case]:
    """Return a strategy for cases; ``network``, ``timeouts`` or ``faults`` may be given a strategy of their own."""
    return _cases(fixed)


@st.composite
def _cases(draw: Any, fixed: dict[str, Any]) -> Case:
    names = draw(st.sampled_from([("A", "B"), ("A", "B", "C")]))
    network = draw(fixed.get("network", st.sampled_from(Network)))
    timeouts = draw(fixed.get("timeouts", st.sampled_from(Timeouts)))
    scripts = tuple((name, draw(_scripts(name, names))) for name in names)
    values = st.tuples(st.sampled_from([0, 0, 0, 0, 1]), st.sampled_from([0, 0, 0, 1]))
    starts = draw(st.lists(st.tuples(*[values] * len(names)), min_size=1, max_size=2))
    protocol = Scripted(scripts, tuple(starts), draw(st.booleans()))
    faults = draw(fixed["faults"] if "faults" in fixed else _faults(protocol))
    return Case(protocol, faults, timeouts, network)


@st.composite
def _scripts(draw: Any, name: NodeId, names: tuple[NodeId, ...]) -> Script:
    # Without a start and without answers nothing happens, and the case says nothing.
    first = (
        draw(st.sampled_from((*TIMEOUTS, "tire", *CHOICES)))
        if name != names[0]
        else draw(st.sampled_from(CHOICES))
    )
    rules = [Rule(first, 0, None, None, (draw(_replies(names, 0, False)),))]
    rules += draw(st.lists(_rules(names, tuple(MESSAGE_HANDLERS)), min_size=2, max_size=4))
    rules += draw(st.lists(_rules(names, (*HANDLERS, "doubt", "rise")), max_size=4))
    without = draw(st.frozensets(st.sampled_from(HANDLERS), max_size=2)) - {first}
    some = st.sampled_from([(), *[(other,) for other in names if other != name], (name,), names])
    awaited = draw(st.lists(some, max_size=3))
    return Script(tuple(rules), without, tuple(awaited))


@st.composite
def _rules(draw: Any, names: tuple[NodeId, ...], handlers: tuple[str, ...]) -> Rule:
    """Draw a rule.

    What starts things of its own accord, sending messages, makes progress as well; answers to messages send at
    most one unless they make progress. So most cases are finite.
    """
    handler = draw(st.sampled_from(handlers))
    is_answer = handler in MESSAGE_HANDLERS
    is_reaction = is_answer or handler == "rise"
    memory = draw(st.sampled_from([None, None, None, 0, 1, 2] if is_reaction else [0, 0, 0, 1, None]))
    disk = draw(st.sampled_from([None, None, None, None, 0, 1]))
    about = None
    if (is_answer or handler == "doubt") and draw(st.integers(0, 2)) == 0:
        about = draw(st.sampled_from([0, 1, *names]))
    if is_answer and draw(st.integers(0, 7)) == 0:
        return Rule(handler, memory, disk, about, None)
    replies = [
        draw(_replies(names, memory, is_reaction)) for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 0])))
    ]
    return Rule(handler, memory, disk, about, tuple(replies))


@st.composite
def _replies(draw: Any, names: tuple[NodeId, ...], memory: int | None, is_reaction: bool) -> Reply:
    if memory is not None and memory < 2 and draw(st.integers(0, 5)) > 0:
        after, fewest, most = draw(st.integers(memory + 1, 2)), draw(st.sampled_from([1, 1, 1, 1, 0])), 2
    elif is_reaction:
        # Going back invites starting over, and with more in flight each time; so it is rare.
        anywhere = [None, None, 2, 2, memory or 2] * 4 + [0, 1]
        after, fewest, most = draw(st.sampled_from(anywhere)), 0, 1
    else:
        after, fewest, most = draw(st.sampled_from([None] * 7 + [0])), 0, 0
    sends = tuple(draw(st.lists(_sendings(names, most > 1), min_size=fewest, max_size=most)))
    disk = draw(st.sampled_from([None, None, None, 1, 1, 0])) if most else None
    return Reply(after, disk, sends, bool(sends) and draw(st.integers(0, 3)) == 0)


@st.composite
def _sendings(draw: Any, names: tuple[NodeId, ...], to_several: bool) -> Sending:
    one = st.sampled_from(names)
    several = st.one_of(
        one,
        st.lists(one, max_size=2).map(tuple),
        st.frozensets(one, min_size=1, max_size=2),
    )
    return Sending(
        draw(several if to_several else one), draw(st.sampled_from([Ping, Pong]))(draw(st.integers(0, 1)))
    )


@st.composite
def _faults(draw: Any, protocol: Scripted) -> Faults:
    known = st.sampled_from(["crashes", "losses", "duplicates", "restarts", "partitions", "suspicions"])
    kinds = {draw(known) for _ in range(draw(st.sampled_from([1, 2, 2, 3, 0])))}
    if "restarts" in kinds:
        kinds.add("crashes")
    budgets: dict[str, Any] = {kind: draw(_budgets(protocol, kind)) for kind in sorted(kinds)}
    if "partitions" in kinds:
        budgets["heals"] = draw(st.sampled_from([None, 0, 1]))
    return Faults(**budgets)


@st.composite
def _budgets(draw: Any, protocol: Scripted, kind: str) -> Budget:
    words = [*protocol.names, "actor", "Actor", f"Actor{protocol.names[-1]}"]
    if kind in ("losses", "duplicates"):
        for handler, message in MESSAGE_HANDLERS.items():
            if any(handler not in script.without for _, script in protocol.scripts):
                words += [message.__name__, message.__name__.lower()]
    count = draw(st.sampled_from([1, 1, 2]))
    return at_most(count, *draw(st.lists(st.sampled_from(words), max_size=2 if draw(st.booleans()) else 0)))
