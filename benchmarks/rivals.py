"""The rivals: SPIN and rumur, built, run and read.

Each builds a checker of its own for a model; that is not counted. What is measured is one run of that checker, in the
tool's own words as far as it says it: states, transitions, time and memory.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

SPIN_FLAGS = ("-O2", "-DSAFETY", "-DNOREDUCE")
"""Safety only, and no partial-order reduction: all states are to be counted."""

RUMUR_OPTIONS = (
    *("--symmetry-reduction", "off"),
    *("--deadlock-detection", "off"),
    *("--bound", "0"),
    *("--output-format", "machine-readable"),
)
RUMUR_FLAGS = ("-std=c11", "-O3", "-march=native", "-mcx16")
"""Those that rumur's manual recommends."""


@frozen
class Measurement:
    """What one run found, how long it took and what it needed."""

    name: str
    """Of the tool, with what matters of its settings."""
    states: int
    transitions: int | None
    """Steps taken, those that change nothing too; None if the tool does not say."""
    seconds: float
    """The search alone: no building, no compiling."""
    bytes_per_state: float | None
    """Everything that the search had allocated at its peak, the hash table and its free slots too."""
    note: str = ""


class RivalMissing(Exception):
    """A program that a rival needs is not installed."""


class RivalFailed(Exception):
    """A rival did not build, or did not search everything, or found an error in a model that has none."""


def run_spin(
    model: Path, defines: Mapping[str, int], *, hash_bits: int, folder: Path, depth: int = 10_000
) -> Measurement:
    """Run SPIN, depth-first on one thread, and return what it says of itself.

    Args:
        model: the Promela model.
        defines: its macros, e.g. ``{"N": 9}``.
        hash_bits: the hash table gets 2 to the power of so many slots; best the power of two above the states.
        folder: keeps what is built, so that it is built once.
        depth: the longest path that the search has room for.

    Raises:
        RivalMissing: if SPIN or a C compiler is not installed.
        RivalFailed: if the search is not complete or finds an error.
    """
    spin, compiler = _program("spin", "spin"), _program("gcc", "gcc")
    macros = [f"-D{name}={value}" for name, value in defines.items()]

    def build(place: Path) -> None:
        source = place / model.name
        shutil.copyfile(model, source)
        _run([spin, "-a", *macros, source.name], place)
        checker = place / "pan.c"
        # SPIN counts exactly and prints eight digits; with more the counts can be compared to the last one.
        checker.write_text(checker.read_text().replace('printf("%9.8g', 'printf("%.15g'))
        _run([compiler, *SPIN_FLAGS, "-o", "pan", "pan.c"], place)

    place = _built(folder, model, [_version(spin, "-V"), *macros, *SPIN_FLAGS], build)
    said = _run(["./pan", f"-m{depth}", f"-w{hash_bits}"], place)
    if (
        "Search not completed" in said
        or "max search depth too small" in said
        or _found(r"errors: (\d+)", said) != "0"
    ):
        raise RivalFailed(f"SPIN did not get through {model.name} without an error:\n{said}")
    states = int(_found(r"(\d+) states, stored", said))
    mebibytes = float(_found(r"([\d.]+)\s+total actual memory usage", said))
    return Measurement(
        name="SPIN",
        states=states,
        # SPIN counts the arrival in the initial state as a transition.
        transitions=int(_found(r"(\d+) transitions \(= stored\+matched\)", said)) - 1,
        seconds=float(_found(r"pan: elapsed time ([\d.e+-]+) seconds", said)),
        bytes_per_state=mebibytes * 2**20 / states,
        note=f"{_found(r'Spin Version ([0-9.]+)', said)}, depth-first, -w{hash_bits}, 1 thread",
    )


