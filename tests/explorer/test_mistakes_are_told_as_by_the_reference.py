"""What goes wrong in a model is told as by the reference."""

import pytest
from agreement import WAYS
from attrs import frozen
from markets import Order, Shop, market

from everyway import ModelError, always, every_step, on, possible, recoverable
from everyway.explorer import Exploration
from everyway.explorer.tables.search import TableSearch


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "prop",
    [
        always(lambda world: world["B"].orders < 1 or world["B"].nonsense, name="asks nonsense"),
        possible(lambda world: world["B"].orders == 7 or 1 // (1 - world["B"].mood) == 5, name="divides"),
        recoverable(lambda world: {}[world["C"].mood], name="looks up"),
        always(lambda world: True, name="minds", when=lambda world: world["Z"].mood),
        every_step(lambda before, action, after: after["B"].orders // 0 == 1, name="steps on it"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_predicate_that_raises_is_told_as_by_the_reference(way, prop):
    def complaint(search):
        with pytest.raises(ModelError) as caught:
            search().run().verdicts()
        return str(caught.value)

    expected = complaint(lambda: Exploration(market()(), [prop]))
    assert complaint(lambda: TableSearch(market()(), [prop], **way)) == expected


@pytest.mark.parametrize("way", WAYS)
def test_a_handler_that_raises_is_told_as_by_the_reference(way):
    @frozen
    class Clumsy(Shop):
        @on(Order)
        def take(self):
            return self.become(orders=1 // self.orders)

    def complaint(kind, **options):
        with pytest.raises(ModelError) as caught:
            kind(market(shop=Clumsy)(), **options).run()
        return str(caught.value)

    assert complaint(TableSearch, **way) == complaint(Exploration)
