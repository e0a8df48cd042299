"""Markets as no venue should have them: gaps, empty candles, jumps, equal prices, days of 23 and 25 hours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from backtest.bars import COMPLETE, EMPTY, EXACT_COLUMNS, GAP, Bars, FloatTexts
from backtest.decided import DECISIONS, Decided
from contracts.account import Account

MINUTE_MS = 60_000
PAIRS = ("BTC/USD", "ETH/USD", "SOL/USD", "ADA/USD", "XRP/USD")
#: Two hours before midnight in Prague, on the days before its clocks go on and back, and before an ordinary one.
BEGINNINGS_MS = (1_774_731_600_000, 1_792_872_000_000, 1_772_575_200_000)
#: When positions end by themselves.
PLANS: tuple[dict[str, Any], ...] = (
    {},
    {"stop_pct": 1.5},
    {"target_pct": 0.8},
    {"stop_pct": 2, "target_pct": 1},
    {"trailing_pct": 0.7},
    {"trailing_pct": 3, "target_pct": 4, "maximum_bars": 40},
    {"maximum_bars": 9},
)


def bars(
    rng: np.random.Generator,
    pair: str,
    length: int,
    begin_ms: int,
    *,
    jumps: float,
    holes: float,
    each: float = 10_000,
) -> Bars:
    """Return bars in whole ticks, so that prices are often equal; a trade is of `each` units on average."""
    tick = float(rng.choice([0.01, 0.5, 1.0]))
    moved = np.round(rng.standard_t(2, length) * 3) * (rng.random(length) > 0.3)
    moved += np.where(rng.random(length) < jumps, np.round(rng.normal(-20, 160, length)), 0)
    close = np.maximum(1_000 + np.cumsum(moved), 5.0)
    opened = np.maximum(np.append(close[:1], close[:-1]) + np.round(rng.normal(0, 1, length)), 5.0)
    high = np.maximum(opened, close) + rng.integers(0, 4, length)
    low = np.maximum(np.minimum(opened, close) - rng.integers(0, 4, length), 1.0)
    kinds = rng.choice([COMPLETE, EMPTY, GAP], length, p=[0.9 - holes, 0.1, holes]).astype(np.int8)
    there = rng.random(length) >= holes
    there[0] = there[-1] = True
    prices: dict[str, Any] = {"open": opened, "high": high, "low": low, "close": close}
    columns = {name: np.round(price[there] * tick, 6) for name, price in prices.items()}
    starts = begin_ms + MINUTE_MS * np.flatnonzero(there).astype(np.int64)
    counts = np.where(kinds[there] == COMPLETE, 7, 0).astype(np.int64)
    columns |= {"volume": counts * each, "trade_count": counts * 1.0, "taker_buy_volume": counts * each / 3}
    texts = {name: FloatTexts(columns[name]) for name in EXACT_COLUMNS}
    return Bars("kraken", pair, 60, starts, texts, columns, counts, kinds[there])


def every(of: Bars, interval_s: int) -> Bars:
    """Return the same bars with another length."""
    starts_ms = of.starts_ms[0] + (of.starts_ms - of.starts_ms[0]) * interval_s // 60
    return replace(of, interval_s=interval_s, starts_ms=starts_ms)


def said(rng: np.random.Generator, of: Bars, eagerness: float) -> Decided:
    """Return decisions as they come: long silences, changes of mind, and the same said again."""
    targets = rng.choice(
        [9, 0, 1, -1], len(of), p=[1 - eagerness, eagerness * 0.4, eagerness * 0.55, eagerness * 0.05]
    )
    targets = np.where(of.qualities == GAP, 9, targets).astype(np.int8)
    decisions = np.array([{9: 0, 1: 1, 0: 2, -1: 2}[each] for each in targets.tolist()], np.int8)
    expiry_seconds, plan = int(rng.choice([60, 180, 300])), PLANS[int(rng.integers(len(PLANS)))]
    return Decided(
        of,
        "made_up",
        "0" * 12,
        targets,
        decisions,
        np.ones(len(of), bool),
        expiry_seconds,
        exits=plan,
    )


def predicted(rng: np.random.Generator, of: Decided) -> Decided:
    """Return the same decisions, each with a prediction that is more or less sure."""
    count, sure = len(of.bars), np.round(rng.uniform(0.4, 0.8, len(of.bars)), 3).tolist()
    said: dict[str, Any] = {"reason": ["ok"] * count, "direction": [1] * count, "horizon_bars": [5] * count}
    said |= {"probability_up": sure, "confidence": [max(each, 1 - each) for each in sure]}
    said |= {"model_name": ["direction"] * count, "model_version": [3] * count, "prediction_id": ["p"] * count}
    return replace(of, bars=replace(of.bars, said=said))


def account(pairs: tuple[str, ...], **fields: Any) -> Account:
    """Return an account that is quick to reach its limits."""
    usual = {"position_pct": Decimal(95) // len(pairs), "max_position_pct": Decimal(96), "cooldown_bars": 2}
    return Account(name="paper", pairs=pairs, **{**usual, **fields})


assert DECISIONS == ("none", "buy", "sell")
