"""Orders in flight against a new minute: filled at its open, expired, or still waiting."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from contracts.fill import Fill
from contracts.message import Message
from contracts.position import Position
from contracts.signal import Signal
from contracts.units import decimal_string
from execution.core.broker import Broker
from execution.core.minute import Minute
from execution.core.order_lifecycle import advance
from execution.core.portfolio import Decided, Holding, OpenOrder, Portfolio

EXPIRED = "expired"
INSUFFICIENT_FUNDS = "insufficient_funds"


def settle(portfolio: Portfolio, minute: Minute, broker: Broker) -> Decided:
    """Fill what this minute's first trades fill, and cancel what can no longer be filled in time."""
    outputs: list[Message] = []
    for pair, opened in sorted(portfolio.orders.items()):
        signal = minute.signals.get(pair)
        if signal is not None and _fills_at_open(signal, opened):
            portfolio, filled = _fill(portfolio.without_order(pair), opened, signal, broker)
            outputs += filled
        elif opened.expires_at_ms is not None and minute.window_end_ms >= opened.expires_at_ms:
            # The next candle starts too late, so nothing is gained by waiting until it comes.
            portfolio = portfolio.without_order(pair)
            outputs.append(advance(opened.order, "CANCELLED", opened.expires_at_ms, EXPIRED))
    return portfolio, outputs


def _fills_at_open(signal: Signal, opened: OpenOrder) -> bool:
    # The open of a gap candle need not be the first trade after the decision: nobody knows what was before it.
    honest = signal.mark_trade_count > 0 and signal.mark_quality != "gap"
    return honest and (opened.expires_at_ms is None or signal.window_start_ms < opened.expires_at_ms)


def _fill(portfolio: Portfolio, opened: OpenOrder, signal: Signal, broker: Broker) -> Decided:
    order, at_ms = opened.order, signal.window_start_ms
    quantity = Decimal(order.quantity)
    price = broker.price(order.side, Decimal(signal.mark_open))
    fee = broker.fee_quote(quantity, price)
    if order.side == "buy" and quantity * price + fee > portfolio.cash:
        return portfolio, [advance(order, "REJECTED", at_ms, INSUFFICIENT_FUNDS)]
    trade = _buy if order.side == "buy" else _sell
    portfolio, realised, position_fees = trade(portfolio, order.pair, quantity, price, fee)
    fill = Fill(
        account=order.account,
        fill_id=f"{order.order_id}:1",
        order_id=order.order_id,
        signal_id=order.signal_id,
        exchange=order.exchange,
        pair=order.pair,
        side=order.side,
        quantity=order.quantity,
        reference_price=signal.mark_open,
        price=decimal_string(price),
        fee_quote=decimal_string(fee),
        realised_pnl_quote=decimal_string(realised),
        candle_window_start_ms=signal.window_start_ms,
        filled_at_ms=at_ms,
        model_name=opened.model_name,
        model_version=opened.model_version,
    )
    return portfolio, [advance(order, "FILLED", at_ms), fill, _position(portfolio, fill, position_fees)]


#: The portfolio after a fill, the profit it realised, and the fees of the position so far.
_Traded = tuple[Portfolio, Decimal, Decimal]


def _buy(portfolio: Portfolio, pair: str, quantity: Decimal, price: Decimal, fee: Decimal) -> _Traded:
    cash = portfolio.cash - (quantity * price + fee)
    holdings = {**portfolio.holdings, pair: Holding(quantity, price, fee)}
    return replace(portfolio, cash=cash, fees=portfolio.fees + fee, holdings=holdings), Decimal(0), fee


def _sell(portfolio: Portfolio, pair: str, quantity: Decimal, price: Decimal, fee: Decimal) -> _Traded:
    held = portfolio.holdings[pair]
    realised = quantity * (price - held.average_price)
    after = replace(
        portfolio,
        cash=portfolio.cash + (quantity * price - fee),
        fees=portfolio.fees + fee,
        realised=portfolio.realised + realised,
        holdings={other: holding for other, holding in portfolio.holdings.items() if other != pair},
    )
    return after, realised, held.fees_quote + fee


def _position(portfolio: Portfolio, fill: Fill, fees: Decimal) -> Position:
    held = portfolio.holdings.get(fill.pair)
    return Position(
        account=fill.account,
        exchange=fill.exchange,
        pair=fill.pair,
        fill_id=fill.fill_id,
        action="OPENED" if held else "CLOSED",
        quantity=decimal_string(held.quantity) if held else "0",
        average_price=decimal_string(held.average_price) if held else "0",
        realised_pnl_quote=fill.realised_pnl_quote,
        fees_quote=decimal_string(fees),
        updated_at_ms=fill.filled_at_ms,
    )
