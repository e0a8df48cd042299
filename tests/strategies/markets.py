"""The markets that features are tested on, as rows for strategies."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from tests.support.bar_series import BarSeries, simulated
from tests.support.quiet_markets import quiet_night

from strategies.checks.markets import Market, with_given
from strategies.formulas import formulas_of
from strategies.running import Rows
from strategies.strategy import Strategy


def _rows(bars: BarSeries) -> Rows:
    return Rows(bars.starts_ms, bars.columns, interval_s=bars.interval_s)


def _sideless(bars: BarSeries) -> BarSeries:
    return replace(bars, columns={**bars.columns, "taker_buy_volume": np.full(len(bars), np.nan)})


def _gappy(bars: BarSeries) -> BarSeries:
    rng = np.random.default_rng(5)
    there = np.ones(len(bars), dtype=bool)
    for length in (1, 2, 60, 200):
        begin = int(rng.integers(0, len(bars) - 300))
        there[begin : begin + length] = False
    return bars[there]


def markets() -> dict[str, Rows]:
    """Return markets that are quiet, coarse, tiny-priced, without sides and with holes."""
    night = quiet_night(3)
    found = {
        "quiet": night.series(),
        "coarse": replace(quiet_night(7), tick=Decimal("2.5")).series(),
        "tiny prices": replace(night, tick=Decimal("1e-12")).series(),
        "sideless": _sideless(quiet_night(0).series()),
        "gappy": _gappy(simulated(4_000, seed=9)),
    }
    return {name: _rows(bars) for name, bars in found.items()}


def for_strategy(name: str, rows: Rows, strategy: Strategy) -> Market:
    """Return a market with what a strategy asks for."""
    formulas = formulas_of(strategy, rows.interval_s)
    return with_given(Market(name, rows), formulas.asked, formulas.models)
