"""The tables of a model: every value that a component takes gets a number, every answer of a handler an entry.

Only ``fill`` asks the model, and only what a state that was reached needs to know. The tables are a function
of the misses that were filled, in their order; so that order is all a checkpoint has to keep of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from everyway.models.language.action import Action, Kind
from everyway.models.language.behaviour import Outcome
from everyway.models.language.faults import Timeouts
from everyway.models.language.handler import Occasion, handlers_for
from everyway.models.language.message import Envelope
from everyway.models.language.naming import order_key
from everyway.models.language.network import Mailbox, Network
from everyway.models.language.node import Node, after_crash
from everyway.models.language.observer import Event, Observer
from everyway.models.language.system import System
from everyway.models.language.world import World

from . import codes
from .channels import parted
from .environment import Environments
from .memo import Memo
from .packing import Layout, layout_for
from .regions import Grid, Pool, Region
from .values import NodeValue, Surroundings, Values
from .worlds import Worlds

if TYPE_CHECKING:
    from .symmetry import Symmetry


class ModelTables:
    """The tables of one system.

    Args:
        system: the protocol under its faults.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.pool = Pool()
        self.names = system.roster.names
        self._behaviour = system._behaviour
        count = len(self.names)
        self.can_crash = bool(system.faults.crashes)
        has_handlers = any(handlers_for(kind, Occasion.SUSPICION) for kind in system.node_classes)
        self._has_suspicions = has_handlers and (self.can_crash or bool(system.faults.suspicions))
        self.nodes = [Values(f"node {name}") for name in self.names]
        self.environment = Values("environment")
        self.observers = [Values(f"observer {name}") for name in system.roster.observers]
        self.channels: list[Values] = []
        self.journal: list[tuple[int, int, int, int, int]] = []
        """The misses that were filled, in their order, each with how many states had been visited then."""
        self.layout = Layout(1, ())
        self.symmetry: Symmetry | None = None
        """What makes rows that differ only in names one, if anything does; see ``symmetry.py``."""
        self.now = 0
        """How many states were visited so far; for telling what grows."""
        self.before_another_channel: Callable[[], None] | None = None
        """Called before there is another channel, if anything is."""
        self.known = 0
        """How many values and channels there are; more whenever one is new."""
        self.actions: list[Action | None] = [None]
        """What each move is."""
        self._changes: list[tuple[int, int, int]] = [(-1, 0, 0)]
        """Which node's component each move changes, from which value, and to which."""
        self._outcomes: dict[int, tuple[Outcome, int]] = {}
        self._events: list[Event | None] = [None]
        self._envelopes: list[Values] = [Values(f"messages to {name}") for name in self.names]
        self.channel_of: dict[tuple[int, int], int] = {}
        self.ends: list[tuple[int, int]] = []
        """The sender and the destination of each channel, by their positions."""
        self.into: list[list[int]] = [[] for _ in self.names]
        """The channels to each node."""
        self._posts: list[Values] = []
        self._delivery_grids: list[Grid] = []
        self._put_grids: list[Grid] = []
        self._own: list[Region] = []
        self._deliverable: list[Region] = []
        self._faults: list[Region] = []

        pool, head = self.pool, self.pool.head
        self._layout_region = Region(pool, 1, 0, codes.LAYOUT)
        self._node_region = Region(pool, codes.NODE_STRIDE, 0, codes.NODES)
        self._channel_region = Region(pool, codes.CHANNEL_STRIDE, 0, codes.CHANNELS)
        self._order_region = Region(pool, 1, 0, codes.ORDER)
        self._environments = Environments(system, pool, self)
        self._move_region = Region(pool, codes.MOVE_STRIDE, 0, codes.MOVES)
        self._lists: Region = Region(pool, 1, 0, codes.LISTS)
        self._listed = 1
        head[codes.NODE_COUNT] = count
        head[codes.OBSERVER_COUNT] = len(self.observers)
        head[codes.HAS_SUSPICIONS] = self._has_suspicions
        head[codes.TIMEOUTS_ARE] = {
            Timeouts.NEVER: codes.NEVER,
            Timeouts.EARLY: codes.EARLY,
            Timeouts.LATE: codes.LATE,
        }[system.timeouts]
        self.worlds = Worlds(self)
        self.memo = Memo(pool, len(self.observers))
        self._own_stride = codes.OWN_SUSPECTS + (2 * count if self._has_suspicions else 0)
        head[codes.OWN_STRIDE] = self._own_stride
        self._node_region.need(count)
        for i in range(count):
            self._own.append(Region(pool, self._own_stride, codes.MISS, self._told_node(i)))
            self._delivery_grids.append(Grid(pool, self._node_region, i, codes.N_DELIVERY))

    def _told_node(self, i: int) -> Callable[[int], None]:
        return lambda base: self._node_region.put(i, base, codes.N_OWN)

    # Rows.

    @property
    def components(self) -> list[Values]:
        """Every component's values, in the order of the components."""
        return [*self.nodes, self.environment, *self.observers, *self.channels]

    @property
    def moves(self) -> int:
        """How many moves are known, counting the one that stands for none."""
        return len(self.actions)

    def fits(self) -> bool:
        """Return whether the layout still has room for every value."""
        return self.layout.holds([len(values) for values in self.components])

    def lay_out(self) -> None:
        """Choose a layout that has room for every value."""
        sizes = [len(values) for values in self.components]
        # What a node sends is as varied as the node itself.
        senders = [sizes[sender] for sender, _ in self.ends]
        self.use_layout(layout_for(sizes, [*sizes[: len(sizes) - len(senders)], *senders]))

    def use_layout(self, layout: Layout) -> None:
        """Have the kernel read and write rows in this layout."""
        self.layout = layout
        self._layout_region.need(len(self.layout.places))
        flat = self.layout.flat()
        if flat:
            self._layout_region.put(0, flat)
        self.pool.head[codes.WORDS] = self.layout.words
        self.pool.head[codes.COMPONENTS] = len(self.layout.places)
        for move in range(1, self.moves):
            self._write_delta(move)

    def intern(self, world: World) -> list[int]:
        """Return the numbers of a world's parts, giving new ones where it has to; a starting world's row."""
        numbers = []
        for i, (state, is_up) in enumerate(zip(world.states, world.up, strict=True)):
            initial = self.system._starts[world.start][self.names[i]] if self.can_crash else None
            numbers.append(self._node(i, NodeValue(state, is_up, initial)))
        numbers.append(self._surroundings(Surroundings(world.cut_off, world.left, world.start)))
        numbers += [self._observer(j, memory) for j, memory in enumerate(world.memory)]
        contents = {}
        for to, mailbox in enumerate(world.mailboxes):
            for sender, part in parted(mailbox):
                channel = self.channel_between(self.system.roster.position[sender], to)
                contents[channel] = self._content(channel, part)
        return numbers + [contents.get(channel, 0) for channel in range(len(self.channels))]

    # Filling in what is missing.

    def fill(self, kind: int, x: int, y: int, z: int) -> None:
        """Fill an entry of a table by asking the model.

        Raises ``ModelError`` if the model breaks a rule of the language.
        """
        self.journal.append((kind, x, y, z, self.now))
        if kind == codes.ASK_OWN:
            self._own[x].put(y, self._own_moves(x, y, z), z)
        elif kind == codes.ASK_DELIVERY:
            value: NodeValue = self.nodes[x].items[y]
            envelope = self._envelopes[x].items[z]
            outcomes = self._asked(x, "delivery", (value.state, envelope), self._behaviour.on_delivery)
            self._delivery_grids[x].put(y, z, self._moves_of(x, y, outcomes, codes.OP_NONE))
        elif kind == codes.ASK_DELIVERABLE:
            self._deliverable[x].put(y, self._deliverables(x, y))
        elif kind == codes.ASK_TAKE:
            message = self._envelopes[self.ends[x][1]].items[self._listed_at(z)]
            taken = self.channels[x].items[y].take(message)
            self._lists.put(z + 1, self._content(x, taken))
        elif kind == codes.ASK_PUT:
            content = self.channels[x].items[y]
            for message in self._posts[x].items[z]:
                content = content.put(message)
            number = self._content(x, content)
            self._put_grids[x].put(y, z, number)
        elif kind == codes.ASK_CUTS:
            awaited = self._move_region.get(x, codes.M_CUTS) & ~codes.CUTS_MASK
            self._move_region.put(x, awaited | self._cuts(x) + 2, codes.M_CUTS)
        elif kind == codes.ASK_FAULTS:
            self._faults[x].put(y, self._message_faults(x, y))
        elif kind == codes.ASK_STRUCK:
            self._strike(x, y, z)
        elif kind == codes.ASK_ENVIRONMENT:
            after = self._environments.after(self.environment.items[x], y)
            self._environments.put(x, y, self._surroundings(after))
        elif kind == codes.ASK_OBSERVER:
            self._observe(x, y, z)
        elif self.symmetry is not None:
            self.symmetry.fill(kind, x, y, z)
        if self.symmetry is not None:
            self.symmetry.keep_up()  # at once, so that what it adds depends on the journal alone

    def _own_moves(self, i: int, value: int, column: int) -> int:
        held: NodeValue = self.nodes[i].items[value]
        state, name = held.state, self.names[i]
        if column == codes.OWN_CHOICE:
            return self._moves_of(i, value, self._on_occasion(i, Occasion.CHOICE, state), codes.OP_NONE)
        if column == codes.OWN_TIMEOUT:
            return self._moves_of(i, value, self._on_occasion(i, Occasion.TIMEOUT, state), codes.OP_NONE)
        if column == codes.OWN_RESTART:
            if not self.system._concerns(self.system.faults.restarts, name):
                return 0
            outcomes = self._on_occasion(i, Occasion.RESTART, state)
            if outcomes:
                return self._moves_of(i, value, outcomes, codes.OP_RESTART)
            after = self._node(i, NodeValue(state, True, held.initial))
            move = self.move(Action(Kind.RESTART, node=name), i, value, after, operation=codes.OP_RESTART)
            return self._listed_moves([move])
        if column == codes.OWN_CRASH:
            if not self.system._concerns(self.system.faults.crashes, name):
                return 0
            after = self._node(i, self._wiped(state, held))
            move = self.move(Action(Kind.CRASH, node=name), i, value, after, operation=codes.OP_CRASH)
            return self._listed_moves([move])
        is_false, other = divmod(column - codes.OWN_SUSPECTS, len(self.names))
        if is_false and not self.system._concerns(self.system.faults.suspicions, self.names[other]):
            return 0
        suspect = partial(self._behaviour.on_suspicion, is_false=bool(is_false))
        outcomes = self._asked(i, ("suspicion", is_false), (state, self.names[other]), suspect)
        return self._moves_of(i, value, outcomes, codes.OP_SUSPECT if is_false else codes.OP_NONE)

    def _on_occasion(self, i: int, occasion: Occasion, state: Node) -> Sequence[Outcome]:
        return self._asked(i, occasion, (state,), partial(self._behaviour.on_occasion, occasion))

    def _asked(
        self, i: int, kind: Hashable, arguments: tuple[Any, ...], ask: Callable[..., Sequence[Outcome]]
    ) -> Sequence[Outcome]:
        """Return a node's answer; where nodes may swap names, see that it would be the same with others."""
        if self.symmetry is not None:
            self.symmetry.check_answer(i, kind, arguments, ask)
        return ask(*arguments)

    def _wiped(self, state: Node, held: NodeValue) -> NodeValue:
        """Return what a crash leaves of a node."""
        assert held.initial is not None
        return NodeValue(after_crash(state, held.initial), False, held.initial)

    def _moves_of(self, i: int, value: int, outcomes: Iterable[Outcome], operation: int) -> int:
        """Note the moves that a handler offers; return the first."""
        held: NodeValue = self.nodes[i].items[value]
        made = []
        for outcome in outcomes:
            after = self._node(i, NodeValue(outcome.state, True, held.initial))
            may_crash = outcome.interrupted and self.system._concerns(
                self.system.faults.crashes, self.names[i]
            )
            move = self.move(
                outcome.action,
                i,
                value,
                after,
                posts=self._posted(outcome.action.sent),
                cuts=codes.MISS if may_crash and self.can_crash else 0,
                operation=operation,
                awaited=self._list_of_nodes(outcome.awaited),
            )
            if may_crash:
                self._outcomes[move] = (outcome, operation)
            made.append(move)
        return self._listed_moves(made)

    def _cuts(self, move: int) -> int:
        """Note what a crash in the middle of a move leaves of it; return the first."""
        outcome, operation = self._outcomes.pop(move)
        i, value, _ = self._changes[move]
        operation = {
            codes.OP_NONE: codes.OP_CRASH,
            codes.OP_SUSPECT: codes.OP_SUSPECT_CRASH,
            codes.OP_RESTART: codes.OP_RESTART_CRASH,
        }[operation]
        held: NodeValue = self.nodes[i].items[value]
        made = []
        for cut in outcome.interrupted:
            left = self._wiped(outcome.state if cut.wrote else held.state, held)
            made.append(
                self.move(
                    cut,
                    i,
                    value,
                    self._node(i, left),
                    posts=self._posted(cut.sent),
                    operation=operation,
                    flags=codes.FLAG_CUT,
                )
            )
        return self._listed_moves(made)

    def move(
        self,
        action: Action,
        i: int = -1,
        before: int = 0,
        after: int = 0,
        *,
        posts: int = 0,
        cuts: int = 0,
        operation: int = 0,
        awaited: int = 0,
        flags: int = 0,
    ) -> int:
        """Note a move, of a node or of the environment; return its number."""
        number = len(self.actions)
        self.actions.append(action)
        if self.observers:
            states = (None, None)
            if i >= 0:
                states = (self.nodes[i].items[before].state, self.nodes[i].items[after].state)
            self._events.append(Event(action, *states))
        flags |= codes.FLAG_FAULT if action.is_fault else 0
        flags |= codes.FLAG_REPAIR if action.is_repair else 0
        kind = flags | operation << codes.OPERATION_SHIFT | (i + 1) << codes.NODE_SHIFT
        self._changes.append((i, before, after))
        delta, word = self._delta(number)
        self._move_region.need(number + 1)
        self._move_region.put(
            number,
            [delta, kind | word << codes.WORD_SHIFT, posts, (cuts + 2) | awaited << codes.AWAITED_SHIFT],
        )
        return number

    def _delta(self, move: int) -> tuple[int, int]:
        """Return what a move adds to a row, and to which word, in the layout of now."""
        i, before, after = self._changes[move]
        if not 0 <= i < len(self.layout.places):
            return 0, 0
        word, shift, bits = self.layout.places[i]
        if after >> bits:
            return 0, 0  # there will be another layout before it is made
        return (after - before) << shift, word

    def _write_delta(self, move: int) -> None:
        """Write what a move adds to a row, in the layout of now."""
        delta, word = self._delta(move)
        kind = self._move_region.get(move, codes.M_KIND) & ~(codes.WORD_MASK << codes.WORD_SHIFT)
        self._move_region.put(move, [delta, kind | word << codes.WORD_SHIFT])

    def _listed_moves(self, moves: Sequence[int]) -> int:
        """Mark the last of moves that were made one after the other; return the first, or 0."""
        if not moves:
            return 0
        kind = self._move_region.get(moves[-1], codes.M_KIND)
        self._move_region.put(moves[-1], kind | codes.FLAG_LAST, codes.M_KIND)
        return moves[0]

    # Lists.

    def list_of(self, items: Sequence[int]) -> int:
        """Note a list of numbers; return where it begins among the lists."""
        at = self._listed
        self._listed += len(items)
        self._lists.need(self._listed)
        self._lists.put(at, list(items))
        return at

    def _listed_at(self, at: int) -> int:
        return self._lists.get(at)

    def _list_of_nodes(self, names: Sequence[str]) -> int:
        if not names:
            return 0
        return self.list_of([len(names), *(self.system.roster.position[name] for name in names)])

    def _posted(self, envelopes: Sequence[Envelope]) -> int:
        """Return the list of what is put into which channel."""
        groups: dict[int, list[Envelope]] = {}
        for envelope in envelopes:
            position = self.system.roster.position
            channel = self.channel_between(position[envelope.sender], position[envelope.to])
            groups.setdefault(channel, []).append(envelope)
        if not groups:
            return 0
        items = [len(groups)]
        for channel, group in groups.items():
            post, is_new = self._posts[channel].number(tuple(group))
            if is_new:
                self._put_grids[channel].need(len(self.channels[channel]), post + 1)
            items += [channel, post]
        return self.list_of(items)

    # Components and their values.

    def number_of(self, component: int, value: Any) -> int:
        """Return the number of a component's value, a new one if it has none."""
        first = len(self.nodes) + 1 + len(self.observers)
        if component < len(self.nodes):
            return self._node(component, value)
        if component >= first:
            return self._content(component - first, value)
        if component == len(self.nodes):
            return self._surroundings(value)
        return self._observer(component - len(self.nodes) - 1, value)

    def _node(self, i: int, value: NodeValue) -> int:
        number, is_new = self.nodes[i].number(value, self.now)
        if is_new:
            self.known += 1
            self._own[i].need(number + 1)
            self._own[i].put(number, int(value.is_up), codes.OWN_UP)
            self._delivery_grids[i].need(number + 1, 1)
        return number

    def _observer(self, j: int, value: Observer) -> int:
        number, is_new = self.observers[j].number(value, self.now)
        self.known += is_new
        return number

    def channel_between(self, sender: int, to: int) -> int:
        """Return the number of the channel between two nodes; a new one the first time."""
        if (sender, to) in self.channel_of:
            return self.channel_of[sender, to]
        if self.before_another_channel is not None:
            self.before_another_channel()
        number = len(self.channels)
        self.channel_of[sender, to] = number
        self.ends.append((sender, to))
        self.into[to].append(number)
        self.known += 1
        self.channels.append(Values(f"messages from {self.names[sender]} to {self.names[to]}"))
        self._posts.append(Values("posts"))
        self._channel_region.need(number + 1)
        self._channel_region.put(number, [to, sender, 0, 0, 0, 0])
        self._put_grids.append(Grid(self.pool, self._channel_region, number, codes.C_PUT))
        for regions, what in ((self._deliverable, codes.C_DELIVERABLE), (self._faults, codes.C_FAULTS)):
            regions.append(Region(self.pool, 1, codes.MISS, self._told_channel(number, what)))
        self._order_region.need(number + 1)
        self._order_region.put(0, self.channels_in_order())
        self.pool.head[codes.CHANNEL_COUNT] = number + 1
        self._content(number, self.system.network.empty_mailbox())
        return number

    def _told_channel(self, channel: int, what: int) -> Callable[[int], None]:
        return lambda base: self._channel_region.put(channel, base, what)

    def channels_in_order(self) -> list[int]:
        """Return all channels in the order in which the reference semantics delivers from them."""
        return sorted(range(len(self.channels)), key=self._channel_order)

    def _channel_order(self, channel: int) -> tuple[Any, ...]:
        sender, to = self.ends[channel]
        return (to, order_key(self.names[sender]))

    def _content(self, channel: int, value: Mailbox) -> int:
        number, is_new = self.channels[channel].number(value, self.now)
        if is_new:
            self.known += 1
            self._deliverable[channel].need(number + 1)
            self._faults[channel].need(number + 1)
            self._put_grids[channel].need(number + 1, 1)
        return number

    def _envelope(self, to: int, envelope: Envelope) -> int:
        number, is_new = self._envelopes[to].number(envelope)
        if is_new:
            self._delivery_grids[to].need(1, number + 1)
        return number

    def _deliverables(self, channel: int, content: int) -> int:
        to = self.ends[channel][1]
        can_be_dropped = (
            self.system.network is not Network.SET
            and bool(self.system.faults.restarts)
            and self.system._concerns(self.system.faults.restarts, self.names[to])
        )
        items: list[int] = []
        for envelope in self.channels[channel].items[content].deliverable():
            drop = self.move(Action(Kind.DROP, envelope=envelope)) if can_be_dropped else 0
            rest = content if self.system.network is Network.SET else codes.MISS
            items += [self._envelope(to, envelope), rest, drop]
        return self.list_of([*items, -1])

    def _message_faults(self, channel: int, content: int) -> int:
        """List what the network may do to the messages of a channel."""
        faults, mailbox = self.system.faults, self.channels[channel].items[content]
        items: list[int] = []
        for envelope in dict.fromkeys(mailbox.content()):
            for budget, kind, operation, results in (
                (faults.losses, Kind.LOSS, codes.OP_LOSS, mailbox.lost),
                (faults.duplicates, Kind.DUPLICATION, codes.OP_DUPLICATE, mailbox.repeated),
            ):
                if budget and self.system._concerns(budget, envelope):
                    for number in range(len(results(envelope))):
                        action = Action(kind, envelope=envelope, outcome=number)
                        items += [self.move(action, operation=operation), codes.MISS, 0]
        return self.list_of([*items, -1])

    def _strike(self, channel: int, content: int, entry: int) -> None:
        """Note what is left of a channel when a message of it is lost or repeated."""
        action = self.actions[self._listed_at(entry)]
        assert action is not None
        assert action.envelope is not None
        mailbox = self.channels[channel].items[content]
        results = mailbox.lost if action.kind is Kind.LOSS else mailbox.repeated
        after = self._content(channel, results(action.envelope)[action.outcome])
        self._lists.put(entry + 1, after)

    # The environment.

    def _surroundings(self, value: Surroundings) -> int:
        number, is_new = self.environment.number(value, self.now)
        if is_new:
            self.known += 1
            self._environments.note(number, value)
        return number

    # Observers.

    def _observe(self, j: int, value: int, move: int) -> None:
        from everyway.models.language.system import _watching

        if self.memo.find(j, value, move) is not None:
            return
        event = self._events[move]
        assert event is not None
        watch = partial(_watching, self.system.roster.observers[j])
        memory: Observer = self.observers[j].items[value]
        if self.symmetry is not None:
            self.symmetry.check_observation(self.system.roster.observers[j], memory, event, watch)
        after = watch(memory, event)
        self.memo.put(j, value, move, self._observer(j, after))
