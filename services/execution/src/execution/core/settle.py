"""Orders in flight against a new minute: filled at its open, expired, or still waiting."""

from __future__ import annotations

from decimal import Decimal

from contracts.fill import Fill
from contracts.position import Position
from contracts.signal import Signal
from contracts.units import decimal_string
from execution.core.context import Context
from execution.core.order_lifecycle import advance
from execution.core.portfolio import Holding, OpenOrder, Portfolio

EXPIRED = "expired"
INSUFFICIENT_FUNDS = "insufficient_funds"


def settle(context: Context) -> None:
    """Fill what this minute's first trades fill, and cancel what can no longer be filled in time."""
    for pair, opened in sorted(context.portfolio.orders.items()):
        signal = context.minute.signals.get(pair)
        if signal is not None and _fills_at_open(signal, opened):
            _fill(context, opened, signal)
        elif opened.expires_at_ms is not None and context.minute.window_end_ms >= opened.expires_at_ms:
            # The next candle starts too late, so nothing is gained by waiting until it comes.
            context.cancel(pair, EXPIRED, opened.expires_at_ms)


def _fills_at_open(signal: Signal, opened: OpenOrder) -> bool:
    # The open of a gap candle need not be the first trade after the decision: nobody knows what was before it.
    honest = signal.mark_trade_count > 0 and signal.mark_quality != "gap"
    return honest and (opened.expires_at_ms is None or signal.window_start_ms < opened.expires_at_ms)


def _fill(context: Context, opened: OpenOrder, signal: Signal) -> None:
    order = opened.order
    at_ms = signal.window_start_ms
    quantity = Decimal(order.quantity)
    price = context.broker.price(order.side, Decimal(signal.mark_open))
    fee = context.broker.fee_quote(quantity, price)
    if order.side == "buy" and quantity * price + fee > context.portfolio.cash:
        context.close(advance(order, "REJECTED", at_ms, INSUFFICIENT_FUNDS))
        return
    context.close(advance(order, "FILLED", at_ms))
    realised, position_fees = (_buy if order.side == "buy" else _sell)(
        context.portfolio, order.pair, quantity, price, fee
    )
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
    context.outputs += [fill, _position(context.portfolio, fill, realised, position_fees)]


def _buy(portfolio: Portfolio, pair: str, quantity: Decimal, price: Decimal, fee: Decimal) -> tuple[Decimal, Decimal]:
    """Open a position; return realised profit and the position's fees."""
    portfolio.cash -= quantity * price + fee
    portfolio.fees += fee
    portfolio.holdings[pair] = Holding(quantity, price, fee)
    return Decimal(0), fee


def _sell(
    portfolio: Portfolio, pair: str, quantity: Decimal, price: Decimal, fee: Decimal
) -> tuple[Decimal, Decimal]:
    """Close a position; return realised profit and the position's fees."""
    held = portfolio.holdings.pop(pair)
    realised = quantity * (price - held.average_price)
    portfolio.cash += quantity * price - fee
    portfolio.fees += fee
    portfolio.realised += realised
    return realised, held.fees_quote + fee


def _position(portfolio: Portfolio, fill: Fill, realised: Decimal, fees: Decimal) -> Position:
    held = portfolio.holdings.get(fill.pair)
    return Position(
        account=fill.account,
        exchange=fill.exchange,
        pair=fill.pair,
        fill_id=fill.fill_id,
        action="OPENED" if held else "CLOSED",
        quantity=decimal_string(held.quantity) if held else "0",
        average_price=decimal_string(held.average_price) if held else "0",
        realised_pnl_quote=decimal_string(realised),
        fees_quote=decimal_string(fees),
        updated_at_ms=fill.filled_at_ms,
    )
