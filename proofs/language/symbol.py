"""Relations and functions: the state of a first-order transition system, and the fixed background that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from everyway.models.language.errors import ModelError

from .sort import Sort

if TYPE_CHECKING:
    from .formula import Formula

S = TypeVar("S", bound=Sort)


class Relation:
    """A relation between elements of sorts: ``voted = Relation(Acceptor, Ballot, Value)``; without sorts, a flag.

    ``self.voted(a, b, v)`` is the formula that says that it holds. A ``fixed`` one never changes.
    """

    def __init__(self, *sorts: type[Sort], fixed: bool = False) -> None:
        self.name = ""
        self.sorts = _sorts(sorts)
        self.is_fixed = fixed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __call__(self, *arguments: Sort) -> Formula:
        """Return the formula that says that the relation holds of these."""
        from .formula import Atom

        return Atom(self, _fitting(self, arguments))

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(kind.word() for kind in self.sorts)})"


class Function(Generic[S]):
    """A total function: ``term = Function(Server, to=Term)``; ``self.term(s)`` is the element.

    A ``fixed`` one never changes.
    Where a relation will do, take a relation: functions between sorts may leave the fragment that z3 decides.
    """

    def __init__(self, *sorts: type[Sort], to: type[S], fixed: bool = False) -> None:
        self.name = ""
        self.sorts = _sorts(sorts)
        self.to = to
        self.is_fixed = fixed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __call__(self, *arguments: Sort) -> S:
        """Return the term for the function's value at these."""
        return self.to(self.name, self, _fitting(self, arguments))

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(kind.word() for kind in self.sorts)}): {self.to.word()}"


def constant(sort: type[S]) -> Function[S]:
    """Declare a fixed element: ``writer = constant(Node)``; ``self.writer()`` is the term."""
    return Function(to=sort, fixed=True)


def _sorts(sorts: tuple[Any, ...]) -> tuple[type[Sort], ...]:
    for kind in sorts:
        if not (isinstance(kind, type) and issubclass(kind, Sort)):
            raise ModelError(
                f"a relation or function is declared on sorts (subclasses of Sort), not on {kind!r}."
            )
    return sorts


def _fitting(symbol: Relation | Function[Any], arguments: tuple[Any, ...]) -> tuple[Sort, ...]:
    fits = len(arguments) == len(symbol.sorts) and all(
        type(argument) is kind for argument, kind in zip(arguments, symbol.sorts, strict=True)
    )
    if not fits:
        got = ", ".join(
            f"{argument} ({type(argument).word()})" if isinstance(argument, Sort) else repr(argument)
            for argument in arguments
        )
        raise ModelError(f"{symbol!r} was applied to ({got}).")
    return arguments
