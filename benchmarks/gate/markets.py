"""Made-up markets as feature rows: random walks, and walks with a drift that the features say."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.feature_row import FeatureRow
from features import feature_set, feature_set_id
from features.batch import compute

PAIRS = (("BTC/USD", 30_000.0, 2), ("ETH/USD", 2_000.0, 3), ("SOL/USD", 100.0, 4))
#: At noon, so that features are anchored half a day later.
START_MS = 1_680_523_200_000
MINUTE_MS = 60_000
SIGMA = 6e-4
#: Of a planted drift, in standard deviations of a bar's return.
DRIFT = 0.3
#: Of the shocks of any two pairs.
CORRELATION = 0.45
_WARM_UP = 30

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Walk:
    """A pair's past, as far as a planted rule looks back."""

    closes: list[float]
    ranges: list[float]
    up: float = 0.0
    down: float = 0.0

    @property
    def rsi(self) -> float:
        return 100 * self.up / (self.up + self.down) if self.up + self.down > 0 else 50.0

    @property
    def last_return(self) -> float:
        return math.log(self.closes[-1] / self.closes[-2])

    def add(self, close: float, range_to_close: float) -> None:
        move = close - self.closes[-1]
        self.up += (max(move, 0.0) - self.up) / 14
        self.down += (max(-move, 0.0) - self.down) / 14
        self.closes.append(close)
        self.ranges.append(range_to_close)


#: Of bars: name to one number for each.
Columns = dict[str, Any]
#: Which way the next bar drifts: 1, -1, or 0 for not at all.
Rule = Callable[[Walk], float]


def rsi_sign(walk: Walk) -> float:
    """(a): the sign of RSI-14 above 50."""
    return float(np.sign(walk.rsi - 50))


def interaction(walk: Walk) -> float:
    """(b): that times the sign of the last return: no feature alone says it."""
    return float(np.sign(walk.rsi - 50) * np.sign(walk.last_return))


def lagged_range(walk: Walk) -> float:
    """(c): whether the range three bars ago was above its median: the last bar does not say it."""
    return 1.0 if walk.ranges[-4] > MEDIAN_RANGE else -1.0


def nothing(walk: Walk) -> float:
    """A random walk."""
    return 0.0


RULES: dict[str, Rule] = {"noise": nothing, "a": rsi_sign, "b": interaction, "c": lagged_range}
#: Of (high - low) / close of these bars.
MEDIAN_RANGE = 8.0e-4


@dataclass(frozen=True, slots=True)
class Market:
    """Rows, and the true probability of a rise of the next bar.

    Parameters
    ----------
    rows
        Minute by minute.
    truth
        By pair and start of the window.
    """

    rows: list[FeatureRow]
    truth: dict[tuple[str, int], float]


def market(
    rule: Rule, seed: int, hours: int, sigma: float = SIGMA, *, touch: Callable[[Columns], Columns] = dict
) -> Market:
    """Return three pairs whose returns share shocks, and drift as `rule` says; `touch` changes a pair's bars."""
    random, count = np.random.default_rng(seed), hours * 60
    shared = random.standard_normal(count)
    starts = START_MS + np.arange(count, dtype=np.int64) * MINUTE_MS
    by_pair: list[list[FeatureRow]] = []
    truth: dict[tuple[str, int], float] = {}
    for pair, price, decimals in PAIRS:
        own = random.standard_t(5, count) / math.sqrt(5 / 3)
        if rule is not nothing:  # of a normal shock the truth is known
            own = random.standard_normal(count)
        shocks = math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own
        columns, sides = _bars(rule, sigma, shocks, random, price, decimals)
        by_pair.append(_rows(pair, starts, touch(columns), decimals))
        rises = (0.5 if side == 0 else NormalDist().cdf(DRIFT * side) for side in sides)
        truth |= {(pair, start): up for start, up in zip(starts.tolist(), rises, strict=True)}
    return Market([row for minute in zip(*by_pair, strict=True) for row in minute], truth)


def _bars(
    rule: Rule, sigma: float, shocks: Floats, random: np.random.Generator, price: float, decimals: int
) -> tuple[dict[str, Any], list[float]]:
    """Return the columns of a pair, and of each bar which way the next one drifts."""
    count = len(shocks)
    above, below = (random.exponential(sigma / 3, count).tolist() for _ in range(2))
    walk, sides = Walk([price], []), []
    side, high, low = 0.0, [], []
    for number, shock in enumerate(shocks.tolist()):
        opened = walk.closes[-1]
        close = round(opened * math.exp(sigma * (DRIFT * side + shock)), decimals)
        high.append(round(max(opened, close) * (1 + above[number]), decimals))
        low.append(round(min(opened, close) * (1 - below[number]), decimals))
        walk.add(close, (high[-1] - low[-1]) / close)
        side = rule(walk) if number >= _WARM_UP else 0.0
        sides.append(side)
    closes = np.array(walk.closes)
    volume = np.round(random.gamma(2.0, 3.0, count) + 1e-4, 4)
    columns = {
        "open": closes[:-1],
        "high": np.array(high),
        "low": np.array(low),
        "close": closes[1:],
        "volume": volume,
        "trade_count": np.full(count, 5.0),
        "taker_buy_volume": volume / 2,
    }
    return columns, sides


def _rows(pair: str, starts: NDArray[np.int64], columns: dict[str, Any], decimals: int) -> list[FeatureRow]:
    core = feature_set("core")
    computed = compute(starts, columns, MINUTE_MS // 1_000, core)
    features: dict[str, Any] = {name: _or_none(values) for name, values in computed.items()}
    digits = dict.fromkeys(("open", "high", "low", "close"), decimals) | {"volume": 4}
    texts: dict[str, Any] = {
        name: [f"{value:.{places}f}".rstrip("0").rstrip(".") for value in columns[name]]
        for name, places in digits.items()
    }
    names = [feature.name for feature in core]
    fixed: dict[str, Any] = {
        "exchange": "simulator",
        "pair": pair,
        "interval_s": 60,
        "revision": 0,
        "trade_count": 5,
        "first_trade_id": 1,
        "last_trade_id": 5,
        "quality": "complete",
        "feature_set": feature_set_id(),
    }
    # A copy of a row costs a tenth of a new one, whose hundred columns are looked through.
    of_row: dict[str, Any] = dict.fromkeys((*texts, *names))
    blank = FeatureRow.model_construct(**fixed, window_start_ms=0, **of_row)
    return [
        blank.model_copy(
            update={
                "window_start_ms": start,
                **{name: values[at] for name, values in texts.items()},
                **{name: features[name][at] for name in names},
            }
        )
        for at, start in enumerate(starts.tolist())
    ]


def _or_none(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
