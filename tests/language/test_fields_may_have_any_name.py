"""A model's own fields may be called like something of the language."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from everyway import Node, Protocol, always, check, choice, volatile
from everyway.counterexamples.svg import to_svg


class Role(Enum):
    FOLLOWER = 1
    LEADER = 2


@frozen
class Server(Node):
    role: Role = volatile(Role.FOLLOWER)

    @choice
    def lead(self):
        if self.role is Role.FOLLOWER:
            return self.become(role=Role.LEADER)


@always
def nobody_leads(world):
    """Nobody leads."""
    return all(node.role is Role.FOLLOWER for node in world)


class Servers(Protocol):
    """Servers with a field called role."""

    def nodes(self):
        return {"S": Server()}


def test_a_field_called_role_is_no_role_of_the_language():
    report = check(Servers(), nobody_leads)
    picture = to_svg(report.trace(report.verdicts[0]))
    assert "server" in picture
    assert "LEADER" in picture


@frozen
class Counter(Node):
    _seen: int = volatile(0)
    limit: int = 3

    @choice
    def count(self):
        if self._seen < self.limit:
            return self.become(_seen=self._seen + 1)


class Counters(Protocol):
    """A node whose field is private, which attrs' constructor takes without the underscore."""

    def nodes(self):
        return {"C": Counter()}


def test_a_private_field_changes_like_any_other():
    report = check(Counters(), always(lambda world: world["C"]._seen <= 3, name="it stops"))
    assert report.statistics.states == 4
