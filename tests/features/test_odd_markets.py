"""Markets that stand still, have no volume, jump absurdly, lack an hour or say what is no number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.support.bar_series import MIDNIGHT_MS, BarSeries, simulated

from contracts.candle import Candle
from contracts.errors import BadInputError, BadMessageError
from features import ANCHOR_BARS, FEATURE_NAMES, FEATURES, WARM_UP_BARS
from features.bars import Bar, bar_of
from features.batch import compute
from features.engine import Engine
from features.feature import Unit

MINUTE_MS = 60_000
#: What a feature is in a market where nothing happens; those of a price are that price, the others 0.
STANDING_STILL: dict[str, float] = {
    **dict.fromkeys(["bollinger_percent_b_20", "close_location"], 0.5),
    **dict.fromkeys([f"bollinger_percent_b_20_{name}" for name in ("5m", "15m", "1h")], 0.5),
}
#: Null there: what was before it could be anything.
UNDECIDED = {
    *("rsi_7", "rsi_14", "rsi_21", "adx_14", "plus_di_14", "minus_di_14", "stochrsi_k_14", "stochrsi_d_14"),
    *("supertrend_10", "supertrend_10_direction"),
}
#: Of a price, and yet zero where it stands still: they measure movement.
MOVEMENTS = {"atr_14", "momentum_10"} | {f"macd{part}_{n}" for part in ("", "_signal", "_hist") for n in (7, 12)}
BOUNDS: dict[Unit, tuple[float, float]] = {
    "0..100": (0, 100),
    "-100..0": (-100, 0),
    "-1..1": (-1, 1),
    "0..1": (0, 1),
}


def still(price: float, bars: int = WARM_UP_BARS + 2 * ANCHOR_BARS) -> BarSeries:
    """Bars at one price without any trade."""
    columns = {name: np.full(bars, price) for name in ("open", "high", "low", "close", "reference_close")}
    columns |= {name: np.zeros(bars) for name in ("volume", "trade_count", "taker_buy_volume")}
    return BarSeries(MIDNIGHT_MS + np.arange(bars, dtype=np.int64) * MINUTE_MS, columns)


@pytest.mark.parametrize("price", [0.00001234, 1.0, 61_234.56])
def test_a_market_that_stands_still_has_a_value_for_all_that_can_be_told(price: float) -> None:
    bars = still(price)
    last = {name: values[-1] for name, values in compute(bars.starts_ms, bars.columns, 60).items()}
    for feature in FEATURES:
        if not feature.columns:
            continue  # the clock goes on
        if feature.name in UNDECIDED:
            assert math.isnan(last[feature.name]), feature.name
            continue
        of_price = feature.unit == "quote" and feature.name not in MOVEMENTS
        expected = price if of_price else STANDING_STILL.get(feature.name, 0.0)
        tolerance = 1e-9 * (price if feature.unit == "quote" else 1)
        assert last[feature.name] == pytest.approx(expected, abs=tolerance), feature.name


def test_prices_without_volume_are_prices() -> None:
    bars = simulated(WARM_UP_BARS + 2 * ANCHOR_BARS)
    nothing = {name: np.zeros(len(bars)) for name in ("volume", "trade_count", "taker_buy_volume")}
    found = compute(bars.starts_ms, {**bars.columns, **nothing}, 60)
    with_volume = compute(bars.starts_ms, bars.columns, 60)
    for feature in FEATURES:
        values = found[feature.name][-1_000:]
        assert np.isfinite(values).all(), feature.name
        if not feature.columns & set(nothing):
            np.testing.assert_array_equal(values, with_volume[feature.name][-1_000:])
    np.testing.assert_array_equal(found["vwap_60"][-1_000:], bars.columns["close"][-1_000:])
    assert not found["obv"][-1_000:].any()


@pytest.mark.parametrize("price", [1e-8, 1e12, 1e30])
def test_an_absurd_price_is_over_when_it_has_left_the_memory(price: float) -> None:
    """It is in the rows whose window has it, as it is in the candle; no handle is the worse for it for ever."""
    bars = simulated(5 * ANCHOR_BARS, seed=4)
    at = ANCHOR_BARS + 300
    columns = {name: values.copy() for name, values in bars.columns.items()}
    columns["high"][at], columns["low"][at] = max(price, columns["high"][at]), min(price, columns["low"][at])
    columns["close"][at] = price
    expected = compute(bars.starts_ms, bars.columns, 60)
    found = compute(bars.starts_ms, columns, 60)
    for feature in FEATURES:
        before, after = expected[feature.name], found[feature.name]
        np.testing.assert_array_equal(after[:at], before[:at])
        # A window forgets to the bit when the bar has left it; a recursive function at the first anchor that is
        # opened on bars after it.
        memory = feature.bars() if feature.memory == "finite" else ANCHOR_BARS + feature.bars()
        forgotten = at + -(-memory // ANCHOR_BARS) * ANCHOR_BARS if feature.memory == "anchored" else at + memory
        np.testing.assert_array_equal(after[forgotten:], before[forgotten:], feature.name)
        known_from = forgotten if feature.name in UNDECIDED else 0
        assert (np.isfinite(after) == np.isfinite(before))[known_from:].all(), feature.name
    assert found["sma_7"][at] != expected["sma_7"][at]


def test_an_hour_that_is_missing_starts_history_again() -> None:
    """Candles has none missing (it says gap or empty); a log that was cut may."""
    bars = simulated(3 * ANCHOR_BARS + 400, first_ms=MIDNIGHT_MS - 400 * MINUTE_MS)
    there = np.ones(len(bars), dtype=bool)
    there[600:660] = False
    holed = bars[there]
    found = compute(holed.starts_ms, holed.columns, 60)
    alone = bars[660:]
    expected = compute(alone.starts_ms, alone.columns, 60)
    for name in FEATURE_NAMES:
        np.testing.assert_array_equal(found[name][600:], expected[name], err_msg=name)
        if any(feature.columns and feature.name == name for feature in FEATURES):
            assert np.isnan(found[name][600]) or name in OF_ONE_BAR, name


#: Known from a bar alone.
OF_ONE_BAR = {feature.name for feature in FEATURES if feature.bars() == 1}


@pytest.mark.parametrize("value", ["NaN", "inf", "-1", "0", "1e400"])
def test_what_is_no_price_never_reaches_an_indicator(value: str) -> None:
    candle = simulated(1).candles()[0]
    with pytest.raises(BadMessageError, match=r"candle\.close: expected"):
        Candle.from_json(
            candle.to_json().replace(f'"close":"{candle.close}"'.encode(), f'"close":"{value}"'.encode())
        )


def test_a_price_that_no_float_holds_is_refused() -> None:
    candle = simulated(1).candles()[0]
    with pytest.raises(BadInputError, match=r"^high: expected a number that a float can hold"):
        bar_of(candle.model_copy(update={"high": "9" * 400}))


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -5.0])
def test_batch_refuses_what_is_no_number(value: float) -> None:
    bars = simulated(10)
    columns = {**bars.columns, "high": np.where(np.arange(10) == 3, value, bars.columns["high"])}
    with pytest.raises(BadInputError, match=r"^high: expected finite numbers above 0, was"):
        compute(bars.starts_ms, columns, 60)
    with pytest.raises(BadInputError, match=r"columns.taker_buy_volume: expected values, which .* is made from"):
        compute(bars.starts_ms, {n: v for n, v in bars.columns.items() if n != "taker_buy_volume"}, 60)


def test_values_stay_in_their_bounds() -> None:
    bars = simulated(WARM_UP_BARS + 3 * ANCHOR_BARS, seed=11)
    found = compute(bars.starts_ms, bars.columns, 60)
    for feature in FEATURES:
        if feature.unit in BOUNDS:
            least, greatest = BOUNDS[feature.unit]
            values = found[feature.name][np.isfinite(found[feature.name])]
            assert least - 1e-9 <= values.min() <= values.max() <= greatest + 1e-9, feature.name


@pytest.mark.parametrize("bars", [1, 40, 700, 1_500, 3_000, 3_715])
@pytest.mark.parametrize("phase", [0, 1, 500, 1_439])
def test_an_engine_that_resumes_stands_where_it_stood(bars: int, phase: int) -> None:
    series = simulated(bars + 30, seed=bars, first_ms=MIDNIGHT_MS + (phase - bars) * MINUTE_MS)
    rows = zip(series.starts_ms.tolist(), *(series.columns[name].tolist() for name in Bar._fields), strict=True)
    taken = [(start_ms, Bar(*values)) for start_ms, *values in rows]
    steadily, at_once = Engine(60), Engine(60)
    for start_ms, bar in taken[:bars]:
        steadily.push(start_ms, bar)
    at_once.resume(taken[:bars])
    assert at_once.values() == steadily.values()
    for start_ms, bar in taken[bars:]:
        assert at_once.peek(start_ms, bar) == steadily.peek(start_ms, bar)
        steadily.push(start_ms, bar)
        at_once.push(start_ms, bar)
        assert at_once.values() == steadily.values()
