"""Split brain: equal nodes elect a leader, and the network falls into pieces.

Every node takes the lowest-numbered node that it can reach for the leader. When the network falls into pieces, each
node notices that in a step of its own. A rule says in which pieces nodes go on: here, in one with a majority of all
nodes. That leaves one leader at most, once everybody has noticed; in between there may still be two.

Davidson, Garcia-Molina & Skeen, "Consistency in partitioned networks" (1985), section 3.1, for going on in a majority;
Gifford, "Weighted voting for replicated data" (SOSP 1979), for why two majorities never act at once; Angluin, "Local
and global properties in networks of processors" (STOC 1980), for elections among nodes without names; Fischer, Lynch &
Paterson (JACM 1985) for elections that need not end.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar

from attrs import frozen

from everyway.invariants import Property, always, broken, eventually, never, possible, recoverable
from everyway.models.language import (
    Message,
    Network,
    Node,
    NodeId,
    Protocol,
    Step,
    Steps,
    System,
    World,
    choice,
    durable,
    on,
    parameter,
    volatile,
)

View = frozenset[NodeId]
"""Nodes that can reach each other."""
Pieces = frozenset[View]
"""The pieces into which the network has fallen."""


def told(nodes: Iterable[NodeId]) -> str:
    """Return nodes in words."""
    return " ".join(sorted(nodes))


def told_pieces(pieces: Pieces) -> str:
    """Return pieces in words."""
    return " | ".join(sorted(told(piece) for piece in pieces))


def partitions(nodes: tuple[NodeId, ...]) -> Iterator[Pieces]:
    """Yield every way in which nodes can fall into pieces, the whole included."""
    if not nodes:
        yield frozenset()
        return
    first, rest = nodes[0], nodes[1:]
    for pieces in partitions(rest):
        yield pieces | {frozenset([first])}
        for piece in pieces:
            yield pieces - {piece} | {piece | {first}}


@frozen
class Reachable(Message):
    """What a node notices of the network: these are the nodes that it reaches, itself included."""

    nodes: View

    def __str__(self) -> str:
        return f"reaches {told(self.nodes)}"


@frozen
class Wiring(Node):
    """The network itself, which falls into pieces and becomes whole again; who is touched by that notices later."""

    nodes: tuple[NodeId, ...] = durable()
    can_heal: bool = True
    cuts_left: int = durable(1)
    pieces: Pieces = durable(frozenset())

    @choice
    def cut(self) -> Steps:
        if self.cuts_left:
            for pieces in sorted(partitions(self.nodes), key=told_pieces):
                if len(pieces) > 1 and pieces != self.pieces:
                    yield self.rewired(pieces, self.cuts_left - 1).named(f"cut {told_pieces(pieces)}")

    @choice
    def heal(self) -> Steps:
        if self.can_heal and len(self.pieces) > 1:
            return self.rewired(frozenset([frozenset(self.nodes)]), self.cuts_left)

    def rewired(self, pieces: Pieces, cuts_left: int) -> Step:
        """Return the step to other pieces."""
        return self.announced(self.become(pieces=pieces, cuts_left=cuts_left), pieces)

    def announced(self, step: Step, pieces: Pieces) -> Step:
        """Return the step in which the nodes of pieces that were not there before are told."""
        for piece in sorted(pieces - self.pieces, key=told):
            step = step.send(piece, Reachable(piece))
        return step

    def __str__(self) -> str:
        return told_pieces(self.pieces) if len(self.pieces) > 1 else "WHOLE"


class Role(Enum):
    """What a node takes itself for."""

    LEADS = "leads"
    FOLLOWS = "follows"
    REFUSES = "refuses"
    EXITED = "exited"


@frozen
class Member(Node):
    """Follows the lowest-numbered node in view, or leads if that is itself; refuses to serve in too small a piece."""

    everybody: View
    state: Role = volatile(Role.FOLLOWS)
    view: View = volatile(frozenset())

    @on(Reachable)
    def notice(self, message: Reachable) -> Steps:
        """Notice that the network has changed."""
        role = self.role_among(message.nodes)
        return self.become(view=message.nodes, state=role).named(role.value)

    def role_among(self, view: View) -> Role:
        """Return the role in a piece of the network."""
        if not self.is_enough(view):
            return Role.REFUSES
        return Role.LEADS if self.id == min(view) else Role.FOLLOWS

    def is_enough(self, view: View) -> bool:
        """Return whether a piece may go on: if it has a majority of all nodes."""
        return 2 * len(view) > len(self.everybody)


# What is promised.


def leaders(world: World) -> list[Member]:
    """Return the nodes that are up and lead."""
    return [member for member in world.live(Member) if member.state is Role.LEADS]


def wiring(world: World) -> Wiring:
    """Return the network."""
    (found,) = world.nodes(Wiring)
    return found


def has_settled(world: World) -> bool:
    """Everybody who is up has noticed how the network is."""
    return not any(world.is_up(envelope.to) for envelope in world.in_flight(Reachable))


def one_at_most(world: World) -> Any:
    """Return whether there is one leader at most, or who they are."""
    found = leaders(world)
    return len(found) <= 1 or broken(f"{' and '.join(one.id for one in found)} lead", found)


@always(when=has_settled)
def smaller_stops(world: World) -> Any:
    """Once everybody has noticed, at most one node leads."""
    return one_at_most(world)


@always
def one_leader_at_every_instant(world: World) -> Any:
    """At most one node leads, even while others have not noticed: not promised, and not true."""
    return one_at_most(world)


def committers(world: World, needed: int) -> list[Member]:
    """Return the leaders that can get a write acknowledged, as so many nodes are in their piece of the network."""
    pieces = [piece for piece in wiring(world).pieces if len(piece) >= needed]
    return [leader for leader in leaders(world) if any(leader.id in piece for piece in pieces)]


def one_committing_piece(needed: Callable[[int], int], *, name: str) -> Property:
    """Return the promise that leaders in one piece of the network at most can get writes acknowledged.

    Args:
        needed: how many of so many nodes must acknowledge a write.
        name: the property's name.
    """

    def one_piece(world: World) -> Any:
        """At most one piece of the network has a leader and as many nodes as must acknowledge a write."""
        able = committers(world, needed(len(world.nodes(Member))))
        pieces = {piece for piece in wiring(world).pieces for leader in able if leader.id in piece}
        return len(pieces) <= 1 or broken("leaders of two pieces of the network can commit", able)

    made: Property = always(one_piece, name=name)
    return made


one_committer: Property = one_committing_piece(lambda count: count // 2 + 1, name="one committer")


@possible
def two_leaders(world: World) -> bool:
    """Two nodes lead at once, and everybody has noticed how the network is."""
    return has_settled(world) and len(leaders(world)) > 1


@possible
def two_leaders_for_a_while(world: World) -> bool:
    """Two nodes lead at once, as some have not noticed that the network has changed."""
    return len(leaders(world)) > 1


@possible
def no_leader(world: World) -> bool:
    """Nobody leads, although every node is up and everybody has noticed: the price of the rule."""
    return has_settled(world) and not leaders(world)


@possible
def a_leader_leads(world: World) -> bool:
    """Somebody can lead, once everybody has noticed how the network is."""
    return has_settled(world) and bool(leaders(world))


@possible
def a_piece_goes_on(world: World) -> bool:
    """A piece of the network goes on with a leader, and the other nodes have stopped."""
    roles = [member.state for member in world.nodes(Member)]
    return has_settled(world) and roles.count(Role.LEADS) == 1 and Role.REFUSES in roles


@recoverable
def heal_recovers(world: World) -> bool:
    """The network can heal, and once everybody has noticed, exactly one node leads."""
    return len(wiring(world).pieces) == 1 and has_settled(world) and len(leaders(world)) == 1


@frozen
class SplitBrain(Protocol):
    """Equal nodes elect the lowest-numbered one they reach; only a piece with a majority of all nodes goes on."""

    name: ClassVar[str] = "split-brain"
    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {
        "LEADS": "good",
        "FOLLOWS": "near",
        "REFUSES": "wait",
        "EXITED": "stop",
        "WHOLE": "idle",
    }
    member_class: ClassVar[type[Member]] = Member
    wiring_class: ClassVar[type[Wiring]] = Wiring

    members: int = parameter(3, help="how many equal nodes there are", at_least=2, no_more_than=9)
    cuts: int = parameter(1, help="how often the network falls into pieces", at_least=0)
    heal: bool = parameter(True, help="whether the network becomes whole again")

    def nodes(self) -> dict[NodeId, Node]:
        names = tuple(f"N{k}" for k in range(1, self.members + 1))
        everybody = frozenset(names)
        members: dict[NodeId, Node] = {
            name: self.member_class(everybody, Role.LEADS if name == "N1" else Role.FOLLOWS, everybody)
            for name in names
        }
        return {**members, "net": self.wiring_class(names, self.heal, self.cuts, frozenset([everybody]))}

    def promises(self) -> Iterable[Property]:
        promised: list[Property] = [smaller_stops, one_committer]
        if self.cuts and self.members > 2:
            promised.append(a_piece_goes_on)
        return [*promised, heal_recovers] if self.heal else promised


# Variants. Each is the protocol above with one deviation.


class NotSmaller(Member):
    """Goes on unless it is in the smaller part."""

    def is_enough(self, view: View) -> bool:
        return 2 * len(view) >= len(self.everybody)


@frozen
class AsNoted(SplitBrain):
    """The study notes' rule: the smaller side stops; of two halves neither is smaller, and both go on."""

    variant: ClassVar[str] = "as-noted"
    member_class: ClassVar[type[Member]] = NotSmaller

    members: int = parameter(4, help="how many equal nodes there are", at_least=2, no_more_than=9)
    cuts: int = parameter(1, help="how often the network falls into pieces", at_least=0)
    heal: bool = parameter(True, help="whether the network becomes whole again")


