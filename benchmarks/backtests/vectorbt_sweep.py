# /// script
# requires-python = ">=3.11"
# dependencies = ["vectorbt==1.0.0", "plotly<6"]
# ///
"""The peer: vectorbt tries many pairs of means over the same bars at once; as `nautilus_engine` is talked to.

``vectorbt_sweep.py BARS.npz FEE FASTS SLOWS`` prints a JSON object for each line that comes: CPU seconds, the digest
of each try's fills (bar and side) in the order of fasts and slows, and the ten best by return.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt


def sweep(bars: Any, fee: float, fasts: list[int], slows: list[int]) -> tuple[Any, Any]:
    """Return the books of all tries, and what each came to."""
    closed = pd.Series(bars["close"])
    windows = [*fasts, *slows]
    means = dict(zip(windows, vbt.MA.run(closed, windows).ma.to_numpy().T, strict=True))
    fast = np.column_stack([means[one] for one in fasts for _ in slows])
    slow = np.column_stack([means[other] for _ in fasts for other in slows])
    known = ~np.isnan(slow)
    up = fast / slow - 1 > 1e-9
    # What a close says is done at the next open.
    entries, exits = (np.vstack([np.zeros((1, up.shape[1]), bool), each[:-1]]) for each in (up, known & ~up))
    books = vbt.Portfolio.from_signals(
        closed,
        entries,
        exits,
        price=np.broadcast_to(bars["open"][:, None], up.shape),
        size=0.95,
        size_type="percent",
        fees=fee,
        init_cash=1e9,
    )
    return books, books.total_return().to_numpy()


def digests(books: Any, count: int) -> list[str]:
    orders = books.orders.records
    found = []
    for column in range(count):
        own = orders[orders["col"] == column]
        told = own["idx"].to_numpy().astype(np.int64) * 2 + (own["side"].to_numpy() == 0)
        found.append(hashlib.sha256(told.astype(np.int64).tobytes()).hexdigest()[:16])
    return found


def main() -> None:
    bars, fee = np.load(sys.argv[1]), float(sys.argv[2])
    fasts, slows = ([int(each) for each in text.split(",")] for text in sys.argv[3:5])
    given = {name: bars[name] for name in ("open", "close")}
    sweep({name: column[:200] for name, column in given.items()}, fee, fasts, slows)  # compiled
    for line in sys.stdin:  # a round each, in turn with the others
        began = time.process_time()
        books, earned = sweep(given, fee, fasts, slows)
        best = np.argsort(-earned, kind="stable")[:10].tolist()
        seconds = time.process_time() - began
        answer = {"round": line.strip(), "seconds": seconds, "best": best}
        answer["fills"] = digests(books, len(earned))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
