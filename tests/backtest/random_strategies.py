"""Strategies that are chance, and ones that know a little of the future, as what they decide on made-up bars."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import numpy as np

from backtest.bars import COMPLETE, EXACT_COLUMNS, Bars, FloatTexts
from backtest.decided import Decided
from backtest.engine import Outcome, run
from backtest.luck.trips import Trips
from backtest.market import market_of
from contracts.account import Account
from exchanges.paper import PaperBroker
from execution.core.policy import Policy

LENGTH = 1_500
_MINUTE_MS = 60_000
_BEGIN_MS = 1_772_575_200_000
ACCOUNT = Account(
    name="chance",
    pairs=("BTC/USD",),
    position_pct=Decimal(90),
    max_position_pct=Decimal(95),
    max_daily_loss_pct=Decimal(90),
    max_total_loss_pct=Decimal(90),
    cooldown_bars=0,
)


@cache
def market(seed: int = 1) -> Bars:
    """Return bars that rise a little, as chance has it."""
    rng = np.random.default_rng([seed, 1])
    close = np.round(1_000 * np.exp(np.cumsum(rng.standard_t(4, LENGTH) * 0.001 + 1e-4)), 2)
    opened = np.append(close[:1], close[:-1])
    columns = {"open": opened, "close": close, "volume": np.full(LENGTH, 1e6)}
    columns |= {"high": np.maximum(opened, close), "low": np.minimum(opened, close)}
    texts = {name: FloatTexts(columns[name]) for name in EXACT_COLUMNS}
    starts = _BEGIN_MS + _MINUTE_MS * np.arange(LENGTH, dtype=np.int64)
    kinds = np.full(LENGTH, COMPLETE, np.int8)
    return Bars("kraken", "BTC/USD", 60, starts, texts, columns, np.full(LENGTH, 9), kinds)


def wanted(seed: int, foresight: float = 0.0) -> np.ndarray:
    """Return whether it wants to be long after each bar: by chance, or with chance `foresight` where it pays."""
    rng = np.random.default_rng([seed, 2])
    turns = rng.random(LENGTH) < 0.08
    long = np.cumsum(turns) % 2 == 1
    close = market().columns["close"]
    ahead = np.append(close[5:], np.full(5, close[-1])) > close
    return np.where(rng.random(LENGTH) < foresight, ahead, long)


def trips(seed: int, foresight: float = 0.0) -> Trips:
    """Return its positions without the engine: decided at a close, filled at the next open."""
    long = np.append(wanted(seed, foresight)[:-1], False)
    held = np.concatenate([[False], long[:-1], [False]])
    edges = np.diff(held.astype(int))
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    return Trips(begins, np.minimum(ends, LENGTH - 1), np.log(market().columns["open"]))


def traded(seed: int, foresight: float = 0.0, fee_bps: int = 0) -> Outcome:
    """Return what becomes of an account that follows it on the engine."""
    long = wanted(seed, foresight)
    targets = long.astype(np.int8)
    decisions = np.where(long, 1, 2).astype(np.int8)
    said = Decided(market(), "chance", "0" * 12, targets, decisions, np.ones(LENGTH, bool), 300)
    broker = PaperBroker(slippage_bps=Decimal(0), fee_bps=Decimal(fee_bps))
    return run(market_of(ACCOUNT, {"BTC/USD": said}, Policy()), broker, Policy())
