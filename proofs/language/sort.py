"""A sort: an unbounded set of elements, e.g. all acceptors; its instances are terms, what stands for one element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from everyway.models.language.errors import ModelError
from everyway.models.language.naming import spaced

if TYPE_CHECKING:
    from .formula import Formula
    from .symbol import Function


class Sort:
    """Base of all sorts. ``class Acceptor(Sort)`` declares one; ``Acceptor("a")`` is a variable that ranges over it.

    So a formula is written on terms, and a type checker sees when a ballot is given where an acceptor belongs.
    ``==`` and ``!=`` of two terms are formulas.
    """

    plural: ClassVar[str] = ""
    """How several elements are called; by default the name with an s."""
    letter: ClassVar[str] = ""
    """What the elements of a counterexample are called, followed by a number; by default the first letter."""
    is_ordered: ClassVar[bool] = False
    is_auxiliary: ClassVar[bool] = False
    """Whether the elements only serve the encoding, as quorums do, so that nobody counts them."""

    __slots__ = ("arguments", "function", "name")

    def __init__(
        self, name: str, function: Function[Any] | None = None, arguments: tuple[Sort, ...] = ()
    ) -> None:
        self.name = name
        """The variable's name, or the function's."""
        self.function = function
        """The function whose value this is; None for a variable."""
        self.arguments = arguments

    @classmethod
    def word(cls) -> str:
        """Return what one element is called, e.g. "acceptor"."""
        return spaced(cls.__name__)

    @classmethod
    def words(cls) -> str:
        """Return what several elements are called, e.g. "acceptors"."""
        return cls.plural or f"{cls.word()}s"

    @classmethod
    def initial(cls) -> str:
        """Return the letter with which the elements of a counterexample begin."""
        return cls.letter or cls.word()[0]

    def __eq__(self, other: object) -> Formula:  # type: ignore[override]
        from .formula import Equal

        return Equal(self, self._alike(other))

    def __ne__(self, other: object) -> Formula:  # type: ignore[override]
        return ~(self == other)

    __hash__ = object.__hash__

    def _alike(self, other: object) -> Sort:
        if not isinstance(other, Sort) or type(other) is not type(self):
            told = type(other).word() if isinstance(other, Sort) else repr(other)
            raise ModelError(
                f"{self} is a {type(self).word()} and cannot be compared with {other} ({told}): only two terms of "
                f"the same sort can."
            )
        return other

    def __bool__(self) -> NoReturn:
        raise ModelError(f"{self} is a term and neither true nor false; compare it, as in {self} == other.")

    def __str__(self) -> str:
        if self.function is None or not self.arguments:
            return self.name
        return f"{self.name}({', '.join(map(str, self.arguments))})"

    def __repr__(self) -> str:
        return f"<{type(self).word()} {self}>"


class Ordered(Sort):
    """Base of sorts whose elements are totally ordered, e.g. ballots: ``<``, ``<=``, ``>`` and ``>=`` are formulas."""

    is_ordered = True
    __slots__ = ()

    def __lt__(self, other: Ordered) -> Formula:
        from .formula import Less

        return Less(self, self._alike(other))

    def __gt__(self, other: Ordered) -> Formula:
        from .formula import Less

        return Less(self._alike(other), self)

    def __le__(self, other: Ordered) -> Formula:
        return ~(self > other)

    def __ge__(self, other: Ordered) -> Formula:
        return ~(self < other)


class Quorum(Sort):
    """Base of sorts whose elements are sets of nodes; an axiom says what is known of them, e.g. that any two meet."""

    is_auxiliary = True
    __slots__ = ()
