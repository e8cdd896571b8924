"""A strategy as a model: a protocol whose replicas look up in its tables what to do; and the same as a Python file.

So what was found by synthesis is checked like any other protocol: by the table engine, with all fair runs, faults and
pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from attrs import evolve, field, frozen

from everyway.invariants import Property, always, eventually_always, leads_to, possible
from everyway.invariants.consistency import (
    Call,
    Invoked,
    Linearizability,
    Register,
    Returned,
    is_linearizable,
)
from everyway.invariants.consistency.history import Happening
from everyway.models.language import (
    Event,
    Fairness,
    Message,
    Node,
    NodeId,
    Observer,
    Protocol,
    Step,
    Steps,
    World,
    choice,
    durable,
    on,
)

from .strategy import NOTHING, READ, RECEIVE, TICK, WRITE, Cell, Family, Move, Occasion, Strategy, name_of

Rows = tuple[tuple[int, str, int, tuple[tuple[NodeId, int], ...], int | None], ...]
"""The table of a replica: state, occasion ("write", "read", "tick", "1 from N2"), next state, which message is sent to
whom, and the answer or None. Where there is no row, nothing is done."""


@frozen
class Signal(Message):
    """A message, of which only the number tells what it says."""

    number: int

    def __str__(self) -> str:
        return f"message {self.number}"


@frozen(cache_hash=True)
class Table:
    """What a replica does."""

    rows: Rows

    def row(self, state: int, occasion: str) -> tuple[int, tuple[tuple[NodeId, int], ...], int | None]:
        """Return the next state, what is sent, and the answer."""
        for at, when, after, sends, reply in self.rows:
            if at == state and when == occasion:
                return after, sends, reply
        return state, (), None


@frozen
class TableReplica(Node):
    """Does what its table says; its client waits for the first answer."""

    table: Table = field(repr=False)
    requests: tuple[str, ...]
    state: int = durable(0)
    waiting: str = durable("")
    wrote: bool = durable(False)
    answer: int | None = durable(None)
    """The last answer to its client, for the diagram; forgotten at the next request."""

    role: ClassVar[str] = "replica"

    @choice
    def write(self) -> Steps:
        """The client writes 1, once."""
        if WRITE in self.requests and not self.waiting and not self.wrote:
            return evolve(self, waiting=WRITE, wrote=True, answer=None).reacting(WRITE).named("write 1")
        return None

    @choice
    def read(self) -> Steps:
        """The client reads."""
        if READ in self.requests and not self.waiting:
            return evolve(self, waiting=READ, answer=None).reacting(READ)
        return None

    @choice
    def tick(self) -> Steps:
        """Do something of its own accord, if the table says so."""
        step = self.reacting(TICK)
        return None if step.state == self and not step.sends else step

    @on(Signal)
    def receive(self, message: Signal, sender: NodeId) -> Steps:
        """React to a message."""
        return self.reacting(f"{message.number} from {sender}")

    def reacting(self, occasion: str) -> Step:
        """Return the step that the table says."""
        after, sends, reply = self.table.row(self.state, occasion)
        reacted = evolve(self, state=after)
        if reply is not None and self.waiting:
            reacted = evolve(reacted, waiting="", answer=reply)
        step = reacted.stay()
        if reacted.waiting != self.waiting:
            told = "acknowledge the write" if self.waiting == WRITE else f"read {reply}"
            step = step.named(told)
        for to, number in sends:
            step = step.send(to, Signal(number))
        return step

    def __str__(self) -> str:
        told = f" {self.waiting.upper()}?" if self.waiting else ""
        return f"S{self.state}{told}"


def calls(event: Event) -> Iterator[Happening]:
    """Yield which operation a step begins and ends."""
    before, after, client = event.before, event.after, event.node
    if client is None or not isinstance(before, TableReplica) or not isinstance(after, TableReplica):
        return
    request = before.waiting
    if event.action.handler in (WRITE, READ):
        request = event.action.handler
        yield Invoked(Call(client, request, 1 if request == WRITE else None))
    if request and not after.waiting:
        yield Returned(client, None if request == WRITE else after.answer)


linearizable = is_linearizable("history")


def somebody_waits(world: World) -> bool:
    """Some client waits for an answer."""
    return any(replica.waiting for replica in world.nodes(TableReplica))


def _nobody_waits_at(name: NodeId) -> Property:
    def waits(world: World) -> bool:
        """A client waits for an answer."""
        return bool(getattr(world[name], "waiting", ""))

    def is_answered(world: World) -> bool:
        """It is answered at last."""
        return not getattr(world[name], "waiting", "")

    return leads_to(waits, name=f"available at {name}")(is_answered)


@always
def one_message_on_a_link(world: World) -> bool:
    """No second message is sent while one is on its way to the same replica."""
    under_way = [(envelope.sender, envelope.to) for envelope in world.in_flight(Signal)]
    return max(map(under_way.count, under_way), default=0) <= 1


@always
def valid(world: World) -> bool:
    """A read returns 1 only once the write was asked for."""
    has_seen = any(replica.answer == 1 and READ in replica.requests for replica in world.nodes(TableReplica))
    return not has_seen or any(replica.wrote for replica in world.nodes(TableReplica))


def every_reader_has_read_the_write(world: World) -> bool:
    """Once the write was acknowledged, every reader's last answer is 1."""
    replicas = world.nodes(TableReplica)
    is_acknowledged = any(replica.wrote and replica.waiting != WRITE for replica in replicas)
    return not is_acknowledged or all(
        replica.answer != 0
        for replica in replicas
        if READ in replica.requests and WRITE not in replica.requests
    )


