"""The pytest plugin: a failing assertion about a protocol shows its counterexample.

The story is a section of the test's report; the diagram is saved as SVG, and its path printed at the end of
the run, attached to the JUnit report, and shown inline by pytest-html if that is installed. It works under
pytest-xdist, where tests run in other processes than the one that reports.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from everyway.counterexamples.trace import Trace

PROPERTY = "everyway_diagram"
"""The name under which a diagram's path travels with a test's report."""

DEFAULT_FOLDER = ".everyway"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the ini value for the folder of diagrams."""
    parser.getgroup("everyway", "counterexamples of everyway").addoption(
        "--everyway-diagrams",
        metavar="DIR",
        default=None,
        help="save the diagrams of counterexamples in this folder (default: in pytest's temporary folder)",
    )
    parser.addini(
        "everyway_diagrams", "folder in which the diagrams of counterexamples are saved", default=""
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the story and the diagram to the report of a test that found a counterexample."""
    report = yield
    # Imported late: most test runs have no counterexample to show.
    error = call.excinfo.value if call.excinfo is not None else None
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if not kinds & {"CounterexampleFound", "EverywayError"}:
        return report
    from everyway.models.language import EverywayError
    from everyway.testing import CounterexampleFound

    if isinstance(error, (CounterexampleFound, EverywayError)):
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            # The short summary has one line: room for what was found, not for the error's class.
            crash.message = str(error)
    if isinstance(error, CounterexampleFound) and error.trace is not None:
        _show(item, report, error.trace)
    return report


def _show(item: pytest.Item, report: pytest.TestReport, trace: Trace) -> None:
    from everyway.counterexamples.svg import to_svg

    report.sections.append(("counterexample", _story(item.config, trace)))
    svg = to_svg(trace, theme="light")
    try:
        path = _folder(item) / f"{_file_name(item.nodeid)}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        report.sections.append(("counterexample diagram", f"could not be saved: {error}"))
        return
    report.sections.append(("counterexample diagram", str(path)))
    item.user_properties.append((PROPERTY, str(path)))
    report.user_properties = list(item.user_properties)
    if item.config.pluginmanager.hasplugin("html"):
        pytest_html = importlib.import_module("pytest_html")
        report.extras = [*getattr(report, "extras", []), pytest_html.extras.html(f"<div>{svg}</div>")]  # type: ignore[attr-defined]


def _story(config: pytest.Config, trace: Trace) -> str:
    """Return the counterexample as terminal text, in colours where the terminal shows them."""
    from rich.console import Console

    from everyway.counterexamples.terminal import to_terminal

    terminal = config.get_terminal_writer()
    in_colour = bool(terminal.hasmarkup) or config.getoption("color", "auto") == "yes"
    width = max(60, min(terminal.fullwidth or 80, 120))
    console = Console(
        width=width, force_terminal=in_colour, no_color=not in_colour, file=None, legacy_windows=False
    )
    with console.capture() as capture:
        console.print(to_terminal(trace, width=width))
    text = capture.get()
    return text if in_colour else re.sub(r"\x1b\[[0-9;]*m", "", text)


def _folder(item: pytest.Item) -> Path:
    """Return the folder for diagrams: the option, else the ini value, else pytest's own temporary folder."""
    config = item.config
    chosen = config.getoption("--everyway-diagrams") or config.getini("everyway_diagrams")
    if chosen:
        return (config.rootpath / str(chosen)).resolve()
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is None:  # pytest runs without its tmp_path plugin
        return (config.rootpath / DEFAULT_FOLDER).resolve()
    return Path(factory.getbasetemp()) / "everyway"


def _file_name(node_id: str) -> str:
    """Return a test's id as a file name that every file system takes."""
    where, bracket, parameters = node_id.partition("[")
    parameters = parameters.removesuffix("]")
    where = where.replace(".py::", "-").replace("::", "-").replace("/", "-")
    name = f"{where}{'-' if bracket else ''}{parameters}"
    plain = re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip("-")[-150:]
    if plain == name:
        return plain
    # Tests that differ only in what was left out must not share a file.
    return f"{plain}-{hashlib.sha256(node_id.encode()).hexdigest()[:6]}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the diagrams at the end of the run."""
    reports = [
        report
        for category in ("failed", "error", "rerun")
        for report in terminalreporter.getreports(category)
    ]
    # A file that could not be collected is an error too, and its report has no properties.
    found = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    paths = [value for name, value in found if name == PROPERTY]
    if paths:
        terminalreporter.section("counterexamples")
        for path in dict.fromkeys(paths):
            terminalreporter.line(path)
