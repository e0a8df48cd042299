"""What a book is worth.

balance = initial balance + realised - fees
equity  = balance + unrealised        (= cash + marked value of what is held, exactly)
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from contracts.pnl import Pnl
from contracts.units import decimal_string
from execution.core.book import Book

_ZERO = Decimal(0)


def balance(book: Book) -> Decimal:
    """Return the initial balance plus realised profit minus fees."""
    return book.initial_balance + book.realised - book.fees


def unrealised(book: Book, prices: Mapping[str, Decimal] | None = None) -> Decimal:
    """Return the profit of what is held, at `prices` where they are given and the last closes elsewhere."""
    return sum(
        (
            holding.quantity * (_price(book, pair, prices) - holding.average_price)
            for pair, holding in book.holdings.items()
        ),
        _ZERO,
    )


def exposure(book: Book) -> Decimal:
    """Return the marked value of what is held."""
    return sum((holding.quantity * _price(book, pair, None) for pair, holding in book.holdings.items()), _ZERO)


def equity(book: Book, prices: Mapping[str, Decimal] | None = None) -> Decimal:
    """Return balance plus unrealised profit."""
    return balance(book) + unrealised(book, prices)


def reserved(book: Book) -> Decimal:
    """Return the money that buys in flight are expected to take."""
    return sum((order.reserved_quote for order in book.orders.values()), _ZERO)


def pnl(book: Book, account: str, time_ms: int) -> Pnl:
    """Return the books at the end of a minute."""
    now = equity(book)
    return Pnl(
        account=account,
        time_ms=time_ms,
        balance=decimal_string(balance(book)),
        equity=decimal_string(now),
        realised_quote=decimal_string(book.realised),
        unrealised_quote=decimal_string(unrealised(book)),
        fees_quote=decimal_string(book.fees),
        exposure_quote=decimal_string(exposure(book)),
        drawdown_quote=decimal_string(max(_ZERO, book.highest_equity - now)),
        daily_loss_quote=decimal_string(max(_ZERO, book.day_start_balance - now)),
        trading_state=book.trading_state,
    )


def _price(book: Book, pair: str, prices: Mapping[str, Decimal] | None) -> Decimal:
    if prices is not None and pair in prices:
        return prices[pair]
    return book.marks[pair].close
