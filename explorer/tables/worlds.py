"""From rows back to worlds, and to the rows of worlds that came up: what the tables are read for in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from everyway.explorer.growth import component_parts
from everyway.explorer.reads import Parts
from everyway.models.language.network import Mailbox
from everyway.models.language.observer import Observer
from everyway.models.language.world import World

from .channels import joined, parted
from .values import NodeValue, Surroundings

if TYPE_CHECKING:
    from .model_tables import ModelTables


class Worlds:
    """The worlds that the rows of a model's tables stand for.

    Args:
        tables: the tables; nothing is added to them here.
    """

    def __init__(self, tables: ModelTables) -> None:
        self._tables = tables
        self._mailboxes: dict[tuple[int, tuple[int, ...]], Mailbox] = {}

    def at(self, row: Sequence[int]) -> World:
        """Return the world that a row stands for."""
        return self.of(self._tables.layout.unpacked(row))

    def of(self, numbers: Sequence[int]) -> World:
        """Return the world whose parts have these numbers."""
        return World(*self.parts_of(numbers)._replace(mailboxes=self.in_flight(numbers)))

    def parts_of(self, numbers: Sequence[int]) -> Parts:
        """Return the parts of the same world, without what is in flight, which is quicker to have."""
        count = len(self._tables.names)
        cast = [values.items[number] for values, number in zip(self._tables.nodes, numbers, strict=False)]
        around: Surroundings = self._tables.environment.items[numbers[count]]
        memory: tuple[Observer, ...] = ()
        if self._tables.observers:
            memory = tuple(
                values.items[number]
                for values, number in zip(self._tables.observers, numbers[count + 1 :], strict=False)
            )
        states = tuple([value.state for value in cast])
        up = tuple([value.is_up for value in cast])
        roster = self._tables.system.roster
        return Parts(roster, states, up, (), around.cut_off, around.left, memory, around.start)

    def in_flight(self, numbers: Sequence[int]) -> tuple[Mailbox, ...]:
        """Return what is in flight to each node in the world whose parts have these numbers."""
        contents = numbers[len(self._tables.names) + 1 + len(self._tables.observers) :]
        contents = [*contents, *[0] * (len(self._tables.channels) - len(contents))]
        return tuple(
            [
                self._mailbox(to, tuple([contents[channel] for channel in self._tables.into[to]]))
                for to in range(len(self._tables.names))
            ]
        )

    def _mailbox(self, to: int, contents: tuple[int, ...]) -> Mailbox:
        """Return the mailbox of a node, of what the channels to it hold."""
        key = (to, contents)
        if key not in self._mailboxes:
            held = [
                self._tables.channels[channel].items[number]
                for channel, number in zip(self._tables.into[to], contents, strict=True)
                if number
            ]
            self._mailboxes[key] = joined(held, self._tables.system.network)
        return self._mailboxes[key]

    def row(self, world: World) -> list[int] | None:
        """Return a world's row; None if one of its parts was never seen, and so neither was the world."""
        tables = self._tables
        found: list[int | None] = []
        for i, (state, is_up) in enumerate(zip(world.states, world.up, strict=True)):
            initial = tables.system._starts[world.start][tables.names[i]] if tables.can_crash else None
            found.append(tables.nodes[i].find(NodeValue(state, is_up, initial)))
        found.append(tables.environment.find(Surroundings(world.cut_off, world.left, world.start)))
        found += [values.find(memory) for values, memory in zip(tables.observers, world.memory, strict=True)]
        contents: dict[int, int | None] = {}
        for to, mailbox in enumerate(world.mailboxes):
            for sender, part in parted(mailbox):
                channel = tables.channel_of.get((tables.system.roster.position[sender], to))
                if channel is None:
                    return None
                contents[channel] = tables.channels[channel].find(part)
        found += [contents.get(channel, 0) for channel in range(len(tables.channels))]
        numbers = [number for number in found if number is not None]
        return tables.layout.packed(numbers) if len(numbers) == len(found) else None

    def parts(self, component: int, number: int) -> Iterator[tuple[str, Any]]:
        """Yield the parts of a component's value, with names, as growth is told of them."""
        values = self._tables.components[component]
        value = values.items[number]
        if isinstance(value, NodeValue):
            yield from component_parts(values.name, value.state)
        elif isinstance(value, Surroundings):
            yield "partition", value.cut_off
            yield "faults left", value.left
        else:
            yield from component_parts(values.name, value)
