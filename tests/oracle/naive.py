"""The semantics once more, naively: written from what the language promises, and sharing no code with it.

It reads the scripts of ``generated_systems.py`` and knows nothing of ``System``. A state is a plain tuple; what
can happen is spelled out sentence by sentence; nothing is remembered between two questions. The deciders below
follow the definitions of the properties rather than any algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

from generated_systems import (
    CHOICES,
    MESSAGE_HANDLERS,
    TIMEOUTS,
    Case,
    Note,
    Reply,
    Script,
    Sending,
)

KINDS = ("losses", "duplicates", "crashes", "restarts", "partitions", "heals", "suspicions")


class Letter(NamedTuple):
    """One message on its way."""

    sender: str
    to: str
    note: Note


class Actor(NamedTuple):
    """One node."""

    memory: int
    disk: int
    up: bool


class State(NamedTuple):
    """One global state."""

    actors: tuple[Actor, ...]
    flight: tuple[Letter, ...]
    """Bag and set: in alphabetical order. Fifo: pair by pair, and in each pair the oldest first."""
    cut: frozenset[str]
    """The side of the partition without the first node; empty if the network is whole."""
    left: tuple[int, ...]
    ledger: tuple[str, int, bool] | None
    start: int
    """Which start a crash wipes back to; 0 if nothing can crash."""


class Move(NamedTuple):
    """One thing that can happen."""

    what: str
    who: str
    is_fault: bool
    is_repair: bool
    after: State


class Model:
    """One case, interpreted."""

    def __init__(self, case: Case) -> None:
        self.names = [name for name, _ in case.protocol.scripts]
        self.scripts: dict[str, Script] = dict(case.protocol.scripts)
        self.starts = case.protocol.starts
        self.is_observed = case.protocol.is_observed
        self.network = case.network.value
        self.timeouts = case.timeouts.value
        self.budgets = {kind: getattr(case.faults, kind) for kind in KINDS}

    def initial(self) -> list[State]:
        left = tuple(0 if self.budgets[kind] is None else self.budgets[kind].count for kind in KINDS)
        can_crash = left[KINDS.index("crashes")] > 0
        found: list[State] = []
        for number, start in enumerate(self.starts):
            actors = tuple(Actor(memory, disk, True) for memory, disk in start)
            ledger = ("", 0, False) if self.is_observed else None
            state = State(actors, (), frozenset(), left, ledger, number if can_crash else 0)
            if state not in found:
                found.append(state)
        return found

    def moves(self, state: State) -> list[Move]:
        """Everything that can happen."""
        ordinary = [*self.choices(state), *self.deliveries(state), *self.suspicions(state, are_true=True)]
        dropped = list(self.drops(state))
        # A step that changes nothing does not keep a late time-out from firing, and neither may a crash.
        is_busy = bool(dropped) or any(
            not move.is_fault and (move.after.actors, move.after.flight) != (state.actors, state.flight)
            for move in ordinary
        )
        moves = ordinary + dropped
        if self.timeouts == "early":
            moves += [move for name in self.names for _, move in self.timeouts_of(state, name)]
        elif self.timeouts == "late" and not is_busy:
            moves += self.late_timeouts(state)
        moves += self.restarts(state)
        moves += self.heals(state)
        moves += self.suspicions(state, are_true=False)
        moves += self.losses_and_duplicates(state)
        moves += self.crashes(state)
        moves += self.partitions(state)
        return moves

    # What nodes do.

    def choices(self, state: State) -> Iterator[Move]:
        for name in self.up(state):
            for handler in CHOICES:
                for reply in self.replies(state, name, handler) or ():
                    yield from self.taken(state, "choice", name, reply)

    def deliveries(self, state: State) -> Iterator[Move]:
        for letter in self.deliverable(state):
            if letter.to not in self.up(state) or not self.connected(state, letter.sender, letter.to):
                continue
            received = self.without(state, letter)
            offered: list[Reply] = []
            is_for_later = False
            for handler, message in MESSAGE_HANDLERS.items():
                if isinstance(letter.note, message):
                    about = {
                        "hear_ping": (letter.note.number, letter.sender),
                        "hear_pong": (letter.note.number,),
                        "hear_anything": (),
                    }[handler]
                    replies = self.replies(state, letter.to, handler, *about)
                    if replies is None:
                        is_for_later = True
                    else:
                        offered += replies
            for reply in offered:
                yield from self.taken(received, "delivery", letter.to, reply, before=state)
            if not offered and not is_for_later and self.network != "set":
                yield self.move(state, received, "delivery", letter.to)

    def suspicions(self, state: State, are_true: bool) -> Iterator[Move]:
        spent = state
        if not are_true:
            if not self.has(state, "suspicions"):
                return
            spent = self.spend(state, "suspicions")
        for name in self.up(state):
            for other in self.names:
                is_down = other not in self.up(state)
                if other == name or is_down != are_true:
                    continue
                if not are_true and not self.strikes("suspicions", self.node_words(other)):
                    continue
                for reply in self.replies(state, name, "doubt", other) or ():
                    yield from self.taken(
                        spent, "suspicion", name, reply, before=state, is_false=not are_true
                    )

    def timeouts_of(self, state: State, name: str) -> Iterator[tuple[str, Move]]:
        if name in self.up(state):
            for handler in TIMEOUTS:
                for reply in self.replies(state, name, handler) or ():
                    for move in self.taken(state, "time-out", name, reply):
                        yield handler, move

    def late_timeouts(self, state: State) -> list[Move]:
        """A time-out waits for the nodes that it awaits, if they can reach it and are about to time out themselves.

        Time-outs that change nothing count for nothing.
        """

        def is_change(move: Move) -> bool:
            return not move.is_fault and (move.after.actors, move.after.flight) != (
                state.actors,
                state.flight,
            )

        expiring = {name: list(self.timeouts_of(state, name)) for name in self.names}
        patient, impatient = [], []
        for name in self.names:
            awaited = self.scripts[name].awaits(state.actors[self.names.index(name)].memory)
            must_wait = any(
                any(is_change(move) for _, move in expiring[other]) and self.connected(state, other, name)
                for other in awaited
            )
            for handler, move in expiring[name]:
                if handler == "tire" and must_wait:
                    patient.append(move)
                else:
                    impatient.append(move)
        return impatient if any(map(is_change, impatient)) else impatient + patient

    def restarts(self, state: State) -> Iterator[Move]:
        if not self.has(state, "restarts"):
            return
        for name in self.names:
            if name in self.up(state) or not self.strikes("restarts", self.node_words(name)):
                continue
            old = state.actors[self.names.index(name)]
            risen = self.spend(self.with_actor(state, name, old._replace(up=True)), "restarts")
            replies = self.replies(risen, name, "rise") or ()
            if not replies:
                yield self.move(state, risen, "restart", name, is_repair=True)
            for reply in replies:
                yield from self.taken(risen, "restart", name, reply, before=state, is_repair=True)

    # What the environment does.

    def drops(self, state: State) -> Iterator[Move]:
        """Messages arrive at a node that is down, if it could come up again and would have missed them."""
        if self.network == "set" or not self.has(state, "restarts"):
            return
        for letter in self.deliverable(state):
            is_down = letter.to not in self.up(state)
            can_rise = self.strikes("restarts", self.node_words(letter.to))
            if is_down and can_rise and self.connected(state, letter.sender, letter.to):
                yield self.move(state, self.without(state, letter), "drop", "")

    def losses_and_duplicates(self, state: State) -> Iterator[Move]:
        if self.network == "set":
            return
        for letter in sorted(set(state.flight), key=repr):
            words = self.node_words(letter.sender) | self.node_words(letter.to)
            words |= {kind.__name__ for kind in type(letter.note).__mro__} | {
                type(letter.note).__name__.lower()
            }
            places = [place for place, other in enumerate(state.flight) if other == letter]
            if self.has(state, "losses") and self.strikes("losses", words):
                left = {state.flight[:place] + state.flight[place + 1 :] for place in places}
                for flight in left:
                    lost = self.spend(state._replace(flight=flight), "losses")
                    yield self.move(state, lost, "loss", "", is_fault=True)
            if self.has(state, "duplicates") and self.strikes("duplicates", words):
                more = {(*state.flight[:place], letter, *state.flight[place:]) for place in places}
                for flight in more:
                    copied = self.spend(state._replace(flight=flight), "duplicates")
                    yield self.move(state, copied, "duplication", "", is_fault=True)

    def crashes(self, state: State) -> Iterator[Move]:
        for name in self.up(state):
            if self.can_crash(state, name):
                yield self.move(state, self.crashed(state, name), "crash", name, is_fault=True)

    def partitions(self, state: State) -> Iterator[Move]:
        if not self.has(state, "partitions") or state.cut:
            return
        for size in range(1, len(self.names)):
            for side in combinations(self.names[1:], size):
                sides = (set(side), set(self.names) - set(side))
                if any(
                    all(self.strikes("partitions", self.node_words(name)) for name in half) for half in sides
                ):
                    split = self.spend(state._replace(cut=frozenset(side)), "partitions")
                    yield self.move(state, split, "partition", "", is_fault=True)

    def heals(self, state: State) -> Iterator[Move]:
        if not state.cut:
            return
        healed = state._replace(cut=frozenset())
        if self.budgets["heals"] is None:
            yield self.move(state, healed, "heal", "", is_repair=True)
        elif self.has(state, "heals"):
            yield self.move(state, self.spend(healed, "heals"), "heal", "", is_repair=True)

    # Taking a step.

    def replies(self, state: State, name: str, handler: str, *about: Any) -> tuple[Reply, ...] | None:
        script = self.scripts[name]
        if handler in script.without:
            return ()
        actor = state.actors[self.names.index(name)]
        return script.answer(handler, actor.memory, actor.disk, *about)

    def taken(
        self,
        state: State,
        what: str,
        name: str,
        reply: Reply,
        before: State | None = None,
        is_false: bool = False,
        is_repair: bool = False,
    ) -> Iterator[Move]:
        """The step itself, and, while crashes are left, the step with a crash between any two of its sends."""
        before = state if before is None else before
        old = state.actors[self.names.index(name)]
        new = Actor(
            old.memory if reply.memory is None else reply.memory,
            old.disk if reply.disk is None else reply.disk,
            old.up,
        )
        written = self.with_actor(state, name, new)
        everything = [Letter(name, to, send.note) for send in reply.sends for to in self.in_order(send)]
        yield self.move(before, self.posted(written, everything), what, name, is_false, is_repair)
        if everything and self.can_crash(state, name):
            for left in self.cut_short(name, reply):
                base = state if reply.sends_first else written
                after = self.posted(self.crashed(base, name), left)
                yield self.move(before, after, what, name, True, is_repair, is_crash=True)

    def cut_short(self, name: str, reply: Reply) -> list[list[Letter]]:
        """What may have left at a crash in the middle of a step.

        If the state is written first: anything but everything. If it is written last: anything but nothing.
        Neither is a crash in the middle; they are crashes before or after the step.
        """
        possible: list[list[Letter]] = []
        gone: list[Letter] = []
        for send in reply.sends:
            letters = [Letter(name, to, send.note) for to in self.in_order(send)]
            if isinstance(send.to, frozenset):
                parts = [
                    list(part) for size in range(len(letters) + 1) for part in combinations(letters, size)
                ]
            else:
                parts = [letters[:size] for size in range(len(letters) + 1)]
            possible += [gone + part for part in parts if gone + part not in possible]
            gone = gone + letters
        return [left for left in possible if (left if reply.sends_first else left != gone)]

    def in_order(self, send: Sending) -> list[str]:
        if isinstance(send.to, str):
            return [send.to]
        return sorted(send.to) if isinstance(send.to, frozenset) else list(send.to)

    def posted(self, state: State, letters: list[Letter]) -> State:
        flight = [*state.flight]
        for letter in letters:
            if self.network != "set" or letter not in flight:
                flight.append(letter)
        # A stable sort keeps each pair's queue in order.
        key = (lambda letter: letter[:2]) if self.network == "fifo" else repr
        return state._replace(flight=tuple(sorted(flight, key=key)))

    def without(self, state: State, letter: Letter) -> State:
        if self.network == "set":
            return state
        flight = list(state.flight)
        flight.remove(letter)
        return state._replace(flight=tuple(flight))

    def deliverable(self, state: State) -> list[Letter]:
        if self.network != "fifo":
            return sorted(set(state.flight), key=repr)
        oldest: dict[tuple[str, str], Letter] = {}
        for letter in state.flight:
            oldest.setdefault((letter.sender, letter.to), letter)
        return list(oldest.values())

    def crashed(self, state: State, name: str) -> State:
        old = state.actors[self.names.index(name)]
        memory = self.starts[state.start][self.names.index(name)][0]
        return self.spend(self.with_actor(state, name, Actor(memory, old.disk, False)), "crashes")

    def move(
        self,
        before: State,
        after: State,
        what: str,
        who: str,
        is_fault: bool = False,
        is_repair: bool = False,
        is_crash: bool = False,
    ) -> Move:
        if after.ledger is not None:
            writer, vanished, struck = after.ledger
            if who:
                place = self.names.index(who)
                if before.actors[place].disk != after.actors[place].disk:
                    writer = who
            if what in ("loss", "drop"):
                vanished = min(vanished + 1, 2)
            after = after._replace(ledger=(writer, vanished, struck or is_crash or what == "crash"))
        return Move(what + (" and crash" if is_crash else ""), who, is_fault, is_repair, after)

    # Small questions.

    def up(self, state: State) -> list[str]:
        return [name for name, actor in zip(self.names, state.actors, strict=True) if actor.up]

    def connected(self, state: State, one: str, other: str) -> bool:
        return (one in state.cut) == (other in state.cut)

    def has(self, state: State, kind: str) -> bool:
        return state.left[KINDS.index(kind)] > 0

    def can_crash(self, state: State, name: str) -> bool:
        return self.has(state, "crashes") and self.strikes("crashes", self.node_words(name))

    def spend(self, state: State, kind: str) -> State:
        left = [number - (which == kind) for which, number in zip(KINDS, state.left, strict=True)]
        return state._replace(left=tuple(left))

    def strikes(self, kind: str, words: set[str]) -> bool:
        only = self.budgets[kind].only
        return not only or any(word in words for word in only)

    def node_words(self, name: str) -> set[str]:
        return {name, "actor", "Actor", f"Actor{name}"}

    def with_actor(self, state: State, name: str, actor: Actor) -> State:
        actors = [
            actor if other == name else old for other, old in zip(self.names, state.actors, strict=True)
        ]
        return state._replace(actors=tuple(actors))


# The deciders.

Predicate = Callable[[State], bool]


class Space:
    """What can be reached within a depth, and what can be said of it; the definitions, taken literally."""

    def __init__(self, model: Model, max_depth: int | None = None, max_states: int = 100_000) -> None:
        self.model = model
        self.starts = model.initial()
        self.depths: dict[State, int] = dict.fromkeys(self.starts, 0)
        self.moves: dict[State, list[Move]] = {}
        layer, depth = self.starts, 0
        while layer and len(self.depths) <= max_states and (max_depth is None or depth < max_depth):
            depth += 1
            found: dict[State, None] = {}
            for state in layer:
                self.moves[state] = model.moves(state)
                found.update(
                    (move.after, None) for move in self.moves[state] if move.after not in self.depths
                )
            self.depths.update(dict.fromkeys(found, depth))
            layer = list(found)
        # Of the outermost states those are known completely that lead to nothing new.
        for state in layer:
            moves = model.moves(state)
            if all(move.after in self.depths for move in moves):
                self.moves[state] = moves
        self.cut = len(self.depths) - len(self.moves)
        self.is_complete = not self.cut

    @property
    def depth(self) -> int:
        return max(self.depths.values())

    @property
    def transitions(self) -> int:
        return sum(len(moves) for moves in self.moves.values())

    def nearest(self, predicate: Predicate) -> int | None:
        """The fewest steps to a state that satisfies the predicate."""
        return min((depth for state, depth in self.depths.items() if predicate(state)), default=None)

    def nearest_step(self, predicate: Callable[[State, Move], bool]) -> int | None:
        """The fewest steps of a schedule whose last step satisfies the predicate."""
        return min(
            (
                self.depths[state] + 1
                for state, moves in self.moves.items()
                if any(predicate(state, move) for move in moves)
            ),
            default=None,
        )

    def is_end(self, state: State) -> bool:
        """Whether nothing can happen any more, faults aside; unknown ends are none."""
        return state in self.moves and all(move.is_fault or move.after == state for move in self.moves[state])

    def trapped(self, goal: Predicate, repairs: bool) -> set[State]:
        """The states from which certainly no goal can be reached without faults: one forward search from each."""
        found = set()
        for origin in self.depths:
            seen, waiting = {origin}, [origin]
            is_hopeful = False
            while waiting and not is_hopeful:
                state = waiting.pop()
                is_hopeful = goal(state) or state not in self.moves
                for move in self.moves.get(state, ()):
                    if not move.is_fault and (repairs or not move.is_repair) and move.after not in seen:
                        seen.add(move.after)
                        waiting.append(move.after)
            if not is_hopeful:
                found.add(origin)
        return found
