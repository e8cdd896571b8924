"""The shortest way to measure four litres takes six steps."""

from jugs import Pouring

from everyway.testing import assert_holds


def test_four_litres_take_six_steps() -> None:
    report = assert_holds(Pouring())
    assert report["four litres"].length == 6
    assert report.statistics.states == 16
