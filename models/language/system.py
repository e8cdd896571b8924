"""A system: a protocol, the faults that may strike it, and every step that follows from them.

This is the reference semantics, in plain Python. Every other engine must give the same states and the same
steps, and every counterexample is run again by this one before it is shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar

from attrs import evolve

from .action import Action, Kind
from .behaviour import Behaviour, Outcome, origin
from .declaration import check_declared
from .errors import EverywayError, ModelError, UsageError, did_you_mean
from .fairness import Fairness
from .faults import FAULT_KINDS, NO_FAULTS, Budget, Faults, Timeouts
from .handler import Occasion, handlers_for, handlers_of, message_types
from .message import Envelope, NodeId
from .naming import hyphenated, order_key
from .network import Network
from .node import Node, after_crash, role_of
from .observer import Event, Observer
from .protocol import Protocol
from .world import Roster, World

E = TypeVar("E", bound=Enum)


class System:
    """A protocol under a fault budget, as a pure state-transition system.

    ``initial()`` yields the worlds at the start; ``steps(world)`` yields every ``(action, next world)``.

    Args:
        protocol: the protocol, with its parameters.
        faults: what the environment may do; nothing by default.
        timeouts: when time-outs may fire; by default as the protocol says.
        network: the discipline of the mailboxes; by default as the protocol says.
        fairness: which steps a run may not put off for ever, for promises over time; by default as the protocol says.

    Raises:
        ModelError: if the protocol breaks a rule of the language.
        UsageError: if a fault budget names a node, role or message that the protocol does not have.
    """

    def __init__(
        self,
        protocol: Protocol,
        faults: Faults = NO_FAULTS,
        *,
        timeouts: Timeouts | str | None = None,
        network: Network | str | None = None,
        fairness: Fairness | str | None = None,
    ) -> None:
        self.protocol = protocol
        self.faults = faults
        self.timeouts = _chosen(Timeouts, timeouts) if timeouts else protocol.timeouts
        self.network = _chosen(Network, network) if network else protocol.network
        self.fairness = (
            Fairness.parsed(fairness) if isinstance(fairness, str) else fairness or protocol.fairness
        )
        check_declared(type(protocol))
        self._starts = [_named(protocol, start) for start in _starts(protocol)]
        first = self._starts[0]
        names = tuple(first)
        for start in self._starts:
            if tuple(start) != names or any(type(start[name]) is not type(first[name]) for name in names):
                raise ModelError(
                    f"{type(protocol).__name__}.nodes: every start must have the same nodes, of the same classes, "
                    f"in the same order."
                )
        observers = _observers(protocol)
        self.roster = Roster(names, tuple(observers), {name: i for i, name in enumerate(names)})
        self._memory = tuple(observers.values())
        self._behaviour = Behaviour(
            names,
            timeouts_are_late=self.timeouts is Timeouts.LATE,
            ignoring_is_a_step=self.network is not Network.SET,
            crashes=bool(faults.crashes),
        )
        self._roles = {name: role_of(type(node)) for name, node in first.items()}
        self._kinds = tuple({type(node): None for start in self._starts for node in start.values()})
        for kind in self._kinds:
            handlers_of(kind)  # finds handlers with a wrong signature before the search starts
        self._check_budgets()
        self._check_fairness()
        self._splits = tuple(self._partitions())

    # What a check needs to know about the system.

    @property
    def node_classes(self) -> tuple[type[Node], ...]:
        """The classes of the nodes at the start."""
        return self._kinds

    @property
    def start(self) -> Mapping[NodeId, Node]:
        """The nodes as they are in the first of the starts."""
        return self._starts[0]

    @property
    def roles(self) -> Mapping[NodeId, str]:
        """Each node's role."""
        return self._roles

    @property
    def handler_calls(self) -> int:
        """How many distinct questions handlers were asked so far."""
        return self._behaviour.calls

    def again(self) -> System:
        """Return the same system with nothing remembered, to run a schedule again independently."""
        return System(
            self.protocol,
            self.faults,
            timeouts=self.timeouts,
            network=self.network,
            fairness=self.fairness,
        )

    def is_final(self, world: World) -> bool:
        """Return whether the protocol may end in this world."""
        return self.protocol.is_final(world)

    @property
    def declares_final(self) -> bool:
        """Whether the protocol says what a proper end is."""
        return self.protocol.declares_final()

    def spent(self, world: World) -> tuple[str, ...]:
        """Return the fault budgets that are used up in a world, of those that were given any."""
        return tuple(
            kind
            for kind, budget, left in zip(FAULT_KINDS, self._budgets(), world.left, strict=True)
            if budget and not left
        )

    # The transition system.

    def initial(self) -> Iterator[World]:
        """Yield the worlds at the start."""
        left = tuple(0 if budget is None else budget.count for budget in self._budgets())
        can_crash = bool(self.faults.crashes)
        for number, start in enumerate(self._starts):
            yield World(
                roster=self.roster,
                states=tuple(start.values()),
                up=(True,) * len(start),
                mailboxes=(self.network.empty_mailbox(),) * len(start),
                cut_off=None,
                left=left,
                memory=self._memory,
                start=number if can_crash else 0,
            )

    def steps(self, world: World) -> Iterator[tuple[Action, World]]:
        """Yield every step that can be taken in a world, faults last."""
        is_quiet = True
        for outcome in self._ordinary(world):
            for action, after in self._taken(world, outcome):
                if not action.crashed and _moves(world, after):
                    is_quiet = False
                yield action, after
        for action, after in self._drops(world):
            is_quiet = False
            yield action, after
        for outcome in self._timeouts(world, is_quiet):
            yield from self._taken(world, outcome)
        yield from self._repairs(world)
        yield from self._faults(world)

    def _ordinary(self, world: World) -> Iterator[Outcome]:
        """Yield what nodes may do of their own accord, on messages, and on true suspicions."""
        for _, state, is_up in self._cast(world):
            if is_up:
                yield from self._behaviour.on_occasion(Occasion.CHOICE, state)
        for name, state, is_up in self._cast(world):
            if is_up:
                for envelope in world.mailboxes[self.roster.position[name]].deliverable():
                    if world.can_reach(envelope.sender, name):
                        yield from self._behaviour.on_delivery(state, envelope)
        if not all(world.up):
            for _, state, is_up in self._cast(world):
                for other in self.roster.names:
                    if is_up and not world.is_up(other):
                        yield from self._behaviour.on_suspicion(state, other, is_false=False)

    def _drops(self, world: World) -> Iterator[tuple[Action, World]]:
        """Yield messages arriving at a node that is down, if it could come up again and miss them.

        Where it stays down for good, it makes no difference whether they arrived.
        """
        if self.network is Network.SET or not self._has_left(world, "restarts"):
            return
        for name, _, is_up in self._cast(world):
            if is_up or not self._concerns(self.faults.restarts, name):
                continue
            mailbox = world.mailboxes[self.roster.position[name]]
            for envelope in mailbox.deliverable():
                if world.can_reach(envelope.sender, name):
                    action = Action(Kind.DROP, envelope=envelope)
                    yield self._observed(world, action, self._emptied(world, envelope))

    def _timeouts(self, world: World, is_quiet: bool) -> Iterator[Outcome]:
        """Yield the time-outs that may fire.

        A late one fires only when nothing else can happen, and not while a node that it waits for is itself
        about to time out: that node will act first. If they wait for each other in a circle, any may be first.
        A time-out that changes nothing keeps nobody waiting.
        """
        if self.timeouts is Timeouts.NEVER or (self.timeouts is Timeouts.LATE and not is_quiet):
            return
        armed = {
            name: self._behaviour.on_occasion(Occasion.TIMEOUT, state)
            for name, state, is_up in self._cast(world)
            if is_up
        }
        ready = [outcome for outcomes in armed.values() for outcome in outcomes]
        if self.timeouts is Timeouts.LATE:
            acting = {
                name for name, outcomes in armed.items() if any(self._changes(world, one) for one in outcomes)
            }
            first = [
                outcome
                for outcome in ready
                if not any(
                    name in acting and world.can_reach(name, _actor(outcome)) for name in outcome.awaited
                )
            ]
            if any(self._changes(world, outcome) for outcome in first):
                ready = first
        yield from ready

    def _changes(self, world: World, outcome: Outcome) -> bool:
        """Return whether a node's step, if no crash cuts it short, changes anything."""
        _, after = next(self._taken(world, outcome))
        return _moves(world, after)

    def _repairs(self, world: World) -> Iterator[tuple[Action, World]]:
        if self._has_left(world, "restarts") and not all(world.up):
            for name, state, is_up in self._cast(world):
                if not is_up and self._concerns(self.faults.restarts, name):
                    risen = _spent(_with(world, name, is_up=True), "restarts")
                    outcomes = self._behaviour.on_occasion(Occasion.RESTART, state)
                    if not outcomes:
                        yield self._observed(world, Action(Kind.RESTART, node=name), risen, name)
                    for outcome in outcomes:
                        yield from self._taken(risen, outcome, before=world)
        if world.is_partitioned and (self.faults.heals is None or self._has_left(world, "heals")):
            healed = evolve(world, cut_off=None)
            if self.faults.heals is not None:
                healed = _spent(healed, "heals")
            yield self._observed(world, Action(Kind.HEAL), healed)

    def _faults(self, world: World) -> Iterator[tuple[Action, World]]:
        if self._has_left(world, "suspicions"):
            for name, state, is_up in self._cast(world):
                for other in self.roster.names:
                    if (
                        is_up
                        and other != name
                        and world.is_up(other)
                        and self._concerns(self.faults.suspicions, other)
                    ):
                        for outcome in self._behaviour.on_suspicion(state, other, is_false=True):
                            yield from self._taken(_spent(world, "suspicions"), outcome, before=world)
        if self.network is not Network.SET:
            yield from self._message_faults(world)
        if self._has_left(world, "crashes"):
            for name, _, is_up in self._cast(world):
                if is_up and self._concerns(self.faults.crashes, name):
                    yield self._observed(
                        world, Action(Kind.CRASH, node=name), self._crashed(world, name), name
                    )
        if self._has_left(world, "partitions") and not world.is_partitioned:
            for side in self._splits:
                split = _spent(evolve(world, cut_off=side), "partitions")
                yield self._observed(world, Action(Kind.PARTITION, sides=split.sides), split)

    def _message_faults(self, world: World) -> Iterator[tuple[Action, World]]:
        for position, mailbox in enumerate(world.mailboxes):
            for envelope in dict.fromkeys(mailbox.content()):
                if self._has_left(world, "losses") and self._concerns(self.faults.losses, envelope):
                    for number, box in enumerate(mailbox.lost(envelope)):
                        boxes = _replaced(world.mailboxes, position, box)
                        lost = _spent(evolve(world, mailboxes=boxes), "losses")
                        action = Action(Kind.LOSS, envelope=envelope, outcome=number)
                        yield self._observed(world, action, lost)
                if self._has_left(world, "duplicates") and self._concerns(self.faults.duplicates, envelope):
                    for number, box in enumerate(mailbox.repeated(envelope)):
                        boxes = _replaced(world.mailboxes, position, box)
                        copied = _spent(evolve(world, mailboxes=boxes), "duplicates")
                        action = Action(Kind.DUPLICATION, envelope=envelope, outcome=number)
                        yield self._observed(world, action, copied)

    # Taking a step.

    def _taken(
        self, world: World, outcome: Outcome, before: World | None = None
    ) -> Iterator[tuple[Action, World]]:
        """Yield a node's step, and the same step cut short by a crash wherever the budget allows one."""
        name = _actor(outcome)
        action = outcome.action
        base = world
        if action.kind is Kind.DELIVERY and action.envelope:
            base = self._emptied(world, action.envelope)
        written = _with(base, name, state=outcome.state)
        yield self._observed(before or world, action, self._posted(written, action.sent), name)
        if (
            outcome.interrupted
            and self._has_left(world, "crashes")
            and self._concerns(self.faults.crashes, name)
        ):
            for cut in outcome.interrupted:
                gone = self._crashed(written if cut.wrote else base, name)
                yield self._observed(before or world, cut, self._posted(gone, cut.sent), name)

    def _posted(self, world: World, envelopes: tuple[Envelope, ...]) -> World:
        if not envelopes:
            return world
        boxes = list(world.mailboxes)
        for envelope in envelopes:
            position = self.roster.position[envelope.to]
            boxes[position] = boxes[position].put(envelope)
        return evolve(world, mailboxes=tuple(boxes))

    def _emptied(self, world: World, envelope: Envelope) -> World:
        position = self.roster.position[envelope.to]
        return evolve(
            world, mailboxes=_replaced(world.mailboxes, position, world.mailboxes[position].take(envelope))
        )

    def _crashed(self, world: World, name: NodeId) -> World:
        left = after_crash(world[name], self._starts[world.start][name])
        return _spent(_with(world, name, state=left, is_up=False), "crashes")

    def _observed(
        self, before: World, action: Action, after: World, name: NodeId | None = None
    ) -> tuple[Action, World]:
        if not after.memory:
            return action, after
        event = Event(action, before[name] if name else None, after[name] if name else None)
        memory = tuple(
            _watching(label, observer, event)
            for label, observer in zip(self.roster.observers, after.memory, strict=True)
        )
        return action, evolve(after, memory=memory)

    # Names, budgets and splits.

    def _cast(self, world: World) -> Iterator[tuple[NodeId, Node, bool]]:
        return zip(self.roster.names, world.states, world.up, strict=True)

    def _budgets(self) -> Iterator[Budget | None]:
        for kind in FAULT_KINDS:
            yield getattr(self.faults, kind)

    def _has_left(self, world: World, kind: str) -> bool:
        return world.left[FAULT_KINDS.index(kind)] > 0

    def _concerns(self, budget: Budget, struck: NodeId | Envelope) -> bool:
        """Return whether a budget's restriction names a node, or a message or one of its ends."""
        if not budget.only:
            return True
        if isinstance(struck, Envelope):
            message = type(struck.message)
            words = {base.__name__ for base in message.__mro__} | {hyphenated(message.__name__)}
            ends: tuple[NodeId, ...] = (struck.sender, struck.to)
        else:
            words, ends = set(), (struck,)
        for end in ends:
            words |= {end, self._roles[end], *(kind.__name__ for kind in type(self._starts[0][end]).__mro__)}
        return any(word in words for word in budget.only)

    def _check_budgets(self) -> None:
        nodes = {*self.roster.names, *self._roles.values()}
        nodes |= {base.__name__ for kind in self._kinds for base in kind.__mro__ if issubclass(base, Node)}
        handled = message_types(self._kinds)
        messages = {base.__name__ for kind in handled for base in kind.__mro__}
        for kind in _with_subclasses(handled):
            messages |= {kind.__name__, hyphenated(kind.__name__)}
        for fault, budget in self.faults:
            known = nodes | messages if fault in ("losses", "duplicates") else nodes
            for word in budget.only:
                if word not in known:
                    raise UsageError(
                        f"{fault}: {self.protocol.title()} has nothing called '{word}'.{did_you_mean(word, known)} "
                        f"Known: {', '.join(sorted(known - {'Node', 'object', 'Message'}, key=order_key))}."
                    )

    def _check_fairness(self) -> None:
        known = {
            handler.name
            for kind in self._kinds
            for occasion in (Occasion.CHOICE, Occasion.TIMEOUT)
            for handler in handlers_for(kind, occasion)
        }
        for name in sorted(self.fairness.exempt - known):
            raise UsageError(
                f"fairness: {self.protocol.title()} has no choice or time-out called '{name}'."
                f"{did_you_mean(name, known)} Known: {', '.join(sorted(known)) or 'none'}."
            )

    def _partitions(self) -> Iterator[frozenset[NodeId]]:
        """Yield each split of the network into two sides, by the side without the first node."""
        if not self.faults.partitions:
            return
        others = self.roster.names[1:]
        for size in range(1, len(others) + 1):
            for side in itertools.combinations(others, size):
                cut_off = frozenset(side)
                rest = frozenset(self.roster.names) - cut_off
                if any(
                    all(self._concerns(self.faults.partitions, name) for name in half)
                    for half in (cut_off, rest)
                ):
                    yield cut_off

    def __str__(self) -> str:
        return str(self.protocol)

    @property
    def bounds(self) -> str:
        """The bounds in words, e.g. "crashes ≤ 1, late time-outs, bag network"."""
        spent = [f"{kind} ≤ {budget}" for kind, budget in self.faults if budget or kind == "heals"]
        return ", ".join(
            [*(spent or ["no faults"]), f"{self.timeouts.value} time-outs", f"{self.network.value} network"]
        )


