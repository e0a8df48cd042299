"""The minute's closing prices, and the start of a new trading day."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from contracts.account import Account
from contracts.mark import MarkedWindow
from contracts.owner import Owner
from contracts.replace import replace
from contracts.signal import Signal
from contracts.wakes import Wakes
from execution.core.account.closes import Closes, is_quoted, most_kept
from execution.core.account.mark import Mark
from execution.core.account.portfolio import Portfolio
from execution.core.account.today import Today
from execution.core.account.valuation import balance, equity
from execution.core.context import Context
from execution.core.minute.minute import Minute
from execution.core.steps.limits import judged_of
from execution.core.steps.trading_day import trading_day

_NEW_DAY = Wakes(new_day=True)


def start_day(portfolio: Portfolio, minute: Minute, context: Context) -> Portfolio:
    """At the first minute of a day take its opening balance, before anything fills, and lift a stop of the day.

    A window belongs to the day it starts on: the candle that ends at midnight is the old day's last.
    """
    day = trading_day(minute.window_start_ms, context.policy.day_timezone)
    if day == portfolio.day:
        return portfolio
    begins_with = balance(portfolio)
    return replace(
        portfolio,
        day=day,
        day_start_balance=counted_from(context.account, begins_with, lambda: equity(portfolio)),
        highest_day_start=max(portfolio.highest_day_start, begins_with),
        trading_state=judged_of(portfolio).lifted(context.account),
        today=Today(),
        denied={},
    )


def counted_from(of: Account | Owner, begins_with: Decimal, worth: Callable[[], Decimal]) -> Decimal:
    """Return what a day's loss is counted from: the balance it begins with, its equity, or the higher."""
    if of.daily_loss_basis == "balance":
        return begins_with
    return worth() if of.daily_loss_basis == "equity" else max(begins_with, worth())


def wakes(_portfolio: Portfolio, _context: Context) -> list[Wakes]:
    """At each day's first bar."""
    return [_NEW_DAY]


def mark(portfolio: Portfolio, minute: Minute) -> Portfolio:
    """Mark every pair of the minute at its close."""
    marks = portfolio.marks.copy()
    for pair, candle in minute.candles.items():
        marks[pair] = mark_of(candle)
    marked = replace(portfolio, marks=marks, bar_ms=minute.window_end_ms - minute.window_start_ms)
    now = equity(marked)
    return replace(marked, highest_equity=now) if now > portfolio.highest_equity else marked


def remember(portfolio: Portfolio, minute: Minute, context: Context) -> Portfolio:
    """Remember the minute's closes for an account that sizes by them; nobody else carries them along."""
    most, closes = most_kept(context.account), portfolio.closes
    if not most:
        return portfolio
    new = {
        pair: closes.get(pair, Closes()).and_then(candle.window_end_ms, Decimal(candle.mark_close), most)
        for pair, candle in minute.candles.items()
        if is_quoted(candle)
    }
    return replace(portfolio, closes={**closes, **new})


def mark_of(candle: MarkedWindow) -> Mark:
    """Return the price that a signal or a pair's mark brings.

    Returns
    -------
    Mark
        Its close, and where that is from.
    """
    name, version = (candle.model_name, candle.model_version) if isinstance(candle, Signal) else (None, None)
    return Mark(Decimal(candle.mark_close), candle.window_end_ms, candle.message_id, candle.exchange, name, version)
