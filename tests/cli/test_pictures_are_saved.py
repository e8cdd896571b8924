"""``--diagram`` and ``--graph``: pictures in files, and what happens when they cannot be written."""

from __future__ import annotations

import os
from xml.etree import ElementTree

import pytest

BLOCKING = ("check", "2pc", "--crashes", "1", "--property", "non-blocking")
FIRST_BYTES = {"svg": b"<", "png": b"\x89PNG\r\n\x1a\n", "gv": b"digraph", "pdf": b"%PDF-"}


@pytest.mark.parametrize("suffix", ["svg", "png", "gv"])
@pytest.mark.parametrize("option", ["--diagram", "--graph"])
def test_a_picture_in_each_format(everyway, tmp_path, option, suffix):
    path = tmp_path / f"blocking.{suffix}"
    result = everyway(*BLOCKING, option, path)
    assert result.exit_code == 1, result.stderr
    assert path.read_bytes().lstrip().startswith(FIRST_BYTES[suffix])
    assert f"saved {path}" in result.stdout.replace("\n", "")
    if suffix == "svg":
        ElementTree.parse(path)


@pytest.mark.parametrize("theme", ["light", "dark", "auto"])
def test_each_theme(everyway, tmp_path, theme):
    path = tmp_path / "blocking.svg"
    assert everyway(*BLOCKING, "--diagram", path, "--theme", theme).exit_code == 1
    ElementTree.parse(path)


@pytest.mark.parametrize("option", ["--diagram", "--graph"])
@pytest.mark.parametrize("name", ["picture.jpeg", "picture"])
def test_a_format_that_is_not_known_is_refused_before_the_search(everyway, tmp_path, option, name):
    error = everyway.complaint(*BLOCKING, option, tmp_path / name)
    assert ".svg" in error
    assert ".png" in error


@pytest.mark.parametrize("option", ["--diagram", "--graph"])
def test_a_file_where_a_folder_should_be_fails_after_the_verdicts(everyway, tmp_path, option):
    (tmp_path / "taken").touch()
    result = everyway(*BLOCKING, option, tmp_path / "taken" / "blocking.svg")
    assert result.exit_code == 2
    assert "violated in 2 steps" in result.stdout
    assert "saved" not in result.stdout
    assert "taken" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(everyway, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    result = everyway(*BLOCKING, "--diagram", folder / "blocking.svg")
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr


def test_a_folder_that_is_not_there_is_made_or_named(everyway, tmp_path):
    path = tmp_path / "new" / "blocking.svg"
    result = everyway(*BLOCKING, "--diagram", path)
    if result.exit_code == 2:
        assert "new" in result.stderr
    else:
        assert path.exists()


def test_both_at_once(everyway, tmp_path):
    result = everyway(*BLOCKING, "--diagram", tmp_path / "d.svg", "--graph", tmp_path / "g.svg")
    assert result.exit_code == 1
    assert (tmp_path / "d.svg").exists()
    assert (tmp_path / "g.svg").exists()


def test_both_at_once_need_two_names(everyway, tmp_path):
    error = everyway.complaint(*BLOCKING, "--diagram", tmp_path / "d.svg", "--graph", tmp_path / "d.svg")
    assert "two pictures" in error


def test_without_a_counterexample_the_witness_is_drawn(everyway, tmp_path):
    result = everyway("check", "2pc", "--diagram", tmp_path / "w.svg")
    assert result.exit_code == 0
    assert (tmp_path / "w.svg").exists()


def test_nothing_to_draw_is_told(everyway, tmp_path):
    result = everyway("check", "2pc", "-p", "agreement", "--diagram", tmp_path / "n.svg")
    assert result.exit_code == 0
    assert "nothing to draw" in result.stderr
    assert not (tmp_path / "n.svg").exists()


def test_a_plain_system_is_drawn_too(everyway, tmp_path, jugs):
    result = everyway("check", jugs, "--diagram", tmp_path / "j.svg", "--graph", tmp_path / "g.svg")
    assert result.exit_code == 0, result.stderr
    ElementTree.parse(tmp_path / "j.svg")
    ElementTree.parse(tmp_path / "g.svg")


def test_json_stays_json_when_pictures_are_saved(everyway, tmp_path):
    result = everyway(*BLOCKING, "--json", "--diagram", tmp_path / "d.svg")
    assert result.stdout.startswith("{")
    assert result.stdout.rstrip().endswith("}")
    assert (tmp_path / "d.svg").exists()
