"""What is missing on this machine is told before it is needed."""

from __future__ import annotations

import shutil


def test_a_missing_program_is_told_before_the_search(everyway, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    error = everyway.complaint("check", "2pc", "--crashes", "1", "--diagram", tmp_path / "x.pdf")
    assert "PDF needs the program 'dot'" in error


def test_the_doctor_fits_the_terminal_where_dot_is_missing(everyway, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    told = everyway("doctor").stdout
    assert "missing  dot" in told
    assert max(map(len, told.splitlines())) <= 80