def _chosen(kind: type[E], word: E | str) -> E:
    """Return the member of an enum that a word names."""
    try:
        return kind(word)
    except ValueError:
        words = [member.value for member in kind]
        raise UsageError(
            f"unknown {kind.__name__.lower()} '{word}'.{did_you_mean(str(word), words)} Known: {', '.join(words)}."
        ) from None


def _starts(protocol: Protocol) -> list[Mapping[NodeId, Node]]:
    made: Any = None
    try:
        made = protocol.nodes()
        starts = [made] if isinstance(made, Mapping) or not isinstance(made, Iterable) else list(made)
    except EverywayError:
        raise
    except NotImplementedError as error:
        raise ModelError(f"{error}.") from error
    except Exception as error:
        hint = ""
        if isinstance(error, TypeError) and "__init__()" in str(error):
            hint = "\nIs the class that it makes decorated with @frozen?"
        raise ModelError(
            f"{type(protocol).__name__}.nodes raised {type(error).__name__}: {error} ({origin(error)}).{hint}"
        ) from error
    if not starts or not all(isinstance(start, Mapping) and start for start in starts):
        is_empty = not starts or any(isinstance(start, Mapping) and not start for start in starts)
        told = "no nodes" if is_empty else type(made).__name__
        raise ModelError(
            f"{type(protocol).__name__}.nodes returned {told}, but it returns the nodes by name, "
            f"such as {{'C': Coordinator(...), 'P1': Participant(...)}}, or several such mappings."
        )
    return starts


