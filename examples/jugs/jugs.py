"""A plain transition system, without nodes or messages: measure four litres with a jug of three and one of five.

everyway check examples/jugs/jugs.py
"""

from collections.abc import Iterable, Iterator

from attrs import frozen

from everyway import Property, always, possible


@frozen
class Jugs:
    """How much is in each jug, in litres."""

    small: int = 0
    big: int = 0


@always
def no_overflow(jugs: Jugs) -> bool:
    """No jug holds more than fits."""
    return jugs.small <= 3 and jugs.big <= 5


@possible
def four_litres(jugs: Jugs) -> bool:
    """Four litres can be measured."""
    return jugs.big == 4


class Pouring:
    """Fill a jug, empty it, or pour one into the other until that is full or this is empty."""

    def initial(self) -> Iterable[Jugs]:
        return [Jugs()]

    def steps(self, jugs: Jugs) -> Iterator[tuple[str, Jugs]]:
        yield "fill the small jug", Jugs(3, jugs.big)
        yield "fill the big jug", Jugs(jugs.small, 5)
        yield "empty the small jug", Jugs(0, jugs.big)
        yield "empty the big jug", Jugs(jugs.small, 0)
        poured = min(jugs.small, 5 - jugs.big)
        yield "pour small into big", Jugs(jugs.small - poured, jugs.big + poured)
        poured = min(jugs.big, 3 - jugs.small)
        yield "pour big into small", Jugs(jugs.small + poured, jugs.big - poured)

    def promises(self) -> Iterable[Property]:
        return [no_overflow, four_litres]
