"""Random walks: the same with every engine, and what they find has happened."""

import numpy as np
import pytest
from attrs import frozen
from plain_systems import Counting, Graph, Move, fault

from everyway import (
    Faults,
    ModelError,
    Node,
    Outcome,
    Protocol,
    System,
    UsageError,
    always,
    check,
    choice,
    every_step,
    never,
    possible,
    recoverable,
    volatile,
)
from everyway.checking import promised
from everyway.explorer.tables import walks as walks_module
from everyway.explorer.tables.dice import KINDS, all_chosen, chosen, keys, step_taken, steps_taken
from everyway.explorer.tables.walks import walk
from everyway.models.gray_lamport import TwoPhase
from everyway.models.three_phase_commit import ThreePhaseCommit
from everyway.models.two_phase_commit import TwoPhaseCommit
from everyway.simulating import simulate

ENGINES = [("reference", 1), ("plain", 1), ("tables", 1), ("tables", 2), ("auto", 2)]
WHATEVER_HAPPENS = Faults(losses=1, duplicates=1, crashes=1, restarts=1)
SYSTEMS = {
    "no faults": lambda: System(ThreePhaseCommit()),
    "early time-outs": lambda: System(ThreePhaseCommit(), Faults(crashes=1), timeouts="early"),
    "every fault": lambda: System(TwoPhaseCommit(), WHATEVER_HAPPENS),
    "partitions": lambda: System(TwoPhaseCommit(), Faults(partitions=1), network="fifo"),
    "a set": lambda: System(TwoPhaseCommit(), Faults(crashes=1), network="set"),
    "step properties": lambda: System(
        TwoPhaseCommit.variants()["participant-log-lost"](), Faults(crashes=1, restarts=1)
    ),
}


def seen(walked):
    """Return everything that walks tell, in values that can be compared."""
    told = [(v.property.name, v.outcome, v.path, v.broken, v.why) for v in walked.verdicts()]
    return (
        walked.statistics,
        told,
        walked.taken,
        walked.begun,
        walked.done,
        walked.distinct,
        walked.stopped_by,
    )


def walked(system, *, engine="reference", threads=1, walks=300, steps=40, seed=7, **options):
    ran = walk(
        system,
        promised(system),
        engine=engine,
        threads=threads,
        walks=walks,
        steps=steps,
        seed=seed,
        fault_rate=0.1,
        **options,
    )
    ran.statistics.seconds = 0.0
    return ran


# What is drawn.


def test_the_numbers_are_those_of_the_published_generator():
    assert chosen(0, 0, 1 << 16) == 0xE220A8397B1DCDAF >> 48
    assert chosen(0, 1, 1 << 16) == 0x6E789E6AA1B965F4 >> 48


def test_arrays_are_drawn_alike():
    walks, at, counts = keys(3)(500), np.arange(500), np.arange(1, 501)
    one_by_one = [
        chosen(int(key), int(n), int(count)) for key, n, count in zip(walks, at, counts, strict=True)
    ]
    assert all_chosen(walks, at, counts).tolist() == one_by_one


def test_a_seed_gives_the_same_keys_on_every_machine():
    assert keys(0)(2).tolist() == [11749869230777074271, 4976686463289251617]
    together, stream = keys(0)(5).tolist(), keys(0)
    assert [*stream(2).tolist(), *stream(3).tolist()] == together


def test_steps_are_drawn_alike_one_by_one_and_together():
    dice = np.random.default_rng(5)
    sizes = dice.integers(1, 9, 400)
    kinds = np.where(dice.random(sizes.sum()) < 0.5, 0, dice.integers(1, KINDS, sizes.sum()))
    ends = np.cumsum(sizes)
    begins = ends - sizes
    kinds[begins] = 0  # there is always a step that is no fault
    walks, steps = keys(3)(400), np.arange(1, 401)
    for rate in (0.0, 0.1, 0.7, 1.0):
        together = steps_taken(walks, steps, kinds, begins, ends, rate) - begins
        one_by_one = [
            step_taken(int(key), int(step), kinds[begin:end].tolist(), rate)
            for key, step, begin, end in zip(walks, steps, begins, ends, strict=True)
        ]
        assert together.tolist() == one_by_one


