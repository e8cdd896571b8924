"""In-sync replicas: what is acknowledged stays, and the versions in which it did not."""

from __future__ import annotations

import pytest

from everyway.models import kafka_isr
from everyway.models.kafka_isr import KafkaIsr
from everyway.models.language import at_most
from everyway.testing import assert_holds, assert_violated

LOST = kafka_isr.no_acknowledged_record_is_lost
TWICE = {"crashes": at_most(2, "broker"), "restarts": 1}


def test_without_faults_everything_is_acknowledged():
    assert_holds(KafkaIsr(brokers=3))


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_and_logs_agree():
    assert_holds(KafkaIsr(records=1), [LOST, kafka_isr.logs_agree], **TWICE)
    assert_holds(KafkaIsr(), [LOST, kafka_isr.logs_agree], crashes=at_most(1, "broker"), restarts=1)


@pytest.mark.parametrize(
    ("variant", "length", "faults"),
    [
        ("high-watermark-truncation", 12, TWICE),
        ("unclean-election", 9, TWICE),
        ("leader-acknowledges", 4, {"crashes": at_most(1, "broker")}),
        ("pending-not-counted", 13, TWICE),
    ],
)
def test_a_variant_loses_an_acknowledged_record(variant, length, faults):
    assert_violated(KafkaIsr.variants()[variant](records=1), LOST, length=length, **faults)


@pytest.mark.parametrize("variant", ["high-watermark-truncation", "unclean-election", "pending-not-counted"])
def test_with_one_crash_and_no_restart_it_does_not_show(variant):
    assert_holds(KafkaIsr.variants()[variant](), LOST, crashes=at_most(1, "broker"))
