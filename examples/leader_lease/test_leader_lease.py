import pytest
from leader_lease import LeaderLease, one_leader

from everyway import Outcome, check
from everyway.models.language.timing import Timing


@pytest.mark.parametrize(
    ("lease", "drift", "expected"),
    [
        ("20ms", "0", Outcome.HOLDS),
        ("21ms", "0", Outcome.VIOLATED),  # at the same moment either may be first
        ("20ms", "5%", Outcome.VIOLATED),
        ("18ms", "5%", Outcome.HOLDS),  # 18 * 1.05 = 18.9 is less than 20 * 0.95 + 1 = 20
    ],
)
def test_the_lease_must_end_before_the_followers_patience(lease, drift, expected):
    timing = Timing("1..5ms", timeouts={"leader": lease, "follower": "20ms"}, drift=drift)
    report = check(LeaderLease(), timing=timing)
    assert report["one leader"].outcome is expected
    assert report["the follower takes over"].outcome is Outcome.HOLDS


def test_without_bounds_nothing_keeps_two_from_leading():
    assert check(LeaderLease(), one_leader)["one leader"].length == 4
