"""What the market offers at once: a touch around the last trade, and an order cut into slices behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.simulator.accounts.order import OrderRequest, Side
from exchanges.simulator.instruments import Instrument
from exchanges.simulator.market import Market

MAX_SLICES = 3


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and ask, one tick apart: the last trade was at one of them."""

    bid: Decimal
    ask: Decimal
    tick: Decimal

    def price(self, side: Side, depth: int) -> Decimal:
        """Return the price that `side` gets `depth` ticks behind the touch."""
        return self.ask + depth * self.tick if side == "buy" else max(self.tick, self.bid - depth * self.tick)

    def crosses(self, request: OrderRequest) -> bool:
        """Say whether a limit would be filled at once."""
        assert request.price is not None
        return request.price >= self.ask if request.side == "buy" else request.price <= self.bid


def touch_at(market: Market, index: int) -> Touch:
    """Return the touch after the trade at `index`."""
    tick = Decimal(1).scaleb(-market.instrument.price_decimals)
    last = trade_price(market, index)
    bought = bool(market.trades.buys[index])
    return Touch(last - tick, last, tick) if bought else Touch(last, last + tick, tick)


def trade_price(market: Market, index: int) -> Decimal:
    """Return the price of the trade at `index`."""
    return Decimal(int(market.trades.ticks[index])).scaleb(-market.instrument.price_decimals)


def trade_quantity(market: Market, index: int) -> Decimal:
    """Return the quantity of the trade at `index`."""
    return Decimal(int(market.trades.lots[index])).scaleb(-market.instrument.lot_decimals)


def slices(
    request: OrderRequest, quantity: Decimal, touch: Touch, item: Instrument, chance: float
) -> list[tuple[Decimal, Decimal]]:
    """Return what is executed at once, as quantities and prices: one to three slices, each a tick worse.

    Of a limit those within it.
    """
    count = 1 + int(chance * MAX_SLICES)
    lots = int(quantity.scaleb(item.lot_decimals))
    each = lots // count
    sizes = [each] * (count - 1) + [lots - each * (count - 1)] if each else [lots]
    found = []
    for depth, size in enumerate(sizes):
        price = touch.price(request.side, depth)
        if request.order_type == "limit" and not _within(request, price):
            break
        found.append((Decimal(size).scaleb(-item.lot_decimals), price))
    return found


def _within(request: OrderRequest, price: Decimal) -> bool:
    assert request.price is not None
    return price <= request.price if request.side == "buy" else price >= request.price
