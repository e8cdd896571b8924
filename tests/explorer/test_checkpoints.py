"""Checkpoints: a search that was cut off goes on, and ends as if nothing had happened."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from everyway import Faults, Limits, System, UsageError
from everyway.explorer.tables import checkpoint, sources
from everyway.explorer.tables.checkpoint import Checkpoints, restore
from everyway.explorer.tables.search import TableSearch
from everyway.models.gray_lamport import TwoPhase
from everyway.models.two_phase_commit import TwoPhaseCommit

PROTOCOL = TwoPhaseCommit(3)


def search(folder: Path | None = None, *, protocol=PROTOCOL, bounds=None, limits=None, **how) -> TableSearch:
    system = System(protocol, Faults(**({"crashes": 1} if bounds is None else bounds)))
    keeper = Checkpoints(folder, every=0.0) if folder else None
    how = {"engine": "plain", "batch": 64, **how}
    return TableSearch(
        system, list(protocol.promises()), limits=limits or Limits(), checkpoints=keeper, **how
    )


def interrupted(folder: Path, batches: int, **how) -> None:
    """Search for so many batches, each followed by a checkpoint, and stop as if killed."""
    searching = search(folder, **how)
    keeper = searching._checkpoints
    keeper.prepare()
    save, left = keeper.save, batches

    class Killed(Exception):
        pass

    def save_and_count(one):
        nonlocal left
        save(one)
        left -= 1
        if not left:
            raise Killed

    searching._checkpoints = type("Keeper", (), {"is_due": True, "save": staticmethod(save_and_count)})
    with pytest.raises(Killed):
        searching.run()


def everything(searching: TableSearch):
    searching.statistics.seconds = 0.0
    verdicts = [(v.outcome, v.path, v.broken, v.why, set(v.trapped)) for v in searching.verdicts()]
    return searching.statistics, verdicts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("batches", "before", "after"),
    [(1, "plain", "plain"), (4, "plain", "tables"), (20, "tables", "tables"), (20, "plain", "plain")],
)
@pytest.mark.parametrize("symmetry", [False, True])
def test_a_search_that_goes_on_ends_the_same(tmp_path, batches, before, after, symmetry):
    interrupted(tmp_path / "kept", batches, engine=before, threads=2, symmetry=symmetry)
    went_on = search(engine=after, symmetry=symmetry)
    restore(went_on, tmp_path / "kept")
    assert everything(went_on.run()) == everything(search(symmetry=symmetry).run())


@pytest.mark.slow
def test_it_goes_on_towards_a_limit_on_depth(tmp_path):
    limits = Limits(max_depth=9)
    interrupted(tmp_path / "kept", 5, limits=limits)
    went_on = search(limits=limits)
    restore(went_on, tmp_path / "kept")
    assert everything(went_on.run()) == everything(search(limits=limits).run())


@pytest.mark.slow
def test_no_object_of_the_model_is_kept(tmp_path):
    interrupted(tmp_path / "kept", 3)
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".json", ".npy"}
    for path in kept:
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_a_damaged_file_is_refused(tmp_path):
    interrupted(tmp_path / "kept", 2)
    latest = json.loads((tmp_path / "kept" / "latest.json").read_text())["latest"]
    for path in sorted((tmp_path / "kept" / latest).iterdir()):
        whole = path.read_bytes()
        for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[: len(whole) // 2]):
            path.write_bytes(damaged)
            with pytest.raises(UsageError, match="is damaged"):
                restore(search(), tmp_path / "kept")
        path.unlink()
        with pytest.raises(UsageError, match="is damaged"):
            restore(search(), tmp_path / "kept")
        path.write_bytes(whole)
    restore(search(), tmp_path / "kept")


@pytest.mark.parametrize(
    "other", [{"bounds": {"crashes": 2}}, {"bounds": {}}, {"limits": Limits(max_depth=3)}]
)
def test_the_checkpoint_of_another_check_is_refused(tmp_path, other):
    interrupted(tmp_path / "kept", 2)
    with pytest.raises(UsageError, match="of another check"):
        restore(search(**other), tmp_path / "kept")


def test_a_changed_model_is_refused(tmp_path, monkeypatch):
    interrupted(tmp_path / "kept", 2)
    digest = sources.digest
    monkeypatch.setattr(
        sources, "digest", lambda path: "other" if path.name == "two_phase_commit.py" else digest(path)
    )
    with pytest.raises(UsageError, match=r"the model has changed .*two_phase_commit\.py"):
        restore(search(), tmp_path / "kept")


MODEL = """
from attrs import frozen
from everyway import Node, Protocol, always, choice, volatile


@frozen
class Counter(Node):
    count: int = volatile(0)

    @choice
    def increment(self):
        from small.steps import width

        if self.count < 400:
            return self.become(count=self.count + width())


@always
def counts(world):
    return world["N"].count >= 0


class Counting(Protocol):
    def nodes(self):
        return {"N": Counter()}

    def promises(self):
        return [counts]
