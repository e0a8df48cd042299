# /// script
# requires-python = ">=3.11"
# dependencies = ["nautilus-trader==1.221.0", "numpy>=2"]
# ///
"""The peer: NautilusTrader's indicators, Cython or Rust ones, in an environment of its own.

It brings 530 MB with pandas and pyarrow, so `uv run --script` keeps it apart from the project's environment, where
TA-Lib would import pandas as soon as it is there. The process reads one JSON line after another from its input,
``{"first": ..., "last": ..., "keep": file or null}``, goes on over those bars, and answers with its CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, NamedTuple

VERSION = "1.221.0"
CLOSE, HLC = ("close",), ("high", "low", "close")
_PERIODS = (7, 14, 21, 50, 60, 200)
_WILDER, _EXPONENTIAL = "Wilder", "Exponential"


class Indicator(NamedTuple):
    """One of its indicators: what it takes, and which feature each attribute is, times what.

    Parameters
    ----------
    averages
        Kinds of moving averages that it is made with, beside the numbers.
    """

    name: str
    numbers: tuple[float, ...]
    inputs: tuple[str, ...]
    features: dict[str, tuple[str, float]]
    averages: tuple[str, ...] = ()


def _band(feature: str) -> dict[str, tuple[str, float]]:
    return {f"{feature}_{name}_20": (name, 1.0) for name in ("upper", "middle", "lower")}


INDICATORS = (
    *(
        Indicator("RelativeStrengthIndex", (n,), CLOSE, {f"rsi_{n}": ("value", 100.0)}, (_WILDER,))
        for n in (7, 14, 21)
    ),
    *(Indicator("SimpleMovingAverage", (n,), CLOSE, {f"sma_{n}": ("value", 1.0)}) for n in _PERIODS),
    *(Indicator("ExponentialMovingAverage", (n,), CLOSE, {f"ema_{n}": ("value", 1.0)}) for n in _PERIODS),
    Indicator("MovingAverageConvergenceDivergence", (7, 14), CLOSE, {"macd_7": ("value", 1.0)}, (_EXPONENTIAL,)),
    Indicator("MovingAverageConvergenceDivergence", (12, 26), CLOSE, {"macd_12": ("value", 1.0)}, (_EXPONENTIAL,)),
    # Its period counts prices, ours changes.
    *(Indicator("RateOfChange", (n + 1,), CLOSE, {f"return_{n}": ("value", 1.0)}) for n in (1, 5, 15, 60)),
    Indicator("RateOfChange", (11,), CLOSE, {"roc_10": ("value", 100.0)}),
    Indicator("BollingerBands", (20, 2.0), HLC, _band("bollinger")),
    Indicator("CommodityChannelIndex", (20, 0.015), HLC, {"cci_20": ("value", 1.0)}),
    Indicator("AverageTrueRange", (14,), HLC, {"atr_14": ("value", 1.0)}, (_WILDER,)),
    Indicator("DonchianChannel", (20,), ("high", "low"), _band("donchian")),
)


class _Running:
    """All indicators at work on the bars of a file."""

    def __init__(self, bars: str, kind: str) -> None:
        import numpy as np

        with np.load(bars) as columns:
            rows = {inputs: [columns[name].tolist() for name in inputs] for inputs in {i.inputs for i in INDICATORS}}
        self._rows = [list(zip(*each, strict=True)) for each in rows.values()]
        made = [(each, _make(each, kind)) for each in INDICATORS]
        self._updates = [[one.update_raw for each, one in made if each.inputs == inputs] for inputs in rows]
        self._read = [(name, one, *how) for each, one in made for name, how in each.features.items()]

    def run(self, first: int, last: int) -> float:
        """Go on over bars ``[first, last)``, read every value after each; return the CPU seconds it took."""
        read = [(one, attribute) for _, one, attribute, _ in self._read]
        started = time.process_time()
        for i in range(first, last):
            self._update(i)
            [getattr(one, attribute) for one, attribute in read]
        return time.process_time() - started

    def keep(self, first: int, last: int, file: str) -> None:
        """Go on and write the values of features into `file`."""
        import numpy as np

        found: dict[str, list[float]] = {name: [] for name, *_ in self._read}
        for i in range(first, last):
            self._update(i)
            for name, one, attribute, factor in self._read:
                found[name].append(factor * getattr(one, attribute))
        arrays: dict[str, Any] = {name: np.array(values) for name, values in found.items()}
        np.savez(file, **arrays)

    def _update(self, i: int) -> None:
        for rows, updates in zip(self._rows, self._updates, strict=True):
            row = rows[i]
            for update in updates:
                update(*row)


def _make(indicator: Indicator, kind: str) -> Any:
    if kind == "Rust":
        from nautilus_trader.core import nautilus_pyo3 as module

        averages = [getattr(module.MovingAverageType, name) for name in indicator.averages]
    else:
        from nautilus_trader import indicators as module

        averages = [getattr(module.MovingAverageType, name.upper()) for name in indicator.averages]
    return getattr(module, indicator.name)(*indicator.numbers, *averages)


def main(bars: str, kind: str) -> None:
    """Answer the lines of the standard input until it ends."""
    running = _Running(bars, kind)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        seconds = 0.0
        if asked["keep"]:
            running.keep(asked["first"], asked["last"], asked["keep"])
        else:
            seconds = running.run(asked["first"], asked["last"])
        print(json.dumps({"cpu_seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
