"""Chain replication keeps its promises while servers fail by stopping; the mistakes show once they do."""

import pytest

from everyway import Kind, at_most, check, possible
from everyway.models.chain_replication import (
    ChainReplication,
    Phase,
    Reader,
    Writer,
    available,
    linearizable,
    update_propagation,
)
from everyway.testing import assert_holds, assert_violated

VARIANTS = ChainReplication.variants()


def crashes(count):
    return at_most(count, "server")


@pytest.mark.parametrize(("servers", "states"), [(1, 558), (2, 1_702), (3, 3_432)])
def test_the_textbook_keeps_its_promises(servers, states):
    report = assert_holds(ChainReplication(servers=servers, writers=2))
    assert report.statistics.states == states


def test_all_servers_but_one_may_crash():
    assert_holds(ChainReplication(servers=2), crashes=crashes(1))
    assert_holds(ChainReplication(reads=1), crashes=crashes(2))


def test_a_client_that_comes_back_asks_again():
    assert_holds(
        ChainReplication(servers=2), [linearizable, available], crashes=at_most(1, "Client"), restarts=1
    )


def test_when_no_server_is_left_nobody_is_answered_but_nobody_was_told_anything_wrong():
    model = ChainReplication(servers=2, reads=1)
    assert_violated(model, available, crashes=crashes(2))
    assert_holds(model, [linearizable, update_propagation], crashes=crashes(2))


@pytest.mark.parametrize("servers", [2, 3])
def test_a_server_must_not_be_taken_out_while_it_is_up(servers):
    model = ChainReplication(servers=servers, reads=1)
    assert_violated(model, linearizable, length=6 + servers, suspicions=1)
    assert_violated(model, update_propagation, length=5, suspicions=1)


def test_a_master_that_fails_cannot_mend_the_chain():
    model = ChainReplication(servers=2, reads=1)
    assert_holds(model, crashes=at_most(1, "M"))
    both = at_most(2, "M", "server")
    assert_violated(model, available, crashes=both)
    assert_holds(model, linearizable, crashes=both)


@pytest.mark.parametrize("servers", [1, 2, 3, 4])
def test_a_write_takes_a_message_for_each_server_and_one_more_and_a_read_two(servers):
    model = ChainReplication(servers=servers)

    def deliveries(client):
        @possible
        def done(world):
            """A client of this kind is answered."""
            return any(node.phase is Phase.DONE for node in world.nodes(client))

        (verdict,) = check(model, [done]).verdicts
        return sum(visit.action.kind is Kind.DELIVERY for visit in verdict.path[1:])

    assert deliveries(Writer) == servers + 1
    assert deliveries(Reader) == 2


def test_the_head_knows_of_updates_that_are_lost_with_it():
    model = VARIANTS["read-at-head"]
    assert_holds(model())
    assert_violated(model(servers=2), linearizable, length=12, crashes=crashes(1))
    # One read cannot tell: it takes a second one that sees less.
    assert_holds(model(servers=2, reads=1), crashes=crashes(1))


def test_what_was_lost_in_the_middle_must_be_sent_again():
    model = VARIANTS["no-resend"]
    assert_holds(model())
    assert_violated(model(reads=1), available, length=8, crashes=crashes(1))
    assert_violated(model(writers=2, reads=0), update_propagation, length=9, crashes=crashes(1))
    assert_holds(model(servers=2, reads=1), crashes=crashes(1))


def test_an_answer_from_the_head_comes_too_early_although_nothing_fails():
    assert_violated(VARIANTS["answer-at-head"](), linearizable, length=6)
    assert_holds(VARIANTS["answer-at-head"](servers=1))