class TieBreaking(Member):
    """Goes on with a majority, or with that half of the nodes that has the lowest-numbered one of all."""

    def is_enough(self, view: View) -> bool:
        is_half = 2 * len(view) == len(self.everybody)
        return super().is_enough(view) or (is_half and min(self.everybody) in view)


@frozen
class TieBreak(SplitBrain):
    """Of two halves that with the first node goes on."""

    variant: ClassVar[str] = "tie-break"
    member_class: ClassVar[type[Member]] = TieBreaking

    members: int = parameter(4, help="how many equal nodes there are", at_least=2, no_more_than=9)
    cuts: int = parameter(1, help="how often the network falls into pieces", at_least=0)
    heal: bool = parameter(True, help="whether the network becomes whole again")


class Careless(Member):
    """Goes on whatever it reaches."""

    def is_enough(self, view: View) -> bool:
        return True


class NoRule(SplitBrain):
    """Wrong: every piece of the network goes on with a leader of its own."""

    variant = "no-rule"
    member_class = Careless

    def promises(self) -> Iterable[Property]:
        promised: list[Property] = [smaller_stops, one_committer, a_leader_leads]
        return [*promised, heal_recovers] if self.heal else promised


class Exit(Message):
    """I am gone for good."""


class WatchedWiring(Wiring):
    """Lets the others in a piece notice that one of them has exited."""

    @on(Exit)
    def lose(self, _: Exit, gone: NodeId) -> Steps:
        pieces = frozenset(piece - {gone} for piece in self.pieces if piece != {gone})
        left = tuple(name for name in self.nodes if name != gone)
        return self.announced(self.become(nodes=left, pieces=pieces), pieces)