def _named(protocol: Protocol, start: Mapping[NodeId, Node]) -> dict[NodeId, Node]:
    named: dict[NodeId, Node] = {}
    for name, node in start.items():
        place = f"{type(protocol).__name__}.nodes: node '{name}'"
        if not isinstance(name, str) or not name:
            raise ModelError(f"{place}: a node's name is a word such as 'P1', not {name!r}.")
        if not isinstance(node, Node):
            hint = f" Write {node.__name__}(...)." if isinstance(node, type) else ""
            raise ModelError(
                f"{place} is a {type(node).__name__}, not an instance of a subclass of Node.{hint}"
            )
        check_declared(type(node))
        named[name] = evolve(node, id=name)
        try:
            hash(named[name])
        except TypeError:
            raise ModelError(
                f"{place}: {type(node).__name__} holds a value that can be changed in place.\n"
                f"Use a tuple instead of a list, a frozenset instead of a set, a tuple of pairs instead of a dict."
            ) from None
    return named


def _observers(protocol: Protocol) -> dict[str, Observer]:
    observers = dict(protocol.observers())
    for name, observer in observers.items():
        if not isinstance(observer, Observer):
            raise ModelError(
                f"{type(protocol).__name__}.observers: '{name}' is a {type(observer).__name__}, not an Observer."
            )
        check_declared(type(observer))
    return observers


