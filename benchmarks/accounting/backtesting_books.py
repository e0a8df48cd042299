# /// script
# requires-python = ">=3.11"
# dependencies = ["backtesting==0.6.6", "numpy>=2"]
# ///
"""The peer: backtesting.py decides, sizes, fills and books on its own; arguments as of `vectorbt_books`.

Two more may follow: percent of loss and of gain at which a position ends within a bar.

It trades whole units, so it is given prices of a hundred millionth of a coin.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

_LOT = 1e8


def mean(values: Any, bars: int) -> Any:
    return pd.Series(values).rolling(bars).mean().to_numpy(copy=True)


class Cross(Strategy):
    """Long while the fast mean is above the slow one."""

    fast, slow, share = 20, 50, 0.0
    stop_pct = target_pct = 0.0

    def init(self) -> None:
        fast, slow = (mean(self.data.Whole, bars) for bars in (self.fast, self.slow))
        # It asks first a bar after all indicators are known, we at once: so one is known a bar early, and says flat.
        slow[self.slow - 2] = fast[self.slow - 2]
        self._fast, self._slow = self.I(lambda: fast), self.I(lambda: slow)

    def next(self) -> None:
        up = self._fast[-1] > self._slow[-1]
        if up and not self.position:
            self.buy(size=int(self.share * self.equity / self.data.Close[-1]), **self.ends())
        elif not up and self.position:
            self.position.close()

    def ends(self) -> dict[str, float]:
        """Return the prices at which the position ends: of the price that it will be entered at, the next open."""
        paid = self.data.Paid[-1]
        return {
            name: round(paid * (1 + sign * percent / 100), 8) / _LOT
            for name, sign, percent in (("sl", -1, self.stop_pct), ("tp", 1, self.target_pct))
            if percent
        }


def main() -> None:
    warnings.simplefilter("ignore")
    bars_at, out, fast, slow = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    fee, slippage, cash, share = map(float, sys.argv[5:9])
    stop_pct, target_pct = map(float, sys.argv[9:11] or (0, 0))
    assert slippage == 0, "a spread is paid by its entries alone"
    bars = np.load(bars_at)
    frame = pd.DataFrame(
        {name.title(): bars[name] / _LOT for name in ("open", "high", "low", "close")},
        index=pd.to_datetime(bars["starts_ms"], unit="ms"),
    ).assign(Whole=bars["close"], Paid=np.append(bars["open"][1:], np.nan))
    test = Backtest(frame, Cross, cash=cash, commission=fee, finalize_trades=False)
    found = test.run(fast=fast, slow=slow, share=share, stop_pct=stop_pct, target_pct=target_pct)
    strategy = found["_strategy"]
    fills = []
    for trade in (*strategy.closed_trades, *strategy.trades):
        fills.append((trade.entry_bar, 1, trade.size / _LOT, trade.entry_price * _LOT))
        if trade.exit_bar is not None:
            fills.append((trade.exit_bar, -1, trade.size / _LOT, trade.exit_price * _LOT))
    bar, side, quantity, price = map(np.array, zip(*sorted(fills), strict=True))
    equity = found["_equity_curve"]["Equity"].to_numpy()
    np.savez(out, bar=bar, side=side, quantity=quantity, price=price, fee=quantity * price * fee, equity=equity)


if __name__ == "__main__":
    main()