def test_faults_happen_at_their_rate_and_kinds_alike_however_many_there_are():
    kinds = [0, 0, *[1] * 50, 2]
    drawn = np.bincount([kinds[step_taken(int(key), 1, kinds, 0.1)] for key in keys(0)(20_000)])
    assert abs(drawn - [18_000, 1_000, 1_000]).max() < 120


def test_without_a_rate_there_are_no_faults_and_with_the_highest_nothing_else():
    assert simulate(TwoPhaseCommit(), faults=Faults(crashes=1), walks=50, fault_rate=0).statistics.spent == {}
    report = simulate(TwoPhaseCommit(), faults=Faults(crashes=1), walks=50, fault_rate=1)
    assert report.statistics.spent["crashes"] == report.distinct - 1  # it strikes in the first step


def test_a_budget_of_faults_does_not_drown_what_the_protocol_does():
    report = simulate(TwoPhaseCommit(), faults=Faults(crashes=1), walks=500)
    assert report["commit is possible"].outcome is Outcome.HOLDS


def test_every_choice_is_alike_likely():
    counts = np.bincount(all_chosen(keys(0)(60_000), np.zeros(60_000), np.full(60_000, 6)), minlength=6)
    assert abs(counts - 10_000).max() < 300


# The same with every engine.


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_tables_walk_as_the_plain_semantics_do(name):
    expected = seen(walked(SYSTEMS[name]()))
    for engine, threads in ENGINES[1:]:
        assert seen(walked(SYSTEMS[name](), engine=engine, threads=threads)) == expected


@pytest.mark.slow
def test_also_when_tables_grow_on_the_way_and_walkers_take_turns(monkeypatch):
    monkeypatch.setattr(walks_module, "MOST_WIDTH", 200)
    expected = seen(walked(System(TwoPhase(5), Faults(crashes=1)), walks=1000))
    for engine, threads in ENGINES[1:]:
        system = System(TwoPhase(5), Faults(crashes=1))
        assert seen(walked(system, engine=engine, threads=threads, walks=1000)) == expected


def test_the_same_numbers_again():
    report = simulate(ThreePhaseCommit(), timeouts="early", walks=1000)
    assert (report.steps_taken, report.distinct, report.statistics.ends) == (8807, 869, 1000)
    assert [verdict.length for verdict in report.verdicts] == [8, None, None, None, 10]


@pytest.mark.slow
def test_another_seed_gives_other_walks():
    one, other = (walked(SYSTEMS["early time-outs"](), seed=seed) for seed in (1, 2))
    assert one.taken != other.taken


def test_with_more_walks_those_of_before_are_taken_too():
    few = walked(SYSTEMS["early time-outs"](), walks=40)
    many = walked(SYSTEMS["early time-outs"](), walks=60)
    longer = walked(SYSTEMS["early time-outs"](), walks=40, steps=400)
    for prop, sighting in few.found.items():
        assert many.found[prop] <= sighting
    assert longer.found == few.found


# What is found.


def test_3pc_with_early_timeouts_is_inconsistent():
    report = simulate(ThreePhaseCommit(), timeouts="early", walks=1000)
    verdict = report["agreement"]
    assert (report.outcome, verdict.outcome, verdict.is_shortest) == (
        Outcome.VIOLATED,
        Outcome.VIOLATED,
        False,
    )
    system = System(ThreePhaseCommit(), timeouts="early")
    assert verdict.path[0].state in list(system.initial())
    for before, after in zip(verdict.path, verdict.path[1:], strict=False):
        assert (after.action, after.state) in list(system.steps(before.state))
    assert verdict.property.judge(verdict.path[-1].state) == verdict.broken
    assert all(verdict.property.judge(visit.state) is None for visit in verdict.path[:-1])
    assert report.trace(verdict).headline == "Agreement violated"


