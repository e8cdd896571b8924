"""The kernel compiled by Numba: on first use, and then kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from . import bundles, canonical, descend, generate, judge, offers, packing, posts

_FILES = (
    "bundles.py",
    "canonical.py",
    "codes.py",
    "descend.py",
    "gather.py",
    "generate.py",
    "judge.py",
    "offers.py",
    "packing.py",
    "posts.py",
    "storage.py",
)


HOT = (bundles.find, bundles.note_visits, bundles.take_bundled)
"""Functions that are called for every state, or more often: calls of them would cost as much as they do."""


def compiled() -> types.SimpleNamespace:
    """Return the kernel's functions, compiled.

    Raises ``ImportError`` where Numba is not installed or does not work on this machine.
    """
    return _compiled()


@cache
def _compiled() -> types.SimpleNamespace:
    import numba

    from . import gather, storage

    configuration: Any = numba.config
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written to: compiled anew each time
        folder = Path(tempfile.mkdtemp(prefix="everyway-kernel-"))
    configuration.CACHE_DIR = str(folder)
    made: dict[str, Any] = {name: getattr(storage, name) for name in ("alike", "first_of", "prefetch", "raw")}
    can_compress = storage.can_compress()
    if can_compress:
        made["compressed"] = storage.compressed

    def twin(function: Callable[..., Any]) -> Any:
        # Calls of other functions of the kernel must find their compiled twins, too.
        copy = types.FunctionType(
            function.__code__, {**function.__globals__, **made}, function.__name__, function.__defaults__
        )
        copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
        is_hot = function in HOT
        made[function.__name__] = numba.njit(nogil=True, cache=True, forceinline=is_hot)(copy)
        return made[function.__name__]

    for function in (
        packing.extract,
        packing.gathered,
        packing.compressed,
        packing.convert,
        judge.list_miss,
        judge.walk,
        judge.judge,
        offers.offer_own,
        offers.is_up,
        offers.offer_drops,
        offers.offer_ordinary,
        offers.offer_timeouts,
        offers.keep_ready,
        offers.offer_message_faults,
        offers.offer_faults,
        posts.post,
        bundles.origin_node,
        bundles.origin_position,
        bundles.sleeps,
        bundles.settle,
        bundles.forget,
        bundles.note_visits,
        bundles.add_steps,
        bundles.learn,
        bundles.find,
        bundles.take_bundled,
        generate.observe,
        generate.judge_step,
        generate.generate,
        packing.repack,
        canonical.canonicalise,
        storage.mixed,
        storage.home,
        storage.vacant,
        storage.part_of,
        storage.add_ones,
        storage.add_twos,
        storage.add_longer,
        storage.insert,
        storage.locate,
        storage.move_in,
        storage.spread,
        gather.gather,
        descend.descend,
    ):
        if function.__name__ not in made:
            twin(function)
    return types.SimpleNamespace(**made, can_compress=can_compress)


def is_loaded() -> bool:
    """Return whether this process has the compiled kernel already."""
    return _compiled.cache_info().currsize > 0


@cache
def is_kept() -> bool:
    """Return whether the kernel was compiled before, so that it need only be fetched."""
    tag = sys.implementation.cache_tag.removeprefix("cpython-")
    return next(_folder().rglob(f"generate.generate-*.py{tag}.nbi"), None) is not None


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("everyway", appauthor=False) / f"kernel-{_digest()}"


def _digest() -> str:
    """Return a digest of the kernel's sources: what was compiled from others is not to be used."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:16]
