"""``everyway bridge``, and what ``everyway prove`` says of explored models and of lemmas that it finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "bridge.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def squeezed(words: str) -> str:
    return " ".join(words.split())


@pytest.fixture
def election(tmp_path):
    path = tmp_path / "election.py"
    path.write_text(EXAMPLE)
    return path


def test_a_model_that_refines_its_theory(everyway):
    result = everyway("bridge", "gray-lamport", "--managers", "3")
    assert result.exit_code == 0
    assert re.search(r"✓ refines theory +holds in all 288 states", result.stdout)
    assert re.search(r"✓ goal consistency +holds in all 288 states", result.stdout)
    assert "288 different states of the theory, 653 different steps" in result.stdout
    assert "761 transitions of the model are such steps, 384 change nothing there" in squeezed(result.stdout)


def test_the_step_that_has_no_counterpart_is_drawn(everyway, tmp_path):
    picture = tmp_path / "step.svg"
    result = everyway("bridge", "2pc", "--variant", "abort-after-yes", "--crashes", "1", "--diagram", picture)
    assert result.exit_code == 1
    told = squeezed(result.stdout)
    assert "refines theory violated in 3 steps" in told
    assert "no action of the theory does that; the nearest, receive-abort(P1), needs abort_sent" in told
    assert "specification: prepare(P1)" in told
    assert picture.read_text().startswith("<svg")


def test_the_report_as_json(everyway):
    result = everyway("bridge", "paxos", "--proposers", "1", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["outcome"] == "holds"
    bridge = told["bridge"]
    assert bridge["theory"] == "Paxos"
    assert bridge["model"] == "paxos, 3 acceptors, 1 proposer, 0 learners"
    assert bridge["states"] == told["statistics"]["states"]
    assert {"actions": ["vote", "learn"], "steps": 24} in bridge["taken"]
    assert bridge["broken"] == []


def test_a_limit_leaves_it_unknown(everyway):
    result = everyway("bridge", "paxos", "--max-states", "100")
    assert result.exit_code == 3
    assert "? refines theory" in result.stdout


def test_a_bridge_of_ones_own(everyway, election):
    result = everyway("bridge", election)
    assert result.exit_code == 0
    assert "refines theory holds in all 9 states" in squeezed(result.stdout)
    assert "vote 6, count 6" in result.stdout
    result = everyway("prove", f"{election}:Vote")
    assert result.exit_code == 0
    assert "each of the 12 transitions of the explored model is a step of the theory" in squeezed(
        result.stdout
    )


def test_a_bridge_to_something_wrong_is_explained(everyway, election):
    wrong = election.with_name("wrong.py")
    wrong.write_text(EXAMPLE.replace("yield Vote.voted, node.id", 'yield Vote.voted, "eve"'))
    assert "ElectionBridge: eve is no voter; elements() gives ann, bob." in everyway.complaint(
        "bridge", wrong
    )
    wrong.write_text(EXAMPLE.replace("yield Vote.voted, node.id", "yield Vote.voted, node.id, 1"))
    assert "was given 2 elements" in everyway.complaint("bridge", wrong)
    wrong.write_text(EXAMPLE.replace('return {Voter: ["ann", "bob"]}', "return {}"))
    assert "elements() gives no elements for the sort voter" in everyway.complaint("bridge", wrong)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("paxs",), "there is no bridge from 'paxs'. Did you mean 'paxos'?"),
        (("3pc",), "There are bridges from 2pc, gray-lamport, paxos, raft"),
        (("paxos", "--variant", "nobody"), "paxos has no variant 'nobody'"),
        (("paxos", "--acceptor", "3"), "no such option '--acceptor'. Did you mean '--acceptors'?"),
        (("paxos", "--threads", "0"), "--threads must be 1 or more, not 0."),
        (("nowhere.py",), "there is no file nowhere.py"),
    ],
)
def test_mistakes_are_told(everyway, words, complaint):
    assert complaint in squeezed(everyway.complaint("bridge", *words))


@pytest.mark.slow
def test_a_proof_says_whether_it_is_about_the_explored_models(everyway):
    result = everyway("prove", "2pc")
    assert result.exit_code == 0
    told = squeezed(result.stdout)
    assert (
        "✓ 2pc, 3 participants, 1 inquiry: each of the 2,464 transitions of the explored model is a step"
        in told
    )
    assert "✓ gray-lamport, 4 managers: each of the 8,257 transitions" in told
    assert "explored" not in everyway("prove", "2pc", "--no-bridge").stdout
    values = json.loads(everyway("prove", "2pc", "--json").stdout)
    assert [one["outcome"] for one in values["bridges"]] == ["holds", "holds"]


def test_lemmas_are_found(everyway):
    result = everyway("prove", "2pc", "--find-invariant")
    assert result.exit_code == 0
    assert "✓ consistency  proved: 16 of the conjuncts that were found are enough" in result.stdout
    assert "kept      41 of 41 candidates" in result.stdout
    assert "∀ resource manager r1: committed(r1) ⇒ commit_sent" in result.stdout
    values = json.loads(everyway("prove", "2pc", "--find-invariant", "--literals", "2", "--json").stdout)
    assert (values["outcome"], values["exit_code"]) == ("refuted", 1)
    assert values["dropped"] == {"explored": 0, "initiation": 0, "consecution": 3, "unknown": 0}


@pytest.mark.slow
def test_the_theorys_own_lemmas_can_be_asked_alone(everyway):
    values = json.loads(everyway("prove", "paxos", "--find-invariant", "--literals", "0", "--json").stdout)
    assert values["outcome"] == "proved"
    assert [one["name"] for one in values["needed"]] == [
        "one-value-per-ballot",
        "votes-are-for-proposals",
        "chosen-by-a-majority",
        "promises-are-kept",
        "nothing-else-can-be-chosen-below",
    ]
    assert "for --find-invariant" in everyway.complaint("prove", "paxos", "--literals", "2")


def test_each_goal_is_told_for_itself(everyway):
    result = everyway("prove", "fencing", "--find-invariant", "--literals", "2", "--ascii")
    assert result.exit_code == 1
    assert "x writes-never-go-back  not proved: the invariant that was found does not imply it" in squeezed(
        result.stdout
    ).replace("back not", "back  not")
    assert "+ one-client-a-token  proved: 1 of the conjuncts that were found are enough" in result.stdout
    assert "nothing: there is no bridge from an explored model, so only z3 was asked" in squeezed(
        result.stdout
    )
    assert result.stdout.isascii()
