"""Chang and Roberts' election as in the public TLA+ specification: the smallest number wins, and not all need begin."""

from enum import Enum
from itertools import product

from attrs import frozen

from everyway import LATER, Message, Node, Protocol, always, broken, choice, on, parameter, volatile


class Standing(Enum):
    CANDIDATE = "candidate"
    LOST = "lost"
    WON = "won"


@frozen
class Token(Message):
    number: int


@frozen
class Member(Node):
    number: int
    successor: str
    initiates: bool
    standing: Standing = volatile()
    is_running: bool = volatile(False)

    @choice
    def begin(self):
        if not self.is_running:
            running = self.become(is_running=True)
            return running.send(self.successor, Token(self.number)) if self.initiates else running

    @on(Token)
    def compare(self, token):
        if not self.is_running:
            return LATER
        if self.standing is Standing.LOST:
            return self.send(self.successor, token)
        if token.number < self.number:
            return self.become(standing=Standing.LOST).send(self.successor, token)
        return self.become(standing=Standing.WON) if token.number == self.number else None


@always
def correctness(world):
    """Who has won began, and all others have lost."""
    for winner in world.nodes(Member):
        if winner.standing is Standing.WON:
            others = [one for one in world.nodes(Member) if one != winner]
            if not winner.initiates or any(one.standing is not Standing.LOST for one in others):
                return broken(f"{winner.id} has won too early", winner)
    return True


@frozen
class Ring(Protocol):
    members: int = parameter(3)

    def nodes(self):
        for initiators in product((False, True), repeat=self.members):
            yield {
                f"N{k + 1}": Member(
                    k + 1,
                    f"N{(k + 1) % self.members + 1}",
                    initiates,
                    Standing.CANDIDATE if initiates else Standing.LOST,
                )
                for k, initiates in enumerate(initiators)
            }

    def promises(self):
        return [correctness]
