"""Rows of several words, and rows that become wider in the middle of a search."""

import pytest
from agreement import assert_agree
from attrs import frozen
from counters import Counters, Number

from everyway import (
    Limits,
    Node,
    NodeId,
    Protocol,
    System,
    always,
    choice,
    every_step,
    never,
    on,
    recoverable,
    volatile,
)
from everyway.explorer.tables.search import TableSearch


@pytest.mark.slow
def test_rows_of_more_than_one_word():
    properties = [
        never(lambda world: world["N39"].count == 2, name="two"),
        always(lambda world: world["N00"].count < 1 or world["N39"].count < 1, name="not both"),
    ]
    many = 40
    limits = Limits(max_depth=2)
    reference = assert_agree(lambda: System(Counters(many)), properties, limits)
    assert reference.statistics.states == 1 + many + many * (many + 1) // 2
    tables = TableSearch(System(Counters(many)), limits=limits, engine="tables").run()
    assert tables.expander.words > 1


@frozen
class Link(Node):
    """Passes a number on, one more each time, and remembers the last."""

    to: NodeId
    last: int
    starts: bool = volatile(False)

    @choice
    def begin(self):
        if self.starts:
            return self.become(starts=False).send(self.to, Number(1))

    @on(Number)
    def pass_on(self, number):
        if number.value < 500:
            return self.become(last=number.value).send(self.to, Number(number.value + 1))


@frozen
class Ring(Protocol):
    """A number goes round until it is large: one long run, in which every part of a world takes many values."""

    many: int = 16

    def nodes(self):
        return {f"N{i}": Link(f"N{(i + 1) % self.many}", 0, i == 0) for i in range(self.many)}


@pytest.mark.slow
def test_rows_of_many_words_that_grow_as_the_search_goes_on():
    properties = [
        never(lambda world: world["N3"].last == 403, name="not so far"),
        recoverable(lambda world: world["N5"].last < 400, name="stays small"),
        every_step(
            lambda before, action, after: before["N7"].last <= after["N7"].last,
            name="grows",
            when=lambda before, action, after: before["N2"].last > 0,
        ),
    ]
    reference = assert_agree(lambda: System(Ring()), properties)
    assert [verdict.outcome.value for verdict in reference.verdicts()] == ["violated", "violated", "holds"]
    tables = TableSearch(System(Ring()), engine="tables", threads=2).run()
    assert tables.expander.words > 2
    assert tables.statistics.states == reference.statistics.states == 502
