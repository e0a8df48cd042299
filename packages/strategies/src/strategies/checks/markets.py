"""Made-up markets to try a strategy on: a lively one, a quiet one in coarse ticks, one of tiny prices with holes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features import FEATURES
from features.batch import compute
from features.blocks import Floats
from strategies.running import Rows

#: A midnight UTC.
_MIDNIGHT_MS = 1_680_480_000_000
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Market:
    """Bars that a strategy is tried on.

    Attributes
    ----------
    name
        What kind of market it is.
    rows
        Its bars.
    """

    name: str
    rows: Rows


def made_up(bars: int, seed: int = 7) -> list[Market]:
    """Return made-up markets.

    Parameters
    ----------
    bars
        How many each has, at most.
    seed
        Of all chance.

    Returns
    -------
    list[Market]
        Without features and predictions; see `with_given`.
    """
    lively = _market(bars, seed, moving=0.95, spread=9.0, start=30_000, tick=0.01)
    quiet = _market(bars, seed + 1, moving=0.08, spread=1.2, start=400, tick=0.5)
    tiny = _market(bars, seed + 2, moving=0.7, spread=4.0, start=3_000, tick=1e-9)
    there = np.ones(bars, dtype=bool)
    for begin, length in ((bars // 5, 1), (bars // 4, 7), (bars // 3, 90)):
        there[begin : begin + length] = False
    return [
        Market("lively", lively),
        Market("quiet, coarse ticks, no sides", _without_sides(quiet)),
        Market("tiny prices, with holes", _those(tiny, there)),
    ]


def with_given(market: Market, asked: Sequence[str], models: Sequence[str], seed: int = 7) -> Market:
    """Return a market with the features of its bars, and with what made-up models say of them.

    Parameters
    ----------
    market
        Bars.
    asked
        Names of features.
    models
        Names of models.
    seed
        Of what the models say.

    Returns
    -------
    Market
        The same bars.
    """
    rows, given = market.rows, dict(market.rows.given)
    wanted = [each for each in FEATURES if each.name in asked]
    given |= compute(rows.starts_ms, rows.columns, rows.interval_s, wanted) if wanted else {}
    rng = np.random.default_rng(seed)
    for model in models:
        up = np.round(rng.beta(2.0, 2.0, len(rows)), 4)
        up[rng.random(len(rows)) < 0.1] = np.nan
        said = {"probability_up": up, "confidence": np.maximum(up, 1 - up), "direction": np.sign(up - 0.5)}
        given |= {f"{model}.{name}": values for name, values in said.items()}
    return replace(market, rows=replace(rows, given=given))


def _market(bars: int, seed: int, *, moving: float, spread: float, start: int, tick: float) -> Rows:
    """Return bars whose prices go up and down by whole ticks; nights are nearly still."""
    rng = np.random.default_rng(seed)
    night = (np.arange(bars) // 240) % 3 == 2
    moved = rng.random(bars) < np.where(night, moving / 20, moving)
    trend = spread / 6 * np.sin(np.arange(bars) / 180)
    close = np.maximum(start + np.cumsum(np.where(moved, np.round(rng.normal(trend, spread)), 0)), 20)
    opened = np.append(close[:1], close[:-1])
    reach = rng.integers(0, 3, (2, bars)) * moved
    volume = np.where(moved, np.round(rng.exponential(5, bars), 4) + 1e-4, 0.0)
    ticks = {
        "open": opened,
        "high": np.maximum(opened, close) + reach[0],
        "low": np.maximum(np.minimum(opened, close) - reach[1], 1),
        "close": close,
        "reference_close": 60_000 + np.cumsum(np.round(rng.normal(0, 9, bars))),
    }
    columns = {name: values * tick for name, values in ticks.items()}
    columns["reference_close"][:40] = np.nan
    columns |= {"volume": volume, "trade_count": np.ceil(volume), "taker_buy_volume": volume / 2}
    first_ms = _MIDNIGHT_MS - 777 * _MINUTE_MS
    return Rows(first_ms + _MINUTE_MS * np.arange(bars, dtype=np.int64), columns)


def _without_sides(rows: Rows) -> Rows:
    columns: Mapping[str, Floats] = {**rows.columns, "taker_buy_volume": np.full(len(rows), np.nan)}
    return replace(rows, columns=columns)


def _those(rows: Rows, there: NDArray[np.bool_]) -> Rows:
    columns = {name: column[there] for name, column in rows.columns.items()}
    return replace(rows, starts_ms=rows.starts_ms[there], columns=columns)
