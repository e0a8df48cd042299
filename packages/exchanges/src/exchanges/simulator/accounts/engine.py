"""The simulated venue's matching engine: takes orders, fills them by the market's own trades, cancels them.

A market order, or a limit that crosses, is executed at once around the last trade. A limit that rests is filled by
later trades beyond its price, at most by what each trades; a stop-loss becomes a market order with the first trade
that reaches it, or a limit where it has one. Everything follows from the seed, the trades and when requests came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from contracts.units import US_PER_MS, US_PER_SECOND
from exchanges.simulator.accounts.account import HELD_BACK, INSUFFICIENT, Account, market_cost
from exchanges.simulator.accounts.draws import draw
from exchanges.simulator.accounts.key import SimulatedKey
from exchanges.simulator.accounts.order import News, OrderRequest, SimulatedOrder, VenueRefusalError
from exchanges.simulator.accounts.touch import slices, touch_at, trade_price, trade_quantity
from exchanges.simulator.faults import Fault, FaultPlan
from exchanges.simulator.instruments import COST_MINIMUM
from exchanges.simulator.market import Market

UNKNOWN_ORDER = "EOrder:Unknown order"
#: A deadline may be so far away at most.
MAX_DEADLINE_US = 60 * US_PER_SECOND
_FOREIGN_SHARE = Decimal("0.5")


class Engine:
    """The accounts of the venue and what becomes of their orders.

    Parameters
    ----------
    markets
        Whose trades fill orders.
    faults
        What is to go wrong.
    keys, seed
        Who there is, and what chance is drawn from.
    """

    def __init__(
        self, markets: Mapping[str, Market], faults: FaultPlan, keys: Sequence[SimulatedKey], seed: int
    ) -> None:
        self.accounts: dict[str, Account] = {}
        for key in keys:
            account = self.accounts.setdefault(key.account, Account(key.account, seed, {}, key.venue))
            if not account.began_with:
                account.balances, account.began_with = dict(key.balances), dict(key.balances)
        self._markets, self._faults, self._seed = markets, faults, seed
        self._seen: dict[str, int] = {}

    def place(self, account: Account, request: OrderRequest, now_us: int) -> SimulatedOrder:
        """Take an order, and execute what can be at once; where names last, the first one of this name is returned.

        Raises
        ------
        VenueRefusalError
            In Kraken's words.
        """
        self.advance(now_us)
        market = self._markets[request.pair]
        _in_time(request, now_us)
        if (first := account.first_of(request)) is not None:
            return first
        self._may_be_placed(account, request, market, now_us)
        touch = touch_at(market, market.visible(now_us) - 1)
        crossing = request.order_type == "market" or (request.order_type == "limit" and touch.crosses(request))
        if crossing and request.post_only:
            raise VenueRefusalError("EOrder:Post only order")
        at_once = self._slices(account, request, market, now_us) if crossing else []
        if request.order_type == "market" and request.side == "buy":
            quote = request.currencies[1]
            if market_cost(request, at_once) > account.available(quote):
                raise VenueRefusalError(INSUFFICIENT)
        order = account.open_order(request, now_us)
        self._hide(order, now_us)
        for quantity, price in at_once:
            account.execute(order, quantity, price, False, now_us, self._deliver)
        if order.status == "open" and request.time_in_force == "IOC":
            account.end(order, "canceled", "IOC", now_us)
        return order

    def cancel(self, account: Account, order: SimulatedOrder, now_us: int, reason: str = "User requested") -> None:
        """Cancel an open order.

        Raises
        ------
        VenueRefusalError
            If it is not open any more, or is filled while the request is under way.
        """
        self.advance(now_us)
        if order.status == "open" and self._faults.strikes("cancel_race", order.request.pair, now_us):
            price = trade_price(market := self._markets[order.request.pair], market.visible(now_us) - 1)
            account.execute(order, order.remaining, order.request.price or price, True, now_us, self._deliver)
        if order.status != "open":
            raise VenueRefusalError(UNKNOWN_ORDER)
        account.end(order, "canceled", reason, now_us)

    def advance(self, now_us: int) -> None:
        """Let the trades until now fill orders, and time end them, each when it is due."""
        switches = {account.cancel_all_at_us for account in self.accounts.values()} - {None}
        for at_us in sorted(at_us for at_us in switches if at_us is not None and at_us < now_us):
            self._advance(at_us)
        self._advance(now_us)

    def _advance(self, now_us: int) -> None:
        for pair, market in self._markets.items():
            seen = self._seen.get(pair, 0)
            self._seen[pair] = visible = market.visible(now_us)
            if any(
                order.request.pair == pair for account in self.accounts.values() for order in account.open.values()
            ):
                for index in range(seen, visible):
                    self._trade(pair, market, index)
        for account in self.accounts.values():
            self._expire(account, now_us)

    def foreign_order(self, fault: Fault, now_us: int) -> None:
        """Place limits that nobody here sent, as a person does on the venue's site: small buys at half the price."""
        for account in self.accounts.values():
            for _ in range(fault.count):
                pair = fault.pair or next(iter(self._markets))
                market = self._markets[pair]
                touch = touch_at(market, market.visible(now_us) - 1)
                price = (touch.bid * _FOREIGN_SHARE).quantize(touch.tick)
                quantity = 2 * Decimal(market.instrument.order_minimum)
                self.place(account, OrderRequest(pair, "buy", "limit", quantity, price), now_us)
                self._faults.hits["foreign_order"] += 1

    def _may_be_placed(self, account: Account, request: OrderRequest, market: Market, now_us: int) -> None:
        item, price = market.instrument, request.price or trade_price(market, market.visible(now_us) - 1)
        if request.quantity < Decimal(item.order_minimum):
            raise VenueRefusalError("EOrder:Order minimum not met")
        if request.quantity * price < Decimal(COST_MINIMUM):
            raise VenueRefusalError("EOrder:Cost minimum not met")
        if price != price.quantize(Decimal(1).scaleb(-item.price_decimals)):
            raise VenueRefusalError("EOrder:Tick size check failed")
        if request.quantity != request.quantity.quantize(Decimal(1).scaleb(-item.lot_decimals)):
            raise VenueRefusalError("EGeneral:Invalid arguments:volume")
        wanted = request.client_order_id
        if wanted is not None and any(o.request.client_order_id == wanted for o in account.open.values()):
            raise VenueRefusalError("EGeneral:Invalid arguments:cl_ord_id is that of an open order")

    def _slices(
        self, account: Account, request: OrderRequest, market: Market, at_us: int, index: int | None = None
    ) -> list[tuple[Decimal, Decimal]]:
        last = market.visible(at_us) - 1 if index is None else index
        chance = draw(self._seed, "slices", account.name, len(account.executions))
        return slices(request, request.quantity, touch_at(market, last), market.instrument, chance)

    def _trade(self, pair: str, market: Market, index: int) -> None:
        at_us, price = int(market.trades.timestamps_us[index]), trade_price(market, index)
        for account in self.accounts.values():
            for order in [o for o in account.open.values() if o.request.pair == pair]:
                request = order.working
                if at_us < order.opened_us or request.price is None or not _reached(request, price):
                    continue
                if request.order_type == "limit":
                    quantity = min(order.remaining, trade_quantity(market, index))
                    account.execute(order, quantity, request.price, True, at_us, self._deliver)
                    continue
                order.triggered = True
                for quantity, paid in self._slices(account, order.working, market, at_us, index):
                    account.execute(order, quantity, paid, False, at_us, self._deliver)

    def _expire(self, account: Account, now_us: int) -> None:
        for order in list(account.open.values()):
            if order.request.expires_us is not None and order.request.expires_us <= now_us:
                account.end(order, "expired", "Order expired", now_us)
        if account.cancel_all_at_us is not None and account.cancel_all_at_us <= now_us:
            account.cancel_all_at_us = None
            for order in list(account.open.values()):
                account.end(order, "canceled", "Cancel all orders after", now_us)

    def _hide(self, order: SimulatedOrder, now_us: int) -> None:
        if fault := self._faults.strikes("invisible", order.request.pair, now_us):
            order.hidden_until_us = now_us + fault.delay_ms * US_PER_MS

    def _deliver(self, news: News) -> list[News]:
        """Return what is told in place of an execution; REST has it right."""
        of = (news.request.pair, news.at_us)
        if self._faults.strikes("fill_lost", *of):
            return []
        if self._faults.strikes("fill_tripled", *of):
            return [news] * 3
        if self._faults.strikes("fill_reordered", *of):
            return [HELD_BACK]
        if fault := self._faults.strikes("fill_late", *of):
            return [replace(news, due_us=news.at_us + fault.delay_ms * US_PER_MS)]
        return [news]


def _in_time(request: OrderRequest, now_us: int) -> None:
    if request.deadline_us is not None and request.deadline_us < now_us:
        raise VenueRefusalError("EService:Deadline elapsed")
    if request.deadline_us is not None and request.deadline_us > now_us + MAX_DEADLINE_US:
        raise VenueRefusalError("EGeneral:Invalid arguments:deadline")


def _reached(request: OrderRequest, price: Decimal) -> bool:
    """Say whether a trade at `price` is beyond a limit and fills it, or at a stop-loss or beyond and triggers it."""
    assert request.price is not None
    if request.order_type == "limit":
        return price < request.price if request.side == "buy" else price > request.price
    return price >= request.price if request.side == "buy" else price <= request.price
