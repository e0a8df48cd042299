"""What each strategy has earned on each pair, day by day: realised, fees, profit factor, Sharpe, Sortino."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl

from contracts.fill import Fill
from contracts.timestamps import iso_utc_ms
from contracts.units import MS_PER_DAY
from results.round_trips import round_trips
from results.statistics import DAYS_PER_YEAR, LEAST_DAYS, profit_factor, sharpe, sortino

#: What tells books apart.
OF = ("account", "strategy", "pair")
_MONEY: Mapping[str, Any] = {"realised_quote": pl.Float64, "fees_quote": pl.Float64, "net_quote": pl.Float64}
DAILY_SCHEMA: Mapping[str, Any] = {**dict.fromkeys((*OF, "day"), pl.String), "fills": pl.Int64, **_MONEY}
SCHEMA: Mapping[str, Any] = {
    **dict.fromkeys(OF, pl.String),
    "fills": pl.Int64,
    "round_trips": pl.Int64,
    **_MONEY,
    **dict.fromkeys(("profit_factor", "sharpe_daily", "sortino_daily"), pl.Float64),
}
_DATE = slice(10)


def daily_books(fills: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each account, strategy, pair and UTC day on which something was filled.

    Parameters
    ----------
    fills, signals
        Tables of a run, with their exact decimals.

    Returns
    -------
    pl.DataFrame
        Sums in quote currency: what was realised before fees, those, and what is left. What a strategy's order
        did not come of, such as one to a mark, or one from before there were strategies, has none.
    """
    rows = [
        (*key, _date(day), *_sums([fill for fill in own if fill.filled_at_ms // MS_PER_DAY == day]))
        for key, own in _by_book(fills, signals)
        for day in sorted({fill.filled_at_ms // MS_PER_DAY for fill in own})
    ]
    return pl.DataFrame(rows, schema=dict(DAILY_SCHEMA), orient="row")


def books(fills: pl.DataFrame, signals: pl.DataFrame, pnl: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each account, strategy and pair.

    Parameters
    ----------
    fills, signals, pnl
        Tables of a run, with their exact decimals.

    Returns
    -------
    pl.DataFrame
        As `daily_books`, over all days; `profit_factor` of closed positions, after fees. Sharpe and Sortino are of
        what was realised each day, in percent of the account's beginning, null for fewer days than ratios say
        something of.
    """
    spans = _spans(pnl)
    rows = []
    for key, own in _by_book(fills, signals):
        trips = round_trips(own)
        counted, *money = _sums(own)
        factor = profit_factor([trip.profit_quote for trip in trips])
        rows.append((*key, counted, len(trips), *money, factor, *_ratios(own, spans.get(key[0]))))
    return pl.DataFrame(rows, schema=dict(SCHEMA), orient="row")


def _by_book(fills: pl.DataFrame, signals: pl.DataFrame) -> Iterator[tuple[tuple[str, str | None, str], list[Fill]]]:
    decided = signals.filter(pl.col("strategy").is_not_null())
    # As `contracts.signal.Signal.message_id` has it.
    ids = pl.concat_str("account", "strategy", "exchange", "pair", "interval_s", "window_start_ms", separator=":")
    strategies = dict(decided.select(ids.alias("id"), "strategy").iter_rows())
    found: dict[tuple[str, str | None, str], list[Fill]] = {}
    for row in fills.sort("filled_at_ms").iter_rows(named=True):
        fill = Fill.model_validate({name: row[name] for name in Fill.model_fields if name in row})
        found.setdefault((fill.account, strategies.get(fill.signal_id), fill.pair), []).append(fill)
    yield from sorted(found.items(), key=lambda each: tuple(str(part) for part in each[0]))


def _sums(fills: Sequence[Fill]) -> tuple[int, float, float, float]:
    realised = sum((Decimal(fill.realised_pnl_quote) for fill in fills), Decimal(0))
    fees = sum((Decimal(fill.fee_quote) for fill in fills), Decimal(0))
    return len(fills), float(realised), float(fees), float(realised - fees)


def _spans(pnl: pl.DataFrame) -> Mapping[str, tuple[float, int, int]]:
    """Return of each account what it began with, and its first and last day."""
    spans = {}
    for (account,), rows in pnl.sort("time_ms").group_by("account"):
        first, last = rows.row(0, named=True), rows.row(-1, named=True)
        initial = float(first["balance"]) - float(first["realised_quote"]) + float(first["fees_quote"])
        spans[str(account)] = (initial, *((row["time_ms"] - 1) // MS_PER_DAY for row in (first, last)))
    return spans


def _ratios(fills: Sequence[Fill], span: tuple[float, int, int] | None) -> tuple[float | None, float | None]:
    if span is None or span[2] - span[1] + 1 < LEAST_DAYS:
        return None, None
    initial, first, last = span
    earned = dict.fromkeys(range(first, last + 1), 0.0)
    for fill in fills:
        day = min(max(fill.filled_at_ms // MS_PER_DAY, first), last)
        earned[day] += float(Decimal(fill.realised_pnl_quote) - Decimal(fill.fee_quote))
    curve = np.array(list(accumulate(earned.values(), initial=initial)))
    return sharpe(curve, DAYS_PER_YEAR), sortino(curve, DAYS_PER_YEAR)


def _date(day: int) -> str:
    return iso_utc_ms(day * MS_PER_DAY)[_DATE]
