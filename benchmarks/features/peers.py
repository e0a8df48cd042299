"""Which of our features the peers have too, what they call them, and where they mean something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from features import FEATURES, Feature

FULL_ARRAYS, SLICES, WRAPPED = "TA-Lib", "TA-Lib on slices", "TA-Lib on slices, polars installed"
TALIPP = "talipp"
CYTHON, RUST = "NautilusTrader, Cython", "NautilusTrader, Rust"

HLC = ("high", "low", "close")
PERIODS = (7, 14, 21, 50, 60, 200)


class TalibCall(NamedTuple):
    """A function of TA-Lib, what it takes, and which feature each of its outputs is."""

    function: str
    inputs: tuple[str, ...]
    parameters: tuple[float, ...]
    features: tuple[str, ...]


#: Of 0.8.2; what it adds up since the first bar (OBV, A/D) is no feature of ours, which take windows.
TALIB: tuple[TalibCall, ...] = (
    *(TalibCall("RSI", ("close",), (n,), (f"rsi_{n}",)) for n in (7, 14, 21)),
    *(TalibCall("SMA", ("close",), (n,), (f"sma_{n}",)) for n in PERIODS),
    *(TalibCall("EMA", ("close",), (n,), (f"ema_{n}",)) for n in PERIODS),
    *(TalibCall("ROCP", ("close",), (n,), (f"return_{n}",)) for n in (1, 5, 15, 60)),
    TalibCall("MACD", ("close",), (7, 14, 9), ("macd_7", "macd_signal_7", "macd_hist_7")),
    TalibCall("MACD", ("close",), (12, 26, 9), ("macd_12", "macd_signal_12", "macd_hist_12")),
    TalibCall("BBANDS", ("close",), (20, 2.0, 2.0), tuple(f"bollinger_{n}_20" for n in ("upper", "middle", "lower"))),
    TalibCall("STOCHRSI", ("close",), (14, 14, 3), ("stochrsi_k_14", "stochrsi_d_14")),
    TalibCall("ROC", ("close",), (10,), ("roc_10",)),
    TalibCall("MOM", ("close",), (10,), ("momentum_10",)),
    TalibCall("STOCH", HLC, (14, 3, 0, 3, 0), ("stoch_k_14", "stoch_d_14")),
    TalibCall("CCI", HLC, (20,), ("cci_20",)),
    TalibCall("WILLR", HLC, (14,), ("williams_r_14",)),
    TalibCall("ADX", HLC, (14,), ("adx_14",)),
    TalibCall("PLUS_DI", HLC, (14,), ("plus_di_14",)),
    TalibCall("MINUS_DI", HLC, (14,), ("minus_di_14",)),
    TalibCall("SUPERTREND", HLC, (10, 3.0), ("supertrend_10", "supertrend_10_direction")),
    TalibCall("ATR", HLC, (14,), ("atr_14",)),
    TalibCall("NATR", HLC, (14,), ("natr_14",)),
    TalibCall("KC", HLC, (20, 10, 2.0), tuple(f"keltner_{n}_20" for n in ("upper", "middle", "lower"))),
    TalibCall("DONCHIAN", ("high", "low"), (20,), tuple(f"donchian_{n}_20" for n in ("upper", "middle", "lower"))),
    TalibCall("MFI", (*HLC, "volume"), (14,), ("mfi_14",)),
)


class TalippIndicator(NamedTuple):
    """An indicator of talipp, what it takes (closes, or bars), and which feature each attribute of its value is."""

    make: Callable[[], Any]
    takes_bars: bool
    features: dict[str, str | None]


def talipp_indicators() -> tuple[TalippIndicator, ...]:
    """Return what talipp has of our features."""
    from talipp import indicators as of

    bands = {"upper": "ub", "middle": "cb", "lower": "lb"}
    return (
        *(TalippIndicator(partial(of.RSI, n), False, {f"rsi_{n}": None}) for n in (7, 14, 21)),
        *(TalippIndicator(partial(of.SMA, n), False, {f"sma_{n}": None}) for n in PERIODS),
        *(TalippIndicator(partial(of.EMA, n), False, {f"ema_{n}": None}) for n in PERIODS),
        *(
            TalippIndicator(
                partial(of.MACD, fast, slow, 9),
                False,
                {f"macd_{fast}": "macd", f"macd_signal_{fast}": "signal", f"macd_hist_{fast}": "histogram"},
            )
            for fast, slow in ((7, 14), (12, 26))
        ),
        TalippIndicator(
            lambda: of.BB(20, 2.0), False, {f"bollinger_{name}_20": of_it for name, of_it in bands.items()}
        ),
        TalippIndicator(lambda: of.StochRSI(14, 14, 1, 3), False, {"stochrsi_k_14": "k", "stochrsi_d_14": "d"}),
        TalippIndicator(lambda: of.ROC(10), False, {"roc_10": None}),
        # Its k is not smoothed, its d is our k.
        TalippIndicator(lambda: of.Stoch(14, 3), True, {"stoch_k_14": "d"}),
        TalippIndicator(lambda: of.CCI(20), True, {"cci_20": None}),
        TalippIndicator(lambda: of.Williams(14), True, {"williams_r_14": None}),
        TalippIndicator(
            lambda: of.ADX(14, 14), True, {"adx_14": "adx", "plus_di_14": "plus_di", "minus_di_14": "minus_di"}
        ),
        TalippIndicator(lambda: of.SuperTrend(10, 3), True, {"supertrend_10": "value"}),
        TalippIndicator(lambda: of.ATR(14), True, {"atr_14": None}),
        TalippIndicator(lambda: of.NATR(14), True, {"natr_14": None}),
        TalippIndicator(
            lambda: of.KeltnerChannels(20, 10, 2, 2), True, {f"keltner_{name}_20": its for name, its in bands.items()}
        ),
        TalippIndicator(
            lambda: of.DonchianChannels(20), True, {f"donchian_{name}_20": its for name, its in bands.items()}
        ),
    )


def named(names: Iterable[str]) -> tuple[Feature, ...]:
    """Return exactly the features of these names, for an engine of just what a peer has."""
    wanted = set(names)
    return tuple(feature for feature in FEATURES if feature.name in wanted)
