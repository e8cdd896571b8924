"""The zones are held to the reference semantics of time, whose clocks go in ticks.

All bounds are closed, so both reach the same worlds, and in as many steps (Henzinger, Manna & Pnueli 1992).
"""

from __future__ import annotations

import heapq
import itertools
from fractions import Fraction
from typing import Any

import pytest
from generated_systems import Case, cases
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from everyway import Faults, Limits, Network, System, Timeouts, at_most
from everyway.explorer import Exploration
from everyway.explorer.timed.search import TimedSearch
from everyway.models.language.duration import Interval
from everyway.models.language.handler import Occasion, handlers_for
from everyway.models.language.timed_system import TICK, TimedSystem
from everyway.models.language.timing import Rule, Timing
from everyway.models.three_phase_commit import ThreePhaseCommit

MOST = 400


def depths(timed: TimedSystem, most: int = MOST) -> dict[Any, int] | None:
    """Return the fewest steps to each world, ticks not counted; None if there is too much to see."""
    order = itertools.count()
    waiting = [(0, next(order), state) for state in timed.initial()]
    done: set[Any] = set()
    found: dict[Any, int] = {}
    while waiting:
        depth, _, state = heapq.heappop(waiting)
        if state in done:
            continue
        done.add(state)
        if len(done) > most:
            return None
        found.setdefault(state.world, depth)
        for action, after in timed.steps(state):
            if after not in done:
                heapq.heappush(waiting, (depth + (action != TICK), next(order), after))
    return found


def between(low: int, high: int | None) -> Interval:
    return Interval(Fraction(low), None if high is None else Fraction(high))


intervals = st.sampled_from(
    [
        between(0, None),
        between(0, 1),
        between(1, 1),
        between(1, 2),
        between(0, 2),
        between(2, 3),
        between(1, None),
    ]
)


@st.composite
def timings(draw: Any, system: System) -> Timing:
    delays = []
    if draw(st.booleans()):
        channel = ":".join(draw(st.sampled_from(system.roster.names)) for _ in range(2))
        delays.append(Rule("delay", channel, draw(intervals)))
    handlers = [
        f"{name}.{handler.name}"
        for name in system.roster.names
        for handler in handlers_for(type(system.start[name]), Occasion.TIMEOUT)
    ]
    chosen = draw(st.lists(st.sampled_from(handlers), unique=True, max_size=3)) if handlers else []
    timeouts = [Rule("time-out", name, draw(intervals)) for name in chosen]
    return Timing(Rule("delay", "", draw(intervals)), tuple(delays), tuple(timeouts))


@pytest.mark.slow
@given(
    case=cases(
        network=st.sampled_from([Network.BAG, Network.FIFO]),
        timeouts=st.sampled_from([Timeouts.EARLY, Timeouts.EARLY, Timeouts.NEVER]),
    ),
    data=st.data(),
)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_zones_reach_what_digital_clocks_reach_in_as_many_steps(case: Case, data: Any) -> None:
    system = case.system()
    timing = data.draw(timings(system))
    expected = depths(TimedSystem(system, timing))
    assume(expected is not None)
    search = TimedSearch(system.again(), timing, limits=Limits(max_states=3 * MOST)).run()
    assume(search.is_complete)
    assert search.worlds == expected


MODELS: list[tuple[str, dict[str, Any], Faults, Network, Timing]] = [
    (
        "as-noted",
        {},
        Faults(losses=1),
        Network.BAG,
        Timing("1..2s", timeouts={"participant": "5s", "coordinator": "3s"}),
    ),
    (
        "policy",
        {},
        Faults(crashes=at_most(1, "P2"), restarts=1),
        Network.FIFO,
        Timing("1..2s", timeouts={"participant": "4..5s", "coordinator": "3s"}),
    ),
    ("as-noted", {}, Faults(duplicates=1), Network.BAG, Timing("2s", timeouts={"participant": "3s"})),
    (
        "as-noted",
        {"participants": 1},
        Faults(partitions=1),
        Network.FIFO,
        Timing("1..2s", timeouts={"participant": "5s", "coordinator": "3..4s"}),
    ),
]


@pytest.mark.parametrize(("variant", "parameters", "faults", "network", "timing"), MODELS)
def test_of_three_phase_commit_too(
    variant: str, parameters: dict[str, Any], faults: Faults, network: Network, timing: Timing
) -> None:
    protocol = ThreePhaseCommit.variants()[variant](**parameters)
    system = System(protocol, faults, timeouts="early", network=network)
    expected = depths(TimedSystem(system, timing), most=10_000)
    assert expected is not None
    search = TimedSearch(system.again(), timing).run()
    assert search.worlds == expected
    untimed = Exploration(system.again(), []).run()
    assert len(expected) < untimed.statistics.states  # so that time has made a difference
