"""A bridge: which structure of a theory each state of a model stands for.

A bridge says what the parts of a state show: a node's state, a message in flight, what an observer remembers. Each
shows a few facts, and the structure is made of all the facts that any part shows; every other fact is false there. So
the bridge is asked once for each value that a part takes, not once for each state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any, ClassVar

import attrs
from attrs import field, frozen

from everyway.models.language import Envelope, Node, NodeId, Observer, Protocol, World
from everyway.models.language.errors import ModelError

from .evaluation import Element
from .language.sort import Sort
from .language.specification import Specification
from .language.structure import Structure
from .language.symbol import Function, Relation
from .language.theory import Theory
from .move import named

Atom = tuple[str, tuple[Element, ...]]
Fact = tuple[Any, ...]
"""A relation and elements that it holds of; or a function, its arguments, and its value."""


@frozen(eq=False)
class Bridge:
    """Base of all bridges: a class for each theory and protocol, an instance for each protocol under parameters.

    The docstring says in a sentence what stands for what.
    """

    theory: ClassVar[type[Theory]]
    """What is refined."""
    together: ClassVar[Sequence[tuple[str, ...]]] = ()
    """Actions of the theory that one step of the model may be, one after the other, by their names. That is sound:
    what the theory reaches by several steps it reaches."""

    protocol: Any
    """The model."""

    @classmethod
    def instance(cls) -> Protocol:
        """Return the model with the parameters under which it is compared unless others are given."""
        raise NotImplementedError

    @classmethod
    def samples(cls) -> Sequence[Protocol]:
        """Return instances in whose states candidates for an invariant are asked; by default that one.

        Several sizes keep out what is true of one size only, such as that two of three are a majority.
        """
        return (cls.instance(),)

    def remembered(self) -> Mapping[str, Observer]:
        """Return observers to add to the model, by name: history variables, for what it forgets and the theory keeps.

        They see every step and change none, so the model does with them what it does without (Abadi & Lamport, "The
        existence of refinement mappings", TCS 1991, section 5).
        """
        return {}

    @property
    def model(self) -> Protocol:
        """The protocol with what is to be remembered: what is explored."""
        return with_observers(self.protocol, self.remembered())

    def elements(self) -> Mapping[type[Sort], Sequence[Element]]:
        """Return the elements of each sort of the theory; those of an ordered one in ascending order."""
        raise NotImplementedError

    def fixed(self) -> Iterable[Fact]:
        """Yield what holds of relations and functions that never change."""
        return ()

    def of_node(self, node: Node) -> Iterable[Fact]:
        """Yield what a node's state shows."""
        return ()

    def of_message(self, envelope: Envelope) -> Iterable[Fact]:
        """Yield what a message in flight shows."""
        return ()

    def of_observer(self, name: str, memory: Any) -> Iterable[Fact]:
        """Yield what an observer's memory shows."""
        return ()


def with_observers(protocol: Protocol, more: Mapping[str, Observer]) -> Protocol:
    """Return the same protocol with more observers.

    Raises ``ModelError`` if one of these names is taken.
    """
    kind = type(protocol)
    own = dict(protocol.observers())
    for name in more:
        if name in own:
            raise ModelError(f"{kind.__name__} has an observer '{name}' of its own.")
    if not more:
        return protocol

    def observers(self: Protocol) -> Mapping[str, Observer]:
        return {**kind.observers(self), **more}

    watched = type(
        kind.__name__, (kind,), {"observers": observers, "__module__": kind.__module__, "__slots__": ()}
    )
    return watched(**{one.name: getattr(protocol, one.name) for one in attrs.fields(kind)})  # type: ignore[no-any-return]


def majorities(nodes: Iterable[NodeId], size: int) -> tuple[frozenset[NodeId], ...]:
    """Return the sets of so many nodes: the least ones that are large enough to decide."""
    return tuple(frozenset(some) for some in combinations(sorted(nodes), size))


def memberships(relation: Relation, sets: Iterable[frozenset[NodeId]]) -> Iterator[Fact]:
    """Yield that each set's members are members of it, by a relation of a node and a set."""
    for one in sets:
        for node in sorted(one):
            yield relation, node, one


@frozen(eq=False)
class Abstraction:
    """A bridge at work: what it says is checked, and kept for each value of a part."""

    bridge: Bridge
    specification: Specification = field(init=False)
    elements: Mapping[type[Sort], tuple[Element, ...]] = field(init=False)
    atoms: tuple[Atom, ...] = field(init=False)
    """What is true or false in a state, each with a bit: a relation of elements, or a function's arguments and value.
    """
    _bit_of: Mapping[Atom, int] = field(init=False)
    fixed_relations: Mapping[str, frozenset[tuple[Element, ...]]] = field(init=False)
    fixed_functions: Mapping[str, Mapping[tuple[Element, ...], Element]] = field(init=False)
    _known: dict[Any, Structure] = field(factory=dict, init=False)

    @specification.default
    def _specification(self) -> Specification:
        return self.bridge.theory.specification()

    @elements.default
    def _elements(self) -> Mapping[type[Sort], tuple[Element, ...]]:
        elements = {kind: tuple(these) for kind, these in self.bridge.elements().items()}
        for kind in self.specification.sorts:
            if not elements.get(kind):
                raise ModelError(f"{self._name}.elements() gives no elements for the sort {kind.word()}.")
        return elements

    @atoms.default
    def _atoms(self) -> tuple[Atom, ...]:
        found: list[Atom] = []
        symbols: list[Any] = [*self.specification.relations, *self.specification.functions]
        for symbol in symbols:
            if not symbol.is_fixed:
                sorts = (*symbol.sorts, symbol.to) if isinstance(symbol, Function) else symbol.sorts
                found += [(symbol.name, one) for one in product(*(self.elements[kind] for kind in sorts))]
        return tuple(found)

    @_bit_of.default
    def _bits_of_atoms(self) -> Mapping[Atom, int]:
        return {atom: bit for bit, atom in enumerate(self.atoms)}

    @fixed_relations.default
    def _fixed_relations(self) -> Mapping[str, frozenset[tuple[Element, ...]]]:
        found: dict[str, set[tuple[Element, ...]]] = {
            relation.name: set() for relation in self.specification.relations if relation.is_fixed
        }
        for symbol, *elements in self.bridge.fixed():
            if isinstance(symbol, Relation):
                found[symbol.name].add(self._checked(symbol, tuple(elements), is_fixed=True))
        return {name: frozenset(tuples) for name, tuples in found.items()}

    @fixed_functions.default
    def _fixed_functions(self) -> Mapping[str, Mapping[tuple[Element, ...], Element]]:
        found: dict[str, dict[tuple[Element, ...], Element]] = {
            function.name: {} for function in self.specification.functions if function.is_fixed
        }
        for symbol, *elements in self.bridge.fixed():
            if isinstance(symbol, Function):
                *arguments, value = self._checked(symbol, tuple(elements), is_fixed=True)
                found[symbol.name][tuple(arguments)] = value
        return found

    @property
    def _name(self) -> str:
        return type(self.bridge).__name__

    # What parts show, as bits.

    def node(self, node: Node) -> int:
        """Return what a node's state shows."""
        return self._shown(self.bridge.of_node(node))

    def message(self, envelope: Envelope) -> int:
        """Return what a message in flight shows."""
        return self._shown(self.bridge.of_message(envelope))

    def observer(self, name: str, memory: Any) -> int:
        """Return what an observer's memory shows."""
        return self._shown(self.bridge.of_observer(name, memory))

    def world(self, world: World) -> int:
        """Return what a state shows: all that its parts show."""
        bits = 0
        for node in world.states:
            bits |= self.node(node)
        for envelope in world.in_flight():
            bits |= self.message(envelope)
        for name in world.roster.observers:
            bits |= self.observer(name, world.observer(name))
        return bits

    def _shown(self, facts: Iterable[Fact]) -> int:
        bits = 0
        for symbol, *elements in facts:
            bits |= 1 << self._bit_of[symbol.name, self._checked(symbol, tuple(elements))]
        return bits

    def _checked(
        self, symbol: Any, elements: tuple[Element, ...], *, is_fixed: bool = False
    ) -> tuple[Element, ...]:
        """Return the elements of a fact; raise ``ModelError`` if it is none of the theory's."""
        known = (*self.specification.relations, *self.specification.functions)
        if not any(symbol is one for one in known):
            raise ModelError(
                f"{self._name}: {symbol!r} is no relation or function of {self.specification.name}."
            )
        if symbol.is_fixed is not is_fixed:
            where = "fixed()" if symbol.is_fixed else "what the parts of a state show, not in fixed()"
            raise ModelError(f"{self._name}: {symbol!r} belongs in {where}.")
        sorts = (*symbol.sorts, symbol.to) if isinstance(symbol, Function) else symbol.sorts
        if len(sorts) != len(elements):
            raise ModelError(f"{self._name}: {symbol!r} was given {len(elements)} elements: {elements}.")
        for kind, element in zip(sorts, elements, strict=True):
            if element not in self.elements[kind]:
                raise ModelError(
                    f"{self._name}: {named(element)} is no {kind.word()}; elements() gives "
                    f"{', '.join(map(named, self.elements[kind]))}."
                )
        return elements

    # Structures.

    def structure(self, bits: int) -> Structure:
        """Return the structure that is made of some atoms.

        Raises ``ModelError`` if a function has no value in it, or two.
        """
        if bits not in self._known:
            self._known[bits] = self._structure(bits)
        return self._known[bits]

    def _structure(self, bits: int) -> Structure:
        varying = [relation for relation in self.specification.relations if not relation.is_fixed]
        relations: dict[str, set[tuple[Element, ...]]] = {relation.name: set() for relation in varying}
        functions: dict[str, dict[tuple[Element, ...], Element]] = {
            function.name: {} for function in self.specification.functions if not function.is_fixed
        }
        for bit, (name, elements) in enumerate(self.atoms):
            if bits >> bit & 1:
                if name in relations:
                    relations[name].add(elements)
                    continue
                *arguments, value = elements
                before = functions[name].setdefault(tuple(arguments), value)
                if before != value:
                    self._complain_of(name, tuple(arguments), f"both {named(before)} and {named(value)}")
        self._see_that_functions_are_total(functions)
        return Structure(
            {kind: tuple(these) for kind, these in self.elements.items()},
            self.fixed_relations | {name: frozenset(tuples) for name, tuples in relations.items()},  # type: ignore[operator]
            {**self.fixed_functions, **functions},
        )

    def tuples(self, sorts: Sequence[type[Sort]]) -> list[tuple[Element, ...]]:
        """Return all tuples of elements of some sorts."""
        return list(product(*(self.elements[kind] for kind in sorts)))

    def _see_that_functions_are_total(
        self, functions: Mapping[str, Mapping[tuple[Element, ...], Element]]
    ) -> None:
        for function in self.specification.functions:
            if not function.is_fixed:
                for arguments in self.tuples(function.sorts):
                    if arguments not in functions[function.name]:
                        self._complain_of(function.name, arguments, "no value")

    def _complain_of(self, function: str, arguments: tuple[Element, ...], what: str) -> None:
        told = ", ".join(map(named, arguments))
        raise ModelError(f"{self._name} maps a state to a structure in which {function}({told}) has {what}.")
