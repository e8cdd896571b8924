"""The story: one plain sentence a step, which can be read without a picture."""

import pytest
from attrs import evolve
from sample_traces import SAMPLES, crash_while_sending, election, jugs
from script import Script

from everyway import Faults, System
from everyway.counterexamples.replay import replayed
from everyway.counterexamples.story import sentence, sentences
from everyway.explorer import Exploration
from everyway.invariants.atomic_commit import non_blocking
from everyway.models.two_phase_commit import TwoPhaseCommit


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_has_a_numbered_sentence_that_ends(name):
    trace = SAMPLES[name]()
    told = sentences(trace)
    assert [words.partition(". ")[0] for words in told] == [str(step.number) for step in trace.steps]
    assert all(words.endswith((".", "!", "?")) and "\n" not in words for words in told)


def test_a_crash_in_the_middle_of_sending_comes_after_what_was_sent():
    assert sentences(crash_while_sending()) == (
        "1. C acts: WAIT; sends can-commit? to P1 and P2.",
        "2. P1 receives can-commit? from C: READY; sends yes to C.",
        "3. P2 receives can-commit? from C: READY; sends yes to C.",
        "4. C receives yes from P1.",
        "5. C receives yes from P2: PRECOMMIT; sends pre-commit to P1; crashes before sending pre-commit to P2.",
        "6. P1 receives pre-commit from C: PRECOMMIT; sends ack to C.",
        "7. ack arrives at a node that is down.",
        "8. P2 suspects C: ABORTED; sends abort to P1.",
        "9. abort is copied.",
        "10. P1 receives abort from P2: ABORTED.",
        "11. P1 receives abort from P2 (already aborted).",
        "12. C restarts: PRECOMMIT.",
        "13. C's timer fires (no ack from P2): COMMITTED.",
    )


def test_partitions_and_restarts_are_told():
    told = sentences(election())
    assert told[4:7] == ("5. the network parts.", "6. B crashes.", "7. B restarts: FOLLOWER.")
    assert told[9] == "10. the network heals."


def test_a_system_without_nodes_is_told_by_its_actions():
    assert sentences(jugs())[:2] == ("1. fill big.", "2. pour big into small.")


def test_a_step_that_says_what_it_does_becomes_something_besides():
    system = System(TwoPhaseCommit(), Faults(crashes=1))
    (verdict,) = Exploration(system, [non_blocking]).run().verdicts()
    run = [(visit.action, visit.state) for visit in verdict.path]
    assert sentences(replayed(system, non_blocking, run)) == (
        "1. C: ask for votes but crashes before sending prepare to P2; "
        "before that it had become WAITING and had sent prepare to P1.",
        "2. P1 receives prepare from C: vote yes; becomes PREPARED; sends yes to C.",
    )


def test_messages_of_one_kind_are_told_together():
    script = Script(dict.fromkeys("ABC", "node"), dict.fromkeys("ABC", "idle"))
    script.choose("A", None, ("b", "B", "commit"), ("a", "A", "yes"), ("c", "C", "commit"))
    trace = script.trace("Odd", "a test", "Odd.", "Odd.")
    assert sentence(trace, trace.steps[0]) == "A acts; sends commit to B and C, yes to A"


def test_a_note_that_the_text_has_is_not_repeated():
    trace = election()
    first = evolve(trace.steps[0], text="A's election time-out is over")
    assert sentence(trace, first).startswith("A's election time-out is over: CANDIDATE t1; sends")
