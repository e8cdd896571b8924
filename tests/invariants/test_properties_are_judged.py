"""What each kind of property says of a system, and how a predicate may say why not."""

from enum import Enum

import pytest
from attrs import frozen

from everyway import (
    Message,
    ModelError,
    Node,
    Outcome,
    Protocol,
    always,
    broken,
    check,
    choice,
    every_step,
    never,
    on,
    possible,
    recoverable,
    volatile,
)
from everyway.invariants import PropertyKind, no_deadlock


class Colour(Enum):
    RED = 1
    GREEN = 2


class Turn(Message):
    pass


@frozen
class Lamp(Node):
    colour: Colour = volatile(Colour.RED)

    @choice
    def turn(self):
        if self.colour is Colour.RED:
            return self.become(colour=Colour.GREEN)

    @on(Turn)
    def hear(self):
        return self.become(colour=Colour.RED)


@frozen
class Crossing(Protocol):
    def nodes(self):
        return {"A": Lamp(), "B": Lamp()}


def greens(world):
    return [lamp for lamp in world if lamp.colour is Colour.GREEN]


def verdict(prop):
    return check(Crossing(), prop).verdicts[0]


def test_always_is_violated_by_the_nearest_state_in_which_it_is_false():
    found = verdict(always(lambda world: len(greens(world)) < 2, name="one at a time"))
    assert (found.outcome, found.length) == (Outcome.VIOLATED, 2)
    assert len(greens(found.path[-1].state)) == 2


def test_always_holds_if_it_is_true_everywhere():
    assert verdict(always(lambda world: len(world) == 2, name="two lamps")).outcome is Outcome.HOLDS


def test_never_is_the_opposite_of_always():
    found = verdict(never(lambda world: len(greens(world)) == 2, name="both green"))
    assert (found.outcome, found.length) == (Outcome.VIOLATED, 2)
    assert verdict(never(lambda world: len(greens(world)) == 3, name="three green")).outcome is Outcome.HOLDS


def test_every_step_judges_steps():
    found = verdict(every_step(lambda before, action, after: action.node != "B", name="B stays"))
    assert (found.outcome, found.length) == (Outcome.VIOLATED, 1)
    assert str(found.path[-1].action) == "B: turn"


def test_possible_holds_with_the_shortest_way_there():
    found = verdict(possible(lambda world: len(greens(world)) == 2, name="both can be green"))
    assert (found.outcome, found.length, found.broken) == (Outcome.HOLDS, 2, None)
    found = verdict(possible(lambda world: len(greens(world)) == 3, name="three can be green"))
    assert (found.outcome, found.path) == (Outcome.VIOLATED, None)


def test_a_start_may_violate_or_witness_already():
    assert verdict(never(lambda world: not greens(world), name="never all red")).length == 0
    assert verdict(possible(lambda world: not greens(world), name="all red")).length == 0


# Premises.


def test_a_premise_limits_what_is_claimed():
    both = always(lambda world: False, name="vain", when=lambda world: len(greens(world)) == 2)
    assert verdict(both).length == 2
    first = every_step(
        lambda before, action, after: action.node == "A",
        name="A first",
        when=lambda before, action, after: not greens(before),
    )
    assert verdict(first).length == 1
    assert (
        verdict(always(lambda world: False, name="vain", when=lambda world: False)).outcome is Outcome.HOLDS
    )


# Reasons and the guilty.


def test_a_reason_may_stand_for_false():
    found = verdict(always(lambda world: "both are green" if len(greens(world)) == 2 else True, name="safe"))
    assert (found.outcome, found.broken.reason, found.broken.nodes) == (
        Outcome.VIOLATED,
        "both are green",
        (),
    )
    found = verdict(
        never(lambda world: "both are green" if len(greens(world)) == 2 else False, name="danger")
    )
    assert (found.outcome, found.length, found.broken.reason) == (Outcome.VIOLATED, 2, "both are green")


def test_the_guilty_may_be_named_by_their_ids_or_by_themselves():
    def safe(world):
        return len(greens(world)) < 2 or broken("both are green", greens(world))

    assert verdict(always(safe)).broken.nodes == ("A", "B")
    assert broken("it", "A").nodes == ("A",)
    assert broken("it", Lamp(id="B")).nodes == ("B",)
    assert broken("it", iter(["A", Lamp(id="B")])).nodes == ("A", "B")
    assert not broken("it")


def test_a_reason_does_not_make_a_possibility_or_a_goal_true():
    assert verdict(possible(lambda world: "never", name="reason")).outcome is Outcome.VIOLATED
    assert verdict(recoverable(lambda world: broken("no"), name="reason")).outcome is Outcome.VIOLATED


def test_a_plain_false_has_no_reason():
    found = verdict(always(lambda world: False, name="false"))
    assert (found.broken.reason, found.broken.nodes) == ("", ())


@pytest.mark.parametrize("make", [always, never, possible, recoverable, no_deadlock])
@pytest.mark.parametrize("answer", [None, 1, "", (), Outcome.HOLDS])
def test_what_is_neither_true_nor_false_is_refused(make, answer):
    def undecided(_):
        return answer

    with pytest.raises(ModelError, match=r"returned .* in the state: A=RED; B=RED"):
        make(undecided).judge(next(iter(check(Crossing(), []).system.initial())))


def test_a_premise_that_answers_rubbish_is_refused():
    with pytest.raises(ModelError, match="property 'vain' returned None"):
        verdict(always(lambda world: True, name="vain", when=lambda world: None))


# Names.


def test_a_property_is_named_after_its_predicate_and_promises_its_docstring():
    @always
    def one_at_a_time(world):
        """At most one lamp
        is green.

        More is told here.
        """
        return True

    assert (one_at_a_time.name, one_at_a_time.promise) == ("one at a time", "At most one lamp is green.")
    assert str(one_at_a_time) == "one at a time"


def test_a_decorator_may_have_arguments():
    @recoverable(name="red again", repairs=False)
    def back(world):
        return True

    assert (back.name, back.kind, back.repairs) == ("red again", PropertyKind.RECOVERABLE, False)

    @every_step(when=lambda before, action, after: True)
    def _calm(before, action, after):
        return True

    assert (_calm.name, _calm.kind) == ("calm", PropertyKind.EVERY_STEP)


def test_a_verdict_reads_as_a_sentence():
    found = verdict(always(lambda world: "a reason" if greens(world) else True, name="dark"))
    assert repr(found) == "<dark violated in 1 steps: a reason>"
