"""What properties say, as tries over the components that their predicates look at.

A predicate is run with its reads recorded (``reads.py``). Its answer is kept under the values of what it read, each
component projected to the field that was read: any other row with the same ones gets the same answer without
running it. A node of a trie tests one projected component; its children are an array, so that a look-up is a few
loads. Nodes are never wrong for a row, only finer than need be, so any order of tests is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from attrs import define, field

from everyway.explorer.reads import Parts, Read
from everyway.explorer.recording import Recorder
from everyway.explorer.watching import unwatched
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.action import Action
from everyway.models.language.errors import ModelError, UsageError
from everyway.models.language.network import Mailbox
from everyway.models.language.world import World

from . import codes
from .model_tables import ModelTables
from .packing import pieces
from .projections import Projections, Test
from .regions import Region
from .settled import ENOUGH, Settled
from .symmetry import NotSymmetricError

MOST_SHORTCUT_BITS = 20
"""So many bits may what a property looks at have for a shortcut; those that come up should fit the caches."""


@define(eq=False)
class Root:
    """Where a trie begins; a whole trie is kept twice, here for Python and in the pool for the kernel."""

    child: Branch | int | None = None
    """A test, or what the property says of everything; None as long as nothing is known."""


@define(eq=False)
class Branch:
    """A node of a trie: a test, and by what it sees either another or what the property says."""

    number: int
    test: Test
    children: dict[int, Branch | int] = field(factory=dict)
    base: int = 0
    capacity: int = 0


class Tries:
    """The tries of some properties over the tables of a model.

    Args:
        tables: the model's tables.
        properties: the properties; those of steps are kept apart from those of states.
    """

    def __init__(self, tables: ModelTables, properties: Sequence[Property]) -> None:
        if len(properties) > codes.MOST_PROPERTIES:
            raise UsageError(
                f"{len(properties)} properties are too many for one check on tables: {codes.MOST_PROPERTIES} at most. "
                f"Check some at a time, or take the reference engine."
            )
        self._tables = tables
        self._pool = tables.pool
        self.of_states = [p for p in properties if p.kind is not PropertyKind.EVERY_STEP]
        self.of_steps = [p for p in properties if p.kind is PropertyKind.EVERY_STEP]
        self.calls = 0
        """How often a predicate was run."""
        self._tries = Region(self._pool, codes.TRIE_STRIDE, 0, codes.TRIES)
        self._count = 0
        self._projections = Projections(tables)
        self._state_roots = Region(self._pool, 1, codes.MISS, codes.STATE_ROOTS)
        self._state_roots.need(len(self.of_states))
        self._step_bases = Region(self._pool, 1, 0, codes.STEP_ROOTS)
        self._step_bases.need(len(self.of_steps))
        self._step_roots = [
            Region(self._pool, 1, codes.MISS, self._told_step(p)) for p in range(len(self.of_steps))
        ]
        self._state_tries = [Root() for _ in self.of_states]
        self._tested: list[dict[int, None]] = [{} for _ in self.of_states]
        """The components that anything in each property's trie tests."""
        self._shortcuts = Region(self._pool, codes.SHORTCUT_STRIDE, 0, codes.SHORTCUTS)
        self._shortcuts.need(len(self.of_states))
        self._cut_for: list[Any] = [None for _ in self.of_states]
        """What each property's shortcut was made for."""
        self._answers = [Region(self._pool, 1, 0, _told_nobody) for _ in self.of_states]
        self._settled: dict[int, Settled] = {}
        """The properties that are settled; what they say is in no trie."""
        self._candidates: dict[int, Settled | None] = {}
        """Those that may be settled one day, with what they said so far; None for those that may not."""
        self._step_tries: list[dict[Hashable, Root]] = [{} for _ in self.of_steps]
        """By what is looked at of an action: other actions that show the same share a trie."""
        self._looked_at: list[tuple[str, ...]] = [() for _ in self.of_steps]
        """The attributes of actions that each property has ever looked at."""
        self._covering: dict[tuple[int, Read], list[Test]] = {}
        self._reads_messages: set[Property] = set()
        self._recorder = Recorder()
        self._channels = len(tables.channels)
        self._pool.head[codes.STATE_PROPERTIES] = len(self.of_states)
        self._pool.head[codes.STEP_PROPERTIES] = len(self.of_steps)

    def _told_step(self, p: int) -> Callable[[int], None]:
        return lambda base: self._step_bases.put(p, base)

    def keep_up(self) -> None:
        """Make room for moves that are new, and forget what was said before a channel was known."""
        for region in self._step_roots:
            region.need(self._tables.moves)
        if self._channels == len(self._tables.channels):
            return
        self._channels = len(self._tables.channels)
        # What was read of the messages in flight did not cover the new channel.
        for p, prop in enumerate(self.of_states):
            if prop in self._reads_messages:
                self._state_roots.put(p, codes.MISS)
                self._state_tries[p] = Root()
        self._covering.clear()
        for p, prop in enumerate(self.of_steps):
            if prop in self._reads_messages:
                self._forget_steps(p)

    def _forget_steps(self, p: int) -> None:
        """Forget what a property said of steps."""
        region = self._step_roots[p]
        self._step_tries[p] = {}
        self._pool.items[region.base : region.base + region.capacity] = codes.MISS

    def lay_shortcuts(self) -> None:
        """See that a property that looks at few values has a shortcut: its answers by what these values are together.

        The kernel notes there what it found in the trie, which takes a look-up for each value. Of a settled property
        all answers are there already.
        """
        tables = self._tables
        components = tables.components
        for p in range(len(self.of_states)):
            settled = self._settled.get(p)
            tested = settled.components if settled else self._tested[p]
            # No more than they have in a row: there may be values that no row has yet.
            places = tables.layout.places
            bits = {k: min((len(components[k]) - 1).bit_length(), places[k][2]) for k in tested}
            made_for = (tables.layout, bits)
            if made_for == self._cut_for[p]:
                continue
            self._cut_for[p] = made_for
            width = sum(bits.values())
            moving: Sequence[tuple[int, int, int, int]] = ()
            if 0 < width <= MOST_SHORTCUT_BITS:
                every = [bits.get(k, 0) for k in range(len(places))]
                moving = pieces(tables.layout, sorted(bits), every)
            if not 0 < len(moving) <= codes.MOST_PIECES or (settled and not settled.is_worthwhile):
                self._shortcuts.put(p, 0)
                self._unsettle(p)
                continue
            answers = self._answers[p]
            answers.need(1 << width)
            self._pool.items[answers.base : answers.base + (1 << width)] = codes.MISS if settled else 0
            if settled:
                numbers, said_of_them = settled.lay(tables.layout, bits, moving)
                self._pool.items[answers.base + numbers] = codes.LEAF - said_of_them
            flat = [number for piece in moving for number in piece]
            self._shortcuts.put(p, [answers.base, int(settled is not None), len(moving), *flat])

    def learn(self, misses: Sequence[tuple[int, int, int, list[int]]]) -> None:
        """Run predicates on what was missed, and keep each answer for all that looks alike to the predicate.

        Args:
            misses: for each the kernel's word for it, the property's number, the move's if the property is one of
                steps, and the row; for a step the row before it and the row after it behind each other.
        """
        while misses:
            misses = self._learn_recorded(self._learn_settled(misses))

    def _learn_settled(
        self, misses: Sequence[tuple[int, int, int, list[int]]]
    ) -> Sequence[tuple[int, int, int, list[int]]]:
        """Learn what is missed of settled properties; return the other misses."""
        left = misses
        for p, settled in list(self._settled.items()):
            rest = [miss for miss in left if miss[0] != codes.ASK_STATE or miss[1] != p]
            if len(rest) == len(left):
                continue
            words = self._tables.layout.words
            rows = [miss[3][:words] for miss in left if miss[0] == codes.ASK_STATE and miss[1] == p]
            learned = settled.learn(rows, partial(self._run, self.of_states[p]))
            if learned is None:
                self._unsettle(p)
                continue
            numbers, bits = learned
            left = rest
            answers = self._answers[p]
            for number, says in zip(numbers, bits, strict=True):
                answers.put(number, codes.LEAF - says)
        return left

    def _run(self, prop: Property, *arguments: Any) -> int:
        """Run a property's predicate; return what it says, as the bits of a leaf."""
        self.calls += 1
        return said(prop, *arguments)

    def _settle(self, p: int, reads: Sequence[Read], values: Sequence[int], bits: int) -> bool:
        """Note what was read for an answer; return whether the property is settled now."""
        if p not in self._candidates:
            self._candidates[p] = Settled.candidate(self._tables, self._projections, reads)
        candidate = self._candidates[p]
        if candidate is None or self._tables.symmetry is not None:
            return False
        if candidate.reads != frozenset(reads):
            self._candidates[p] = None
            return False
        candidate.answers[tuple([values[k] for k in candidate.components])] = bits
        if len(candidate.answers) < ENOUGH:
            return False
        self._candidates[p] = None
        self._settled[p], self._cut_for[p] = candidate, None
        self.lay_shortcuts()  # or unsettle it, if it has none or is not worth it
        return p in self._settled

    def _unsettle(self, p: int) -> None:
        """Put what a property said that is settled no longer into a trie, as it is for all others."""
        settled = self._settled.pop(p, None)
        if settled is None:
            return
        root, slot = Root(), self._state_roots.base + p
        self._state_tries[p], self._tested[p], self._cut_for[p] = root, {}, None
        self._state_roots.put(p, codes.MISS)
        for values, bits in settled.answers.items():
            tests = {self._projections.test(0, k): None for k in settled.components}
            row = [0] * len(self._tables.components)
            for k, value in zip(settled.components, values, strict=True):
                row[k] = value
            self._keep(root, slot, tests, bits, [row], self._tested[p])

    def _learn_recorded(
        self, misses: Sequence[tuple[int, int, int, list[int]]]
    ) -> Sequence[tuple[int, int, int, list[int]]]:
        """Learn what is missed until a property is settled; return the misses that are left then."""
        words = self._tables.layout.words
        with self._recorder.listening():
            for number, (kind, p, move, row) in enumerate(misses):
                if kind == codes.ASK_STEP:
                    self._learn_step(p, move, row[:words], row[words:])
                elif self._learn_state(p, row[:words]):
                    return misses[number + 1 :]
        return ()

    def _learn_state(self, p: int, row: Sequence[int]) -> bool:
        """Run a property's predicate on a row, and keep the answer; return whether the property is settled now."""
        prop, root = self.of_states[p], self._state_tries[p]
        values = self._tables.layout.unpacked(row)
        if root.child is not None and self._find(root, [values]) is not None:
            return False
        self.calls += 1
        bits, reads = self._asked(prop, [values], None)
        tests = self._tests_for(prop, reads)
        self._keep(root, self._state_roots.base + p, tests, bits, [values], self._tested[p])
        return self._settle(p, reads, values, bits)

    def _learn_step(self, p: int, move: int, before: Sequence[int], after: Sequence[int]) -> None:
        """Do the same for a property of steps, and a step between two rows."""
        prop, action = self.of_steps[p], self._tables.actions[move]
        assert action is not None, "a step has an action"
        slot = self._step_roots[p].base + move
        values = [self._tables.layout.unpacked(row) for row in (before, after)]
        root = self._step_root(p, action)
        if root.child is None or self._find(root, values) is None:
            self.calls += 1
            bits, reads = self._asked(prop, values, action)
            new = {read.field for read in reads if read.part == "action"} - set(self._looked_at[p])
            if new:
                # What was said so far may hold only for actions that are alike in this too.
                self._forget_steps(p)
                self._looked_at[p] += tuple(sorted(new))
                root = self._step_root(p, action)
            tests = self._tests_for(prop, [read for read in reads if read.part != "action"])
            self._keep(root, slot, tests, bits, values)
        child = root.child
        self._pool.items[slot] = child.number if isinstance(child, Branch) else codes.LEAF - (child or 0)

    def _step_root(self, p: int, action: Action) -> Root:
        """Return where the trie of a property of steps begins for an action."""
        alike = tuple(getattr(action, name) if name else action for name in self._looked_at[p])
        return self._step_tries[p].setdefault(alike, Root())

    def _asked(
        self, prop: Property, values: Sequence[Sequence[int]], action: Any
    ) -> tuple[int, Sequence[Read]]:
        """Return what a property says of a row, or of a step between two, and what it read for that.

        Where nodes are interchangeable it must say the same under other names; what it then reads counts as well, for
        the answer is kept for every state that stands for others.
        """
        tables = self._tables
        bits, reads = self._recorded(prop, [tables.worlds.parts_of(one) for one in values], action, values)
        if tables.symmetry is not None:
            worlds = [tables.worlds.of(one) for one in values]
            arguments: list[Any] = worlds if action is None else [worlds[0], action, worlds[1]]
            for others, here in tables.symmetry.alternatives(arguments):
                deed = None if action is None else others.pop(1)
                says, more = self._recorded(prop, [Parts.of(other) for other in others], deed, None)
                if says != bits:
                    raise NotSymmetricError(f"'{prop.name}' tells {tables.symmetry.told} apart")
                reads = [*reads, *map(here, more)]
        return bits, reads

    def _recorded(
        self, prop: Property, worlds: Sequence[Parts], action: Any, values: Sequence[Sequence[int]] | None
    ) -> tuple[int, Sequence[Read]]:
        """Return what a property says of a state, or of a state, an action and a state, and what it read of them.

        With the values of their rows given, the worlds lack what is in flight.
        """
        tables = self._tables
        in_flight = None
        if values is not None:
            rows = values

            def in_flight(number: int) -> tuple[Mailbox, ...]:
                return tables.worlds.in_flight(rows[number])

        try:
            if action is None:
                return self._recorder.recorded(worlds, lambda world: said(prop, world), in_flight=in_flight)
            return self._recorder.recorded(
                worlds, lambda was, now, deed: said(prop, was, deed, now), action, in_flight
            )
        except ModelError:
            with unwatched():
                told = [World(*parts) for parts in worlds]
                if values is not None:
                    told = [tables.worlds.of(one) for one in values]
                # Raises the same, from the line of the user's own code.
                said(prop, *(told if action is None else (told[0], action, told[1])))
            raise

    def _find(self, root: Root, values: Sequence[Sequence[int]]) -> int | None:
        """Return what a trie says of a row, given as its values; None if it does not know."""
        node = root.child
        while isinstance(node, Branch):
            node = node.children.get(self._projections.shown(node.test, values))
        return node

    def _keep(
        self,
        root: Root,
        slot: int,
        remaining: dict[Test, None],
        bits: int,
        values: Sequence[Sequence[int]],
        tested: dict[int, None] | None = None,
    ) -> None:
        """Keep an answer under the values of what was read for it; the pool's trie and ours grow alike.

        Args:
            root: the trie.
            slot: where in the pool it is rooted.
            remaining: the tests that cover what was read.
            bits: the answer.
            values: the values of the row; of a step those of both rows.
            tested: takes the components that are tested for it.
        """
        parent: Root | Branch = root
        key = 0
        while True:
            node = parent.child if isinstance(parent, Root) else parent.children.get(key)
            if isinstance(node, int):
                return
            if node is None:
                if not remaining:
                    node = bits
                    self._pool.items[slot] = codes.LEAF - bits
                else:
                    test = next(iter(remaining))
                    node = Branch(self._new_node(test), test)
                    if tested is not None:
                        tested[test.component] = None
                    self._pool.items[slot] = node.number
                if isinstance(parent, Root):
                    parent.child = node
                else:
                    parent.children[key] = node
                if isinstance(node, int):
                    return
            remaining.pop(node.test, None)
            key = self._projections.shown(node.test, values)
            if key >= node.capacity:
                self._widen(node, key + 1)
            slot = node.base + key
            parent = node

    def _new_node(self, test: Test) -> int:
        node = self._count
        self._count += 1
        self._tries.need(node + 1)
        self._tries.put(node, [test.side, test.component, test.projection, 0, 0])
        return node

    def _widen(self, node: Branch, count: int) -> None:
        """See that a node of a trie has room for so many children."""
        wider = max(2, 2 * node.capacity, count)
        base = self._pool.room(wider, codes.MISS)
        self._pool.items[base : base + node.capacity] = self._pool.items[
            node.base : node.base + node.capacity
        ]
        node.base, node.capacity = base, wider
        self._tries.put(node.number, [base, wider], codes.TRIE_CHILDREN)

    def _tests_for(self, prop: Property, reads: Sequence[Read]) -> dict[Test, None]:
        """Return the tests that cover what was read."""
        return {test: None for read in reads for test in self._covered(prop, read)}

    def _covered(self, prop: Property, read: Read) -> list[Test]:
        """Return the tests that cover a read."""
        key = (id(prop), read)
        if key not in self._covering:
            self._covering[key] = self._covering_tests(prop, read)
        return self._covering[key]

    def _covering_tests(self, prop: Property, read: Read) -> list[Test]:
        tables = self._tables
        if read.part != "messages":
            return [self._projections.test_of(read)]
        self._reads_messages.add(prop)
        first = len(tables.nodes) + 1 + len(tables.observers)
        return [
            self._projections.test(read.world, first + channel)
            for channel, (_, to) in enumerate(tables.ends)
            if to == read.position
        ]


def _told_nobody(_: int) -> None:
    """Where a property's answers are is written with the shortcut."""


def said(prop: Property, *arguments: Any) -> int:
    """Return what a property says of a state or a step, as the bits of a leaf."""
    if prop.kind in (PropertyKind.POSSIBLE, PropertyKind.RECOVERABLE, PropertyKind.ATOM):
        return codes.SAYS_FOUND if prop.judge(*arguments) is None else 0
    if not prop.is_premise_met(*arguments):
        return 0
    return codes.SAYS_PREMISE | (codes.SAYS_FOUND if prop.judge(*arguments) is not None else 0)
