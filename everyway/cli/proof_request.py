"""What ``everyway prove`` was asked for, as every kind of theorem needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from everyway.counterexamples.theme import ThemeName


@frozen
class ProofRequest:
    """The options of ``everyway prove`` that do not depend on the kind of theorem."""

    name: str
    """The theorem, as the user named it."""
    variant: str = ""
    timeout: float = 10.0
    """Seconds for one query."""
    as_json: bool = False
    diagram: Path | None = None
    theme: ThemeName = "light"
    queries: Path | None = None
    """A folder for the queries as SMT-LIB."""
    ascii_only: bool = False
    verbose: bool = False
    bridges: bool = True
    """Whether explored models are compared with the theory."""
    literals: int = 3
    """For finding lemmas: how many literals a clause has at most."""
    with_lemmas: bool = False
    """For finding lemmas: whether the theory's own are candidates."""
