"""What properties say, as tries over the components that their predicates look at.

A predicate is run with its reads recorded (``reads.py``). Its answer is kept under the values of what it read, each
component projected to the field that was read: any other row with the same ones gets the same answer without
running it. A node of a trie tests one projected component; its children are an array, so that a look-up is a few
loads. Nodes are never wrong for a row, only finer than need be, so any order of tests is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from attrs import define, field

from everyway.explorer.reads import Read, Recorder, unwatched
from everyway.invariants.property import Property, PropertyKind
from everyway.models.language.action import Action
from everyway.models.language.errors import ModelError, UsageError
from everyway.models.language.faults import FAULT_KINDS
from everyway.models.language.network import Mailbox
from everyway.models.language.world import World

from . import codes
from .model_tables import ModelTables
from .packing import pieces
from .regions import Region
from .symmetry import NotSymmetricError
from .values import NodeValue, Surroundings

MOST_SHORTCUT_BITS = 18
"""So many bits may what a property looks at have for a shortcut; its answers should fit the caches."""

Projection = tuple[int, str, str]
"""A component, what of it is read ("node", "up", ...), and the field; no field is the whole."""


@define(eq=False)
class Test:
    """One test: a component of the state before a step (side 0) or after it (side 1), and its projection."""

    side: int
    component: int
    projection: int
    seen: dict[int, int] | None
    """For each value the number of what the projection shows of it; None if it shows all."""


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
        self._cells = Region(self._pool, 2, 0, codes.PROJECTIONS)
        self._projections: dict[Projection, int] = {}
        self._classes: list[dict[Hashable, int]] = []
        self._regions: list[Region] = []
        self._readers: list[tuple[int, Callable[[Any], Hashable]]] = []
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
        self._step_tries: list[dict[Hashable, Root]] = [{} for _ in self.of_steps]
        """By what is looked at of an action: other actions that show the same share a trie."""
        self._looked_at: list[tuple[str, ...]] = [() for _ in self.of_steps]
        """The attributes of actions that each property has ever looked at."""
        self._seen: list[dict[int, int]] = []
        """For each projection the number of what it shows of each value; the pool has the same."""
        self._tests: dict[tuple[int, int, int], Test] = {}
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

        The kernel notes there what it found in the trie, which takes a look-up for each value.
        """
        tables = self._tables
        for p, tested in enumerate(self._tested):
            bits = {k: (len(tables.components[k]) - 1).bit_length() for k in tested}
            made_for = (tables.layout, bits)
            if made_for == self._cut_for[p]:
                continue
            self._cut_for[p] = made_for
            width = sum(bits.values())
            moving: Sequence[tuple[int, ...]] = ()
            if 0 < width <= MOST_SHORTCUT_BITS:
                every = [bits.get(k, 0) for k in range(len(tables.components))]
                moving = pieces(tables.layout, sorted(tested), every)
            if not 0 < len(moving) <= codes.MOST_PIECES:
                self._shortcuts.put(p, 0)
                continue
            answers = self._answers[p]
            answers.need(1 << width)
            self._pool.items[answers.base : answers.base + (1 << width)] = 0
            self._shortcuts.put(
                p, [answers.base, len(moving), *(number for piece in moving for number in piece)]
            )

    def learning(self) -> AbstractContextManager[None]:
        """Return a context in which many answers in a row are learned faster."""
        return self._recorder.listening()

    def learn_state(self, p: int, row: Sequence[int]) -> None:
        """Run a property's predicate on a row, and keep the answer for all rows that look alike to it."""
        prop, root = self.of_states[p], self._state_tries[p]
        values = [self._tables.layout.unpacked(row)]
        if root.child is not None and self._find(root, values) is not None:
            return
        self.calls += 1
        bits, reads = self._asked(prop, values, None)
        self._keep(root, self._state_roots.base + p, prop, bits, reads, values, self._tested[p])

    def learn_step(self, p: int, move: int, before: Sequence[int], after: Sequence[int]) -> None:
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
            self._keep(root, slot, prop, bits, [read for read in reads if read.part != "action"], values)
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
        bits, reads = self._recorded(prop, [tables.bare_world(one) for one in values], action, values)
        if tables.symmetry is not None:
            worlds = [tables.world_of(one) for one in values]
            arguments: list[Any] = worlds if action is None else [worlds[0], action, worlds[1]]
            for others, here in tables.symmetry.alternatives(arguments):
                deed = None if action is None else others.pop(1)
                says, more = self._recorded(prop, others, deed, None)
                if says != bits:
                    raise NotSymmetricError(f"'{prop.name}' tells {tables.symmetry.told} apart")
                reads = [*reads, *map(here, more)]
        return bits, reads

    def _recorded(
        self, prop: Property, worlds: Sequence[World], action: Any, values: Sequence[Sequence[int]] | None
    ) -> tuple[int, Sequence[Read]]:
        """Return what a property says of a state, or of a state, an action and a state, and what it read of them.

        With the values of their rows given, the worlds lack what is in flight.
        """
        tables = self._tables
        in_flight = None
        if values is not None:
            rows = values

            def in_flight(world: World) -> tuple[Mailbox, ...]:
                return tables.in_flight(rows[0] if world is worlds[0] else rows[1])

        try:
            if action is None:
                return self._recorder.recorded(worlds, lambda world: said(prop, world), in_flight=in_flight)
            return self._recorder.recorded(
                worlds, lambda was, now, deed: said(prop, was, deed, now), action, in_flight
            )
        except ModelError:
            if values is not None:
                worlds = [tables.world_of(one) for one in values]
            with unwatched():
                # Raises the same, from the line of the user's own code.
                said(prop, *(worlds if action is None else (worlds[0], action, worlds[1])))
            raise

    def _find(self, root: Root, values: Sequence[Sequence[int]]) -> int | None:
        """Return what a trie says of a row, given as its values; None if it does not know."""
        node = root.child
        while isinstance(node, Branch):
            node = node.children.get(self._shown(node.test, values))
        return node

    def _shown(self, test: Test, values: Sequence[Sequence[int]]) -> int:
        """Return the number of what a test sees of a row."""
        value = values[test.side][test.component]
        if test.seen is None:
            return value
        number = test.seen.get(value)
        return self._class_of(test.projection, value) if number is None else number

    def _keep(
        self,
        root: Root,
        slot: int,
        prop: Property,
        bits: int,
        reads: Sequence[Read],
        values: Sequence[Sequence[int]],
        tested: dict[int, None] | None = None,
    ) -> None:
        """Keep an answer under the values of what was read for it; the pool's trie and ours grow alike.

        ``tested`` takes the components that are tested for it.
        """
        remaining = {test: None for read in reads for test in self._covered(prop, read)}
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
            key = self._shown(node.test, values)
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

    def _class_of(self, projection: int, value: int) -> int:
        """Return the number of what a projection shows of a component's value."""
        region = self._regions[projection]
        if value >= region.capacity:
            region.need(value + 1)
            self._cells.put(projection, region.capacity, 1)
        component, reader = self._readers[projection]
        seen = reader(self._tables.components[component].items[value])
        classes = self._classes[projection]
        number = classes.setdefault((type(seen), seen), len(classes))
        region.put(value, number)
        self._seen[projection][value] = number
        return number

    def _covered(self, prop: Property, read: Read) -> list[Test]:
        """Return the tests that cover a read."""
        key = (id(prop), read)
        if key not in self._covering:
            self._covering[key] = self._covering_tests(prop, read)
        return self._covering[key]

    def _test(self, side: int, component: int, projection: int) -> Test:
        """Return a test, always the same object for the same test."""
        key = (side, component, projection)
        if key not in self._tests:
            self._tests[key] = Test(*key, None if projection < 0 else self._seen[projection])
        return self._tests[key]

    def _covering_tests(self, prop: Property, read: Read) -> list[Test]:
        tables = self._tables
        count, watching = len(tables.nodes), len(tables.observers)
        if read.part == "messages":
            self._reads_messages.add(prop)
            return [
                self._test(read.world, count + 1 + watching + channel, -1)
                for channel, (_, to) in enumerate(tables.ends)
                if to == read.position
            ]
        if read.part in ("node", "up"):
            component = read.position
        elif read.part == "observer":
            component = count + 1 + read.position
        else:
            component = count
        return [self._test(read.world, component, self._projection((component, read.part, read.field)))]

    def _projection(self, key: Projection) -> int:
        if key not in self._projections:
            number = len(self._projections)
            self._projections[key] = number
            self._cells.need(number + 1)
            self._regions.append(Region(self._pool, 1, codes.MISS, self._told_cell(number)))
            self._cells.put(number, self._regions[number].capacity, 1)
            self._classes.append({})
            self._seen.append({})
            self._readers.append((key[0], _reader(key[1], key[2])))
        return self._projections[key]

    def _told_cell(self, number: int) -> Callable[[int], None]:
        return lambda base: self._cells.put(number, base)


