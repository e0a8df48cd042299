"""What a model can see of a feature row, by name: one definition for training and for serving."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from features import FEATURE_NAMES
from features.catalogue.volume import OBV_BARS

#: Floats of one feature row by name: those of its candle, and its features, as far as the input needs them warm.
Bar = Mapping[str, float]
Floats = NDArray[np.float64]
#: The same of many rows, NaN where something is not warm or not finite.
Columns = Mapping[str, Floats]
#: What a model can see of the candle.
CANDLE_COLUMNS = ("open", "high", "low", "close", "volume", "trade_count")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One input of a model.

    Parameters
    ----------
    name
        What the model's card calls it.
    features
        Features it is made of; the input is missing while one of them is not warm.
    formula
        The formula as text: it is part of `InputList.id`, so a changed formula needs a new model.
    value
        The formula.
    column
        The same over many rows, to the bit; by default `value`, of which arithmetic is as good for columns. What is
        not there, or divides by zero, is not finite.
    """

    name: str
    features: tuple[str, ...]
    formula: str
    value: Callable[[Bar], float]
    column: Callable[[Columns], Floats] | None = None

    def over(self, columns: Columns) -> Floats:
        """Return the input on many rows.

        Returns
        -------
        Floats
            Not finite where `value` has none.
        """
        of_columns = cast(Callable[[Columns], Floats], self.value) if self.column is None else self.column
        with np.errstate(all="ignore"):
            return of_columns(columns)


def _to_average(feature: str) -> ModelInput:
    return ModelInput(
        f"close_to_{feature}", (feature,), f"close/{feature}-1", lambda bar: bar["close"] / bar[feature] - 1
    )


def _to_close(feature: str) -> ModelInput:
    return ModelInput(f"{feature}_to_close", (feature,), f"{feature}/close", lambda bar: bar[feature] / bar["close"])


def _band_position(bar: Bar) -> float:
    """Where the close stands in its Bollinger band: -0.5 at the lower end, 0.5 at the upper; 0 if it has no width."""
    width = bar["bollinger_upper_20"] - bar["bollinger_lower_20"]
    return (bar["close"] - bar["bollinger_lower_20"]) / width - 0.5 if width > 0 else 0.0


def _band_positions(columns: Columns) -> Floats:
    lower, width = columns["bollinger_lower_20"], columns["bollinger_upper_20"] - columns["bollinger_lower_20"]
    return np.where(width > 0, (columns["close"] - lower) / width - 0.5, 0.0)


def _band_width(bar: Bar) -> float:
    return (bar["bollinger_upper_20"] - bar["bollinger_lower_20"]) / bar["bollinger_middle_20"]


def _volume_balance(bar: Bar) -> float:
    """Share of signed volume, in -1..1: a row does not know the window's volume, so its own volume stands for it."""
    scale = abs(bar["obv"]) + OBV_BARS * bar["volume"]
    return bar["obv"] / scale if scale > 0 else 0.0


def _volume_balances(columns: Columns) -> Floats:
    scale = np.abs(columns["obv"]) + OBV_BARS * columns["volume"]
    return np.where(scale > 0, columns["obv"] / scale, np.where(np.isnan(scale), np.nan, 0.0))


def _log_returns(columns: Columns) -> Floats:
    ratios = columns["close"] / columns["open"]
    found = np.full(len(ratios), np.nan)
    known = ratios > 0
    found[known] = [math.log(ratio) for ratio in ratios[known].tolist()]  # whose last bit numpy has otherwise
    return found


#: Of the averages of closes among the inputs.
_PERIODS = (7, 14, 21, 60)
_BANDS = ("bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20")

#: What the kinds of models that come along see: ratios, so prices and volumes of different scale are alike.
INPUTS: tuple[ModelInput, ...] = (
    ModelInput("rsi_centred", ("rsi_14",), "rsi_14/100-0.5", lambda bar: bar["rsi_14"] / 100 - 0.5),
    *(_to_average(f"sma_{n}") for n in _PERIODS),
    *(_to_average(f"ema_{n}") for n in _PERIODS),
    *(_to_close(name) for name in ("macd_7", "macd_signal_7", "macd_hist_7")),
    ModelInput(
        "band_position", _BANDS, "(close-lower)/(upper-lower)-0.5, 0 if no width", _band_position, _band_positions
    ),
    ModelInput("band_width", _BANDS, "(upper-lower)/middle", _band_width),
    _to_close("atr_14"),
    ModelInput(
        "volume_balance",
        ("obv",),
        f"obv/(|obv|+{OBV_BARS}*volume), 0 if no volume",
        _volume_balance,
        _volume_balances,
    ),
    ModelInput("log_return", (), "ln(close/open)", lambda bar: math.log(bar["close"] / bar["open"]), _log_returns),
    ModelInput("range_to_close", (), "(high-low)/close", lambda bar: (bar["high"] - bar["low"]) / bar["close"]),
)

INPUT_NAMES: tuple[str, ...] = tuple(each.name for each in INPUTS)

#: Features of the set that no model sees, with the reason: every other one must be in `INPUTS` (a test checks it).
EXCLUDED_FEATURES: dict[str, str] = {}


def _as_it_is(name: str, features: tuple[str, ...] = ()) -> ModelInput:
    return ModelInput(name, features, name, lambda bar: bar[name])


@cache
def named_inputs() -> Mapping[str, ModelInput]:
    """Return everything that a model's card can name: the scale-free inputs, every feature, and the candle's columns.

    Returns
    -------
    Mapping[str, ModelInput]
        By name.
    """
    own = {each.name: each for each in INPUTS}
    features = {name: _as_it_is(name, (name,)) for name in FEATURE_NAMES}
    candle = {name: _as_it_is(name) for name in CANDLE_COLUMNS}
    return {**candle, **features, **own}
