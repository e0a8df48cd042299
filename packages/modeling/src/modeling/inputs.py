"""What a model sees of a feature row: scale-free numbers, one definition for training and for serving."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.feature_row import FeatureRow
from contracts.units import to_float
from features import feature_set, feature_set_id
from features.catalogue.volume import OBV_BARS

#: Floats of one feature row by name: those of its candle, and its features, all of them warm.
Bar = Mapping[str, float]
_CANDLE = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One input of every model.

    Parameters
    ----------
    name
        Its name in the model's signature.
    features
        Features it is made of; the input is missing while one of them is not warm.
    formula
        The formula as text: it is part of `INPUT_SET_ID`, so a changed formula needs a new model.
    value
        The formula.
    """

    name: str
    features: tuple[str, ...]
    formula: str
    value: Callable[[Bar], float]


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


def _band_width(bar: Bar) -> float:
    return (bar["bollinger_upper_20"] - bar["bollinger_lower_20"]) / bar["bollinger_middle_20"]


def _volume_balance(bar: Bar) -> float:
    """Share of signed volume, in -1..1: a row does not know the window's volume, so its own volume stands for it."""
    scale = abs(bar["obv"]) + OBV_BARS * bar["volume"]
    return bar["obv"] / scale if scale > 0 else 0.0


#: Of the averages of closes among the inputs.
_PERIODS = (7, 14, 21, 60)
_BANDS = ("bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20")

INPUTS: tuple[ModelInput, ...] = (
    ModelInput("rsi_centred", ("rsi_14",), "rsi_14/100-0.5", lambda bar: bar["rsi_14"] / 100 - 0.5),
    *(_to_average(f"sma_{n}") for n in _PERIODS),
    *(_to_average(f"ema_{n}") for n in _PERIODS),
    *(_to_close(name) for name in ("macd_7", "macd_signal_7", "macd_hist_7")),
    ModelInput("band_position", _BANDS, "(close-lower)/(upper-lower)-0.5, 0 if no width", _band_position),
    ModelInput("band_width", _BANDS, "(upper-lower)/middle", _band_width),
    _to_close("atr_14"),
    ModelInput("volume_balance", ("obv",), f"obv/(|obv|+{OBV_BARS}*volume), 0 if no volume", _volume_balance),
    ModelInput("log_return", (), "ln(close/open)", lambda bar: math.log(bar["close"] / bar["open"])),
    ModelInput("range_to_close", (), "(high-low)/close", lambda bar: (bar["high"] - bar["low"]) / bar["close"]),
)

INPUT_NAMES: tuple[str, ...] = tuple(each.name for each in INPUTS)

#: Features of the set that no model sees, with the reason: every other one must be in `INPUTS` (a test checks it).
EXCLUDED_FEATURES: dict[str, str] = {}

_NEEDED = tuple(f.name for f in feature_set("core") if f.name not in EXCLUDED_FEATURES)


def input_set_id() -> str:
    """Return ``name:hash`` of features, inputs and formulas: models and stored sequences are bound to it.

    Returns
    -------
    str
        Such as ``inputs:1a2b3c4d5e6f``.

    Examples
    --------
    >>> input_set_id().startswith("inputs:")
    True
    """
    facts = [feature_set_id(), [[each.name, list(each.features), each.formula] for each in INPUTS]]
    return f"inputs:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"


def model_inputs(row: FeatureRow) -> list[float] | None:
    """Return the inputs of `row`, in the order of `INPUT_NAMES`, or None if it cannot be used.

    Parameters
    ----------
    row
        A feature row of any pair: every input is a ratio, so prices and volumes of different scale are alike.

    Returns
    -------
    list of float or None
        None while a feature is not warm, or if an input is not finite.
    """
    values = row.values()
    if any(values.get(name) is None for name in _NEEDED):
        return None
    bar = {name: to_float(getattr(row, name)) for name in _CANDLE}
    bar |= {name: value for name, value in values.items() if value is not None}
    try:
        inputs = [each.value(bar) for each in INPUTS]
    except (ZeroDivisionError, ValueError):  # an average or a ratio of zero: the row is finite, the input is not
        return None
    return inputs if all(map(math.isfinite, inputs)) else None
