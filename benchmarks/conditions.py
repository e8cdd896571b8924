"""The conditions under which it was measured: machine, system, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from child import HERE
from race import Settings


def conditions(settings: Settings, load: float) -> list[str]:
    """Return what the figures depend on: machine, versions, date. Nothing that tells whose machine it is."""
    versions = {
        "everyway": f"{importlib.metadata.version('everyway')}{_commit()}",
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "numba": importlib.metadata.version("numba"),
        "NumPy": importlib.metadata.version("numpy"),
        "gcc": _said("gcc", "-dumpfullversion", r"(\d[\d.]*)"),
        "SPIN": _said("spin", "-V", r"Version (\d[\d.]*)"),
        "rumur": _said("rumur", "--version", r"v?(\d{4}[\w.-]*)"),
    }
    processor = _line("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine()
    told = [
        f"{datetime.now(UTC):%Y-%m-%d}, {settings.rounds} round{'s' if settings.rounds != 1 else ''}",
        f"{processor}, {os.cpu_count()} cores, {_memory()}",
        _line("/etc/os-release", r'PRETTY_NAME="?([^"\n]+)') or platform.system(),
        ", ".join(f"{name} {version or 'not installed'}" for name, version in versions.items()),
    ]
    if load > 0.5:
        told.append(f"The machine was not idle when the run began: its load was {load:.1f}.")
    if settings.is_quick:
        told.append("A quick run on small models: it shows that all works, and its figures say little.")
    return told


def _memory() -> str:
    kibibytes = _line("/proc/meminfo", r"MemTotal:\s*(\d+)")
    return f"{int(kibibytes) / 2**20:.1f} GiB of memory" if kibibytes else "memory unknown"


def _line(file: str, pattern: str) -> str:
    path = Path(file)
    match = re.search(pattern, path.read_text(encoding="utf-8")) if path.exists() else None
    return match[1].strip() if match else ""


def _said(program: str, option: str, pattern: str) -> str:
    if not shutil.which(program):
        return ""
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    match = re.search(pattern, done.stdout + done.stderr)
    return match[1] if match else "of unknown version"


def _commit() -> str:
    """Return the commit that is measured, and whether it has been changed since."""
    if not shutil.which("git"):
        return ""
    command = ["git", "-C", str(HERE), "describe", "--always", "--dirty=, changed since", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f" ({done.stdout.strip()})" if done.returncode == 0 else ""