class Suicidal(Member):
    """Exits for good where it may not go on."""

    @on(Reachable)
    def notice(self, message: Reachable) -> Steps:
        if self.state is Role.EXITED:
            return None
        if self.is_enough(message.nodes):
            return super().notice(message)
        exited = self.become(view=frozenset(), state=Role.EXITED)
        return exited.send("net", Exit()).named("exit")


class Suicide(SplitBrain):
    """Wrong: nodes in too small a piece exit, as the notes also offer; if all are too small, nobody comes back."""

    variant = "suicide"
    member_class = Suicidal
    wiring_class = WatchedWiring

    def promises(self) -> Iterable[Property]:
        promised: list[Property] = [smaller_stops, one_committer, a_leader_leads]
        return [*promised, heal_recovers] if self.heal else promised


# Everybody is equal.


Shape = tuple[Hashable, ...]


def shape(world: World) -> Shape:
    """Return what nodes know of each other and of the network, without who leads, which their numbers decide."""
    members = world.nodes(Member)
    coming = frozenset((one.to, one.message.nodes) for one in world.in_flight(Reachable))
    return wiring(world).pieces, frozenset((one.id, one.view) for one in members), coming


def renamed(value: Any, names: Mapping[NodeId, NodeId]) -> Any:
    """Return a value with other names in it."""
    if isinstance(value, str):
        return names.get(value, value)
    return type(value)(renamed(part, names) for part in value)


def moves(protocol: SplitBrain) -> set[tuple[Shape, Shape]]:
    """Return every step that can be taken, as the shapes before and after it."""
    system = System(protocol)
    waiting = list(system.initial())
    met, found = set(waiting), set()
    while waiting:
        world = waiting.pop()
        for _, after in system.steps(world):
            found.add((shape(world), shape(after)))
            if after not in met:
                met.add(after)
                waiting.append(after)
    return found


def is_symmetric(protocol: SplitBrain) -> bool:
    """Return whether all nodes are equal: giving them each other's names maps the steps onto the steps."""
    steps = moves(protocol)
    names = [name for name in protocol.nodes() if name != "net"]
    return all(
        steps == {renamed(step, dict(zip(names, others, strict=True))) for step in steps}
        for others in itertools.permutations(names)
    )


# Elections among equals.


Rule = Callable[[int, tuple[int, ...]], int]
"""What a node without a name becomes in a round: of its own state, and those of the others in no order."""
LEADER = 1
"""The state of a node without a name that leads."""


