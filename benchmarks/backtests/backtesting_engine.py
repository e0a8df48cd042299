# /// script
# requires-python = ">=3.11"
# dependencies = ["backtesting==0.6.6", "numpy>=2"]
# ///
"""The peer: backtesting.py on the same bars, in an environment of its own; as `nautilus_engine` is talked to."""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

_MINUTE_MS = 60_000


def mean(values: Any, bars: int) -> Any:
    return pd.Series(values).rolling(bars).mean()


class Cross(Strategy):
    """Long while the fast mean is above the slow one, with 95 % of the equity."""

    fast, slow = 20, 50

    def init(self) -> None:
        self._fast = self.I(mean, self.data.Close, self.fast)
        self._slow = self.I(mean, self.data.Close, self.slow)

    def next(self) -> None:
        up = self._fast[-1] > self._slow[-1]
        if up and not self.position:
            self.buy(size=0.95)
        elif not up and self.position:
            self.position.close()


def run(path: str, fast: int, slow: int, fee: float) -> tuple[float, list[tuple[int, str]]]:
    """Return CPU seconds of the run, and its fills: when the bar that decided ended, and the side."""
    given = np.load(path)
    names = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
    index = pd.to_datetime(given["starts_ms"], unit="ms")
    frame = pd.DataFrame({title: given[name] for title, name in names.items()}, index=index)
    began = time.process_time()
    test = Backtest(frame, Cross, cash=1_000_000_000, commission=fee, finalize_trades=False)
    found = test.run(fast=fast, slow=slow)
    took = time.process_time() - began
    strategy = found["_strategy"]
    starts = given["starts_ms"]
    # An order is filled at the open of the bar after the one that decided: where that one ended.
    fills = [
        *((int(starts[trade.entry_bar]), "buy") for trade in (*strategy.closed_trades, *strategy.trades)),
        *((int(starts[trade.exit_bar]), "sell") for trade in strategy.closed_trades),
    ]
    return took, sorted(fills)


def main() -> None:
    warnings.simplefilter("ignore")
    path, fast, slow, fee = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    for line in sys.stdin:  # a round each, in turn with the others
        seconds, fills = run(path, fast, slow, fee)
        print(json.dumps({"round": line.strip(), "seconds": seconds, "fills": fills}), flush=True)


if __name__ == "__main__":
    main()