def _told_nobody(_: int) -> None:
    """Where a property's answers are is written with the shortcut."""


def _reader(part: str, field: str) -> Callable[[Any], Hashable]:
    """Return what a read sees of a component's value."""

    def node(value: NodeValue) -> Hashable:
        return getattr(value.state, field) if field else value.state

    def up(value: NodeValue) -> Hashable:
        return value.is_up

    def cut_off(value: Surroundings) -> Hashable:
        return value.cut_off

    def left(value: Surroundings) -> Hashable:
        return value.left[FAULT_KINDS.index(field)] if field else value.left

    def start(value: Surroundings) -> Hashable:
        return value.start

    def observer(value: Any) -> Hashable:
        seen: Hashable = getattr(value, field) if field else value
        return seen

    readers: dict[str, Callable[[Any], Hashable]] = {
        "node": node,
        "up": up,
        "cut_off": cut_off,
        "left": left,
        "start": start,
        "observer": observer,
    }
    return readers[part]


def said(prop: Property, *arguments: Any) -> int:
    """Return what a property says of a state or a step, as the bits of a leaf."""
    if prop.kind in (PropertyKind.POSSIBLE, PropertyKind.RECOVERABLE, PropertyKind.ATOM):
        return codes.SAYS_FOUND if prop.judge(*arguments) is None else 0
    if not prop.is_premise_met(*arguments):
        return 0
    return codes.SAYS_PREMISE | (codes.SAYS_FOUND if prop.judge(*arguments) is not None else 0)
