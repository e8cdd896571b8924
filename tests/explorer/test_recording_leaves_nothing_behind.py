"""Questions within questions, and questions that raise, leave no class hooked."""

import pytest
from meeting import AFTER, WORLD, Both, Clerk, Heir, Left, Log, Own, Stubborn, Voter, seen, told, world_of

from everyway import Node, Observer, UsageError, World
from everyway.explorer.recording import recorded


def hooks() -> list[type]:
    kinds = (World, Node, Observer, Voter, Stubborn, Clerk, Log)
    return [kind for kind in kinds if "__getattribute__" in vars(kind)]


def test_what_the_question_raises_is_raised_and_nothing_is_left_behind():
    def question(world):
        assert hooks() == [World, Voter, Stubborn, Clerk, Log]
        return world["A"].vote + world["B"].nothing

    own = Own.__getattribute__
    with pytest.raises(AttributeError, match="nothing"):
        recorded([world_of(Voter, Voter, Stubborn, Clerk)], question)
    with pytest.raises(UsageError, match="no node 'X'"):
        recorded([WORLD], lambda world: world.is_up("X"))
    with pytest.raises(UsageError, match="no observer 'X'"):
        recorded([WORLD], lambda world: world.observer("X"))
    with pytest.raises(ValueError, match="not in tuple"):
        recorded([WORLD], lambda world: world.faults_left("storms"))
    with pytest.raises(RuntimeError):
        recorded([world_of(Own, Heir, Own, Clerk)], lambda world: next(iter_raising(world)))
    assert hooks() == []
    assert Own.__getattribute__ is own
    assert "__getattribute__" not in vars(Heir)


def iter_raising(world):
    yield from ()
    raise RuntimeError(world["A"].five)


def test_a_question_within_a_question_is_recorded_for_both():
    inner = []

    def question(world):
        before = world["A"].vote
        _, reads = recorded([world], lambda world: world["B"].heard or world.is_up("C"))
        inner.append([told(read) for read in reads])
        assert hooks() == [World, Voter, Stubborn, Clerk, Log]
        return before, world["D"].ledger

    _, reads = recorded([WORLD], question)
    assert inner == [["B.heard", "up C"]]
    assert told(reads[0]) == "A.vote"
    assert {"B.heard", "up C", "D.ledger"} <= {told(read) for read in reads}
    assert hooks() == []


def test_a_question_about_another_world_leaves_the_outer_one_watched():
    def question(world):
        _, reads = recorded([AFTER], lambda world: world["A"].vote)
        return world["D"].ledger, reads

    (_, inner), outer = recorded([WORLD], question)
    assert [told(read) for read in inner] == ["A.vote"]
    assert [told(read) for read in outer] == ["D.ledger"]


def test_a_class_first_watched_while_its_base_is_keeps_its_own_way_to_attributes():
    both = world_of(*[Both] * 4)

    def question(world):
        return world["A"].vote, recorded([both], lambda world: world["B"].five + (world["B"].vote or 0))

    (_, (five, inner)), outer = recorded([world_of(*[Left] * 4)], question)
    assert five == 5
    assert [told(read) for read in inner] == ["B.vote"]
    assert [told(read) for read in outer] == ["A.vote"]


def test_other_worlds_are_not_taken_for_the_ones_that_are_asked_about():
    assert seen(lambda world: (WORLD["A"].vote, AFTER["A"].vote, world["B"].vote)) == "B.vote"