"""


def resumed(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-P", "-m", "everyway", "resume", "kept", *options]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.slow
def test_a_module_that_the_model_imports_counts_as_its_source(tmp_path):
    (tmp_path / "counting.py").write_text(MODEL)
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "__init__.py").write_text("")
    (tmp_path / "small" / "steps.py").write_text(
        "from .sizes import WIDTH\n\ndef width():\n    return WIDTH\n"
    )
    sizes = tmp_path / "small" / "sizes.py"
    sizes.write_text("WIDTH = 1\n")
    words = [sys.executable, "-P", "-c", DRIVER, "check", "counting.py", "--checkpoint", "kept"]
    assert subprocess.run(words, cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    sizes.write_text("WIDTH = 2\n")
    refused = resumed(tmp_path)
    assert refused.returncode == 2
    assert "the model has changed" in refused.stderr
    assert "small/sizes.py" in refused.stderr
    sizes.write_text("WIDTH = 1\n")
    assert resumed(tmp_path).returncode == 0


def test_a_model_that_is_edited_while_it_is_checked_is_refused(tmp_path, monkeypatch):
    searching = search(tmp_path / "kept")
    keeper = searching._checkpoints
    keeper.note_sources(searching.system, searching.properties)
    keeper.prepare()
    digest = sources.digest
    monkeypatch.setattr(
        sources, "digest", lambda path: "other" if path.name == "two_phase_commit.py" else digest(path)
    )
    searching.run()
    with pytest.raises(UsageError, match=r"the model has changed .*two_phase_commit\.py"):
        restore(search(), tmp_path / "kept")


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        Checkpoints(tmp_path).prepare()
    interrupted(tmp_path / "kept", 1)
    with pytest.raises(UsageError, match="holds a checkpoint already"):
        Checkpoints(tmp_path / "kept").prepare()
    with pytest.raises(UsageError, match="there is no checkpoint"):
        restore(search(), tmp_path / "elsewhere")


def test_a_kill_before_the_first_was_whole_leaves_a_folder_that_can_be_used(tmp_path):
    interrupted(tmp_path / "kept", 1)
    (tmp_path / "kept" / "latest.json").unlink()
    with pytest.raises(UsageError, match="there is no checkpoint"):
        restore(search(), tmp_path / "kept")
    interrupted(tmp_path / "kept", 2)
    restore(search(), tmp_path / "kept")


@pytest.mark.parametrize("place", ["file", "file/kept"])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot keep checkpoints in"):
        Checkpoints(tmp_path / place).prepare()


@pytest.mark.slow
def test_the_model_is_asked_as_often_when_only_some_names_are_tried(tmp_path):
    interrupted(tmp_path / "kept", 4, protocol=TwoPhase(6), bounds={}, symmetry=True)
    went_on = search(protocol=TwoPhase(6), bounds={}, symmetry=True)
    restore(went_on, tmp_path / "kept")
    whole = search(protocol=TwoPhase(6), bounds={}, symmetry=True)
    assert everything(went_on.run()) == everything(whole.run())
    assert went_on.system.handler_calls == whole.system.handler_calls


@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    interrupted(tmp_path / "kept", 3)
    went_on = search(tmp_path / "kept")
    restore(went_on, tmp_path / "kept")

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(checkpoint.np, "save", refuse)
        expected = everything(went_on.run())
    assert "No space left on device" in went_on._checkpoints.problem
    again = search()
    restore(again, tmp_path / "kept")
    assert everything(again.run()) == expected


DRIVER = """
import os, signal, sys
from everyway.explorer.tables import checkpoint, sources
from everyway.cli import main
left = 4
def count(self, search, save=checkpoint.Checkpoints.save):
    global left
    save(self, search)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.Checkpoints.save = count
checkpoint.Checkpoints.is_due = True
main()
"""
CHECK = ("check", "2pc", "--participants", "3", "--crashes", "1", "--json")


@pytest.mark.slow
def test_a_killed_program_goes_on_by_resume(tmp_path):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", *words], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    killed = run("-c", DRIVER, *CHECK, "--checkpoint", "kept")
    assert killed.returncode == -signal.SIGKILL
    os.mkdir(tmp_path / "elsewhere")
    resumed = subprocess.run(
        [sys.executable, "-P", "-m", "everyway", "resume", str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        cwd=tmp_path / "elsewhere",
        check=False,
    )
    whole = run("-m", "everyway", *CHECK)
    assert (resumed.returncode, whole.returncode) == (1, 1)
    reports = [json.loads(done.stdout) for done in (resumed, whole)]
    for report in reports:
        for name in ("seconds", "memory", "peak_memory"):
            del report["statistics"][name]
    assert reports[0] == reports[1]


def test_it_goes_on_with_more_time_and_tells_what_it_is_asked_to(tmp_path):
    words = ["check", "gray-lamport", "--managers", "4", "--max-seconds", "0", "--checkpoint", "kept"]
    stopped = subprocess.run(
        [sys.executable, "-P", "-m", "everyway", *words], capture_output=True, cwd=tmp_path, check=False
    )
    assert (stopped.returncode, resumed(tmp_path).returncode) == (3, 3)
    refused = resumed(tmp_path, "--max-seconds", "-1")
    assert refused.returncode == 2
    assert "--max-seconds must be 0 or more" in refused.stderr
    done = resumed(tmp_path, "--max-seconds", "600", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["statistics"]["states"] > 100


def test_resume_of_nothing_is_a_mistake(tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "everyway", "resume", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no checkpoint" in done.stderr
