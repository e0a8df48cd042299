"""Predictions are judged by what their version foresees; by hand, a few bars each."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal

import polars as pl
import pytest
from tests.support.message_examples import example

from contracts.candle import Candle
from contracts.prediction import Prediction
from contracts.units import decimal_string
from modeling.labels import LabelRule
from modeling.triple_barrier import VOLATILITY_BARS
from results.evaluation import judged_predictions, labels_of

MINUTE_MS = 60_000


def _candles(closes: list[float], gap: int | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        [
            example(
                Candle,
                pair="BTC/USD",
                window_start_ms=MINUTE_MS * minute,
                **dict.fromkeys(("open", "high", "low", "close"), decimal_string(Decimal(f"{close:.6f}"))),
                quality="gap" if minute == gap else "complete",
            ).model_dump()
            for minute, close in enumerate(closes)
        ]
    )


def _predictions(count: int, version: int = 1, horizon: int = 1) -> pl.DataFrame:
    said = {"pair": "BTC/USD", "model_version": version, "horizon_bars": horizon, "probability_up": 0.6}
    return pl.DataFrame(
        [example(Prediction, window_start_ms=MINUTE_MS * minute, **said).model_dump() for minute in range(count)]
    )


def _went_up(predictions: pl.DataFrame, candles: pl.DataFrame, rule: LabelRule | None) -> dict[int, int]:
    judged = judged_predictions(predictions, candles, None if rule is None else {1: rule})
    return {start_ms // MINUTE_MS: up for start_ms, up in judged.select("window_start_ms", "went_up").iter_rows()}


def test_rises_and_what_is_beyond_costs() -> None:
    candles = _candles([100.0, 100.1, 100.1, 102.0, 100.0, 100.05])
    predictions = _predictions(6)
    assert _went_up(predictions, candles, None) == {0: 1, 2: 1, 3: 0, 4: 1}
    assert _went_up(predictions, candles, LabelRule()) == {0: 1, 2: 1, 3: 0, 4: 1}
    assert _went_up(predictions, candles, LabelRule("net", cost_bps=42.0)) == {2: 1, 3: 0}


def test_the_barrier_that_is_reached_first() -> None:
    """A walk up and down by 0.1 % has that volatility: over four bars barriers lie 0.2 % away."""
    quiet = [100.0 * (1.001 if minute % 2 else 1.0) for minute in range(VOLATILITY_BARS + 1)]
    candles = _candles([*quiet, 100.1, 100.19, 100.21, 100.0])
    told = _predictions(len(candles), horizon=4).filter(pl.col("window_start_ms") == MINUTE_MS * VOLATILITY_BARS)
    barriers = LabelRule("triple_barrier", barrier_width=1.0)
    assert _went_up(told, candles, barriers) == {VOLATILITY_BARS: 1}
    assert _went_up(told, candles.head(VOLATILITY_BARS + 3), barriers) == {}, "not reached yet"


def test_a_gap_judges_nobody_and_is_not_judged() -> None:
    candles = _candles([100.0, 101.0, 102.0, 103.0], gap=1)
    assert _went_up(_predictions(4), candles, None) == {2: 1}


def test_each_version_by_its_own_label_and_an_unknown_one_not() -> None:
    candles = _candles([100.0, 100.1, 102.0])
    both = pl.concat([_predictions(1), _predictions(3, version=2).tail(2), _predictions(3, version=3).tail(2)])
    labels = {1: LabelRule("net", cost_bps=42.0), 2: LabelRule()}
    judged = judged_predictions(both, candles, labels)
    assert judged.select("model_version", "window_start_ms", "went_up").rows() == [(2, MINUTE_MS, 1)]


@pytest.mark.parametrize("labels", [None, {}, {3: LabelRule("net", cost_bps=1.5)}])
def test_labels_come_back_as_a_summary_has_them(labels: dict[int, LabelRule] | None) -> None:
    written = None if labels is None else {str(version): asdict(label) for version, label in labels.items()}
    assert labels_of({"labels": written}) == labels
    assert labels_of({}) is None
