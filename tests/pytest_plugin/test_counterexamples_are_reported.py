"""What a user of pytest sees when an assertion about a protocol fails."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

ESCAPE = "\x1b["


def test_the_summary_is_one_line(session, blocked):
    result = session(blocked)
    result.assert_outcomes(failed=1)
    (line,) = [line for line in result.outlines if line.startswith("FAILED")]
    assert line.startswith(
        "FAILED test_model.py::test_nobody_waits - non-blocking violated in 2 steps: P1 waits"
    )


def test_the_story_is_a_section(session, blocked):
    result = session(blocked, "--everyway-diagrams", "pictures")
    result.stdout.fnmatch_lines(
        [
            "*- counterexample -*",
            "*Non-blocking violated*",
            "*prepare*",
            "*P1 waits for ever while C is down*",
        ]
    )
    result.stdout.fnmatch_lines(["*- counterexample diagram -*", "*.svg"])
    assert ESCAPE not in result.stdout.str()


def test_the_traceback_ends_in_the_test(session, blocked):
    told = session(blocked).stdout.str()
    assert "assert_holds(TwoPhaseCommit()" in told
    assert "_checked(" not in told


def test_the_diagram_is_saved_where_it_is_wanted(session, blocked):
    result = session(blocked, "--everyway-diagrams", "pictures")
    (saved,) = (session.path / "pictures").iterdir()
    assert saved.suffix == ".svg"
    assert "test_nobody_waits" in saved.name
    ElementTree.parse(saved)
    assert str(saved) in result.stdout.str()


def test_the_folder_can_be_set_in_the_ini_file(session, blocked):
    session.pytester.makeini("[pytest]\neveryway_diagrams = from_ini\n")
    session(blocked)
    assert list((session.path / "from_ini").glob("*.svg"))
    session(blocked, "--everyway-diagrams", "from_option")
    assert list((session.path / "from_option").glob("*.svg"))


def test_the_diagram_is_in_the_temporary_folder_by_default(session, blocked):
    result = session(blocked)
    assert not list(session.path.glob("*.svg"))
    assert not (session.path / ".everyway").exists()
    (named,) = set(re.findall(r"\S+\.svg", result.stdout.str()))
    ElementTree.parse(named)


def test_without_a_temporary_folder_the_diagram_is_beside_the_tests(session, blocked):
    session(blocked, "-p", "no:tmpdir")
    assert list((session.path / ".everyway").glob("*.svg"))


def test_a_folder_that_cannot_be_written_is_no_second_failure(session, blocked):
    (session.path / "taken").touch()
    result = session(blocked, "--everyway-diagrams", "taken")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*could not be saved*"])


def test_tests_of_one_name_do_not_share_a_diagram(session):
    result = session(
        """
class TestHere:
    @pytest.mark.parametrize("word", ["a/b", "a b", "a-b"])
    def test_it(self, word):
        assert_holds(TwoPhaseCommit(), "non-blocking", crashes=1)
