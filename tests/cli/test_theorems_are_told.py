"""``everyway prove``: what can be proved, proofs, counterexamples to induction, and what cannot be decided."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading

import pytest

from everyway.proofs.catalogue import THEOREMS, Theorem

ENDLESS = '''
from everyway.proofs.language import *


class Moment(Ordered):
    """A point in time."""


class Endless(Theory):
    """There is always a later moment."""

    marked = Relation(Moment)

    @axiom
    def there_is_a_later_one(self, t: Moment) -> Formula:
        return exists(Moment, lambda u: t < u)

    @initially
    def nothing_is_marked(self) -> Formula:
        return empty(self.marked)

    @action
    def mark(self, t: Moment) -> Step:
        return when().add(self.marked(t))

    @lemma
    @goal
    def nothing_gets_marked(self, t: Moment) -> Formula:
        return ~self.marked(t)


class Other(Endless):
    variant = "other"
'''

PATIENTLY = ("--timeout", "60")
"""z3's time-out goes by the clock: on a machine that is busy otherwise, milliseconds of work may take long."""


@pytest.fixture
def endless(tmp_path):
    path = tmp_path / "endless.py"
    path.write_text(ENDLESS)
    return path


def squeezed(words: str) -> str:
    return " ".join(words.split())


def test_all_theorems_are_listed(everyway):
    result = everyway("prove")
    assert result.exit_code == 0
    for name, theorem in THEOREMS.items():
        assert f"{name} " in result.stdout
        assert theorem.sentence in squeezed(result.stdout)
    assert "variants: abort-after-yes, commit-after-yes, commit-on-some," in result.stdout
    listed = json.loads(everyway("prove", "--json").stdout)
    assert [one["name"] for one in listed] == list(THEOREMS)


def test_a_proof_says_exactly_what_was_proved(everyway):
    result = everyway("prove", "paxos", *PATIENTLY)
    assert result.exit_code == 0
    told = squeezed(result.stdout)
    assert " ✓ agreement  proved for any number of acceptors, ballots and values\n" in result.stdout
    assert "In every reachable state, for any number of acceptors, ballots and values: agreement." in told
    assert (
        "5 lemmas, true at the start and kept by each of the 5 actions; together they imply the goal." in told
    )
    assert "assumed Any two majorities have an acceptor in common." in told
    assert "initiation 5 5 - -" in told
    assert "consecution 25 25 - -" in told
    assert "safety 1 1 - -" in told
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_counterexample_to_induction_is_told_as_two_states_and_a_step(everyway):
    result = everyway("prove", "paxos", *PATIENTLY, "--variant", "ignore-highest")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert " ✗ agreement  not proved: 1 of 31 obligations fails" in lines
    start = lines.index("✗ consecution of nothing-else-can-be-chosen-below under propose")
    assert lines[start + 2 :] == [
        "  with    acceptor a1; majority q1 = {a1}; ballots b1 < b2; values v1, v2",
        "  before  all lemmas hold",
        "          acceptor  promised  left  voted",
        "          a1        b2        b1    b1 v2",
        "          ballot  proposed",
        "          b1      v2",
        "          b2      ·",
        "          nothing is started, chosen",
        "  step    propose(b = b2, q = q1, v = v1)",
        "  after   what is new has a +; the rest is as before",
        "          ballot  proposed",
        "          b1      v2",
        "          b2      +v1",
        "",
        "  broken  nothing-else-can-be-chosen-below: Below a proposal no other value can",
        "          be chosen any more: of every majority someone left without that vote.",
        "          In the state after it this fails: proposed(b2, v1) ∧ b1 < b2 ∧ v1 ≠ v2",
        "          ⇒ (∃ acceptor a: member(a, q1) ∧ left(a, b1) ∧ ¬voted(a, b1, v2))",
        "",
        "Nobody knows yet whether such states are ever reached. If they are, the protocol",
        "is wrong; if not, a lemma is missing.",
        "Only exploring the protocol can tell:",
        "  everyway check paxos --variant ignore-highest",
    ]


def test_what_goes_is_told_as_well_as_what_comes(everyway):
    told = everyway("prove", "2pc", *PATIENTLY, "--variant", "abort-after-yes", "--ascii").stdout
    assert told.isascii()
    assert "before  all lemmas hold; what goes has a -" in told
    assert "r1                -yes      .        yes" in told
    assert "r1                .         +yes     yes" in told


def test_a_state_alone_can_be_the_counterexample(everyway):
    told = squeezed(everyway("prove", "raft", *PATIENTLY, "--variant", "half-quorum").stdout)
    assert "✗ safety of election-safety" in told
    assert "majorities q1 = {s2}, q2 = {s1}" in told
    assert "In this state this fails: leader(s1, t1) ∧ leader(s2, t1) ⇒ s1 = s2" in told


def test_the_theory_can_be_read_as_formulas(everyway):
    told = squeezed(everyway("prove", "fencing", *PATIENTLY, "--verbose").stdout)
    assert "∀ token j, k: accepted_after(k, j) ⇒ j ≤ k" in told
    assert (
        "action write(c, k) if granted(c, k) ∧ ¬refuses(k) adds accepted_after(i, j) where i = k ∧ accepted(j); "
        "adds accepted(k); adds refuses(j) where j < k" in told
    )
    assert "decidable yes" in told
    assert re.search(r"✓ [\d.]+ s consecution of writes-never-go-back under write", told)