convergent: Property = eventually_always(every_reader_has_read_the_write, name="convergent")
"""For clients that read again and again, ``KEEPS_READING``."""
KEEPS_READING = Fairness(exempt={"write"})


@possible
def a_read_sees_the_write(world: World) -> bool:
    """A read can return what was written."""
    return any(
        replica.answer == 1 and READ in replica.requests and not replica.waiting
        for replica in world.nodes(TableReplica)
    )


@frozen
class SynthesisedRegister(Protocol):
    """A register whose replicas do what tables say. N1's client writes 1 once, the others' clients read."""

    fairness: ClassVar[Fairness] = Fairness(exempt={"write", "read"})
    tables: ClassVar[dict[NodeId, Rows]] = {}
    """For each replica its table."""
    reads_everywhere: ClassVar[bool] = False

    def nodes(self) -> dict[NodeId, Node]:
        """Return the replicas."""
        family = Family(len(self.tables), reads_everywhere=self.reads_everywhere)
        return {
            name: TableReplica(Table(rows), family.requests(number))
            for number, (name, rows) in enumerate(self.tables.items())
        }

    def observers(self) -> dict[str, Observer]:
        """Return the history of the clients' operations."""
        return {"history": Linearizability(Register(0), calls)}

    def promises(self) -> Iterable[Property]:
        """Return consistency, availability at each replica, and what the family of strategies demands."""
        return [
            linearizable,
            *(_nobody_waits_at(name) for name in self.tables),
            valid,
            one_message_on_a_link,
            a_read_sees_the_write,
        ]


def rows_of(strategy: Strategy, replica: int) -> Rows:
    """Return a replica's table, without the rows that do nothing."""
    family = strategy.family
    rows = []
    for cell in family.cells():
        move = strategy.moves[cell]
        if cell.replica != replica or not does_something(cell, move):
            continue
        sends = tuple(
            (name_of(other), message)
            for other, message in zip(family.others(replica), move.sends, strict=True)
            if message
        )
        reply = None if move.reply == NOTHING else move.reply
        rows.append((cell.state, _key(cell.occasion), move.next, sends, reply))
    return tuple(rows)


def does_something(cell: Cell, move: Move) -> bool:
    """Return whether a move changes the state, sends or answers."""
    return move.next != cell.state or any(move.sends) or move.reply != NOTHING


def _key(occasion: Occasion) -> str:
    if occasion.kind == RECEIVE:
        return f"{occasion.message} from {name_of(occasion.sender)}"
    return occasion.kind


def protocol_of(strategy: Strategy, words: str) -> SynthesisedRegister:
    """Return the protocol in which every replica does what the strategy says."""
    family = strategy.family
    tables = {name_of(replica): rows_of(strategy, replica) for replica in range(family.replicas)}
    body: dict[str, Any] = {
        "__doc__": words,
        "__module__": __name__,
        "name": "synthesised-register",
        "tables": tables,
        "reads_everywhere": family.reads_everywhere,
    }
    made: SynthesisedRegister = type("Synthesised", (SynthesisedRegister,), body)()
    return made


def as_python(strategy: Strategy, name: str, words: str) -> str:
    """Return the protocol as the text of a Python file that ``everyway check`` takes.

    Args:
        strategy: what the replicas do.
        name: the name of the class.
        words: its docstring.
    """
    lines = [
        f'"""{words}',
        "",
        "Found by everyway prove cap. Each row: state, occasion, next state, which message is sent to whom, the",
        "answer. Where there is no row, nothing is done.",
        '"""',
        "",
        "from everyway.proofs.synthesis import SynthesisedRegister",
        "",
        "",
        f"class {name}(SynthesisedRegister):",
        f'    """{words}"""',
        "",
        f'    name = "{name.lower()}-register"',
        f"    reads_everywhere = {strategy.family.reads_everywhere}",
        "    tables = {",
    ]
    for replica in range(strategy.family.replicas):
        lines.append(f'        "{name_of(replica)}": (')
        lines += [f"            {_literal(row)}," for row in rows_of(strategy, replica)]
        lines.append("        ),")
    return "\n".join([*lines, "    }", ""])


def _literal(row: tuple[Any, ...]) -> str:
    return repr(row).replace("'", '"')
