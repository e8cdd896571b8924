"""Where steps may sleep, every state is found as the reference finds it: by the same predecessor and the same step.

Nothing is asked and nothing observed here, for then nothing sleeps; and few faults strike, for what they strike does
not.
"""

import pytest
from attrs import evolve
from generated_systems import cases
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from everyway import Limits
from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch
from everyway.models.language import Faults, at_most

pytestmark = pytest.mark.slow

FEW = Limits(max_states=1_500)

WAYS = {
    "in plain Python": ({"engine": "plain"}, 150),
    "two at a time": ({"engine": "plain", "batch": 2}, 60),
    "compiled": ({"engine": "tables"}, 100),
    "on two threads": ({"engine": "tables", "threads": 2, "batch": 5}, 60),
}
"""How the engine is run, and on how many cases."""

faults = st.sampled_from(
    [
        *[Faults()] * 5,
        Faults(losses=at_most(1)),
        Faults(duplicates=at_most(1)),
        Faults(crashes=at_most(1)),
        Faults(crashes=at_most(1), restarts=at_most(1)),
        Faults(partitions=at_most(1)),
    ]
)


@pytest.mark.parametrize("way", WAYS)
def test_every_state_is_found_in_the_same_way(way):
    options, examples = WAYS[way]

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases(faults=faults))
    def same(case):
        case = evolve(case, protocol=evolve(case.protocol, is_observed=False))
        reference = Exploration(case.system(), limits=FEW).run()
        if not reference.is_complete:
            return
        tables = TableSearch(case.system(), limits=FEW, **options).run()
        event("small" if len(reference.states) < 20 else "large")
        reference.statistics.seconds = tables.statistics.seconds = 0
        assert tables.statistics == reference.statistics
        for number in range(0, len(reference.states), 1 + len(reference.states) // 40):
            assert tables.path_to(number) == reference.path_to(number)

    same()
