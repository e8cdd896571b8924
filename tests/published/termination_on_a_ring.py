"""EWD 840 as in the public TLA+ specification: detecting termination on a ring; who sends a message activates at once.

The nodes' activations are synchronous, so that the ring is one node of this language, and each action a choice.
"""

from itertools import product

from attrs import frozen

from everyway import Node, Protocol, always, choice, parameter, volatile


def reasons(*conditions):
    """Return those that are true: TLC takes a step once for each side of an "or" that allows it."""
    return [condition for condition in conditions if condition]


def put(values, position, value):
    return (*values[:position], value, *values[position + 1 :])


@frozen
class Nodes(Node):
    active: tuple[bool, ...] = volatile()
    black: tuple[bool, ...] = volatile()
    token: int = volatile()
    is_token_black: bool = volatile(True)

    @choice
    def initiate_probe(self):
        for _ in reasons(self.is_token_black, self.black[0]):
            if self.token == 0:
                yield self.become(
                    token=len(self.active) - 1, is_token_black=False, black=put(self.black, 0, False)
                )

    @choice
    def pass_token(self):
        at = self.token
        for _ in reasons(not self.active[at], self.black[at], self.is_token_black):
            if at:
                yield self.become(
                    token=at - 1,
                    is_token_black=self.is_token_black or self.black[at],
                    black=put(self.black, at, False),
                )

    @choice
    def send_message(self):
        for sender, other in product(range(len(self.active)), repeat=2):
            if self.active[sender] and sender != other:
                black = put(self.black, sender, True) if other > sender else self.black
                yield self.become(active=put(self.active, other, True), black=black)

    @choice
    def deactivate(self):
        for k, is_active in enumerate(self.active):
            if is_active:
                yield self.become(active=put(self.active, k, False))


@always
def termination_detection(world):
    """If the first node has a white token, is white and passive, all are passive."""
    (ring,) = world.nodes(Nodes)
    is_detected = ring.token == 0 and not (ring.is_token_black or ring.black[0] or ring.active[0])
    return not is_detected or not any(ring.active)


@frozen
class Termination(Protocol):
    members: int = parameter(3)

    def nodes(self):
        flags = list(product((False, True), repeat=self.members))
        for active, black, token in product(flags, flags, range(self.members)):
            yield {"ring": Nodes(active, black, token)}

    def promises(self):
        return [termination_detection]
