"""What a portfolio is worth.

balance = initial balance + realised - fees
equity  = balance + unrealised        (= cash + marked value of what is held, exactly)
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from contracts.pnl import Pnl
from contracts.trusted import made
from contracts.units import decimal_string
from execution.core.account.portfolio import Portfolio

_ZERO = Decimal(0)


def balance(portfolio: Portfolio) -> Decimal:
    """Return the initial balance plus realised profit minus fees.

    Returns
    -------
    Decimal
        Quote currency.
    """
    return portfolio.initial_balance + portfolio.realised - portfolio.fees


def unrealised(portfolio: Portfolio, prices: Mapping[str, Decimal] | None = None) -> Decimal:
    """Return the profit of what is held, at `prices` where they are given and the last closes elsewhere.

    Returns
    -------
    Decimal
        Quote currency.
    """
    floating = _ZERO
    for pair, holding in portfolio.holdings.items():
        floating += holding.quantity * _price(portfolio, pair, prices) - holding.cost_quote
    return floating


def exposure(portfolio: Portfolio) -> Decimal:
    """Return the marked value of what is held."""
    return sum(
        (holding.quantity * _price(portfolio, pair, None) for pair, holding in portfolio.holdings.items()), _ZERO
    )


def equity(portfolio: Portfolio, prices: Mapping[str, Decimal] | None = None) -> Decimal:
    """Return balance plus unrealised profit.

    Returns
    -------
    Decimal
        Quote currency.
    """
    return balance(portfolio) + unrealised(portfolio, prices)


def reserved(portfolio: Portfolio) -> Decimal:
    """Return the money that buys in flight are expected to take."""
    return sum((order.reserved_quote for order in portfolio.orders.values()), _ZERO) if portfolio.orders else _ZERO


def invested(portfolio: Portfolio) -> Mapping[str, Decimal]:
    """Return by pair the marked value of what is held, and the money that buys in flight are expected to take."""
    held = {pair: each.quantity * _price(portfolio, pair, None) for pair, each in portfolio.holdings.items()}
    for pair, order in portfolio.orders.items():
        held[pair] = held.get(pair, _ZERO) + order.reserved_quote
    return held


def pnl(portfolio: Portfolio, account: str, time_ms: int) -> Pnl:
    """Return the books at the end of a minute.

    Parameters
    ----------
    portfolio
        Marked at that minute's closes.
    account, time_ms
        Whose, and when the minute ended.

    Returns
    -------
    Pnl
        To be published.
    """
    money, floating = balance(portfolio), unrealised(portfolio)
    now = money + floating
    return made(
        Pnl,
        account=account,
        time_ms=time_ms,
        balance=decimal_string(money),
        equity=decimal_string(now),
        realised_quote=decimal_string(portfolio.realised),
        unrealised_quote=decimal_string(floating),
        fees_quote=decimal_string(portfolio.fees),
        exposure_quote=decimal_string(exposure(portfolio)),
        drawdown_quote=decimal_string(max(_ZERO, portfolio.highest_equity - now)),
        daily_loss_quote=decimal_string(max(_ZERO, portfolio.day_start_balance - now)),
        trading_state=portfolio.standing,
    )


def _price(portfolio: Portfolio, pair: str, prices: Mapping[str, Decimal] | None) -> Decimal:
    if prices is not None and pair in prices:
        return prices[pair]
    return portfolio.marks[pair].close