@frozen
class AnonymousElection:
    """Nodes without names in lock step: each tells all others its state, and all apply one rule without chance."""

    rule: Rule
    nodes: int = 3

    def initial(self) -> Iterator[tuple[int, ...]]:
        """Yield the start, in which all are alike."""
        yield (0,) * self.nodes

    def steps(self, state: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield the next round."""
        others = [tuple(sorted(state[:k] + state[k + 1 :])) for k in range(len(state))]
        yield "a round", tuple(self.rule(own, rest) for own, rest in zip(state, others, strict=True))


@always
def all_stay_alike(state: tuple[int, ...]) -> bool:
    """All nodes are in the same state."""
    return len(set(state)) == 1


@eventually
def anonymous_election(state: tuple[int, ...]) -> bool:
    """Exactly one node leads."""
    return state.count(LEADER) == 1


class Ask(Message):
    """Vote for me."""


class Yes(Message):
    """I vote for you; of three, that is a majority."""


class No(Message):
    """I stand myself, or have voted for another."""


class Won(Message):
    """I lead."""


class Stand(Enum):
    """How far a node has come in an election."""

    IDLE = "idle"
    STANDS = "stands"
    LEADS = "leads"
    FOLLOWS = "follows"


@frozen
class Voter(Node):
    """Stands whenever it likes; who does not get a majority withdraws, and may stand again."""

    others: frozenset[NodeId]
    state: Stand = volatile(Stand.IDLE)
    voted_for: NodeId | None = volatile(None)
    yes: frozenset[NodeId] = volatile(frozenset())
    no: frozenset[NodeId] = volatile(frozenset())

    @choice
    def stand(self) -> Steps:
        if self.state is Stand.IDLE and self.voted_for is None:
            return self.become(state=Stand.STANDS).send(self.others, Ask())

    @on(Ask)
    def vote(self, _: Ask, candidate: NodeId) -> Steps:
        if self.state is Stand.IDLE and self.voted_for is None:
            return self.become(voted_for=candidate).send(candidate, Yes()).named("vote yes")
        return self.send(candidate, No()).named("vote no")

    @on(Yes)
    def count_yes(self, _: Yes, voter: NodeId) -> Steps:
        return self.counted(self.yes | {voter}, self.no)

    @on(No)
    def count_no(self, _: No, voter: NodeId) -> Steps:
        return self.counted(self.yes, self.no | {voter})

    def counted(self, yes: frozenset[NodeId], no: frozenset[NodeId]) -> Steps:
        """Once everybody has answered, lead or withdraw."""
        if yes | no != self.others:
            return self.become(yes=yes, no=no)
        if 2 * (len(yes) + 1) > len(self.others) + 1:
            won = self.become(yes=frozenset(), no=frozenset(), state=Stand.LEADS)
            return won.send(self.others, Won()).named("win")
        return self.become(yes=frozenset(), no=frozenset(), state=Stand.IDLE).named("withdraw")

    @on(Won)
    def follow(self) -> Steps:
        return self.become(state=Stand.FOLLOWS, voted_for=None, yes=frozenset(), no=frozenset())


def somebody_leads(world: World) -> bool:
    """A node has been elected."""
    return any(voter.state is Stand.LEADS for voter in world.nodes(Voter))


@never
def two_are_elected(world: World) -> Any:
    """Two nodes are never elected."""
    return sum(voter.state is Stand.LEADS for voter in world.nodes(Voter)) > 1


somebody_is_elected: Property = possible(somebody_leads, name="somebody is elected")
election_possible: Property = recoverable(somebody_leads, name="election possible")
election_terminates: Property = eventually(somebody_leads, name="election terminates")


@frozen
class Election(Protocol):
    """Equal nodes stand for election whenever they like: at most one wins, and it may take for ever until one does."""

    name: ClassVar[str] = "election"
    network: ClassVar[Network] = Network.FIFO
    tones: ClassVar[dict[str, str]] = {"IDLE": "idle", "STANDS": "wait", "FOLLOWS": "near", "LEADS": "good"}

    voters: int = parameter(3, help="how many equal nodes there are", at_least=2, no_more_than=3)

    def nodes(self) -> dict[NodeId, Node]:
        names = frozenset(self.names)
        return {name: Voter(names - {name}) for name in self.names}

    @property
    def names(self) -> list[NodeId]:
        """The nodes' names."""
        return [f"N{k}" for k in range(1, self.voters + 1)]

    def interchangeable(self) -> Iterable[Iterable[NodeId]]:
        return [self.names]

    def promises(self) -> Iterable[Property]:
        return [two_are_elected, election_possible, somebody_is_elected]