@pytest.mark.parametrize(
    ("variant", "broken"),
    [
        ("abort-after-yes", {"agreement": 6}),
        ("commit-after-yes", {"agreement": 4, "commit validity": 3}),
        ("commit-on-majority", {"agreement": 6, "commit validity": 5}),
        ("coordinator-log-lost", {"agreement": 7}),
        ("participant-log-lost", {"agreement": 10, "decision stability": 3}),
        ("presumed-abort", {}),
    ],
)
def test_what_is_wrong_with_variants_of_2pc_is_found(variant, broken):
    kind = TwoPhaseCommit.variants()[variant]
    report = simulate(kind(), faults=Faults(crashes=1, restarts=1), walks=1000)
    violated = [verdict for verdict in report.verdicts if verdict.outcome is Outcome.VIOLATED]
    assert {verdict.property.name: verdict.length for verdict in violated} == broken
    for verdict in violated:
        assert report.trace(verdict).is_violation


def test_nothing_is_found_that_a_check_does_not_find():
    shortest = check(ThreePhaseCommit(), timeouts="early")
    report = simulate(ThreePhaseCommit(), timeouts="early", walks=3000)
    for verdict in report.verdicts:
        if verdict.path is not None:
            assert verdict.length >= shortest[verdict.property.name].length
            assert verdict.outcome is shortest[verdict.property.name].outcome


def test_what_is_possible_is_witnessed_and_nothing_holds():
    report = simulate(TwoPhaseCommit(), walks=100)
    outcomes = {verdict.property.name: (verdict.outcome, verdict.why) for verdict in report.verdicts}
    not_violated = (Outcome.UNKNOWN, "not violated in 100 random walks of at most 200 steps")
    assert outcomes == {
        "agreement": not_violated,
        "commit validity": not_violated,
        "decision stability": not_violated,
        "non-blocking": (Outcome.UNKNOWN, "random walks cannot tell what can always be reached; a check can"),
        "commit is possible": (Outcome.HOLDS, ""),
    }
    assert report.outcome is Outcome.UNKNOWN
    assert (
        simulate(TwoPhaseCommit(), report["commit is possible"].property, walks=100).outcome
        is Outcome.UNKNOWN
    )


def test_what_was_not_seen_may_still_be_possible():
    rare = possible(lambda state: state == 99, name="rare")
    (verdict,) = simulate(Graph({0: [1]}), rare, walks=1, steps=1).verdicts
    assert (verdict.outcome, verdict.why) == (Outcome.UNKNOWN, "not seen in 1 random walk of at most 1 step")


def test_of_the_walks_that_break_a_promise_the_first_of_the_shortest_is_kept():
    ring = Graph({0: [0, 1, 2], 1: [3], 2: [4], 3: [4], 4: [5]})
    (verdict,) = simulate(ring, never(lambda state: state == 4, name="four"), walks=50).verdicts
    assert [visit.state for visit in verdict.path] == [0, 2, 4]


def test_a_broken_step_is_found_beside_the_walk():
    graph = Graph({0: [(Move(f"{n}"), n) for n in range(1, 1000)]})
    calm = every_step(lambda before, action, after: action.name != "500", name="calm")
    report = simulate(graph, calm, walks=1)
    assert [str(visit.action) for visit in report["calm"].path] == ["None", "500"]
    assert report.statistics.states == 2


def test_a_deadlock_is_where_nothing_but_faults_can_happen():
    graph = Graph({0: [1, 2], 1: [(fault(), 3)], 2: [2], 3: []}, final={1})
    report = simulate(graph, walks=20)
    (verdict,) = report.verdicts
    assert [visit.state for visit in verdict.path] == [0, 2]
    assert (report.statistics.ends, report.statistics.states) == (20, 3)
    assert simulate(graph, [], deadlock=False, walks=5).verdicts == ()


@frozen
class Clock(Node):
    time: int = volatile(0)

    @choice
    def tick(self):
        return self.become(time=self.time + 1) if self.time < 9 else None


@frozen
class Clocks(Protocol):
    def nodes(self):
        return {"A": Clock(), "B": Clock()}

    def is_final(self, world):
        return world["A"].time < 9

    def promises(self):
        return [
            always(lambda world: world["B"].time < 8, name="not late", when=lambda world: world["A"].time > 4)
        ]