def _watching(name: str, observer: Observer, event: Event) -> Observer:
    try:
        after = observer.observe(event)
        hash(after)
    except Exception as error:
        raise ModelError(
            f"observer {name}: {type(observer).__name__}.observe raised {type(error).__name__}: {error} "
            f"on '{event.action}'."
        ) from error
    if not isinstance(after, Observer):
        raise ModelError(
            f"observer {name}: {type(observer).__name__}.observe returned {type(after).__name__}; it returns the "
            f"observer's next state, or self."
        )
    return after


def _with_subclasses(kinds: Iterable[type]) -> Iterator[type]:
    for kind in kinds:
        yield kind
        yield from _with_subclasses(type.__subclasses__(kind))


def _actor(outcome: Outcome) -> NodeId:
    return outcome.state.id


def _moves(before: World, after: World) -> bool:
    """Return whether a step changes anything but an observer's memory."""
    return before.states != after.states or before.mailboxes != after.mailboxes


def _replaced(items: tuple[Any, ...], position: int, item: Any) -> tuple[Any, ...]:
    return (*items[:position], item, *items[position + 1 :])


def _with(world: World, name: NodeId, state: Node | None = None, is_up: bool | None = None) -> World:
    position = world.roster.position[name]
    if state is not None and state is not world.states[position]:
        world = evolve(world, states=_replaced(world.states, position, state))
    if is_up is not None:
        world = evolve(world, up=_replaced(world.up, position, is_up))
    return world


def _spent(world: World, kind: str) -> World:
    position = FAULT_KINDS.index(kind)
    return evolve(world, left=_replaced(world.left, position, world.left[position] - 1))
