# /// script
# requires-python = ">=3.11"
# dependencies = ["vectorbt==1.0.0", "plotly<6"]
# ///
"""The peer: vectorbt decides, sizes, fills and books on its own.

``vectorbt_books.py BARS.npz OUT.npz FAST SLOW FEE SLIPPAGE CASH SHARE`` writes fills, and equity at each close.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.enums import NoOrder
from vectorbt.portfolio.nb import order_nb

_LOT = 1e8


@njit
def order_at(c, up, opened, closed, share, fees, slippage):  # type: ignore[no-untyped-def]
    """Buy at this open for a share of what there was at the last close, or sell all, as that close says."""
    if c.i == 0 or up[c.i - 1] < 0:
        return NoOrder
    if up[c.i - 1] == 1 and c.position_now == 0:
        size = np.floor(share * c.cash_now / closed[c.i - 1] * _LOT) / _LOT
        return order_nb(size, opened[c.i], fees=fees, slippage=slippage)
    if up[c.i - 1] == 0 and c.position_now > 0:
        return order_nb(-c.position_now, opened[c.i], fees=fees, slippage=slippage)
    return NoOrder


def main() -> None:
    bars_at, out, fast, slow = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    fees, slippage, cash, share = map(float, sys.argv[5:9])
    bars = np.load(bars_at)
    closed = pd.Series(bars["close"])
    means = [vbt.MA.run(closed, length).ma.to_numpy() for length in (fast, slow)]
    up = np.where(np.isnan(means[1]), -1, means[0] > means[1])
    books = vbt.Portfolio.from_order_func(
        closed, order_at, up, bars["open"], bars["close"], share, fees, slippage, init_cash=cash
    )
    orders = books.orders.records
    np.savez(
        out,
        bar=orders["idx"],
        side=np.where(orders["side"] == 0, 1, -1),
        quantity=orders["size"],
        price=orders["price"],
        fee=orders["fees"],
        equity=books.value().to_numpy(),
    )


if __name__ == "__main__":
    main()
