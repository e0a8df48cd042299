"""One account at the simulated venue: money, holds, orders, executions, and what is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal

from contracts.fees import MAKER_FEE_BPS, TAKER_FEE_BPS
from contracts.units import BPS
from exchanges.simulator.accounts.names import LASTING_NAMES, NAMINGS, Counts, Kind, SimulatedAccountVenue
from exchanges.simulator.accounts.order import (
    News,
    OrderRequest,
    SimulatedExecution,
    SimulatedOrder,
    Status,
    VenueRefusalError,
)

INSUFFICIENT = "EOrder:Insufficient funds"
_FEE_STEPS = {"quote": Decimal("0.00001"), "base": Decimal("0.00000001")}
#: Given news of an execution, what is told instead: nothing, that, it several times, or something due later.
Delivery = Callable[[News], list[News]]


@dataclass(slots=True)
class Account:
    """Money is exact: what an execution costs is not rounded, its fee is, and both are what the balances move by.

    Parameters
    ----------
    name, seed
        Whose it is, and what ids are made from.
    venue
        What its orders and executions are called like.
    balances
        What it has, by currency, with what orders hold.
    """

    name: str
    seed: int
    balances: dict[str, Decimal]
    venue: SimulatedAccountVenue = "kraken"
    began_with: dict[str, Decimal] = field(init=False)
    orders: dict[str, SimulatedOrder] = field(default_factory=dict)
    open: dict[str, SimulatedOrder] = field(default_factory=dict)
    of_client: dict[str, dict[str, SimulatedOrder]] = field(default_factory=dict)
    executions: list[SimulatedExecution] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    listed_from_us: dict[str, int] = field(default_factory=dict)
    cancel_all_at_us: int | None = None
    _held_back: list[News] = field(default_factory=list)
    _counted: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.began_with = dict(self.balances)

    def held(self, currency: str) -> Decimal:
        """Return how much of `currency` open orders keep for themselves."""
        holds = (_hold(order.request, order.remaining) for order in self.open.values())
        return sum((amount for held, amount in holds if held == currency), Decimal(0))

    def available(self, currency: str) -> Decimal:
        """Return what a new order may use."""
        return self.balances.get(currency, Decimal(0)) - self.held(currency)

    def first_of(self, request: OrderRequest) -> SimulatedOrder | None:
        """Return the order that has the name already, at a venue where it is good for one."""
        if self.venue not in LASTING_NAMES or request.client_order_id is None:
            return None
        return next(iter(self.of_client.get(request.client_order_id, {}).values()), None)

    def open_order(self, request: OrderRequest, now_us: int) -> SimulatedOrder:
        """Take an order, and hold what it may need.

        Raises
        ------
        VenueRefusalError
            If that is not there; of a market order only what it sells is held.
        """
        currency, amount = _hold(request, request.quantity)
        if amount > self.available(currency):
            raise VenueRefusalError(INSUFFICIENT)
        order = SimulatedOrder(self._next_name("O", request.pair, len(self.orders)), request, now_us)
        self.orders[order.order_id] = self.open[order.order_id] = order
        if request.client_order_id is not None:
            self.of_client.setdefault(request.client_order_id, {})[order.order_id] = order
        self._tell(order, "new", now_us)
        return order

    def execute(
        self, order: SimulatedOrder, quantity: Decimal, price: Decimal, maker: bool, at_us: int, deliver: Delivery
    ) -> None:
        """Book an execution of an open order; a whole one ends it."""
        number = len(self.executions) + 1
        fee = _fee(order.request, quantity, price, maker)
        name = self._next_name("T", order.request.pair, number - 1)
        execution = SimulatedExecution(name, order.order_id, number, quantity, price, fee, maker, at_us)
        self.executions.append(execution)
        order.execution_ids.append(name)
        order.filled += quantity
        order.cost += execution.cost
        order.fee += fee if order.request.fee_in == "quote" else _quote_worth(fee, price)
        self._move(order.request, execution)
        self._tell(order, "trade", at_us, execution, deliver)
        if order.remaining == 0:
            self.end(order, "closed", None, at_us)

    def end(self, order: SimulatedOrder, status: Status, reason: str | None, at_us: int) -> None:
        """Let an order end, and what it held go."""
        order.status, order.reason, order.closed_us = status, reason, at_us
        del self.open[order.order_id]
        self._tell(order, "filled" if status == "closed" else status, at_us)

    def _next_name(self, kind: Kind, pair: str, before: int) -> str:
        counts = Counts(before, self._counted[kind, pair])
        self._counted[kind, pair] += 1
        return NAMINGS[self.venue](kind, self.seed, self.name, pair, counts)

    def _move(self, request: OrderRequest, execution: SimulatedExecution) -> None:
        sign = 1 if request.side == "buy" else -1
        base, quote = request.currencies
        fee_currency = quote if request.fee_in == "quote" else base
        changes = ((base, sign * execution.quantity), (quote, -sign * execution.cost), (fee_currency, -execution.fee))
        for currency, change in changes:
            self.balances[currency] = self.balances.get(currency, Decimal(0)) + change

    def _tell(
        self,
        order: SimulatedOrder,
        kind: str,
        at_us: int,
        execution: SimulatedExecution | None = None,
        deliver: Delivery = lambda news: [news],
    ) -> None:
        status = "partially_filled" if kind == "trade" else kind
        facts = (order.order_id, order.request, status, order.filled, order.cost, order.reason, at_us, at_us)
        news = News(kind, *facts, execution)
        told = deliver(news)
        if execution is not None and told and told[0].due_us > at_us:
            self.listed_from_us[execution.execution_id] = told[0].due_us
        if told and told[0] is HELD_BACK:
            self._held_back.append(news)
            return
        self.news += told
        self.news += [replace(held, due_us=at_us) for held in self._held_back]
        self._held_back.clear()


_NOTHING = OrderRequest("A/B", "buy", "market", Decimal(1))
#: What a `Delivery` returns to have a piece of news told after the next one.
HELD_BACK = News("held back", "", _NOTHING, "", Decimal(0), Decimal(0), None, 0, 0)


def market_cost(request: OrderRequest, slices: list[tuple[Decimal, Decimal]]) -> Decimal:
    """Return what buying at once costs, fee included, in quote currency."""
    fees = (_fee(request, quantity, price, False) for quantity, price in slices)
    cost = sum((quantity * price for quantity, price in slices), Decimal(0))
    return cost + (sum(fees, Decimal(0)) if request.fee_in == "quote" else 0)


def _hold(request: OrderRequest, quantity: Decimal) -> tuple[str, Decimal]:
    base, quote = request.currencies
    rate = 1 + TAKER_FEE_BPS * BPS
    if request.side == "sell":
        return base, quantity * (rate if request.fee_in == "base" else 1)
    return quote, quantity * (request.price or 0) * (rate if request.fee_in == "quote" else 1)


def _fee(request: OrderRequest, quantity: Decimal, price: Decimal, maker: bool) -> Decimal:
    worth = quantity * price if request.fee_in == "quote" else quantity
    bps = MAKER_FEE_BPS if maker else TAKER_FEE_BPS
    return (worth * bps * BPS).quantize(_FEE_STEPS[request.fee_in], ROUND_HALF_EVEN)


def _quote_worth(fee_base: Decimal, price: Decimal) -> Decimal:
    return (fee_base * price).quantize(_FEE_STEPS["quote"], ROUND_HALF_EVEN)
