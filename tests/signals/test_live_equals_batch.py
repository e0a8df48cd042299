"""Targets on `signals` are those of the whole history at once, to the bit, with a restart in the middle."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.account import Account
from contracts.feature_row import FeatureRow
from contracts.prediction import Prediction
from contracts.signal import Signal
from contracts.topics import PREDICTIONS, SIGNALS, TECHNICAL_INDICATORS
from contracts.units import decimal_string
from features import feature_set_id
from signals.app import topology
from signals.settings import SignalsSettings
from strategies.built_in import STRATEGIES
from strategies.checks.markets import made_up, with_given
from strategies.running import Rows, targets
from streaming.testing import run_topology

PAIR = "BTC/USD"
#: Features that the strategies below take of the row.
ASKED = ("rsi_14", "sma_20_distance_15m", "sma_20_distance_1h")
BARS = 960
FEATURE_SET = feature_set_id("full")
#: Behind the anchor that is bar 777, where recursive averages are in full swing.
RESTART = 900
#: Accounts are told from here on; strategies see all of it.
TOLD = 850
#: A step with a state, that also asks for a feature and a prediction of earlier bars.
STEP = """from strategies import Strategy, between, close, feature, lag, predicted


class Stepping(Strategy):
    count: int = between(2, 9, default=3)
    memory_bars = 9

    def inputs(self):
        up = predicted("direction").probability_up
        return {"rise": close - lag(close, 7), "index": lag(feature("rsi_14"), 2), "up": lag(up, 3)}

    def initial(self):
        return {"rises": []}

    def step(self, state, row):
        known = None not in row.values()
        rises = [*state["rises"], row["rise"] if known else 0.0][-self.count :]
        votes = sum(each > 0 for each in rises) + (known and row["up"] > 0.5) + (known and row["index"] < 0)
        return {"rises": rises}, 1 if votes > self.count / 2 else 0 if votes < 1 else None
"""


def market() -> Rows:
    """Return a made-up market, with made-up features and with what a model says of it."""
    rows = with_given(made_up(BARS)[0], (), ["direction"]).rows
    rng = np.random.default_rng(3)
    return replace(rows, given={**rows.given, **{name: rng.normal(0, 0.01, BARS) for name in ASKED}})


def text(value: float) -> str:
    return decimal_string(Decimal(repr(float(value))))


def known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def row(rows: Rows, place: int) -> FeatureRow:
    of = {name: column[place] for name, column in rows.columns.items()}
    return FeatureRow(
        exchange="kraken",
        pair=PAIR,
        interval_s=60,
        window_start_ms=int(rows.starts_ms[place]),
        revision=0,
        **{name: text(of[name]) for name in ("open", "high", "low", "close", "volume", "taker_buy_volume")},
        reference_close=known(of["reference_close"]),
        trade_count=int(of["trade_count"]),
        first_trade_id=None,
        last_trade_id=None,
        quality="complete",
        feature_set=FEATURE_SET,
        **{name: known(rows.given[name][place]) for name in ASKED},
    )


def prediction(rows: Rows, place: int) -> Prediction:
    up = known(rows.given["direction.probability_up"][place])
    fields: dict[str, Any] = {f"mark_{name}": text(rows.columns[name][place]) for name in ("open", "high", "low")}
    return Prediction(
        exchange="kraken",
        pair=PAIR,
        interval_s=60,
        window_start_ms=int(rows.starts_ms[place]),
        model_name="direction",
        model_version=1,
        feature_set="fs",
        horizon_bars=5,
        probability_up=up,
        confidence=known(rows.given["direction.confidence"][place]),
        direction=0 if up is None else 1 if up > 0.5 else -1,
        reason="not_warm" if up is None else "ok",
        **fields,
        mark_close=text(rows.columns["close"][place]),
        mark_trade_count=int(rows.columns["trade_count"][place]),
        mark_quality="complete",
    )


@pytest.fixture(scope="module")
def rows() -> Rows:
    return market()


def test_live_targets_are_those_of_the_whole_history(rows: Rows, tmp_path: Path) -> None:
    own = tmp_path / "stepping.py"
    own.write_text(STEP)
    names = {name: name for name in STRATEGIES} | {"stepping": str(own)}
    accounts = tuple(Account(name=name, pairs=(PAIR,), strategy=path) for name, path in names.items())
    settings = SignalsSettings(accounts=accounts, store_url="off", maximum_pending_bars=BARS)
    settings = settings.model_copy(update={"from_ms": int(rows.starts_ms[TOLD])})
    found: dict[str, list[float]] = {name: [] for name in names}
    for part in (range(RESTART), range(RESTART, BARS)):
        inputs: dict[Any, Any] = {
            TECHNICAL_INDICATORS: [row(rows, place) for place in part],
            PREDICTIONS: [prediction(rows, place) for place in part],
        }
        run = run_topology(topology, settings, "signals", inputs, [SIGNALS], folder=tmp_path)
        assert not run.dead_letters
        for each in run["signals"]:
            if isinstance(each, Signal):
                found[each.account].append(math.nan if each.target is None else float(each.target))
    for followed in (each.followed for each in settings.desk.deciders):
        expected = targets(followed.strategy, rows)
        np.testing.assert_array_equal(np.array(found[followed.name]), expected[TOLD:], followed.name)
        assert not np.isnan(expected[RESTART:]).all(), f"{followed.name} says nothing here"