def test_a_state_at_the_start_is_a_real_one(everyway, tmp_path):
    path = tmp_path / "endless.py"
    path.write_text(
        ENDLESS.replace("exists(Moment, lambda u: t < u)", "TRUE").replace("empty(self.marked)", "TRUE")
    )
    result = everyway("prove", path)
    assert result.exit_code == 1
    told = squeezed(result.stdout)
    assert "✗ initiation of nothing-gets-marked with moment m1 state a state at the start" in told
    assert "It is a state at the start: nothing-gets-marked does not hold in the protocol." in told


def test_json_holds_the_states(everyway):
    result = everyway("prove", "2pc", *PATIENTLY, "--variant", "abort-after-yes", "--json")
    assert result.exit_code == 1
    values = json.loads(result.stdout)
    assert (values["schema"], values["outcome"], values["exit_code"]) == ("everyway-prove/1", "refuted", 1)
    assert values["covers"] == "for any number of resource managers"
    (failed,) = [one for one in values["obligations"] if one["outcome"] != "proved"]
    found = failed["counterexample"]
    assert found["before"]["elements"] == {"resource manager": ["r1"]}
    assert found["before"]["relations"]["prepared"] == [["r1"]]
    assert found["action"] == "choose-to-abort"
    assert found["parameters"] == {"r": "r1"}
    assert found["after"]["relations"]["aborted"] == [["r1"]]
    assert found["broken"] == "prepared-is-binding"
    assert found["fails_for"] == {"r": "r1"}


def test_unknown_leaves_with_3_and_is_not_called_proved(everyway, endless):
    result = everyway("prove", endless, "--timeout", "0.2")
    assert result.exit_code == 3
    told = squeezed(result.stdout)
    assert "? nothing-gets-marked unknown: z3 could not decide" in told
    assert "unknown consecution of nothing-gets-marked under mark: time-out after 0.2 s" in told
    assert "Nothing is proved." in told
    assert "moment -> moment, in the initiation of nothing-gets-marked" in told
    assert "proved for any number" not in told
    assert "✓" not in told


def test_a_theory_of_ones_own_may_be_named(everyway, endless):
    assert everyway("prove", f"{endless}:Endless", "--timeout", "0.1").exit_code == 3
    assert everyway("prove", endless, "--variant", "other", "--timeout", "0.1").exit_code == 3


def test_queries_are_saved_for_other_solvers(everyway, tmp_path):
    folder = tmp_path / "queries"
    assert everyway("prove", "fencing", *PATIENTLY, "--save-queries", folder).exit_code == 0
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 11 + 2 + 1  # the obligations, whether each action can be taken, and the start
    assert "consecution-of-writes-never-go-back-under-write.smt2" in names
    text = (folder / "safety-of-one-client-a-token.smt2").read_text()
    assert text.startswith("; Fencing: safety of one-client-a-token\n; z3 answered unsat\n")
    assert "(check-sat)" in text


def test_a_picture_is_saved(everyway, tmp_path):
    for name in ("broken.svg", "broken.png"):
        result = everyway(
            "prove", "raft", *PATIENTLY, "--variant", "half-quorum", "--diagram", tmp_path / name
        )
        assert result.exit_code == 1
        assert squeezed(result.stdout).endswith(f"{name}: safety of election-safety")
    assert (tmp_path / "broken.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "broken.svg").read_text(encoding="utf-8")
    assert "a goal is broken" in svg


def test_of_a_proof_there_is_nothing_to_draw(everyway, tmp_path):
    result = everyway("prove", "fencing", *PATIENTLY, "--diagram", tmp_path / "none.svg")
    assert result.exit_code == 0
    assert "nothing to draw" in result.stderr
    assert not (tmp_path / "none.svg").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["paxso"], "unknown theorem 'paxso'. Did you mean 'paxos'?"),
        (["paxos", "--variant", "ignore-higest"], "Did you mean 'ignore-highest'? Variants: ignore-highest,"),
        (["paxos", "--timeout", "0"], "--timeout must be more than 0 seconds, not 0."),
        (["paxos", "--timout", "3"], "there is no option '--timout' for paxos. Did you mean '--timeout'?"),
        (["paxos", "--theme", "drak"], "--theme is one of light, dark, auto, not 'drak'."),
        (["paxos", "--diagram", "broken.pdf"], "Use .svg or .png."),
        (["--variant", "x"], "no theorem is named"),
        (["no_such_file.py"], "there is no file no_such_file.py."),
    ],
)
def test_bad_input_is_explained(everyway, words, complaint):
    assert complaint in squeezed(everyway.complaint("prove", *words))


def test_a_file_without_a_theory_is_explained(everyway, counting):
    assert "must have one theory" in squeezed(everyway.complaint("prove", counting))
    assert "has no theory 'Counting'. It has: none." in squeezed(
        everyway.complaint("prove", f"{counting}:Counting")
    )


def test_without_z3_it_is_told_what_to_install(everyway, monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    assert "pip install 'everyway[proofs]'" in squeezed(everyway.complaint("prove", "paxos"))
    assert everyway("prove").exit_code == 0


def test_ctrl_c_ends_a_query_that_has_no_end(everyway, endless):
    presses = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    presses.start()
    result = everyway("prove", endless, "--timeout", "600")
    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr == "interrupted: nothing is proved.\n"


def test_a_theorem_of_another_kind_is_left_to_its_own_command(everyway, monkeypatch):
    other = Theorem("construction", "everyway:check", "Something is found.", command="list")
    monkeypatch.setattr("everyway.proofs.catalogue.THEOREMS", {**THEOREMS, "other": other})
    assert "other         Something is found." in everyway("prove").stdout.splitlines()
    assert everyway("prove", "other").stdout == everyway("list").stdout
    assert "Usage: everyway prove other [OPTIONS]" in everyway("prove", "other", "--help").stdout
    assert everyway("prove", "other", "--timeout", "3").exit_code == 2
