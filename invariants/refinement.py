"""Refinement: a protocol implements a simpler specification, seen through a mapping from its states to those of it.

Every start maps to a start of the specification, and every step to a step of it or to none at all, a stutter (Abadi &
Lamport, "The existence of refinement mappings", TCS 1991, section 2.4). Then every run of the protocol, mapped, is a
run of the specification, and keeps whatever safety that promises.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol

from attrs import field, frozen

from everyway.models.language.errors import ModelError
from everyway.models.language.naming import enumerated, shown

from .property import Broken, Property, PropertyKind, broken

MOST_TOLD = 3
"""So many of the specification's own steps are told where none of them was taken."""


class Specification(Protocol):
    """What is implemented: any pure transition system over hashable states."""

    def initial(self) -> Iterable[Any]:
        """Return the states at the start."""
        ...

    def steps(self, state: Any) -> Iterable[tuple[Any, Any]]:
        """Return each action that can be taken in a state, with the state it leads to."""
        ...


@frozen(eq=False)
class Refinement:
    """A specification and the mapping to it."""

    specification: Specification
    mapping: Callable[[Any], Hashable]
    _successors: dict[Hashable, list[tuple[Any, Hashable]]] = field(factory=dict)
    """The specification's steps; they depend on its state alone."""

    def state(self, state: Any) -> Hashable:
        """Return the specification's state that a state stands for.

        Raises ``ModelError`` if that can be changed in place.
        """
        mapped = self.mapping(state)
        try:
            hash(mapped)
        except TypeError:
            raise ModelError(
                f"the mapping gave {mapped!r}, which can be changed in place; use tuples and frozensets."
            ) from None
        return mapped

    def told(self, state: Any) -> str:
        """Return the specification's state that a state stands for, in words."""
        return self._words(self.state(state))

    def told_along(self, states: Iterable[Any]) -> list[str]:
        """Return the specification's states that the states of a run stand for, in words."""
        return [self.told(state) for state in states]

    def _words(self, mapped: Any) -> str:
        words = getattr(self.specification, "told", shown)
        return str(words(mapped))

    def at_start(self, state: Any) -> Broken | None:
        """Return why a start of the protocol is none of the specification's; None if it is."""
        mapped = self.state(state)
        starts = list(self.specification.initial())
        if mapped in starts:
            return None
        known = " or ".join(self._words(start) for start in starts[:MOST_TOLD])
        return broken(f"it starts as {self._words(mapped)}, but the specification starts as {known}")

    def of_step(self, before: Any, action: Any, after: Any) -> bool | Broken:
        """Return whether a step is one of the specification's, or none at all; if not, why not."""
        was, now = self.state(before), self.state(after)
        if was == now:
            return True
        if was not in self._successors:
            self._successors[was] = list(self.specification.steps(was))
        steps = self._successors[was]
        if any(then == now for _, then in steps):
            return True
        own = list(dict.fromkeys(str(action) for action, _ in steps))
        if not own:
            could = "the specification can do nothing there"
        elif len(own) > MOST_TOLD:
            could = f"the specification can only {', '.join(own[:MOST_TOLD])} and {len(own) - MOST_TOLD} more"
        else:
            could = f"the specification can only {enumerated(own)}"
        node = getattr(action, "node", None)
        reason = f"{self._words(was)} becomes {self._words(now)}; {could}"
        return broken(reason, [node] if isinstance(node, str) else ())


def implements(
    specification: Specification, mapping: Callable[[Any], Hashable], *, name: str = "", promise: str = ""
) -> Property:
    """Claim that a protocol implements a specification.

    Args:
        specification: any transition system; its states are compared with what the mapping returns. It may say how
            its states read, by a method ``told(state)``.
        mapping: a pure function from a state of the protocol to one of the specification.
        name: by default after the specification's class.
        promise: by default its docstring's first sentence.

    >>> from everyway.models.gray_lamport import TwoPhase, as_transaction_commit
    >>> from everyway.models.specifications import TransactionCommit
    >>> from everyway import check
    >>> model = TwoPhase(managers=2)
    >>> check(model, implements(TransactionCommit(model.names), as_transaction_commit)).outcome.value
    'holds'
    """
    from everyway.models.language.naming import spaced

    kind = type(specification)
    words = name or f"implements {spaced(kind.__name__)}"
    lines = promise or " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())
    refinement = Refinement(specification, mapping)
    return Property(words, PropertyKind.EVERY_STEP, refinement.of_step, lines, refines=refinement)
