"""A model's file is imported as Python would run it, and leaves everything else alone."""

from __future__ import annotations

import importlib
import sys

import pytest

PLAIN = '''
class Still:
    """Does nothing."""

    def initial(self):
        return [0]

    def steps(self, state):
        return []
'''


@pytest.fixture(autouse=True)
def _same_path_afterwards():
    before, loaded = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = before
    for name in set(sys.modules) - loaded:
        if getattr(sys.modules[name], "__file__", None) and "pytest-of" in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_a_file_called_like_a_module_of_python_does_not_take_its_place(everyway, tmp_path):
    (tmp_path / "colorsys.py").write_text(PLAIN)
    sys.modules.pop("colorsys", None)
    assert everyway("check", tmp_path / "colorsys.py").exit_code == 0
    assert hasattr(importlib.import_module("colorsys"), "rgb_to_hls")


def test_its_neighbours_come_first_while_it_is_imported(everyway, tmp_path):
    (tmp_path / "colorsys.py").write_text("here = True\n")
    sys.modules.pop("colorsys", None)
    (tmp_path / "still.py").write_text(f"from colorsys import here\n{PLAIN}")
    try:
        assert everyway("check", tmp_path / "still.py").exit_code == 0
    finally:
        sys.modules.pop("colorsys", None)


def test_its_neighbours_can_be_imported_later_too(everyway, tmp_path):
    (tmp_path / "neighbour_of_late.py").write_text("start = 7\n")
    model = PLAIN.replace("return [0]", "import neighbour_of_late\n        return [neighbour_of_late.start]")
    (tmp_path / "late.py").write_text(model)
    assert everyway("check", tmp_path / "late.py").exit_code == 0


def test_a_mistake_in_a_neighbour_is_found_there(everyway, tmp_path):
    (tmp_path / "broken_neighbour.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "uses_it.py").write_text("import broken_neighbour\n")
    error = everyway.complaint("check", tmp_path / "uses_it.py")
    assert error == "error: broken_neighbour.py has a syntax error in line 2: invalid syntax.\n"


def test_a_file_that_cannot_be_imported_leaves_nothing_behind(everyway, tmp_path):
    (tmp_path / "half_a_model.py").write_text("x = 1 / 0\n")
    before = list(sys.path)
    everyway.complaint("check", tmp_path / "half_a_model.py")
    assert "half_a_model" not in sys.modules
    assert sys.path == before


def test_a_file_of_a_package_is_named_by_its_package(everyway, tmp_path):
    (tmp_path / "part.py").write_text("from . import other\n")
    error = everyway.complaint("check", tmp_path / "part.py")
    assert "part.py, line 1" in error
    assert "package.module:Class" in error


NEEDY = '''
from attrs import frozen

from everyway import Node, Protocol


@frozen
class Idle(Node):
    """Does nothing."""


@frozen
class Needy(Protocol):
    """Has a parameter without a default."""

    size: int

    def nodes(self):
        return {"N": Idle()}
'''


def test_a_parameter_without_a_default_must_be_given(everyway, tmp_path):
    path = tmp_path / "needy.py"
    path.write_text(NEEDY)
    expected = "error: needy needs a value for --size, which has no default.\n"
    assert everyway.complaint("check", path) == expected
    assert everyway.complaint("show", path) == expected
    assert everyway("check", path, "--size", "3").exit_code == 0
    assert "(whole number; must be given)" in everyway("check", path, "--help").stdout
