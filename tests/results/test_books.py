"""Books by account, strategy, pair and day: by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from tests.support.message_examples import example

from contracts.fill import Fill
from contracts.pnl import Pnl
from contracts.signal import Signal
from contracts.units import MS_PER_DAY, MS_PER_MINUTE
from results.books import books, daily_books
from results.export.tables import table

#: 2026-03-04 00:00:00 UTC.
DAY_MS = 1_772_582_400_000


def signal(minute: int, **fields: Any) -> Signal:
    return example(Signal, strategy="cross", window_start_ms=DAY_MS + minute * MS_PER_MINUTE, **fields)


def fill(minute: int, side: str, quantity: str, realised: str, fee: str, of: Signal) -> Fill:
    return example(
        Fill,
        fill_id=f"o-{minute}:1",
        signal_id=of.message_id,
        account=of.account,
        pair=of.pair,
        side=side,
        quantity=quantity,
        realised_pnl_quote=realised,
        fee_quote=fee,
        fee_base="0",
        filled_at_ms=DAY_MS + minute * MS_PER_MINUTE,
    )


def frame(name: str, messages: list[Any]) -> pl.DataFrame:
    return pl.DataFrame([each.model_dump() for each in messages], schema=table(name).schema)


def pnl(day: int, equity: str = "1000") -> Pnl:
    return example(
        Pnl,
        account=signal(0).account,
        time_ms=DAY_MS + day * MS_PER_DAY + MS_PER_MINUTE,
        balance=equity,
        equity=equity,
        realised_quote="0",
        fees_quote="0",
    )


BUY, SELL = signal(1), signal(3)
#: Two positions: +10 less 3 of fees in two parts, and -5 less 2 that is sold the next day.
FILLS = [
    fill(2, "buy", "2", "0", "1", BUY),
    fill(4, "sell", "1", "6", "1", SELL),
    fill(5, "sell", "1", "4", "1", SELL),
    fill(6, "buy", "1", "0", "1", BUY),
    fill(1_440, "sell", "1", "-5", "1", SELL),
]
SIGNALS = frame("signals", [BUY, SELL])


def test_what_a_strategy_earned_on_a_pair() -> None:
    """7 gained, 7 lost: a profit factor of 1. Of two days no ratio is told."""
    (row,) = books(frame("fills", FILLS), SIGNALS, frame("pnl", [pnl(0), pnl(1)])).iter_rows(named=True)
    assert (row["account"], row["strategy"], row["pair"]) == (BUY.account, "cross", BUY.pair)
    assert (row["fills"], row["round_trips"], row["profit_factor"]) == (5, 2, 1.0)
    assert (row["realised_quote"], row["fees_quote"], row["net_quote"]) == (5, 5, 0)
    assert (row["sharpe_daily"], row["sortino_daily"]) == (None, None)


def test_a_fill_at_midnight_is_of_the_day_that_begins() -> None:
    rows = daily_books(frame("fills", FILLS), SIGNALS).select("day", "fills", "realised_quote", "fees_quote").rows()
    assert rows == [("2026-03-04", 4, 10.0, 4.0), ("2026-03-05", 1, -5.0, 1.0)]


def test_pairs_and_strategies_have_books_of_their_own_and_so_has_what_no_strategy_said() -> None:
    other = signal(1, pair="ETH/USD")
    old = signal(9).model_copy(update={"strategy": None})
    fills = [*FILLS, fill(7, "buy", "1", "0", "1", other), fill(10, "buy", "1", "0", "1", old)]
    found = books(frame("fills", fills), frame("signals", [BUY, SELL, other, old]), frame("pnl", [pnl(0)]))
    assert found.select("strategy", "pair", "fills").rows() == [
        (None, BUY.pair, 1),
        ("cross", BUY.pair, 5),
        ("cross", "ETH/USD", 1),
    ]


def test_ratios_of_thirty_days() -> None:
    """10 a day of 1,000 on 29 of 30 days, and 0 on one: no day below 0, so no Sortino."""
    fills = [fill(day * 1_440, "sell", "1", "10", "0", SELL) for day in range(29)]
    (row,) = books(frame("fills", fills), SIGNALS, frame("pnl", [pnl(0), pnl(29)])).iter_rows(named=True)
    curve = [1_000 + 10 * day for day in range(30)]
    returns = [10 / before for before in curve[:-1]] + [0.0]
    mean = sum(returns) / 30
    deviation = (sum((each - mean) ** 2 for each in returns) / 29) ** 0.5
    assert row["sharpe_daily"] == pytest.approx(mean / deviation * 365**0.5)
    assert row["sortino_daily"] is None
