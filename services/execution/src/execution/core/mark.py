"""The minute's closing prices, and the start of a new trading day."""

from __future__ import annotations

from decimal import Decimal

from execution.core.book import ACTIVE, Mark
from execution.core.desk import Desk
from execution.core.rules.daily_loss import DAILY_LOSS
from execution.core.trading_day import trading_day
from execution.core.valuation import balance, equity


def start_day(desk: Desk) -> None:
    """At the first minute of a day take its opening balance, before anything fills, and lift a daily stop.

    A window belongs to the day it starts on: the candle that ends at midnight is the old day's last.
    """
    day = trading_day(desk.minute.window_start_ms, desk.policy.day_timezone)
    book = desk.book
    if day == book.day:
        return
    book.day = day
    book.day_start_balance = balance(book)
    if book.trading_state == DAILY_LOSS:
        book.trading_state = ACTIVE


def mark(desk: Desk) -> None:
    """Mark every pair of the minute at its close."""
    for pair, signal in desk.minute.signals.items():
        desk.book.marks[pair] = Mark(
            close=Decimal(signal.mark_close),
            marked_at_ms=signal.window_end_ms,
            signal_id=signal.message_id,
            exchange=signal.exchange,
            model_name=signal.model_name,
            model_version=signal.model_version,
        )
    desk.book.highest_equity = max(desk.book.highest_equity, equity(desk.book))
