"""The only list of features.

The columns of the feature row and of the SQL tables, the models' signature and the tables in the documentation
are made from it or checked against it. Parameters stand here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Input = Literal["open", "high", "low", "close", "volume"]
Memory = Literal["finite", "recursive"]

#: How close a recursive feature must come to its value on an endless history, as a part of the input's scale.
CONVERGENCE = 1e-9


def decay_bars(factor: float) -> int:
    """Return after how many bars ``factor ** bars`` is below `CONVERGENCE`."""
    return math.ceil(math.log(CONVERGENCE) / math.log(factor))


def ema_bars(period: int) -> int:
    """Bars an EMA needs: its seed (a mean of `period` bars) and the decay of that seed."""
    return period + decay_bars((period - 1) / (period + 1))


def wilder_bars(period: int) -> int:
    """Bars a Wilder average of `period` needs, with the one bar its first difference costs."""
    return 1 + period + decay_bars((period - 1) / period)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    Parameters
    ----------
    name
        Column name, everywhere.
    function
        TA-Lib function, or a function of the indicators service where TA-Lib has none that fits.
    inputs
        Candle columns, in the order the function takes them.
    parameters
        Keyword arguments of the function.
    output
        Which of the function's outputs.
    memory
        ``finite``: a function of the last `bars` bars exactly. ``recursive``: of the bars since its anchor (UTC
        midnight for one-minute bars) and of the `bars` bars before it.
    bars
        How many bars that is; until they are there the feature is null.
    unit
        Unit of the value.
    description
        What it says, in a line.
    source
        Where the formula is published.
    """

    name: str
    function: str
    inputs: tuple[Input, ...]
    memory: Memory
    bars: int
    unit: str
    description: str
    source: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    output: int = 0


MOVING_AVERAGE_PERIODS = (7, 14, 21, 60)
RSI_PERIOD = 14
MACD = {"fastperiod": 7, "slowperiod": 14, "signalperiod": 9}
BOLLINGER = {"timeperiod": 20, "nbdevup": 2.0, "nbdevdn": 2.0, "matype": 0}
ATR_PERIOD = 14
OBV_BARS = 60

_WILDER = "J. Welles Wilder, New Concepts in Technical Trading Systems (1978)"
_APPEL = "Gerald Appel, Technical Analysis: Power Tools for Active Investors (2005)"
_MURPHY = "John J. Murphy, Technical Analysis of the Financial Markets (1999)"
_BOLLINGER = "John Bollinger, Bollinger on Bollinger Bands (2001)"
_GRANVILLE = "Joseph Granville, New Key to Stock Market Profits (1963)"


def _averages() -> tuple[Feature, ...]:
    simple = (
        Feature(
            name=f"sma_{n}",
            function="SMA",
            inputs=("close",),
            parameters={"timeperiod": n},
            memory="finite",
            bars=n,
            unit="quote",
            description=f"mean of the last {n} closes",
            source=_MURPHY,
        )
        for n in MOVING_AVERAGE_PERIODS
    )
    exponential = (
        Feature(
            name=f"ema_{n}",
            function="EMA",
            inputs=("close",),
            parameters={"timeperiod": n},
            memory="recursive",
            bars=ema_bars(n),
            unit="quote",
            description=f"exponential mean of closes, weight 2/({n}+1)",
            source=_MURPHY,
        )
        for n in MOVING_AVERAGE_PERIODS
    )
    return (*simple, *exponential)


def _macd() -> tuple[Feature, ...]:
    slow, signal = int(MACD["slowperiod"]), int(MACD["signalperiod"])
    bars = ema_bars(slow) + ema_bars(signal)
    meanings = {
        "macd_7": "fast EMA minus slow EMA of closes",
        "macd_signal_7": "EMA of macd_7",
        "macd_hist_7": "macd_7 minus macd_signal_7",
    }
    return tuple(
        Feature(
            name=name,
            function="MACD",
            inputs=("close",),
            parameters=MACD,
            output=output,
            memory="recursive",
            bars=bars,
            unit="quote",
            description=meaning,
            source=_APPEL,
        )
        for output, (name, meaning) in enumerate(meanings.items())
    )


def _bollinger() -> tuple[Feature, ...]:
    bars = int(BOLLINGER["timeperiod"])
    meanings = {
        "bollinger_upper_20": "mean of 20 closes plus two population standard deviations",
        "bollinger_middle_20": "mean of the last 20 closes",
        "bollinger_lower_20": "mean of 20 closes minus two population standard deviations",
    }
    return tuple(
        Feature(
            name=name,
            function="BBANDS",
            inputs=("close",),
            parameters=BOLLINGER,
            output=output,
            memory="finite",
            bars=bars,
            unit="quote",
            description=meaning,
            source=_BOLLINGER,
        )
        for output, (name, meaning) in enumerate(meanings.items())
    )


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="rsi_14", function="RSI", inputs=("close",), parameters={"timeperiod": RSI_PERIOD},
        memory="recursive", bars=wilder_bars(RSI_PERIOD), unit="0..100",
        description="share of gains in the Wilder averages of gains and losses", source=_WILDER,
    ),
    *_averages(),
    *_macd(),
    *_bollinger(),
    Feature(
        name="atr_14", function="ATR", inputs=("high", "low", "close"), parameters={"timeperiod": ATR_PERIOD},
        memory="recursive", bars=wilder_bars(ATR_PERIOD), unit="quote",
        description="Wilder average of the true range", source=_WILDER,
    ),
    Feature(
        name="obv", function="ROLLING_OBV", inputs=("close", "volume"), parameters={"timeperiod": OBV_BARS},
        memory="finite", bars=OBV_BARS + 1, unit="base",
        description=f"volume of rising minus volume of falling bars over the last {OBV_BARS} bars", source=_GRANVILLE,
    ),
)  # fmt: skip

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)

#: Bars after which every feature is warm, counted back from an anchor.
WARM_UP_BARS = max(feature.bars for feature in FEATURES)

#: Recursive features are re-opened every so many bars, at multiples of this in event time
#: (1,440 one-minute bars: midnight UTC).
ANCHOR_BARS = 1_440


def feature_set_id(name: str = "core") -> str:
    """Return ``name:hash`` of the list: it travels with rows and models, so a mismatch is noticed.

    Examples
    --------
    >>> feature_set_id().startswith("core:")
    True
    """
    facts = [
        [f.name, f.function, list(f.inputs), sorted(f.parameters.items()), f.output, f.memory, f.bars]
        for f in FEATURES
    ]
    digest = hashlib.sha256(json.dumps([ANCHOR_BARS, facts]).encode()).hexdigest()
    return f"{name}:{digest[:12]}"
