"""The picture of a counterexample to induction: two states, the step between them, and what is broken in red."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from proved import proof, refuted

from everyway.counterexamples.theme import DARK, LIGHT
from everyway.proofs.catalogue import THEOREMS
from everyway.proofs.picture import save, to_svg
from everyway.proofs.portrait import Mark, portrait

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str, variant: str, theme: str = "light") -> str:
    theory = THEOREMS[name].load().variants()[variant]
    return to_svg(theory, proof(name, variant), refuted(name, variant), theme)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_both_states_and_the_step_are_there():
    words = texts(drawn("paxos", "adopt-any"))
    assert words[:2] == ["not inductive", "Paxos (adopt-any)"]
    assert words.count("acceptor") == words.count("ballot") == 2
    assert words.count("b1 v1") == words.count("b2 v2") / 2 == 2
    assert [word for word in words if " = b" in word or " = q1" in word or " = v" in word] == [
        "b = b3",
        "q = q1",
        "m = b1",
        "v = v1",
    ]
    assert "propose" in words
    assert words.count("+ ") == 1


def test_what_is_broken_is_ringed_in_red_after_the_step_only():
    svg = drawn("2pc", "abort-after-yes")
    rings = re.findall(rf'<rect x="([\d.]+)"[^>]*stroke="{LIGHT.fault}" stroke-width="2.2"', svg)
    width = float(ElementTree.fromstring(svg).attrib["width"])
    assert len(rings) == 2  # that it is prepared was sent, and it is aborted
    assert all(float(left) > width / 2 for left in rings)


def test_a_state_alone_is_one_panel():
    words = texts(drawn("raft", "half-quorum"))
    assert "a state" in words
    assert "before" not in words
    assert "all lemmas hold, and a goal is broken" in words


@pytest.mark.parametrize(("theme", "ground"), [("light", LIGHT.background), ("dark", DARK.background)])
def test_there_is_a_picture_in_each_theme(theme, ground):
    assert f'fill="{ground}"' in drawn("fencing", "no-fencing", theme)


@pytest.mark.slow
def test_one_picture_can_follow_the_reader():
    svg = drawn("fencing", "no-fencing", "auto")
    assert "prefers-color-scheme:dark" in svg
    assert "var(--fault)" in svg


@pytest.mark.slow
def test_no_character_is_used_that_the_bundled_font_lacks():
    for name, theorem in THEOREMS.items():
        for variant in theorem.load().variants() if theorem.kind == "induction" else ():
            if proof(name, variant).refuted:
                words = "".join(texts(drawn(name, variant)))
                assert not set(words) & set("∀∃∧∨⇒⇔✓"), (name, variant)


def test_a_png_does_not_follow_anybody(tmp_path):
    theory = THEOREMS["fencing"].load().variants()["no-fencing"]
    path = tmp_path / "new" / "broken.png"
    save(theory, proof("fencing", "no-fencing"), refuted("fencing", "no-fencing"), path, "auto")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_tables_mark_what_comes_and_goes_and_what_is_to_blame():
    obligation = refuted("2pc", "commit-on-some")
    found = portrait(proof("2pc", "commit-on-some").specification, obligation.counterexample)
    assert found.elements == ("resource managers r1, r2",)
    flags_before, managers_before = found.before
    flags_after, managers_after = found.after
    assert [(row.element, row.cells) for row in flags_before.rows] == [
        ("undecided", ((Mark("✓", "removed"),),)),
        ("commit_sent", ((),)),
    ]
    assert [(row.element, row.cells) for row in flags_after.rows] == [
        ("undecided", ((),)),
        ("commit_sent", ((Mark("✓", "added", is_blamed=True),),)),
    ]
    assert managers_before.columns == ("prepared", "noted", "prepared_sent")
    assert [row.cells for row in managers_before.rows] == [((), (), ()), ((Mark("✓"),),) * 3]
    # That one of them is not noted is what breaks the lemma.
    assert managers_after.rows[0].cells == ((), (Mark("·", is_blamed=True),), ())
    assert managers_after.rows[1] == managers_before.rows[1]
    assert found.empty == ("working", "committed", "aborted", "abort_sent")
