"""Symmetry: interchangeable nodes, and one row for all that differ only in their names.

Ip & Dill, "Better verification through symmetry", Formal Methods in System Design 9 (1996), is the idea. What is done
here for ties is the individualisation and refinement of graph canonisers (McKay & Piperno, "Practical graph
isomorphism, II", Journal of Symbolic Computation 60 (2014), section 2), on the few rows where sorting leaves some.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from everyway.explorer.reads import Read
from everyway.explorer.renaming import digest, renamed, written
from everyway.models.language.action import Action
from everyway.models.language.behaviour import Outcome
from everyway.models.language.errors import UsageError
from everyway.models.language.message import Envelope
from everyway.models.language.naming import enumerated
from everyway.models.language.network import Network
from everyway.models.language.observer import Event, Observer
from everyway.models.language.system import System
from everyway.models.language.world import World

from . import codes
from .model_tables import ModelTables
from .regions import Region
from .values import Surroundings

ALL_NAMES = 120
"""Nodes and observers are asked each question under all names if there are no more orders of them: five nodes have so
many. So it is certain then that they treat them alike."""
ALL_ORDERS = 24
"""A property is tried on all orders of names if there are no more: four nodes have so many. It costs more, for an
answer is kept under all that was read on any of them."""
SOME_ORDERS = 3
"""Else on so many each time, going through all swaps of two and as many random orders again and again."""
OTHER_NAMES = 2
"""Under so many orders of names a question is asked where there are too many for all."""

OWN_SHIFT = 45
OTHERS_MASK = (1 << 34) - 1
"""Signatures have 61 bits: those from here on are the node's own state, the others the sum of what the rest shows."""
REMEMBERED = 500_000
"""So many renamed values are remembered."""


class NotSymmetricError(Exception):
    """Nodes that were said to be interchangeable are not, or a property tells them apart."""


