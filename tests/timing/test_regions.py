"""For which delays and time-outs a promise holds: the closed formulas, and points inside and outside of the regions."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest

from everyway import Faults, Outcome, System, at_most
from everyway.explorer.timed.search import TimedSearch
from everyway.invariants.atomic_commit import agreement
from everyway.models.language.timing import Timing
from everyway.models.three_phase_commit import ThreePhaseCommit

pytest.importorskip("z3")

from everyway.proofs.timing.boundary import borders
from everyway.proofs.timing.inequality import Cell, Inequality, told
from everyway.proofs.timing.parameters import Parameters, parameters_of
from everyway.proofs.timing.region import Region, region

VARIANTS = ThreePhaseCommit.variants()
FREE = Timing(timeouts={"coordinator": "any"})


def found(
    variant: str, given: Timing, faults: Faults | None = None, *, limit: int = 100, **parameters: Any
) -> tuple[System, Region]:
    system = System(VARIANTS[variant](**parameters), faults or Faults(), timeouts="early")
    is_unknown = given.delay.takes.is_any
    unknown = parameters_of(system, given, is_delay_unknown=is_unknown)
    return system, region(system, agreement, unknown, max_decisions=limit)


def words(parameters: Parameters, cell: Cell) -> set[str]:
    return {told(one, parameters.terms, tuple(reversed(parameters.waits))) for one in cell}


def broken(one: Region) -> list[set[str]]:
    assert one.is_complete
    return [words(one.parameters, cell) for cell in one.broken]


def test_the_late_no_of_three_phase_commit() -> None:
    system, one = found("as-noted", FREE)
    assert broken(one) == [{"participant ≤ 3·dmax - dmin"}]
    assert [words(one.parameters, cell) for cell in one.kept] == [{"participant > 3·dmax - dmin"}]
    (side,) = borders(system, agreement, one)
    assert side.is_confirmed
    assert (str(side.broken_at), str(side.kept_at)) == (
        "delay 1..2 ms, time-out of participant 5 ms, time-out of coordinator any time",
        "delay 1..2 ms, time-out of participant 6 ms, time-out of coordinator any time",
    )


@pytest.mark.slow
def test_the_silent_participant() -> None:
    # Nobody is ever ready if the coordinator does not wait for the votes.
    _, one = found("policy", Timing(), Faults(crashes=at_most(1, "P2")), initial="wait", waiting="wait")
    assert broken(one) == [{"participant ≤ coordinator + dmax - dmin", "coordinator ≥ 2·dmin"}]


def test_both_together() -> None:
    system, one = found("as-noted", Timing())
    assert broken(one) == [
        {
            "participant ≤ 3·dmax - dmin",
            "participant ≤ coordinator + dmax - dmin",
            "coordinator ≥ 2·dmin",
        }
    ]
    assert all(side.is_confirmed for side in borders(system, agreement, one))


def test_with_drift() -> None:
    _, one = found("as-noted", Timing(timeouts={"coordinator": "any"}, drift="10%"))
    assert broken(one) == [{"0.9·participant ≤ 3·dmax - dmin"}]


def test_with_one_lost_message_no_timeout_is_long_enough() -> None:
    _, one = found("as-noted", FREE, Faults(losses=1))
    assert broken(one) == [set()]
    assert one.kept == ()


def test_with_one_crash_no_timeout_is_long_enough_either() -> None:
    # Shorter ones end everything before anybody is ready.
    _, one = found("binding", FREE, Faults(crashes=at_most(1, "C")))
    assert broken(one) == [{"participant ≥ 2·dmin"}]


def test_times_that_are_given_are_numbers_in_the_answer() -> None:
    _, one = found("as-noted", Timing("1..10ms"))
    assert broken(one) == [{"participant ≤ 29 ms", "participant ≤ coordinator + 9 ms", "coordinator ≥ 2 ms"}]


@pytest.mark.slow
def test_a_region_says_at_every_point_what_zones_say_there() -> None:
    system, one = found("as-noted", Timing("1..3ms"))
    for participant, coordinator in itertools.product((1, 4, 7, 8, 9), (1, 2, 4, 6, 9)):
        at = {"participant": participant, "coordinator": coordinator, "1 ms": 1}
        point = [Fraction(at[name]) for name in one.parameters.names]
        is_broken = any(all(each.holds(point) for each in cell) for cell in one.broken)
        is_kept = any(all(each.holds(point) for each in cell) for cell in one.kept)
        assert is_broken is not is_kept
        search = TimedSearch(system, one.parameters.timing(point), [agreement], stop_when_decided=True).run()
        assert (search.verdicts()[0].outcome is Outcome.VIOLATED) is is_broken, at


def test_a_limit_leaves_something_unknown() -> None:
    _, one = found("as-noted", FREE, limit=2)
    assert not one.is_complete
    assert one.stopped == "stopped after 2 decisions"
    assert one.unknown is not None
    for cell in (*one.broken, *one.kept):
        assert not all(each.holds(one.unknown) for each in cell)


@pytest.mark.parametrize(
    ("row", "is_strict", "expected"),
    [
        ((-3, -2, 1), False, "T ≤ 3·dmax - dmin"),
        ((3, 2, -1), True, "T > 3·dmax - dmin"),
        ((0, 2, -1), False, "T ≥ 2·dmin"),
        ((-300, -200, 99), False, "0.99·T ≤ 3·dmax - dmin"),
        ((1, 0, 0), True, "dmax < dmin"),
        ((0, 0, 1), False, "T ≤ 0"),
    ],
)
def test_inequalities_are_told_in_terms_of_dmax_and_dmin(
    row: tuple[int, ...], is_strict: bool, expected: str
) -> None:
    terms = {"T": (0, 0, 1), "dmax": (1, 1, 0), "dmin": (0, 1, 0)}
    assert told(Inequality(row, is_strict), terms, ("T",)) == expected
