"""Batches go through the stages in their order, whoever does the work; what goes wrong with one is told, once."""

import threading

import pytest

from everyway.explorer.tables.overlap import Batch, Pipeline


@pytest.fixture
def started():
    """Return what makes a pipeline of some stages; it is closed in the end."""
    made = []

    def make(*stages):
        made.append(Pipeline(*stages))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.close()


def batch(number: int) -> Batch:
    return Batch(number, number + 1, [])


def take_through(pipeline: Pipeline, count: int) -> None:
    for number in range(count):
        pipeline.add(batch(number))
    pipeline.let_finish()


def test_each_stage_takes_them_in_their_order(started):
    taken = [], []
    pipeline = started(*(lambda one, into=into: into.append(one.first) for into in taken))
    take_through(pipeline, 50)
    assert taken == (list(range(50)), list(range(50)))


def test_different_stages_work_at_once(started):
    second_has_begun = threading.Event()

    def first(one: Batch) -> None:
        if one.first == 1:
            assert second_has_begun.wait(60)

    pipeline = started(first, lambda _: second_has_begun.set())
    take_through(pipeline, 2)


def test_what_goes_wrong_with_the_first_is_raised_and_those_behind_it_are_left_out(started):
    done = []

    def second(one: Batch) -> None:
        if one.first >= 2:
            raise ValueError(one.first)
        done.append(one.first)

    pipeline = started(lambda _: None, second)
    with pytest.raises(ValueError, match="2"):
        take_through(pipeline, 20)
    pipeline.add(batch(20))
    pipeline.let_finish()  # told once, and nothing follows
    assert done == [0, 1]


def test_of_two_things_that_go_wrong_the_one_with_the_older_batch_is_raised(started):
    newer_has_failed = threading.Event()

    def first(one: Batch) -> None:
        if one.first == 1:
            newer_has_failed.set()
            raise ValueError("newer")

    def second(one: Batch) -> None:
        assert newer_has_failed.wait(60)
        raise ValueError("older")

    pipeline = started(first, second)
    with pytest.raises(ValueError, match="older"):
        take_through(pipeline, 3)


def test_an_interrupt_between_two_things_leaves_nothing_to_wait_for(started, monkeypatch):
    has_begun, may_end = threading.Event(), threading.Event()

    def second(_: Batch) -> None:
        has_begun.set()
        assert may_end.wait(60)

    pipeline = started(lambda _: None, second)
    next_work = pipeline._next_work

    def interrupted() -> None:
        assert next_work() is not None  # the second batch, which nobody takes any further
        monkeypatch.undo()
        may_end.set()
        raise KeyboardInterrupt

    pipeline.add(batch(0))
    assert has_begun.wait(60)
    pipeline.add(batch(1))
    monkeypatch.setattr(pipeline, "_next_work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pipeline.let_finish()
    pipeline.let_finish()


def test_work_is_shared_with_whoever_has_time(started):
    pipeline = started(lambda _: None)
    pipeline.add(batch(0))
    others_run_in = []

    def mine() -> None:
        while not others_run_in:
            pass

    pipeline.share(mine, lambda: others_run_in.append(threading.get_ident()))
    assert others_run_in != [threading.get_ident()]


@pytest.mark.parametrize("has_helper", [False, True])
def test_work_that_nobody_has_time_for_is_done_here(started, has_helper):
    may_end = threading.Event()
    pipeline = started(lambda _: may_end.wait(60))
    if has_helper:
        pipeline.add(batch(0))
    done = []
    pipeline.share(lambda: done.append("mine"), lambda: done.append(threading.get_ident()))
    may_end.set()
    assert done == ["mine", threading.get_ident()]


def test_what_shared_work_raises_is_raised(started):
    pipeline = started(lambda _: None)
    pipeline.add(batch(0))
    has_begun = threading.Event()

    def others() -> None:
        has_begun.set()
        raise KeyError("theirs")

    with pytest.raises(KeyError, match="theirs"):
        pipeline.share(lambda: has_begun.wait(60), others)