def run_rumur(model: Path, constants: Mapping[str, int], *, folder: Path, threads: int = 1) -> Measurement:
    """Run rumur, breadth-first, and return what it says of itself.

    rumur tells time in whole seconds and memory not at all; so the time is that of the whole run, and the memory the
    most that its process had in use.

    Args:
        model: the Murphi model.
        constants: the constants to write into it, e.g. ``{"N": 9}``.
        folder: keeps what is built, so that it is built once.
        threads: how many threads search.

    Raises:
        RivalMissing: if rumur or a C compiler is not installed.
        RivalFailed: if the search is not complete or finds an error.
    """
    rumur, compiler = _program("rumur", "rumur"), _program("gcc", "gcc")
    settings = [f"{name}={value}" for name, value in constants.items()]
    options = [*RUMUR_OPTIONS, "--threads", str(threads)]
    version = _version(rumur, "--version")

    def build(place: Path) -> None:
        source = place / model.name
        source.write_text(_with_constants(model, constants))
        _run([rumur, *options, "--output", "checker.c", source.name], place)
        _run([compiler, *RUMUR_FLAGS, "-o", "checker", "checker.c", "-lpthread"], place)

    place = _built(folder, model, [version, *settings, *options, *RUMUR_FLAGS], build)
    said, seconds, peak = _measured(["./checker"], place)
    if _found(r'<summary [^>]*errors="(\d+)"', said) != "0":
        raise RivalFailed(f"rumur did not get through {model.name} without an error:\n{said[-4000:]}")
    states = int(_found(r'<summary states="(\d+)"', said))
    return Measurement(
        name="rumur",
        states=states,
        transitions=int(_found(r'<summary [^>]*rules_fired="(\d+)"', said)),
        seconds=seconds,
        bytes_per_state=peak / states,
        note=f"{_found(r'v?(20[0-9.]+)', version)}, breadth-first, {threads} thread{'s' if threads > 1 else ''}",
    )


def _with_constants(model: Path, constants: Mapping[str, int]) -> str:
    text = model.read_text()
    for name, value in constants.items():
        text, times = re.subn(rf"(?m)^(\s*{re.escape(name)}\s*:\s*)\d+(\s*;)", rf"\g<1>{value}\g<2>", text)
        if times != 1:
            raise RivalFailed(f"{model.name} should have one constant {name}, written as '{name}: 3;'.")
    return text


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RivalMissing(f"{name} is not installed. On Debian and Ubuntu: apt install {package}")
    return found


def _version(program: str, option: str) -> str:
    return subprocess.run([program, option], capture_output=True, text=True, check=False).stdout.strip()


def _built(folder: Path, model: Path, settings: Sequence[str], build: Callable[[Path], None]) -> Path:
    """Return the folder in which a model's checker lies, built there unless it was built before.

    Whatever the checker depends on is in the folder's name; so a changed model is built anew.
    """
    digest = hashlib.sha256(model.read_bytes() + "\0".join(settings).encode()).hexdigest()[:16]
    place = folder / f"{model.name}-{digest}"
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            unfinished = Path(scratch) / "build"
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(place)  # only now: a build that fails or is interrupted leaves nothing behind
    return place


def _run(command: Sequence[str], place: Path) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RivalFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


_STOPWATCH = """
import json, os, sys, time
begin = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - begin
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss]), file=sys.stderr)
"""
"""Runs a command and tells its exit code, its seconds and the most memory that it used, in KiB.

In a process of its own because a child starts with its parent's peak as its own, and the benchmark's is large.
"""


def _measured(command: Sequence[str], place: Path) -> tuple[str, float, int]:
    """Return what a command printed, the seconds that it ran, and the most bytes of memory that it used."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STOPWATCH, *command],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, kibibytes = json.loads(done.stderr.splitlines()[-1])
    if code < 0:
        raise RivalFailed(f"{' '.join(command)} was killed by signal {-code}.")
    return done.stdout, float(seconds), int(kibibytes) * 1024


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if not match:
        raise RivalFailed(f"expected something like '{pattern}' in what the tool printed:\n{text[-4000:]}")
    return match[1]