class Symmetry:
    """The symmetry of one system, and the tables that the kernel sorts by.

    Args:
        tables: the model's tables.
        groups: the nodes that may swap names, by their positions.
    """

    def __init__(self, tables: ModelTables, groups: Sequence[Sequence[int]]) -> None:
        self._tables = tables
        self.groups = [list(group) for group in groups]
        self._columns = [i for group in self.groups for i in group]
        self._group_of = [number for number, group in enumerate(self.groups) for _ in group]
        names = tables.names
        self.told = "; ".join(enumerated([names[i] for i in group]) for group in self.groups)
        pool, width = tables.pool, len(self._columns)
        self._records = Region(pool, codes.SYMMETRY_STRIDE, 0, codes.SYMMETRY_COMPONENTS)
        group_region = Region(pool, 1, 0, codes.SYMMETRY_GROUPS)
        group_region.need(width)
        group_region.put(0, self._group_of)
        self._maps = Region(pool, 1, 0, codes.SYMMETRY_MAPS)
        pool.head[codes.SYMMETRY_COLUMNS] = width
        self._swaps: list[Region] = []
        self._views: list[Region] = []
        self._mapped = self._kept_up = self._closed = -1
        self._exact: dict[tuple[int, ...], tuple[int, ...]] = {}
        orders = math.prod(math.factorial(len(group)) for group in self.groups)
        self._are_questions_sampled, self._are_properties_sampled = orders > ALL_NAMES, orders > ALL_ORDERS
        who = "neither the model nor a promise tells" if self._are_questions_sampled else "no promise tells"
        sample = (
            f"that {who} them apart was tried on some of the {orders:,} orders of their names, not on all"
        )
        self.sample = sample if self._are_properties_sampled else ""
        """What was not tried on all orders of names, as they are too many, in words; empty if everything was."""
        self._orders = list(self._tried_orders())
        self._turn = 0
        self._asked: set[tuple[Hashable, Any]] = set()
        """The questions to nodes and observers that were asked under other names."""
        self._values: dict[tuple[int, Any], Any] = {}
        self._alive: dict[int, Mapping[str, str]] = {}
        self._pairs = {
            column: {names[one]: names[other], names[other]: names[one]}
            for column, (one, other) in enumerate(itertools.pairwise(self._columns))
        }
        self._neighbours_swapped = [self._swap(column) for column in self._swaps_of_neighbours()]

    # Names.

    def _swap(self, column: int) -> dict[str, str]:
        """Return the names after two neighbours have swapped theirs."""
        return self._pairs[column]

    def _swaps_of_neighbours(self) -> Iterator[int]:
        for column in range(len(self._columns) - 1):
            if self._group_of[column] == self._group_of[column + 1]:
                yield column

    def _tried_orders(self) -> Iterator[dict[str, str]]:
        """Yield the orders of names that are tried: all, or all swaps and as many at random."""
        names = self._tables.names
        if not self._are_properties_sampled:
            for orders in itertools.product(*(itertools.permutations(group) for group in self.groups)):
                pairs = zip(self._columns, itertools.chain(*orders), strict=True)
                found = {names[i]: names[j] for i, j in pairs if i != j}
                if found:
                    yield found
            return
        swaps = [pair for group in self.groups for pair in itertools.combinations(group, 2)]
        for i, j in swaps:
            yield {names[i]: names[j], names[j]: names[i]}
        dice = random.Random(0)
        for _ in range(len(swaps)):
            shuffled = [names[i] for group in self.groups for i in dice.sample(group, len(group))]
            yield dict(zip((names[i] for i in self._columns), shuffled, strict=True))

    def _next_orders(self) -> Iterator[dict[str, str]]:
        """Yield those orders whose turn it is."""
        for _ in range(len(self._orders) if len(self._orders) <= ALL_ORDERS else SOME_ORDERS):
            self._turn = (self._turn + 1) % len(self._orders)
            yield self._orders[self._turn]

    def _orders_for(self, question: tuple[Any, ...]) -> Iterator[dict[str, str]]:
        """Yield some orders to ask a question under.

        Which ones is up to the question: so what the model is asked does not depend on the order of questions, which is
        another on other threads and after a checkpoint.
        """
        first = digest(written(question, {}))
        for k in range(OTHER_NAMES):
            yield self._orders[(first + k) % len(self._orders)]

    # Checks.

    def check_starts(self) -> None:
        """See that swapping names makes a start of a start.

        Raises ``NotSymmetricError`` if not.
        """
        starts = set(self._tables.system.initial())
        is_marked = bool(self._tables.system.faults.crashes)
        for world in starts:
            for column in self._swaps_of_neighbours():
                other = self.world_renamed(world, self._swap(column))
                if other != world if is_marked else other not in starts:
                    raise NotSymmetricError(f"the start is another when {self._pair(column)} swap names")

    def _pair(self, column: int) -> str:
        return enumerated([self._tables.names[i] for i in self._columns[column : column + 2]])

    def check_answer(
        self, i: int, kind: Hashable, arguments: tuple[Any, ...], ask: Callable[..., Sequence[Outcome]]
    ) -> None:
        """See that a node gives the renamed answer to the renamed question.

        Args:
            i: the node.
            kind: tells questions apart that have the same arguments.
            arguments: the question: the node's state, and what it is asked about.
            ask: is called with them.

        Raises ``NotSymmetricError`` if it does not.
        """
        self._check_orbit(
            kind,
            arguments,
            lambda *those: self._summary(ask(*those)),
            lambda some: f"{self._tables.names[i]} acts differently when {some} swap names",
        )

    def check_observation(
        self, name: str, memory: Observer, event: Event, watch: Callable[[Observer, Event], Observer]
    ) -> None:
        """See that an observer makes of a renamed step what it made of the step, renamed.

        Raises ``NotSymmetricError`` if it does not.
        """
        self._check_orbit(
            ("observer", name),
            (memory, event),
            lambda memory, event: watch(memory, self._as_it_would_happen(event)),
            lambda some: f"the observer {name} tells {some} apart",
        )

    def _check_orbit(
        self,
        kind: Hashable,
        question: tuple[Any, ...],
        ask: Callable[..., Hashable],
        told: Callable[[str], str],
    ) -> None:
        """See that a question has the same answer under all names, each time renamed like the question.

        Any order of names comes of swapping neighbours. So the question is asked under every name that swaps make of
        it, and of those again, until there are no more. Where they may be too many, it is asked under some.
        """
        if (kind, question) in self._asked:
            return
        answers = {question: ask(*question)}
        waiting = deque([question])
        while waiting:
            one = waiting.popleft()
            for names in self._orders_for(one) if self._are_questions_sampled else self._neighbours_swapped:
                other = self._all_renamed(one, names)
                if other not in answers:
                    answers[other] = ask(*other)
                    waiting.append(other)
                if answers[other] != renamed(answers[one], names):
                    raise NotSymmetricError(told(enumerated(list(names))))
            if self._are_questions_sampled:
                break
        # If all names were tried, none of them needs to be tried again.
        self._asked.update((kind, one) for one in ([question] if self._are_questions_sampled else answers))

    def _all_renamed(self, values: tuple[Any, ...], names: Mapping[str, str]) -> tuple[Any, ...]:
        # Equal observers may still watch for different things, so that one must not be taken for the other.
        return tuple(
            renamed(value, names) if isinstance(value, Observer) else self._remembered(value, names)
            for value in values
        )

    def _summary(self, outcomes: Sequence[Outcome]) -> Hashable:
        """Return what matters of an answer: not the order in which steps are offered, as names may decide it."""
        steps = Counter(
            (
                outcome.action.handler,
                outcome.action.chance,
                outcome.state,
                self._put(outcome.action),
                frozenset(outcome.awaited),
                frozenset((self._put(cut), cut.wrote) for cut in outcome.interrupted),
            )
            for outcome in outcomes
        )
        return frozenset(steps.items())

    def _put(self, action: Action) -> Hashable:
        """Return what a step puts into the mailboxes: in a queue the order of sending matters."""
        if self._tables.system.network is not Network.FIFO:
            return frozenset(Counter(action.sent).items())
        queues: dict[str, tuple[Envelope, ...]] = {}
        for envelope in action.sent:
            queues[envelope.to] = (*queues.get(envelope.to, ()), envelope)
        return frozenset(queues.values())

    def _as_it_would_happen(self, event: Event) -> Event:
        """Return a renamed event with its messages in the order of sending: to a set of nodes, that of their names."""
        action = event.action
        if not action.sent and not action.unsent and not action.sides:
            return event
        position = self._tables.system.roster.position
        sides = [tuple(sorted(side, key=position.__getitem__)) for side in action.sides]
        sides.sort(key=lambda side: [position[name] for name in side])
        in_order = evolve(
            action,
            sent=self._in_order(action.sent),
            unsent=self._in_order(action.unsent),
            sides=tuple(sides),
        )
        return evolve(event, action=in_order)

    def _in_order(self, envelopes: Sequence[Envelope]) -> tuple[Envelope, ...]:
        position = self._tables.system.roster.position
        groups = itertools.groupby(envelopes, key=lambda envelope: envelope.message)
        return tuple(
            envelope
            for _, group in groups
            for envelope in sorted(group, key=lambda envelope: position[envelope.to])
        )

    def alternatives(self, arguments: Sequence[Any]) -> Iterator[tuple[list[Any], Callable[[Read], Read]]]:
        """Yield what a property is asked about under other names, and what a read of that is a read of here."""
        position = self._tables.system.roster.position
        for names in self._next_orders():
            back = {position[after]: position[before] for before, after in names.items()}

            def here(read: Read, back: Mapping[int, int] = back) -> Read:
                if read.part in ("node", "up", "messages"):
                    return read._replace(position=back.get(read.position, read.position))
                return read

            yield [self._argument_renamed(one, names) for one in arguments], here

    def _argument_renamed(self, value: Any, names: Mapping[str, str]) -> Any:
        if isinstance(value, World):
            return self.world_renamed(value, names)
        return renamed(value, names) if isinstance(value, Action) else value

    def world_renamed(self, world: World, names: Mapping[str, str]) -> World:
        """Return a world in which nodes have swapped names."""
        position = world.roster.position
        states, up, boxes = list(world.states), list(world.up), list(world.mailboxes)
        for name, i in position.items():
            to = position[names.get(name, name)]
            states[to], up[to] = self._remembered(world.states[i], names), world.up[i]
            boxes[to] = self._remembered(world.mailboxes[i], names)
        return World(
            roster=world.roster,
            states=tuple(states),
            up=tuple(up),
            mailboxes=tuple(boxes),
            cut_off=self._side(world.cut_off, names),
            left=world.left,
            memory=tuple(renamed(memory, names) for memory in world.memory),
            start=world.start,
        )

    def _remembered(self, value: Any, names: Mapping[str, str]) -> Any:
        self._alive[id(names)] = names  # so that no other has the same identity
        key = (id(names), value)
        if key not in self._values:
            if len(self._values) > REMEMBERED:
                self._values.clear()
                self._alive = {id(names): names}
            self._values[key] = renamed(value, names)
        return self._values[key]

    def _side(self, cut_off: frozenset[str] | None, names: Mapping[str, str]) -> frozenset[str] | None:
        """Return a side of the partition, renamed; it is always named by the side without the first node."""
        if cut_off is None:
            return None
        side = frozenset(names.get(name, name) for name in cut_off)
        everyone = self._tables.names
        return frozenset(everyone) - side if everyone[0] in side else side

    # The tables.

    def keep_up(self) -> None:
        """Make room for new values and channels."""
        tables = self._tables
        if self._kept_up == tables.known:
            return
        before = self._closed
        while before != len(tables.channels):
            # A channel between two nodes has one for each pair that they may swap with.
            before = len(tables.channels)
            for sender, to in list(tables.ends):
                for column in self._swaps_of_neighbours():
                    tables.channel_between(self._swapped(column, sender), self._swapped(column, to))
        self._closed = len(tables.channels)
        components = tables.components
        for c, values in enumerate(components):
            if c == len(self._swaps):
                self._records.need(c + 1)
                width = len(self._columns)
                self._swaps.append(Region(tables.pool, width, codes.MISS, self._told(c, codes.S_SWAPS)))
                self._views.append(Region(tables.pool, width, codes.MISS, self._told(c, codes.S_VIEWS)))
            self._swaps[c].need(len(values))
            self._views[c].need(len(values))
        if self._mapped != len(components):
            self._mapped = len(components)
            self._maps.need(len(self._columns) * len(components))
            for column in self._swaps_of_neighbours():
                for c in range(len(components)):
                    self._maps.put(column * len(components) + c, self._component_after(column, c))
        self._kept_up = tables.known

    def _told(self, c: int, what: int) -> Callable[[int], None]:
        return lambda base: self._records.put(c, base, what)

    def _swapped(self, column: int, i: int) -> int:
        one, other = self._columns[column : column + 2]
        return other if i == one else one if i == other else i

    def _component_after(self, column: int, c: int) -> int:
        """Return which component shows after a swap what one showed before."""
        tables = self._tables
        nodes, first = len(tables.nodes), len(tables.nodes) + 1 + len(tables.observers)
        if c < nodes:
            return self._swapped(column, c)
        if c < first:
            return c
        sender, to = tables.ends[c - first]
        ends = self._swapped(column, sender), self._swapped(column, to)
        return first + tables.channel_between(*ends)

    def fill(self, kind: int, c: int, value: int, column: int) -> None:
        """Fill an entry of the tables."""
        held = self._tables.components[c].items[value]
        if kind == codes.ASK_SWAP:
            after = self._renamed(held, self._swap(column))
            number = self._tables.number_of(self._component_after(column, c), after)
            self._swaps[c].put(value, number, column)
        else:
            self._views[c].put(value, self._view(c, held, column), column)

    def _renamed(self, held: Any, names: Mapping[str, str]) -> Any:
        if isinstance(held, Surroundings):
            return Surroundings(self._side(held.cut_off, names), held.left, held.start)
        return renamed(held, names)

    def _view(self, c: int, held: Any, column: int) -> int:
        """Return what a component shows of a node when the names of the others are hidden, as a number."""
        names = self._tables.names
        hidden = {names[i]: f"other {self._group_of[k]}" for k, i in enumerate(self._columns)}
        hidden[names[self._columns[column]]] = "self"
        shown = digest(self._role(c, hidden), self._written(held, hidden))
        # Nodes are sorted by their own state first: then what a property sees of canonical rows varies least.
        if c == self._columns[column]:
            return shown >> OWN_SHIFT << OWN_SHIFT
        return shown & OTHERS_MASK

    def _written(self, held: Any, names: Mapping[str, str]) -> bytes:
        if isinstance(held, Surroundings) and held.cut_off is not None:
            # Neither side comes first once names are hidden.
            sides = (held.cut_off, frozenset(self._tables.names) - held.cut_off)
            told = sorted(written(side, names) for side in sides)
            return written((held.left, held.start), {}) + b"".join(told)
        return written(held, names)

    def _role(self, c: int, hidden: Mapping[str, str]) -> bytes:
        """Return what a component is to a node: its own, another's, a channel from it or to it."""
        tables = self._tables
        nodes, first = len(tables.nodes), len(tables.nodes) + 1 + len(tables.observers)
        names = tables.names
        if c < nodes:
            return written(("node", hidden.get(names[c], f"={names[c]}")), {})
        if c < first:
            return written(("part", c), {})
        sender, to = (names[i] for i in tables.ends[c - first])
        return written(("channel", hidden.get(sender, f"={sender}"), hidden.get(to, f"={to}")), {})

    # Canonical rows, in plain Python. The kernel does the same, but for ties that matter.

    def canonical(self, values: Sequence[int]) -> tuple[int, ...]:
        """Return the values of the row that stands for this one, and for all that differ only in names."""
        signatures = [0] * len(self._columns)
        for c, value in enumerate(values):
            for column in range(len(self._columns)):
                signatures[column] += self._shown(c, value, column)
        order = {column: signature % (1 << 61) for column, signature in enumerate(signatures)}
        found = self._sorted(tuple(values), order)
        ranks = sorted(zip(self._group_of, order.values(), strict=True))
        for column in self._swaps_of_neighbours():
            if ranks[column] == ranks[column + 1] and self._after_swap(found, column) != found:
                return self.resolve(found)
        return found

    def _shown(self, c: int, value: int, column: int) -> int:
        self.keep_up()
        if self._views[c].get(value, column) < 0:
            self._tables.fill(codes.ASK_VIEW, c, value, column)
        return self._views[c].get(value, column)

    def _after_swap(self, values: Sequence[int], column: int) -> tuple[int, ...]:
        """Return the values of a row after two neighbours have swapped names."""
        found = [0] * len(values)
        for c, value in enumerate(values):
            self.keep_up()
            if self._swaps[c].get(value, column) < 0:
                self._tables.fill(codes.ASK_SWAP, c, value, column)
            after = self._component_after(column, c)
            found += [0] * (after + 1 - len(found))
            found[after] = self._swaps[c].get(value, column)
        return tuple(found)

    def _sorted(self, values: tuple[int, ...], order: Mapping[int, int]) -> tuple[int, ...]:
        """Return the row in which the nodes of each group stand in the order of a number that each has."""
        found, keys = values, dict(order)
        is_sorted = False
        while not is_sorted:
            is_sorted = True
            for column in self._swaps_of_neighbours():
                if keys[column] > keys[column + 1]:
                    keys[column], keys[column + 1] = keys[column + 1], keys[column]
                    found = self._after_swap(found, column)
                    is_sorted = False
        return found

    # Ties.

    def resolve(self, values: Sequence[int]) -> tuple[int, ...]:
        """Return the canonical values for those of a row in which sorting left ties that matter."""
        key = tuple(values)
        if key not in self._exact:
            self._exact[key] = min(self._leaves(key), key=self._told_row)
        return self._exact[key]

    def _told_row(self, values: tuple[int, ...]) -> bytes:
        """Return a row as bytes, to choose between rows in the same way whenever and wherever it is done."""
        return b"".join(
            written(component.items[value], {})
            for component, value in zip(self._tables.components, values, strict=True)
        )

    def _leaves(self, values: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """Yield the rows that come of telling tied nodes apart in each way that refinement does not rule out."""
        colours = self._refined(values, dict(enumerate(self._group_of)))
        waiting = [colours]
        while waiting:
            colours = waiting.pop()
            cells: dict[int, list[int]] = {}
            for column, colour in colours.items():
                cells.setdefault(colour, []).append(column)
            tied = [cell for cell in cells.values() if len(cell) > 1]
            if not tied:
                yield self._sorted(values, colours)
                continue
            cell = min(tied, key=lambda columns: (len(columns), colours[columns[0]]))
            for column in cell:
                apart = {k: 2 * colour + 1 for k, colour in colours.items()}
                apart[column] -= 1
                waiting.append(self._refined(values, apart))

    def _refined(self, values: tuple[int, ...], colours: dict[int, int]) -> dict[int, int]:
        """Return finer colours: nodes of the same colour look alike, also to what shows others of the same colours."""
        names = self._tables.names
        while True:
            base = {names[i]: f"colour {colours[k]}" for k, i in enumerate(self._columns)}
            seen = {}
            for column in colours:
                hidden = {**base, names[self._columns[column]]: "self"}
                views = sorted(
                    self._role(c, hidden) + self._written(component.items[value], hidden)
                    for c, (component, value) in enumerate(zip(self._tables.components, values, strict=True))
                )
                seen[column] = (colours[column], digest(*views))
            ranks = {key: rank for rank, key in enumerate(sorted(set(seen.values())))}
            finer = {column: ranks[seen[column]] for column in colours}
            if len(set(finer.values())) == len(set(colours.values())):
                return finer
            colours = finer


def symmetry_of(tables: ModelTables) -> Symmetry | None:
    """Return the symmetry that a protocol declares, as far as the faults treat the nodes alike; None if there is none.

    Raises ``NotSymmetricError`` if the nodes cannot be interchangeable, ``UsageError`` for a node that there is not.
    """
    system = tables.system
    groups: list[list[int]] = []
    for declared in system.protocol.interchangeable():
        alike: dict[Any, list[int]] = {}
        for name in declared:
            if name not in system.roster.position:
                raise UsageError(
                    f"{type(system.protocol).__name__}.interchangeable names '{name}', but there is no such node."
                )
            alike.setdefault(_treated(system, name), []).append(system.roster.position[name])
        groups += [sorted(group) for group in alike.values() if len(group) > 1]
    if len({i for group in groups for i in group}) != sum(map(len, groups)):
        raise NotSymmetricError("a node is in two groups")
    if not groups:
        return None
    made = Symmetry(tables, groups)
    made.check_starts()
    return made


def _treated(system: System, name: str) -> tuple[Any, ...]:
    """Return how the faults treat a node: which of them name it."""
    named = tuple(name in budget.only for _, budget in system.faults)
    return (*named, name if any(named) else "", system.roles[name])
