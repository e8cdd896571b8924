"""A variant is of the protocol that it deviates from, and of no other."""

from __future__ import annotations

from everyway.models.raft import Raft
from everyway.models.raft_membership import RaftMembership
from everyway.models.raft_reads import RaftReads


def test_variants_of_a_protocol_that_extends_another_are_not_those_of_the_other():
    assert "no-entry-of-own-term" in RaftMembership.variants()
    assert "local-reads" in RaftReads.variants()
    assert not {"no-entry-of-own-term", "local-reads"} & set(Raft.variants())


def test_the_textbook_of_a_variant_is_what_it_deviates_from():
    for base in (Raft, RaftReads, RaftMembership):
        assert base.textbook() is base
        assert {variant.textbook() for variant in base.variants().values()} == {base}
