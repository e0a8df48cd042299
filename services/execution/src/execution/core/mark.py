"""The minute's closing prices, and the start of a new trading day."""

from __future__ import annotations

from decimal import Decimal

from execution.core.context import Context
from execution.core.portfolio import ACTIVE, Mark
from execution.core.rules.daily_loss import DAILY_LOSS
from execution.core.trading_day import trading_day
from execution.core.valuation import balance, equity


def start_day(context: Context) -> None:
    """At the first minute of a day take its opening balance, before anything fills, and lift a daily stop.

    A window belongs to the day it starts on: the candle that ends at midnight is the old day's last.
    """
    day = trading_day(context.minute.window_start_ms, context.policy.day_timezone)
    portfolio = context.portfolio
    if day == portfolio.day:
        return
    portfolio.day = day
    portfolio.day_start_balance = balance(portfolio)
    if portfolio.trading_state == DAILY_LOSS:
        portfolio.trading_state = ACTIVE


def mark(context: Context) -> None:
    """Mark every pair of the minute at its close."""
    for pair, signal in context.minute.signals.items():
        context.portfolio.marks[pair] = Mark(
            close=Decimal(signal.mark_close),
            marked_at_ms=signal.window_end_ms,
            signal_id=signal.message_id,
            exchange=signal.exchange,
            model_name=signal.model_name,
            model_version=signal.model_version,
        )
    context.portfolio.highest_equity = max(context.portfolio.highest_equity, equity(context.portfolio))
