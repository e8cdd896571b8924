"""Peterson's lock and a simple allocator of resources, as in the public TLA+ specifications.

Their processes share variables, so that all of them are one node of this language, and each action a choice.
"""

from itertools import chain, combinations

from attrs import frozen

from everyway import Node, Protocol, always, choice, parameter, volatile


def put(values, position, value):
    return (*values[:position], value, *values[position + 1 :])


@frozen
class Memory(Node):
    at: tuple[str, str] = volatile(("a0", "a0"))
    wants: tuple[bool, bool] = volatile((False, False))
    turn: int = volatile(0)

    @choice
    def step(self):
        for me in (0, 1):
            match self.at[me]:
                case "a0":
                    yield self.at_label(me, "a1")
                case "a1":
                    yield self.at_label(me, "a2", wants=put(self.wants, me, True))
                case "a2":
                    yield self.at_label(me, "a3", turn=1 - me)
                case "a3" if not self.wants[1 - me] or self.turn == me:
                    yield self.at_label(me, "inside")
                case "inside":
                    yield self.at_label(me, "a4")
                case "a4":
                    yield self.at_label(me, "a0", wants=put(self.wants, me, False))

    def at_label(self, me, label, **changes):
        return self.become(at=put(self.at, me, label), **changes).named(f"{me + 1} to {label}")


@always
def mutual_exclusion(world):
    """No two processes are inside."""
    (memory,) = world.nodes(Memory)
    return not all(label in ("inside", "a4") for label in memory.at)


@frozen
class Peterson(Protocol):
    def nodes(self):
        return {"memory": Memory()}

    def promises(self):
        return [mutual_exclusion]


def parts(resources):
    """Return all sets of these that are not empty."""
    several = sorted(resources)
    return [
        frozenset(one)
        for one in chain.from_iterable(combinations(several, k + 1) for k in range(len(several)))
    ]


@frozen
class Books(Node):
    resources: frozenset[str]
    wanted: tuple[frozenset[str], ...] = volatile()
    held: tuple[frozenset[str], ...] = volatile()

    @choice
    def request(self):
        for client, (wanted, held) in enumerate(zip(self.wanted, self.held, strict=True)):
            if not wanted and not held:
                for some in parts(self.resources):
                    yield self.become(wanted=put(self.wanted, client, some))

    @choice
    def allocate(self):
        free = self.resources - frozenset().union(*self.held)
        for client, (wanted, held) in enumerate(zip(self.wanted, self.held, strict=True)):
            for some in parts(free & wanted):
                yield self.become(
                    wanted=put(self.wanted, client, wanted - some), held=put(self.held, client, held | some)
                )

    @choice
    def give_back(self):
        for client, held in enumerate(self.held):
            for some in parts(held):
                yield self.become(held=put(self.held, client, held - some))


@always
def one_holder(world):
    """No resource is held by two clients."""
    (books,) = world.nodes(Books)
    return sum(map(len, books.held)) == len(frozenset().union(*books.held))


@frozen
class Allocator(Protocol):
    clients: int = parameter(3)
    resources: int = parameter(2)

    def nodes(self):
        nothing = (frozenset(),) * self.clients
        return {"books": Books(frozenset(f"r{k + 1}" for k in range(self.resources)), nothing, nothing)}

    def promises(self):
        return [one_holder]
