"""Observers see every step and change none; a protocol may start in several ways."""

from attrs import frozen
from market import Market, Shop
from runs import after

from everyway import (
    Faults,
    Node,
    Observer,
    Protocol,
    System,
    check,
    choice,
    durable,
    volatile,
)
from everyway.explorer import Exploration


@frozen
class Diary(Observer):
    lines: tuple[str, ...] = ()

    def observe(self, event):
        before = event.before.mood if isinstance(event.before, Shop) else None
        now = event.after.mood if isinstance(event.after, Shop) else None
        return Diary((*self.lines, f"{event.kind.value} {event.node} {event.message} {before}->{now}"))


@frozen
class Watched(Market):
    def observers(self):
        return {"diary": Diary()}


def test_an_observer_sees_every_step_with_the_acting_node_before_and_after():
    system = System(Watched(), Faults(crashes=1, restarts=1, losses=1), timeouts="never")
    world = after(
        system,
        "A: tell",
        "B receives order from A: take",
        "the network loses order from A to C",
        "B crashes",
        "B restarts",
    )
    assert world.observer("diary").lines == (
        "choice A None None->None",
        "delivery B order 0->1",
        "loss None order None->None",
        "crash B None 1->0",
        "restart B None 0->0",
    )


def test_an_observer_tells_worlds_apart_but_changes_nothing_else():
    plain, watched = System(Market(), timeouts="never"), System(Watched(), timeouts="never")
    both = [Exploration(system).run() for system in (plain, watched)]
    parts = [{(w.states, w.mailboxes, w.up) for w in exploration.states} for exploration in both]
    assert parts[0] == parts[1]
    assert both[0].statistics.states < both[1].statistics.states


@frozen
class Starting(Protocol):
    """One shop, which starts in some mood."""

    moods: tuple[int, ...] = (1, 2)

    def nodes(self):
        for mood in self.moods:
            yield {"B": Forgetful(mood=mood)}


@frozen
class Forgetful(Node):
    mood: int = volatile(0)
    is_open: bool = durable(True)

    @choice
    def calm_down(self):
        if self.mood:
            return self.become(mood=0)


def test_there_may_be_several_starts():
    report = check(Starting(), [])
    assert report.statistics.starts == 2
    # Both moods, and the calm that is the same after either.
    assert (report.statistics.states, report.statistics.transitions) == (3, 2)


def test_equal_starts_are_one():
    report = check(Starting((1, 1)), [])
    assert (report.statistics.starts, report.statistics.states) == (1, 2)


def test_a_crash_wipes_back_to_the_start_of_its_own_run():
    system = System(Starting(), Faults(crashes=1))
    moods = []
    for world in system.initial():
        calm = after(system, "B: calm down", world=world)
        moods.append(after(system, "B crashes", world=calm)["B"].mood)
    assert moods == [1, 2]


def test_worlds_that_only_their_start_tells_apart_are_kept_apart_while_a_crash_could_tell():
    assert check(Starting(), [], faults=Faults(crashes=1)).statistics.states == 2 * 3