@pytest.mark.parametrize(("engine", "threads"), ENGINES)
def test_deadlocks_and_premises_on_tables(engine, threads):
    report = simulate(Clocks(), walks=200, engine=engine, threads=threads)
    assert [(verdict.property.name, verdict.length) for verdict in report.verdicts] == [
        ("not late", 13),
        ("no deadlock", 18),
    ]
    assert report.statistics.premises["not late"] == 1855
    assert (report.statistics.ends, report.distinct, report.steps_taken) == (200, 100, 3600)


def test_walks_begin_at_every_start():
    graph = Graph({n: [] for n in range(5)}, starts=range(5))
    assert simulate(graph, [], walks=100).statistics.states == 5


def test_what_never_happened_is_told():
    findings = simulate(TwoPhaseCommit(), faults=Faults(losses=1), timeouts="never", walks=1).findings
    assert "no time-out ever fired" not in str(findings)
    assert {finding.code for finding in simulate(TwoPhaseCommit(), walks=50).findings} == {
        "message-never-sent",
        "timeouts-never-fired",
    }


# How far it goes.


def test_no_walk_is_longer_than_was_asked():
    report = simulate(Counting(), [], walks=10, steps=25)
    assert (report.statistics.depth, report.statistics.cut, report.statistics.ends) == (25, 10, 0)
    assert (report.steps_taken, report.distinct) == (250, 26)
    assert (report.is_complete, report.stopped_by) == (False, "walks")
    assert report.stopped == "10 random walks of at most 25 steps, seed 0"


def test_too_many_states_are_not_told_apart(monkeypatch):
    monkeypatch.setattr(walks_module, "MOST_DISTINCT", 100)
    reports = [
        simulate(ThreePhaseCommit(), timeouts="early", walks=500, engine=engine, threads=threads)
        for engine, threads in ENGINES[1:]
    ]
    assert {report.distinct for report in reports} == {None}
    assert len({report.statistics.states for report in reports}) == 1
    assert simulate(Counting(), [], walks=1, steps=150).distinct is None


@pytest.mark.parametrize("engine", ["reference", "plain"])
def test_without_time_nothing_is_known(engine):
    report = simulate(TwoPhaseCommit(), max_seconds=0, engine=engine)
    assert report.stopped_by == "max_seconds"
    assert report.walks == 0
    assert report.stopped.startswith("stopped after 0 s, at 0 random walks of at most 200 steps and ")


@pytest.mark.parametrize("engine", ["reference", "plain", "tables"])
def test_ctrl_c_leaves_what_was_seen(engine):
    def press(statistics, left):
        assert left <= 100_000
        if statistics.transitions:
            raise KeyboardInterrupt

    report = simulate(
        ThreePhaseCommit(), timeouts="early", walks=100_000, watcher=press, engine=engine, threads=1
    )
    assert report.stopped_by == "interrupt"
    assert 0 < report.steps_taken < 900_000
    assert "unfinished" in report.stopped


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"walks": 0}, "walks must be a whole number, 1 or more, not 0"),
        ({"walks": 2.5}, "walks must be a whole number"),
        ({"steps": 0}, "steps must be a whole number, 1 or more, not 0"),
        ({"seed": -1}, "seed must be a whole number, 0 or more, not -1"),
        ({"max_seconds": -1}, "max_seconds must be 0 or more"),
        ({"fault_rate": 1.5}, "fault_rate must be a number from 0 to 1, not 1.5"),
        ({"engine": "table"}, "unknown engine 'table'"),
        ({"threads": 0}, "threads must be 1 or more"),
        ({"deadlock": True}, "is_final"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        simulate(TwoPhaseCommit(), **options)


def test_states_that_cannot_be_kept_are_refused():
    with pytest.raises(ModelError, match="cannot be compared and stored"):
        simulate(Graph({}, starts=[[]]))


def test_recoverable_is_left_to_a_check():
    fine = recoverable(lambda state: True, name="fine")
    (verdict,) = simulate(Graph({0: [1]}), fine, walks=1).verdicts
    assert verdict.outcome is Outcome.UNKNOWN
