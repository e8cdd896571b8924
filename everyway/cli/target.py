"""The target of a command: the model that a word on the command line means."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from everyway.models.catalogue import PLACES, model
from everyway.models.language import Protocol, UsageError, did_you_mean


def find_target(word: str, variant: str | None = None) -> type:
    """Return the class that a word means: a protocol, or a class with ``initial()`` and ``steps(state)``.

    Args:
        word: a name of the library, ``path/to/file.py:Class`` or ``package.module:Class``; the class may be
            left out where only one in the file can be checked.
        variant: the name of a variant of it.

    Raises:
        UsageError: if there is no such model, file, class or variant.
    """
    return variant_of(_found(word), variant, word)


def variant_of(found: type, variant: str | None, word: str) -> type:
    """Return the variant of a model that is called so; the model itself if no name is given.

    Raises ``UsageError`` if it has none of that name; ``word`` is how the user named the model.
    """
    if not variant:
        return found
    variants = found.variants() if issubclass(found, Protocol) else {}
    if variant not in variants:
        known = ", ".join(variants) or "it has none"
        raise UsageError(
            f"{word} has no variant '{variant}'.{did_you_mean(variant, variants)} Variants: {known}."
        )
    return variants[variant]


def may_be_target(word: str) -> bool:
    """Return whether a word looks like a model rather than like an option or its value."""
    if word in PLACES:
        return True
    place, colon, kind = word.partition(":")
    return not word.startswith("-") and (
        place.endswith(".py") or bool(colon and kind.isidentifier() and not place.isdigit())
    )


def _found(word: str) -> type:
    if word in PLACES:
        return model(word)
    place, _, kind = word.rpartition(":")
    if not place or "/" in kind or "\\" in kind:  # no class was given, or it was the colon of a drive
        place, kind = word, ""
    if place.endswith(".py"):
        return _class_in(file_module(place), kind, place)
    if "/" in place or "\\" in place:
        hint = f" Did you mean '{place}.py'?" if Path(f"{place}.py").is_file() else ""
        raise UsageError(f"{place} is no Python file: its name must end in .py.{hint}")
    if (kind or "." in place) and not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(
            f"'{word}' is neither a model of `everyway list`, nor path/to/file.py:Class, nor package.module:Class."
        )
    if kind or "." in place:
        return _class_in(named_module(place), kind, place)
    return model(word)  # explains that there is none


def file_module(place: str) -> ModuleType:
    """Return the module in a file; raise ``UsageError`` if it cannot be imported."""
    path = Path(place).resolve()
    if not path.is_file():
        folder = path.parent
        near = (
            did_you_mean(path.name, [other.name for other in folder.glob("*.py")]) if folder.is_dir() else ""
        )
        raise UsageError(f"there is no file {place}.{near}")
    # Not under the name of one of Python's own modules, or whoever imports that later would get the model instead.
    is_taken = (
        path.stem in sys.modules or path.stem in sys.stdlib_module_names or not path.stem.isidentifier()
    )
    name = f"everyway_model_{path.stem}" if is_taken else path.stem
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise UsageError(f"{place} cannot be imported.")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    # The file's neighbours can be imported from it, as when Python runs it; afterwards they stand behind all others.
    place_of_neighbours = str(path.parent)
    sys.path.insert(0, place_of_neighbours)
    try:
        _import(lambda: specification.loader.exec_module(module), place)
    except UsageError:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(place_of_neighbours)
    if place_of_neighbours not in sys.path:
        sys.path.append(place_of_neighbours)
    return module


def named_module(place: str) -> ModuleType:
    """Return the module of a name; raise ``UsageError`` if it cannot be imported."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: list[ModuleType] = []
    _import(lambda: found.append(importlib.import_module(place)), place)
    return found[0]


def _import(run: Any, place: str) -> None:
    """Import a module; tell in one line what is wrong with it if that fails."""
    try:
        run()
    except UsageError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (error.name == place or place.startswith(f"{error.name}.")):
            raise UsageError(
                f"there is no module '{error.name}'. Give a model of `everyway list`, path/to/file.py:Class, or "
                f"package.module:Class."
            ) from error
        raise UsageError(
            f"{place} needs the module '{error.name}', which is not installed{_line(error)}."
        ) from error
    except SyntaxError as error:
        where = place
        if error.filename and Path(error.filename).resolve() != Path(place).resolve():
            where = Path(error.filename).name  # a module that it imports
        raise UsageError(f"{where} has a syntax error in line {error.lineno}: {error.msg}.") from error
    except ImportError as error:
        hint = ""
        if "relative import" in str(error):
            hint = " It belongs to a package: name it as package.module:Class, from the folder above."
        raise UsageError(f"{place} cannot be imported: {error}{_line(error)}.{hint}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"{place} cannot be imported: {type(error).__name__}: {error}{_line(error)}."
        ) from error


def _line(error: BaseException) -> str:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.endswith("target.py")
    ]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _class_in(module: ModuleType, kind: str, place: str) -> type:
    classes = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and _can_be_checked(value)
    }
    if kind:
        value = getattr(module, kind, None)
        if value is None:
            known = ", ".join(classes) or "none that can be checked"
            raise UsageError(f"{place} has no class '{kind}'.{did_you_mean(kind, classes)} It has: {known}.")
        if not inspect.isclass(value) or not _can_be_checked(value):
            raise UsageError(
                f"{place}: {kind} cannot be checked. It must be a subclass of Protocol, or have initial() and "
                f"steps(state)."
            )
        return value
    plain = {name: value for name, value in classes.items() if not getattr(value, "variant", "")}
    if len(plain) == 1:
        return next(iter(plain.values()))
    if not plain:
        raise UsageError(
            f"{place} has no class that can be checked: no subclass of Protocol, and none with initial() and steps()."
        )
    raise UsageError(
        f"{place} has several classes that can be checked: {', '.join(plain)}. Say which, as in "
        f"{place}:{next(iter(plain))}."
    )


def _can_be_checked(kind: Any) -> bool:
    if issubclass(kind, Protocol):
        return kind is not Protocol
    return callable(getattr(kind, "initial", None)) and callable(getattr(kind, "steps", None))
