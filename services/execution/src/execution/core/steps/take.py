"""The target of a bracket at a venue where only its stop can rest: acted upon when a bar closes there."""

from __future__ import annotations

from decimal import Decimal

from contracts.message import Message
from execution.core.account.operator_state import HALTED
from execution.core.account.portfolio import Decided, Portfolio
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.orders.close import TAKES, close


def take_gains(portfolio: Portfolio, minute: Minute, context: Context) -> Decided:
    """Ask the stop of each bracket to go whose pair closed at its target or above, so that the gain can be taken.

    The venue keeps what the stop may sell, so the sale follows the venue's word that the stop is gone
    (`steps.flatten.follow_up`), and a sale that finds no buyer is followed by the stop again (`steps.protect`). Of a
    bar that only touched the target nothing is taken: its price has gone, and the position would lie bare for it.
    """
    outputs: list[Message] = []
    if not context.broker.answers_later or portfolio.operator_state == HALTED:
        return portfolio, outputs
    for pair in sorted(portfolio.guards):
        if _is_reached(portfolio, pair, minute, context):
            portfolio, told = close(portfolio, pair, context, purpose=TAKES)
            outputs += told
    return portfolio, outputs


def _is_reached(portfolio: Portfolio, pair: str, minute: Minute, context: Context) -> bool:
    opened, candle = portfolio.guards[pair].opened, minute.candles.get(pair)
    if opened is None or opened.order.order_type != "bracket" or pair in portfolio.orders:
        return False
    if opened.order.status != "ACCEPTED" or opened.order.cancel_reason is not None:
        return False  # it is on its way, unresolved, or has begun to sell
    target = opened.order.limit_price
    is_traded = pair in context.account.pairs and candle is not None and bool(candle.mark_trade_count)
    return is_traded and target is not None and Decimal(candle.mark_close) >= Decimal(target)  # type: ignore[union-attr]