""",
        "--everyway-diagrams",
        "pictures",
    )
    result.assert_outcomes(failed=3)
    assert len(list((session.path / "pictures").iterdir())) == 3


def test_a_terminal_with_colours_gets_colours(session, blocked):
    assert ESCAPE in session(blocked, "--color=yes").stdout.str()


@pytest.mark.parametrize("options", [(), ("--color=no",), ("--color=auto",)])
def test_no_escapes_without_colour(session, blocked, options):
    assert ESCAPE not in session(blocked, *options).stdout.str()


def test_across_processes(session, blocked):
    pytest.importorskip("xdist")
    result = session(blocked, "-n", "2", "--everyway-diagrams", "pictures")
    result.assert_outcomes(failed=1)
    (saved,) = (session.path / "pictures").iterdir()
    told = result.stdout.str()
    assert "P1 waits for ever while C is down" in told
    assert ESCAPE not in told
    summary = told[told.index("= counterexamples =") :]
    assert str(saved) in summary
    assert "INTERNALERROR" not in told


def test_across_processes_into_the_temporary_folder(session, blocked):
    pytest.importorskip("xdist")
    (named,) = set(re.findall(r"\S+\.svg", session(blocked, "-n", "2").stdout.str()))
    ElementTree.parse(named)


def test_junit_has_the_diagram_as_a_property(session, blocked):
    session(blocked, "--junit-xml", "report.xml", "--everyway-diagrams", "pictures")
    tree = ElementTree.parse(session.path / "report.xml")
    values = {found.get("name"): found.get("value") for found in tree.iter("property")}
    assert values["everyway_diagram"].endswith(".svg")


def test_html_shows_the_diagram(session, blocked):
    pytest.importorskip("pytest_html")
    session(blocked, "--html", "report.html", "--self-contained-html")
    assert "svg" in (session.path / "report.html").read_text(encoding="utf-8")


MISTAKES = {
    "unknown property 'agrement'. Did you mean": 'assert_holds(TwoPhaseCommit(), "agrement")',
    "unknown fault 'crash'. Did you mean": "assert_holds(TwoPhaseCommit(), crash=1)",
    "give the fault budgets either": "assert_violated(TwoPhaseCommit(), faults=Faults(crashes=1), losses=1)",
    "property 'odd' raised ZeroDivisionError": (
        "assert_holds(TwoPhaseCommit(), always(lambda world: 1 / 0, name='odd'))"
    ),
}


@pytest.mark.parametrize("told", MISTAKES)
def test_a_mistake_is_told_without_the_way_through_everyway(session, told):
    result = session(f"def test_it():\n    {MISTAKES[told]}\n")
    result.assert_outcomes(failed=1)
    (line,) = [line for line in result.outlines if line.startswith("FAILED")]
    assert line.startswith(f"FAILED test_model.py::test_it - {told}")
    assert "find_property(" not in result.stdout.str()
    assert "as_system(" not in result.stdout.str()
    assert "- counterexample -" not in result.stdout.str()


def test_what_is_not_decided_is_told_in_the_summary(session):
    result = session("def test_it():\n    assert_holds(TwoPhaseCommit(), limits=Limits(max_states=9))\n")
    (line,) = [line for line in result.outlines if line.startswith("FAILED")]
    assert line.startswith("FAILED test_model.py::test_it - agreement is unknown: stopped at the limit")
    assert ".svg" not in result.stdout.str()


def test_other_failures_are_left_alone(session):
    result = session("def test_other():\n    assert 1 == 2\n")
    result.assert_outcomes(failed=1)
    assert "- counterexample -" not in result.stdout.str()


def test_a_test_that_expects_the_counterexample_passes_in_silence(session):
    result = session(
        """
def test_it():
    with pytest.raises(CounterexampleFound) as found:
        assert_holds(TwoPhaseCommit(), "non-blocking", crashes=1)
    assert found.value.trace.headline == "Non-blocking violated"
"""
    )
    result.assert_outcomes(passed=1)
    assert "- counterexample -" not in result.stdout.str()
    assert "= counterexamples =" not in result.stdout.str()


def test_an_expected_failure_is_none(session):
    result = session(
        """
@pytest.mark.xfail(strict=True)
def test_it():
    assert_holds(TwoPhaseCommit(), "non-blocking", crashes=1)
"""
    )
    result.assert_outcomes(xfailed=1)
    assert "= counterexamples =" not in result.stdout.str()


def test_a_violation_in_a_fixture_is_told_too(session):
    result = session(
        """
@pytest.fixture
def checked():
    return assert_holds(TwoPhaseCommit(), "non-blocking", crashes=1)


def test_it(checked):
    pass
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*- counterexample -*", "*= counterexamples =*", "*.svg"])


def test_the_plugin_imports_nothing_heavy(session):
    session.pytester.makepyfile(
        test_light="""
import sys


def test_it():
    assert "everyway.pytest_plugin" in sys.modules
    assert not {"rich", "typer", "graphviz", "wasmtime", "everyway.counterexamples"} & set(sys.modules)
"""
    )
    session.pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=50).assert_outcomes(passed=1)


def test_a_file_that_cannot_be_imported_is_reported_as_pytest_does(session):
    result = session("import no_such_module_anywhere\n")
    result.assert_outcomes(errors=1)
    assert "no_such_module_anywhere" in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
