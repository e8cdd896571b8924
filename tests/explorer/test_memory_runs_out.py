"""A search whose memory is used up says so, and tells what kept growing."""

from __future__ import annotations

import pytest
from attrs import frozen

from everyway import Limits, Message, Node, Outcome, Protocol, always, check, choice, on, volatile
from everyway.explorer.tables import deciding, regions
from everyway.models.duel import Duel


@frozen
class Told(Message):
    count: int


@frozen
class Teller(Node):
    """Counts and tells without end: there are ever more states, and ever more messages to each of them."""

    other: str
    count: int = volatile(0)

    @choice
    def tell(self):
        return self.become(count=self.count + 1).send(self.other, Told(self.count))

    @on(Told)
    def take(self, message):
        return self.become(count=self.count + message.count)


@always
def counts(world):
    """Counts are not negative."""
    return all(node.count >= 0 for node in world)


@always
def counts_nothing(world):
    """There is nothing to count."""
    return True


class Tellers(Protocol):
    """Two that tell each other."""

    def nodes(self):
        return {"A": Teller("B"), "B": Teller("A")}


@pytest.fixture
def full(monkeypatch):
    """Have the tables believe that the memory is full as soon as they must grow."""
    monkeypatch.setattr(regions, "in_use", lambda: 1 << 60)


@pytest.mark.usefixtures("full")
def test_tables_that_outgrow_the_memory_end_the_search_and_not_the_program():
    report = check(Tellers(), counts, limits=Limits(max_states=100_000))
    assert report.outcome is Outcome.UNKNOWN
    assert report.stopped_by == "max_memory"
    assert 0 < report.statistics.states < 100_000


@pytest.mark.usefixtures("full")
def test_what_was_found_before_is_still_told():
    @always
    def below_three(world):
        """Nobody counts to three."""
        return all(node.count < 3 for node in world)

    report = check(Tellers(), [below_three, counts], limits=Limits(max_states=100_000))
    assert [verdict.outcome for verdict in report.verdicts] == [Outcome.VIOLATED, Outcome.UNKNOWN]
    assert "counts to three" in report.trace(report.verdicts[0]).promise


def test_a_promise_over_time_that_would_not_fit_is_unknown_and_the_rest_is_decided(monkeypatch):
    monkeypatch.setattr(deciding, "in_use", lambda: 1 << 60)
    report = check(Duel(), [counts_nothing, *Duel().promises()])
    told = [(verdict.outcome.value, verdict.why.split(";")[0]) for verdict in report.verdicts]
    needed = "to decide it, up to 1,073,741,824 GiB of memory would be needed for 98 transitions"
    assert told == [("holds", ""), ("unknown", needed), ("unknown", needed), ("holds", ""), ("holds", "")]
    assert report.outcome is Outcome.UNKNOWN
    assert report.is_complete
