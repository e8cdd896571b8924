"""Nodes are watched however their class is made."""

from functools import cached_property

import pytest
from attrs import frozen
from meeting import Clerk, Heir, Own, Voter, seen, whole, world_of

from everyway import volatile


@frozen(cache_hash=True)
class Hashed(Voter):
    pass


@frozen(slots=False)
class Loose(Voter):
    more: int = volatile(7)


@frozen
class Slotted(Voter):
    @cached_property
    def tally(self):
        return len(self.heard)


@frozen(slots=False)
class Remembering(Voter):
    @cached_property
    def tally(self):
        return len(self.heard)


@frozen
class Checked(Voter):
    def __attrs_post_init__(self):
        assert self.vote != 9


@frozen(slots=False)
class Sworn(Voter):
    def __attrs_post_init__(self):
        object.__setattr__(self, "oath", self.vote)


@frozen(cache_hash=True)
class Counting(Checked):
    @cached_property
    def tally(self):
        return len(self.heard)


class Engraved(Voter):
    __slots__ = ("oath",)

    def __init__(self, **fields):
        super().__init__(**fields)
        object.__setattr__(self, "oath", self.vote)


@frozen
class Ready(Voter):
    def __getattr__(self, name):
        if name == "tally":
            return len(self.heard)
        raise AttributeError(name)


@pytest.mark.parametrize(
    ("kind", "question", "reads"),
    [
        (Hashed, lambda world: hash(world["A"]), whole("A")),
        (Hashed, lambda world: len({world["A"], world["A"]}), whole("A")),
        (Loose, lambda world: world["A"].more, "A.more"),
        (Loose, lambda world: vars(world["A"])["more"], "A"),
        (Loose, lambda world: (world["A"].vote, world["A"].__dict__, world["A"].heard), "A.vote, A"),
        (Loose, lambda world: hasattr(world["A"], "nothing"), ""),
        (Slotted, lambda world: world["A"].tally + world["A"].tally, "A.heard"),
        (Remembering, lambda world: world["A"].tally + world["A"].tally, "A"),
        (Counting, lambda world: world["A"].tally + world["A"].tally, "A"),
        (Engraved, lambda world: world["A"].oath, "A"),
        (Engraved, lambda world: world["A"].is_done, "A.vote, A.heard"),
        (Ready, lambda world: world["A"].tally, "A.heard"),
        (Checked, lambda world: world["A"].is_done, "A.vote, A.heard"),
        (Checked, lambda world: hasattr(world["A"], "nothing"), "A"),
        (Sworn, lambda world: world["A"].oath, "A"),
        (Sworn, lambda world: world["A"].vote, "A.vote"),
        (Own, lambda world: (world["A"].five, world["A"].vote), "A.vote"),
        (Heir, lambda world: (world["A"].five, world["A"].vote), "A.vote"),
    ],
)
def test_nodes_of_any_make_are_watched(kind, question, reads):
    world = world_of(kind, Own, kind, Clerk)
    assert seen(question, world) == reads
    hash(world)
    question(world)  # whatever the node remembers now, makes no difference
    assert seen(question, world) == reads
