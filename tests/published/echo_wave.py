"""The echo algorithm as in the public TLA+ specification: a wave from one node makes a spanning tree."""

from attrs import frozen

from everyway import LATER, Message, Node, NodeId, Protocol, always, choice, on, parameter, volatile


class Wave(Message): ...


class Child(Message): ...


@frozen
class Member(Node):
    neighbours: frozenset[NodeId]
    initiates: bool
    at: int = volatile(0)
    """The label that it is at: 0 before the start, 1 receiving, 2 all received, 3 done."""
    parent: NodeId | None = volatile(None)
    children: frozenset[NodeId] = volatile(frozenset())
    received: int = volatile(0)

    @choice
    def go_on(self):
        match self.at:
            case 0:
                begun = self.become(at=1)
                return begun.send(self.neighbours, Wave()) if self.initiates else begun
            case 1 if self.received == len(self.neighbours):
                return self.become(at=2)
            case 2:
                done = self.become(at=3)
                return done if self.initiates else done.send(self.parent, Child())

    @on(Wave, Child)
    def take(self, message, sender):
        if self.at != 1 or self.received == len(self.neighbours):
            return LATER
        children = self.children | {sender} if isinstance(message, Child) else self.children
        if self.initiates or self.received:
            return self.become(received=self.received + 1, children=children)
        taken = self.become(received=1, children=children, parent=sender)
        return taken.send(self.neighbours - {sender}, Wave())


@always
def children_know_their_parent(world):
    """Whom a node counts as its child has it for parent."""
    return all(world[child].parent == node.id for node in world.nodes(Member) for child in node.children)


@frozen
class Echo(Protocol):
    members: int = parameter(3)

    def nodes(self):
        names = [chr(ord("a") + k) for k in range(self.members)]
        return {name: Member(frozenset(names) - {name}, name == names[0]) for name in names}

    def promises(self):
        return [children_know_their_parent]


def is_over(world):
    return all(node.at == 3 for node in world.nodes(Member))
